//! What every call passes: the pace of its kind, a free slot, the count, and the error's translation.

use super::errors;
use super::pace::{Bucket, Class};
use crate::cloud::CloudError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

#[derive(Debug)]
pub(super) struct Gate {
    slots: Semaphore,
    buckets: Mutex<HashMap<(String, Class), Bucket>>,
    calls: Mutex<BTreeMap<&'static str, u64>>,
}

impl Gate {
    pub(super) fn new(concurrency: usize) -> Self {
        Self {
            slots: Semaphore::new(concurrency.clamp(1, Semaphore::MAX_PERMITS)),
            buckets: Mutex::default(),
            calls: Mutex::default(),
        }
    }

    pub(super) fn calls(&self) -> BTreeMap<&'static str, u64> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes a call when its turn comes. `scope` is what AWS counts by: account and region.
    pub(super) async fn send<T, E>(
        &self,
        scope: &str,
        operation: &'static str,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, CloudError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        // The pace first and the slot after: who waits for its turn must not keep others out.
        let wait = self.reserve(scope, operation);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        let _slot = self.slots.acquire().await.expect("the gate never closes");
        tracing::debug!(operation, scope, "calling");
        *self.calls.lock().unwrap_or_else(PoisonError::into_inner).entry(operation).or_default() +=
            1;
        call.await.map_err(|error| errors::from_sdk(operation, &error))
    }

    fn reserve(&self, scope: &str, operation: &str) -> Duration {
        let Some(class) = Class::of(operation) else { return Duration::ZERO };
        let now = Instant::now();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets
            .entry((scope.to_owned(), class))
            .or_insert_with(|| Bucket::new(class, now))
            .take(now)
    }
}
