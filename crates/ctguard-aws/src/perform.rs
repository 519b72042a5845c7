//! Performs one action with one mutating call, retried while AWS documents the error as transient.

use super::Aws;
use super::retry::{passes, waits};
use super::session::Session;
use ctguard_core::action::Action;
use ctguard_core::cloud::CloudError;
use ctguard_core::scope::Place;
use std::time::{Duration, Instant};

/// After so many tries of one action the wait is told.
const TOLD_AFTER: u32 = 3;

pub(super) async fn perform(aws: &Aws, place: &Place, action: &Action) -> Result<(), CloudError> {
    let session = aws.session(place).await?;
    let mut waits = waits(aws.timing.first_wait, aws.timing.propagation);
    let begun = Instant::now();
    let mut tries = 0;
    loop {
        tries += 1;
        let error = match call(&session, action).await {
            Ok(()) => {
                aws.written.remember(place, action);
                return Ok(());
            }
            Err(error) => error,
        };
        if !passes(place, action, &error, &aws.written) {
            return Err(error);
        }
        let over = begun.elapsed() > aws.timing.propagation + aws.timing.operation;
        let Some(wait) = waits.next().filter(|_| !over) else {
            return Err(given_up(error, tries, None));
        };
        tracing::debug!(operation = action.operation(), code = error.code, ?wait, "trying again");
        if tries == TOLD_AFTER {
            aws.tell_waiting(place, &error);
        }
        let Some(run) = aws.run.filter(|run| Instant::now() + wait >= run.until) else {
            tokio::time::sleep(wait).await;
            continue;
        };
        // The next try would begin after the run's end.
        tokio::time::sleep_until(run.until.into()).await;
        return Err(given_up(error, tries, Some(run.limit)));
    }
}

/// Adds to the last refusal that it was no single one.
fn given_up(error: CloudError, tries: u32, limit: Option<Duration>) -> CloudError {
    if tries == 1 && limit.is_none() {
        return error;
    }
    let tried = match tries {
        1 => "1 try".to_owned(),
        many => format!("{many} tries"),
    };
    let why = match limit {
        Some(limit) => {
            format!("; given up after {tried}: the run's time limit of {limit:?} is over")
        }
        None => format!("; given up after {tried}"),
    };
    CloudError { message: format!("{}{why}", error.message), ..error }
}

async fn call(session: &Session, action: &Action) -> Result<(), CloudError> {
    match action {
        Action::PutRule { name, rule, tags } => session.put_rule(name, rule, tags).await,
        Action::TagRule { name, tags } => session.tag_rule(name, tags).await,
        Action::PutTargets { rule, targets } => session.put_targets(rule, targets).await,
        Action::RemoveTargets { rule, ids } => session.remove_targets(rule, ids).await,
        Action::DeleteRule { name } => session.delete_rule(name).await,

        Action::CreateEventBus { name, tags } => session.create_bus(name, tags).await,
        Action::PutBusPolicy { bus, policy } => session.put_bus_policy(bus, policy).await,
        Action::TagEventBus { name, tags } => session.tag_bus(name, tags).await,
        Action::DeleteEventBus { name } => session.delete_bus(name).await,

        Action::CreateRole { name, trust, tags } => session.create_role(name, trust, tags).await,
        Action::UpdateAssumeRolePolicy { role, trust } => {
            session.update_assume_role_policy(role, trust).await
        }
        Action::PutRolePolicy { role, name, policy } => {
            session.put_role_policy(role, name, policy).await
        }
        Action::TagRole { name, tags } => session.tag_role(name, tags).await,
        Action::DeleteRolePolicy { role, name } => session.delete_role_policy(role, name).await,
        Action::DeleteRole { name } => session.delete_role(name).await,

        Action::CreateTopic { name, tags } => session.create_topic(name, tags).await,
        Action::SetTopicAttribute { name, attribute } => {
            session.set_topic_attribute(name, attribute).await
        }
        Action::TagTopic { name, tags } => session.tag_topic(name, tags).await,
        Action::DeleteTopic { name } => session.delete_topic(name).await,
        Action::Subscribe { topic, endpoint, attributes } => {
            session.subscribe(topic, endpoint, attributes).await
        }
        Action::SetSubscriptionAttribute { arn, attribute } => {
            session.set_subscription_attribute(arn, attribute).await
        }
        Action::Unsubscribe { arn } => session.unsubscribe(arn).await,
        Action::Publish { topic, subject, message } => {
            session.publish(topic, subject, message).await
        }

        Action::CreateStateMachine { name, machine, tags } => {
            session.create_machine(name, machine, tags).await
        }
        Action::UpdateStateMachine { name, machine } => session.update_machine(name, machine).await,
        Action::TagStateMachine { name, tags } => session.tag_machine(name, tags).await,
        Action::UntagStateMachine { name, keys } => session.untag_machine(name, keys).await,
        Action::DeleteStateMachine { name } => session.delete_machine(name).await,

        Action::CreateQueue { name, queue, tags } => session.create_queue(name, queue, tags).await,
        Action::SetQueueAttributes { name, queue } => {
            session.set_queue_attributes(name, queue).await
        }
        Action::TagQueue { name, tags } => session.tag_queue(name, tags).await,
        Action::DeleteQueue { name } => session.delete_queue(name).await,

        Action::CreateTrail { name, trail, tags } => session.create_trail(name, trail, tags).await,
        Action::UpdateTrail { name, trail } => session.update_trail(name, trail).await,
        Action::PutEventSelectors { name, selectors } => {
            session.put_event_selectors(name, selectors).await
        }
        Action::StartLogging { name } => session.start_logging(name).await,
        Action::TagTrail { name, tags } => session.tag_trail(name, tags).await,
        Action::UntagTrail { name, keys } => session.untag_trail(name, keys).await,

        Action::CreateBucket { name, tags } => session.create_bucket(name, tags).await,
        Action::DeleteBucket { name } => session.delete_bucket(name).await,
        Action::PutPublicAccessBlock { name } => session.put_public_access_block(name).await,
        Action::PutBucketVersioning { name } => session.put_bucket_versioning(name).await,
        Action::PutBucketEncryption { name, encryption } => {
            session.put_bucket_encryption(name, encryption).await
        }
        Action::PutBucketOwnershipControls { name } => {
            session.put_bucket_ownership_controls(name).await
        }
        Action::PutBucketPolicy { name, policy } => session.put_bucket_policy(name, policy).await,
        Action::PutBucketLifecycle { name } => session.put_bucket_lifecycle(name).await,
        Action::PutBucketTagging { name, tags } => session.put_bucket_tagging(name, tags).await,
    }
}
