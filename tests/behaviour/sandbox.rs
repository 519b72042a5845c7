use crate::world::World;
use crate::world::blueprints::{PLAIN, keeping_a_trail};

#[test]
fn an_event_reaches_its_subscriber_with_everything_they_need() {
    let world = World::settled(&keeping_a_trail());
    let ran = world.run(&["sandbox", "send", "ec2:CreateRoute", "--region", "eu-west-1"]).expect(0);
    insta::assert_snapshot!(ran.seen());
}

#[test]
fn nobody_hears_of_an_event_without_a_trail() {
    let world = World::bare(PLAIN);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    let ran = world.run(&["sandbox", "send", "ec2:CreateRoute"]).expect(0);
    assert!(ran.out.contains("Nobody hears of it"), "{}", ran.out);
}

#[test]
fn a_pending_subscriber_receives_nothing_until_they_confirm() {
    let world = World::bare(&keeping_a_trail());
    world.run(&["apply", "--yes"]).expect(0);
    let before = world.run(&["sandbox", "send", "iam:CreateUser"]).expect(0);
    assert!(before.out.contains("Nobody hears of it"), "{}", before.out);
    world.run(&["sandbox", "confirm", "secops@acme.example"]).expect(0);
    let after = world.run(&["sandbox", "send", "iam:CreateUser"]).expect(0);
    assert!(after.out.contains("email:secops@acme.example reads:"), "{}", after.out);
}

#[test]
fn mistakes_are_answered_with_what_there_is() {
    let world = World::with_trail(PLAIN);
    let event = world.run(&["sandbox", "send", "ec2:CreateRout"]).expect(64);
    assert!(event.err.contains("CreateRoute"), "{}", event.err);
    let ambiguous = world.run(&["sandbox", "send", "CreateRoute"]).expect(64);
    assert!(
        ambiguous.err.contains("ec2:CreateRoute")
            && ambiguous.err.contains("apigateway:CreateRoute"),
        "{}",
        ambiguous.err
    );
    let fault = world.run(&["sandbox", "break", "nonsense"]).expect(64);
    assert!(fault.err.contains("--help"), "{}", fault.err);
    let nothing = world.run(&["sandbox", "break", "disable-rule"]).expect(1);
    assert!(nothing.err.contains("rule"), "{}", nothing.err);
    let exists = world.run(&["sandbox", "new"]).expect(5);
    assert!(exists.err.contains("--force"), "{}", exists.err);
}

#[test]
fn a_file_that_is_no_sandbox_is_refused_and_left_alone() {
    let world = World::empty();
    world.write("ctguard.yaml", PLAIN);
    for text in ["", "{", "[]", "{\"format_version\": 99}"] {
        world.write("account.json", text);
        let ran = world.run(&["plan"]).expect(1);
        assert!(ran.err.contains("account.json"), "{}", ran.err);
        assert_eq!(world.read("account.json"), text);
    }
}
