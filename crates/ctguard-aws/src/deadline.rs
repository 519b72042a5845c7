//! How long reads may take: those of one place, and those of a whole run.
//!
//! A read whose time is up ends as unreadable, and so do the ones after it. Calls that change
//! something have no deadline here: one that has begun is not given up, and `perform.rs` begins no
//! further try of a refused one.

use ctguard_core::cause::{Cause, Obstacle};
use ctguard_core::cloud::{CloudError, RunLimit};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How much longer a place may take from the moment at which its own pace lets the next call go:
/// ctguard's waiting says nothing about AWS. How many calls a place takes is bounded by the pages
/// of a list.
const AFTER_WAITING: Duration = Duration::from_secs(30);

tokio::task_local! {
    /// The deadline of the current read; calls outside of one have only their own time limit.
    static DEADLINE: Arc<Deadline>;
}

#[derive(Debug)]
struct Deadline {
    /// Of the place; it moves while calls wait for their turn.
    place: Option<(Mutex<Instant>, Duration)>,
    run: Option<RunLimit>,
}

/// Which of the limits is reached first.
#[derive(Debug, Clone, Copy)]
enum Limit {
    Place(Duration),
    Run(Duration),
}

impl Deadline {
    fn ends(&self) -> Option<(Instant, Limit)> {
        let place = self.place.as_ref().map(|(until, limit)| {
            (*until.lock().unwrap_or_else(PoisonError::into_inner), Limit::Place(*limit))
        });
        let run = self.run.map(|run| (Instant::from_std(run.until), Limit::Run(run.limit)));
        place.into_iter().chain(run).min_by_key(|(until, _)| *until)
    }
}

/// Gives all reads of a piece of work a common time limit, and the end of the run. Calls in flight
/// then fail, and later ones fail at once. The work itself returns what was read so far.
pub(super) async fn within<T>(
    limit: Option<Duration>,
    run: Option<RunLimit>,
    work: impl Future<Output = T>,
) -> T {
    let place = limit.map(|limit| (Mutex::new(Instant::now() + limit), limit));
    DEADLINE.scope(Arc::new(Deadline { place, run }), work).await
}

/// Notes that the next call of this work has its turn only then.
pub(super) fn waits(wait: Duration) {
    let _ = DEADLINE.try_with(|deadline| {
        let Some((until, limit)) = &deadline.place else { return };
        let until = &mut *until.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        // What is over stays over.
        if *until > now {
            *until = (*until).max(now + wait + AFTER_WAITING.min(*limit));
        }
    });
}

/// Waits for a call until the deadline of its work.
pub(super) async fn in_time<T>(
    operation: &'static str,
    call: impl Future<Output = Result<T, CloudError>>,
) -> Result<T, CloudError> {
    let Ok(deadline) = DEADLINE.try_with(Arc::clone) else { return call.await };
    let mut call = std::pin::pin!(call);
    loop {
        let Some((until, limit)) = deadline.ends() else { return call.await };
        if let Ok(result) = timeout_at(until, &mut call).await {
            return result;
        }
        // Another call may have moved it meanwhile.
        if deadline.ends().is_none_or(|(later, _)| later <= until) {
            return Err(over(operation, limit));
        }
    }
}

fn over(operation: &str, limit: Limit) -> CloudError {
    let (code, message, cause) = match limit {
        Limit::Place(limit) => (
            "Timeout",
            format!("no answer within {limit:?}, the time limit of a place"),
            Cause::Unreachable(Obstacle::Timeout),
        ),
        Limit::Run(limit) => {
            ("RunTimeout", format!("the time limit of the run, {limit:?}, is over"), Cause::RunTime)
        }
    };
    CloudError {
        operation: operation.to_owned(),
        code: code.to_owned(),
        message,
        request_id: None,
        kind: cause.kind(),
        cause,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: &str = "sns:GetSubscriptionAttributes";
    const SHORT: Duration = Duration::from_millis(200);

    async fn never() -> Result<(), CloudError> {
        std::future::pending().await
    }

    fn wait<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime")
            .block_on(work)
    }

    fn ended(limit: Option<Duration>, run: Option<RunLimit>) -> CloudError {
        wait(within(limit, run, in_time(READ, never()))).expect_err("it never ends")
    }

    #[test]
    fn the_limit_that_is_reached_first_is_named() {
        let now = std::time::Instant::now();
        let run = |after: Duration| Some(RunLimit { until: now + after, limit: after });
        let place = ended(Some(SHORT), run(Duration::from_secs(600)));
        assert_eq!(place.cause, Cause::Unreachable(Obstacle::Timeout));
        assert!(place.message.contains("a place"), "{place}");
        for of_place in [Some(Duration::from_secs(600)), None] {
            let over = ended(of_place, run(Duration::ZERO));
            assert_eq!((over.cause, over.code.as_str()), (Cause::RunTime, "RunTimeout"));
        }
    }

    #[test]
    fn what_ctguard_itself_waits_for_is_not_held_against_a_place() {
        let patient = |held_back: bool| {
            wait(within(Some(SHORT), None, async {
                let late = async {
                    tokio::time::sleep(SHORT * 2).await;
                    Ok(())
                };
                if held_back {
                    waits(SHORT * 2);
                }
                in_time(READ, late).await.is_ok()
            }))
        };
        assert!(patient(true));
        assert!(!patient(false), "a service that is slow has no more time than it had");
    }

    #[test]
    fn a_place_whose_time_is_up_gets_no_more() {
        wait(within(Some(Duration::ZERO), None, async {
            tokio::time::sleep(Duration::from_millis(2)).await;
            waits(Duration::from_secs(1));
            assert!(in_time(READ, never()).await.is_err());
        }));
    }
}
