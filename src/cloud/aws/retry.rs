//! Which failed actions are worth another try, and when.
//!
//! The SDK repeats throttled and lost calls by itself. This is about what AWS documents as passing
//! within minutes: two writers at once, and something this very run has written that what refers to it does
//! not see yet. Nothing else is repeated: a real refusal should be heard at once.

use super::errors::is_not_found;
use crate::cloud::{Action, CloudError};
#[cfg(test)]
use serde_json::Value;
use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// Codes that say "not just now", whatever the action.
///
/// Sources: the errors of <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html>,
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html> (`ConflictException`),
/// <https://docs.aws.amazon.com/sns/latest/api/API_TagResource.html>,
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html> (60 seconds after a
/// queue of the same name was deleted), <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
const PASSING: [&str; 13] = [
    "AWS.SimpleQueueService.QueueDeletedRecently",
    "ConcurrentAccess",
    "ConcurrentAccessException",
    "ConcurrentModification",
    "ConcurrentModificationException",
    "ConflictException",
    "OperationAborted",
    "QueueDeletedRecently",
    "RequestThrottled",
    "StaleTag",
    "StaleTagException",
    "Throttling",
    "ThrottlingException",
];

/// What this run has written so far.
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
}

impl Written {
    /// Remembers an action that succeeded. `place` keeps what has the same name elsewhere apart.
    pub(super) fn remember(&self, place: &str, action: &Action) {
        let (fact, name) = match action {
            Action::PutRule { name, .. } => (Fact::Rule, name),
            Action::RemoveTargets { rule, .. } => (Fact::TargetsRemoved, rule),
            Action::CreateTopic { name, .. } => (Fact::Topic, name),
            Action::CreateQueue { name, .. } => (Fact::Queue, name),
            Action::CreateTrail { name, .. } => (Fact::Trail, name),
            Action::CreateBucket { name } => (Fact::Bucket, name),
            Action::PutBucketPolicy { name, .. } => (Fact::BucketPolicy, name),
            _ => return,
        };
        let key = (fact, key(fact, place, name));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
    }

    fn has(&self, fact: Fact, place: &str, name: &str) -> bool {
        let key = (fact, key(fact, place, name));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&key)
    }
}

fn key(fact: Fact, place: &str, name: &str) -> String {
    match fact {
        // Bucket names have no place, and a trail may be at home in another region than its bucket.
        Fact::Bucket | Fact::BucketPolicy => name.to_owned(),
        _ => format!("{place}/{name}"),
    }
}

/// Whether a failure passes by itself.
pub(super) fn passes(place: &str, action: &Action, error: &CloudError, written: &Written) -> bool {
    if PASSING.contains(&error.code.as_str()) {
        return true;
    }
    let wrote = |fact, name: &str| written.has(fact, place, name);
    match action {
        // A rule is not seen by its own targets and tags for a moment.
        Action::PutTargets { rule: name, .. } | Action::TagRule { name, .. } => {
            is_not_found(error) && wrote(Fact::Rule, name)
        }
        // Nor is the removal of its targets seen by its deletion.
        Action::DeleteRule { name } => {
            error.code == "ValidationException"
                && error.message.contains("since it has targets")
                && wrote(Fact::TargetsRemoved, name)
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

/// The waits between tries: each twice as long as the one before, up to a limit, shortened by up to
/// half at random so that many writers do not come back together. Ends when the budget is used up.
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

/// A number from 0 up to 1. The standard library's hash keys are random, and that is good enough to spread waits.
fn random_fraction() -> f64 {
    let bits = RandomState::new().hash_one(());
    f64::from(u32::try_from(bits >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::CloudErrorKind;
    use crate::resource::Tags;
    use crate::resource::trail::Trail;

    const HERE: &str = "111122223333/eu-west-1";

    fn error(code: &str, message: &str) -> CloudError {
        CloudError {
            operation: "x:Y".to_owned(),
            code: code.to_owned(),
            message: message.to_owned(),
            request_id: None,
            kind: CloudErrorKind::Refused,
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
        assert!(!passes(HERE, &create_trail(), &refusal, &written));

        let policy = Action::PutBucketPolicy { name: "logs".to_owned(), policy: Value::Null };
        // The bucket may be written in another region than the trail's.
        written.remember("111122223333/us-east-1", &policy);
        assert!(passes(HERE, &create_trail(), &refusal, &written));
        assert!(!passes(HERE, &create_trail(), &error("AccessDenied", ""), &written));
    }

    #[test]
    fn only_the_documented_refusal_of_a_deletion_is_repeated() {
        let written = Written::default();
        let delete = Action::DeleteRule { name: "r".to_owned() };
        let targets = error("ValidationException", "Rule can't be deleted since it has targets.");
        assert!(!passes(HERE, &delete, &targets, &written), "the targets are somebody else's");

        let remove = Action::RemoveTargets { rule: "r".to_owned(), ids: BTreeSet::new() };
        written.remember(HERE, &remove);
        assert!(passes(HERE, &delete, &targets, &written));
        assert!(!passes("111122223333/us-east-1", &delete, &targets, &written));
        assert!(!passes(HERE, &delete, &error("ValidationException", "Bad name"), &written));
    }

    #[test]
    fn what_this_run_made_may_be_missing_for_a_while() {
        let written = Written::default();
        let start = Action::StartLogging { name: "main".to_owned() };
        let missing = error("TrailNotFoundException", "");
        assert!(!passes(HERE, &start, &missing, &written));
        written.remember(HERE, &create_trail());
        assert!(passes(HERE, &start, &missing, &written));
    }

    #[test]
    fn two_writers_at_once_are_always_waited_for() {
        let delete = Action::DeleteTopic { name: "t".to_owned() };
        for code in ["ConcurrentModificationException", "ConflictException", "StaleTag"] {
            assert!(passes(HERE, &delete, &error(code, ""), &Written::default()), "{code}");
        }
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
