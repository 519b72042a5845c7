//! A policy as its statements: which come, which go, and what of one changes.

use super::diff::{Line, plain};
use ctguard_core::plural::count;
use ctguard_core::resource::policy::{canonical, document, statements};
use serde_json::Value;

/// Most actions of a statement that a sentence names.
const ACTIONS_TOLD: usize = 2;

/// What the policy loses and gains; empty when no statement differs in its meaning.
pub(super) fn lines(before: Option<&Value>, after: Option<&Value>) -> Option<Vec<Line>> {
    let list = |policy: Option<&Value>| -> Vec<Value> {
        policy.map(statements).unwrap_or_default().into_iter().cloned().collect()
    };
    let (before, after) = (list(before), list(after));
    let same = |a: &Value, b: &Value| meaning(a) == meaning(b);
    let gone: Vec<&Value> =
        before.iter().filter(|old| !after.iter().any(|new| same(old, new))).collect();
    let new: Vec<&Value> =
        after.iter().filter(|new| !before.iter().any(|old| same(old, new))).collect();
    let mut lines = Vec::new();
    let partner = |old: &Value| new.iter().find(|new| sid(new).is_some() && sid(new) == sid(old));
    for old in &gone {
        match partner(old) {
            Some(new) => changed(&mut lines, old, new),
            None => lines.push(Line::new('-', one_line(old))),
        }
    }
    let replaces = |new: &Value| gone.iter().any(|old| sid(old).is_some() && sid(old) == sid(new));
    lines.extend(new.iter().filter(|new| !replaces(new)).map(|new| Line::new('+', one_line(new))));
    let kept = after.len() - new.len();
    if kept > 0 && !lines.is_empty() {
        lines.push(Line::new(' ', format!("{} as before", count(kept, "statement"))));
    }
    Some(lines)
}

fn meaning(statement: &Value) -> Value {
    canonical(&document(vec![statement.clone()]))
}

fn sid(statement: &Value) -> Option<&str> {
    statement.get("Sid").and_then(Value::as_str).filter(|sid| !sid.is_empty())
}

/// The elements that differ, each from what to what.
fn changed(lines: &mut Vec<Line>, old: &Value, new: &Value) {
    lines.push(Line::new('~', format!("statement {}", sid(new).unwrap_or("without a Sid"))));
    let keys = |statement: &Value| -> Vec<String> {
        statement.as_object().map(|object| object.keys().cloned().collect()).unwrap_or_default()
    };
    let mut all = keys(old);
    all.extend(keys(new).into_iter().filter(|key| old.get(key).is_none()));
    for key in all {
        let (old, new) = (old.get(&key), new.get(&key));
        let of = |value: Option<&Value>| {
            let element = value.map(|value| (key.clone(), value.clone()));
            meaning(&Value::Object(element.into_iter().collect()))
        };
        if of(old) != of(new) {
            lines.extend(old.map(|old| Line::new('-', format!("  {key}: {}", plain(old)))));
            lines.extend(new.map(|new| Line::new('+', format!("  {key}: {}", plain(new)))));
        }
    }
}

/// A statement in a sentence.
fn one_line(statement: &Value) -> String {
    let sid = sid(statement).map(|sid| format!("statement {sid}: ")).unwrap_or_default();
    let effect = statement.get("Effect").map(plain).unwrap_or_default();
    let part = |key: &str| statement.get(key).map(said);
    let who = match (part("Principal"), part("NotPrincipal")) {
        (Some(who), _) => format!(" {who}"),
        (None, Some(but)) => format!(" everybody but {but}"),
        (None, None) => String::new(),
    };
    let what = match (part("Action"), part("NotAction")) {
        (Some(what), _) => what,
        (None, Some(but)) => format!("everything but {but}"),
        (None, None) => "nothing".to_owned(),
    };
    let on = match (part("Resource"), part("NotResource")) {
        (Some(on), _) => format!(" on {on}"),
        (None, Some(but)) => format!(" on everything but {but}"),
        (None, None) => String::new(),
    };
    let when = part("Condition").map(|when| format!(" when {when}")).unwrap_or_default();
    let to = if who.is_empty() { " " } else { " to " };
    format!("{sid}{effect}{who}{to}{what}{on}{when}")
}

/// Each statement of a policy in a few words: who may do what. What the owner may stands last.
pub(super) fn statements_told(policy: &Value) -> Vec<String> {
    let (owners, others): (Vec<&Value>, Vec<&Value>) =
        statements(policy).into_iter().partition(|statement| owner(statement).is_some());
    others.into_iter().chain(owners).map(who_may_what).collect()
}

/// The account to which a condition on everybody comes down, as in the policy that SNS gives a new
/// topic.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html>
fn owner(statement: &Value) -> Option<&str> {
    let conditions = statement.get("Condition")?.as_object()?;
    let is_one = |name: &str| name.eq_ignore_ascii_case("aws:SourceOwner");
    match conditions.iter().collect::<Vec<_>>().as_slice() {
        [(operator, keys)] if *operator == "StringEquals" => {
            let keys: Vec<_> = keys.as_object()?.iter().collect();
            match keys.as_slice() {
                [(name, account)] if is_one(name) => account.as_str(),
                _ => None,
            }
        }
        _ => None,
    }
}

fn who_may_what(statement: &Value) -> String {
    let names = |value: &Value| {
        let names = match value {
            Value::Object(kinds) => kinds.values().map(said).collect::<Vec<_>>().join(", "),
            other => said(other),
        };
        if names == "*" { "everybody".to_owned() } else { names }
    };
    let who = match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(who), _) => names(who),
        (None, Some(but)) => format!("everybody but {}", names(but)),
        (None, None) => "it".to_owned(),
    };
    let what = match (statement.get("Action"), statement.get("NotAction")) {
        (Some(what), _) => actions(what),
        (None, Some(but)) => format!("do everything but {}", actions(but)),
        (None, None) => "do nothing".to_owned(),
    };
    let denies = statement.get("Effect").is_some_and(|effect| effect == "Deny");
    let may = if denies { "may not" } else { "may" };
    let owner = owner(statement).filter(|_| who == "everybody");
    let who = owner.map_or(who, |account| format!("account {account}"));
    let has_condition = statement.get("Condition").is_some() && owner.is_none();
    let when = if has_condition { " under a condition" } else { "" };
    // What an identity's own policy is about; a resource's is about the resource.
    let on = match (who.as_str(), statement.get("Resource")) {
        ("it", Some(resource)) => format!(" on {}", said(resource)),
        _ => String::new(),
    };
    format!("{who} {may} {what}{on}{when}")
}

/// The first of several actions, and how many more there are.
fn actions(value: &Value) -> String {
    match value {
        Value::Array(all) if all.len() > ACTIONS_TOLD => {
            let told = all.iter().take(ACTIONS_TOLD).map(said).collect::<Vec<_>>().join(", ");
            format!("{told}, and {} more", all.len() - ACTIONS_TOLD)
        }
        other => said(other),
    }
}

/// A value in few characters: lists with commas, a principal by its kind.
fn said(value: &Value) -> String {
    match value {
        Value::Array(members) => members.iter().map(said).collect::<Vec<_>>().join(", "),
        Value::Object(kinds) if kinds.values().all(|who| who.is_string() || who.is_array()) => {
            let kinds = kinds.iter().map(|(kind, who)| format!("{kind} {}", said(who)));
            kinds.collect::<Vec<_>>().join(", ")
        }
        other => plain(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn diff(before: Vec<Value>, after: Vec<Value>) -> Vec<String> {
        let lines = lines(Some(&document(before)), Some(&document(after))).unwrap_or_default();
        lines.iter().map(|line| format!("{} {}", line.sign, line.text)).collect()
    }

    fn own() -> Value {
        json!({ "Sid": "own", "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
                "Action": "sns:Publish", "Resource": "arn:t" })
    }

    #[test]
    fn a_statement_is_added_removed_or_changed_where_it_changed() {
        let theirs =
            json!({ "Effect": "Deny", "Principal": "*", "Action": ["a", "b"], "Resource": "r" });
        let mut conditioned = own();
        conditioned["Action"] = json!(["SNS:Publish"]);
        conditioned["Condition"] = json!({ "StringEquals": { "aws:SourceAccount": "1" } });
        assert_eq!(
            diff(vec![conditioned.clone(), theirs.clone()], vec![theirs.clone(), own()]),
            [
                "~ statement own",
                "-   Condition: {\"StringEquals\":{\"aws:SourceAccount\":\"1\"}}",
                "  1 statement as before",
            ]
        );
        assert_eq!(
            diff(vec![theirs], vec![own()]),
            [
                "- Deny * to a, b on r",
                "+ statement own: Allow Service events.amazonaws.com to sns:Publish on arn:t",
            ]
        );
    }

    #[test]
    fn wording_and_order_are_no_difference() {
        let mut worded = own();
        worded["Action"] = json!(["SNS:Publish"]);
        assert_eq!(diff(vec![worded], vec![own()]), Vec::<String>::new());
    }
}
