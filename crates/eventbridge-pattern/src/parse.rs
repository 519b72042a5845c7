//! From a pattern's JSON, or a condition with dotted paths, to a [`Filter`].
//!
//! What EventBridge refuses is refused here with the same reason in plainer words, plus three
//! things that it takes and reads otherwise than they look: a key twice, one path written in two
//! ways, and a `$or` that it would read as a field of that name.

use super::number::{Bound, NUMBER_LIMIT};
use super::strict::{self, joined};
use super::text::wildcard_problem;
use super::{
    Excluded, Filter, Matcher, NumericRange, OR_COMBINATIONS_MAX, Pattern, PatternError, TextKind,
    TextTest,
};
use ipnet::IpNet;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

const OR: &str = "$or";

/// Names of operators: as a field's name inside `$or` they make EventBridge read the whole `$or`
/// as a field. Source: <https://github.com/aws/event-ruler#the-or-primitive>
const OPERATORS: [&str; 9] = [
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

/// What the text is for: what AWS takes in a live pattern is no reason to let a new one pass.
#[derive(Clone, Copy, PartialEq)]
enum Written {
    /// A rule may carry it already: all that EventBridge takes passes.
    Live,
    /// It is written for a new rule: what most likely is a mistake is refused.
    New,
}

pub(super) fn pattern(text: &str) -> Result<Pattern, PatternError> {
    let value = strict::read(text)?;
    Ok(Pattern { filter: whole(&value, Written::Live)? })
}

pub(super) fn filter(value: &Value) -> Result<Filter, PatternError> {
    whole(value, Written::New)
}

fn whole(value: &Value, written: Written) -> Result<Filter, PatternError> {
    let Value::Object(object) = value else {
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
    object: &Map<String, Value>,
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
        if in_or && OPERATORS.contains(&key.as_str()) {
            let message = format!("`{key}` is an operator and cannot be a field inside `$or`");
            return Err(PatternError::new(&path, message));
        }
        match value {
            Value::Object(inner) => match fields(inner, &path, in_or, written)? {
                Filter::All(inner) => all.extend(inner),
                other => all.push(other),
            },
            Value::Array(values) => {
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

fn alternatives(value: &Value, prefix: &str, written: Written) -> Result<Filter, PatternError> {
    let path = joined(prefix, OR);
    let members = match value {
        Value::Array(members) if members.len() >= 2 => members,
        Value::Array(_) => {
            return Err(PatternError::new(&path, "`$or` needs at least two alternatives"));
        }
        _ => return Err(PatternError::new(&path, "`$or` takes a list of objects")),
    };
    let members = members
        .iter()
        .map(|member| match member {
            Value::Object(object) => fields(object, prefix, true, written),
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

fn matcher(value: &Value, path: &str, written: Written) -> Result<Matcher, PatternError> {
    let fail = |message: String| Err(PatternError::new(path, message));
    let object = match value {
        Value::Object(object) => object,
        Value::Array(_) => return fail("a list cannot stand inside a list of values".into()),
        scalar => return Ok(Matcher::Exact(scalar.clone())),
    };
    let mut entries = object.iter();
    let (Some((operator, operand)), None) = (entries.next(), entries.next()) else {
        return fail("an operator is an object with exactly one key".into());
    };
    match operator.as_str() {
        "exactly" => match operand {
            Value::String(text) => Ok(Matcher::exact(text)),
            _ => fail("`exactly` takes a string".into()),
        },
        "prefix" => affix(operand, TextKind::Prefix, TextKind::PrefixIgnoreCase, "prefix", path),
        "suffix" => affix(operand, TextKind::Suffix, TextKind::SuffixIgnoreCase, "suffix", path),
        "equals-ignore-case" => text(operand, TextKind::IgnoreCase, operator, path),
        "wildcard" => text(operand, TextKind::Wildcard, operator, path),
        "anything-but" => Ok(Matcher::AnythingBut(excluded(operand, path)?)),
        "numeric" => Ok(Matcher::Numeric(numeric(operand, path)?)),
        "cidr" => Ok(Matcher::Cidr(cidr(operand, path, written)?)),
        "exists" => match operand {
            Value::Bool(present) => Ok(Matcher::Exists(*present)),
            _ => fail("`exists` takes true or false".into()),
        },
        unknown => fail(format!(
            "`{unknown}` is no operator; the operators are prefix, suffix, equals-ignore-case, \
             wildcard, anything-but, numeric, cidr and exists"
        )),
    }
}

fn affix(
    operand: &Value,
    plain: TextKind,
    ignore_case: TextKind,
    operator: &str,
    path: &str,
) -> Result<Matcher, PatternError> {
    match operand {
        Value::Object(object) => match (object.get("equals-ignore-case"), object.len()) {
            (Some(operand), 1) => text(operand, ignore_case, "equals-ignore-case", path),
            _ => {
                let message = format!("inside `{operator}` only `equals-ignore-case` can stand");
                Err(PatternError::new(path, message))
            }
        },
        operand => text(operand, plain, operator, path),
    }
}

fn text(
    operand: &Value,
    kind: TextKind,
    operator: &str,
    path: &str,
) -> Result<Matcher, PatternError> {
    let Value::String(text) = operand else {
        return Err(PatternError::new(path, format!("`{operator}` takes a string")));
    };
    if kind == TextKind::Wildcard
        && let Some(problem) = wildcard_problem(text)
    {
        return Err(PatternError::new(path, problem));
    }
    Ok(Matcher::Text(TextTest { kind, text: text.clone() }))
}

fn excluded(operand: &Value, path: &str) -> Result<Excluded, PatternError> {
    let fail = |message: &str| Err(PatternError::new(path, message));
    if let Value::Object(object) = operand {
        let mut entries = object.iter();
        let (Some((operator, operand)), None) = (entries.next(), entries.next()) else {
            return fail("inside `anything-but` exactly one operator can stand");
        };
        let kind = match operator.as_str() {
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
        let operands = match operand {
            Value::Array(operands) => operands.as_slice(),
            single => std::slice::from_ref(single),
        };
        if operands.is_empty() {
            return fail("an empty list is not allowed");
        }
        let mut texts = Vec::with_capacity(operands.len());
        for operand in operands {
            let Value::String(text) = operand else {
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
            texts.push(text.clone());
        }
        return Ok(Excluded::Texts { kind, texts });
    }
    let values = match operand {
        Value::Array(values) => values.as_slice(),
        single => std::slice::from_ref(single),
    };
    let strings = values.iter().all(Value::is_string);
    let numbers = values.iter().all(Value::is_number);
    if values.is_empty() {
        return fail("an empty list is not allowed");
    }
    if !strings && !numbers {
        return fail("`anything-but` takes strings only or numbers only");
    }
    if values.iter().filter_map(Value::as_f64).any(|number| number.abs() > NUMBER_LIMIT) {
        return fail("numbers beyond 5,000,000,000 either way cannot be compared");
    }
    Ok(Excluded::Values(values.to_vec()))
}

fn numeric(operand: &Value, path: &str) -> Result<NumericRange, PatternError> {
    let fail = |message: &str| Err(PatternError::new(path, message));
    let usage = "`numeric` takes a list such as [\">\", 0, \"<=\", 5] or [\"=\", 5], the lower end \
                 first";
    let Value::Array(operands) = operand else {
        return fail(usage);
    };
    let mut range = NumericRange { low: None, high: None };
    let mut equal = false;
    for pair in operands.chunks(2) {
        let [Value::String(sign), Value::Number(number)] = pair else {
            return fail(usage);
        };
        let Some(at) = number.as_f64().filter(|at| at.abs() <= NUMBER_LIMIT) else {
            return fail("numbers beyond 5,000,000,000 either way cannot be compared");
        };
        // A second comparison can only close what a first `>` or `>=` opened.
        if equal || range.high.is_some() {
            return fail(usage);
        }
        match sign.as_str() {
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

fn cidr(operand: &Value, path: &str, written: Written) -> Result<IpNet, PatternError> {
    let fail = |message: String| Err(PatternError::new(path, message));
    let Value::String(text) = operand else {
        return fail("`cidr` takes a string such as \"10.0.0.0/24\"".into());
    };
    let Ok(block) = text.parse::<IpNet>() else {
        return fail(format!("`{text}` is no CIDR block such as 10.0.0.0/24 or 2001:db8::/32"));
    };
    if written == Written::New && block.addr() != block.network() {
        return fail(format!("`{text}` has bits beyond its length; write {}", block.trunc()));
    }
    Ok(block)
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
            (r#"{"a":[{"numeric":[">",1e10]}]}"#, "a", "beyond"),
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
    fn a_block_with_bits_beyond_its_length_is_refused_in_a_new_condition_only() {
        let error = Filter::parse(&json!({"sourceIPAddress": [{"cidr": "10.0.0.7/24"}]}));
        assert!(error.expect_err("host bits").message.contains("write 10.0.0.0/24"));
        assert!(Pattern::parse(r#"{"a":[{"cidr":"10.0.0.7/24"}]}"#).is_ok());
    }
}
