//! Progress while the engine works: a line on a terminal, JSON lines where a program listens,
//! nothing elsewhere.

use super::screen::plain;
use crate::run::ProgressEvent;
use ctguard_core::scope::{AccountId, Place};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use std::io::Write;
use std::sync::Mutex;

/// Shows the engine's events.
pub struct Progress<'a>(Mutex<ProgressState<'a>>);

struct ProgressState<'a> {
    accounts: StepCount,
    places: StepCount,
    how: How<'a>,
}

enum How<'a> {
    Nothing,
    Bar(ProgressBar),
    Lines(&'a mut (dyn Write + Send)),
}

/// Progress of a count.
#[derive(Debug, Clone, Copy, Default)]
struct StepCount {
    all: usize,
    done: usize,
    /// Those among them of which something could not be read.
    failing: usize,
}

impl StepCount {
    fn of(all: usize) -> Self {
        Self { all, ..Self::default() }
    }

    fn count(&mut self, complete: bool) {
        self.done += 1;
        self.failing += usize::from(!complete);
    }

    fn left(self) -> usize {
        self.all.saturating_sub(self.done)
    }

    /// The number left, and of failures if any, for a line on a terminal.
    fn text_left(self) -> String {
        match self.failing {
            0 => format!("{} left", self.left()),
            failing => format!("({failing} failing) {} left", self.left()),
        }
    }

    fn json(self) -> Value {
        json!({ "done": self.done, "failing": self.failing, "left": self.left() })
    }
}

impl<'a> Progress<'a> {
    fn shown(how: How<'a>) -> Self {
        let (accounts, places) = (StepCount::default(), StepCount::default());
        Self(Mutex::new(ProgressState { accounts, places, how }))
    }

    pub fn nothing() -> Self {
        Self::shown(How::Nothing)
    }

    /// Draws on standard error.
    pub fn bar() -> Self {
        Self::shown(How::Bar(ProgressBar::hidden()))
    }

    /// Writes one event per line, as JSON.
    pub fn lines(out: &'a mut (dyn Write + Send)) -> Self {
        Self::shown(How::Lines(out))
    }

    pub fn hear(&self, event: ProgressEvent) {
        let Ok(mut shown) = self.0.lock() else { return };
        let ProgressState { accounts, places, how } = &mut *shown;
        count(accounts, places, &event);
        match how {
            How::Nothing => {}
            How::Bar(bar) => draw(bar, *accounts, *places, event),
            // The reader may be gone; the work goes on.
            How::Lines(out) => drop(writeln!(out, "{}", line(*accounts, *places, &event))),
        }
    }
}

fn count(accounts: &mut StepCount, places: &mut StepCount, event: &ProgressEvent) {
    match event {
        ProgressEvent::RegionsStarted { accounts: all } => *accounts = StepCount::of(*all),
        ProgressEvent::RegionsRead { complete, .. }
        | ProgressEvent::AccountObserved { complete, .. } => {
            accounts.count(*complete);
        }
        ProgressEvent::ObserveStarted { accounts: all, places: all_places } => {
            (*accounts, *places) = (StepCount::of(*all), StepCount::of(*all_places));
        }
        ProgressEvent::ObserveMore { places: more } => places.all += more,
        ProgressEvent::CountStarted { places: all } => *places = StepCount::of(*all),
        ProgressEvent::Observed { complete, .. } | ProgressEvent::Counted { complete, .. } => {
            places.count(*complete);
        }
        _ => {}
    }
}

/// Draws an event on a terminal's line.
fn draw(bar: &mut ProgressBar, accounts: StepCount, places: StepCount, event: ProgressEvent) {
    let counted = |tally: StepCount| {
        bar.set_length(tally.all as u64);
        bar.set_position(tally.done as u64);
    };
    let entering = match accounts.left() {
        0 => String::new(),
        left => format!(", {left} accounts to enter"),
    };
    match event {
        ProgressEvent::ListingAccounts => {
            *bar = begin(0, "Listing the organization's accounts", "{prefix}");
            bar.tick();
        }
        ProgressEvent::RegionsStarted { .. } => {
            *bar = begin(accounts.all, "Entering accounts", COUNTED)
        }
        ProgressEvent::RegionsRead { account, .. } => {
            counted(accounts);
            bar.set_message(format!("{}, regions of {account}", accounts.text_left()));
        }
        ProgressEvent::ObserveStarted { .. } => *bar = begin(places.all, "Reading", COUNTED),
        ProgressEvent::ObserveMore { .. } => counted(places),
        ProgressEvent::AccountObserved { .. } => {
            bar.set_message(format!("{}{entering}", places.text_left()));
        }
        ProgressEvent::Observed { place, .. } => {
            counted(places);
            bar.set_message(format!("{}{entering}, {place}", places.text_left()));
        }
        ProgressEvent::CountStarted { .. } => {
            *bar = begin(places.all, "Asking what was counted", COUNTED)
        }
        ProgressEvent::Counted { place, .. } => {
            counted(places);
            bar.set_message(format!("{}, {place}", places.text_left()));
        }
        ProgressEvent::ApplyStarted { changes } => *bar = begin(changes, "Applying", COUNTED),
        ProgressEvent::ChangeStarted { address } => {
            bar.set_message(plain(&format!("{} {}", address.kind, address.name)));
        }
        ProgressEvent::ChangeFinished { .. } => bar.inc(1),
        ProgressEvent::Settling => bar.set_message("reading again"),
        ProgressEvent::ObserveFinished
        | ProgressEvent::CountFinished
        | ProgressEvent::ApplyFinished => {
            bar.finish_and_clear();
        }
    }
}

/// An event as JSON: what happens in `event`, then to what, and how far all of it is.
fn line(accounts: StepCount, places: StepCount, event: &ProgressEvent) -> Value {
    let of_account = |event: &str, account: &AccountId, complete: &bool| {
        json!({
            "event": event, "account": account, "complete": complete,
            "accounts": accounts.json(),
        })
    };
    let of_place = |event: &str, place: &Place, complete: &bool| {
        json!({
            "event": event, "account": place.account, "region": place.region,
            "complete": complete, "places": places.json(),
        })
    };
    match event {
        ProgressEvent::ListingAccounts => json!({ "event": "listing-accounts" }),
        ProgressEvent::RegionsStarted { accounts } => {
            json!({ "event": "regions-started", "accounts": accounts })
        }
        ProgressEvent::RegionsRead { account, complete } => {
            of_account("regions-read", account, complete)
        }
        ProgressEvent::ObserveStarted { accounts, places } => {
            json!({ "event": "observe-started", "accounts": accounts, "places": places })
        }
        ProgressEvent::ObserveMore { places } => {
            json!({ "event": "observe-more", "places": places })
        }
        ProgressEvent::AccountObserved { account, complete } => {
            of_account("account-observed", account, complete)
        }
        ProgressEvent::Observed { place, complete } => of_place("observed", place, complete),
        ProgressEvent::ObserveFinished => json!({ "event": "observe-finished" }),
        ProgressEvent::CountStarted { places } => {
            json!({ "event": "count-started", "places": places })
        }
        ProgressEvent::Counted { place, complete } => of_place("counted", place, complete),
        ProgressEvent::CountFinished => json!({ "event": "count-finished" }),
        ProgressEvent::ApplyStarted { changes } => {
            json!({ "event": "apply-started", "changes": changes })
        }
        ProgressEvent::ChangeStarted { address } => {
            json!({ "event": "change-started", "address": address })
        }
        ProgressEvent::ChangeFinished { address, outcome } => json!({
            "event": "change-finished", "address": address, "outcome": outcome,
        }),
        ProgressEvent::Settling => json!({ "event": "settling" }),
        ProgressEvent::ApplyFinished => json!({ "event": "apply-finished" }),
    }
}

/// What a line on a terminal shows of something that is counted.
const COUNTED: &str = "{prefix} {pos}/{len} {wide_msg}";

fn begin(length: usize, verb: &'static str, template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(length as u64), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_prefix(verb);
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_and_what_fails_is_said() {
        let mut places = StepCount::of(3);
        assert_eq!(places.text_left(), "3 left");
        places.count(true);
        places.count(false);
        assert_eq!(places.text_left(), "(1 failing) 1 left");
        // Home regions of trails are read after the rest, and told of before.
        places.all += 1;
        assert_eq!(places.text_left(), "(1 failing) 2 left");
    }
}
