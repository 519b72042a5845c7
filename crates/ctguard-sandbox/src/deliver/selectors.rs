//! Event selectors in the names of Step Functions.
//!
//! The field of equal values is called EqualsValue there, and an empty list is none.
//!
//! Source: <https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html>

use ctguard_core::resource::trail::{
    AdvancedSelector, BasicSelector, DataResource, FieldSelector, Selectors,
};
use serde_json::{Map, Value, json};

/// What Step Functions calls the operators of an advanced selector.
const OPERATORS: [&str; 6] =
    ["EqualsValue", "NotEquals", "StartsWith", "NotStartsWith", "EndsWith", "NotEndsWith"];

/// Selectors as GetEventSelectors gives them.
pub fn told(selectors: &Selectors) -> Value {
    match selectors {
        Selectors::Basic(list) => {
            let one = |one: &BasicSelector| {
                let resource =
                    |of: &DataResource| json!({ "Type": of.resource_type, "Values": of.values });
                let resources: Vec<Value> = one.data_resources.iter().map(resource).collect();
                json!({
                    "ReadWriteType": one.read_write,
                    "IncludeManagementEvents": one.management_events,
                    "ExcludeManagementEventSources": one.exclude_management_sources,
                    "DataResources": resources,
                })
            };
            json!({ "EventSelectors": list.iter().map(one).collect::<Vec<_>>() })
        }
        Selectors::Advanced(list) => {
            let field = |field: &FieldSelector| {
                let mut out = Map::from_iter([("Field".to_owned(), json!(field.field))]);
                for (name, values) in OPERATORS.into_iter().zip(field.operators()) {
                    if !values.is_empty() {
                        out.insert(name.to_owned(), json!(values));
                    }
                }
                Value::Object(out)
            };
            let one = |one: &AdvancedSelector| {
                let fields: Vec<Value> = one.fields.iter().map(field).collect();
                let mut out = json!({ "FieldSelectors": fields });
                if let Some(name) = &one.name {
                    out["Name"] = json!(name);
                }
                out
            };
            json!({ "AdvancedEventSelectors": list.iter().map(one).collect::<Vec<_>>() })
        }
    }
}

/// The selectors of a PutEventSelectors.
///
/// # Errors
///
/// When Step Functions or CloudTrail would not take the arguments.
pub fn read(arguments: &Value) -> Result<Selectors, String> {
    match (&arguments["EventSelectors"], &arguments["AdvancedEventSelectors"]) {
        (Value::Array(list), Value::Null) => {
            Ok(Selectors::Basic(list.iter().map(basic).collect::<Result<_, _>>()?))
        }
        (Value::Null, Value::Array(list)) => {
            Ok(Selectors::Advanced(list.iter().map(advanced).collect::<Result<_, _>>()?))
        }
        _ => Err("either EventSelectors or AdvancedEventSelectors are given".to_owned()),
    }
}

fn basic(one: &Value) -> Result<BasicSelector, String> {
    known(
        one,
        &[
            "ReadWriteType",
            "IncludeManagementEvents",
            "ExcludeManagementEventSources",
            "DataResources",
        ],
    )?;
    let read_write = serde_json::from_value(one["ReadWriteType"].clone())
        .map_err(|_| "ReadWriteType is none that CloudTrail knows".to_owned())?;
    let mut data_resources = Vec::new();
    for of in one["DataResources"].as_array().into_iter().flatten() {
        known(of, &["Type", "Values"])?;
        let resource_type = of["Type"].as_str().unwrap_or_default().to_owned();
        data_resources.push(DataResource { resource_type, values: texts(&of["Values"])? });
    }
    Ok(BasicSelector {
        read_write,
        management_events: one["IncludeManagementEvents"].as_bool().unwrap_or(true),
        exclude_management_sources: texts(&one["ExcludeManagementEventSources"])?,
        data_resources,
    })
}

fn advanced(one: &Value) -> Result<AdvancedSelector, String> {
    known(one, &["Name", "FieldSelectors"])?;
    let mut fields = Vec::new();
    for field in one["FieldSelectors"].as_array().into_iter().flatten() {
        let names: Vec<&str> = OPERATORS.into_iter().chain(["Field"]).collect();
        known(field, &names)?;
        let list = |name: &str| match &field[name] {
            Value::Array(list) if list.is_empty() => Err(format!("{name} is empty")),
            list => texts(list),
        };
        fields.push(FieldSelector {
            field: field["Field"].as_str().unwrap_or_default().to_owned(),
            equals: list("EqualsValue")?,
            not_equals: list("NotEquals")?,
            starts_with: list("StartsWith")?,
            not_starts_with: list("NotStartsWith")?,
            ends_with: list("EndsWith")?,
            not_ends_with: list("NotEndsWith")?,
        });
    }
    Ok(AdvancedSelector { name: one["Name"].as_str().map(str::to_owned), fields })
}

fn texts(list: &Value) -> Result<Vec<String>, String> {
    let Some(list) = list.as_array() else { return Ok(Vec::new()) };
    let text = |one: &Value| one.as_str().map(str::to_owned).ok_or("a value is no text".to_owned());
    list.iter().map(text).collect()
}

fn known(value: &Value, fields: &[&str]) -> Result<(), String> {
    let other = value.as_object().into_iter().flatten().map(|(name, _)| name);
    match other.into_iter().find(|name| !fields.contains(&name.as_str())) {
        Some(other) => Err(format!("The field '{other}' is not supported by Step Functions")),
        None => Ok(()),
    }
}
