//! One finding of what is the same trouble in several places.
//!
//! What two findings have in common is told by each of them alone: by its words, with the names of its own account
//! and region left out as far as its object is one of each place or account. So it makes no difference in which order they
//! come, or whether some were folded before: parts of a fleet fold to the same as the whole.

use super::{Finding, Said, Unread};
use crate::proof::{FixedBy, Link, LinkCode, Remark, Severity, Status};
use crate::scope::Granularity;
use crate::scope::{AccountId, Place, Region};
use crate::snapshot::Unreadable;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

const ACCOUNT: &str = "{account}";
const REGION: &str = "{region}";

/// Findings as they are folded, in the order in which they are told.
#[derive(Default)]
pub(super) struct Folding {
    links: BTreeMap<LinkKey, (BTreeSet<Place>, BTreeSet<String>)>,
    remarks: BTreeMap<(Severity, LinkCode, [String; 2]), BTreeSet<Place>>,
    unread: BTreeMap<[String; 4], BTreeSet<AccountId>>,
}

/// Status, code, words (object, cause, fix), what it is one of, and who mends it.
type LinkKey = (Reverse<Status>, LinkCode, [String; 3], Granularity, FixedBy);

impl Folding {
    /// Adds a link that is not proven, with the alerts that depend on it.
    pub fn link(&mut self, link: &Link, alerts: impl IntoIterator<Item = String>) {
        let words = [&link.object, &link.cause, &link.fix];
        let words = words.map(|text| anywhere(text, &link.place, link.per));
        let key = (Reverse(link.status), link.code, words, link.per, link.fixed_by);
        let (places, known) = self.links.entry(key).or_default();
        places.insert(link.place.clone());
        known.extend(alerts);
    }

    /// Adds what was folded before.
    pub fn finding(&mut self, finding: &Finding) {
        let words = [&finding.object, &finding.cause, &finding.fix];
        let words = words.map(|text| folded(text, &finding.places, finding.per));
        let key = (Reverse(finding.status), finding.code, words, finding.per, finding.fixed_by);
        let (places, alerts) = self.links.entry(key).or_default();
        places.extend(finding.places.iter().cloned());
        alerts.extend(finding.alerts.iter().cloned());
    }

    pub fn remark(&mut self, remark: &Remark) {
        let words = [&remark.object, &remark.text];
        let words = words.map(|text| anywhere(text, &remark.place, Granularity::Place));
        let places = self.remarks.entry((remark.severity, remark.code, words)).or_default();
        places.insert(remark.place.clone());
    }

    pub fn said(&mut self, said: &Said) {
        let words =
            [&said.object, &said.text].map(|text| folded(text, &said.places, Granularity::Place));
        let places = self.remarks.entry((said.severity, said.code, words)).or_default();
        places.extend(said.places.iter().cloned());
    }

    /// Adds an account that could not be read.
    pub fn unread(&mut self, account: &AccountId, why: &Unreadable) {
        let fix = why.remedy();
        let words = [&why.operation, &why.code, &why.message, &fix];
        let words = words.map(|text| text.replace(account.as_str(), ACCOUNT));
        self.unread.entry(words).or_default().insert(account.clone());
    }

    /// Everything that was added, worst first.
    pub fn told(self) -> (Vec<Unread>, Vec<Finding>, Vec<Said>) {
        let unread = self.unread.into_iter().map(|(words, accounts)| {
            let named = |text: String| match only(&accounts) {
                Some(account) => text.replace(ACCOUNT, account.as_str()),
                None => text,
            };
            let [operation, code, message, fix] = words.map(named);
            Unread { operation, code, message, fix, accounts }
        });
        let links = self.links.into_iter().map(
            |((Reverse(status), code, words, per, fixed_by), (places, alerts))| {
                let [object, cause, fix] = words.map(|text| named(text, &places));
                Finding { code, status, alerts, object, cause, fix, fixed_by, per, places }
            },
        );
        let remarks = self.remarks.into_iter().map(|((severity, code, words), places)| {
            let [object, text] = words.map(|text| named(text, &places));
            Said { severity, code, object, text, places }
        });
        (unread.collect(), links.collect(), remarks.collect())
    }
}

/// The same words for every place: the names of its account and region become placeholders.
fn anywhere(text: &str, place: &Place, per: Granularity) -> String {
    match per {
        Granularity::Place => {
            let text = text.replace(place.region.as_str(), REGION);
            text.replace(place.account.as_str(), ACCOUNT)
        }
        Granularity::Account => text.replace(place.account.as_str(), ACCOUNT),
        Granularity::Fleet => text.to_owned(),
    }
}

/// The words for every place again, of words that name what these places have in common.
pub(crate) fn folded(text: &str, places: &BTreeSet<Place>, per: Granularity) -> String {
    let mut text = text.to_owned();
    if let Some(region) = region(places).filter(|_| per == Granularity::Place) {
        text = text.replace(region.as_str(), REGION);
    }
    if let Some(account) = account(places).filter(|_| per != Granularity::Fleet) {
        text = text.replace(account.as_str(), ACCOUNT);
    }
    text
}

/// Names in words what all these places have in common.
pub(crate) fn named(text: String, places: &BTreeSet<Place>) -> String {
    let mut text = text;
    if let Some(account) = account(places) {
        text = text.replace(ACCOUNT, account.as_str());
    }
    if let Some(region) = region(places) {
        text = text.replace(REGION, region.as_str());
    }
    text
}

fn account(places: &BTreeSet<Place>) -> Option<AccountId> {
    only(&places.iter().map(|place| place.account.clone()).collect())
}

fn region(places: &BTreeSet<Place>) -> Option<Region> {
    only(&places.iter().map(|place| place.region.clone()).collect())
}

/// The one member of a set that has no other.
fn only<T: Clone + Ord>(all: &BTreeSet<T>) -> Option<T> {
    all.first().filter(|_| all.len() == 1).cloned()
}
