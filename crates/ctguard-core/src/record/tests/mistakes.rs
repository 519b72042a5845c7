//! Conditions that no record can meet, each with what to write instead.

use super::*;

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
