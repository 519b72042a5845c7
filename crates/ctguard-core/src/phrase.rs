//! Texts that name the account and the region they are about.
//!
//! A text that holds for many places should appear once. Two texts are alike when they differ only
//! in the names of their own places, so a [`Phrase`] keeps these names apart from the rest: two
//! alike texts have equal phrases. When a phrase is rendered, its places decide whether a name is
//! written out.

use crate::scope::{AccountId, Granularity, Place, Region};
use serde_json::Value;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// The placeholder for an account that differs from place to place.
const ACCOUNT: &str = "{account}";
/// The placeholder for a region that differs from place to place.
const REGION: &str = "{region}";

/// A text in which its own account and region are marked.
///
/// Phrases are equal when their texts are alike. They are ordered as their texts are with
/// `{account}` and `{region}` for the names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Phrase(Vec<Part>);

/// A piece of a phrase. No two literal pieces stand side by side, and none is empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Part {
    Literal(String),
    /// The account that the phrase is about.
    Account,
    /// The region that the phrase is about.
    Region,
}

impl Part {
    /// Its text, with these names for what it is about.
    fn text<'s>(&'s self, account: &'s str, region: &'s str) -> &'s str {
        match self {
            Self::Literal(text) => text,
            Self::Account => account,
            Self::Region => region,
        }
    }

    fn anonymous(&self) -> &str {
        self.text(ACCOUNT, REGION)
    }
}

/// The accounts and regions that a text is about. `global` is no region's name.
#[derive(Debug, Clone, Default)]
pub struct PlaceNames<'a> {
    accounts: BTreeSet<&'a str>,
    regions: BTreeSet<&'a str>,
}

impl<'a> PlaceNames<'a> {
    /// The names of one place.
    pub fn of(place: &'a Place) -> Self {
        Self::of_all([(&place.account, &place.region)])
    }

    /// The names of all these accounts and regions.
    pub fn of_all(places: impl IntoIterator<Item = (&'a AccountId, &'a Region)>) -> Self {
        let mut names = Self::default();
        for (account, region) in places {
            names.accounts.insert(account.as_str());
            if !region.is_global() {
                names.regions.insert(region.as_str());
            }
        }
        names
    }

    /// The names of all these places.
    pub fn of_places(places: impl IntoIterator<Item = &'a Place>) -> Self {
        Self::of_all(places.into_iter().map(|place| (&place.account, &place.region)))
    }

    /// The names of accounts.
    pub fn of_accounts(accounts: impl IntoIterator<Item = &'a AccountId>) -> Self {
        let accounts = accounts.into_iter().map(AccountId::as_str).collect();
        Self { accounts, regions: BTreeSet::new() }
    }

    /// Keeps the names that differ at this granularity: one object per place, per account, or in
    /// the fleet.
    #[must_use]
    pub fn one_per(self, per: Granularity) -> Self {
        match per {
            Granularity::Place => self,
            Granularity::Account => Self { accounts: self.accounts, regions: BTreeSet::new() },
            Granularity::Fleet => Self::default(),
        }
    }

    /// Keeps the names that the places have in common: those that a rendered text says.
    #[must_use]
    pub fn in_common(self) -> Self {
        let only =
            |names: BTreeSet<&'a str>| if names.len() == 1 { names } else { BTreeSet::new() };
        Self { accounts: only(self.accounts), regions: only(self.regions) }
    }

    fn is_account(&self, segment: &str) -> bool {
        segment == ACCOUNT || self.accounts.contains(segment)
    }

    fn is_region(&self, word: &str) -> bool {
        word == REGION || self.regions.contains(word)
    }

    /// The region at the start of a text, unless a longer name begins there.
    fn region_at_start<'t>(&self, text: &'t str) -> Option<&'t str> {
        let regions = self.regions.iter().copied().chain([REGION]);
        let mut starts = regions.filter_map(|region| Some((region, text.strip_prefix(region)?)));
        let (region, _) = starts.find(|(_, rest)| rest.is_empty() || rest.starts_with('-'))?;
        text.get(..region.len())
    }

    /// Whether a text has none of the names in it: most have none, and this is quick to tell for a
    /// place's.
    fn are_missing_from(&self, text: &str) -> bool {
        self.accounts.len() <= 1
            && self.regions.len() <= 1
            && !self.accounts.iter().chain(&self.regions).any(|name| text.contains(name))
            && !text.contains(ACCOUNT)
            && !text.contains(REGION)
    }
}

impl Phrase {
    /// Finds in a text the names of what it is about. This is the one place where a text is
    /// searched for them; texts that were rendered before are read the same way, so `{account}` and
    /// `{region}` count as names.
    ///
    /// A name counts where it stands alone, as in a sentence or a field of an ARN, not where it is
    /// part of a longer name: `ops-eu-west-1` and `acme.111122223333.eu-west-1` are the same names
    /// everywhere. Three forms are an exception, because AWS and its users make one such name for
    /// each account or region: a host of AWS (`sqs.eu-west-1.amazonaws.com`), an account between
    /// hyphens (`logs-111122223333`), and a region that follows one
    /// (`logs-111122223333-eu-west-1`).
    pub fn new(text: &str, names: &PlaceNames<'_>) -> Self {
        let mut phrase = Self::default();
        for piece in pieces(text, names) {
            phrase.push(piece);
        }
        phrase
    }

    /// Makes a phrase that is the same everywhere.
    pub fn literal(text: &str) -> Self {
        Self::new(text, &PlaceNames::default())
    }

    /// Finds the names in the strings of a JSON value. The phrase is its JSON text.
    pub fn of_json(value: &Value, names: &PlaceNames<'_>) -> Self {
        let mut phrase = Self::default();
        phrase.push_json(value, names);
        phrase
    }

    /// The text with the names that these places have in common, and placeholders for those that
    /// differ.
    pub fn render(&self, places: &PlaceNames<'_>) -> String {
        let names = places.clone().in_common();
        let account = names.accounts.first().copied().unwrap_or(ACCOUNT);
        let region = names.regions.first().copied().unwrap_or(REGION);
        self.0.iter().map(|part| part.text(account, region)).collect()
    }

    /// The text with placeholders for all names.
    pub fn anonymous(&self) -> String {
        self.0.iter().map(Part::anonymous).collect()
    }

    fn anonymous_bytes(&self) -> impl Iterator<Item = u8> {
        self.0.iter().flat_map(|part| part.anonymous().bytes())
    }

    fn push(&mut self, piece: Piece<'_>) {
        match (piece, self.0.last_mut()) {
            (Piece::Account, _) => self.0.push(Part::Account),
            (Piece::Region, _) => self.0.push(Part::Region),
            (Piece::Literal(""), _) => {}
            (Piece::Literal(text), Some(Part::Literal(literal))) => literal.push_str(text),
            (Piece::Literal(text), _) => self.0.push(Part::Literal(text.to_owned())),
        }
    }

    fn push_json(&mut self, value: &Value, names: &PlaceNames<'_>) {
        match value {
            Value::String(text) => self.push_json_string(text, names),
            Value::Array(members) => {
                self.push(Piece::Literal("["));
                for (index, member) in members.iter().enumerate() {
                    self.push(Piece::Literal(if index == 0 { "" } else { "," }));
                    self.push_json(member, names);
                }
                self.push(Piece::Literal("]"));
            }
            Value::Object(fields) => {
                self.push(Piece::Literal("{"));
                for (index, (key, field)) in fields.iter().enumerate() {
                    self.push(Piece::Literal(if index == 0 { "" } else { "," }));
                    self.push_json_string(key, names);
                    self.push(Piece::Literal(":"));
                    self.push_json(field, names);
                }
                self.push(Piece::Literal("}"));
            }
            other => self.push(Piece::Literal(&other.to_string())),
        }
    }

    fn push_json_string(&mut self, text: &str, names: &PlaceNames<'_>) {
        self.push(Piece::Literal("\""));
        for piece in pieces(text, names) {
            match piece {
                Piece::Literal(text) => {
                    let quoted = Value::from(text).to_string();
                    let escaped = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
                    self.push(Piece::Literal(escaped.unwrap_or_default()));
                }
                name => self.push(name),
            }
        }
        self.push(Piece::Literal("\""));
    }
}

impl Ord for Phrase {
    fn cmp(&self, other: &Self) -> Ordering {
        self.anonymous_bytes().cmp(other.anonymous_bytes())
    }
}

impl PartialOrd for Phrase {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A piece of a text that is searched for names.
#[derive(Debug, Clone, Copy)]
enum Piece<'t> {
    Literal(&'t str),
    Account,
    Region,
}

/// The pieces of a text, in order.
fn pieces<'t>(text: &'t str, names: &PlaceNames<'_>) -> Vec<Piece<'t>> {
    if names.are_missing_from(text) {
        return vec![Piece::Literal(text)];
    }
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = word_length(rest);
        let (word, after) = rest.split_at(length.max(first.len_utf8()));
        match length {
            0 => pieces.push(Piece::Literal(word)),
            _ => pieces_of_word(word, names, &mut pieces),
        }
        rest = after;
    }
    pieces
}

/// How long the word at the start of a text is: letters, digits, hyphens, underscores and full
/// stops, of which names are made, and placeholders.
fn word_length(text: &str) -> usize {
    let mut length = 0;
    while let Some(rest) = text.get(length..)
        && let Some(first) = rest.chars().next()
    {
        length += match first {
            '-' | '_' | '.' => 1,
            letter if letter.is_alphanumeric() => letter.len_utf8(),
            '{' if rest.starts_with(ACCOUNT) => ACCOUNT.len(),
            '{' if rest.starts_with(REGION) => REGION.len(),
            _ => break,
        };
    }
    length
}

/// The pieces of a word: see [`Phrase::new`] for which names count.
fn pieces_of_word<'t>(word: &'t str, names: &PlaceNames<'_>, pieces: &mut Vec<Piece<'t>>) {
    // A full stop at the end is the sentence's.
    let body = word.trim_end_matches('.');
    let stops = word.get(body.len()..).unwrap_or_default();
    if names.is_region(body) {
        pieces.push(Piece::Region);
    } else if let Some(host) = body.find(".amazonaws.com") {
        let (host, domain) = body.split_at(host);
        match host.rsplit_once('.') {
            Some((service, region)) if names.is_region(region) => {
                let service = body.get(..=service.len()).unwrap_or_default();
                pieces.extend([Piece::Literal(service), Piece::Region, Piece::Literal(domain)]);
            }
            _ => pieces.push(Piece::Literal(body)),
        }
    } else if body.contains('.') {
        pieces.push(Piece::Literal(body));
    } else {
        hyphenated(body, names, pieces);
    }
    pieces.push(Piece::Literal(stops));
}

/// The pieces of a word without full stops: accounts between hyphens, and a region after one.
fn hyphenated<'t>(word: &'t str, names: &PlaceNames<'_>, pieces: &mut Vec<Piece<'t>>) {
    let mut rest = word;
    loop {
        let (segment, after) = rest.split_at(rest.find('-').unwrap_or(rest.len()));
        let is_account = names.is_account(segment);
        pieces.push(if is_account { Piece::Account } else { Piece::Literal(segment) });
        let Some(after) = after.strip_prefix('-') else { return };
        pieces.push(Piece::Literal("-"));
        rest = after;
        if is_account && let Some(region) = names.region_at_start(rest) {
            pieces.push(Piece::Region);
            let after = rest.get(region.len()..).unwrap_or_default();
            let Some(after) = after.strip_prefix('-') else { return };
            pieces.push(Piece::Literal("-"));
            rest = after;
        }
    }
}

#[cfg(test)]
mod tests;
