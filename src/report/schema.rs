//! The JSON Schemas of what the verbs print with `--format json`, made from the types that are printed.
//!
//! `docs/schema/` holds what [`of`] makes and `ctguard schema` prints those files, so that making them
//! costs a run of the program nothing. The behaviour test `schema` compares the two and writes the
//! files anew when `UPDATE_SCHEMAS` is set.

use super::apply::ApplyReport;
use super::events::EventCheck;
use super::export::Exported;
use super::matches::Matched;
use super::policy::{Guard, Lacking, Policies};
use super::replay::Query;
use super::snapshot::Taken;
use super::stopped::Stopped;
use super::validate::Validation;
use ctguard_core::coverage::Coverage;
use ctguard_core::drift::Drift;
use ctguard_core::drill::DrillReport;
use ctguard_core::events::Found;
use ctguard_core::explain::Explanation;
use ctguard_core::export::RollOut;
use ctguard_core::import::Import;
use ctguard_core::offline::Trial;
use ctguard_core::proof::Report;
use ctguard_core::replay::Replay;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// A document that has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Document {
    Plan,
    Report,
    Apply,
    Explain,
    Validate,
    Events,
    #[strum(serialize = "events-check")]
    EventsCheck,
    Coverage,
    Import,
    Export,
    Stacks,
    Drill,
    Test,
    Replay,
    Match,
    Policy,
    Snapshot,
}

/// What `policy` prints: the policies of all identities, what an organization's policy holds back,
/// or what an identity lacks.
struct Policy;

impl JsonSchema for Policy {
    fn schema_name() -> Cow<'static, str> {
        "Policy".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let all = generator.subschema_for::<Policies>();
        let guard = generator.subschema_for::<Guard>();
        let lacking = generator.subschema_for::<Lacking>();
        json_schema!({ "oneOf": [all, guard, lacking] })
    }
}

/// What `replay` prints: counts, or the query that gives them.
struct ReplayedOrQuery;

impl JsonSchema for ReplayedOrQuery {
    fn schema_name() -> Cow<'static, str> {
        "ReplayedOrQuery".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let replay = generator.subschema_for::<Replay>();
        let query = generator.subschema_for::<Query>();
        json_schema!({ "oneOf": [replay, query] })
    }
}

/// What `apply` prints: what it did, or why it did nothing.
struct AppliedOrStopped;

impl JsonSchema for AppliedOrStopped {
    fn schema_name() -> Cow<'static, str> {
        "AppliedOrStopped".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let done = generator.subschema_for::<ApplyReport>();
        let stopped = generator.subschema_for::<Stopped>();
        json_schema!({ "oneOf": [done, stopped] })
    }
}

impl Document {
    /// Every document that has a schema made from types.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// Its name on the command line and the name of its file.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Its title, and the commands that print it.
    fn heading(self) -> (&'static str, &'static str) {
        match self {
            Self::Plan => (
                "A plan of ctguard",
                "What `ctguard plan`, `drift` and `show` print with `--format json`, what `plan --out` \
                 saves, and what `merge` makes of plans and drifts.",
            ),
            Self::Report => (
                "A verdict of ctguard",
                "What `ctguard verify` prints with `--format json`, and what `merge` makes of several.",
            ),
            Self::Apply => (
                "The result of an apply",
                "What `ctguard apply` and `destroy` print with `--format json`.",
            ),
            Self::Explain => {
                ("An explanation", "What `ctguard explain` prints with `--format json`.")
            }
            Self::Validate => (
                "What is wrong with a blueprint",
                "What `ctguard validate` prints with `--format json`.",
            ),
            Self::Events => {
                ("Events of the catalogue", "What `ctguard events` prints with `--format json`.")
            }
            Self::EventsCheck => (
                "What is wrong with names and patterns",
                "What `ctguard events check` prints with `--format json`.",
            ),
            Self::Coverage => (
                "What the alerts of a blueprint serve",
                "What `ctguard coverage` prints with `--format json`.",
            ),
            Self::Import => (
                "Rules of other tools as alerts",
                "What `ctguard import` prints with `--format json`.",
            ),
            Self::Export => {
                ("A folder of an export", "What `ctguard export` prints with `--format json`.")
            }
            Self::Stacks => (
                "How an export for CloudFormation is deployed",
                "`stacks.json` in a folder that `ctguard export cloudformation` has written.",
            ),
            Self::Drill => ("A drill", "What `ctguard drill` prints with `--format json`."),
            Self::Test => (
                "The trial of a blueprint on samples",
                "What `ctguard test` prints with `--format json`.",
            ),
            Self::Replay => (
                "What a blueprint would have alerted on",
                "What `ctguard replay` prints with `--format json`; with `--sql`, the query.",
            ),
            Self::Match => (
                "What matches a pattern or a blueprint",
                "What `ctguard match` prints with `--format json`.",
            ),
            Self::Policy => (
                "IAM policies of a blueprint",
                "What `ctguard policy` prints with `--format json`; with `--guard` an organization's \
                 policies, with `--check` what the caller lacks. One identity's policy alone, and a \
                 template of CloudFormation, are as AWS has them.",
            ),
            Self::Snapshot => (
                "A snapshot that was taken",
                "What `ctguard snapshot` prints with `--format json`.",
            ),
        }
    }

    fn body(self) -> Schema {
        match self {
            // A drift is a plan with more keys, none of which a plan must have.
            Self::Plan => body::<Drift>(),
            Self::Report => body::<Report>(),
            Self::Apply => body::<AppliedOrStopped>(),
            Self::Explain => body::<Explanation>(),
            Self::Validate => body::<Validation>(),
            Self::Events => body::<Found>(),
            Self::EventsCheck => body::<EventCheck>(),
            Self::Coverage => body::<Coverage>(),
            Self::Import => body::<Import>(),
            Self::Export => body::<Exported>(),
            Self::Stacks => body::<RollOut>(),
            Self::Drill => body::<DrillReport>(),
            Self::Test => body::<Trial>(),
            Self::Replay => body::<ReplayedOrQuery>(),
            Self::Match => body::<Matched<'_>>(),
            Self::Policy => body::<Policy>(),
            Self::Snapshot => body::<Taken>(),
        }
    }
}

/// The schema of a document.
pub fn of(document: Document) -> Value {
    let (title, description) = document.heading();
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("urn:ctguard:schema:{}:1", document.as_str()),
        "title": title,
        "description": description,
    });
    if let (Some(schema), Value::Object(body)) =
        (schema.as_object_mut(), document.body().to_value())
    {
        for (key, value) in body {
            schema.entry(key).or_insert(value);
        }
    }
    schema
}

/// The schema of a type as it is written, not as it is read.
fn body<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12()
        .for_serialize()
        .with_transform(RecursiveTransform(Exact))
        .into_generator()
        .into_root_schema_for::<T>()
}

/// Makes a schema as strict as the writer is: no other keys, no `null` for what is left out instead.
#[derive(Debug, Clone)]
struct Exact;

impl Transform for Exact {
    fn transform(&mut self, schema: &mut Schema) {
        let Some(keywords) = schema.as_object_mut() else { return };
        if let Some(Value::String(description)) = keywords.get_mut("description") {
            // Links of the code's own documentation lead nowhere here.
            *description = description.replace("[`", "`").replace("`]", "`");
        }
        // Widths of integers, such as `uint32`, are no format of JSON Schema.
        if keywords.get("type").is_some_and(|kind| kind == "integer" || kind == "number") {
            keywords.remove("format");
        }
        if keywords.contains_key("const") {
            keywords.retain(|keyword, _| keyword != "type" && keyword != "minimum");
        }
        if keywords.contains_key("properties") {
            describe_sole_property(keywords);
            keywords.entry("additionalProperties").or_insert(Value::Bool(false));
            without_null(keywords);
        }
    }
}

/// A choice with a value is an object with one property. What is said of the choice is true of the property, where an
/// editor shows it.
fn describe_sole_property(object: &mut Map<String, Value>) {
    let description = object.get("description").cloned();
    let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    let (1, Some(description)) = (properties.len(), description) else { return };
    for property in properties.values_mut().filter_map(Value::as_object_mut) {
        property.entry("description").or_insert_with(|| description.clone());
    }
}

/// Takes `null` out of the properties that need not be there: an absent value is left out.
fn without_null(object: &mut Map<String, Value>) {
    let required = object.get("required").cloned().unwrap_or_default();
    let required: Vec<&str> =
        required.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = object.get_mut("properties").and_then(Value::as_object_mut);
    for (name, property) in properties.into_iter().flatten() {
        if let Some(property) =
            property.as_object_mut().filter(|_| !required.contains(&name.as_str()))
        {
            not_null(property);
        }
    }
}

fn not_null(property: &mut Map<String, Value>) {
    if let Some(Value::Array(kinds)) = property.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [kind] = kinds.as_slice() {
            let kind = kind.clone();
            property.insert("type".to_owned(), kind);
        }
    }
    if let Some(Value::Array(choices)) = property.get_mut("anyOf") {
        choices.retain(|choice| choice.get("type").is_none_or(|kind| kind != "null"));
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            property.remove("anyOf");
            property.extend(only);
        }
    }
}
