//! Folds chains that differ only in the places' own names.
//!
//! A text stands for several places in one of two ways: it is the same in all of them (the trail
//! that each of them sees), or it differs by account and region alone (the rule that each of them
//! has). Which one it is may differ from text to text of one link, but must be the same for every
//! place of a chain.

use super::{Chain, ChainLink, evidence};
use crate::desired::AlertPath;
use crate::event::EventRef;
use crate::phrase::{Phrase, PlaceNames};
use crate::proof::{Link, PathProof};
use crate::scope::Place;
use crate::snapshot::Live;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The links of an alert from one place.
pub(super) struct PlaceChain<'a> {
    path: &'a PathProof,
    /// The events that can land there.
    events: Vec<String>,
    links: Vec<Told<'a>>,
}

/// The live values behind links that several chains share, as JSON; empty without any.
pub(super) type Evidence = BTreeMap<Arc<Link>, Arc<str>>;

impl<'a> PlaceChain<'a> {
    pub fn of(live: &Live, proof: &'a PathProof, path: &AlertPath, known: &mut Evidence) -> Self {
        let evidence = |link: &Arc<Link>| {
            let of = || evidence::of(live, link, &path.lands).map(|value| value.to_string());
            let judged = || of().unwrap_or_default().into();
            known.entry(link.clone()).or_insert_with(judged).clone()
        };
        let mut events: Vec<String> = path.events.iter().map(EventRef::short).collect();
        events.dedup();
        Self::with_evidence(proof, events, evidence)
    }

    /// Makes the chain of these events, with the values of `evidence` for each link.
    pub fn with_evidence(
        path: &'a PathProof,
        events: Vec<String>,
        mut evidence: impl FnMut(&Arc<Link>) -> Arc<str>,
    ) -> Self {
        let told = |link: &'a Arc<Link>| Told::of(link, &evidence(link));
        Self { path, events, links: path.links.iter().map(told).collect() }
    }
}

/// Folds the chains of one alert.
pub(super) fn chains(ways: &[PlaceChain<'_>]) -> Vec<Chain> {
    let mut groups: Vec<ChainGroup<'_>> = Vec::new();
    for way in ways {
        if !groups.iter_mut().any(|group| group.takes(way)) {
            groups.push(ChainGroup::of(way));
        }
    }
    let mut chains: Vec<Chain> = groups.iter().map(ChainGroup::chain).collect();
    chains.sort_by(|a, b| b.status.cmp(&a.status).then_with(|| a.places.cmp(&b.places)));
    chains
}

/// A link with the live values behind it.
struct Told<'a> {
    link: &'a Link,
    /// Object, cause, fix, and the live values as JSON.
    texts: [LinkText<'a>; 4],
}

impl<'a> Told<'a> {
    fn of(link: &'a Link, live: &str) -> Self {
        let Link { object, cause, fix, .. } = link;
        let words = |text| LinkText { text, is_json: false, phrase: OnceCell::new() };
        let live = LinkText { is_json: true, ..words(live.to_owned().into()) };
        let texts =
            [words(object.to_string().into()), words(cause.into()), words(fix.into()), live];
        Self { link, texts }
    }
}

/// A text of a link, and its phrase once that is asked for.
struct LinkText<'a> {
    text: Cow<'a, str>,
    is_json: bool,
    phrase: OnceCell<Phrase>,
}

impl LinkText<'_> {
    /// The text with the names of its link's place known.
    fn phrase(&self, place: &Place) -> &Phrase {
        self.phrase.get_or_init(|| {
            let names = PlaceNames::of(place);
            let json = self.is_json.then(|| serde_json::from_str(&self.text).ok()).flatten();
            match json {
                Some(value) => Phrase::of_json(&value, &names),
                None => Phrase::new(&self.text, &names),
            }
        })
    }
}

/// For each text of a link, how it is alike in all places; unset while there is one place.
type Likenesses = [Option<Likeness>; 4];

/// How a text is alike in several places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Likeness {
    Same,
    ButForThePlace,
}

/// Places with the same chain, by the first of them.
struct ChainGroup<'a> {
    first: &'a PlaceChain<'a>,
    places: Vec<&'a Place>,
    likenesses: Vec<Likenesses>,
}

impl<'a> ChainGroup<'a> {
    fn of(first: &'a PlaceChain<'a>) -> Self {
        let likenesses = vec![[None; 4]; first.path.links.len()];
        Self { first, places: vec![&first.path.lands], likenesses }
    }

    /// Adds a place if its chain is the same.
    fn takes(&mut self, way: &'a PlaceChain<'a>) -> bool {
        let (first, here) = (self.first.path, way.path);
        let raised_alike = (first.lands == first.raised && here.lands == here.raised)
            || first.raised == here.raised;
        if !raised_alike || self.first.events != way.events || first.links.len() != here.links.len()
        {
            return false;
        }
        let links = self.first.links.iter().zip(&way.links).zip(&self.likenesses);
        let likenesses: Option<Vec<Likenesses>> =
            links.map(|((a, b), so_far)| likeness((a, first), (b, here), *so_far)).collect();
        let Some(likenesses) = likenesses else { return false };
        self.likenesses = likenesses;
        self.places.push(&here.lands);
        true
    }

    fn chain(&self) -> Chain {
        let first = self.first.path;
        let links = self.first.links.iter().zip(&self.likenesses).map(|(told, likenesses)| {
            let place = &told.link.place;
            let mut likenesses = likenesses.iter();
            let [object, cause, fix, live] =
                told.texts.each_ref().map(|text| match likenesses.next() {
                    Some(Some(Likeness::ButForThePlace)) => text.phrase(place).anonymous(),
                    _ => text.text.clone().into_owned(),
                });
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

/// Compares two links, given how the texts were alike so far; `None` when they differ.
fn likeness(
    (a, at): (&Told<'_>, &PathProof),
    (b, bt): (&Told<'_>, &PathProof),
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
    for ((x, y), likeness) in a.texts.iter().zip(&b.texts).zip(&mut out) {
        let same = x.text == y.text;
        let but_for_the_place = || x.phrase(here) == y.phrase(there);
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
