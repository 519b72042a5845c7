//! What the library behind EventBridge makes of a pattern, where that is not what the pattern says.
//!
//! EventBridge runs [event-ruler](https://github.com/aws/event-ruler). Which version is not published; it takes
//! operators that came with 1.7.3, so what has been true since 1.7.1 counts as true.
//!
//! **Lost alternatives** (1.7.1 of January 2024 to at least 2.0.1 of July 2026). The library spreads the `$or` lists of
//! a rule into *alternatives*: one list of operators for each path. Before it adds one, it asks whether the rule has
//! it already. The answer is yes when an earlier alternative of the same rule
//!
//! - has the same set of paths, and
//! - shares at least one operator with it on every path.
//!
//! Then the later alternative is not added, and no event that only it would take is matched. Nothing is reported.
//! `{"$or":[{"a":["x"]},{"a":["x","z"]}]}` never takes `{"a":"z"}`. Where the shared operator is `exists: false`, it
//! depends on the order of a hash set whether the alternative is found to be there: the same pattern works in one
//! process and not in the next. So it counts as lost.
//!
//! The question is asked for each rule by itself: rules never take alternatives from each other. Alternatives are safe
//! when their paths differ, or when they share no operator on at least one path ([`is_separate`]), or when what is lost
//! is contained in what is kept. [`separate`] rewrites any alternatives so that they are safe.

use crate::beside::beside_ignore_case;
use crate::relate::list_implies;
use crate::{
    Conditions, Excluded, Filter, Matcher, NumericRange, OR_COMBINATIONS_MAX, Pattern, TextKind,
    TextTest,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// One way through the `$or` lists of a pattern: what each path must match.
pub type Alternative = BTreeMap<String, Vec<Matcher>>;

/// An alternative that EventBridge does not keep.
#[derive(Debug, Clone, PartialEq)]
pub struct Loss {
    /// What is lost.
    pub lost: Alternative,
    /// The earlier alternative that stands in its way.
    pub by: Alternative,
    /// Whether it is lost every time, or only in some processes.
    pub always: bool,
}

/// Spreads a condition into its alternatives, in the order in which they are written.
///
/// `None` when there are more than EventBridge takes, or when a path stands twice in one of them: then the last one
/// counts in EventBridge, and [`Pattern::parse`](crate::Pattern::parse) refuses the pattern.
pub fn alternatives(filter: &Filter) -> Option<Vec<Alternative>> {
    if filter.combinations() > OR_COMBINATIONS_MAX {
        return None;
    }
    let owned = |fields: Conditions<'_>| {
        let size = fields.len();
        let owned: Alternative =
            fields.into_iter().map(|(path, list)| (path.to_owned(), list.to_vec())).collect();
        (owned.len() == size).then_some(owned)
    };
    filter.alternatives(OR_COMBINATIONS_MAX).into_iter().map(owned).collect()
}

/// A condition made of alternatives; what they all share stands in front of the `$or`. `None` of no alternatives.
pub fn filter_of(alternatives: &[Alternative]) -> Option<Filter> {
    let (first, others) = alternatives.split_first()?;
    let shared: BTreeSet<&String> = first
        .iter()
        .filter(|(path, list)| others.iter().all(|other| other.get(*path) == Some(*list)))
        .map(|(path, _)| path)
        .collect();
    let fields = |alternative: &Alternative, keep: bool| -> Vec<Filter> {
        alternative
            .iter()
            .filter(|(path, _)| shared.contains(path) == keep)
            .map(|(path, list)| Filter::Field { path: path.clone(), matchers: list.clone() })
            .collect()
    };
    let mut filters = fields(first, true);
    if !others.is_empty() {
        let each = alternatives.iter().map(|alternative| all(fields(alternative, false)));
        filters.push(Filter::Any(each.collect()));
    }
    Some(all(filters))
}

fn all(mut filters: Vec<Filter>) -> Filter {
    match filters.len() {
        1 => filters.remove(0),
        _ => Filter::All(filters),
    }
}

/// The alternatives of a condition that EventBridge loses, and would be missed.
pub fn losses(filter: &Filter) -> Vec<Loss> {
    let Some(alternatives) = spread(filter) else {
        return Vec::new();
    };
    sift(&alternatives).into_iter().filter_map(|fate| fate.loss(&alternatives)).collect()
}

/// The condition that EventBridge really decides by: without the alternatives that are lost, and with the tests that
/// ignore case as they are beside a wildcard that begins with `*` ([`Beside`](crate::beside::Beside)). `None`
/// when it decides as written.
pub fn kept(filter: &Filter) -> Option<Filter> {
    let beside = beside_ignore_case(&[filter]);
    let left = without_lost(filter);
    if beside.is_empty() {
        return left;
    }
    let mut filter = left.unwrap_or_else(|| filter.clone());
    for field in &beside {
        blur(&mut filter, &field.path);
    }
    Some(filter)
}

/// Lets any character stand for the first of the texts whose case is ignored at a path.
fn blur(filter: &mut Filter, at: &str) {
    match filter {
        Filter::All(members) | Filter::Any(members) => {
            members.iter_mut().for_each(|member| blur(member, at));
        }
        Filter::Field { path, matchers } if path == at => {
            for matcher in matchers {
                match matcher {
                    Matcher::Text(TextTest { kind, .. })
                    | Matcher::AnythingBut(Excluded::Texts { kind, .. })
                        if *kind == TextKind::IgnoreCase =>
                    {
                        *kind = TextKind::IgnoreCaseButFirst;
                    }
                    _ => {}
                }
            }
        }
        Filter::Field { .. } => {}
    }
}

fn without_lost(filter: &Filter) -> Option<Filter> {
    let alternatives = spread(filter)?;
    let fates = sift(&alternatives);
    if !fates.iter().any(|fate| fate.loss(&alternatives).is_some()) {
        return None;
    }
    let kept: Vec<Alternative> = alternatives
        .iter()
        .zip(&fates)
        .filter(|(_, fate)| fate.shadowed.is_none())
        .map(|(alternative, _)| alternative.clone())
        .collect();
    filter_of(&kept)
}

/// Whether EventBridge keeps both of two alternatives of one rule, whichever comes first.
pub fn is_separate(a: &Alternative, b: &Alternative) -> bool {
    !Keyed::new(a).shadows(&Keyed::new(b))
}

/// Rewrites alternatives of one rule so that EventBridge keeps them all; together they match what they did.
///
/// An alternative that overlaps an earlier one is cut by its operators: of each path, the operators that the earlier
/// one does not have, beside those of the paths before that it does have. Lists of operators are read as "or", so this
/// is exact for every operator and for fields in arrays, too. What is contained in another is left out, and what
/// differs from another in one path only is joined with it.
///
/// `None` when more than `most` alternatives are needed.
pub fn separate(alternatives: Vec<Alternative>, most: usize) -> Option<Vec<Alternative>> {
    let mut found: Vec<(Alternative, Keyed)> = Vec::new();
    for alternative in joined(alternatives) {
        let mut pieces = vec![(Keyed::new(&alternative), alternative)];
        for (_, earlier) in &found {
            if pieces.iter().any(|(piece, _)| earlier.shadows(piece)) {
                pieces = pieces
                    .into_iter()
                    .flat_map(|(key, piece)| match earlier.shadows(&key) {
                        true => cut(&piece, &key, earlier),
                        false => vec![piece],
                    })
                    .map(|piece| (Keyed::new(&piece), piece))
                    .collect();
            }
            if found.len() + pieces.len() > most.saturating_mul(2) {
                return None;
            }
        }
        found.extend(pieces.into_iter().map(|(key, piece)| (piece, key)));
        if found.len() > most {
            return None;
        }
    }
    Some(found.into_iter().map(|(alternative, _)| alternative).collect())
}

/// Joins alternatives that differ in the list of one path only, until none do. Together they match what they did.
pub fn joined(mut all: Vec<Alternative>) -> Vec<Alternative> {
    loop {
        let before = all.len();
        let paths: BTreeSet<String> = all.iter().flat_map(BTreeMap::keys).cloned().collect();
        for path in &paths {
            let mut places: HashMap<String, usize> = HashMap::new();
            let mut next: Vec<Alternative> = Vec::new();
            for mut alternative in all {
                let Some(list) = alternative.remove(path) else {
                    next.push(alternative);
                    continue;
                };
                let rest = format!("{alternative:?}");
                match places.get(&rest).and_then(|at| next[*at].get_mut(path)) {
                    Some(known) => {
                        let new: Vec<Matcher> =
                            list.into_iter().filter(|matcher| !known.contains(matcher)).collect();
                        known.extend(new);
                    }
                    None => {
                        places.insert(rest, next.len());
                        alternative.insert(path.clone(), list);
                        next.push(alternative);
                    }
                }
            }
            all = next;
        }
        if all.len() == before {
            return all;
        }
    }
}

/// The pieces of an alternative that an earlier one does not hide; what the earlier one contains is gone.
fn cut(piece: &Alternative, key: &Keyed, earlier: &Keyed) -> Vec<Alternative> {
    let mut pieces = Vec::new();
    let mut shared = piece.clone();
    for (path, list) in piece {
        let there = &earlier.0[path];
        let (both, own): (Vec<Matcher>, Vec<Matcher>) = list
            .iter()
            .zip(&key.0[path])
            .map(|(matcher, key)| (matcher.clone(), there.contains(key)))
            .fold((Vec::new(), Vec::new()), |(mut both, mut own), (matcher, hidden)| {
                if hidden {
                    both.push(matcher)
                } else {
                    own.push(matcher)
                }
                (both, own)
            });
        if !own.is_empty() {
            let mut part = shared.clone();
            part.insert(path.clone(), own);
            pieces.push(part);
        }
        shared.insert(path.clone(), both);
    }
    pieces
}

impl Pattern {
    /// The pattern that matches what `self` or `other` matches: a `$or` of their alternatives, cut apart where
    /// EventBridge would lose one.
    ///
    /// It may be more than EventBridge takes: reading its text back tells.
    pub fn or(&self, other: &Self) -> Self {
        let members = [self, other].map(|pattern| match &pattern.filter {
            Filter::Any(members) => members.clone(),
            filter => vec![filter.clone()],
        });
        let filter = Filter::Any(members.concat());
        if losses(&filter).is_empty() {
            return Self { filter };
        }
        let apart = alternatives(&filter).and_then(|all| separate(all, OR_COMBINATIONS_MAX));
        Self { filter: apart.and_then(|all| filter_of(&all)).unwrap_or(filter) }
    }
}

/// What becomes of an alternative.
struct Fate {
    at: usize,
    /// The earlier alternative that hides it.
    shadowed: Option<usize>,
    always: bool,
    /// All that it takes, the one that hides it takes too.
    contained: bool,
}

impl Fate {
    fn loss(&self, alternatives: &[Alternative]) -> Option<Loss> {
        let by = self.shadowed.filter(|_| !self.contained)?;
        Some(Loss {
            lost: alternatives[self.at].clone(),
            by: alternatives[by].clone(),
            always: self.always,
        })
    }
}

/// Goes through alternatives as event-ruler adds them. What is lost stands in no other's way.
fn sift(alternatives: &[Alternative]) -> Vec<Fate> {
    let keyed: Vec<Keyed> = alternatives.iter().map(Keyed::new).collect();
    let mut kept: HashMap<Vec<&String>, Vec<usize>> = HashMap::new();
    let mut fates = Vec::new();
    for (at, key) in keyed.iter().enumerate() {
        let same_paths = kept.entry(key.0.keys().collect()).or_default();
        let shadowed = same_paths.iter().copied().find(|earlier| keyed[*earlier].shadows(key));
        if shadowed.is_none() {
            same_paths.push(at);
        }
        fates.push(Fate {
            at,
            shadowed,
            always: shadowed.is_some_and(|by| keyed[by].shares_values(key)),
            contained: shadowed
                .is_some_and(|by| is_contained(&alternatives[at], &alternatives[by])),
        });
    }
    fates
}

fn spread(filter: &Filter) -> Option<Vec<Alternative>> {
    // Without a `$or` there is nothing to lose.
    has_any(filter).then(|| alternatives(filter)).flatten()
}

fn has_any(filter: &Filter) -> bool {
    match filter {
        Filter::Any(_) => true,
        Filter::All(members) => members.iter().any(has_any),
        Filter::Field { .. } => false,
    }
}

/// Whether one alternative takes everything that another takes, which has the same paths.
fn is_contained(narrow: &Alternative, wide: &Alternative) -> bool {
    narrow.iter().all(|(path, list)| {
        wide.get(path).is_some_and(|wide| {
            let wide: Vec<&Matcher> = wide.iter().collect();
            list.iter().all(|matcher| list_implies(matcher, &wide))
        })
    })
}

/// An alternative with a text for each operator, the same for operators that event-ruler holds to be the same.
struct Keyed(BTreeMap<String, Vec<String>>);

impl Keyed {
    fn new(alternative: &Alternative) -> Self {
        let keys = |list: &Vec<Matcher>| list.iter().map(key).collect();
        Self(alternative.iter().map(|(path, list)| (path.clone(), keys(list))).collect())
    }

    /// Whether event-ruler takes a later alternative for this one.
    fn shadows(&self, later: &Self) -> bool {
        self.0.len() == later.0.len()
            && self.0.iter().zip(&later.0).all(|((path, list), (other, later))| {
                path == other && list.iter().any(|key| later.contains(key))
            })
    }

    /// Whether they share an operator other than `exists: false` on every path.
    fn shares_values(&self, later: &Self) -> bool {
        let absent = key(&Matcher::Exists(false));
        self.0.iter().all(|(path, list)| {
            let later = later.0.get(path).map(Vec::as_slice).unwrap_or_default();
            list.iter().any(|key| *key != absent && later.contains(key))
        })
    }
}

/// The same text for operators that event-ruler holds to be equal: numbers by worth, addresses by the address,
/// texts without case where case does not count, and what `anything-but` leaves out in any order.
fn key(matcher: &Matcher) -> String {
    // Zero has two signs and is one number.
    let number = |at: f64| format!("number {:?}", at + 0.0);
    let value = |value: &Value| match value {
        Value::String(text) => match crate::address::single(text) {
            Some(block) => format!("address {block}"),
            None => format!("text {text}"),
        },
        Value::Number(digits) => digits.as_f64().map_or_else(|| digits.to_string(), number),
        other => other.to_string(),
    };
    let folded = |kind: TextKind, text: &str| match kind {
        TextKind::IgnoreCase
        | TextKind::IgnoreCaseButFirst
        | TextKind::PrefixIgnoreCase
        | TextKind::SuffixIgnoreCase => text.to_lowercase(),
        TextKind::Exactly | TextKind::Prefix | TextKind::Suffix | TextKind::Wildcard => {
            text.to_owned()
        }
    };
    match matcher {
        Matcher::Exact(exact) => value(exact),
        // A plain string that is no address is the same operator.
        Matcher::Text(test) if test.kind == TextKind::Exactly => format!("text {}", test.text),
        Matcher::Text(test) => format!("{:?} {}", test.kind, folded(test.kind, &test.text)),
        Matcher::AnythingBut(Excluded::Values(values)) => {
            let mut values: Vec<String> = values.iter().map(value).collect();
            values.sort_unstable();
            format!("but {values:?}")
        }
        Matcher::AnythingBut(Excluded::Texts { kind, texts }) => {
            let mut texts: Vec<String> = texts.iter().map(|text| folded(*kind, text)).collect();
            texts.sort_unstable();
            format!("but {kind:?} {texts:?}")
        }
        // `{"numeric": ["=", 5]}` is what a plain 5 is compiled to, too.
        Matcher::Numeric(NumericRange { low: Some(low), high })
            if *high == Some(*low) && low.inclusive =>
        {
            number(low.at)
        }
        Matcher::Cidr(block) => format!("cidr {}", block.trunc()),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests;
