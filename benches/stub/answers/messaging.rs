//! SNS and SQS.

use super::{Account, entries, escaped};
use ctguard_core::scope::{Arn, Place};
use ctguard_core::snapshot::{LiveSubscription, PlaceSnapshot};
use serde_json::json;
use std::collections::BTreeMap;

impl Account {
    pub(super) fn topics(&mut self, place: &Place, seen: &PlaceSnapshot) {
        let region = place.region.as_str();
        for (arn, live) in &seen.topics {
            let live = live.known().unwrap();
            let mut attributes = BTreeMap::from([("TopicArn", arn.clone())]);
            let policy = live.topic.policy.as_ref().map(ToString::to_string);
            for (name, value) in [
                ("Policy", policy),
                ("DisplayName", live.topic.display_name.clone()),
                ("KmsMasterKeyId", live.topic.kms_key.clone()),
            ] {
                attributes.extend(value.map(|value| (name, value)));
            }
            self.xml(region, "GetTopicAttributes", arn, &entries(&attributes));

            let mut members = String::new();
            for (endpoint, subscription) in live.subscriptions.known().unwrap() {
                let LiveSubscription::Confirmed { arn: id, attributes } = subscription else {
                    panic!("everybody has confirmed: {endpoint}");
                };
                members += &format!(
                    "<member><SubscriptionArn>{id}</SubscriptionArn><Protocol>{}</Protocol><Endpoint>{}</Endpoint><TopicArn>{arn}</TopicArn><Owner>{}</Owner></member>",
                    endpoint.protocol,
                    escaped(endpoint.address()),
                    place.account
                );
                let known = attributes.known().unwrap();
                let redrive = known.dead_letter_arn.as_ref();
                let filter = known.filter_policy.as_ref();
                let mut told = BTreeMap::from([
                    ("SubscriptionArn", id.clone()),
                    ("PendingConfirmation", "false".to_owned()),
                    ("RawMessageDelivery", known.raw_message_delivery.to_string()),
                ]);
                for (name, value) in [
                    (
                        "RedrivePolicy",
                        redrive.map(|arn| json!({ "deadLetterTargetArn": arn }).to_string()),
                    ),
                    ("FilterPolicy", filter.map(ToString::to_string)),
                    ("FilterPolicyScope", known.filter_policy_scope.clone()),
                    (
                        "ConfirmationWasAuthenticated",
                        known.confirmation_was_authenticated.map(|yes| yes.to_string()),
                    ),
                ] {
                    told.extend(value.map(|value| (name, value)));
                }
                self.xml(region, "GetSubscriptionAttributes", id, &entries(&told));
            }
            let list = format!("<Subscriptions>{members}</Subscriptions>");
            self.xml(region, "ListSubscriptionsByTopic", arn, &list);
        }
    }

    pub(super) fn queues(&mut self, place: &Place, seen: &PlaceSnapshot, url: &str) {
        let region = place.region.as_str();
        for (arn, live) in &seen.queues {
            let live = live.known().unwrap();
            let queue = live.queue.get();
            let name = Arn::parse(arn).unwrap().resource;
            let url = format!("{url}/{}/{name}", place.account);
            self.json(region, "GetQueueUrl", name, json!({ "QueueUrl": url }));
            let mut attributes = json!({
                "QueueArn": arn,
                "MessageRetentionPeriod": queue.message_retention_seconds.to_string(),
                "SqsManagedSseEnabled": queue.sqs_managed_sse.to_string(),
                "ApproximateNumberOfMessages": live.messages.to_string(),
            });
            if let Some(policy) = &queue.policy {
                attributes["Policy"] = policy.to_string().into();
            }
            if let Some(key) = &queue.kms_key {
                attributes["KmsMasterKeyId"] = key.as_str().into();
            }
            self.json(region, "GetQueueAttributes", name, json!({ "Attributes": attributes }));
            if let Some(tags) = live.tags.known() {
                self.json(region, "ListQueueTags", name, json!({ "Tags": tags }));
            }
        }
    }
}
