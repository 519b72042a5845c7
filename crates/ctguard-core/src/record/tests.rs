//! What is told of conditions, and of which nothing is said.

mod slips;

use super::*;
use crate::catalogue;
use crate::event::EventRef;
use eventbridge_pattern::Filter;
use serde_json::{Value, json};

fn events(names: &str) -> Vec<EventRef> {
    let find = |name: &str| {
        let (service, name) = name.split_once(':').expect("service:Name");
        let source = format!("{service}.amazonaws.com");
        catalogue::find(&source, name).expect(name).to_refs()
    };
    names.split(' ').flat_map(find).collect()
}

fn checked(names: &str, filter: &Value, failed: Option<bool>) -> Verdict {
    let filter = Filter::parse(filter).expect("a filter");
    check(&Asked { events: &events(names), filter: Some(&filter), failed, except: &[] })
}

/// The codes that are told, each with whether it is sure, and all that is said.
fn told(verdict: &Verdict) -> (Vec<String>, String) {
    let code = |finding: &Finding| {
        format!("{}{}", finding.code.as_str(), if finding.sure { "" } else { "?" })
    };
    let text = |finding: &Finding| format!("{}; {}\n", finding.message, finding.help);
    (verdict.findings.iter().map(code).collect(), verdict.findings.iter().map(text).collect())
}

/// Events, a condition, what is told (with `?` where it is only most unlikely), and a part of what
/// to write instead.
fn wrong() -> Vec<(&'static str, Value, &'static str, &'static str)> {
    let iam = "iam:CreateUser";
    let login = "signin:ConsoleLogin";
    vec![
        // ARNs of the wrong kind.
        (
            iam,
            json!({"userIdentity.arn": ["arn:aws:iam::111122223333:role/Admin"]}),
            "value-never",
            "sessionIssuer.arn",
        ),
        (
            iam,
            json!({"userIdentity.arn": [{"prefix": "arn:aws:iam::111122223333:role/"}]}),
            "value-never",
            "sessionIssuer.arn",
        ),
        (
            iam,
            json!({"userIdentity.arn": [{"wildcard": "arn:aws:iam::*:role/Admin*"}]}),
            "value-never",
            "sessionIssuer.arn",
        ),
        (
            iam,
            json!({"userIdentity.arn": ["arn:aws:sts::111122223333:assumed-role/Admin"]}),
            "value-never",
            "assumed-role",
        ),
        (
            iam,
            json!({"userIdentity.arn": ["arn:aws:sts::111122223333:assumed-role/Admin/*"]}),
            "value-never",
            "wildcard",
        ),
        (
            iam,
            json!({"userIdentity.arn": ["arn:aws:iam::1111-2222-3333:user/eve"]}),
            "value-never",
            "{account}",
        ),
        (
            iam,
            json!({"userIdentity.sessionContext.sessionIssuer.arn": ["arn:aws:sts::111122223333:assumed-role/Admin/eve"]}),
            "value-never",
            "`userIdentity.arn`",
        ),
        // Vocabularies.
        (iam, json!({"userIdentity.type": ["root"]}), "value-never", "\"Root\""),
        (iam, json!({"userIdentity.type": ["IamUser", "Root"]}), "value-never", "\"IAMUser\""),
        (iam, json!({"userIdentity.type": [{"prefix": "Assume-"}]}), "value-never", "AssumedRole"),
        (iam, json!({"userIdentity.type": [{"suffix": "user"}]}), "value-never", ""),
        (iam, json!({"userIdentity.type": [{"wildcard": "assumed*"}]}), "value-never", ""),
        (
            iam,
            json!({"userIdentity.type": [{"equals-ignore-case": "assumed-role"}]}),
            "value-never",
            "\"AssumedRole\"",
        ),
        (
            iam,
            json!({"userIdentity.type": [{"anything-but": ["root"]}]}),
            "value-never?",
            "\"Root\"",
        ),
        (login, json!({"additionalEventData.MFAUsed": [true]}), "value-never", "Yes"),
        (login, json!({"additionalEventData.MFAUsed": ["yes"]}), "value-never", "\"Yes\""),
        (
            login,
            json!({"additionalEventData.MFAUsed": [{"anything-but": ["Yes", "No"]}]}),
            "value-never",
            "",
        ),
        (
            login,
            json!({"responseElements.ConsoleLogin": ["failure"]}),
            "value-never",
            "\"Failure\"",
        ),
        (iam, json!({"eventType": ["AwsConsoleSignIn"]}), "value-never", "leave the condition out"),
        (iam, json!({"eventCategory": ["Data"]}), "value-never", ""),
        // Types.
        (
            iam,
            json!({"userIdentity.sessionContext.attributes.mfaAuthenticated": [false]}),
            "value-never",
            "\"false\"",
        ),
        (
            iam,
            json!({"userIdentity.sessionContext.attributes.mfaAuthenticated": ["False"]}),
            "value-never",
            "\"false\"",
        ),
        (
            iam,
            json!({"userIdentity.sessionContext.attributes.mfaAuthenticated": [{"anything-but": ["true", "false"]}]}),
            "value-never",
            "",
        ),
        (iam, json!({"readOnly": ["false"]}), "value-never", "write false without quotes"),
        (iam, json!({"managementEvent": ["true"]}), "value-never", ""),
        (iam, json!({"sessionCredentialFromConsole": [true]}), "value-never", "\"true\""),
        (iam, json!({"recipientAccountId": [111122223333_u64]}), "value-never", "\"111122223333\""),
        (iam, json!({"recipientAccountId": ["1111-2222-3333"]}), "value-never", "\"111122223333\""),
        (iam, json!({"errorCode": [403]}), "value-never", "\"403\""),
        (iam, json!({"eventVersion": [1.11]}), "value-never", "\"1.11\""),
        (iam, json!({"eventVersion": [{"numeric": [">=", 1]}]}), "value-never", "text"),
        (iam, json!({"userAgent": [{"numeric": [">", 5]}]}), "value-never", "text"),
        (iam, json!({"userAgent": [{"cidr": "10.0.0.0/8"}]}), "value-never", "sourceIPAddress"),
        (
            iam,
            json!({"recipientAccountId": [{"cidr": "10.0.0.0/8"}]}),
            "value-never",
            "sourceIPAddress",
        ),
        (iam, json!({"userIdentity": [{"exists": true}]}), "value-never", "userIdentity.type"),
        (iam, json!({"userIdentity": ["Root"]}), "value-never", "userIdentity.type"),
        // Stars in plain text.
        (
            iam,
            json!({"errorCode": ["AccessDenied*"]}),
            "value-never",
            "{ wildcard: \"AccessDenied*\" }",
        ),
        (iam, json!({"errorCode": [{"prefix": "AccessDenied*"}]}), "value-never", ""),
        (
            "ec2:RunInstances",
            json!({"errorCode": ["*UnauthorizedOperation"]}),
            "value-never",
            "wildcard",
        ),
        (
            "ec2:RunInstances",
            json!({"errorCode": ["UnauthorizedOperation"]}),
            "value-never?",
            "Client.UnauthorizedOperation",
        ),
        (
            "ec2:RunInstances",
            json!({"errorCode": ["AccessDenied"]}),
            "value-never?",
            "Client.UnauthorizedOperation",
        ),
        (iam, json!({"userIdentity.userName": ["svc-*"]}), "value-never", "wildcard"),
        (iam, json!({"userAgent": ["*kali*"]}), "value-never?", "wildcard"),
        (iam, json!({"sourceIPAddress": ["10.*"]}), "value-never", "prefix"),
        // Paths.
        (iam, json!({"useridentity.type": ["Root"]}), "path-unknown", "`userIdentity.type`"),
        (iam, json!({"userIdentity.Type": ["Root"]}), "path-unknown", "`userIdentity.type`"),
        (
            iam,
            json!({"userIdentity.sessionContext.mfaAuthenticated": ["false"]}),
            "path-unknown",
            "attributes.mfaAuthenticated`",
        ),
        (iam, json!({"errorcode": [{"exists": false}]}), "path-unknown", "`errorCode`"),
        (
            iam,
            json!({"requestParameters.UserName": ["eve"]}),
            "path-unknown",
            "`requestParameters.userName`",
        ),
        (
            iam,
            json!({"requestParameters.userNames": ["eve"]}),
            "path-unknown",
            "`requestParameters.userName`",
        ),
        (iam, json!({"userIdentity.type.name": ["x"]}), "path-unknown", "`userIdentity.type`"),
        (iam, json!({"account": ["111122223333"]}), "path-unknown", "recipientAccountId"),
        (iam, json!({"region": ["eu-west-1"]}), "path-unknown", "awsRegion"),
        (iam, json!({"time": [{"prefix": "2026"}]}), "path-unknown", "eventTime"),
        (iam, json!({"colour": ["red"]}), "path-unknown?", "docs/records.md"),
        (iam, json!({"insightDetails.state": ["Start"]}), "path-unknown", "Insights events"),
        (iam, json!({"additionalEventData.MFAUsed": ["No"]}), "path-unknown", "sign-ins"),
        (login, json!({"additionalEventData.MfaUsed": ["No"]}), "path-unknown", "MFAUsed"),
        (
            login,
            json!({"responseElements.consoleLogin": ["Failure"]}),
            "path-unknown",
            "responseElements.ConsoleLogin",
        ),
        // Formats.
        (iam, json!({"sourceIPAddress": ["10.0.0.0/8"]}), "value-never", "{ cidr: 10.0.0.0/8 }"),
        (iam, json!({"awsRegion": ["us-east-1a"]}), "value-never", "`us-east-1`"),
        (iam, json!({"awsRegion": ["US-EAST-1"]}), "value-never", "eu-west-1"),
        (iam, json!({"eventTime": ["2026-11-01 12:00:00"]}), "value-never", "T12:00:00Z"),
        (iam, json!({"eventTime": [{"numeric": [">", 0]}]}), "value-never", "text"),
        (
            iam,
            json!({"userIdentity.sessionContext.attributes.creationDate": [{"prefix": "Nov"}]}),
            "value-never",
            "2026-11-01",
        ),
        (iam, json!({"vpcEndpointId": [{"prefix": "vpc-"}]}), "value-never", "vpce-"),
        (iam, json!({"tlsDetails.tlsVersion": ["1.2"]}), "value-never", "TLSv"),
        (iam, json!({"tlsDetails.tlsVersion": ["TLS 1.0"]}), "value-never", "TLSv"),
        (
            iam,
            json!({"userIdentity.invokedBy": ["cloudformation"]}),
            "value-never",
            "{host}.{host}",
        ),
        (iam, json!({"eventID": ["1"]}), "value-never", "{uuid}"),
        // What the events fix.
        ("ec2:RunInstances", json!({"eventSource": ["ec2"]}), "value-never", "`ec2.amazonaws.com`"),
        (
            "ec2:RunInstances",
            json!({"eventName": ["StartInstances"]}),
            "value-never",
            "`RunInstances`",
        ),
        (iam, json!({"eventName": [{"exists": false}]}), "value-never", "leave the condition out"),
        (login, json!({"errorCode": ["AccessDenied"]}), "value-never", "Failed authentication"),
        (login, json!({"errorCode": [{"exists": true}]}), "value-never", "Failed authentication"),
        // Conditions that exclude each other.
        (
            iam,
            json!({"userIdentity.type": ["Root"], "userIdentity.userName": ["Alice"]}),
            "never-fires?",
            "alias",
        ),
        (
            iam,
            json!({"userIdentity.type": ["AssumedRole"], "userIdentity.userName": [{"exists": true}]}),
            "never-fires",
            "sessionIssuer.userName",
        ),
        (
            iam,
            json!({"userIdentity.type": ["IAMUser"], "userIdentity.sessionContext.sessionIssuer.userName": ["Admin"]}),
            "never-fires",
            "AssumedRole",
        ),
        (
            iam,
            json!({"userIdentity.type": ["IAMUser"], "userIdentity.arn": [{"suffix": ":root"}]}),
            "never-fires",
            "user/NAME",
        ),
        (
            iam,
            json!({"$or": [
                {"userIdentity.type": ["Root"], "userIdentity.arn": [{"wildcard": "*:user/*"}]},
                {"userIdentity.type": ["IAMUser"]},
            ]}),
            "never-fires",
            "ARNs",
        ),
        (
            "signin:ConsoleLogin iam:CreateUser",
            json!({"additionalEventData.MFAUsed": ["No"]}),
            "never-fires",
            "an alert of their own",
        ),
    ]
}

#[test]
fn what_no_record_has_is_told_with_what_to_write_instead() {
    let mut wanting = String::new();
    for (names, filter, code, part) in wrong() {
        let verdict = checked(names, &filter, None);
        let (codes, text) = told(&verdict);
        if codes != [code] || !text.contains(part) {
            wanting +=
                &format!("{names} {filter}\n  wanted {code} {part}\n  said {codes:?} {text}\n");
        }
        let unsure =
            code.ends_with('?') || filter["userIdentity.type"] == json!(["IamUser", "Root"]);
        let never = verdict.events.iter().any(|one| matches!(one, Fires::Never(_)));
        let noisy = filter["errorcode"] == json!([{"exists": false}]);
        if never == (unsure || noisy) && filter.get("$or").is_none() {
            wanting += &format!("{names} {filter}: {:?}\n", verdict.events);
        }
    }
    assert!(wanting.is_empty(), "\n{wanting}");
}

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

#[test]
fn a_family_is_held_against_the_common_fields() {
    let all = crate::blueprint::events_named("any").expect("a family").0;
    let checked = |filter: Value| {
        let filter = Filter::parse(&filter).expect("a filter");
        check(&Asked { events: &all, filter: Some(&filter), failed: None, except: &[] })
    };
    for filter in [
        json!({"userIdentity.type": ["Root"], "userIdentity.invokedBy": [{"exists": false}], "eventType": [{"anything-but": "AwsServiceEvent"}]}),
        json!({"errorCode": [{"wildcard": "*UnauthorizedOperation"}, {"prefix": "AccessDenied"}]}),
        json!({"additionalEventData.MFAUsed": ["No"]}),
        json!({"requestParameters.anything": [1]}),
        json!({"eventName": [{"prefix": "Delete"}]}),
    ] {
        assert_eq!(told(&checked(filter.clone())).0, [""; 0], "{filter}");
    }
    let wrong = checked(json!({"userIdentity.type": ["root"]}));
    assert_eq!(told(&wrong).0, ["value-never"]);
    assert!(wrong.events.iter().all(|one| matches!(one, Fires::Never(_))));
}

#[test]
fn what_a_record_can_have_is_not_told() {
    let iam = "iam:CreateUser";
    let login = "signin:ConsoleLogin";
    for (names, filter, failed) in [
        (iam, json!({"userIdentity.type": ["Root"]}), None),
        (iam, json!({"userIdentity.type": [{"anything-but": ["AWSService", "Root"]}]}), None),
        (iam, json!({"userIdentity.arn": [{"wildcard": "*:user/x-*"}]}), None),
        (
            iam,
            json!({"userIdentity.arn": [{"wildcard": "*:assumed-role/AWSReservedSSO_Admin_*/*"}]}),
            None,
        ),
        (
            iam,
            json!({"userIdentity.arn": ["arn:aws-us-gov:sts::111122223333:assumed-role/Admin/eve@example.com"]}),
            None,
        ),
        (iam, json!({"userIdentity.arn": [{"anything-but": {"prefix": "arn:aws:sts"}}]}), None),
        (
            iam,
            json!({"userIdentity.arn": ["arn:aws:sts::111122223333:assumed-role/aws:ec2-instance/i-0a1b2c3d4e5f60718"]}),
            None,
        ),
        (
            iam,
            json!({"userIdentity.type": ["AssumedRole"],
                "userIdentity.arn": [{"wildcard": "*:assumed-role/aws:ec2-infrastructure/*"}]}),
            None,
        ),
        (
            iam,
            json!({"userIdentity.sessionContext.sessionIssuer.arn": ["arn:aws:iam::111122223333:role/aws:ec2-instance"],
                "userIdentity.sessionContext.sessionIssuer.userName": ["aws:ec2-instance"]}),
            None,
        ),
        (
            iam,
            json!({"userIdentity.sessionContext.sessionIssuer.arn": [{"suffix": ":role/service-role/x"}]}),
            None,
        ),
        (iam, json!({"userIdentity.sessionContext.attributes.mfaAuthenticated": ["false"]}), None),
        (iam, json!({"userIdentity.invokedBy": [{"exists": false}]}), None),
        (iam, json!({"userIdentity.invokedBy": ["signin.amazonaws.com", "AWS Internal"]}), None),
        (iam, json!({"errorCode": ["AccessDenied", "AccessDeniedException"]}), Some(true)),
        (
            iam,
            json!({"errorCode": [{"wildcard": "*UnauthorizedOperation"}, {"prefix": "AccessDenied"}]}),
            None,
        ),
        (iam, json!({"errorCode": [{"exists": false}]}), Some(false)),
        (iam, json!({"sourceIPAddress": [{"cidr": "10.0.0.0/8"}]}), None),
        (
            iam,
            json!({"sourceIPAddress": ["203.0.113.7", "2001:db8::1", "cloudformation.amazonaws.com", "AWS Internal"]}),
            None,
        ),
        (iam, json!({"userAgent": [{"prefix": "aws-cli"}, "console.amazonaws.com", "*/*"]}), None),
        (iam, json!({"readOnly": [false], "managementEvent": [true]}), None),
        (iam, json!({"eventTime": [{"prefix": "2026-11-"}]}), None),
        (iam, json!({"eventVersion": [{"prefix": "1."}]}), None),
        (iam, json!({"awsRegion": ["us-east-1", "us-gov-west-1", "eusc-de-east-1"]}), None),
        (iam, json!({"responseElements.user.userName": ["eve"], "responseElements": [null]}), None),
        (iam, json!({"requestParameters.omitted": [true]}), None),
        (iam, json!({"requestParameters": [null]}), None),
        (iam, json!({"requestParameters.userName": [{"anything-but": {"prefix": "svc-"}}]}), None),
        (iam, json!({"tlsDetails.tlsVersion": ["TLSv1", "TLSv1.1"]}), None),
        (iam, json!({"additionalEventData.anything": [1]}), None),
        (iam, json!({"userIdentity.inScopeOf.issuerType": ["AWS::Lambda::Function"]}), None),
        (iam, json!({"vpcEndpointId": ["vpce-0a1b2c3d"]}), None),
        (
            "s3:GetObject",
            json!({"resources.ARN": [{"prefix": "arn:aws:s3:::x/"}], "resources.type": ["AWS::S3::Object"]}),
            None,
        ),
        (
            "s3:GetObject",
            json!({"userIdentity.accountId": ["anonymous"], "userIdentity.type": ["AWSAccount"]}),
            None,
        ),
        (
            login,
            json!({"$or": [{"userIdentity.type": [{"anything-but": ["Root"]}]}, {"userIdentity.type": [{"exists": false}]}]}),
            None,
        ),
        (
            login,
            json!({"additionalEventData.MFAUsed": ["No"], "responseElements.ConsoleLogin": ["Success"], "userIdentity.type": ["IAMUser", "Root"]}),
            Some(false),
        ),
        (
            login,
            json!({"errorMessage": ["Failed authentication"], "userIdentity.userName": ["HIDDEN_DUE_TO_SECURITY_REASONS"]}),
            Some(true),
        ),
        (
            "iam:CreateUser ec2:RunInstances",
            json!({"$or": [{"requestParameters.userName": ["eve"]}, {"userIdentity.type": ["Root"]}]}),
            None,
        ),
    ] {
        let verdict = checked(names, &filter, failed);
        assert_eq!(told(&verdict), (Vec::new(), String::new()), "{names} {filter}");
        assert!(!verdict.events.iter().any(|one| matches!(one, Fires::Never(_))), "{filter}");
    }
}

#[test]
fn an_exception_that_never_holds_is_told() {
    let filter =
        Filter::parse(&json!({"userIdentity.arn": ["arn:aws:iam::111122223333:role/Deploy"]}))
            .expect("a filter");
    let verdict = check(&Asked {
        events: &events("iam:CreateUser"),
        filter: None,
        failed: None,
        except: &[&filter],
    });
    assert_eq!(told(&verdict).0, ["value-never"]);
    assert_eq!(verdict.findings[0].part, Part::Except(0));
    assert_eq!(verdict.events, [Fires::Yes]);
}

/// By what the records of the event can have, not by how the exception is written.
#[test]
fn an_exception_that_takes_every_record_is_told() {
    let user = json!({"userIdentity.type": ["IAMUser"]});
    let told_of = |names: &str, filter: &Value, except: &Value| {
        let filter = Filter::parse(filter).expect("a filter");
        let except = Filter::parse(except).expect("an exception");
        let (events, except) = (events(names), [&except]);
        let asked = Asked { events: &events, filter: Some(&filter), failed: None, except: &except };
        told(&check(&asked)).1.contains("takes every record of")
    };
    let any = json!({"eventSource": [{"exists": true}]});
    for (filter, except) in [
        (&any, json!({"userIdentity.type": [{"exists": true}]})),
        (
            &any,
            json!({"$or": [{"userIdentity.type": ["Root"]}, {"userIdentity.type": [{"anything-but": ["Root"]}]}]}),
        ),
        (&any, json!({"$or": [{"readOnly": [true]}, {"readOnly": [false]}]})),
        (&any, json!({"awsRegion": ["eu-west-1", {"anything-but": ["eu-west-1"]}]})),
        (
            &any,
            json!({"$or": [{"awsRegion": [{"prefix": "eu-"}]}, {"awsRegion": [{"anything-but": {"prefix": "eu-"}}]}]}),
        ),
        (&any, json!({"eventVersion": [{"prefix": "1."}]})),
        (&any, json!({"eventVersion": [{"wildcard": "1.*"}]})),
        (
            &any,
            json!({"eventSource": [{"wildcard": "*.amazonaws.com"}], "eventName": [{"exists": true}]}),
        ),
        (&user, json!({"userIdentity.arn": [{"wildcard": "arn:*:user/*"}]})),
        (
            &user,
            json!({"userIdentity.arn": [{"wildcard": "arn:*"}], "userIdentity.type": ["IAMUser"]}),
        ),
    ] {
        assert!(told_of("ec2:TerminateInstances", filter, &except), "{filter} {except}");
    }
    for (filter, except) in [
        (&any, json!({"userIdentity.type": ["IAMUser", "AssumedRole"]})),
        (
            &any,
            json!({"$or": [{"userIdentity.type": ["Root"]}, {"userIdentity.type": [{"anything-but": ["Root", "IAMUser"]}]}]}),
        ),
        (
            &any,
            json!({"$or": [{"readOnly": [true]}, {"awsRegion": [{"anything-but": ["eu-west-1"]}]}]}),
        ),
        (&any, json!({"eventVersion": [{"prefix": "1.1"}]})),
        (&any, json!({"userIdentity.userName": [{"exists": true}]})),
        (&user, json!({"userIdentity.arn": [{"wildcard": "arn:*:user/ci-*"}]})),
        (&user, json!({"userIdentity.arn": [{"wildcard": "arn:*:11112222*:user/*"}]})),
        (&user, json!({"sourceIPAddress": [{"wildcard": "203.0.113.*"}]})),
    ] {
        assert!(!told_of("ec2:TerminateInstances", filter, &except), "{filter} {except}");
    }
}

#[test]
fn what_is_not_modelled_is_assumed() {
    let verdict =
        checked("s3:CreateBucket", &json!({"responseElements.location": ["eu-west-1"]}), None);
    assert!(
        matches!(&verdict.events[..], [Fires::Unknown(why)] if why.contains("responseElements.location")),
        "{verdict:?}"
    );
    let verdict = checked(
        "iam:CreateUser",
        &json!({"$or": [{"responseElements.x": [1]}, {"userIdentity.type": ["Root"]}]}),
        None,
    );
    assert_eq!(verdict.events, [Fires::Yes]);
}

/// The sample records of the project, below `tests/fixtures/events`.
fn samples(folder: &std::path::Path, found: &mut Vec<Value>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            samples(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json")
            // Made with a value that AWS would not write, on purpose.
            && !path.to_string_lossy().contains("text-not-true")
        {
            let text = std::fs::read_to_string(&path).expect("a file");
            found.push(serde_json::from_str(&text).expect("JSON"));
        }
    }
}

/// The single values below a path, as EventBridge sees them.
fn leaves(value: &Value, path: &str, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                leaves(value, &below, found);
            }
        }
        Value::Array(members) => members.iter().for_each(|member| leaves(member, path, found)),
        single => found.push((path.to_owned(), single.clone())),
    }
}

#[test]
fn nothing_is_told_of_what_the_sample_records_have() {
    let mut all = Vec::new();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/events");
    samples(&root, &mut all);
    let mut tried = 0;
    let mut wrong = Vec::new();
    for event in &all {
        let record = &event["detail"];
        let text = |key: &str| record[key].as_str().unwrap_or_default();
        let Some(known) = catalogue::find(text("eventSource"), text("eventName")) else { continue };
        let events = known.to_refs();
        let mut found = Vec::new();
        leaves(record, "", &mut found);
        for (path, value) in found {
            let filter = Filter::parse(&json!({ &path: [value] })).expect("a filter");
            let asked = Asked { events: &events, filter: Some(&filter), failed: None, except: &[] };
            let told = told(&check(&asked)).0;
            if !told.is_empty() {
                wrong.push(format!("{} {path} {value}: {told:?}", text("eventName")));
            }
            tried += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 1_000, "only {tried} were tried");
}
