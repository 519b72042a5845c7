//! What every call passes: the pace of its kind, a free slot, the count, the time limit of what it is made
//! for, and the error's translation.

use super::errors;
use super::pace::{Bucket, Class};
use crate::cloud::{CloudError, CloudErrorKind};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::time::timeout_at;

tokio::task_local! {
    /// When what is being read must be done; calls outside of any reading have the whole of their own time.
    static DEADLINE: (tokio::time::Instant, Duration);
}

/// Gives all calls that a piece of work makes a common time limit: what is not answered by then fails with
/// `Timeout`, at once for what is asked later. The work itself ends by its own account, with what it has.
pub(super) async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> T {
    DEADLINE.scope((tokio::time::Instant::now() + limit, limit), work).await
}

#[derive(Debug)]
pub(super) struct Gate {
    slots: Semaphore,
    /// How many slots the calls of one account and region may hold.
    slots_each: usize,
    scopes: Mutex<HashMap<String, Arc<Semaphore>>>,
    buckets: Mutex<HashMap<(String, Class), Bucket>>,
    calls: Mutex<BTreeMap<&'static str, u64>>,
}

impl Gate {
    pub(super) fn new(concurrency: usize) -> Self {
        let concurrency = concurrency.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            slots: Semaphore::new(concurrency),
            // A region that accepts calls and does not answer them must leave slots to the others.
            slots_each: concurrency.div_ceil(2),
            scopes: Mutex::default(),
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
        // The SDK's futures are large, and each layer around one would hold it by value.
        let call = Box::pin(call);
        in_time(operation, async {
            // The pace first and the slots after: who waits for its turn must not keep others out.
            self.pace(scope, operation).await;
            let of_scope = self.of_scope(scope);
            let _mine = of_scope.acquire().await.expect("the gate never closes");
            let _slot = self.slots.acquire().await.expect("the gate never closes");
            self.counted(scope, operation, call).await
        })
        .await
    }

    /// Makes a call that another call, which has a slot already, may be waiting for.
    pub(super) async fn send_beside<T, E>(
        &self,
        scope: &str,
        operation: &'static str,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, CloudError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let call = Box::pin(call);
        in_time(operation, async {
            self.pace(scope, operation).await;
            self.counted(scope, operation, call).await
        })
        .await
    }

    async fn counted<T, E>(
        &self,
        scope: &str,
        operation: &'static str,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, CloudError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        tracing::debug!(operation, scope, "calling");
        *self.calls.lock().unwrap_or_else(PoisonError::into_inner).entry(operation).or_default() +=
            1;
        call.await.map_err(|error| errors::from_sdk(operation, &error))
    }

    async fn pace(&self, scope: &str, operation: &str) {
        let wait = self.reserve(scope, operation);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    fn of_scope(&self, scope: &str) -> Arc<Semaphore> {
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        let slots = scopes
            .entry(scope.to_owned())
            .or_insert_with(|| Arc::new(Semaphore::new(self.slots_each)));
        Arc::clone(slots)
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

/// Waits for a call until the deadline of what it is made for.
async fn in_time<T>(
    operation: &'static str,
    call: impl Future<Output = Result<T, CloudError>>,
) -> Result<T, CloudError> {
    let Ok((deadline, limit)) = DEADLINE.try_with(|deadline| *deadline) else { return call.await };
    match timeout_at(deadline, call).await {
        Ok(result) => result,
        Err(_) => Err(CloudError {
            operation: operation.to_owned(),
            code: "Timeout".to_owned(),
            message: format!("no answer within the {limit:?} that there are for all of it"),
            request_id: None,
            kind: CloudErrorKind::Transient,
        }),
    }
}
