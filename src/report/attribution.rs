//! Renders who changed what has drifted, or what an apply would change.

use super::alike::listed;
use super::plan::{self, Detail, PlanView};
use super::screen::said;
use super::{AccountNames, Paint, notice, wrap};
use ctguard_core::drift::record::RecordedCall;
use ctguard_core::drift::{Culprit, Drift, Finding, Origin};
use ctguard_core::plan::Plan;
use ctguard_core::resource::Address;
use std::fmt::Write;

/// Most objects that are named before they are counted.
const OBJECTS_SHOWN: usize = 10;

/// Renders what has drifted, what of it is cosmetic, and who changed it.
pub fn drift(drift: &Drift, paint: Paint) -> String {
    let question = PlanView::Drift { by_others: drift.by_others() };
    let text = plan::render(&drift.plan, question, Detail::Brief, paint);
    let (others, who) = (by_others(drift, paint), render(drift, paint));
    let cosmetic = cosmetic(drift.cosmetic);
    format!("{text}{}{cosmetic}{}", wrap::fit(&others, paint.width), wrap::fit(&who, paint.width))
}

/// Renders a plan, and whose changes it is about, as far as that was looked up.
pub fn plan(plan: &Plan, culprits: &[Culprit], detail: Detail, paint: Paint) -> String {
    let text = plan::render(plan, PlanView::Plan, detail, paint);
    let whose = origins(plan, culprits, paint);
    format!("{text}{}", wrap::fit(&whose, paint.width))
}

/// What others changed, with their calls, and what the blueprint's own edits change.
pub fn origins(plan: &Plan, culprits: &[Culprit], paint: Paint) -> String {
    let mut out = String::new();
    let of = |origin| {
        let of = move |culprit: &&Culprit| culprit.finding.origin() == Some(origin);
        culprits.iter().filter(of).collect::<Vec<_>>()
    };
    let (others, own) = (of(Origin::Others), of(Origin::Blueprint));
    if !others.is_empty() {
        let _ = writeln!(out, "\n{}", paint.head("Changed by others"));
        by_calls(&mut out, others, &plan::names(plan), paint);
    }
    if !own.is_empty() {
        let _ = writeln!(out, "\n{}", paint.head("Changed in the blueprint"));
        let objects: Vec<&Address> = own.iter().map(|culprit| &culprit.address).collect();
        named_objects(&mut out, &objects, &plan::names(plan));
        let why = "ctguard wrote last what is there, says CloudTrail's event history, which lags some minutes.";
        let _ = writeln!(out, "      {}", paint.dim(why));
    }
    out
}

/// What others did that no apply undoes.
fn by_others(drift: &Drift, paint: Paint) -> String {
    let mut out = String::new();
    if drift.by_others() > 0 {
        let _ =
            writeln!(out, "\n{}", paint.head("Broken or changed by others, and no apply mends it"));
    }
    for notice in notice::by_others(drift) {
        let _ = writeln!(out, "  {} {}", paint.bad(notice.code), notice.after_code());
    }
    out
}

/// Renders who did it: one entry for each call, with all that it changed.
pub fn render(drift: &Drift, paint: Paint) -> String {
    let (culprits, names) = (&drift.culprits, plan::names(&drift.plan));
    let mut out = String::new();
    if culprits.is_empty() {
        return out;
    }
    let _ = writeln!(out, "\n{}", paint.head("Who changed it"));
    by_calls(&mut out, culprits, &names, paint);
    out
}

/// One entry for each call, with all that it changed.
fn by_calls<'a>(
    out: &mut String,
    culprits: impl IntoIterator<Item = &'a Culprit>,
    names: &AccountNames<'_>,
    paint: Paint,
) {
    let mut told: Vec<(String, Vec<&Address>)> = Vec::new();
    for culprit in culprits {
        let text = finding(&culprit.finding, paint);
        match told.iter_mut().find(|(other, _)| *other == text) {
            Some((_, objects)) => objects.push(&culprit.address),
            None => told.push((text, vec![&culprit.address])),
        }
    }
    for (text, objects) in told {
        named_objects(out, &objects, names);
        out.push_str(&text);
    }
}

fn named_objects(out: &mut String, objects: &[&Address], names: &AccountNames<'_>) {
    let all = listed(objects, names);
    for object in all.iter().take(OBJECTS_SHOWN) {
        let _ = writeln!(out, "  {object}");
    }
    if all.len() > OBJECTS_SHOWN {
        let _ = writeln!(out, "  and {} more", all.len() - OBJECTS_SHOWN);
    }
}

/// Who did it, in one sentence or two, for notices.
pub fn sentence(told: &Finding) -> String {
    let plain = Paint { color: false, width: usize::MAX };
    let text = finding(told, plain);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    match told {
        Finding::Calls(_) => {
            let calls: Vec<String> = lines.chunks(2).map(|call| call.join(" ")).collect();
            format!("Changed by {}.", calls.join("; "))
        }
        _ => lines.join(" "),
    }
}

fn finding(finding: &Finding, paint: Paint) -> String {
    let line = |text: String| format!("      {text}\n");
    match finding {
        Finding::Calls(deeds) => deeds
            .iter()
            .enumerate()
            .map(|(index, deed)| {
                let before = if index == 0 { "" } else { "before: " };
                format!("{}{}", line(format!("{before}{}", who(deed, paint))), line(whence(deed)))
            })
            .collect(),
        Finding::NotFound { complete: true } => line(
            "CloudTrail's history has no call that did this: it is older than 90 days, younger than some minutes, or the blueprint itself has changed.".to_owned(),
        ),
        Finding::NotFound { complete: false } => line(
            "CloudTrail's latest calls of this kind are about other objects; older ones were not looked through.".to_owned(),
        ),
        Finding::Unreadable(why) => {
            line(format!("CloudTrail's history could not be read: {why}."))
        }
        Finding::NotAsked => line(
            "CloudTrail was not asked: too much has drifted to look it all up.".to_owned(),
        ),
    }
}

fn who(deed: &RecordedCall, paint: Paint) -> String {
    let by = &deed.by;
    let mut kind = said(&by.kind);
    if let Some(issuer) = &by.issuer {
        let _ = write!(kind, " of {}", said(issuer));
    }
    if let Some(via) = by.via.as_ref().filter(|via| *via != by.who()) {
        let _ = write!(kind, ", through {}", said(via));
    }
    let own = if deed.by_ctguard { ", with ctguard" } else { "" };
    let (call, who, time) = (said(&deed.call), said(by.who()), said(&deed.time));
    format!("{} by {who} ({kind}){own} at {time}", paint.bad(&call))
}

fn whence(deed: &RecordedCall) -> String {
    let from = deed.source_ip.as_ref().map_or_else(|| "an unknown address".to_owned(), said);
    let with = deed.user_agent.as_ref().map(|agent| format!(", {}", said(agent)));
    format!("from {from}{}, event {}", with.unwrap_or_default(), said(&deed.event_id))
}

/// The cosmetic differences, in one sentence; empty without any.
pub fn cosmetic(objects: usize) -> String {
    match objects {
        0 => String::new(),
        _ => format!(
            "\n{} in descriptions, names or tags that alter nothing: `ctguard plan` shows them.\n",
            if objects == 1 {
                "1 object differs".to_owned()
            } else {
                format!("{objects} objects differ")
            }
        ),
    }
}
