//! What EventBridge would refuse, lose or misread in a pattern, told without any event.
//!
//! It works on anybody's pattern, whichever tool wrote it.

use crate::beside::{Beside, beside_ignore_case};
use crate::complexity::COMPLEXITY_MAX;
use crate::ruler::{self, Loss};
use crate::{Filter, Matcher, Pattern};
use serde_json::Value;

/// Most refusals that are looked for in one pattern.
const REFUSALS_MAX: usize = 50;

/// What EventBridge does with something in a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// `PutRule` answers with `InvalidEventPatternException`.
    Refused,
    /// The rule is made, and some events that the pattern describes are not matched.
    Lost,
    /// The rule is made, and matches otherwise than a reader expects.
    Misread,
}

/// One thing that is wrong with a pattern, or is not what it looks like.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// A stable name, such as `pattern-loses-alternative`.
    pub code: &'static str,
    /// What comes of it.
    pub effect: Effect,
    /// Dotted path of the field; empty for the whole pattern.
    pub path: String,
    /// What is the matter, in full sentences.
    pub message: String,
    /// What to write instead, when that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
}

/// Longest event pattern that a rule accepts, in characters.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
pub const EVENT_PATTERN_MAX_CHARS: usize = 2_048;

/// Checks the text of a pattern. Empty when EventBridge takes it as it is written.
pub fn check(text: &str) -> Vec<Finding> {
    match Pattern::parse(text) {
        Ok(pattern) => {
            let mut found = check_filters(&[&pattern.filter]);
            found.extend(too_long(&pattern));
            found.extend(too_complex(&pattern));
            found
        }
        Err(_) => refusals(text),
    }
}

/// Checks conditions that stand in rules of one bus, which share one machine in EventBridge.
pub fn check_filters(filters: &[&Filter]) -> Vec<Finding> {
    let mut found: Vec<Finding> = filters.iter().flat_map(|filter| lost(filter)).collect();
    found.extend(beside_ignore_case(filters).iter().map(beside_finding));
    found.extend(filters.iter().flat_map(|filter| other_families(filter)));
    found
}

/// A pattern that is too long even without white space.
fn too_long(pattern: &Pattern) -> Option<Finding> {
    let chars = pattern.to_json().chars().count();
    (chars > EVENT_PATTERN_MAX_CHARS).then(|| Finding {
        code: "pattern-too-long",
        effect: Effect::Refused,
        path: String::new(),
        message: format!(
            "The pattern has {chars} characters without white space, and a rule accepts \
             {EVENT_PATTERN_MAX_CHARS}. Split it over several rules."
        ),
        instead: None,
    })
}

/// Wildcards that are more complex than EventBridge is seen to take.
fn too_complex(pattern: &Pattern) -> Option<Finding> {
    (pattern.filter.complexity() > COMPLEXITY_MAX).then(|| {
        Finding {
        code: "pattern-too-complex",
        effect: Effect::Refused,
        path: String::new(),
        message: format!(
            "Its wildcards are more complex than {COMPLEXITY_MAX} by event-ruler's measure, and \
             EventBridge is seen to refuse that. Its limit is not published."
        ),
        instead: Some(
            "Write fewer wildcards on one field, with prefixes and suffixes where they will do, or \
             split them over several rules."
                .to_owned(),
        ),
    }
    })
}

/// Every refusal, not only the first: what is refused is taken out, and the rest read again.
fn refusals(text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut text = text.to_owned();
    while let Err(error) = Pattern::parse(&text) {
        found.push(Finding {
            code: "pattern-refused",
            effect: Effect::Refused,
            path: error.path.clone(),
            message: error.message,
            instead: None,
        });
        let read = serde_json::from_str::<Value>(&text).ok();
        match read.filter(|_| found.len() < REFUSALS_MAX).map(|value| without(value, &error.path)) {
            Some(Some(rest)) => text = rest.to_string(),
            _ => break,
        }
    }
    found
}

/// A pattern without the field at a path; `None` when it cannot be found or nothing would be left.
fn without(mut pattern: Value, path: &str) -> Option<Value> {
    fn remove(value: &mut Value, path: &str) -> bool {
        match value {
            Value::Object(fields) => {
                if fields.remove(path).is_some() {
                    return true;
                }
                let key = fields.keys().find(|key| {
                    path.strip_prefix(key.as_str()).is_some_and(|rest| rest.starts_with('.'))
                });
                let Some(key) = key.cloned() else {
                    let alternatives = fields.get_mut("$or").and_then(Value::as_array_mut);
                    let Some(all) = alternatives else { return false };
                    let removed = all.iter_mut().any(|member| remove(member, path));
                    all.retain(|member| member.as_object().is_none_or(|fields| !fields.is_empty()));
                    // What is left of a `$or` with one alternative is not worth another look.
                    if all.len() < 2 {
                        fields.remove("$or");
                    }
                    return removed;
                };
                let removed =
                    fields.get_mut(&key).is_some_and(|below| remove(below, &path[key.len() + 1..]));
                if removed
                    && fields.get(&key).and_then(Value::as_object).is_some_and(|f| f.is_empty())
                {
                    fields.remove(&key);
                }
                removed
            }
            _ => false,
        }
    }
    let removed = !path.is_empty() && remove(&mut pattern, path);
    (removed && pattern.as_object().is_some_and(|fields| !fields.is_empty())).then_some(pattern)
}

fn lost(filter: &Filter) -> Vec<Finding> {
    let losses = ruler::losses(filter);
    let instead = (!losses.is_empty())
        .then(|| ruler::separate(ruler::alternatives(filter)?, crate::OR_COMBINATIONS_MAX))
        .flatten()
        .and_then(|apart| ruler::filter_of(&apart))
        .map(|filter| Pattern { filter }.to_json());
    let instead = instead.map(|text| match text.chars().count() {
        chars if chars > EVENT_PATTERN_MAX_CHARS => {
            format!("{text}, which has {chars} characters and has to be split over several rules")
        }
        _ => text,
    });
    let instead = instead.or_else(|| {
        let apart =
            "put the alternatives into rules of their own: rules do not take from each other";
        (!losses.is_empty()).then(|| apart.to_owned())
    });
    // The whole pattern is written anew, so it is said once.
    let finding = |(number, loss): (usize, &Loss)| Finding {
        code: "pattern-loses-alternative",
        effect: Effect::Lost,
        path: "$or".to_owned(),
        message: loss.to_string(),
        instead: instead.clone().filter(|_| number == 0),
    };
    losses.iter().enumerate().map(finding).collect()
}

impl std::fmt::Display for Loss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |alternative: &ruler::Alternative| {
            ruler::filter_of(std::slice::from_ref(alternative))
                .map(|filter| Pattern { filter }.to_json())
                .unwrap_or_default()
        };
        let how = match self.always {
            true => "EventBridge does not keep",
            false => "it depends on chance whether EventBridge keeps",
        };
        write!(
            f,
            "{how} the alternative {}, because the earlier alternative {} has the same fields and \
             shares an operator with it on each. Events that only the later one describes are not \
             matched.",
            text(&self.lost),
            text(&self.by)
        )
    }
}

fn beside_finding(beside: &Beside) -> Finding {
    let Beside { path, wildcard, ignoring_case, misses } = beside;
    let what = match misses {
        true => "matches fewer events than it says",
        false => "matches more texts than it says",
    };
    Finding {
            code: "wildcard-beside-ignore-case",
            effect: if *misses { Effect::Lost } else { Effect::Misread },
            path: path.clone(),
            message: format!(
                "Beside the wildcard `{wildcard}` on the same field, EventBridge lets any character stand for \
                 the first of `{ignoring_case}`, whose case is ignored, so that the pattern {what}."
            ),
            instead: Some(
                "write the spellings that occur as plain values, or a wildcard that does not begin with `*`"
                    .to_owned(),
            ),
        }
}

fn other_families(filter: &Filter) -> Vec<Finding> {
    let fields = filter.fields().into_iter();
    let blocks = fields.flat_map(|(path, matchers)| {
        matchers.iter().filter_map(move |matcher| match matcher {
            Matcher::Cidr(block) => Some((path, block)),
            _ => None,
        })
    });
    let finding = |(path, block): (&str, &ipnet::IpNet)| Finding {
        code: "cidr-takes-other-family",
        effect: Effect::Misread,
        path: path.to_owned(),
        message: format!(
            "EventBridge compares addresses by their digits and not by their family, so `{block}` also takes \
             {} addresses that begin with the same digits.",
            if block.addr().is_ipv4() { "IPv6" } else { "IPv4" }
        ),
        instead: crate::address::spellings(block)
            .map(|matchers| Filter::Field { path: path.to_owned(), matchers })
            .map(|filter| Pattern { filter }.to_json())
            .filter(|text| text.len() < 300),
    };
    blocks.map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<(&'static str, Effect, String)> {
        check(text).into_iter().map(|f| (f.code, f.effect, f.path)).collect()
    }

    #[test]
    fn nothing_is_said_of_a_pattern_that_is_taken_as_it_is_written() {
        for text in [
            r#"{"source":["aws.iam"],"detail":{"eventName":["CreateUser",{"prefix":"Delete"}]}}"#,
            r#"{"$or":[{"a":["x"]},{"b":["x"]}]}"#,
            r#"{"a":[{"wildcard":"x*"},{"equals-ignore-case":"y"}],"b":[{"wildcard":"*x"}]}"#,
        ] {
            assert_eq!(check(text), vec![], "{text}");
        }
    }

    #[test]
    fn every_refusal_is_named() {
        let text = r#"{"a":"x","b":{"c":[{"numeric":["<"]}]},"d":["y"],"e":[{"no-such":1}]}"#;
        let found = codes(text);
        let mut paths: Vec<&str> = found.iter().map(|(_, _, path)| path.as_str()).collect();
        paths.sort_unstable();
        assert_eq!(paths, ["a", "b.c", "e"]);
        assert!(
            found.iter().all(|(code, effect, _)| {
                *code == "pattern-refused" && *effect == Effect::Refused
            })
        );
        assert_eq!(codes("{").len(), 1);
        assert_eq!(codes("[]").len(), 1);
    }

    #[test]
    fn a_lost_alternative_is_shown_with_what_to_write_instead() {
        let found = check(r#"{"$or":[{"a":["x"],"b":[1]},{"a":["x","z"],"b":[1,2]}]}"#);
        assert_eq!((found.len(), found[0].code), (1, "pattern-loses-alternative"));
        let instead =
            found[0].instead.as_deref().expect("it can be written so that nothing is lost");
        assert_eq!(check(instead), vec![]);
        assert!(found[0].message.contains(r#"{"a":["x","z"],"b":[1,2]}"#), "{}", found[0].message);
    }

    #[test]
    fn tests_that_ignore_case_are_told_beside_wildcards_over_alternatives_and_rules() {
        let one = r#"{"a":[{"wildcard":"*-prod"},{"equals-ignore-case":"admin"}]}"#;
        assert_eq!(codes(one), [("wildcard-beside-ignore-case", Effect::Misread, "a".to_owned())]);
        let negated = r#"{"$or":[{"a":[{"wildcard":"*B"}]},{"b":[1],"a":[{"anything-but":{"equals-ignore-case":"ba"}}]}]}"#;
        assert_eq!(codes(negated), [("wildcard-beside-ignore-case", Effect::Lost, "a".to_owned())]);
        let read = |text: &str| Pattern::parse(text).expect(text).filter;
        let rules =
            [read(r#"{"a":[{"wildcard":"*x"}]}"#), read(r#"{"a":[{"equals-ignore-case":"y"}]}"#)];
        assert_eq!(beside_ignore_case(&[&rules[0], &rules[1]]).len(), 1);
    }

    #[test]
    fn a_block_of_addresses_is_told_with_its_exact_spelling() {
        let found = check(r#"{"a":[{"cidr":"10.0.0.0/8"}]}"#);
        assert_eq!(found[0].code, "cidr-takes-other-family");
        assert_eq!(found[0].instead.as_deref(), Some(r#"{"a":[{"prefix":"10."}]}"#));
    }
}
