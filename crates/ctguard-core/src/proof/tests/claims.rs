//! What a part of a fleet must not claim, so that no merged report or plan does.

use super::fleet::*;
use super::shards::{hurt, part, plan, read};
use crate::desired::Shard;
use crate::plan::{Plan, merge as merge_plans};
use crate::proof::Report;
use crate::proof::report::merge::merge;
use crate::proof::report::{Counts, Unread};

/// A fleet with a hub, of which another part than the hub's has accounts, and the number of that part.
fn parts_of_a_hurt_fleet() -> (Vec<Report>, Vec<Plan>, usize) {
    let accounts = [HUB, SPOKE, OTHER, "444444444444"].map(str::to_owned).to_vec();
    let desired = Town { accounts, ..Town::default() }.desired();
    let mut live = settled(&desired);
    hurt(&mut live, 6, 0);
    hurt(&mut live, 2, 5);
    let parts: Vec<Report> = (1..=2).map(|n| part(&desired, &live, n, 2)).collect();
    let plans = (1..=2).map(|n| plan(&desired, &read(&desired, &live), n, 2)).collect();
    let hub = account(HUB);
    let holds = |report: &Report| report.accounts.iter().any(|covered| covered.id == hub);
    let other = parts.iter().position(|part| !holds(part)).expect("another part");
    assert!(!parts[other].accounts.is_empty() && !parts[other].links.is_empty());
    (parts, plans, other)
}

#[test]
fn a_part_speaks_for_no_account_of_another() {
    let (parts, plans, other) = parts_of_a_hurt_fleet();
    assert!(merge(&parts).is_ok() && merge_plans(&plans).is_ok());
    let error = |change: &dyn Fn(&mut Report)| {
        let mut parts = parts.clone();
        change(&mut parts[other]);
        merge(&parts).expect_err("it must not add up").to_string()
    };
    let named = format!("part {}/2", other + 1);
    let shard = Shard { number: u32::try_from(other).expect("a number") + 1, of: 2 };
    let mut ids = (1..).map(|n| account(&format!("{n:012}")));
    let not_held = ids.find(|id| !shard.holds(id)).expect("one of another part");
    // Its own links lead to the hub, which is another part's, and that is all.
    assert!(parts[other].depends_on.contains(&place(HUB, "eu-west-1")));
    let stranger = place("999999999999", "eu-west-1");
    assert_eq!(
        error(&|part| {
            part.links[0].places.insert(stranger.clone());
        }),
        format!("{named} speaks of {stranger}, and does not cover account 999999999999")
    );
    assert_eq!(
        error(&|part| part.depends_on.clear()),
        format!("{named} speaks of {HUB}/eu-west-1, and does not cover account {HUB}")
    );
    assert_eq!(
        error(&|part| part.accounts[0].id = not_held.clone()),
        format!("{named} covers account {not_held}, which is another part's")
    );
    assert!(error(&|part| part.shard = Some("9/2".to_owned())).contains("\"9/2\" is no part"));
    assert_eq!(
        error(&|part| {
            let why = ["sts:AssumeRole", "AccessDenied", "no", "fix"].map(str::to_owned);
            let [operation, code, message, fix] = why;
            let accounts = [part.accounts[0].id.clone()].into();
            part.unread.push(Unread { operation, code, message, fix, accounts });
        }),
        format!(
            "{named} could not read account {}, and does not cover it, or covers places of it",
            parts[other].accounts[0].id
        )
    );
}

#[test]
fn a_part_proves_nothing_beyond_its_places_or_against_its_own_links() {
    let (parts, _, other) = parts_of_a_hurt_fleet();
    let error = |change: &dyn Fn(&mut Report)| {
        let mut parts = parts.clone();
        change(&mut parts[other]);
        merge(&parts).expect_err("it must not add up").to_string()
    };
    let named = format!("part {}/2", other + 1);
    let places: usize = parts[other].accounts.iter().map(|account| account.places).sum();
    let alert = &parts[other].alerts[0];
    let counted = alert.counts.total() + 100;
    assert_eq!(
        error(&|part| {
            part.alerts[0].counts.proven += 100;
            part.counts.proven += 100;
        }),
        format!("{named} counts alert {} in {counted} places, and covers {places}", alert.alert)
    );
    assert_eq!(
        error(&|part| part.counts.proven += 1),
        format!("{named} has counts that are not the sum over its alerts")
    );
    // Proven by its counts, broken by its links.
    let all_proven = |part: &mut Report| {
        let proven = |counts: &mut Counts| {
            *counts = Counts { proven: counts.total(), ..Counts::default() };
        };
        proven(&mut part.counts);
        part.alerts.iter_mut().for_each(|alert| proven(&mut alert.counts));
    };
    let contradicts = error(&all_proven);
    assert!(contradicts.contains("link of alert"), "{contradicts}");
    // Broken by its counts, and nothing says where.
    let silent = error(&|part| part.links.clear());
    assert!(silent.contains("and no link that it lists is"), "{silent}");
}

#[test]
fn a_plan_of_a_part_changes_no_account_of_another() {
    let (_, plans, other) = parts_of_a_hurt_fleet();
    let hubs = plans[1 - other].changes.first().expect("a change of the hub's part").clone();
    let error = |change: &dyn Fn(&mut Plan)| {
        let mut plans = plans.clone();
        change(&mut plans[other]);
        merge_plans(&plans).expect_err("it must not add up").to_string()
    };
    let named = format!("part {}/2", other + 1);
    let foreign = error(&|plan| plan.changes.push(hubs.clone()));
    assert!(foreign.starts_with(&format!("{named} speaks of ")), "{foreign}");
    assert_eq!(
        error(&|plan| plan.scope.accounts.push(account(HUB))),
        format!("{named} covers account {HUB}, which is another part's")
    );
    let many = error(&|plan| plan.effects[0].alerting_now += 100);
    assert!(many.contains(" places, and covers "), "{many}");
    // What is no part at all is merged with nothing of the same account.
    let mut whole = merge_plans(&plans).expect("a whole");
    whole.scope.shard = None;
    let twice = merge_plans(&[whole.clone(), whole]).expect_err("an account twice").to_string();
    assert_eq!(twice, format!("account {HUB} is in two of them"));
}
