//! Follows one event through an account, from CloudTrail to the subscribers, by AWS's rules alone;
//! and once from one bus to another.
//!
//! Nothing here is shared with the proof, so that each can refute the other. What AWS does not
//! document as working does not work here.

mod chat;
mod fanout;
mod forward;
mod machine;
pub(super) mod metrics;
mod recorded;
mod sdk;
pub mod selectors;
mod target;

use super::Sandbox;
use super::policy::{self, Principal, Request};
use super::state::{Received, State, StoredQueue, StoredRule, locate};
use ctguard_core::action::Action;
use ctguard_core::resource::rule::RuleState;
use ctguard_core::resource::topic::Endpoint;
use ctguard_core::scope::{Arn, Place};
use eventbridge_pattern::Pattern;
use recorded::EventEnvelope;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The delivery of one event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// `cloudtrail:StopLogging`, or the detail-type of what CloudTrail did not write.
    pub event: String,
    /// `account/region`, where the event landed.
    pub place: String,
    pub trail: TrailVerdict,
    /// Every rule of the default bus there, by name. Empty when no event reached the bus.
    pub rules: Vec<RuleVerdict>,
    /// What subscribers received, in the order of rules, targets and endpoints.
    pub received: Vec<Received>,
    pub dead_letters: Vec<DeadLetter>,
    /// State machines whose execution failed, by ARN.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_executions: Vec<String>,
    /// Executions that began, in order.
    #[serde(skip)]
    pub executions: Vec<Began>,
    /// What state machines changed, in order.
    #[serde(skip)]
    pub calls: Vec<MachineCall>,
}

/// An execution of a state machine that began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Began {
    /// ARN of the state machine.
    pub machine: String,
    /// ARN of the execution.
    pub execution: String,
}

impl Delivery {
    /// One of nothing to nobody.
    fn none() -> Self {
        Self {
            event: String::new(),
            place: String::new(),
            trail: TrailVerdict { reaches_bus: false, reason: String::new(), trails: Vec::new() },
            rules: Vec::new(),
            received: Vec::new(),
            dead_letters: Vec::new(),
            failed_executions: Vec::new(),
            executions: Vec::new(),
            calls: Vec::new(),
        }
    }
}

/// A call that a state machine made.
#[derive(Debug, Clone, PartialEq)]
pub struct MachineCall {
    pub place: Place,
    pub action: Action,
    /// ARN of its role.
    pub role: String,
}

/// Whether the event reached the default bus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrailVerdict {
    pub reaches_bus: bool,
    pub reason: String,
    /// Every trail visible in the place.
    pub trails: Vec<TrailLook>,
}

/// Whether one trail records the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrailLook {
    pub arn: String,
    pub records: bool,
    pub reason: String,
}

/// Whether a rule fired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleVerdict {
    /// Its name, without the bus.
    pub rule: String,
    pub fired: bool,
    pub reason: String,
    /// Empty when it did not fire.
    pub targets: Vec<TargetVerdict>,
}

/// Whether a target accepted what the rule sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetVerdict {
    pub id: String,
    pub arn: String,
    pub accepted: bool,
    pub reason: String,
    /// The subscriptions, where the target is a topic.
    pub subscribers: Vec<SubscriberVerdict>,
    /// The delivery on the target bus, if it accepted the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onward: Option<Onward>,
}

/// The delivery of an event that was forwarded to another bus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Onward {
    /// `account/region` of the bus.
    pub place: String,
    pub bus: String,
    /// Every rule of that bus, by name.
    pub rules: Vec<RuleVerdict>,
}

/// Whether a subscriber received the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriberVerdict {
    pub endpoint: Endpoint,
    pub received: bool,
    pub reason: String,
}

/// A message in a dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// ARN of the queue that keeps it.
    pub queue: String,
    /// ARN of the rule or topic that could not deliver it.
    pub from: String,
    /// EventBridge's `ERROR_CODE`, or `ClientError` from SNS.
    pub code: String,
    pub reason: String,
}

impl Sandbox {
    /// Determines the delivery of an event, an EventBridge envelope, without changing anything.
    pub fn deliver(&self, event: &Value) -> Delivery {
        follow(&self.lock().state, event)
    }
}

/// Follows an event through a state.
pub fn follow(state: &State, envelope: &Value) -> Delivery {
    follow_recorded(state, state, envelope)
}

/// Follows a message that somebody published to a topic, by the event of that call.
///
/// # Errors
/// When the subject is one that SNS refuses.
pub(super) fn follow_message(
    state: &State,
    topic_arn: &str,
    subject: &str,
    text: &str,
    call: &Value,
) -> Result<Delivery, String> {
    machine::check_subject(Some(subject))?;
    let mut delivery = Delivery::none();
    if let Ok(event) = EventEnvelope::read(call) {
        let on = On { state, event: &event, at: &event.place, bus: None };
        let message = fanout::Message { topic_arn, subject: Some(subject), text };
        fanout::publish(&on, message, &mut delivery);
    }
    Ok(delivery)
}

/// Follows the event of a call through the state that the call left; CloudTrail records it by the
/// trails that were there when it was made.
pub fn follow_recorded(before: &State, state: &State, envelope: &Value) -> Delivery {
    let mut delivery = Delivery::none();
    let event = match EventEnvelope::read(envelope) {
        Ok(event) => event,
        Err(why) => {
            delivery.trail.reason = format!("this is not an event: {why}");
            return delivery;
        }
    };
    delivery.event = event.name();
    delivery.place = event.place.to_string();
    delivery.trail = recorded::judge(before, &event);
    if !delivery.trail.reaches_bus {
        return delivery;
    }
    let on = On { state, event: &event, at: &event.place, bus: None };
    delivery.rules = on.fire(&mut delivery);
    delivery
}

/// An event on a bus: the default bus where it landed, or one that it was forwarded to.
#[derive(Debug, Clone, Copy)]
struct On<'a> {
    state: &'a State,
    event: &'a EventEnvelope<'a>,
    /// The place of the bus.
    at: &'a Place,
    /// `None` for the default bus.
    bus: Option<&'a str>,
}

impl On<'_> {
    /// Evaluates the rules of the bus; what arrives anywhere is added to the delivery.
    fn fire(&self, delivery: &mut Delivery) -> Vec<RuleVerdict> {
        let mut verdicts = Vec::new();
        let here = self.state.region(self.at);
        let shut = self.shut().err().map(|refused| refused.why);
        for (name, stored) in here.rules_of(self.bus).into_iter().flatten() {
            let outcome = match &shut {
                Some(why) => Err(format!("EventBridge cannot decrypt it: {why}")),
                None => fires(stored, self.event),
            };
            let fired = outcome.is_ok();
            let reason = outcome.unwrap_or_else(|why| why);
            let mut verdict =
                RuleVerdict { rule: name.clone(), fired, reason, targets: Vec::new() };
            if fired {
                let key = self.bus.map_or(name.clone(), |bus| format!("{bus}/{name}"));
                let rule_arn = self.at.arn("events", &format!("rule/{key}"));
                let sending = target::Sending { on: *self, rule_arn: &rule_arn };
                for (id, target) in &stored.targets {
                    verdict.targets.push(sending.send(id, target, delivery));
                }
                if stored.targets.is_empty() {
                    verdict.reason.push_str(", but it has no targets");
                }
            }
            verdicts.push(verdict);
        }
        verdicts
    }
}

impl On<'_> {
    /// Fails when the rules of the default bus cannot be decrypted. Those of another bus are asked
    /// about where the event is forwarded to it.
    fn shut(&self) -> Result<(), Refused> {
        match (self.bus, &self.state.region(self.at).default_bus_key) {
            (None, Some(key)) => {
                let arn = self.at.arn("events", "event-bus/default");
                bus_key_admits(self.state, self.at, &arn, key)
            }
            _ => Ok(()),
        }
    }
}

/// Whether a rule fires for an event; the reason either way.
fn fires(stored: &StoredRule, event: &EventEnvelope<'_>) -> Result<String, String> {
    let Some(text) = &stored.rule.event_pattern else {
        return Err("it has a schedule and no pattern".to_owned());
    };
    let pattern = Pattern::parse(text).map_err(|why| format!("its pattern is not valid: {why}"))?;
    if !pattern.matches(event.envelope) {
        return Err("its pattern does not match".to_owned());
    }
    match stored.rule.state {
        RuleState::Disabled => Err("its pattern matches, but it is disabled".to_owned()),
        // AWS: read-only management events of CloudTrail reach only the wider state.
        // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html
        RuleState::Enabled if event.from_trail && event.management && event.read_only => Err(
            "its pattern matches, but in state ENABLED it is not given read-only management events"
                .to_owned(),
        ),
        _ => Ok("its pattern matches".to_owned()),
    }
}

/// The service that sends a message to a queue, with its request context.
#[derive(Debug, Clone, Copy)]
struct Sender<'a> {
    service: &'a str,
    /// Condition keys of the request.
    context: &'a [(&'a str, &'a str)],
    /// Those of them that are not surely sent.
    unsure: &'a [&'a str],
}

/// Whether a queue accepts a message from a service: it exists, and its policy and key admit it.
fn queue_admits(state: &State, arn: &str, sender: Sender<'_>) -> Result<(), Refused> {
    let stored: &StoredQueue = state
        .queue(arn)
        .ok_or_else(|| Refused::new("NO_RESOURCE", format!("queue {arn} does not exist")))?;
    let request = Request {
        principal: Principal::Service(sender.service),
        action: "sqs:SendMessage",
        resource: arn,
        context: sender.context,
        unsure: sender.unsure,
    };
    policy::decide(stored.queue.policy.as_ref(), &request)
        .map_err(|why| Refused::new("NO_PERMISSIONS", format!("queue {arn} {why}")))?;
    match &stored.queue.kms_key {
        Some(key) => key_admits(state, arn, key, sender),
        None => Ok(()),
    }
}

/// Whether the key of an encrypted topic or queue lets a service encrypt.
///
/// EventBridge sends no source with it, so a condition on one is never satisfied, and AWS's own
/// keys (`alias/aws/sns`) admit no service.
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html>
fn key_admits(state: &State, resource: &str, key: &str, sender: Sender<'_>) -> Result<(), Refused> {
    let refused = |why: String| Refused::new("NO_PERMISSIONS", why);
    let service = if resource.contains(":sqs:") { "sqs" } else { "sns" };
    let home = locate(resource, service).map(|(place, _)| place);
    let Some((arn, stored)) = home.and_then(|place| state.key(&place, key)) else {
        return Err(refused(match key.strip_prefix("alias/aws/") {
            Some(_) => format!("{key} is AWS's own key, which does not admit {}", sender.service),
            None => format!("key {key} does not exist"),
        }));
    };
    if stored.aws_managed {
        return Err(refused(format!(
            "{key} is AWS's own key, which does not admit {}",
            sender.service
        )));
    }
    if !stored.makes_data_keys() {
        return Err(refused(format!("key {key} is disabled, or not a key for encryption")));
    }
    // The service that owns the resource asks the key: of what the sender sent, the source is left.
    let sent = match sender.service {
        "events.amazonaws.com" => &[],
        _ => sender.context,
    };
    let mut context: Vec<(&str, &str)> =
        sent.iter().filter(|(name, _)| name.starts_with("aws:source")).copied().collect();
    // That a service which is no principal of the account is somebody on whose behalf it is, AWS
    // does not say. https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
    let region = Arn::parse(&arn).map(|arn| arn.region).unwrap_or_default();
    let via = format!("{service}.{region}.amazonaws.com");
    context.push(("kms:viaservice", &via));
    let unsure = ["aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "kms:viaservice"];
    // SNS tells the key which topic it is for.
    // https://docs.aws.amazon.com/gamelift/latest/flexmatchguide/queue-notification-sns-sse.html
    if service == "sns" {
        context.push(("kms:encryptioncontext:aws:sns:topicarn", resource));
    }
    // SQS tells the key which queue it is for.
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    if service == "sqs" {
        context.push(("kms:encryptioncontext:aws:sqs:arn", resource));
    }
    for action in ["kms:GenerateDataKey", "kms:Decrypt"] {
        let principal = Principal::Service(sender.service);
        let request =
            Request { principal, action, resource: &arn, context: &context, unsure: &unsure };
        policy::decide(Some(&stored.policy), &request)
            .map_err(|why| refused(format!("key {key} {why}")))?;
    }
    Ok(())
}

/// Whether the key of an encrypted bus lets EventBridge decrypt the bus's rules.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-encryption-key-policy.html>
fn bus_key_admits(state: &State, at: &Place, bus_arn: &str, key: &str) -> Result<(), Refused> {
    let refused = |why: String| Refused::new("NO_PERMISSIONS", why);
    let found = state.key(at, key);
    let (arn, stored) = found.ok_or_else(|| refused(format!("key {key} does not exist")))?;
    if !stored.makes_data_keys() {
        return Err(refused(format!(
            "key {key} of event bus {bus_arn} is disabled, or asymmetric"
        )));
    }
    let context = [
        ("aws:sourcearn", bus_arn),
        ("aws:sourceaccount", at.account.as_str()),
        ("aws:securetransport", "true"),
        ("aws:principalisawsservice", "true"),
        ("kms:encryptioncontext:aws:events:event-bus:arn", bus_arn),
    ];
    for action in ["kms:GenerateDataKey", "kms:Decrypt"] {
        let principal = Principal::Service("events.amazonaws.com");
        let request = Request { principal, action, resource: &arn, context: &context, unsure: &[] };
        policy::decide(Some(&stored.policy), &request)
            .map_err(|why| refused(format!("key {key} {why}")))?;
    }
    Ok(())
}

/// Why something was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refused {
    code: &'static str,
    why: String,
}

impl Refused {
    fn new(code: &'static str, why: impl Into<String>) -> Self {
        Self { code, why: why.into() }
    }
}

#[cfg(test)]
mod tests;
