//! What the kinds of resources share when they compare: who owns an object, and the collected
//! differences.

use super::fields::FieldChanges;
use super::{Change, Field, Refusal, Step, Unknown, Verb, Waiting, Warning};
use crate::action::Action;
use crate::desired::Desired;
use crate::resource::{Address, BLUEPRINT_TAG, Kind, RELEASED_TAG, Tags, released_by};
use crate::scope::{Arn, Granularity, Place, Region};
use crate::snapshot::{Live, Observed, Unreadable};
use std::collections::BTreeSet;

/// Who owns an existing object.
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

/// What the kinds have found so far.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub changes: Vec<Change>,
    pub waiting: Vec<Waiting>,
    pub refusals: Vec<Refusal>,
    /// Refusals of one attribute, while the rest of the object is corrected.
    pub partly: BTreeSet<Address>,
    pub unknown: Vec<Unknown>,
    pub warnings: Vec<Warning>,
    pub in_sync: usize,
    pub assumed: usize,
}

/// What the kinds compare with, and where they put what they find.
pub(super) struct Differ<'a> {
    pub desired: &'a Desired,
    pub live: &'a Live,
    pub out: Collected,
}

impl<'a> Differ<'a> {
    pub fn new(desired: &'a Desired, live: &'a Live) -> Self {
        Self { desired, live, out: Collected::default() }
    }
}

impl Differ<'_> {
    /// Determines the owner of an object from its tag.
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

    /// Whether this blueprint has released an object, and may take it back.
    pub fn is_released(&self, tags: &Observed<Tags>) -> bool {
        tags.known().is_some_and(|tags| released_by(tags, &self.desired.name))
    }

    /// How an object of this name may be changed: as its owner, or by taking it over. Otherwise
    /// adds a refusal.
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

    /// Records the difference in tags, including those of another blueprint that are removed.
    pub fn tags_differ(&self, fields: &mut FieldChanges, missing: &Tags, live: &Observed<Tags>) {
        let before: Tags = live
            .known()
            .into_iter()
            .flat_map(Tags::iter)
            .filter(|(key, _)| missing.get(*key).is_some() || *key == RELEASED_TAG)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let before = Some(before).filter(|before| !before.is_empty());
        fields.differ("tags", &before, missing);
    }

    /// The tags that an owned object lacks or that have another value; foreign tags are left alone.
    pub fn missing_tags(&self, wanted: &Tags, live: &Observed<Tags>) -> Tags {
        let live = live.known();
        wanted
            .iter()
            .filter(|(key, value)| live.and_then(|tags| tags.get(*key)) != Some(*value))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// The name of an obsolete object that ctguard may remove: it has a name of the blueprint and
    /// carries the tag. With only one of the two it is foreign.
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
                // The entry for whatever a search by tag would have found.
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

    /// Why something of the blueprint's own goes: as said, or because the user asked for all of it.
    pub fn gone(&self, otherwise: &'static str) -> &'static str {
        if self.desired.intent.destroy {
            "destroy removes all that is the blueprint's"
        } else {
            otherwise
        }
    }

    /// Adds a refusal, and what to do about it.
    pub fn refuse(&mut self, address: Address, reason: impl Into<String>, help: impl Into<String>) {
        self.out.refusals.push(Refusal { address, reason: reason.into(), help: help.into() });
    }

    /// Adds a refusal of one attribute: the object itself may be changed.
    pub fn refuse_partly(
        &mut self,
        address: Address,
        reason: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.out.partly.insert(address.clone());
        self.refuse(address, reason, help);
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

    /// Counts what could not be read, and is taken as right.
    pub fn assumed(&mut self) {
        self.in_sync();
        self.out.assumed += 1;
    }

    pub fn in_sync(&mut self) {
        self.out.in_sync += 1;
    }

    /// Adds the call that tags an object. What is taken over is tagged first, so that an
    /// interrupted apply goes on as the owner.
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

/// Whether an object carries the mark of one that was released.
pub(super) fn is_marked_released(tags: &Observed<Tags>) -> bool {
    tags.known().is_some_and(|tags| tags.contains_key(RELEASED_TAG))
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

    /// A change of an existing object, by its owner or by taking it over.
    pub fn existing(place: &Place, kind: Kind, name: &str, verb: Verb) -> Self {
        let reason = match verb {
            Verb::Adopt => "it is taken over",
            _ => "it differs from the blueprint",
        };
        Self::new(place, kind, name, verb, reason)
    }

    /// Says that it is taken back, when it was released.
    pub fn taken_back(mut self, released: bool) -> Self {
        if released {
            "this blueprint released it, and takes it back".clone_into(&mut self.reason);
        }
        self
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
