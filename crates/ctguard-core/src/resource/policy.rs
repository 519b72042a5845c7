//! Resource policies: compared by meaning, and merged without touching foreign statements.
//!
//! Statements whose Sid begins with the blueprint's prefix are ctguard's; every other statement is
//! foreign and kept as it is.

pub mod condition_keys;

use serde_json::{Map, Value, json};

/// The version every policy document names.
pub const VERSION: &str = "2012-10-17";

/// The statements of a policy document; a single statement may stand without its list.
pub fn statements(policy: &Value) -> Vec<&Value> {
    match policy.get("Statement") {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one @ Value::Object(_)) => vec![one],
        _ => Vec::new(),
    }
}

/// The resources that the statements of a policy document name.
pub fn resources(policy: &Value) -> impl Iterator<Item = &str> {
    let named = statements(policy).into_iter().filter_map(|statement| statement.get("Resource"));
    named.flat_map(|resource| match resource {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect::<Vec<_>>(),
    })
}

/// A policy made of these statements.
pub fn document(statements: Vec<Value>) -> Value {
    json!({ "Version": VERSION, "Statement": statements })
}

/// The live policy with every statement under `own_prefix` replaced by `own`.
///
/// When the result means the same as the live policy, the live one comes back unchanged, so that a
/// mere rewording is not a difference.
pub fn merged(live: Option<&Value>, own: &[Value], own_prefix: &str) -> Value {
    let Some(live) = live else {
        return document(own.to_vec());
    };
    let theirs = statements(live).into_iter().filter(|statement| !is_own(statement, own_prefix));
    // AWS refuses to store the id of somebody deleted, who loses nothing: it names nobody.
    let mut list: Vec<Value> = theirs.clone().filter_map(without_deleted).collect();
    list.extend(own.iter().cloned());
    let mut merged = document(list);
    // Another version could read the statements of others otherwise: an older one knows no
    // variables.
    for kept in ["Version", "Id"] {
        if let (Some(value), Some(object)) = (live.get(kept), merged.as_object_mut()) {
            object.insert(kept.to_owned(), value.clone());
        }
    }
    let mut as_is: Vec<Value> = theirs.cloned().collect();
    as_is.extend(own.iter().cloned());
    if same(live, &document(as_is)) { live.clone() } else { merged }
}

/// Whether a principal is the unique id of a role or user: AWS shows it where one was named that
/// has been deleted. It names nobody any more, not even a new one of the same name, and AWS refuses
/// a policy with it.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
pub fn is_deleted(principal: &str) -> bool {
    ["AROA", "AIDA"].into_iter().any(|kind| principal.starts_with(kind))
        && principal.len() >= 16
        && principal.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// A statement without its deleted principals; `None` when it named only such. Of
/// `NotPrincipal` nothing is taken out: everybody else is meant there.
fn without_deleted(statement: &Value) -> Option<Value> {
    let named = statement.get("Principal").and_then(|principal| principal.get("AWS"));
    let all: Vec<&Value> = match named {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one) => vec![one],
        None => return Some(statement.clone()),
    };
    let alive: Vec<&Value> =
        all.iter().copied().filter(|who| !who.as_str().is_some_and(is_deleted)).collect();
    if alive.len() == all.len() {
        return Some(statement.clone());
    }
    let mut kept = statement.clone();
    let principal = kept.get_mut("Principal")?.as_object_mut()?;
    match alive.is_empty() {
        true => drop(principal.remove("AWS")),
        false => drop(principal.insert("AWS".to_owned(), alive.into_iter().cloned().collect())),
    }
    (!principal.is_empty()).then_some(kept)
}

fn is_own(statement: &Value, own_prefix: &str) -> bool {
    statement.get("Sid").and_then(Value::as_str).is_some_and(|sid| sid.starts_with(own_prefix))
}

/// Whether two policies grant and deny the same: the order of statements and list members, a list
/// of one against a bare value, and an account id against its root ARN make no difference.
pub fn same(a: &Value, b: &Value) -> bool {
    canonical(a) == canonical(b)
}

/// A policy in the one form that every policy of the same meaning has.
pub fn canonical(policy: &Value) -> Value {
    let mut list: Vec<Value> = statements(policy).into_iter().map(canonical_statement).collect();
    list.sort_by_key(Value::to_string);
    list.dedup();
    json!({ "Statement": list })
}

fn canonical_statement(statement: &Value) -> Value {
    let Some(object) = statement.as_object() else {
        return statement.clone();
    };
    let mut sorted: Vec<(&String, &Value)> = object.iter().collect();
    sorted.sort_by_key(|(key, _)| *key);
    let mut out = Map::new();
    for (key, value) in sorted {
        let value = match key.as_str() {
            // AWS gives an empty name to a statement without one.
            "Sid" if value.as_str() == Some("") => continue,
            "Action" | "NotAction" => list_of(value, str::to_ascii_lowercase),
            "Resource" | "NotResource" => list_of(value, str::to_owned),
            "Principal" | "NotPrincipal" => canonical_principal(value),
            "Condition" => canonical_condition(value),
            _ => value.clone(),
        };
        out.insert(key.clone(), value);
    }
    Value::Object(out)
}

/// `"*"` and `{"AWS": "*"}` mean the same in a resource policy.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
fn canonical_principal(value: &Value) -> Value {
    let Some(object) = value.as_object() else {
        return json!({ "AWS": list_of(value, account_of) });
    };
    let mut sorted: Vec<(&String, &Value)> = object.iter().collect();
    sorted.sort_by_key(|(key, _)| *key);
    sorted.into_iter().map(|(kind, who)| (kind.clone(), list_of(who, account_of))).collect()
}

/// An account's root ARN and its bare id name the same principal.
fn account_of(principal: &str) -> String {
    let id = principal
        .strip_suffix(":root")
        .and_then(|arn| arn.rsplit(':').next())
        .filter(|id| id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()));
    id.unwrap_or(principal).to_owned()
}

/// Condition keys and operators are not case-sensitive; the values are.
fn canonical_condition(value: &Value) -> Value {
    let Some(operators) = value.as_object() else {
        return value.clone();
    };
    let mut out: Vec<(String, Value)> = operators
        .iter()
        .map(|(operator, keys)| {
            let keys = keys.as_object().map(|keys| {
                let mut keys: Vec<(String, Value)> = keys
                    .iter()
                    .map(|(key, values)| (key.to_ascii_lowercase(), list_of(values, str::to_owned)))
                    .collect();
                keys.sort_by(|a, b| a.0.cmp(&b.0));
                keys.into_iter().collect::<Map<_, _>>()
            });
            (operator.to_ascii_lowercase(), keys.map_or(Value::Null, Value::Object))
        })
        .collect();
    out.sort_by(|a, b| a.0.cmp(&b.0));
    Value::Object(out.into_iter().collect())
}

/// Whether two JSON values hold the same, whatever the order of keys and list members.
pub fn same_json(a: Option<&Value>, b: Option<&Value>) -> bool {
    a.map(sorted) == b.map(sorted)
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<(String, Value)> =
                object.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(list) => {
            let mut list: Vec<Value> = list.iter().map(sorted).collect();
            list.sort_by_key(Value::to_string);
            Value::Array(list)
        }
        _ => value.clone(),
    }
}

fn list_of(value: &Value, canonical: impl Fn(&str) -> String) -> Value {
    let text = |value: &Value| match value {
        Value::String(text) => canonical(text),
        // What AWS would refuse has a form of its own, too.
        other => canonical(&other.to_string()),
    };
    let mut list: Vec<String> = match value {
        Value::Array(members) => members.iter().map(text).collect(),
        one => vec![text(one)],
    };
    list.sort();
    list.dedup();
    Value::from(list)
}

/// Characters without white space, which IAM does not count.
pub fn characters(document: &Value) -> usize {
    document.to_string().chars().filter(|c| !c.is_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Value {
        json!({ "Sid": "ctguard-acme-events", "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
                "Action": "sns:Publish", "Resource": "arn:aws:sns:eu-west-1:111122223333:t" })
    }

    #[test]
    fn the_form_of_a_policy_is_its_own_form_even_where_aws_would_refuse_it() {
        let odd = json!({ "Statement": [{ "Effect": "Allow", "NotAction": { "StringEquals": ["X"] }, "Resource": [1, null] }] });
        let form = canonical(&odd);
        assert_eq!(canonical(&form), form);
    }

    #[test]
    fn wording_makes_no_difference() {
        let a = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Principal": { "AWS": "111122223333" }, "Action": ["sns:Publish"], "Resource": "r",
              "Condition": { "StringEquals": { "AWS:SourceOwner": "1" } } }, own() ] });
        let b = json!({ "Id": "x", "Statement": [ own(),
            { "Action": "SNS:Publish", "Effect": "Allow", "Principal": { "AWS": ["arn:aws:iam::111122223333:root"] },
              "Resource": ["r"], "Condition": { "StringEquals": { "aws:sourceowner": ["1"] } } } ] });
        assert!(same(&a, &b));
    }

    #[test]
    fn a_condition_or_another_principal_makes_a_difference() {
        let mut conditioned = own();
        conditioned["Condition"] =
            json!({ "StringEquals": { "aws:SourceAccount": "111122223333" } });
        let mut other = own();
        other["Principal"] = json!({ "Service": "sns.amazonaws.com" });
        for changed in [conditioned, other] {
            assert!(!same(&document(vec![own()]), &document(vec![changed])));
        }
    }

    #[test]
    fn merging_keeps_the_statements_of_others_and_replaces_its_own() {
        let theirs = json!({ "Sid": "theirs", "Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": "r" });
        let mut stale = own();
        stale["Resource"] = json!("elsewhere");
        let live = json!({ "Version": "2008-10-17", "Id": "keep", "Statement": [stale, theirs] });
        let merged = merged(Some(&live), &[own()], "ctguard-acme-");
        assert_eq!((&merged["Id"], &merged["Version"]), (&json!("keep"), &json!("2008-10-17")));
        assert_eq!(statements(&merged), [&theirs, &own()]);
    }

    #[test]
    fn a_deleted_role_is_left_alone_until_the_policy_is_written() {
        const GONE: &str = "AROAEXAMPLEID0000000A";
        let theirs = |who: Value| {
            json!({ "Sid": "theirs", "Effect": "Allow", "Principal": { "AWS": who },
            "Action": "sns:Subscribe", "Resource": "r" })
        };
        let live = document(vec![theirs(json!(GONE)), own()]);
        assert_eq!(merged(Some(&live), &[own()], "ctguard-acme-"), live);
        for (who, kept) in [
            (json!(GONE), None),
            (
                json!([GONE, "arn:aws:iam::111122223333:role/alive"]),
                Some(theirs(json!(["arn:aws:iam::111122223333:role/alive"]))),
            ),
        ] {
            let written = merged(Some(&document(vec![theirs(who)])), &[own()], "ctguard-acme-");
            let expected: Vec<Value> = kept.into_iter().chain([own()]).collect();
            assert_eq!(written["Statement"], json!(expected));
        }
        for alive in
            ["AROA", "AROAexample00000000a", "arn:aws:iam::111122223333:role/AROA0000000000000"]
        {
            assert!(!is_deleted(alive), "{alive}");
        }
    }

    #[test]
    fn merging_what_is_there_already_changes_nothing() {
        let live = json!({ "Version": "2008-10-17", "Statement": own() });
        assert_eq!(merged(Some(&live), &[own()], "ctguard-acme-"), live);
    }
}
