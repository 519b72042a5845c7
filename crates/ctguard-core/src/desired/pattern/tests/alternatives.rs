//! Alternatives of `$or`, and what a union of patterns keeps.

use super::*;

/// Spread over several rules, one alternative is excluded from the others: by what it says, not by what is pinned.
#[test]
fn an_alternative_that_the_outcome_rules_out_takes_nothing_from_the_others() {
    let agents: Vec<String> = (0..150).map(|n| format!("agent-number-{n:03}")).collect();
    let filter = json!({"$or": [{"errorCode": ["AccessDenied"]}, {"userAgent": agents}]});
    let ask = Ask { filter: Some(filter), outcome: Outcome::Success, ..stop_logging() };
    let compiled = ask.compile().expect("it is split");
    assert_kept(&compiled);
    let detail = json!({
        "eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging",
        "userAgent": "agent-number-149",
    });
    assert_eq!(matching(&compiled, detail), 1);
}

#[test]
fn a_users_own_overlapping_alternatives_are_cut_apart() {
    let filter = json!({"$or": [
        {"userIdentity.type": ["Root"], "errorCode": ["A"]},
        {"userIdentity.type": ["Root", "IAMUser"], "errorCode": ["A", "B"]},
        {"requestParameters.set.items.x": [1], "requestParameters.set.items.y": [2]},
        {"requestParameters.set.items.x": [1, 3], "requestParameters.set.items.y": [2, 4]},
    ]});
    let compiled = Ask { filter: Some(filter), ..stop_logging() }.compile().expect("it compiles");
    assert_kept(&compiled);
    let with = |user: &str, error: &str, items: Value| {
        json!({
            "eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging",
            "userIdentity": {"type": user}, "errorCode": error,
            "requestParameters": {"set": {"items": items}},
        })
    };
    assert_eq!(matching(&compiled, with("IAMUser", "B", json!([]))), 1);
    assert_eq!(matching(&compiled, with("Root", "B", json!([]))), 1);
    assert_eq!(matching(&compiled, with("IAMUser", "C", json!([]))), 0);
    assert_eq!(matching(&compiled, with("-", "-", json!([{"x": 3, "y": 4}, {"x": 0}]))), 1);
    assert_eq!(matching(&compiled, with("-", "-", json!([{"x": 3, "y": 0}, {"y": 4}]))), 0);
}

#[test]
fn a_union_loses_nothing_of_either() {
    let names = |names: &[&str], types: Value| Ask {
        events: names.iter().map(|name| api(&format!("iam:{name}"))).collect(),
        filter: Some(json!({"userIdentity.type": types})),
        ..Ask::default()
    };
    let one = names(&["CreateUser", "CreateAccessKey"], json!(["Root"]));
    let other = names(&["CreateAccessKey", "CreateLoginProfile"], json!(["Root", "IAMUser"]));
    let [one, other] = [one, other].map(|ask| ask.compile().expect("it compiles").remove(0));
    let united = unite(&one, &other).expect("it fits");
    assert_kept(std::slice::from_ref(&united));
    for (name, user, expected) in [
        ("CreateLoginProfile", "Root", true),
        ("CreateLoginProfile", "IAMUser", true),
        ("CreateAccessKey", "IAMUser", true),
        ("CreateUser", "IAMUser", false),
        ("CreateUser", "Root", true),
    ] {
        let event = json!({
            "source": "aws.iam", "detail-type": "AWS API Call via CloudTrail",
            "detail": {
                "eventSource": "iam.amazonaws.com", "eventName": name,
                "userIdentity": {"type": user},
            },
        });
        assert_eq!(united.pattern.matches(&event), expected, "{name} by {user}");
    }
}
