//! So much of Terraform as an export uses, written from its documentation alone.

use crate::scope::{AccountId, Place, Region};
use hcl_edit::expr::Expression;
use hcl_edit::template::{Element, Template};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a name stands for.
pub type Names = BTreeMap<String, Value>;

/// A resource of an instance of a module, with its arguments filled in.
#[derive(Debug, Clone)]
pub struct Made {
    /// In the module.
    pub address: String,
    pub type_name: String,
    pub arguments: Map<String, Value>,
    pub prevented: bool,
    pub after: Vec<String>,
}

/// A text, as far as it says what it stands for.
pub fn filled(text: &str, names: &Names) -> Value {
    let mut all = String::new();
    let mut rest = text;
    loop {
        if let Some(after) = rest.strip_prefix("$${") {
            all.push_str("${");
            rest = after;
        } else if let Some(after) = rest.strip_prefix("%%{") {
            all.push_str("%{");
            rest = after;
        } else if let Some(after) = rest.strip_prefix("${") {
            let end = end_of(after);
            let value = evaluated(&after[..end], names);
            if all.is_empty() && after[end + 1..].is_empty() {
                assert!(text.parse::<Template>().is_ok(), "hcl-edit does not read {text}");
                return value;
            }
            all.push_str(value.as_str().unwrap_or_else(|| panic!("no text: {value} in {text}")));
            rest = &after[end + 1..];
        } else {
            assert!(!rest.starts_with("%{"), "a directive: {text}");
            let Some(one) = rest.chars().next() else { break };
            all.push(one);
            rest = &rest[one.len_utf8()..];
        }
    }
    assert_eq!(other_reading(text, names).as_ref(), Some(&all), "hcl-edit reads it otherwise");
    Value::String(all)
}

/// Where an expression ends that began with `${`.
fn end_of(text: &str) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    for (at, one) in text.char_indices() {
        match one {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '{' if !quoted => depth += 1,
            '}' if !quoted && depth == 0 => return at,
            '}' if !quoted => depth -= 1,
            _ => {}
        }
    }
    panic!("an expression does not end: {text}")
}

fn evaluated(expression: &str, names: &Names) -> Value {
    if let Some(list) = expression.strip_prefix("toset([").and_then(|it| it.strip_suffix("])")) {
        return regions(list, names);
    }
    if expression.starts_with('"') {
        return serde_json::from_str(expression).unwrap();
    }
    names.get(expression).cloned().unwrap_or_else(|| panic!("nobody says {expression}"))
}

/// `"a", "b"`, or `for region in ["a", "b"] : region if !contains(local.except["x"], var.account)`.
fn regions(list: &str, names: &Names) -> Value {
    let Some(some) = list.strip_prefix("for region in ") else {
        return serde_json::from_str(&format!("[{list}]")).unwrap();
    };
    let (all, condition) = some.split_once(" : region if !contains(").unwrap();
    let (except, account) = condition.strip_suffix(')').unwrap().split_once(", ").unwrap();
    let call = except.strip_prefix("local.except[\"").unwrap().strip_suffix("\"]").unwrap();
    let account = evaluated(account, names);
    let out = names["local.except"][call].as_array().unwrap().contains(&account);
    if out { Value::Array(Vec::new()) } else { serde_json::from_str(all).unwrap() }
}

/// The same text as another parser reads it; expressions are names and quoted texts here.
fn other_reading(text: &str, names: &Names) -> Option<String> {
    let template: Template = text.parse().unwrap_or_else(|error| panic!("{error}: {text}"));
    let mut all = String::new();
    for element in template {
        match element {
            Element::Literal(literal) => all.push_str(&literal),
            Element::Interpolation(interpolation) => match &interpolation.expr {
                Expression::String(text) => all.push_str(text),
                Expression::Traversal(_) => {
                    let name = interpolation.expr.to_string();
                    all.push_str(names.get(name.trim())?.as_str()?);
                }
                other => panic!("{other:?}"),
            },
            Element::Directive(directive) => panic!("{directive:?}"),
        }
    }
    Some(all)
}

/// A value with everything filled in, keys too.
pub fn filled_in(value: &Value, names: &Names) -> Value {
    match value {
        Value::String(text) => filled(text, names),
        Value::Array(list) => list.iter().map(|one| filled_in(one, names)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, one)| {
                let key = filled(key, names);
                (key.as_str().unwrap().to_owned(), filled_in(one, names))
            })
            .collect(),
        other => other.clone(),
    }
}

/// What a module makes, in the order of its addresses.
pub fn instance(module: &Value, variables: &Names, place: &Place) -> Vec<Made> {
    let declared = module["variable"].as_object().unwrap();
    let mut names = Names::new();
    for name in declared.keys() {
        let value = variables.get(name).unwrap_or_else(|| panic!("{name} is not given"));
        names.insert(format!("var.{name}"), value.clone());
    }
    assert_eq!(declared.len(), variables.len(), "given and not declared: {variables:?}");
    let mut left: Vec<(String, String, Map<String, Value>)> = Vec::new();
    for (type_name, all) in module["resource"].as_object().unwrap() {
        for (label, arguments) in all.as_object().unwrap() {
            let arguments = arguments.as_object().unwrap().clone();
            left.push((type_name.clone(), format!("{type_name}.{label}"), arguments));
        }
    }
    let mut all = Vec::new();
    // What others refer to is made first.
    while !left.is_empty() {
        let ready = left.iter().position(|(_, _, arguments)| {
            let text = serde_json::to_string(arguments).unwrap();
            let open = |other: &(String, String, _)| text.contains(&format!("${{{}.", other.1));
            !left.iter().any(open)
        });
        let (type_name, address, mut arguments) = left.remove(ready.expect("no circle"));
        let after = arguments.remove("depends_on").unwrap_or_default();
        let lifecycle = arguments.remove("lifecycle").unwrap_or_default();
        let arguments = filled_in(&Value::Object(arguments), &names);
        let Value::Object(arguments) = arguments else { unreachable!() };
        for (name, value) in attributes(&type_name, &arguments, place) {
            names.insert(format!("{address}.{name}"), value);
        }
        all.push(Made {
            address,
            type_name,
            arguments,
            prevented: lifecycle["prevent_destroy"] == true,
            after: serde_json::from_value(after).unwrap_or_default(),
        });
    }
    all.sort_by(|a, b| a.address.cmp(&b.address));
    all
}

/// What AWS adds to the arguments, of those types that others ask.
fn attributes(type_name: &str, arguments: &Map<String, Value>, place: &Place) -> Names {
    let mut all: Names =
        arguments.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    let name = arguments.get("name").and_then(Value::as_str).unwrap_or_default();
    match type_name {
        "aws_sns_topic" => drop(all.insert("arn".to_owned(), place.arn("sns", name).into())),
        "aws_sqs_queue" => drop(all.insert("id".to_owned(), format!("url of {name}").into())),
        _ => {}
    }
    all
}

/// A call of a module by a root, for one region.
pub struct Called {
    /// The call's name in its root.
    pub name: String,
    pub module: String,
    pub place: Place,
    /// The accounts in which its provider does anything; absent: that of the credentials.
    pub allowed: Option<Value>,
    /// The role that its provider assumes.
    pub role: Option<Value>,
    pub variables: Names,
}

/// Every call of a root. `account` is the one of the credentials, or the one that is asked for.
pub fn calls(root: &Value, account: &AccountId) -> Vec<Called> {
    let mut names = Names::new();
    names.insert("var.account".to_owned(), account.as_str().into());
    names.insert("data.aws_caller_identity.own.account_id".to_owned(), account.as_str().into());
    if let Some(variables) = root["variable"].as_object() {
        for name in variables.keys().filter(|name| name.starts_with("endpoint_")) {
            names.insert(format!("var.{name}"), format!("secret {name}").into());
        }
    }
    names.insert("local.except".to_owned(), root["locals"]["except"].clone());
    let providers = root["provider"]["aws"].as_array().unwrap();
    let mut all = Vec::new();
    for (name, call) in root["module"].as_object().unwrap() {
        let provider = match call["providers"]["aws"].as_str() {
            Some(wanted) => providers
                .iter()
                .find(|one| wanted == format!("aws.{}", one["alias"].as_str().unwrap()))
                .expect("the provider"),
            None => providers.iter().find(|one| one.get("alias").is_none()).expect("the provider"),
        };
        let regions = filled(call["for_each"].as_str().unwrap(), &names);
        for region in regions.as_array().unwrap() {
            let mut own = names.clone();
            own.insert("each.value".to_owned(), region.clone());
            let meta = ["source", "for_each", "providers", "depends_on"];
            let variables: Names = call
                .as_object()
                .unwrap()
                .iter()
                .filter(|(key, _)| !meta.contains(&key.as_str()))
                .map(|(key, value)| (key.clone(), filled_in(value, &own)))
                .collect();
            let text = |name: &str| variables[name].as_str().unwrap().to_owned();
            all.push(Called {
                name: name.clone(),
                module: call["source"].as_str().unwrap().trim_start_matches("../").to_owned(),
                place: Place::new(
                    AccountId::new(&text("account")).unwrap(),
                    Region::new(&text("region")).unwrap(),
                ),
                allowed: provider.get("allowed_account_ids").map(|all| filled_in(all, &names)),
                role: role(provider, &root["locals"]["roles"], account)
                    .map(|role| filled_in(role, &names)),
                variables,
            });
        }
    }
    all
}

/// The role that a provider assumes, unless its account is the credentials' own; `listed` are those of accounts that the
/// blueprint lists.
fn role<'a>(provider: &'a Value, listed: &'a Value, account: &AccountId) -> Option<&'a Value> {
    let always = &provider["assume_role"][0]["role_arn"];
    let elsewhere = &provider["dynamic"]["assume_role"][0]["content"][0]["role_arn"];
    let role = [always, elsewhere].into_iter().find(|role| role.is_string())?;
    if role != "${assume_role.value.role_arn}" {
        return Some(role);
    }
    let each = &provider["dynamic"]["assume_role"][0]["for_each"];
    assert_eq!(
        each,
        "${[for role in try(local.roles[var.account], local.roles.others) : role if var.account != var.own_account]}"
    );
    let of = listed.get(account.as_str()).unwrap_or(&listed["others"]);
    of.get(0).map(|role| &role["role_arn"])
}
