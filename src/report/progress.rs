//! Progress while the engine works: a line on a terminal, JSON lines where a program listens,
//! nothing elsewhere.

use super::screen::plain;
use crate::run::ProgressEvent;
use ctguard_core::scope::{AccountId, Place};
use indicatif::{
    HumanDuration, ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressState, ProgressStyle,
};
use serde_json::{Value, json};
use std::fmt;
use std::io::Write;
use std::sync::Mutex;
use std::time::Duration;

/// Shows the engine's events.
pub struct Progress<'a>(Mutex<Steps<'a>>);

struct Steps<'a> {
    accounts: StepCount,
    places: StepCount,
    how: How<'a>,
}

enum How<'a> {
    Nothing,
    Bar(Shown),
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
            failing => format!("{} left ({failing} failing)", self.left()),
        }
    }

    fn json(self) -> Value {
        json!({ "done": self.done, "failing": self.failing, "left": self.left() })
    }
}

impl<'a> Progress<'a> {
    fn shown(how: How<'a>) -> Self {
        let (accounts, places) = (StepCount::default(), StepCount::default());
        Self(Mutex::new(Steps { accounts, places, how }))
    }

    pub fn nothing() -> Self {
        Self::shown(How::Nothing)
    }

    /// Draws on standard error.
    pub fn bar() -> Self {
        Self::shown(How::Bar(Shown::on(ProgressDrawTarget::stderr)))
    }

    /// Writes one event per line, as JSON.
    pub fn lines(out: &'a mut (dyn Write + Send)) -> Self {
        Self::shown(How::Lines(out))
    }

    pub fn hear(&self, event: ProgressEvent) {
        let Ok(mut shown) = self.0.lock() else { return };
        let Steps { accounts, places, how } = &mut *shown;
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
fn draw(shown: &mut Shown, accounts: StepCount, places: StepCount, event: ProgressEvent) {
    let entering = match accounts.left() {
        0 => String::new(),
        left => format!(", {left} accounts to enter"),
    };
    match event {
        ProgressEvent::ListingAccounts => {
            shown.begin(0, "Listing the organization's accounts", UNCOUNTED);
        }
        ProgressEvent::RegionsStarted { .. } => {
            shown.begin(accounts.all, "Entering accounts", COUNTED);
        }
        ProgressEvent::RegionsRead { account, .. } => {
            shown.count(accounts);
            shown.say(&format!("{}, regions of {account}", accounts.text_left()));
        }
        ProgressEvent::ObserveStarted { .. } => shown.begin(places.all, "Reading", COUNTED),
        ProgressEvent::ObserveMore { .. } => shown.count(places),
        ProgressEvent::AccountObserved { .. } => {
            shown.say(&format!("{}{entering}", places.text_left()));
        }
        ProgressEvent::Observed { place, .. } => {
            shown.count(places);
            shown.say(&format!("{}{entering}, {place}", places.text_left()));
        }
        ProgressEvent::CountStarted { .. } => {
            shown.begin(places.all, "Asking what was counted", COUNTED);
        }
        ProgressEvent::Counted { place, .. } => {
            shown.count(places);
            shown.say(&format!("{}, {place}", places.text_left()));
        }
        ProgressEvent::ApplyStarted { changes } => shown.begin(changes, "Applying", COUNTED),
        ProgressEvent::ChangeStarted { address } => {
            shown.say(&plain(&format!("{} {}", address.kind, address.name)));
        }
        ProgressEvent::ChangeFinished { .. } => shown.bar.inc(1),
        ProgressEvent::Settling => shown.say("reading again"),
        ProgressEvent::ObserveFinished
        | ProgressEvent::CountFinished
        | ProgressEvent::ApplyFinished => {
            shown.bar.finish_and_clear();
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
const COUNTED: &str = "{prefix} {pos}/{len}{pace}{wide_msg}";
const UNCOUNTED: &str = "{prefix}{wide_msg}";

/// How fast a step goes on, and when it will be over; nothing before there is something to tell it from.
fn pace(per_second: f64, left: Duration) -> String {
    match per_second {
        known if known >= 0.5 => format!(" at {known:.0}/s, done in {:#}", HumanDuration(left)),
        _ => String::new(),
    }
}

/// The line of the current step. The bar of a step that ends clears its line when it is dropped: the next one takes its
/// place, or an error or a signal ended it.
struct Shown {
    bar: ProgressBar,
    target: Box<dyn Fn() -> ProgressDrawTarget + Send>,
}

impl Shown {
    fn on(target: impl Fn() -> ProgressDrawTarget + Send + 'static) -> Self {
        Self { bar: ProgressBar::hidden(), target: Box::new(target) }
    }

    /// Goes on to the next step. What is left of the step before is cleared.
    fn begin(&mut self, length: usize, verb: &'static str, template: &str) {
        self.bar = ProgressBar::with_draw_target(Some(length as u64), (self.target)())
            .with_finish(ProgressFinish::AndClear);
        if let Ok(style) = ProgressStyle::with_template(template) {
            let pace = |state: &ProgressState, out: &mut dyn fmt::Write| {
                // A terminal that takes no more is no reason to stop.
                let _ = out.write_str(&pace(state.per_sec(), state.eta()));
            };
            self.bar.set_style(style.with_key("pace", pace));
        }
        self.bar.set_prefix(verb);
        self.bar.tick();
    }

    /// What follows the counts.
    fn say(&self, what: &str) {
        self.bar.set_message(format!(": {what}"));
    }

    fn count(&self, tally: StepCount) {
        self.bar.set_length(tally.all as u64);
        self.bar.set_position(tally.done as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use indicatif::TermLike;
    use std::io;
    use std::sync::Arc;

    #[test]
    fn what_is_left_and_what_fails_is_said() {
        let mut places = StepCount::of(3);
        assert_eq!(places.text_left(), "3 left");
        places.count(true);
        places.count(false);
        assert_eq!(places.text_left(), "1 left (1 failing)");
        // Home regions of trails are read after the rest, and told of before.
        places.all += 1;
        assert_eq!(places.text_left(), "2 left (1 failing)");
    }

    /// A terminal of one screen: the lines that are on it, and where the cursor is.
    #[derive(Debug, Clone, Default)]
    struct Terminal(Arc<Mutex<(Vec<String>, usize)>>);

    impl Terminal {
        fn line(&self, edit: impl FnOnce(&mut String)) {
            let mut screen = self.0.lock().unwrap();
            let (lines, at) = &mut *screen;
            lines.resize(lines.len().max(*at + 1), String::new());
            edit(&mut lines[*at]);
        }

        fn seen(&self) -> String {
            let lines = self.0.lock().unwrap().0.clone();
            lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n").trim().to_owned()
        }
    }

    impl TermLike for Terminal {
        fn width(&self) -> u16 {
            80
        }
        fn move_cursor_up(&self, n: usize) -> io::Result<()> {
            self.0.lock().unwrap().1 -= n;
            Ok(())
        }
        fn move_cursor_down(&self, n: usize) -> io::Result<()> {
            self.0.lock().unwrap().1 += n;
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> io::Result<()> {
            self.line(|line| line.push_str(text));
            self.move_cursor_down(1)
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.line(|line| line.push_str(text));
            // A terminal goes on below its last column.
            let columns = self.0.lock().unwrap().0.last().map_or(0, |line| line.chars().count());
            self.move_cursor_down(columns / 81)
        }
        fn clear_line(&self) -> io::Result<()> {
            self.line(String::clear);
            Ok(())
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_step_that_is_done_leaves_nothing_on_the_terminal() {
        let terminal = Terminal::default();
        let own = terminal.clone();
        let target = move || ProgressDrawTarget::term_like(Box::new(own.clone()));
        let progress = Progress::shown(How::Bar(Shown::on(target)));
        let account = AccountId::new("111122223333").unwrap();
        // Each step's line takes the place of the one before, whose text is longer.
        progress.hear(ProgressEvent::ListingAccounts);
        assert_eq!(terminal.seen(), "Listing the organization's accounts");
        progress.hear(ProgressEvent::RegionsStarted { accounts: 6 });
        assert_eq!(terminal.seen(), "Entering accounts 0/6");
        progress.hear(ProgressEvent::RegionsRead { account, complete: true });
        let seen = terminal.seen();
        assert!(seen.starts_with("Entering accounts ") && seen.lines().count() == 1, "{seen:?}");
        progress.hear(ProgressEvent::ObserveStarted { accounts: 6, places: 12 });
        assert_eq!(terminal.seen(), "Reading 0/12");
        progress.hear(ProgressEvent::ObserveFinished);
        assert_eq!(terminal.seen(), "");
        // A step that an error ended.
        progress.hear(ProgressEvent::ApplyStarted { changes: 3 });
        assert_eq!(terminal.seen(), "Applying 0/3");
        drop(progress);
        assert_eq!(terminal.seen(), "");
    }

    #[test]
    fn the_pace_is_told_when_there_is_one() {
        assert_eq!(pace(0.0, Duration::ZERO), "");
        assert_eq!(pace(120.4, Duration::from_secs(74)), " at 120/s, done in 74s");
    }
}
