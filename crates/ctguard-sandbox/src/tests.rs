use super::*;
use ctguard_core::resource::Tags;
use ctguard_core::resource::queue::Queue;
use futures::FutureExt;
use std::fs;

/// The sandbox never waits, so its futures are ready at once.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("the sandbox does not wait")
}

fn create_topic(name: &str) -> Action {
    Action::CreateTopic { name: name.to_owned(), tags: Tags::new() }
}

fn perform(sandbox: &Sandbox, place: &Place, action: &Action) -> Result<(), CloudError> {
    block_on(sandbox.perform(place, action))
}

#[test]
fn a_file_holds_what_was_done_and_reads_back_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("account.json");
    let (state, place) = fresh::for_tests();
    let sandbox = Sandbox::create(&path, state).expect("created");
    perform(&sandbox, &place, &create_topic("secops")).expect("performed");
    let again = Sandbox::open(&path).expect("opened");
    assert_eq!(again.state(), sandbox.state());
    assert!(again.state().region(&place).topics.contains_key("secops"));
    let text = fs::read_to_string(&path).expect("text");
    assert!(text.ends_with("}\n") && text.starts_with("{\n  \"format_version\": 1,\n  \"caller\""));
    assert!(text.contains("\"clock\": \"2026-11-22T12:00:00Z\""));
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing left behind");
    let exists = Sandbox::create(&path, sandbox.state());
    assert!(matches!(exists, Err(SandboxError::Exists { .. })));
    Sandbox::replace(&path, fresh::for_tests().0).expect("replaced");
    assert!(Sandbox::open(&path).expect("opened").state().region(&place).topics.is_empty());
}

#[test]
fn a_refused_action_leaves_the_file_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("account.json");
    let (state, place) = fresh::for_tests();
    let sandbox = Sandbox::create(&path, state).expect("created");
    let before = fs::read_to_string(&path).expect("text");
    let error = perform(&sandbox, &place, &create_topic("no topic")).expect_err("refused");
    assert_eq!(
        (error.operation.as_str(), error.code.as_str()),
        ("sns:CreateTopic", "InvalidParameter")
    );
    assert_eq!(fs::read_to_string(&path).expect("text"), before);
}

#[test]
fn a_file_that_is_no_sandbox_is_told_apart_from_one_of_another_version() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("account.json");
    let (state, place) = fresh::for_tests();
    let good = serde_json::to_value(&state).expect("JSON");
    let with = |pointer: &str, key: &str, value: serde_json::Value| {
        let mut changed = good.clone();
        changed.pointer_mut(pointer).expect(pointer)[key] = value;
        changed.to_string()
    };
    let account = format!("/accounts/{}", place.account);
    let regions = |value| with(&account, "regions", value);
    let topic = |subscription| serde_json::json!({ "eu-west-1": { "topics": { "t": { "topic": {}, "subscriptions": { "email:a@acme.example": subscription } } } } });
    for (what, text, said) in [
        ("not JSON", "{".to_owned(), "EOF"),
        ("a list", "[]".to_owned(), "format_version"),
        ("another version", with("", "format_version", 2.into()), "version 2"),
        ("an unknown key", with("", "colour", 1.into()), "colour"),
        ("no time", with("", "clock", "yesterday".into()), "clock"),
        ("a short account id", with("/caller", "account", "123".into()), "caller.account"),
        ("a strange caller", with("/caller", "account", "999988887777".into()), "caller"),
        ("no region", regions(serde_json::json!({ "mars": {} })), "mars"),
        ("a region that is off", regions(serde_json::json!({ "eu-south-2": {} })), "eu-south-2"),
        (
            "a rule that is text",
            regions(serde_json::json!({ "eu-west-1": { "rules": { "r": "x" } } })),
            "rules.r",
        ),
        (
            "a bad name",
            regions(serde_json::json!({ "eu-west-1": { "topics": { "a b": { "topic": {} } } } })),
            "a b",
        ),
        (
            "no endpoint",
            regions(
                serde_json::json!({ "eu-west-1": { "topics": { "t": { "topic": {}, "subscriptions": { "x": {} } } } } }),
            ),
            "protocol:endpoint",
        ),
        (
            "a foreign subscription",
            regions(topic(
                serde_json::json!({ "confirmed": { "arn": "arn:x", "attributes": {} } }),
            )),
            "arn:x",
        ),
    ] {
        fs::write(&path, text).expect("written");
        let error = Sandbox::open(&path).expect_err(what).to_string();
        assert!(error.contains(said), "{what}: {error}");
    }
    fs::remove_file(&path).expect("removed");
    assert!(matches!(Sandbox::open(&path), Err(SandboxError::Read { .. })));
    fs::write(&path, good.to_string()).expect("written");
    Sandbox::open(&path).expect("the good one");
}

#[test]
fn every_call_is_on_record_and_reading_makes_no_mutating_one() {
    let (state, place) = fresh::for_tests();
    let sandbox = Sandbox::in_memory(state);
    let reads = ReadSet { rule_prefix: "ctguard-".into(), trails: true, ..ReadSet::default() };
    block_on(sandbox.caller()).expect("a caller");
    block_on(sandbox.observe(&place, &reads));
    block_on(sandbox.observe_account(&place.account, &AccountReads::default()));
    assert!(sandbox.calls().iter().all(|call| !call.mutating));
    sandbox.forget_calls();
    perform(&sandbox, &place, &create_topic("t")).expect("performed");
    perform(&sandbox, &place, &create_topic("no topic")).expect_err("refused");
    let calls: Vec<_> = sandbox
        .calls()
        .into_iter()
        .map(|call| (call.operation, call.mutating, call.succeeded))
        .collect();
    let made = |succeeded| ("sns:CreateTopic".to_owned(), true, succeeded);
    assert_eq!(calls, [made(true), made(false)]);
}

#[test]
fn one_action_can_fail_and_the_next_goes_on() {
    let (state, place) = fresh::for_tests();
    let sandbox = Sandbox::in_memory(state);
    let throttled = CloudError {
        operation: "sns:CreateTopic".into(),
        code: "Throttling".into(),
        message: "slow down".into(),
        request_id: None,
        kind: CloudErrorKind::Transient,
        cause: ctguard_core::cause::Cause::Unstated,
    };
    sandbox.fail_after(2, throttled.clone());
    let outcomes: Vec<_> =
        ["a", "b", "c"].map(|name| perform(&sandbox, &place, &create_topic(name))).into();
    assert_eq!(outcomes, [Ok(()), Err(throttled), Ok(())]);
    let topics: Vec<_> = sandbox.state().region(&place).topics.keys().cloned().collect();
    assert_eq!(topics, ["a", "c"]);
}

#[test]
fn a_stopped_sandbox_applies_nothing_more_until_it_goes_on() {
    let (state, place) = fresh::for_tests();
    let sandbox = Sandbox::in_memory(state);
    sandbox.stop_after(1);
    for (name, done) in [("a", true), ("b", false), ("c", false)] {
        assert_eq!(perform(&sandbox, &place, &create_topic(name)).is_ok(), done, "{name}");
    }
    assert_eq!(sandbox.state().region(&place).topics.len(), 1);
    sandbox.go_on();
    perform(&sandbox, &place, &create_topic("b")).expect("performed");
}

#[test]
fn who_may_not_call_is_told_so_and_tagging_is_a_permission_of_its_own() {
    let (mut state, place) = fresh::for_tests();
    let denied = |operation: &str| state::Denied {
        operation: operation.to_owned(),
        account: None,
        region: None,
    };
    state.denied = vec![denied("sns:TagResource"), denied("sqs:*")];
    let sandbox = Sandbox::in_memory(state);
    let tags = Tags::from([("a".into(), "b".into())]);
    let queue = Queue { message_retention_seconds: 60, ..Queue::default() };
    for (action, code) in [
        (Action::CreateTopic { name: "t".into(), tags: tags.clone() }, Some("AuthorizationError")),
        (create_topic("t"), None),
        (Action::CreateQueue { name: "q".into(), queue, tags }, Some("AccessDenied")),
    ] {
        let error = perform(&sandbox, &place, &action).err();
        assert_eq!(error.as_ref().map(|error| error.code.as_str()), code);
        assert!(error.is_none_or(|error| error.kind == CloudErrorKind::AccessDenied));
    }
    let off = Place::new(place.account.clone(), Region::new("eu-south-2").expect("a region"));
    let error = perform(&sandbox, &off, &create_topic("t")).expect_err("not enabled");
    assert_eq!(error.code, "UnrecognizedClientException");
}

#[test]
fn an_account_whose_role_cannot_be_assumed_is_shut_whatever_is_asked() {
    let (mut state, own) = fresh::for_tests();
    let other = Place::new(AccountId::new("222233334444").expect("an account"), own.region.clone());
    state.accounts.insert(other.account.clone(), state.accounts[&own.account].clone());
    state.denied = vec![state::Denied {
        operation: "sts:AssumeRole".into(),
        account: Some(other.account.clone()),
        region: None,
    }];
    let sandbox = Sandbox::in_memory(state);
    perform(&sandbox, &own, &create_topic("t")).expect("one's own account needs no role");
    let error = perform(&sandbox, &other, &create_topic("t")).expect_err("shut");
    assert_eq!((error.operation.as_str(), error.code.as_str()), ("sts:AssumeRole", "AccessDenied"));
    assert_eq!(error.kind, CloudErrorKind::AccessDenied);
    assert!(error.message.contains("role in account 222233334444"), "{error}");
    let reads = ReadSet { trails: true, ..ReadSet::default() };
    let seen = block_on(sandbox.observe(&other, &reads));
    let why = seen.trails.unreadable().expect("unreadable");
    assert_eq!(why.operation, "sts:AssumeRole");
}

#[test]
fn handing_on_a_role_and_tagging_what_is_made_are_permissions_of_their_own() {
    let (mut state, place) = fresh::for_tests();
    let denied = |operation: &str| state::Denied {
        operation: operation.to_owned(),
        account: None,
        region: None,
    };
    state.denied = ["iam:PassRole", "iam:TagRole", "events:TagResource"].map(denied).into();
    let sandbox = Sandbox::in_memory(state);
    let trust = serde_json::json!({ "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
        "Action": "sts:AssumeRole",
    }] });
    let tags = Tags::from([("a".into(), "b".into())]);
    let bus = |tags: &Tags| Action::CreateEventBus { name: "hub".into(), tags: tags.clone() };
    let role = |tags: &Tags| Action::CreateRole {
        name: "forward".into(),
        trust: trust.clone(),
        tags: tags.clone(),
    };
    for (action, code) in [
        (bus(&tags), Some("AccessDeniedException")),
        (bus(&Tags::new()), None),
        (role(&tags), Some("AccessDenied")),
        (role(&Tags::new()), None),
    ] {
        let error = perform(&sandbox, &place, &action).err();
        assert_eq!(error.map(|error| error.code).as_deref(), code, "{action:?}");
    }
    let rule = ctguard_core::resource::rule::Rule {
        state: ctguard_core::resource::rule::RuleState::Enabled,
        event_pattern: Some(r#"{"source":["aws.ec2"]}"#.into()),
        schedule_expression: None,
        description: None,
        role_arn: None,
        managed_by: None,
    };
    let put = Action::PutRule { name: "r".into(), rule, tags: Tags::new() };
    perform(&sandbox, &place, &put).expect("a rule");
    let target = |role: Option<&str>| ctguard_core::resource::rule::Target {
        arn: place.arn("events", "event-bus/hub"),
        role_arn: role.map(str::to_owned),
        input: Default::default(),
        dead_letter_arn: None,
        retry_policy: None,
        other_parameters: Vec::new(),
    };
    let arn = "arn:aws:iam::111122223333:role/forward";
    let targets = [("hub".to_owned(), target(Some(arn)))].into();
    let put = Action::PutTargets { rule: "r".into(), targets };
    let error = perform(&sandbox, &place, &put).expect_err("denied");
    assert!(error.code == "AccessDenied" && error.message.contains("iam:PassRole"), "{error}");
}
