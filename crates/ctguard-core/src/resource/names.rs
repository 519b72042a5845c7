//! The names of what ctguard creates, computed from the blueprint's name alone.
//!
//! They are never looked up and never stored: that is why no state file is needed.

use crate::hex::hex;
use crate::resource::rule::RULE_NAME_MAX_CHARS;
use crate::resource::topic::TOPIC_NAME_MAX_CHARS;
use crate::scope::Place;
use sha2::{Digest, Sha256};

/// Characters of the hash that marks a name that had to be cut.
const HASH_CHARS: usize = 6;

/// Computes the names of one blueprint's resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    prefix: String,
}

/// What the number of a forwarding rule follows; no alert has an id of this form.
pub const FORWARD: &str = "forward-";

/// What the name of the state machine ends with, and the targets that start it.
const MAIL: &str = "mail";

/// How the names of what puts the trail back end.
const HEAL: &str = "heal";

/// How the names of what puts rules back end.
const HEAL_RULES: &str = "heal-rules";

/// What the objects of a drill are called.
const DRILL: &str = "drill";

/// What the number of a rule that stands in for another follows.
const STANDS_IN: &str = ".for-";

/// What follows the alert in the name of a forwarding rule that holds its wildcards alone.
const OWN: &str = ".own";

impl Names {
    pub fn new(blueprint: &str) -> Self {
        Self { prefix: format!("ctguard-{blueprint}-") }
    }

    /// What every rule, target id and Sid of the blueprint begins with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The alert's rule; further rules of the same alert are numbered from 2.
    ///
    /// The number follows a full stop, which no alert id contains, so that no alert's second rule
    /// has the name of another alert's first.
    pub fn rule(&self, alert: &str, index: usize) -> String {
        let suffix = if index == 0 { String::new() } else { format!(".{}", index + 1) };
        let base = fit(&format!("{}{alert}", self.prefix), RULE_NAME_MAX_CHARS - suffix.len());
        format!("{base}{suffix}")
    }

    pub fn topic(&self, topic: &str) -> String {
        fit(&format!("{}{topic}", self.prefix), TOPIC_NAME_MAX_CHARS)
    }

    /// A target is named after its topic, here one that ctguard keeps: a destination that moves to
    /// another topic gets a second target before it loses the first.
    pub fn target(&self, topic: &str) -> String {
        fit(&self.topic(topic), RULE_NAME_MAX_CHARS)
    }

    /// The target of a foreign topic. The full stop, which is in no name of a standard topic, keeps
    /// it apart from a topic of ctguard's with the same short name.
    pub fn existing_target(&self, topic_arn: &str) -> String {
        let topic = topic_arn.rsplit(':').next().unwrap_or(topic_arn);
        let suffix = ".existing";
        let base = fit(&format!("{}{topic}", self.prefix), RULE_NAME_MAX_CHARS - suffix.len());
        format!("{base}{suffix}")
    }

    /// The target of a topic of another account, and the role's policy for it: a destination that
    /// moves between accounts gets a second of each before it loses the first.
    pub fn foreign_target(&self, topic: &str, account: &str) -> String {
        let suffix = format!(".{account}");
        let base = fit(&format!("{}{topic}", self.prefix), RULE_NAME_MAX_CHARS - suffix.len());
        format!("{base}{suffix}")
    }

    /// The dead-letter queue of targets.
    pub fn targets_queue(&self) -> String {
        format!("{}targets", self.prefix)
    }

    /// The dead-letter queue of subscribers.
    pub fn subscriptions_queue(&self) -> String {
        format!("{}subscriptions", self.prefix)
    }

    /// The hub's event bus.
    pub fn bus(&self) -> String {
        self.prefix.trim_end_matches('-').to_owned()
    }

    /// The role of each account that lets EventBridge put events on the hub's bus.
    pub fn role(&self) -> String {
        self.bus()
    }

    /// The state machine that writes the mail of alerts, the role that it publishes with, and the
    /// policy by which the account's role may start it.
    pub fn machine(&self) -> String {
        format!("{}{MAIL}", self.prefix)
    }

    /// The state machine that puts the trail back, its role, and the policy by which the account's
    /// role may start it.
    pub fn heal(&self) -> String {
        format!("{}{HEAL}", self.prefix)
    }

    /// The target of the rule that starts healing, and the policy by which the machine may publish
    /// its notice: named after the target that would send to the same topic, as those of mails are.
    pub fn heal_target(&self, target: &str) -> String {
        let suffix = format!(".{HEAL}");
        format!("{}{suffix}", fit(target, RULE_NAME_MAX_CHARS - suffix.len()))
    }

    /// The state machines that put rules back, their role, and the policy by which the account's
    /// role may start them.
    pub fn heal_rules(&self) -> String {
        format!("{}{HEAL_RULES}", self.prefix)
    }

    /// The target of the rules that start putting rules back, and the policy by which the machine may
    /// publish its notice.
    pub fn heal_rules_target(&self, target: &str) -> String {
        let suffix = format!(".{HEAL_RULES}");
        format!("{}{suffix}", fit(target, RULE_NAME_MAX_CHARS - suffix.len()))
    }

    /// The state machines that put something back.
    pub fn healers(&self) -> [String; 2] {
        [self.heal(), self.heal_rules()]
    }

    /// Every state machine of the blueprint; each has a role of its own name.
    pub fn machines(&self) -> [String; 3] {
        [self.machine(), self.heal(), self.heal_rules()]
    }

    /// The target of a rule that sends a mail, and the policy by which the machine may publish it:
    /// named after the target that would send to the same topic without the machine, so that a
    /// destination that changes its format gets a second of each before it loses the first.
    pub fn mail_target(&self, target: &str) -> String {
        let suffix = format!(".{MAIL}");
        format!("{}{suffix}", fit(target, RULE_NAME_MAX_CHARS - suffix.len()))
    }

    /// The target of a rule that sends a mail to a topic of this full name, which ctguard keeps.
    pub fn mails_to(&self, topic: &str) -> String {
        self.mail_target(&fit(topic, RULE_NAME_MAX_CHARS))
    }

    /// The target of a forwarding rule, and the role's policy for it. Named after the hub, so that
    /// one that moves gets a second of each before it loses the first.
    pub fn to_hub(&self, hub: &Place) -> String {
        format!("{}.{}.{}", self.bus(), hub.account, hub.region)
    }

    /// The rules that forward events to the hub, numbered from 1.
    pub fn forward(&self, index: usize) -> String {
        format!("{}{FORWARD}{}", self.prefix, index + 1)
    }

    /// The rules that forward events under the wildcards of an alert alone; further ones of the
    /// same alert are numbered from 2. No alert id contains a full stop.
    pub fn forward_own(&self, alert: &str, index: usize) -> String {
        let number = if index == 0 { String::new() } else { (index + 1).to_string() };
        let suffix = format!("{OWN}{number}");
        let whole = format!("{}{FORWARD}{alert}", self.prefix);
        format!("{}{suffix}", fit(&whole, RULE_NAME_MAX_CHARS - suffix.len()))
    }

    /// Whether a rule of this name forwards events to the hub.
    pub fn is_forward(&self, rule: &str) -> bool {
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let rest = rule.strip_prefix(&self.prefix).and_then(|rest| rest.strip_prefix(FORWARD));
        rest.is_some_and(|rest| match rest.rsplit_once(OWN) {
            Some((alert, number)) => !alert.is_empty() && is_number(number),
            None => !rest.is_empty() && is_number(rest),
        })
    }

    /// The topic, queue and role that a drill makes and deletes at once.
    pub fn drill(&self) -> String {
        format!("{}{DRILL}", self.prefix)
    }

    /// The queue that takes the receipts of a drill.
    pub fn drill_receipt(&self) -> String {
        format!("{}{DRILL}-receipt", self.prefix)
    }

    /// The rule that a drill makes and deletes at once.
    pub fn drill_rule(&self) -> String {
        format!("{}{DRILL}.object", self.prefix)
    }

    /// The rules that stand in for those of alerts during a drill, numbered from 1. After the full
    /// stop the rules of an alert have a number alone.
    pub fn stand_in(&self, index: usize) -> String {
        format!("{}{DRILL}{STANDS_IN}{}", self.prefix, index + 1)
    }

    /// The rules that forward what the stand-ins on the hub's bus take, numbered from 1. They are
    /// named as forwarding rules: the role trusts no others.
    pub fn stand_in_forward(&self, index: usize) -> String {
        format!("{}{FORWARD}{DRILL}{STANDS_IN}{}", self.prefix, index + 1)
    }

    /// Whether a drill makes rules of this name, and nothing else does.
    pub fn is_drill_rule(&self, rule: &str) -> bool {
        let numbered = |rest: &str| {
            let number = rest.strip_prefix(DRILL).and_then(|rest| rest.strip_prefix(STANDS_IN));
            number.is_some_and(|text| {
                !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
            })
        };
        rule == self.drill_rule()
            || rule.strip_prefix(&self.prefix).is_some_and(|rest| {
                numbered(rest) || rest.strip_prefix(FORWARD).is_some_and(numbered)
            })
    }

    /// The Sid of one of ctguard's statements in a policy.
    pub fn sid(&self, what: &str) -> String {
        format!("{}{what}", self.prefix)
    }
}

/// Cuts a name that is too long and marks it with a hash of the whole, so that two long names that
/// begin alike stay apart.
fn fit(name: &str, max_chars: usize) -> String {
    if name.chars().count() <= max_chars {
        return name.to_owned();
    }
    let hash = hex(&Sha256::digest(name.as_bytes()));
    let kept: String = name.chars().take(max_chars - HASH_CHARS - 1).collect();
    format!("{kept}-{}", &hash[..HASH_CHARS])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_within_what_aws_accepts_and_stay_apart() {
        let names = Names::new("a-name-of-twenty-let");
        let long = "x".repeat(40);
        let (one, other) = (names.rule(&format!("{long}1"), 0), names.rule(&format!("{long}2"), 0));
        assert_eq!((one.len(), other.len()), (64, 64));
        assert_ne!(one, other, "cut names must not collide");
        assert!(names.rule(&long, 11).len() <= 64);
        assert_eq!(names.rule("root-login", 0), "ctguard-a-name-of-twenty-let-root-login");
        assert_eq!(names.rule("root-login", 1), "ctguard-a-name-of-twenty-let-root-login.2");
    }

    #[test]
    fn a_forwarding_rule_is_known_by_its_name() {
        let names = Names::new("acme");
        let long = "x".repeat(60);
        for own in [names.forward_own("a", 0), names.forward_own(&long, 1), names.forward(0)] {
            assert!(names.is_forward(&own) && own.len() <= RULE_NAME_MAX_CHARS, "{own}");
        }
        assert_eq!(names.forward_own("s3-read", 1), "ctguard-acme-forward-s3-read.own2");
        for other in
            ["forward-", "forward-x", "forward-.own", "forward-x.2", "x.own", "forward-x.owner"]
        {
            assert!(!names.is_forward(&format!("ctguard-acme-{other}")), "{other}");
        }
    }

    #[test]
    fn the_rules_of_a_drill_have_names_that_no_other_rule_has() {
        let names = Names::new("a-name-of-twenty-let");
        for own in [names.drill_rule(), names.stand_in(0), names.stand_in_forward(999)] {
            assert!(names.is_drill_rule(&own) && own.len() <= RULE_NAME_MAX_CHARS, "{own}");
            assert!(!names.is_forward(&own), "{own}");
        }
        for other in [
            names.rule("drill", 0),
            names.rule("drill", 1),
            names.rule("drill-for-1", 0),
            names.forward(0),
            names.forward_own("drill", 1),
            names.drill(),
        ] {
            assert!(!names.is_drill_rule(&other), "{other}");
        }
    }

    #[test]
    fn a_target_is_named_after_its_topic() {
        let names = Names::new("acme");
        let arn = |topic: &str| format!("arn:aws:sns:eu-west-1:111122223333:{topic}");
        assert_eq!(names.target("central"), "ctguard-acme-central");
        assert_eq!(names.existing_target(&arn("central")), "ctguard-acme-central.existing");
        let long = "x".repeat(250);
        assert_eq!(names.target(&long).len(), RULE_NAME_MAX_CHARS);
        assert_eq!(names.existing_target(&arn(&long)).len(), RULE_NAME_MAX_CHARS);
        assert_eq!(names.mail_target(&names.target("central")), "ctguard-acme-central.mail");
        let target = names.mail_target(&names.target(&long));
        assert_eq!(target.len(), RULE_NAME_MAX_CHARS);
        assert_eq!(names.mails_to(&names.topic(&long)), target);
    }
}
