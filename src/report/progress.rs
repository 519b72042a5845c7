//! Progress while the engine works: a bar on a terminal, nothing elsewhere.

use crate::run::Event;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::Mutex;

/// Shows the engine's events.
pub struct Progress {
    bar: Option<Mutex<ProgressBar>>,
}

impl Progress {
    /// Draws on standard error when that is a terminal.
    pub fn new(terminal: bool) -> Self {
        Self { bar: terminal.then(|| Mutex::new(ProgressBar::hidden())) }
    }

    pub fn hear(&self, event: Event) {
        let Some(bar) = &self.bar else { return };
        let Ok(mut bar) = bar.lock() else { return };
        match event {
            Event::ObserveStarted { places } => *bar = begin(places, "Reading"),
            Event::ApplyStarted { changes } => *bar = begin(changes, "Applying"),
            Event::Observed { place } => {
                bar.set_message(place.to_string());
                bar.inc(1);
            }
            Event::ChangeStarted { address } => {
                bar.set_message(format!("{} {}", address.kind, address.name))
            }
            Event::ChangeFinished { .. } => bar.inc(1),
            Event::Settling => bar.set_message("reading again"),
            Event::ObserveFinished | Event::ApplyFinished => bar.finish_and_clear(),
        }
    }
}

fn begin(length: usize, verb: &'static str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(length as u64), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{prefix} {pos}/{len} {wide_msg}") {
        bar.set_style(style);
    }
    bar.set_prefix(verb);
    bar
}
