//! Topics, their keys and their subscriptions.

use super::super::hands::{PREFIX, attributes, condition, deny, key, pend, statement, topic};
use super::super::town::allow;
use super::Wound;
use ctguard_core::resource::topic::{Endpoint, Protocol, SubscriptionAttributes};
use ctguard_sandbox::state::StoredSubscription;
use serde_json::json;

pub const WOUNDS: &[(&str, Wound)] = &[
    ("delete the topic", |s, at, pick| {
        let topics = &mut s.region_mut(at).topics;
        let names: Vec<_> =
            topics.keys().filter(|name| name.starts_with(PREFIX)).cloned().collect();
        if let Some(name) = names.get(pick % names.len().max(1)) {
            topics.remove(name);
        }
    }),
    ("let nobody publish", |s, at, pick| {
        topic(s, at, pick, |t| {
            t.topic.policy = Some(json!({ "Version": "2012-10-17", "Statement": [] }))
        })
    }),
    ("a condition on the account", |s, at, pick| {
        topic(s, at, pick, |t| {
            condition(t, json!({ "StringEquals": { "aws:SourceAccount": "111122223333" } }))
        })
    }),
    ("a condition on the account if it is there", |s, at, pick| {
        topic(s, at, pick, |t| {
            condition(t, json!({ "StringEqualsIfExists": { "aws:SourceAccount": "111122223333" } }))
        })
    }),
    ("a condition on the rule", |s, at, pick| {
        topic(s, at, pick, |t| {
            condition(
                t,
                json!({ "ArnLike": { "aws:SourceArn": "arn:aws:events:*:111122223333:rule/*" } }),
            )
        })
    }),
    ("a condition on another rule", |s, at, pick| {
        topic(s, at, pick, |t| {
            condition(
                t,
                json!({ "ArnEquals": { "aws:SourceArn": "arn:aws:events:eu-west-1:111122223333:rule/x" } }),
            )
        })
    }),
    ("a condition that nobody knows", |s, at, pick| {
        topic(s, at, pick, |t| condition(t, json!({ "Null": { "aws:SourceAccount": "true" } })))
    }),
    ("let anybody publish", |s, at, pick| {
        topic(s, at, pick, |t| {
            let mut anybody = deny(None);
            anybody["Effect"] = json!("Allow");
            statement(t, anybody);
        })
    }),
    ("somebody subscribes", |s, at, pick| {
        topic(s, at, pick, |t| {
            let plain = SubscriptionAttributes::default();
            let confirmed = StoredSubscription::Confirmed { arn: "a:1".into(), attributes: plain };
            t.subscriptions.insert(Endpoint::new(Protocol::Email, "eve@evil.example"), confirmed);
        })
    }),
    ("somebody asks to subscribe", |s, at, pick| {
        let since = s.clock;
        topic(s, at, pick, |t| {
            let attributes = SubscriptionAttributes::default();
            let asked = StoredSubscription::Pending { since, attributes };
            t.subscriptions.insert(Endpoint::new(Protocol::Email, "eve@evil.example"), asked);
        })
    }),
    ("encrypt the default bus with a good key", |s, at, _| {
        s.region_mut(at).default_bus_key = Some("alias/alerts".into())
    }),
    ("encrypt the default bus with a bad key", |s, at, _| {
        s.region_mut(at).default_bus_key = Some("alias/siem".into())
    }),
    ("deny everybody", |s, at, pick| topic(s, at, pick, |t| statement(t, deny(None)))),
    ("deny without TLS", |s, at, pick| {
        topic(s, at, pick, |t| {
            statement(t, deny(Some(json!({ "Bool": { "aws:SecureTransport": "false" } }))))
        })
    }),
    ("deny other accounts", |s, at, pick| {
        topic(s, at, pick, |t| {
            statement(
                t,
                deny(Some(json!({ "StringNotEquals": { "aws:SourceAccount": "111122223333" } }))),
            )
        })
    }),
    ("deny other organizations", |s, at, pick| {
        topic(s, at, pick, |t| {
            statement(t, deny(Some(json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-1" } }))))
        })
    }),
    ("encrypt with AWS's key", |s, at, pick| {
        topic(s, at, pick, |t| t.topic.kms_key = Some("alias/aws/sns".into()))
    }),
    ("encrypt with a good key", |s, at, pick| {
        topic(s, at, pick, |t| t.topic.kms_key = Some("alias/alerts".into()))
    }),
    ("disable the key", |s, at, _| {
        s.region_mut(at).keys.values_mut().for_each(|key| key.enabled = false)
    }),
    ("delete the key", |s, at, _| s.region_mut(at).keys.clear()),
    ("the key admits nobody", |s, at, _| key(s, at, json!({ "Statement": [] }))),
    ("the key wants the account", |s, at, _| {
        let mut policy = allow("events.amazonaws.com", "kms:*", "*");
        policy["Statement"][0]["Condition"] =
            json!({ "StringEquals": { "aws:SourceAccount": "111122223333" } });
        key(s, at, policy);
    }),
    ("the key wants the service", |s, at, _| {
        let mut policy = allow("events.amazonaws.com", "kms:*", "*");
        policy["Statement"][0]["Condition"] =
            json!({ "StringEquals": { "kms:ViaService": "sns.eu-west-1.amazonaws.com" } });
        key(s, at, policy);
    }),
    ("unsubscribe", |s, at, pick| topic(s, at, pick, |t| drop(t.subscriptions.pop_first()))),
    ("suspend", |s, at, pick| {
        let since = s.clock;
        topic(s, at, pick, |t| pend(t, since));
    }),
    ("filter on attributes", |s, at, pick| {
        attributes(s, at, pick, |a| a.filter_policy = Some(json!({ "risk": ["high"] })))
    }),
    ("filter on absence", |s, at, pick| {
        attributes(s, at, pick, |a| {
            a.filter_policy = Some(json!({ "risk": [{ "exists": false }] }))
        })
    }),
    ("filter on the body", |s, at, pick| {
        attributes(s, at, pick, |a| {
            a.filter_policy = Some(json!({ "account": ["111122223333"] }));
            a.filter_policy_scope = Some("MessageBody".into());
        })
    }),
    ("an empty filter", |s, at, pick| {
        attributes(s, at, pick, |a| a.filter_policy = Some(json!({})))
    }),
    ("keep nothing that a subscriber refuses", |s, at, pick| {
        attributes(s, at, pick, |a| a.dead_letter_arn = None)
    }),
    ("deliver raw", |s, at, pick| attributes(s, at, pick, |a| a.raw_message_delivery = true)),
];
