use super::super::fresh;
use super::*;
use crate::resource::rule::{Input, RetryPolicy, RuleState};
use crate::scope::Region;

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
    ] {
        assert_eq!(
            code(put_rule(&mut state, &place, name, &rule, &Tags::new())),
            refused,
            "{name}"
        );
    }
    let reserved = Tags::from([("aws:x".into(), "y".into())]);
    assert_eq!(code(put_rule(&mut state, &place, "tagged", &rule(), &reserved)), Some(INVALID));
}

#[test]
fn putting_a_rule_again_replaces_its_settings_and_ignores_the_tags() {
    let (mut state, place) = fresh::for_tests();
    let tags = Tags::from([("ctguard:blueprint".into(), "acme".into())]);
    put_rule(&mut state, &place, "r", &rule(), &tags).expect("created");
    let topic = Targets::from([("t".into(), target(place.arn("sns", "x")))]);
    put_targets(&mut state, &place, "r", &topic).expect("targets");
    let plain = Rule { description: None, state: RuleState::Disabled, ..rule() };
    let others = Tags::from([("other".into(), "tag".into())]);
    put_rule(&mut state, &place, "r", &plain, &others).expect("replaced");
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
            put_rule(&mut state, &place, &format!("r{n}"), &rule(), &Tags::new()).expect("room");
        }
        let more = put_rule(&mut state, &place, "more", &rule(), &Tags::new());
        assert_eq!(code(more), Some(LIMIT), "{place}");
        put_rule(&mut state, &place, "r0", &rule(), &Tags::new()).expect("an update needs no room");
    }
}

#[test]
fn a_bus_holds_only_so_many_rules_with_wildcards() {
    let (mut state, place) = fresh::for_tests();
    let wild = pattern(r#"{"detail":{"eventName":[{"anything-but":{"wildcard":"Get*"}}]}}"#);
    // A field that is called so is no operator.
    let field = pattern(r#"{"detail":{"wildcard":["x"]}}"#);
    for n in 0..WILDCARD_RULES_PER_BUS {
        put_rule(&mut state, &place, &format!("w{n}"), &wild, &Tags::new()).expect("room");
    }
    assert_eq!(code(put_rule(&mut state, &place, "w", &wild, &Tags::new())), Some(LIMIT));
    put_rule(&mut state, &place, "w0", &wild, &Tags::new()).expect("it counts once");
    put_rule(&mut state, &place, "field", &field, &Tags::new()).expect("no wildcard");
}

#[test]
fn targets_that_could_never_be_reached_are_refused() {
    let (mut state, place) = fresh::for_tests();
    put_rule(&mut state, &place, "r", &rule(), &Tags::new()).expect("created");
    let here = || target(place.arn("sns", "secops"));
    let retry = |age, attempts| {
        Some(RetryPolicy { maximum_event_age_seconds: age, maximum_retry_attempts: attempts })
    };
    let bus = "arn:aws:events:us-east-1:999988887777:event-bus/hub".to_owned();
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
        assert_eq!(code(put_targets(&mut state, &place, "r", &targets)), refused, "{what}");
    }
    let targets = Targets::from([("white space".into(), here())]);
    assert_eq!(code(put_targets(&mut state, &place, "r", &targets)), Some(INVALID));
    assert_eq!(code(put_targets(&mut state, &place, "r", &Targets::new())), Some(INVALID));
    assert_eq!(code(put_targets(&mut state, &place, "none", &targets)), Some(MISSING));
}

#[test]
fn a_rule_has_five_targets_at_most_whatever_the_calls() {
    let (mut state, place) = fresh::for_tests();
    put_rule(&mut state, &place, "r", &rule(), &Tags::new()).expect("created");
    let one = |n: usize| Targets::from([(format!("t{n}"), target(place.arn("sns", "x")))]);
    for n in 0..TARGETS_PER_RULE {
        put_targets(&mut state, &place, "r", &one(n)).expect("room");
    }
    assert_eq!(code(put_targets(&mut state, &place, "r", &one(9))), Some(LIMIT));
    put_targets(&mut state, &place, "r", &one(0)).expect("the same id is no more");
}

#[test]
fn a_rule_goes_after_its_targets_and_what_is_gone_can_go_again() {
    let (mut state, place) = fresh::for_tests();
    put_rule(&mut state, &place, "r", &rule(), &Tags::new()).expect("created");
    let targets = Targets::from([("t".into(), target(place.arn("sns", "x")))]);
    put_targets(&mut state, &place, "r", &targets).expect("targets");
    assert_eq!(code(delete_rule(&mut state, &place, "r")), Some(INVALID));
    let ids = BTreeSet::from(["t".to_owned()]);
    for _ in 0..2 {
        remove_targets(&mut state, &place, "r", &ids).expect("removed");
    }
    for _ in 0..2 {
        delete_rule(&mut state, &place, "r").expect("deleted");
    }
    assert_eq!(code(tag_rule(&mut state, &place, "r", &Tags::new())), Some(MISSING));
}

#[test]
fn nobody_touches_a_rule_that_a_service_manages() {
    let (mut state, place) = fresh::for_tests();
    put_rule(&mut state, &place, "r", &rule(), &Tags::new()).expect("created");
    let stored = state.region_mut(&place).rules.get_mut("r").expect("the rule");
    stored.rule.managed_by = Some("autoscaling.amazonaws.com".to_owned());
    let before = state.clone();
    let targets = Targets::from([("t".into(), target(place.arn("sns", "x")))]);
    let ids = BTreeSet::from(["t".to_owned()]);
    for done in [
        put_rule(&mut state, &place, "r", &rule(), &Tags::new()),
        put_targets(&mut state, &place, "r", &targets),
        remove_targets(&mut state, &place, "r", &ids),
        tag_rule(&mut state, &place, "r", &Tags::new()),
        delete_rule(&mut state, &place, "r"),
    ] {
        assert_eq!(code(done), Some(MANAGED));
    }
    assert_eq!(state, before);
}
