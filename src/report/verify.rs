//! Renders a verdict: worst first, each broken link once.

use super::alike::Failure;
use super::{AccountNames, PLACES_SHOWN, Paint, account, extent, named_addresses, wrap};
use ctguard_core::cause::remedy::for_regions;
use ctguard_core::plural::count;
use ctguard_core::proof::{
    AlertCounts, Counts, Finding, LinkCode, RemarkGroup, RemarkSeverity, Report, Status, Unread,
};
use ctguard_core::scope::{AccountId, Place};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Most alerts that a finding names, and rules that a remark does, before it only counts.
const NAMES_SHOWN: usize = 6;

/// Most objects that one reason hides before they are only counted.
const OBJECTS_SHOWN: usize = 3;

/// Renders a report of `verify`.
pub fn render(report: &Report, paint: Paint) -> String {
    let mut out = String::new();
    let counts = &report.counts;
    let alerts = count(report.alerts.len(), "alert");
    let _ = writeln!(
        out,
        "Blueprint {}: {alerts}, in {} alert × place combinations{}.",
        paint.head(&report.blueprint),
        counts.total(),
        fleet(report)
    );
    let degraded = match report.degraded {
        0 => String::new(),
        many => format!(", {}", paint.warn(format!("{many} degraded"))),
    };
    let _ = writeln!(out, "{}{degraded}.", tally(counts, paint));
    if report.partly > 0 {
        let _ = writeln!(out, "{}", partly(report));
    }
    if let Some(beside) = beside(report) {
        let _ = writeln!(out, "{beside}");
    }
    let names = names(report);
    for unread in &report.unread {
        render_unread(&mut out, unread, &names, paint);
    }
    for group in groups(&report.links) {
        render_group(&mut out, &group, &names, paint);
    }
    if !report.alerts.is_empty() {
        let head = "Alerts, with the share of places in their worst state";
        let _ = writeln!(out, "\n{}", paint.head(head));
    }
    render_alerts(&mut out, &report.alerts, paint);
    for alert in &report.unrouted {
        let _ = writeln!(
            out,
            "  {} {alert}: its route is empty, so it notifies nobody",
            paint.dim("unrouted")
        );
    }
    if !report.remarks.is_empty() {
        let _ = writeln!(out, "\n{}", paint.head("Remarks"));
        render_remarks(&mut out, &report.remarks, &names, paint);
    }
    let _ = writeln!(
        out,
        "\n{}",
        paint.dim("Proven means that every link ctguard can read is right. It is no promise of AWS's best-effort delivery, of events above 256 KB, of organization policies that cannot be read here, or that a mailbox is read.")
    );
    wrap::fit(&out, paint.width)
}

/// In how many of the combinations that do not reach everybody somebody listed hears all the same.
pub(super) fn partly(report: &Report) -> String {
    let Counts { broken, unknown, .. } = report.counts;
    let all = broken + unknown;
    let word = match (broken, unknown) {
        (_, 0) => "broken",
        (0, _) => "unknown",
        _ => "broken or unknown",
    };
    let nobody = all.saturating_sub(report.partly);
    format!(
        "Of the {all} {word}, {} still reach some of those listed, and {nobody} reach nobody as far as is known.",
        report.partly
    )
}

/// What belongs to no combination, and fails a check all the same.
pub(super) fn beside(report: &Report) -> Option<String> {
    let part = |status: Status| {
        let of = |link: &&Finding| link.alerts.is_empty() && link.status == status;
        let codes: Vec<&str> =
            report.links.iter().filter(of).map(|link| link.code.as_str()).collect();
        let named: BTreeSet<&str> = codes.iter().copied().collect();
        let named = named.into_iter().collect::<Vec<_>>().join(", ");
        (!codes.is_empty()).then(|| format!("{} {} ({named})", codes.len(), status.as_str()))
    };
    let parts: Vec<String> =
        [part(Status::Broken), part(Status::Unknown)].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("Beside the combinations: {}.", parts.join(", ")))
}

/// A line for each alert. Its title stands beside it where there is room for every title, else below.
fn render_alerts(out: &mut String, alerts: &[AlertCounts], paint: Paint) {
    let longest = alerts.iter().map(|alert| alert.alert.len()).max().unwrap_or(0);
    let row = |alert: &AlertCounts, paint: Paint| {
        let worst = worst(&alert.counts);
        let (word, share) = match alert.counts.total() {
            0 => (paint.dim(format!("{:8}", "no place")).to_string(), String::new()),
            all => (
                paint_status(worst, &format!("{:8}", worst.as_str()), paint),
                format!("{}/{all}", of(&alert.counts, worst)),
            ),
        };
        let risk = alert.risk.as_str();
        format!("  {word} {share:>7}  {risk:8}  {:longest$}", alert.alert)
    };
    let plain = Paint { color: false, ..paint };
    // How many of its combinations still reach somebody.
    let some = |alert: &AlertCounts| match alert.partly {
        0 => String::new(),
        many => format!(" (reaches some in {many})"),
    };
    let beside = alerts.iter().all(|alert| {
        let title = wrap::seen(&alert.title) + some(alert).len();
        wrap::seen(&row(alert, plain)) + 2 + title <= paint.width
    });
    for alert in alerts {
        let title = format!("{}{}", paint.dim(&alert.title), some(alert));
        let _ = match beside {
            true => writeln!(out, "{}  {title}", row(alert, paint)),
            false => writeln!(out, "{}\n      {title}", row(alert, paint).trim_end()),
        };
    }
}

fn tally(counts: &Counts, paint: Paint) -> String {
    let part = |number: usize, status: Status| {
        let text = format!("{number} {}", status.as_str());
        if number == 0 { paint.dim(text) } else { paint_status(status, &text, paint) }
    };
    [
        part(counts.broken, Status::Broken),
        part(counts.unknown, Status::Unknown),
        part(counts.assumed, Status::Assumed),
        part(counts.proven, Status::Proven),
    ]
    .join(", ")
}

/// In how many places of how many accounts, where there are several.
fn fleet(report: &Report) -> String {
    let places = report.accounts.iter().fold(0_usize, |all, one| all.saturating_add(one.places));
    let part = report.shard.as_ref().map(|shard| format!(", part {shard} of the fleet"));
    let regions: Vec<&str> = report.only_regions.iter().map(|region| region.as_str()).collect();
    let regions = match regions.as_slice() {
        [] => String::new(),
        some => format!(", in {} alone", some.join(", ")),
    };
    let part = part.unwrap_or_default() + &regions;
    match report.accounts.len() {
        0 | 1 => part,
        accounts => {
            format!(" in {} of {}{part}", count(places, "place"), count(accounts, "account"))
        }
    }
}

/// What people call accounts; nothing in a report about one.
pub(super) fn names(report: &Report) -> AccountNames<'_> {
    let named = report.accounts.iter().filter_map(|one| Some((&one.id, one.name.as_deref()?)));
    named.collect()
}

fn render_unread(out: &mut String, unread: &Unread, names: &AccountNames<'_>, paint: Paint) {
    let mut ids: Vec<String> =
        unread.accounts.iter().take(PLACES_SHOWN).map(|id| account(id, names)).collect();
    if unread.accounts.len() > PLACES_SHOWN {
        ids.push(format!("and {} more", unread.accounts.len() - PLACES_SHOWN));
    }
    let many = count(unread.accounts.len(), "account");
    let _ = writeln!(
        out,
        "\n{} {many} not read  {}",
        paint_status(Status::Unknown, Status::Unknown.as_str(), paint),
        ids.join(", ")
    );
    let _ = writeln!(out, "  {} failed: {} ({}).", unread.operation, unread.code, unread.message);
    let _ = writeln!(out, "  Fix: {}", unread.fix);
}

/// Findings that fold together: what could not be read for one reason is one problem, regardless of
/// the number of objects, and so is what is wrong in the same way, in the same places, with the same
/// remedy.
pub(super) fn groups(findings: &[Finding]) -> Vec<Group<'_>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    let mut known: BTreeMap<_, usize> = BTreeMap::new();
    for finding in findings {
        let apart = (finding.status != Status::Unknown).then_some((
            finding.code.as_str(),
            finding.status.as_str(),
            &finding.places,
        ));
        let key = (&finding.cause, &finding.fix, apart);
        let index = *known.entry(key).or_insert(groups.len());
        match groups.get_mut(index) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    let mut told: Vec<Group> = Vec::new();
    for findings in groups {
        let group = Group::of(findings);
        match told.iter_mut().find(|other| other.is_like(&group)) {
            Some(other) => other.join(group),
            None => told.push(group),
        }
    }
    told
}

/// Findings with one cause and one remedy.
pub(super) struct Group<'a> {
    pub findings: Vec<&'a Finding>,
    /// What could not be read: calls that fail alike in the same places are one problem, too.
    failure: Option<Failure>,
    pub places: BTreeSet<&'a Place>,
}

impl<'a> Group<'a> {
    fn of(findings: Vec<&'a Finding>) -> Self {
        let failure = findings
            .first()
            .filter(|first| first.status == Status::Unknown)
            .and_then(|first| Failure::parse(&first.cause, &first.fix));
        let places = findings.iter().flat_map(|finding| &finding.places).collect();
        Self { findings, failure, places }
    }

    fn is_like(&self, other: &Self) -> bool {
        let alike = self.failure.as_ref().zip(other.failure.as_ref());
        alike.is_some_and(|(one, other)| one.is_like(other)) && self.places == other.places
    }

    fn join(&mut self, other: Self) {
        self.findings.extend(other.findings);
        if let Some((failure, more)) = self.failure.as_mut().zip(other.failure) {
            failure.join(more);
        }
    }

    pub fn status(&self) -> Option<Status> {
        self.findings.first().map(|first| first.status)
    }

    /// Its cause and its remedy.
    pub fn words(&self) -> (String, String) {
        let first = self.findings.first();
        let told = self.failure.as_ref().map(|failure| (failure.text(), failure.fix()));
        let (cause, fix) = told
            .or_else(|| first.map(|first| (first.cause.clone(), first.fix.clone())))
            .unwrap_or_default();
        (cause, for_regions(&fix, self.places.iter().map(|place| &place.region)))
    }
}

fn render_group(out: &mut String, group: &Group<'_>, names: &AccountNames<'_>, paint: Paint) {
    let (cause, fix) = group.words();
    let is_read = group.failure.is_none();
    let group = &group.findings;
    let Some(first) = group.first() else { return };
    let status = paint_status(first.status, first.status.as_str(), paint);
    let codes: BTreeSet<&str> = group.iter().map(|finding| finding.code.as_str()).collect();
    let codes = codes.into_iter().collect::<Vec<_>>().join(", ");
    let all: BTreeSet<&Place> = group.iter().flat_map(|finding| &finding.places).collect();
    // An account's own object adds nothing to its places.
    let regional: BTreeSet<&AccountId> =
        all.iter().filter(|place| !place.region.is_global()).map(|place| &place.account).collect();
    let told =
        all.iter().filter(|place| !place.region.is_global() || !regional.contains(&place.account));
    // The code names what is not known, which reads like a finding of that kind.
    let not_read = if is_read { "" } else { " (not read)" };
    let codes = paint.head(codes);
    let _ = writeln!(out, "\n{status} {codes}{not_read}  {}", located(told.copied(), names));
    for finding in group.iter().take(OBJECTS_SHOWN) {
        let _ = writeln!(out, "  {}", finding.object);
    }
    if group.len() > OBJECTS_SHOWN {
        let _ = writeln!(out, "  and {} more", count(group.len() - OBJECTS_SHOWN, "object"));
    }
    let _ = writeln!(out, "  {cause}.");
    let concerned: BTreeSet<String> =
        group.iter().flat_map(|finding| finding.alerts.iter().cloned()).collect();
    if !concerned.is_empty() {
        let _ = writeln!(out, "  Alerts: {}.", some(&concerned));
    }
    if !fix.is_empty() {
        let _ = writeln!(out, "  Fix: {fix}");
    }
}

/// Places with the names of their accounts; how many there are, when not all of them are named.
fn located<'a>(places: impl IntoIterator<Item = &'a Place>, names: &AccountNames<'_>) -> String {
    let all: Vec<&Place> = places.into_iter().collect();
    if all.iter().all(|place| place.region.is_global()) {
        return of_accounts(all.iter().map(|place| &place.account), names);
    }
    let named = named_addresses(all.iter().map(|place| (&place.account, &place.region)), names);
    match all.len() > PLACES_SHOWN {
        true => {
            let all = all.iter().map(|place| (&place.account, &place.region));
            format!("× {}: {named}", extent(all))
        }
        false => named,
    }
}

/// Accounts, of which no region matters; how many there are, when not all of them are named.
fn of_accounts<'a>(
    all: impl IntoIterator<Item = &'a AccountId>,
    names: &AccountNames<'_>,
) -> String {
    let all: BTreeSet<&AccountId> = all.into_iter().collect();
    let mut named: Vec<String> =
        all.iter().take(PLACES_SHOWN).map(|id| account(id, names)).collect();
    let many = count(all.len(), "account");
    match all.len().saturating_sub(PLACES_SHOWN) {
        0 => named.join(", "),
        more => {
            named.push(format!("and {more} more"));
            format!("× {many}: {}", named.join(", "))
        }
    }
}

/// The remarks; what is said in the same words of several objects is said once, with their names.
fn render_remarks(
    out: &mut String,
    remarks: &[RemarkGroup],
    names_of: &AccountNames<'_>,
    paint: Paint,
) {
    let mut alike: Vec<(&RemarkGroup, BTreeSet<String>)> = Vec::new();
    for said in remarks {
        let same = |one: &&mut (&RemarkGroup, BTreeSet<String>)| {
            (one.0.code, &one.0.text, &one.0.places) == (said.code, &said.text, &said.places)
        };
        match alike.iter_mut().find(same) {
            Some((_, names)) => drop(names.insert(name(&said.object))),
            None => alike.push((said, BTreeSet::from([name(&said.object)]))),
        }
    }
    for (said, names) in alike {
        let mark = match said.severity {
            RemarkSeverity::Degraded => paint.warn("degraded"),
            RemarkSeverity::Note => paint.dim("note"),
        };
        let _ = writeln!(
            out,
            "  {mark} {}  {}",
            paint.head(said.code),
            located(&said.places, names_of)
        );
        let _ = writeln!(out, "    {}", said.text);
        // Their texts do not name what they are about.
        match said.code {
            LinkCode::NeverFired => drop(writeln!(out, "    Rules: {}.", some(&names))),
            LinkCode::UnsubscribeOpen => drop(writeln!(out, "    Addresses: {}.", some(&names))),
            _ => {}
        }
    }
}

/// The last part of an ARN.
fn name(object: &str) -> String {
    object.rsplit(['/', ':']).next().unwrap_or(object).to_owned()
}

/// A few names, and how many more there are.
fn some(names: &BTreeSet<String>) -> String {
    let mut shown: Vec<String> = names.iter().take(NAMES_SHOWN).cloned().collect();
    if names.len() > NAMES_SHOWN {
        shown.push(format!("and {} more", names.len() - NAMES_SHOWN));
    }
    shown.join(", ")
}

fn paint_status(status: Status, text: &str, paint: Paint) -> String {
    match status {
        Status::Proven => paint.good(text),
        Status::Assumed | Status::Unknown => paint.warn(text),
        Status::Broken => paint.bad(text),
    }
}

pub(super) fn worst(counts: &Counts) -> Status {
    [Status::Broken, Status::Unknown, Status::Assumed]
        .into_iter()
        .find(|status| of(counts, *status) > 0)
        .unwrap_or(Status::Proven)
}

pub(super) fn of(counts: &Counts, status: Status) -> usize {
    match status {
        Status::Proven => counts.proven,
        Status::Assumed => counts.assumed,
        Status::Unknown => counts.unknown,
        Status::Broken => counts.broken,
    }
}
