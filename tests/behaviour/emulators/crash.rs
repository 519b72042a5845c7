//! The program is killed before and after each call that changes something, and run again: the account is then
//! what it would be had nobody killed it.
//!
//! A point is a call, and whether it reached the account. `make test` tries some of them, `make soak` all
//! (`CTGUARD_CRASH_POINTS=all`). Each has an account of its own, in which others have things, too.

use super::inventory::{Inventory, inventory};
use super::lane::{Kind, Lane, events, reads, sqs};
use crate::stub::{Call, Reply};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Read;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const HOME: &str = "us-east-1";
const OTHER: &str = "eu-west-1";
const BUCKET: &str = "acme-crash-logs-";

/// How many points of each scenario `make test` tries.
const SAMPLE: usize = 4;

/// What is changed, and how.
struct Scenario {
    kind: Kind,
    /// The first digits of its accounts.
    accounts: &'static str,
    /// The blueprint that is there before, if any.
    before: Option<&'static str>,
    after: &'static str,
    verb: &'static [&'static str],
}

const APPLY: &[&str] = &["apply", "--yes", "--allow-lost-coverage", "--allow-deletion"];

const FIRST: &str = "\
version: 1
name: acme
regions: [us-east-1, eu-west-1]
trail: { name: acme-management, bucket: acme-crash-logs-ACCOUNT, home_region: us-east-1 }
destinations:
  secops: { topic: secops, format: text, subscribers: [{ sqs: 'arn:aws:sqs:us-east-1:ACCOUNT:siem' }] }
routes: { high: [secops], medium: [secops] }
alerts:
  - { id: route, title: A route, risk: high, events: [ec2:CreateRoute], why: w, next: n }
  - { id: subnet, title: A subnet, risk: medium, events: [ec2:CreateSubnet], why: w, next: n }
";

/// Another topic for one alert, another event for the other, a third alert.
const SECOND: &str = "\
version: 1
name: acme
regions: [us-east-1, eu-west-1]
trail: { name: acme-management, bucket: acme-crash-logs-ACCOUNT, home_region: us-east-1 }
destinations:
  secops: { topic: secops, format: text, subscribers: [{ sqs: 'arn:aws:sqs:us-east-1:ACCOUNT:siem' }] }
  net: { topic: net, format: json, subscribers: [{ sqs: 'arn:aws:sqs:us-east-1:ACCOUNT:siem' }] }
routes: { high: [net], medium: [secops] }
alerts:
  - { id: route, title: A route, risk: high, events: [ec2:CreateRoute], why: w, next: n }
  - { id: subnet, title: A subnet, risk: medium, events: [ec2:CreateSubnet, ec2:DeleteSubnet], why: w, next: n }
  - { id: vpc, title: A network, risk: high, events: [ec2:CreateVpc], why: w, next: n }
";

const HUB: &str = "\
version: 1
name: acme
regions: [us-east-1, eu-west-1]
accounts: [{ id: 'ACCOUNT' }]
hub: { account: 'ACCOUNT', region: us-east-1 }
trail: { name: acme-management, bucket: acme-crash-logs-ACCOUNT, home_region: us-east-1 }
destinations:
  secops: { topic: secops, format: text, subscribers: [{ sqs: 'arn:aws:sqs:us-east-1:ACCOUNT:siem' }] }
routes: { high: [secops], medium: [secops] }
alerts:
  - { id: route, title: A route, risk: high, events: [ec2:CreateRoute], why: w, next: n }
  - { id: subnet, title: A subnet, risk: medium, events: [ec2:CreateSubnet], why: w, next: n }
";

/// When the program is killed.
#[derive(Debug, Clone, Copy)]
struct Point {
    /// Which of the calls that change something.
    call: usize,
    /// Whether the call still reaches the account.
    reaches: bool,
}

#[derive(Default)]
struct Watch {
    /// The calls that change something, since the program was started.
    calls: usize,
    armed: Option<(Point, Sender<News>)>,
}

enum News {
    /// To be killed; whoever holds this drops it when that is done.
    Kill(Sender<()>),
    Ended(String),
}

/// An account, and a program that can be killed in it.
struct Town {
    lane: Lane,
    watch: Arc<Mutex<Watch>>,
}

impl Town {
    fn build(scenario: &Scenario, number: usize) -> Self {
        let account: &'static str = format!("{}{number:06}", scenario.accounts).leak();
        let watch: Arc<Mutex<Watch>> = Arc::default();
        let watching = Arc::clone(&watch);
        let way = move |call: &Call, on: &dyn Fn(&Call) -> Reply| watched(&watching, call, on);
        let lane = Lane::through(scenario.kind, account, way);
        for region in [HOME, OTHER] {
            let pattern = json!({ "source": ["theirs"] }).to_string();
            let rule = json!({ "Name": "ctguard-acme-theirs", "EventPattern": pattern });
            lane.json(region, events("PutRule"), &rule);
            lane.sns(region, &[("Action", "CreateTopic"), ("Name", "ctguard-acme-theirs")]);
            lane.json(region, sqs("CreateQueue"), &json!({ "QueueName": "ctguard-acme-theirs" }));
        }
        lane.inbox(HOME, "siem");
        let town = Self { lane, watch };
        if let Some(before) = scenario.before {
            town.blueprint(before);
            town.lane.ctguard(APPLY).expect(0);
        }
        town
    }

    fn blueprint(&self, text: &str) {
        self.lane.blueprint(&text.replace("ACCOUNT", self.lane.account));
    }

    /// Runs the program until it ends or is killed, and says which.
    fn run(&self, args: &[&str], point: Option<Point>) -> bool {
        let (say, news) = channel();
        {
            let mut watch = self.watch.lock().unwrap();
            watch.calls = 0;
            watch.armed = point.map(|point| (point, say.clone()));
        }
        let mut child =
            self.lane.command(args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut talk = child.stderr.take().unwrap();
        std::thread::spawn(move || {
            let mut said = String::new();
            talk.read_to_string(&mut said).unwrap();
            drop(say.send(News::Ended(said)));
        });
        let killed = match next(&news) {
            News::Kill(done) => {
                child.kill().unwrap();
                child.wait().unwrap();
                drop(done);
                true
            }
            News::Ended(said) => {
                let status = child.wait().unwrap();
                assert!(status.success(), "{args:?}: {status} {said}");
                false
            }
        };
        self.watch.lock().unwrap().armed = None;
        killed
    }

    fn inventory(&self) -> Inventory {
        inventory(&self.lane, &[HOME, OTHER], &format!("{BUCKET}{}", self.lane.account))
    }

    /// The alerts and places that are not proven by the blueprint that stands there.
    fn unproven(&self, blueprint: &str) -> BTreeSet<String> {
        self.blueprint(blueprint);
        let ran = self.lane.ctguard(&["verify", "--format", "json"]);
        let report: Value =
            serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}", ran.err));
        let mut unproven = BTreeSet::new();
        for link in report["links"].as_array().unwrap() {
            for alert in link["alerts"].as_array().unwrap() {
                for place in link["places"].as_array().unwrap() {
                    unproven.insert(format!("{alert} {place}"));
                }
            }
        }
        unproven
    }

    /// Runs until nothing is left to do: what waits for a proof is removed by the next apply.
    fn settle(&self, scenario: &Scenario) -> Inventory {
        self.blueprint(scenario.after);
        self.lane.ctguard(scenario.verb).expect(0);
        if scenario.verb == APPLY {
            self.lane.ctguard(scenario.verb).expect(0);
            self.lane.ctguard(&["plan", "--detailed-exitcode"]).expect(0);
        }
        self.inventory()
    }
}

fn next(news: &Receiver<News>) -> News {
    news.recv_timeout(Duration::from_secs(300)).unwrap_or_else(|error| panic!("it hangs: {error}"))
}

/// Passes a call on, and has the program killed where that is due.
fn watched(watch: &Mutex<Watch>, call: &Call, on: &dyn Fn(&Call) -> Reply) -> Reply {
    if reads(call) || call.operation == "AssumeRole" {
        return on(call);
    }
    let due = {
        let mut watch = watch.lock().unwrap();
        watch.calls += 1;
        let calls = watch.calls;
        watch.armed.take_if(|(point, _)| point.call == calls)
    };
    let Some((point, kill)) = due else { return on(call) };
    if point.reaches {
        on(call);
    }
    let (done, killed) = channel();
    kill.send(News::Kill(done)).unwrap();
    // An error when the other end is dropped, which says that the program is gone.
    let _ = killed.recv();
    Reply::Garbage(500)
}

fn theirs(found: &Inventory) -> Vec<(&String, &String)> {
    found.iter().filter(|(what, _)| what.contains("theirs")).collect()
}

/// Which points to try of this many calls.
fn points(calls: usize) -> Vec<Point> {
    let all: Vec<Point> =
        (1..=calls).flat_map(|call| [false, true].map(|reaches| Point { call, reaches })).collect();
    if std::env::var("CTGUARD_CRASH_POINTS").is_ok_and(|which| which == "all") {
        return all;
    }
    // An odd distance, so that both sorts are among them.
    let distance = (all.len() / SAMPLE) | 1;
    all.into_iter().step_by(distance).collect()
}

fn survives(scenario: &Scenario, name: &str) {
    let whole = Town::build(scenario, 0);
    let before = whole.inventory();
    if let Some(blueprint) = scenario.before {
        assert_eq!(whole.unproven(blueprint), BTreeSet::new());
    }
    whole.blueprint(scenario.after);
    whole.run(scenario.verb, None);
    let calls = whole.watch.lock().unwrap().calls;
    let end = whole.settle(scenario);
    assert_eq!(theirs(&before), theirs(&end), "something of others was touched");
    assert_eq!(theirs(&before).len(), 6);
    assert!(calls > 10, "{name}: {calls} calls");

    let points = points(calls);
    println!("{name}: {} of {} points", points.len(), calls * 2);
    for (number, point) in points.into_iter().enumerate() {
        let town = Town::build(scenario, number + 1);
        town.blueprint(scenario.after);
        assert!(town.run(scenario.verb, Some(point)), "{name} {point:?}: not killed");
        if let (Some(before), APPLY) = (scenario.before, scenario.verb) {
            let (old, new) = (town.unproven(before), town.unproven(scenario.after));
            let lost: Vec<_> = old.intersection(&new).collect();
            assert!(lost.is_empty(), "{name} {point:?}: nobody hears of {lost:?}");
        }
        let found = town.settle(scenario);
        let (end, found) = (format!("{end:#?}"), format!("{found:#?}"));
        let diff = similar::TextDiff::from_lines(&end, &found);
        assert!(end == found, "{name} {point:?}\n{}", diff.unified_diff());
    }
}

#[test]
fn a_first_apply_that_is_killed_is_finished_by_the_next() {
    let scenario = Scenario {
        kind: Kind::Ministack,
        accounts: "410000",
        before: None,
        after: FIRST,
        verb: APPLY,
    };
    survives(&scenario, "first apply");
}

#[test]
fn an_update_that_is_killed_loses_no_coverage_and_is_finished_by_the_next() {
    let scenario = Scenario {
        kind: Kind::Ministack,
        accounts: "420000",
        before: Some(FIRST),
        after: SECOND,
        verb: APPLY,
    };
    survives(&scenario, "update");
}

/// On moto, since ministack does not take a bus's whole policy.
#[test]
fn a_migration_to_a_hub_that_is_killed_loses_no_coverage_and_is_finished_by_the_next() {
    let scenario = Scenario {
        kind: Kind::Moto,
        accounts: "430000",
        before: Some(FIRST),
        after: HUB,
        verb: APPLY,
    };
    survives(&scenario, "hub migration");
}

#[test]
fn a_destroy_that_is_killed_is_finished_by_the_next() {
    let scenario = Scenario {
        kind: Kind::Ministack,
        accounts: "440000",
        before: Some(FIRST),
        after: FIRST,
        verb: &["destroy", "--yes"],
    };
    survives(&scenario, "destroy");
}
