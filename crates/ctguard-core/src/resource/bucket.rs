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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Value>,
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
