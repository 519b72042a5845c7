//! From a topic to its subscribers.

use super::{
    DeadLetter, Delivery, On, Received, Refused, Sender, SubscriberVerdict, chat, queue_admits,
    target,
};
use crate::state::{StoredSubscription, locate};
use ctguard_core::resource::topic;
use ctguard_core::resource::topic::{CHAT_ENDPOINT, Endpoint, Protocol, SubscriptionAttributes};
use ctguard_core::scope::Region;
use eventbridge_pattern::Pattern;
use serde_json::Value;

const SNS: &str = "sns.amazonaws.com";

/// What SNS may send or not: AWS documents the topic as the source alone.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html>
const UNSURE: &[&str] = &["aws:sourceaccount", "aws:sourceorgid"];

/// A message as a topic is given it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'a> {
    pub topic_arn: &'a str,
    /// EventBridge gives none.
    pub subject: Option<&'a str>,
    pub text: &'a str,
}

impl<'a> Message<'a> {
    /// What a rule publishes.
    pub fn of_rule(topic_arn: &'a str, text: &'a str) -> Self {
        Self { topic_arn, subject: None, text }
    }
}

/// Delivers a message to every subscription of a topic; what arrives is added to the delivery.
pub(super) fn publish(
    on: &On<'_>,
    message: Message<'_>,
    delivery: &mut Delivery,
) -> Vec<SubscriberVerdict> {
    let Message { topic_arn, subject, text } = message;
    let mut verdicts = Vec::new();
    let subscriptions = on.state.topic(topic_arn).map(|topic| &topic.subscriptions);
    for (endpoint, subscription) in subscriptions.into_iter().flatten() {
        let outcome = match subscription {
            StoredSubscription::Pending { .. } => {
                Err("it has not confirmed the subscription".to_owned())
            }
            StoredSubscription::Confirmed { attributes, .. } => {
                let handing = Handing { on, topic_arn, text };
                handing.hand(endpoint, attributes, delivery)
            }
        };
        let received = outcome.is_ok();
        if received {
            let (topic, text) = (topic_arn.to_owned(), text.to_owned());
            let subject = subject.map(str::to_owned);
            delivery.received.push(Received { topic, endpoint: endpoint.clone(), text, subject });
        }
        let reason = outcome.unwrap_or_else(|why| why);
        verdicts.push(SubscriberVerdict { endpoint: endpoint.clone(), received, reason });
    }
    verdicts
}

/// One message of one topic.
#[derive(Debug, Clone, Copy)]
struct Handing<'a> {
    on: &'a On<'a>,
    topic_arn: &'a str,
    text: &'a str,
}

impl Handing<'_> {
    /// Delivers the message to one confirmed subscriber; returns the result.
    fn hand(
        &self,
        endpoint: &Endpoint,
        attributes: &SubscriptionAttributes,
        delivery: &mut Delivery,
    ) -> Result<String, String> {
        passes(attributes, self.text)?;
        if endpoint.protocol == Protocol::Https && endpoint.address() == CHAT_ENDPOINT {
            // It acknowledges every message, so what it drops is in no dead-letter queue.
            return chat::accepts(
                self.text,
                self.on.event.envelope,
                attributes.raw_message_delivery,
            )
            .map(|()| "the chat service shows it".to_owned())
            .map_err(|why| format!("the chat service drops it: {why}"));
        }
        self.admits(endpoint).map_err(|Refused { code: _, why }| {
            let Some(queue) = &attributes.dead_letter_arn else {
                return format!("{why}; there is no dead-letter queue, so the message is lost");
            };
            let context = self.context();
            match queue_admits(
                self.on.state,
                queue,
                Sender { service: SNS, context: &context, unsure: UNSURE },
            ) {
                Ok(()) => {
                    let said = format!("{why}; the message is kept in {queue}");
                    delivery.dead_letters.push(DeadLetter {
                        queue: queue.clone(),
                        from: self.topic_arn.to_owned(),
                        code: "ClientError".to_owned(),
                        reason: why,
                    });
                    said
                }
                Err(worse) => format!("{why}; {}, so the message is lost", worse.why),
            }
        })
    }

    /// Whether an endpoint accepts the message, as far as the sandbox knows.
    fn admits(&self, endpoint: &Endpoint) -> Result<String, Refused> {
        let address = endpoint.address();
        let context = self.context();
        let service = match endpoint.protocol {
            Protocol::Sqs => "sqs",
            Protocol::Lambda => "lambda",
            Protocol::Email | Protocol::EmailJson => return Ok("the mail is sent".to_owned()),
            _ => return Ok("taken as accepting: it is outside the sandbox".to_owned()),
        };
        let Some((home, _)) =
            locate(address, service).filter(|(home, _)| self.on.state.has_account(&home.account))
        else {
            return Ok("taken as accepting: its account is not in the sandbox".to_owned());
        };
        let sns = self.principal(&home.region, service)?;
        match service {
            "sqs" => {
                queue_admits(
                    self.on.state,
                    address,
                    Sender { service: &sns, context: &context, unsure: UNSURE },
                )?;
                Ok("the queue accepted it".to_owned())
            }
            _ => {
                target::function_admits(self.on.state, address, &sns, &context, UNSURE)?;
                Ok("the function was called".to_owned())
            }
        }
    }

    /// The service principal of SNS in another region, if it delivers there.
    ///
    /// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-cross-region-delivery.html>
    fn principal(&self, to: &Region, service: &str) -> Result<String, Refused> {
        let from = &self.on.at.region;
        match (topic::is_opt_in(from), topic::is_opt_in(to)) {
            _ if from == to => Ok(SNS.to_owned()),
            (false, false) => Ok(SNS.to_owned()),
            (true, false) => Ok(format!("sns.{from}.amazonaws.com")),
            (false, true) if service == "sqs" => Ok(format!("sns.{to}.amazonaws.com")),
            _ => Err(Refused::new(
                "ClientError",
                format!("SNS does not deliver from {from} to {to}"),
            )),
        }
    }

    /// The context of a request by SNS.
    fn context(&self) -> Vec<(&str, &str)> {
        let account = self.on.at.account.as_str();
        let mut context = vec![
            ("aws:sourcearn", self.topic_arn),
            ("aws:sourceaccount", account),
            ("aws:securetransport", "true"),
            ("aws:principalisawsservice", "true"),
        ];
        let found = self.on.state.membership(&self.on.at.account);
        context.extend(found.map(|(organization, _)| ("aws:sourceorgid", &*organization.id)));
        context
    }
}

/// Whether a message passes the subscription's filter.
///
/// EventBridge sends no message attributes, so a filter on them passes nothing, unless it only
/// requires that some be absent.
fn passes(attributes: &SubscriptionAttributes, text: &str) -> Result<(), String> {
    let Some(policy) = attributes.filter_policy.as_ref() else {
        return Ok(());
    };
    if policy.as_object().is_some_and(serde_json::Map::is_empty) {
        return Ok(());
    }
    let filter = Pattern::parse(&policy.to_string())
        .map_err(|why| format!("its filter policy is not valid: {why}"))?;
    if attributes.filter_policy_scope.as_deref() != Some("MessageBody") {
        let nothing = Value::Object(serde_json::Map::new());
        return match filter.matches(&nothing) {
            true => Ok(()),
            false => {
                Err("its filter policy asks for message attributes, and EventBridge sends none"
                    .to_owned())
            }
        };
    }
    let body: Option<Value> = serde_json::from_str(text).ok().filter(Value::is_object);
    let body =
        body.ok_or("its filter policy is on the body, and the message is not a JSON object")?;
    match filter.matches(&body) {
        true => Ok(()),
        false => Err("its filter policy does not match the message".to_owned()),
    }
}
