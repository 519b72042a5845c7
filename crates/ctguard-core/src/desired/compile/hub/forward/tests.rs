//! Forwarding as a whole: what the rules of a place take together, and what one alert more changes.

use crate::blueprint::{Blueprint, Hub, load_text};
use crate::desired::{Desired, DesiredPlace, compile};
use crate::proof::tests::fleet::{HUB, Town, account, place, region};
use crate::resource::keys::RuleKey;
use eventbridge_pattern::complexity::COMPLEXITY_MAX;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const TODAY: jiff::civil::Date = jiff::civil::date(2026, 11, 22);

fn blueprint(tail: &str) -> Blueprint {
    let text = format!(
        "version: 1\nname: acme\nregions: [eu-west-1, us-east-1]\ndestinations:\n  mail: {{ topic: mail, format: text, subscribers: [{{ email: a@acme.example }}] }}\nroutes: {{ critical: [mail], high: [mail], medium: [mail], low: [mail] }}\n{tail}"
    );
    let loaded = load_text("ctguard.yaml", &text, None, TODAY);
    let mut blueprint = loaded.blueprint.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
    let hub =
        Hub { account: account(HUB), region: region("eu-west-1"), organization: None, span: None };
    blueprint.hub = Some(hub);
    blueprint
}

fn desired(blueprint: &Blueprint) -> Desired {
    compile(blueprint, &Town::default().scope(), TODAY)
        .unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn forwarding(desired: &Desired, here: &DesiredPlace) -> BTreeMap<RuleKey, String> {
    let forwards = here.rules.iter().filter(|(key, _)| desired.names.is_forward(key.name()));
    forwards.map(|(key, rule)| (key.clone(), rule.compiled.json.clone())).collect()
}

const BUILTINS: &str = "include: [{ builtin: account-security }, { builtin: billing-and-regions }, { builtin: ci-and-oidc }, { builtin: data }, { builtin: identity }, { builtin: network }, { builtin: organization }, { builtin: ransomware }]\n";

/// How many forwarding rules differ.
fn differing(one: &BTreeMap<RuleKey, String>, other: &BTreeMap<RuleKey, String>) -> usize {
    let keys: BTreeSet<&RuleKey> = one.keys().chain(other.keys()).collect();
    keys.into_iter().filter(|key| one.get(*key) != other.get(*key)).count()
}

#[test]
fn one_alert_more_or_less_changes_few_rules() {
    let whole = blueprint(BUILTINS);
    let of = |blueprint: &Blueprint| {
        let desired = desired(blueprint);
        forwarding(&desired, &desired.places[&place(HUB, "us-east-1")])
    };
    let rules = of(&whole);
    let mut changed = Vec::new();
    for index in (0..whole.alerts.len()).step_by(5) {
        let mut less = whole.clone();
        less.alerts.remove(index);
        changed.push(differing(&rules, &of(&less)));
    }
    let (most, sum) =
        (changed.iter().max().copied().unwrap_or_default(), changed.iter().sum::<usize>());
    // First-fit over everything changes half of them, and 11 of 13 at worst.
    assert!(sum * 5 <= rules.len() * changed.len(), "of {} rules: {changed:?}", rules.len());
    assert!(most * 2 <= rules.len(), "of {} rules: {changed:?}", rules.len());
}

/// Some alerts: their events, and their conditions.
type Drawn = Vec<(Vec<&'static str>, Option<(&'static str, Vec<Value>)>)>;

/// A condition of an alert: on which field, and what it must match.
fn condition() -> impl Strategy<Value = Option<(&'static str, Vec<Value>)>> {
    const FIELDS: [&str; 2] = ["userAgent", "userIdentity.userName"];
    let matcher = prop_oneof![
        2 => prop::sample::select(vec!["ann", "bob", "eve-admin"]).prop_map(|text| json!(text)),
        1 => Just(json!({ "prefix": "ann" })),
        1 => Just(json!({ "equals-ignore-case": "BOB" })),
        3 => prop::sample::select(vec!["a*", "*-admin", "e*-*n", "*b*b*", "*x*y*z*w*v*"])
            .prop_map(|text| json!({ "wildcard": text })),
        1 => Just(json!({ "anything-but": { "wildcard": "*-admin" } })),
    ];
    let matchers = prop::collection::vec(matcher, 1..3);
    prop::option::weighted(0.8, (prop::sample::select(&FIELDS[..]), matchers))
}

/// An alert: some events, under a condition.
fn alerts() -> impl Strategy<Value = Drawn> {
    let events = [
        "iam:CreateUser",
        "iam:CreateRole",
        "ec2:CreateRoute",
        "kms:DisableKey",
        "s3:DeleteBucket",
    ];
    let some = prop::sample::subsequence(events.to_vec(), 1..3);
    prop::collection::vec((some, condition()), 1..7)
}

fn text_of(alerts: &Drawn) -> String {
    let mut text = "alerts:\n".to_owned();
    for (number, (events, condition)) in alerts.iter().enumerate() {
        let of = |(path, matchers): &(&str, Vec<Value>)| {
            format!(", where: {{ {path}: {} }}", Value::from(matchers.clone()))
        };
        let condition = condition.as_ref().map(of).unwrap_or_default();
        text += &format!(
            "  - {{ id: a{number}, title: T, risk: high, why: w, next: n, events: [{}]{condition} }}\n",
            events.join(", ")
        );
    }
    text
}

fn record(event: &str, agent: &str, user: &str) -> Value {
    let (service, name) = event.split_once(':').expect("a service");
    json!({
        "source": format!("aws.{service}"), "detail-type": "AWS API Call via CloudTrail",
        "detail": {
            "eventSource": format!("{service}.amazonaws.com"), "eventName": name, "readOnly": false,
            "userAgent": agent, "userIdentity": { "userName": user },
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// What some alert wants is forwarded by exactly one rule, and nothing else is, unless several
    /// conditions on one event do not fit into a rule. What is refused for its wildcards takes
    /// nobody with it who wants none of its events, and every union stays within the bound.
    #[test]
    fn forwarding_takes_what_alerts_want(alerts in alerts()) {
        let blueprint = blueprint(&text_of(&alerts));
        let desired = desired(&blueprint);
        let here = &desired.places[&place(HUB, "us-east-1")];
        let rules: Vec<_> =
            here.rules.iter().filter(|(key, _)| desired.names.is_forward(key.name())).collect();
        let events: BTreeSet<&str> = alerts.iter().flat_map(|(events, _)| events.iter().copied()).collect();
        for event in events {
            let asking: Vec<_> = alerts.iter().filter(|(events, _)| events.contains(&event)).collect();
            let wild = |condition: &Option<(&str, Vec<Value>)>| {
                condition.as_ref().is_some_and(|(_, list)| Value::from(list.clone()).to_string().contains("wildcard"))
            };
            for agent in ["ann", "bob", "eve-admin", "xaybzcwdv", "b.b"] {
                for user in ["ann", "mallory-admin", "BOB"] {
                    let envelope = record(event, agent, user);
                    let takes = |rule: &crate::desired::DesiredRule| rule.compiled.pattern.matches(&envelope);
                    let taking: Vec<_> = rules.iter().filter(|(_, rule)| takes(rule)).collect();
                    let wanted = blueprint.alerts.iter().any(|alert| {
                        alert.events.iter().any(|one| event.ends_with(&format!(":{}", one.name)))
                            && alert.filter.as_ref().is_none_or(|filter| filter.matches(&envelope["detail"]))
                    });
                    if wanted {
                        prop_assert_eq!(taking.len(), 1, "{} {} {} {:?}", event, agent, user, rules.iter().map(|(key, rule)| (key.name(), &rule.compiled.json)).collect::<Vec<_>>());
                    } else {
                        let alone = asking.len() == 1;
                        prop_assert!(taking.len() <= usize::from(!alone), "{} {} {}", event, agent, user);
                    }
                    // A rule of a wildcard's own is needed by those alone that want such an event.
                    let own = taking.iter().any(|(key, _)| key.name().contains(".own"));
                    prop_assert!(!own || asking.iter().any(|(_, condition)| wild(condition)), "{}", event);
                }
            }
        }
        for (key, rule) in &rules {
            let complexity = rule.compiled.pattern.filter.complexity();
            prop_assert!(complexity <= COMPLEXITY_MAX || key.name().contains(".own"), "{}", key.name());
            prop_assert!(complexity == 0 || key.name().contains(".own"), "{}", key.name());
        }
    }
}

#[test]
fn a_wildcard_that_is_refused_takes_no_other_alert_with_it() {
    let wild = |id: &str, event: &str, texts: &[&str]| {
        let all: Vec<Value> = texts.iter().map(|text| json!({ "wildcard": text })).collect();
        (id.to_owned(), event.to_owned(), Value::from(all))
    };
    let too_complex = ["*/a/*.b", "*/a/*.c", "*/a/*.d", "*/a/*.e"];
    let alerts = [
        wild("one", "iam:CreateUser", &too_complex),
        wild("two", "iam:CreateRole", &["*-admin"]),
        ("plain".to_owned(), "ec2:CreateRoute".to_owned(), json!(["curl"])),
        // It wants the same event as `one`.
        ("same".to_owned(), "iam:CreateUser".to_owned(), json!(["curl"])),
    ];
    let text = |count: usize| {
        alerts[..count].iter().fold("alerts:\n".to_owned(), |text, (id, event, list)| {
            text + &format!("  - {{ id: {id}, title: T, risk: high, why: w, next: n, events: [{event}], where: {{ userAgent: {list} }} }}\n")
        })
    };
    let rules = |count: usize| {
        let desired = desired(&blueprint(&text(count)));
        forwarding(&desired, &desired.places[&place(HUB, "us-east-1")])
    };
    let apart = rules(3);
    let names: Vec<&str> = apart.keys().map(RuleKey::name).collect();
    assert_eq!(
        names,
        ["ctguard-acme-forward-1", "ctguard-acme-forward-one.own", "ctguard-acme-forward-two.own"]
    );
    // What two want of one event, and no rule can hold, is forwarded whatever it holds.
    let shared = rules(4);
    let names: Vec<&str> = shared.keys().map(RuleKey::name).collect();
    assert_eq!(names, ["ctguard-acme-forward-1", "ctguard-acme-forward-two.own"]);
    assert_eq!(shared[&RuleKey::on(None, names[1])], apart[&RuleKey::on(None, names[1])]);
}

#[test]
fn beyond_half_of_the_quota_wildcards_share_rules() {
    let services = ["iam:Create", "iam:Delete", "iam:Update"];
    let names = ["User", "Role", "Group", "LoginProfile", "AccessKey", "SAMLProvider"];
    let events =
        services.iter().flat_map(|verb| names.iter().map(move |name| format!("{verb}{name}")));
    let text = events.enumerate().fold("alerts:\n".to_owned(), |text, (number, event)| {
        text + &format!("  - {{ id: a{number}, title: T, risk: high, why: w, next: n, events: [{event:?}], where: {{ userAgent: [{{ wildcard: \"*-{number}\" }}] }} }}\n")
    });
    let desired = desired(&blueprint(&text));
    let rules = forwarding(&desired, &desired.places[&place(HUB, "us-east-1")]);
    assert_eq!(rules.len(), 16, "{:?}", rules.keys());
    let last = &rules[&RuleKey::on(None, "ctguard-acme-forward-a15.own")];
    assert!(last.contains("*-15") && last.contains("*-17"), "{last}");
}
