//! Every call passes the gate: the pace of its kind, a free slot, the call count, the time limit of
//! the work it belongs to, and error translation.

use super::deadline;
use super::errors;
use super::pace::{Bucket, Class};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use ctguard_core::cloud::CloudError;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// The throttling scopes, and the number from which idle ones are dropped.
#[derive(Debug)]
struct Scopes {
    known: HashMap<String, Scope>,
    tidy_above: usize,
}

#[derive(Debug)]
struct Scope {
    slots: Arc<Semaphore>,
    buckets: Vec<(Class, Bucket)>,
}

/// How many scopes are kept before idle ones are dropped.
const FEW_SCOPES: usize = 256;

#[derive(Debug)]
pub(super) struct Gate {
    slots: Semaphore,
    /// How many slots one account and region may hold.
    slots_each: usize,
    scopes: Mutex<Scopes>,
    calls: Mutex<BTreeMap<&'static str, u64>>,
}

impl Gate {
    pub(super) fn new(concurrency: usize) -> Self {
        let concurrency = concurrency.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            slots: Semaphore::new(concurrency),
            // A region that accepts calls and does not answer must leave slots to others.
            slots_each: concurrency.div_ceil(2),
            scopes: Mutex::new(Scopes { known: HashMap::new(), tidy_above: FEW_SCOPES }),
            calls: Mutex::default(),
        }
    }

    pub(super) fn calls(&self) -> BTreeMap<&'static str, u64> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes a call when its turn comes. `scope` is what AWS throttles by: account and region.
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
        deadline::in_time(operation, async {
            let (of_scope, wait) = self.enter(scope, operation, Instant::now());
            // Pace first, then slots: a waiting call must not hold a slot.
            if !wait.is_zero() {
                deadline::waits(wait);
                tokio::time::sleep(wait).await;
            }
            let _mine = of_scope.acquire().await.expect("the gate never closes");
            let _slot = self.slots.acquire().await.expect("the gate never closes");
            tracing::debug!(operation, scope, "calling");
            *self
                .calls
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(operation)
                .or_default() += 1;
            call.await.map_err(|error| errors::from_sdk(operation, &error))
        })
        .await
    }

    /// The slots of a scope, and how long to wait before taking one.
    fn enter(&self, scope: &str, operation: &str, now: Instant) -> (Arc<Semaphore>, Duration) {
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        if !scopes.known.contains_key(scope) {
            scopes.tidy(now);
            let slots = Arc::new(Semaphore::new(self.slots_each));
            scopes.known.insert(scope.to_owned(), Scope { slots, buckets: Vec::new() });
        }
        let known = scopes.known.get_mut(scope).expect("it was put there just now");
        (Arc::clone(&known.slots), known.reserve(operation, now))
    }
}

impl Scopes {
    /// Drops scopes in their initial state: a fleet has thousands, each busy for a moment.
    fn tidy(&mut self, now: Instant) {
        if self.known.len() < self.tidy_above {
            return;
        }
        self.known.retain(|_, scope| !scope.is_as_new(now));
        self.tidy_above = FEW_SCOPES.max(2 * self.known.len());
    }
}

impl Scope {
    /// How long a call has to wait for its turn.
    fn reserve(&mut self, operation: &str, now: Instant) -> Duration {
        let Some(class) = Class::of(operation) else { return Duration::ZERO };
        if let Some((_, bucket)) = self.buckets.iter_mut().find(|(known, _)| *known == class) {
            return bucket.take(now);
        }
        let mut bucket = Bucket::new(class, now);
        let wait = bucket.take(now);
        self.buckets.push((class, bucket));
        wait
    }

    /// Whether no call is in flight and all tokens have been refilled.
    fn is_as_new(&self, now: Instant) -> bool {
        Arc::strong_count(&self.slots) == 1
            && self.buckets.iter().all(|(_, bucket)| bucket.is_full(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: &str = "cloudtrail:DescribeTrails";

    fn known(gate: &Gate) -> usize {
        gate.scopes.lock().unwrap().known.len()
    }

    #[test]
    fn scopes_that_nobody_waits_for_are_forgotten() {
        let gate = Gate::new(4);
        let start = Instant::now();
        let (busy, _) = gate.enter("busy", READ, start);
        for n in 0..10 * FEW_SCOPES {
            // Long enough after one another for each to be filled up again before some hundreds
            // have passed.
            gate.enter(&n.to_string(), READ, start + Duration::from_millis(10) * n as u32);
        }
        assert!(known(&gate) <= 2 * FEW_SCOPES, "{} are kept", known(&gate));
        let later = start + Duration::from_secs(3600);
        let (same, _) = gate.enter("busy", READ, later);
        assert!(
            Arc::ptr_eq(&busy, &same),
            "its calls are on their way and must go on being counted"
        );
    }

    #[test]
    fn a_scope_that_has_used_its_rate_up_is_not_forgotten() {
        let gate = Gate::new(4);
        let now = Instant::now();
        while gate.enter("spent", READ, now).1.is_zero() {}
        for n in 0..10 * FEW_SCOPES {
            gate.enter(&n.to_string(), READ, now);
        }
        assert!(!gate.enter("spent", READ, now).1.is_zero(), "it began anew, above AWS's rate");
    }
}
