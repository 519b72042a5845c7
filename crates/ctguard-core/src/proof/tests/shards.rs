//! The reports and the plans of the parts of a fleet add up to those of the whole, byte for byte.

use super::fleet::*;
use crate::cause::{Cause, Obstacle};
use crate::desired::{Desired, Narrow, Shard, SignalReads};
use crate::drift::merge::merge as merge_drifts;
use crate::drift::{self, Culprit, Drift, Finding};
use crate::plan::{Change, Plan, Stage, Verb, diff, merge as merge_plans};
use crate::proof::report::merge::{MergeError, merge};
use crate::proof::{Report, prove};
use crate::resource::ALERT_TAG;
use crate::resource::keys::RuleKey;
use crate::resource::rule::RuleState;
use crate::resource::small_map::SmallMap;
use crate::snapshot::Live;
use crate::snapshot::{
    CloudErrorKind, LiveBus, LiveRule, LiveSubscription, LiveTopic, Observed, PlaceSnapshot,
    RuleSignals, Unreadable,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;

fn narrowed(desired: &Desired, shard: Shard) -> Desired {
    let mut desired = desired.clone();
    desired.narrow(&Narrow { shard: Some(shard), ..Narrow::default() });
    desired
}

/// What a survey of these places reads.
pub(super) fn read(desired: &Desired, live: &Live) -> Live {
    let mut live = live.clone();
    live.places.retain(|place, _| desired.places.contains_key(place));
    let accounts: Vec<_> = desired.places.keys().map(|place| place.account.clone()).collect();
    live.accounts.retain(|account, _| accounts.contains(account));
    live.places.values_mut().for_each(|seen| seen.signals = SmallMap::new());
    live
}

/// The same with what was counted, which only a proof reads.
fn read_to_prove(desired: &Desired, live: &Live) -> Live {
    let mut seen = read(desired, live);
    for (place, SignalReads { rules, .. }) in desired.signal_reads() {
        let counted = &live.places[&place].signals;
        let counted = rules.iter().filter_map(|key| Some((key.clone(), counted.get(key)?.clone())));
        seen.places.get_mut(&place).expect("the place").signals = counted.collect();
    }
    seen
}

pub(super) fn part(desired: &Desired, live: &Live, number: u32, of: u32) -> Report {
    let shard = Shard { number, of };
    let desired = narrowed(desired, shard);
    prove(&desired, &read_to_prove(&desired, live))
        .report(&desired)
        .narrowed_to(&Narrow { shard: Some(shard), ..Narrow::default() })
}

pub(super) fn plan(desired: &Desired, live: &Live, number: u32, of: u32) -> Plan {
    let shard = Shard { number, of };
    let desired = narrowed(desired, shard);
    let mut plan = diff(&desired, &read(&desired, live), Stage::Planned);
    plan.scope.shard = Some(shard.to_string());
    plan
}

fn drift(desired: &Desired, live: &Live, number: u32, of: u32) -> Drift {
    let plan = plan(desired, live, number, of);
    let desired = narrowed(desired, Shard { number, of });
    attributed(drift::of(plan)).with_deeds_of_others(&prove(&desired, &read(&desired, live)))
}

/// A drift of which the event history tells nothing.
fn attributed(mut drift: Drift) -> Drift {
    let changes = drift
        .plan
        .changes
        .iter()
        .map(|change| Culprit { address: change.address.clone(), finding: Finding::NotAsked });
    drift.culprits = changes.collect();
    drift
}

/// What can go wrong in a place or an account.
pub(super) fn hurt(live: &mut Live, wound: usize, at: usize) {
    let why = Unreadable {
        operation: "events:ListRules".to_owned(),
        code: "AccessDenied".to_owned(),
        message: "no".to_owned(),
        kind: CloudErrorKind::AccessDenied,
        // What is cut short is told by a plan, too.
        cause: match at % 2 {
            0 => Cause::default(),
            _ => Cause::Unreachable(Obstacle::Timeout),
        },
    };
    let place = match at {
        0 => place(HUB, "eu-west-1"),
        _ => live.places.keys().nth(at % live.places.len()).cloned().expect("a place"),
    };
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
        12 => here.topics.values_mut().for_each(|topic| *topic = Observed::Absent),
        13 => count(here, |counted| counted.failed.count = 3),
        14 => count(here, |counted| counted.lost.count = 1),
        15 => count(here, |counted| counted.fired.count = 0),
        16 => {
            here.signals.values_mut().for_each(|now| *now = Observed::Unreadable(why.clone()));
        }
        17 => here.queues.values_mut().for_each(|queue| *queue = Observed::Unreadable(why.clone())),
        18 => statement(here, json!({ "Effect": "Allow", "Principal": "*" })),
        19 => statement(here, json!({ "Effect": "Deny", "Principal": "*" })),
        20 => rules(here, |rule| Arc::make_mut(&mut rule.rule).state = RuleState::Disabled),
        21 => {
            let Observed::Known(rules) = &mut here.rules else { return };
            let Some(stale) = rules.values().next().cloned() else { return };
            rules.insert("ctguard-acme-stale".to_owned(), stale);
        }
        22 => topics(here, |topic| topic.subscriptions = Observed::Known([].into())),
        24..=27 => live.places.values_mut().for_each(|here| leftovers(here, wound - 24)),
        _ => topics(here, |topic| {
            let Observed::Known(subscriptions) = &mut topic.subscriptions else { return };
            subscriptions.values_mut().for_each(|one| *one = LiveSubscription::Pending);
        }),
    }
}

/// Kinds of wounds.
const WOUNDS: usize = 28;

fn count(here: &mut PlaceSnapshot, change: impl Fn(&mut RuleSignals)) {
    for counted in here.signals.values_mut() {
        if let Observed::Known(counted) = counted {
            change(counted);
        }
    }
}

/// Leaves something of the blueprint's on its own bus that it no longer has.
fn leftovers(here: &mut PlaceSnapshot, kind: usize) {
    for bus in here.buses.values_mut() {
        let Observed::Known(LiveBus { rules: Observed::Known(rules), .. }) = bus else { continue };
        let Some((name, rule)) = rules.iter().next() else { continue };
        let (name, mut rule) = (name.clone(), rule.clone());
        match kind {
            0 => drop(rules.insert("ctguard-acme-old".to_owned(), rule)),
            1 => {
                if let Observed::Known(tags) = &mut rule.tags {
                    tags.insert(ALERT_TAG.to_owned(), "gone".to_owned());
                }
                rules.insert("ctguard-acme-gone".to_owned(), rule);
            }
            2 => drop(rules.insert(format!("{name}.3"), rule)),
            _ => {
                let Observed::Known(targets) = &mut rule.targets else { continue };
                let Some(target) = targets.values().next().cloned() else { continue };
                targets.insert("ctguard-acme-another".to_owned(), target);
                rules.insert(name, rule);
            }
        }
    }
}

/// Changes the rules of every bus.
fn rules(here: &mut PlaceSnapshot, change: impl Fn(&mut LiveRule)) {
    if let Observed::Known(rules) = &mut here.rules {
        rules.values_mut().for_each(&change);
    }
    for bus in here.buses.values_mut() {
        let Observed::Known(LiveBus { rules: Observed::Known(rules), .. }) = bus else { continue };
        rules.values_mut().for_each(&change);
    }
}

fn topics(here: &mut PlaceSnapshot, change: impl Fn(&mut LiveTopic)) {
    for topic in here.topics.values_mut() {
        if let Observed::Known(topic) = topic {
            change(topic);
        }
    }
}

/// Adds a statement of somebody's to the policies of topics and buses.
fn statement(here: &mut PlaceSnapshot, statement: Value) {
    let added = |policy: &mut Option<Value>, action: &str, resource: &str| {
        let mut statement = statement.clone();
        statement["Action"] = json!(action);
        statement["Resource"] = json!(resource);
        let policy = policy.get_or_insert_with(|| json!({ "Statement": [] }));
        if let Some(all) = policy["Statement"].as_array_mut() {
            all.push(statement);
        }
    };
    let arns: Vec<String> = here.topics.keys().cloned().collect();
    for (arn, topic) in arns.iter().zip(here.topics.values_mut()) {
        if let Observed::Known(topic) = topic {
            added(&mut topic.topic.policy, "sns:Publish", arn);
        }
    }
    for (name, bus) in &mut here.buses {
        let arn = here.place.arn("events", &format!("event-bus/{name}"));
        if let Observed::Known(bus) = bus {
            added(&mut bus.bus.policy, "events:PutEvents", &arn);
        }
    }
}

/// Every rule that should be there fired, and nothing failed.
fn all_fired(desired: &Desired, live: &mut Live) {
    for (place, SignalReads { rules, .. }) in desired.signal_reads() {
        let fired = |key: RuleKey| (key, Observed::Known(RuleSignals::counted(7, 0, 0)));
        live.places.get_mut(&place).expect("the place").signals =
            rules.into_iter().map(fired).collect();
    }
}

fn text(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).expect("a report is JSON")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn shards_partition_the_fleet_and_their_reports_plans_and_drifts_add_up_to_the_whole(
        accounts in 1usize..7,
        routed in 0usize..4,
        hub in any::<bool>(),
        discovered in any::<bool>(),
        of in 1u32..5,
        wounds in proptest::collection::vec((0..WOUNDS, 0usize..12), 0..6),
        unread in 0usize..3,
    ) {
        let mut ids = vec![HUB.to_owned()];
        ids.extend((1..accounts).map(|n| format!("{:012}", n * 98_765_432_101 % 999_999_999_999)));
        // All alerts, or those of one account that need not be the hub's.
        let unrouted = ids.iter().enumerate().filter(|(n, _)| routed != 0 && routed != *n);
        let unrouted = unrouted.map(|(_, id)| id.clone()).collect();
        let town = Town { accounts: ids, hub, discovered, unrouted, ..Town::default() };
        let mut desired = town.desired();
        let mut live = settled(&desired);
        all_fired(&desired, &mut live);
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
            parts.iter().map(|part| serde_json::from_str(&text(part)).expect("a report")).collect();
        let merged = merge(&parts).expect("they add up");
        prop_assert_eq!(text(&merged), text(&whole));
        let seen = read(&desired, &live);
        let whole = diff(&desired, &seen, Stage::Planned);
        let plans: Vec<Plan> = (1..=of).map(|n| plan(&desired, &live, n, of)).collect();
        let plans: Vec<Plan> =
            plans.iter().map(|plan| serde_json::from_str(&text(plan)).expect("a plan")).collect();
        let merged = merge_plans(&plans).expect("they add up");
        prop_assert_eq!(text(&merged), text(&whole));
        let whole = attributed(drift::of(whole)).with_deeds_of_others(&prove(&desired, &seen));
        let parts: Vec<Drift> = (1..=of).map(|n| drift(&desired, &live, n, of)).collect();
        let parts: Vec<Drift> =
            parts.iter().map(|part| serde_json::from_str(&text(part)).expect("a drift")).collect();
        let merged = merge_drifts(&parts).expect("they add up");
        prop_assert_eq!(text(&merged), text(&whole));
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

#[test]
fn what_is_left_over_on_the_hub_goes_by_a_plan_of_all_parts_and_is_drift_in_one() {
    for kind in 0..4 {
        let accounts = [HUB, "222222222222", "333333333333"].map(str::to_owned).to_vec();
        let desired = Town { accounts, hub: true, ..Town::default() }.desired();
        let mut live = settled(&desired);
        live.places.values_mut().for_each(|here| leftovers(here, kind));
        let whole = diff(&desired, &read(&desired, &live), Stage::Planned);
        assert!(whole.changes.iter().any(|change| change.action == Verb::Delete), "{kind}");
        let plans: Vec<Plan> = (1..=3).map(|n| plan(&desired, &live, n, 3)).collect();
        let removes = |change: &&Change| change.action == Verb::Delete;
        let made: Vec<_> = plans.iter().flat_map(|plan| &plan.changes).filter(removes).collect();
        assert!(made.is_empty(), "{kind}: no part knows what the others need: {made:#?}");
        assert_eq!(text(&merge_plans(&plans).expect("a whole")), text(&whole), "{kind}");
        let drifts: Vec<Drift> = (1..=3).map(|n| drift(&desired, &live, n, 3)).collect();
        let found = drifts.iter().filter(|drift| !drift.is_empty()).count();
        assert_eq!(found, 1, "{kind}: exactly one part tells it");
        let merged = merge_drifts(&drifts).expect("a whole").plan.changes;
        assert_eq!(merged, drift::of(whole).plan.changes, "{kind}");
    }
}
