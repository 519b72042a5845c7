use super::super::events::put_rule;
use super::super::fresh;
use super::*;
use ctguard_core::resource::rule::{Rule, RuleState};
use serde_json::json;

fn code(done: Done) -> Option<&'static str> {
    done.err().map(|refusal| refusal.code)
}

fn made() -> (State, Place) {
    let (mut state, place) = fresh::for_tests();
    create(&mut state, &place, "hub", &Tags::new()).expect("created");
    (state, place)
}

#[test]
fn a_bus_has_a_name_of_its_own_and_is_made_twice_only_the_same() {
    let (mut state, place) = made();
    let long = "n".repeat(257);
    for bad in ["", "default", "aws.partner", "a/b", "white space", &long] {
        assert_eq!(code(create(&mut state, &place, bad, &Tags::new())), Some(INVALID), "{bad}");
    }
    create(&mut state, &place, "hub", &Tags::new()).expect("the same again");
    let tags = Tags::from([("a".into(), "b".into())]);
    let other = create(&mut state, &place, "hub", &tags);
    assert_eq!(code(other), Some("ResourceAlreadyExistsException"));
    tag(&mut state, &place, "hub", &tags).expect("tagged");
    create(&mut state, &place, "hub", &tags).expect("the same again");
    assert_eq!(code(tag(&mut state, &place, "none", &tags)), Some(MISSING));
    for n in 1..BUSES_MAX {
        create(&mut state, &place, &format!("b{n}"), &Tags::new()).expect("room");
    }
    let more = create(&mut state, &place, "more", &Tags::new());
    assert_eq!(code(more), Some("LimitExceededException"));
}

#[test]
fn a_policy_that_is_not_about_the_bus_or_lets_everybody_in_is_refused() {
    let (mut state, place) = made();
    let bus = arn(&place, "hub");
    let rules = place.arn("events", "rule/hub/*");
    let one = |changes: Value| {
        let mut statement = json!({
            "Sid": "s", "Effect": "Allow", "Principal": { "AWS": "111122223333" },
            "Action": "events:PutEvents", "Resource": bus,
        });
        for (key, value) in changes.as_object().expect("an object") {
            statement[key] = value.clone();
        }
        json!({ "Version": "2012-10-17", "Statement": [statement] })
    };
    let condition = json!({ "StringEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } });
    let role = "arn:aws:iam::444455556666:role/ctguard-acme";
    for good in [
        one(json!({})),
        one(json!({ "Principal": { "AWS": ["arn:aws:iam::111122223333:root", role] } })),
        one(json!({ "Principal": "*", "Condition": condition })),
        one(json!({ "Principal": "*", "Effect": "Deny" })),
        one(json!({ "Action": "events:PutRule", "Resource": rules })),
    ] {
        put_policy(&mut state, &place, "hub", &good).unwrap_or_else(|why| panic!("{why:?}"));
        assert_eq!(state.region(&place).buses["hub"].policy, Some(good));
    }
    let before = state.clone();
    for bad in [
        json!({ "Statement": [] }),
        one(json!({ "Principal": "*" })),
        one(json!({ "Principal": { "AWS": "*" } })),
        one(json!({ "Principal": { "Service": "events.amazonaws.com" } })),
        one(json!({ "Action": "sns:Publish" })),
        one(json!({ "Resource": "*" })),
        one(json!({ "Resource": arn(&place, "other") })),
        one(json!({ "Resource": place.arn("events", "rule/hub-2/*") })),
    ] {
        assert_eq!(code(put_policy(&mut state, &place, "hub", &bad)), Some(INVALID), "{bad}");
    }
    let long = one(json!({ "Sid": "s".repeat(BUS_POLICY_MAX_CHARS) }));
    let refused = put_policy(&mut state, &place, "hub", &long);
    assert_eq!(code(refused), Some("PolicyLengthExceededException"));
    assert_eq!(code(put_policy(&mut state, &place, "none", &one(json!({})))), Some(MISSING));
    assert_eq!(state, before);
}

#[test]
fn a_bus_goes_after_its_rules_and_the_default_bus_never() {
    let (mut state, place) = made();
    let rule = Rule {
        state: RuleState::Enabled,
        event_pattern: Some(r#"{"source":["aws.ec2"]}"#.into()),
        schedule_expression: None,
        description: None,
        role_arn: None,
        managed_by: None,
    };
    put_rule(&mut state, &place, &"hub/r".into(), &rule, &Tags::new()).expect("a rule");
    assert_eq!(code(delete(&mut state, &place, "hub")), Some(INVALID));
    super::super::events::delete_rule(&mut state, &place, &"hub/r".into()).expect("deleted");
    for _ in 0..2 {
        delete(&mut state, &place, "hub").expect("deleted");
    }
    assert!(state.region(&place).buses.is_empty());
    assert_eq!(code(delete(&mut state, &place, "default")), Some(INVALID));
}
