//! Folds equal problems of several places into one finding.
//!
//! The key of a finding depends on it alone: its phrases, with the names of its own account and
//! region left open if there is one such object per account or place. So neither order nor earlier
//! folding matters: parts of a fleet fold to the same result as the whole.

use super::{Finding, RemarkGroup, Unread};
use crate::phrase::{Phrase, PlaceNames};
use crate::proof::{FixedBy, Link, LinkCode, Remark, RemarkSeverity, Status};
use crate::scope::Granularity;
use crate::scope::{AccountId, Place};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Findings while they are folded, in output order.
#[derive(Default)]
pub(super) struct Folding {
    links: BTreeMap<LinkKey, (BTreeSet<Place>, BTreeSet<String>)>,
    remarks: BTreeMap<(RemarkSeverity, LinkCode, [Phrase; 2]), BTreeSet<Place>>,
    unread: BTreeMap<[Phrase; 4], BTreeSet<AccountId>>,
}

/// Status, code, texts (object, cause, fix), granularity, and who fixes it.
type LinkKey = (Reverse<Status>, LinkCode, [Phrase; 3], Granularity, FixedBy);

impl Folding {
    /// Adds a link that is not proven, with the alerts that depend on it.
    pub fn link(&mut self, link: &Link, alerts: impl IntoIterator<Item = String>) {
        let names = PlaceNames::of(&link.place).one_per(link.per);
        let object = link.object.to_string();
        let words = [&object, &link.cause, &link.fix].map(|text| Phrase::new(text, &names));
        let key = (Reverse(link.status), link.code, words, link.per, link.fixed_by);
        let (places, known) = self.links.entry(key).or_default();
        places.insert(link.place.clone());
        known.extend(alerts);
    }

    /// Adds what was folded before.
    pub fn finding(&mut self, finding: &Finding) {
        let names = PlaceNames::of_places(&finding.places).in_common().one_per(finding.per);
        let words = [&finding.object, &finding.cause, &finding.fix];
        let words = words.map(|text| Phrase::new(text, &names));
        let key = (Reverse(finding.status), finding.code, words, finding.per, finding.fixed_by);
        let (places, alerts) = self.links.entry(key).or_default();
        places.extend(finding.places.iter().cloned());
        alerts.extend(finding.alerts.iter().cloned());
    }

    pub fn remark(&mut self, remark: &Remark) {
        let names = PlaceNames::of(&remark.place);
        let words = [&remark.object.to_string(), &remark.text];
        let words = words.map(|text| Phrase::new(text, &names));
        let places = self.remarks.entry((remark.severity, remark.code, words)).or_default();
        places.insert(remark.place.clone());
    }

    pub fn said(&mut self, said: &RemarkGroup) {
        let names = PlaceNames::of_places(&said.places).in_common();
        let words = [&said.object, &said.text].map(|text| Phrase::new(text, &names));
        let places = self.remarks.entry((said.severity, said.code, words)).or_default();
        places.extend(said.places.iter().cloned());
    }

    /// Adds an account that could not be read.
    ///
    /// The words are the operation, its error code, the message, and the fix.
    pub fn unread(&mut self, account: &AccountId, words: [&str; 4]) {
        let names = PlaceNames::of_accounts([account]);
        let words = words.map(|text| Phrase::new(text, &names));
        self.unread.entry(words).or_default().insert(account.clone());
    }

    /// Returns everything that was added, worst first.
    pub fn finish(self) -> (Vec<Unread>, Vec<Finding>, Vec<RemarkGroup>) {
        let unread = self.unread.into_iter().map(|(words, accounts)| {
            let names = PlaceNames::of_accounts(&accounts);
            let [operation, code, message, fix] = words.map(|phrase| phrase.render(&names));
            Unread { operation, code, message, fix, accounts }
        });
        let links = self.links.into_iter().map(
            |((Reverse(status), code, words, per, fixed_by), (places, alerts))| {
                let names = PlaceNames::of_places(&places);
                let [object, cause, fix] = words.map(|phrase| phrase.render(&names));
                Finding { code, status, alerts, object, cause, fix, fixed_by, per, places }
            },
        );
        let remarks = self.remarks.into_iter().map(|((severity, code, words), places)| {
            let names = PlaceNames::of_places(&places);
            let [object, text] = words.map(|phrase| phrase.render(&names));
            RemarkGroup { severity, code, object, text, places }
        });
        (unread.collect(), links.collect(), remarks.collect())
    }
}
