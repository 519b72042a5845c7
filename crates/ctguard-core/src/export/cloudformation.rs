//! CloudFormation templates: one for each class of place, and a script that deploys them.
//!
//! A template holds every object by the name that ctguard gives it, and no object of another
//! template: what an object needs of elsewhere it names by ARN, as the plan does.

mod resources;

pub(super) use resources::endpoint_parameter;

use super::classes::Class;
use super::stack_sets::{self, RollOut};
use super::text::{self, Piece};
use super::{Export, ExportError, Files};
use crate::hex::hex;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Largest template, in bytes, that CloudFormation takes from S3.
///
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
pub const TEMPLATE_MAX_BYTES: usize = 1_000_000;

/// Largest template, in bytes, that stands in the call itself.
///
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
pub const TEMPLATE_BODY_MAX_BYTES: usize = 51_200;

/// Most resources of a template.
///
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
pub const RESOURCES_MAX: usize = 500;

/// Most parameters of a template.
///
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
pub const PARAMETERS_MAX: usize = 200;

/// The parameter for the name that the blueprint gives an account.
pub const ACCOUNT_NAME_PARAMETER: &str = "AccountName";

/// How dynamic references begin, which CloudFormation fills in wherever they stand.
///
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html>
const DYNAMIC_REFERENCE: &str = "{{resolve:";

/// The folder of the templates.
const TEMPLATES: &str = "templates";

/// A template as it is written.
#[derive(Debug, Clone)]
pub struct Template {
    /// The class, with the number of the part where it takes several.
    pub name: String,
    pub body: String,
    /// Parameters that have no default.
    pub parameters: BTreeSet<String>,
    /// Whether it makes roles of names that it says.
    pub makes_roles: bool,
}

/// Writes the templates, the script that deploys them, and what they are.
///
/// # Errors
/// When something does not fit into a template, or would mean something else in one.
pub fn files(export: &Export) -> Result<Files, ExportError> {
    let mut files = Files::new();
    let mut sets = Vec::new();
    for class in &export.classes {
        for template in templates(export, class)? {
            let path = format!("{TEMPLATES}/{}.json", template.name);
            sets.extend(stack_sets::of(export, class, &template, &path));
            files.insert(path, template.body);
        }
    }
    let roll_out = RollOut::new(export, sets);
    files.extend(roll_out.files(export));
    Ok(files)
}

/// The templates of a class: one, or several where it has too much for one.
fn templates(export: &Export, class: &Class) -> Result<Vec<Template>, ExportError> {
    let all = resources::of(class)?;
    let (base, rules): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| !one.is_rule);
    for parts in 1..=rules.len().max(1) {
        // By its name a rule stays in its part, whatever other rules come and go. With one part more, rules move into that
        // one alone, so that no part waits for another to give up a name.
        let part_of = |id: &str| {
            (0..parts).max_by_key(|part| number(&format!("{id} {part}"))).unwrap_or_default()
        };
        let made: Vec<Template> = (0..parts)
            .map(|part| {
                let base = base.iter().filter(|_| part == 0);
                let rules = rules.iter().filter(|rule| part_of(&rule.id) == part);
                let resources: Vec<&resources::Resource> = base.chain(rules).collect();
                template(export, class, &resources, (part, parts))
            })
            .collect();
        if made.iter().all(fits) {
            return Ok(made);
        }
        let first = made.first().is_some_and(|first| !fits(first));
        if first && rules.is_empty() {
            break;
        }
    }
    Err(ExportError::TooLarge(format!(
        "what the class {} needs beside its rules takes more than a template of CloudFormation holds ({TEMPLATE_MAX_BYTES} bytes, {RESOURCES_MAX} resources, {PARAMETERS_MAX} parameters); name fewer destinations or accounts",
        class.name
    )))
}

fn fits(template: &Template) -> bool {
    template.body.len() <= TEMPLATE_MAX_BYTES
        && template.resources() <= RESOURCES_MAX
        && template.parameters.len() <= PARAMETERS_MAX
}

impl Template {
    /// How many resources it has.
    pub fn resources(&self) -> usize {
        let read: Option<Value> = serde_json::from_str(&self.body).ok();
        read.and_then(|read| read["Resources"].as_object().map(Map::len)).unwrap_or_default()
    }
}

fn number(id: &str) -> usize {
    let digest = Sha256::digest(id.as_bytes());
    digest.iter().take(7).fold(0, |sum, byte| sum << 8 | usize::from(*byte))
}

fn template(
    export: &Export,
    class: &Class,
    resources: &[&resources::Resource],
    (part, parts): (usize, usize),
) -> Template {
    let name = match part {
        0 => class.name.clone(),
        _ => format!("{}-part-{}", class.name, part + 1),
    };
    let of = if parts > 1 { format!(", part {} of {parts}", part + 1) } else { String::new() };
    let here: BTreeSet<&str> = resources.iter().map(|one| one.id.as_str()).collect();
    let mut parameters: BTreeMap<&str, &Value> = BTreeMap::new();
    let mut all = Map::new();
    for resource in resources {
        parameters.extend(resource.parameters.iter().map(|(name, is)| (name.as_str(), is)));
        all.insert(resource.id.clone(), resource.written(&here));
    }
    let mut document = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": format!(
            "ctguard: what the blueprint {} wants in places of the class {}{of}. Made by `ctguard export cloudformation`; changes are made in the blueprint.",
            export.name, class.name
        ),
    });
    if !parameters.is_empty() {
        document["Parameters"] = json!(parameters);
    }
    document["Resources"] = Value::Object(all);
    let pretty = ascii(&format!("{document:#}\n"));
    let body = match pretty.len() > TEMPLATE_MAX_BYTES {
        true => ascii(&format!("{document}\n")),
        false => pretty,
    };
    Template {
        name,
        body,
        parameters: parameters.keys().map(|name| (*name).to_owned()).collect(),
        makes_roles: resources.iter().any(|one| one.is_role),
    }
}

/// JSON in ASCII alone: CloudFormation answers `?` for other characters when a template is read back.
///
/// Source: <https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1220>
fn ascii(json: &str) -> String {
    let mut all = String::with_capacity(json.len());
    for one in json.chars() {
        match one.is_ascii() {
            true => all.push(one),
            // Outside of texts JSON has no such characters.
            false => {
                all.extend(
                    one.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")),
                );
            }
        }
    }
    all
}

/// The name of an object within a template: of letters and digits, the same whatever else there is.
///
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html>
fn logical_id(kind: &str, name: &str) -> String {
    let words: String = name
        .split(|one: char| !one.is_ascii_alphanumeric())
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| {
                format!("{}{}", first.to_ascii_uppercase(), letters.as_str())
            })
        })
        .collect();
    format!("{kind}{words}{}", digits(&format!("{kind} {name}")))
}

/// What tells names apart that have the same letters and digits.
fn digits(name: &str) -> String {
    hex(&Sha256::digest(name.as_bytes()))[..6].to_owned()
}

/// A text as a template has it: with `Fn::Sub` where something is open, and `Fn::Join` where what
/// the text itself has cannot be told from a variable.
///
/// # Errors
/// When it holds what CloudFormation would take for a reference.
fn written(text: &str) -> Result<Value, ExportError> {
    if text.contains(DYNAMIC_REFERENCE) {
        return Err(ExportError::Text {
            text: DYNAMIC_REFERENCE.to_owned(),
            message: format!("CloudFormation replaces `{DYNAMIC_REFERENCE}` wherever it stands"),
            help: "Write the text otherwise, such as with a space between the braces.",
        });
    }
    if !text::is_open(text) {
        return Ok(json!(text));
    }
    let pieces = text::pieces(text);
    let ambiguous = |piece: &Piece<'_>| {
        let Piece::Literal(literal) = piece else { return false };
        let mut begun = literal.split("${").skip(1);
        literal.ends_with('$') || begun.any(|rest| !rest.contains('}'))
    };
    if pieces.iter().any(ambiguous) {
        let parts: Vec<Value> = pieces.iter().map(joined).collect();
        return Ok(json!({ "Fn::Join": ["", parts] }));
    }
    let all: String = pieces
        .iter()
        .map(|piece| match open(piece) {
            Ok(name) => format!("${{{name}}}"),
            // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-sub.html
            Err(literal) => literal.replace("${", "${!"),
        })
        .collect();
    Ok(json!({ "Fn::Sub": all }))
}

/// A part of a text as `Fn::Join` takes it.
fn joined(piece: &Piece<'_>) -> Value {
    match open(piece) {
        Ok(name) => json!({ "Ref": name }),
        Err(literal) => json!(literal),
    }
}

/// What something open is called in a template.
///
/// # Errors
/// The text of a literal, which is not open.
fn open<'a>(piece: &Piece<'a>) -> Result<&'static str, &'a str> {
    match piece {
        Piece::Account => Ok("AWS::AccountId"),
        Piece::Region => Ok("AWS::Region"),
        Piece::AccountName => Ok(ACCOUNT_NAME_PARAMETER),
        Piece::Literal(literal) => Err(literal),
    }
}

/// A document as a template has it.
fn written_in(value: &Value) -> Result<Value, ExportError> {
    match value {
        Value::String(text) => written(text),
        Value::Array(list) => list.iter().map(written_in).collect(),
        Value::Object(map) => {
            let mut all = Map::new();
            for (key, value) in map {
                if text::is_open(key) {
                    return Err(ExportError::TooLarge(
                        "a policy has an account's id as a key, which no template can leave open"
                            .to_owned(),
                    ));
                }
                all.insert(key.clone(), written_in(value)?);
            }
            Ok(Value::Object(all))
        }
        other => Ok(other.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::{ACCOUNT, REGION};
    use super::*;

    #[test]
    fn open_texts_become_substitutions_and_others_stay() {
        for (text, expected) in [
            ("plain ${x}".to_owned(), json!("plain ${x}")),
            (format!("a:{ACCOUNT}"), json!({ "Fn::Sub": "a:${AWS::AccountId}" })),
            (format!("${{x}} {REGION}"), json!({ "Fn::Sub": "${!x} ${AWS::Region}" })),
            (
                format!("${{x {REGION}"),
                json!({ "Fn::Join": ["", ["${x ", { "Ref": "AWS::Region" }]] }),
            ),
            (
                format!("${ACCOUNT}"),
                json!({ "Fn::Join": ["", ["$", { "Ref": "AWS::AccountId" }]] }),
            ),
        ] {
            assert_eq!(written(&text).unwrap(), expected, "{text}");
        }
        assert!(written("{{resolve:ssm:x}}").is_err());
    }

    #[test]
    fn a_template_is_ascii_and_means_the_same() {
        let document = json!({ "ü": "naïve ✓ 🔔 \u{7f} \\u00fc \"" });
        let written = ascii(&format!("{document:#}"));
        assert!(written.is_ascii() && written.contains("\\ud83d\\udd14"), "{written}");
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), document);
    }

    #[test]
    fn logical_ids_are_letters_and_digits_and_differ() {
        let names = ["a-b1", "a-b-1", "ab-1", "bus/a-b1", "a.b1"];
        let ids: BTreeSet<String> = names.iter().map(|name| logical_id("Rule", name)).collect();
        assert_eq!(ids.len(), names.len());
        assert!(ids.iter().all(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric())));
    }
}
