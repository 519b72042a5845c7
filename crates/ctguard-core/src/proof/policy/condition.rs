//! The `Condition` block of a statement: it holds, it fails, or that cannot be decided offline.
//!
//! What is known of a key leaves one or more requests possible. A condition is decided when it ends
//! in the same way for all of them.

use super::carried::Carried;
use super::glob;
use super::operator::{Operator, Set, Test};
use super::variable::{self, Resolved};
use serde_json::Value;

/// The result of a statement's conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Holds,
    /// Why, as words that follow "only".
    Fails(String),
    /// Depends on this key.
    Unclear(String),
}

/// Who makes a request, as far as conditions go.
pub trait Carries {
    /// What is known of a key, in lower case.
    fn carried(&self, key: &str) -> Carried;

    /// Who asks, in words.
    fn who(&self) -> &str;
}

/// A policy's way to read the texts in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variables {
    /// `${…}` stands for a value of the request.
    Resolved,
    /// An old version of the language, in which it stands for itself.
    Literal,
}

/// All conditions must hold; one that certainly fails decides, even if others are undecided.
pub fn judge(block: Option<&Value>, variables: Variables, request: &dyn Carries) -> Verdict {
    let Some(block) = block else { return Verdict::Holds };
    let Some(operators) = block.as_object() else {
        return Verdict::Unclear("something unreadable".to_owned());
    };
    let mut unclear = None;
    for (operator, keys) in operators {
        let Some(keys) = keys.as_object() else {
            unclear = Some(operator.clone());
            continue;
        };
        for (key, values) in keys {
            match one(operator, key, values, variables, request) {
                Verdict::Holds => {}
                Verdict::Unclear(key) => unclear = Some(key),
                fails @ Verdict::Fails(_) => return fails,
            }
        }
    }
    unclear.map_or(Verdict::Holds, Verdict::Unclear)
}

fn one(
    operator: &str,
    key: &str,
    values: &Value,
    variables: Variables,
    request: &dyn Carries,
) -> Verdict {
    let unclear = || Verdict::Unclear(key.to_owned());
    let Some(operator) = Operator::parse(operator) else { return unclear() };
    let carried = request.carried(&key.to_ascii_lowercase());
    // Without a set operator AWS does not say how several values are compared.
    if operator.set == Set::One && operator.test != Test::Null && has_several(&carried) {
        return unclear();
    }
    let Some(wanted) = wanted(values, variables, request) else { return unclear() };
    let asked = Asked { operator, wanted: &wanted };
    let mut outcomes = possible(&carried).into_iter().map(|request| asked.holds(&request));
    let first = outcomes.next().flatten();
    if first.is_none() || outcomes.any(|outcome| outcome != first) {
        return unclear();
    }
    match (first, &carried) {
        (Some(true), _) => Verdict::Holds,
        (_, Carried::Never | Carried::Foreign) => Verdict::Fails(format!(
            "under a condition on {key}, which {} does not send",
            request.who()
        )),
        _ => Verdict::Fails(format!("for another {key}")),
    }
}

fn has_several(carried: &Carried) -> bool {
    matches!(carried, Carried::Beneath(_) | Carried::PerhapsBeneath(_) | Carried::Including(_))
}

/// The values of a condition. `None` when one of them is not known.
fn wanted(values: &Value, variables: Variables, request: &dyn Carries) -> Option<Vec<String>> {
    let list = match values {
        Value::Array(many) => many.iter().collect(),
        single => vec![single],
    };
    let mut out = Vec::new();
    for value in list {
        match value {
            Value::String(text) => match variable::resolve(text, variables, request) {
                Resolved::Text(text) => out.push(text),
                Resolved::Unknown => return None,
            },
            Value::Bool(flag) => out.push(flag.to_string()),
            Value::Number(number) => out.push(number.to_string()),
            _ => return None,
        }
    }
    Some(out)
}

/// How a key can stand in a request.
enum Possible<'a> {
    Absent,
    Value(&'a str),
    /// This value, and perhaps others.
    Including(&'a str),
    /// A value that begins with this and goes on.
    Beginning(&'a str),
    /// A value that begins with one of these.
    Beneath(&'a [String]),
    Time,
    Foreign,
    Any,
}

fn possible(carried: &Carried) -> Vec<Possible<'_>> {
    match carried {
        Carried::Value(value) => vec![Possible::Value(value)],
        Carried::Including(value) => vec![Possible::Including(value)],
        Carried::Beginning(start) => vec![Possible::Beginning(start)],
        Carried::Beneath(starts) => vec![Possible::Beneath(starts)],
        Carried::PerhapsBeneath(starts) => vec![Possible::Absent, Possible::Beneath(starts)],
        Carried::Time => vec![Possible::Time],
        Carried::Perhaps(value) => vec![Possible::Absent, Possible::Value(value)],
        Carried::Foreign => vec![Possible::Absent, Possible::Foreign],
        Carried::Never => vec![Possible::Absent],
        Carried::Unknown => vec![Possible::Absent, Possible::Any],
    }
}

struct Asked<'a> {
    operator: Operator,
    wanted: &'a [String],
}

impl Asked<'_> {
    /// Whether the condition holds for a request; `None` when that is not known.
    fn holds(&self, request: &Possible<'_>) -> Option<bool> {
        let Operator { set, test, negated, if_exists } = self.operator;
        let is_there = !matches!(request, Possible::Absent);
        if test == Test::Null {
            let [wanted] = self.wanted else { return None };
            let absent: bool = wanted.to_ascii_lowercase().parse().ok()?;
            return Some(absent != is_there);
        }
        let hit = match request {
            // A negated operator holds for a key that is not there, and so does `ForAllValues`;
            // `ForAnyValue` does not.
            Possible::Absent => {
                return Some(match set {
                    Set::One => negated || if_exists,
                    Set::Any => if_exists,
                    Set::All => true,
                });
            }
            Possible::Value(value) => self.matches(value),
            Possible::Including(value) => {
                let hit = self.matches(value)? != negated;
                return match (set, hit) {
                    (Set::Any, true) => Some(true),
                    (Set::All, false) => Some(false),
                    _ => None,
                };
            }
            Possible::Beneath(starts) => return self.holds_beneath(starts),
            Possible::Beginning(start) => {
                any(self.wanted, |wanted| test.matches_any(wanted, start))
            }
            Possible::Time => any(self.wanted, |wanted| test.matches_time(wanted)),
            Possible::Foreign => {
                let could = self.wanted.iter().any(|wanted| test.could_match_foreign(wanted));
                match could {
                    true => self.admits_all().then_some(true),
                    false => Some(false),
                }
            }
            Possible::Any => self.admits_all().then_some(true),
        };
        hit.map(|hit| hit != negated)
    }

    /// Whether one of the policy's values matches one of the request. A text matches no number.
    fn matches(&self, value: &str) -> Option<bool> {
        let Operator { test, negated, .. } = self.operator;
        match !negated && test.is_of_another_type(value) {
            true => Some(false),
            false => any(self.wanted, |wanted| test.matches(wanted, value)),
        }
    }

    /// Whether a pattern matches every value.
    fn admits_all(&self) -> bool {
        let is_star = |wanted: &String| !wanted.is_empty() && wanted.bytes().all(|c| c == b'*');
        self.operator.test == Test::Like && self.wanted.iter().any(is_star)
    }

    fn holds_beneath(&self, starts: &[String]) -> Option<bool> {
        let surely = |start: &String| {
            self.wanted.iter().any(|pattern| pattern.ends_with('*') && glob(pattern, start))
        };
        let maybe = |start: &String| {
            self.wanted.iter().any(|pattern| {
                let fixed = pattern.split(['*', '?']).next().unwrap_or_default();
                start.starts_with(fixed) || fixed.starts_with(start.as_str())
            })
        };
        let Operator { set, test, negated, .. } = self.operator;
        match set == Set::Any && !negated && test == Test::Like {
            true if starts.iter().all(surely) => Some(true),
            true if !starts.iter().any(maybe) => Some(false),
            _ => None,
        }
    }
}

/// Whether one of them holds; not known when none surely does and one may.
fn any(wanted: &[String], holds: impl Fn(&str) -> Option<bool>) -> Option<bool> {
    let outcomes: Vec<Option<bool>> = wanted.iter().map(|wanted| holds(wanted)).collect();
    if outcomes.contains(&Some(true)) {
        return Some(true);
    }
    if outcomes.contains(&None) { None } else { Some(false) }
}
