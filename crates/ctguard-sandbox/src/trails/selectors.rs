//! Event selectors: which ones CloudTrail accepts, and which events they select.

use super::super::policy::glob;
use ctguard_core::resource::trail::{
    AdvancedSelector, BasicSelector, FieldSelector, ReadWrite, Selectors,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// Most basic selectors, data resources of all basic selectors, and values of all advanced ones.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html>
const LIMITS: (usize, usize, usize) = (5, 250, 500);

/// The only sources of management events that a trail can exclude.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventSelector.html>
const EXCLUDABLE: [&str; 2] = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];

/// The resource types that a basic selector knows.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DataResource.html>
const BASIC_TYPES: [&str; 3] = ["AWS::S3::Object", "AWS::Lambda::Function", "AWS::DynamoDB::Table"];

/// The fields of an advanced selector for data events.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html>
const DATA_FIELDS: [&str; 9] = [
    "eventCategory",
    "eventName",
    "eventSource",
    "eventType",
    "readOnly",
    "resources.ARN",
    "resources.type",
    "sessionCredentialFromConsole",
    "userIdentity.arn",
];

/// The fields of an advanced selector for network activity events.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html>
const NETWORK_FIELDS: [&str; 6] =
    ["eventCategory", "eventName", "eventSource", "errorCode", "vpcEndpointId", "userIdentity.arn"];

/// Checks selectors as PutEventSelectors does.
pub fn check(selectors: &Selectors) -> Result<(), String> {
    match selectors {
        Selectors::Basic(basic) => check_basic(basic),
        Selectors::Advanced(advanced) => check_advanced(advanced),
    }
}

fn check_basic(selectors: &[BasicSelector]) -> Result<(), String> {
    let (most, most_resources, _) = LIMITS;
    if selectors.is_empty() || selectors.len() > most {
        return Err(format!("a trail has 1 to {most} event selectors"));
    }
    let mut resources = 0;
    for selector in selectors {
        let excluded = &selector.exclude_management_sources;
        if let Some(other) = excluded.iter().find(|s| !EXCLUDABLE.contains(&s.as_str())) {
            return Err(format!("management events of {other} cannot be excluded"));
        }
        if !excluded.is_empty() && !selector.management_events {
            return Err("sources are excluded from management events that are off".to_owned());
        }
        if !selector.management_events && selector.data_resources.is_empty() {
            return Err("an event selector takes neither management nor data events".to_owned());
        }
        for resource in &selector.data_resources {
            let arns = resource.values.iter().all(|value| value.starts_with("arn:"));
            if !BASIC_TYPES.contains(&resource.resource_type.as_str())
                || resource.values.is_empty()
                || !arns
            {
                return Err(format!("invalid data resource {}", resource.resource_type));
            }
            resources += resource.values.len();
        }
    }
    if resources > most_resources {
        return Err(format!("more than {most_resources} data resources"));
    }
    Ok(())
}

fn check_advanced(selectors: &[AdvancedSelector]) -> Result<(), String> {
    if selectors.is_empty() {
        return Err("there is no selector".to_owned());
    }
    let values = selectors.iter().flat_map(|selector| &selector.fields);
    if values.map(|field| operands(field).count()).sum::<usize>() > LIMITS.2 {
        return Err(format!("more than {} values", LIMITS.2));
    }
    selectors.iter().try_for_each(check_advanced_one)
}

fn check_advanced_one(selector: &AdvancedSelector) -> Result<(), String> {
    if selector.name.as_ref().is_some_and(|name| name.chars().count() > 1_000) {
        return Err("a selector's name is longer than 1,000 characters".to_owned());
    }
    let names: BTreeSet<_> = selector.fields.iter().map(|field| &field.field).collect();
    if names.len() != selector.fields.len() {
        return Err("a field occurs twice".to_owned());
    }
    if let Some(field) = selector.fields.iter().find(|field| operands(field).count() == 0) {
        return Err(format!("field {} has no value", field.field));
    }
    let get = |name: &str| selector.fields.iter().find(|field| field.field == name);
    let only_equals = |field: &FieldSelector| operands(field).count() == field.equals.len();
    let category = get("eventCategory").filter(|field| only_equals(field));
    let category = category.and_then(|field| match field.equals.as_slice() {
        [one] => Some(one.as_str()),
        _ => None,
    });
    if let Some(field) = get("readOnly") {
        let one = field.equals.len() == 1 && only_equals(field);
        if !one || !["true", "false"].contains(&field.equals[0].as_str()) {
            return Err("readOnly must equal true or false".to_owned());
        }
    }
    match category {
        Some("Management") => {
            selector.fields.iter().try_for_each(|field| match field.field.as_str() {
                "eventCategory" | "readOnly" => Ok(()),
                "eventSource" => {
                    let known = |source: &String| EXCLUDABLE.contains(&source.as_str());
                    let excludes = operands(field).count() == field.not_equals.len();
                    if excludes && field.not_equals.iter().all(known) {
                        Ok(())
                    } else {
                        Err("eventSource may only exclude kms and rdsdata".to_owned())
                    }
                }
                other => Err(format!("field {other} is not supported for management events")),
            })
        }
        Some("Data") => {
            let types = get("resources.type").filter(|field| only_equals(field));
            if types.is_none_or(|field| field.equals.len() != 1) {
                return Err("data events need one resources.type".to_owned());
            }
            match names.iter().find(|name| !DATA_FIELDS.contains(&name.as_str())) {
                Some(other) => Err(format!("field {other} is not supported for data events")),
                None => Ok(()),
            }
        }
        Some("NetworkActivity") => {
            let source = get("eventSource").filter(|field| only_equals(field));
            if source.is_none_or(|field| field.equals.len() != 1) {
                return Err("network activity events need one eventSource".to_owned());
            }
            match names.iter().find(|name| !NETWORK_FIELDS.contains(&name.as_str())) {
                Some(other) => {
                    Err(format!("field {other} is not supported for network activity events"))
                }
                None => Ok(()),
            }
        }
        _ => Err("eventCategory must equal Management, Data or NetworkActivity".to_owned()),
    }
}

fn operands(field: &FieldSelector) -> impl Iterator<Item = &String> {
    field.operators().into_iter().flatten()
}

/// The fields of a CloudTrail record that selectors use.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The event's `detail`.
    pub detail: &'a Value,
    pub management: bool,
    /// A network activity event, as opposed to a data event.
    pub network: bool,
    pub read_only: bool,
}

impl<'a> Facts<'a> {
    fn texts(&self, field: &str) -> Vec<&'a str> {
        let detail = self.detail;
        let of_resources = |key: &str| -> Vec<&'a str> {
            let resources = detail.get("resources").and_then(Value::as_array);
            resources.into_iter().flatten().filter_map(|r| r.get(key)?.as_str()).collect()
        };
        match field {
            "eventCategory" => vec![match (self.network, self.management) {
                (true, _) => "NetworkActivity",
                (false, true) => "Management",
                (false, false) => "Data",
            }],
            "readOnly" => vec![if self.read_only { "true" } else { "false" }],
            "resources.type" => of_resources("type"),
            "resources.ARN" => of_resources("ARN"),
            path => {
                let pointer = format!("/{}", path.replace('.', "/"));
                detail.pointer(&pointer).and_then(Value::as_str).into_iter().collect()
            }
        }
    }

    fn source(&self) -> &'a str {
        self.detail.get("eventSource").and_then(Value::as_str).unwrap_or_default()
    }
}

/// Whether a trail with these selectors records an event; if not, why.
pub fn take(selectors: &Selectors, facts: Facts<'_>) -> Result<(), String> {
    let taken = match selectors {
        Selectors::Basic(basic) => basic.iter().any(|selector| basic_takes(selector, facts)),
        Selectors::Advanced(advanced) => advanced
            .iter()
            .any(|selector| selector.fields.iter().all(|field| field_takes(field, facts))),
    };
    if taken {
        return Ok(());
    }
    let kind = if facts.management { "management" } else { "data" };
    let access = if facts.read_only { "read" } else { "write" };
    Err(format!("its selectors leave out this {kind} {access} event of {}", facts.source()))
}

fn basic_takes(selector: &BasicSelector, facts: Facts<'_>) -> bool {
    let half = match selector.read_write {
        ReadWrite::All => true,
        ReadWrite::ReadOnly => facts.read_only,
        ReadWrite::WriteOnly => !facts.read_only,
    };
    if facts.management {
        let excluded = selector.exclude_management_sources.iter();
        return half
            && selector.management_events
            && !excluded.into_iter().any(|s| s == facts.source());
    }
    let (types, arns) = (facts.texts("resources.type"), facts.texts("resources.ARN"));
    half && selector.data_resources.iter().any(|resource| {
        types.contains(&resource.resource_type.as_str())
            && resource
                .values
                .iter()
                .any(|prefix| arns.iter().any(|arn| glob(&format!("{prefix}*"), arn)))
    })
}

fn field_takes(field: &FieldSelector, facts: Facts<'_>) -> bool {
    let values = facts.texts(&field.field);
    let any = |operands: &[String], holds: fn(&str, &str) -> bool| {
        operands.iter().any(|operand| values.iter().any(|value| holds(value, operand)))
    };
    let equal: fn(&str, &str) -> bool = |value, operand| value == operand;
    let starts: fn(&str, &str) -> bool = |value, operand| value.starts_with(operand);
    let ends: fn(&str, &str) -> bool = |value, operand| value.ends_with(operand);
    [(&field.equals, equal), (&field.starts_with, starts), (&field.ends_with, ends)]
        .into_iter()
        .all(|(operands, holds)| operands.is_empty() || any(operands, holds))
        && [
            (&field.not_equals, equal),
            (&field.not_starts_with, starts),
            (&field.not_ends_with, ends),
        ]
        .into_iter()
        .all(|(operands, holds)| !any(operands, holds))
}
