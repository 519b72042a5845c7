//! The edge that makes text: from the values of the core to lines for people.
//!
//! Human text is rendered from the same value that becomes JSON, so neither can know more. Colour never
//! carries meaning alone.

pub mod apply;
pub mod delivery;
pub mod diagnostics;
pub mod explain;
pub mod plan;
pub mod progress;
pub mod verify;

use crate::scope::{AccountId, Place, Region};
use anstyle::{AnsiColor, Style};
use std::collections::BTreeSet;
use std::fmt::Display;

/// Most places that a folded line names before it only counts.
const PLACES_SHOWN: usize = 10;

/// Paints words, or leaves them plain.
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    pub color: bool,
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

/// `1 rule`, `2 rules`.
pub(crate) fn count(number: usize, singular: &str) -> String {
    if number == 1 { format!("1 {singular}") } else { format!("{number} {singular}s") }
}

/// Places in few words: the account once when they share it, up to ten of them, then the rest as a count.
pub(crate) fn places<'a>(places: impl IntoIterator<Item = &'a Place>) -> String {
    addresses(places.into_iter().map(|place| (&place.account, &place.region)))
}

pub(crate) fn addresses<'a>(all: impl IntoIterator<Item = (&'a AccountId, &'a Region)>) -> String {
    let all: BTreeSet<(&AccountId, &Region)> = all.into_iter().collect();
    let accounts: BTreeSet<&AccountId> = all.iter().map(|(account, _)| *account).collect();
    let mut names: Vec<String> = match (accounts.first(), accounts.len()) {
        (Some(account), 1) if all.len() > 1 => {
            let regions: Vec<&str> =
                all.iter().take(PLACES_SHOWN).map(|(_, region)| region.as_str()).collect();
            vec![format!("{account}/{{{}}}", regions.join(", "))]
        }
        _ => all
            .iter()
            .take(PLACES_SHOWN)
            .map(|(account, region)| format!("{account}/{region}"))
            .collect(),
    };
    if all.len() > PLACES_SHOWN {
        names.push(format!("and {} more", all.len() - PLACES_SHOWN));
    }
    names.join(", ")
}
