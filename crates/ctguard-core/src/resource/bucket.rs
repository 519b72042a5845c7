//! The S3 bucket that a managed trail writes to.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Days after which an unfinished upload is aborted, and after which a noncurrent version is
/// deleted. Current log files never expire by ctguard's rule.
pub const LIFECYCLE_DAYS: (i32, i32) = (7, 365);

/// The settings of a bucket that ctguard reads and writes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Bucket {
    /// All four settings of PublicAccessBlock.
    pub public_access_blocked: bool,
    pub versioning: bool,
    /// Default encryption.
    #[serde(default)]
    pub encryption: Encryption,
    /// Object ownership is `BucketOwnerEnforced`: access-control lists are off.
    pub owner_enforced: bool,
    /// Whether it has lifecycle rules, whatever they are.
    #[serde(default)]
    pub lifecycle: bool,
    /// Lifecycle rules in force that delete current objects. Rules that ask for an object's tags are
    /// left out: CloudTrail tags no file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expirations: Vec<Expiration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Value>,
}

/// A lifecycle rule that deletes current objects.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expiration {
    /// Its id; empty without one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rule: String,
    /// The beginning of the keys that it is about; empty for all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    pub expires: Expires,
    /// Whether it is about objects of some sizes only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_size: bool,
}

/// When objects are deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expires {
    /// So many days after an object was written.
    Days(i32),
    /// From this date on, ISO 8601.
    Date(String),
}

/// How a bucket encrypts new objects by default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    None,
    /// SSE-S3, which S3 applies to every new bucket since January 2023.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html>
    #[default]
    S3Managed,
    /// SSE-KMS, with the key when one is named.
    Kms(Option<String>),
}
