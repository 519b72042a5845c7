//! From a rule that fired to its target: permissions, and what happens to a refused event.

use super::{
    DeadLetter, Delivery, On, Onward, Received, Refused, Sender, SubscriberVerdict, TargetVerdict,
    fanout, forward, key_admits, machine, queue_admits,
};
use crate::hop::{self, Hop};
use crate::policy;
use crate::policy::{Principal, Request};
use crate::roles;
use crate::state::{State, locate};
use ctguard_core::message;
use ctguard_core::resource::rule::{Input, Target};
use ctguard_core::resource::topic::{Endpoint, MESSAGE_MAX_BYTES, Protocol};
use ctguard_core::scope::Arn;

const EVENTS: &str = "events.amazonaws.com";

/// One rule sending one event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sending<'a> {
    pub on: On<'a>,
    pub rule_arn: &'a str,
}

/// What a target passed on.
#[derive(Default)]
struct Passed {
    subscribers: Vec<SubscriberVerdict>,
    onward: Option<Onward>,
    /// How the execution of a state machine ended.
    ended: Option<String>,
}

impl Sending<'_> {
    /// Sends the event to a target; what arrives anywhere is added to the delivery.
    pub(super) fn send(&self, id: &str, target: &Target, delivery: &mut Delivery) -> TargetVerdict {
        let (accepted, reason, passed) = match self.try_send(target, delivery) {
            Ok(passed) => {
                let what = if passed.onward.is_some() { "event" } else { "message" };
                let more = passed.ended.as_ref().map(|how| format!(", and {how}"));
                let more = more.unwrap_or_default();
                (true, format!("it accepted the {what}{more}"), passed)
            }
            Err(refused) => (false, self.bury(target, refused, delivery), Passed::default()),
        };
        let (id, arn) = (id.to_owned(), target.arn.clone());
        let Passed { subscribers, onward, ended: _ } = passed;
        TargetVerdict { id, arn, accepted, reason, subscribers, onward }
    }

    fn try_send(&self, target: &Target, delivery: &mut Delivery) -> Result<Passed, Refused> {
        let arn = Arn::parse(&target.arn)
            .ok_or_else(|| Refused::new("NO_RESOURCE", format!("{} is not an ARN", target.arn)))?;
        if arn.service == "events" {
            let onward = Some(forward::forward(self, target, delivery)?);
            return Ok(Passed { onward, ..Passed::default() });
        }
        let text = message::transform(&target.input, self.rule_arn, self.on.event.envelope)
            .map_err(|why| Refused::new("INVALID_JSON", why.to_string()))?;
        lines_are_whole(&target.input, &text)?;
        let place = self.on.at;
        let near = arn.region == place.region.as_str();
        if let ("sns", true, Some(role)) = (arn.service, near, target.role_arn.as_deref())
            && arn.account != place.account.as_str()
        {
            self.role_publishes(role, &target.arn, &text)?;
            let message = fanout::Message::of_rule(&target.arn, &text);
            let subscribers = fanout::publish(&self.on, message, delivery);
            return Ok(Passed { subscribers, ..Passed::default() });
        }
        if arn.region != place.region.as_str() || arn.account != place.account.as_str() {
            return Err(Refused::new("NO_RESOURCE", format!("{} is not in {place}", target.arn)));
        }
        if arn.service == "states" {
            let machine::Execution { subscribers, ended } =
                machine::start(self, target, &text, delivery)?;
            return Ok(Passed { subscribers, ended: Some(ended), ..Passed::default() });
        }
        if target.role_arn.is_some() {
            let why = "the sandbox takes on roles for event buses and state machines only";
            return Err(Refused::new("FAILED_TO_ASSUME_ROLE", why));
        }
        let received = |protocol| Received {
            topic: self.rule_arn.to_owned(),
            endpoint: Endpoint::new(protocol, &target.arn),
            text: text.clone(),
            subject: None,
        };
        match arn.service {
            "sns" => {
                self.topic_admits(&target.arn, &text)?;
                let message = fanout::Message::of_rule(&target.arn, &text);
                let subscribers = fanout::publish(&self.on, message, delivery);
                Ok(Passed { subscribers, ..Passed::default() })
            }
            "sqs" => {
                self.queue_admits(&target.arn)?;
                delivery.received.push(received(Protocol::Sqs));
                Ok(Passed::default())
            }
            "lambda" => {
                // AWS: with a condition on the source's account, EventBridge does not invoke.
                // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html
                function_admits(self.on.state, &target.arn, EVENTS, &self.context()[..3], &[])?;
                delivery.received.push(received(Protocol::Lambda));
                Ok(Passed::default())
            }
            other => {
                Err(Refused::new("NO_RESOURCE", format!("the sandbox has no {other} targets")))
            }
        }
    }

    /// The context of a request by EventBridge; the account last, since not every service receives
    /// it.
    fn context(&self) -> [(&str, &str); 4] {
        [
            ("aws:sourcearn", self.rule_arn),
            ("aws:securetransport", "true"),
            ("aws:principalisawsservice", "true"),
            ("aws:sourceaccount", self.on.at.account.as_str()),
        ]
    }

    fn queue_admits(&self, arn: &str) -> Result<(), Refused> {
        let unsure = &["aws:sourceaccount"];
        queue_admits(
            self.on.state,
            arn,
            Sender { service: EVENTS, context: &self.context(), unsure },
        )
    }

    /// AWS: a topic's policy cannot have conditions on EventBridge; in effect a condition on the
    /// account refuses it, while one on the rule's ARN has been seen to work, which is not sure.
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html>
    fn topic_admits(&self, arn: &str, text: &str) -> Result<(), Refused> {
        let stored =
            self.on.state.topic(arn).ok_or_else(|| {
                Refused::new("NO_RESOURCE", format!("topic {arn} does not exist"))
            })?;
        let context = self.context();
        let context = &context[..3];
        let request = Request {
            principal: Principal::Service(EVENTS),
            action: "sns:Publish",
            resource: arn,
            context,
            unsure: &["aws:sourcearn"],
        };
        policy::decide(stored.topic.policy.as_ref(), &request)
            .map_err(|why| Refused::new("NO_PERMISSIONS", format!("topic {arn} {why}")))?;
        if let Some(key) = &stored.topic.kms_key {
            key_admits(self.on.state, arn, key, Sender { service: EVENTS, context, unsure: &[] })?;
        }
        if text.len() > MESSAGE_MAX_BYTES {
            return Err(Refused::new("INVALID_PARAMETER", "the message is above 256 KiB"));
        }
        Ok(())
    }

    /// Whether a role may publish to a topic of another account: EventBridge takes it on, its own
    /// policies allow it, and so do the topic's policy and that of its key.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-cross-account.html>
    fn role_publishes(&self, role_arn: &str, arn: &str, text: &str) -> Result<(), Refused> {
        let On { state, at, .. } = self.on;
        let denied = |why| Refused::new("NO_PERMISSIONS", why);
        let role = roles::assumed(state, at, self.rule_arn, role_arn)
            .map_err(|why| Refused::new("FAILED_TO_ASSUME_ROLE", why))?;
        let hop = Hop { state, from: at, role_arn, action: hop::PUBLISH, to: arn, event: None };
        let stored = state
            .topic(arn)
            .ok_or_else(|| Refused::new("NO_RESOURCE", format!("topic {arn} does not exist")))?;
        hop.is_allowed(role).map_err(denied)?;
        hop.publishes().map_err(denied)?;
        if let Some(name) = &stored.topic.kms_key {
            let key = locate(arn, "sns").and_then(|(home, _)| state.key(&home, name));
            let Some((key_arn, key)) =
                key.filter(|(_, key)| key.makes_data_keys() && !key.aws_managed)
            else {
                return Err(denied(format!(
                    "key {name} cannot be used from account {}",
                    at.account
                )));
            };
            for action in ["kms:GenerateDataKey", "kms:Decrypt"] {
                let used = Hop { action, to: &key_arn, ..hop };
                used.is_allowed(role).map_err(denied)?;
                used.admitted_by(Some(&key.policy))
                    .map_err(|why| denied(format!("key {name} {why}")))?;
            }
        }
        if text.len() > MESSAGE_MAX_BYTES {
            return Err(Refused::new("INVALID_PARAMETER", "the message is above 256 KiB"));
        }
        Ok(())
    }

    /// Puts a refused event into the target's dead-letter queue, or loses it; returns which.
    fn bury(&self, target: &Target, refused: Refused, delivery: &mut Delivery) -> String {
        let Refused { code, why } = refused;
        let Some(queue) = &target.dead_letter_arn else {
            return format!("{why}; there is no dead-letter queue, so the event is lost");
        };
        match self.queue_admits(queue) {
            Ok(()) => {
                let said = format!("{why}; the event is kept in {queue}");
                delivery.dead_letters.push(DeadLetter {
                    queue: queue.clone(),
                    from: self.rule_arn.to_owned(),
                    code: code.to_owned(),
                    reason: why,
                });
                said
            }
            Err(worse) => format!("{why}; {}, so the event is lost", worse.why),
        }
    }
}

/// Whether a text template has stayed what AWS asks for, one quoted string per line, with what
/// stands in its variables. AWS does not say what becomes of other lines, so they are lost here.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html>
fn lines_are_whole(input: &Input, text: &str) -> Result<(), Refused> {
    let Input::Transformer(transformer) = input else { return Ok(()) };
    if !transformer.template.trim_start().starts_with('"') {
        return Ok(());
    }
    let is_broken =
        |line: &&str| !line.trim().is_empty() && serde_json::from_str::<String>(line).is_err();
    match text.split('\n').find(is_broken) {
        None => Ok(()),
        Some(line) => {
            Err(Refused::new("INVALID_JSON", format!("a line is no quoted string: {line}")))
        }
    }
}

/// Whether a service may invoke a function: only the policy of the named version or alias counts,
/// if there is one.
pub fn function_admits(
    state: &State,
    arn: &str,
    service: &str,
    context: &[(&str, &str)],
    unsure: &[&str],
) -> Result<(), Refused> {
    let policy = locate(arn, "lambda")
        .and_then(|(place, resource)| state.region(&place).function_policy(resource))
        .ok_or_else(|| Refused::new("NO_RESOURCE", format!("function {arn} does not exist")))?;
    let principal = Principal::Service(service);
    let action = "lambda:InvokeFunction";
    let request = Request { principal, action, resource: arn, context, unsure };
    policy::decide(policy, &request)
        .map_err(|why| Refused::new("NO_PERMISSIONS", format!("function {arn} {why}")))
}
