use super::super::fresh;
use super::*;
use serde_json::json;

fn code(done: Done) -> Option<&'static str> {
    done.err().map(|refusal| refusal.code)
}

fn trust(condition: Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
        "Action": "sts:AssumeRole", "Condition": condition,
    }] })
}

fn put_events(sid: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": sid, "Effect": "Allow", "Action": "events:PutEvents",
        "Resource": "arn:aws:events:eu-west-1:111122223333:event-bus/hub",
    }] })
}

fn made() -> (State, Place) {
    let (mut state, place) = fresh::for_tests();
    create(&mut state, &place, "forward", &trust(json!({})), &Tags::new()).expect("created");
    (state, place)
}

#[test]
fn a_role_has_a_name_and_a_trust_and_is_made_twice_only_the_same() {
    let (mut state, place) = made();
    let (good, tags) = (trust(json!({})), Tags::new());
    let long = "n".repeat(65);
    for bad in ["", "a/b", "white space", &long] {
        assert_eq!(code(create(&mut state, &place, bad, &good, &tags)), Some(INVALID), "{bad}");
    }
    create(&mut state, &place, "forward", &good, &tags).expect("the same again");
    let other = trust(json!({ "StringEquals": { "aws:SourceAccount": "111122223333" } }));
    for (name, trust) in [("forward", &other), ("Forward", &good)] {
        let done = create(&mut state, &place, name, trust, &tags);
        assert_eq!(code(done), Some("EntityAlreadyExists"), "{name}");
    }
    let mut reaching = good.clone();
    reaching["Statement"][0]["Resource"] = json!("*");
    let mut acting = good.clone();
    acting["Statement"][0]["Action"] = json!("events:PutEvents");
    let mut nobody = good.clone();
    nobody["Statement"][0]["Principal"] = json!({});
    for bad in [reaching, acting, nobody, json!({ "Statement": [] })] {
        let done = create(&mut state, &place, "new", &bad, &tags);
        assert_eq!(code(done), Some(MALFORMED), "{bad}");
        assert_eq!(code(update_trust(&mut state, &place, "forward", &bad)), Some(MALFORMED));
    }
    let long = trust(json!({ "StringEquals": { "aws:SourceAccount": "1".repeat(2_048) } }));
    assert_eq!(code(update_trust(&mut state, &place, "forward", &long)), Some(LIMIT));
    update_trust(&mut state, &place, "forward", &other).expect("updated");
    assert_eq!(state.role(&place.account, "forward").map(|role| &role.trust), Some(&other));
    assert_eq!(code(update_trust(&mut state, &place, "none", &other)), Some(MISSING));
    assert_eq!(code(tag(&mut state, &place, "none", &tags)), Some(MISSING));
}

#[test]
fn inline_policies_name_nobody_and_have_little_room() {
    let (mut state, place) = made();
    let mut somebody = put_events("s");
    somebody["Statement"][0]["Principal"] = json!("*");
    let mut nowhere = put_events("s");
    nowhere["Statement"][0]["Resource"] = json!("hub");
    let mut vendorless = put_events("s");
    vendorless["Statement"][0]["Action"] = json!("PutEvents");
    for bad in [somebody, nowhere, vendorless, json!({})] {
        let done = put_policy(&mut state, &place, "forward", "p", &bad);
        assert_eq!(code(done), Some(MALFORMED), "{bad}");
    }
    let half = put_events(&"s".repeat(6_000));
    for name in ["p", "p"] {
        put_policy(&mut state, &place, "forward", name, &half).expect("room");
    }
    assert_eq!(code(put_policy(&mut state, &place, "forward", "q", &half)), Some(LIMIT));
    let done = put_policy(&mut state, &place, "forward", "a b", &put_events("s"));
    assert_eq!(code(done), Some(INVALID));
    let done = put_policy(&mut state, &place, "none", "p", &put_events("s"));
    assert_eq!(code(done), Some(MISSING));
}

#[test]
fn a_role_goes_after_its_policies_and_what_is_gone_can_go_again() {
    let (mut state, place) = made();
    put_policy(&mut state, &place, "forward", "p", &put_events("s")).expect("put");
    assert_eq!(code(delete(&mut state, &place, "forward")), Some("DeleteConflict"));
    for _ in 0..2 {
        delete_policy(&mut state, &place, "forward", "p").expect("deleted");
    }
    for _ in 0..2 {
        delete(&mut state, &place, "forward").expect("deleted");
    }
    assert_eq!(state.role(&place.account, "forward"), None);
}

#[test]
fn eventbridge_takes_a_role_on_only_as_its_trust_says_and_in_its_own_account() {
    let rule = "arn:aws:events:eu-west-1:111122223333:rule/ctguard-acme-forward-1";
    let role = "arn:aws:iam::111122223333:role/forward";
    let assumes = |trust: &Value, role: &str| {
        let (mut state, place) = fresh::for_tests();
        create(&mut state, &place, "forward", trust, &Tags::new()).expect("created");
        assumed(&state, &place, rule, role).map(drop)
    };
    for (condition, works) in [
        (json!({}), true),
        (
            json!({ "ArnLike": { "aws:SourceArn": "arn:aws:events:*:111122223333:rule/ctguard-acme-forward-*" } }),
            true,
        ),
        (json!({ "StringEquals": { "aws:SourceAccount": "111122223333" } }), true),
        (
            json!({ "ArnLike": { "aws:SourceArn": "arn:aws:events:*:111122223333:rule/other-*" } }),
            false,
        ),
        (json!({ "StringEquals": { "aws:SourceAccount": "999988887777" } }), false),
        (json!({ "StringEquals": { "sts:ExternalId": "x" } }), false),
    ] {
        assert_eq!(assumes(&trust(condition.clone()), role).is_ok(), works, "{condition}");
    }
    let mut lambda = trust(json!({}));
    lambda["Statement"][0]["Principal"]["Service"] = json!("lambda.amazonaws.com");
    assert!(assumes(&lambda, role).is_err());
    for other in [
        "arn:aws:iam::111122223333:role/other",
        "arn:aws:iam::999988887777:role/forward",
        "arn:aws-cn:iam::111122223333:role/forward",
        "arn:aws:iam::111122223333:user/forward",
    ] {
        assert!(assumes(&trust(json!({})), other).is_err(), "{other}");
    }
}
