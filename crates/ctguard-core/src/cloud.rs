//! The port: what ctguard asks of a cloud, and nothing of how it is done.
//!
//! [`Cloud`] reads identity, organizations, accounts, places, event histories and permissions; [`Cloud::perform`] makes exactly one mutating AWS call.
//! Two implementations stand behind it: `aws` (the SDK) and `sandbox` (accounts in a JSON file).
//! Beside them, `recorder` writes down what another cloud answers and `recorded` answers from that;
//! `veiled` hides what came from secrets.
//!
//! The contract both keep:
//!
//! - What is not there is `Absent` or left out of its map; what could not be read is `Unreadable`
//!   with the operation and AWS's error code. Observing never fails as a whole and never changes anything.
//! - ARNs are computed from place and name. The one exception is the ARN of a confirmed
//!   subscription, which AWS chooses and a snapshot carries.
//! - Every action can be repeated: creating what is there with the same settings, or deleting what is
//!   gone, succeeds.
//! - A creating action carries its tags in the same call wherever AWS lets it.
//! - `perform` retries what AWS documents as transient (throttling, 5xx, propagation of a policy
//!   or key that was just written) and reports everything else at once. Entries that a batch call
//!   reports as failed (`FailedEntries`) are errors.

pub mod lookup;
pub mod recorded;
pub mod recorder;
pub mod veiled;

pub use crate::snapshot::CloudErrorKind;

use crate::action::Action;
use crate::blueprint::SecretReference;
use crate::cause::Cause;
use crate::cause::refused::naming;
use crate::cause::remedy::Failed;
use crate::permissions::Permission;
use crate::scope::{AccountId, Place, Region};
use crate::snapshot::{
    AccountReads, AccountSnapshot, Caller, Observed, Organization, OrganizationReads,
    PlaceSnapshot, ReadSet,
};
use futures::future::BoxFuture;
use lookup::{Lookup, LookupPage};
use std::collections::BTreeSet;
use veiled::Veil;

/// The end of a run, and how long it may take in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunLimit {
    pub until: std::time::Instant,
    pub limit: std::time::Duration,
}

/// A cloud that can be read and changed.
pub trait Cloud: Send + Sync {
    /// Says which endpoints come from secrets, once their addresses are known. A cloud that hands
    /// on what another one answers hides them from then on.
    fn cover(&self, _: Veil) {}

    /// Says whose credentials are in use.
    fn caller(&self) -> BoxFuture<'_, Result<Caller, CloudError>>;

    /// Reads the organization of the caller's account, with the members that are asked for; absent
    /// when the account is in none.
    fn organization<'a>(
        &'a self,
        reads: &'a OrganizationReads,
    ) -> BoxFuture<'a, Observed<Organization>>;

    /// Reads what an account has outside its regions.
    fn observe_account<'a>(
        &'a self,
        account: &'a AccountId,
        reads: &'a AccountReads,
    ) -> BoxFuture<'a, AccountSnapshot>;

    /// Reads one place.
    fn observe<'a>(&'a self, place: &'a Place, reads: &'a ReadSet) -> BoxFuture<'a, PlaceSnapshot>;

    /// Makes one mutating call in one place.
    fn perform<'a>(
        &'a self,
        place: &'a Place,
        action: &'a Action,
    ) -> BoxFuture<'a, Result<(), CloudError>>;

    /// Reads one page of a place's event history. CloudTrail allows two such calls a second.
    fn lookup<'a>(
        &'a self,
        place: &'a Place,
        wanted: &'a Lookup,
    ) -> BoxFuture<'a, Result<LookupPage, CloudError>>;

    /// Reads what a subscriber's `secret` names, with the caller's own credentials and in the
    /// caller's own account unless an ARN names another: the region of the ARN, else this one, else
    /// that of the configuration. Whoever holds it prints and keeps it nowhere.
    fn secret<'a>(
        &'a self,
        reference: &'a SecretReference,
        region: Option<&'a Region>,
    ) -> BoxFuture<'a, Result<String, CloudError>>;

    /// Receives some of the messages that wait in a queue, which is named; an empty list where none
    /// came within a few seconds. What was received does not come again for hours, and stays in the
    /// queue.
    fn receive<'a>(
        &'a self,
        place: &'a Place,
        queue: &'a str,
    ) -> BoxFuture<'a, Result<Vec<QueueMessage>, CloudError>>;

    /// The number of calls that AWS has throttled so far; they were retried.
    fn throttled(&self) -> u64 {
        0
    }

    /// Returns which of these permissions the caller lacks in a place. Makes none of the calls.
    fn lacking<'a>(
        &'a self,
        place: &'a Place,
        wanted: &'a BTreeSet<Permission>,
    ) -> BoxFuture<'a, Result<Vec<Permission>, CloudError>>;
}

/// A message of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueMessage {
    /// SQS's id of it: the same however often it is received.
    pub id: String,
    pub body: String,
}

/// A call that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {code}: {message}")]
pub struct CloudError {
    /// The call as IAM names it.
    pub operation: String,
    /// AWS's error code, or `Timeout`, `Dispatch`, `NoCredentials`.
    pub code: String,
    pub message: String,
    pub request_id: Option<String>,
    pub kind: CloudErrorKind,
    /// Why it failed; [`CloudError::cause`] has it in every case.
    pub cause: Cause,
}

impl CloudError {
    /// Why it failed. Where it was not stated, it follows from code, message and kind.
    pub fn cause(&self) -> Cause {
        match self.cause {
            Cause::Unstated => Cause::kept(&self.operation, &self.code, &self.message, self.kind),
            cause => cause,
        }
    }

    /// What to do about it, where the place of the call does not matter.
    pub fn remedy(&self) -> String {
        naming(self.cause().remedy(Failed::call(&self.operation)), &self.message)
    }

    /// What to do about it in a place.
    pub fn remedy_at(&self, place: &Place) -> String {
        naming(self.cause().remedy(Failed::at(&self.operation, place)), &self.message)
    }
}

impl From<&CloudError> for crate::snapshot::Unreadable {
    fn from(error: &CloudError) -> Self {
        Self {
            operation: error.operation.clone(),
            code: error.code.clone(),
            message: error.message.clone(),
            kind: error.kind,
            cause: error.cause(),
        }
    }
}
