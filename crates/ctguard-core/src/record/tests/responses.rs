//! Conditions on what a call answers.

use super::*;

#[test]
fn what_no_response_has_is_told() {
    let mut wanting = String::new();
    for (names, filter, code, part) in [
        (
            "iam:CreateAccessKey",
            json!({"responseElements.accessKey.AccessKeyId": ["AKIAIOSFODNN7EXAMPLE"]}),
            "path-unknown",
            "`responseElements.accessKey.accessKeyId`",
        ),
        (
            "iam:CreateUser",
            json!({"responseElements.user.userNames": ["eve"]}),
            "path-unknown",
            "`responseElements.user.userName`",
        ),
        (
            "rds:CreateDBInstance",
            json!({"responseElements.dBInstance.publiclyAccessible": [true]}),
            "path-unknown",
            "`responseElements.publiclyAccessible`",
        ),
        (
            "rds:ModifyDBInstance",
            json!({"responseElements.publiclyAccessible": ["true"]}),
            "value-never",
            "write true without quotes",
        ),
        (
            "ec2:RunInstances",
            json!({"responseElements.instancesSet.instanceId": ["i-0a1b2c3d"]}),
            "path-unknown",
            "`responseElements.instancesSet.items.instanceId`",
        ),
        (
            "ec2:RunInstances",
            json!({"responseElements.instancesSet.items": [{"exists": true}]}),
            "value-never",
            "name a field in it",
        ),
        (
            "iam:CreateUser",
            json!({"responseElements.password": ["x"]}),
            "path-unknown?",
            "a record of the event",
        ),
        (
            "ec2:DescribeInstances",
            json!({"responseElements.reservationSet.items.ownerId": ["111122223333"]}),
            "path-unknown",
            "read-only calls have no responseElements",
        ),
        (
            "iam:DeleteUser",
            json!({"responseElements.user.userName": ["eve"]}),
            "path-unknown",
            "return nothing",
        ),
        (
            "ec2:RunInstances ec2:DescribeInstances",
            json!({"responseElements.reservationId": ["r-0a1b2c3d"]}),
            "never-fires",
            "`ec2:DescribeInstances` never raises the alert",
        ),
    ] {
        let (codes, text) = told(&checked(names, &filter, None));
        if codes != [code] || !text.contains(part) {
            wanting +=
                &format!("{names} {filter}\n  wanted {code} {part}\n  said {codes:?} {text}\n");
        }
    }
    assert!(wanting.is_empty(), "\n{wanting}");
}

#[test]
fn what_a_response_can_have_is_not_told() {
    for (names, filter) in [
        ("iam:CreateAccessKey", json!({"responseElements.accessKey.status": ["Active"]})),
        ("ec2:RunInstances", json!({"responseElements.omitted": [true]})),
        ("ec2:AuthorizeSecurityGroupIngress", json!({"responseElements._return": [true]})),
        (
            "ec2:DeleteFlowLogs",
            json!({"responseElements.DeleteFlowLogsResponse.unsuccessful": [""]}),
        ),
        ("ec2:DescribeInstances", json!({"responseElements": [null]})),
        ("ec2:DescribeInstances", json!({"responseElements.x": [{"exists": false}]})),
        ("sts:AssumeRole", json!({"responseElements.assumedRoleUser.arn": [{"suffix": "/eve"}]})),
        // Nothing is known of these.
        ("cognito-identity:GetId", json!({"responseElements.anything": ["x"]})),
        ("s3:PutObject", json!({"responseElements.x-amz-version-id": ["x"]})),
    ] {
        let verdict = checked(names, &filter, None);
        assert_eq!(told(&verdict).0, [""; 0], "{names} {filter} {}", told(&verdict).1);
    }
}

#[test]
fn a_response_of_a_call_that_failed_is_only_unlikely() {
    let filter = json!({"responseElements.user.userName": ["eve"]});
    assert_eq!(told(&checked("iam:CreateUser", &filter, Some(false))).0, [""; 0]);
    let verdict = checked("iam:CreateUser", &filter, Some(true));
    let (codes, text) = told(&verdict);
    assert_eq!(codes, ["never-fires?"], "{text}");
    assert!(text.contains("responseElements of failed calls"), "{text}");
    assert!(matches!(&verdict.events[..], [Fires::Unknown(_)]), "{verdict:?}");
    let error = json!({"responseElements.user.userName": ["eve"], "errorCode": ["AccessDenied"]});
    assert_eq!(told(&checked("iam:CreateUser", &error, None)).0, ["never-fires?"]);
}
