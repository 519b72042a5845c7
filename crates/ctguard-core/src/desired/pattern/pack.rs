//! Filling patterns: as many events into each as fit, then as many alternatives, then as many values.

use super::branches::{Branches, Fields};
use super::{CompileError, Compiled, Group, Unit};
use crate::event::EventRef;
use crate::resource::rule::RuleState;
use eventbridge_pattern::{Filter, Matcher, OR_COMBINATIONS_MAX, Pattern, ruler};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct Packer<'b> {
    branches: &'b Branches,
    max_chars: usize,
    /// The alternatives for events whose fields no condition or exception mentions.
    shared: OnceCell<Result<Vec<Fields>, CompileError>>,
    compiled: Vec<Compiled>,
}

enum Size {
    /// The pattern; none when nothing can match.
    Fits(Option<Compiled>),
    Exceeds(CompileError),
}

impl<'b> Packer<'b> {
    pub(super) fn new(branches: &'b Branches, max_chars: usize) -> Self {
        Self { branches, max_chars, shared: OnceCell::new(), compiled: Vec::new() }
    }

    /// Puts units into patterns, in order, as many into each as fit.
    pub(super) fn pack(mut self, units: &[Unit]) -> Result<Vec<Compiled>, CompileError> {
        let mut rest = units;
        while !rest.is_empty() {
            let mut fitting = None;
            // As many as can fit at all first: it is what nearly always fits.
            let most = self.most(rest);
            let (mut fits, mut fails) = (0, most + 1);
            let mut count = most;
            let mut problem = CompileError::NeverMatches;
            while fits + 1 < fails {
                match self.pattern_for(&rest[..count])? {
                    Size::Fits(found) => (fits, fitting) = (count, Some(found)),
                    Size::Exceeds(error) => (fails, problem) = (count, error),
                }
                count = usize::midpoint(fits, fails);
            }
            match fitting {
                Some(found) => self.compiled.extend(found),
                None => {
                    fits = self.together(rest);
                    self.spread(&rest[..fits], problem)?;
                }
            }
            rest = &rest[fits..];
        }
        Ok(self.compiled)
    }

    /// An upper bound of how many units fit, by their names and services alone.
    fn most(&self, units: &[Unit]) -> usize {
        let mut chars = 0;
        let mut last: Option<&Group> = None;
        let fitting = units.iter().take_while(|unit| {
            chars += unit.name.as_ref().and_then(text_chars).unwrap_or_default();
            if last != Some(&unit.group) {
                chars += unit.group.values().flatten().filter_map(text_chars).sum::<usize>();
                last = Some(&unit.group);
            }
            chars <= self.max_chars
        });
        fitting.count().clamp(1, units.len())
    }

    /// How many units are taken together where even one does not fit with all alternatives.
    fn together(&self, units: &[Unit]) -> usize {
        // Where conditions are on what is pinned, each group has alternatives of its own.
        let meets =
            |unit: &Unit| self.branches.meet(&unit.group) || self.branches.meet(&names_of(unit));
        let apart = units.iter().take_while(|unit| !meets(unit)).count();
        if apart == 0 {
            return 1;
        }
        let third = Self::new(self.branches, self.max_chars / 3);
        third.most(&units[..apart])
    }

    fn pattern_for(&self, units: &[Unit]) -> Result<Size, CompileError> {
        let groups = groups(units);
        if groups.iter().any(|group| self.branches.meet(group)) {
            let mut filters = Vec::new();
            let mut combinations = 0;
            for group in &groups {
                let alternatives = self.branches.alternatives(group)?;
                combinations += alternatives.len();
                filters.extend(ruler::filter_of(&alternatives));
            }
            let filter = match filters.len() {
                0 => return Ok(Size::Fits(None)),
                1 => filters.remove(0),
                _ => Filter::Any(filters),
            };
            return self.sized(filter, combinations, units);
        }
        let shared = self.shared.get_or_init(|| self.branches.alternatives(&Fields::new()));
        let alternatives = shared.as_ref().map_err(Clone::clone)?;
        let Some(filter) = product(&groups, alternatives) else {
            return Ok(Size::Fits(None));
        };
        self.sized(filter, groups.len() * alternatives.len(), units)
    }

    fn sized(
        &self,
        mut filter: Filter,
        combinations: usize,
        units: &[Unit],
    ) -> Result<Size, CompileError> {
        if combinations > OR_COMBINATIONS_MAX {
            return Ok(Size::Exceeds(CompileError::TooManyCombinations { combinations }));
        }
        let mut json = Pattern { filter: filter.clone() }.to_json();
        let chars = json.chars().count();
        if chars > self.max_chars {
            return Ok(Size::Exceeds(CompileError::TooLarge { chars }));
        }
        // Nothing that has come together here may hide another.
        if !ruler::losses(&filter).is_empty() {
            let apart = ruler::alternatives(&filter)
                .and_then(|all| ruler::separate(all, OR_COMBINATIONS_MAX))
                .and_then(|all| ruler::filter_of(&all));
            let too_many =
                CompileError::TooManyCombinations { combinations: OR_COMBINATIONS_MAX + 1 };
            filter = apart.ok_or(too_many)?;
            json = Pattern { filter: filter.clone() }.to_json();
            let chars = json.chars().count();
            if chars > self.max_chars {
                return Ok(Size::Exceeds(CompileError::TooLarge { chars }));
            }
        }
        let events: BTreeSet<EventRef> =
            units.iter().flat_map(|unit| unit.events.iter().cloned()).collect();
        let state = match events.iter().any(EventRef::needs_wide_state) {
            true => RuleState::EnabledWithAllCloudtrailManagementEvents,
            false => RuleState::Enabled,
        };
        let events = events.into_iter().collect();
        Ok(Size::Fits(Some(Compiled { pattern: Pattern { filter }, json, events, state })))
    }

    /// By how many characters a pattern is too long.
    fn excess(&self, error: &CompileError) -> usize {
        match error {
            CompileError::TooLarge { chars } => chars.saturating_sub(self.max_chars),
            _ => 0,
        }
    }

    /// Spreads the alternatives of some units over patterns.
    fn spread(&mut self, units: &[Unit], problem: CompileError) -> Result<(), CompileError> {
        let mut groups = groups(units);
        let pinned = match groups.iter().any(|group| self.branches.meet(group)) {
            // Then there is one group, and its fields are merged into each alternative.
            true => std::mem::take(&mut groups).remove(0),
            false => Fields::new(),
        };
        let all = match self.branches.disjoint(&pinned)? {
            Some(alternatives) => alternatives,
            None => {
                let alternatives = self.branches.alternatives(&pinned)?;
                if alternatives.len() > 1 {
                    return Err(problem);
                }
                alternatives
            }
        };
        let mut waiting: Vec<Fields> = all.into_iter().rev().collect();
        let mut filled: Vec<Fields> = Vec::new();
        let mut last = None;
        while let Some(next) = waiting.pop() {
            filled.push(next);
            let Some(filter) = product(&groups, &filled) else {
                continue;
            };
            let combinations = groups.len().max(1) * filled.len();
            match self.sized(filter, combinations, units)? {
                Size::Fits(found) => last = found,
                Size::Exceeds(error) => {
                    let next = filled.pop().unwrap_or_default();
                    if filled.is_empty() {
                        let (first, second) = split(&next, self.excess(&error)).ok_or(error)?;
                        waiting.extend([second, first]);
                    } else {
                        self.compiled.extend(last.take());
                        filled.clear();
                        waiting.push(next);
                    }
                }
            }
        }
        self.compiled.extend(last);
        Ok(())
    }
}

/// Units with the same fields as one group with all their names.
fn groups(units: &[Unit]) -> Vec<Group> {
    type Names<'u> = BTreeMap<&'u str, Vec<Matcher>>;
    let mut groups: BTreeMap<String, (Group, Names<'_>)> = BTreeMap::new();
    for unit in units {
        // Groups are few and their fields short, so their text will do as a key.
        let path = if unit.name.is_some() { unit.name_path } else { "" };
        let key = format!("{:?} {path}", unit.group);
        let entry = groups.entry(key).or_insert_with(|| (unit.group.clone(), Names::new()));
        let names = unit.name.iter().map(|name| (unit.name_path, name.clone()));
        for (path, name) in names {
            entry.1.entry(path).or_default().push(name);
        }
    }
    let named = |(mut group, names): (Group, Names<'_>)| {
        group.extend(names.into_iter().map(|(path, names)| (path.to_owned(), names)));
        group
    };
    groups.into_values().map(named).collect()
}

fn names_of(unit: &Unit) -> Fields {
    let name = unit.name.iter().map(|name| (unit.name_path.to_owned(), vec![name.clone()]));
    name.collect()
}

/// Each of the groups under each of the alternatives. `None` when there are no alternatives.
fn product(groups: &[Group], alternatives: &[Fields]) -> Option<Filter> {
    let mut filters = Vec::new();
    for side in [groups, alternatives] {
        match ruler::filter_of(side) {
            Some(Filter::All(members)) => filters.extend(members),
            Some(filter) => filters.push(filter),
            None if side.is_empty() && !groups.is_empty() => return None,
            None => {}
        }
    }
    match filters.len() {
        0 => None,
        1 => filters.pop(),
        _ => Some(Filter::All(filters)),
    }
}

/// An alternative in two: as many values of its longest list as fit when `excess` characters go, and the others.
fn split(alternative: &Fields, excess: usize) -> Option<(Fields, Fields)> {
    let values = |list: &&Vec<Matcher>| list.iter().all(|matcher| text_chars(matcher).is_some());
    let length = |list: &[Matcher]| list.iter().filter_map(text_chars).sum::<usize>();
    let (path, list) = alternative
        .iter()
        .filter(|(_, list)| list.len() > 1 && values(list))
        .max_by_key(|(_, list)| length(list))?;
    let room = length(list).saturating_sub(excess);
    let mut chars = 0;
    let fitting = list.iter().take_while(|matcher| {
        chars += text_chars(matcher).unwrap_or_default();
        chars <= room
    });
    // Where another list is what is too long, half of this one goes, and then it is that one's turn.
    let at = match fitting.count() {
        0 => list.len() / 2,
        count => count.min(list.len() - 1),
    };
    let (first, second) = list.split_at(at);
    let part = |values: &[Matcher]| {
        let mut part = alternative.clone();
        part.insert(path.clone(), values.to_vec());
        part
    };
    Some((part(first), part(second)))
}

/// The characters of an operator that takes one value.
fn text_chars(matcher: &Matcher) -> Option<usize> {
    match matcher {
        Matcher::Exact(value) => Some(value.to_string().len() + 1),
        _ => None,
    }
}
