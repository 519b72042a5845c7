//! The fields around `detail`, which every event of EventBridge has.
//!
//! Source: <https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>

use super::clause::{Clause, Item};
use super::finding::{Findings, either};
use crate::catalogue::{self, nearest};
use crate::codes;
use crate::event::EventRef;
use crate::record::FIELDS;
use crate::scope::{AccountId, Region};
use eventbridge_pattern::Matcher;
use serde_json::Value;
use std::ops::Range;

/// The fields that an event has beside `detail`, and `replay-name`, which one from an archive has.
const FIELDS_OF_TEXT: [&str; 7] =
    ["version", "id", "detail-type", "source", "account", "time", "region"];
const OTHERS: [&str; 3] = ["resources", "detail", "replay-name"];

/// Fields of records that no other event of AWS has.
pub(super) const OF_RECORDS: [&str; 8] = [
    "eventName",
    "eventSource",
    "userIdentity",
    "requestParameters",
    "responseElements",
    "sourceIPAddress",
    "recipientAccountId",
    "additionalEventData",
];

/// Every field that may stand at the top of an event.
pub(super) fn top_fields() -> impl Iterator<Item = &'static str> {
    FIELDS_OF_TEXT.into_iter().chain(OTHERS)
}

/// The field that stands at the top of each event, where a key is one or close to one.
pub(super) fn meant(key: &str) -> Option<&'static str> {
    top_fields().find(|field| *field == key).or_else(|| nearest(key, top_fields()).first().copied())
}

/// Whether a pattern is for events of a bus. Pipes and event source mappings take patterns, too, for
/// records of other forms.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-filtering.html>
pub(super) fn is_for_a_bus(clauses: &[Clause<'_>]) -> bool {
    clauses.iter().any(|clause| {
        let of_record = |path: &str, is: fn(&str) -> bool| {
            let choice = clause.choice(path);
            choice.is_some_and(|choice| choice.items.iter().filter_map(Item::exact).any(is))
        };
        clause.fields().any(|(path, _)| meant(root_of(path).0).is_some())
            || of_record("eventSource", catalogue::knows_source)
            || of_record("eventName", |name| !catalogue::sources_of(name).is_empty())
    })
}

fn root_of(path: &str) -> (&str, &str) {
    path.split_once('.').unwrap_or((path, ""))
}

/// Says which fields no event of a bus has, and which values none has there. `of_trail` tells that
/// only CloudTrail's events are asked for, of which `events` are known.
pub(super) fn judge(
    clause: &Clause<'_>,
    of_trail: bool,
    events: &[EventRef],
    findings: &mut Findings,
) {
    for (path, node) in clause.fields() {
        let Some(choice) = clause.choice(path) else { continue };
        let (root, below) = root_of(path);
        let may_be_absent = choice.items.iter().any(|item| item.matcher.accepts_absent());
        if !top_fields().any(|field| field == root) {
            if !may_be_absent {
                unknown(root, &node.span, findings);
            }
        } else if root != "detail" && !below.is_empty() {
            let message = format!("`{root}` of an event has no fields of its own");
            let help = format!("write `{root}` with a list of values");
            findings.error(codes::CONDITION_ON_UNKNOWN_PATH, &node.span, message, help);
        } else if FIELDS_OF_TEXT.contains(&root) {
            // Of several regions one that the event never reaches loses nothing.
            let reached = choice.items.iter().any(|item| match item.exact().map(Region::new) {
                None => true,
                Some(region) => region
                    .is_some_and(|region| events.iter().any(|one| one.landing.lands_in(&region))),
            });
            for item in &choice.items {
                text(root, item, (events, reached || choice.open), findings);
            }
        } else if root == "resources" && of_trail && !may_be_absent && !choice.open {
            let message = "`resources` is empty in every event of CloudTrail".to_owned();
            let help = "name what the call was made on by `detail.requestParameters`".to_owned();
            findings.error(codes::CONDITION_NEVER_HOLDS, &node.span, message, help);
        }
    }
}

fn unknown(root: &str, at: &Range<usize>, findings: &mut Findings) {
    let of_record = FIELDS.iter().map(|field| field.path).find(|path| *path == root);
    let help = match (meant(root), of_record) {
        (_, Some(field)) => {
            format!("it stands in `detail`: write `\"detail\": {{\"{field}\": …}}`")
        }
        (Some(near), None) => format!("did you mean `{near}`?"),
        (None, None) => {
            let all: Vec<String> = top_fields().map(|field| format!("`{field}`")).collect();
            format!("an event has {}", either(&all).replace(" or ", " and "))
        }
    };
    let message = format!("no event has a field `{root}` beside `detail`");
    findings.error(codes::CONDITION_ON_UNKNOWN_PATH, at, message, help);
}

/// Judges one value of a field that holds a text in every event.
fn text(
    field: &str,
    item: &Item<'_>,
    (events, reached): (&[EventRef], bool),
    findings: &mut Findings,
) {
    let at = &item.node.span;
    let mut never = |message: String, help: String| {
        findings.error(codes::CONDITION_NEVER_HOLDS, at, message, help);
    };
    let written = item.node.to_json();
    match &item.matcher {
        Matcher::Exact(Value::String(_)) | Matcher::Text(_) => {}
        Matcher::Exact(_) | Matcher::Digits(_) | Matcher::Numeric(_) => {
            let message = format!("`{field}` is a text in every event, and never {written}");
            let help = match &item.matcher {
                Matcher::Numeric(_) => "compare it with texts".to_owned(),
                _ => format!("write it in quotes: \"{}\"", written.trim_matches('"')),
            };
            return never(message, help);
        }
        _ => return,
    }
    match (field, item.exact()) {
        ("account", Some(text)) if AccountId::new(text).is_none() => never(
            format!("`account` is never `{text}`: an account's id has twelve digits"),
            "write the twelve digits of the account's id".to_owned(),
        ),
        ("account", None) => {
            if let Matcher::Text(test) = &item.matcher
                && test.text.chars().any(|one| !one.is_ascii_digit() && one != '*')
            {
                never(
                    format!("`account` is never what {written} takes: it has digits alone"),
                    "write digits of the account's id".to_owned(),
                );
            }
        }
        ("version", Some(text)) if text != "0" => never(
            format!("`version` is `0` in every event, and never `{text}`"),
            "leave it out".to_owned(),
        ),
        ("region", Some(text)) => region(text, at, (events, reached), findings),
        _ => {}
    }
}

/// `reached` tells that the events arrive in another region that is asked for.
fn region(
    text: &str,
    at: &Range<usize>,
    (events, reached): (&[EventRef], bool),
    findings: &mut Findings,
) {
    let Some(region) = Region::new(text) else {
        let message = format!("`region` is never `{text}`, which is no name of a region");
        let help = "write it as `eu-west-1`".to_owned();
        return findings.error(codes::CONDITION_NEVER_HOLDS, at, message, help);
    };
    if !catalogue::is_region(&region) {
        let message = format!("the catalogue has no region `{text}`");
        let help = catalogue::suggest_region(&region);
        let help = help.unwrap_or_else(|| "a region that is newer may be right".to_owned());
        return findings.warning(codes::CONDITION_NEVER_HOLDS, at, message, help);
    }
    if events.is_empty() || events.iter().any(|event| event.landing.lands_in(&region)) {
        return;
    }
    let lands: Option<Vec<&str>> =
        events.iter().map(|event| event.landing.region_in(region.partition())).collect();
    let mut lands: Vec<String> =
        lands.unwrap_or_default().iter().map(|region| format!("`{region}`")).collect();
    lands.sort_unstable();
    lands.dedup();
    let message = format!("no event that is asked for arrives in `{text}`");
    let help = match lands.as_slice() {
        [] => "leave it out, or write where they arrive".to_owned(),
        lands => format!("the service records its calls in {}", either(lands)),
    };
    match reached {
        true => findings.warning(codes::CONDITION_NEVER_HOLDS, at, message, help),
        false => findings.error(codes::CONDITION_NEVER_HOLDS, at, message, help),
    }
}
