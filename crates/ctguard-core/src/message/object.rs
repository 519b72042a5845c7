//! What the calls of an alert touch, as far as it can stand in a template.
//!
//! The request holds it ([`super::touched`]), in the caller's words: a call that was refused is
//! recorded with whatever was sent, so a quote or a line break can stand in any of its values.
//!
//! - `text` and `chat` say by which names the event has it. In `chat`, which is JSON, a quote in a
//!   value would be an error, and EventBridge would drop the alert; of lines of text that are no
//!   longer quoted strings AWS does not say what becomes. Of an object inside quotes EventBridge takes
//!   the quotes away, but what it leaves of one that is escaped, as in a policy, is not documented.
//!   `mail` has the values.
//! - `json` has the whole event, and beside it the places in it.
//!
//! All but `json` also have the values that AWS itself writes: whether MFA was used, and what the
//! response of a call that succeeded says of its object. A failed call has no response. Services keep
//! to their own characters there ([`ANSWERED`]). Of a list it is the first.
//!
//! Sources: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html>
//! (missing paths, objects in a string, no escapes),
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
//! (`requestParameters` are those that were sent, `responseElements` those that were returned).

use super::touched::{self, Fact, Place};
use super::{variables, words};
use crate::blueprint::Alert;
use crate::event::{EventKind, EventRef};
use serde_json::{Value, json};

/// A service, the ends of the names in its responses, in small letters, and the page that restricts
/// their characters, without quotes, backslashes and line breaks.
type Answered = (&'static str, &'static [&'static str], &'static str);

/// Whose responses can be shown, and what of them.
pub(super) const ANSWERED: [Answered; 8] = [
    (
        "ec2.amazonaws.com",
        &["id", "cidripv4", "cidripv6", "fromport", "toport"],
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html",
    ),
    (
        "iam.amazonaws.com",
        // No ARNs: the path of a user or role may hold quotes.
        &["username", "rolename", "groupname", "policyname", "id"],
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
    ),
    (
        "kms.amazonaws.com",
        &["keyid"],
        "https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html",
    ),
    (
        "cloudtrail.amazonaws.com",
        &["name", "trailarn"],
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-trail-naming-requirements.html",
    ),
    (
        "rds.amazonaws.com",
        &["dbinstanceidentifier", "dbclusteridentifier", "dbsnapshotidentifier"],
        "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html",
    ),
    (
        "secretsmanager.amazonaws.com",
        &["name", "arn"],
        "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html",
    ),
    (
        "sns.amazonaws.com",
        &["topicarn"],
        "https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html",
    ),
    (
        "guardduty.amazonaws.com",
        &["detectorid"],
        "https://docs.aws.amazon.com/guardduty/latest/APIReference/API_CreateDetector.html",
    ),
];

/// Most facts of which the values are shown, and most places of each: more of them are mostly blank.
const SHOWN_MAX: usize = 3;
const PLACES_MAX: usize = 3;

/// Most facts of which the parameters are named. An alert with more is for calls of many kinds, of
/// which a list is longer than the request.
const NAMED_MAX: usize = 3;

/// Most facts that programs are told of, with as many places of each as people are.
const TOLD_MAX: usize = 8;

/// Most names of parameters that are told of.
const NAMES_MAX: usize = 12;

/// A value that can stand inside quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    pub label: String,
    /// Variables with their paths.
    pub variables: Vec<(String, String)>,
}

/// What an alert's calls touch, made once for a message.
#[derive(Debug)]
pub(super) struct Object {
    facts: Vec<Fact>,
    /// The values that AWS writes.
    shown: Vec<Shown>,
}

impl Object {
    pub(super) fn of(alert: &Alert) -> Self {
        Self { facts: touched::of_alert(&alert.events), shown: shown(alert) }
    }

    /// The variables that it may need, with their paths.
    pub(super) fn variables(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.shown.iter().flat_map(|shown| shown.variables.iter().cloned())
    }

    /// Lines for people: what AWS writes, and by which names the event has the rest.
    pub(super) fn lines(&self) -> Vec<(String, String)> {
        let (mfa, answered): (Vec<&Shown>, Vec<&Shown>) =
            self.shown.iter().partition(|shown| shown.label == touched::MFA_USED);
        let mut lines: Vec<(String, String)> = mfa.into_iter().map(Shown::line).collect();
        let values: Vec<String> = answered
            .into_iter()
            .map(|shown| format!("{}: {}", shown.label, shown.value()))
            .collect();
        let asked = self.facts.iter().any(|fact| fact.places.iter().any(is_asked));
        let parameters = match asked {
            false if values.is_empty() => return lines,
            false => "the event".to_owned(),
            true => match self.names() {
                Some(names) => format!("the event's parameters, {names}"),
                None => "the event's parameters".to_owned(),
            },
        };
        let touched = match values.is_empty() {
            true => format!("see {parameters}"),
            false => format!("{} (blank: see {parameters})", values.join("; ")),
        };
        lines.push(("Touched".to_owned(), touched));
        lines
    }

    /// The parameters that name the object, by their labels: `Trail: name; CIDR: cidrIp, cidrIpv6`.
    fn names(&self) -> Option<String> {
        let facts: Vec<&Fact> =
            self.facts.iter().filter(|fact| fact.places.iter().any(is_asked)).collect();
        if facts.is_empty() || facts.len() > NAMED_MAX {
            return None;
        }
        let mut left = NAMES_MAX;
        let of = |fact: &Fact| {
            let mut names: Vec<String> = Vec::new();
            for place in fact.places.iter().filter(|place| is_asked(place)) {
                let name = place.own_name();
                if left > 0 && !names.iter().any(|one| one.eq_ignore_ascii_case(name)) {
                    left -= 1;
                    names.push(words(name));
                }
            }
            (!names.is_empty()).then(|| format!("{}: {}", fact.label, names.join(", ")))
        };
        let names: Vec<String> = facts.into_iter().filter_map(of).collect();
        Some(names.join("; "))
    }

    /// The facts with their places, for programs.
    pub(super) fn places(&self) -> Value {
        let facts = self.facts.iter().take(TOLD_MAX).map(|fact| {
            let places: Vec<String> =
                fact.places.iter().take(PLACES_MAX).map(Place::dotted).collect();
            json!({ "label": fact.label, "places": places })
        });
        facts.collect()
    }
}

impl Shown {
    /// Its variables, as they stand in a template.
    fn value(&self) -> String {
        let values: Vec<String> =
            self.variables.iter().map(|(name, _)| format!("<{name}>")).collect();
        values.join(" ")
    }

    fn line(&self) -> (String, String) {
        (self.label.clone(), variables::may_be_blank(&self.value()))
    }
}

/// The values that AWS writes, by their labels.
fn shown(alert: &Alert) -> Vec<Shown> {
    let facts = match alert.events.iter().all(is_answered) {
        true => touched::answered(&alert.events, is_restricted),
        false => Vec::new(),
    };
    let signs_in = |event: &EventRef| event.kind == EventKind::Signin;
    let mfa = alert.events.iter().any(signs_in).then(touched::mfa);
    let shown = mfa.into_iter().chain(facts).filter_map(|fact| {
        let variables: Vec<(String, String)> =
            fact.places.iter().filter_map(variable).take(PLACES_MAX).collect();
        (!variables.is_empty()).then_some(Shown { label: fact.label, variables })
    });
    shown.take(SHOWN_MAX).collect()
}

/// Whether the responses of an event can be shown; sign-ins have none.
fn is_answered(event: &EventRef) -> bool {
    event.kind == EventKind::Signin
        || (!event.is_family() && ANSWERED.iter().any(|(source, ..)| *source == event.source))
}

/// Whether a service keeps to its own characters at a place of its responses.
fn is_restricted(source: &str, place: &Place) -> bool {
    let name = place.0.last().map(|step| step.name.to_ascii_lowercase()).unwrap_or_default();
    let of = ANSWERED.iter().find(|(of, ..)| *of == source);
    of.is_some_and(|(_, ends, _)| ends.iter().any(|end| name.ends_with(end)))
}

/// A variable for a place: of a list the first, since only an index names one value.
fn variable(place: &Place) -> Option<(String, String)> {
    let mut path = "$.detail".to_owned();
    let mut name = "touched".to_owned();
    for step in &place.0 {
        // Another character than these has no place in a path in dot notation.
        if !step.name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
            return None;
        }
        path.push('.');
        path.push_str(&step.name);
        name.push('-');
        name.push_str(&step.name);
        if step.list {
            path.push_str("[0]");
        }
    }
    Some((name, path))
}

fn is_asked(place: &Place) -> bool {
    place.0.first().is_some_and(|step| step.name == "requestParameters")
}

#[cfg(test)]
mod tests;
