//! How complex EventBridge finds the wildcards of a rule.
//!
//! "If a rule is too complex, EventBridge returns an `InvalidEventPatternException`"
//! (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>). The measure is
//! that of event-ruler's `MachineComplexityEvaluator`: the most beginnings of wildcards that one value can be at the
//! same time, on one path. Only `wildcard` counts, by itself and inside `anything-but`; `$or` counts as far as its
//! alternatives have wildcards on one path, and prefixes, suffixes, tests that ignore case, ranges and blocks of
//! addresses do not count at all.
//!
//! | on one path | measure | EventBridge |
//! |---|---|---|
//! | `*:stack/A/*`, and the same with B and C | 9 | takes it |
//! | and D | 12 | refuses it |
//! | `*/datasync/*.bif`, and the same with `.tif` | 8 | takes it |
//! | `*.bif`, `*.tiff`, `*.tif`, `*.svs` | 8 | takes it |
//! | `*/datasync/*.bif`, and the same with all four | 16 | refuses it |
//!
//! The limit is not published. These are reports of people whose rules were taken or refused.
//!
//! The library decides path by path in the order of their names, so that alternatives which differ on an earlier path
//! do not add up on a later one. Here they do: the measure is never below the library's.

use crate::{Excluded, Filter, Matcher, TextKind};
use std::collections::{BTreeMap, BTreeSet};

/// The highest complexity that EventBridge is seen to take. Not published: 9 is seen to be taken, 12 to be refused,
/// and other engines that imitate EventBridge refuse what is above 10.
pub const COMPLEXITY_MAX: usize = 10;

/// Sets of states that are looked at before the answer is that it is too much.
const SETS_MAX: usize = 5_000;

impl Filter {
    /// How complex its wildcards are, at most [`COMPLEXITY_MAX`] + 1; 0 without any.
    pub fn complexity(&self) -> usize {
        let mut paths: BTreeMap<&str, BTreeSet<Vec<&str>>> = BTreeMap::new();
        for (path, matchers) in self.fields() {
            for wildcards in matchers.iter().filter_map(wildcards) {
                paths.entry(path).or_default().insert(wildcards);
            }
        }
        paths.values().map(|operators| Machine::of(operators).complexity()).max().unwrap_or(0)
    }
}

/// The wildcards of an operator. Those of one `anything-but` are one operator.
fn wildcards(matcher: &Matcher) -> Option<Vec<&str>> {
    match matcher {
        Matcher::Text(test) if test.kind == TextKind::Wildcard => Some(vec![test.text.as_str()]),
        Matcher::AnythingBut(Excluded::Texts { kind: TextKind::Wildcard, texts }) => {
            Some(texts.iter().map(String::as_str).collect())
        }
        _ => None,
    }
}

/// A state that a value can be in: it begins as a wildcard does.
#[derive(Default)]
struct State {
    /// Where each byte leads.
    next: Vec<(u8, usize)>,
    /// The state of a `*` that follows; any byte leads back to it.
    star: Option<usize>,
    is_star: bool,
    /// The operators that can still match from here.
    operators: BTreeSet<usize>,
}

/// The states of all wildcards on one path. What stands before the first `*` is shared.
struct Machine {
    states: Vec<State>,
}

impl Machine {
    fn of(operators: &BTreeSet<Vec<&str>>) -> Self {
        let mut machine = Self { states: vec![State::default()] };
        for (number, wildcards) in operators.iter().enumerate() {
            for wildcard in wildcards {
                machine.add(number, wildcard);
            }
        }
        machine
    }

    /// Adds a wildcard. Values stand in their quotes, as in the library.
    fn add(&mut self, operator: usize, wildcard: &str) {
        let (mut at, mut shared) = (0, true);
        let mut bytes = format!("\"{wildcard}\"").into_bytes().into_iter();
        while let Some(byte) = bytes.next() {
            at = match byte {
                b'*' => std::mem::take(&mut shared)
                    .then_some(self.states[at].star)
                    .flatten()
                    .unwrap_or_else(|| {
                        let new = self.new_state(true);
                        self.states[at].star = Some(new);
                        new
                    }),
                byte => {
                    let byte = if byte == b'\\' { bytes.next().unwrap_or(byte) } else { byte };
                    let known = self.states[at].next.iter().find(|(on, _)| shared && *on == byte);
                    known.map(|(_, to)| *to).unwrap_or_else(|| {
                        let new = self.new_state(false);
                        self.states[at].next.push((byte, new));
                        new
                    })
                }
            };
            self.states[at].operators.insert(operator);
        }
    }

    fn new_state(&mut self, is_star: bool) -> usize {
        self.states.push(State { is_star, ..State::default() });
        self.states.len() - 1
    }

    /// The most operators, over all states that a value is in at once.
    fn complexity(&self) -> usize {
        let start = BTreeSet::from([0]);
        let (mut waiting, mut seen) = (vec![start.clone()], BTreeSet::from([start]));
        let mut most = 0;
        while let Some(active) = waiting.pop() {
            for set in self.steps(&active) {
                let size = set.iter().map(|state| self.states[*state].operators.len()).sum();
                most = most.max(size);
                if most > COMPLEXITY_MAX || seen.len() > SETS_MAX {
                    return COMPLEXITY_MAX + 1;
                }
                if seen.insert(set.clone()) {
                    waiting.push(set);
                }
            }
        }
        most
    }

    /// The states after one more byte: for each byte that leads on from somewhere, and for any other.
    fn steps(&self, active: &BTreeSet<usize>) -> Vec<BTreeSet<usize>> {
        let all = || active.iter().map(|state| (*state, &self.states[*state]));
        let stay: BTreeSet<usize> =
            all().filter(|(_, state)| state.is_star).map(|(number, _)| number).collect();
        let mut by_byte: BTreeMap<u8, BTreeSet<usize>> = BTreeMap::new();
        for (byte, to) in all().flat_map(|(_, state)| state.next.iter().copied()) {
            let set = by_byte.entry(byte).or_insert_with(|| stay.clone());
            set.insert(to);
            // A `*` takes no byte as well as many.
            set.extend(self.states[to].star);
        }
        by_byte.into_values().chain((!stay.is_empty()).then_some(stay)).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Filter, Pattern};
    use serde_json::{Value, json};

    fn filter(pattern: &Value) -> Filter {
        Pattern::parse(&pattern.to_string()).expect("a pattern").filter
    }

    fn on_one_path(wildcards: &[&str]) -> usize {
        let all: Vec<Value> = wildcards.iter().map(|text| json!({ "wildcard": text })).collect();
        filter(&json!({ "a": all })).complexity()
    }

    #[test]
    fn it_is_what_people_report_of_eventbridge() {
        for (wildcards, expected) in [
            (&["*"][..], 2),
            (&["x*"], 2),
            (&["*a*a*a*"], 7),
            (&["*:stack/A/*", "*:stack/B/*", "*:stack/C/*"], 9),
            (&["*:stack/A/*", "*:stack/B/*", "*:stack/C/*", "*:stack/D/*"], 11),
            (&["*.bif", "*.tiff", "*.tif", "*.svs"], 8),
            (&["*/d/*.bif", "*/d/*.tif"], 8),
            (&["*/d/*.bif", "*/d/*.tif", "*/d/*.tiff", "*/d/*.svs"], 11),
            (&["*a*b*c*d*e"], 6),
            (&["*a*a*a*a*a*"], 11),
            (&["*a*a*a*a*"], 9),
            (&["\\*x"], 1),
        ] {
            assert_eq!(on_one_path(wildcards), expected, "{wildcards:?}");
        }
    }

    #[test]
    fn only_wildcards_count_and_only_those_of_one_path_together() {
        let of = |pattern: Value| filter(&pattern).complexity();
        let plain = json!({ "a": ["x", { "prefix": "p" }, { "suffix": "s" }, { "equals-ignore-case": "e" },
            { "cidr": "10.0.0.0/8" }, { "numeric": [">", 1] }, { "anything-but": { "suffix": ["t", "u"] } }] });
        assert_eq!(of(plain), 0);
        assert_eq!(of(json!({ "a": [{ "anything-but": { "wildcard": ["*-x", "*-y"] } }] })), 3);
        let one = on_one_path(&["*-x"]);
        assert_eq!(of(json!({ "a": [{ "wildcard": "*-x" }], "b": [{ "wildcard": "*-y" }] })), one);
        let alternatives = |paths: [&str; 2]| {
            let of = |n: usize| json!({ paths[n]: [{ "wildcard": (["*-x", "*-y"][n]) }] });
            json!({ "c": ["z"], "$or": [of(0), of(1)] })
        };
        assert_eq!(of(alternatives(["a", "b"])), one);
        assert_eq!(of(alternatives(["a", "a"])), 2 * one);
    }
}
