//! Rules and their targets as resources.

use super::{Identity, Name, Resource, last, optional, reference, written, written_map};
use crate::export::ExportError;
use crate::resource::keys::RuleKey;
use crate::resource::rule::{Input, Rule, Target, Targets};
use crate::resource::{Kind, Tags};
use crate::scope::Arn;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What the provider puts other characters in the place of, wherever it stands.
const REPLACED: [&str; 3] = ["\\u003c", "\\u003e", "\\u0026"];

const RULE: &str = "aws_cloudwatch_event_rule";

pub(super) fn of(
    key: &RuleKey,
    rule: &Rule,
    targets: &Targets,
    tags: &Tags,
) -> Result<Vec<Resource>, ExportError> {
    let made = Resource::new(
        RULE,
        key.as_str(),
        (Kind::Rule, key.as_str()),
        Identity::Rule { key: key.clone(), target: None },
        json!({
            "name": written(key.name())?,
            "event_bus_name": optional(key.bus())?,
            "description": optional(rule.description.as_deref())?,
            "event_pattern": rule.event_pattern.as_deref().map(pattern).transpose()?,
            "schedule_expression": optional(rule.schedule_expression.as_deref())?,
            "role_arn": optional(rule.role_arn.as_deref())?,
            "state": rule.state.as_str(),
            "tags": written_map(tags.iter())?,
        }),
    );
    let bus = key.bus().map(|bus| (Kind::Bus, bus.to_owned()));
    let mut all = vec![made.needs(bus)];
    for (id, one) in targets {
        all.push(target(key, id, one)?);
    }
    Ok(all)
}

fn target(key: &RuleKey, id: &str, target: &Target) -> Result<Resource, ExportError> {
    let mut arguments = json!({
        "rule": reference(RULE, key.as_str(), "name"),
        "event_bus_name": key.bus().map(|_| reference(RULE, key.as_str(), "event_bus_name")),
        "target_id": written(id)?,
        "arn": written(&target.arn)?,
        "role_arn": optional(target.role_arn.as_deref())?,
    });
    match &target.input {
        Input::Event => {}
        Input::Path(path) => arguments["input_path"] = json!(written(path)?),
        Input::Constant(text) => arguments["input"] = json!(written(text)?),
        Input::Transformer(transformer) => {
            let mut input = json!({ "input_template": written(&transformer.template)? });
            if !transformer.paths.is_empty() {
                input["input_paths"] = written_map(&transformer.paths)?;
            }
            arguments["input_transformer"] = json!([input]);
        }
    }
    if let Some(queue) = &target.dead_letter_arn {
        arguments["dead_letter_config"] = json!([{ "arn": written(queue)? }]);
    }
    if let Some(retry) = &target.retry_policy {
        arguments["retry_policy"] = json!([{
            "maximum_event_age_in_seconds": retry.maximum_event_age_seconds,
            "maximum_retry_attempts": retry.maximum_retry_attempts,
        }]);
    }
    let made = Resource::new(
        "aws_cloudwatch_event_target",
        &format!("{key}/{id}"),
        (Kind::Target, key.as_str()),
        Identity::Rule { key: key.clone(), target: Some(id.to_owned()) },
        arguments,
    );
    Ok(made.needs(needs(target)))
}

/// What a target refers to: what may be in the same module.
fn needs(target: &Target) -> BTreeSet<Name> {
    let mut all = BTreeSet::new();
    let mut add = |kind: Option<Kind>, arn: &str| {
        all.extend(kind.zip(last(arn)).map(|(kind, name)| (kind, name.to_owned())));
    };
    let kind = match Arn::parse(&target.arn).map(|arn| arn.service) {
        Some("sns") => Some(Kind::Topic),
        Some("states") => Some(Kind::Machine),
        Some("events") => Some(Kind::Bus),
        Some("sqs") => Some(Kind::Queue),
        _ => None,
    };
    add(kind, &target.arn);
    target.role_arn.iter().for_each(|arn| add(Some(Kind::Role), arn));
    target.dead_letter_arn.iter().for_each(|arn| add(Some(Kind::Queue), arn));
    all
}

/// An event pattern as a template: the provider reads and writes it anew, which must not change what it means.
///
/// # Errors
/// When it would: EventBridge compares the spelling of numbers, and a backslash may begin what is replaced.
///
/// Source: <https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/events/rule.go>
fn pattern(text: &str) -> Result<String, ExportError> {
    let read: Value =
        serde_json::from_str(text).map_err(|error| ExportError::TooLarge(error.to_string()))?;
    match altered(&read) {
        None => written(text),
        Some(text) => Err(ExportError::Text {
            message: format!(
                "Terraform's provider would write another text for `{text}` in an event pattern"
            ),
            text,
            help: "Write a whole number without a fraction or an exponent, and no backslash before `u003c`, `u003e` or `u0026`.",
        }),
    }
}

/// The first number or text of a pattern that the provider would write otherwise.
fn altered(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => {
            let spelled = number.to_string();
            // Without an exponent, of no more digits than a double has, and no `.0`.
            let again = number.as_f64().map(|number| number.to_string());
            (again.as_ref() != Some(&spelled)).then_some(spelled)
        }
        Value::String(text) => REPLACED.iter().any(|one| text.contains(one)).then(|| text.clone()),
        Value::Array(list) => list.iter().find_map(altered),
        Value::Object(map) => map.iter().find_map(|(key, value)| {
            let replaced = REPLACED.iter().any(|one| key.contains(one));
            if replaced { Some(key.clone()) } else { altered(value) }
        }),
        Value::Bool(_) | Value::Null => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_the_provider_would_change_is_refused() {
        for kept in
            [r#"{"a":[300,-7,0.5,{"numeric":[">",1024]},"x",null]}"#, r#"{"a":["<b>&","C:\\u00"]}"#]
        {
            assert!(pattern(kept).is_ok(), "{kept}");
        }
        for changed in [
            r#"{"a":[300.0]}"#,
            r#"{"a":[3e2]}"#,
            r#"{"a":[9007199254740993]}"#,
            r#"{"a":[{"numeric":["=",1e-7]}]}"#,
            r#"{"a":["C:\\u003c"]}"#,
            r#"{"a":{"\\u0026":["x"]}}"#,
        ] {
            assert!(matches!(pattern(changed), Err(ExportError::Text { .. })), "{changed}");
        }
    }
}
