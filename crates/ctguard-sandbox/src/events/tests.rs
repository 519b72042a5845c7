use super::super::fresh;
use super::*;
use ctguard_core::resource::rule::{Input, RetryPolicy, RuleState};
use ctguard_core::scope::{AccountId, Region};
use serde_json::json;

fn rule() -> Rule {
    Rule {
        state: RuleState::Enabled,
        event_pattern: Some(r#"{"source":["aws.ec2"]}"#.to_owned()),
        schedule_expression: None,
        description: Some("a rule".to_owned()),
        role_arn: None,
        managed_by: None,
    }
}

fn target(arn: String) -> Target {
    Target {
        arn,
        role_arn: None,
        input: Input::Event,
        dead_letter_arn: None,
        retry_policy: None,
        other_parameters: Vec::new(),
    }
}

fn code(done: Done) -> Option<&'static str> {
    done.err().map(|refusal| refusal.code)
}

fn pattern(text: &str) -> Rule {
    Rule { event_pattern: Some(text.to_owned()), ..rule() }
}

#[test]
fn rules_that_eventbridge_refuses_are_refused() {
    let (mut state, place) = fresh::for_tests();
    let long_pattern = format!(r#"{{"source":["{}"]}}"#, "x".repeat(EVENT_PATTERN_MAX_CHARS));
    let spaced = format!(r#"{{ "source": ["aws.ec2"{}] }}"#, " ".repeat(EVENT_PATTERN_MAX_CHARS));
    let long_name = "n".repeat(65);
    for (name, rule, refused) in [
        ("fine.-_1", rule(), None),
        ("fine", pattern(&spaced), None),
        ("", rule(), Some(INVALID)),
        ("white space", rule(), Some(INVALID)),
        (long_name.as_str(), rule(), Some(INVALID)),
        ("described", Rule { description: Some("d".repeat(513)), ..rule() }, Some(INVALID)),
        ("empty", Rule { event_pattern: None, ..rule() }, Some(INVALID)),
        ("role", Rule { role_arn: Some("ctguard".into()), ..rule() }, Some(INVALID)),
        ("managed", Rule { managed_by: Some("x.amazonaws.com".into()), ..rule() }, Some(INVALID)),
        ("clock", Rule { schedule_expression: Some("daily".into()), ..rule() }, Some(INVALID)),
        ("text", pattern("source"), Some(PATTERN)),
        ("bare", pattern(r#"{"source":"aws.ec2"}"#), Some(PATTERN)),
        ("nothing", pattern(r#"{"source":[]}"#), Some(PATTERN)),
        ("long", pattern(&long_pattern), Some(PATTERN)),
        ("one", pattern(r#"{"a":[{"cidr":"10.0.0.1/32"}]}"#), Some(PATTERN)),
        ("six", pattern(r#"{"a":[{"cidr":"2001:db8::1/128"}]}"#), Some(PATTERN)),
        ("block", pattern(r#"{"a":[{"cidr":"10.0.0.0/31"}]}"#), None),
        ("later", pattern(r#"{"$or":[{"regex":["a"]},{"b":["c"]}]}"#), Some(PATTERN)),
        ("wide", pattern(r#"{"a":[{"numeric":[">",6000000000]}]}"#), None),
        ("digits", pattern(r#"{"a":[{"numeric":[">",9007199254740993]}]}"#), Some(PATTERN)),
    ] {
        assert_eq!(
            code(put_rule(&mut state, &place, &name.into(), &rule, &Tags::new())),
            refused,
            "{name}"
        );
    }
    let reserved = Tags::from([("aws:x".into(), "y".into())]);
    assert_eq!(
        code(put_rule(&mut state, &place, &"tagged".into(), &rule(), &reserved)),
        Some(INVALID)
    );
}

#[test]
fn putting_a_rule_again_replaces_its_settings_and_ignores_the_tags() {
    let (mut state, place) = fresh::for_tests();
    let tags = Tags::from([("ctguard:blueprint".into(), "acme".into())]);
    put_rule(&mut state, &place, &"r".into(), &rule(), &tags).expect("created");
    let topic = Targets::from([("t".into(), target(place.arn("sns", "x")))]);
    put_targets(&mut state, &place, &"r".into(), &topic).expect("targets");
    let plain = Rule { description: None, state: RuleState::Disabled, ..rule() };
    let others = Tags::from([("other".into(), "tag".into())]);
    put_rule(&mut state, &place, &"r".into(), &plain, &others).expect("replaced");
    let stored = &state.region(&place).rules["r"];
    assert_eq!((&stored.rule, &stored.tags), (&plain, &tags));
    assert_eq!(stored.targets.len(), 1, "targets stay");
}

#[test]
fn a_bus_holds_only_so_many_rules_and_fewer_in_small_regions() {
    let (mut state, place) = fresh::for_tests();
    let small = Place::new(place.account.clone(), Region::new("eu-south-1").expect("a region"));
    for (place, most) in [(place, RULES_PER_BUS), (small, 100)] {
        for n in 0..most {
            put_rule(&mut state, &place, &format!("r{n}").into(), &rule(), &Tags::new())
                .expect("room");
        }
        let more = put_rule(&mut state, &place, &"more".into(), &rule(), &Tags::new());
        assert_eq!(code(more), Some(LIMIT), "{place}");
        put_rule(&mut state, &place, &"r0".into(), &rule(), &Tags::new())
            .expect("an update needs no room");
    }
}

#[test]
fn a_bus_holds_only_so_many_rules_with_wildcards() {
    let (mut state, place) = fresh::for_tests();
    let wild = pattern(r#"{"detail":{"eventName":[{"anything-but":{"wildcard":"Get*"}}]}}"#);
    // A field that is called so is no operator.
    let field = pattern(r#"{"detail":{"wildcard":["x"]}}"#);
    for n in 0..WILDCARD_RULES_PER_BUS {
        put_rule(&mut state, &place, &format!("w{n}").into(), &wild, &Tags::new()).expect("room");
    }
    assert_eq!(code(put_rule(&mut state, &place, &"w".into(), &wild, &Tags::new())), Some(LIMIT));
    put_rule(&mut state, &place, &"w0".into(), &wild, &Tags::new()).expect("it counts once");
    put_rule(&mut state, &place, &"field".into(), &field, &Tags::new()).expect("no wildcard");
}

#[test]
fn targets_that_could_never_be_reached_are_refused() {
    let (mut state, place) = fresh::for_tests();
    put_rule(&mut state, &place, &"r".into(), &rule(), &Tags::new()).expect("created");
    forwarder(&mut state, &place, "ctguard");
    let here = || target(place.arn("sns", "secops"));
    let retry = |age, attempts| {
        Some(RetryPolicy { maximum_event_age_seconds: age, maximum_retry_attempts: attempts })
    };
    let bus = "arn:aws:events:us-east-1:111122223333:event-bus/hub".to_owned();
    let role = Some("arn:aws:iam::111122223333:role/ctguard".to_owned());
    for (what, target, refused) in [
        ("a topic here", here(), None),
        ("a queue here", target(place.arn("sqs", "q")), None),
        (
            "a bus elsewhere with a role",
            Target { role_arn: role.clone(), ..target(bus.clone()) },
            None,
        ),
        ("a bus without a role", target(bus.clone()), Some(INVALID)),
        (
            "a bus with retries",
            Target { role_arn: role, retry_policy: retry(60, 1), ..target(bus) },
            Some(INVALID),
        ),
        ("no ARN", target("secops".into()), Some(INVALID)),
        ("another region", target("arn:aws:sns:us-east-1:111122223333:t".into()), Some(INVALID)),
        ("another account", target("arn:aws:sns:eu-west-1:999988887777:t".into()), Some(INVALID)),
        (
            "another partition",
            target("arn:aws-cn:sns:eu-west-1:111122223333:t".into()),
            Some(INVALID),
        ),
        ("a FIFO queue", target(place.arn("sqs", "q.fifo")), Some(INVALID)),
        (
            "a foreign dead-letter queue",
            Target {
                dead_letter_arn: Some("arn:aws:sqs:us-east-1:111122223333:d".into()),
                ..here()
            },
            Some(INVALID),
        ),
        ("too old", Target { retry_policy: retry(86_401, 1), ..here() }, Some(INVALID)),
        ("too often", Target { retry_policy: retry(60, 186), ..here() }, Some(INVALID)),
        (
            "other parameters",
            Target { other_parameters: vec!["EcsParameters".into()], ..here() },
            Some(INVALID),
        ),
        (
            "a constant that is no JSON",
            Target { input: Input::Constant("x".into()), ..here() },
            Some(INVALID),
        ),
    ] {
        let targets = Targets::from([("t".into(), target)]);
        assert_eq!(code(put_targets(&mut state, &place, &"r".into(), &targets)), refused, "{what}");
    }
    let targets = Targets::from([("white space".into(), here())]);
    assert_eq!(code(put_targets(&mut state, &place, &"r".into(), &targets)), Some(INVALID));
    assert_eq!(code(put_targets(&mut state, &place, &"r".into(), &Targets::new())), Some(INVALID));
    assert_eq!(code(put_targets(&mut state, &place, &"none".into(), &targets)), Some(MISSING));
}

#[test]
fn a_rule_has_five_targets_at_most_whatever_the_calls() {
    let (mut state, place) = fresh::for_tests();
    put_rule(&mut state, &place, &"r".into(), &rule(), &Tags::new()).expect("created");
    let one = |n: usize| Targets::from([(format!("t{n}"), target(place.arn("sns", "x")))]);
    for n in 0..TARGETS_PER_RULE {
        put_targets(&mut state, &place, &"r".into(), &one(n)).expect("room");
    }
    assert_eq!(code(put_targets(&mut state, &place, &"r".into(), &one(9))), Some(LIMIT));
    put_targets(&mut state, &place, &"r".into(), &one(0)).expect("the same id is no more");
}

#[test]
fn a_rule_goes_after_its_targets_and_what_is_gone_can_go_again() {
    let (mut state, place) = fresh::for_tests();
    put_rule(&mut state, &place, &"r".into(), &rule(), &Tags::new()).expect("created");
    let targets = Targets::from([("t".into(), target(place.arn("sns", "x")))]);
    put_targets(&mut state, &place, &"r".into(), &targets).expect("targets");
    assert_eq!(code(delete_rule(&mut state, &place, &"r".into())), Some(INVALID));
    let ids = BTreeSet::from(["t".to_owned()]);
    for _ in 0..2 {
        remove_targets(&mut state, &place, &"r".into(), &ids).expect("removed");
    }
    for _ in 0..2 {
        delete_rule(&mut state, &place, &"r".into()).expect("deleted");
    }
    assert_eq!(code(tag_rule(&mut state, &place, &"r".into(), &Tags::new())), Some(MISSING));
}

#[test]
fn nobody_touches_a_rule_that_a_service_manages() {
    let (mut state, place) = fresh::for_tests();
    put_rule(&mut state, &place, &"r".into(), &rule(), &Tags::new()).expect("created");
    let stored = state.region_mut(&place).rules.get_mut("r").expect("the rule");
    stored.rule.managed_by = Some("autoscaling.amazonaws.com".to_owned());
    let before = state.clone();
    let targets = Targets::from([("t".into(), target(place.arn("sns", "x")))]);
    let ids = BTreeSet::from(["t".to_owned()]);
    for done in [
        put_rule(&mut state, &place, &"r".into(), &rule(), &Tags::new()),
        put_targets(&mut state, &place, &"r".into(), &targets),
        remove_targets(&mut state, &place, &"r".into(), &ids),
        tag_rule(&mut state, &place, &"r".into(), &Tags::new()),
        delete_rule(&mut state, &place, &"r".into()),
    ] {
        assert_eq!(code(done), Some(MANAGED));
    }
    assert_eq!(state, before);
}

/// Makes a role that EventBridge can take on.
fn forwarder(state: &mut State, place: &Place, name: &str) {
    let trust = json!({ "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
        "Action": "sts:AssumeRole",
        "Condition": { "ArnLike": { "aws:SourceArn": place.arn("events", "rule/r*") } },
    }] });
    roles::create(state, place, name, &trust, &Tags::new()).expect("a role");
}

#[test]
fn rules_of_a_custom_bus_are_named_by_their_key_and_counted_for_themselves() {
    let (mut state, place) = fresh::for_tests();
    let missing = put_rule(&mut state, &place, &"hub/r".into(), &rule(), &Tags::new());
    assert_eq!(code(missing), Some(MISSING));
    buses::create(&mut state, &place, "hub", &Tags::new()).expect("a bus");
    let wild = pattern(r#"{"detail":{"eventName":[{"wildcard":"Get*"}]}}"#);
    for bus in ["", "hub/"] {
        for n in 0..WILDCARD_RULES_PER_BUS {
            let key = format!("{bus}w{n}");
            put_rule(&mut state, &place, &key.as_str().into(), &wild, &Tags::new()).expect("room");
        }
        for n in WILDCARD_RULES_PER_BUS..RULES_PER_BUS {
            let key = format!("{bus}r{n}");
            put_rule(&mut state, &place, &key.as_str().into(), &rule(), &Tags::new())
                .expect("room");
        }
        for (name, rule) in [("w30", &wild), ("more", &rule())] {
            let done =
                put_rule(&mut state, &place, &format!("{bus}{name}").into(), rule, &Tags::new());
            assert_eq!(code(done), Some(LIMIT), "{bus}{name}");
        }
    }
    let targets = Targets::from([("t".into(), target(place.arn("sns", "x")))]);
    put_targets(&mut state, &place, &"hub/r30".into(), &targets).expect("targets");
    assert!(
        state.region(&place).rule(&"hub/r30".into()).is_some_and(|rule| rule.targets == targets)
    );
    assert!(state.region(&place).rule(&"r30".into()).is_some_and(|rule| rule.targets.is_empty()));
    let done = delete_rule(&mut state, &place, &"hub/r30".into());
    assert_eq!(code(done), Some(INVALID));
    let ids = BTreeSet::from(["t".to_owned()]);
    remove_targets(&mut state, &place, &"hub/r30".into(), &ids).expect("removed");
    delete_rule(&mut state, &place, &"hub/r30".into()).expect("deleted");
    assert!(state.region(&place).rule(&"hub/r30".into()).is_none());
    assert!(state.region(&place).rule(&"r30".into()).is_some());
    let tags = Tags::from([("a".into(), "b".into())]);
    tag_rule(&mut state, &place, &"hub/r31".into(), &tags).expect("tagged");
    assert_eq!(code(tag_rule(&mut state, &place, &"hub/r30".into(), &tags)), Some(MISSING));
}

#[test]
fn a_bus_of_another_account_must_admit_the_role_when_the_target_is_put() {
    let (mut state, place) = fresh::for_tests();
    let hub = Place::new(AccountId::new("999988887777").expect("an account"), place.region.clone());
    put_rule(&mut state, &place, &"r".into(), &rule(), &Tags::new()).expect("created");
    let bus = Target {
        role_arn: Some("arn:aws:iam::111122223333:role/forward".to_owned()),
        ..target(buses::arn(&hub, "hub"))
    };
    let put = |state: &mut State, target: &Target| {
        let targets = Targets::from([("hub".into(), target.clone())]);
        code(put_targets(state, &place, &"r".into(), &targets))
    };
    assert_eq!(put(&mut state, &bus), Some(INVALID), "no role");
    forwarder(&mut state, &place, "forward");
    assert_eq!(put(&mut state, &bus), Some("AccessDeniedException"), "no bus");
    state.accounts.entry(hub.account.clone()).or_default();
    buses::create(&mut state, &hub, "hub", &Tags::new()).expect("a bus");
    assert_eq!(put(&mut state, &bus), Some("AccessDeniedException"), "no policy");
    let admitting = |who: &str| {
        json!({ "Statement": [{
            "Effect": "Allow", "Principal": { "AWS": who },
            "Action": "events:PutEvents", "Resource": buses::arn(&hub, "hub"),
        }] })
    };
    buses::put_policy(&mut state, &hub, "hub", &admitting("444455556666")).expect("a policy");
    assert_eq!(put(&mut state, &bus), Some("AccessDeniedException"), "somebody else");
    buses::put_policy(&mut state, &hub, "hub", &admitting("111122223333")).expect("a policy");
    assert_eq!(put(&mut state, &bus), None);
    let shortened = Target { input: Input::Path("$.detail".into()), ..bus.clone() };
    assert_eq!(put(&mut state, &shortened), Some(INVALID), "an input");
    let foreign = Target { role_arn: Some("arn:aws:iam::999988887777:role/forward".into()), ..bus };
    assert_eq!(put(&mut state, &foreign), Some(INVALID), "a role of the hub's account");
}

#[test]
fn a_role_that_eventbridge_cannot_take_on_is_refused() {
    let (mut state, place) = fresh::for_tests();
    let with_role =
        Rule { role_arn: Some("arn:aws:iam::111122223333:role/forward".into()), ..rule() };
    assert_eq!(
        code(put_rule(&mut state, &place, &"r1".into(), &with_role, &Tags::new())),
        Some(INVALID)
    );
    forwarder(&mut state, &place, "forward");
    put_rule(&mut state, &place, &"r1".into(), &with_role, &Tags::new())
        .expect("the role trusts it");
    let other = put_rule(&mut state, &place, &"other".into(), &with_role, &Tags::new());
    assert_eq!(code(other), Some(INVALID), "its trust is for other rules");
}
