//! SQS: queues, their attributes and tags.

use super::errors::{absent, bad_response};
use super::kms::document;
use super::session::Session;
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use ctguard_core::cloud::{CloudError, QueueMessage};
use ctguard_core::resource::Tags;
use ctguard_core::resource::queue::Queue;
use ctguard_core::scope::Arn;
use std::collections::HashMap;
use std::sync::PoisonError;

const CREATE_QUEUE: &str = "sqs:CreateQueue";
const DELETE_QUEUE: &str = "sqs:DeleteQueue";
const GET_QUEUE_ATTRIBUTES: &str = "sqs:GetQueueAttributes";
const GET_QUEUE_URL: &str = "sqs:GetQueueUrl";
const LIST_QUEUE_TAGS: &str = "sqs:ListQueueTags";
const RECEIVE_MESSAGE: &str = "sqs:ReceiveMessage";
const SET_QUEUE_ATTRIBUTES: &str = "sqs:SetQueueAttributes";
const TAG_QUEUE: &str = "sqs:TagQueue";

/// Most messages of one answer, the longest time that they are hidden, and how long a call waits
/// for one: well below the time limit of a call.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>
const RECEIVED_AT_ONCE: i32 = 10;
const HIDDEN_SECONDS: i32 = 43_200;
const WAIT_SECONDS: i32 = 3;

/// SQS's default retention: four days.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html>
const DEFAULT_RETENTION_SECONDS: u32 = 345_600;

/// A queue as it is read.
pub(super) struct ReadQueue {
    pub queue: Queue,
    pub messages: u64,
    /// When it was made, in seconds since 1970.
    pub created: Option<i64>,
}

impl Session {
    /// A queue's attributes, the messages in it and since when it is there, in seconds, by ARN;
    /// `None` when there is no such queue.
    pub(super) async fn queue(&self, arn: &str) -> Result<Option<ReadQueue>, CloudError> {
        let Some(name) = Arn::parse(arn).map(|arn| arn.resource) else {
            return Err(bad_response(GET_QUEUE_URL, format!("`{arn}` is not the ARN of a queue")));
        };
        let Some(url) = absent(self.queue_url(name).await)? else { return Ok(None) };
        let call = self
            .clients
            .sqs()
            .get_queue_attributes()
            .queue_url(url)
            .attribute_names(Attribute::All);
        let Some(answer) = absent(self.send(GET_QUEUE_ATTRIBUTES, call.send()).await)? else {
            self.forget_queue_url(name);
            return Ok(None);
        };
        let empty = HashMap::new();
        let attributes = answer.attributes().unwrap_or(&empty);
        let text = |name: Attribute| {
            attributes.get(&name).map(String::as_str).filter(|text| !text.is_empty())
        };
        let queue = Queue {
            message_retention_seconds: text(Attribute::MessageRetentionPeriod)
                .and_then(|seconds| seconds.parse().ok())
                .unwrap_or(DEFAULT_RETENTION_SECONDS),
            sqs_managed_sse: text(Attribute::SqsManagedSseEnabled) == Some("true"),
            kms_key: text(Attribute::KmsMasterKeyId).map(str::to_owned),
            policy: text(Attribute::Policy)
                .map(|policy| document(GET_QUEUE_ATTRIBUTES, policy))
                .transpose()?,
        };
        let messages = text(Attribute::ApproximateNumberOfMessages)
            .and_then(|count| count.parse().ok())
            .unwrap_or(0);
        let created = text(Attribute::CreatedTimestamp).and_then(|second| second.parse().ok());
        Ok(Some(ReadQueue { queue, messages, created }))
    }

    pub(super) async fn queue_tags(&self, arn: &str) -> Result<Option<Tags>, CloudError> {
        let name = Arn::parse(arn).map_or(arn, |arn| arn.resource);
        let Some(url) = absent(self.queue_url(name).await)? else { return Ok(None) };
        let call = self.clients.sqs().list_queue_tags().queue_url(url);
        let answer = absent(self.send(LIST_QUEUE_TAGS, call.send()).await)?;
        Ok(answer.map(|answer| answer.tags.unwrap_or_default().into_iter().collect()))
    }

    pub(super) async fn create_queue(
        &self,
        name: &str,
        queue: &Queue,
        tags: &Tags,
    ) -> Result<(), CloudError> {
        // The queue, and so its URL, may not have existed before this call.
        self.forget_queue_url(name);
        let mut attributes = attributes(queue);
        // A new queue has neither; empty values only remove them.
        attributes.retain(|_, value| !value.is_empty());
        let call = self
            .clients
            .sqs()
            .create_queue()
            .queue_name(name)
            .set_attributes(Some(attributes))
            .set_tags((!tags.is_empty()).then(|| tags.clone().into_iter().collect()));
        self.send(CREATE_QUEUE, call.send()).await.map(drop)
    }

    pub(super) async fn set_queue_attributes(
        &self,
        name: &str,
        queue: &Queue,
    ) -> Result<(), CloudError> {
        let url = self.queue_url(name).await?;
        let call = self
            .clients
            .sqs()
            .set_queue_attributes()
            .queue_url(url)
            .set_attributes(Some(attributes(queue)));
        self.send(SET_QUEUE_ATTRIBUTES, call.send()).await.map(drop)
    }

    pub(super) async fn tag_queue(&self, name: &str, tags: &Tags) -> Result<(), CloudError> {
        let url = self.queue_url(name).await?;
        let call = self
            .clients
            .sqs()
            .tag_queue()
            .queue_url(url)
            .set_tags(Some(tags.clone().into_iter().collect()));
        self.send(TAG_QUEUE, call.send()).await.map(drop)
    }

    /// Deletes a queue; succeeds if it is gone.
    pub(super) async fn delete_queue(&self, name: &str) -> Result<(), CloudError> {
        let Some(url) = absent(self.queue_url(name).await)? else { return Ok(()) };
        self.forget_queue_url(name);
        let call = self.clients.sqs().delete_queue().queue_url(url);
        absent(self.send(DELETE_QUEUE, call.send()).await).map(drop)
    }

    /// Waits a moment for messages. What is received stays hidden for SQS's longest time, so that it
    /// does not come again; it is not deleted.
    ///
    /// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>
    pub(super) async fn receive(&self, name: &str) -> Result<Vec<QueueMessage>, CloudError> {
        let url = self.queue_url(name).await?;
        let call = self
            .clients
            .sqs()
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(RECEIVED_AT_ONCE)
            .visibility_timeout(HIDDEN_SECONDS)
            .wait_time_seconds(WAIT_SECONDS);
        let answer = self.send(RECEIVE_MESSAGE, call.send()).await?;
        let messages = answer.messages.unwrap_or_default().into_iter();
        let whole = messages.filter_map(|message| {
            Some(QueueMessage { id: message.message_id?, body: message.body? })
        });
        Ok(whole.collect())
    }

    async fn queue_url(&self, name: &str) -> Result<String, CloudError> {
        let known =
            self.queue_urls.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if let Some(url) = known {
            return Ok(url);
        }
        let call = self.clients.sqs().get_queue_url().queue_name(name);
        let answer = self.send(GET_QUEUE_URL, call.send()).await?;
        let url =
            answer.queue_url.ok_or_else(|| bad_response(GET_QUEUE_URL, "no URL in the answer"))?;
        self.queue_urls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned(), url.clone());
        Ok(url)
    }

    fn forget_queue_url(&self, name: &str) {
        self.queue_urls.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

/// All attributes that ctguard writes. An empty value removes an attribute.
fn attributes(queue: &Queue) -> HashMap<Attribute, String> {
    let mut attributes = HashMap::from([
        (Attribute::MessageRetentionPeriod, queue.message_retention_seconds.to_string()),
        (Attribute::Policy, queue.policy.as_ref().map(ToString::to_string).unwrap_or_default()),
        (Attribute::KmsMasterKeyId, queue.kms_key.clone().unwrap_or_default()),
    ]);
    if queue.kms_key.is_none() {
        // With a KMS key SQS turns off its own encryption, and refuses both in one call.
        attributes.insert(Attribute::SqsManagedSseEnabled, queue.sqs_managed_sse.to_string());
    }
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_encrypted_by_one_kind_of_key_only() {
        let managed = Queue { sqs_managed_sse: true, ..Queue::default() };
        let sent = attributes(&managed);
        assert_eq!(sent.get(&Attribute::SqsManagedSseEnabled).map(String::as_str), Some("true"));
        assert_eq!(sent.get(&Attribute::KmsMasterKeyId).map(String::as_str), Some(""));

        let own = Queue { kms_key: Some("alias/alerts".to_owned()), ..Queue::default() };
        let sent = attributes(&own);
        assert_eq!(sent.get(&Attribute::SqsManagedSseEnabled), None);
        assert_eq!(sent.get(&Attribute::KmsMasterKeyId).map(String::as_str), Some("alias/alerts"));
    }
}
