//! What a subscriber reads: the input transformer of each alert and format, and its rendering offline.

use crate::blueprint::{Alert, Format};
use crate::resource::rule::Input;
use crate::scope::Partition;
use serde_json::Value;

/// Why an alert has no valid message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MessageError(pub String);

/// Why EventBridge would not deliver a rendered message (`INVALID_JSON` and the like).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TransformError(pub String);

/// Makes the input of a target that sends `alert` in `format`.
pub fn input(
    _alert: &Alert,
    _format: Format,
    _partition: Partition,
) -> Result<Input, MessageError> {
    Ok(Input::Event)
}

/// Renders what a target with this input receives for an event, as EventBridge does it.
pub fn transform(_input: &Input, _rule_arn: &str, event: &Value) -> Result<String, TransformError> {
    Ok(event.to_string())
}

/// Whether EventBridge can make a message with this input at all.
pub fn validate(_input: &Input) -> Result<(), TransformError> {
    Ok(())
}
