//! Does the KMS key of an encrypted topic, queue, bus or trail let a service use it?
//!
//! Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html>

use super::LinkCode;
use super::policy::{Admission, PolicyRefusal, Request, Sent, admission};
use crate::scope::Arn;
use crate::snapshot::{LiveKey, Observed, Unreadable};

/// Why a service cannot use a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    Missing,
    AwsManaged,
    Disabled,
    /// It is not a symmetric key for encryption.
    Asymmetric,
    Policy,
    /// A statement denies it.
    Denied,
    Condition,
}

pub enum Answer {
    Admits,
    Assumes(String),
    Refuses(Trouble, String),
    Unreadable(Unreadable),
}

impl Trouble {
    /// The code of the link of a topic whose key has this problem.
    pub fn of_topic(self) -> LinkCode {
        match self {
            Self::Missing => LinkCode::TopicKeyMissing,
            Self::AwsManaged => LinkCode::TopicKeyAwsManaged,
            Self::Disabled | Self::Asymmetric => LinkCode::TopicKeyDisabled,
            Self::Policy | Self::Denied => LinkCode::TopicKeyPolicy,
            Self::Condition => LinkCode::TopicKeyCondition,
        }
    }
}

impl Trouble {
    /// What to do about a key: `otherwise`, where a permission or another key is what it lacks.
    ///
    /// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/enabling-keys.html>,
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CancelKeyDeletion.html>
    pub fn fix(self, key: &str, otherwise: &str) -> String {
        match self {
            Self::Denied => format!(
                "Take the statement that denies it out of the policy of key {key}: an Allow does not undo a Deny."
            ),
            Self::Disabled => format!(
                "Enable the key (`aws kms enable-key --key-id {key}`); if it is to be deleted, cancel that first (`aws kms cancel-key-deletion --key-id {key}`)."
            ),
            Self::Asymmetric => "Encrypt with a symmetric key (key spec SYMMETRIC_DEFAULT, usage ENCRYPT_DECRYPT), or take the encryption off: a key's form cannot be changed.".to_owned(),
            Self::Missing | Self::AwsManaged | Self::Policy | Self::Condition => {
                otherwise.to_owned()
            }
        }
    }
}

/// A service's use of a key.
#[derive(Debug, Clone, Copy)]
pub struct KeyUse<'a> {
    pub service: &'a str,
    pub source_arn: Sent<'a>,
    pub source_account: Sent<'a>,
    /// The service whose resource is encrypted, where that one calls the key.
    pub through: Option<&'a str>,
    /// The encryption context: the condition key, in lower case, and its value.
    pub context: Option<(&'a str, Sent<'a>)>,
    /// The calls that it makes.
    pub calls: [&'static str; 2],
}

/// What whoever sends to an encrypted topic or queue, or keeps an encrypted bus, calls.
const ENCRYPT_AND_DECRYPT: [&str; 2] = ["kms:GenerateDataKey", "kms:Decrypt"];

/// A call without an encryption context.
const DESCRIBE: &str = "kms:DescribeKey";

impl<'a> KeyUse<'a> {
    /// EventBridge sends to a topic that is encrypted: the key hears of no source, and of the topic.
    ///
    /// Source: <https://docs.aws.amazon.com/gamelift/latest/flexmatchguide/queue-notification-sns-sse.html>
    pub fn by_eventbridge(topic: &'a str) -> Self {
        let (service, never) = ("events.amazonaws.com", Sent::Never);
        let context = Some(("kms:encryptioncontext:aws:sns:topicarn", Sent::Value(topic)));
        Self {
            service,
            source_arn: never,
            source_account: never,
            through: Some("sns"),
            context,
            calls: ENCRYPT_AND_DECRYPT,
        }
    }

    /// EventBridge decrypts the rules and events of a bus.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-encryption-key-policy.html>
    pub fn of_bus(bus: &'a str, account: &'a str) -> KeyUse<'a> {
        KeyUse {
            service: "events.amazonaws.com",
            source_arn: Sent::Value(bus),
            source_account: Sent::Value(account),
            through: None,
            context: Some(("kms:encryptioncontext:aws:events:event-bus:arn", Sent::Value(bus))),
            calls: ENCRYPT_AND_DECRYPT,
        }
    }

    /// CloudTrail encrypts the log files of a trail, and describes the key when the trail is written.
    ///
    /// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html>
    pub fn by_cloudtrail(trail: &'a str, account: &'a str) -> KeyUse<'a> {
        KeyUse {
            service: "cloudtrail.amazonaws.com",
            source_arn: Sent::Value(trail),
            source_account: Sent::Perhaps(account),
            through: None,
            context: Some(("kms:encryptioncontext:aws:cloudtrail:arn", Sent::Value(trail))),
            calls: ["kms:GenerateDataKey", DESCRIBE],
        }
    }

    /// SNS sends to a queue that is encrypted: whether the key hears for which topic is not known.
    ///
    /// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html>
    pub fn by_sns(service: &'a str, topic: &'a str, queue: &'a str) -> Self {
        let account = Arn::parse(topic).map_or(Sent::Unknown, |arn| Sent::Perhaps(arn.account));
        let source_arn = Sent::Perhaps(topic);
        Self {
            service,
            source_arn,
            source_account: account,
            through: Some("sqs"),
            context: Some(("kms:encryptioncontext:aws:sqs:arn", Sent::Value(queue))),
            calls: ENCRYPT_AND_DECRYPT,
        }
    }
}

/// Why nobody can encrypt with a key, whatever its policy says.
///
/// Sources: <https://docs.aws.amazon.com/kms/latest/developerguide/enabling-keys.html>,
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html> (symmetric keys only)
pub fn unusable(key: &LiveKey) -> Option<(Trouble, &'static str)> {
    match (key.enabled, key.asymmetric) {
        (_, true) => Some((
            Trouble::Asymmetric,
            "it is not a symmetric key for encryption, so AWS makes no data keys by it",
        )),
        (false, false) => Some((Trouble::Disabled, "the key is disabled")),
        (true, false) => None,
    }
}

/// Evaluates a key.
pub fn judge(key: Option<&Observed<LiveKey>>, used: KeyUse<'_>) -> Answer {
    let service = used.service;
    let key = match key {
        Some(Observed::Known(key)) => key,
        Some(Observed::Unreadable(why)) => return Answer::Unreadable(why.clone()),
        Some(Observed::Absent) | None => {
            return Answer::Refuses(Trouble::Missing, "the key does not exist".to_owned());
        }
    };
    if key.aws_managed {
        let cause = format!("it is an AWS-managed key, which {service} cannot use");
        return Answer::Refuses(Trouble::AwsManaged, cause);
    }
    if let Some((trouble, cause)) = unusable(key) {
        return Answer::Refuses(trouble, cause.to_owned());
    }
    let policy = match &key.policy {
        Observed::Known(policy) => Some(policy),
        Observed::Absent => None,
        Observed::Unreadable(why) => return Answer::Unreadable(why.clone()),
    };
    let mut assumed = None;
    for action in used.calls {
        let of_call = |(key, value)| (key, if action == DESCRIBE { Sent::Never } else { value });
        let extra: Vec<(&str, Sent<'_>)> = used.context.map(of_call).into_iter().collect();
        let request = Request {
            service,
            action,
            resource: &key.arn,
            source_arn: used.source_arn,
            source_account: used.source_account,
            through: used.through,
            extra: &extra,
        };
        match admission(policy, &request) {
            Admission::Admits => {}
            Admission::Assumes(cause) => assumed = Some(cause),
            Admission::Refuses(refusal) => {
                let trouble = match refusal {
                    PolicyRefusal::Condition(_) => Trouble::Condition,
                    PolicyRefusal::Nobody(_) => Trouble::Policy,
                    PolicyRefusal::Deny(_) => Trouble::Denied,
                };
                return Answer::Refuses(trouble, refusal.into_cause());
            }
        }
    }
    assumed.map_or(Answer::Admits, Answer::Assumes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lacks_a_permission_is_answered_with_one() {
        let fix = |trouble: Trouble| trouble.fix("KEY", "Allow it.");
        assert_eq!(fix(Trouble::Policy), "Allow it.");
        assert!(fix(Trouble::Denied).starts_with("Take the statement that denies it out"));
        let disabled = fix(Trouble::Disabled);
        assert!(disabled.contains("aws kms enable-key --key-id KEY"), "{disabled}");
        assert!(disabled.contains("aws kms cancel-key-deletion"), "{disabled}");
    }
}
