use crate::world::World;
use crate::world::blueprints::{PLAIN, keeping_a_trail};
use ctguard_core::resource::topic::{Endpoint, Protocol};
use ctguard_core::scope::{AccountId, Place, Region};
use ctguard_sandbox::state::{State, StoredSubscription, StoredTopic};

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
    assert!(ran.out.contains("Nobody is notified"), "{}", ran.out);
}

#[test]
fn a_pending_subscriber_receives_nothing_until_they_confirm() {
    let world = World::bare(&keeping_a_trail());
    world.run(&["apply", "--yes"]).expect(0);
    let before = world.run(&["sandbox", "send", "iam:CreateUser"]).expect(0);
    assert!(before.out.contains("Nobody is notified"), "{}", before.out);
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
fn several_accounts_share_a_file_and_options_choose_among_them() {
    let (first, second) = ("111122223333", "444455556666");
    let world = World::empty();
    let both = ["--account", first, "--account", second];
    let ran = world.run(&[&["sandbox", "new", "--organization"][..], &both].concat()).expect(0);
    let said = "Accounts 111122223333, 444455556666 with a trail each that is logging, in organization o-sandbox0000 of 111122223333";
    assert!(ran.out.starts_with(said), "{}", ran.out);
    let state = world.state();
    assert_eq!(state.caller.account.as_str(), first);
    let organization = state.organization.as_ref().unwrap();
    assert_eq!((organization.management.as_str(), organization.members.len()), (first, 2));

    // A topic in each account waits for the same address; one account hears of what happens in it.
    world.change(|state| {
        for account in [first, second] {
            waiting(state, account);
        }
    });
    let ran = world.run(&["sandbox", "confirm", "--account", second]).expect(0);
    assert!(ran.out.starts_with("1 subscription confirmed"), "{}", ran.out);
    assert!(ran.out.contains(&format!(":{second}:")), "{}", ran.out);
    let ran = world.run(&["sandbox", "send", "iam:CreateUser"]).expect(0);
    assert!(ran.out.starts_with("iam:CreateUser in 111122223333/us-east-1"), "{}", ran.out);
    let send = ["sandbox", "send", "ec2:CreateRoute", "--account", second, "--region", "eu-west-1"];
    let ran = world.run(&send).expect(0);
    assert!(ran.out.starts_with("ec2:CreateRoute in 444455556666/eu-west-1"), "{}", ran.out);
    let broken = world.run(&["sandbox", "break", "stop-trail", "--account", second]).expect(0);
    assert!(broken.out.contains("444455556666/us-east-1"), "{}", broken.out);
    let lapsed = world.run(&["sandbox", "lapse"]).expect(0);
    assert!(lapsed.out.contains(&format!(":{first}:")), "{}", lapsed.out);
    let strange = world.run(&["sandbox", "confirm", "--account", "999988887777"]).expect(64);
    assert!(strange.err.contains(second), "{}", strange.err);
}

/// Subscribes an address that has not confirmed.
fn waiting(state: &mut State, account: &str) {
    let region = Region::new("us-east-1").unwrap();
    let at = Place::new(AccountId::new(account).unwrap(), region);
    let pending =
        StoredSubscription::Pending { since: state.clock, attributes: Default::default() };
    let mut topic = StoredTopic::default();
    topic.subscriptions.insert(Endpoint::new(Protocol::Email, "a@acme.example"), pending);
    state.region_mut(&at).topics.insert("secops".to_owned(), topic);
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
