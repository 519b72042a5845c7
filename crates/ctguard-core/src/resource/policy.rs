//! Resource policies: compared by meaning, and merged without touching foreign statements.
//!
//! Statements whose Sid begins with the blueprint's prefix are ctguard's; every other statement is
//! foreign and kept as it is.

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
    let mut list: Vec<Value> = statements(live)
        .into_iter()
        .filter(|statement| !is_own(statement, own_prefix))
        .cloned()
        .collect();
    list.extend(own.iter().cloned());
    let mut merged = document(list);
    // Another version could read the statements of others otherwise: an older one knows no
    // variables.
    for kept in ["Version", "Id"] {
        if let (Some(value), Some(object)) = (live.get(kept), merged.as_object_mut()) {
            object.insert(kept.to_owned(), value.clone());
        }
    }
    if same(live, &merged) { live.clone() } else { merged }
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

fn list_of(value: &Value, canonical: impl Fn(&str) -> String) -> Value {
    let text = |value: &Value| match value {
        Value::String(text) => canonical(text),
        other => other.to_string(),
    };
    let mut list: Vec<String> = match value {
        Value::Array(members) => members.iter().map(text).collect(),
        one => vec![text(one)],
    };
    list.sort();
    list.dedup();
    Value::from(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Value {
        json!({ "Sid": "ctguard-acme-events", "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
                "Action": "sns:Publish", "Resource": "arn:aws:sns:eu-west-1:111122223333:t" })
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
    fn merging_what_is_there_already_changes_nothing() {
        let live = json!({ "Version": "2008-10-17", "Statement": own() });
        assert_eq!(merged(Some(&live), &[own()], "ctguard-acme-"), live);
    }
}
