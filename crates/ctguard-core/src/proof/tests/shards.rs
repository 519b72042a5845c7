//! The reports and the plans of the parts of a fleet add up to those of the whole, byte for byte.

use super::fleet::*;
use crate::desired::{Desired, Narrow, Shard};
use crate::plan::{Plan, Stage, diff, merge as merge_plans};
use crate::proof::report::merge::{MergeError, merge};
use crate::proof::{Report, prove};
use crate::snapshot::Live;
use crate::snapshot::{CloudErrorKind, Observed, Unreadable};
use proptest::prelude::*;

fn narrowed(desired: &Desired, shard: Shard) -> Desired {
    let mut desired = desired.clone();
    desired.narrow(&Narrow { shard: Some(shard), ..Narrow::default() });
    desired
}

/// What a survey of these places reads.
fn read(desired: &Desired, live: &Live) -> Live {
    let mut live = live.clone();
    live.places.retain(|place, _| desired.places.contains_key(place));
    let accounts: Vec<_> = desired.places.keys().map(|place| place.account.clone()).collect();
    live.accounts.retain(|account, _| accounts.contains(account));
    live
}

fn part(desired: &Desired, live: &Live, number: u32, of: u32) -> Report {
    let shard = Shard { number, of };
    let desired = narrowed(desired, shard);
    prove(&desired, &read(&desired, live)).report(&desired).of_shard(Some(shard))
}

fn plan(desired: &Desired, live: &Live, number: u32, of: u32) -> Plan {
    let shard = Shard { number, of };
    let desired = narrowed(desired, shard);
    let mut plan = diff(&desired, &read(&desired, live), Stage::Planned);
    plan.scope.shard = Some(shard.to_string());
    plan
}

/// What can go wrong in a place or an account.
fn hurt(live: &mut Live, wound: usize, at: usize) {
    let why = Unreadable {
        operation: "events:ListRules".to_owned(),
        code: "AccessDenied".to_owned(),
        message: "no".to_owned(),
        kind: CloudErrorKind::AccessDenied,
        cause: crate::cause::Cause::default(),
    };
    let place = live.places.keys().nth(at % live.places.len()).cloned().expect("a place");
    let here = live.places.get_mut(&place).expect("the place");
    match wound {
        0 => here.rules = Observed::Unreadable(why),
        1 => here.trails = Observed::Known([].into()),
        2 => {
            let Observed::Known(rules) = &mut here.rules else { return };
            rules.clear();
        }
        3 => {
            let Observed::Known(trails) = &mut here.trails else { return };
            for trail in trails.values_mut() {
                if let Observed::Known(status) = &mut trail.status {
                    status.logging = false;
                }
            }
        }
        4 => {
            for queue in here.queues.values_mut() {
                if let Observed::Known(queue) = queue {
                    queue.messages = 2;
                }
            }
        }
        5 => {
            let Observed::Known(rules) = &mut here.rules else { return };
            for rule in rules.values_mut() {
                if let Observed::Known(targets) = &mut rule.targets {
                    targets.values_mut().for_each(|target| target.dead_letter_arn = None);
                }
            }
        }
        6 => here.buses.values_mut().for_each(|bus| *bus = Observed::Absent),
        7 => {
            for bus in here.buses.values_mut() {
                if let Observed::Known(bus) = bus {
                    bus.bus.policy = None;
                }
            }
        }
        8 => {
            let account = live.accounts.get_mut(&place.account).expect("the account");
            account.roles.values_mut().for_each(|role| *role = Observed::Absent);
        }
        9 => {
            let Observed::Known(trails) = &mut here.trails else { return };
            trails.values_mut().for_each(|trail| trail.trail.organization = true);
        }
        10 => {
            let Observed::Known(rules) = &mut here.rules else { return };
            rules.values_mut().for_each(|rule| rule.tags = Observed::Known([].into()));
        }
        11 => {
            for bus in here.buses.values_mut() {
                if let Observed::Known(bus) = bus {
                    bus.tags = Observed::Known([].into());
                }
            }
        }
        _ => here.topics.values_mut().for_each(|topic| *topic = Observed::Absent),
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).expect("a report is JSON")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn shards_partition_the_fleet_and_their_reports_and_plans_add_up_to_the_whole(
        accounts in 1usize..7,
        hub in any::<bool>(),
        discovered in any::<bool>(),
        of in 1u32..5,
        wounds in proptest::collection::vec((0usize..13, 0usize..12), 0..6),
        unread in 0usize..3,
    ) {
        let mut ids = vec![HUB.to_owned()];
        ids.extend((1..accounts).map(|n| format!("{:012}", n * 98_765_432_101 % 999_999_999_999)));
        let town = Town { accounts: ids, hub, discovered, ..Town::default() };
        let mut desired = town.desired();
        let mut live = settled(&desired);
        for (wound, at) in wounds {
            hurt(&mut live, wound, at);
        }
        for n in 0..unread {
            let id = account(&format!("44444444444{n}"));
            desired.accounts.insert(id.clone(), crate::desired::ScopeAccount::default());
            let why = Unreadable {
                operation: "sts:AssumeRole".to_owned(),
                code: "AccessDenied".to_owned(),
                message: format!("not allowed in {id}"),
                kind: CloudErrorKind::AccessDenied,
                cause: crate::cause::Cause::default(),
            };
            desired.unread.insert(id, why);
        }
        let whole = prove(&desired, &live).report(&desired);
        let mut parts: Vec<Report> = (1..=of).map(|n| part(&desired, &live, n, of)).collect();
        let covered: usize = parts.iter().map(|part| part.accounts.len()).sum();
        prop_assert_eq!(covered, whole.accounts.len());
        parts.reverse();
        // What a later job reads back is what an earlier one wrote.
        let parts: Vec<Report> =
            parts.iter().map(|part| serde_json::from_str(&json(part)).expect("a report")).collect();
        let merged = merge(&parts).expect("they add up");
        prop_assert_eq!(json(&merged), json(&whole));
        let whole = diff(&desired, &live, Stage::Planned);
        let plans: Vec<Plan> = (1..=of).map(|n| plan(&desired, &live, n, of)).collect();
        let plans: Vec<Plan> =
            plans.iter().map(|plan| serde_json::from_str(&json(plan)).expect("a plan")).collect();
        let merged = merge_plans(&plans).expect("they add up");
        prop_assert_eq!(json(&merged), json(&whole));
    }
}

#[test]
fn what_is_not_the_whole_does_not_add_up() {
    let desired = Town::default().desired();
    let live = settled(&desired);
    let parts: Vec<Report> = (1..=3).map(|n| part(&desired, &live, n, 3)).collect();
    let error = |reports: &[Report]| merge(reports).expect_err("it must not add up").to_string();
    assert_eq!(error(&[]), MergeError::Nothing.to_string());
    assert_eq!(error(&parts[..2]), "part 3/3 is missing");
    let whole = prove(&desired, &live).report(&desired);
    assert_eq!(error(&[whole.clone(), whole.clone()]), "account 111111111111 is in two of them");
    let other = |change: fn(&mut Report)| {
        let mut parts = parts.clone();
        change(&mut parts[1]);
        error(&parts)
    };
    assert_eq!(
        other(|part| part.blueprint = "other".to_owned()),
        "the blueprint differs: acme and other"
    );
    assert!(
        other(|part| part.as_of = jiff::civil::date(2026, 11, 23))
            .contains("the as-of date differs")
    );
    assert!(other(|part| part.format_version = 2).contains("the format version differs: 1 and 2"));
    assert!(other(|part| drop(part.alerts.pop())).contains("the list of alerts differs"));
    assert_eq!(merge(std::slice::from_ref(&whole)), Ok(whole));
}
