//! `import live`: the rules of an account become a blueprint, and its alerts take them over.

use crate::laws::{read, wait};
use crate::world::{Ran, WIDE, World};
use ctguard::run;
use ctguard_core::desired::{Adoption, Intent, Narrow};
use ctguard_core::event::sample::{Identity, Sample, sample_event};
use ctguard_core::event::{Access, EventKind};
use ctguard_core::plan::{Plan, Stage, diff};
use ctguard_core::resource::rule::{Input, Rule, RuleState, Target};
use ctguard_core::resource::topic::{Endpoint, Protocol, SubscriptionAttributes};
use ctguard_core::scope::{Place, Region};
use ctguard_sandbox::state::{Denied, StoredBus, StoredRule, StoredSubscription, StoredTopic};
use ctguard_sandbox::{Sandbox, State};
use serde_json::{Value, json};
use std::sync::atomic::AtomicBool;

const ACCOUNT: &str = "111122223333";
const STOPPED: &str = r#"{"source": ["aws.cloudtrail"], "detail-type": ["AWS API Call via CloudTrail"],
 "detail": {"eventName": ["StopLogging", "DeleteTrail"]}}"#;
const GROUPS: &str = r#"{"detail-type": ["AWS API Call via CloudTrail"],
 "detail": {"eventSource": ["ec2.amazonaws.com"], "eventName": ["AuthorizeSecurityGroupIngress"]}}"#;
const BOTH: [&str; 2] = ["eu-west-1", "us-east-1"];

fn place(region: &str) -> Place {
    let account = ctguard_core::scope::AccountId::new(ACCOUNT).unwrap();
    Place::new(account, Region::new(region).unwrap())
}

fn topic_arn(region: &str, name: &str) -> String {
    place(region).arn("sns", name)
}

/// A topic that EventBridge may send to, with one address that has confirmed.
fn topic(state: &mut State, region: &str, name: &str) {
    let arn = topic_arn(region, name);
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
        "Action": "sns:Publish", "Resource": arn,
    }] });
    let mut stored = StoredTopic::default();
    stored.topic.policy = Some(policy);
    let confirmed = StoredSubscription::Confirmed {
        arn: format!("{arn}:1"),
        attributes: SubscriptionAttributes::default(),
    };
    stored.subscriptions.insert(Endpoint::new(Protocol::Email, "secops@acme.example"), confirmed);
    state.region_mut(&place(region)).topics.insert(name.to_owned(), stored);
}

fn target(arn: &str) -> Target {
    Target {
        arn: arn.to_owned(),
        role_arn: None,
        input: Input::Event,
        dead_letter_arn: None,
        retry_policy: None,
        other_parameters: Vec::new(),
    }
}

fn rule(pattern: Option<&str>, targets: &[&str]) -> StoredRule {
    let named = targets.iter().enumerate();
    StoredRule {
        rule: Rule {
            state: RuleState::Enabled,
            event_pattern: pattern.map(str::to_owned),
            schedule_expression: pattern.is_none().then(|| "rate(1 day)".to_owned()),
            description: None,
            role_arn: None,
            managed_by: None,
        },
        targets: named.map(|(at, arn)| (at.to_string(), target(arn))).collect(),
        tags: ctguard_core::resource::Tags::new(),
    }
}

fn put(state: &mut State, region: &str, name: &str, rule: StoredRule) {
    state.region_mut(&place(region)).rules.insert(name.to_owned(), rule);
}

/// Two rules in two regions that send to a topic of each.
fn plain(state: &mut State) {
    for region in BOTH {
        topic(state, region, "Alerts");
        let arn = topic_arn(region, "Alerts");
        put(state, region, "trail-stopped", rule(Some(STOPPED), &[&arn]));
        put(state, region, "groups", rule(Some(GROUPS), &[&arn]));
    }
}

fn world(change: impl FnOnce(&mut State)) -> World {
    let world = World::with_trail("");
    world.change(change);
    world
}

fn import(world: &World, words: &[&str]) -> Ran {
    let regions = ["import", "live", "--region", "us-east-1,eu-west-1"];
    world.run(&[&regions[..], words].concat())
}

#[test]
fn rules_become_alerts_and_their_topics_destinations() {
    let world = world(plain);
    let before = world.read("account.json");
    let ran = import(&world, &[]).expect(0);
    assert!(ran.out.contains("topic_arn: arn:aws:sns:{region}:{account}:Alerts"), "{}", ran.out);
    assert!(ran.out.contains("- email: secops@acme.example"), "{}", ran.out);
    assert!(ran.out.contains("format: raw"), "the whole event was sent: {}", ran.out);
    assert!(!ran.out.contains("people"), "every alert has a topic: {}", ran.out);
    assert!(!ran.err.contains("nobody is told"), "{}", ran.err);
    assert!(ran.err.contains("--adopt=rule/groups,rule/trail-stopped"), "{}", ran.err);
    assert_eq!(world.read("account.json"), before, "an import changes nothing");
    world.write("made.yaml", &ran.out);
    let made = world.path("made.yaml").display().to_string();
    let valid = world.on(WIDE, &["validate", &made]).expect(0);
    assert!(valid.out.contains("2 alerts, 1 destination"), "{}", valid.out);
    let json = import(&world, &["--format", "json"]).expect(0).json();
    assert_eq!(json["adopt"], json!(["rule/groups", "rule/trail-stopped"]));
    assert_eq!(json["complete"], true);
}

#[test]
fn the_list_alone_says_nothing_of_topics() {
    let world = world(plain);
    let ran = import(&world, &["--alerts", "--risk", "high"]).expect(0);
    assert!(ran.out.contains("- id: groups\n  title: groups\n  risk: high\n"), "{}", ran.out);
    assert!(!ran.out.contains("notify") && !ran.err.contains("--adopt"), "{}{}", ran.out, ran.err);
}

/// Every kind of rule that is no alert is told, by name and reason.
#[test]
fn what_does_not_come_over_is_told() {
    let world = world(|state| {
        plain(state);
        let arn = topic_arn("us-east-1", "Alerts");
        let mut off = rule(Some(STOPPED), &[&arn]);
        off.rule.state = RuleState::Disabled;
        let mut service = rule(Some(STOPPED), &[&arn]);
        service.rule.managed_by = Some("autoscaling.amazonaws.com".to_owned());
        let mut own = rule(Some(STOPPED), &[&arn]);
        own.tags.insert("ctguard:blueprint".to_owned(), "other".to_owned());
        let bus = place("us-east-1").arn("events", "event-bus/security");
        let findings = r#"{"source": ["aws.guardduty"], "detail-type": ["GuardDuty Finding"]}"#;
        let resources = r#"{"detail-type": ["AWS API Call via CloudTrail"], "resources": ["a"]}"#;
        for (name, one) in [
            ("off", off),
            ("service", service),
            ("ctguard-other-x", own),
            ("nightly", rule(None, &[&arn])),
            ("findings", rule(Some(findings), &[&arn])),
            ("silent", rule(Some(STOPPED), &[])),
            ("onward", rule(Some(STOPPED), &[&bus])),
            ("resources", rule(Some(resources), &[&arn])),
        ] {
            put(state, "us-east-1", name, one);
        }
        let mut custom = StoredBus::default();
        custom.rules.insert("elsewhere".to_owned(), rule(Some(STOPPED), &[&arn]));
        state.region_mut(&place("us-east-1")).buses.insert("security".to_owned(), custom);
    });
    let json = import(&world, &["--format", "json"]).expect(4).json();
    let passed: Vec<(&str, &str)> = json["passed_over"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["why"].as_str().unwrap(), one["rules"][0].as_str().unwrap()))
        .collect();
    let at = |name: &str| format!("{ACCOUNT}/us-east-1: {name}");
    let wanted = [
        ("about other events than CloudTrail's", at("findings")),
        ("ctguard's own", at("ctguard-other-x")),
        ("disabled", at("off")),
        ("made by a service of AWS for itself", at("service")),
        ("on a schedule alone", at("nightly")),
        ("only forwarding events to another bus", at("onward")),
        ("without a target", at("silent")),
    ];
    let wanted: Vec<(&str, &str)> = wanted.iter().map(|(why, rule)| (*why, &**rule)).collect();
    assert_eq!(passed, wanted);
    let refused: Vec<&str> = json["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["rule"].as_str().unwrap())
        .collect();
    assert_eq!(refused, ["elsewhere", "resources"]);
    let text = import(&world, &[]).expect(4);
    assert!(text.err.contains("Passed over: 1 rule, disabled"), "{}", text.err);
    assert!(text.err.contains("on the bus `security`"), "{}", text.err);
}

#[test]
fn what_cannot_be_read_is_told_and_never_taken_for_nothing() {
    for (operation, part) in [
        ("events:ListRules", "the rules of the default bus"),
        ("events:ListEventBuses", "the custom buses"),
        ("events:ListTargetsByRule", "the targets of the rule groups"),
        ("sns:ListSubscriptionsByTopic", "who subscribes to the topic"),
    ] {
        let world = world(|state| {
            plain(state);
            state.denied.push(Denied {
                operation: operation.to_owned(),
                account: None,
                region: Some(Region::new("eu-west-1").unwrap()),
            });
        });
        let ran = import(&world, &[]).expect(4);
        let said = format!("not read: {ACCOUNT}/eu-west-1: {part}");
        assert!(ran.err.contains(&said), "{operation}: {}", ran.err);
    }
}

fn event(sandbox: &Sandbox, region: &str, source: &str, name: &str) -> Value {
    sample_event(&Sample {
        source: source.into(),
        name: name.into(),
        kind: EventKind::Api,
        access: Access::Write,
        place: place(region),
        identity: Identity::User("mallory".into()),
        time: sandbox.state().clock,
        detail: Value::Null,
    })
}

/// How often somebody hears, by region and event.
fn heard(sandbox: &Sandbox) -> Vec<usize> {
    let events = [
        ("cloudtrail.amazonaws.com", "StopLogging"),
        ("ec2.amazonaws.com", "AuthorizeSecurityGroupIngress"),
    ];
    let all = BOTH.iter().flat_map(|region| events.map(|(source, name)| (*region, source, name)));
    all.map(|(region, source, name)| {
        sandbox.deliver(&event(sandbox, region, source, name)).received.len()
    })
    .collect()
}

/// Plans and applies a blueprint that takes rules over.
fn take_over(sandbox: &Sandbox, text: &str, rules: &[&str]) -> Plan {
    let names = rules.iter().map(|name| format!("rule/{name}")).collect();
    let adopt = Adoption { untagged: false, names };
    let intent = Intent { adopt, ..Intent::default() };
    let (blueprint, narrow) = (read(text), Narrow::default());
    let survey =
        run::survey_for(sandbox, &blueprint, &intent, crate::world::TODAY, &narrow, 4, &|_| {});
    let survey = wait(survey).unwrap();
    let plan = diff(&survey.desired, &survey.live, Stage::Planned);
    wait(run::apply(sandbox, &survey.desired, &plan, 4, &AtomicBool::new(false), &|_| {}));
    plan
}

#[test]
fn what_alerted_before_alerts_after_every_call_of_the_apply() {
    let world = world(plain);
    let text = import(&world, &[]).expect(0).out;
    let rules = ["groups", "trail-stopped"];
    let start = || Sandbox::in_memory(world.state());
    let whole = start();
    assert_eq!(heard(&whole), [1; 4]);
    whole.forget_calls();
    take_over(&whole, &text, &rules);
    assert_eq!(heard(&whole), [1; 4], "nobody hears twice once it is done");
    let calls = whole.calls().iter().filter(|call| call.mutating).count();
    let mut state = whole.state();
    for region in BOTH {
        let left = state.region_mut(&place(region)).rules.keys().cloned().collect::<Vec<_>>();
        assert_eq!(left, ["ctguard-imported-groups", "ctguard-imported-trail-stopped"]);
    }
    let again = take_over(&whole, &text, &rules);
    let left = (again.changes.len(), again.waiting.len(), again.refusals.len());
    assert_eq!(left, (0, 0, 0), "it comes to no end: {again:#?}");
    for stop in 0..calls {
        let sandbox = start();
        sandbox.stop_after(stop);
        take_over(&sandbox, &text, &rules);
        assert!(heard(&sandbox).iter().all(|times| *times > 0), "nobody hears after call {stop}");
        sandbox.go_on();
        take_over(&sandbox, &text, &rules);
        assert_eq!(heard(&sandbox), [1; 4], "stopped after call {stop}");
    }
}

#[test]
fn a_rule_stays_until_its_replacement_is_proven() {
    let world = world(plain);
    let text = import(&world, &[]).expect(0).out;
    // The topic lets in the old rule alone: what takes over would be silent.
    world.change(|state| {
        for region in BOTH {
            let old = place(region).arn("events", "rule/trail-stopped");
            let topic = state.region_mut(&place(region)).topics.get_mut("Alerts").unwrap();
            let policy = topic.topic.policy.as_mut().unwrap();
            policy["Statement"][0]["Condition"] = json!({ "ArnEquals": { "aws:SourceArn": old } });
        }
    });
    world.write("made.yaml", &text);
    let made = world.path("made.yaml").display().to_string();
    world.run(&["apply", &made, "--adopt=rule/trail-stopped", "--yes"]);
    let mut state = world.state();
    for region in BOTH {
        let kept = &state.region_mut(&place(region)).rules["trail-stopped"];
        assert_eq!(kept.targets.len(), 1, "{region}");
    }
}

/// What is only assumed of the new rule, and was so of no old one, holds the old one.
#[test]
fn a_rule_stays_while_it_is_only_assumed_that_its_replacement_is_let_in() {
    let world = world(plain);
    let text = import(&world, &[]).expect(0).out;
    world.change(|state| {
        for region in BOTH {
            let topic = state.region_mut(&place(region)).topics.get_mut("Alerts").unwrap();
            let policy = topic.topic.policy.as_mut().unwrap();
            policy["Statement"][0]["Condition"] =
                json!({ "StringLike": { "aws:UserAgent": "*old*" } });
        }
    });
    let sandbox = Sandbox::in_memory(world.state());
    let plan = take_over(&sandbox, &text, &["trail-stopped"]);
    let said: Vec<&str> = plan.waiting.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(said.len(), 4, "the rule and its target in both places: {said:#?}");
    for region in BOTH {
        let mut state = sandbox.state();
        let kept = &state.region_mut(&place(region)).rules["trail-stopped"];
        assert_eq!(kept.targets.len(), 1, "{region}");
    }
}

/// The old rule alerts until the new one does, and the plan counts it.
#[test]
fn a_plan_says_that_what_is_taken_over_alerts_now() {
    let world = world(plain);
    let text = import(&world, &[]).expect(0).out;
    world.write("made.yaml", &text);
    let made = world.path("made.yaml").display().to_string();
    let json = |more: &[&str]| {
        let words = [&["plan", &made, "--format", "json"], more].concat();
        world.run(&words).expect(0).json()
    };
    let now = |plan: &Value, alert: &str| {
        let effects = plan["effects"].as_array().unwrap();
        let effect = effects.iter().find(|one| one["alert"] == alert).unwrap();
        (effect["alerting_now"].as_u64().unwrap(), effect["alerting_after"].as_u64().unwrap())
    };
    let plan = json(&["--adopt=rule/trail-stopped"]);
    assert_eq!(now(&plan, "trail-stopped"), (2, 2));
    assert_eq!(now(&plan, "groups"), (0, 2), "nobody takes this one over");
    // What hears less, or is told to others, raises another alert.
    world.change(|state| {
        let rules = &mut state.region_mut(&place("us-east-1")).rules;
        let pattern = STOPPED.replace(r#", "DeleteTrail""#, "");
        rules.get_mut("trail-stopped").unwrap().rule.event_pattern = Some(pattern);
    });
    assert_eq!(now(&json(&["--adopt=rule/trail-stopped"]), "trail-stopped"), (1, 2));
}

#[test]
fn with_a_hub_a_rule_is_refused_with_the_reason_and_the_way() {
    let world = world(plain);
    let text = import(&world, &[]).expect(0).out;
    let hub = format!("hub: {{ account: \"{ACCOUNT}\", region: us-east-1 }}\n");
    world.write("made.yaml", &format!("{text}{hub}"));
    let made = world.path("made.yaml").display().to_string();
    let ran = world.run(&["plan", &made, "--adopt=rule/trail-stopped"]).expect(5);
    assert!(ran.out.contains("raised there and sent to the hub's topics"), "{}", ran.out);
    assert!(ran.out.contains("without `hub:`"), "{}", ran.out);
}

#[test]
fn a_rule_that_hears_more_than_the_blueprint_is_refused() {
    let world = world(plain);
    let text = import(&world, &[]).expect(0).out.replace("    - cloudtrail:DeleteTrail\n", "");
    world.write("made.yaml", &text);
    let made = world.path("made.yaml").display().to_string();
    let ran = world.run(&["plan", &made, "--adopt=rule/trail-stopped"]).expect(5);
    assert!(ran.out.contains("cloudtrail:DeleteTrail"), "{}", ran.out);
    // Without being named it is nobody's business.
    let ran = world.run(&["plan", &made]).expect(0);
    assert!(!ran.out.contains("rule         trail-stopped"), "{}", ran.out);
    // One that is not there is already gone.
    let ran = world.run(&["plan", &made, "--adopt=rule/never-was"]).expect(0);
    assert!(ran.out.contains("0 to delete") || !ran.out.contains("to delete"), "{}", ran.out);
}

/// A half of such a rule would be heard by nobody once it is gone.
#[test]
fn a_rule_that_hears_more_than_cloudtrail_is_neither_imported_nor_taken_over() {
    let api = "AWS API Call via CloudTrail";
    for pattern in [
        json!({ "source": ["aws.guardduty", "aws.cloudtrail"],
            "detail-type": [api, "GuardDuty Finding"] }),
        json!({ "source": ["aws.s3", "aws.cloudtrail"], "detail-type": [api, "Object Created"],
            "detail": { "eventName": ["StopLogging"] } }),
        json!({ "source": ["aws.cloudtrail"],
            "detail-type": [{ "prefix": "AWS API" }, { "prefix": "EC2 " }] }),
        json!({ "source": ["aws.cloudtrail"], "detail-type": [{ "anything-but": "x" }] }),
        json!({ "source": ["aws.cloudtrail"], "detail-type": [{ "exists": true }] }),
        json!({ "source": ["aws.cloudtrail"], "detail": { "$or": [
            { "eventName": ["StopLogging"] }, { "state": ["stopped"] }] } }),
    ] {
        let world = world(|state| {
            plain(state);
            let arn = topic_arn("us-east-1", "Alerts");
            put(state, "us-east-1", "mixed", rule(Some(&pattern.to_string()), &[&arn]));
        });
        let ran = import(&world, &[]).expect(4);
        assert!(ran.err.contains("mixed") && !ran.err.contains("rule/mixed"), "{}", ran.err);
        world.write("made.yaml", &ran.out);
        let made = world.path("made.yaml").display().to_string();
        let ran = world.run(&["plan", &made, "--adopt=rule/mixed"]).expect(5);
        assert!(ran.out.contains("not shown to be heard"), "{pattern}: {}", ran.out);
    }
}

/// What the old rule makes of the event passes the filter; what the blueprint sends does not.
#[test]
fn a_rule_stays_while_a_filter_of_a_subscriber_decides() {
    let world = world(|state| {
        plain(state);
        for region in BOTH {
            let seen = state.region_mut(&place(region));
            let old = seen.rules.get_mut("trail-stopped").unwrap();
            for one in old.targets.values_mut() {
                one.input = Input::Path("$.detail".to_owned());
            }
            for one in seen.topics.get_mut("Alerts").unwrap().subscriptions.values_mut() {
                let StoredSubscription::Confirmed { attributes, .. } = one else { panic!() };
                attributes.filter_policy = Some(json!({ "eventName": ["StopLogging"] }));
                attributes.filter_policy_scope = Some("MessageBody".to_owned());
            }
        }
    });
    let text = import(&world, &[]).expect(0).out;
    let sandbox = Sandbox::in_memory(world.state());
    let before = heard(&sandbox);
    assert_eq!(before, [1, 0, 1, 0], "the filter takes what the old rule sends");
    let plan = take_over(&sandbox, &text, &["trail-stopped"]);
    assert!(heard(&sandbox).iter().zip(before).all(|(now, before)| *now >= before));
    let said: Vec<&str> = plan.waiting.iter().map(|one| one.message.as_str()).collect();
    assert!(said.iter().all(|said| said.contains("filter policy")), "{said:#?}");
    assert_eq!(said.len(), 4, "the rule and its target in both places: {said:#?}");
    // Without the filter it goes.
    let mut state = sandbox.state();
    for region in BOTH {
        let topics = &mut state.region_mut(&place(region)).topics;
        for one in topics.get_mut("Alerts").unwrap().subscriptions.values_mut() {
            let StoredSubscription::Confirmed { attributes, .. } = one else { panic!() };
            (attributes.filter_policy, attributes.filter_policy_scope) = (None, None);
        }
    }
    let sandbox = Sandbox::in_memory(state);
    let plan = take_over(&sandbox, &text, &["trail-stopped"]);
    assert_eq!(plan.waiting, []);
    assert!(!sandbox.state().region_mut(&place("us-east-1")).rules.contains_key("trail-stopped"));
}

#[test]
fn a_rule_keeps_what_the_blueprint_does_not_send_to() {
    let function = place("us-east-1").arn("lambda", "function:fix");
    let world = world(|state| {
        topic(state, "us-east-1", "Alerts");
        let arn = topic_arn("us-east-1", "Alerts");
        put(state, "us-east-1", "groups", rule(Some(GROUPS), &[&arn, &function]));
        put(state, "us-east-1", "fixed", rule(Some(STOPPED), &[&function]));
    });
    let import = ["import", "live", "--region", "us-east-1"];
    let ran = world.run(&[&import[..], &["--email", "b@acme.example"]].concat()).expect(0);
    assert!(ran.err.contains("the rule stays with it alone"), "{}", ran.err);
    assert!(ran.err.contains("the rule sends to no topic"), "{}", ran.err);
    assert!(ran.err.contains("--adopt=rule/groups\n"), "{}", ran.err);
    world.write("made.yaml", &ran.out);
    let made = world.path("made.yaml").display().to_string();
    world.run(&["apply", &made, "--adopt=rule/groups", "--yes"]);
    world.run(&["sandbox", "confirm"]).expect(0);
    world.run(&["apply", &made, "--adopt=rule/groups", "--yes"]).expect(0);
    let mut state = world.state();
    let kept = &state.region_mut(&place("us-east-1")).rules["groups"];
    let kept: Vec<&String> = kept.targets.values().map(|one| &one.arn).collect();
    assert_eq!(kept, [&function]);
    let ran = world.run(&["plan", &made, "--adopt=rule/groups"]).expect(0);
    assert!(ran.out.contains("stays with") && ran.out.contains(&function), "{}", ran.out);
}

/// Somebody lets the old rule send to a second topic after the import: that topic is nobody's else.
#[test]
fn a_topic_that_the_blueprint_does_not_send_to_goes_on_hearing() {
    let world = world(plain);
    let text = import(&world, &[]).expect(0).out;
    world.change(|state| {
        for region in BOTH {
            topic(state, region, "Audit");
            let rules = &mut state.region_mut(&place(region)).rules;
            let old = rules.get_mut("trail-stopped").unwrap();
            old.targets.insert("audit".to_owned(), target(&topic_arn(region, "Audit")));
        }
    });
    let sandbox = Sandbox::in_memory(world.state());
    let rules = ["groups", "trail-stopped"];
    take_over(&sandbox, &text, &rules);
    take_over(&sandbox, &text, &rules);
    let mut state = sandbox.state();
    for region in BOTH {
        let old = &state.region_mut(&place(region)).rules["trail-stopped"];
        let kept: Vec<&String> = old.targets.values().map(|one| &one.arn).collect();
        assert_eq!(kept, [&topic_arn(region, "Audit")], "{region}");
    }
    // Through the alert's own rule and the old one.
    assert_eq!(heard(&sandbox), [2, 1, 2, 1]);
}

#[test]
fn rules_whose_topics_are_elsewhere_are_left_for_a_blueprint_of_their_own() {
    let world = world(|state| {
        plain(state);
        topic(state, "eu-west-1", "Lonely");
        let arn = topic_arn("eu-west-1", "Lonely");
        let buckets = r#"{"source": ["aws.s3"], "detail-type": ["AWS API Call via CloudTrail"],
            "detail": {"eventName": ["DeleteBucket"]}}"#;
        put(state, "eu-west-1", "buckets", rule(Some(buckets), &[&arn]));
    });
    let ran = import(&world, &[]).expect(4);
    let said = "its topic Lonely is not in 111122223333/us-east-1";
    assert!(ran.err.contains(said) && ran.err.contains("--region eu-west-1"), "{}", ran.err);
    assert!(!ran.err.contains("rule/buckets"), "it is not taken over: {}", ran.err);
    let ran = world.run(&["import", "live", "--region", "eu-west-1"]).expect(0);
    assert!(ran.out.contains("regions: [eu-west-1]\n"), "{}", ran.out);
    assert!(ran.err.contains("rule/buckets"), "{}", ran.err);
}

/// A rule that sends to nothing is not told to be imported by itself.
#[test]
fn a_rule_whose_topic_is_gone_is_told_so() {
    let world = world(|state| {
        plain(state);
        let arn = topic_arn("us-east-1", "Gone");
        put(state, "us-east-1", "buckets", rule(Some(GROUPS), &[&arn]));
    });
    for regions in ["us-east-1", "us-east-1,eu-west-1"] {
        let ran = world.run(&["import", "live", "--region", regions]).expect(4);
        let said = "its topic Gone does not exist in 111122223333/us-east-1";
        assert!(ran.err.contains(said) && !ran.err.contains("by itself"), "{}", ran.err);
        assert!(ran.err.contains("rule/groups,rule/trail-stopped"), "{}", ran.err);
    }
}

#[test]
fn a_saved_plan_takes_over_what_it_says() {
    let world = world(plain);
    let text = import(&world, &[]).expect(0).out;
    world.write("made.yaml", &text);
    let (made, plan) = (world.path("made.yaml"), world.path("plan.json"));
    let (made, plan) = (made.display().to_string(), plan.display().to_string());
    world.run(&["plan", &made, "--adopt=rule/groups", "--out", &plan]).expect(0);
    world.change(|state| {
        let rule = state.region_mut(&place("us-east-1")).rules.get_mut("groups").unwrap();
        rule.rule.description = Some("changed since".to_owned());
    });
    let ran = world.run(&["apply", &plan, "--yes"]).expect(5);
    assert!(ran.err.contains("groups"), "{}", ran.err);
}

#[test]
fn every_call_of_the_import_is_on_the_page_of_permissions() {
    let world = world(plain);
    let sandbox = Sandbox::open(&world.path("account.json")).unwrap();
    let places = BOTH.map(place).to_vec();
    let more = ctguard_core::import::topics;
    wait(run::observe::every_rule(&sandbox, places, more, 4, &|_| {}));
    let page = include_str!("../../docs/permissions.md");
    let at = page.find("## `import live`").expect("a section");
    let section = &page[at..];
    for call in sandbox.calls() {
        assert!(section.contains(&format!("\"{}\"", call.operation)), "{}", call.operation);
    }
}
