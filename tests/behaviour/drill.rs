//! A drill: real alerts by harmless calls, their receipts, and nothing left behind.

mod announced;
mod faults;
mod hub;
mod killed;

use crate::world::World;
use ctguard::run::Survey;
use ctguard::run::drill::{Exercise, Pace};
use ctguard_core::blueprint::Blueprint;
use ctguard_core::drill::{Asked, DrillReport, choose};
use ctguard_sandbox::state::StoredKey;
use ctguard_sandbox::{Sandbox, State};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Alerts with triggers of their own, and alerts without.
pub const DRILLED: &str = r#"
version: 1
name: acme
regions: [us-east-1, eu-west-1]
destinations:
  mail: { topic: mail, kms_key: alias/alerts, format: text, subscribers: [{ email: secops@acme.example }] }
  hook: { topic: hook, kms_key: alias/alerts, format: json, subscribers: [{ https: "https://hooks.acme.example/in" }] }
  box: { topic: box, format: mail, subscribers: [{ email: oncall@acme.example }] }
  raw: { topic: raw, format: raw, subscribers: [{ https: "https://raw.acme.example/in" }] }
routes: { critical: [mail, hook], high: [mail], medium: [hook, box], low: [raw] }
trail: { name: acme-management, bucket: acme-logs-111122223333, home_region: us-east-1 }
alerts:
  - { id: selectors, title: Selectors were changed, risk: critical, events: [cloudtrail:PutEventSelectors], why: Events may be lost., next: Look. }
  - { id: topics, title: A topic was made or deleted, risk: high, events: [sns:CreateTopic, sns:DeleteTopic], why: Somebody may listen., next: Look. }
  - { id: our-rules, title: A rule of ours was changed, risk: high, events: [events:PutTargets, events:RemoveTargets], where: { requestParameters.rule: [{ prefix: ctguard- }] }, why: Alerts may be lost., next: Look. }
  - { id: roles, title: A role was made, risk: medium, events: [iam:CreateRole], why: Somebody may get in., next: Look. }
  - { id: queues, title: A queue was made, risk: low, events: [sqs:CreateQueue], why: Data may leave., next: Look. }
  - { id: buses, title: A bus was made, risk: low, events: [events:CreateEventBus], why: Data may leave., next: Look. }
  - { id: route, title: A route was made, risk: high, events: [ec2:CreateRoute], why: Routes are planned., next: Look. }
  - { id: denied, title: A topic was tried, risk: low, events: [sns:CreateTopic], outcome: failure, why: Somebody tries., next: Look. }
  - { id: office, title: A topic from elsewhere, risk: low, events: [sns:CreateTopic], where: { sourceIPAddress: [{ cidr: 203.0.113.0/24 }] }, why: Somebody tries., next: Look. }
"#;

/// The alerts of [`DRILLED`] that a harmless call raises, and the others.
pub const SAFE: [&str; 5] = ["selectors", "topics", "our-rules", "roles", "queues"];
pub const OTHERS: [&str; 4] = ["buses", "route", "denied", "office"];

/// Every alert of [`DRILLED`].
pub fn every_id() -> BTreeSet<String> {
    SAFE.iter().chain(&OTHERS).map(|id| (*id).to_owned()).collect()
}

/// A key in each of these regions, which lets EventBridge use it.
fn with_keys(world: &World, regions: &[&str]) {
    world.change(|state| {
        for (id, account) in &mut state.accounts {
            let policy = json!({ "Version": "2012-10-17", "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": { "Service": "events.amazonaws.com" },
                    "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
                    "Resource": "*",
                },
                {
                    "Effect": "Allow",
                    "Principal": { "AWS": format!("arn:aws:iam::{id}:root") },
                    "Action": "kms:*",
                    "Resource": "*",
                },
            ] });
            let mut enabled = account.global.enabled_regions.clone();
            enabled.retain(|region| regions.contains(&region.as_str()));
            for region in enabled {
                let key = StoredKey {
                    aliases: BTreeSet::from(["alias/alerts".to_owned()]),
                    enabled: true,
                    aws_managed: false,
                    asymmetric: false,
                    policy: policy.clone(),
                };
                let keys = &mut account.regions.entry(region).or_default().keys;
                keys.insert("1234abcd-12ab-34cd-56ef-1234567890ab".to_owned(), key);
            }
        }
    });
}

/// One account, applied and confirmed.
pub fn plain() -> World {
    let world = World::bare(DRILLED);
    with_keys(&world, &["us-east-1", "eu-west-1"]);
    settle(&world);
    world
}

fn settle(world: &World) {
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    world.run(&["verify"]).expect(0);
}

/// Runs to its end, with timers.
pub fn wait<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime").block_on(work)
}

/// A survey of accounts in memory, with CloudTrail at work.
pub struct Sandboxed {
    blueprint: Blueprint,
    pub sandbox: Sandbox,
    pub survey: Survey,
    /// Whether subscribers are told.
    pub announce: bool,
}

impl Sandboxed {
    pub fn of(text: &str, state: State) -> Self {
        let blueprint = crate::laws::read(text);
        let sandbox = Sandbox::in_memory(state).with_events();
        let survey = crate::laws::survey(&sandbox, &blueprint);
        sandbox.forget_calls();
        Self { blueprint, sandbox, survey, announce: true }
    }

    /// Drills at once.
    pub fn drill(&self, asked: Asked<'_>) -> DrillReport {
        let zero = Duration::ZERO;
        let pace = Pace { settle: zero, poll: zero, wait: zero, since: None };
        wait(self.run(asked, pace, &AtomicBool::new(false)))
    }

    pub async fn run(&self, asked: Asked<'_>, pace: Pace, stop: &AtomicBool) -> DrillReport {
        let Survey { desired, live, caller } = &self.survey;
        let drill = choose(&self.blueprint, desired, live, caller, asked);
        let exercise = Exercise {
            cloud: &self.sandbox,
            blueprint: &self.blueprint,
            survey: &self.survey,
            drill: &drill,
            pace,
            concurrency: 4,
            announce: self.announce,
            stop,
        };
        exercise.run(DrillReport::planned("acme", BTreeMap::new(), &drill, |_| 1)).await
    }
}

/// Runs a drill of a world's blueprint.
pub fn drill(world: &World, more: &[&str]) -> crate::world::Ran {
    let blueprint = world.path("ctguard.yaml").display().to_string();
    world.run(&[&["drill", &blueprint], more].concat())
}

/// What an account is, without what was sent and logged in it.
pub fn standing(state: &State) -> Value {
    let mut state = serde_json::to_value(state).expect("a state");
    for account in state["accounts"].as_object_mut().into_iter().flat_map(|all| all.values_mut()) {
        let regions = account["regions"].as_object_mut();
        for region in regions.into_iter().flat_map(|all| all.values_mut()) {
            for gone in ["executions", "history", "outbox", "metrics"] {
                region.as_object_mut().expect("a region").remove(gone);
            }
            let queues = region.get_mut("queues").and_then(Value::as_object_mut);
            for queue in queues.into_iter().flat_map(|all| all.values_mut()) {
                queue["messages"] = json!(0);
                queue.as_object_mut().expect("a queue").remove("waiting");
            }
        }
        // A region in which something was made and deleted again has no less.
        let regions = account["regions"].as_object_mut().expect("regions");
        regions.retain(|_, region| region.as_object().is_some_and(|all| !all.is_empty()));
    }
    state
}

/// Status and method of each alert in each place.
fn ends(report: &Value) -> BTreeMap<String, (String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let alerts = report["alerts"].as_array().expect("alerts").iter();
    let of = |alert: &Value| {
        let place = format!("{} {}", text(&alert["alert"]), text(&alert["lands"]["region"]));
        (place, (text(&alert["status"]), text(&alert["method"])))
    };
    alerts.map(of).collect()
}

#[test]
fn without_consent_it_shows_every_call_and_makes_none() {
    let world = plain();
    let before = world.state();
    let ran = drill(&world, &["--all-safe"]).expect(0);
    assert_eq!(world.state(), before);
    for said in [
        "sqs:CreateQueue ctguard-acme-drill-receipt in 111122223333/us-east-1, raises queues",
        "sns:Subscribe ctguard-acme-mail",
        "sns:CreateTopic ctguard-acme-drill in 111122223333/eu-west-1, raises topics",
        "cloudtrail:PutEventSelectors acme-management in 111122223333/us-east-1, raises selectors",
        "iam:DeleteRole ctguard-acme-drill",
        "They are real alerts",
        "1 confirmed subscriber",
        "no harmless call is logged as ec2:CreateRoute there",
        "Nothing was done",
    ] {
        assert!(ran.out.contains(said), "{said} is not in\n{}", ran.out);
    }
    assert!(!ran.out.contains("iam:CreateRole ctguard-acme-drill in 111122223333/eu-west-1"));
    // Nor does a look at everything, or a question that is not answered with yes.
    drill(&world, &[]).expect(0);
    let blueprint = world.path("ctguard.yaml").display().to_string();
    let no = world.typing(&["drill", &blueprint, "--all-safe"], "no\n").expect(5);
    assert!(no.err.contains("nothing was done"), "{}", no.err);
    assert_eq!(world.state(), before);
    drill(&world, &["--yes"]).expect(64);
    drill(&world, &["--yes", "no-such-alert"]).expect(64);
}

#[test]
fn every_safe_alert_is_raised_by_its_own_event_and_received() {
    let world = plain();
    let before = standing(&world.state());
    let report = drill(&world, &["--all-safe", "--yes", "--format", "json"]).expect(0).json();
    let ends = ends(&report);
    let both = ["topics", "our-rules", "queues"];
    assert_eq!(ends.len(), 2 * both.len() + 2, "{ends:#?}");
    for (alert, end) in &ends {
        assert_eq!(*end, ("received".to_owned(), "trigger".to_owned()), "{alert}");
    }
    assert!(ends.contains_key("roles us-east-1") && ends.contains_key("selectors us-east-1"));
    for alert in report["alerts"].as_array().unwrap() {
        assert_eq!(alert["seen_after"], 0, "{alert}");
    }
    crate::schema::is_as_published("drill", &report);
    assert_eq!(standing(&world.state()), before);
    // People got them, too.
    let outbox = world
        .state()
        .accounts
        .values()
        .next()
        .unwrap()
        .regions
        .values()
        .next()
        .unwrap()
        .outbox
        .clone();
    assert!(!outbox.is_empty());
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
}

/// A history that cannot be read is told, and is no history without the event.
#[test]
fn a_history_that_cannot_be_read_is_told_beside_the_receipt() {
    let world = plain();
    world.run(&["sandbox", "break", "deny-calls", "cloudtrail:LookupEvents"]).expect(0);
    let path = world.path("ctguard.yaml").display().to_string();
    let ran = world.run(&["drill", &path, "queues", "--yes"]).expect(0);
    assert!(
        ran.out.contains("in the event history the event could not be looked up"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("cloudtrail:LookupEvents"), "{}", ran.out);
    let json = world.run(&["drill", &path, "queues", "--yes", "--format", "json"]).expect(0).json();
    assert!(json["alerts"][0]["unseen"].as_str().is_some_and(|why| why.contains("looked up")));
    assert_eq!(json["alerts"][0]["seen_after"], Value::Null);
}

#[test]
fn where_no_harmless_call_raises_an_alert_a_rule_stands_in() {
    let world = plain();
    let before = standing(&world.state());
    let asked = [&OTHERS[..], &["--yes", "--format", "json"]].concat();
    let report = drill(&world, &asked).expect(0).json();
    let ends = ends(&report);
    assert_eq!(ends.len(), 2 * OTHERS.len());
    for (alert, end) in &ends {
        assert_eq!(*end, ("received".to_owned(), "stand-in".to_owned()), "{alert}");
    }
    let why = |alert: &str| {
        let all = report["alerts"].as_array().unwrap();
        all.iter().find(|one| one["alert"] == alert).unwrap()["why"].as_str().unwrap().to_owned()
    };
    assert!(why("route").contains("no harmless call"), "{}", why("route"));
    assert!(why("denied").contains("leave out the sns:CreateTopic"), "{}", why("denied"));
    assert!(why("office").contains("its own pattern is not tried"), "{}", why("office"));
    assert_eq!(standing(&world.state()), before);
}

#[test]
fn a_report_has_every_form() {
    let world = plain();
    world
        .run(&["sandbox", "break", "disable-rule", "ctguard-acme-topics", "--region", "us-east-1"])
        .expect(0);
    let text = drill(&world, &["topics", "--yes"]).expect(3);
    assert!(text.out.contains("✗ missing topics in 111122223333/us-east-1"), "{}", text.out);
    assert!(text.out.contains("✓ received topics in 111122223333/eu-west-1"), "{}", text.out);
    assert!(text.out.contains("A topic was made or deleted"), "{}", text.out);
    assert!(text.out.contains("1 received, 1 missing, 0 unknown"), "{}", text.out);
    let junit = drill(&world, &["topics", "--yes", "--format", "junit"]).expect(3);
    assert!(
        junit.out.contains("receipt-missing") && junit.out.contains("failures=\"1\""),
        "{}",
        junit.out
    );
    let markdown = drill(&world, &["topics", "--yes", "--format", "markdown"]).expect(3);
    assert!(markdown.out.contains("#### Missing"), "{}", markdown.out);
}

#[test]
fn what_has_the_name_of_something_of_a_drills_is_left_alone() {
    let world = plain();
    let name = "ctguard-acme-drill".to_owned();
    world.change(|state| {
        let account = state.accounts.values_mut().next().unwrap();
        let region = account.regions.values_mut().next().unwrap();
        region.topics.insert(name, Default::default());
    });
    let before = world.state();
    let ran = drill(&world, &["--all-safe", "--yes"]).expect(5);
    assert!(ran.err.contains("topic ctguard-acme-drill in"), "{}", ran.err);
    assert_eq!(world.state(), before);
}

#[test]
fn what_is_written_down_of_each_call_has_the_parameters_that_records_have() {
    use ctguard_core::record::request::{Found, request_of};
    use ctguard_core::scope::{AccountId, Place, Region};
    let place =
        Place::new(AccountId::new("111122223333").unwrap(), Region::new("eu-west-1").unwrap());
    for action in crate::adapter::causes::actions() {
        let logged = action.logged(&place);
        let known = ctguard_core::catalogue::find(&logged.source, logged.name);
        assert!(known.is_some(), "{} is no event", logged.short());
        let Some(request) = request_of(&logged.source, logged.name) else { continue };
        for name in logged.parameters.as_object().unwrap().keys() {
            let found = request.find(&[name.as_str()]);
            assert!(!matches!(found, Found::Missing { .. }), "{}: {name}", logged.short());
        }
    }
}
