//! The events that the text of any pattern names.

use super::EVERY_SOURCE;
use eventbridge_pattern::{Filter, Matcher, Pattern, TextKind, ruler};
use serde_json::Value;
use std::collections::BTreeSet;

/// An event by its source, where the pattern says one, and its name. A family's name is what its
/// names begin with, and `*`.
pub type NamedEvent = (Option<String>, String);

/// Every event that a pattern lists under `eventName`, with each `eventSource` that stands beside
/// the name or above it; where an alternative asks for no name, or for the beginning of one, the
/// family. Text that is not JSON names none.
pub fn named_events(pattern: &str) -> BTreeSet<NamedEvent> {
    let mut events = BTreeSet::new();
    if let Ok(json) = serde_json::from_str(pattern) {
        collect(&json, &[], &mut events);
    }
    if let Ok(read) = Pattern::parse(pattern) {
        events.extend(families(&read.filter));
    }
    events
}

/// Whether an event, or a family, of one name may be one of the other.
pub fn names_meet(one: &str, other: &str) -> bool {
    match (one.strip_suffix('*'), other.strip_suffix('*')) {
        (Some(one), Some(other)) => one.starts_with(other) || other.starts_with(one),
        (Some(prefix), None) => other.starts_with(prefix),
        (None, Some(prefix)) => one.starts_with(prefix),
        (None, None) => one == other,
    }
}

/// Whether every event of the second name is one of the first.
pub fn name_covers(wide: &str, narrow: &str) -> bool {
    match wide.strip_suffix('*') {
        Some(prefix) => narrow.starts_with(prefix),
        None => wide == narrow,
    }
}

/// The families that the alternatives of a condition ask for.
fn families(filter: &Filter) -> BTreeSet<NamedEvent> {
    const FROM_CLOUDTRAIL: &str = " via CloudTrail";
    let mut found = BTreeSet::new();
    for alternative in ruler::alternatives(filter).unwrap_or_default() {
        let exact = |path: &str| -> Vec<&str> {
            let list = alternative.get(path).into_iter().flatten();
            let texts = list.filter_map(|matcher| match matcher {
                Matcher::Exact(Value::String(text)) => Some(text.as_str()),
                _ => None,
            });
            texts.collect()
        };
        if !exact("detail-type").iter().any(|kind| kind.ends_with(FROM_CLOUDTRAIL)) {
            continue;
        }
        let names: Vec<String> = match alternative.get("detail.eventName") {
            None => vec!["*".to_owned()],
            Some(list) => {
                let prefix = |matcher: &Matcher| match matcher {
                    Matcher::Text(test) if test.kind == TextKind::Prefix => {
                        Some(format!("{}*", test.text))
                    }
                    _ => None,
                };
                list.iter().filter_map(prefix).collect()
            }
        };
        let mut sources = exact("detail.eventSource");
        if sources.is_empty() {
            sources.push(EVERY_SOURCE);
        }
        let of_name = |name: &String| {
            let name = name.clone();
            sources.iter().map(move |source| (Some((*source).to_owned()), name.clone()))
        };
        found.extend(names.iter().flat_map(of_name));
    }
    found
}

fn collect(pattern: &Value, sources: &[&str], events: &mut BTreeSet<NamedEvent>) {
    match pattern {
        Value::Array(members) => members.iter().for_each(|one| collect(one, sources, events)),
        Value::Object(fields) => {
            // A key may be a path: `detail.eventName`.
            let listed = |wanted: &str| -> Vec<&str> {
                let keys = fields.iter().filter(|(key, _)| key.rsplit('.').next() == Some(wanted));
                keys.flat_map(|(_, value)| value.as_array().into_iter().flatten())
                    .filter_map(Value::as_str)
                    .collect()
            };
            let here = listed("eventSource");
            let sources = if here.is_empty() { sources } else { here.as_slice() };
            for name in listed("eventName") {
                match sources {
                    [] => drop(events.insert((None, name.to_owned()))),
                    sources => events.extend(
                        sources.iter().map(|source| (Some((*source).to_owned()), name.to_owned())),
                    ),
                }
            }
            fields.values().for_each(|one| collect(one, sources, events));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_told_from_every_form_of_pattern() {
        let flat = r#"{"source":["aws.ec2"],"detail":{"eventSource":["ec2.amazonaws.com"],"eventName":["A","B"]}}"#;
        let any = r#"{"$or":[{"detail":{"eventSource":["ec2.amazonaws.com"],"eventName":["A"]}},{"detail":{"eventSource":["iam.amazonaws.com"],"eventName":["B"]}}]}"#;
        let below = r#"{"detail":{"eventSource":["ec2.amazonaws.com"],"$or":[{"eventName":["A"]},{"eventName":["B"]}]}}"#;
        let dotted = r#"{"detail.eventSource":["ec2.amazonaws.com"],"detail.eventName":["A","B",{"prefix":"C"}]}"#;
        let nowhere = r#"{"detail":{"eventName":["A","B"]}}"#;
        let (ec2, iam) = (Some("ec2.amazonaws.com"), Some("iam.amazonaws.com"));
        for (pattern, wanted) in [
            (flat, [(ec2, "A"), (ec2, "B")]),
            (any, [(ec2, "A"), (iam, "B")]),
            (below, [(ec2, "A"), (ec2, "B")]),
            (dotted, [(ec2, "A"), (ec2, "B")]),
            (nowhere, [(None, "A"), (None, "B")]),
        ] {
            let wanted = wanted.map(|(source, name)| (source.map(str::to_owned), name.to_owned()));
            assert_eq!(named_events(pattern), BTreeSet::from(wanted), "{pattern}");
        }
        assert_eq!(named_events("{"), BTreeSet::new());
    }

    #[test]
    fn families_are_named_by_what_their_names_begin_with() {
        let prefix = r#"{"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventSource":["ec2.amazonaws.com"],"eventName":["A",{"prefix":"Delete"}]}}"#;
        let service = r#"{"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventSource":["iam.amazonaws.com"]}}"#;
        let any = r#"{"detail-type":["AWS API Call via CloudTrail"],"detail":{"userIdentity":{"type":["Root"]}}}"#;
        let other = r#"{"detail-type":["EC2 Instance State-change Notification"]}"#;
        for (pattern, wanted) in [
            (prefix, vec![("ec2.amazonaws.com", "A"), ("ec2.amazonaws.com", "Delete*")]),
            (service, vec![("iam.amazonaws.com", "*")]),
            (any, vec![("*", "*")]),
            (other, vec![]),
        ] {
            let wanted: BTreeSet<NamedEvent> = wanted
                .into_iter()
                .map(|(source, name)| (Some(source.to_owned()), name.to_owned()))
                .collect();
            assert_eq!(named_events(pattern), wanted, "{pattern}");
        }
    }

    #[test]
    fn a_family_meets_and_covers_what_begins_like_it() {
        for (one, other, meet, covers) in [
            ("*", "A", true, true),
            ("A", "*", true, false),
            ("Del*", "Delete*", true, true),
            ("Delete*", "Del*", true, false),
            ("Del*", "Create", false, false),
            ("A", "A", true, true),
            ("A", "B", false, false),
        ] {
            assert_eq!((names_meet(one, other), name_covers(one, other)), (meet, covers));
        }
    }
}
