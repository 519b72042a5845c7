//! Sets of texts: what a field can hold and what an operator takes, in one form, so that it can be
//! decided whether they have a text in common.
//!
//! A set is a row of characters, each from a class, some of them any number of times. Formats are
//! written with placeholders: `arn:{partition}:iam::{account}:root`.

use eventbridge_pattern::{Matcher, TextKind, TextTest};
use serde_json::Value;

/// A class of characters: those of ASCII by their bits, and all others together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Class {
    ascii: u128,
    others: bool,
}

/// One character of a class, or any number of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    class: Class,
    many: bool,
}

/// A set of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Texts(Vec<Step>);

const ALL: Class = Class { ascii: u128::MAX, others: true };
const DIGIT: &str = "0123456789";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const HEX: &str = "0123456789abcdefABCDEF";

/// What each placeholder of a format stands for, for people.
pub(super) const PLACEHOLDERS: &[(&str, &str)] = &[
    ("{account}", "twelve digits"),
    ("{address}", "what an IP address is written with: digits, a-f, `:` and `.`"),
    ("{any}", "any characters but `*`, or none"),
    ("{digit}", "a digit"),
    ("{digits}", "one or more digits"),
    ("{host}", "one or more of letters, digits, `.`, `-` and `_`"),
    (
        "{name}",
        "one or more of the characters that IAM takes in names: letters, digits and `_+=,.@-`",
    ),
    ("{partition}", "`aws`, `aws-cn`, `aws-us-gov`, …"),
    ("{path}", "one or more of the characters of names and `/`"),
    ("{service}", "the short name of a service that begins with neither `i` nor `s`"),
    ("{uuid}", "a UUID"),
    ("{word}", "one or more of a-z and `-`"),
];

impl Class {
    fn of(characters: &str) -> Self {
        let mut class = Self { ascii: 0, others: false };
        for character in characters.chars() {
            match u32::from(character) {
                code @ 0..128 => class.ascii |= 1 << code,
                _ => class.others = true,
            }
        }
        class
    }

    /// A character in either case.
    fn any_case(character: char) -> Self {
        let cases: String =
            character.to_lowercase().chain(character.to_uppercase()).chain([character]).collect();
        Self::of(&cases)
    }

    fn without(self, characters: &str) -> Self {
        Self { ascii: self.ascii & !Self::of(characters).ascii, ..self }
    }

    /// The characters of both.
    fn and(self, other: Self) -> Option<Self> {
        let both = Self { ascii: self.ascii & other.ascii, others: self.others && other.others };
        (both.ascii != 0 || both.others).then_some(both)
    }

    /// One of its characters, a letter or digit if it has one.
    fn character(self) -> char {
        let likely = [LOWER, DIGIT, UPPER].into_iter().flat_map(str::chars);
        let printable = (33_u8..127).map(char::from);
        let mut all = likely.chain(printable);
        all.find(|one| self.and(Self::of(&one.to_string())).is_some()).unwrap_or('é')
    }
}

impl Step {
    /// The one character that it stands for; none where there are several, or any number.
    fn fixed(&self) -> Option<char> {
        let one = self.class.ascii.is_power_of_two() && !self.class.others && !self.many;
        let code = u8::try_from(self.class.ascii.trailing_zeros()).ok()?;
        one.then(|| char::from(code))
    }
}

/// The pair of steps before another, and the characters that lead from one to the other.
type Way = (usize, Option<Class>);

impl Texts {
    /// Reads a format. A brace that opens no known placeholder stands for itself.
    pub fn format(format: &str) -> Self {
        let mut steps = Vec::new();
        let mut rest = format;
        while let Some(first) = rest.chars().next() {
            let known = PLACEHOLDERS.iter().find(|(name, _)| rest.starts_with(name));
            match known {
                Some((name, _)) => {
                    steps.extend(placeholder(name));
                    rest = &rest[name.len()..];
                }
                None => {
                    steps.push(Step { class: Class::of(&first.to_string()), many: false });
                    rest = &rest[first.len_utf8()..];
                }
            }
        }
        Self(steps)
    }

    /// All texts.
    pub fn anything() -> Self {
        Self(Vec::new()).then_anything()
    }

    /// One text.
    pub fn literal(text: &str) -> Self {
        Self(
            text.chars()
                .map(|one| Step { class: Class::of(&one.to_string()), many: false })
                .collect(),
        )
    }

    fn ignoring_case(text: &str) -> Self {
        Self(text.chars().map(|one| Step { class: Class::any_case(one), many: false }).collect())
    }

    fn then_anything(mut self) -> Self {
        self.0.push(Step { class: ALL, many: true });
        self
    }

    fn after_anything(mut self) -> Self {
        self.0.insert(0, Step { class: ALL, many: true });
        self
    }

    /// The texts that an operator takes; `None` when it is no test of texts that can be written so.
    pub fn taken_by(matcher: &Matcher) -> Option<Self> {
        match matcher {
            Matcher::Exact(Value::String(text)) => Some(Self::literal(text)),
            Matcher::Text(test) => Some(Self::passing(test)),
            _ => None,
        }
    }

    fn passing(test: &TextTest) -> Self {
        let text = test.text.as_str();
        // A quote at the end of a prefix, or at the start of a suffix, closes the value.
        let open =
            |text: &str, quote: Option<&str>, all: fn(&str) -> Self, more: fn(Self) -> Self| {
                match quote {
                    Some(whole) => all(whole),
                    None => more(all(text)),
                }
            };
        match test.kind {
            TextKind::Exactly => Self::literal(text),
            TextKind::Prefix => {
                open(text, text.strip_suffix('"'), Self::literal, Self::then_anything)
            }
            TextKind::Suffix => {
                open(text, text.strip_prefix('"'), Self::literal, Self::after_anything)
            }
            TextKind::IgnoreCase => Self::ignoring_case(text),
            TextKind::IgnoreCaseButFirst => {
                let mut all = Self::ignoring_case(text);
                if let Some(first) = all.0.first_mut() {
                    first.class = ALL;
                }
                all
            }
            TextKind::PrefixIgnoreCase => {
                open(text, text.strip_suffix('"'), Self::ignoring_case, Self::then_anything)
            }
            TextKind::SuffixIgnoreCase => {
                open(text, text.strip_prefix('"'), Self::ignoring_case, Self::after_anything)
            }
            TextKind::Wildcard => {
                let pieces = test.pieces();
                let mut steps = Vec::new();
                for (number, piece) in pieces.iter().enumerate() {
                    if number > 0 {
                        steps.push(Step { class: ALL, many: true });
                    }
                    steps.extend(Self::literal(piece).0);
                }
                Self(steps)
            }
        }
    }

    /// Whether some text is in both.
    pub fn meets(&self, other: &Self) -> bool {
        self.ways(other).1
    }

    /// A text that is in both.
    pub fn common(&self, other: &Self) -> Option<String> {
        let (came, met) = self.ways(other);
        if !met {
            return None;
        }
        let width = other.0.len() + 1;
        let mut at = self.0.len() * width + other.0.len();
        let mut text = Vec::new();
        while let Some((before, class)) = came.get(at).copied().flatten().filter(|_| at != 0) {
            text.extend(class.map(Class::character));
            at = before;
        }
        Some(text.into_iter().rev().collect())
    }

    /// For each pair of steps that characters lead to, the pair before it with the characters in between; and whether
    /// the ends of both are reached. Where both steps may stand any number of times, none stands.
    fn ways(&self, other: &Self) -> (Vec<Option<Way>>, bool) {
        let (a, b) = (&self.0, &other.0);
        let width = b.len() + 1;
        let mut came: Vec<Option<Way>> = vec![None; (a.len() + 1) * width];
        came[0] = Some((0, None));
        for i in 0..=a.len() {
            for j in 0..=b.len() {
                let here = i * width + j;
                if came[here].is_none() {
                    continue;
                }
                let mut reach = |i: usize, j: usize, by: Option<Class>| {
                    came[i * width + j].get_or_insert((here, by));
                };
                let (one, two) = (a.get(i), b.get(j));
                if let (Some(one), Some(two)) = (one, two)
                    && let Some(class) = one.class.and(two.class)
                    && !(one.many && two.many)
                {
                    let i = if one.many { i } else { i + 1 };
                    reach(i, if two.many { j } else { j + 1 }, Some(class));
                }
                if one.is_some_and(|step| step.many) {
                    reach(i + 1, j, None);
                }
                if two.is_some_and(|step| step.many) {
                    reach(i, j + 1, None);
                }
            }
        }
        let met = came[a.len() * width + b.len()].is_some();
        (came, met)
    }

    /// Whether a text is in it.
    pub fn has(&self, text: &str) -> bool {
        self.meets(&Self::literal(text))
    }

    /// Whether a wildcard takes every text of the set: what may vary stands where the wildcard has a
    /// star.
    pub fn are_taken_by_wildcard(&self, wildcard: &str) -> bool {
        let mut parts: Vec<Option<char>> = Vec::new();
        let mut rest = wildcard.chars();
        while let Some(one) = rest.next() {
            parts.push(match one {
                '*' => None,
                '\\' => rest.next(),
                one => Some(one),
            });
        }
        // By the number of steps, whether the parts so far can take them.
        let mut taken: Vec<bool> = (0..=self.0.len()).map(|steps| steps == 0).collect();
        for part in parts {
            let before = taken;
            taken = vec![false; before.len()];
            for (at, reached) in before.iter().enumerate().filter(|(_, reached)| **reached) {
                match part {
                    None => taken[at..].fill(*reached),
                    Some(wanted) => {
                        if self.0.get(at).and_then(Step::fixed) == Some(wanted) {
                            taken[at + 1] = true;
                        }
                    }
                }
            }
        }
        taken.last() == Some(&true)
    }

    /// What every text of the set begins with.
    pub fn beginning(&self) -> String {
        self.0.iter().map_while(Step::fixed).collect()
    }

    /// What every text of the set ends with.
    pub fn ending(&self) -> String {
        let mut all: Vec<char> = self.0.iter().rev().map_while(Step::fixed).collect();
        all.reverse();
        all.into_iter().collect()
    }
}

/// The steps of a placeholder.
fn placeholder(name: &str) -> Vec<Step> {
    let names = format!("{LOWER}{UPPER}{DIGIT}_+=,.@-");
    let one = |characters: &str| Step { class: Class::of(characters), many: false };
    let many = |characters: &str| Step { class: Class::of(characters), many: true };
    let some = |characters: &str| vec![one(characters), many(characters)];
    match name {
        "{account}" => vec![one(DIGIT); 12],
        "{address}" => some(&format!("{HEX}:.")),
        "{digit}" => vec![one(DIGIT)],
        "{digits}" => some(DIGIT),
        "{host}" => some(&format!("{LOWER}{UPPER}{DIGIT}._-")),
        "{name}" => some(&names),
        "{partition}" => {
            let mut steps = Texts::literal("aws").0;
            steps.push(many(&format!("{LOWER}-")));
            steps
        }
        "{path}" => {
            let class = Class::of(&format!("{names}/"));
            vec![Step { class, many: false }, Step { class, many: true }]
        }
        "{service}" => {
            let first = Class::of(LOWER).without("is");
            vec![Step { class: first, many: false }, many(&format!("{LOWER}{DIGIT}-"))]
        }
        "{uuid}" => {
            let mut steps = Vec::new();
            for (number, length) in [8, 4, 4, 4, 12].into_iter().enumerate() {
                if number > 0 {
                    steps.push(one("-"));
                }
                steps.extend(vec![one(HEX); length]);
            }
            steps
        }
        "{word}" => some(&format!("{LOWER}-")),
        _ => vec![Step { class: ALL.without("*"), many: true }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eventbridge_pattern::Filter;
    use serde_json::json;

    fn taken(matcher: &Value) -> Texts {
        let filter = Filter::parse(&json!({ "x": [matcher] })).expect("a filter");
        let Filter::Field { matchers, .. } = &filter else { panic!("{filter:?}") };
        Texts::taken_by(&matchers[0]).expect("a test of texts")
    }

    #[test]
    fn a_format_has_a_text_in_common_with_a_test_or_not() {
        let user = "arn:{partition}:iam::{account}:user/{path}";
        let session = "arn:{partition}:sts::{account}:assumed-role/{name}/{name}";
        for (format, matcher, common) in [
            (user, json!("arn:aws:iam::111122223333:user/eve"), true),
            (user, json!("arn:aws-cn:iam::111122223333:user/a/b/eve"), true),
            (user, json!("arn:aws:iam::1111-2222-3333:user/eve"), false),
            (user, json!("arn:aws:iam::111122223333:role/eve"), false),
            (user, json!({"wildcard": "*:user/x-*"}), true),
            (user, json!({"wildcard": "*:role/*"}), false),
            (user, json!({"wildcard": "arn:aws:iam::*:role/*"}), false),
            (user, json!({"prefix": "arn:aws:iam::1"}), true),
            (user, json!({"suffix": ":root"}), false),
            (session, json!("arn:aws:sts::111122223333:assumed-role/Admin/eve"), true),
            (session, json!("arn:aws:sts::111122223333:assumed-role/Admin"), false),
            (session, json!("arn:aws:sts::111122223333:assumed-role/a/b/c"), false),
            (session, json!("arn:aws:sts::111122223333:assumed-role/Admin/*"), false),
            (session, json!({"wildcard": "*assumed-role/Admin/*"}), true),
            (session, json!({"suffix": "/eve"}), true),
            ("TLSv{any}", json!({"equals-ignore-case": "tlsV1.2"}), true),
            ("TLSv{any}", json!({"prefix": {"equals-ignore-case": "tls1"}}), false),
            ("{any}", json!("a*"), false),
            ("{any}", json!("ä"), true),
            ("vpce-{any}", json!({"prefix": "vpce-"}), true),
            ("vpce-{any}", json!({"prefix": "vpc-"}), false),
            ("{uuid}", json!("4a927aa6-3d1b-4ccf-a231-a2cbefaeb6b3"), true),
            ("{uuid}", json!("4a927aa63d1b4ccfa231a2cbefaeb6b3"), false),
        ] {
            let texts = taken(&matcher);
            assert_eq!(Texts::format(format).meets(&texts), common, "{format} {matcher}");
            assert_eq!(texts.meets(&Texts::format(format)), common, "{matcher} {format}");
        }
    }

    #[test]
    fn an_example_is_in_the_set() {
        for (name, _) in PLACEHOLDERS {
            for format in [(*name).to_owned(), format!("a{name}:{name}z")] {
                let texts = Texts::format(&format);
                let example = texts.common(&Texts::anything()).expect("not empty");
                assert!(texts.has(&example), "{format} {example}");
            }
        }
    }
}
