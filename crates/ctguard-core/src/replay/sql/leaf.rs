//! One field against the operators of a pattern, as an SQL expression.
//!
//! Everything here is either true, false or, where the table cannot tell, `NULL`; an absent field
//! is never `NULL` by accident.

use super::column::{self, Column};
use eventbridge_pattern::{Excluded, Matcher, NumericRange, TextKind, TextTest, address};
use ipnet::IpNet;
use serde_json::Value;

/// An address of the fourth version as EventBridge takes it, up to its length: zeros may stand
/// before a number.
const IPV4: &str = r"\A(0*(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){3}0*(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\z";

/// Whether the field at a path matches one of these.
///
/// # Errors
/// When that cannot be said exactly of this table, with the reason.
pub fn condition(path: &str, matchers: &[Matcher]) -> Result<String, String> {
    if let Some(column) = column::detail_type(path) {
        let texts = TextColumn { column: column.to_owned(), unknown_when_null: true };
        return texts.one_of(matchers);
    }
    match column::of(path)? {
        Column::Text(column) => TextColumn { column, unknown_when_null: false }.one_of(matchers),
        Column::Flag(column) => one_of(matchers, |matcher| flag(column, matcher)),
        Column::Json(column, keys) => json(column, &keys, matchers),
    }
}

fn one_of(
    matchers: &[Matcher],
    expression: impl Fn(&Matcher) -> Result<String, String>,
) -> Result<String, String> {
    Ok(super::any(matchers.iter().map(expression).collect::<Result<_, _>>()?))
}

/// A column of texts.
struct TextColumn {
    column: String,
    unknown_when_null: bool,
}

impl TextColumn {
    fn one_of(&self, matchers: &[Matcher]) -> Result<String, String> {
        // Most conditions are lists of texts, which read well as one.
        let exact: Option<Vec<String>> = matchers
            .iter()
            .map(|matcher| match matcher {
                Matcher::Exact(Value::String(text)) => Some(text.clone()),
                _ => None,
            })
            .collect();
        if let Some(texts) = exact {
            let list = texts.iter().map(|text| literal(text)).collect::<Result<Vec<_>, _>>()?;
            return Ok(self.known(format!("{} IN ({})", self.column, list.join(", "))));
        }
        one_of(matchers, |matcher| self.matches(matcher))
    }

    /// An expression that is `NULL` where the column is, as one that is not, if the field is absent
    /// there.
    fn known(&self, expression: String) -> String {
        if self.unknown_when_null { expression } else { format!("coalesce({expression}, FALSE)") }
    }

    fn matches(&self, matcher: &Matcher) -> Result<String, String> {
        let column = &self.column;
        Ok(match matcher {
            Matcher::Exists(_) if self.unknown_when_null => {
                return Err("it is always there".to_owned());
            }
            Matcher::Exists(true) => format!("{column} IS NOT NULL"),
            Matcher::Exists(false) => format!("{column} IS NULL"),
            Matcher::Exact(Value::Null) => {
                return Err(
                    "the table does not tell null from a field that is not there".to_owned()
                );
            }
            Matcher::Exact(Value::String(text)) => {
                self.known(format!("{column} = {}", literal(text)?))
            }
            // A text is no number, and neither true nor false.
            Matcher::Exact(_) | Matcher::Digits(_) | Matcher::Numeric(_) => "FALSE".to_owned(),
            Matcher::Text(test) => self.known(passes(column, test)?),
            // False where the column is NULL, and sometimes unknown on purpose.
            Matcher::Cidr(block) => in_block(column, block),
            Matcher::AnythingBut(excluded) => {
                let none = excluded_texts(column, excluded)?;
                self.known(format!("NOT {none}"))
            }
        })
    }
}

/// Whether a text is one of those left out.
fn excluded_texts(column: &str, excluded: &Excluded) -> Result<String, String> {
    match excluded {
        Excluded::Values(values) => {
            let texts = values.iter().filter_map(Value::as_str);
            let list = texts.map(literal).collect::<Result<Vec<_>, _>>()?;
            Ok(if list.is_empty() {
                "FALSE".to_owned()
            } else {
                format!("({column} IN ({}))", list.join(", "))
            })
        }
        Excluded::Texts { kind, texts } => {
            let test =
                |text: &String| passes(column, &TextTest { kind: *kind, text: text.clone() });
            Ok(format!("({})", super::any(texts.iter().map(test).collect::<Result<_, _>>()?)))
        }
    }
}

/// A field that is true or false, kept as a text.
fn flag(column: &str, matcher: &Matcher) -> Result<String, String> {
    let is = |value: bool| format!("coalesce({column} = '{value}', FALSE)");
    Ok(match matcher {
        Matcher::Exact(Value::Bool(value)) => is(*value),
        Matcher::Exists(true) => format!("{column} IS NOT NULL"),
        Matcher::Exists(false) => format!("{column} IS NULL"),
        Matcher::Exact(Value::Null) => {
            return Err("the table does not tell null from a field that is not there".to_owned());
        }
        // Anything but some texts or numbers: true and false are neither.
        Matcher::AnythingBut(_) => format!("{column} IS NOT NULL"),
        _ => "FALSE".to_owned(),
    })
}

/// A field inside a column of JSON. Unknown where an array stands on the way, or a key with a dot:
/// how EventBridge looks into these cannot be said in one expression.
fn json(column: &str, keys: &[&str], matchers: &[Matcher]) -> Result<String, String> {
    if keys.iter().any(|key| {
        key.is_empty()
            || key.contains(['"', '\\', '\'', '[', ']', '$'])
            || key.chars().any(char::is_control)
    }) {
        return Err("a key in it has a character that a JSON path cannot have".to_owned());
    }
    let path = |keys: &[String]| {
        let keys: String = keys.iter().map(|key| format!("[\"{key}\"]")).collect();
        format!("'${keys}'")
    };
    let own: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    let at = |keys: &[String]| format!("json_extract({column}, {})", path(keys));
    let first = |keys: &[String]| format!("substr(json_format({}), 1, 1)", at(keys));
    let mut unknown: Vec<String> = (1..=own.len())
        .map(|length| format!("coalesce({} = '[', FALSE)", first(&own[..length])))
        .collect();
    unknown.extend(dotted(keys).iter().map(|keys| format!("{} IS NOT NULL", at(keys))));
    let leaf = Leaf {
        kind: first(&own),
        whole: format!("json_format({})", at(&own)),
        scalar: format!("json_extract_scalar({column}, {})", path(&own)),
    };
    let matches = one_of(matchers, |matcher| leaf.matches(matcher))?;
    Ok(format!("(CASE WHEN {} THEN NULL ELSE {matches} END)", unknown.join(" OR ")))
}

/// Every other way to write the keys of a path, some of them joined by dots.
fn dotted(keys: &[&str]) -> Vec<Vec<String>> {
    let gaps = keys.len().saturating_sub(1).min(10);
    (1..1_usize << gaps)
        .map(|joined| {
            let mut ways: Vec<String> = Vec::new();
            for (index, key) in keys.iter().enumerate() {
                match ways.last_mut() {
                    Some(last) if index > 0 && joined >> (index - 1) & 1 == 1 => {
                        last.push('.');
                        last.push_str(key);
                    }
                    _ => ways.push((*key).to_owned()),
                }
            }
            ways
        })
        .collect()
}

/// A leaf in JSON: the first character of its text tells its kind.
struct Leaf {
    kind: String,
    whole: String,
    scalar: String,
}

impl Leaf {
    fn matches(&self, matcher: &Matcher) -> Result<String, String> {
        let Self { kind, whole, scalar } = self;
        let text = |test: String| format!("coalesce({kind} = '\"' AND {test}, FALSE)");
        let number = |test: String| {
            format!(
                "coalesce({kind} IN ('-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9') AND {test}, FALSE)"
            )
        };
        let worth = format!("try_cast({scalar} AS double)");
        let there = format!("coalesce({kind} <> '{{', FALSE)");
        Ok(match matcher {
            Matcher::Exists(true) => there,
            Matcher::Exists(false) => format!("NOT {there}"),
            Matcher::Exact(Value::String(value)) => text(format!("{scalar} = {}", literal(value)?)),
            Matcher::Exact(Value::Number(value)) => {
                number(format!("{worth} = {}", double(value.as_f64())?))
            }
            Matcher::Exact(Value::Bool(_) | Value::Null) => {
                let Matcher::Exact(value) = matcher else { return Err(String::new()) };
                format!("coalesce({whole} = '{value}', FALSE)")
            }
            Matcher::Exact(_) => {
                return Err("a pattern has no list or object for a value".to_owned());
            }
            Matcher::Digits(_) => {
                return Err("a number in it has digits that no double holds".to_owned());
            }
            Matcher::Text(test) => text(passes(scalar, test)?),
            Matcher::Cidr(block) => {
                format!(
                    "CASE WHEN {} THEN {} ELSE FALSE END",
                    text("TRUE".to_owned()),
                    in_block(scalar, block)
                )
            }
            Matcher::Numeric(range) => number(in_range(&worth, range)?),
            Matcher::AnythingBut(excluded) => {
                let mut left_out = vec![text(excluded_texts(scalar, excluded)?)];
                if let Excluded::Values(values) = excluded {
                    for value in values.iter().filter_map(Value::as_f64) {
                        left_out.push(number(format!("{worth} = {}", double(Some(value))?)));
                    }
                }
                format!("({there} AND NOT {})", super::any(left_out))
            }
        })
    }
}

fn in_range(worth: &str, range: &NumericRange) -> Result<String, String> {
    let range = range.intersection(&NumericRange::EVERY);
    let bounds = [(range.low, ">"), (range.high, "<")];
    let bounds = bounds.into_iter().filter_map(|(bound, sign)| bound.map(|bound| (bound, sign)));
    let tests = bounds
        .map(|(bound, sign)| {
            let equal = if bound.inclusive { "=" } else { "" };
            Ok(format!("{worth} {sign}{equal} {}", double(Some(bound.at))?))
        })
        .collect::<Result<Vec<_>, String>>()?;
    Ok(super::all(tests))
}

fn double(number: Option<f64>) -> Result<String, String> {
    let number = number.filter(|number| number.is_finite());
    number
        .map(|number| format!("{number:e}").replace('e', "E"))
        .ok_or_else(|| "a number in it is too large".to_owned())
}

/// Whether a text passes a test, as an expression that is `NULL` where the text is.
fn passes(column: &str, test: &TextTest) -> Result<String, String> {
    let like = |before: &str, texts: &[String], after: &str| {
        let texts: Vec<String> = texts.iter().map(|text| for_like(text)).collect();
        let pattern = format!("{before}{}{after}", texts.join("%"));
        Ok(format!("{column} LIKE {} ESCAPE '!'", literal(&pattern)?))
    };
    let one = [test.text.clone()];
    match test.kind {
        TextKind::Exactly => Ok(format!("{column} = {}", literal(&test.text)?)),
        TextKind::Wildcard => like("", &test.pieces(), ""),
        _ if test.text.starts_with('"') || test.text.ends_with('"') => {
            Err("EventBridge may take a quote in it for one of those around the value".to_owned())
        }
        TextKind::Prefix => like("", &one, "%"),
        TextKind::Suffix => like("%", &one, ""),
        TextKind::IgnoreCase | TextKind::IgnoreCaseButFirst => {
            cases(column, &test.text, r"\A", r"\z")
        }
        TextKind::PrefixIgnoreCase => cases(column, &test.text, r"\A", ""),
        TextKind::SuffixIgnoreCase => cases(column, &test.text, "", r"\z"),
    }
}

fn for_like(text: &str) -> String {
    text.replace('!', "!!").replace('%', "!%").replace('_', "!_")
}

/// Letters by their cases, one by one: databases fold case differently.
fn cases(column: &str, text: &str, before: &str, after: &str) -> Result<String, String> {
    let mut pattern = before.to_owned();
    for c in text.chars() {
        match c {
            c if c.is_ascii_alphabetic() => {
                pattern.extend(['[', c.to_ascii_lowercase(), c.to_ascii_uppercase(), ']']);
            }
            c if c.is_ascii_digit() => pattern.push(c),
            c if c.is_ascii() && !c.is_control() => pattern.extend(['[', '\\', c, ']']),
            _ => return Err(format!("`{c}` has cases that databases see in their own way")),
        }
    }
    pattern.push_str(after);
    Ok(format!("regexp_like({column}, {})", literal(&pattern)?))
}

/// Whether a text is an address that a block takes; unknown for addresses of the sixth version,
/// where the block may take them. EventBridge compares digits and knows no families, so that each
/// block may take addresses of both.
fn in_block(column: &str, block: &IpNet) -> String {
    let octet = |index: u32, worth: u32| {
        format!("try_cast(split_part({column}, '.', {index}) AS bigint) * {worth}")
    };
    let address = [octet(1, 1 << 24), octet(2, 1 << 16), octet(3, 1 << 8), octet(4, 1)].join(" + ");
    let is_v4 = format!("regexp_like({column}, '{IPV4}') AND length({column}) <= 15");
    let v4 = address::v4_range(block).map(|range| {
        format!("WHEN {is_v4} THEN {address} BETWEEN {} AND {} ", range.start(), range.end())
    });
    let v6 = format!("WHEN {} THEN CAST(NULL AS boolean) ", perhaps_v6(column, block));
    format!("CASE {}{v6}ELSE FALSE END", v4.unwrap_or_default())
}

/// Whether a text may be an address of the sixth version that the block takes.
fn perhaps_v6(column: &str, block: &IpNet) -> String {
    let any = format!("{column} LIKE '%:%'");
    let IpNet::V4(block) = block else {
        return any;
    };
    // The first group is the first two numbers.
    let [high, low, ..] = block.network().octets();
    let group = match block.prefix_len() {
        _ if high == 0 => return any,
        16.. => hex(&format!("{high:x}{low:02x}")),
        8.. => format!("{}[0-9a-fA-F][0-9a-fA-F]", hex(&format!("{high:x}"))),
        _ => return any,
    };
    format!(r"regexp_like({column}, '\A(:|0*{group}:)')")
}

/// Hex digits in either case.
fn hex(digits: &str) -> String {
    let digit = |digit: char| match digit.is_ascii_digit() {
        true => digit.to_string(),
        false => format!("[{digit}{}]", digit.to_ascii_uppercase()),
    };
    digits.chars().map(digit).collect()
}

/// A text that is known to be harmless.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn literal(text: &str) -> Result<String, String> {
    if text.chars().any(char::is_control) {
        return Err("a text in it has a control character".to_owned());
    }
    Ok(quoted(text))
}
