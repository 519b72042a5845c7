//! Desired × live → the changes, place by place, and everything that is not a change but must be said.

use super::defer::Stage;
use super::fields::Fields;
use super::{
    Change, Field, Plan, PlanScope, PlannedFrom, Refusal, Step, Unknown, Verb, Waiting, Warning,
    effects, kinds, order,
};
use crate::action::Action;
use crate::desired::{Desired, DesiredPlace};
use crate::proof;
use crate::proof::{FixedBy, LinkCode, Proof, Status};
use crate::resource::{Address, BLUEPRINT_TAG, Kind, Tags};
use crate::scope::Granularity;
use crate::scope::{AccountId, Arn, Place, Region};
use crate::snapshot::Live;
use crate::snapshot::{CloudErrorKind, Observed, PlaceSnapshot, Unreadable};
use std::collections::BTreeSet;

/// Compares what should exist with what was observed. A place of the scope that was not observed at
/// all is unknown, never in sync.
pub fn diff(desired: &Desired, live: &Live, stage: Stage) -> Plan {
    let mut differ = Differ { desired, live, out: Collected::default() };
    for (account, why) in &desired.unread {
        differ.unknown_in(account, "which regions are enabled, so the whole account", why);
    }
    kinds::bucket::diff(&mut differ);
    kinds::role::diff(&mut differ);
    for (place, here) in desired.own_places() {
        let Some(seen) = live.places.get(place) else {
            differ.unknown(place, "the whole place", &not_observed());
            continue;
        };
        differ.place(place, here, seen);
    }
    let mut out = differ.out;
    order::sort(&mut out.changes);
    out.waiting.sort();
    out.refusals.sort();
    out.unknown.sort();
    out.unknown.dedup();
    let mut plan = Plan {
        ctguard_plan: super::FORMAT_VERSION,
        blueprint: PlannedFrom { name: desired.name.clone(), digest: None, resolved: None },
        as_of: desired.as_of.to_string(),
        scope: scope(desired),
        intent: desired.intent.clone(),
        effects: Vec::new(),
        changes: out.changes,
        waiting: out.waiting,
        refusals: out.refusals,
        unknown: out.unknown,
        warnings: out.warnings,
        guards: Vec::new(),
        in_sync: out.in_sync,
        fingerprints: Vec::new(),
    };
    let proof = proof::prove(desired, live);
    let refused = plan.refusals.iter().map(|refusal| &refusal.address).cloned();
    let refused: Vec<Address> = refused.chain(refused_elsewhere(desired, live)).collect();
    let outlooks = effects::outlooks(desired, live, &proof, &refused);
    super::defer::hold(desired, live, &outlooks, &mut plan, stage);
    super::references::settle(desired, live, &mut plan);
    plan.effects = effects::of(desired, live, &outlooks, &plan);
    if stage == Stage::Planned {
        plan.guards = super::guards::of(desired, live, &plan);
    }
    plan.warnings.extend(uncovered(&proof));
    plan.warnings.sort();
    plan.warnings.dedup();
    plan
}

/// What ctguard will not touch in the places that this part of the fleet only looks at: its alerts depend on
/// it as much as they do in a plan of the whole.
fn refused_elsewhere(desired: &Desired, live: &Live) -> impl Iterator<Item = Address> {
    let mut differ = Differ { desired, live, out: Collected::default() };
    for place in &desired.context {
        if let (Some(here), Some(seen)) = (desired.places.get(place), live.places.get(place)) {
            differ.place(place, here, seen);
        }
    }
    differ.out.refusals.into_iter().map(|refusal| refusal.address)
}

/// What a plan cannot mend keeps an alert silent: it says so before anything is applied. Who must confirm
/// is among what waits, and what stands in the way of a rule among the refusals.
fn uncovered(proof: &Proof) -> Vec<Warning> {
    let said_elsewhere = |code| matches!(code, LinkCode::SubscriberPending | LinkCode::ChatMissing);
    proof
        .findings()
        .into_iter()
        .filter(|finding| finding.fixed_by == FixedBy::Person && !finding.alerts.is_empty())
        .filter(|finding| {
            let broken = finding.status == Status::Broken;
            let trail = finding.code.is_trail() && finding.status >= Status::Unknown;
            let message = finding.code >= LinkCode::ForwardRole && !said_elsewhere(finding.code);
            trail || broken && message
        })
        .map(|finding| {
            let object = match finding.code {
                LinkCode::TrailMissing => String::new(),
                _ => format!(" ({})", finding.object),
            };
            let message = format!("{}{object}. {}", finding.cause, finding.fix);
            Warning { message, per: finding.per, places: finding.places }
        })
        .collect()
}

fn scope(desired: &Desired) -> PlanScope {
    let places = || desired.own_places().map(|(place, _)| place);
    let unread = desired.unread.keys().cloned();
    let accounts: BTreeSet<_> = places().map(|place| place.account.clone()).chain(unread).collect();
    let regions: BTreeSet<_> = places().map(|place| place.region.clone()).collect();
    let name = |id: &AccountId| Some((id.clone(), desired.accounts.get(id)?.name.clone()?));
    PlanScope {
        names: accounts.iter().filter_map(name).collect(),
        accounts: accounts.into_iter().collect(),
        regions: regions.into_iter().collect(),
        excepted: desired.excepted.clone(),
        shard: None,
        only_accounts: Vec::new(),
        only_regions: Vec::new(),
        caller: None,
    }
}

fn not_observed() -> Unreadable {
    Unreadable {
        operation: "observe".to_owned(),
        code: "NotObserved".to_owned(),
        message: "the place was not read".to_owned(),
        kind: CloudErrorKind::Refused,
    }
}

/// Whose an existing object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owner {
    /// It carries this blueprint's tag.
    Us,
    /// It carries another blueprint's tag.
    Blueprint(String),
    Nobody,
    /// Its tags could not be read.
    Unknown(Unreadable),
}

#[derive(Debug, Default)]
struct Collected {
    changes: Vec<Change>,
    waiting: Vec<Waiting>,
    refusals: Vec<Refusal>,
    unknown: Vec<Unknown>,
    warnings: Vec<Warning>,
    in_sync: usize,
}

/// What the kinds compare with, and where they put what they find.
pub(super) struct Differ<'a> {
    pub desired: &'a Desired,
    pub live: &'a Live,
    out: Collected,
}

impl Differ<'_> {
    fn place(&mut self, place: &Place, here: &DesiredPlace, seen: &PlaceSnapshot) {
        kinds::trail::diff(self, place, here, seen);
        kinds::queue::diff(self, place, here, seen);
        kinds::topic::diff(self, place, here, seen);
        kinds::bus::diff(self, place, here, seen);
        kinds::rule::diff(self, place, here, seen);
    }

    /// Tells from the ownership tag whose an object is. This is the one place where that is decided.
    pub fn owner(&self, tags: &Observed<Tags>) -> Owner {
        match tags {
            Observed::Unreadable(why) => Owner::Unknown(why.clone()),
            Observed::Absent => Owner::Nobody,
            Observed::Known(tags) => match tags.get(BLUEPRINT_TAG) {
                Some(name) if *name == self.desired.name => Owner::Us,
                Some(name) => Owner::Blueprint(name.clone()),
                None => Owner::Nobody,
            },
        }
    }

    /// How an object of this name may be changed: as its owner, or by taking it over. When it may not, says so in
    /// the plan.
    pub fn may_change(
        &mut self,
        place: &Place,
        address: &Address,
        tags: &Observed<Tags>,
    ) -> Option<Verb> {
        let adopt = &self.desired.intent.adopt;
        let (reason, help) = match self.owner(tags) {
            Owner::Us => return Some(Verb::Update),
            Owner::Nobody if adopt.takes(address) => return Some(Verb::Adopt),
            Owner::Blueprint(_) if adopt.takes_away(address) => return Some(Verb::Adopt),
            Owner::Unknown(why) => {
                self.unknown(place, &format!("tags of {} {}", address.kind, address.name), &why);
                return None;
            }
            Owner::Blueprint(name) => (
                format!("it belongs to the blueprint `{name}`"),
                format!(
                    "Rename or remove it, or give the blueprint another `name`. `--adopt={}` takes it away from the other blueprint.",
                    address.name
                ),
            ),
            Owner::Nobody => (
                format!("it does not carry the tag {BLUEPRINT_TAG}={}", self.desired.name),
                "Rename or remove it, or give the blueprint another `name`. If it is this blueprint's and only lost its tag, or is to be, `--adopt` takes it over.".to_owned(),
            ),
        };
        self.refuse(address.clone(), reason, help);
        None
    }

    /// The difference in tags, those of another blueprint that go included.
    pub fn tags_differ(&self, fields: &mut Fields, missing: &Tags, live: &Observed<Tags>) {
        let before: Tags = live
            .known()
            .into_iter()
            .flat_map(Tags::iter)
            .filter(|(key, _)| missing.get(*key).is_some())
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let before = Some(before).filter(|before| !before.is_empty());
        fields.differ("tags", &before, missing);
    }

    /// The tags that an owned object lacks or has otherwise; what others tagged is left alone.
    pub fn missing_tags(&self, wanted: &Tags, live: &Observed<Tags>) -> Tags {
        let live = live.known();
        wanted
            .iter()
            .filter(|(key, value)| live.and_then(|tags| tags.get(*key)) != Some(*value))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// The name of an object that the blueprint does not name and that is ctguard's to remove: its name
    /// is one of the blueprint's and it carries the tag. Either alone makes it somebody else's.
    pub fn leftover<'a, T>(
        &mut self,
        place: &Place,
        kind: Kind,
        arn: &'a str,
        live: &Observed<T>,
        tags: impl Fn(&T) -> &Observed<Tags>,
    ) -> Option<&'a str> {
        let name = Arn::parse(arn)?.resource;
        if !name.starts_with(self.desired.names.prefix()) {
            return None;
        }
        let owner = match live {
            Observed::Known(live) => self.owner(tags(live)),
            Observed::Absent => Owner::Nobody,
            Observed::Unreadable(why) => Owner::Unknown(why.clone()),
        };
        match owner {
            Owner::Us => Some(name),
            Owner::Blueprint(_) | Owner::Nobody => None,
            Owner::Unknown(why) => {
                // The port's entry for whatever a search by tag would have found.
                let part = if name.ends_with('*') {
                    format!("{kind}s that the blueprint no longer needs")
                } else {
                    format!("{kind} {name}")
                };
                self.unknown(place, &part, &why);
                None
            }
        }
    }

    /// Says that ctguard will not touch something, and what to do about it.
    pub fn refuse(&mut self, address: Address, reason: impl Into<String>, help: impl Into<String>) {
        self.out.refusals.push(Refusal { address, reason: reason.into(), help: help.into() });
    }

    pub fn unknown(&mut self, place: &Place, part: &str, why: &Unreadable) {
        self.unknown_at(&place.region, place, part, why);
    }

    pub fn unknown_at(&mut self, region: &Region, place: &Place, part: &str, why: &Unreadable) {
        self.out.unknown.push(Unknown {
            account: place.account.clone(),
            region: region.clone(),
            part: part.to_owned(),
            why: why.clone(),
        });
    }

    pub fn wait(&mut self, waiting: Waiting) {
        self.out.waiting.push(waiting);
    }

    pub fn warn(&mut self, warning: String) {
        self.out.warnings.push(Warning {
            message: warning,
            per: Granularity::Fleet,
            places: BTreeSet::new(),
        });
    }

    pub fn in_sync(&mut self) {
        self.out.in_sync += 1;
    }

    /// Adds the call that tags an object. What is taken over is tagged first: an apply that stops there and is run
    /// again goes on as the owner.
    pub fn tag(verb: Verb, calls: &mut Vec<Action>, call: Action) {
        let at = if verb == Verb::Adopt { 0 } else { calls.len() };
        calls.insert(at, call);
    }

    /// Adds a change, or counts the object as in sync when nothing differs.
    pub fn change(&mut self, draft: Draft, fields: Vec<Field>, calls: Vec<Action>) {
        if calls.is_empty() {
            self.in_sync();
            return;
        }
        let Draft { place, address, verb, reason, alert, needs, step } = draft;
        self.out.changes.push(Change {
            address,
            action: verb,
            reason,
            alert,
            fields,
            place,
            calls,
            needs,
            step,
        });
    }
}

/// The part of a change that is known before its fields are compared.
pub(super) struct Draft {
    pub place: Place,
    pub address: Address,
    pub verb: Verb,
    pub reason: String,
    pub alert: Option<String>,
    pub needs: Vec<Address>,
    pub step: Option<Step>,
}

impl Draft {
    pub fn new(place: &Place, kind: Kind, name: &str, verb: Verb, reason: &str) -> Self {
        Self {
            place: place.clone(),
            address: Address::new(place, kind, name),
            verb,
            reason: reason.to_owned(),
            alert: None,
            needs: Vec::new(),
            step: None,
        }
    }

    /// A change of what exists, by its owner or by whom takes it over.
    pub fn existing(place: &Place, kind: Kind, name: &str, verb: Verb) -> Self {
        let reason = match verb {
            Verb::Adopt => "it is taken over",
            _ => "it was changed",
        };
        Self::new(place, kind, name, verb, reason)
    }

    pub fn alert(mut self, alert: Option<&str>) -> Self {
        self.alert = alert.map(str::to_owned);
        self
    }

    pub fn step(mut self, step: Option<Step>) -> Self {
        self.step = step;
        self
    }

    pub fn needs(mut self, needs: impl IntoIterator<Item = Address>) -> Self {
        self.needs.extend(needs);
        self
    }
}
