//! What a subscriber reads: the input transformer of each alert and format, and its rendering
//! offline.
//!
//! EventBridge fills a template from the event without escaping anything, so the fields of a
//! message decide whether an attacker can prevent its delivery: one quote in a user agent breaks a
//! JSON template, and the alert is lost as `INVALID_JSON`
//! (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html>).
//! Templates therefore name only fields whose characters AWS restricts (`variables`), always
//! inside quotes, and hand over everything else as the event itself, which EventBridge writes as
//! JSON of its own.
//!
//! | format | for | is |
//! |---|---|---|
//! | `mail` | e-mail | composed by a state machine: `crate::mail` |
//! | `text` | e-mail | short quoted lines; the quotes reach the reader |
//! | `chat` | Amazon Q Developer in chat applications | its custom schema |
//! | `json` | programs | ctguard's fields and the whole event |
//! | `raw` | programs | the event as EventBridge has it |

mod chat;
mod headline;
mod json;
mod object;
mod path;
mod text;
pub mod touched;
mod transform;
mod variables;

pub(crate) use headline::taken;
pub use transform::{transform, validate};

use crate::blueprint::{Alert, Format};
use crate::resource::rule::{INPUT_TEMPLATE_MAX_CHARS, Input, InputTransformer};
use crate::scope::Partition;
use object::Object;

/// Why an alert has no valid message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MessageError(pub String);

/// Why EventBridge would not deliver a rendered message (`INVALID_JSON` and the like).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TransformError(pub String);

/// Makes the input of a target that sends `alert` in `format`, which is not `mail`.
///
/// What the calls touch is left out where the alert's own words leave no room for it.
///
/// # Errors
/// When the format is `mail`, which has no input of its own, and when the alert's own words are too
/// long for the template, or for a field of the chat schema.
pub fn input(alert: &Alert, format: Format, partition: Partition) -> Result<Input, MessageError> {
    if format == Format::Raw {
        return Ok(Input::Event);
    }
    let object = Object::of(alert);
    sized(alert, format, partition, Some(&object))
        .or_else(|_| sized(alert, format, partition, None))
}

/// The fields below `detail` by which a message in this format names who did it; none where it has
/// the whole event.
pub fn naming(alert: &Alert, format: Format) -> Option<Vec<&'static str>> {
    matches!(format, Format::Text | Format::Chat).then(|| variables::naming(alert))
}

fn sized(
    alert: &Alert,
    format: Format,
    partition: Partition,
    object: Option<&Object>,
) -> Result<Input, MessageError> {
    let template = match format {
        Format::Raw => return Ok(Input::Event),
        Format::Mail => return Err(MessageError("a mail is composed by its machine".to_owned())),
        Format::Text => text::template(alert, partition, object),
        Format::Chat => chat::template(alert, partition, object)?,
        Format::Json => json::template(alert, object),
    };
    let paths = variables::paths_in(&template, alert, object);
    checked(alert, InputTransformer { paths, template })
}

/// A transformer as a target's input, if EventBridge takes it.
pub(crate) fn checked(alert: &Alert, transformer: InputTransformer) -> Result<Input, MessageError> {
    let chars = transformer.template.chars().count();
    within(alert, "message", chars, INPUT_TEMPLATE_MAX_CHARS)?;
    let input = Input::Transformer(transformer);
    validate(&input).map_err(|error| MessageError(format!("alert `{}`: {error}", alert.id)))?;
    Ok(input)
}

/// Puts an account's name beside its number, in the input of rules that only events of this account
/// reach. A template cannot look a name up, so that rules of a hub, which serve many accounts, have
/// none. Where it does not fit, it is left out.
pub fn with_account_name(input: Input, name: &str) -> Input {
    let name = words(name);
    let Input::Transformer(InputTransformer { paths, template }) = &input else { return input };
    // Inside JSON quotes are escaped; in lines of text they are replaced, as in the alert's words.
    let named = match template.starts_with('"') {
        true => template.replace(
            "\"Account: <account>\"",
            &format!("\"Account: <account> ({})\"", text::own(&name)),
        ),
        false => {
            let quoted = serde_json::Value::from(name.as_str()).to_string();
            let inner = quoted.trim_start_matches('"').strip_suffix('"').unwrap_or_default();
            template
                .replace("*Account:* <account> ", &format!("*Account:* <account> ({inner}) "))
                .replace("<account> <region>\"", &format!("<account> ({inner}) <region>\""))
                .replace(
                    "\"account\":\"<account>\"",
                    &format!("\"account\":\"<account>\",\"accountName\":{quoted}"),
                )
        }
    };
    let named = Input::Transformer(InputTransformer { paths: paths.clone(), template: named });
    if validate(&named).is_ok() { named } else { input }
}

/// Refuses a text that is too long for AWS, and says by how much.
fn within(alert: &Alert, what: &str, chars: usize, max: usize) -> Result<(), MessageError> {
    if chars <= max {
        return Ok(());
    }
    let over = chars - max;
    Err(MessageError(format!(
        "alert `{}`: the {what} has {chars} characters, {over} more than the {max} that AWS takes; \
         shorten its title, why or next",
        alert.id
    )))
}

/// The blueprint's own words as they can stand in a template: on one line, and without angle
/// brackets, which EventBridge takes for a variable and has no escape for.
pub(crate) fn words(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let visible = line.chars().filter(|c| !c.is_control());
    visible
        .map(|c| {
            if c == '<' {
                '‹'
            } else if c == '>' {
                '›'
            } else {
                c
            }
        })
        .collect()
}

/// The console's address in a partition, if known.
///
/// Source: <https://docs.aws.amazon.com/general/latest/gr/mgmt-console.html>
pub(crate) fn console(partition: Partition) -> Option<&'static str> {
    match partition {
        Partition::Aws => Some("console.aws.amazon.com"),
        Partition::AwsCn => Some("console.amazonaws.cn"),
        Partition::AwsUsGov => Some("console.amazonaws-us-gov.com"),
        Partition::AwsEusc => Some("console.amazonaws-eusc.eu"),
        Partition::AwsIso | Partition::AwsIsoB | Partition::AwsIsoE | Partition::AwsIsoF => None,
    }
}

/// A link to the event in CloudTrail's event history, which keeps management events for 90 days.
fn link(partition: Partition) -> Option<String> {
    let console = console(partition)?;
    Some(format!("https://{console}/cloudtrailv2/home?region=<region>#/events/<event-id>"))
}

#[cfg(test)]
mod tests;
