//! Progress of a replay: a bar with bytes and events a second on a terminal, JSON lines where a
//! program listens.

use super::words::times;
use ctguard_core::scope::Place;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use std::io::Write;
use std::sync::Mutex;
use std::time::Duration;

/// Bytes between progress lines for a program.
const STEP_BYTES: u64 = 64 * 1024 * 1024;

/// Shows the progress of reading; shared by several threads.
pub struct Reading<'a>(Mutex<ReadingState<'a>>);

enum ReadingState<'a> {
    Nothing,
    Bar(ProgressBar, Sums),
    Lines(&'a mut (dyn Write + Send), Sums),
    Pages(&'a mut (dyn Write + Send)),
}

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    files: u64,
    bytes: u64,
    events: u64,
    total_bytes: u64,
    /// Bytes at the last line.
    told: u64,
}

impl<'a> Reading<'a> {
    pub fn nothing() -> Self {
        Self(Mutex::new(ReadingState::Nothing))
    }

    /// Draws pages of event histories on standard error: nobody knows how many there will be.
    pub fn looking() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("Looking up: {msg}") {
            bar.set_style(style);
        }
        Self(Mutex::new(ReadingState::Bar(bar, Sums::default())))
    }

    /// Writes pages of event histories, one event per line, as JSON.
    pub fn looking_lines(out: &'a mut (dyn Write + Send)) -> Self {
        Self(Mutex::new(ReadingState::Pages(out)))
    }

    /// Draws on standard error.
    pub fn bar(total_bytes: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total_bytes), ProgressDrawTarget::stderr());
        let template =
            "Reading {bar:24} {bytes}/{total_bytes} {binary_bytes_per_sec}, {msg} {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self(Mutex::new(ReadingState::Bar(bar, Sums { total_bytes, ..Sums::default() })))
    }

    /// Writes one event per line, as JSON.
    pub fn lines(out: &'a mut (dyn Write + Send), files: usize, total_bytes: u64) -> Self {
        // The reader may be gone; the work goes on.
        let start = json!({ "event": "replay-started", "files": files, "bytes": total_bytes });
        let _ = writeln!(out, "{start}");
        Self(Mutex::new(ReadingState::Lines(out, Sums { total_bytes, ..Sums::default() })))
    }

    /// Adds what one more step has read.
    pub fn add(&self, files: u64, bytes: u64, events: u64) {
        let Ok(mut shown) = self.0.lock() else { return };
        match &mut *shown {
            ReadingState::Nothing | ReadingState::Pages(_) => {}
            ReadingState::Bar(bar, sums) => {
                sums.add(files, bytes, events);
                bar.inc(bytes);
                bar.set_message(rate(sums.events, bar.elapsed()));
            }
            ReadingState::Lines(out, sums) => {
                sums.add(files, bytes, events);
                if sums.bytes - sums.told >= STEP_BYTES {
                    sums.told = sums.bytes;
                    let _ = writeln!(out, "{}", sums.line("replay-read"));
                }
            }
        }
    }

    /// Adds what one more page of an event history has.
    pub fn page(&self, place: &Place, events: u64) {
        let Ok(mut shown) = self.0.lock() else { return };
        match &mut *shown {
            ReadingState::Nothing => {}
            ReadingState::Bar(bar, sums) => {
                sums.add(1, 0, events);
                bar.set_message(format!(
                    "{}, {}, {place}",
                    times(sums.files, "page", "pages"),
                    times(sums.events, "event", "events")
                ));
                bar.tick();
            }
            ReadingState::Lines(out, _) | ReadingState::Pages(out) => {
                let Place { account, region } = place;
                let _ = writeln!(
                    out,
                    "{}",
                    json!({ "event": "lookup-page", "account": account, "region": region, "events": events })
                );
            }
        }
    }

    pub fn finish(self) {
        match self.0.into_inner() {
            Ok(ReadingState::Bar(bar, _)) => bar.finish_and_clear(),
            Ok(ReadingState::Lines(out, sums)) => {
                drop(writeln!(out, "{}", sums.line("replay-finished")))
            }
            _ => {}
        }
    }
}

impl Sums {
    fn add(&mut self, files: u64, bytes: u64, events: u64) {
        self.files += files;
        self.bytes += bytes;
        self.events += events;
    }

    fn line(&self, event: &str) -> serde_json::Value {
        json!({
            "event": event, "files": self.files, "bytes": self.bytes, "events": self.events,
            "total_bytes": self.total_bytes,
        })
    }
}

fn rate(events: u64, elapsed: Duration) -> String {
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    format!("{} events/s,", super::words::grouped(events.saturating_mul(1000) / millis))
}
