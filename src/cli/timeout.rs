//! How long a run may take (`--timeout`).
//!
//! Reads of accounts end by themselves at its end, and what is known is reported. Work on this
//! machine alone, and waiting for standard input or an answer, has nothing to report yet: a thread ends the
//! program then.

use super::{GlobalOptions, signals};
use crate::error::Exit;
use ctguard_core::cloud::RunLimit;
use jiff::SignedDuration;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Reads a duration: `90` (seconds), `90s`, `10m`, `1h30m`. Nothing, and 0, is no limit.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Duration::ZERO);
    }
    if let Ok(seconds) = text.parse::<u32>() {
        return Ok(Duration::from_secs(u64::from(seconds)));
    }
    let wrong = || "a duration is written as 90s, 10m or 1h30m".to_owned();
    let duration: SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(duration).map_err(|_| wrong())
}

impl GlobalOptions {
    /// When this run ends; `None` without a limit.
    pub(super) fn run_limit(&self) -> Option<RunLimit> {
        let limit = self.timeout.filter(|limit| !limit.is_zero())?;
        Some(RunLimit { until: self.started.checked_add(limit)?, limit })
    }
}

/// The program runs one command and ends with it.
static ENDS_WITH_TIME: AtomicBool = AtomicBool::new(false);

/// A result is on its way: accounts are asked, or files are written.
static RESULT_BEGAN: AtomicBool = AtomicBool::new(false);

/// How often the watch looks whether a question is asked.
const LOOKS_EVERY: Duration = Duration::from_millis(50);

/// Lets `--timeout` end the program: for the program itself, and not for commands in one process with
/// others.
pub fn end_with_time() {
    ENDS_WITH_TIME.store(true, Ordering::SeqCst);
}

/// From now on the run ends by itself when its time is up.
pub(super) fn result_begins() {
    RESULT_BEGAN.store(true, Ordering::SeqCst);
}

impl GlobalOptions {
    /// Ends the program when its time is up and nothing is done yet.
    pub(super) fn watch_time(&self) {
        let Some(limit) = self.run_limit().filter(|_| ENDS_WITH_TIME.load(Ordering::SeqCst)) else {
            return;
        };
        drop(std::thread::Builder::new().spawn(move || {
            std::thread::sleep(limit.until.saturating_duration_since(Instant::now()));
            while RESULT_BEGAN.load(Ordering::SeqCst) && !signals::is_asking() {
                std::thread::sleep(LOOKS_EVERY);
            }
            let _ = writeln!(std::io::stderr(), "{}", over(limit.limit));
            std::process::exit(i32::from(Exit::Incomplete.code()));
        }));
    }
}

/// What is said where the time is up before there is a result.
fn over(limit: Duration) -> String {
    format!(
        "error: the time of --timeout ({limit:?}) is up, and there is no result yet; nothing was changed\nhint: Give it more time, or leave --timeout (CTGUARD_TIMEOUT) out."
    )
}

/// Stops an apply at the end of the run.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    limit: Option<RunLimit>,
    stop: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
}

impl Watch {
    /// Watches over an apply that ends when `stop` is set.
    pub fn new(limit: Option<RunLimit>, stop: &Arc<AtomicBool>) -> Self {
        Self { limit, stop: Arc::clone(stop), over: Arc::default() }
    }

    /// Stops the apply if its time is up.
    pub fn look(&self) {
        if self.limit.is_some_and(|limit| Instant::now() >= limit.until) {
            self.over.store(true, Ordering::Relaxed);
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    /// Looks when the time is up.
    pub async fn keep(self) {
        if let Some(limit) = self.limit {
            tokio::time::sleep_until(limit.until.into()).await;
            self.look();
        }
    }

    /// Whether the time was up.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_written_as_people_write_it() {
        for (text, seconds) in
            [("90", 90), ("90s", 90), ("10m", 600), ("1h30m", 5_400), ("2h", 7_200), (" 5m ", 300)]
        {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for none in ["", "0", "0s"] {
            assert_eq!(parse(none), Ok(Duration::ZERO), "{none:?}");
        }
        for wrong in ["soon", "-5m", "10 bananas"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
