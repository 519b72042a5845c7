//! Conditions and exceptions as branches: fields that must all match, one branch for each way.

use super::CompileError;
use eventbridge_pattern::express::{Holds, express};
use eventbridge_pattern::{Filter, Matcher, OR_COMBINATIONS_MAX};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What each field must match, by path.
pub(super) type Fields = BTreeMap<String, Vec<Matcher>>;

const PARAMETERS: &str = "detail.requestParameters.";
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

/// The conditions and exceptions of an alert, ready to be merged with any group of events.
#[derive(Clone)]
pub(super) struct Branches {
    conditions: Vec<Branch>,
    exceptions: Vec<Exception>,
}

/// Fields that must all match, and what they must not match because of exceptions.
#[derive(Clone, Default)]
struct Branch(BTreeMap<String, Constraint>);

#[derive(Clone, Default)]
struct Constraint {
    all_of: Vec<Vec<Matcher>>,
    none_of: Vec<Matcher>,
    /// The exception that spoke last, for the error message.
    exception: Option<usize>,
}

/// Terms that must not all hold.
#[derive(Clone)]
struct Exception {
    index: usize,
    terms: Vec<Term>,
}

/// "The field matches one of these", or that it does not.
#[derive(Clone)]
struct Term {
    path: String,
    list: Vec<Matcher>,
    matches: bool,
}

impl Branches {
    pub(super) fn new(where_: Option<&Filter>, except: &[&Filter]) -> Result<Self, CompileError> {
        let mut conditions = Vec::new();
        let mut seen = BTreeSet::new();
        let asked = match where_ {
            Some(filter) => ways(&filter.below("detail")),
            None => Ok(vec![Fields::new()]),
        };
        let too_many = |combinations| CompileError::TooManyCombinations { combinations };
        for fields in asked.map_err(too_many)? {
            let omitted = with_parameters_omitted(&fields);
            for fields in std::iter::once(fields).chain(omitted) {
                if seen.insert(format!("{fields:?}")) {
                    conditions.push(Branch::of(fields));
                }
            }
        }
        let mut exceptions = Vec::new();
        for (index, filter) in except.iter().enumerate() {
            for fields in ways(&filter.below("detail")).map_err(too_many)? {
                exceptions.push(Exception::of(index, fields)?);
            }
        }
        Ok(Self { conditions, exceptions })
    }

    /// How many branches there are before any of them is found to be impossible.
    pub(super) fn combinations(&self) -> usize {
        self.exceptions.iter().fold(self.conditions.len(), |product, exception| {
            product.saturating_mul(exception.terms.len())
        })
    }

    /// The whole condition for events of these groups; `None` when nothing can match.
    pub(super) fn filter(&self, groups: &[Fields]) -> Result<Option<Filter>, CompileError> {
        let branches = self.multiplied();
        let pinned: BTreeSet<&String> = groups.iter().flat_map(BTreeMap::keys).collect();
        let meet = branches.iter().any(|branch| branch.0.keys().any(|path| pinned.contains(path)));
        if meet {
            let mut filters = Vec::new();
            for group in groups {
                let merged: Vec<Branch> = branches.iter().map(|b| b.merged(group)).collect();
                filters.extend(expressed(&merged)?.map(|fields| all(factored(fields))));
            }
            return Ok(match filters.len() {
                0 => None,
                1 => filters.pop(),
                _ => Some(Filter::Any(filters)),
            });
        }
        let Some(fields) = expressed(&branches)? else {
            return Ok(None);
        };
        let mut filters = factored(groups.to_vec());
        filters.extend(factored(fields));
        Ok(Some(all(filters)))
    }

    /// The same in parts that no event matches two of; `None` when there is nothing to cut.
    pub(super) fn cut(&self) -> Option<Vec<Self>> {
        let at = self.exceptions.iter().position(|exception| exception.terms.len() > 1)?;
        let mut exceptions = self.exceptions.clone();
        let cut = exceptions.remove(at);
        let part = |failing: usize| {
            let conditions = self
                .conditions
                .iter()
                .map(|branch| {
                    let mut branch = branch.clone();
                    for term in &cut.terms[..failing] {
                        branch.require(term, term.matches, cut.index);
                    }
                    let term = &cut.terms[failing];
                    branch.require(term, !term.matches, cut.index);
                    branch
                })
                .collect();
            Self { conditions, exceptions: exceptions.clone() }
        };
        Some((0..cut.terms.len()).map(part).collect())
    }

    /// The conditions with one term of each exception failing, in every way.
    fn multiplied(&self) -> Vec<Branch> {
        let mut branches = self.conditions.clone();
        for exception in &self.exceptions {
            branches = branches
                .iter()
                .flat_map(|branch| exception.terms.iter().map(move |term| (branch, term)))
                .map(|(branch, term)| {
                    let mut branch = branch.clone();
                    branch.require(term, !term.matches, exception.index);
                    branch
                })
                .collect();
        }
        branches
    }
}

impl Branch {
    fn of(fields: Fields) -> Self {
        let constraint = |list| Constraint { all_of: vec![list], ..Constraint::default() };
        Self(fields.into_iter().map(|(path, list)| (path, constraint(list))).collect())
    }

    fn require(&mut self, term: &Term, matches: bool, exception: usize) {
        let constraint = self.0.entry(term.path.clone()).or_default();
        if matches {
            constraint.all_of.push(term.list.clone());
        } else {
            for matcher in &term.list {
                if !constraint.none_of.contains(matcher) {
                    constraint.none_of.push(matcher.clone());
                }
            }
        }
        constraint.exception = Some(exception);
    }

    fn merged(&self, group: &Fields) -> Self {
        let mut branch = self.clone();
        for (path, list) in group {
            branch.0.entry(path.clone()).or_default().all_of.insert(0, list.clone());
        }
        branch
    }

    /// One list for each field; `None` when nothing can match one of them.
    fn expressed(&self) -> Result<Option<Fields>, CompileError> {
        let mut fields = Fields::new();
        for (path, constraint) in &self.0 {
            let all_of: Vec<&[Matcher]> = constraint.all_of.iter().map(Vec::as_slice).collect();
            let holds = match path.as_str() {
                "detail.sourceIPAddress" => Holds::Address,
                _ => Holds::Anything,
            };
            let list = express(&all_of, &constraint.none_of, holds).map_err(|reason| {
                let below = path.strip_prefix("detail.").unwrap_or(path).to_owned();
                match constraint.exception {
                    Some(exception) => {
                        let reason = format!("{reason} (at `{below}`)");
                        CompileError::ExceptionNotExpressible { exception, reason }
                    }
                    None => CompileError::ConditionNotExpressible { path: below, reason },
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

/// Every way through the `$or` lists of a filter; the number of ways when they are too many.
fn ways(filter: &Filter) -> Result<Vec<Fields>, usize> {
    let checked = |count: usize| if count > OR_COMBINATIONS_MAX { Err(count) } else { Ok(()) };
    match filter {
        Filter::Field { path, matchers } => {
            Ok(vec![Fields::from([(path.clone(), matchers.clone())])])
        }
        Filter::Any(members) => {
            let mut all = Vec::new();
            for member in members {
                all.extend(ways(member)?);
                checked(all.len())?;
            }
            Ok(all)
        }
        Filter::All(members) => {
            let mut all = vec![Fields::new()];
            for member in members {
                let more = ways(member)?;
                checked(all.len() * more.len())?;
                all = all
                    .iter()
                    .flat_map(|left| more.iter().map(move |right| (left, right)))
                    .map(|(left, right)| {
                        let mut both = left.clone();
                        both.extend(right.iter().map(|(path, list)| (path.clone(), list.clone())));
                        both
                    })
                    .collect();
            }
            Ok(all)
        }
    }
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
fn expressed(branches: &[Branch]) -> Result<Option<Vec<Fields>>, CompileError> {
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
    Ok((!found.is_empty()).then_some(found))
}

/// Branches with what they all share taken out in front of the `$or`.
fn factored(mut branches: Vec<Fields>) -> Vec<Filter> {
    let Some((first, others)) = branches.split_first() else {
        return Vec::new();
    };
    let shared: Fields = first
        .iter()
        .filter(|(path, list)| others.iter().all(|other| other.get(*path) == Some(list)))
        .map(|(path, list)| (path.clone(), list.clone()))
        .collect();
    let mut filters = fields_of(&shared);
    if branches.len() > 1 {
        for branch in &mut branches {
            branch.retain(|path, _| !shared.contains_key(path));
        }
        filters.push(Filter::Any(branches.iter().map(|branch| all(fields_of(branch))).collect()));
    }
    filters
}

fn fields_of(fields: &Fields) -> Vec<Filter> {
    fields
        .iter()
        .map(|(path, matchers)| Filter::Field { path: path.clone(), matchers: matchers.clone() })
        .collect()
}

fn all(mut filters: Vec<Filter>) -> Filter {
    match filters.len() {
        1 => filters.remove(0),
        _ => Filter::All(filters),
    }
}
