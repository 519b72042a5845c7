//! The events that the text of any pattern names.

use serde_json::Value;
use std::collections::BTreeSet;

/// An event by its source, where the pattern says one, and its name.
pub type NamedEvent = (Option<String>, String);

/// Every event that a pattern lists under `eventName`, with each `eventSource` that stands beside
/// the name or above it. Only exact names count. Text that is not JSON names none.
pub fn named_events(pattern: &str) -> BTreeSet<NamedEvent> {
    let mut events = BTreeSet::new();
    if let Ok(pattern) = serde_json::from_str(pattern) {
        collect(&pattern, &[], &mut events);
    }
    events
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
}
