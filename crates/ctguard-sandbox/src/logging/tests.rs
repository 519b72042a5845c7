use super::*;
use crate::fresh;
use crate::state::StoredRule;
use crate::{Sandbox, State};
use ctguard_core::cloud::Cloud;
use ctguard_core::resource::Tags;
use ctguard_core::resource::queue::Queue;
use ctguard_core::resource::rule::{Rule, RuleState};
use ctguard_core::resource::topic::{Endpoint, Protocol, SubscriptionAttributes};
use ctguard_core::scope::{AccountId, Region};
use futures::FutureExt;
use serde_json::{Value, json};

fn listening(name: &str) -> (State, Place) {
    let account = AccountId::new(fresh::DEFAULT_ACCOUNT).unwrap();
    let place = Place::new(account.clone(), Region::new("us-east-1").unwrap());
    let regions = [place.region.clone()];
    let mut state = fresh::new_accounts(fresh::AccountKind::WithTrail, &account, &[], &regions);
    let pattern = json!({ "source": ["aws.sns"], "detail": { "eventName": [name] } });
    let rule = Rule {
        state: RuleState::Enabled,
        event_pattern: Some(pattern.to_string()),
        schedule_expression: None,
        description: None,
        role_arn: None,
        managed_by: None,
    };
    let stored = StoredRule { rule, targets: Default::default(), tags: Tags::new() };
    state.region_mut(&place).rules.insert("heard".to_owned(), stored);
    (state, place)
}

fn perform(sandbox: &Sandbox, place: &Place, action: &Action) -> bool {
    sandbox.perform(place, action).now_or_never().expect("at once").is_ok()
}

fn topic(name: &str) -> Action {
    Action::CreateTopic { name: name.to_owned(), tags: Tags::new() }
}

#[test]
fn a_call_is_written_down_and_heard_only_where_that_is_asked_for() {
    let (state, place) = listening("CreateTopic");
    let silent = Sandbox::in_memory(state.clone());
    assert!(perform(&silent, &place, &topic("a")));
    assert!(silent.state().region(&place).history.is_empty());

    let sandbox = Sandbox::in_memory(state).with_events();
    assert!(perform(&sandbox, &place, &topic("a")));
    assert!(perform(&sandbox, &place, &topic("a")));
    let state = sandbox.state();
    let history = &state.region(&place).history;
    assert_eq!(history.len(), 2);
    assert_eq!(history[0]["requestParameters"]["name"], "a");
    assert_eq!(history[0]["userIdentity"]["arn"], json!(state.caller.arn));
    assert_ne!(history[0]["eventID"], history[1]["eventID"]);
    assert_eq!(state.region(&place).metrics["heard"].triggered, 2);
}

#[test]
fn a_refused_call_is_written_down_with_its_error() {
    let (state, place) = listening("CreateTopic");
    let sandbox = Sandbox::in_memory(state).with_events();
    assert!(!perform(&sandbox, &place, &topic("not a name")));
    let history = sandbox.state().region(&place).history.clone();
    assert_eq!(history[0]["errorCode"], "InvalidParameter");
    // A program that was killed made no call.
    sandbox.stop_after(0);
    assert!(!perform(&sandbox, &place, &topic("b")));
    assert_eq!(sandbox.state().region(&place).history.len(), 1);
}

#[test]
fn the_event_of_a_global_service_is_in_its_own_region() {
    let (state, place) = fresh::for_tests();
    let elsewhere = Place::new(place.account.clone(), Region::new("eu-west-1").unwrap());
    let sandbox = Sandbox::in_memory(state).with_events();
    let role = Action::DeleteRole { name: "r".to_owned() };
    assert!(perform(&sandbox, &elsewhere, &role));
    let state = sandbox.state();
    assert!(state.region(&elsewhere).history.is_empty());
    let global = Place::new(place.account, Region::new("us-east-1").unwrap());
    assert_eq!(state.region(&global).history[0]["eventName"], "DeleteRole");
}

#[test]
fn a_message_waits_in_its_queue_and_is_received_once() {
    let (state, place) = fresh::for_tests();
    let sandbox = Sandbox::in_memory(state).with_events();
    let arn = place.arn("sqs", "q");
    let allowed = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" },
        "Action": "sqs:SendMessage", "Resource": arn,
    }] });
    let queue = Queue { message_retention_seconds: 60, policy: Some(allowed), ..Queue::default() };
    let subscribe = Action::Subscribe {
        topic: "t".to_owned(),
        endpoint: Endpoint::new(Protocol::Sqs, &arn),
        attributes: SubscriptionAttributes::default(),
    };
    let create = Action::CreateQueue { name: "q".to_owned(), queue, tags: Tags::new() };
    for action in [topic("t"), create, subscribe] {
        assert!(perform(&sandbox, &place, &action), "{action:?}");
    }
    let received = crate::deliver::Delivery {
        received: vec![crate::state::Received {
            topic: place.arn("sns", "t"),
            endpoint: Endpoint::new(Protocol::Sqs, &arn),
            text: "hello".to_owned(),
            subject: None,
        }],
        ..crate::deliver::follow(&sandbox.state(), &Value::Null)
    };
    let kept = sandbox.change(|state| {
        crate::people::keep(state, &received);
        Ok(())
    });
    kept.expect("kept");
    let receive = || sandbox.receive(&place, "q").now_or_never().expect("at once");
    let messages = receive().expect("received");
    let body: Value = serde_json::from_str(&messages[0].body).expect("an envelope");
    assert_eq!(
        (&body["Message"], &body["TopicArn"]),
        (&json!("hello"), &json!(place.arn("sns", "t")))
    );
    assert_eq!(receive(), Ok(Vec::new()));
    let gone = sandbox.receive(&place, "none").now_or_never().expect("at once");
    assert!(gone.is_err_and(|error| error.code.contains("NonExistentQueue")));
}
