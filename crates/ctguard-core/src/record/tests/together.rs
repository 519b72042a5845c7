//! Conditions that exclude each other, or the outcome.

use super::*;

#[test]
fn an_outcome_excludes_conditions_on_errors() {
    for (failed, filter) in [
        (true, json!({"errorCode": [{"exists": false}]})),
        (false, json!({"errorCode": ["AccessDenied"]})),
    ] {
        let verdict = checked("iam:CreateUser", &filter, Some(failed));
        let (codes, text) = told(&verdict);
        assert_eq!(codes, ["never-fires"], "{filter}");
        assert!(text.contains("`outcome` says it already"), "{text}");
    }
    let (codes, _) = told(&checked(
        "signin:ConsoleLogin",
        &json!({"responseElements.ConsoleLogin": ["Success"]}),
        Some(true),
    ));
    assert_eq!(codes, ["never-fires"]);
}

#[test]
fn what_is_unlikely_does_not_hide_what_cannot_be() {
    let filter = json!({
        "requestParameters.instancesSet.items.imageId": ["ami-0a1b2c3d"],
        "errorCode": ["UnauthorizedOperation"],
    });
    let verdict = checked("ec2:RunInstances ec2:StartInstances", &filter, None);
    let (codes, text) = told(&verdict);
    assert_eq!(codes, ["value-never?", "never-fires"], "{text}");
    assert!(text.contains("`ec2:StartInstances` never raises the alert"), "{text}");
    let [Fires::Unknown(_), Fires::Never(why)] = &verdict.events[..] else {
        panic!("{:?}", verdict.events)
    };
    assert!(why.contains("imageId"), "{why}");
}
