//! Chains of several places, folded where they differ in nothing but the places' own names.
//!
//! A text stands for several places in one of two ways: it is the same in all of them (the trail that
//! each of them sees), or it differs by account and region alone (the rule that each of them has). Which
//! one it is may differ from text to text of one link, but must be the same for every place of a chain.

use super::{Chain, ChainLink, evidence};
use crate::desired::AlertPath;
use crate::event::EventRef;
use crate::proof::{Link, PathProof};
use crate::scope::Place;
use crate::snapshot::Live;
use std::collections::HashMap;
use std::sync::Arc;

/// The way of an alert from one place.
pub(super) struct Way<'a> {
    pub path: &'a PathProof,
    /// The events that can land there.
    pub events: Vec<String>,
    /// For each link the live values behind it, as JSON; empty where there are none to show.
    pub evidence: Vec<Arc<str>>,
}

/// The live values behind the links that several ways have, by the links' addresses.
pub(super) type Evidence = HashMap<*const Link, Arc<str>>;

impl<'a> Way<'a> {
    pub fn of(live: &Live, proof: &'a PathProof, path: &AlertPath, known: &mut Evidence) -> Self {
        let mut evidence = |link: &Arc<Link>| {
            let of = || evidence::of(live, link, &path.lands).map(|value| value.to_string());
            known
                .entry(Arc::as_ptr(link))
                .or_insert_with(|| of().unwrap_or_default().into())
                .clone()
        };
        Self {
            path: proof,
            events: path.events.iter().map(EventRef::short).collect(),
            evidence: proof.links.iter().map(&mut evidence).collect(),
        }
    }

    fn links(&self) -> impl Iterator<Item = Told<'_>> {
        self.path
            .links
            .iter()
            .zip(&self.evidence)
            .map(|(link, live)| Told { link, live: live.as_ref() })
    }
}

/// Folds the ways of one alert.
pub(super) fn chains(ways: &[Way<'_>]) -> Vec<Chain> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for way in ways {
        if !groups.iter_mut().any(|group| group.takes(way)) {
            groups.push(Group::of(way));
        }
    }
    let mut chains: Vec<Chain> = groups.iter().map(Group::chain).collect();
    chains.sort_by(|a, b| b.status.cmp(&a.status).then_with(|| a.places.cmp(&b.places)));
    chains
}

/// A link with the live values behind it.
#[derive(Clone, Copy)]
struct Told<'a> {
    link: &'a Link,
    live: &'a str,
}

impl<'a> Told<'a> {
    fn texts(self) -> [&'a str; 4] {
        [&self.link.object, &self.link.cause, &self.link.fix, self.live]
    }
}

/// For each text of a link how it stands for all places; unset while there is one place.
type Likenesses = [Option<Likeness>; 4];

/// How a text stands for several places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Likeness {
    Same,
    ButForThePlace,
}

/// Places with the same chain, by the first of them.
struct Group<'a> {
    first: &'a Way<'a>,
    places: Vec<&'a Place>,
    likenesses: Vec<Likenesses>,
}

impl<'a> Group<'a> {
    fn of(first: &'a Way<'a>) -> Self {
        let likenesses = vec![[None; 4]; first.path.links.len()];
        Self { first, places: vec![&first.path.lands], likenesses }
    }

    /// Takes a way in when its chain is the same.
    fn takes(&mut self, way: &'a Way<'a>) -> bool {
        let (first, here) = (self.first.path, way.path);
        let raised_alike = (first.lands == first.raised && here.lands == here.raised)
            || first.raised == here.raised;
        if !raised_alike || self.first.events != way.events || first.links.len() != here.links.len()
        {
            return false;
        }
        let links = self.first.links().zip(way.links()).zip(&self.likenesses);
        let likenesses: Option<Vec<Likenesses>> =
            links.map(|((a, b), so_far)| likeness((a, first), (b, here), *so_far)).collect();
        let Some(likenesses) = likenesses else { return false };
        self.likenesses = likenesses;
        self.places.push(&here.lands);
        true
    }

    fn chain(&self) -> Chain {
        let first = self.first.path;
        let links = self.first.links().zip(&self.likenesses).map(|(told, likenesses)| {
            let place = &told.link.place;
            let mut texts = told.texts().map(str::to_owned);
            for (text, likeness) in texts.iter_mut().zip(likenesses) {
                if *likeness == Some(Likeness::ButForThePlace) {
                    *text = anywhere(text, place);
                }
            }
            let [object, cause, fix, live] = texts;
            let live = serde_json::from_str(&live).ok();
            ChainLink { object, cause, fix, live, ..ChainLink::of(told.link) }
        });
        Chain {
            status: first.status(),
            events: self.first.events.clone(),
            places: self.places.iter().map(|place| (*place).clone()).collect(),
            raised: Some(&first.raised).filter(|raised| **raised != first.lands).cloned(),
            links: links.collect(),
        }
    }
}

/// How two links are alike, given how the texts were alike so far; `None` when they are not.
fn likeness(
    (a, at): (Told<'_>, &PathProof),
    (b, bt): (Told<'_>, &PathProof),
    so_far: Likenesses,
) -> Option<Likenesses> {
    let kind = |link: &Link| (link.code, link.status, link.fixed_by);
    let (here, there) = (&a.link.place, &b.link.place);
    // A link stands where its event lands, in its account, or is the same one for all.
    let of_account =
        |place: &Place, lands: &Place| place.region.is_global() && place.account == lands.account;
    let placed = (*here == at.lands && *there == bt.lands)
        || here == there
        || of_account(here, &at.lands) && of_account(there, &bt.lands);
    if kind(a.link) != kind(b.link) || !placed {
        return None;
    }
    let mut out = so_far;
    for ((x, y), likeness) in a.texts().into_iter().zip(b.texts()).zip(&mut out) {
        let same = x == y;
        let but_for_the_place = || anywhere(x, here) == anywhere(y, there);
        *likeness = match likeness {
            Some(Likeness::Same) | None if same => Some(Likeness::Same),
            Some(Likeness::ButForThePlace) | None if but_for_the_place() => {
                Some(Likeness::ButForThePlace)
            }
            _ => return None,
        };
    }
    Some(out)
}

/// The same words for every place: its account and region become placeholders.
fn anywhere(text: &str, place: &Place) -> String {
    let text = match place.region.is_global() {
        true => text.to_owned(),
        false => text.replace(place.region.as_str(), "{region}"),
    };
    text.replace(place.account.as_str(), "{account}")
}
