//! Renders the trial of a blueprint's alerts: failures in full, the rest counted.

use super::Paint;
use super::matches::mismatches;
use super::screen::line;
use ctguard_core::blueprint::Expect;
use ctguard_core::offline::{AlertTrial, Got, Origin, SampleTrial, Trial};
use ctguard_core::plural::count;
use std::fmt::Write;

/// Renders a trial; with `show`, the messages too.
pub fn render(trial: &Trial, show: bool, paint: Paint) -> String {
    let mut out = String::new();
    let ids = trial.alerts.iter().map(|alert| alert.id.len());
    let longest = ids.max().map_or(0, |longest| longest.max("alert".len()));
    if !trial.alerts.is_empty() {
        let columns = "listed  generated  near misses  messages";
        let _ = writeln!(out, "{}", paint.dim(format!("        {:longest$}  {columns}", "alert")));
    }
    for alert in &trial.alerts {
        let word = if alert.passed { paint.good("ok    ") } else { paint.bad("FAILED") };
        let _ = writeln!(out, "{word}  {:longest$}  {}", alert.id, tally(alert));
        problems(&mut out, alert, paint);
        if show {
            messages(&mut out, alert, paint);
        }
    }
    let failed = trial.alerts.iter().filter(|alert| !alert.passed).count();
    let samples: usize = trial.alerts.iter().map(|alert| alert.samples.len()).sum();
    let tried = format!("{} on {}", count(trial.alerts.len(), "alert"), count(samples, "sample"));
    let verdict = match failed {
        0 => paint.good("all passed"),
        _ => paint.bad(format!("{failed} failed")),
    };
    let _ = writeln!(
        out,
        "Blueprint {} as of {}: {tried}, {verdict}.",
        paint.head(&trial.blueprint),
        trial.as_of
    );
    out
}

fn tally(alert: &AlertTrial) -> String {
    let of = |origin, expect| {
        alert.samples.iter().filter(|one| one.origin == origin && one.expect == expect).count()
    };
    let listed = of(Origin::Listed, Expect::Match) + of(Origin::Listed, Expect::Ignore);
    let misses = of(Origin::Generated, Expect::Ignore);
    let generated = of(Origin::Generated, Expect::Match);
    let messages = alert.texts.iter().filter(|text| text.error.is_none()).count();
    format!("{listed:6}  {generated:9}  {misses:11}  {messages:8}")
}

fn problems(out: &mut String, alert: &AlertTrial, paint: Paint) {
    for sample in alert.samples.iter().filter(|sample| !sample.passed) {
        let _ = writeln!(out, "        {}: {}", paint.bad(line(&sample.name)), line(&said(sample)));
        mismatches(out, &sample.mismatches, "          ");
    }
    for text in alert.texts.iter().chain(&alert.hostile) {
        if let Some(error) = &text.error {
            let format = text.format.as_str();
            let _ = writeln!(
                out,
                "        {}: the {format} message: {error}",
                paint.bad(line(&text.sample))
            );
        }
    }
    if !alert.has_minimum() {
        let (matches, ignores) = (alert.listed_matches, alert.listed_ignores);
        let _ = writeln!(
            out,
            "        {} {} listed to match and {} to be ignored; list at least {} of each under `tests:`",
            paint.bad("too few samples:"),
            count(matches, "file"),
            count(ignores, "file"),
            alert.minimum
        );
    }
    for never in &alert.never_fires {
        let never = format!(
            "{} {} never raises the alert: {}",
            paint.bad("never-fires:"),
            never.event,
            never.cause
        );
        let _ = writeln!(out, "        {never}");
    }
    for event in &alert.not_generated {
        let _ = writeln!(
            out,
            "        {} no sample of {event} could be made that the alert matches; list one under `tests:`",
            paint.dim("note:")
        );
    }
    for sample in alert.samples.iter().filter(|sample| sample.origin == Origin::Listed) {
        for note in &sample.notes {
            let _ = writeln!(
                out,
                "        {} {}: {}",
                paint.dim("note:"),
                line(&sample.name),
                line(&note.to_string())
            );
        }
    }
}

fn said(sample: &SampleTrial) -> String {
    match (sample.got, &sample.withheld, &sample.unreadable) {
        (Got::Withheld, Some(why), _) => format!("a pattern matches, but {why}"),
        (Got::Unreadable, _, Some(why)) => format!("it cannot be tried: {why}"),
        (Got::Unrecognised, ..) => {
            "no event was recognised in the file, so that ignoring it proves nothing".to_owned()
        }
        (Got::Match, ..) => "it is to be ignored, and the alert fires".to_owned(),
        _ => "it is to match, and the alert does not fire".to_owned(),
    }
}

fn messages(out: &mut String, alert: &AlertTrial, paint: Paint) {
    for text in &alert.texts {
        let Some(message) = &text.text else { continue };
        let title = format!("--- {} of {}", text.format.as_str(), line(&text.sample));
        let _ = writeln!(out, "{}", paint.dim(title));
        if let Some(subject) = &text.subject {
            let _ = writeln!(out, "Subject: {subject}\n");
        }
        let _ = writeln!(out, "{message}");
    }
    let _ = writeln!(out);
}
