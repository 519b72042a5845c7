//! What AWS refuses of a call that changes something, by its error codes.
//!
//! The codes are those that the API reference lists for each such call: the pages of its actions,
//! such as <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html>,
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html>,
//! <https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html>,
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html>,
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>,
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html> and
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.

use super::remedy::Failed;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why AWS refuses a request as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[derive(JsonSchema)]
pub enum Refusal {
    KeyMissing,
    KeyUnusable,
    KeyPolicy,
    KeyInvalid,
    BucketMissing,
    BucketPolicy,
    BucketName,
    BucketTaken,
    TopicOfTrail,
    LogGroupOfTrail,
    HomeRegion,
    NotManagementAccount,
    NoServiceLinkedRole,
    NotAllFeatures,
    Dependency,
    Quota,
    Tags,
    TagPolicy,
    Busy,
    Exists,
    Managed,
    Attached,
    Pattern,
    PolicyDocument,
    Definition,
    NotAvailable,
    Value,
}

/// Codes, without the `Exception` that some protocols leave out, and what they say.
const CODES: [(&str, Refusal); 82] = [
    ("KmsKeyNotFound", Refusal::KeyMissing),
    ("KMSNotFound", Refusal::KeyMissing),
    ("KMS.NotFound", Refusal::KeyMissing),
    ("KmsNotFound", Refusal::KeyMissing),
    ("KmsKeyDisabled", Refusal::KeyUnusable),
    ("KMSDisabled", Refusal::KeyUnusable),
    ("KmsDisabled", Refusal::KeyUnusable),
    ("KMS.Disabled", Refusal::KeyUnusable),
    ("KMSInvalidState", Refusal::KeyUnusable),
    ("KmsInvalidState", Refusal::KeyUnusable),
    ("KMS.InvalidState", Refusal::KeyUnusable),
    ("KMS.KMSInvalidState", Refusal::KeyUnusable),
    ("KMSOptInRequired", Refusal::KeyUnusable),
    ("KmsOptInRequired", Refusal::KeyUnusable),
    ("KMS.OptInRequired", Refusal::KeyUnusable),
    ("Kms", Refusal::KeyUnusable),
    ("InsufficientEncryptionPolicy", Refusal::KeyPolicy),
    ("InvalidKmsKeyId", Refusal::KeyInvalid),
    ("KmsInvalidKeyUsage", Refusal::KeyInvalid),
    ("KMS.InvalidKeyUsage", Refusal::KeyInvalid),
    ("InvalidEncryptionConfiguration", Refusal::KeyInvalid),
    ("S3BucketDoesNotExist", Refusal::BucketMissing),
    ("InsufficientS3BucketPolicy", Refusal::BucketPolicy),
    ("InvalidS3BucketName", Refusal::BucketName),
    ("InvalidBucketName", Refusal::BucketName),
    ("InvalidS3Prefix", Refusal::Value),
    ("BucketAlreadyExists", Refusal::BucketTaken),
    ("InsufficientSnsTopicPolicy", Refusal::TopicOfTrail),
    ("InvalidSnsTopicName", Refusal::TopicOfTrail),
    ("CloudTrailInvalidClientTokenId", Refusal::TopicOfTrail),
    ("CloudWatchLogsDeliveryUnavailable", Refusal::LogGroupOfTrail),
    ("InvalidCloudWatchLogsLogGroupArn", Refusal::LogGroupOfTrail),
    ("InvalidCloudWatchLogsRoleArn", Refusal::LogGroupOfTrail),
    ("InvalidHomeRegion", Refusal::HomeRegion),
    ("NotOrganizationMasterAccount", Refusal::NotManagementAccount),
    ("NotOrganizationManagementAccount", Refusal::NotManagementAccount),
    ("OrganizationsNotInUse", Refusal::NotManagementAccount),
    ("NoManagementAccountSlrExists", Refusal::NoServiceLinkedRole),
    ("OrganizationNotInAllFeaturesMode", Refusal::NotAllFeatures),
    ("InsufficientDependencyServiceAccessPermission", Refusal::Dependency),
    ("LimitExceeded", Refusal::Quota),
    ("MaximumNumberOfTrailsExceeded", Refusal::Quota),
    ("TopicLimitExceeded", Refusal::Quota),
    ("SubscriptionLimitExceeded", Refusal::Quota),
    ("FilterPolicyLimitExceeded", Refusal::Quota),
    ("TooManyBuckets", Refusal::Quota),
    ("OverLimit", Refusal::Quota),
    ("StateMachineLimitExceeded", Refusal::Quota),
    ("ServiceQuotaExceeded", Refusal::Quota),
    ("TagLimitExceeded", Refusal::Tags),
    ("TagsLimitExceeded", Refusal::Tags),
    ("TooManyTags", Refusal::Tags),
    ("InvalidTagParameter", Refusal::Tags),
    ("InvalidTag", Refusal::Tags),
    ("TagPolicy", Refusal::TagPolicy),
    ("ConcurrentModification", Refusal::Busy),
    ("ConcurrentAccess", Refusal::Busy),
    ("StaleTag", Refusal::Busy),
    ("Conflict", Refusal::Busy),
    ("OperationAborted", Refusal::Busy),
    ("QueueDeletedRecently", Refusal::Busy),
    ("StateMachineDeleting", Refusal::Busy),
    ("ResourceAlreadyExists", Refusal::Exists),
    ("TrailAlreadyExists", Refusal::Exists),
    ("EntityAlreadyExists", Refusal::Exists),
    ("QueueNameExists", Refusal::Exists),
    ("QueueAlreadyExists", Refusal::Exists),
    ("StateMachineAlreadyExists", Refusal::Exists),
    ("ManagedRule", Refusal::Managed),
    ("UnmodifiableEntity", Refusal::Managed),
    ("DeleteConflict", Refusal::Attached),
    ("BucketNotEmpty", Refusal::Attached),
    ("InvalidEventPattern", Refusal::Pattern),
    ("MalformedPolicyDocument", Refusal::PolicyDocument),
    ("MalformedPolicy", Refusal::PolicyDocument),
    ("InvalidDefinition", Refusal::Definition),
    ("StateMachineTypeNotSupported", Refusal::Definition),
    ("OperationNotPermitted", Refusal::NotAvailable),
    ("OperationDisabled", Refusal::NotAvailable),
    ("UnsupportedOperation", Refusal::NotAvailable),
    ("ResourceTypeNotSupported", Refusal::NotAvailable),
    ("IllegalLocationConstraint", Refusal::NotAvailable),
];

/// Codes that say only that a value of the request is not taken.
const VALUES: [&str; 19] = [
    "CloudTrailArnInvalid",
    "InvalidAddress",
    "InvalidArgument",
    "InvalidArn",
    "InvalidAttributeName",
    "InvalidAttributeValue",
    "InvalidEventSelectors",
    "InvalidInput",
    "InvalidName",
    "InvalidParameter",
    "InvalidParameterCombination",
    "InvalidParameterValue",
    "InvalidRequest",
    "InvalidState",
    "InvalidTrailName",
    "MissingRequiredParameter",
    "TrailNotProvided",
    "Validation",
    "ValidationError",
];

/// The calls that read: of what AWS refuses there, its own words say more.
const READS: [&str; 6] = ["Describe", "Get", "Head", "List", "Lookup", "Simulate"];

/// Whether a call only reads.
pub(super) fn reads(operation: &str) -> bool {
    let call = operation.split_once(':').map_or(operation, |(_, call)| call);
    READS.iter().any(|read| call.starts_with(read))
}

impl Refusal {
    pub const ALL: [Self; 27] = [
        Self::KeyMissing,
        Self::KeyUnusable,
        Self::KeyPolicy,
        Self::KeyInvalid,
        Self::BucketMissing,
        Self::BucketPolicy,
        Self::BucketName,
        Self::BucketTaken,
        Self::TopicOfTrail,
        Self::LogGroupOfTrail,
        Self::HomeRegion,
        Self::NotManagementAccount,
        Self::NoServiceLinkedRole,
        Self::NotAllFeatures,
        Self::Dependency,
        Self::Quota,
        Self::Tags,
        Self::TagPolicy,
        Self::Busy,
        Self::Exists,
        Self::Managed,
        Self::Attached,
        Self::Pattern,
        Self::PolicyDocument,
        Self::Definition,
        Self::NotAvailable,
        Self::Value,
    ];

    /// What a code says of a call that changes something; `None` for a code that is none of these.
    pub(super) fn of(operation: &str, code: &str) -> Option<Self> {
        if reads(operation) {
            return None;
        }
        let code = code.strip_prefix("AWS.SimpleQueueService.").unwrap_or(code);
        let code = code.strip_suffix("Exception").unwrap_or(code);
        let known = CODES.iter().find(|(known, _)| *known == code).map(|(_, refusal)| *refusal);
        known.or_else(|| VALUES.contains(&code).then_some(Self::Value))
    }

    /// Its name in a few words.
    pub fn name(self) -> &'static str {
        match self {
            Self::KeyMissing => "no such KMS key",
            Self::KeyUnusable => "KMS key not usable",
            Self::KeyPolicy => "policy of the KMS key",
            Self::KeyInvalid => "no KMS key that can be used there",
            Self::BucketMissing => "no such bucket",
            Self::BucketPolicy => "policy of the bucket",
            Self::BucketName => "name of the bucket",
            Self::BucketTaken => "bucket of another account",
            Self::TopicOfTrail => "topic of the trail",
            Self::LogGroupOfTrail => "log group of the trail",
            Self::HomeRegion => "not the trail's home region",
            Self::NotManagementAccount => "not the organization's management account",
            Self::NoServiceLinkedRole => "no service-linked role",
            Self::NotAllFeatures => "organization without all features",
            Self::Dependency => "permission in another service",
            Self::Quota => "quota",
            Self::Tags => "tags",
            Self::TagPolicy => "tag policy",
            Self::Busy => "changed at the same time",
            Self::Exists => "exists already",
            Self::Managed => "managed by AWS",
            Self::Attached => "still in use",
            Self::Pattern => "event pattern",
            Self::PolicyDocument => "policy document",
            Self::Definition => "definition of the state machine",
            Self::NotAvailable => "not available",
            Self::Value => "a value of the request",
        }
    }

    /// What to do about it.
    pub(super) fn remedy(self, failed: Failed<'_>) -> String {
        let Failed { operation, region } = failed;
        let trail = operation.starts_with("cloudtrail:");
        let at = region.map(|region| format!(" in {region}")).unwrap_or_default();
        match self {
            Self::KeyMissing if trail => "CloudTrail finds no KMS key for the trail: the key is gone, or it is not in the region of the trail's bucket. Look at the trail's `KmsKeyId` (`aws cloudtrail describe-trails`) and give it a key of the bucket's region (`aws cloudtrail update-trail --kms-key-id`); the key of its SNS topic, if it has one, must be there, too. No permission is missing.".to_owned(),
            Self::KeyMissing => format!("There is no KMS key of that name{at}: correct `kms_key` in the blueprint, or make the key or alias in that region. No permission is missing."),
            Self::KeyUnusable => "The KMS key is disabled, waits for its deletion, or has another state in which it cannot be used: enable it (`aws kms enable-key`), cancel its deletion (`aws kms cancel-key-deletion`), or name another key. No permission is missing.".to_owned(),
            Self::KeyPolicy => "The policy of the KMS key, or of the bucket, does not let CloudTrail encrypt the logs: the key's policy must grant `kms:GenerateDataKey*` and `kms:DescribeKey` to `cloudtrail.amazonaws.com`, with the trail's ARN in `aws:SourceArn`. Its owner must change it; no permission of the identity that runs ctguard is missing.".to_owned(),
            Self::KeyInvalid => "AWS takes no key of that form there: it must be a symmetric key for encryption, of the same region, named by its id, ARN or alias. Correct `kms_key` in the blueprint, or the trail's `KmsKeyId` if it had one before.".to_owned(),
            Self::BucketMissing => "The trail's bucket does not exist: name one that does as `trail.bucket`, or let ctguard make it. If it has just been made, run again: S3 takes a while to show it everywhere. No permission is missing.".to_owned(),
            Self::BucketPolicy => "The policy of the trail's bucket does not let CloudTrail write: it must grant `s3:GetBucketAcl` on the bucket and `s3:PutObject` on `AWSLogs/ACCOUNT/*` in it to `cloudtrail.amazonaws.com`, for this trail's ARN. In your own account ctguard keeps that policy; in another one its owner must. If it has just been written, run again. No permission of the identity that runs ctguard is missing.".to_owned(),
            Self::BucketName => "S3 takes no bucket of that name: 3 to 63 lower-case letters, digits, `.` and `-`. Correct `trail.bucket` in the blueprint.".to_owned(),
            Self::BucketTaken => "Bucket names are unique in all of AWS, and this one is another account's: name another bucket in the blueprint, or, if the trail is to write to that one as it stands, write `foreign_bucket: true` under `trail:`. No permission is missing.".to_owned(),
            Self::TopicOfTrail => "The SNS topic that this trail notifies does not take CloudTrail's messages, or is in an account that is suspended. The blueprint has nothing of that topic: let its policy grant `sns:Publish` to `cloudtrail.amazonaws.com`, or take the topic off the trail.".to_owned(),
            Self::LogGroupOfTrail => "The log group of CloudWatch Logs that this trail writes to, or its role, is gone or cannot be used there. The blueprint has nothing of it: mend it, or take it off the trail.".to_owned(),
            Self::HomeRegion => "The trail is at home in another region, and changed only there: write that region as `trail.home_region` in the blueprint. No permission is missing.".to_owned(),
            Self::NotManagementAccount => "A trail for the whole organization is kept by its management account, or by a delegated administrator for CloudTrail, and by no account outside of an organization: run with its credentials, or leave `organization: true` out. No permission is missing.".to_owned(),
            Self::NoServiceLinkedRole => "CloudTrail's service-linked role is missing in the organization's management account: make it there (`aws iam create-service-linked-role --aws-service-name cloudtrail.amazonaws.com`), and run again.".to_owned(),
            Self::NotAllFeatures => "The organization has consolidated billing alone, and a trail for all its accounts needs all features: enable them in the management account (`aws organizations enable-all-features`), or leave `organization: true` out. No permission is missing.".to_owned(),
            Self::Dependency => "The identity that runs ctguard may make this call, and not what it does in other services: for a trail of the organization, allow it organizations:DescribeOrganization, organizations:ListAWSServiceAccessForOrganization and iam:CreateServiceLinkedRole, too, and run again.".to_owned(),
            Self::Quota => format!("A quota of the account{at} is used up, which AWS's message names: remove what is not needed, or ask for more in Service Quotas, and run again. What was made so far stays; no permission is missing."),
            Self::Tags => "AWS does not take the tags: at most 50 of them with those that the object has already, keys of up to 128 characters that do not begin with `aws:`, and values of up to 256. Correct `tags` in the blueprint.".to_owned(),
            Self::TagPolicy => "A tag policy of the organization forbids a key or value of the tags: correct `tags` in the blueprint as it demands. No permission is missing.".to_owned(),
            Self::Busy => "Something else changes the same object right now, or AWS has not finished with it (a queue's name is free 60 seconds after its deletion): wait a minute, and run again. No permission is missing.".to_owned(),
            Self::Exists => "Something of that name is there already, with other settings, or was made meanwhile: run `ctguard plan` again, which shows it; if it is not ctguard's, rename or remove it. No permission is missing.".to_owned(),
            Self::Managed => "A service of AWS made that rule or role and keeps it, so nobody else can change it: give the blueprint or the alert another name, so that ctguard makes its own. No permission is missing.".to_owned(),
            Self::Attached => "Something still belongs to it, such as a policy that somebody attached to the role, or objects in the bucket: take that away, and run again. No permission is missing.".to_owned(),
            Self::Pattern => "EventBridge does not take the event pattern, for the reason in its message: change the conditions of that alert, and run again. Wildcards that are too complex are told by `ctguard validate` (`wildcards-complex`); what it does not tell, please report.".to_owned(),
            Self::PolicyDocument => "AWS does not take a policy that ctguard wrote. Mostly it names a role, user or account that does not exist: look at the accounts and roles in the blueprint, and at the statements of others in that policy.".to_owned(),
            Self::Definition => "Step Functions does not take the state machine that composes the mails: please report it with AWS's message.".to_owned(),
            Self::NotAvailable => format!("AWS does not offer {operation}{at}, or not to this account: leave that region out of the blueprint, or do without what needs the call. No permission is missing."),
            Self::Value => "AWS does not take a value of the request, which its message names: correct it in the blueprint. Where the blueprint has no such value, ctguard made it: please report it.".to_owned(),
        }
    }
}
