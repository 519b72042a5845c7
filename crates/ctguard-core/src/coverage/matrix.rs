//! The techniques of ATT&CK's matrix that no built-in alert names.
//!
//! A technique with sub-techniques is measured by theirs. All others have nothing to be measured by,
//! and are listed as not covered with the reason: what nobody watches for is a gap, too.

use super::names::{CloudTechnique, cloud_techniques};
use super::{Served, State, Unwatched};
use std::collections::{BTreeMap, BTreeSet};

/// Adds every technique of the matrix that is not there. `watched`: the built-in alerts of each
/// technique that some name.
pub(super) fn complete(
    all: &mut BTreeMap<String, Served>,
    watched: &BTreeMap<String, BTreeSet<usize>>,
    measure: impl Fn(&str, &BTreeSet<usize>) -> Served,
) {
    let (parts, wholes): (Vec<CloudTechnique>, Vec<CloudTechnique>) =
        cloud_techniques().partition(|one| one.id.contains('.'));
    for one in parts.iter().filter(|one| !watched.contains_key(one.id)) {
        unwatched(all, one);
    }
    for one in wholes.iter().filter(|one| !watched.contains_key(one.id)) {
        let below = format!("{}.", one.id);
        let of_parts = watched.iter().filter(|(id, _)| id.starts_with(&below));
        let by: BTreeSet<usize> = of_parts.flat_map(|(_, by)| by).copied().collect();
        if by.is_empty() {
            unwatched(all, one);
            continue;
        }
        let mut served = measure(one.id, &by);
        served.title = Some(one.name.to_owned());
        let gaps =
            parts.iter().any(|part| part.id.starts_with(&below) && !watched.contains_key(part.id));
        if gaps && served.state == State::Covered {
            served.state = State::Partly;
        }
        all.entry(one.id.to_owned()).or_insert(served);
    }
}

/// Notes that nothing measures a technique; one that alerts of the blueprint name stays named.
fn unwatched(all: &mut BTreeMap<String, Served>, one: &CloudTechnique) {
    let why = match one.by_calls {
        true => Unwatched::NoBuiltin,
        false => Unwatched::NotInCloudtrail,
    };
    let served = all.entry(one.id.to_owned()).or_insert_with(|| Served {
        id: one.id.to_owned(),
        title: Some(one.name.to_owned()),
        state: State::None,
        heard: 0,
        events: 0,
        alerts: Vec::new(),
        missing: Vec::new(),
        unwatched: None,
    });
    served.unwatched = Some(why);
}
