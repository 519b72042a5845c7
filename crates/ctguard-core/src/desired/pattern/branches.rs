//! Conditions and exceptions as branches: fields that must all match, one branch for each alternative.
//!
//! Exceptions are worked in by the values of one field after the other ([`Branches::alternatives`]). Of the
//! exceptions (user u1, ARN a1) and (user u2, ARN a2) come: the user is neither; the user is u1 and the ARN not a1; the
//! user is u2 and the ARN not a2. So each exception adds a few alternatives instead of multiplying them, and no event
//! matches two. Where a field's operators cannot be cut like that, one term of each exception fails instead, in every
//! way: then alternatives overlap, which is exact as well.

use super::CompileError;
use super::cells::Cells;
use eventbridge_pattern::combine::{Holds, combine};
use eventbridge_pattern::relate::{disjoint, implies};
use eventbridge_pattern::{Filter, Matcher, OR_COMBINATIONS_MAX, address, ruler};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What each field must match, by path.
pub(super) type Fields = ruler::Alternative;

const PARAMETERS: &str = "detail.requestParameters.";
const ADDRESS: &str = "detail.sourceIPAddress";
const OMITTED: &str = "detail.requestParameters.omitted";

/// Names of fields that CloudTrail fills with lists. EC2 wraps its lists in `items`; the others
/// are found in many services' requests.
///
/// Sources: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
/// (`resources`), <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitor-with-cloudtrail.html>
/// (`items`).
const LISTS: [&str; 14] = [
    "items",
    "resources",
    "tags",
    "tagList",
    "tagKeys",
    "policyArns",
    "eventSelectors",
    "advancedEventSelectors",
    "dataResources",
    "fieldSelectors",
    "securityGroupIds",
    "vpcSecurityGroupIds",
    "dBSecurityGroups",
    "parameters",
];

/// Most steps that working in the exceptions of one alert may take, and most alternatives that may come of it.
pub(super) const STEPS_MAX: usize = 20_000;

/// The conditions and exceptions of an alert, ready to be merged with any group of events.
#[derive(Clone)]
pub(super) struct Branches {
    conditions: Vec<Branch>,
    exceptions: Vec<Exception>,
}

/// Fields that must all match, and what they must not match because of exceptions.
#[derive(Clone, Default)]
pub(super) struct Branch(BTreeMap<String, Constraint>);

#[derive(Clone, Default)]
struct Constraint {
    all_of: Vec<Vec<Matcher>>,
    none_of: Vec<Matcher>,
    /// The exception that spoke last, for the error message.
    exception: Option<usize>,
}

/// Terms that must not all hold.
#[derive(Clone)]
pub(super) struct Exception {
    pub index: usize,
    pub terms: Vec<Term>,
}

/// "The field matches one of these", or that it does not.
#[derive(Clone, PartialEq)]
pub(super) struct Term {
    pub path: String,
    pub list: Vec<Matcher>,
    pub matches: bool,
}

/// What is known of a term in a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    Holds,
    Fails,
    Open,
}

impl Branches {
    pub(super) fn new(where_: Option<&Filter>, except: &[&Filter]) -> Result<Self, CompileError> {
        let mut conditions = Vec::new();
        let mut seen = BTreeSet::new();
        let asked = match where_ {
            Some(filter) => ways(&filter.below("detail"))?,
            None => vec![Fields::new()],
        };
        for fields in asked {
            let omitted = with_parameters_omitted(&fields);
            for fields in std::iter::once(fields).chain(omitted) {
                if seen.insert(format!("{fields:?}")) {
                    conditions.push(Branch::of(fields));
                }
            }
        }
        let on_blocks = conditions.iter().any(|branch| branch.takes_blocks(ADDRESS));
        let mut exceptions = Vec::new();
        for (index, filter) in except.iter().enumerate() {
            for mut fields in ways(&filter.below("detail"))? {
                if let Some(list) = fields.get_mut(ADDRESS).filter(|_| !on_blocks) {
                    *list = spelled(list);
                }
                exceptions.push(Exception::of(index, fields)?);
            }
        }
        Ok(Self { conditions, exceptions })
    }

    /// Whether they mention a field that a group of events pins.
    pub(super) fn meet(&self, group: &Fields) -> bool {
        let conditions = self.conditions.iter().flat_map(|branch| branch.0.keys());
        let exceptions = self.exceptions.iter().flat_map(|e| e.terms.iter().map(|t| &t.path));
        conditions.chain(exceptions).any(|path| group.contains_key(path))
    }

    /// Every alternative of the whole condition for events that match `group`; none when nothing can match.
    ///
    /// EventBridge keeps them all when they stand in one rule.
    pub(super) fn alternatives(&self, group: &Fields) -> Result<Vec<Fields>, CompileError> {
        let conditions: Vec<Branch> = self.conditions.iter().map(|b| b.merged(group)).collect();
        let mut found = expressed(&self.worked_in(&conditions)?)?;
        if !self.exceptions.is_empty() {
            found = ruler::joined(found);
        }
        if found.len() > STEPS_MAX {
            return Err(CompileError::TooComplex { alternatives: found.len() });
        }
        if !overlaps(&found) {
            return Ok(found);
        }
        let apart = ruler::separate(found.clone(), OR_COMBINATIONS_MAX);
        apart.ok_or_else(|| or_overlaps(&found))
    }

    /// The same as alternatives of which no event matches two, so that each may stand in a rule of its own; `None`
    /// when operators do not allow it.
    pub(super) fn disjoint(&self, group: &Fields) -> Result<Option<Vec<Fields>>, CompileError> {
        let mut conditions: Vec<&Branch> = self.conditions.iter().collect();
        // A condition on left-out parameters first: it can be said exactly that they were not left out.
        conditions.sort_by_key(|branch| !branch.0.contains_key(OMITTED));
        let mut found = Vec::new();
        let mut before: Vec<Exception> = Vec::new();
        for condition in conditions {
            let own = condition.fields();
            let condition = condition.merged(group);
            let exceptions = [before.as_slice(), self.exceptions.as_slice()].concat();
            match Cells::work_in(&condition, &exceptions) {
                Ok(branches) => match expressed(&branches) {
                    Ok(fields) => found.extend(fields),
                    Err(_) => return Ok(None),
                },
                Err(error @ CompileError::TooComplex { .. }) => return Err(error),
                Err(_) => return Ok(None),
            }
            if self.conditions.len() > 1 {
                if own.keys().any(|path| may_be_in_a_list(path)) {
                    return Ok(None);
                }
                let term = |(path, list)| Term { path, list, matches: true };
                before.push(Exception { index: 0, terms: own.into_iter().map(term).collect() });
            }
        }
        found = ruler::joined(found);
        // A reader looks for what parameters hold first.
        let left_out = vec![Matcher::Exact(Value::Bool(true))];
        found.sort_by_key(|fields: &Fields| fields.get(OMITTED) == Some(&left_out));
        Ok(Some(found))
    }

    fn worked_in(&self, conditions: &[Branch]) -> Result<Vec<Branch>, CompileError> {
        let mut branches = Vec::new();
        for condition in conditions {
            let cells = Cells::work_in(condition, &self.exceptions)
                .and_then(|cells| expressed(&cells).map(|_| cells));
            match cells {
                Ok(cells) => branches.extend(cells),
                Err(error @ CompileError::TooComplex { .. }) => return Err(error),
                Err(_) => branches.extend(self.multiplied(condition)?),
            }
        }
        Ok(branches)
    }

    /// A condition with one term of each exception failing, in every way.
    fn multiplied(&self, condition: &Branch) -> Result<Vec<Branch>, CompileError> {
        let product = self.exceptions.iter().map(|exception| exception.terms.len());
        let alternatives = product.fold(1_usize, usize::saturating_mul);
        if alternatives > OR_COMBINATIONS_MAX {
            return Err(CompileError::TooComplex { alternatives });
        }
        let mut branches = vec![condition.clone()];
        for exception in &self.exceptions {
            branches = branches
                .iter()
                .flat_map(|branch| exception.terms.iter().map(move |term| (branch, term)))
                .map(|(branch, term)| branch.with(term, !term.matches, exception.index))
                .collect();
        }
        Ok(branches)
    }
}

impl Branch {
    fn of(fields: Fields) -> Self {
        let constraint = |list| Constraint { all_of: vec![list], ..Constraint::default() };
        Self(fields.into_iter().map(|(path, list)| (path, constraint(list))).collect())
    }

    /// The same, when a term holds or fails too.
    pub(super) fn with(&self, term: &Term, matches: bool, exception: usize) -> Self {
        let mut branch = self.clone();
        branch.require(term, matches, exception);
        branch
    }

    pub(super) fn require(&mut self, term: &Term, matches: bool, exception: usize) {
        let constraint = self.0.entry(term.path.clone()).or_default();
        if matches {
            if !constraint.all_of.contains(&term.list) {
                constraint.all_of.push(term.list.clone());
            }
        } else {
            for matcher in &term.list {
                if !constraint.none_of.contains(matcher) {
                    constraint.none_of.push(matcher.clone());
                }
            }
        }
        constraint.exception = Some(exception);
    }

    /// Whether a term holds for every event of the branch, or for none.
    pub(super) fn judge(&self, term: &Term) -> Truth {
        let Some(constraint) = self.0.get(&term.path) else {
            return Truth::Open;
        };
        let taken = |matcher: &Matcher| term.list.iter().any(|wide| implies(matcher, wide));
        let apart = |matcher: &Matcher| term.list.iter().all(|other| disjoint(matcher, other));
        let lists = || constraint.all_of.iter();
        let inside = lists().any(|list| *list == term.list || list.iter().all(taken));
        let outside = lists().any(|list| list.iter().all(apart))
            || term.list.iter().all(|own| constraint.none_of.iter().any(|out| implies(own, out)));
        match (inside, outside) {
            (false, false) => Truth::Open,
            (inside, _) if inside == term.matches => Truth::Holds,
            _ => Truth::Fails,
        }
    }

    fn merged(&self, group: &Fields) -> Self {
        let mut branch = self.clone();
        for (path, list) in group {
            branch.0.entry(path.clone()).or_default().all_of.insert(0, list.clone());
        }
        branch
    }

    fn takes_blocks(&self, path: &str) -> bool {
        let block = |matcher: &Matcher| matches!(matcher, Matcher::Cidr(_));
        self.0.get(path).is_some_and(|field| field.all_of.iter().flatten().any(block))
    }

    /// The lists of its fields, of a condition that nothing was worked into.
    fn fields(&self) -> Fields {
        let last = |constraint: &Constraint| constraint.all_of.last().cloned().unwrap_or_default();
        self.0.iter().map(|(path, constraint)| (path.clone(), last(constraint))).collect()
    }

    /// One list for each field; `None` when nothing can match one of them.
    fn expressed(&self) -> Result<Option<Fields>, CompileError> {
        let mut fields = Fields::new();
        for (path, constraint) in &self.0 {
            let all_of: Vec<&[Matcher]> = constraint.all_of.iter().map(Vec::as_slice).collect();
            let holds = match path.as_str() {
                ADDRESS => Holds::Address,
                _ => Holds::Anything,
            };
            let list = combine(&all_of, &constraint.none_of, holds).map_err(|error| {
                let below = path.strip_prefix("detail.").unwrap_or(path).to_owned();
                match constraint.exception {
                    Some(exception) => {
                        let reason = format!("{error} (at `{below}`)");
                        CompileError::ExceptionNotExpressible { exception, reason }
                    }
                    None => CompileError::ConditionNotExpressible { path: below, reason: error.0 },
                }
            })?;
            if list.is_empty() {
                return Ok(None);
            }
            fields.insert(path.clone(), list);
        }
        Ok(Some(fields))
    }
}

impl Exception {
    fn of(index: usize, fields: Fields) -> Result<Self, CompileError> {
        for path in fields.keys() {
            if let Some(list) = path.split('.').find(|key| LISTS.contains(key)) {
                let reason = format!(
                    "`{}` stands in the list `{list}`, where \"not\" would mean \"some element is \
                     not\"",
                    path.strip_prefix("detail.").unwrap_or(path)
                );
                return Err(CompileError::ExceptionNotExpressible { exception: index, reason });
            }
        }
        // Absence says nothing about parameters that were left out for their size.
        let absence_counts = fields.iter().any(|(path, list)| {
            path.starts_with(PARAMETERS) && list.iter().any(Matcher::accepts_absent)
        });
        let mut terms: Vec<Term> =
            fields.into_iter().map(|(path, list)| Term { path, list, matches: true }).collect();
        if absence_counts {
            let list = vec![Matcher::Exact(Value::Bool(true))];
            terms.push(Term { path: OMITTED.to_owned(), list, matches: false });
        }
        Ok(Self { index, terms })
    }
}

/// Address blocks as the texts of their addresses, where they have such: texts can be told apart and left out.
fn spelled(list: &[Matcher]) -> Vec<Matcher> {
    let spelled = |matcher: &Matcher| match matcher {
        Matcher::Cidr(block) => {
            address::spellings(block).unwrap_or_else(|| vec![Matcher::Cidr(*block)])
        }
        other => vec![other.clone()],
    };
    list.iter().flat_map(spelled).collect()
}

/// Whether the values of a field may stand in a list of the event, as far as its path tells.
pub(super) fn may_be_in_a_list(path: &str) -> bool {
    let Some(below) = path.strip_prefix("detail.") else {
        return false;
    };
    let keys: Vec<&str> = below.split('.').collect();
    let free = ["requestParameters", "responseElements", "additionalEventData"];
    keys.iter().any(|key| LISTS.contains(key)) || (free.contains(&keys[0]) && keys.len() > 2)
}

/// Every way through the `$or` lists of a filter.
fn ways(filter: &Filter) -> Result<Vec<Fields>, CompileError> {
    let too_many = CompileError::TooManyCombinations { combinations: OR_COMBINATIONS_MAX + 1 };
    ruler::alternatives(filter).ok_or(too_many)
}

/// The same conditions for an event whose request parameters were left out.
fn with_parameters_omitted(fields: &Fields) -> Option<Fields> {
    let mut omitted = fields.clone();
    omitted.retain(|path, _| !path.starts_with(PARAMETERS));
    (omitted.len() < fields.len()).then(|| {
        omitted.insert(OMITTED.to_owned(), vec![Matcher::Exact(Value::Bool(true))]);
        omitted
    })
}

/// The branches that can match, without repeats and without those that another one contains.
fn expressed(branches: &[Branch]) -> Result<Vec<Fields>, CompileError> {
    let mut found: Vec<Fields> = Vec::new();
    let mut seen = BTreeSet::new();
    for branch in branches {
        let Some(fields) = branch.expressed()? else {
            continue;
        };
        // Every part has one order, so its text tells branches apart.
        if !seen.insert(format!("{fields:?}")) {
            continue;
        }
        let within = |narrow: &Fields, wide: &Fields| {
            wide.iter().all(|(path, list)| narrow.get(path) == Some(list))
        };
        if found.iter().any(|wide| within(&fields, wide)) {
            continue;
        }
        found.retain(|narrow| !within(narrow, &fields));
        found.push(fields);
    }
    Ok(found)
}

fn overlaps(alternatives: &[Fields]) -> bool {
    ruler::filter_of(alternatives).is_some_and(|filter| !ruler::losses(&filter).is_empty())
}

fn or_overlaps(alternatives: &[Fields]) -> CompileError {
    let loss = ruler::filter_of(alternatives).and_then(|filter| ruler::losses(&filter).pop());
    let text = |alternative: &Fields| {
        ruler::filter_of(std::slice::from_ref(alternative))
            .map(|filter| eventbridge_pattern::Pattern { filter }.to_json())
            .unwrap_or_default()
    };
    let (one, other) = loss.map(|loss| (text(&loss.by), text(&loss.lost))).unwrap_or_default();
    CompileError::OrOverlaps { one, other }
}
