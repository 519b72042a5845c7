//! Each link broken from outside, against emulators: verify says that code, at that place, and nothing
//! else new; then an apply heals it, or whoever broke it puts it right.
//!
//! What is compared is the difference to what verify says just before, so that a standing remark (a data
//! event is only ever assumed to be recorded) stands in no row's way. That a row was put right shows in
//! the next one: its leftovers would be new there.

mod hands;
mod rows;

use super::lane::{Kind, Lane};
use crate::recorded;
use crate::verdict::{self, Verdict};
use ctguard_core::proof::LinkCode;
use hands::{Hands, blueprint};
use rows::{Heals, Row, strands};
use std::collections::BTreeSet;

fn verify(lane: &Lane) -> Verdict {
    Verdict::of(&lane.ctguard(&["verify", "--format", "json"]), lane.account)
}

/// Plays some rows on different objects one after the other, then puts all of them right: what each says
/// wrongly.
fn play(hands: &Hands<'_>, rows: &[&Row], settled: &Verdict) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut before = None;
    for row in rows {
        if let Some(given) = row.given {
            given(hands);
            before = Some(verify(hands.lane));
        }
        (row.breaks)(hands);
        let after = verify(hands.lane);
        let faults = judge(row, before.as_ref().unwrap_or(settled), &after);
        wrong.extend(faults.into_iter().map(|fault| format!("{}: {fault}", row.name)));
        before = Some(after);
    }
    if rows.iter().any(|row| row.heals == Heals::Apply) {
        hands.apply();
    }
    rows.iter().filter_map(|row| row.after).for_each(|mend| mend(hands));
    wrong
}

/// What is wrong with the difference that a row makes.
fn judge(row: &Row, before: &Verdict, after: &Verdict) -> Vec<String> {
    let new = after.new_since(before);
    let mut wrong = Vec::new();
    if new != row.says.iter().copied().collect() {
        wrong.push(format!("verify says {new:#?}, not {:#?}", row.says));
    }
    if after.code != after.expected_code(before) {
        wrong.push(format!("verify ends with {}, after {} before", after.code, before.code));
    }
    let mender = match row.heals {
        Heals::Apply => "apply",
        Heals::Person => "person",
    };
    for said in new.iter().filter(|said| said.starts_with("broken")) {
        if after.said[*said].as_deref() != Some(mender) {
            wrong.push(format!("`{said}` is not to be mended by {mender}"));
        }
    }
    wrong
}

/// Which rows stand broken together on a lane. moto takes its time, so it has one row of each strand at
/// once; on ministack each is alone.
fn rounds(kind: Kind, strands: &[Vec<Row>]) -> Vec<Vec<&Row>> {
    let on_lane = |row: &&Row| row.only.is_none_or(|(only, _)| only == kind);
    let strands = strands.iter().map(|strand| strand.iter().filter(on_lane));
    if kind == Kind::Ministack {
        return strands.flatten().map(|row| vec![row]).collect();
    }
    let mut strands: Vec<_> = strands.collect();
    let round = || -> Vec<&Row> { strands.iter_mut().filter_map(Iterator::next).collect() };
    std::iter::repeat_with(round).take_while(|round| !round.is_empty()).collect()
}

/// Deploys once and plays every row of a lane.
fn play_all(kind: Kind, account: &'static str) {
    let lane = Lane::start(kind, account);
    lane.blueprint(&blueprint(kind, account));
    let hands = Hands { lane: &lane };
    hands.settle();
    hands.apply();
    hands.join(kind);
    let settled = verify(&lane);
    let broken: Vec<_> = settled.said.keys().filter(|said| said.starts_with("broken")).collect();
    assert!(broken.is_empty(), "before anything is broken: {broken:#?}");
    let mut wrong = Vec::new();
    let strands = strands();
    for round in rounds(kind, &strands) {
        wrong.extend(play(&hands, &round, &settled));
    }
    let end = verify(&lane);
    let left = end.new_since(&settled);
    if !left.is_empty() {
        wrong.push(format!("at the end there is left {left:#?}"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn ministack_each_link_broken_alone_is_named_and_put_right() {
    play_all(Kind::Ministack, "210000000011");
}

#[test]
fn moto_each_link_broken_beside_others_is_named_and_put_right() {
    play_all(Kind::Moto, "210000000012");
}

/// Where a link that no emulator can break is broken instead.
enum Elsewhere {
    /// In `recorded`, by an answer in AWS's words.
    Recorded,
    /// On the sandbox, in this file of tests.
    Sandbox(&'static str),
}
use Elsewhere::{Recorded, Sandbox};

const COUNTS: &str = "neither counts what its rules do";

/// Why no emulator shows the links of state machines.
const MAILS: &str = "the blueprint of the rows sends no mails";

/// What neither emulator models, and why.
const NOT_HERE: &[(LinkCode, &str, Elsewhere)] = &[
    (LinkCode::MachineMissing, MAILS, Sandbox(include_str!("../links.rs"))),
    (LinkCode::MachineType, MAILS, Sandbox(include_str!("../links.rs"))),
    (LinkCode::MachineDefinition, MAILS, Sandbox(include_str!("../links.rs"))),
    (LinkCode::MachineRole, MAILS, Sandbox(include_str!("../links.rs"))),
    (LinkCode::ExecutionsFailed, MAILS, Sandbox(include_str!("../links.rs"))),
    (
        LinkCode::SelectorsUnread,
        "both let every caller read the selectors of a trail of the account",
        Recorded,
    ),
    (
        LinkCode::TrailOfOrganization,
        "neither shows a member the trail of its organization",
        Recorded,
    ),
    (
        LinkCode::CannotFire,
        "the blueprint alone decides it, whatever the account is",
        Sandbox(include_str!("../conditions.rs")),
    ),
    (LinkCode::CannotLandHere, "it takes a trail of another account", Recorded),
    (
        LinkCode::TopicUnread,
        "the rows have one account, and both let every account read a topic",
        Sandbox(include_str!("../elsewhere.rs")),
    ),
    (LinkCode::SubscriberPending, "both confirm a mailbox at once, and moto everybody", Recorded),
    (
        LinkCode::FunctionPolicy,
        "the blueprint of the rows has no function",
        Sandbox(include_str!("../links.rs")),
    ),
    (
        LinkCode::NetworkSelectorMissing,
        "neither takes selectors for network activity events",
        Sandbox(include_str!("../links.rs")),
    ),
    (
        LinkCode::InsightSelectorMissing,
        "the blueprint of the rows asks for no Insights",
        Sandbox(include_str!("../links.rs")),
    ),
    (LinkCode::UnsubscribeOpen, "both say that somebody signed in confirmed", Recorded),
    (
        LinkCode::TopicOpenToAll,
        "a policy is read alike whatever it says, and nobody is let in or kept out by it",
        Sandbox(include_str!("../links.rs")),
    ),
    (
        LinkCode::QueueOpenToAll,
        "a policy is read alike whatever it says, and nobody is let in or kept out by it",
        Sandbox(include_str!("../links.rs")),
    ),
    (
        LinkCode::SubscriberUnlisted,
        "a subscription is read alike whoever made it",
        Sandbox(include_str!("../links.rs")),
    ),
    (
        LinkCode::LogsExpire,
        "neither writes log files, so none expire",
        Sandbox(include_str!("../links.rs")),
    ),
    (
        LinkCode::HealPaused,
        "a tag is read alike whatever it says",
        Sandbox(include_str!("../heal/pause.rs")),
    ),
    (LinkCode::LogDelivery, "neither writes log files, so neither fails to", Recorded),
    (LinkCode::LogBucketPolicy, "neither writes log files, so no bucket refuses them", Recorded),
    (
        LinkCode::TrailNotShown,
        "neither shows a member the trail of its organization",
        Sandbox(include_str!("../organization.rs")),
    ),
    (
        LinkCode::LogBucketPublic,
        "the sandbox tries it, and reading it back has a row of its own",
        Sandbox(include_str!("../links.rs")),
    ),
    (
        LinkCode::LogBucketVersioning,
        "the sandbox tries it, and reading it back has a row of its own",
        Sandbox(include_str!("../links.rs")),
    ),
    (LinkCode::LogKey, "neither encrypts log files", Recorded),
    (LinkCode::DigestDelivery, "neither writes digests", Recorded),
    (
        LinkCode::TrailHomeNotEnabled,
        "neither shows a member the trail of its organization",
        Sandbox(include_str!("../links.rs")),
    ),
    (LinkCode::FailedInvocations, COUNTS, Sandbox(include_str!("../verify.rs"))),
    (LinkCode::DeadLetterFailed, COUNTS, Sandbox(include_str!("../verify.rs"))),
    (LinkCode::NeverFired, COUNTS, Sandbox(include_str!("../verify.rs"))),
    (
        LinkCode::PatternMisread,
        "the blueprint says it, not the account",
        Sandbox(include_str!("../verify.rs")),
    ),
    (
        LinkCode::SignalsUnread,
        "both answer whoever asks for metrics",
        Sandbox(include_str!("../verify.rs")),
    ),
];

/// Whoever adds a code adds a row, a recorded answer, or a line of `NOT_HERE`.
#[test]
fn every_code_is_broken_on_an_emulator_or_recorded_or_said_to_be_broken_elsewhere() {
    let strands = strands();
    let said = strands.iter().flatten().flat_map(|row| row.says);
    let played: BTreeSet<&str> = said.map(|said| verdict::code(said)).collect();
    let recorded = recorded::codes();
    for (code, why, elsewhere) in NOT_HERE {
        let text = code.as_str();
        assert!(!played.contains(text), "{text} is played here; why is it listed as: {why}");
        match elsewhere {
            Recorded => assert!(recorded.contains(text), "no recorded answer shows {text}"),
            Sandbox(tests) => assert!(tests.contains(text), "no test there speaks of {text}"),
        }
    }
    let listed: BTreeSet<&str> = NOT_HERE.iter().map(|(code, ..)| code.as_str()).collect();
    let missing: Vec<_> = LinkCode::ALL
        .iter()
        // Those of the way to a hub are broken one by one where the proof is tested, and on the sandbox in `fleet`.
        .filter(|code| !code.is_hop())
        .map(|code| code.as_str())
        .filter(|code| !played.contains(code) && !listed.contains(code))
        .collect();
    assert!(missing.is_empty(), "nothing breaks {missing:?}, and nothing says why not");
}
