//! Texts with stars: from operators and back, and what two of them have in common.

use eventbridge_pattern::{Matcher, TextKind, TextTest};
use serde_json::Value;

/// Most wildcards that a condition may become.
const MAX: usize = 24;

/// Most steps that looking for what two texts have in common may take.
const MAX_STEPS: usize = 20_000;

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Char(char),
    /// Any characters, or none.
    Star,
}

/// The text that an operator asks for; `None` where it asks for something else. The second value
/// tells that it ignores case, which a wildcard does not.
pub(super) fn parts_of(matcher: &Matcher) -> Option<(Vec<Part>, bool)> {
    let chars = |text: &str| text.chars().map(Part::Char).collect::<Vec<_>>();
    let (mut parts, kind) = match matcher {
        Matcher::Exact(Value::String(text)) => return Some((chars(text), false)),
        Matcher::Exists(true) => return Some((vec![Part::Star], false)),
        Matcher::Text(TextTest { kind: TextKind::Wildcard, text }) => {
            return Some((wildcard_parts(text), false));
        }
        Matcher::Text(TextTest { kind, text }) => (chars(text), *kind),
        _ => return None,
    };
    match kind {
        TextKind::Prefix | TextKind::PrefixIgnoreCase => parts.push(Part::Star),
        TextKind::Suffix | TextKind::SuffixIgnoreCase => parts.insert(0, Part::Star),
        _ => {}
    }
    let ignoring = matches!(
        kind,
        TextKind::IgnoreCase | TextKind::PrefixIgnoreCase | TextKind::SuffixIgnoreCase
    );
    Some((parts, ignoring))
}

fn wildcard_parts(text: &str) -> Vec<Part> {
    let mut characters = text.chars();
    let mut parts = Vec::new();
    while let Some(one) = characters.next() {
        parts.push(match one {
            '*' => Part::Star,
            '\\' => Part::Char(characters.next().unwrap_or('\\')),
            one => Part::Char(one),
        });
    }
    parts
}

/// The shortest operator for a text that compares letter by letter.
pub(super) fn matcher_of(parts: &[Part]) -> Matcher {
    let text = |parts: &[Part]| -> Option<String> {
        let char_of = |part: &Part| match part {
            Part::Char(one) => Some(*one),
            Part::Star => None,
        };
        parts.iter().map(char_of).collect()
    };
    let test = |kind, text| Matcher::Text(TextTest { kind, text });
    match parts {
        [Part::Star] => return Matcher::Exists(true),
        [Part::Star, rest @ ..] => {
            if let Some(text) = text(rest) {
                return test(TextKind::Suffix, text);
            }
        }
        [start @ .., Part::Star] => {
            if let Some(text) = text(start) {
                return test(TextKind::Prefix, text);
            }
        }
        _ => {}
    }
    if let Some(text) = text(parts) {
        return Matcher::exact(text);
    }
    let mut wildcard = String::new();
    for part in parts {
        match part {
            Part::Star => wildcard.push('*'),
            Part::Char(one @ ('*' | '\\')) => wildcard.extend(['\\', *one]),
            Part::Char(one) => wildcard.push(*one),
        }
    }
    test(TextKind::Wildcard, wildcard)
}

/// Texts of which at least one fits if and only if both fit; `None` when they are too many.
pub(super) fn both(one: &[Part], other: &[Part]) -> Option<Vec<Vec<Part>>> {
    let mut search = Search { found: Vec::new(), steps: 0 };
    search.run(one, other, &mut Vec::new())?;
    Some(search.found)
}

struct Search {
    found: Vec<Vec<Part>>,
    steps: usize,
}

impl Search {
    fn run(&mut self, one: &[Part], other: &[Part], before: &mut Vec<Part>) -> Option<()> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return None;
        }
        match (one.split_first(), other.split_first()) {
            (None, None) => {
                let mut text = before.clone();
                text.dedup_by(|a, b| *a == Part::Star && *b == Part::Star);
                if !self.found.contains(&text) {
                    self.found.push(text);
                }
                return (self.found.len() <= MAX).then_some(());
            }
            (Some((Part::Star, [])), _) => return self.end(other, before),
            (_, Some((Part::Star, []))) => return self.end(one, before),
            (Some((Part::Star, rest)), Some((Part::Star, beyond))) => {
                self.with(Part::Star, rest, other, before)?;
                self.with(Part::Star, one, beyond, before)?;
            }
            (Some((Part::Star, rest)), Some((next, beyond))) => {
                self.run(rest, other, before)?;
                self.with(*next, one, beyond, before)?;
            }
            (Some((next, rest)), Some((Part::Star, beyond))) => {
                self.run(one, beyond, before)?;
                self.with(*next, rest, other, before)?;
            }
            (Some((next, rest)), Some((same, beyond))) if next == same => {
                self.with(*next, rest, beyond, before)?;
            }
            (Some((Part::Star, rest)), None) | (None, Some((Part::Star, rest))) => {
                self.run(rest, &[], before)?;
            }
            _ => {}
        }
        Some(())
    }

    fn with(
        &mut self,
        part: Part,
        one: &[Part],
        other: &[Part],
        before: &mut Vec<Part>,
    ) -> Option<()> {
        before.push(part);
        let done = self.run(one, other, before);
        before.pop();
        done
    }

    /// Behind a star at the end the other text is free.
    fn end(&mut self, rest: &[Part], before: &mut Vec<Part>) -> Option<()> {
        let length = before.len();
        before.extend(rest);
        let done = self.run(&[], &[], before);
        before.truncate(length);
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(one: &str, other: &str) -> Vec<String> {
        let found = both(&wildcard_parts(one), &wildcard_parts(other)).unwrap();
        let shown = |parts: &Vec<Part>| {
            let shown = parts.iter().map(|part| match part {
                Part::Star => '*',
                Part::Char(one) => *one,
            });
            shown.collect()
        };
        found.iter().map(shown).collect()
    }

    #[test]
    fn two_texts_in_any_order_and_overlapping() {
        assert_eq!(texts("*ab*", "*cd*"), ["*ab*cd*", "*cd*ab*"]);
        let found = texts("*ab*", "*bc*");
        assert!(found.contains(&"*abc*".to_owned()), "{found:?}");
        assert_eq!(texts("a*", "*b"), ["a*b"]);
        assert_eq!(texts("a*", "b*"), Vec::<String>::new());
        assert!(texts("aba*", "*bab").contains(&"abab".to_owned()));
    }

    #[test]
    fn what_both_take_is_found_for_every_short_text() {
        let wild = ["*ab*", "a*", "*b", "*a*b*", "ab", "*ba*", "b*a"];
        let all: Vec<String> = (0..4_usize.pow(5))
            .map(|mut number| {
                let mut text = String::new();
                while number > 0 {
                    text.push(['a', 'b', 'c', 'd'][number % 4]);
                    number /= 4;
                }
                text
            })
            .collect();
        let takes = |parts: &[Part], text: &str| {
            let matcher = matcher_of(parts);
            matcher.accepts(&Value::from(text))
        };
        for one in wild {
            for other in wild {
                let (one, other) = (wildcard_parts(one), wildcard_parts(other));
                let found = both(&one, &other).unwrap();
                for text in &all {
                    let wanted = takes(&one, text) && takes(&other, text);
                    let got = found.iter().any(|parts| takes(parts, text));
                    assert_eq!(wanted, got, "{one:?} {other:?} {text}");
                }
            }
        }
    }
}
