//! Errors on the way to an emulator: what a plan of an account says in which one thing is out of order, and what
//! an apply of an empty account leaves.
//!
//! A plan is right when it is the plan without the fault. Otherwise it says which call failed where, and never
//! that nothing is to do. An apply that the fault stops says so likewise, and the next one, without the fault,
//! ends with the account of one that met none. `UPDATE_RELIABILITY=1` writes the table of docs/reliability.md.

use super::inventory::{Inventory, inventory};
use super::lane::{Kind, Lane, events};
use crate::stub::{Call, Reply};
use crate::world::TODAY;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use ctguard::run::{self, Applied, OutcomeKind, Why};
use ctguard_aws::{Aws, Options, Timing};
use ctguard_core::blueprint::{Blueprint, load_text};
use ctguard_core::plan::{Plan, Stage, diff};
use ctguard_core::scope::Region;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const HOME: &str = "us-east-1";
const OTHER: &str = "eu-west-1";

const BLUEPRINT: &str = "\
version: 1
name: acme
regions: [us-east-1, eu-west-1]
trail: { name: acme-management, bucket: acme-fault-logs-ACCOUNT, home_region: us-east-1 }
destinations:
  secops: { topic: secops, format: text, subscribers: [{ sqs: 'arn:aws:sqs:us-east-1:ACCOUNT:siem' }] }
routes: { high: [secops] }
alerts:
  - { id: route, title: A route, risk: high, events: [ec2:CreateRoute], why: w, next: n }
  - { id: subnet, title: A subnet, risk: high, events: [ec2:CreateSubnet], why: w, next: n }
";

/// Quick repetitions, and patience for a busy machine.
const TIMING: Timing = Timing {
    connect: Duration::from_secs(10),
    attempt: Duration::from_secs(30),
    operation: Duration::from_secs(60),
    propagation: Duration::from_secs(60),
    first_wait: Duration::from_millis(2),
    place: Duration::from_secs(120),
};

/// For calls that are never answered.
const HASTY: Timing = Timing {
    attempt: Duration::from_secs(2),
    operation: Duration::from_secs(3),
    place: Duration::from_secs(60),
    ..TIMING
};

/// What may stand in the way of a call: asked with the call and how often this very call came before.
type Way = Box<dyn Fn(&Call, usize, &dyn Fn(&Call) -> Reply) -> Reply + Send + Sync>;

struct Fault {
    name: String,
    timing: Timing,
    way: Way,
}

fn fault(
    name: impl Into<String>,
    way: impl Fn(&Call, usize, &dyn Fn(&Call) -> Reply) -> Reply + Send + Sync + 'static,
) -> Fault {
    Fault { name: name.into(), timing: TIMING, way: Box::new(way) }
}

/// A call as one can tell it from others. The order of keys and of attributes in a body is not the same each time,
/// nor is the id that a subscription gets, nor the port that the emulator listens on, which stands in addresses of queues.
fn key(call: &Call) -> String {
    let mut letters = without_hosts(&call.body).into_bytes();
    letters.sort_unstable();
    if call.operation.ends_with("SubscriptionAttributes") {
        letters.clear();
    }
    let body = String::from_utf8_lossy(&letters);
    format!("{} {} {} {body}", call.operation, call.region, call.path)
}

/// A body whose web addresses are left with their paths.
fn without_hosts(body: &str) -> String {
    let mut parts = body.split("http://");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        kept.push_str(part.find('/').map_or("", |path| &part[path..]));
    }
    kept
}

/// Decides by the call and the attempt alone, so that the order of calls side by side does not matter, nor which
/// hash the standard library has.
fn hit(call: &Call, attempt: usize, percent: u64) -> bool {
    let text = format!("{attempt} {}", key(call));
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash >> 20) % 100 < percent
}

/// Said as S3 does to its calls, whose HEAD has no body to name a code, and as the others do.
fn throttled(call: &Call) -> Reply {
    let is_bucket = call.operation.contains(" /");
    let (status, code) = if is_bucket { (503, "SlowDown") } else { (400, "ThrottlingException") };
    Reply::Error(status, code, "Rate exceeded")
}

fn faults() -> Vec<Fault> {
    let mut faults = Vec::new();
    for percent in [10, 30, 60] {
        faults.push(fault(format!("{percent} % of calls throttled"), move |call, attempt, on| {
            if hit(call, attempt, percent) { throttled(call) } else { on(call) }
        }));
    }
    for (status, code) in [(500, "InternalFailure"), (503, "ServiceUnavailable")] {
        let name = format!("30 % of calls answered {status} {code}");
        faults.push(fault(name, move |call, attempt, on| {
            if hit(call, attempt, 30) { Reply::Error(status, code, "Try again") } else { on(call) }
        }));
    }
    faults.push(fault("every call's first connection closed without an answer", |call, n, on| {
        if n == 0 { Reply::Reset } else { on(call) }
    }));
    faults.push(fault("every call's first answer lost after it took effect", |call, n, on| {
        let reply = on(call);
        if n == 0 { Reply::Reset } else { reply }
    }));
    faults.push(fault("every call's first answer cut off in its body", |call, n, on| {
        whole(on(call), n == 0, |answer| Reply::CutOff { answer, claims_whole: true })
    }));
    let lists = |call: &Call| call.operation == "ListRules" && call.region == OTHER;
    faults.push(fault("ListRules cut short, with the length to match", move |call, _, on| {
        whole(on(call), lists(call), |answer| Reply::CutOff { answer, claims_whole: false })
    }));
    faults.push(fault("ListRules answered with HTML", move |call, _, on| {
        if lists(call) { Reply::Garbage(200) } else { on(call) }
    }));
    faults.push(fault("ListRules answered with an empty object", move |call, _, on| {
        if lists(call) { Reply::Json(json!({})) } else { on(call) }
    }));
    faults.push(fault("ListRules with a page token that comes back", move |call, _, on| {
        let again = json!({ "Rules": [], "NextToken": "again" });
        if lists(call) { Reply::Json(again) } else { on(call) }
    }));
    faults.push(Fault {
        timing: HASTY,
        ..fault(
            "ListRules never answered",
            move |call, _, on| {
                if lists(call) { Reply::Hang } else { on(call) }
            },
        )
    });
    faults.push(Fault {
        timing: HASTY,
        ..fault("ListRules' body never ends", move |call, _, on| {
            whole(on(call), lists(call), Reply::Stall)
        })
    });
    for code in ["ConcurrentModificationException", "LimitExceededException"] {
        faults.push(fault(format!("PutTargets with FailedEntries: {code}"), move |call, n, on| {
            let entry = json!({ "TargetId": "ctguard-acme-secops", "ErrorCode": code });
            let failed = json!({ "FailedEntryCount": 1, "FailedEntries": [entry] });
            // Another writer is done in a moment; a quota is not.
            let fails = call.operation == "PutTargets" && (n == 0 || code.starts_with("Limit"));
            if fails { Reply::Json(failed) } else { on(call) }
        }));
    }
    let calls = Mutex::new(0);
    faults.push(fault("credentials expire after 25 calls", move |call, _, on| {
        let mut calls = calls.lock().unwrap();
        *calls += 1;
        let expired = *calls > 25;
        drop(calls);
        let error = Reply::Error(400, "ExpiredTokenException", "The security token is expired.");
        if expired { error } else { on(call) }
    }));
    for lag in [1, 3] {
        let before: Mutex<HashMap<String, VecDeque<Reply>>> = Mutex::default();
        faults.push(fault(format!("reads {lag} behind writes"), move |call, _, on| {
            let is_listing = ["GetResources", "ListRules", "ListTargetsByRule"]
                .contains(&call.operation.as_str());
            let Reply::Whole(answer) = on(call) else { return on(call) };
            if !is_listing {
                return Reply::Whole(answer);
            }
            let mut before = before.lock().unwrap();
            let line = before.entry(format!("{} {} {}", call.operation, call.region, call.body));
            let line = line.or_default();
            line.push_back(Reply::Whole(answer.clone()));
            if line.len() > lag { line.pop_front().unwrap() } else { Reply::Whole(answer) }
        }));
    }
    faults
}

fn whole(reply: Reply, is_due: bool, cut: impl Fn(crate::wire::Answer) -> Reply) -> Reply {
    match reply {
        Reply::Whole(answer) if is_due && !answer.body.is_empty() => cut(answer),
        other => other,
    }
}

/// An account, a fault on the way to it that can be turned on, and the calls that came while it was on.
struct Town {
    lane: Lane,
    is_on: Arc<AtomicBool>,
    asked: Arc<Mutex<BTreeMap<String, usize>>>,
    blueprint: Blueprint,
    timing: Timing,
}

impl Town {
    fn build(account: &'static str, fault: Fault) -> Self {
        let is_on = Arc::new(AtomicBool::new(false));
        let asked: Arc<Mutex<BTreeMap<String, usize>>> = Arc::default();
        let (on_now, log, Fault { way, timing, .. }) = (is_on.clone(), asked.clone(), fault);
        let lane = Lane::through(Kind::Ministack, account, move |call, on| {
            if !on_now.load(Ordering::SeqCst) || call.operation == "GetCallerIdentity" {
                return on(call);
            }
            let before = {
                let mut log = log.lock().unwrap();
                let count = log.entry(key(call)).or_default();
                *count += 1;
                *count - 1
            };
            way(call, before, on)
        });
        lane.inbox(HOME, "siem");
        let text = BLUEPRINT.replace("ACCOUNT", account);
        let blueprint = load_text("b.yaml", &text, None, TODAY).blueprint.unwrap();
        Self { lane, is_on, asked, blueprint, timing }
    }

    /// With the blueprint in place, but for one rule that is off.
    fn out_of_order(account: &'static str, fault: Fault) -> Self {
        let town = Self::build(account, fault);
        town.apply();
        town.lane.json(HOME, events("DisableRule"), &json!({ "Name": "ctguard-acme-route" }));
        town
    }

    fn with_fault<T>(&self, work: impl FnOnce(&Self) -> T) -> T {
        self.is_on.store(true, Ordering::SeqCst);
        let result = work(self);
        self.is_on.store(false, Ordering::SeqCst);
        result
    }

    fn plan(&self) -> Plan {
        self.survey_and(|_, _, plan| Box::pin(async move { plan.clone() }))
    }

    /// What was planned, and what became of it.
    fn apply(&self) -> (Plan, Applied) {
        self.survey_and(|aws, survey, plan| {
            Box::pin(async move {
                let stop = AtomicBool::new(false);
                let applied = run::apply(aws, &survey.desired, plan, 4, &stop, &|_| {}).await;
                (plan.clone(), applied)
            })
        })
    }

    fn survey_and<T>(
        &self,
        work: impl for<'a> FnOnce(
            &'a Aws,
            &'a run::Survey,
            &'a Plan,
        ) -> futures::future::LocalBoxFuture<'a, T>,
    ) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let credentials = Credentials::new(self.lane.account, "secret", None, None, "test");
            let aws = Aws::connect(Options {
                region: Region::new(HOME),
                endpoint_url: Some(self.lane.proxy_url()),
                credentials: Some(SharedCredentialsProvider::new(credentials)),
                timing: self.timing,
                ..Options::default()
            });
            let aws = aws.await.unwrap();
            let narrow = ctguard_core::desired::Narrow::default();
            let survey = run::survey(&aws, &self.blueprint, TODAY, &narrow, 4, &|_| {}).await;
            let survey = survey.unwrap();
            let plan = diff(&survey.desired, &survey.live, Stage::Planned);
            work(&aws, &survey, &plan).await
        })
    }

    fn inventory(&self) -> Inventory {
        let bucket = format!("acme-fault-logs-{}", self.lane.account);
        inventory(&self.lane, &[HOME, OTHER], &bucket)
    }
}

fn account(number: usize) -> &'static str {
    format!("{:012}", 450_000_000_000 + number).leak()
}

fn nothing() -> Fault {
    fault("none", |call, _, on| on(call))
}

/// The names of calls, as a table has them.
fn named(calls: impl IntoIterator<Item = String>) -> String {
    let calls: BTreeSet<String> = calls.into_iter().collect();
    let calls: Vec<String> = calls.iter().map(|call| format!("`{call}`")).collect();
    match calls.as_slice() {
        [] => String::new(),
        [one] => format!("names {one}"),
        _ => "names the calls".to_owned(),
    }
}

fn changes(plan: &Plan) -> String {
    serde_json::to_string(&plan.changes).unwrap()
}

/// What a plan says under a fault: the right thing, or what it could not read.
fn judge_plan(name: &str, found: &Plan, right: &Plan) -> String {
    if found.unknown.is_empty() {
        assert_eq!(changes(found), changes(right), "{name}: a wrong plan");
        return "right".to_owned();
    }
    for unknown in &found.unknown {
        let why = &unknown.why;
        assert!(why.operation.contains(':'), "{name}: no call is named: {unknown:?}");
        assert!(!why.code.is_empty() && !why.message.is_empty(), "{name}: no cause: {unknown:?}");
    }
    // What is planned in spite of it is a part of what is right.
    for change in &found.changes {
        let known = right.changes.iter().any(|right| right.address == change.address);
        assert!(known, "{name}: {change:?} is planned in the dark");
    }
    named(found.unknown.iter().map(|unknown| unknown.why.operation.clone()))
}

fn judge_apply(name: &str, town: &Town, end: &Inventory) -> String {
    let (planned, applied) = town.with_fault(Town::apply);
    let failed = applied.outcomes.iter().filter(|outcome| outcome.kind == OutcomeKind::Failed);
    let calls: Vec<String> = failed
        .map(|outcome| match &outcome.why {
            Some(Why::Cloud(error)) => error.operation.clone(),
            other => panic!("{name}: {other:?} says no call: {outcome:?}"),
        })
        .collect();
    let unread: Vec<String> = applied
        .after
        .iter()
        .flat_map(|after| &after.plan.unknown)
        .chain(&planned.unknown)
        .map(|unknown| unknown.why.operation.clone())
        .collect();
    let left = applied.after.as_ref().is_some_and(|after| !after.plan.changes.is_empty());
    let is_named = !calls.is_empty() || !unread.is_empty();
    for _ in 0..2 {
        town.apply();
    }
    let plan = town.plan();
    assert!(plan.changes.is_empty() && plan.unknown.is_empty(), "{name}: {:#?}", plan.changes);
    let (end, found) = (format!("{end:#?}"), format!("{:#?}", town.inventory()));
    let diff = similar::TextDiff::from_lines(&end, &found);
    assert!(end == found, "{name}\n{}", diff.unified_diff());
    match (is_named, left) {
        (true, _) => format!("{}; the next apply ends it", named(calls.into_iter().chain(unread))),
        (false, true) => "says what is left; the next apply ends it".to_owned(),
        (false, false) => "done".to_owned(),
    }
}

#[test]
fn what_a_fault_does_to_a_plan_and_an_apply() {
    let whole = Town::build(account(0), nothing());
    whole.apply();
    let end = whole.inventory();
    let row = |number: usize, planning: Fault, applying: Fault| {
        let name = planning.name.clone();
        let town = Town::out_of_order(account(2 * number + 1), planning);
        let right = town.plan();
        assert_eq!(right.changes.len(), 1, "{:#?}", right.changes);
        let planned = judge_plan(&name, &town.with_fault(Town::plan), &right);
        let town = Town::build(account(2 * number + 2), applying);
        let applied = judge_apply(&name, &town, &end);
        format!("| {name} | {planned} | {applied} |\n")
    };
    let work: VecDeque<_> = faults().into_iter().zip(faults()).enumerate().collect();
    let (work, rows) = (Mutex::new(work), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let Some((number, (planning, applying))) = work.lock().unwrap().pop_front()
                    else {
                        return;
                    };
                    let made = row(number, planning, applying);
                    rows.lock().unwrap().insert(number, made);
                }
            });
        }
    });
    let rows: String = rows.into_inner().unwrap().into_values().collect();
    check(&rows);
}

/// Holds the table of the page against what was found, or writes it.
fn check(rows: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reliability.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once("<!-- faults -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- end of faults -->").unwrap();
    let head = "| fault | a plan | an apply |\n|---|---|---|\n";
    let made = format!("{before}<!-- faults -->\n{head}{rows}<!-- end of faults -->{after}");
    if std::env::var_os("UPDATE_RELIABILITY").is_some() {
        std::fs::write(&path, made).unwrap();
    } else {
        let diff = similar::TextDiff::from_lines(&page, &made);
        assert!(page == made, "set UPDATE_RELIABILITY=1\n{}", diff.unified_diff());
    }
}

#[test]
fn each_read_denied_alone_is_named_and_no_plan_says_that_nothing_is_to_do() {
    let town = Town::out_of_order(account(900), nothing());
    town.with_fault(Town::plan);
    let asked: BTreeSet<String> = town
        .asked
        .lock()
        .unwrap()
        .keys()
        .map(|key| {
            key.split_once(" us-east-1 ").or(key.split_once(" eu-west-1 ")).unwrap().0.to_owned()
        })
        .collect();
    assert!(asked.len() > 15, "{asked:?}");
    for (number, operation) in asked.into_iter().enumerate() {
        let denied = operation.clone();
        let fault = fault(format!("{operation} denied"), move |call, _, on| {
            let error = Reply::Error(403, "AccessDenied", "not authorized to perform the call");
            if call.operation == denied.replace("900", &format!("{:03}", 901 + number)) {
                return error;
            }
            on(call)
        });
        let name = fault.name.clone();
        let town = Town::out_of_order(account(901 + number), fault);
        let right = town.plan();
        let said = judge_plan(&name, &town.with_fault(Town::plan), &right);
        println!("{name}: {said}");
    }
}

/// Both end, and a last apply finds the account as one alone would have left it.
#[test]
fn two_applies_at_once_end_with_the_account_of_one() {
    let whole = Town::build(account(980), nothing());
    whole.apply();
    let town = Town::build(account(981), nothing());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| town.apply());
        }
    });
    town.apply();
    let plan = town.plan();
    assert!(plan.changes.is_empty() && plan.unknown.is_empty(), "{:#?}", plan.changes);
    assert_eq!(town.inventory(), whole.inventory());
}

/// Somebody disables the rule as soon as its targets are put, before the apply has ended.
#[test]
fn what_a_person_changes_in_between_is_in_the_next_plan() {
    let account = account(990);
    let person = Lane::start(Kind::Ministack, account);
    let person = Mutex::new(person);
    let fault = fault("a person", move |call, n, on| {
        let reply = on(call);
        let is_due = call.operation == "PutTargets" && call.region == HOME && n == 0;
        if is_due && call.parameter("Rule") == "ctguard-acme-route" {
            let name = json!({ "Name": "ctguard-acme-route" });
            person.lock().unwrap().json(HOME, events("DisableRule"), &name);
        }
        reply
    });
    let town = Town::build(account, fault);
    let (_, applied) = town.with_fault(Town::apply);
    let left = applied.after.unwrap().plan.changes;
    assert_eq!(left.len(), 1, "the apply itself says what is left: {left:#?}");
    assert_eq!(town.plan().changes.len(), 1);
    town.apply();
    assert!(town.plan().changes.is_empty());
}
