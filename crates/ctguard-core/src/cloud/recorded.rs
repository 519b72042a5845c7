//! A cloud in a snapshot file: it answers from the recording, without credentials.

use super::lookup::{Lookup, LookupPage};
use super::recorder::{no_history, read_only};
use super::{Cloud, CloudError, QueueMessage};
use crate::action::Action;
use crate::blueprint::SecretReference;
use crate::cause::Cause;
use crate::permissions::Permission;
use crate::scope::{AccountId, Place, Region};
use crate::snapshot::answer;
use crate::snapshot::file::Recording;
use crate::snapshot::{AccountReads, OrganizationReads, ReadSet};
use crate::snapshot::{AccountSnapshot, Caller, Observed, Organization, PlaceSnapshot};
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use jiff::civil::Date;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A recording that implements the port. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Recorded {
    recording: Arc<Recording>,
}

impl Recorded {
    pub fn new(recording: Recording) -> Self {
        Self { recording: Arc::new(recording) }
    }

    /// The date by which exceptions were judged when it was taken.
    pub fn as_of(&self) -> Date {
        self.recording.as_of
    }
}

impl Cloud for Recorded {
    fn caller(&self) -> BoxFuture<'_, Result<Caller, CloudError>> {
        ready(Ok(self.recording.caller.clone())).boxed()
    }

    fn organization<'a>(
        &'a self,
        reads: &'a OrganizationReads,
    ) -> BoxFuture<'a, Observed<Organization>> {
        ready(answer::organization(self.recording.organization.as_ref(), reads)).boxed()
    }

    fn observe_account<'a>(
        &'a self,
        account: &'a AccountId,
        reads: &'a AccountReads,
    ) -> BoxFuture<'a, AccountSnapshot> {
        let record = self.recording.accounts.get(account);
        ready(answer::account(record, account, reads)).boxed()
    }

    fn observe<'a>(&'a self, place: &'a Place, reads: &'a ReadSet) -> BoxFuture<'a, PlaceSnapshot> {
        ready(answer::place(self.recording.places.get(place), place, reads)).boxed()
    }

    fn perform<'a>(
        &'a self,
        _: &'a Place,
        action: &'a Action,
    ) -> BoxFuture<'a, Result<(), CloudError>> {
        ready(Err(read_only(action.operation()))).boxed()
    }

    fn secret<'a>(
        &'a self,
        reference: &'a SecretReference,
        _: Option<&'a Region>,
    ) -> BoxFuture<'a, Result<String, CloudError>> {
        let cause = Cause::NotRecorded;
        ready(Err(CloudError {
            operation: reference.store.operation().to_owned(),
            code: "NotRecorded".to_owned(),
            message: "a snapshot holds no secrets".to_owned(),
            request_id: None,
            kind: cause.kind(),
            cause,
        }))
        .boxed()
    }

    fn lookup<'a>(
        &'a self,
        _: &'a Place,
        _: &'a Lookup,
    ) -> BoxFuture<'a, Result<LookupPage, CloudError>> {
        ready(Err(no_history())).boxed()
    }

    fn receive<'a>(
        &'a self,
        _: &'a Place,
        _: &'a str,
    ) -> BoxFuture<'a, Result<Vec<QueueMessage>, CloudError>> {
        ready(Err(read_only("sqs:ReceiveMessage"))).boxed()
    }

    fn lacking<'a>(
        &'a self,
        _: &'a Place,
        _: &'a BTreeSet<Permission>,
    ) -> BoxFuture<'a, Result<Vec<Permission>, CloudError>> {
        ready(Err(read_only("iam:SimulatePrincipalPolicy"))).boxed()
    }
}
