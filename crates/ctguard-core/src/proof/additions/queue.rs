//! Queues whose policy lets anybody take, forge or hide what alerts leave in them.

use super::remark;
use crate::blueprint::Subscriber;
use crate::desired::Desired;
use crate::proof::policy::stranger;
use crate::proof::{LinkCode, LinkObject, Remark};
use crate::resource::topic::Protocol;
use crate::scope::{AccountId, Arn, Place, Region};
use crate::snapshot::{Live, Observed};
use serde_json::Value;
use std::collections::BTreeSet;

/// What takes the messages of a queue away, or lets them be read, and works across accounts.
const TAKING: [&str; 4] =
    ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:PurgeQueue", "sqs:ReceiveMessage"];

/// What changes or deletes a queue. A policy gives none of it to other accounts.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-limitations-of-custom-policies.html>
const OF_ITS_ACCOUNT: [&str; 5] = [
    "sqs:AddPermission",
    "sqs:DeleteQueue",
    "sqs:RemovePermission",
    "sqs:SetQueueAttributes",
    "sqs:StartMessageMoveTask",
];

const SEND: &str = "sqs:SendMessage";

pub fn find(desired: &Desired, live: &Live, found: &mut Vec<Remark>) {
    for (place, here) in desired.own_places() {
        for name in here.queues.keys() {
            found.extend(open(desired, live, &place.arn("sqs", name), &TAKING));
        }
    }
    let all = desired.paths.iter().flat_map(|path| path.destinations.iter());
    let listed = all.flat_map(|destination| &destination.subscribers);
    let queues: BTreeSet<&str> = listed
        .filter_map(|subscriber| match subscriber {
            Subscriber::Endpoint(one) if one.protocol == Protocol::Sqs => Some(one.address()),
            _ => None,
        })
        .collect();
    // An alert that anybody can send is none.
    let forging: Vec<&str> = TAKING.into_iter().chain([SEND]).collect();
    for arn in queues {
        found.extend(open(desired, live, arn, &forging));
    }
}

fn open(desired: &Desired, live: &Live, arn: &str, asked: &[&'static str]) -> Option<Remark> {
    let parts = Arn::parse(arn)?;
    let place = Place::new(AccountId::new(parts.account)?, Region::new(parts.region)?);
    let Observed::Known(queue) = live.places.get(&place)?.queues.get(arn)? else { return None };
    let policy = queue.queue.get().policy;
    let anybody = allowed(policy.as_ref(), arn, asked);
    let account = allowed(policy.as_ref(), arn, &OF_ITS_ACCOUNT);
    let (_, statement) = anybody.first().or(account.first())?.clone();
    let named = |open: &[(&str, String)]| {
        open.iter().map(|(action, _)| *action).collect::<Vec<_>>().join(", ")
    };
    let who = match (anybody.is_empty(), account.is_empty()) {
        (false, true) => format!("Anybody may call {} on it", named(&anybody)),
        (true, _) => format!("Whoever is of its account may call {} on it", named(&account)),
        (false, false) => format!(
            "Anybody may call {} on it, and whoever is of its account {}",
            named(&anybody),
            named(&account)
        ),
    };
    let text = format!(
        "{who}, by {statement} of its policy: alerts can be read, forged or taken away. Take the statement out, or let it ask who calls, such as by aws:PrincipalOrgID."
    );
    let by_others = queue.tags.name_owner(&desired.name);
    let object = LinkObject::Queue(arn.to_owned());
    Some(Remark { by_others, ..remark(LinkCode::QueueOpenToAll, &place, object, text) })
}

fn allowed<'a>(policy: Option<&Value>, arn: &str, asked: &[&'a str]) -> Vec<(&'a str, String)> {
    let by = |action| stranger::opening(policy, action, arn);
    asked.iter().filter_map(|action| Some((*action, by(action)?))).collect()
}
