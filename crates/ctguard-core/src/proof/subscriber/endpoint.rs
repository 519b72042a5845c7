//! Does a confirmed endpoint accept what SNS delivers?
//!
//! Source: <https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html>

use super::there;
use crate::proof::policy::{Admission, Request, Sent, admission};
use crate::proof::topic::TopicJudge;
use crate::proof::{FixedBy, Link, LinkCode, LinkObject, key};
use crate::resource::function;
use crate::resource::topic::{Endpoint, Protocol, sns_principal};
use crate::scope::{AccountId, Arn, Place, Region};
use crate::snapshot::{Observed, PlaceSnapshot, Unreadable};

pub fn admits(judge: &TopicJudge<'_>, endpoint: &Endpoint, object: LinkObject) -> Link {
    match endpoint.protocol {
        Protocol::Sqs => queue(judge, endpoint.address(), object),
        Protocol::Lambda => function(judge, endpoint.address(), object),
        _ => there(judge, object),
    }
}

/// Where a queue or function lives.
fn home(arn: &str) -> Option<Place> {
    let arn = Arn::parse(arn)?;
    Some(Place::new(AccountId::new(arn.account)?, Region::new(arn.region)?))
}

/// The SNS service principal in the policy of an endpoint: opt-in regions have their own.
fn principal(judge: &TopicJudge<'_>, home: Option<&Place>) -> String {
    sns_principal(&judge.place.region, home.map_or(&judge.place.region, |home| &home.region))
}

/// The snapshot of the place of an endpoint. Places that are read only for their trails have no
/// queues and functions.
fn read_there<'a>(judge: &TopicJudge<'a>, home: Option<&Place>) -> Option<&'a PlaceSnapshot> {
    let home = home.filter(|home| judge.desired.places.contains_key(*home))?;
    judge.live.places.get(home)
}

/// The link of an endpoint that could not be read where it lives.
fn unreadable(
    judge: &TopicJudge<'_>,
    home: Option<&Place>,
    code: LinkCode,
    object: LinkObject,
    why: &Unreadable,
) -> Link {
    Link::unreadable_in(home.unwrap_or(judge.place), code, judge.place, object, why)
}

/// What to do about a Deny in the policy of an endpoint.
fn undeny(what: &str) -> String {
    format!(
        "Take the statement that denies it out of the {what}'s policy: an Allow does not undo a Deny."
    )
}

/// The organization of the topic's account, where the account was found in it: `aws:SourceOrgID` is
/// that, if it is sent.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
fn source_organization<'a>(judge: &TopicJudge<'a>) -> Option<(&'static str, Sent<'a>)> {
    let account = judge.desired.accounts.get(&judge.place.account)?;
    let found = judge.desired.organization.as_ref().filter(|_| account.discovered)?;
    Some(("aws:sourceorgid", Sent::Perhaps(&found.id)))
}

fn queue(judge: &TopicJudge<'_>, arn: &str, object: LinkObject) -> Link {
    let home = home(arn);
    let service = principal(judge, home.as_ref());
    let fix = format!(
        "Let the queue's policy allow {service} sqs:SendMessage for aws:SourceArn {}.",
        judge.arn
    );
    let Some(seen) = read_there(judge, home.as_ref()) else {
        let cause = "it is subscribed; the queue is outside the places that are read".to_owned();
        return Link { fix, ..judge.assumed(LinkCode::QueuePolicy, object, cause) };
    };
    let live = match seen.queues.get(arn) {
        Some(Observed::Known(live)) => live,
        Some(Observed::Unreadable(why)) => {
            return unreadable(judge, home.as_ref(), LinkCode::QueuePolicy, object, why);
        }
        Some(Observed::Absent) | None => {
            let cause = "the queue does not exist".to_owned();
            return Link {
                fix: format!(
                    "Make the queue, with a policy that allows {service} sqs:SendMessage for aws:SourceArn {}; or take it out of the blueprint's subscribers.",
                    judge.arn
                ),
                ..Link::broken(LinkCode::QueueMissing, judge.place, object, cause, FixedBy::Person)
            };
        }
    };
    let organization: Vec<_> = source_organization(judge).into_iter().collect();
    let request = Request {
        service: &service,
        action: "sqs:SendMessage",
        resource: arn,
        source_arn: Sent::Value(judge.arn),
        source_account: Sent::Perhaps(judge.place.account.as_str()),
        through: None,
        extra: &organization,
    };
    let queue = live.queue.get();
    let policy = match admission(queue.policy.as_ref(), &request) {
        Admission::Admits => {
            let cause = "it is subscribed and its policy lets SNS send".to_owned();
            Link::proven(LinkCode::QueuePolicy, judge.place, object.clone(), cause)
        }
        Admission::Assumes(cause) => {
            Link { fix, ..judge.assumed(LinkCode::QueuePolicy, object.clone(), cause) }
        }
        Admission::Refuses(refusal) => {
            let denied = refusal.is_denial();
            let cause = format!("the queue: {}", refusal.into_cause());
            let fix = if denied { undeny("queue") } else { fix };
            return Link {
                fix,
                ..Link::broken(LinkCode::QueuePolicy, judge.place, object, cause, FixedBy::Person)
                    .denied(denied)
            };
        }
    };
    let Some(name) = &queue.kms_key else { return policy };
    let fix = format!(
        "Allow {service} kms:GenerateDataKey* and kms:Decrypt in the policy of an enabled customer-managed key."
    );
    match key::judge(seen.keys.get(name), key::KeyUse::by_sns(&service, judge.arn, arn)) {
        key::Answer::Admits => policy,
        key::Answer::Assumes(cause) => Link {
            fix,
            ..judge.assumed(LinkCode::QueueKey, object, format!("key {name}: {cause}"))
        },
        key::Answer::Unreadable(why) => {
            unreadable(judge, home.as_ref(), LinkCode::QueueKey, object, &why)
        }
        key::Answer::Refuses(trouble, cause) => {
            let cause = format!("key {name}: {cause}");
            let link =
                Link::broken(LinkCode::QueueKey, judge.place, object, cause, FixedBy::Person);
            let fix = trouble.fix(name, &fix);
            Link { fix, ..link }.denied(trouble == key::Trouble::Denied)
        }
    }
}

/// A function, or the version or alias that is subscribed: each is judged by its own policy.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html>
fn function(judge: &TopicJudge<'_>, arn: &str, object: LinkObject) -> Link {
    let home = home(arn);
    let service = principal(judge, home.as_ref());
    let fix = format!(
        "Let the policy of {arn} allow {service} lambda:InvokeFunction for aws:SourceArn {}.",
        judge.arn
    );
    let assumed = |cause: String| Link {
        fix: fix.clone(),
        ..judge.assumed(LinkCode::FunctionPolicy, object.clone(), cause)
    };
    let broken = |cause: String, fix: String| Link {
        fix,
        ..Link::broken(
            LinkCode::FunctionPolicy,
            judge.place,
            object.clone(),
            cause,
            FixedBy::Person,
        )
    };
    if !Arn::parse(arn).is_some_and(|arn| function::has_policy(arn.resource)) {
        return assumed(
            "it is subscribed as $LATEST, which has no policy of its own to read".to_owned(),
        );
    }
    let Some(seen) = read_there(judge, home.as_ref()) else {
        return assumed(
            "it is subscribed; the function is outside the places that are read".to_owned(),
        );
    };
    let policy = match seen.functions.get(arn) {
        Some(Observed::Known(live)) => &live.policy,
        Some(Observed::Unreadable(why)) => {
            return unreadable(judge, home.as_ref(), LinkCode::FunctionPolicy, object, why);
        }
        Some(Observed::Absent) | None => {
            let cause = "it does not exist, or has no policy, so nobody but its own account may call it; AWS does not say which";
            return broken(cause.to_owned(), format!("Make it, if it is gone. {fix}"));
        }
    };
    let organization: Vec<_> = source_organization(judge).into_iter().collect();
    let request = Request {
        service: &service,
        action: "lambda:InvokeFunction",
        resource: arn,
        source_arn: Sent::Value(judge.arn),
        source_account: Sent::Perhaps(judge.place.account.as_str()),
        through: None,
        extra: &organization,
    };
    match admission(Some(policy), &request) {
        Admission::Admits => {
            let cause = "it is subscribed and its policy lets SNS call it".to_owned();
            Link::proven(LinkCode::FunctionPolicy, judge.place, object, cause)
        }
        Admission::Assumes(cause) => assumed(cause),
        Admission::Refuses(refusal) => {
            let denied = refusal.is_denial();
            let fix = if denied { undeny("function") } else { fix.clone() };
            broken(format!("the function: {}", refusal.into_cause()), fix).denied(denied)
        }
    }
}
