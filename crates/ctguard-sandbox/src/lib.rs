//! The sandbox: AWS accounts in a JSON file, behind the same port as the real ones.
//!
//! [`Sandbox`] implements [`Cloud`] on a [`State`]. It models what ctguard calls and nothing more,
//! one file per service, and refuses what AWS refuses; where AWS is lenient to a fault (a target in
//! another region, say) it refuses too. The file is written after every successful action, so that
//! a program that is killed leaves what an account would show.
//!
//! What else can be done to it:
//!
//! - [`Sandbox::deliver`] follows an event from CloudTrail to the people, from AWS's rules alone.
//!   It shares no judgement with the proof of the core, so that tests can hold the two against each
//!   other.
//! - [`faults`] breaks things as people and attackers do; [`people`] confirms, acts and forgets to
//!   confirm.
//! - [`fresh`] makes new accounts.
//! - A test can make it stop or fail at any call, and see every [`Call`] that was made.

mod access;
mod buckets;
mod buses;
pub mod deliver;
mod events;
mod failing;
pub mod faults;
mod file;
pub mod fresh;
mod given_back;
mod history;
mod hop;
mod logging;
mod machines;
mod observe;
pub mod people;
pub mod policy;
mod publish;
mod queues;
mod refusal;
mod roles;
mod secrets;
pub mod state;
mod topics;
mod trails;

pub use access::Call;
pub use file::SandboxError;
pub use state::State;

use access::Reader;
use ctguard_core::action::Action;
use ctguard_core::blueprint::SecretReference;
use ctguard_core::cause::Cause;
use ctguard_core::cloud::lookup::{Lookup, LookupPage};
use ctguard_core::cloud::{Cloud, CloudError, CloudErrorKind, QueueMessage};
use ctguard_core::permissions::Permission;
use ctguard_core::scope::{AccountId, Place, Region};
use ctguard_core::snapshot::{AccountReads, OrganizationReads, ReadSet};
use ctguard_core::snapshot::{AccountSnapshot, Caller, Observed, Organization, PlaceSnapshot};
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use refusal::{Done, Refusal, refuse};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A cloud in a file or, in tests, in memory.
#[derive(Debug)]
pub struct Sandbox {
    path: Option<PathBuf>,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: State,
    calls: Vec<Call>,
    /// The number of actions so far.
    begun: usize,
    /// The number of the action that fails, and how.
    fail: Option<(usize, CloudError)>,
    /// The number of the last action that is carried out.
    stop: Option<usize>,
    /// Whether CloudTrail writes down the actions, and rules hear of them.
    logs: bool,
}

impl Sandbox {
    /// Opens a sandbox file.
    ///
    /// # Errors
    /// When the file cannot be read, is not a sandbox, or has another format version.
    pub fn open(path: &Path) -> Result<Self, SandboxError> {
        let (path, state) = file::load(path)?;
        Ok(Self { path: Some(path), ..Self::in_memory(state) })
    }

    /// Makes a sandbox file.
    ///
    /// # Errors
    /// When the file exists already or cannot be written.
    pub fn create(path: &Path, state: State) -> Result<Self, SandboxError> {
        let path = file::create(path, &state)?;
        Ok(Self { path: Some(path), ..Self::in_memory(state) })
    }

    /// Makes a sandbox file, replacing an existing one.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn replace(path: &Path, state: State) -> Result<Self, SandboxError> {
        let path = file::replace(path, &state)?;
        Ok(Self { path: Some(path), ..Self::in_memory(state) })
    }

    /// Makes a sandbox in memory.
    pub fn in_memory(state: State) -> Self {
        let inner =
            Inner { state, calls: Vec::new(), begun: 0, fail: None, stop: None, logs: false };
        Self { path: None, inner: Mutex::new(inner) }
    }

    /// The same with CloudTrail at work: each call that changes something is written into the event
    /// history, and its event is sent through the account.
    ///
    /// Without, nothing is: two runs with the same end leave the same file.
    #[must_use]
    pub fn with_events(self) -> Self {
        self.lock().logs = true;
        self
    }

    /// Returns the current state.
    pub fn state(&self) -> State {
        self.lock().state.clone()
    }

    /// Every call made so far, reads and writes, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// Forgets the calls made so far.
    pub fn forget_calls(&self) {
        self.lock().calls.clear();
    }

    /// Makes the `n`-th action from now (the first is 1) fail with this error; later ones go on.
    pub fn fail_after(&self, n: usize, error: CloudError) {
        let mut inner = self.lock();
        inner.fail = Some((inner.begun + n, error));
    }

    /// Lets `n` more actions happen and then none, as if the program were killed there.
    pub fn stop_after(&self, n: usize) {
        let mut inner = self.lock();
        inner.stop = Some(inner.begun + n);
    }

    /// Resets [`Self::fail_after`] and [`Self::stop_after`].
    pub fn go_on(&self) {
        let mut inner = self.lock();
        (inner.fail, inner.stop) = (None, None);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // The state is changed only after every check, so a panic elsewhere leaves it whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state other than by an AWS call, and saves it.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut State) -> Result<T, SandboxError>,
    ) -> Result<T, SandboxError> {
        let mut inner = self.lock();
        let result = change(&mut inner.state)?;
        self.save(&inner.state)?;
        Ok(result)
    }

    fn save(&self, state: &State) -> Result<(), SandboxError> {
        self.path.as_ref().map_or(Ok(()), |path| file::save(path, state))
    }

    fn perform_now(&self, place: &Place, action: &Action) -> Result<(), CloudError> {
        let mut inner = self.lock();
        let inner = &mut *inner;
        inner.begun += 1;
        if inner.stop.is_some_and(|last| inner.begun > last) {
            return Err(error(
                action,
                "Dispatch",
                "the sandbox was stopped",
                CloudErrorKind::Transient,
            ));
        }
        let outcome = match &inner.fail {
            Some((number, error)) if *number == inner.begun => Err(error.clone()),
            _ => permitted(&inner.state, place, action)
                .and_then(|()| apply(&mut inner.state, place, action))
                .map_err(|refusal| {
                    let refused = error(action, refusal.code, &refusal.message, refusal.kind);
                    let asked = refused.operation;
                    let operation = refusal.operation.map_or(asked, str::to_owned);
                    CloudError { operation, ..refused }
                }),
        };
        inner.calls.push(Call {
            operation: action.operation().to_owned(),
            account: place.account.clone(),
            region: place.region.clone(),
            mutating: true,
            succeeded: outcome.is_ok(),
        });
        if inner.logs {
            let number = inner.begun as u64;
            let error = outcome.as_ref().err();
            if let Some(event) = logging::log(&mut inner.state, place, action, error, number) {
                people::send(&mut inner.state, &event);
            }
        } else if outcome.is_err() {
            return outcome;
        }
        let saved = self.save(&inner.state).map_err(|why| {
            error(action, "SandboxNotSaved", &why.to_string(), CloudErrorKind::Refused)
        });
        outcome.and(saved)
    }
}

impl Cloud for Sandbox {
    fn caller(&self) -> BoxFuture<'_, Result<Caller, CloudError>> {
        let mut inner = self.lock();
        let caller = inner.state.caller.clone();
        inner.calls.push(Call {
            operation: "sts:GetCallerIdentity".to_owned(),
            account: caller.account.clone(),
            region: Region::global(),
            mutating: false,
            succeeded: true,
        });
        ready(Ok(caller)).boxed()
    }

    fn organization<'a>(
        &'a self,
        reads: &'a OrganizationReads,
    ) -> BoxFuture<'a, Observed<Organization>> {
        let mut inner = self.lock();
        let Inner { state, calls, .. } = &mut *inner;
        let place = Place::new(state.caller.account.clone(), Region::global());
        let mut reader = Reader { state, place: &place, calls };
        ready(observe::organization(&mut reader, reads)).boxed()
    }

    fn observe_account<'a>(
        &'a self,
        account: &'a AccountId,
        reads: &'a AccountReads,
    ) -> BoxFuture<'a, AccountSnapshot> {
        let mut inner = self.lock();
        let Inner { state, calls, .. } = &mut *inner;
        let place = Place::new(account.clone(), Region::global());
        let mut reader = Reader { state, place: &place, calls };
        ready(observe::account(&mut reader, account, reads)).boxed()
    }

    fn observe<'a>(&'a self, place: &'a Place, reads: &'a ReadSet) -> BoxFuture<'a, PlaceSnapshot> {
        let mut inner = self.lock();
        let Inner { state, calls, .. } = &mut *inner;
        let mut reader = Reader { state, place, calls };
        ready(observe::place(&mut reader, reads)).boxed()
    }

    fn perform<'a>(
        &'a self,
        place: &'a Place,
        action: &'a Action,
    ) -> BoxFuture<'a, Result<(), CloudError>> {
        async move { self.perform_now(place, action) }.boxed()
    }

    fn lookup<'a>(
        &'a self,
        place: &'a Place,
        wanted: &'a Lookup,
    ) -> BoxFuture<'a, Result<LookupPage, CloudError>> {
        let operation = "cloudtrail:LookupEvents";
        let mut inner = self.lock();
        let found = history::lookup(&inner.state, place, wanted);
        inner.calls.push(Call {
            operation: operation.to_owned(),
            account: place.account.clone(),
            region: place.region.clone(),
            mutating: false,
            succeeded: found.is_ok(),
        });
        ready(found.map_err(|refusal| read_failed(operation, refusal))).boxed()
    }

    fn receive<'a>(
        &'a self,
        place: &'a Place,
        queue: &'a str,
    ) -> BoxFuture<'a, Result<Vec<QueueMessage>, CloudError>> {
        let operation = "sqs:ReceiveMessage";
        let mut inner = self.lock();
        let inner = &mut *inner;
        let received = queues::receive(&mut inner.state, place, queue);
        inner.calls.push(Call {
            operation: operation.to_owned(),
            account: place.account.clone(),
            region: place.region.clone(),
            mutating: false,
            succeeded: received.is_ok(),
        });
        let received =
            received.map_err(|refusal| read_failed(operation, refusal)).and_then(|received| {
                // What was received is hidden, in the file too.
                self.save(&inner.state).map_err(|why| {
                    read_failed(operation, refuse("SandboxNotSaved", why.to_string()))
                })?;
                let message = |one: state::Waiting| QueueMessage { id: one.id, body: one.body };
                Ok(received.into_iter().map(message).collect())
            });
        ready(received).boxed()
    }

    fn secret<'a>(
        &'a self,
        reference: &'a SecretReference,
        region: Option<&'a Region>,
    ) -> BoxFuture<'a, Result<String, CloudError>> {
        let operation = reference.store.operation();
        let mut inner = self.lock();
        let region = reference.region().or_else(|| region.cloned());
        let region = region.or_else(|| Region::new("us-east-1")).unwrap_or_else(Region::global);
        let place = Place::new(inner.state.caller.account.clone(), region);
        let found = secrets::read(&inner.state, &place, reference);
        let asked = place.clone();
        inner.calls.push(Call {
            operation: operation.to_owned(),
            account: place.account,
            region: place.region,
            mutating: false,
            succeeded: found.is_ok(),
        });
        let region = asked.region;
        let asked = |error: CloudError| CloudError {
            message: format!("{} (asked in {region})", error.message),
            ..error
        };
        ready(found.map_err(|refusal| asked(read_failed(operation, refusal)))).boxed()
    }

    fn lacking<'a>(
        &'a self,
        place: &'a Place,
        wanted: &'a BTreeSet<Permission>,
    ) -> BoxFuture<'a, Result<Vec<Permission>, CloudError>> {
        let inner = self.lock();
        let denied = |wanted: &&Permission| {
            let checked = access::check(&inner.state, place, &wanted.operation);
            checked.is_err_and(|refusal| refusal.kind == CloudErrorKind::AccessDenied)
        };
        ready(Ok(wanted.iter().filter(denied).cloned().collect())).boxed()
    }
}

/// The error of a call that reads.
fn read_failed(operation: &str, refusal: Refusal) -> CloudError {
    CloudError {
        operation: refusal.operation.unwrap_or(operation).to_owned(),
        code: refusal.code.to_owned(),
        message: refusal.message,
        request_id: None,
        kind: refusal.kind,
        cause: Cause::Unstated,
    }
}

fn error(action: &Action, code: &str, message: &str, kind: CloudErrorKind) -> CloudError {
    CloudError {
        operation: action.operation().to_owned(),
        code: code.to_owned(),
        message: message.to_owned(),
        request_id: None,
        kind,
        cause: Cause::Unstated,
    }
}

/// Checks the caller's permissions: for the call, for tags in it, and for passing a role.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>
fn permitted(state: &State, place: &Place, action: &Action) -> Done {
    let tagging = match action {
        Action::PutRule { tags, .. } if !tags.is_empty() => Some("events:TagResource"),
        Action::CreateBucket { tags, .. } if !tags.is_empty() => Some("s3:TagResource"),
        Action::CreateEventBus { tags, .. } if !tags.is_empty() => Some("events:TagResource"),
        Action::CreateRole { tags, .. } if !tags.is_empty() => Some("iam:TagRole"),
        Action::CreateTopic { tags, .. } if !tags.is_empty() => Some("sns:TagResource"),
        Action::CreateQueue { tags, .. } if !tags.is_empty() => Some("sqs:TagQueue"),
        Action::CreateStateMachine { tags, .. } if !tags.is_empty() => Some("states:TagResource"),
        Action::CreateTrail { tags, .. } if !tags.is_empty() => Some("cloudtrail:AddTags"),
        _ => None,
    };
    let passes_role = match action {
        Action::PutRule { rule, .. } => rule.role_arn.is_some(),
        Action::CreateStateMachine { .. } | Action::UpdateStateMachine { .. } => true,
        Action::PutTargets { targets, .. } => targets.values().any(|t| t.role_arn.is_some()),
        _ => false,
    };
    access::check(state, place, action.operation())?;
    access::check_required_tags(state, place, action)?;
    if passes_role {
        access::check(state, place, "iam:PassRole")?;
    }
    tagging.map_or(Ok(()), |operation| access::check(state, place, operation))
}

/// Carries one action out; a refused one changes nothing.
fn apply(state: &mut State, place: &Place, action: &Action) -> Done {
    match action {
        Action::PutRule { name, rule, tags } => events::put_rule(state, place, name, rule, tags),
        Action::TagRule { name, tags } => events::tag_rule(state, place, name, tags),
        Action::PutTargets { rule, targets } => events::put_targets(state, place, rule, targets),
        Action::RemoveTargets { rule, ids } => events::remove_targets(state, place, rule, ids),
        Action::DeleteRule { name } => events::delete_rule(state, place, name),
        Action::CreateEventBus { name, tags } => buses::create(state, place, name, tags),
        Action::PutBusPolicy { bus, policy } => buses::put_policy(state, place, bus, policy),
        Action::TagEventBus { name, tags } => buses::tag(state, place, name, tags),
        Action::DeleteEventBus { name } => buses::delete(state, place, name),
        Action::CreateRole { name, trust, tags } => roles::create(state, place, name, trust, tags),
        Action::UpdateAssumeRolePolicy { role, trust } => {
            roles::update_trust(state, place, role, trust)
        }
        Action::PutRolePolicy { role, name, policy } => {
            roles::put_policy(state, place, role, name, policy)
        }
        Action::TagRole { name, tags } => roles::tag(state, place, name, tags),
        Action::DeleteRolePolicy { role, name } => roles::delete_policy(state, place, role, name),
        Action::DeleteRole { name } => roles::delete(state, place, name),
        Action::CreateTopic { name, tags } => topics::create(state, place, name, tags),
        Action::SetTopicAttribute { name, attribute } => {
            topics::set_attribute(state, place, name, attribute)
        }
        Action::TagTopic { name, tags } => topics::tag(state, place, name, tags),
        Action::DeleteTopic { name } => topics::delete(state, place, name),
        Action::Subscribe { topic, endpoint, attributes } => {
            topics::subscribe(state, place, topic, endpoint, attributes)
        }
        Action::SetSubscriptionAttribute { arn, attribute } => {
            topics::set_subscription_attribute(state, place, arn, attribute)
        }
        Action::Unsubscribe { arn } => topics::unsubscribe(state, place, arn),
        Action::Publish { topic, subject, message } => {
            publish::publish(state, place, topic, subject, message)
        }
        Action::CreateStateMachine { name, machine, tags } => {
            machines::create(state, place, name, machine, tags)
        }
        Action::UpdateStateMachine { name, machine } => {
            machines::update(state, place, name, machine)
        }
        Action::TagStateMachine { name, tags } => machines::tag(state, place, name, tags),
        Action::UntagStateMachine { name, keys } => machines::untag(state, place, name, keys),
        Action::DeleteStateMachine { name } => machines::delete(state, place, name),
        Action::CreateQueue { name, queue, tags } => {
            queues::create(state, place, name, queue, tags)
        }
        Action::SetQueueAttributes { name, queue } => {
            queues::set_attributes(state, place, name, queue)
        }
        Action::TagQueue { name, tags } => queues::tag(state, place, name, tags),
        Action::DeleteQueue { name } => queues::delete(state, place, name),
        Action::CreateTrail { name, trail, tags } => {
            trails::create(state, place, name, trail, tags)
        }
        Action::UpdateTrail { name, trail } => trails::update(state, place, name, trail),
        Action::PutEventSelectors { name, selectors } => {
            trails::put_selectors(state, place, name, selectors)
        }
        Action::StartLogging { name } => trails::start_logging(state, place, name),
        Action::TagTrail { name, tags } => trails::tag(state, place, name, tags),
        Action::UntagTrail { name, keys } => trails::untag(state, place, name, keys),
        Action::CreateBucket { name, tags } => buckets::create(state, place, name, tags),
        Action::DeleteBucket { name } => buckets::delete(state, place, name),
        Action::PutPublicAccessBlock { name } => {
            buckets::set(state, place, name, |bucket| bucket.public_access_blocked = true)
        }
        Action::PutBucketVersioning { name } => {
            buckets::set(state, place, name, |bucket| bucket.versioning = true)
        }
        Action::PutBucketEncryption { name, encryption } => {
            buckets::put_encryption(state, place, name, encryption)
        }
        Action::PutBucketOwnershipControls { name } => {
            buckets::set(state, place, name, |bucket| bucket.owner_enforced = true)
        }
        Action::PutBucketPolicy { name, policy } => buckets::put_policy(state, place, name, policy),
        Action::PutBucketLifecycle { name } => {
            buckets::set(state, place, name, |bucket| bucket.lifecycle = true)
        }
        Action::PutBucketTagging { name, tags } => buckets::put_tagging(state, place, name, tags),
    }
}

#[cfg(test)]
mod tests;
