//! The blueprint that `ctguard init` writes: short, commented, and valid as it is.

use super::validate::NAME_MAX_CHARS;
use crate::scope::Region;
use std::fmt::Write as _;

/// Writes a first blueprint: the built-in alerts, mailed to one address.
///
/// No regions: every enabled one. The caller has judged the name and the address, or loads the
/// result and shows what is wrong with it.
pub fn starter(name: &str, email: &str, regions: &[Region]) -> String {
    let mut text = String::new();
    let listed = match regions {
        [] => "enabled".to_owned(),
        some => {
            let names: Vec<&str> = some.iter().map(Region::as_str).collect();
            format!("[{}]", names.join(", "))
        }
    };
    let home = regions.first().map_or("us-east-1", Region::as_str);
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "\
# What ctguard watches in this account, and who hears of it.
#
#   ctguard validate   checks this file, offline
#   ctguard plan       shows what it would change
#   ctguard apply      changes it, after asking
#   ctguard verify     proves that each alert reaches somebody
#
# Every key is described in docs/blueprint.md.
version: 1

# Begins the names of everything ctguard makes, and marks it as its own. At most {NAME_MAX_CHARS} characters.
name: {name}

# `enabled` covers every region that the account has enabled. A sign-in can land in any of them; in a
# region that is not covered nothing is heard. Each region has its own topic, which each e-mail
# address confirms once.
regions: {listed}

# Without `trail:`, a trail that exists must record the events; `ctguard verify` says if none does.
# With it, ctguard makes and keeps one. Bucket names are unique in the world.
# trail:
#   name: {name}-management
#   bucket: {name}-cloudtrail-CHANGE-ME
#   home_region: {home}

destinations:
  people:
    topic: people
    format: text
    subscribers:
      - email: {email}
  # Slack or Teams through Amazon Q Developer in chat applications:
  # chat:
  #   topic: chat
  #   format: chat
  #   subscribers:
  #     - chat: arn:aws:chatbot::111122223333:chat-configuration/slack-channel/CHANNEL
  # A queue for machines, which read JSON:
  # siem:
  #   topic: siem
  #   format: json
  #   subscribers:
  #     - sqs: arn:aws:sqs:{home}:111122223333:QUEUE

# Who hears of an alert, by its risk. An alert's own `notify:` replaces its route.
routes:
  critical: [people]
  high: [people]
  medium: [people]
  low: []

include:
  - builtin: account-security
    # Leave out what this account has no use for:
    # omit: [db-security-group-change]

# Your own alerts. Events are written as CloudTrail names them; `ctguard validate` knows the names and
# suggests what was meant.
alerts: []
# alerts:
#   - id: access-key-created
#     title: A long-lived access key was created
#     risk: medium
#     events: [iam:CreateAccessKey]
#     why: Long-lived keys leak; roles do not.
#     next: Ask who made it what for, and replace it by a role.

# One e-mail address is a start, and two warnings say why it should not stay alone: more than ten
# messages a second suspend it, and one click in any message unsubscribes it. Give critical alerts a
# second way, then remove these lines to have the warnings back.
allow:
  - critical-email-only
  - critical-email-shared
"
    );
    let confirmations = regions.is_empty() || regions.len() > super::lint::EMAIL_REGIONS;
    if confirmations {
        text.push_str("  # Each address confirms once in each region; see `regions` above.\n");
        text.push_str("  - email-confirmations\n");
    }
    let misses = |wanted: &&str| regions.iter().all(|region| region.as_str() != *wanted);
    let sign_in = !regions.is_empty()
        && regions.iter().all(|region| region.partition() == crate::scope::Partition::Aws)
        && crate::catalogue::GLOBAL_SIGN_IN_REGIONS.iter().any(misses);
    if sign_in {
        text.push_str("  # Sign-ins that land in regions outside the list above are not heard.\n");
        text.push_str("  - sign-in-regions\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::load_text;
    use super::*;
    use jiff::civil::date;

    #[test]
    fn loads_without_a_complaint_whatever_regions_are_chosen() {
        let lists: [&[&str]; 5] = [
            &[],
            &["eu-west-1"],
            &["us-east-1", "us-east-2", "eu-north-1", "ap-southeast-2"],
            &["us-gov-west-1"],
            &["cn-north-1", "cn-northwest-1"],
        ];
        for list in lists {
            let regions: Vec<Region> = list.iter().filter_map(|name| Region::new(name)).collect();
            let text = starter("acme", "secops@acme.example", &regions);
            let loaded = load_text("ctguard.yaml", &text, None, date(2026, 11, 22));
            assert_eq!(loaded.diagnostics, [], "{list:?}\n{text}");
            let blueprint = loaded.blueprint.unwrap();
            assert!(blueprint.alerts.len() >= 9);
            assert!(blueprint.alerts.iter().all(|alert| alert.notify == ["people"]));
        }
    }

    #[test]
    fn the_commented_trail_and_alert_are_valid_once_uncommented() {
        let text = starter("acme", "secops@acme.example", &[])
            .replace("# trail:", "trail:")
            .replace("#   name:", "  name:")
            .replace("#   bucket: acme-cloudtrail-CHANGE-ME", "  bucket: acme-cloudtrail-1")
            .replace("#   home_region:", "  home_region:")
            .replace("alerts: []\n", "")
            .replace("# alerts:", "alerts:")
            .replace("#   - id:", "  - id:")
            .replace("#     title:", "    title:")
            .replace("#     risk:", "    risk:")
            .replace("#     events:", "    events:")
            .replace("#     why:", "    why:")
            .replace("#     next:", "    next:");
        let loaded = load_text("ctguard.yaml", &text, None, date(2026, 11, 22));
        assert_eq!(loaded.diagnostics, [], "{text}");
        assert!(loaded.blueprint.unwrap().trail.is_some());
    }
}
