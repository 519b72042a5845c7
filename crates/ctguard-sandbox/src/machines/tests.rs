use super::*;
use ctguard_core::scope::{AccountId, Region};
use serde_json::json;

const TEXT: &str = r#"{"QueryLanguage":"JSONata","StartAt":"a","States":{"a":{"Type":"Succeed"}}}"#;
const ROLE: &str = "arn:aws:iam::111122223333:role/mail";

fn here() -> Place {
    Place::new(AccountId::new("111122223333").unwrap(), Region::new("eu-west-1").unwrap())
}

fn machine(definition: &str) -> Machine {
    Machine {
        definition: definition.to_owned(),
        role_arn: ROLE.to_owned(),
        machine_type: Default::default(),
        kms_key: None,
    }
}

/// An account with the role of a machine, which trusts this service.
fn trusting(service: &str) -> State {
    let mut state = State::empty(here().account, [here().region]);
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole",
        "Condition": { "ArnLike": { "aws:SourceArn": "arn:aws:states:*:111122223333:stateMachine:m" } },
    }] });
    roles::create(&mut state, &here(), "mail", &trust, &Tags::new()).unwrap();
    state
}

fn code(done: Done) -> &'static str {
    done.err().map_or("done", |refusal| refusal.code)
}

#[test]
fn a_machine_is_refused_as_aws_refuses_it() {
    let tags = Tags::new();
    let try_it = |name: &str, definition: &str| {
        code(create(&mut trusting(STATES), &here(), name, &machine(definition), &tags))
    };
    assert_eq!(try_it("m", TEXT), "done");
    for name in ["", "a b", "a/b", "a:b", &"x".repeat(81)] {
        assert_eq!(try_it(name, TEXT), "InvalidName", "{name}");
    }
    for definition in [
        "no JSON",
        "{}",
        r#"{"StartAt":"b","States":{"a":{"Type":"Succeed"}}}"#,
        r#"{"StartAt":"a","States":{"a":{"Type":"Pass","Next":"b"}}}"#,
        r#"{"StartAt":"a","States":{"a":{"Type":"Pass"}}}"#,
        r#"{"StartAt":"a","States":{"a":{"Type":"Sleep","End":true}}}"#,
        r#"{"StartAt":"a","States":{"a":{"Type":"Task","End":true,"Catch":[{"Next":"c"}]}}}"#,
    ] {
        assert_eq!(try_it("m", definition), INVALID, "{definition}");
    }
    // The role trusts another machine, or another service.
    assert_eq!(try_it("other", TEXT), "AccessDeniedException");
    let mut state = trusting("events.amazonaws.com");
    let done = create(&mut state, &here(), "m", &machine(TEXT), &tags);
    assert_eq!(code(done), "AccessDeniedException");
}

#[test]
fn creating_twice_is_once_and_leaves_the_tags() {
    let mut state = trusting(STATES);
    let tags = |value: &str| Tags::from([("a".to_owned(), value.to_owned())]);
    create(&mut state, &here(), "m", &machine(TEXT), &tags("1")).unwrap();
    create(&mut state, &here(), "m", &machine(TEXT), &tags("2")).unwrap();
    assert_eq!(state.region(&here()).machines["m"].tags, tags("1"));
    let other = TEXT.replace("\"a\"", "\"b\"");
    let done = create(&mut state, &here(), "m", &machine(&other), &tags("1"));
    assert_eq!(code(done), "StateMachineAlreadyExists");
    update(&mut state, &here(), "m", &machine(&other)).unwrap();
    assert_eq!(state.region(&here()).machines["m"].machine.definition, other);
    assert_eq!(code(update(&mut state, &here(), "n", &machine(&other))), MISSING);
    assert_eq!(code(tag(&mut state, &here(), "n", &tags("1"))), "ResourceNotFound");
}

#[test]
fn a_name_is_free_only_after_the_deletion_has_ended() {
    let mut state = trusting(STATES);
    let tags = Tags::new();
    create(&mut state, &here(), "m", &machine(TEXT), &tags).unwrap();
    delete(&mut state, &here(), "m").unwrap();
    delete(&mut state, &here(), "gone").unwrap();
    let again = create(&mut state, &here(), "m", &machine(TEXT), &tags);
    assert_eq!(code(again), "StateMachineDeleting");
    assert_eq!(code(update(&mut state, &here(), "m", &machine(TEXT))), "StateMachineDeleting");
    end_deletions(&mut state);
    create(&mut state, &here(), "m", &machine(TEXT), &tags).unwrap();
}
