//! What the state machines that heal have in common: whether to act at all, the notice, and how an
//! execution ends.
//!
//! A notice that cannot be composed is sent as the event came, and one that cannot be published is put
//! into the dead-letter queue, as with mails.

use super::expressions::{self, Story};
use crate::mail::SUBJECT_MAX_CHARS;
use crate::scope::Place;
use crate::states_language::{
    Attempts, Task, expression, fail, keeps_as_it_came, publishes_as_it_came,
};
use serde_json::{Value, json};

/// Subject of a notice that was not composed.
const PLAIN_SUBJECT: &str =
    "[HIGH] ctguard could not write this notice of healing: the event as it came";

/// How a subject begins, by the case of the notice.
pub(super) struct Subjects {
    pub healed: &'static str,
    pub failed: &'static str,
    pub paused: &'static str,
    pub limit: &'static str,
}

/// What frames the states that heal.
pub(super) struct Frame<'a> {
    pub place: &'a Place,
    /// How people call the account, if the blueprint says.
    pub account: Option<&'a str>,
    /// The URL of the queue that keeps notices that could not be published.
    pub dead_letter_queue: &'a str,
    pub story: Story,
    /// The call that failed is the same each time after this error.
    pub lasting: &'static [&'static str],
    /// What an execution says that could not put everything back.
    pub not_healed: &'static str,
}

impl Frame<'_> {
    pub fn sdk(&self, call: &str, arguments: Value) -> Task {
        self.task(&format!("aws-sdk:{call}"), arguments)
    }

    /// A call that fails is tried again for half a minute.
    fn task(&self, call: &str, arguments: Value) -> Task {
        let resource = format!("arn:{}:states:::{call}", self.place.region.partition());
        Task::new(&resource, arguments, Attempts { most: 4, lasting: self.lasting })
    }

    /// Looks whether a tag pauses healing; goes on to `next`, also where that cannot be read.
    pub fn pause(&self, next: &str) -> [(&'static str, Value); 2] {
        let named = json!({ "ResourceArn": expression("$states.context.StateMachine.Id") });
        let pause = self
            .sdk("sfn:listTagsForResource", named)
            .assigns(&[("pause", expressions::pause())])
            .next("IsPaused")
            .otherwise(next, None);
        [("Pause", pause), ("IsPaused", choice("$pause.until != \"\"", "TellPaused", next))]
    }

    /// Counts how often healing began within the hour, in the newest `most` executions.
    pub fn count(&self, most: u32, count: String, next: &str) -> [(&'static str, Value); 2] {
        let itself = expression("$states.context.StateMachine.Id");
        let listed = self
            .sdk("sfn:listExecutions", json!({ "StateMachineArn": itself, "MaxResults": most }))
            .assigns(&[("begun", count)])
            .next("IsTooOften")
            .otherwise(next, Some(("counted", expression("false"))));
        [("Count", listed), ("IsTooOften", choice("$begun >= $wanted.limit", "TellLimit", next))]
    }

    /// Subjects that SNS takes, whatever the event.
    pub fn subjects(&self, begin: &Subjects) -> Value {
        let account = self.account.unwrap_or(self.place.account.as_str());
        let subject = |start: &str| {
            let text = format!("{start}: {account} {}", self.place.region);
            let text = text.chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' });
            text.take(SUBJECT_MAX_CHARS).collect::<String>()
        };
        json!({
            "healed": subject(begin.healed),
            "failed": subject(begin.failed),
            "paused": subject(begin.paused),
            "limit": subject(begin.limit),
        })
    }

    /// The notices, and the ends.
    pub fn closing(&self) -> Vec<(&'static str, Value)> {
        let plain = self
            .task("sns:publish", publishes_as_it_came(PLAIN_SUBJECT))
            .next("NotComposed")
            .otherwise("KeepForLater", None);
        let kept = self
            .task("sqs:sendMessage", keeps_as_it_came(self.dead_letter_queue))
            .next("NotPublished")
            .otherwise("Lost", None);
        vec![
            ("Tell", self.tells("healed", "Healed")),
            ("TellFailed", self.tells("failed", "NotHealed")),
            ("TellPaused", self.tells("paused", "Paused")),
            ("TellLimit", self.tells("limit", "TooOften")),
            ("TellPlain", plain),
            ("KeepForLater", kept),
            ("Healed", json!({ "Type": "Succeed" })),
            ("Paused", json!({ "Type": "Succeed" })),
            ("NotHealed", failed(self.not_healed)),
            ("TooOften", failed("Healing began too often within an hour, and did nothing.")),
            ("NotComposed", failed("The event was sent as it came: the notice was not composed.")),
            (
                "NotPublished",
                failed("No notice was published: the event is in the dead-letter queue."),
            ),
            (
                "Lost",
                failed("No notice was published or kept: the event is this execution's input."),
            ),
        ]
    }

    fn tells(&self, case: &str, next: &str) -> Value {
        self.task("sns:publish", json!(expressions::notice(case, self.story)))
            .next(next)
            .otherwise("TellPlain", None)
    }
}

/// A failed call is noted.
pub(super) fn trouble(call: &str) -> (&'static str, String) {
    ("trouble", expressions::trouble(call))
}

pub(super) fn choice(condition: &str, then: &str, otherwise: &str) -> Value {
    json!({
        "Type": "Choice",
        "Choices": [{ "Condition": expression(condition), "Next": then }],
        "Default": otherwise,
    })
}

fn failed(cause: &str) -> Value {
    fail("Ctguard.HealFailed", cause)
}
