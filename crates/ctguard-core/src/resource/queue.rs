//! SQS queues: ctguard's dead-letter queues, and the queues that subscribe to topics.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How long ctguard's queues keep what a target or subscriber refused: 14 days, SQS's longest.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html>
pub const RETENTION_SECONDS: u32 = 1_209_600;

/// How long a queue keeps messages when nothing is said: 4 days.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html>
pub const DEFAULT_RETENTION_SECONDS: u32 = 345_600;

/// Longest queue name, in characters: `[A-Za-z0-9_-]+`.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html>
pub const QUEUE_NAME_MAX_CHARS: usize = 80;

/// The attributes of a queue that ctguard reads and writes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Queue {
    pub message_retention_seconds: u32,
    /// SSE-SQS: encryption with keys that SQS keeps.
    #[serde(default)]
    pub sqs_managed_sse: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Value>,
}
