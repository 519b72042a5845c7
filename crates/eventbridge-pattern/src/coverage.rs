//! Whether a live pattern matches every event that the desired one matches.
//!
//! Both are taken apart into branches: fields that must all match, one branch for each way through
//! the `$or` lists. The live pattern covers the desired one when each desired branch has a live
//! branch that asks for no other field, and takes at each field whatever the desired one takes. A
//! desired branch that no single live branch covers is cut by the values of one field and tried
//! again in pieces, so that one list of names and a `$or` over the same names are the same.
//!
//! "Wider" is a proof; "not shown" is not one of the opposite.

use super::relate::list_implies;
use super::{Conditions, Coverage, Filter, Matcher, OR_COMBINATIONS_MAX, Pattern, ruler};
use std::collections::BTreeMap;

/// Fields that must all match.
type Branch<'f> = BTreeMap<&'f str, Vec<&'f Matcher>>;

/// How many comparisons of two branches one question may cost.
const BUDGET: usize = 20_000;

/// How many fields of one branch are cut into their values.
const CUTS: usize = 2;

pub(super) fn relation(live: &Pattern, desired: &Pattern) -> Coverage {
    let lossy = ruler::kept(&live.filter);
    if lossy.is_none() && live == desired {
        return Coverage::Equal;
    }
    // What EventBridge loses of the live pattern covers nothing.
    let (live, desired) = (lossy.as_ref().unwrap_or(&live.filter), &desired.filter);
    let (Some(live), Some(desired)) = (branches(live), branches(desired)) else {
        return Coverage::NotShown;
    };
    match (covers(&live, &desired), covers(&desired, &live)) {
        (true, true) => Coverage::Equal,
        (true, false) => Coverage::Wider,
        (false, _) => Coverage::NotShown,
    }
}

/// Every alternative; `None` when there are more than EventBridge takes, or when a field stands twice in one.
fn branches<'f>(filter: &'f Filter) -> Option<Vec<Branch<'f>>> {
    if filter.combinations() > OR_COMBINATIONS_MAX {
        return None;
    }
    let branch = |fields: Conditions<'f>| {
        let size = fields.len();
        let branch: Branch<'f> =
            fields.into_iter().map(|(path, list)| (path, list.iter().collect())).collect();
        (branch.len() == size).then_some(branch)
    };
    filter.alternatives(OR_COMBINATIONS_MAX).into_iter().map(branch).collect()
}

fn covers(wide: &[Branch<'_>], narrow: &[Branch<'_>]) -> bool {
    let mut budget = BUDGET;
    narrow.iter().all(|branch| covers_branch(wide, branch, CUTS, &mut budget))
}

fn covers_branch(
    wide: &[Branch<'_>],
    narrow: &Branch<'_>,
    cuts: usize,
    budget: &mut usize,
) -> bool {
    let Some(left) = budget.checked_sub(wide.len()) else {
        return false;
    };
    *budget = left;
    if wide.iter().any(|wide| branch_implies(narrow, wide)) {
        return true;
    }
    if cuts == 0 || wide.len() < 2 {
        return false;
    }
    narrow.iter().filter(|(_, list)| list.len() > 1).any(|(path, list)| {
        list.iter().all(|matcher| {
            let mut piece = narrow.clone();
            piece.insert(path, vec![matcher]);
            covers_branch(wide, &piece, cuts - 1, budget)
        })
    })
}

fn branch_implies(narrow: &Branch<'_>, wide: &Branch<'_>) -> bool {
    wide.iter().all(|(path, wide_list)| {
        let Some(narrow_list) = narrow.get(path) else {
            return false;
        };
        narrow_list.iter().all(|matcher| list_implies(matcher, wide_list))
            && !absence_depends(path, narrow_list, narrow, wide)
    })
}

/// Whether "this field is missing" may hold in the narrow branch only because of another of its
/// fields: inside an array, a field is looked for in the element that the others were found in.
/// A field that the wide branch lacks can do that when the two may stand in one array.
fn absence_depends(
    path: &str,
    narrow_list: &[&Matcher],
    narrow: &Branch<'_>,
    wide: &Branch<'_>,
) -> bool {
    narrow_list.iter().any(|matcher| matcher.accepts_absent())
        && narrow.keys().any(|other| !wide.contains_key(other) && may_share_an_array(path, other))
}

/// Whether two paths begin alike below `detail`, which is always an object, never an array.
fn may_share_an_array(a: &str, b: &str) -> bool {
    let below = |path: &str| {
        let path = path.strip_prefix("detail.").unwrap_or(path);
        path.split('.').next().map(str::to_owned)
    };
    a.starts_with("detail.") == b.starts_with("detail.") && below(a) == below(b)
}
