//! From a rule to a state machine, and on to topics: whether EventBridge may start it, and what an
//! execution does.
//!
//! An execution follows the definition that is there: states of the types Pass, Choice, Task (which
//! publishes, sends to a queue, or makes a call of `sdk.rs`), Succeed and Fail, with expressions in
//! JSONata. Whatever else a definition says ends the execution as failed, and nothing is published.
//!
//! Sources: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html>,
//! <https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-state-machine-structure.html>

use super::target::Sending;
use super::{Began, DeadLetter, Delivery, On, Refused, SubscriberVerdict, fanout};
use crate::hop::{self, Hop};
use crate::roles;
use crate::state::{State, StoredExecution, StoredMachine, StoredRole, locate};
use ctguard_core::mail;
use ctguard_core::resource::machine::machine_name;
use ctguard_core::resource::rule::Target;
use ctguard_core::resource::topic::MESSAGE_MAX_BYTES;
use ctguard_core::scope::{AccountId, Arn, Place, Region};
use serde_json::{Value, json};

const STATES: &str = "states.amazonaws.com";

/// Longest input of an execution, in bytes.
///
/// Source: <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
const INPUT_MAX_BYTES: usize = 262_144;

/// Most states that one execution enters here.
const STATES_MAX: usize = 50;

/// What became of an execution.
pub(super) struct Execution {
    pub subscribers: Vec<SubscriberVerdict>,
    /// How it ended, for people.
    pub ended: String,
}

/// Starts the state machine that is a rule's target, and follows its execution.
pub(super) fn start(
    sending: &Sending<'_>,
    target: &Target,
    text: &str,
    delivery: &mut Delivery,
) -> Result<Execution, Refused> {
    let Sending { on, rule_arn } = *sending;
    let On { state, at, .. } = on;
    let arn = target.arn.as_str();
    let role_arn = target.role_arn.as_deref().ok_or_else(|| {
        Refused::new("NO_PERMISSIONS", format!("there is no role to start {arn} with"))
    })?;
    let role = roles::assumed(state, at, rule_arn, role_arn)
        .map_err(|why| Refused::new("FAILED_TO_ASSUME_ROLE", why))?;
    let hop = Hop { state, from: at, role_arn, action: hop::START, to: arn, event: None };
    hop.is_allowed(role).map_err(|why| Refused::new("NO_PERMISSIONS", why))?;
    let found = state.machine(arn).filter(|(_, machine)| !machine.deleting);
    let (_, machine) = found.ok_or_else(|| {
        Refused::new("NO_RESOURCE", format!("state machine {arn} does not exist"))
    })?;
    let input: Value = serde_json::from_str(text)
        .map_err(|error| Refused::new("INVALID_JSON", format!("the input is not JSON: {error}")))?;
    if text.len() > INPUT_MAX_BYTES {
        return Err(Refused::new("INVALID_PARAMETER", "the input is above 256 KiB"));
    }
    let before = executions(state, at, arn).len();
    let here = delivery.executions.iter().filter(|began| began.machine == arn).count();
    let number = before + here + 1;
    // Those that an execution starts are followed after it.
    let mut begun = vec![(number.to_string(), input)];
    let mut subscribers = Vec::new();
    let mut ended = String::new();
    while let Some((name, input)) = begun.pop() {
        let execution = execution_arn(arn, &name);
        delivery.executions.push(Began { machine: arn.to_owned(), execution: execution.clone() });
        let mut run = Run {
            on: &on,
            arn,
            execution,
            machine,
            delivery,
            subscribers: Vec::new(),
            world: None,
            started: Vec::new(),
        };
        let outcome = run.follow(input);
        begun.append(&mut run.started);
        subscribers.append(&mut run.subscribers);
        ended = match outcome {
            Ok(()) => "its execution succeeded".to_owned(),
            Err(why) => {
                delivery.failed_executions.push(arn.to_owned());
                format!("its execution failed: {why}")
            }
        };
    }
    Ok(Execution { subscribers, ended })
}

/// The ARN of an execution of a machine.
pub(super) fn execution_arn(machine: &str, name: &str) -> String {
    format!("{}:{name}", machine.replacen(":stateMachine:", ":execution:", 1))
}

/// One execution.
pub(super) struct Run<'a> {
    pub(super) on: &'a On<'a>,
    /// Of the machine.
    pub(super) arn: &'a str,
    /// ARN of the execution.
    pub(super) execution: String,
    pub(super) machine: &'a StoredMachine,
    pub(super) delivery: &'a mut Delivery,
    subscribers: Vec<SubscriberVerdict>,
    /// The accounts as the calls of executions have left them; absent until one is made.
    pub(super) world: Option<Box<State>>,
    /// The executions of the same machine that it starts, by name, with their input.
    pub(super) started: Vec<(String, Value)>,
}

/// Why a state failed: an error's name, and its cause.
pub(super) struct StateError {
    pub error: String,
    pub cause: String,
}

impl StateError {
    pub fn new(error: &str, cause: impl Into<String>) -> Self {
        Self { error: error.to_owned(), cause: cause.into() }
    }

    fn failed(cause: impl Into<String>) -> Self {
        Self::new("States.TaskFailed", cause)
    }
}

impl Run<'_> {
    /// Goes from state to state.
    fn follow(&mut self, input: Value) -> Result<(), String> {
        if let Some(key) = &self.machine.machine.kms_key {
            return Err(format!("its role may not use key {key}"));
        }
        let definition: Value = serde_json::from_str(&self.machine.machine.definition)
            .map_err(|error| format!("its definition is not JSON: {error}"))?;
        if definition["QueryLanguage"] != "JSONata" {
            return Err("the sandbox runs machines in JSONata only".to_owned());
        }
        let now = String::from(self.on.state.clock);
        let context = json!({
            "Execution": {
                "Id": self.execution,
                "Name": self.execution.rsplit(':').next(),
                "Input": input,
                "StartTime": now,
            },
            "State": { "EnteredTime": now },
            "StateMachine": { "Id": self.arn },
        });
        let states = json!({ "input": input, "context": context });
        let mut variables = vec![("states".to_owned(), states)];
        let mut name = definition["StartAt"].as_str().unwrap_or_default().to_owned();
        for _ in 0..STATES_MAX {
            let one = &definition["States"][&name];
            let next = match one["Type"].as_str() {
                Some("Pass") => {
                    assign(one, &mut variables).map_err(|why| why.cause)?;
                    Step::of(one)
                }
                Some("Choice") => Step::Next(chosen(one, &variables)?),
                Some("Task") => self.attempt(one, &mut variables)?,
                Some("Succeed") => Step::End,
                Some("Fail") => return Err(one["Cause"].as_str().unwrap_or_default().to_owned()),
                other => return Err(format!("the sandbox does not run {other:?} ({name})")),
            };
            match next {
                Step::End => return Ok(()),
                Step::Next(next) => name = next,
            }
        }
        Err(format!("it enters more than {STATES_MAX} states"))
    }

    /// Makes the call of a task, and goes on with its result or its error.
    fn attempt(
        &mut self,
        task: &Value,
        variables: &mut Vec<(String, Value)>,
    ) -> Result<Step, String> {
        let done = self.task(task, variables).and_then(|result| {
            set(variables, "result", result);
            assign(task, variables)
        });
        let Err(StateError { error, cause }) = done else { return Ok(Step::of(task)) };
        let catch = caught(task, &error).ok_or_else(|| format!("{error}: {cause}"))?;
        set(variables, "errorOutput", json!({ "Error": error, "Cause": cause }));
        assign(catch, variables).map_err(|why| why.cause)?;
        Ok(Step::of(catch))
    }

    fn task(&mut self, task: &Value, variables: &[(String, Value)]) -> Result<Value, StateError> {
        let resource = task["Resource"].as_str().unwrap_or_default();
        let arguments = mail::evaluated(&task["Arguments"], variables)
            .map_err(|why| StateError::new("States.QueryEvaluationError", why.to_string()))?;
        let text = |field: &str| arguments[field].as_str();
        let missing = |what: &str| StateError::failed(format!("there is no {what}"));
        let service = resource.split_once(":states:::").map(|(_, service)| service);
        match service {
            Some("sns:publish") => {
                let topic = text("TopicArn").ok_or_else(|| missing("TopicArn"))?;
                let message = text("Message").filter(|text| !text.is_empty());
                let message = message.ok_or_else(|| missing("Message"))?;
                self.publish(topic, text("Subject"), message).map_err(StateError::failed)?;
            }
            Some("sqs:sendMessage") => {
                let body = text("MessageBody").filter(|text| !text.is_empty());
                body.ok_or_else(|| missing("MessageBody"))?;
                let url = text("QueueUrl").ok_or_else(|| missing("QueueUrl"))?;
                self.send(url).map_err(StateError::failed)?;
            }
            Some(call) if call.starts_with("aws-sdk:") => return self.sdk(call, &arguments),
            _ => {
                return Err(StateError::failed(format!("the sandbox does not call {resource}")));
            }
        }
        Ok(json!({}))
    }

    /// The role of the machine, if Step Functions can take it on.
    pub(super) fn role(&self) -> Result<&StoredRole, String> {
        let On { state, at, .. } = self.on;
        roles::assumed_by(state, at, STATES, self.arn, &self.machine.machine.role_arn)
    }

    pub(super) fn hop<'h>(&'h self, action: &'static str, to: &'h str) -> Hop<'h> {
        let On { state, at, .. } = self.on;
        let role_arn = &self.machine.machine.role_arn;
        Hop { state, from: at, role_arn, action, to, event: None }
    }

    fn publish(&mut self, topic: &str, subject: Option<&str>, text: &str) -> Result<(), String> {
        let role = self.role()?;
        let hop = self.hop(hop::PUBLISH, topic);
        let near = Arn::parse(topic).filter(|arn| arn.region == self.on.at.region.as_str());
        let near = near.ok_or_else(|| format!("topic {topic} is in another region"))?;
        let own = near.account == self.on.at.account.as_str();
        let stored = self.on.state.topic(topic);
        let stored = stored.ok_or_else(|| format!("topic {topic} does not exist"))?;
        hop.is_allowed(role)?;
        let policy = stored.topic.policy.as_ref();
        let admitted = if own { hop.not_denied_by(policy) } else { hop.admitted_by(policy) };
        admitted.map_err(|why| format!("topic {topic} {why}"))?;
        if let Some(name) = &stored.topic.kms_key {
            self.use_key(role, topic, name)?;
        }
        check_subject(subject)?;
        if text.len() > MESSAGE_MAX_BYTES {
            return Err("the message is above 256 KiB".to_owned());
        }
        let message = fanout::Message { topic_arn: topic, subject, text };
        self.subscribers.extend(fanout::publish(self.on, message, self.delivery));
        Ok(())
    }

    /// Whether the role may use the key of a topic: by the key's policy and by its own.
    fn use_key(&self, role: &StoredRole, topic: &str, name: &str) -> Result<(), String> {
        let home = locate(topic, "sns").map(|(home, _)| home);
        let key = home.and_then(|home| self.on.state.key(&home, name));
        let usable = key.filter(|(_, key)| key.makes_data_keys() && !key.aws_managed);
        let (arn, key) = usable.ok_or_else(|| format!("key {name} cannot be used"))?;
        for action in ["kms:GenerateDataKey", "kms:Decrypt"] {
            let used = self.hop(action, &arn);
            used.is_allowed(role)?;
            used.admitted_by(Some(&key.policy)).map_err(|why| format!("key {name} {why}"))?;
        }
        Ok(())
    }

    /// Puts what could not be published into a queue of the machine's own account and region.
    fn send(&mut self, url: &str) -> Result<(), String> {
        let role = self.role()?;
        let arn = queue_of(url, self.on.at).ok_or_else(|| format!("{url} is no queue here"))?;
        let hop = self.hop(hop::SEND, &arn);
        let stored = self.on.state.queue(&arn);
        let stored = stored.ok_or_else(|| format!("queue {arn} does not exist"))?;
        hop.is_allowed(role)?;
        hop.not_denied_by(stored.queue.policy.as_ref())
            .map_err(|why| format!("queue {arn} {why}"))?;
        if let Some(key) = &stored.queue.kms_key {
            return Err(format!("its role may not use key {key} of queue {arn}"));
        }
        self.delivery.dead_letters.push(DeadLetter {
            queue: arn,
            from: self.arn.to_owned(),
            code: "Ctguard.MailFailed".to_owned(),
            reason: "the mail could not be published".to_owned(),
        });
        Ok(())
    }
}

/// The executions of a machine so far, oldest first.
pub(super) fn executions<'s>(state: &'s State, at: &Place, arn: &str) -> &'s [StoredExecution] {
    let all = machine_name(arn).and_then(|name| state.region(at).executions.get(name));
    all.map_or(&[], Vec::as_slice)
}

/// Where an execution goes from a state.
enum Step {
    Next(String),
    End,
}

impl Step {
    fn of(state: &Value) -> Self {
        match state["Next"].as_str() {
            Some(next) => Self::Next(next.to_owned()),
            None => Self::End,
        }
    }
}

/// Sets a field of `$states`.
fn set(variables: &mut [(String, Value)], field: &str, value: Value) {
    if let Some((_, states)) = variables.iter_mut().find(|(name, _)| name == "states") {
        states[field] = value;
    }
}

/// Where a choice leads: the first condition that holds.
fn chosen(choice: &Value, variables: &[(String, Value)]) -> Result<String, String> {
    for one in choice["Choices"].as_array().into_iter().flatten() {
        let holds = mail::evaluated(&one["Condition"], variables).map_err(|why| why.to_string())?;
        let holds = holds.as_bool().ok_or("a condition is neither true nor false")?;
        if holds {
            return Ok(one["Next"].as_str().unwrap_or_default().to_owned());
        }
    }
    choice["Default"].as_str().map(str::to_owned).ok_or("States.NoChoiceMatched".to_owned())
}

/// Sets the variables that a state assigns.
fn assign(state: &Value, variables: &mut Vec<(String, Value)>) -> Result<(), StateError> {
    let Some(assigned) = state.get("Assign") else { return Ok(()) };
    let made = mail::evaluated(assigned, variables)
        .map_err(|why| StateError::new("States.QueryEvaluationError", why.to_string()))?;
    for (name, value) in made.as_object().into_iter().flatten() {
        variables.retain(|(known, _)| known != name);
        variables.push((name.clone(), value.clone()));
    }
    Ok(())
}

/// The catch that takes an error: by its name, or every error.
fn caught<'s>(state: &'s Value, error: &str) -> Option<&'s Value> {
    let mut catches = state["Catch"].as_array().into_iter().flatten();
    catches.find(|one| {
        let errors = one["ErrorEquals"].as_array();
        errors.is_some_and(|errors| {
            errors.contains(&json!(error)) || errors.contains(&json!("States.ALL"))
        })
    })
}

/// What SNS refuses as a subject: more than 99 characters, anything but printable ASCII, or a first
/// character that is neither letter, digit nor punctuation.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
pub(super) fn check_subject(subject: Option<&str>) -> Result<(), String> {
    let Some(subject) = subject else { return Ok(()) };
    let printable = subject.chars().all(|c| matches!(c, ' '..='~'));
    let begins = subject.chars().next().is_some_and(|c| !c.is_whitespace());
    match printable && begins && subject.len() < 100 {
        true => Ok(()),
        false => Err("invalid parameter: Subject".to_owned()),
    }
}

/// The ARN of the queue with this URL, if it is of this place.
fn queue_of(url: &str, at: &Place) -> Option<String> {
    let rest = url.strip_prefix("https://sqs.")?;
    let (host, path) = rest.split_once('/')?;
    let (account, name) = path.split_once('/')?;
    let region = host.split('.').next()?;
    let there = Place::new(AccountId::new(account)?, Region::new(region)?);
    (there == *at).then(|| at.arn("sqs", name))
}
