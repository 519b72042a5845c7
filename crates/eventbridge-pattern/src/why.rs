//! Why an event does not satisfy a condition: the fields that are otherwise than wanted.

use super::matches::{holds, leaf_values};
use super::tree::Tree;
use super::{Event, Filter, Matcher, ruler};
use serde::Serialize;
use serde_json::Value;

/// One reason why an event does not match.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Mismatch {
    /// No value of the field is wanted.
    Field {
        /// Dotted, from the event's top level.
        path: String,
        /// The operators, as AWS writes them.
        wanted: Value,
        /// Every value at the path, a few in an array of the event; none when nothing stands there.
        found: Vec<Value>,
        /// Of how many alternatives of `$or` this is the nearest; 1 outside one.
        alternatives: usize,
    },
    /// The event is as the condition says, in an alternative that EventBridge does not keep
    /// ([`ruler`](crate::ruler)).
    Lost {
        /// Which alternative is lost, and because of which other.
        why: String,
    },
    /// Each of these fields is as wanted, but not in one element of an array of the event.
    Elements {
        /// The fields, dotted from the event's top level, in alphabetical order.
        paths: Vec<String>,
    },
}

impl Filter {
    /// Says why an event does not match: empty when it does. Where the condition holds as it is written and EventBridge
    /// loses the alternative ([`Mismatch::Lost`]), that is the reason. Of the alternatives of a `$or` it is the one that
    /// lacks least, the first of several.
    pub fn mismatches(&self, event: &Event<'_>) -> Vec<Mismatch> {
        if holds(self, &event.0) {
            return self.lost_for(event);
        }
        let mut found = Vec::new();
        collect(self, &event.0, 1, &mut found);
        if found.is_empty() {
            let mut paths: Vec<String> = self.paths().into_iter().map(str::to_owned).collect();
            paths.sort_unstable();
            paths.dedup();
            found.push(Mismatch::Elements { paths });
        }
        found
    }
}

impl Filter {
    /// The lost alternatives that an event would match, when it matches no other.
    fn lost_for(&self, event: &Event<'_>) -> Vec<Mismatch> {
        if ruler::kept(self).is_none_or(|kept| holds(&kept, &event.0)) {
            return Vec::new();
        }
        let describes = |loss: &ruler::Loss| {
            let lost = ruler::filter_of(std::slice::from_ref(&loss.lost));
            lost.is_some_and(|lost| holds(&lost, &event.0))
        };
        let losses = ruler::losses(self).into_iter().filter(describes);
        losses.map(|loss| Mismatch::Lost { why: loss.to_string() }).collect()
    }
}

fn collect(filter: &Filter, event: &Tree<'_>, alternatives: usize, out: &mut Vec<Mismatch>) {
    match filter {
        Filter::All(members) => {
            for member in members {
                collect(member, event, alternatives, out);
            }
        }
        Filter::Any(members) => {
            let mut nearest: Option<Vec<Mismatch>> = None;
            for member in members {
                let mut lacking = Vec::new();
                collect(member, event, alternatives * members.len(), &mut lacking);
                if nearest.as_ref().is_none_or(|nearest| lacking.len() < nearest.len()) {
                    nearest = Some(lacking);
                }
            }
            out.extend(nearest.unwrap_or_default());
        }
        Filter::Field { path, matchers } => {
            let found = leaf_values(event, path);
            let holds = found.iter().any(|leaf| matchers.iter().any(|m| m.takes(leaf)))
                || (found.is_empty() && matchers.iter().any(Matcher::accepts_absent));
            if !holds {
                out.push(Mismatch::Field {
                    path: path.clone(),
                    wanted: matchers.iter().map(|matcher| matcher.to_tree().to_value()).collect(),
                    found: found.into_iter().map(Tree::to_value).collect(),
                    alternatives,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pattern;
    use serde_json::json;

    fn why(pattern: &Value, event: &Value) -> Value {
        let pattern = Pattern::parse(&pattern.to_string()).expect("a pattern");
        serde_json::to_value(pattern.filter.mismatches(&Event::from(event))).expect("JSON")
    }

    #[test]
    fn every_field_that_is_otherwise_is_named_with_what_was_wanted_and_found() {
        let pattern =
            json!({"source": ["aws.ec2"], "detail": {"n": [{"numeric": [">", 5]}], "x": [1]}});
        let event = json!({"source": "aws.ec2", "detail": {"n": [3, 4]}});
        assert_eq!(
            why(&pattern, &event),
            json!([
                {"reason": "field", "path": "detail.n", "wanted": [{"numeric": [">", 5]}], "found": [3, 4], "alternatives": 1},
                {"reason": "field", "path": "detail.x", "wanted": [1], "found": [], "alternatives": 1},
            ])
        );
        assert_eq!(why(&json!({"source": ["aws.ec2"]}), &event), json!([]));
    }

    #[test]
    fn of_alternatives_the_nearest_speaks() {
        let pattern = json!({"$or": [{"a": [1], "b": [1]}, {"a": [2], "b": [2]}]});
        assert_eq!(
            why(&pattern, &json!({"a": 2, "b": 3})),
            json!([{"reason": "field", "path": "b", "wanted": [2], "found": [3], "alternatives": 2}])
        );
    }

    #[test]
    fn fields_that_hold_in_different_elements_are_no_mystery() {
        let pattern = json!({"items": {"a": [1], "b": [2]}});
        assert_eq!(
            why(&pattern, &json!({"items": [{"a": 1, "b": 1}, {"a": 2, "b": 2}]})),
            json!([{"reason": "elements", "paths": ["items.a", "items.b"]}])
        );
    }
}
