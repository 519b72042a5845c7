//! The state machine that sends mails, in the Amazon States Language with JSONata.
//!
//! ```text
//! Facts ──► Publish ──error──► PublishPlain ──error──► KeepForLater ──error──► Lost
//!              │                     │                       │                (fails)
//!              ▼                     ▼                       ▼
//!             end                 NotComposed            NotPublished
//!                                  (fails)                 (fails)
//! ```
//!
//! A state of type Pass cannot catch an error, so the mail is composed in the arguments of the task
//! that sends it: an expression that fails is then caught like a call that fails. Whatever is not
//! sent as it should be ends the execution as failed, so that it is seen. What nothing catches
//! (`States.DataLimitExceeded`) cannot occur: each text is cut to a length that fits.
//!
//! Sources: <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>,
//! <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>,
//! <https://docs.aws.amazon.com/step-functions/latest/dg/connect-sns.html>,
//! <https://docs.aws.amazon.com/step-functions/latest/dg/connect-sqs.html>

use super::{MachineInput, data};
use serde_json::{Value, json};

/// The mail's expression as it is written.
const COMPOSE: &str = include_str!("compose.jsonata");

/// Everything but letters, digits and signs that read from left to right and do not combine with
/// others: no control characters, no marks that reorder or hide text, no lone surrogates.
const LETTERS: &str = r"/[^ -~\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u0556\u10a0-\u10ff\u1e00-\u1fff\u20a0-\u20bf\u3041-\u3096\u30a1-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]+/";

/// A moment that exists, as EventBridge writes it.
const MOMENT: &str = concat!(
    "/^20(([0-9][0-9]-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)",
    "|(0[13578]|1[02])-31))|([02468][048]|[13579][26])-02-29)",
    "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$/"
);

/// The execution's input as text that SNS and SQS take: with each character in at most seven bytes
/// of JSON in JSON, below 262,144 bytes.
const PLAIN: &str = "$substring($string($states.context.Execution.Input), 0, 30000)";

/// Subject of a mail that was not composed; it depends on no event.
const PLAIN_SUBJECT: &str = "[ALERT] ctguard could not compose this mail: the event as it came";

/// Longest definition of a state machine, in bytes.
///
/// Source: <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
pub const DEFINITION_MAX_BYTES: usize = 1_048_576;

/// The definition of a place's state machine: the same text for the same input.
pub fn definition(input: &MachineInput<'_>) -> String {
    let partition = input.partition.as_str();
    let publish = format!("arn:{partition}:states:::sns:publish");
    let send = format!("arn:{partition}:states:::sqs:sendMessage");
    let machine = json!({
        "Comment": "Sends the mails of ctguard's alerts.",
        "QueryLanguage": "JSONata",
        "StartAt": "Facts",
        "States": {
            "Facts": { "Type": "Pass", "Assign": data::assigned(input.facts), "Next": "Publish" },
            "Publish": task(&publish, json!(expression(&compose())), "End", "PublishPlain"),
            "PublishPlain": task(
                &publish,
                json!({
                    "TopicArn": expression("$states.context.Execution.Input.topic"),
                    "Subject": PLAIN_SUBJECT,
                    "Message": expression(PLAIN),
                }),
                "NotComposed",
                "KeepForLater",
            ),
            "KeepForLater": task(
                &send,
                json!({ "QueueUrl": input.dead_letter_queue, "MessageBody": expression(PLAIN) }),
                "NotPublished",
                "Lost",
            ),
            "NotComposed": fail("The event was sent as it came: the mail was not sent as composed."),
            "NotPublished": fail("Nothing was published: the event is in the dead-letter queue."),
            "Lost": fail("Nothing was published or kept: the event is this execution's input."),
        },
    });
    machine.to_string()
}

/// A task that goes on after success and after an error that no further attempt mends.
///
/// An expression that fails does so each time. A call that fails is tried again for a minute.
fn task(resource: &str, arguments: Value, next: &str, otherwise: &str) -> Value {
    let retry = json!([
        { "ErrorEquals": ["States.QueryEvaluationError"], "MaxAttempts": 0 },
        {
            "ErrorEquals": ["States.ALL"],
            "IntervalSeconds": 2,
            "BackoffRate": 2,
            "MaxAttempts": 5,
            "JitterStrategy": "FULL",
        },
    ]);
    let mut task = json!({
        "Type": "Task",
        "Resource": resource,
        "Arguments": arguments,
        "TimeoutSeconds": 60,
        "Retry": retry,
        "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": otherwise }],
    });
    if next == "End" {
        task["End"] = json!(true);
    } else {
        task["Next"] = json!(next);
    }
    task
}

fn fail(cause: &str) -> Value {
    json!({ "Type": "Fail", "Error": "Ctguard.MailFailed", "Cause": cause })
}

/// An expression as a field of a state.
fn expression(source: &str) -> String {
    format!("{{% {source} %}}")
}

/// The expression that composes a mail: without comments and indentation.
pub(super) fn compose() -> String {
    expression_source(COMPOSE)
}

/// An expression without comments and indentation, with the regular expressions that it names.
pub(crate) fn expression_source(mut source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    while let Some((before, after)) = source.split_once("/*") {
        text.push_str(before);
        source = after.split_once("*/").map_or("", |(_, after)| after);
    }
    text.push_str(source);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let text = lines.collect::<Vec<_>>().join("\n");
    text.replace("LETTERS", LETTERS).replace("MOMENT", MOMENT)
}
