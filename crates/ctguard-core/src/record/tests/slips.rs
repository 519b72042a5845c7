//! Slips that AWS's pages do not exclude, and what looks like one and is right.

use super::{Fires, Verdict, told};
use crate::record::{Asked, check};
use eventbridge_pattern::Filter;
use serde_json::{Value, json};

fn checked(names: &str, filter: &Value, failed: Option<bool>) -> Verdict {
    let find = |name: &str| crate::blueprint::events_named(name).expect(name).0;
    let events: Vec<_> = names.split(' ').flat_map(find).collect();
    let filter = Filter::parse(filter).expect("a filter");
    check(&Asked { events: &events, filter: Some(&filter), failed, except: &[] })
}

/// Events, conditions, the outcome, what is told, and a part of what to write instead.
type Row = (&'static str, Value, Option<bool>, &'static str, &'static str);

/// No row is proven, and what is told is told once.
fn hold(rows: Vec<Row>) {
    let mut wanting = String::new();
    for (names, filter, failed, code, part) in rows {
        let verdict = checked(names, &filter, failed);
        let (codes, text) = told(&verdict);
        if codes != [code] || !text.contains(part) {
            wanting +=
                &format!("{names} {filter}\n  wanted {code} {part}\n  said {codes:?} {text}\n");
        }
        if verdict.events.contains(&Fires::Yes) {
            wanting += &format!("{names} {filter}: is called proven\n");
        }
    }
    assert!(wanting.is_empty(), "\n{wanting}");
}

const IAM: &str = "iam:CreateUser";
const LOGIN: &str = "signin:ConsoleLogin";

#[test]
fn a_star_in_a_plain_name_is_never_proven() {
    let star = "value-never?";
    hold(vec![
        (
            IAM,
            json!({"userIdentity.sessionContext.sourceIdentity": ["ad*"]}),
            None,
            "value-never",
            "",
        ),
        (IAM, json!({"requestParameters.userName": ["admin*"]}), None, star, "wildcard"),
        (
            "sts:AssumeRole",
            json!({"requestParameters.roleArn": ["Admin*"]}),
            None,
            star,
            "wildcard",
        ),
        (
            "iam:AttachUserPolicy",
            json!({"requestParameters.policyArn": ["*Admin"]}),
            None,
            star,
            "",
        ),
        (IAM, json!({"userAgent": ["*aws-cli*"]}), None, star, "wildcard"),
        ("any", json!({"eventName": ["Delete*"]}), None, star, "wildcard"),
    ]);
}

#[test]
fn an_arn_of_another_kind_is_told() {
    let arn = |test: Value| json!({"userIdentity.arn": [test]});
    let odd = "value-never?";
    let issuer = "userIdentity.sessionContext.sessionIssuer.userName";
    hold(vec![
        (IAM, arn(json!({"wildcard": "*:role/*"})), None, odd, "sessionIssuer.arn"),
        (IAM, arn(json!({"suffix": ":role/Admin"})), None, odd, "sessionIssuer.arn"),
        (IAM, arn(json!("arn:aws:ec2:eu-west-1:111122223333:instance/i-1")), None, odd, ""),
        (
            IAM,
            json!({"userIdentity.userName": ["arn:aws:iam::111122223333:user/eve"]}),
            None,
            odd,
            "`userIdentity.arn`",
        ),
        (IAM, json!({issuer: [{"prefix": "arn:aws:iam::"}]}), None, odd, "sessionIssuer.arn"),
        (IAM, json!({issuer: ["Admin/session"]}), None, odd, "\"Admin\""),
        (
            IAM,
            json!({"userIdentity.principalId": ["arn:aws:iam::111122223333:user/eve"]}),
            None,
            odd,
            "",
        ),
        (IAM, json!({"userIdentity.accessKeyId": [{"prefix": "AROA"}]}), None, odd, "AKIA"),
        ("sts:AssumeRole", json!({"requestParameters.roleArn": ["Admin"]}), None, odd, "ARN"),
        (
            "iam:AttachUserPolicy",
            json!({"requestParameters.policyArn": ["AdministratorAccess"]}),
            None,
            odd,
            "ARN",
        ),
    ]);
}

#[test]
fn a_known_value_in_another_case_is_told() {
    let odd = "value-never?";
    let of = |path: &str, value: &str| json!({format!("requestParameters.{path}"): [value]});
    hold(vec![
        (
            "s3:PutBucketVersioning",
            of("VersioningConfiguration.Status", "suspended"),
            None,
            odd,
            "\"Suspended\"",
        ),
        ("iam:UpdateAccessKey", of("status", "inactive"), None, odd, "\"Inactive\""),
        ("ecs:RunTask", of("launchType", "Fargate"), None, odd, "\"FARGATE\""),
        (
            "ecs:RunTask",
            json!({"requestParameters.launchType": [{"prefix": "far"}]}),
            None,
            odd,
            "\"FARGATE\"",
        ),
        (IAM, json!({"errorCode": ["accessdenied"]}), None, odd, "\"AccessDenied\""),
        (
            IAM,
            json!({"errorCode": ["Client.UnauthorizedOperation"]}),
            None,
            odd,
            "\"AccessDenied\"",
        ),
        (
            LOGIN,
            json!({"errorMessage": ["Failed Authentication"]}),
            None,
            odd,
            "\"Failed authentication\"",
        ),
    ]);
}

#[test]
fn addresses_and_ports_that_there_are_none_of_are_told() {
    let odd = "value-never?";
    let port = "requestParameters.ipPermissions.items.fromPort";
    hold(vec![
        (IAM, json!({"sourceIPAddress": ["300.1.1.1"]}), None, odd, "no IP address"),
        (IAM, json!({"sourceIPAddress": ["10.0.0"]}), None, odd, "{ prefix: \"10.0.0.\" }"),
        (
            "ec2:AuthorizeSecurityGroupIngress",
            json!({port: [{"numeric": [">", 65535]}]}),
            None,
            odd,
            "65535",
        ),
        (
            "ec2:RunInstances",
            json!({"requestParameters.instancesSet.items.minCount": ["1"]}),
            None,
            odd,
            "without quotes",
        ),
    ]);
}

#[test]
fn what_follows_from_the_event_or_its_outcome_is_told() {
    let dead = "never-fires?";
    hold(vec![
        (IAM, json!({"readOnly": [true]}), None, "value-never?", "follows from `events`"),
        ("iam:GetUser", json!({"readOnly": [false]}), None, "value-never?", ""),
        (IAM, json!({"errorMessage": [{"exists": true}]}), Some(false), dead, ""),
        (IAM, json!({"errorMessage": [{"prefix": "User"}]}), Some(false), dead, ""),
        (
            IAM,
            json!({"errorCode": [{"exists": false}], "errorMessage": [{"exists": true}]}),
            None,
            dead,
            "",
        ),
        (
            LOGIN,
            json!({"responseElements.ConsoleLogin": ["Success"], "errorMessage": [{"exists": true}]}),
            None,
            dead,
            "",
        ),
    ]);
}

#[test]
fn identities_that_exclude_a_field_are_told() {
    let dead = "never-fires?";
    let by = |who: &str, path: &str, test: Value| json!({"userIdentity.type": [who], format!("userIdentity.{path}"): [test]});
    hold(vec![
        (IAM, by("AWSService", "arn", json!({"exists": true})), None, dead, ""),
        (IAM, by("AWSService", "userName", json!("eve")), None, dead, ""),
        (IAM, by("AWSService", "invokedBy", json!({"exists": false})), None, dead, ""),
        (
            IAM,
            by("AWSService", "sessionContext.attributes.mfaAuthenticated", json!("true")),
            None,
            dead,
            "",
        ),
        (
            IAM,
            by("Root", "arn", json!({"anything-but": {"suffix": ":root"}})),
            None,
            "never-fires",
            "",
        ),
        (IAM, by("IAMUser", "principalId", json!({"prefix": "AROA"})), None, dead, ""),
        (IAM, by("IdentityCenterUser", "arn", json!({"prefix": "arn:aws:iam::"})), None, dead, ""),
    ]);
}

#[test]
fn names_that_no_event_of_a_family_has_are_told() {
    let odd = "value-never?";
    hold(vec![
        ("iam:*", json!({"eventName": ["RunInstances"]}), None, odd, "known by that name"),
        ("iam:*", json!({"eventName": ["createuser"]}), None, odd, "\"CreateUser\""),
        ("any", json!({"eventName": ["createuser"]}), None, odd, "\"CreateUser\""),
        ("any", json!({"eventName": ["iam:CreateUser"]}), None, odd, "\"CreateUser\""),
        ("any", json!({"eventSource": ["IAM.amazonaws.com"]}), None, odd, "\"iam.amazonaws.com\""),
        (
            "s3:*",
            json!({"requestParameters.BucketName": ["b"]}),
            None,
            "path-unknown?",
            "bucketName",
        ),
    ]);
}

#[test]
fn what_only_looks_like_a_slip_is_not_told() {
    for (names, filter, failed) in [
        ("ec2:AttachVolume", json!({"requestParameters.deleteOnTermination": [false]}), None),
        ("any", json!({"eventCategory": ["Data"]}), None),
        ("any", json!({"eventType": ["AwsApiCall"]}), None),
        (
            "any",
            json!({"eventType": [{"anything-but": ["AwsServiceEvent", "AwsVpceEvent"]}]}),
            None,
        ),
        ("s3:*", json!({"eventCategory": ["Data"], "managementEvent": [false]}), None),
        ("s3:*", json!({"requestParameters.bucketName": ["b"]}), None),
        ("iam:*", json!({"eventName": ["CreateUser", {"prefix": "Delete"}]}), None),
        ("any", json!({"eventName": ["CreateUser", "AnEventToCome"]}), None),
        (IAM, json!({"userIdentity.arn": [{"wildcard": "*role/Admin*"}]}), None),
        (IAM, json!({"userIdentity.arn": ["arn:aws:sts::111122223333:federated-user/eve"]}), None),
        (IAM, json!({"requestParameters.userName": ["a*b"]}), None),
        (IAM, json!({"errorCode": ["ThrottlingException", "NoSuchEntityException"]}), Some(true)),
        (IAM, json!({"errorMessage": [{"exists": false}]}), Some(false)),
        (
            IAM,
            json!({"userIdentity.type": ["AWSService"], "userIdentity.invokedBy": [{"exists": true}]}),
            None,
        ),
        (
            IAM,
            json!({"userIdentity.type": ["Root"], "userIdentity.arn": [{"suffix": ":root"}]}),
            None,
        ),
        (
            IAM,
            json!({"userIdentity.type": ["IAMUser"], "userIdentity.principalId": [{"prefix": "AIDA"}]}),
            None,
        ),
        ("ecs:RunTask", json!({"requestParameters.launchType": ["FARGATE", "A_NEW_ONE"]}), None),
        (
            "sts:AssumeRole",
            json!({"requestParameters.roleArn": [{"suffix": ":role/Admin"}, {"prefix": "arn:aws"}]}),
            None,
        ),
        (
            "ec2:AuthorizeSecurityGroupIngress",
            json!({"requestParameters.ipPermissions.items.fromPort": [{"numeric": ["<=", 22]}, 65535]}),
            None,
        ),
        (IAM, json!({"sourceIPAddress": ["203.0.113.7", {"prefix": "10.0.0"}]}), None),
        (IAM, json!({"readOnly": [false]}), None),
    ] {
        let verdict = checked(names, &filter, failed);
        assert_eq!(told(&verdict), (Vec::new(), String::new()), "{names} {filter}");
        assert!(verdict.events.iter().all(|one| !matches!(one, Fires::Never(_))), "{filter}");
    }
}

#[test]
fn an_exception_that_leaves_nothing_or_takes_nothing_is_told() {
    let root = json!({"userIdentity.type": ["Root"]});
    for (filter, except, codes, sure) in [
        (json!({}), json!({"eventType": ["AwsApiCall"]}), vec!["never-fires"], true),
        (json!({}), json!({"readOnly": [false]}), vec!["never-fires?"], false),
        (
            root.clone(),
            json!({"userIdentity.arn": [{"suffix": ":root"}]}),
            vec!["never-fires?"],
            false,
        ),
        (root.clone(), json!({"userIdentity.type": ["IAMUser"]}), vec!["never-fires?"], false),
        (
            json!({"userIdentity.userName": ["eve"]}),
            json!({"userIdentity.userName": ["bob"]}),
            vec!["never-fires?"],
            false,
        ),
        (root, json!({"sourceIPAddress": [{"cidr": "10.0.0.0/8"}]}), vec![], false),
        (json!({}), json!({"userIdentity.arn": [{"suffix": ":root"}]}), vec![], false),
        (
            json!({"userIdentity.userName": ["eve", "bob"]}),
            json!({"userIdentity.userName": ["bob"]}),
            vec![],
            false,
        ),
    ] {
        let events = crate::blueprint::events_named(IAM).expect("an event").0;
        let parse = |filter: &Value| Filter::parse(filter).expect("a filter");
        let of_where = (filter != json!({})).then(|| parse(&filter));
        let of_except = parse(&except);
        let verdict = check(&Asked {
            events: &events,
            filter: of_where.as_ref(),
            failed: None,
            except: &[&of_except],
        });
        assert_eq!(told(&verdict).0, codes, "{filter} {except}");
        let never = matches!(&verdict.events[..], [Fires::Never(_)]);
        assert_eq!(never, sure, "{filter} {except} {:?}", verdict.events);
    }
}

#[test]
fn a_path_is_told_with_what_cloudtrail_writes() {
    let ranges = "requestParameters.ipPermissions.items.ipRanges.items.cidrIp";
    let instance = "requestParameters.instancesSet.items.instanceId";
    for (names, path, meant) in [
        (
            "ec2:AuthorizeSecurityGroupIngress",
            "requestParameters.ipPermissions.items.ipRanges.items.cidrIP",
            ranges,
        ),
        (
            "ec2:AuthorizeSecurityGroupIngress",
            "requestParameters.ipPermissions.ipRanges.cidrIp",
            ranges,
        ),
        (
            "ec2:AuthorizeSecurityGroupIngress",
            "requestParameters.ipPermissions.item.ipRanges.items.cidrIp",
            ranges,
        ),
        ("ec2:TerminateInstances", "requestParameters.instanceIds", instance),
        ("ec2:TerminateInstances", "requestParameters.instancesSet.item.instanceId", instance),
        (
            "ec2:CreateTags",
            "requestParameters.resources",
            "requestParameters.resourcesSet.items.resourceId",
        ),
        ("ec2:CreateVolume", "requestParameters.availabilityZone", "requestParameters.zone"),
        ("s3:PutBucketPolicy", "requestParameters.bucket", "requestParameters.bucketName"),
        (IAM, "responseelements.user.userName", "responseElements.user.userName"),
    ] {
        let verdict = checked(names, &json!({path: ["x"]}), None);
        let (codes, text) = told(&verdict);
        assert!(codes == ["path-unknown"], "{names} {path} {codes:?}");
        assert!(text.contains(&format!("did you mean `{meant}`?")), "{names} {path}: {text}");
    }
}
