//! Conditions that a record can meet, of which nothing is said.

use super::*;

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
