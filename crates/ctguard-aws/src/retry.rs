//! Which failed actions to retry, and when.
//!
//! The SDK itself retries throttled and lost calls. Here are the errors that AWS documents as
//! passing within minutes: concurrent writers, and objects written in this run that are not yet
//! visible to what refers to them. Nothing else is retried, so that real errors show at once.

use super::errors::{is_not_found, is_throttled};
use ctguard_core::action::Action;
use ctguard_core::cloud::CloudError;
use ctguard_core::resource::rule::Target;
use ctguard_core::scope::{Arn, Place};
#[cfg(test)]
use serde_json::Value;
use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// Transient error codes of any action.
///
/// Sources: the errors of <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html>,
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html> (`ConflictException`),
/// <https://docs.aws.amazon.com/sns/latest/api/API_TagResource.html>,
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html> (60 seconds after a
/// queue of the same name was deleted), <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
const PASSING: [&str; 10] = [
    "AWS.SimpleQueueService.QueueDeletedRecently",
    "ConcurrentAccess",
    "ConcurrentAccessException",
    "ConcurrentModification",
    "ConcurrentModificationException",
    "ConflictException",
    "OperationAborted",
    "QueueDeletedRecently",
    "StaleTag",
    "StaleTagException",
];

/// The objects written in this run.
#[derive(Debug, Default)]
pub(super) struct Written(Mutex<BTreeSet<(Fact, String)>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fact {
    Rule,
    TargetsRemoved,
    Topic,
    Queue,
    Trail,
    Bucket,
    BucketPolicy,
    Bus,
    BusPolicy,
    Role,
    Machine,
}

impl Written {
    /// Remembers an action that succeeded. `place` distinguishes objects of the same name.
    pub(super) fn remember(&self, place: &Place, action: &Action) {
        let (fact, name): (Fact, &str) = match action {
            Action::PutRule { name, .. } => (Fact::Rule, name.as_str()),
            Action::RemoveTargets { rule, .. } => (Fact::TargetsRemoved, rule.as_str()),
            Action::CreateTopic { name, .. } => (Fact::Topic, name),
            Action::CreateQueue { name, .. } => (Fact::Queue, name),
            Action::CreateTrail { name, .. } => (Fact::Trail, name),
            Action::CreateBucket { name, .. } => (Fact::Bucket, name),
            Action::PutBucketPolicy { name, .. } => (Fact::BucketPolicy, name),
            Action::CreateEventBus { name, .. } => (Fact::Bus, name),
            Action::PutBusPolicy { bus, .. } => (Fact::BusPolicy, bus),
            Action::CreateStateMachine { name, .. } => (Fact::Machine, name),
            Action::CreateRole { name, .. }
            | Action::UpdateAssumeRolePolicy { role: name, .. }
            | Action::PutRolePolicy { role: name, .. } => (Fact::Role, name),
            _ => return,
        };
        let key = (fact, key(fact, place.account.as_str(), place.region.as_str(), name));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
    }

    fn has(&self, fact: Fact, place: &Place, name: &str) -> bool {
        self.has_in(fact, place.account.as_str(), place.region.as_str(), name)
    }

    fn has_in(&self, fact: Fact, account: &str, region: &str, name: &str) -> bool {
        let key = (fact, key(fact, account, region, name));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&key)
    }

    /// Whether the role with this ARN was written, in any account.
    fn has_role(&self, arn: &str) -> bool {
        Arn::parse(arn).is_some_and(|arn| {
            let name = arn.resource.rsplit('/').next().unwrap_or_default();
            self.has_in(Fact::Role, arn.account, "", name)
        })
    }

    /// Whether the policy of a bus was written, in any place.
    fn has_bus_policy(&self, arn: &str) -> bool {
        Arn::parse(arn).is_some_and(|arn| {
            let bus = arn.resource.strip_prefix("event-bus/");
            bus.is_some_and(|bus| self.has_in(Fact::BusPolicy, arn.account, arn.region, bus))
        })
    }
}

fn key(fact: Fact, account: &str, region: &str, name: &str) -> String {
    match fact {
        // Bucket names are global, and a trail may have another home region than its bucket.
        Fact::Bucket | Fact::BucketPolicy => name.to_owned(),
        // A role is written through one region of its account and used in all.
        Fact::Role => format!("{account}/{name}"),
        _ => format!("{account}/{region}/{name}"),
    }
}

/// Whether a failure is transient.
pub(super) fn passes(
    place: &Place,
    action: &Action,
    error: &CloudError,
    written: &Written,
) -> bool {
    if PASSING.contains(&error.code.as_str()) || is_throttled(error) {
        return true;
    }
    let wrote = |fact, name: &str| written.has(fact, place, name);
    if lacks_tags_yet(error) && made(action).is_some_and(|(fact, name)| wrote(fact, name)) {
        return true;
    }
    match action {
        // For a moment, a new rule is not visible to PutTargets and TagResource.
        Action::PutTargets { rule: name, targets } => {
            is_not_found(error) && wrote(Fact::Rule, name.as_str())
                || targets.values().any(|target| target_passes(target, error, written))
        }
        Action::TagRule { name, .. } => is_not_found(error) && wrote(Fact::Rule, name.as_str()),
        Action::PutRule { name, rule, .. } => {
            let bus = name.bus();
            is_not_found(error) && bus.is_some_and(|bus| wrote(Fact::Bus, bus))
                || cannot_be_assumed(error)
                    && rule.role_arn.as_ref().is_some_and(|role| written.has_role(role))
        }
        Action::PutBusPolicy { bus: name, .. } | Action::TagEventBus { name, .. } => {
            is_not_found(error) && wrote(Fact::Bus, name)
        }
        // IAM is eventually consistent with itself, too.
        // Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html>
        Action::UpdateAssumeRolePolicy { role: name, .. }
        | Action::PutRolePolicy { role: name, .. }
        | Action::TagRole { name, .. } => is_not_found(error) && wrote(Fact::Role, name),
        // A machine of the name is being deleted; a role that was just written.
        // Source: <https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html>
        Action::CreateStateMachine { machine, .. } => {
            error.code == "StateMachineDeleting" || role_passes(&machine.role_arn, error, written)
        }
        Action::UpdateStateMachine { name, machine } => {
            is_not_found(error) && wrote(Fact::Machine, name)
                || role_passes(&machine.role_arn, error, written)
        }
        Action::TagStateMachine { name, .. } | Action::UntagStateMachine { name, .. } => {
            is_not_found(error) && wrote(Fact::Machine, name)
        }
        // Nor is the removal of its targets visible to DeleteRule.
        Action::DeleteRule { name } => {
            error.code == "ValidationException"
                && error.message.contains("since it has targets")
                && wrote(Fact::TargetsRemoved, name.as_str())
        }
        Action::SetTopicAttribute { name, .. }
        | Action::TagTopic { name, .. }
        | Action::Subscribe { topic: name, .. } => is_not_found(error) && wrote(Fact::Topic, name),
        // AWS asks to wait a second after CreateQueue.
        Action::SetQueueAttributes { name, .. } | Action::TagQueue { name, .. } => {
            is_not_found(error) && wrote(Fact::Queue, name)
        }
        Action::PutEventSelectors { name, .. }
        | Action::StartLogging { name }
        | Action::TagTrail { name, .. }
        | Action::UntagTrail { name, .. }
            if wrote(Fact::Trail, name) =>
        {
            is_not_found(error)
        }
        Action::CreateTrail { trail, .. } | Action::UpdateTrail { trail, .. } => {
            (error.code.starts_with("InsufficientS3BucketPolicy")
                && wrote(Fact::BucketPolicy, &trail.bucket))
                || (error.code.starts_with("S3BucketDoesNotExist")
                    && wrote(Fact::Bucket, &trail.bucket))
        }
        Action::PutPublicAccessBlock { name }
        | Action::PutBucketVersioning { name }
        | Action::PutBucketEncryption { name, .. }
        | Action::PutBucketOwnershipControls { name }
        | Action::PutBucketPolicy { name, .. }
        | Action::PutBucketLifecycle { name }
        | Action::PutBucketTagging { name, .. } => {
            error.code == "NoSuchBucket" && wrote(Fact::Bucket, name)
        }
        _ => false,
    }
}

/// Whether a denial may come from tags that IAM does not see yet: where permissions depend on the
/// tags of an object (`aws:ResourceTag`), calls on a new one are denied for some seconds. AWS names
/// the policy that has no Allow then; an explicit Deny, and a policy of the organization, stay.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html> ("Changes
/// that I make are not always immediately visible"),
/// <https://github.com/hashicorp/terraform-provider-aws/issues/27028>.
fn lacks_tags_yet(error: &CloudError) -> bool {
    use ctguard_core::cause::{Cause, Denial, PolicyType};
    matches!(
        error.cause(),
        Cause::Denied(Denial { by: None | Some(PolicyType::Identity), explicit: false })
    )
}

/// The object that an action changes, as far as a run can have made it with tags.
fn made(action: &Action) -> Option<(Fact, &str)> {
    Some(match action {
        Action::PutTargets { rule: name, .. }
        | Action::RemoveTargets { rule: name, .. }
        | Action::TagRule { name, .. } => (Fact::Rule, name.as_str()),
        Action::PutBusPolicy { bus: name, .. } | Action::TagEventBus { name, .. } => {
            (Fact::Bus, name)
        }
        Action::UpdateStateMachine { name, .. }
        | Action::TagStateMachine { name, .. }
        | Action::UntagStateMachine { name, .. } => (Fact::Machine, name),
        Action::SetTopicAttribute { name, .. }
        | Action::TagTopic { name, .. }
        | Action::Subscribe { topic: name, .. } => (Fact::Topic, name),
        Action::SetQueueAttributes { name, .. } | Action::TagQueue { name, .. } => {
            (Fact::Queue, name)
        }
        Action::PutEventSelectors { name, .. }
        | Action::StartLogging { name }
        | Action::TagTrail { name, .. } => (Fact::Trail, name),
        Action::UpdateAssumeRolePolicy { role: name, .. }
        | Action::PutRolePolicy { role: name, .. }
        | Action::TagRole { name, .. } => (Fact::Role, name),
        Action::PutPublicAccessBlock { name }
        | Action::PutBucketVersioning { name }
        | Action::PutBucketEncryption { name, .. }
        | Action::PutBucketOwnershipControls { name }
        | Action::PutBucketPolicy { name, .. }
        | Action::PutBucketLifecycle { name } => (Fact::Bucket, name),
        _ => return None,
    })
}

/// Whether a target is refused because of what this run has just written in IAM or on the target
/// bus.
///
/// PutTargets checks both: whether EventBridge can assume the role, and whether the bus's policy
/// admits the sender.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html>
fn target_passes(target: &Target, error: &CloudError, written: &Written) -> bool {
    cannot_be_assumed(error) && target.role_arn.as_ref().is_some_and(|role| written.has_role(role))
        || error.code.starts_with("AccessDenied") && written.has_bus_policy(&target.arn)
}

/// Whether Step Functions cannot assume a role because this run has just written it. Its message is
/// "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to
/// assume the provided role."
///
/// Source: <https://github.com/awsdocs/aws-step-functions-developer-guide/issues/23>
fn role_passes(role_arn: &str, error: &CloudError, written: &Written) -> bool {
    error.code.starts_with("AccessDenied")
        && error.message.contains("authorized to assume the provided role")
        && written.has_role(role_arn)
}

/// EventBridge's message for a role that it cannot assume; the error code is that of any invalid
/// request.
fn cannot_be_assumed(error: &CloudError) -> bool {
    error.code.starts_with("ValidationException")
        && error.message.contains("cannot be assumed by principal")
}

/// Repeats a read while it is throttled, within a budget: the first calls of all accounts come in a
/// burst, and the SDK gives up after three tries.
pub(super) async fn patiently<T, F: Future<Output = Result<T, CloudError>>>(
    first: Duration,
    budget: Duration,
    call: impl Fn() -> F,
) -> Result<T, CloudError> {
    let mut waits = waits(first, budget);
    loop {
        match call().await {
            Err(error) if is_throttled(&error) => {
                let Some(wait) = waits.next() else { return Err(error) };
                tokio::time::sleep(wait).await;
            }
            result => return result,
        }
    }
}

/// The waits between tries: exponential with a limit, and shortened by up to half at random so that
/// many writers do not retry together. Ends when the budget is used up.
pub(super) fn waits(first: Duration, budget: Duration) -> impl Iterator<Item = Duration> {
    let mut next = first;
    let mut left = budget;
    std::iter::from_fn(move || {
        let wait = next.mul_f64(0.5 + 0.5 * random_fraction());
        next = (next * 2).min(LONGEST_WAIT.max(first));
        left = left.checked_sub(wait)?;
        Some(wait)
    })
}

/// A number from 0 up to 1. The standard library's random hash keys are good enough to spread
/// waits.
fn random_fraction() -> f64 {
    let bits = RandomState::new().hash_one(());
    f64::from(u32::try_from(bits >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ctguard_core::cloud::CloudErrorKind;
    use ctguard_core::resource::Tags;
    use ctguard_core::resource::rule::{Input, Targets};
    use ctguard_core::resource::trail::Trail;
    use ctguard_core::scope::{AccountId, Region};

    fn place(account: &str, region: &str) -> Place {
        Place::new(AccountId::new(account).unwrap(), Region::new(region).unwrap())
    }

    fn here() -> Place {
        place("111122223333", "eu-west-1")
    }

    fn error(code: &str, message: &str) -> CloudError {
        CloudError {
            operation: "x:Y".to_owned(),
            code: code.to_owned(),
            message: message.to_owned(),
            request_id: None,
            kind: CloudErrorKind::Refused,
            cause: ctguard_core::cause::Cause::Unstated,
        }
    }

    fn create_trail() -> Action {
        let trail = Trail {
            bucket: "logs".to_owned(),
            key_prefix: None,
            multi_region: true,
            organization: false,
            global_service_events: true,
            log_file_validation: true,
            kms_key: None,
        };
        Action::CreateTrail { name: "main".to_owned(), trail, tags: Tags::new() }
    }

    #[test]
    fn a_policy_that_this_run_did_not_write_is_refused_at_once() {
        let written = Written::default();
        let refusal = error("InsufficientS3BucketPolicyException", "");
        assert!(!passes(&here(), &create_trail(), &refusal, &written));

        let policy = Action::PutBucketPolicy { name: "logs".to_owned(), policy: Value::Null };
        // The bucket may be in another region than the trail.
        written.remember(&place("111122223333", "us-east-1"), &policy);
        assert!(passes(&here(), &create_trail(), &refusal, &written));
        assert!(!passes(&here(), &create_trail(), &error("AccessDenied", ""), &written));
    }

    #[test]
    fn only_the_documented_refusal_of_a_deletion_is_repeated() {
        let written = Written::default();
        let delete = Action::DeleteRule { name: "r".into() };
        let targets = error("ValidationException", "Rule can't be deleted since it has targets.");
        assert!(!passes(&here(), &delete, &targets, &written), "the targets are somebody else's");

        let remove = Action::RemoveTargets { rule: "r".into(), ids: BTreeSet::new() };
        written.remember(&here(), &remove);
        assert!(passes(&here(), &delete, &targets, &written));
        assert!(!passes(&place("111122223333", "us-east-1"), &delete, &targets, &written));
        assert!(!passes(&here(), &delete, &error("ValidationException", "Bad name"), &written));
    }

    #[test]
    fn what_this_run_made_may_be_missing_for_a_while() {
        let written = Written::default();
        let start = Action::StartLogging { name: "main".to_owned() };
        let missing = error("TrailNotFoundException", "");
        assert!(!passes(&here(), &start, &missing, &written));
        written.remember(&here(), &create_trail());
        assert!(passes(&here(), &start, &missing, &written));
    }

    #[test]
    fn two_writers_at_once_are_always_waited_for() {
        let delete = Action::DeleteTopic { name: "t".to_owned() };
        for code in ["ConcurrentModificationException", "ConflictException", "StaleTag"] {
            assert!(passes(&here(), &delete, &error(code, ""), &Written::default()), "{code}");
        }
    }

    const NOT_ASSUMED: &str = "Provided role 'arn:aws:iam::111122223333:role/ctguard-acme' cannot be assumed by principal 'events.amazonaws.com'.";

    fn forward() -> Action {
        let target = Target {
            arn: "arn:aws:events:eu-central-1:999999999999:event-bus/ctguard-acme".to_owned(),
            role_arn: Some("arn:aws:iam::111122223333:role/ctguard-acme".to_owned()),
            input: Input::Event,
            dead_letter_arn: None,
            retry_policy: None,
            other_parameters: Vec::new(),
        };
        Action::PutTargets {
            rule: "ctguard-acme-forward-1".into(),
            targets: Targets::from([("ctguard-acme".to_owned(), target)]),
        }
    }

    #[test]
    fn a_role_that_this_run_wrote_may_not_be_assumed_yet_in_any_region() {
        let written = Written::default();
        let refusal = error("ValidationException", NOT_ASSUMED);
        assert!(!passes(&here(), &forward(), &refusal, &written), "an old role is simply wrong");
        let create = Action::CreateRole {
            name: "ctguard-acme".to_owned(),
            trust: Value::Null,
            tags: Tags::new(),
        };
        written.remember(&place("999999999999", "eu-west-1"), &create);
        assert!(!passes(&here(), &forward(), &refusal, &written), "another account's role");
        written.remember(&place("111122223333", "us-east-1"), &create);
        assert!(passes(&here(), &forward(), &refusal, &written));
        let other = error("ValidationException", "1 validation error detected");
        assert!(!passes(&here(), &forward(), &other, &written));
        let policy = Action::PutRolePolicy {
            role: "ctguard-acme".to_owned(),
            name: "ctguard-acme".to_owned(),
            policy: Value::Null,
        };
        assert!(passes(&here(), &policy, &error("NoSuchEntity", ""), &written));
        let forbidden =
            "U is not authorized to perform: X with an explicit deny in a service control policy";
        assert!(!passes(&here(), &policy, &error("AccessDenied", forbidden), &written));
    }

    #[test]
    fn a_denial_on_what_this_run_made_may_wait_for_its_tags() {
        let written = Written::default();
        let start = Action::StartLogging { name: "main".to_owned() };
        let denied = |tail: &str| {
            error("AccessDeniedException", &format!("U is not authorized to perform: X {tail}"))
        };
        let lacking = denied("because no identity-based policy allows the X action");
        assert!(!passes(&here(), &start, &lacking, &written), "an old trail has its tags");
        written.remember(&here(), &create_trail());
        assert!(passes(&here(), &start, &lacking, &written));
        assert!(passes(&here(), &start, &denied(""), &written), "services that name no policy");
        for forever in [
            "with an explicit deny in an identity-based policy",
            "with an explicit deny in a service control policy",
            "because no permissions boundary allows the X action",
        ] {
            assert!(!passes(&here(), &start, &denied(forever), &written), "{forever}");
        }
        assert!(!passes(&here(), &create_trail(), &lacking, &written), "creating asks for no tags");
    }

    #[test]
    fn a_bus_whose_policy_this_run_wrote_elsewhere_may_not_admit_yet() {
        let written = Written::default();
        let refusal = error("AccessDeniedException", "not authorized");
        let policy = Action::PutBusPolicy { bus: "ctguard-acme".to_owned(), policy: Value::Null };
        written.remember(&here(), &policy);
        assert!(!passes(&here(), &forward(), &refusal, &written), "another place's bus");
        written.remember(&place("999999999999", "eu-central-1"), &policy);
        assert!(passes(&here(), &forward(), &refusal, &written));
    }

    #[test]
    fn a_bus_that_was_just_made_may_not_be_seen_by_its_rules_and_policy() {
        let written = Written::default();
        let missing = error("ResourceNotFoundException", "Event bus b does not exist.");
        let policy = Action::PutBusPolicy { bus: "b".to_owned(), policy: Value::Null };
        assert!(!passes(&here(), &policy, &missing, &written));
        written
            .remember(&here(), &Action::CreateEventBus { name: "b".to_owned(), tags: Tags::new() });
        assert!(passes(&here(), &policy, &missing, &written));
        assert!(!passes(&place("111122223333", "us-east-1"), &policy, &missing, &written));
    }

    #[test]
    fn waits_grow_and_stay_within_the_budget() {
        let budget = Duration::from_secs(120);
        let waits: Vec<Duration> = waits(Duration::from_secs(1), budget).collect();
        assert!(waits.iter().sum::<Duration>() <= budget);
        assert!(waits.len() >= 8, "sixty seconds after a deletion must be reached: {waits:?}");
        assert!(waits[0] <= Duration::from_secs(1) && waits.iter().all(|w| *w <= LONGEST_WAIT));
        assert_eq!(super::waits(Duration::from_secs(1), Duration::ZERO).count(), 0);
    }
}
