//! Renders the values of the core as text for people.
//!
//! Text is rendered from the same value that becomes JSON, so both have the same information.
//! Colour never carries meaning alone.

mod alike;
pub mod apply;
pub mod attribution;
pub mod coverage;
pub mod delivery;
pub mod diagnostics;
pub mod drill;
pub mod events;
pub mod explain;
pub mod export;
mod github;
pub mod import;
mod junit;
pub mod markdown;
pub mod matches;
pub mod notice;
pub mod pattern_check;
pub mod plan;
pub mod policy;
pub mod positions;
pub mod progress;
pub mod replay;
pub mod samples;
mod sarif;
pub mod schema;
pub mod screen;
pub mod snapshot;
pub mod stopped;
pub mod validate;
pub mod verify;
pub mod view;
mod wrap;
pub mod yaml;

use anstyle::{AnsiColor, Style};
use ctguard_core::plural::count;
use ctguard_core::scope::{AccountId, Place, Region};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

/// Most places that a folded line names before it only counts.
const PLACES_SHOWN: usize = 10;

/// How text is drawn: with colour or without, and how wide.
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    pub color: bool,
    /// Columns to fill, in characters.
    pub width: usize,
}

impl Paint {
    fn style(self, style: Style, text: impl Display) -> String {
        if self.color { format!("{style}{text}{style:#}") } else { text.to_string() }
    }

    fn fg(self, color: AnsiColor, text: impl Display) -> String {
        self.style(Style::new().fg_color(Some(color.into())), text)
    }

    pub fn good(self, text: impl Display) -> String {
        self.fg(AnsiColor::Green, text)
    }

    pub fn bad(self, text: impl Display) -> String {
        self.fg(AnsiColor::Red, text)
    }

    pub fn warn(self, text: impl Display) -> String {
        self.fg(AnsiColor::Yellow, text)
    }

    pub fn dim(self, text: impl Display) -> String {
        self.style(Style::new().dimmed(), text)
    }

    pub fn head(self, text: impl Display) -> String {
        self.style(Style::new().bold(), text)
    }
}

/// Places in few words: each account once, up to ten places, then the rest as a count.
pub(crate) fn places<'a>(places: impl IntoIterator<Item = &'a Place>) -> String {
    addresses(places.into_iter().map(|place| (&place.account, &place.region)))
}

pub(crate) fn addresses<'a>(all: impl IntoIterator<Item = (&'a AccountId, &'a Region)>) -> String {
    named_addresses(all, &BTreeMap::new())
}

/// Names of accounts, by id.
pub(crate) type AccountNames<'a> = BTreeMap<&'a AccountId, &'a str>;

/// An account with its name.
pub(crate) fn account(id: &AccountId, names: &AccountNames<'_>) -> String {
    match names.get(id) {
        Some(name) => format!("{id} ({name})"),
        None => id.to_string(),
    }
}

/// How many places these are: `17 regions of 3 accounts` where there are several accounts.
pub(crate) fn extent<'a>(places: impl IntoIterator<Item = (&'a AccountId, &'a Region)>) -> String {
    let all: BTreeSet<(&AccountId, &Region)> = places.into_iter().collect();
    let accounts: BTreeSet<&AccountId> = all.iter().map(|(account, _)| *account).collect();
    let regions: BTreeSet<&Region> = all.iter().map(|(_, region)| *region).collect();
    let places = count(all.len(), "place");
    match accounts.len() {
        0 | 1 => places,
        many => {
            format!("{places}, in {} of {}", count(regions.len(), "region"), count(many, "account"))
        }
    }
}

/// As [`addresses`], with the names of accounts.
pub(crate) fn named_addresses<'a>(
    all: impl IntoIterator<Item = (&'a AccountId, &'a Region)>,
    names: &AccountNames<'_>,
) -> String {
    let all: BTreeSet<(&AccountId, &Region)> = all.into_iter().collect();
    let mut shown: BTreeMap<&AccountId, Vec<&str>> = BTreeMap::new();
    for (id, region) in all.iter().take(PLACES_SHOWN) {
        shown.entry(*id).or_default().push(region.as_str());
    }
    let mut parts: Vec<String> = shown
        .into_iter()
        .map(|(id, regions)| match regions.as_slice() {
            [one] => format!("{}/{one}", account(id, names)),
            some => format!("{}/{{{}}}", account(id, names), some.join(", ")),
        })
        .collect();
    if all.len() > PLACES_SHOWN {
        parts.push(format!("and {} more", all.len() - PLACES_SHOWN));
    }
    parts.join(", ")
}
