//! The Amazon States Language with JSONata: what the state machines of mails and of healing are both
//! written with.
//!
//! Sources: <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>,
//! <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>

use serde_json::{Value, json};

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

/// An expression as a field of a state.
pub(crate) fn expression(source: &str) -> String {
    format!("{{% {} %}}", expression_source(source))
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

/// The arguments of `sns:publish` that send the execution's input as it came.
pub(crate) fn publishes_as_it_came(subject: &str) -> Value {
    json!({
        "TopicArn": expression("$states.context.Execution.Input.topic"),
        "Subject": subject,
        "Message": expression(PLAIN),
    })
}

/// The arguments of `sqs:sendMessage` that keep the execution's input as it came.
pub(crate) fn keeps_as_it_came(queue_url: &str) -> Value {
    json!({ "QueueUrl": queue_url, "MessageBody": expression(PLAIN) })
}

/// The end of an execution that failed.
pub(crate) fn fail(error: &str, cause: &str) -> Value {
    json!({ "Type": "Fail", "Error": error, "Cause": cause })
}

/// How often a call that fails is tried again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempts {
    /// The first after two seconds at most, each further one after twice as long.
    pub most: u32,
    /// Errors that are the same each time, beside that of an expression.
    pub lasting: &'static [&'static str],
}

/// A task, which is built up.
pub(crate) struct Task(Value);

impl Task {
    pub fn new(resource: &str, arguments: Value, again: Attempts) -> Self {
        let lasting = ["States.QueryEvaluationError"].iter().chain(again.lasting);
        let lasting: Vec<&str> = lasting.copied().collect();
        Self(json!({
            "Type": "Task",
            "Resource": resource,
            "Arguments": arguments,
            "TimeoutSeconds": 60,
            "Retry": [
                { "ErrorEquals": lasting, "MaxAttempts": 0 },
                {
                    "ErrorEquals": ["States.ALL"],
                    "IntervalSeconds": 2,
                    "BackoffRate": 2,
                    "MaxAttempts": again.most,
                    "JitterStrategy": "FULL",
                },
            ],
            "Catch": [],
        }))
    }

    /// Assigns variables after success.
    pub fn assigns(mut self, variables: &[(&str, String)]) -> Self {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), json!(value)));
        self.0["Assign"] = Value::Object(variables.collect());
        self
    }

    /// Goes on to a state after success.
    pub fn next(mut self, next: &str) -> Caught {
        self.0["Next"] = json!(next);
        Caught(self.0)
    }

    /// Ends the execution after success.
    pub fn end(mut self) -> Caught {
        self.0["End"] = json!(true);
        Caught(self.0)
    }
}

/// A task that goes on, and where it goes after an error.
pub(crate) struct Caught(Value);

impl Caught {
    /// After one error.
    pub fn on(self, error: &str, next: &str) -> Self {
        self.caught(json!({ "ErrorEquals": [error], "Next": next }))
    }

    /// After every other error.
    pub fn otherwise(self, next: &str, assigned: Option<(&str, String)>) -> Value {
        let mut catch = json!({ "ErrorEquals": ["States.ALL"], "Next": next });
        if let Some((name, value)) = assigned {
            catch["Assign"] = json!({ name: value });
        }
        self.caught(catch).0
    }

    fn caught(mut self, catch: Value) -> Self {
        if let Some(catches) = self.0["Catch"].as_array_mut() {
            catches.push(catch);
        }
        self
    }
}
