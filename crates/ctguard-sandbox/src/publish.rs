//! Messages that somebody publishes to a topic, other than rules and state machines.
//!
//! Source: <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>

use super::policy::{self, Principal, Request};
use super::refusal::{Done, Refusal, deny, ensure, refuse};
use super::state::{State, StoredTopic};
use super::{deliver, logging, people};
use ctguard_core::action::Action;
use ctguard_core::drill::{CallMade, record};
use ctguard_core::resource::topic::MESSAGE_MAX_BYTES;
use ctguard_core::scope::Place;
use eventbridge_pattern::cloudtrail::envelope;
use serde_json::Value;

const INVALID: &str = "InvalidParameter";

/// Delivers a message to everybody who is subscribed to a topic.
pub fn publish(
    state: &mut State,
    place: &Place,
    topic: &str,
    subject: &str,
    message: &str,
) -> Done {
    let stored = state.region(place).topics.get(topic);
    let stored = stored.ok_or_else(|| refuse("NotFound", "Topic does not exist"))?;
    ensure(!message.is_empty() && message.len() <= MESSAGE_MAX_BYTES, INVALID, || {
        "Invalid parameter: Message".to_owned()
    })?;
    let by = logging::acting(state, place);
    let arn = place.arn("sns", topic);
    let asked = Asked { by: &by, place };
    asked
        .ask("sns:Publish", &arn, |request| {
            policy::not_denied(stored.topic.policy.as_ref(), request)
        })
        .map_err(|why| deny("AuthorizationError", format!("topic {topic} {why}")))?;
    asked.use_key(state, stored)?;
    let (topic, said, text) = (topic.to_owned(), subject.to_owned(), message.to_owned());
    let action = Action::Publish { topic, subject: said, message: text };
    let time = String::from(state.clock);
    let call = CallMade { action: &action, place, by: &by, time: &time, number: 0, refused: None };
    let event = envelope(record(&call));
    let delivery = deliver::follow_message(state, &arn, subject, message, &event)
        .map_err(|why| refuse(INVALID, why))?;
    people::keep(state, &delivery);
    Ok(())
}

/// Somebody whose own policies allow what is asked.
struct Asked<'a> {
    by: &'a str,
    place: &'a Place,
}

impl Asked<'_> {
    fn ask<T>(
        &self,
        action: &str,
        resource: &str,
        ask: impl FnOnce(&Request<'_>) -> Result<T, String>,
    ) -> Result<T, String> {
        let via = format!("sns.{}.amazonaws.com", self.place.region);
        let context = [("aws:principalarn", self.by), ("kms:viaservice", &via)];
        let principal = Principal::Account(&self.place.account);
        ask(&Request { principal, action, resource, context: &context, unsure: &[] })
    }

    /// Whether the key of the topic lets the publisher encrypt: its policy must leave it to the
    /// account.
    ///
    /// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html>
    fn use_key(&self, state: &State, topic: &StoredTopic) -> Result<(), Refusal> {
        let Some(name) = &topic.topic.kms_key else { return Ok(()) };
        let found = state.key(self.place, name).filter(|(_, key)| !key.aws_managed);
        let Some((arn, key)) = found else {
            // The key of AWS's own lets everybody of the account in, through SNS.
            return Ok(());
        };
        ensure(key.makes_data_keys(), "KMSDisabled", || format!("key {name} cannot be used"))?;
        for action in ["kms:GenerateDataKey", "kms:Decrypt"] {
            let decide =
                |request: &Request<'_>| policy::decide(Some::<&Value>(&key.policy), request);
            self.ask(action, &arn, decide)
                .map_err(|why| deny("KMSAccessDenied", format!("key {name} {why}")))?;
        }
        Ok(())
    }
}
