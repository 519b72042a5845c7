//! The input of a rule's target that starts the machine: the alert's own words, the topic, and the
//! event as EventBridge writes it.
//!
//! `<aws.events.event.json>` is the whole event as JSON, and may only stand as the value of a field:
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html>. So
//! nothing of an event stands in the template, and none can break it.

use super::ascii::ascii;
use crate::blueprint::{Alert, Outcome};
use crate::message::{MessageError, checked, console, taken, words};
use crate::resource::rule::{Input, InputTransformer};
use crate::scope::Partition;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A placeholder for the event until the template is text, since a bare variable is not JSON.
pub(super) const EVENT: &str = "<aws.events.event.json>";

/// Makes the input of a target that has `alert` mailed to a topic.
///
/// # Errors
/// When the alert's own words are too long for the template.
pub fn target_input(
    blueprint: &str,
    alert: &Alert,
    topic_arn: &str,
    partition: Partition,
) -> Result<Input, MessageError> {
    let input = json!({
        "alert": words_of(blueprint, alert, partition),
        "topic": topic_arn,
        "event": EVENT,
    });
    let template = input.to_string().replace(&format!("\"{EVENT}\""), EVENT);
    checked(alert, InputTransformer { paths: BTreeMap::new(), template })
}

/// Words with which a title tells of a failure by itself.
const FAILED: [&str; 6] = ["fail", "denied", "refused", "rejected", "blocked", "unsuccessful"];

/// Whether the title of an alert on failures says that they are some.
fn says_so(alert: &Alert) -> bool {
    let title = alert.title.to_lowercase();
    taken(alert) == Outcome::Failure && FAILED.iter().any(|word| title.contains(word))
}

/// The alert's own words; what it does not say is left out.
fn words_of(blueprint: &str, alert: &Alert, partition: Partition) -> Value {
    let title = words(&alert.title);
    let mut said = json!({
        "id": words(&alert.id),
        "blueprint": words(blueprint),
        "risk": alert.risk.as_str().to_uppercase(),
        "title": title,
        "subject": ascii(&title),
    });
    for (key, text) in [("why", &alert.why), ("next", &alert.next)] {
        if !text.is_empty() {
            said[key] = json!(words(text));
        }
    }
    if says_so(alert) {
        said["says_so"] = json!(true);
    }
    if let Some(console) = console(partition) {
        said["console"] = json!(format!("https://{console}/cloudtrailv2/home"));
    }
    said
}
