//! The blueprint that `ctguard init` writes: short, commented, and valid as it is.

use super::overlap::redundant;
use super::validate::NAME_MAX_CHARS;
use super::{Alert, Blueprint, Risk, builtin, load_text};
use crate::catalogue::is_region;
use crate::event::{EventRef, Landing, ROOT_SIGN_IN_REGION};
use crate::scope::{AccountId, Partition, Place, Region};
use jiff::civil::date;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Assumed in each account but the caller's own.
const ROLE: &str = "ctguard";
/// The built-in blueprints to begin with.
pub const DEFAULT_BUILTINS: [&str; 2] = ["account-security", "self-protection"];
/// The schema's file, beside the blueprint: `init` writes both, and the first line of the blueprint
/// names it for editors. A file needs no network and is of the version that made it.
///
/// Source: <https://github.com/redhat-developer/yaml-language-server#using-inlined-schema>
pub const SCHEMA_FILE: &str = "ctguard.schema.json";
/// The built-in alert about root's sign-ins.
pub const ROOT_ALERT: &str = "root-console-login";

/// Where a first blueprint raises its alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Raised<'a> {
    /// In one place, wherever there are several and the account is known.
    Usual,
    /// Each where its events land.
    Apart,
    In(&'a Place),
}

/// What a first blueprint is about: the built-in alerts, mailed to some addresses.
///
/// The caller has judged the name and the addresses, or loads the result and shows what is wrong
/// with it.
#[derive(Debug, Clone, Copy)]
pub struct Starter<'a> {
    pub name: &'a str,
    pub emails: &'a [String],
    /// Ids of built-in blueprints.
    pub builtins: &'a [&'a str],
    /// Empty: every enabled one.
    pub regions: &'a [Region],
    /// Empty: the account of the credentials in use.
    pub accounts: &'a [AccountId],
    /// The account of the credentials in use, where it is known.
    pub own: Option<&'a AccountId>,
    pub partition: Partition,
    pub raised: Raised<'a>,
}

impl<'a> Starter<'a> {
    /// Where all alerts are raised: whenever there is more than one place, if the account is known
    /// and EventBridge sends events there.
    pub fn hub(&self) -> Option<(&AccountId, &str)> {
        match self.raised {
            Raised::Usual => {}
            Raised::Apart => return None,
            Raised::In(place) => return Some((&place.account, place.region.as_str())),
        }
        if !self.several() || (self.partition() == Partition::AwsCn && self.regions.len() != 1) {
            return None;
        }
        let listed = |own: &&AccountId| self.accounts.is_empty() || self.accounts.contains(own);
        let account = self.own.filter(listed).or(self.accounts.first())?;
        Some((account, self.home()))
    }

    fn several(&self) -> bool {
        self.regions.len() != 1 || self.accounts.len() > 1
    }

    fn partition(&self) -> Partition {
        self.regions.first().map_or(self.partition, Region::partition)
    }

    fn home(&self) -> &str {
        let leader = Landing::Leader.region_in(self.partition());
        self.regions.first().map_or(leader.unwrap_or("us-east-1"), Region::as_str)
    }

    /// The accounts that the blueprint lists: those that are named, and the hub's, which is covered,
    /// too. Without any it is the account of the credentials in use; that one is listed where the
    /// hub is in another.
    fn covered(&self) -> Vec<&AccountId> {
        let mut all: Vec<&AccountId> = self.accounts.iter().collect();
        let Raised::In(place) = self.raised else { return all };
        if all.is_empty() {
            all.extend(self.own.filter(|own| **own != place.account));
        }
        if !all.is_empty() && !all.contains(&&place.account) {
            all.push(&place.account);
        }
        all
    }

    /// The accounts, as the blueprint lists them. If the caller's account is unknown, it is assumed
    /// to be the first.
    fn listed(&self) -> String {
        let covered = self.covered();
        let Some(first) = covered.first() else { return String::new() };
        let own = self.own.unwrap_or(first);
        let mut text = match covered.as_slice() {
            [only] if *only == own => "
# The account of your credentials.
accounts:
"
            .to_owned(),
            _ => "
# The account without `role` is that of your credentials. In each other one the role is assumed;
# `ctguard policy --bootstrap` prints a CloudFormation template that makes it.
accounts:
"
            .to_owned(),
        };
        for account in covered {
            let role = if own == account { String::new() } else { format!(", role: {ROLE}") };
            let _ = writeln!(text, "  - {{ id: \"{account}\"{role} }}");
        }
        text
    }

    fn hub_text(&self) -> String {
        match self.hub() {
            Some((account, region)) => format!(
                "
# All alerts are raised here, so that each e-mail address confirms once, and not once in each place.
hub:
  account: \"{account}\"
  region: {}
",
                spelled(region)
            ),
            None if self.several() && self.partition() != Partition::AwsCn => format!(
                "
# Each region has its own topic, which each e-mail address confirms once. With a hub, all alerts are
# raised in one place and each address confirms once: name the account of your credentials, in quotes.
# hub:
#   account: \"111122223333\"
#   region: {}
",
                spelled(self.home())
            ),
            None => String::new(),
        }
    }

    /// Whether none of the regions is the one that root's sign-ins land in.
    pub fn root_unheard(&self) -> bool {
        let here = |region: &Region| region.as_str() == ROOT_SIGN_IN_REGION;
        let usual = self.regions.first().is_some_and(|one| one.partition() == Partition::Aws);
        usual && !self.regions.iter().any(here)
    }

    /// The built-in alerts that are left out: those with an event that lands in none of the regions.
    pub fn unheard(&self) -> Vec<String> {
        let lost = |alert: &&Alert| {
            let heard =
                |event: &EventRef| self.regions.iter().any(|region| event.landing.lands_in(region));
            let root = alert.id == ROOT_ALERT && self.root_unheard();
            !self.regions.is_empty() && (root || !alert.events.iter().all(heard))
        };
        let found = self.included().map(|found| found.alerts).unwrap_or_default();
        found.iter().filter(lost).map(|alert| alert.id.clone()).collect()
    }

    /// A blueprint of the built-in alerts alone.
    fn included(&self) -> Option<Blueprint> {
        let list: Vec<String> =
            self.builtins.iter().map(|id| format!("{{ builtin: {id} }}")).collect();
        let text = format!(
            "version: 1\nname: all\ninclude: [{}]\ndestinations: {{ d: {{ topic: d, subscribers: [] }} }}\n\
             routes: {{ critical: [d], high: [d], medium: [d], low: [d] }}\n",
            list.join(", ")
        );
        // No built-in depends on the date.
        load_text("starter.yaml", &text, None, date(2026, 1, 1)).blueprint
    }

    /// What is left out of each built-in blueprint, and why.
    fn omitted(&self) -> BTreeMap<&'a str, Vec<(String, String)>> {
        let mut all: BTreeMap<&str, Vec<(String, String)>> = BTreeMap::new();
        let mut omit = |id: String, why: String| {
            let has = |builtin: &&&str| {
                builtin::text(builtin).is_some_and(|text| text.contains(&format!("- id: {id}\n")))
            };
            if let Some(builtin) = self.builtins.iter().find(has) {
                let list = all.entry(builtin).or_default();
                if !list.iter().any(|(known, _)| *known == id) {
                    list.push((id, why));
                }
            }
        };
        for id in self.unheard() {
            let why = match id == ROOT_ALERT {
                true => format!("root's sign-ins land in {ROOT_SIGN_IN_REGION} alone"),
                false => "its events land in regions that are not covered".to_owned(),
            };
            omit(id, why);
        }
        let unheard = self.unheard();
        for (_, alert, other) in self.included().iter().flat_map(redundant) {
            if !unheard.contains(&other.id) {
                omit(alert.id.clone(), format!("{} has its events", other.id));
            }
        }
        all
    }

    /// The built-in blueprints, as the blueprint includes them.
    fn includes(&self) -> String {
        let omitted = self.omitted();
        let mut text = String::new();
        for builtin in self.builtins {
            let _ = writeln!(text, "  - builtin: {builtin}");
            let Some(list) = omitted.get(builtin) else { continue };
            let _ = writeln!(text, "    omit:");
            for (id, why) in list {
                let _ = writeln!(text, "      - {id} # {why}");
            }
        }
        text
    }

    /// The blueprint's text.
    pub fn text(&self) -> String {
        starter(self)
    }
}

/// A region as a blueprint has it: one that the catalogue does not know is marked.
pub fn spelled(name: &str) -> String {
    match Region::new(name).is_some_and(|region| is_region(&region)) {
        true => name.to_owned(),
        false => format!("{{ name: {name}, unchecked: true }}"),
    }
}

fn starter(answers: &Starter<'_>) -> String {
    let Starter { name, emails, regions, .. } = *answers;
    let mails: String = emails.iter().map(|one| format!("      - email: {one}\n")).collect();
    let mut text = String::new();
    let listed = match regions {
        [] => "enabled".to_owned(),
        some => {
            let names: Vec<String> = some.iter().map(|one| spelled(one.as_str())).collect();
            format!("[{}]", names.join(", "))
        }
    };
    let (accounts, hub, home) = (answers.listed(), answers.hub_text(), spelled(answers.home()));
    let keeper = match answers.covered().as_slice() {
        covered @ [first, _, ..] => {
            let own = answers.own.filter(|own| covered.contains(own)).unwrap_or(first);
            format!("#   account: \"{own}\"\n")
        }
        _ => String::new(),
    };
    let includes = answers.includes();
    let low = answers
        .included()
        .is_some_and(|found| found.alerts.iter().any(|alert| alert.risk == Risk::Low));
    let low = if low { "[people]" } else { "[]" };
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "\
# yaml-language-server: $schema={SCHEMA_FILE}
#
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
{accounts}
# `enabled` covers every region that an account has enabled. A sign-in can land in any of them; in a
# region that is not covered nothing is heard.
regions: {listed}
{hub}
# Without `trail:`, a trail that exists must record the events; `ctguard verify` says if none does.
# With it, ctguard makes and keeps one. Bucket names are unique in the world.
# trail:
#   name: {name}-management
#   bucket: {name}-cloudtrail-CHANGE-ME
{keeper}#   home_region: {home}

destinations:
  people:
    topic: people
    format: mail
    subscribers:
{mails}  # Slack or Teams through Amazon Q Developer in chat applications:
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
  low: {low}

# Alerts that ship with ctguard, described in docs/blueprints.md. `omit` leaves some out by id.
include:
{includes}
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
    let places = if regions.is_empty() { usize::MAX } else { regions.len() };
    let places = places.saturating_mul(answers.accounts.len().max(1));
    if answers.hub().is_none() && places > super::lint::EMAIL_PLACES {
        text.push_str("  # Each address confirms once in each account and region.\n");
        text.push_str("  - email-confirmations\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::{Blueprint, load_text};
    use super::*;
    use jiff::civil::date;

    fn ids(all: &[&str]) -> Vec<AccountId> {
        all.iter().map(|id| AccountId::new(id).unwrap()).collect()
    }

    fn names(all: &[&str]) -> Vec<Region> {
        all.iter().map(|name| Region::new(name).unwrap()).collect()
    }

    fn answers<'a>(regions: &'a [Region], accounts: &'a [AccountId]) -> Starter<'a> {
        Starter {
            name: "acme",
            emails: Box::leak(Box::new(["secops@acme.example".to_owned()])),
            builtins: &DEFAULT_BUILTINS,
            regions,
            accounts,
            own: None,
            partition: Partition::Aws,
            raised: Raised::Usual,
        }
    }

    #[track_caller]
    fn loaded(answers: &Starter<'_>) -> Blueprint {
        let text = answers.text();
        let loaded = load_text("ctguard.yaml", &text, None, date(2026, 11, 22));
        // That sign-ins land elsewhere is never hidden.
        let usual = answers.regions.iter().all(|one| one.partition() == Partition::Aws);
        let some = usual && (1..4).contains(&answers.regions.len());
        let codes: Vec<&str> = loaded.diagnostics.iter().map(|said| said.code.as_str()).collect();
        assert_eq!(codes, if some { vec!["sign-in-regions"] } else { vec![] }, "{text}");
        loaded.blueprint.unwrap()
    }

    #[test]
    fn loads_without_a_complaint_whatever_is_chosen() {
        let regions: [&[&str]; 6] = [
            &[],
            &["eu-west-1"],
            &["us-east-1", "us-east-2", "eu-north-1", "ap-southeast-2"],
            &["us-gov-west-1", "us-gov-east-1"],
            &["cn-north-1"],
            &["cn-north-1", "cn-northwest-1"],
        ];
        let accounts: [&[&str]; 3] = [&[], &["111122223333"], &["111122223333", "022233334444"]];
        for list in regions {
            for accounts in accounts {
                let (list, accounts) = (names(list), ids(accounts));
                let blueprint = loaded(&answers(&list, &accounts));
                assert!(blueprint.alerts.len() >= 9);
                assert!(blueprint.alerts.iter().all(|alert| alert.notify == ["people"]));
                let several = list.len() != 1 || accounts.len() > 1;
                let china = list.first().is_some_and(|one| one.as_str().starts_with("cn-"));
                let reachable = !china || list.len() == 1;
                let wanted = several && !accounts.is_empty() && reachable;
                assert_eq!(blueprint.hub.is_some(), wanted, "{list:?} {accounts:?}");
            }
        }
    }

    #[test]
    fn the_hub_is_where_the_caller_is_at_home() {
        let accounts = ids(&["111122223333", "222233334444"]);
        let caller = ids(&["222233334444", "999988887777"]);
        let mut starter = answers(&[], &accounts);
        starter.own = Some(&caller[0]);
        let blueprint = loaded(&starter);
        let hub = blueprint.hub.unwrap();
        assert_eq!((hub.account, hub.region.as_str()), (caller[0].clone(), "us-east-1"));
        let listed = &blueprint.accounts.unwrap().listed;
        assert_eq!(listed[&caller[0]].role, None);
        assert_eq!(listed[&accounts[0]].role.as_ref().unwrap().role, ROLE);
        // A caller outside of them needs a role in each.
        starter.own = Some(&caller[1]);
        let blueprint = loaded(&starter);
        assert_eq!(blueprint.hub.unwrap().account, accounts[0]);
        assert!(blueprint.accounts.unwrap().listed.values().all(|one| one.role.is_some()));
        // A single account is not listed.
        let mut alone = answers(&[], &[]);
        alone.own = Some(&caller[0]);
        alone.partition = Partition::AwsUsGov;
        let blueprint = loaded(&alone);
        assert_eq!(blueprint.accounts, None);
        assert_eq!(blueprint.hub.unwrap().region.as_str(), "us-gov-west-1");
    }

    #[test]
    fn several_addresses_are_told_and_the_hub_is_where_it_is_said_to_be() {
        let regions = names(&["us-east-1", "eu-west-1", "us-east-2"]);
        let accounts = ids(&["111122223333", "222233334444"]);
        let emails = ["a@acme.example".to_owned(), "b@acme.example".to_owned()];
        let place = Place::new(accounts[1].clone(), regions[1].clone());
        let mut starter = answers(&regions, &accounts);
        (starter.emails, starter.raised) = (&emails, Raised::In(&place));
        let blueprint = loaded(&starter);
        assert_eq!(blueprint.destinations["people"].subscribers.len(), 2);
        let hub = blueprint.hub.unwrap();
        assert_eq!((hub.account, hub.region), (place.account.clone(), place.region.clone()));
        starter.raised = Raised::Apart;
        assert_eq!(loaded(&starter).hub, None);
    }

    #[test]
    fn the_commented_trail_hub_and_alert_are_valid_once_uncommented() {
        for accounts in [ids(&[]), ids(&["111122223333", "222233334444"])] {
            let text = answers(&[], &accounts)
                .text()
                .replace("# trail:", "trail:")
                .replace("#   name:", "  name:")
                .replace("#   bucket: acme-cloudtrail-CHANGE-ME", "  bucket: acme-cloudtrail-1")
                .replace("#   account:", "  account:")
                .replace("#   home_region:", "  home_region:")
                .replace("# hub:", "hub:")
                .replace("#   region:", "  region:")
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
            let blueprint = loaded.blueprint.unwrap();
            assert!(blueprint.trail.is_some() && blueprint.hub.is_some());
        }
    }
}
