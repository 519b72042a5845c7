//! The state machine that puts rules back, in the Amazon States Language with JSONata.
//!
//! ```text
//! Begin ─► IsMore ─► Find ─► Rule N ─► Look ─► Tags ─► Targets ─► IsWhole ─► Pause ─► Count ─► HandOn
//!            │                 │ no rule ────────────────►│ │                          │
//!            ▼ not in here     ▼ not the blueprint's       │ ▼ nothing to do          ▼ starts itself
//!         Foreign           Foreign                        ▼                         HandedOn
//!                         (started by itself)  Mark ─► Put ─► Attach ─► Confirm ─► Tell…
//! ```
//!
//! The compiled rules stand in the definition, each in a state of its own: a variable holds 256 KiB,
//! a definition 1 MiB. It looks before it acts, and at what the call can have changed alone: a
//! pattern after calls that write one, targets after calls that put or remove some. So an apply that
//! has put a rule and not yet its targets is left alone.
//!
//! Many calls change nothing that matters, those of an apply among them. Only an execution that finds
//! something to do counts: it hands on to one that it starts itself, by a name that tells so.
//!
//! A call of the tagging API names several resources: each execution looks at one of them, and starts
//! the one for the next. A call whose parameters CloudTrail left out is told.
//!
//! Sources: <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>,
//! <https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html>

use super::expressions::Story;
use super::frame::{Frame, Subjects, choice, trouble};
use super::{covers, expressions};
use crate::blueprint::Format;
use crate::resource::Tags;
use crate::resource::keys::RuleKey;
use crate::resource::rule::{Input, Rule, Target, Targets};
use crate::scope::Place;
use crate::states_language::{Task, expression};
use serde_json::{Map, Value, json};

/// What the state machine's role may do with the rules, as IAM names it.
///
/// TagResource belongs to PutRule with tags. PutRule turns a rule on as well, in the state that it is
/// to have: EnableRule knows `ENABLED` alone.
///
/// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html>
pub const RULE_CALLS: [&str; 6] = [
    "events:DescribeRule",
    "events:ListTagsForResource",
    "events:ListTargetsByRule",
    "events:PutRule",
    "events:PutTargets",
    "events:TagResource",
];

/// What it may do with itself: as the machine that puts the trail back, and hand on.
///
/// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html>
pub const RULES_MACHINE_CALLS: [&str; 3] =
    ["states:ListExecutions", "states:ListTagsForResource", "states:StartExecution"];

/// How many of the newest executions are looked through for those that heal: with 450 bytes each
/// below the 256 KiB that a state holds.
///
/// Source: <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
const COUNTED: u32 = 300;

const NOT_FOUND: &str = "EventBridge.ResourceNotFoundException";

const ALREADY_STARTED: &str = "Sfn.ExecutionAlreadyExistsException";

const SUBJECTS: Subjects = Subjects {
    healed: "[HIGH] A rule of ctguard was put back",
    failed: "[CRITICAL] A rule of ctguard could not be put back",
    paused: "[HIGH] A rule of ctguard was changed during a pause",
    limit: "[CRITICAL] Healing of ctguard's rules stopped itself",
};

/// Which of the resources of a call this execution looks at, from 0.
const AT: &str = r#"(
  $at := $states.context.Execution.Input.at;
  $type($at) = "number" ? $at : 0
)"#;

/// How many resources come after it.
const MORE: &str = r#"(
  $input := $states.context.Execution.Input;
  $list := $input.event.detail.requestParameters.resourceARNList;
  $type($list) = "array" ? $count($list) - 1 - ($type($input.at) = "number" ? $input.at : 0) : 0
)"#;

/// What is told of a call of which nothing else is known: what is above 100 KB is left out.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
const UNREAD: &str = r#"(
  $states.context.Execution.Input.event.detail.requestParameters.omitted = true
    ? "CloudTrail left out the parameters of the call" : ""
)"#;

/// Which rule the call was made on, as its key; empty where the record has none.
const KEY: &str = r#"(
  $input := $states.context.Execution.Input;
  $asked := $input.event.detail.requestParameters;
  $at := $type($input.at) = "number" ? $input.at : 0;
  $list := $asked.resourceARNList;
  $text := function($value) { $type($value) = "string" ? $value : "" };
  $arn := $text($type($list) = "array"
    ? $reduce($list, function($kept, $one) {
        {"n": $kept.n + 1, "arn": $kept.n = $at ? $one : $kept.arn}
      }, {"n": 0, "arn": ""}).arn
    : $asked.resourceARN);
  $bus := $replace($text($asked.eventBusName), /^arn:.*:event-bus./, "");
  $name := $text($asked.name);
  $arn != "" ? $replace($arn, /^arn:.*:rule./, "")
    : ($bus = "" or $bus = "default" ? "" : $bus & "/")
      & ($name = "" ? $text($asked.rule) : $name)
)"#;

/// The call, by its name.
const CALL: &str = r#"(
  $name := $states.context.Execution.Input.event.detail.eventName;
  $type($name) = "string" ? $name : ""
)"#;

/// Whose the rule is.
const OWNER: &str = r#"(
  $owner := $reduce($states.result.Tags, function($found, $one) {
    $one.Key = "BLUEPRINT_TAG" ? $one.Value : $found
  }, "");
  $exists($owner) ? $owner : ""
)"#;

/// How many executions that heal began within the hour before.
const COUNT: &str = r#"(
  $now := $toMillis($states.context.State.EnteredTime);
  $begun := $reduce($states.result.Executions, function($sum, $one) {
    $substring($one.Name, 0, 5) = "heal-" and $toMillis($one.StartDate) > $now - 3600000
      ? $sum + 1 : $sum
  }, 0);
  $exists($begun) ? $begun : 0
)"#;

/// The name of the execution that is handed on to: once for each event.
const NAME: &str = r#"(
  $id := $states.context.Execution.Input.event.detail.eventID;
  $good := $type($id) = "string" ? $contains($id, /^[0-9A-Za-z-]{1,64}$/) : false;
  "heal-" & ($good ? $id : $substring($states.context.Execution.Name, 0, 70))
    & ($at = 0 ? "" : "-" & $string($at))
)"#;

/// The name of the execution that looks at the next resource.
const NEXT_NAME: &str = r#"(
  $id := $states.context.Execution.Input.event.detail.eventID;
  $good := $type($id) = "string" ? $contains($id, /^[0-9A-Za-z-]{1,64}$/) : false;
  "next-" & ($good ? $id : $substring($states.context.Execution.Name, 0, 70))
    & "-" & $string($at + 1)
)"#;

const NEXT: &str = r#"$string({
  "topic": $states.context.Execution.Input.topic,
  "event": $states.context.Execution.Input.event,
  "at": $at + 1
})"#;

const HANDED_ON: &str = r#"$string({
  "topic": $states.context.Execution.Input.topic,
  "event": $states.context.Execution.Input.event,
  "counted": $counted,
  "at": $at,
  "healing": true
})"#;

/// The targets that are missing, or are not as they should be.
const LOST: &str = include_str!("rule_targets.jsonata");

/// What was put back of the rule itself.
const PUT: &str = r#"$done & ($done = "" ? "" : ", ")
  & ($missing ? "the rule was created again"
    : $off and $was != "DISABLED" ? "its read-only events" & ($other ? ", with its pattern" : "")
    : $off and $other ? "it was enabled, with its pattern"
    : $off ? "it was enabled" : "its pattern")"#;

/// What a rule should be.
#[derive(Debug, Clone, Copy)]
pub struct WantedRule<'a> {
    pub key: &'a RuleKey,
    pub rule: &'a Rule,
    pub targets: &'a Targets,
    pub tags: &'a Tags,
}

/// What a state machine that puts rules back is made of.
pub struct RulesInput<'a> {
    pub blueprint: &'a str,
    pub place: &'a Place,
    /// How people call the account, if the blueprint says.
    pub account: Option<&'a str>,
    /// The rules of the place.
    pub rules: Vec<WantedRule<'a>>,
    /// How often healing begins within an hour.
    pub limit: u32,
    /// How a notice is written.
    pub format: Format,
    /// The URL of the queue that keeps notices that could not be published.
    pub dead_letter_queue: &'a str,
}

/// The definition of the state machine that puts the rules of a place back: the same text for the
/// same input.
pub fn rules_definition(input: &RulesInput<'_>) -> String {
    let frame = Frame {
        place: input.place,
        account: input.account,
        dead_letter_queue: input.dead_letter_queue,
        story: Story::Rule,
        lasting: &[NOT_FOUND],
        not_healed: "The rule could not be put back: the notice says what failed.",
    };
    let machine = Machine { input, frame };
    json!({
        "Comment": "Puts back the rules that ctguard keeps.",
        "QueryLanguage": "JSONata",
        "StartAt": "Begin",
        "States": machine.states(),
    })
    .to_string()
}

struct Machine<'a> {
    input: &'a RulesInput<'a>,
    frame: Frame<'a>,
}

impl Machine<'_> {
    fn states(&self) -> Value {
        let mut states = Map::new();
        let parts = [self.found(), self.looks(), self.guards(), self.heals(), self.frame.closing()];
        for (name, state) in parts.into_iter().flatten() {
            states.insert(name.to_owned(), state);
        }
        for (number, rule) in self.input.rules.iter().enumerate() {
            states.insert(state_of(number), self.wanted(rule));
        }
        Value::Object(states)
    }

    /// The rule that the call was made on.
    fn found(&self) -> Vec<(&'static str, Value)> {
        let RulesInput { blueprint, limit, format, rules, .. } = self.input;
        let begin = json!({
            "none": [],
            "done": "",
            "trouble": expression(UNREAD),
            "since": "",
            "begun": 0,
            "at": expression(AT),
            "more": expression(MORE),
            "was": "",
            "rule_arn": "",
            "on": false,
            "off": false,
            "other": false,
            "missing": false,
            "lost": [],
            "owner": blueprint,
            "pause": { "until": "", "reason": "" },
            "key": expression(KEY),
            "healing": expression("$states.context.Execution.Input.healing = true"),
            "counted": expression("($states.context.Execution.Input.counted = false) = false"),
            "call": expression(CALL),
            "wanted": {
                "blueprint": blueprint,
                "limit": limit,
                "chat": *format == Format::Chat,
                "subjects": self.frame.subjects(&SUBJECTS),
            },
        });
        let of_rule = |(number, wanted): (usize, &WantedRule<'_>)| {
            let is = format!("$key = \"{}\"", wanted.key);
            json!({ "Condition": expression(&is), "Next": state_of(number) })
        };
        let choices: Vec<Value> = rules.iter().enumerate().map(of_rule).collect();
        let next = json!({
            "StateMachineArn": expression("$states.context.StateMachine.Id"),
            "Name": expression(NEXT_NAME),
            "Input": expression(NEXT),
        });
        let next = self
            .frame
            .sdk("sfn:startExecution", next)
            .next("Find")
            .on(ALREADY_STARTED, "Find")
            .otherwise("Find", Some(trouble("StartExecution")));
        vec![
            ("Begin", json!({ "Type": "Pass", "Assign": begin, "Next": "IsMore" })),
            ("IsMore", choice("$healing = false and $more > 0", "Next", "Find")),
            ("Next", next),
            ("Find", json!({ "Type": "Choice", "Choices": choices, "Default": "IsForeign" })),
            ("IsForeign", choice("$trouble = \"\"", "Foreign", "TellFailed")),
            ("Foreign", json!({ "Type": "Succeed" })),
        ]
    }

    /// What a rule should be.
    fn wanted(&self, wanted: &WantedRule<'_>) -> Value {
        let WantedRule { key, rule, targets, tags } = *wanted;
        let tags = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
        let mut put = json!({
            "Name": key.name(),
            "EventBusName": key.bus().unwrap_or("default"),
            "State": rule.state.as_str(),
            "Tags": tags.collect::<Vec<_>>(),
        });
        if let Some(pattern) = &rule.event_pattern {
            put["EventPattern"] = json!(pattern);
        }
        if let Some(description) = &rule.description {
            put["Description"] = json!(description);
        }
        let targets: Vec<Value> =
            targets.iter().map(|(id, target)| target_of(id, target)).collect();
        json!({
            "Type": "Pass",
            "Assign": {
                "put": put,
                "targets": targets,
                "rule_arn": self.frame.place.arn("events", &format!("rule/{key}")),
            },
            "Next": "Look",
        })
    }

    /// What is not as it should be.
    fn looks(&self) -> Vec<(&'static str, Value)> {
        let state = "$states.result.State";
        let off = format!(
            "({state} = $put.State or {state} = \"ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS\") = false"
        );
        let other = format!(
            "$call = \"DisableRule\" or $call = \"EnableRule\" or $call = \"RemoveTargets\" or $call = \"PutTargets\" ? false : ({}) = false",
            covers::expression("$states.result.EventPattern", "$put.EventPattern")
        );
        let owner = OWNER.replace("BLUEPRINT_TAG", crate::resource::BLUEPRINT_TAG);
        let whole = "$missing = false and $owner = $wanted.blueprint and $off = false and $other = false and $count($lost) = 0";
        let is_whole = json!({
            "Type": "Choice",
            "Choices": [
                { "Condition": expression(whole), "Next": "IsQuiet" },
                { "Condition": expression("$healing"), "Next": "IsMarked" },
            ],
            "Default": "Pause",
        });
        let gone = json!({ "missing": true, "lost": expression("$targets") });
        // Whoever takes the tag off would else be rid of healing, and so would be whoever deletes the
        // rule and makes it again.
        let lost = ["DeleteRule", "TagResource", "TagResources", "UntagResource", "UntagResources"]
            .map(|call| format!(" or $call = \"{call}\""));
        let ours = format!("$owner = $wanted.blueprint{}", lost.concat());
        vec![
            (
                "Look",
                self.sdk("describeRule", self.named("Name"))
                    .assigns(&[
                        ("off", expression(&off)),
                        ("other", expression(&other)),
                        ("was", expression(state)),
                    ])
                    .next("Tags")
                    .on(NOT_FOUND, "Gone")
                    .otherwise("TellFailed", Some(trouble("DescribeRule"))),
            ),
            ("Gone", json!({ "Type": "Pass", "Assign": gone, "Next": "IsWhole" })),
            (
                "Tags",
                self.sdk("listTagsForResource", json!({ "ResourceARN": expression("$rule_arn") }))
                    .assigns(&[("owner", expression(&owner))])
                    .next("IsOurs")
                    .on(NOT_FOUND, "Gone")
                    .otherwise("TellFailed", Some(trouble("ListTagsForResource"))),
            ),
            ("IsOurs", choice(&ours, "Targets", "IsForeign")),
            (
                "Targets",
                self.sdk("listTargetsByRule", self.named("Rule"))
                    .assigns(&[("lost", expression(LOST))])
                    .next("IsWhole")
                    .on(NOT_FOUND, "Gone")
                    .otherwise("TellFailed", Some(trouble("ListTargetsByRule"))),
            ),
            ("IsWhole", is_whole),
            ("IsQuiet", choice("$trouble = \"\"", "Whole", "TellFailed")),
            ("Whole", json!({ "Type": "Succeed" })),
        ]
    }

    /// Whether to act at all.
    fn guards(&self) -> Vec<(&'static str, Value)> {
        let hand_on = json!({
            "StateMachineArn": expression("$states.context.StateMachine.Id"),
            "Name": expression(NAME),
            "Input": expression(HANDED_ON),
        });
        let hand_on = self
            .frame
            .sdk("sfn:startExecution", hand_on)
            .next("HandedOn")
            .on(ALREADY_STARTED, "HandedOn")
            .otherwise("IsMarked", None);
        let count = self.frame.count(COUNTED, expression(COUNT), "HandOn");
        let mut guards: Vec<_> = self.frame.pause("Count").into_iter().chain(count).collect();
        guards.push(("HandOn", hand_on));
        guards.push(("HandedOn", json!({ "Type": "Succeed" })));
        guards
    }

    /// Puts back what is not as it should be.
    fn heals(&self) -> Vec<(&'static str, Value)> {
        let tags = json!({
            "ResourceARN": expression("$rule_arn"),
            "Tags": expression("$put.Tags"),
        });
        let mut attached = self.named("Rule");
        attached["Targets"] = json!(expression("$lost"));
        let refused = "$states.result.FailedEntryCount > 0 ? \"PutTargets: AWS did not take each target\" : $trouble";
        vec![
            ("IsMarked", choice("$missing or $owner = $wanted.blueprint", "IsWrong", "Mark")),
            (
                "Mark",
                self.sdk("tagResource", tags)
                    .assigns(&[("done", expressions::done("its tags"))])
                    .next("IsWrong")
                    .otherwise("IsWrong", Some(trouble("TagResource"))),
            ),
            ("IsWrong", choice("$missing or $off or $other", "Put", "AreLost")),
            (
                "Put",
                self.sdk("putRule", json!(expression("$put")))
                    .assigns(&[("done", expression(PUT))])
                    .next("AreLost")
                    .otherwise("AreLost", Some(trouble("PutRule"))),
            ),
            ("AreLost", choice("$count($lost) > 0", "Attach", "Confirm")),
            (
                "Attach",
                self.sdk("putTargets", attached)
                    .assigns(&[
                        ("done", expressions::done("its targets")),
                        ("trouble", expression(refused)),
                    ])
                    .next("Confirm")
                    .otherwise("Confirm", Some(trouble("PutTargets"))),
            ),
            (
                "Confirm",
                self.sdk("describeRule", self.named("Name"))
                    .assigns(&[
                        ("on", expression("($states.result.State = \"DISABLED\") = false")),
                        ("since", expression("$states.context.State.EnteredTime")),
                    ])
                    .next("IsDone")
                    .otherwise("IsDone", Some(trouble("DescribeRule"))),
            ),
            ("IsDone", choice("$trouble != \"\" or $on = false", "TellFailed", "Tell")),
        ]
    }

    /// Names the rule, by the field that a call has for it.
    fn named(&self, field: &str) -> Value {
        json!({ field: expression("$put.Name"), "EventBusName": expression("$put.EventBusName") })
    }

    fn sdk(&self, call: &str, arguments: Value) -> Task {
        self.frame.sdk(&format!("eventbridge:{call}"), arguments)
    }
}

/// The state that knows a rule; the name of a rule may be longer than that of a state.
fn state_of(number: usize) -> String {
    format!("Rule {}", number + 1)
}

/// A target as PutTargets takes it.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html>
fn target_of(id: &str, target: &Target) -> Value {
    let mut out = json!({ "Id": id, "Arn": target.arn });
    if let Some(role) = &target.role_arn {
        out["RoleArn"] = json!(role);
    }
    if let Some(queue) = &target.dead_letter_arn {
        out["DeadLetterConfig"] = json!({ "Arn": queue });
    }
    if let Some(policy) = &target.retry_policy {
        out["RetryPolicy"] = json!({
            "MaximumEventAgeInSeconds": policy.maximum_event_age_seconds,
            "MaximumRetryAttempts": policy.maximum_retry_attempts,
        });
    }
    match &target.input {
        Input::Event => {}
        Input::Path(path) => out["InputPath"] = json!(path),
        Input::Constant(text) => out["Input"] = json!(text),
        Input::Transformer(made) => {
            let mut transformer = json!({ "InputTemplate": made.template });
            if !made.paths.is_empty() {
                transformer["InputPathsMap"] = json!(made.paths);
            }
            out["InputTransformer"] = transformer;
        }
    }
    out
}
