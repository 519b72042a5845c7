//! How events, their kinds and their outcome are written.

use super::*;

#[test]
fn one_service_is_written_flat_with_its_names_sorted() {
    let ask = Ask {
        events: vec![api("cloudtrail:StopLogging"), api("cloudtrail:DeleteTrail")],
        ..Ask::default()
    };
    assert_eq!(
        ask.compile().expect("it compiles")[0].json,
        concat!(
            r#"{"source":["aws.cloudtrail"],"detail-type":["AWS API Call via CloudTrail"],"#,
            r#""detail":{"eventName":["DeleteTrail","StopLogging"],"#,
            r#""eventSource":["cloudtrail.amazonaws.com"]}}"#
        )
    );
}

#[test]
fn several_services_become_alternatives_and_never_a_cross_product() {
    let ask = Ask {
        events: vec![api("rds:CreateDBSecurityGroup"), api("ec2:CreateRoute")],
        ..Ask::default()
    };
    assert_eq!(
        ask.json(),
        json!({
            "detail-type": ["AWS API Call via CloudTrail"],
            "$or": [
                {"source": ["aws.ec2"], "detail":
                    {"eventName": ["CreateRoute"], "eventSource": ["ec2.amazonaws.com"]}},
                {"source": ["aws.rds"], "detail":
                    {"eventName": ["CreateDBSecurityGroup"], "eventSource": ["rds.amazonaws.com"]}},
            ],
        })
    );
}

#[test]
fn sign_ins_match_both_spellings_and_never_mix_with_calls() {
    let ask = Ask { events: vec![signin("ConsoleLogin"), api("iam:CreateUser")], ..Ask::default() };
    let json = ask.json();
    let types: Vec<&Value> = json["$or"]
        .as_array()
        .expect("two kinds")
        .iter()
        .map(|branch| &branch["detail-type"])
        .collect();
    assert_eq!(
        types,
        [
            &json!(["AWS API Call via CloudTrail"]),
            &json!(["AWS Console Sign In via CloudTrail", "AWS Console Signin via CloudTrail"]),
        ]
    );
}

#[test]
fn an_outcome_stands_where_each_kind_of_event_has_it() {
    let detail = |events: Vec<EventRef>, outcome| {
        Ask { events, outcome, ..Ask::default() }.json()["detail"].clone()
    };
    let stop = || vec![api("cloudtrail:StopLogging")];
    assert_eq!(
        detail(stop(), Outcome::Success)["errorCode"],
        json!([{"exists": false}, "", "200"]),
        "empty text and the status of HTTP are no errors"
    );
    assert_eq!(
        detail(stop(), Outcome::Failure)["errorCode"],
        json!([{"anything-but": ["", "200"]}])
    );
    let login = || vec![signin("ConsoleLogin")];
    for (outcome, word) in [(Outcome::Success, "Success"), (Outcome::Failure, "Failure")] {
        let detail = detail(login(), outcome);
        assert_eq!(detail["responseElements"]["ConsoleLogin"], json!([word]));
        assert_eq!(detail.get("errorCode"), None, "sign-ins have no error code");
    }
    assert_eq!(
        detail(vec![signin("SwitchRole")], Outcome::Success)["responseElements"]["SwitchRole"],
        json!([{"anything-but": "Failure"}, {"exists": false}])
    );
    let identity_center = event("signin:UserAuthentication", EventKind::Service, Access::Write);
    assert_eq!(
        detail(vec![identity_center], Outcome::Failure)["serviceEventDetails"],
        json!({"UserAuthentication": ["Failure"]})
    );
    let guardrail = event("controltower:EnableGuardrail", EventKind::Service, Access::Write);
    assert_eq!(
        detail(vec![guardrail], Outcome::Failure)["serviceEventDetails"],
        json!({"enableGuardrailStatus": {"state": ["FAILED"]}})
    );
    let rotation = event("secretsmanager:RotationFailed", EventKind::Service, Access::Write);
    assert_eq!(
        detail(vec![rotation], Outcome::Failure).get("errorCode"),
        None,
        "its name says that it failed; it has no error code"
    );
}

#[test]
fn a_condition_on_the_name_narrows_the_names() {
    let ask = Ask {
        events: vec![api("ec2:CreateRoute"), api("ec2:DeleteRoute"), api("rds:DeleteDBInstance")],
        filter: Some(json!({"eventName": [{"prefix": "Create"}]})),
        ..Ask::default()
    };
    let json = ask.json();
    assert_eq!(json["detail"]["eventName"], json!(["CreateRoute"]));
    assert_eq!(json["source"], json!(["aws.ec2"]), "the other service has nothing left");
}

#[test]
fn an_error_code_condition_is_merged_with_the_outcome() {
    let ask = |outcome| Ask {
        filter: Some(json!({"errorCode": [{"prefix": "Access"}]})),
        outcome,
        ..stop_logging()
    };
    assert_eq!(ask(Outcome::Failure).json()["detail"]["errorCode"], json!([{"prefix": "Access"}]));
    assert_eq!(ask(Outcome::Success).compile(), Err(CompileError::NeverMatches));
}

/// Conditions on the error that people write stay as they are under `outcome: failure`.
#[test]
fn an_error_code_condition_of_any_operator_can_be_merged_with_the_outcome() {
    for (asked, written) in [
        (json!(["AccessDenied"]), json!(["AccessDenied"])),
        (json!([{"wildcard": "*Denied*"}]), json!([{"wildcard": "*Denied*"}])),
        (json!([{"suffix": "Operation"}]), json!([{"suffix": "Operation"}])),
        (json!([{"exists": true}]), json!([{"anything-but": ["", "200"]}])),
        (
            json!([{"anything-but": ["NoSuchEntity"]}]),
            json!([{"anything-but": ["", "200", "NoSuchEntity"]}]),
        ),
        (
            json!([{"equals-ignore-case": "accessdenied"}]),
            json!([{"equals-ignore-case": "accessdenied"}]),
        ),
    ] {
        let ask = Ask {
            filter: Some(json!({"errorCode": asked})),
            outcome: Outcome::Failure,
            ..stop_logging()
        };
        assert_eq!(ask.json()["detail"]["errorCode"], written, "{asked}");
    }
}

#[test]
fn the_state_is_plain_only_when_every_event_reaches_a_plain_rule() {
    let state = |events| Ask { events, ..Ask::default() }.compile().expect("it compiles")[0].state;
    let wide = RuleState::EnabledWithAllCloudtrailManagementEvents;
    assert_eq!(state(vec![api("ec2:CreateRoute")]), RuleState::Enabled);
    assert_eq!(
        state(vec![event("s3:GetObject", EventKind::Data, Access::Read)]),
        RuleState::Enabled
    );
    let read = event("sts:AssumeRole", EventKind::Api, Access::Read);
    assert_eq!(state(vec![api("ec2:CreateRoute"), read]), wide);
}

#[test]
fn a_family_that_tells_its_outcome_elsewhere_does_not_vanish_in_a_wider_one() {
    let fires_once = |asked: &[&str], service: &str, name: &str| {
        let sign_ins = |short: &&str| event(short, EventKind::Signin, Access::Write);
        let events = asked.iter().map(sign_ins).collect();
        let ask = Ask { events, outcome: Outcome::Failure, ..Ask::default() };
        let record = json!({
            "source": format!("aws.{service}"),
            "detail-type": "AWS Console Sign In via CloudTrail",
            "detail": {"eventSource": format!("{service}.amazonaws.com"), "eventName": name,
                       "readOnly": false, "errorCode": "AccessDenied"},
        });
        let compiled = ask.compile().expect("it compiles");
        for c in &compiled {
            eprintln!("{}", c.json);
        }
        compiled.iter().filter(|part| part.pattern.matches(&record)).count() == 1
    };
    for (narrow, service, name) in
        [("rds:*", "rds", "DeleteDBInstance"), ("signin:Create*", "signin", "CreateOAuth2Token")]
    {
        assert!(fires_once(&[narrow], service, name), "{narrow} alone");
        assert!(fires_once(&[narrow, "*:*"], service, name), "{narrow} beside *:*");
    }
}

#[test]
fn the_order_of_events_and_repeats_change_nothing() {
    let mut events = vec![
        api("ec2:CreateRoute"),
        signin("ConsoleLogin"),
        api("rds:DeleteDBInstance"),
        api("ec2:DeleteRoute"),
    ];
    let forward = Ask { events: events.clone(), ..Ask::default() }.compile();
    events.reverse();
    events.push(api("ec2:CreateRoute"));
    assert_eq!(Ask { events, ..Ask::default() }.compile(), forward);
}
