//! From a pattern's JSON, or a condition with dotted paths, to a [`Filter`].
//!
//! What EventBridge refuses is refused here with the same reason in plainer words, plus two
//! things that it takes and reads otherwise than they look: a key twice, and one path that must
//! hold twice.

use super::address;
use super::number::{Bound, Number};
use super::strict::{self, joined};
use super::text::wildcard_problem;
use super::tree::Tree;
use super::{
    Excluded, Filter, Matcher, NumericRange, OR_COMBINATIONS_MAX, Pattern, PatternError, TextKind,
    TextTest,
};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeSet;

type Members<'t> = [(Cow<'t, str>, Tree<'t>)];

const OR: &str = "$or";

/// Names of operators, which no field inside `$or` may have.
/// Source: <https://github.com/aws/event-ruler#the-or-primitive>
pub const OPERATORS: [&str; 9] = [
    "exactly",
    "prefix",
    "suffix",
    "equals-ignore-case",
    "wildcard",
    "anything-but",
    "numeric",
    "cidr",
    "exists",
];

/// Names that the library keeps for operators to come: no field inside `$or` may have one either.
const RESERVED: [&str; 15] = [
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

/// What the text is for: what AWS takes in a live pattern is no reason to let a new one pass.
#[derive(Clone, Copy, PartialEq)]
enum Written {
    /// A rule may carry it already: all that EventBridge takes passes.
    Live,
    /// It is written for a new rule: what most likely is a mistake is refused.
    New,
}

pub(super) fn pattern(text: &str) -> Result<Pattern, PatternError> {
    Ok(Pattern { filter: whole(&strict::read(text)?, Written::Live)? })
}

pub(super) fn filter(value: &Value) -> Result<Filter, PatternError> {
    whole(&Tree::from(value), Written::New)
}

fn whole(value: &Tree<'_>, written: Written) -> Result<Filter, PatternError> {
    let Tree::Object(object) = value else {
        return Err(PatternError::new("", "this must be an object of fields"));
    };
    let filter = fields(object, "", false, written)?;
    distinct_paths(&filter)?;
    let combinations = filter.combinations();
    if combinations > OR_COMBINATIONS_MAX {
        let message = format!(
            "the alternatives of `$or` multiply to {combinations}, more than the \
             {OR_COMBINATIONS_MAX} that EventBridge takes"
        );
        return Err(PatternError::new("", message));
    }
    Ok(filter)
}

/// Reads the fields of an object, which must all hold.
fn fields(
    object: &Members<'_>,
    prefix: &str,
    in_or: bool,
    written: Written,
) -> Result<Filter, PatternError> {
    if object.is_empty() {
        return Err(PatternError::new(prefix, "an empty object is not allowed"));
    }
    let mut all = Vec::new();
    for (key, value) in object {
        let path = joined(prefix, key);
        if key.is_empty() {
            return Err(PatternError::new(&path, "a field needs a name"));
        }
        if key == OR {
            all.push(alternatives(value, prefix, written)?);
            continue;
        }
        if in_or && let Some(message) = not_in_or(key) {
            return Err(PatternError::new(&path, message));
        }
        match value {
            Tree::Object(inner) => match fields(inner, &path, in_or, written)? {
                Filter::All(inner) => all.extend(inner),
                other => all.push(other),
            },
            Tree::List(values) => {
                if values.is_empty() {
                    return Err(PatternError::new(&path, "an empty list is not allowed"));
                }
                let matchers = values
                    .iter()
                    .map(|value| matcher(value, &path, written))
                    .collect::<Result<_, _>>()?;
                all.push(Filter::Field { path, matchers });
            }
            scalar => {
                let message = format!("values stand in a list: write [{scalar}]");
                return Err(PatternError::new(&path, message));
            }
        }
    }
    Ok(match all.len() {
        1 => all.remove(0),
        _ => Filter::All(all),
    })
}

/// Why a field inside `$or` cannot have this name.
fn not_in_or(key: &str) -> Option<String> {
    if OPERATORS.contains(&key) {
        return Some(format!("`{key}` is an operator and cannot be a field inside `$or`"));
    }
    RESERVED.contains(&key).then(|| {
        format!("`{key}` is kept for an operator to come and cannot be a field inside `$or`")
    })
}

fn alternatives(value: &Tree<'_>, prefix: &str, written: Written) -> Result<Filter, PatternError> {
    let path = joined(prefix, OR);
    let members = match value {
        Tree::List(members) if members.len() >= 2 => members,
        Tree::List(_) => {
            return Err(PatternError::new(&path, "`$or` needs at least two alternatives"));
        }
        _ => return Err(PatternError::new(&path, "`$or` takes a list of objects")),
    };
    let members = members
        .iter()
        .map(|member| match member {
            Tree::Object(object) => fields(object, prefix, true, written),
            _ => Err(PatternError::new(&path, "every alternative of `$or` must be an object")),
        })
        .collect::<Result<_, _>>()?;
    Ok(Filter::Any(members))
}

/// Refuses a path that must hold twice: EventBridge keeps one of the two conditions.
fn distinct_paths(filter: &Filter) -> Result<BTreeSet<&str>, PatternError> {
    match filter {
        Filter::Field { path, .. } => Ok(BTreeSet::from([path.as_str()])),
        Filter::Any(members) => {
            let mut paths = BTreeSet::new();
            for member in members {
                paths.extend(distinct_paths(member)?);
            }
            Ok(paths)
        }
        Filter::All(members) => {
            let mut paths = BTreeSet::new();
            for member in members {
                for path in distinct_paths(member)? {
                    if !paths.insert(path) {
                        let message = "this field has two conditions that must both hold; only one would \
                             count";
                        return Err(PatternError::new(path, message));
                    }
                }
            }
            Ok(paths)
        }
    }
}

fn matcher(value: &Tree<'_>, path: &str, written: Written) -> Result<Matcher, PatternError> {
    let fail = |message: String| Err(PatternError::new(path, message));
    let object = match value {
        Tree::Object(object) => object,
        Tree::List(_) => return fail("a list cannot stand inside a list of values".into()),
        Tree::Number(number) if number.worth().is_none() => {
            return Ok(Matcher::Digits(number.text().into_owned()));
        }
        scalar => return Ok(Matcher::Exact(scalar.to_value())),
    };
    let [(operator, operand)] = object.as_slice() else {
        return fail("an operator is an object with exactly one key".into());
    };
    match &**operator {
        "exactly" => text(operand, TextKind::Exactly, operator, path),
        "prefix" => affix(operand, TextKind::Prefix, TextKind::PrefixIgnoreCase, "prefix", path),
        "suffix" => affix(operand, TextKind::Suffix, TextKind::SuffixIgnoreCase, "suffix", path),
        "equals-ignore-case" => text(operand, TextKind::IgnoreCase, operator, path),
        "wildcard" => text(operand, TextKind::Wildcard, operator, path),
        "anything-but" => Ok(Matcher::AnythingBut(excluded(operand, path)?)),
        "numeric" => Ok(Matcher::Numeric(numeric(operand, path)?)),
        "cidr" => cidr(operand, path, written),
        "exists" => match operand {
            Tree::Bool(present) => Ok(Matcher::Exists(*present)),
            _ => fail("`exists` takes true or false".into()),
        },
        unknown => fail(format!(
            "`{unknown}` is no operator; the operators are prefix, suffix, equals-ignore-case, \
             wildcard, anything-but, numeric, cidr and exists"
        )),
    }
}

fn affix(
    operand: &Tree<'_>,
    plain: TextKind,
    ignore_case: TextKind,
    operator: &str,
    path: &str,
) -> Result<Matcher, PatternError> {
    match operand {
        Tree::Object(object) => match object.as_slice() {
            [(inner, operand)] if inner == "equals-ignore-case" => {
                text(operand, ignore_case, "equals-ignore-case", path)
            }
            _ => {
                let message = format!("inside `{operator}` only `equals-ignore-case` can stand");
                Err(PatternError::new(path, message))
            }
        },
        operand => text(operand, plain, operator, path),
    }
}

fn text(
    operand: &Tree<'_>,
    kind: TextKind,
    operator: &str,
    path: &str,
) -> Result<Matcher, PatternError> {
    let Some(text) = operand.as_text() else {
        return Err(PatternError::new(path, format!("`{operator}` takes a string")));
    };
    if kind == TextKind::Wildcard
        && let Some(problem) = wildcard_problem(text)
    {
        return Err(PatternError::new(path, problem));
    }
    Ok(Matcher::Text(TextTest { kind, text: text.to_owned() }))
}

fn excluded(operand: &Tree<'_>, path: &str) -> Result<Excluded, PatternError> {
    let fail = |message: &str| Err(PatternError::new(path, message));
    if let Tree::Object(object) = operand {
        return excluded_texts(object, path);
    }
    let values = one_or_more(operand);
    let strings = values.iter().all(|value| matches!(value, Tree::Text(_)));
    let numbers = values.iter().all(|value| matches!(value, Tree::Number(_)));
    if values.is_empty() {
        return fail("an empty list is not allowed");
    }
    if !strings && !numbers {
        return fail("`anything-but` takes strings only or numbers only");
    }
    for value in values {
        if let Tree::Number(number) = value {
            comparable(number, path)?;
        }
    }
    Ok(Excluded::Values(values.iter().map(Tree::to_value).collect()))
}

fn excluded_texts(object: &Members<'_>, path: &str) -> Result<Excluded, PatternError> {
    let fail = |message: &str| Err(PatternError::new(path, message));
    let [(operator, operand)] = object else {
        return fail("inside `anything-but` exactly one operator can stand");
    };
    let kind = match &**operator {
        "prefix" => TextKind::Prefix,
        "suffix" => TextKind::Suffix,
        "equals-ignore-case" => TextKind::IgnoreCase,
        "wildcard" => TextKind::Wildcard,
        _ => {
            return fail(
                "inside `anything-but` only prefix, suffix, equals-ignore-case and wildcard \
                 can stand",
            );
        }
    };
    let operands = one_or_more(operand);
    if operands.is_empty() {
        return fail("an empty list is not allowed");
    }
    let mut texts = Vec::with_capacity(operands.len());
    for operand in operands {
        let Some(text) = operand.as_text() else {
            return fail("inside `anything-but`, an operator takes a string or strings");
        };
        if text.is_empty() && matches!(kind, TextKind::Prefix | TextKind::Suffix) {
            return fail("inside `anything-but`, a prefix or suffix cannot be empty");
        }
        if kind == TextKind::Wildcard
            && let Some(problem) = wildcard_problem(text)
        {
            return fail(problem);
        }
        texts.push(text.to_owned());
    }
    Ok(Excluded::Texts { kind, texts })
}

fn one_or_more<'a, 't>(operand: &'a Tree<'t>) -> &'a [Tree<'t>] {
    match operand {
        Tree::List(operands) => operands,
        single => std::slice::from_ref(single),
    }
}

/// The double that a number is compared as.
fn comparable(number: &Number<'_>, path: &str) -> Result<f64, PatternError> {
    number.worth().ok_or_else(|| {
        let message = format!("{} has digits that no double holds: write fewer", number.text());
        PatternError::new(path, message)
    })
}

fn numeric(operand: &Tree<'_>, path: &str) -> Result<NumericRange, PatternError> {
    let fail = |message: &str| Err(PatternError::new(path, message));
    let usage = "`numeric` takes a list such as [\">\", 0, \"<=\", 5] or [\"=\", 5], the lower end \
                 first";
    let Tree::List(operands) = operand else {
        return fail(usage);
    };
    let mut range = NumericRange::EVERY;
    let mut equal = false;
    for pair in operands.chunks(2) {
        let [Tree::Text(sign), Tree::Number(number)] = pair else {
            return fail(usage);
        };
        let at = comparable(number, path)?;
        // A second comparison can only close what a first `>` or `>=` opened.
        if equal || range.high.is_some() {
            return fail(usage);
        }
        match &**sign {
            "=" if range.low.is_none() => {
                range = NumericRange::point(at);
                equal = true;
            }
            ">" | ">=" if range.low.is_none() => {
                range.low = Some(Bound { at, inclusive: sign == ">=" });
            }
            "<" | "<=" => range.high = Some(Bound { at, inclusive: sign == "<=" }),
            _ => return fail(usage),
        }
    }
    match range {
        NumericRange { low: None, high: None } => fail(usage),
        NumericRange { low: Some(low), high: Some(high) } if !equal && low.at >= high.at => {
            fail("the lower end of `numeric` must be below the upper end")
        }
        range => Ok(range),
    }
}

fn cidr(operand: &Tree<'_>, path: &str, written: Written) -> Result<Matcher, PatternError> {
    let fail = |message: String| Err(PatternError::new(path, message));
    let Some(text) = operand.as_text() else {
        return fail("`cidr` takes a string such as \"10.0.0.0/24\"".into());
    };
    let Some(block) = address::parse_block(text) else {
        return fail(format!("`{text}` is no CIDR block such as 10.0.0.0/24 or 2001:db8::/32"));
    };
    match written {
        Written::New if block.addr() != block.network() => {
            fail(format!("`{text}` has bits beyond its length; write {}", block.trunc()))
        }
        Written::Live if block.prefix_len() == block.max_prefix_len() => fail(format!(
            "`{text}` is one address, which EventBridge refuses as a block: write the string \
             {} in its place",
            Value::from(block.addr().to_string())
        )),
        _ => Ok(address::matcher(block)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn error(text: &str) -> PatternError {
        Pattern::parse(text).expect_err(text)
    }

    #[test]
    fn refuses_what_eventbridge_refuses_and_names_the_field() {
        for (text, path, words) in [
            ("[]", "", "object of fields"),
            ("{}", "", "empty object"),
            (r#"{"source":[]}"#, "source", "empty list"),
            (r#"{"detail":{}}"#, "detail", "empty object"),
            (r#"{"detail":{"a":"b"}}"#, "detail.a", r#"write ["b"]"#),
            (r#"{"source":["a"],"source":["b"]}"#, "source", "stands twice"),
            (r#"{"detail":{"a":{"b":[1]},"a.b":[2]}}"#, "detail.a.b", "two conditions"),
            (r#"{"a":[1],"$or":[{"a":[2]},{"b":[1]}]}"#, "a", "two conditions"),
            (r#"{"$or":[{"a":[1]}]}"#, "$or", "at least two"),
            (r#"{"detail":{"$or":{"a":[1]}}}"#, "detail.$or", "list of objects"),
            (r#"{"$or":[{"a":[1]},["b"]]}"#, "$or", "must be an object"),
            (r#"{"$or":[{"prefix":["a"]},{"b":[1]}]}"#, "prefix", "is an operator"),
            (r#"{"a":[[1]]}"#, "a", "inside a list"),
            (r#"{"a":[{"prefix":1}]}"#, "a", "takes a string"),
            (r#"{"a":[{"prefix":"x","suffix":"y"}]}"#, "a", "exactly one key"),
            (r#"{"a":[{"prefix":{"wildcard":"x"}}]}"#, "a", "only `equals-ignore-case`"),
            (r#"{"a":[{"wildcard":"x**y"}]}"#, "a", "twice in a row"),
            (r#"{"a":[{"anything-but":[]}]}"#, "a", "empty list"),
            (r#"{"a":[{"anything-but":["x",1]}]}"#, "a", "strings only or numbers only"),
            (r#"{"a":[{"anything-but":null}]}"#, "a", "strings only or numbers only"),
            (r#"{"a":[{"anything-but":{"prefix":""}}]}"#, "a", "cannot be empty"),
            (r#"{"a":[{"anything-but":{"cidr":"10.0.0.0/8"}}]}"#, "a", "only prefix"),
            (r#"{"a":[{"anything-but":{"wildcard":["**"]}}]}"#, "a", "twice in a row"),
            (r#"{"a":[{"numeric":[]}]}"#, "a", "takes a list"),
            (r#"{"a":[{"numeric":["<",5,">",0]}]}"#, "a", "lower end first"),
            (r#"{"a":[{"numeric":[">",5,"<",5]}]}"#, "a", "must be below"),
            (r#"{"a":[{"numeric":["=",5,"<",9]}]}"#, "a", "takes a list"),
            (r#"{"a":[{"numeric":[">",9007199254740993]}]}"#, "a", "no double holds"),
            (r#"{"a":[{"anything-but":3.14159265358979312}]}"#, "a", "no double holds"),
            (r#"{"a":[{"cidr":"10.0.0.7/32"}]}"#, "a", "write the string \"10.0.0.7\""),
            (r#"{"$or":[{"regex":["a"]},{"b":[1]}]}"#, "regex", "kept for an operator"),
            (r#"{"a":[{"cidr":"10.0.0.0"}]}"#, "a", "no CIDR"),
            (r#"{"a":[{"cidr":"10.0.0.0/33"}]}"#, "a", "no CIDR"),
            (r#"{"a":[{"exists":"true"}]}"#, "a", "true or false"),
            (r#"{"a":[{"matches":"x"}]}"#, "a", "no operator"),
        ] {
            let error = error(text);
            assert_eq!(error.path, path, "{text}: {error}");
            assert!(error.message.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn refuses_more_combinations_than_eventbridge_takes() {
        let or = |n: usize, key: &str| {
            let members: Vec<String> = (0..n).map(|i| format!(r#"{{"{key}{i}":[1]}}"#)).collect();
            members.join(",")
        };
        let text = |n: usize| {
            let (outer, inner) = (or(n, "a"), or(40, "b"));
            format!(r#"{{"$or":[{outer}],"detail":{{"$or":[{inner}]}}}}"#)
        };
        assert!(Pattern::parse(&text(25)).is_ok());
        assert!(error(&text(26)).message.contains("multiply to 1040"));
    }

    #[test]
    fn reads_every_operator() {
        let text = r#"{"a":["x",1,true,null,{"prefix":"p"},{"suffix":"s"},
            {"prefix":{"equals-ignore-case":"P"}},{"suffix":{"equals-ignore-case":"S"}},
            {"equals-ignore-case":"E"},{"wildcard":"a*b"},{"anything-but":"x"},
            {"anything-but":["x","y"]},{"anything-but":[1,2]},{"anything-but":{"prefix":"p"}},
            {"anything-but":{"suffix":["s","t"]}},{"anything-but":{"equals-ignore-case":["s"]}},
            {"anything-but":{"wildcard":"*x*"}},{"numeric":["=",5]},{"numeric":[">",0,"<=",5.5]},
            {"cidr":"10.0.0.0/24"},{"cidr":"2001:db8::/32"},{"exists":true},{"exists":false}]}"#;
        let pattern = Pattern::parse(text).expect("every operator is known");
        assert_eq!(pattern.filter.matchers().count(), 23);
    }

    #[test]
    fn a_filter_takes_dotted_and_nested_keys_alike() {
        let dotted = Filter::parse(&json!({"userIdentity.type": ["Root"]}));
        let nested = Filter::parse(&json!({"userIdentity": {"type": ["Root"]}}));
        assert_eq!(dotted, nested);
        assert_eq!(dotted.expect("it is right").paths(), ["userIdentity.type"]);
    }

    #[test]
    fn a_bare_value_in_a_filter_asks_for_a_list() {
        let error = Filter::parse(&json!({"userIdentity.type": "Root"})).expect_err("no list");
        assert!(error.message.contains(r#"write ["Root"]"#), "{error}");
    }

    #[test]
    fn one_address_as_a_block_is_a_string_in_a_new_condition() {
        for (block, address) in [("10.0.0.7/32", "10.0.0.7"), ("2001:db8::1/128", "2001:db8::1")] {
            let read = Filter::parse(&json!({"sourceIPAddress": [{"cidr": block}]}));
            let plain = Filter::parse(&json!({"sourceIPAddress": [address]}));
            assert_eq!(read.expect(block), plain.expect(address));
        }
    }

    #[test]
    fn a_block_with_bits_beyond_its_length_is_refused_in_a_new_condition_only() {
        let error = Filter::parse(&json!({"sourceIPAddress": [{"cidr": "10.0.0.7/24"}]}));
        assert!(error.expect_err("host bits").message.contains("write 10.0.0.0/24"));
        assert!(Pattern::parse(r#"{"a":[{"cidr":"10.0.0.7/24"}]}"#).is_ok());
    }
}
