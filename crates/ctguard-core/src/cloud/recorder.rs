//! A cloud that records the answers of another one, for a snapshot file.

use super::lookup::{Lookup, LookupPage};
use super::veiled::Veil;
use super::{Cloud, CloudError, CloudErrorKind, QueueMessage};
use crate::action::Action;
use crate::blueprint::SecretReference;
use crate::cause::Cause;
use crate::permissions::Permission;
use crate::scope::{AccountId, Place, Region};
use crate::snapshot::file::{AccountRecord, OrganizationRecord, PlaceRecord, Recording};
use crate::snapshot::{AccountReads, OrganizationReads, ReadSet};
use crate::snapshot::{AccountSnapshot, Caller, Observed, Organization, PlaceSnapshot};
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Forwards every read and records request and answer. It only reads.
pub struct Recorder<'a> {
    cloud: &'a dyn Cloud,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    organization: Option<OrganizationRecord>,
    accounts: BTreeMap<AccountId, AccountRecord>,
    places: BTreeMap<Place, PlaceRecord>,
}

impl<'a> Recorder<'a> {
    pub fn new(cloud: &'a dyn Cloud) -> Self {
        Self { cloud, kept: Mutex::default() }
    }

    /// All recorded requests and answers.
    pub fn finish(self, blueprint: &str, caller: Caller, as_of: Date) -> Recording {
        let kept = self.kept.into_inner().unwrap_or_else(PoisonError::into_inner);
        let Kept { organization, accounts, places } = kept;
        let blueprint = blueprint.to_owned();
        Recording { blueprint, caller, as_of, organization, accounts, places }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cloud for Recorder<'_> {
    fn cover(&self, veil: Veil) {
        self.cloud.cover(veil);
    }

    fn caller(&self) -> BoxFuture<'_, Result<Caller, CloudError>> {
        self.cloud.caller()
    }

    fn organization<'a>(
        &'a self,
        reads: &'a OrganizationReads,
    ) -> BoxFuture<'a, Observed<Organization>> {
        async move {
            let seen = self.cloud.organization(reads).await;
            let record = OrganizationRecord { reads: reads.clone(), seen: seen.clone() };
            self.kept().organization = Some(record);
            seen
        }
        .boxed()
    }

    fn observe_account<'a>(
        &'a self,
        account: &'a AccountId,
        reads: &'a AccountReads,
    ) -> BoxFuture<'a, AccountSnapshot> {
        async move {
            let seen = self.cloud.observe_account(account, reads).await;
            let record = AccountRecord { reads: reads.clone(), seen: seen.clone() };
            let mut kept = self.kept();
            // A survey reads an account more than once: for its regions and its buckets.
            match kept.accounts.get_mut(account) {
                Some(before) => before.join(record),
                None => drop(kept.accounts.insert(account.clone(), record)),
            }
            seen
        }
        .boxed()
    }

    fn observe<'a>(&'a self, place: &'a Place, reads: &'a ReadSet) -> BoxFuture<'a, PlaceSnapshot> {
        async move {
            let seen = self.cloud.observe(place, reads).await;
            let record = PlaceRecord { reads: reads.clone(), seen: seen.clone() };
            let mut kept = self.kept();
            match kept.places.get_mut(place) {
                Some(before) => before.join(record),
                None => drop(kept.places.insert(place.clone(), record)),
            }
            seen
        }
        .boxed()
    }

    fn perform<'a>(
        &'a self,
        _: &'a Place,
        action: &'a Action,
    ) -> BoxFuture<'a, Result<(), CloudError>> {
        ready(Err(read_only(action.operation()))).boxed()
    }

    /// It is handed on, and never kept.
    fn secret<'a>(
        &'a self,
        reference: &'a SecretReference,
        region: Option<&'a Region>,
    ) -> BoxFuture<'a, Result<String, CloudError>> {
        self.cloud.secret(reference, region)
    }

    /// The history is not kept: it would hold who did what in the account.
    fn lookup<'a>(
        &'a self,
        place: &'a Place,
        wanted: &'a Lookup,
    ) -> BoxFuture<'a, Result<LookupPage, CloudError>> {
        self.cloud.lookup(place, wanted)
    }

    /// A snapshot holds no messages.
    fn receive<'a>(
        &'a self,
        _: &'a Place,
        _: &'a str,
    ) -> BoxFuture<'a, Result<Vec<QueueMessage>, CloudError>> {
        ready(Err(read_only("sqs:ReceiveMessage"))).boxed()
    }

    fn throttled(&self) -> u64 {
        self.cloud.throttled()
    }

    fn lacking<'a>(
        &'a self,
        place: &'a Place,
        wanted: &'a BTreeSet<Permission>,
    ) -> BoxFuture<'a, Result<Vec<Permission>, CloudError>> {
        self.cloud.lacking(place, wanted)
    }
}

/// The error for a read of the event history.
pub(super) fn no_history() -> CloudError {
    CloudError {
        code: "NotRecorded".to_owned(),
        message: "a snapshot does not hold the event history".to_owned(),
        ..read_only("cloudtrail:LookupEvents")
    }
}

/// The error for a call that a snapshot does not support.
pub(super) fn read_only(operation: &str) -> CloudError {
    CloudError {
        operation: operation.to_owned(),
        code: "ReadOnly".to_owned(),
        message: "a snapshot holds what was read, and takes no other call".to_owned(),
        request_id: None,
        kind: CloudErrorKind::Refused,
        cause: Cause::Other,
    }
}
