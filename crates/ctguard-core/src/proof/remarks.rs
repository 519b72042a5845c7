//! Findings that do not change the verdict: logs that are not written, refused messages that would
//! be lost, subscriptions that one click ends.

use super::policy::{Admission, Request, Sent, admission};
use super::{LinkCode, LinkObject, Proof, Remark, RemarkSeverity};
use crate::blueprint::Subscriber;
use crate::desired::{AlertPath, Desired, DestinationPath};
use crate::identity::ByIdentity;
use crate::resource::keys::RuleKey;
use crate::resource::topic::Protocol;
use crate::scope::{AccountId, Arn, Place, Region};
use crate::snapshot::Live;
use crate::snapshot::{LiveSubscription, LiveTrail, Observed};
use std::collections::{BTreeSet, HashSet};

/// All remarks on the live resources.
pub fn collect(desired: &Desired, live: &Live, proof: &mut Proof) {
    // Places that are read only because others depend on them are not judged.
    for place in live.places.keys().filter(|place| !desired.context.contains(*place)) {
        trails(live, place, &mut proof.remarks);
    }
    let mut rules: BTreeSet<(&Place, &RuleKey)> = BTreeSet::new();
    let mut destinations: HashSet<(&Place, ByIdentity<'_, [DestinationPath]>)> = HashSet::new();
    for path in &desired.paths {
        let forwarding = path.forward.iter().flat_map(|forward| forward.rules.iter());
        let here = forwarding.map(|key| (&path.lands, key));
        let raising = path.rules.iter().map(|key| (&path.raised, key));
        for (place, key) in here.chain(raising) {
            if rules.insert((place, key)) {
                targets(desired, live, place, key, &mut proof.remarks);
            }
        }
        if destinations.insert((&path.raised, ByIdentity(&*path.destinations))) {
            subscribers(live, path, &mut proof.remarks);
        }
    }
}

/// Problems with the files of the trails whose home is a place. EventBridge still gets their
/// events.
fn trails(live: &Live, place: &Place, remarks: &mut Vec<Remark>) {
    let trails = live.places.get(place).and_then(|seen| seen.trails.known());
    let at_home = |arn: &str, trail: &LiveTrail| {
        trail.home_region == place.region
            && Arn::parse(arn).is_some_and(|arn| arn.account == place.account.as_str())
    };
    for (arn, trail) in trails.into_iter().flatten().filter(|(arn, trail)| at_home(arn, trail)) {
        let mut say = |code, object: LinkObject, text: String| {
            remarks.push(Remark {
                severity: RemarkSeverity::Degraded,
                code,
                place: place.clone(),
                object,
                text: format!("{text} Events still reach EventBridge."),
            });
        };
        let bucket = &trail.trail.bucket;
        let status = trail.status.known();
        match status.and_then(|status| status.latest_delivery_error.as_deref()) {
            Some(error) if error.contains("NoSuchBucket") => say(
                LinkCode::LogBucketMissing,
                LinkObject::Bucket(bucket.clone()),
                format!("{arn} cannot write its log files: the bucket does not exist."),
            ),
            Some(error) if error.contains("AccessDenied") => say(
                LinkCode::LogBucketPolicy,
                LinkObject::Bucket(bucket.clone()),
                format!("{arn} cannot write its log files: the bucket refuses CloudTrail."),
            ),
            Some(error) if error.to_ascii_lowercase().contains("kms") => say(
                LinkCode::LogKey,
                LinkObject::Trail(arn.clone()),
                format!("{arn} cannot encrypt its log files: {error}."),
            ),
            Some(error) => {
                say(
                    LinkCode::LogDelivery,
                    LinkObject::Trail(arn.clone()),
                    format!("{arn} cannot write its log files: {error}."),
                );
            }
            None if is_gone(live, &place.account, bucket) => say(
                LinkCode::LogBucketMissing,
                LinkObject::Bucket(bucket.clone()),
                format!("{arn} has no bucket to write its log files to: it does not exist."),
            ),
            None => {
                if let Some(why) = keeps_out(live, &place.account, arn, trail) {
                    say(
                        LinkCode::LogBucketPolicy,
                        LinkObject::Bucket(bucket.clone()),
                        format!("{arn} cannot write its log files: {why}."),
                    );
                }
            }
        }
        remarks.extend(bucket_settings(live, place, bucket));
        let mut say = |code, object: LinkObject, text: String| {
            let text = format!("{text} Events still reach EventBridge.");
            let severity = RemarkSeverity::Degraded;
            remarks.push(Remark { severity, code, place: place.clone(), object, text });
        };
        if let Some(error) = status.and_then(|status| status.latest_digest_delivery_error.as_ref())
        {
            let text = format!("{arn} cannot write its digest files: {error}.");
            say(LinkCode::DigestDelivery, LinkObject::Trail(arn.clone()), text);
        }
    }
}

fn is_gone(live: &Live, account: &AccountId, bucket: &str) -> bool {
    let seen = live.accounts.get(account).and_then(|account| account.buckets.get(bucket));
    matches!(seen, Some(Observed::Absent))
}

/// How well a bucket keeps what is written to it, whoever owns it. Of one that cannot be read
/// nothing is said.
fn bucket_settings(live: &Live, place: &Place, name: &str) -> Vec<Remark> {
    let seen = live.accounts.get(&place.account).and_then(|account| account.buckets.get(name));
    let Some(Observed::Known(seen)) = seen else { return Vec::new() };
    let say = |severity, code, text: &str| Remark {
        severity,
        code,
        place: place.clone(),
        object: LinkObject::Bucket(name.to_owned()),
        text: text.to_owned(),
    };
    let mut found = Vec::new();
    if !seen.bucket.public_access_blocked {
        // The account may block it for all its buckets, which is not read.
        found.push(say(
            RemarkSeverity::Note,
            LinkCode::LogBucketPublic,
            "Its own settings do not block public access; those of the account are not read. `aws s3api put-public-access-block` sets all four.",
        ));
    }
    if !seen.bucket.versioning {
        found.push(say(
            RemarkSeverity::Degraded,
            LinkCode::LogBucketVersioning,
            "It keeps no versions: a log file that is overwritten or deleted is gone. `aws s3api put-bucket-versioning --versioning-configuration Status=Enabled` turns them on.",
        ));
    }
    found
}

/// Why a bucket's policy refuses the log files of a trail, also before CloudTrail has tried; `None`
/// when it does not, or that is not known.
///
/// CloudTrail asks for the bucket's access-control list, and writes with one. An organization's
/// trail writes below the organization's id, which is not known here.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html>
fn keeps_out(live: &Live, account: &AccountId, arn: &str, trail: &LiveTrail) -> Option<String> {
    let bucket = &trail.trail.bucket;
    let seen = live.accounts.get(account)?.buckets.get(bucket)?.known()?;
    let resource = format!("arn:{}:s3:::{bucket}", Arn::parse(arn)?.partition);
    let prefix = trail.trail.key_prefix.as_ref().map(|prefix| format!("{prefix}/"));
    let prefix = prefix.unwrap_or_default();
    let file = format!("{resource}/{prefix}AWSLogs/{account}/CloudTrail/{}/x", trail.home_region);
    let acl = [("s3:x-amz-acl", Sent::Value("bucket-owner-full-control"))];
    let mut asked = vec![("s3:GetBucketAcl", &resource, &[][..])];
    if !trail.trail.organization {
        asked.push(("s3:PutObject", &file, &acl[..]));
    }
    asked.into_iter().find_map(|(action, resource, extra)| {
        let request = Request {
            service: "cloudtrail.amazonaws.com",
            action,
            resource,
            source_arn: Sent::Value(arn),
            source_account: Sent::Perhaps(account.as_str()),
            direct: true,
            extra,
        };
        match admission(seen.bucket.policy.as_ref(), &request) {
            Admission::Refuses(refusal) => Some(refusal.into_cause()),
            Admission::Admits | Admission::Assumes(_) => None,
        }
    })
}

/// Whether a target of a rule has a dead-letter queue.
fn targets(
    desired: &Desired,
    live: &Live,
    place: &Place,
    key: &RuleKey,
    remarks: &mut Vec<Remark>,
) {
    let wanted = desired.places.get(place).and_then(|here| here.rules.get(key));
    let seen = live.places.get(place).and_then(|seen| seen.rule(key));
    let targets = seen.and_then(|rule| rule.targets.known());
    for (id, target) in targets.into_iter().flatten() {
        if !wanted.is_some_and(|wanted| wanted.targets.contains_key(id)) {
            continue;
        }
        let rule = place.arn("events", &format!("rule/{key}"));
        let (object, why) = match &target.dead_letter_arn {
            None => {
                (LinkObject::rule(place, key.as_str()), Some("has no dead-letter queue".to_owned()))
            }
            Some(queue) => (
                LinkObject::Queue(queue.clone()),
                refuses(live, queue, "events.amazonaws.com", &rule),
            ),
        };
        say_lost(place, object, &format!("Target {id} of rule {key}"), why, remarks);
    }
}

/// Whether listed subscribers have a dead-letter queue, and whether one click ends their
/// subscription.
fn subscribers(live: &Live, path: &AlertPath, remarks: &mut Vec<Remark>) {
    let place = &path.raised;
    for destination in path.destinations.iter() {
        let topic = live.places.get(place).and_then(|seen| seen.topics.get(&destination.topic_arn));
        let seen = topic.and_then(|topic| topic.known()?.subscriptions.known());
        for subscriber in &destination.subscribers {
            let Subscriber::Endpoint(endpoint) = subscriber else { continue };
            let Some(LiveSubscription::Confirmed { attributes: Observed::Known(now), .. }) =
                seen.and_then(|seen| seen.get(endpoint))
            else {
                continue;
            };
            let object = LinkObject::subscription(&destination.topic_arn, endpoint);
            let mail = matches!(endpoint.protocol, Protocol::Email | Protocol::EmailJson);
            if mail && now.confirmation_was_authenticated == Some(false) {
                remarks.push(Remark {
                    severity: RemarkSeverity::Note,
                    code: LinkCode::UnsubscribeOpen,
                    place: place.clone(),
                    object: object.clone(),
                    text: format!("Anybody who holds an alert's mail can unsubscribe {} with one click, which CloudTrail does not record; confirm it with AuthenticateOnUnsubscribe to prevent that.", endpoint.shown()),
                });
            }
            // Mail is never refused, so it needs no dead-letter queue; foreign topics are up to
            // their owners.
            if mail || destination.managed_topic.is_none() {
                continue;
            }
            let (object, why) = match &now.dead_letter_arn {
                None => (object, Some("has no dead-letter queue".to_owned())),
                Some(queue) => (
                    LinkObject::Queue(queue.clone()),
                    refuses(live, queue, "sns.amazonaws.com", &destination.topic_arn),
                ),
            };
            say_lost(place, object, &format!("The subscription of {endpoint}"), why, remarks);
        }
    }
}

fn say_lost(
    place: &Place,
    object: LinkObject,
    who: &str,
    why: Option<String>,
    remarks: &mut Vec<Remark>,
) {
    if let Some(why) = why {
        remarks.push(Remark {
            severity: RemarkSeverity::Degraded,
            code: LinkCode::DeadLetterQueue,
            place: place.clone(),
            object,
            text: format!("{who} {why}: what is refused there is lost."),
        });
    }
}

/// Why a dead-letter queue would refuse a message; `None` when it would not, or that is unknown.
fn refuses(live: &Live, queue: &str, service: &str, source: &str) -> Option<String> {
    let arn = Arn::parse(queue)?;
    let place = Place::new(AccountId::new(arn.account)?, Region::new(arn.region)?);
    let seen = live.places.get(&place)?;
    match seen.queues.get(queue)? {
        Observed::Absent => Some(format!("sends what is refused to {queue}, which does not exist")),
        Observed::Unreadable(_) => None,
        Observed::Known(live) => {
            let request = Request {
                service,
                action: "sqs:SendMessage",
                resource: queue,
                source_arn: Sent::Value(source),
                source_account: Arn::parse(source)
                    .map_or(Sent::Unknown, |arn| Sent::Perhaps(arn.account)),
                direct: true,
                extra: &[],
            };
            match admission(live.queue.policy.as_ref(), &request) {
                Admission::Refuses(refusal) => Some(format!(
                    "sends what is refused to {queue}, which does not take it: {}",
                    refusal.into_cause()
                )),
                Admission::Admits | Admission::Assumes(_) => None,
            }
        }
    }
}
