//! The operators on strings: `exactly`, `prefix`, `suffix`, `equals-ignore-case` and `wildcard`.
//!
//! EventBridge compares strings with the quotes around them, so that the prefix `x"` takes `x`, and so does the
//! suffix `"x`.

/// How a string is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextKind {
    /// `exactly`: unlike a plain string, it is never compared as an address.
    Exactly,
    /// `prefix`: the string begins with the text.
    Prefix,
    /// `suffix`: the string ends with the text.
    Suffix,
    /// `equals-ignore-case`: the string is the text, in upper or lower case.
    IgnoreCase,
    /// What EventBridge makes of `equals-ignore-case` beside a wildcard that begins with `*` on the same field: any
    /// character stands for the first. No pattern is read so; see [`ruler::kept`](crate::ruler::kept).
    IgnoreCaseButFirst,
    /// `prefix` with `equals-ignore-case` inside.
    PrefixIgnoreCase,
    /// `suffix` with `equals-ignore-case` inside.
    SuffixIgnoreCase,
    /// `wildcard`: `*` stands for any characters; `\*` and `\\` for themselves.
    Wildcard,
}

/// One test of a string.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextTest {
    /// How the string is tested.
    pub kind: TextKind,
    /// What it is tested with, as the pattern writes it.
    pub text: String,
}

impl TextTest {
    /// Whether a string passes the test.
    pub fn passes(&self, value: &str) -> bool {
        self.kind.passes(&self.text, value)
    }

    /// Of a wildcard, the literal texts between its stars.
    pub fn pieces(&self) -> Vec<String> {
        pieces(&self.text)
    }
}

impl TextKind {
    /// Whether `value` passes this kind of test with `text`.
    pub fn passes(self, text: &str, value: &str) -> bool {
        match self {
            Self::Exactly => value == text,
            Self::Prefix => {
                value.starts_with(text) || text.strip_suffix('"').is_some_and(|all| all == value)
            }
            Self::Suffix => {
                value.ends_with(text) || text.strip_prefix('"').is_some_and(|all| all == value)
            }
            Self::IgnoreCase => folds_to(text, value),
            Self::IgnoreCaseButFirst => {
                let after_first = |text: &str| {
                    let mut chars = text.chars();
                    chars.next().map(|_| chars.as_str().to_owned())
                };
                match (after_first(text), after_first(value)) {
                    (Some(text), Some(value)) => folds_to(&text, &value),
                    _ => folds_to(text, value),
                }
            }
            Self::PrefixIgnoreCase => {
                rest_after(text, value).is_some()
                    || text.strip_suffix('"').is_some_and(|all| folds_to(all, value))
            }
            Self::SuffixIgnoreCase => {
                rest_before(text, value).is_some()
                    || text.strip_prefix('"').is_some_and(|all| folds_to(all, value))
            }
            Self::Wildcard => wildcard_passes(&pieces(text), value),
        }
    }
}

/// What a value may have in place of one character of a text whose case does not count.
///
/// EventBridge takes UTF-16 units one by one, and of each its form in lower case and its form in upper case, which
/// may be several characters: `ß` takes `ß` and `SS`, `ς` takes `ς` and `Σ` but not `σ`, and `k` does not take the
/// sign of the kelvin. The halves of a character beyond U+FFFF have no such forms: `None`, and no value is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cases {
    lower: String,
    upper: String,
}

impl Cases {
    /// Those of a whole text.
    pub(super) fn of(text: &str) -> Option<Vec<Self>> {
        text.chars().map(Self::of_character).collect()
    }

    fn of_character(character: char) -> Option<Self> {
        (character <= '\u{ffff}').then(|| Self {
            lower: character.to_lowercase().collect(),
            upper: character.to_uppercase().collect(),
        })
    }

    /// Whether every form of it is one of `wide`.
    pub(super) fn within(&self, wide: &Self) -> bool {
        [&self.lower, &self.upper].iter().all(|form| **form == wide.lower || **form == wide.upper)
    }
}

fn folds_to(text: &str, value: &str) -> bool {
    rest_after(text, value).is_some_and(str::is_empty)
}

/// What follows in a value that begins with a text in any case.
pub(super) fn rest_after<'v>(text: &str, value: &'v str) -> Option<&'v str> {
    // No form of a character begins with another form of it, so that there is nothing to choose.
    text.chars().try_fold(value, |rest, character| {
        let Cases { lower, upper } = Cases::of_character(character)?;
        rest.strip_prefix(lower.as_str()).or_else(|| rest.strip_prefix(upper.as_str()))
    })
}

/// What stands before a text in any case at the end of a value.
pub(super) fn rest_before<'v>(text: &str, value: &'v str) -> Option<&'v str> {
    text.chars().rev().try_fold(value, |rest, character| {
        let Cases { lower, upper } = Cases::of_character(character)?;
        rest.strip_suffix(lower.as_str()).or_else(|| rest.strip_suffix(upper.as_str()))
    })
}

/// The same text for all texts that one operator takes in any case; others may share it.
pub(super) fn folded(text: &str) -> String {
    // Twice in lower case: `ẞ` is the upper case of nothing, and `ß` is the lower case of it.
    let lower = text.chars().flat_map(char::to_lowercase);
    lower.flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

/// Whether case makes no difference to this text.
pub fn is_caseless(text: &str) -> bool {
    text.chars().all(|c| {
        c <= '\u{ffff}'
            && c.to_lowercase().eq(std::iter::once(c))
            && c.to_uppercase().eq(std::iter::once(c))
    })
}

/// A text as a wildcard that only it passes.
pub fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('*', "\\*")
}

/// Says what EventBridge refuses in a wildcard.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>
pub fn wildcard_problem(text: &str) -> Option<&'static str> {
    let mut characters = text.chars();
    let mut after_star = false;
    while let Some(character) = characters.next() {
        match character {
            '*' if after_star => return Some("a wildcard cannot have `*` twice in a row"),
            '\\' if !matches!(characters.next(), Some('*' | '\\')) => {
                return Some("in a wildcard, `\\` can only stand before `*` or `\\`");
            }
            _ => {}
        }
        after_star = character == '*';
    }
    None
}

/// The literal texts between the stars, unescaped.
pub fn pieces(wildcard: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut characters = wildcard.chars();
    while let Some(character) = characters.next() {
        let literal = match character {
            '*' => {
                pieces.push(String::new());
                continue;
            }
            '\\' => characters.next().unwrap_or('\\'),
            other => other,
        };
        if let Some(piece) = pieces.last_mut() {
            piece.push(literal);
        }
    }
    pieces
}

fn wildcard_passes(pieces: &[String], value: &str) -> bool {
    let [first, between @ .., last] = pieces else {
        return pieces.first().is_some_and(|only| only == value);
    };
    let Some(mut rest) = value.strip_prefix(first.as_str()) else {
        return false;
    };
    // Taking each piece where it first occurs leaves the most for those that follow.
    for piece in between {
        let Some(at) = rest.find(piece.as_str()) else {
            return false;
        };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_pass_what_aws_says_they_pass() {
        for (wildcard, value, passes) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("a*", "a", true),
            ("*a", "ba", true),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "acb", false),
            ("a*bc*bc", "abcbc", true),
            ("a*bc*bc", "abc", false),
            ("arn:*:role/x*", "arn:aws:iam::111122223333:role/x-1", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "axb", false),
            ("a\\\\*", "a\\z", true),
        ] {
            assert_eq!(TextKind::Wildcard.passes(wildcard, value), passes, "{wildcard} ~ {value}");
        }
    }

    #[test]
    fn wildcards_that_aws_refuses_are_found() {
        for bad in ["**", "a**b", "\\x", "a\\", "*\\*\\"] {
            assert!(wildcard_problem(bad).is_some(), "{bad}");
        }
        for good in ["", "*", "*a*", "*\\**", "\\\\"] {
            assert_eq!(wildcard_problem(good), None, "{good}");
        }
    }

    #[test]
    fn an_escaped_text_is_a_wildcard_for_itself() {
        for text in ["", "a*b", "a\\b", "\\*", "**"] {
            let wildcard = escaped(text);
            assert_eq!(wildcard_problem(&wildcard), None, "{text}");
            assert_eq!(pieces(&wildcard), [text]);
        }
    }

    #[test]
    fn case_is_left_out_one_character_at_a_time() {
        let passes = |kind: TextKind, text: &str, value: &str| kind.passes(text, value);
        assert!(passes(TextKind::IgnoreCase, "Alice", "aLICE"));
        assert!(passes(TextKind::PrefixIgnoreCase, "ROLE/", "role/admin"));
        assert!(passes(TextKind::SuffixIgnoreCase, ".PNG", "x.png"));
        for (text, value, expected) in [
            ("ß", "SS", true),
            ("ß", "ß", true),
            ("ß", "ss", false),
            ("ss", "ß", false),
            ("ı", "I", true),
            ("ı", "i", false),
            ("ς", "Σ", true),
            ("ς", "σ", false),
            ("k", "\u{212a}", false),
            ("\u{212a}", "k", true),
            ("İ", "i\u{307}", true),
            ("x😀", "x😀", false),
            ("ǅ", "ǅ", false),
            ("ǅ", "ǆ", true),
        ] {
            assert_eq!(passes(TextKind::IgnoreCase, text, value), expected, "{text} {value}");
            let prefix = passes(TextKind::PrefixIgnoreCase, text, &format!("{value}y"));
            assert_eq!(prefix, expected, "{text} {value}");
            let suffix = passes(TextKind::SuffixIgnoreCase, text, &format!("y{value}"));
            assert_eq!(suffix, expected, "{text} {value}");
        }
    }

    #[test]
    fn quotes_are_compared_too() {
        for (kind, text, value, expected) in [
            (TextKind::Prefix, "x\"", "x", true),
            (TextKind::Prefix, "x\"", "xy", false),
            (TextKind::Prefix, "x\"", "x\"y", true),
            (TextKind::Prefix, "\"", "", true),
            (TextKind::Prefix, "\"", "x", false),
            (TextKind::Suffix, "\"x", "x", true),
            (TextKind::Suffix, "\"x", "yx", false),
            (TextKind::PrefixIgnoreCase, "X\"", "x", true),
            (TextKind::SuffixIgnoreCase, "\"X", "x", true),
            (TextKind::SuffixIgnoreCase, "\"X", "yx", false),
        ] {
            assert_eq!(kind.passes(text, value), expected, "{kind:?} {text} {value}");
        }
    }

    #[test]
    fn the_forms_of_a_character_are_told_by_their_beginning_and_their_end_and_fold_to_one_text() {
        for character in '\0'..='\u{ffff}' {
            let Some(Cases { lower, upper }) = Cases::of_character(character) else { continue };
            assert_eq!(folded(&lower), folded(&upper), "{character}");
            assert_eq!(folded(&lower), folded(&character.to_string()), "{character}");
            if lower != upper {
                assert!(!lower.starts_with(&upper) && !upper.starts_with(&lower), "{character}");
                assert!(!lower.ends_with(&upper) && !upper.ends_with(&lower), "{character}");
            }
        }
    }
}
