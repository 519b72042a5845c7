//! The result of an apply, as text and as JSON.

use super::alike::{Alike, folded, listed};
use super::plan::asides::{named, refused, told_of, waiting};
use super::plan::unknown;
use super::{AccountNames, Paint, wrap};
use crate::run::apply::Why;
use crate::run::{Applied, ChangeOutcome, OutcomeKind};
use ctguard_core::cause::Cause;
use ctguard_core::cloud::CloudError;
use ctguard_core::plan::{Change, Refusal, Unknown, Waiting};
use ctguard_core::plural::count;
use ctguard_core::proof::Counts;
use ctguard_core::resource::Address;
use ctguard_core::scope::{AccountId, Place};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The result of an apply as data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ApplyReport {
    /// The version of this format.
    #[schemars(extend("const" = 1))]
    pub format_version: u32,
    /// The name of the blueprint.
    pub blueprint: String,
    /// The names of the accounts, where known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<AccountId, String>,
    /// Changes that were made.
    pub done: usize,
    /// Changes that were tried, and failed.
    pub failed: usize,
    /// Changes that were not tried, since something before them failed or the run was stopped.
    pub not_attempted: usize,
    /// Changes that were done and undone, because what they were for was refused.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub taken_back: usize,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
    /// Whether the time limit of the run stopped it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub timed_out: bool,
    /// Every change that was to be made, in order.
    pub outcomes: Vec<ReportedOutcome>,
    /// What waits for a person now.
    pub waiting: Vec<Waiting>,
    /// What was left alone, because it is not this blueprint's or AWS would refuse it.
    pub refusals: Vec<Refusal>,
    /// What could not be read, so that nothing was done about it.
    pub unknown: Vec<Unknown>,
    /// The verdict of `verify` after the apply; absent when there was nothing to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Counts>,
}

/// One change and its outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReportedOutcome {
    /// The resource.
    pub address: Address,
    /// What was to happen to it.
    pub action: ctguard_core::plan::Verb,
    /// How it ended.
    pub outcome: OutcomeKind,
    /// Why it was not done, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// AWS's error code, where a call failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl ApplyReport {
    pub fn of(
        blueprint: &str,
        applied: &Applied,
        planned: &ctguard_core::plan::Plan,
        verdict: Option<Counts>,
    ) -> Self {
        let plan = applied.after.as_ref().map_or(planned, |after| &after.plan);
        // A request that was not sent has no answer to wait for.
        let undone = |address: &Address| {
            let of = |outcome: &&ChangeOutcome| outcome.change.address == *address;
            applied.outcomes.iter().find(of).is_some_and(|o| o.kind != OutcomeKind::Done)
        };
        Self {
            format_version: 1,
            blueprint: blueprint.to_owned(),
            names: planned.scope.names.clone(),
            done: applied.count(OutcomeKind::Done),
            failed: applied.count(OutcomeKind::Failed),
            not_attempted: applied.count(OutcomeKind::NotAttempted),
            taken_back: applied.count(OutcomeKind::TakenBack),
            interrupted: applied.interrupted,
            timed_out: false,
            outcomes: applied
                .outcomes
                .iter()
                .map(|outcome| ReportedOutcome {
                    address: outcome.change.address.clone(),
                    action: outcome.change.action,
                    outcome: outcome.kind,
                    why: outcome.why.as_ref().map(|why| explain(why, &outcome.change)),
                    code: match &outcome.why {
                        Some(Why::Cloud(error) | Why::Left(_, error)) => Some(error.code.clone()),
                        _ => None,
                    },
                })
                .collect(),
            waiting: plan.waiting.iter().filter(|w| !undone(&w.address)).cloned().collect(),
            refusals: plan.refusals.clone(),
            unknown: plan.unknown.clone(),
            verdict,
        }
    }

    /// The names of the accounts.
    pub(super) fn account_names(&self) -> AccountNames<'_> {
        self.names.iter().map(|(id, name)| (id, name.as_str())).collect()
    }
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

fn explain(why: &Why, change: &Change) -> String {
    let named = |address: &Address| named(address, &AccountNames::new());
    match why {
        Why::Cloud(error) => failed(error, &change.place),
        Why::TakenBack(trail) => format!(
            "It was made for {}, which was refused, and is deleted again: it was empty, and its name would be taken.",
            named(trail)
        ),
        Why::Left(trail, error) => format!(
            "It was made for {}, which was refused, and could not be deleted again. {} The next apply goes on with it; without one, delete it with `aws s3api delete-bucket --bucket {} --region {}`.",
            named(trail),
            failed(error, &change.place),
            change.address.name,
            change.place.region
        ),
        Why::Needs(address) => {
            format!("It needs {}, which was not done.", named(address))
        }
        Why::Interrupted => {
            "Stopped before it was finished; the same command goes on from there.".to_owned()
        }
    }
}

fn failed(error: &CloudError, place: &Place) -> String {
    let id = error.request_id.as_deref().map(|id| format!(" (request {id})")).unwrap_or_default();
    let help = match error.cause() {
        // AWS's own words say what is wrong with the request.
        Cause::Other | Cause::Unstated => String::new(),
        _ => format!(" {}", error.remedy_at(place)),
    };
    format!("{error}{id}.{help}")
}

/// What was not done as planned, by how it ended: what failed or waits alike is told once.
pub(super) fn undone(report: &ApplyReport) -> Vec<(OutcomeKind, Alike<'_>)> {
    let mut all: Vec<(OutcomeKind, Alike<'_>)> = Vec::new();
    let told = |one: &&ReportedOutcome| one.outcome != OutcomeKind::Done || one.why.is_some();
    let mut rest: Vec<&ReportedOutcome> = report.outcomes.iter().filter(told).collect();
    while let Some(first) = rest.first() {
        let kind = first.outcome;
        let (these, others) = rest.into_iter().partition(|one| one.outcome == kind);
        rest = others;
        let these: Vec<&ReportedOutcome> = these;
        all.extend(alike(these).into_iter().map(|alike| (kind, alike)));
    }
    all
}

/// Outcomes that are told alike. Each request has an id of its own, which is told of one alone.
pub(super) fn alike<'a>(these: Vec<&'a ReportedOutcome>) -> Vec<Alike<'a>> {
    let whole: BTreeMap<&Address, &str> =
        these.iter().map(|one| (&one.address, one.why.as_deref().unwrap_or_default())).collect();
    let said = these.iter().map(|one| {
        (&one.address, without_request(one.why.as_deref().unwrap_or_default()).into_owned())
    });
    let mut all = folded(said);
    for alike in &mut all {
        if let [one] = alike.objects.as_slice() {
            alike.text = whole.get(one).copied().unwrap_or_default().to_owned();
        }
    }
    all
}

/// The text without the id of AWS's request.
fn without_request(why: &str) -> Cow<'_, str> {
    let found = why.split_once(" (request ").and_then(|(before, rest)| {
        let (_, after) = rest.split_once(')')?;
        Some(format!("{before}{after}"))
    });
    found.map_or(Cow::Borrowed(why), Cow::Owned)
}

/// Renders the result of an apply.
pub fn render(report: &ApplyReport, paint: Paint) -> String {
    let names = report.account_names();
    let mut out = String::new();
    for (kind, Alike { objects, text }) in undone(report) {
        let sign = match kind {
            OutcomeKind::Failed => paint.bad("✗ failed"),
            OutcomeKind::TakenBack => paint.warn("· taken back"),
            OutcomeKind::Done => paint.warn("· left behind"),
            _ => paint.warn("· not attempted"),
        };
        for object in listed(&objects, &names) {
            let _ = writeln!(out, "{sign} {object}");
        }
        if !text.is_empty() {
            let _ = writeln!(out, "    {text}");
        }
    }
    let mut parts = vec![format!("{} done", count(report.done, "change"))];
    if report.failed > 0 {
        parts.push(paint.bad(format!("{} failed", report.failed)));
    }
    if report.not_attempted > 0 {
        parts.push(paint.warn(format!("{} not attempted", report.not_attempted)));
    }
    if report.taken_back > 0 {
        parts.push(paint.warn(format!("{} taken back", report.taken_back)));
    }
    if report.interrupted {
        let why = if report.timed_out { "by --timeout" } else { "on request" };
        parts.push(format!("stopped {why}"));
    }
    let _ = writeln!(out, "Applied {}: {}.", paint.head(&report.blueprint), parts.join(", "));
    for Alike { objects, text } in refused(&report.refusals) {
        let sign = paint.bad("✗ refused");
        told_of(&mut out, (&sign, "         ", "    "), &listed(&objects, &names), &text);
    }
    unknown::render(&mut out, &report.unknown, &names, paint);
    waiting(&mut out, &report.waiting, &names, paint);
    if let Some(counts) = report.verdict.as_ref().filter(|counts| counts.total() > 0) {
        let all = counts.total();
        let reached = counts.proven + counts.assumed;
        let assumed = assumed(counts.assumed);
        let sentence = format!(
            "{reached} of {all} alert × place combinations now reach everybody listed{assumed}."
        );
        let sentence = if reached == all { paint.good(sentence) } else { paint.warn(sentence) };
        let _ = writeln!(out, "\n{sentence} `ctguard verify` says more.");
    }
    wrap::fit(&out, paint.width)
}

/// How many of the combinations that reach everybody are so on trust, as the end of a sentence.
pub(in crate::report) fn assumed(number: usize) -> String {
    match number {
        0 => String::new(),
        number => format!(", {number} of them as far as it can be read"),
    }
}
