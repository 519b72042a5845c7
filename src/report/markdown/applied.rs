//! What an apply did, as Markdown.

use super::{Document, code, places, plain};
use crate::report::alike::{Alike, listed};
use crate::report::apply::{ApplyReport, alike};
use crate::report::plan::{asides, unknown};
use crate::run::OutcomeKind;

/// Renders the result of an apply in at most `limit` bytes.
pub fn applied(report: &ApplyReport, limit: usize) -> String {
    let names = report.account_names();
    let mut out = Document::default();
    out.say(format!("### ctguard apply: {}", plain(&report.blueprint)));
    let stopped = match (report.interrupted, report.timed_out) {
        (false, _) => "",
        (true, false) => " Stopped on request.",
        (true, true) => " Stopped by --timeout.",
    };
    out.say(format!(
        "**{} done, {} failed, {} not attempted.**{stopped}",
        report.done, report.failed, report.not_attempted
    ));
    if let Some(counts) = &report.verdict {
        out.say(format!(
            "{} of {} alert × place combinations now reach everybody listed{}.",
            counts.proven + counts.assumed,
            counts.total(),
            super::super::apply::assumed(counts.assumed)
        ));
    }
    let of = |kind: OutcomeKind| {
        let these = report.outcomes.iter().filter(|one| one.outcome == kind);
        let told = |Alike { objects, text }: Alike<'_>| {
            let objects: Vec<String> =
                listed(&objects, &names).iter().map(|object| plain(object)).collect();
            match text.as_str() {
                "" => objects,
                why => vec![format!("{}: {}", objects.join(", "), plain(why))],
            }
        };
        alike(these.collect()).into_iter().flat_map(told).collect::<Vec<_>>()
    };
    out.list("Failed", "changes", of(OutcomeKind::Failed));
    out.list("Not attempted", "changes", of(OutcomeKind::NotAttempted));
    out.list("Taken back", "changes", of(OutcomeKind::TakenBack));
    let refused = asides::refused(&report.refusals).into_iter().map(|refused| {
        let objects = plain(&listed(&refused.objects, &names).join(", "));
        format!("{objects}: {}", plain(&refused.text.replace('\n', " ")))
    });
    out.list("Refused", "refusals", refused.collect());
    let unread = unknown::reasons(&report.unknown).into_iter().map(|reason| {
        let at = places(reason.places.iter().copied(), &names);
        format!("{} in {at}: {}. {}", plain(&reason.parts), plain(&reason.text), plain(&reason.fix))
    });
    out.list("Not known", "reasons", unread.collect());
    let waiting = asides::awaited(&report.waiting).into_iter().map(|awaited| {
        let at = places(awaited.places.iter().copied(), &names);
        format!("{} in {at}: {}", code(&awaited.name), plain(awaited.message))
    });
    out.list("Waiting for people", "requests", waiting.collect());
    let done = of(OutcomeKind::Done).into_iter().map(|item| format!("- {item}\n")).collect();
    out.details("Done", "changes", done);
    out.render(limit)
}
