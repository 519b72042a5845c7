//! Turns a plan, a verdict or a blueprint's problems into a list of notices, each with a code and
//! the alerts it is about. SARIF and GitHub's annotations are made of these.

use super::plan::diff::{self, Difference};
use super::plan::effects::{Note, are_told, elsewhere, is_partly, note};
use super::plan::fold::{self, Alike};
use super::plan::question::waiting;
use super::plan::{PlanView, asides, names, unknown};
use super::positions::{Position, Positions};
use super::{AccountNames, account, attribution, named_addresses, verify};
use ctguard_core::cause::remedy::for_regions;
use ctguard_core::codes;
use ctguard_core::codes::Code;
use ctguard_core::diag::{Diagnostic, Span};
use ctguard_core::drift::{Culprit, Drift};
use ctguard_core::phrase::{Phrase, PlaceNames};
use ctguard_core::plan::{Field, Plan, Verb};
use ctguard_core::plural::count;
use ctguard_core::proof::{Finding, RemarkGroup, RemarkSeverity, Report, Status};
use ctguard_core::resource::Address;
use ctguard_core::scope::Place;
use std::collections::BTreeSet;

/// The severity of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Error,
    Warning,
    Note,
}

/// One notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub level: Level,
    /// The code: of a link, a diagnostic, or a finding of a plan.
    pub code: Code,
    /// Full sentences.
    pub message: String,
    /// The alerts that it is about.
    pub alerts: BTreeSet<String>,
    /// Where it stands in a file, when that is known already.
    pub span: Option<Span>,
    /// Distinguishes it from others of the same code and alert; without names of accounts and
    /// regions.
    pub object: String,
}

impl Notice {
    /// Where it stands: at one of its alerts, at what its object belongs to, or in the first line.
    pub fn position(&self, alert: Option<&str>, positions: &Positions) -> Position {
        match alert {
            Some(_) => positions.alert(alert),
            None => positions.thing(&self.object).unwrap_or_else(|| positions.alert(None)),
        }
    }

    /// The message without the code at its beginning, for where the code stands before it.
    pub fn after_code(&self) -> &str {
        let code = self.code.as_str();
        self.message.strip_prefix(code).map_or(self.message.as_str(), str::trim_start)
    }
}

/// The notices of a plan, gravest first.
pub fn plan(plan: &Plan, question: PlanView) -> Vec<Notice> {
    let names = names(plan);
    let mut all = Vec::new();
    let noted = note(plan, question);
    let told = plan.effects.iter().filter(|_| are_told(plan, question));
    for (effect, said) in told.filter_map(|effect| Some((effect, noted(effect)?))) {
        let words = match said {
            Note::Gain(_) => continue,
            Note::Doubt(words) => {
                let message = format!(
                    "Alert {}: {words}. It reaches everybody in {} of {}, as far as could be read.",
                    effect.alert,
                    effect.alerting_now,
                    count(effect.places, "place")
                );
                let alert = &effect.alert;
                let alerts = [alert.clone()];
                all.push(notice(Level::Warning, codes::ALERT_UNKNOWN, message, alerts, alert));
                continue;
            }
            Note::Loss(words) => words,
        };
        if question.is_drift() {
            let message = format!(
                "Alert {}: {words}. It reaches everybody in {} of {}.",
                effect.alert,
                effect.alerting_now,
                count(effect.places, "place")
            );
            let alert = &effect.alert;
            all.push(notice(Level::Error, codes::ALERT_LOST, message, [alert.clone()], alert));
            continue;
        }
        let lost =
            effect.removed || effect.dropped > 0 || effect.alerting_after < effect.alerting_now;
        let (level, code) = match lost {
            true => (Level::Error, codes::PLAN_LOST),
            false if is_partly(effect) => (Level::Warning, codes::PLAN_PARTLY),
            false => (Level::Warning, codes::PLAN_SILENT),
        };
        let message = format!(
            "Alert {}: {words}. It reaches everybody in {} of {} now, in {} after an apply, in {} once everybody has confirmed.",
            effect.alert,
            effect.alerting_now,
            count(effect.places, "place"),
            effect.alerting_after,
            effect.alerting_confirmed
        );
        all.push(notice(level, code, message, [effect.alert.clone()], &effect.alert));
    }
    if question.is_drift() {
        for (there, message) in plan.elsewhere.iter().zip(elsewhere(plan, question)) {
            let place = there.place.to_string();
            all.push(notice(Level::Warning, codes::DRIFT, message, [], &place));
        }
    }
    for guard in plan.guards.iter().filter(|_| !question.is_drift()) {
        let message = format!("{} If this is intended, add {}.", guard.message, guard.kind.flag());
        let code = guard.kind.code();
        all.push(notice(Level::Error, code, message, guard.alerts.iter().cloned(), code.as_str()));
    }
    for refusal in &plan.refusals {
        let object = asides::named(&refusal.address, &names);
        let message = format!("{object}: {}. {}", refusal.reason, refusal.help);
        all.push(notice(Level::Error, codes::PLAN_REFUSED, message, [], &refusal.address.name));
    }
    for reason in unknown::reasons(&plan.unknown) {
        let at = named_addresses(reason.places.iter().copied(), &names);
        let message = format!("{} in {at}: {}. {}", reason.parts, reason.text, reason.fix);
        all.push(notice(Level::Warning, codes::PLAN_UNREAD, message, [], &reason.parts));
    }
    for warning in &plan.warnings {
        let message = match &warning.places {
            none if none.is_empty() => warning.message.clone(),
            some => format!("{}: {}", located(some, &names), warning.message),
        };
        all.push(notice(Level::Warning, codes::PLAN_WARNING, message, [], &warning.message));
    }
    all.extend(
        fold::changes(plan, Alike::Named).iter().map(|folded| change(folded, question, &names)),
    );
    for awaited in asides::awaited(&waiting(plan, question)) {
        let at = named_addresses(awaited.places.iter().copied(), &names);
        let message = format!("{} in {at}: {}", awaited.name, awaited.message);
        all.push(notice(Level::Note, codes::PLAN_WAITING, message, [], &awaited.name));
    }
    sorted(all)
}

/// The notices of drift: those of the plan, and who changed what.
///
/// A person may have changed many objects in one call, so what the plan folds over places has the
/// culprits of all of them, each once.
pub fn drift(drift: &Drift) -> Vec<Notice> {
    let names = names(&drift.plan);
    let question = PlanView::Drift { by_others: drift.by_others() };
    let mut all = plan(&drift.plan, question);
    let elsewhere: Vec<String> =
        drift.plan.elsewhere.iter().map(|there| there.place.to_string()).collect();
    all.retain(|told| told.code != codes::DRIFT || elsewhere.contains(&told.object));
    for folded in fold::changes(&drift.plan, Alike::Named) {
        let mut told = change(&folded, question, &names);
        let of_folded = |address: &Address| {
            let there = (address.account.clone(), address.region.clone());
            let name = folded.change.address.name.replace("{account}", address.account.as_str());
            address.kind == folded.change.address.kind
                && address.name == name.replace("{region}", address.region.as_str())
                && folded.places.contains(&there)
        };
        let who: BTreeSet<String> = drift
            .culprits
            .iter()
            .filter(|culprit| of_folded(&culprit.address))
            .map(|culprit| attribution::sentence(&culprit.finding))
            .collect();
        for sentence in who {
            told.message.push(' ');
            told.message.push_str(&sentence);
        }
        all.push(told);
    }
    // An object whose tag somebody took off is refused, and no change.
    for refusal in &drift.plan.refusals {
        let object = asides::named(&refusal.address, &names);
        let of = |culprit: &&Culprit| culprit.address == refusal.address;
        let refused = |notice: &&mut Notice| {
            notice.code == codes::PLAN_REFUSED && notice.message.starts_with(&object)
        };
        if let Some(culprit) = drift.culprits.iter().find(of)
            && let Some(told) = all.iter_mut().find(refused)
        {
            told.message.push(' ');
            told.message.push_str(&attribution::sentence(&culprit.finding));
        }
    }
    all.extend(by_others_told(drift));
    sorted(all)
}

fn change(folded: &fold::Folded, question: PlanView, names: &AccountNames<'_>) -> Notice {
    let (change, places) = (&folded.change, &folded.places);
    let at = named_addresses(places.iter().map(|(account, region)| (account, region)), names);
    let fields: Vec<String> = change.fields.iter().map(|field| told(field, question)).collect();
    let fields = match (change.action, fields.as_slice()) {
        (Verb::Create | Verb::Delete, _) | (_, []) => String::new(),
        (_, some) => format!(" ({})", some.join(", ")),
    };
    let (address, verb) = (&change.address, question.word(change.action));
    let what = format!("{} {}", address.kind, address.name);
    let alerts = change.alert.iter().cloned();
    match question {
        PlanView::Plan => {
            let message = format!("{verb} {what} in {at}: {}{fields}.", change.reason);
            notice(Level::Note, codes::PLAN_CHANGE, message, alerts, &format!("{verb} {what}"))
        }
        PlanView::Drift { .. } => {
            let message = format!("{what} in {at} has drifted: {}{fields}.", change.reason);
            notice(Level::Warning, codes::DRIFT, message, alerts, &what)
        }
    }
}

/// A field by its name; of drift, what it was and is, where that is short.
fn told(field: &Field, question: PlanView) -> String {
    let path = &field.path;
    match diff::of(&question.field(field)) {
        Difference::Value { before, after } if question.is_drift() => {
            format!("{path}: {before} → {after}")
        }
        _ => path.clone(),
    }
}

/// The notices of a verdict, gravest first.
pub fn verdict(report: &Report) -> Vec<Notice> {
    let names = verify::names(report);
    let mut all: Vec<Notice> = report.links.iter().map(|link| finding(link, &names)).collect();
    for unread in &report.unread {
        let ids: Vec<String> =
            unread.accounts.iter().take(10).map(|id| account(id, &names)).collect();
        let message = format!(
            "{} not read ({}): {} failed: {} ({}). {}",
            count(unread.accounts.len(), "account"),
            ids.join(", "),
            unread.operation,
            unread.code,
            unread.message,
            unread.fix
        );
        all.push(notice(Level::Warning, codes::ACCOUNT_UNREAD, message, [], &unread.operation));
    }
    // A note is no finding: a verdict in which everything is proven has none.
    let degraded = report.remarks.iter().filter(|said| said.severity != RemarkSeverity::Note);
    all.extend(degraded.map(|said| remark(said, &names)));
    sorted(all)
}

fn remark(said: &RemarkGroup, names: &AccountNames<'_>) -> Notice {
    let level = match said.severity {
        RemarkSeverity::Degraded => Level::Warning,
        RemarkSeverity::Note => Level::Note,
    };
    let places: Vec<Place> = said.places.iter().cloned().collect();
    let message = format!("{} in {}: {}", said.object, located(&places, names), said.text);
    let object = anonymous(&said.object, &said.places);
    notice(level, said.code.code(), message, [], &object)
}

/// The notices of what others did that no apply undoes, gravest first.
pub fn by_others(drift: &Drift) -> Vec<Notice> {
    let names = names(&drift.plan);
    let denied = drift.denied.iter().map(|link| finding(link, &names));
    sorted(denied.chain(drift.additions.iter().map(|said| remark(said, &names))).collect())
}

/// The same, with who did it.
pub fn by_others_told(drift: &Drift) -> Vec<Notice> {
    let names = names(&drift.plan);
    let who = |object: &str, places: &BTreeSet<Place>| -> BTreeSet<String> {
        let culprits = places.iter().flat_map(|place| drift.culprits_of(object, place));
        culprits.map(|culprit| attribution::sentence(&culprit.finding)).collect()
    };
    let told = |mut notice: Notice, who: BTreeSet<String>| {
        for sentence in who {
            notice.message.push(' ');
            notice.message.push_str(&sentence);
        }
        notice
    };
    let denied = drift.denied.iter();
    let denied = denied.map(|link| told(finding(link, &names), who(&link.object, &link.places)));
    let additions = drift.additions.iter();
    let additions =
        additions.map(|said| told(remark(said, &names), who(&said.object, &said.places)));
    sorted(denied.chain(additions).collect())
}

fn finding(link: &Finding, names: &AccountNames<'_>) -> Notice {
    let level = match link.status {
        Status::Broken => Level::Error,
        Status::Unknown => Level::Warning,
        Status::Assumed | Status::Proven => Level::Note,
    };
    let places: Vec<Place> = link.places.iter().cloned().collect();
    let fix = for_regions(&link.fix, link.places.iter().map(|place| &place.region));
    let fix = if fix.is_empty() { fix } else { format!(" {fix}") };
    let message = format!(
        "{} ({}): {} in {}: {}.{fix}",
        link.code,
        link.status.as_str(),
        link.object,
        located(&places, names),
        link.cause
    );
    let object = anonymous(&link.object, &link.places);
    notice(level, link.code.code(), message, link.alerts.iter().cloned(), &object)
}

/// What is wrong with a blueprint.
pub fn diagnostics(all: &[Diagnostic]) -> Vec<Notice> {
    let one = |diagnostic: &Diagnostic| {
        let level = match diagnostic.severity {
            ctguard_core::diag::Severity::Error => Level::Error,
            ctguard_core::diag::Severity::Warning => Level::Warning,
            ctguard_core::diag::Severity::Note => Level::Note,
        };
        let help = diagnostic.help.as_deref().map(|help| format!(": {help}")).unwrap_or_default();
        let message = format!("{}{help}.", diagnostic.message);
        let notice = notice(level, diagnostic.code, message, [], &diagnostic.message);
        Notice { span: diagnostic.span.clone(), ..notice }
    };
    sorted(all.iter().map(one).collect())
}

fn notice(
    level: Level,
    code: Code,
    message: String,
    alerts: impl IntoIterator<Item = String>,
    object: &str,
) -> Notice {
    Notice {
        level,
        code,
        message,
        alerts: alerts.into_iter().collect(),
        span: None,
        object: object.to_owned(),
    }
}

/// Gravest first; what is equally grave stays in order.
fn sorted(mut all: Vec<Notice>) -> Vec<Notice> {
    all.sort_by_key(|notice| notice.level);
    all
}

fn located<'p>(places: impl IntoIterator<Item = &'p Place>, names: &AccountNames<'_>) -> String {
    named_addresses(places.into_iter().map(|place| (&place.account, &place.region)), names)
}

/// An object's name without those of its account and region, so that it is the same when another
/// place joins.
fn anonymous(object: &str, places: &BTreeSet<Place>) -> String {
    Phrase::new(object, &PlaceNames::of_places(places)).anonymous()
}
