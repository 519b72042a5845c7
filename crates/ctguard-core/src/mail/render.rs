//! What a mail says, offline: the machine's own expression over the machine's own input.

use super::definition::compose;
use super::jsonata::{self, Expr, JsonataError};
use super::{MachineFacts, data};
use crate::message::{TransformError, transform};
use crate::resource::rule::Input;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// The expression, read once.
static COMPOSED: LazyLock<Result<Expr, JsonataError>> =
    LazyLock::new(|| jsonata::parse(&compose()));

/// A mail as SNS is given it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub topic_arn: String,
    pub subject: String,
    pub message: String,
}

/// Why a mail is not composed, so that the event is published as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    #[error("EventBridge does not start the machine: {0}")]
    Input(#[from] TransformError),
    #[error("the machine's expression fails: {0}")]
    Expression(#[from] JsonataError),
    #[error("the machine's expression makes no mail")]
    NoMail,
}

/// Renders the mail that a target with this input has the machine send for an event.
///
/// # Errors
/// When the machine would fall back to the event as it is.
pub fn render(
    facts: &MachineFacts,
    input: &Input,
    rule_arn: &str,
    event: &Value,
) -> Result<Mail, ComposeError> {
    let given = transform(input, rule_arn, event)?;
    let given: Value = serde_json::from_str(&given)
        .map_err(|problem| TransformError(format!("INVALID_JSON: {problem}")))?;
    let states = json!({ "context": { "Execution": { "Input": given } } });
    let mut variables = vec![("states".to_owned(), states)];
    if let Value::Object(assigned) = data::assigned(facts) {
        variables.extend(assigned);
    }
    let expression = COMPOSED.as_ref().map_err(JsonataError::clone)?;
    let made = jsonata::evaluate(expression, variables)?.ok_or(ComposeError::NoMail)?;
    let text = |field: &str| made.get(field).and_then(Value::as_str).map(str::to_owned);
    let mail = text("TopicArn").zip(text("Subject")).zip(text("Message"));
    mail.map(|((topic_arn, subject), message)| Mail { topic_arn, subject, message })
        .ok_or(ComposeError::NoMail)
}
