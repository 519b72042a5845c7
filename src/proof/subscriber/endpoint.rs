//! Does a confirmed endpoint take what SNS hands it?
//!
//! Source: <https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html>

use super::there;
use crate::proof::policy::{Admission, Request, Sent, admission};
use crate::proof::rule::{broken, proven};
use crate::proof::topic::TopicJudge;
use crate::proof::{Link, LinkCode, Mender, Status, key, unreadable};
use crate::resource::topic::{Endpoint, Protocol, sns_principal};
use crate::scope::{AccountId, Arn, Place, Region};
use crate::snapshot::Observed;

pub fn admits(judge: &TopicJudge<'_>, endpoint: &Endpoint, object: String) -> Link {
    match endpoint.protocol {
        Protocol::Sqs => queue(judge, &endpoint.address, object),
        Protocol::Lambda => function(judge, &endpoint.address, object),
        _ => there(judge, object),
    }
}

/// Where a queue or function lives.
fn home(arn: &str) -> Option<Place> {
    let arn = Arn::parse(arn)?;
    Some(Place::new(AccountId::new(arn.account)?, Region::new(arn.region)?))
}

/// SNS's name in the policy of an endpoint: regions that must be opted in to have their own.
fn principal(judge: &TopicJudge<'_>, home: Option<&Place>) -> String {
    sns_principal(&judge.place.region, home.map_or(&judge.place.region, |home| &home.region))
}

fn queue(judge: &TopicJudge<'_>, arn: &str, object: String) -> Link {
    let home = home(arn);
    let service = principal(judge, home.as_ref());
    let fix = format!(
        "Let the queue's policy allow {service} sqs:SendMessage for aws:SourceArn {}.",
        judge.arn
    );
    // Places that are read for their trails only are not asked for queues.
    let seen = home
        .as_ref()
        .filter(|home| judge.desired.places.contains_key(*home))
        .and_then(|home| judge.live.places.get(home));
    let Some(seen) = seen else {
        let cause = "it is subscribed; the queue is outside the places that are read".to_owned();
        return Link { fix, ..judge.assumed(LinkCode::QueuePolicy, object, cause) };
    };
    let live = match seen.queues.get(arn) {
        Some(Observed::Known(live)) => live,
        Some(Observed::Unreadable(why)) => {
            return unreadable(LinkCode::QueuePolicy, judge.place, object, why);
        }
        Some(Observed::Absent) | None => {
            let cause = "the queue does not exist".to_owned();
            return Link {
                fix: "Make the queue again, or take it out of the blueprint's subscribers."
                    .to_owned(),
                ..broken(LinkCode::QueueMissing, judge.place, object, cause, Mender::Person)
            };
        }
    };
    let request = Request {
        service: &service,
        action: "sqs:SendMessage",
        resource: arn,
        source_arn: Sent::Value(judge.arn),
        source_account: Sent::Unknown,
        direct: true,
    };
    let policy = match admission(live.queue.policy.as_ref(), &request) {
        Admission::Admits => {
            let cause = "it is subscribed and its policy lets SNS send".to_owned();
            proven(LinkCode::QueuePolicy, judge.place, object.clone(), cause)
        }
        Admission::Assumes(cause) => {
            Link { fix, ..judge.assumed(LinkCode::QueuePolicy, object.clone(), cause) }
        }
        Admission::Refuses(refusal) => {
            let cause = format!("the queue: {}", refusal.into_cause());
            return Link {
                fix,
                ..broken(LinkCode::QueuePolicy, judge.place, object, cause, Mender::Person)
            };
        }
    };
    let Some(name) = &live.queue.kms_key else { return policy };
    let fix = format!(
        "Allow {service} kms:GenerateDataKey* and kms:Decrypt in the policy of an enabled customer-managed key."
    );
    match key::judge(seen.keys.get(name), &service, Sent::Unknown) {
        key::Answer::Admits => policy,
        key::Answer::Assumes(cause) => Link {
            fix,
            ..judge.assumed(LinkCode::QueueKey, object, format!("key {name}: {cause}"))
        },
        key::Answer::Unreadable(why) => unreadable(LinkCode::QueueKey, judge.place, object, &why),
        key::Answer::Refuses(_, cause) => {
            let cause = format!("key {name}: {cause}");
            let link = broken(LinkCode::QueueKey, judge.place, object, cause, Mender::Person);
            Link { fix, ..link }
        }
    }
}

fn function(judge: &TopicJudge<'_>, arn: &str, object: String) -> Link {
    let service = principal(judge, home(arn).as_ref());
    Link {
        status: Status::Assumed,
        fix: format!("Check that the function's policy lets {service} invoke it for this topic."),
        ..judge.assumed(
            LinkCode::FunctionPolicy,
            object,
            "it is subscribed; the function's own policy is not read".to_owned(),
        )
    }
}
