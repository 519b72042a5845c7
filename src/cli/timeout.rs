//! How long a run may take (`--timeout`).

use super::GlobalOptions;
use ctguard_core::cloud::RunLimit;
use jiff::SignedDuration;
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
