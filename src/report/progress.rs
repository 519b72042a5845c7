//! Progress while the engine works: a line on a terminal, JSON lines where a program listens, nothing elsewhere.

use crate::run::Event;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use std::io::Write;
use std::sync::Mutex;

/// Shows the engine's events.
pub struct Progress<'a>(Mutex<Shown<'a>>);

enum Shown<'a> {
    Nothing,
    Bar(Bar),
    Lines(&'a mut (dyn Write + Send)),
}

/// What a line on a terminal tells.
struct Bar {
    bar: ProgressBar,
    /// Places of which something could not be read.
    failing: usize,
}

impl<'a> Progress<'a> {
    pub fn nothing() -> Self {
        Self(Mutex::new(Shown::Nothing))
    }

    /// Draws on standard error.
    pub fn bar() -> Self {
        Self(Mutex::new(Shown::Bar(Bar { bar: ProgressBar::hidden(), failing: 0 })))
    }

    /// Writes an event a line, as JSON.
    pub fn lines(out: &'a mut (dyn Write + Send)) -> Self {
        Self(Mutex::new(Shown::Lines(out)))
    }

    pub fn hear(&self, event: Event) {
        let Ok(mut shown) = self.0.lock() else { return };
        match &mut *shown {
            Shown::Nothing => {}
            Shown::Bar(bar) => bar.hear(event),
            // Whoever listened may be gone; the work goes on.
            Shown::Lines(out) => drop(writeln!(out, "{}", line(&event))),
        }
    }
}

impl Bar {
    fn hear(&mut self, event: Event) {
        match event {
            Event::ObserveStarted { places } => {
                *self = Self { bar: begin(places, "Reading"), failing: 0 };
            }
            Event::ApplyStarted { changes } => self.bar = begin(changes, "Applying"),
            Event::Observed { place, complete } => {
                self.failing += usize::from(!complete);
                self.bar.inc(1);
                let failing = match self.failing {
                    0 => String::new(),
                    many => format!("({many} failing) "),
                };
                let left =
                    self.bar.length().unwrap_or_default().saturating_sub(self.bar.position());
                self.bar.set_message(format!("{failing}{left} left, {place}"));
            }
            Event::ChangeStarted { address } => {
                self.bar.set_message(format!("{} {}", address.kind, address.name));
            }
            Event::ChangeFinished { .. } => self.bar.inc(1),
            Event::Settling => self.bar.set_message("reading again"),
            Event::ObserveFinished | Event::ApplyFinished => self.bar.finish_and_clear(),
        }
    }
}

/// An event as JSON: what happens in `event`, then to what.
fn line(event: &Event) -> Value {
    match event {
        Event::ObserveStarted { places } => {
            json!({ "event": "observe-started", "places": places })
        }
        Event::Observed { place, complete } => json!({
            "event": "observed", "account": place.account, "region": place.region,
            "complete": complete,
        }),
        Event::ObserveFinished => json!({ "event": "observe-finished" }),
        Event::ApplyStarted { changes } => {
            json!({ "event": "apply-started", "changes": changes })
        }
        Event::ChangeStarted { address } => {
            json!({ "event": "change-started", "address": address })
        }
        Event::ChangeFinished { address, outcome } => json!({
            "event": "change-finished", "address": address, "outcome": outcome,
        }),
        Event::Settling => json!({ "event": "settling" }),
        Event::ApplyFinished => json!({ "event": "apply-finished" }),
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
