//! The state machine that heals, in the Amazon States Language with JSONata.
//!
//! ```text
//! Begin ─► Pause ─► IsPaused ─► Count ─► IsTooOften ─► Status ─► IsStopped ─► Start ─┐
//!                      │                     │            │ no trail      no │       │
//!                      ▼                     ▼            └─► Create ─► Start │       │
//!                  TellPaused             TellLimit                          ▼       ▼
//!                                         (fails)        Confirm ◄─ …Select ◄─ …Update ◄─ Trail
//!                                                           └─► Tell or TellFailed (fails)
//! ```
//!
//! Logging starts first; then settings and selectors are put back. A call that fails is noted, and
//! the rest is tried all the same: what failed is in the notice, and the execution ends as failed. An
//! execution that finds everything as it should be says so only where logging was stopped or the
//! trail deleted.
//!
//! Names of calls, errors and parameters:
//! <https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html>

use super::expressions::Story;
use super::frame::{Frame, Subjects, choice, trouble};
use super::{HealInput, expressions};
use crate::blueprint::Format;
use crate::resource::trail::EXCLUDABLE_SOURCES;
use crate::states_language::{Task, expression};
use serde_json::{Map, Value, json};

/// The trail is gone.
const NOT_FOUND: &str = "CloudTrail.TrailNotFoundException";

const SUBJECTS: Subjects = Subjects {
    healed: "[HIGH] CloudTrail's trail was put back",
    failed: "[CRITICAL] CloudTrail's trail could not be put back",
    paused: "[HIGH] CloudTrail's trail was changed during a pause",
    limit: "[CRITICAL] Healing of CloudTrail's trail stopped itself",
};

/// Stands for every event source that selectors cannot exclude from management events.
const ORDINARY_SOURCE: &str = "ec2.amazonaws.com";

/// The definition of the state machine that heals a trail: the same text for the same input.
pub fn definition(input: &HealInput<'_>) -> String {
    let frame = Frame {
        place: input.place,
        account: input.account,
        dead_letter_queue: input.dead_letter_queue,
        story: Story::Trail,
        lasting: &[NOT_FOUND],
        not_healed: "The trail could not be put back: the notice says what failed.",
    };
    let machine = Machine { input, frame, arn: trail_arn(input) };
    json!({
        "Comment": "Puts back the trail that ctguard keeps.",
        "QueryLanguage": "JSONata",
        "StartAt": "Begin",
        "States": machine.states(),
    })
    .to_string()
}

fn trail_arn(input: &HealInput<'_>) -> String {
    input.place.arn("cloudtrail", &format!("trail/{}", input.trail_name))
}

struct Machine<'a> {
    input: &'a HealInput<'a>,
    frame: Frame<'a>,
    arn: String,
}

impl Machine<'_> {
    fn states(&self) -> Value {
        let mut states = Map::new();
        let parts =
            [self.guards(), self.logging(), self.settings(), self.ends(), self.frame.closing()];
        for (name, state) in parts.into_iter().flatten() {
            states.insert(name.to_owned(), state);
        }
        Value::Object(states)
    }

    /// Whether to act at all.
    fn guards(&self) -> Vec<(&'static str, Value)> {
        let begin = json!({ "Type": "Pass", "Assign": self.begun_with(), "Next": "Pause" });
        let count = self.frame.count(self.input.limit + 1, expressions::count(), "Status");
        [("Begin", begin)].into_iter().chain(self.frame.pause("Count")).chain(count).collect()
    }

    /// What the expressions know beside the event.
    fn begun_with(&self) -> Value {
        let HealInput { blueprint, trail_name, trail, needs, limit, format, .. } = *self.input;
        let mut pairs = Vec::new();
        let wanted_sources: Vec<&str> = [(needs.kms, 0), (needs.rds_data, 1)]
            .into_iter()
            .filter(|(needed, _)| *needed)
            .map(|(_, at)| EXCLUDABLE_SOURCES[at])
            .collect();
        let spare: Vec<&str> = EXCLUDABLE_SOURCES
            .into_iter()
            .filter(|source| !wanted_sources.contains(source))
            .collect();
        for source in std::iter::once(&ORDINARY_SOURCE).chain(&wanted_sources) {
            for reads in [true, false].into_iter().filter(|reads| !reads || needs.read) {
                pairs.push(json!({ "source": source, "reads": reads.to_string() }));
            }
        }
        let key = trail.kms_key.as_deref().unwrap_or_default();
        json!({
            "none": [],
            "done": "",
            "trouble": "",
            "since": "",
            "counted": true,
            "begun": 0,
            "logs": false,
            "differs": false,
            "selectors": { "narrow": false },
            "pause": { "until": "", "reason": "" },
            "wanted": {
                "arn": self.arn,
                "name": trail_name,
                "blueprint": blueprint,
                "bucket": trail.bucket,
                "organization": trail.organization,
                "key": key,
                "alias": key.contains(":alias/"),
                "limit": limit,
                "chat": format == Format::Chat,
                "subjects": self.frame.subjects(&SUBJECTS),
                "pairs": pairs,
                "read": needs.read,
                "sources": wanted_sources,
                "spare": spare,
                "category": [{ "Field": "eventCategory", "EqualsValue": ["Management"] }],
                "writes": [{ "Field": "readOnly", "EqualsValue": ["false"] }],
            },
        })
    }

    /// The trail is there and logs.
    fn logging(&self) -> Vec<(&'static str, Value)> {
        let named = json!({ "Name": self.arn });
        let status = || self.sdk("cloudtrail:getTrailStatus", named.clone());
        let logs = expression("$states.result.IsLogging = true");
        vec![
            (
                "Status",
                status()
                    .assigns(&[("logs", logs)])
                    .next("IsStopped")
                    .on(NOT_FOUND, if self.creates() { "Create" } else { "NotCreated" })
                    .otherwise("Start", Some(trouble("GetTrailStatus"))),
            ),
            ("IsStopped", choice("$logs", "Trail", "Start")),
            (
                "Create",
                self.sdk("cloudtrail:createTrail", self.created())
                    .assigns(&[("done", expressions::done("the trail was created again"))])
                    .next("Start")
                    .on("CloudTrail.TrailAlreadyExistsException", "Start")
                    .otherwise("TellFailed", Some(trouble("CreateTrail"))),
            ),
            (
                "NotCreated",
                json!({
                    "Type": "Pass",
                    "Assign": { "trouble": "only the management account's `ctguard apply` creates a trail of the organization again" },
                    "Next": "TellFailed",
                }),
            ),
            (
                "Start",
                self.sdk("cloudtrail:startLogging", named.clone())
                    .assigns(&[("done", expressions::done("logging was started"))])
                    .next("Trail")
                    .otherwise("Trail", Some(trouble("StartLogging"))),
            ),
            (
                "Confirm",
                status()
                    .assigns(&[
                        ("logs", expression("$states.result.IsLogging = true")),
                        ("since", expression("$exists($states.result.StartLoggingTime) ? $string($states.result.StartLoggingTime) : \"\"")),
                    ])
                    .next("IsWhole")
                    .otherwise("IsWhole", Some(trouble("GetTrailStatus"))),
            ),
        ]
    }

    /// An organization's trail takes permissions in the organization to be created, which no role
    /// that only heals should have.
    ///
    /// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/creating-an-organizational-trail-prepare.html>
    fn creates(&self) -> bool {
        !self.input.trail.organization
    }

    /// Settings and selectors are the blueprint's.
    fn settings(&self) -> Vec<(&'static str, Value)> {
        vec![
            (
                "Trail",
                self.sdk("cloudtrail:getTrail", json!({ "Name": self.arn }))
                    .assigns(&[("differs", expressions::settings())])
                    .next("IsChanged")
                    .otherwise("Selectors", Some(trouble("GetTrail"))),
            ),
            ("IsChanged", choice("$differs", "Update", "Selectors")),
            (
                "Update",
                self.sdk("cloudtrail:updateTrail", self.updated())
                    .assigns(&[("done", expressions::done("its settings"))])
                    .next("Selectors")
                    .otherwise("Selectors", Some(trouble("UpdateTrail"))),
            ),
            (
                "Selectors",
                self.sdk("cloudtrail:getEventSelectors", json!({ "TrailName": self.arn }))
                    .assigns(&[("selectors", expressions::selectors())])
                    .next("IsNarrow")
                    .otherwise("Confirm", Some(trouble("GetEventSelectors"))),
            ),
            ("IsNarrow", choice("$selectors.narrow", "Select", "Confirm")),
            (
                "Select",
                self.sdk("cloudtrail:putEventSelectors", json!(expression("$selectors.put")))
                    .assigns(&[("done", expressions::done("its event selectors"))])
                    .next("Confirm")
                    .otherwise("Confirm", Some(trouble("PutEventSelectors"))),
            ),
        ]
    }

    /// Which notice is sent, if any.
    fn ends(&self) -> Vec<(&'static str, Value)> {
        let quiet = "$done = \"\" and $states.context.Execution.Input.event.detail.eventName != \"StopLogging\" and $states.context.Execution.Input.event.detail.eventName != \"DeleteTrail\"";
        let whole = json!({
            "Type": "Choice",
            "Choices": [
                { "Condition": expression("$trouble != \"\" or $logs = false"), "Next": "TellFailed" },
                { "Condition": expression(quiet), "Next": "Healed" },
            ],
            "Default": "Tell",
        });
        vec![("IsWhole", whole)]
    }

    /// The settings, as CreateTrail and UpdateTrail take them. What UpdateTrail is not told stays as
    /// it is: the prefix of log files, and a key where the blueprint names none.
    ///
    /// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_UpdateTrail.html>
    fn updated(&self) -> Value {
        let trail = self.input.trail;
        let mut settings = json!({
            "Name": self.arn,
            "S3BucketName": trail.bucket,
            "IsMultiRegionTrail": true,
            "IncludeGlobalServiceEvents": true,
            "EnableLogFileValidation": true,
            "IsOrganizationTrail": trail.organization,
        });
        if let Some(key) = &trail.kms_key {
            settings["KmsKeyId"] = json!(key);
        }
        settings
    }

    fn created(&self) -> Value {
        let mut settings = self.updated();
        settings["Name"] = json!(self.input.trail_name);
        let tags = self.input.tags.iter();
        settings["TagsList"] =
            tags.map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
        settings
    }

    fn sdk(&self, call: &str, arguments: Value) -> Task {
        self.frame.sdk(call, arguments)
    }
}
