//! The operators on strings: `prefix`, `suffix`, `equals-ignore-case` and `wildcard`.

/// How a string is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextKind {
    /// `prefix`: the string begins with the text.
    Prefix,
    /// `suffix`: the string ends with the text.
    Suffix,
    /// `equals-ignore-case`: the string is the text, in upper or lower case.
    IgnoreCase,
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
            Self::Prefix => value.starts_with(text),
            Self::Suffix => value.ends_with(text),
            Self::IgnoreCase => folded(value) == folded(text),
            Self::PrefixIgnoreCase => folded(value).starts_with(&folded(text)),
            Self::SuffixIgnoreCase => folded(value).ends_with(&folded(text)),
            Self::Wildcard => wildcard_passes(&pieces(text), value),
        }
    }
}

/// Lower case, character by character: unlike `str::to_lowercase`, what stands beside a character
/// does not change it, so the fold of a joined text is the joined folds.
pub fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// Whether case makes no difference to this text.
pub fn is_caseless(text: &str) -> bool {
    text.chars().all(|c| c.to_lowercase().eq(c.to_uppercase()))
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
    fn case_is_folded_one_character_at_a_time() {
        assert!(TextKind::IgnoreCase.passes("Alice", "aLICE"));
        assert!(TextKind::PrefixIgnoreCase.passes("ROLE/", "role/admin"));
        assert!(TextKind::SuffixIgnoreCase.passes(".PNG", "x.png"));
        assert_eq!(folded("ΑΣ"), "ας".replace('ς', "σ"), "a final sigma folds as any other");
    }
}
