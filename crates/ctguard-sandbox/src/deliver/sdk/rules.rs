//! The calls on rules and their targets.
//!
//! Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html>

use super::{Run, StateError, known, listed, unknown};
use crate::state::StoredRule;
use ctguard_core::action::Action;
use ctguard_core::resource::Tags;
use ctguard_core::resource::keys::RuleKey;
use ctguard_core::resource::rule::{
    Input, InputTransformer, RetryPolicy, Rule, RuleState, Target, Targets,
};
use serde_json::{Value, json};

/// What PutRule takes here.
const RULE: [&str; 6] = ["Name", "EventBusName", "EventPattern", "State", "Description", "Tags"];

/// What a target can have here.
const TARGET: [&str; 8] = [
    "Id",
    "Arn",
    "RoleArn",
    "Input",
    "InputPath",
    "InputTransformer",
    "DeadLetterConfig",
    "RetryPolicy",
];

impl Run<'_> {
    pub(super) fn on_rule(&mut self, call: &str, arguments: &Value) -> Result<Value, StateError> {
        match call {
            "describeRule" => {
                known(arguments, &["Name", "EventBusName"])?;
                let key = key(arguments, "Name")?;
                let found = self.rule("events:DescribeRule", &key)?;
                Ok(self.described(&key, &found))
            }
            "listTagsForResource" => {
                known(arguments, &["ResourceARN"])?;
                let key = self.key_of_arn(arguments)?;
                let found = self.rule("events:ListTagsForResource", &key)?;
                Ok(json!({ "Tags": listed(&found.tags) }))
            }
            "listTargetsByRule" => {
                known(arguments, &["Rule", "EventBusName"])?;
                let found = self.rule("events:ListTargetsByRule", &key(arguments, "Rule")?)?;
                let targets: Vec<Value> =
                    found.targets.iter().map(|(id, target)| told(id, target)).collect();
                Ok(json!({ "Targets": targets }))
            }
            "tagResource" => {
                known(arguments, &["ResourceARN", "Tags"])?;
                let name = self.key_of_arn(arguments)?;
                self.rule("events:TagResource", &name)?;
                self.perform(Action::TagRule { name, tags: tags(arguments) })
            }
            "putRule" => self.put_rule(arguments),
            "putTargets" => self.put_targets(arguments),
            _ => Err(unknown(&format!("aws-sdk:eventbridge:{call}"))),
        }
    }

    /// A rule of the machine's own account and region, which the role may make this call on.
    fn rule(&self, action: &'static str, key: &RuleKey) -> Result<StoredRule, StateError> {
        self.allowed(action, &self.arn_of(key))?;
        let here = self.world().region(self.on.at);
        let found = here.rules_of(key.bus()).and_then(|rules| rules.get(key.name()));
        found.cloned().ok_or_else(|| {
            let cause = format!("Rule {} does not exist on EventBus.", key.name());
            StateError::new("EventBridge.ResourceNotFoundException", cause)
        })
    }

    fn arn_of(&self, key: &RuleKey) -> String {
        self.on.at.arn("events", &format!("rule/{key}"))
    }

    fn key_of_arn(&self, arguments: &Value) -> Result<RuleKey, StateError> {
        let begin = self.on.at.arn("events", "rule/");
        let key = arguments["ResourceARN"].as_str().and_then(|arn| arn.strip_prefix(&begin));
        key.map(RuleKey::from).ok_or_else(|| invalid("this is no rule here"))
    }

    fn described(&self, key: &RuleKey, found: &StoredRule) -> Value {
        let rule = &found.rule;
        let mut told = json!({
            "Name": key.name(),
            "Arn": self.arn_of(key),
            "EventBusName": key.bus().unwrap_or("default"),
            "State": rule.state.as_str(),
        });
        let texts = [
            ("EventPattern", &rule.event_pattern),
            ("Description", &rule.description),
            ("ScheduleExpression", &rule.schedule_expression),
            ("RoleArn", &rule.role_arn),
            ("ManagedBy", &rule.managed_by),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                told[name] = json!(text);
            }
        }
        told
    }

    /// What it does not name is as for a new rule.
    fn put_rule(&mut self, arguments: &Value) -> Result<Value, StateError> {
        known(arguments, &RULE)?;
        let name = key(arguments, "Name")?;
        let tags = tags(arguments);
        let arn = self.arn_of(&name);
        self.allowed("events:PutRule", &arn)?;
        if !tags.is_empty() {
            self.allowed("events:TagResource", &arn)?;
        }
        let text = |field: &str| arguments[field].as_str().map(str::to_owned);
        let state = match arguments["State"].as_str() {
            None => RuleState::Enabled,
            Some(_) => serde_json::from_value(arguments["State"].clone())
                .map_err(|_| invalid("this is no state"))?,
        };
        let rule = Rule {
            state,
            event_pattern: text("EventPattern"),
            schedule_expression: None,
            description: text("Description"),
            role_arn: None,
            managed_by: None,
        };
        self.perform(Action::PutRule { name, rule, tags })?;
        Ok(json!({ "RuleArn": arn }))
    }

    /// A role that a target has is handed on.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>
    fn put_targets(&mut self, arguments: &Value) -> Result<Value, StateError> {
        known(arguments, &["Rule", "EventBusName", "Targets"])?;
        let rule = key(arguments, "Rule")?;
        self.rule("events:PutTargets", &rule)?;
        let mut targets = Targets::new();
        for one in arguments["Targets"].as_array().into_iter().flatten() {
            known(one, &TARGET)?;
            let target = target(one)?;
            if let Some(role) = &target.role_arn {
                self.allowed("iam:PassRole", role)?;
            }
            targets.insert(one["Id"].as_str().unwrap_or_default().to_owned(), target);
        }
        if targets.is_empty() {
            return Err(invalid("there is no target"));
        }
        self.perform(Action::PutTargets { rule, targets })?;
        Ok(json!({ "FailedEntryCount": 0, "FailedEntries": [] }))
    }
}

fn invalid(why: &str) -> StateError {
    StateError::new("EventBridge.EventBridgeException", why)
}

/// Which rule a call names.
fn key(arguments: &Value, field: &str) -> Result<RuleKey, StateError> {
    let name = arguments[field].as_str().filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| invalid("no rule is named"))?;
    let bus = arguments["EventBusName"].as_str().filter(|bus| *bus != "default");
    Ok(RuleKey::on(bus, name))
}

fn tags(arguments: &Value) -> Tags {
    let all = arguments["Tags"].as_array().into_iter().flatten();
    let pair =
        |tag: &Value| Some((tag["Key"].as_str()?.to_owned(), tag["Value"].as_str()?.to_owned()));
    all.filter_map(pair).collect()
}

fn target(given: &Value) -> Result<Target, StateError> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let transformer = &given["InputTransformer"];
    let input = match (text(&given["Input"]), text(&given["InputPath"])) {
        _ if transformer.is_object() => Input::Transformer(InputTransformer {
            paths: serde_json::from_value(transformer["InputPathsMap"].clone()).unwrap_or_default(),
            template: text(&transformer["InputTemplate"])
                .ok_or_else(|| invalid("a transformer has no template"))?,
        }),
        (Some(text), _) => Input::Constant(text),
        (None, Some(path)) => Input::Path(path),
        (None, None) => Input::Event,
    };
    let number = |field: &str, or: i32| {
        given["RetryPolicy"][field].as_i64().and_then(|n| i32::try_from(n).ok()).unwrap_or(or)
    };
    let usual = RetryPolicy::default();
    let retry_policy = given["RetryPolicy"].is_object().then(|| RetryPolicy {
        maximum_event_age_seconds: number(
            "MaximumEventAgeInSeconds",
            usual.maximum_event_age_seconds,
        ),
        maximum_retry_attempts: number("MaximumRetryAttempts", usual.maximum_retry_attempts),
    });
    Ok(Target {
        arn: text(&given["Arn"]).ok_or_else(|| invalid("a target has no ARN"))?,
        role_arn: text(&given["RoleArn"]),
        input,
        dead_letter_arn: text(&given["DeadLetterConfig"]["Arn"]),
        retry_policy,
        other_parameters: Vec::new(),
    })
}

fn told(id: &str, target: &Target) -> Value {
    let mut told = json!({ "Id": id, "Arn": target.arn });
    if let Some(role) = &target.role_arn {
        told["RoleArn"] = json!(role);
    }
    if let Some(queue) = &target.dead_letter_arn {
        told["DeadLetterConfig"] = json!({ "Arn": queue });
    }
    if let Some(policy) = &target.retry_policy {
        told["RetryPolicy"] = json!({
            "MaximumEventAgeInSeconds": policy.maximum_event_age_seconds,
            "MaximumRetryAttempts": policy.maximum_retry_attempts,
        });
    }
    match &target.input {
        Input::Event => {}
        Input::Path(path) => told["InputPath"] = json!(path),
        Input::Constant(text) => told["Input"] = json!(text),
        Input::Transformer(made) => {
            told["InputTransformer"] = json!({ "InputTemplate": made.template });
            if !made.paths.is_empty() {
                told["InputTransformer"]["InputPathsMap"] = json!(made.paths);
            }
        }
    }
    told
}
