//! Conditions with "and", "or" and "not", and the alternatives that EventBridge can be asked for.

use super::asked::{NAME, SOURCE};
use super::notes::Notes;
use super::wildcard::{both, matcher_of, parts_of};
use eventbridge_pattern::combine::{Holds, combine};
use eventbridge_pattern::ruler::{self, Alternative};
use eventbridge_pattern::{Matcher, TextKind, TextTest};
use std::collections::BTreeMap;

/// Most alternatives that a rule may have.
const MAX_ALTERNATIVES: usize = 400;

/// A condition on fields below `detail`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Formula {
    All(Vec<Formula>),
    Any(Vec<Formula>),
    /// The field at a path is one of these, or is none of them.
    Field {
        path: String,
        list: Vec<Matcher>,
        taken: bool,
    },
}

/// What is asked of one field in one alternative.
#[derive(Debug, Clone, Default)]
struct Wanted {
    all_of: Vec<Vec<Matcher>>,
    none_of: Vec<Matcher>,
}

type Way = BTreeMap<String, Wanted>;

impl Formula {
    /// The alternatives, each with one list of operators a field; none when nothing can match.
    ///
    /// Notes say where they take other events than the formula.
    ///
    /// # Errors
    /// With the reason, when no operators are the same.
    pub fn alternatives(&self, notes: &mut Notes) -> Result<Vec<Alternative>, String> {
        let mut found: Vec<Alternative> = Vec::new();
        for way in self.merged().ways()? {
            let mut fields = Alternative::new();
            let mut possible = true;
            for (path, wanted) in way {
                let list = wanted.list(&path, notes)?;
                possible &= !list.is_empty();
                fields.insert(path, list);
            }
            if possible && !found.contains(&fields) {
                found.push(fields);
            }
        }
        let found = ruler::joined(found);
        Ok(without_narrower(found))
    }

    /// The same, with one list in place of several for one field of which one must hold.
    fn merged(&self) -> Self {
        match self {
            Self::All(parts) => Self::All(parts.iter().map(Self::merged).collect()),
            Self::Any(parts) => {
                let mut lists: BTreeMap<String, Vec<Matcher>> = BTreeMap::new();
                let mut rest = Vec::new();
                for part in parts {
                    match part.merged() {
                        Self::Field { path, list, taken: true } => {
                            let known = lists.entry(path).or_default();
                            let new = list.into_iter().filter(|one| !known.contains(one));
                            let new: Vec<Matcher> = new.collect();
                            known.extend(new);
                        }
                        other => rest.push(other),
                    }
                }
                let lists =
                    lists.into_iter().map(|(path, list)| Self::Field { path, list, taken: true });
                let mut parts: Vec<Self> = lists.chain(rest).collect();
                match parts.len() {
                    1 => parts.remove(0),
                    _ => Self::Any(parts),
                }
            }
            field => field.clone(),
        }
    }

    fn ways(&self) -> Result<Vec<Way>, String> {
        let too_many = || format!("its alternatives multiply to more than {MAX_ALTERNATIVES}");
        match self {
            Self::Field { path, list, taken } => {
                let wanted = match taken {
                    true => Wanted { all_of: vec![list.clone()], none_of: Vec::new() },
                    false => Wanted { all_of: Vec::new(), none_of: list.clone() },
                };
                Ok(vec![Way::from([(path.clone(), wanted)])])
            }
            Self::Any(parts) => {
                let mut all = Vec::new();
                for part in parts {
                    all.extend(part.ways()?);
                    if all.len() > MAX_ALTERNATIVES {
                        return Err(too_many());
                    }
                }
                Ok(all)
            }
            Self::All(parts) => {
                let mut all = vec![Way::new()];
                for part in parts {
                    let next = part.ways()?;
                    if all.len() * next.len() > MAX_ALTERNATIVES {
                        return Err(too_many());
                    }
                    all = all
                        .iter()
                        .flat_map(|one| next.iter().map(|other| together(one, other)))
                        .collect();
                }
                Ok(all)
            }
        }
    }
}

fn together(one: &Way, other: &Way) -> Way {
    let mut way = one.clone();
    for (path, wanted) in other {
        let known = way.entry(path.clone()).or_default();
        for list in &wanted.all_of {
            if !known.all_of.contains(list) {
                known.all_of.push(list.clone());
            }
        }
        for matcher in &wanted.none_of {
            if !known.none_of.contains(matcher) {
                known.none_of.push(matcher.clone());
            }
        }
    }
    way
}

/// Leaves out alternatives that another one contains word for word.
fn without_narrower(all: Vec<Alternative>) -> Vec<Alternative> {
    let within = |narrow: &Alternative, wide: &Alternative| {
        wide.len() < narrow.len() && wide.iter().all(|(path, list)| narrow.get(path) == Some(list))
    };
    all.iter().filter(|one| !all.iter().any(|wide| within(one, wide))).cloned().collect()
}

impl Wanted {
    fn list(self, path: &str, notes: &mut Notes) -> Result<Vec<Matcher>, String> {
        let holds = match path {
            "sourceIPAddress" => Holds::Address,
            _ => Holds::Anything,
        };
        let mut list = self.either(path, holds, notes)?;
        // Every record has these: that they are missing need not be asked for.
        if [SOURCE, NAME].contains(&path) {
            list.retain(|matcher| !matcher.accepts_absent());
        }
        Ok(list)
    }

    fn either(self, path: &str, holds: Holds, notes: &mut Notes) -> Result<Vec<Matcher>, String> {
        let Self { all_of, none_of } = self;
        let lists: Vec<&[Matcher]> = all_of.iter().map(Vec::as_slice).collect();
        if let Ok(list) = combine(&lists, &none_of, holds) {
            return Ok(list);
        }
        let lists = match common(&all_of) {
            Some((list, ignored)) => {
                if ignored {
                    notes.lacks(by_letter(path, ""));
                }
                vec![list]
            }
            None => all_of,
        };
        let lists: Vec<&[Matcher]> = lists.iter().map(Vec::as_slice).collect();
        if let Ok(list) = combine(&lists, &none_of, holds) {
            return Ok(list);
        }
        let by_case: Vec<Matcher> = none_of.iter().map(with_case).collect();
        let list = combine(&lists, &by_case, holds).map_err(|error| match lists.len() {
            0 | 1 => format!("the conditions on `{path}` have no operator: {error}"),
            many => format!(
                "{many} conditions on `{path}` must hold together, and no operator of \
                     EventBridge says so: the texts can stand in too many orders for wildcards"
            ),
        })?;
        if by_case != none_of {
            notes.insert(format!(
                "what is left out by `{path}` is compared letter by letter, so that another case \
                 raises the alert"
            ));
        }
        Ok(list)
    }
}

/// Says that a text is compared letter by letter; `also` are further spellings of it, in words.
pub(super) fn by_letter(path: &str, also: &str) -> String {
    format!(
        "`{path}` is compared letter by letter, as it is written here{also}: EventBridge's \
         wildcards cannot ignore case"
    )
}

/// One list in place of several texts that must all fit, and whether case counts now that did not.
fn common(lists: &[Vec<Matcher>]) -> Option<(Vec<Matcher>, bool)> {
    let (first, rest) = lists.split_first()?;
    if rest.is_empty() {
        return None;
    }
    let mut ignored = false;
    let mut parts = |list: &Vec<Matcher>| {
        let of = |matcher: &Matcher| {
            let (parts, ignoring) = parts_of(matcher)?;
            ignored |= ignoring;
            Some(parts)
        };
        list.iter().map(of).collect::<Option<Vec<_>>>()
    };
    let mut found = parts(first)?;
    for list in rest {
        let other = parts(list)?;
        let mut next = Vec::new();
        for (one, other) in found.iter().flat_map(|one| other.iter().map(move |other| (one, other)))
        {
            for text in both(one, other)? {
                if !next.contains(&text) {
                    next.push(text);
                }
            }
        }
        found = next;
    }
    const MAX_TEXTS: usize = 24;
    if found.len() > MAX_TEXTS {
        return None;
    }
    Some((found.iter().map(|parts| matcher_of(parts)).collect(), ignored))
}

/// The same operator, comparing letter by letter.
fn with_case(matcher: &Matcher) -> Matcher {
    let Matcher::Text(TextTest { kind, text }) = matcher else { return matcher.clone() };
    let kind = match kind {
        TextKind::IgnoreCase => return Matcher::exact(text),
        TextKind::PrefixIgnoreCase => TextKind::Prefix,
        TextKind::SuffixIgnoreCase => TextKind::Suffix,
        other => *other,
    };
    Matcher::Text(TextTest { kind, text: text.clone() })
}
