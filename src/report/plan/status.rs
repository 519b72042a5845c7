//! The first sentences of a plan, and the last: what it is about, and how much there is of what.

use super::PlanView;
use crate::report::{Paint, account};
use ctguard_core::action::Action;
use ctguard_core::plan::{Change, Plan, PlanScope, Verb};
use ctguard_core::plural::count;
use ctguard_core::resource::Kind;
use ctguard_core::resource::names::Names;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// More accounts than these are counted, not named.
const NAMED_ACCOUNTS: usize = 5;

/// More regions than these are counted, not named.
const NAMED_REGIONS: usize = 10;

/// What a plan that makes state machines says of their price.
///
/// Source: <https://aws.amazon.com/step-functions/pricing/>
const MAIL_COSTS: &str = "Costs: a state machine itself nothing; each mail two state transitions, of which 4,000 a month are free in an account, and a million cost 25 USD in most regions.";

/// What a plan says that makes the state machines that put rules back.
///
/// Source: the page of [`MAIL_COSTS`].
const HEALS_RULES: &str = "Healing of rules: when somebody disables or deletes a rule of this blueprint, gives it another pattern, or removes or changes its targets, that is put back at once and a notice is sent; never more often within an hour and place than `heal.limit` says, and not while `ctguard heal pause` pauses it. Each call on such a rule takes about nine state transitions, each that is put back about thirty (0.0008 USD).";

/// The same of the one for the trail.
///
/// Source: the page of [`MAIL_COSTS`].
const HEALS: &str = "Healing: when somebody stops or deletes the trail, changes its settings or narrows its event selectors, that is put back at once and a notice is sent; never more often within an hour than `heal.limit` says, and not while `ctguard heal pause` pauses it. Each time takes about twenty state transitions (0.0005 USD); 4,000 a month are free in an account.";

/// What it says beside that where the trail is the organization's.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/creating-an-organizational-trail-prepare.html>
const ORGANIZATIONS: &str = "A deleted trail of the organization is told and not created again, which takes permissions in the organization: `ctguard apply` of the management account creates it.";

pub(super) fn render(out: &mut String, plan: &Plan, question: PlanView, paint: Paint) {
    let scope = &plan.scope;
    let _ = writeln!(
        out,
        "Blueprint {} in {}, {}{}.",
        paint.head(&plan.blueprint.name),
        accounts(plan),
        count(scope.regions.len(), "region"),
        regions(scope)
    );
    if !scope.excepted.is_empty() {
        let excepted: Vec<&str> = scope.excepted.iter().map(|region| region.as_str()).collect();
        let _ = writeln!(
            out,
            "Left out by an exception (nothing is watched there): {}.",
            excepted.join(", ")
        );
    }
    let (todo, is_clean) = headline(plan, question);
    let todo = if is_clean { paint.good(todo) } else { paint.warn(todo) };
    let _ = writeln!(out, "{todo}; {} in sync; {}.", plan.in_sync, read(plan));
}

/// What there is to do or what drifted, and whether that is nothing at all. "No drift" and "No
/// changes" are said only where nothing is refused and everything could be read.
pub(in crate::report) fn headline(plan: &Plan, question: PlanView) -> (String, bool) {
    let by_others = match question {
        PlanView::Plan => 0,
        PlanView::Drift { by_others } => by_others,
    };
    let mut parts = Vec::new();
    if !plan.is_empty() {
        parts.push(tally(plan, question));
    }
    if by_others > 0 {
        parts.push(format!("{by_others} that no apply mends"));
    }
    // A plan with changes tells its refusals further down, and an apply does what is left.
    if !plan.refusals.is_empty() && (plan.is_empty() || question != PlanView::Plan) {
        parts.push(format!("{} refused", plan.refusals.len()));
    }
    if question.is_drift() && !plan.elsewhere.is_empty() {
        let differ: usize = plan.elsewhere.iter().map(|there| there.changes).sum();
        parts.push(format!("{differ} elsewhere"));
    }
    let (nothing, unknown) = match question {
        PlanView::Plan => ("No changes", "What would change is not known"),
        PlanView::Drift { .. } => ("No drift", "Drift is not known"),
    };
    match parts.is_empty() {
        false => (parts.join(", "), false),
        true if plan.unknown.is_empty() => (nothing.to_owned(), true),
        true => (unknown.to_owned(), false),
    }
}

fn are(number: usize) -> &'static str {
    if number == 1 { "is" } else { "are" }
}

/// Whether everything could be read.
pub(in crate::report) fn read(plan: &Plan) -> String {
    let assumed = match plan.assumed {
        0 => String::new(),
        many => format!("{} could not be read and {} assumed", count(many, "object"), are(many)),
    };
    match plan.unknown.len() {
        0 if assumed.is_empty() => "everything could be read".to_owned(),
        0 => assumed,
        many => format!("{} could not be read", count(many, "part")),
    }
}

/// The accounts by id and name, or their number.
pub(in crate::report) fn accounts(plan: &Plan) -> String {
    let names = super::names(plan);
    let part = plan.scope.shard.as_ref().map(|shard| format!(" (part {shard} of the fleet)"));
    let part = part.unwrap_or_default();
    match plan.scope.accounts.as_slice() {
        few if few.len() <= NAMED_ACCOUNTS => {
            let word = if few.len() == 1 { "account" } else { "accounts" };
            let few: Vec<String> = few.iter().map(|id| account(id, &names)).collect();
            match few.is_empty() {
                true => format!("no account{part}"),
                false => format!("{word} {}{part}", few.join(", ")),
            }
        }
        many => format!("{}{part}", count(many.len(), "account")),
    }
}

fn regions(scope: &PlanScope) -> String {
    let shown: Vec<&str> =
        scope.regions.iter().take(NAMED_REGIONS).map(|region| region.as_str()).collect();
    let more = match scope.regions.len().saturating_sub(NAMED_REGIONS) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    match shown.is_empty() {
        true => String::new(),
        false => format!(": {}{more}", shown.join(", ")),
    }
}

/// How many objects there are to create, to update and so on; or missing, changed and so on.
fn tally(plan: &Plan, question: PlanView) -> String {
    let of = |verb| plan.changes.iter().filter(|change| change.action == verb).count();
    let parts = question.counted().map(|(verb, words)| (of(verb), words));
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(many, _)| *many > 0)
        .map(|(many, words)| format!("{many} {words}"))
        .collect();
    parts.join(", ")
}

/// How many objects of each kind, what exists included.
pub(super) fn sum(out: &mut String, plan: &Plan, question: PlanView) {
    if plan.is_empty() {
        return;
    }
    let parts: Vec<String> = question
        .counted()
        .into_iter()
        .filter_map(|(verb, words)| {
            let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
            for change in plan.changes.iter().filter(|change| change.action == verb) {
                *kinds.entry(change.address.kind).or_default() += 1;
            }
            let kinds: Vec<String> =
                kinds.into_iter().map(|(kind, many)| count_of(many, kind)).collect();
            (!kinds.is_empty()).then(|| format!("{} {words}", kinds.join(", ")))
        })
        .collect();
    let exists = match plan.in_sync {
        0 if plan.changes.iter().all(|change| change.action == Verb::Create) => {
            "nothing is there yet".to_owned()
        }
        0 => "nothing else is there".to_owned(),
        1 => "1 object is there as it should be".to_owned(),
        many => format!("{many} objects are there as they should be"),
    };
    let _ = writeln!(out, "\nIn all: {}; {exists}.", parts.join("; "));
    if !question.is_drift() {
        costs(out, plan);
    }
}

/// What new state machines cost.
fn costs(out: &mut String, plan: &Plan) {
    let names = Names::new(&plan.blueprint.name);
    let made =
        |change: &&Change| change.action == Verb::Create && change.address.kind == Kind::Machine;
    let made: BTreeSet<&str> =
        plan.changes.iter().filter(made).map(|change| change.address.name.as_str()).collect();
    for (machine, says) in
        [(names.machine(), MAIL_COSTS), (names.heal(), HEALS), (names.heal_rules(), HEALS_RULES)]
    {
        if made.contains(machine.as_str()) {
            let _ = writeln!(out, "{says}");
        }
    }
    let of_organization = |change: &Change| {
        change.address.name == names.heal()
            && change.calls.iter().any(|call| match call {
                Action::CreateStateMachine { machine, .. } => {
                    machine.definition.contains("\"organization\":true")
                }
                _ => false,
            })
    };
    if plan.changes.iter().any(of_organization) {
        let _ = writeln!(out, "{ORGANIZATIONS}");
    }
}

fn count_of(many: usize, kind: Kind) -> String {
    match kind {
        Kind::Bus if many != 1 => format!("{many} buses"),
        _ => count(many, kind.as_str()),
    }
}
