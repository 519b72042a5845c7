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
use crate::states_language::{
    Attempts, Task, expression, expression_source, fail, keeps_as_it_came, publishes_as_it_came,
};
use serde_json::{Value, json};

/// The mail's expression as it is written.
const COMPOSE: &str = include_str!("compose.jsonata");

/// Subject of a mail that was not composed; it depends on no event.
const PLAIN_SUBJECT: &str = "[ALERT] ctguard could not compose this mail: the event as it came";

/// A call that fails is tried again for a minute.
const AGAIN: Attempts = Attempts { most: 5, lasting: &[] };

/// The definition of a place's state machine: the same text for the same input.
pub fn definition(input: &MachineInput<'_>) -> String {
    let partition = input.partition.as_str();
    let task = |call: &str, arguments: Value| {
        Task::new(&format!("arn:{partition}:states:::{call}"), arguments, AGAIN)
    };
    let compose = json!(expression(COMPOSE));
    let machine = json!({
        "Comment": "Sends the mails of ctguard's alerts.",
        "QueryLanguage": "JSONata",
        "StartAt": "Facts",
        "States": {
            "Facts": { "Type": "Pass", "Assign": data::assigned(input.facts), "Next": "Publish" },
            "Publish": task("sns:publish", compose).end().otherwise("PublishPlain", None),
            "PublishPlain": task("sns:publish", publishes_as_it_came(PLAIN_SUBJECT))
                .next("NotComposed")
                .otherwise("KeepForLater", None),
            "KeepForLater": task("sqs:sendMessage", keeps_as_it_came(input.dead_letter_queue))
                .next("NotPublished")
                .otherwise("Lost", None),
            "NotComposed": failed("The event was sent as it came: the mail was not sent as composed."),
            "NotPublished": failed("Nothing was published: the event is in the dead-letter queue."),
            "Lost": failed("Nothing was published or kept: the event is this execution's input."),
        },
    });
    machine.to_string()
}

fn failed(cause: &str) -> Value {
    fail("Ctguard.MailFailed", cause)
}

/// The expression that composes a mail: without comments and indentation.
pub(super) fn compose() -> String {
    expression_source(COMPOSE)
}
