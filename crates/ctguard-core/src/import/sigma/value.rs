//! Fields, modifiers and values of a detection.
//!
//! Source: <https://sigmahq.io/sigma-specification/specification/sigma-appendix-modifiers.html>

use super::super::formula::Formula;
use super::super::wildcard::Part;
use super::regex;
use super::spelling::{Kind, Known, Speller};
use crate::events::tree::{Entry, Node, Value};
use eventbridge_pattern::{Filter, Matcher, address};
use ipnet::IpNet;
use serde_json::{Value as Json, json};

/// Modifiers that EventBridge has nothing for, each with the reason.
const REFUSED: [(&str, &str); 18] = [
    ("fieldref", "compares two fields of a record, and EventBridge compares a field with a value"),
    ("expand", "stands for values that only another tool knows"),
    ("base64", "compares encoded text"),
    ("base64offset", "compares encoded text"),
    ("utf16", "compares encoded text"),
    ("utf16le", "compares encoded text"),
    ("utf16be", "compares encoded text"),
    ("wide", "compares encoded text"),
    ("windash", "is about command lines of Windows"),
    ("minute", "takes a time apart, which EventBridge cannot"),
    ("hour", "takes a time apart, which EventBridge cannot"),
    ("day", "takes a time apart, which EventBridge cannot"),
    ("week", "takes a time apart, which EventBridge cannot"),
    ("month", "takes a time apart, which EventBridge cannot"),
    ("year", "takes a time apart, which EventBridge cannot"),
    ("m", "looks at a text line by line, which EventBridge cannot"),
    ("s", "looks at a text over several lines, which EventBridge cannot"),
    ("near", "looks at several events"),
];

/// The key of a condition, taken apart.
#[derive(Debug, Default)]
struct Key<'k> {
    path: &'k str,
    all: bool,
    cased: bool,
    neq: bool,
    contains: bool,
    starts: bool,
    ends: bool,
    regex: bool,
    ignoring: bool,
    exists: bool,
    block: bool,
    compares: Option<&'static str>,
}

impl<'k> Key<'k> {
    fn read(key: &'k str) -> Result<Self, String> {
        let mut parts = key.split('|');
        let path = parts.next().unwrap_or_default().trim();
        let mut own = Self { path, ..Self::default() };
        for modifier in parts {
            if let Some((_, why)) = REFUSED.iter().find(|(name, _)| *name == modifier) {
                return Err(format!("`{key}`: the modifier `{modifier}` {why}"));
            }
            match modifier {
                "all" => own.all = true,
                "cased" => own.cased = true,
                "neq" => own.neq = true,
                "contains" => own.contains = true,
                "startswith" => own.starts = true,
                "endswith" => own.ends = true,
                "re" => own.regex = true,
                "i" => own.ignoring = true,
                "exists" => own.exists = true,
                "cidr" => own.block = true,
                "lt" => own.compares = Some("<"),
                "lte" => own.compares = Some("<="),
                "gt" => own.compares = Some(">"),
                "gte" => own.compares = Some(">="),
                other => return Err(format!("`{key}`: the modifier `{other}` is not known")),
            }
        }
        let odd = |one: char| one.is_whitespace() || "[]{}$*?\"'".contains(one);
        let steps = path.split('.').any(str::is_empty);
        if path.is_empty() {
            return Err(
                "it looks for keywords in the whole record, and EventBridge compares single fields"
                    .to_owned(),
            );
        }
        if path.contains(odd) || steps {
            return Err(format!("`{path}` is not the path of a field of a record"));
        }
        Ok(own)
    }
}

/// The condition of one entry of a map; `taken` is false below a "not".
pub(super) fn condition(
    entry: &Entry,
    taken: bool,
    speller: &mut Speller<'_>,
) -> Result<Formula, String> {
    let key = Key::read(&entry.key)?;
    let taken = taken != key.neq;
    let values = entry.node.each();
    if values.is_empty() {
        return Err(format!("`{}` has no value", entry.key));
    }
    if speller.known(key.path) == Known::Object {
        return Err(format!(
            "`{}` is an object, and EventBridge compares single values: name a field in it",
            key.path
        ));
    }
    if !taken && speller.in_list(key.path) {
        speller.notes.insert(format!(
            "`{}` stands in a list: the alert is raised when any of its elements is another one",
            key.path
        ));
    }
    let mut lists = Vec::new();
    for value in values {
        lists.push(of_value(&key, &value.value, taken, speller)?);
    }
    let path = || key.path.to_owned();
    if key.all && taken && values.len() > 1 {
        let whole = !(key.contains || key.starts || key.ends || key.regex);
        let starred = |one: &Node| one.text().is_some_and(|text| text.contains('*'));
        let plain = values.iter().filter(|one| !starred(one)).count();
        if speller.in_list(key.path) {
            return Err(format!(
                "`{}` asks that a list has several values together, and EventBridge looks at its \
                 elements one by one",
                entry.key
            ));
        }
        if whole && plain > 1 {
            return Err(format!(
                "`{}` asks for several whole values at once, which only a list can have, and \
                 EventBridge looks at its elements one by one",
                entry.key
            ));
        }
    }
    if key.all {
        speller.spell(key.path, &mut Vec::new(), taken, true);
        let each = lists.into_iter().map(|list| Formula::Field { path: path(), list, taken });
        let each = each.collect();
        return Ok(if taken { Formula::All(each) } else { Formula::Any(each) });
    }
    let mut list: Vec<Matcher> = Vec::new();
    for matcher in lists.into_iter().flatten() {
        if !list.contains(&matcher) {
            list.push(matcher);
        }
    }
    speller.spell(key.path, &mut list, taken, false);
    if !taken {
        list = with_one_kind(key.path, list, speller);
    }
    Ok(Formula::Field { path: path(), list, taken })
}

/// `null` cannot be left out together with texts. It hardly stands in a field, so a record that has
/// it raises the alert.
fn with_one_kind(path: &str, list: Vec<Matcher>, speller: &mut Speller<'_>) -> Vec<Matcher> {
    let null = Matcher::Exact(Json::Null);
    let plain = |one: &&Matcher| **one != null && !one.accepts_absent();
    if !list.contains(&null) || list.iter().filter(plain).count() == 0 {
        return list;
    }
    speller.notes.insert(format!("a record with `null` in `{path}` raises the alert"));
    list.into_iter().filter(|one| *one != null).collect()
}

fn of_value(
    key: &Key<'_>,
    value: &Value,
    taken: bool,
    speller: &mut Speller<'_>,
) -> Result<Vec<Matcher>, String> {
    let (text, quoted) = match value {
        Value::Text(text) => (text.clone(), true),
        Value::Plain(Json::Null) if !(key.exists || key.regex || key.block) => {
            return Ok(vec![Matcher::Exact(Json::Null), Matcher::Exists(false)]);
        }
        Value::Plain(plain) if !plain.is_null() => (plain.to_string(), false),
        _ => return Err(format!("a value of `{}` cannot be read", key.path)),
    };
    if key.exists {
        return match text.to_ascii_lowercase().as_str() {
            "true" | "yes" => Ok(vec![Matcher::Exists(true)]),
            "false" | "no" => Ok(vec![Matcher::Exists(false)]),
            _ => Err(format!("`{}|exists` is `{text}`, which is no truth value", key.path)),
        };
    }
    if let Some(sign) = key.compares {
        return numeric(key.path, sign, &text, speller);
    }
    if key.block {
        return block(key.path, &text);
    }
    if key.regex {
        return expression(key, &text, taken, speller);
    }
    if let Some(note) = meant_otherwise(key.path, &text, quoted, speller) {
        speller.notes.insert(note);
    }
    let mut parts = parts(&text).map_err(|()| {
        format!(
            "`{}`: `?` stands for exactly one character in `{text}`, and EventBridge has no \
             wildcard for one",
            key.path
        )
    })?;
    if key.contains || key.ends {
        parts.insert(0, Part::Star);
    }
    if key.contains || key.starts {
        parts.push(Part::Star);
    }
    parts.dedup_by(|a, b| *a == Part::Star && *b == Part::Star);
    if taken && looks_like_a_field(&text) {
        speller.notes.insert(looks_like(key.path, &text));
    } else if looks_like_a_field(&text) {
        speller.notes.insert(format!("{}; so nothing is left out", looks_like(key.path, &text)));
    }
    Ok(match parts.contains(&Part::Star) {
        true => speller.like(key.path, &parts, key.cased),
        false => {
            let kind = Kind { quoted, taken };
            speller.equal(key.path, &plain(&parts), key.cased, kind)
        }
    })
}

/// What a value may be meant to say, and does not.
///
/// Source: <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html>
fn meant_otherwise(path: &str, text: &str, quoted: bool, speller: &Speller<'_>) -> Option<String> {
    let sends = || speller.events.0.values().any(|names| names.contains("SendCommand"));
    match text {
        _ if path == "responseElements.command.status"
            && !text.eq_ignore_ascii_case("Pending")
            && sends() =>
        {
            Some(format!(
                "`ssm:SendCommand` answers before the command runs: `{path}` is then `Pending`, and \
                 never `{text}`"
            ))
        }
        "null" if quoted => Some(format!(
            "`{path}: 'null'` is compared with a text that no record has: without quotes it is a \
             field that is missing"
        )),
        "Success" | "success" if path == "errorCode" => Some(
            "a call that succeeds has no `errorCode`, and none is `Success`: `errorCode: null` is \
             a call that succeeds"
                .to_owned(),
        ),
        _ => None,
    }
}

fn plain(parts: &[Part]) -> String {
    let char_of = |part: &Part| match part {
        Part::Char(one) => Some(*one),
        Part::Star => None,
    };
    parts.iter().filter_map(char_of).collect()
}

/// Whether a value is written like the name of another field: `responseElements.accessKey.userName`.
fn looks_like_a_field(text: &str) -> bool {
    let roots =
        ["requestParameters.", "responseElements.", "userIdentity.", "additionalEventData."];
    roots.iter().any(|root| text.starts_with(root))
}

fn looks_like(path: &str, text: &str) -> String {
    format!(
        "`{text}` is compared with `{path}` as a text, as the rule says; if the field of that name \
         is meant, EventBridge cannot compare two fields"
    )
}

/// The parts of a value; `Err` where one character is left open.
///
/// Source: <https://sigmahq.io/sigma-specification/specification/sigma-rules-specification.html>
fn parts(text: &str) -> Result<Vec<Part>, ()> {
    let mut parts = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(one) = characters.next() {
        parts.push(match one {
            '*' => Part::Star,
            '?' => return Err(()),
            '\\' => match characters.next_if(|next| ['*', '?', '\\'].contains(next)) {
                Some(escaped) => Part::Char(escaped),
                None => Part::Char('\\'),
            },
            one => Part::Char(one),
        });
    }
    Ok(parts)
}

fn numeric(
    path: &str,
    sign: &str,
    text: &str,
    speller: &Speller<'_>,
) -> Result<Vec<Matcher>, String> {
    if matches!(speller.known(path), Known::Text | Known::Words(_)) {
        return Err(format!(
            "`{path}` is a text in records, and EventBridge compares numbers only as numbers"
        ));
    }
    let number: Json = serde_json::from_str(text).unwrap_or(Json::Null);
    list(path, &json!({ "numeric": [sign, number] }))
}

fn block(path: &str, text: &str) -> Result<Vec<Matcher>, String> {
    let Ok(block) = text.parse::<IpNet>() else {
        return Err(format!("`{path}|cidr`: `{text}` is not a block of addresses"));
    };
    const MAX_SPELLED: usize = 64;
    let block = block.trunc();
    // As texts it takes no address of the other family.
    match address::spellings(&block).filter(|list| list.len() <= MAX_SPELLED) {
        Some(list) => Ok(list),
        None => list(path, &json!({ "cidr": block.to_string() })),
    }
}

fn list(path: &str, operator: &Json) -> Result<Vec<Matcher>, String> {
    match Filter::parse(&json!({ "x": [operator] })) {
        Ok(Filter::Field { matchers, .. }) => Ok(matchers),
        Ok(_) => Err(format!("`{path}` cannot be compared so")),
        Err(error) => Err(format!("`{path}`: {}", error.message)),
    }
}

fn expression(
    key: &Key<'_>,
    text: &str,
    taken: bool,
    speller: &mut Speller<'_>,
) -> Result<Vec<Matcher>, String> {
    let path = key.path;
    let texts = regex::read(text).map_err(|why| format!("`{path}`: {why}"))?;
    if texts.wider {
        if !taken {
            return Err(format!(
                "`{path}`: `{text}` asks for one more character at an end, and EventBridge's \
                 wildcard takes none as well, so that too much would be left out"
            ));
        }
        speller.notes.insert(format!(
            "`{path}` is taken, too, where nothing stands in place of `.+` at an end of `{text}`"
        ));
    }
    let mut list = Vec::new();
    for parts in &texts.texts {
        list.extend(match parts.contains(&Part::Star) {
            true => speller.like(path, parts, !key.ignoring),
            false => {
                let kind = Kind { quoted: true, taken };
                speller.equal(path, &plain(parts), !key.ignoring, kind)
            }
        });
    }
    Ok(list)
}
