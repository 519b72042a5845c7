//! What well-known calls touch, and how much of the catalogue is named.

use super::*;
use crate::event::Landing;

fn reference(short: &str, kind: EventKind) -> EventRef {
    let (service, name) = short.split_once(':').unwrap();
    let source = if service == "*" { "*".to_owned() } else { format!("{service}.amazonaws.com") };
    let (access, landing) = (Access::Write, Landing::CallRegion);
    EventRef { source, name: name.to_owned(), kind, access, landing }
}

fn of(short: &str) -> Vec<Fact> {
    of_event(&reference(short, EventKind::Api))
}

fn shown(facts: &[Fact]) -> String {
    let one = |fact: &Fact| {
        let places: Vec<String> = fact.places.iter().map(Place::dotted).collect();
        format!("{}={}", fact.label, places.join("|"))
    };
    let shown = facts.iter().map(one).collect::<Vec<_>>().join("; ");
    shown.replace("requestParameters.", "").replace("responseElements.", "response:")
}

/// The rule finds what people look for in the calls that alerts are mostly for.
#[test]
fn well_known_calls_say_what_they_touch() {
    for (short, facts) in [
        (
            "ec2:AuthorizeSecurityGroupIngress",
            "Security group=groupId|groupName; CIDR=cidrIp|ipPermissions.items.ipRanges.items.cidrIp\
             |ipPermissions.items.ipv6Ranges.items.cidrIpv6; Port=fromPort|toPort\
             |ipPermissions.items.fromPort|ipPermissions.items.toPort",
        ),
        (
            "ec2:CreateRoute",
            "Route table=routeTableId; Gateway=gatewayId|carrierGatewayId|localGatewayId\
             |natGatewayId|transitGatewayId|vpcPeeringConnectionId|egressOnlyInternetGatewayId; \
             CIDR=destinationCidrBlock|destinationIpv6CidrBlock",
        ),
        (
            "ec2:CreateNetworkAclEntry",
            "Network ACL=networkAclId; CIDR=cidrBlock|ipv6CidrBlock; Port=portRange.from|portRange.to",
        ),
        ("ec2:AttachInternetGateway", "Internet gateway=internetGatewayId; VPC=vpcId"),
        ("ec2:DeleteFlowLogs", "Flow log=DeleteFlowLogsRequest.FlowLogId.content"),
        ("ec2:StopInstances", "Instance=instancesSet.items.instanceId"),
        ("ec2:CreateSnapshot", "Snapshot=response:snapshotId; Volume=volumeId"),
        ("iam:CreateUser", "User=userName"),
        ("iam:CreateAccessKey", "Access key=response:accessKey.accessKeyId; User=userName"),
        ("iam:AttachUserPolicy", "User=userName; Policy=policyArn"),
        ("iam:AttachRolePolicy", "Role=roleName; Policy=policyArn"),
        ("iam:DeactivateMFADevice", "MFA device=serialNumber; User=userName"),
        ("cloudtrail:StopLogging", "Trail=name"),
        ("cloudtrail:DeleteTrail", "Trail=name"),
        ("s3:PutBucketPolicy", "Bucket=bucketName"),
        ("s3:DeleteObject", "Object=key; Bucket=bucketName"),
        ("kms:ScheduleKeyDeletion", "Key=keyId"),
        (
            "rds:DeleteDBInstance",
            "DB instance=dBInstanceIdentifier; Final DB snapshot=finalDBSnapshotIdentifier",
        ),
        (
            "rds:ModifyDBSnapshotAttribute",
            "Attribute=attributeName; DB snapshot=dBSnapshotIdentifier; Shared with=valuesToAdd",
        ),
        ("events:DisableRule", "Rule=name; Event bus=eventBusName"),
        ("guardduty:DeleteDetector", "Detector=DetectorId|detectorId"),
        ("secretsmanager:GetSecretValue", "Secret=secretId"),
        ("sns:Subscribe", "Topic=topicArn; Sent to=endpoint"),
        ("cloudfront:DeleteResponseHeadersPolicy2020_05_31", "Response headers policy=id"),
        // Nothing is known of it, or it has no parameters.
        ("cloudshell:CreateEnvironment", "Resource=resources.ARN"),
        ("iam:*", "User=userName; Policy=policyArn|policyName; Role=roleName"),
    ] {
        let shown: Vec<String> = shown(&of(short))
            .split("; ")
            .map(|fact| {
                let kept = |place: &&str| {
                    !place.contains("gesSet.")
                        && !place.contains("gessSet.")
                        && !place.contains("response:role.")
                };
                fact.split('|').filter(kept).collect::<Vec<_>>().join("|")
            })
            .collect();
        assert_eq!(shown.join("; "), facts, "{short}");
    }
}

#[test]
fn a_sign_in_says_whether_mfa_was_used() {
    let login = of_event(&reference("signin:ConsoleLogin", EventKind::Signin));
    assert_eq!(shown(&login), "MFA used=additionalEventData.MFAUsed");
    let switch = of_event(&reference("signin:SwitchRole", EventKind::Signin));
    assert!(shown(&switch).ends_with("Switched to=additionalEventData.SwitchTo"));
}

#[test]
fn an_alert_says_what_each_of_its_events_touches() {
    let events = ["iam:CreateUser", "cloudtrail:StopLogging", "cloudtrail:DeleteTrail"];
    let events: Vec<EventRef> =
        events.iter().map(|short| reference(short, EventKind::Api)).collect();
    assert_eq!(shown(&of_alert(&events)), "Trail=name; User=userName");
    // Once for each kind of the same event.
    let mut twice = events.clone();
    twice.push(reference("iam:CreateUser", EventKind::Console));
    assert_eq!(of_alert(&twice), of_alert(&events));
    let many: Vec<EventRef> =
        catalogue::of_source("ec2.amazonaws.com").flat_map(|one| one.to_refs()).collect();
    assert_eq!(of_alert(&many).len(), ALERT_FACTS_MAX);
}

/// Of all services the commonest names are looked for.
#[test]
fn what_is_looked_for_everywhere_is_in_three_of_ten_calls() {
    let asked = |one: &catalogue::CatalogueEvent| request::request_of(one.source, one.name);
    let has = |asked: &Payload| {
        let names = EVERYWHERE.iter().flat_map(|(_, places)| places.iter());
        let mut names = names.filter_map(|place| place.strip_prefix("requestParameters."));
        names.any(|name| asked.parameters.iter().any(|one| one.name == name))
    };
    let writes = catalogue::all().filter(|one| one.accesses().contains(&Access::Write));
    let all: Vec<Payload> = writes.filter_map(|one| asked(&one)).collect();
    let named = all.iter().filter(|asked| has(asked)).count();
    assert!(named * 10 >= all.len() * 3, "{named} of {}", all.len());
}

#[test]
fn as_json_a_place_is_its_steps() {
    let facts = of("ec2:StopInstances");
    assert_eq!(
        serde_json::to_value(&facts).unwrap(),
        serde_json::json!([{
            "label": "Instance",
            "places": [["requestParameters", "instancesSet", "items", "instanceId"]],
        }])
    );
    let lists: Vec<bool> = facts[0].places[0].0.iter().map(|step| step.list).collect();
    assert_eq!(lists, [false, false, true, false]);
}

/// The share of the catalogue's events that write for which something is named, in its request or
/// in its response. The rest are service events, sign-ins, calls that no SDK has, and calls without
/// a parameter that says anything.
#[test]
fn of_the_calls_that_write_nearly_all_name_what_they_touch() {
    let writes = catalogue::all().filter(|one| one.accesses().contains(&Access::Write));
    let (mut calls, mut named, mut modelled, mut of_modelled) = (0, 0, 0, 0);
    for one in writes.filter(|one| one.is(EventKind::Api) || one.is(EventKind::Data)) {
        let names = !of_call(one.source, one.name).is_empty();
        let asked = request::request_of(one.source, one.name);
        let has_parameters = asked.is_some_and(|asked| !asked.is_nothing());
        calls += 1;
        named += usize::from(names);
        modelled += usize::from(has_parameters);
        of_modelled += usize::from(has_parameters && names);
    }
    assert!(named * 1000 >= calls * 950, "{named} of {calls}");
    assert!(of_modelled * 1000 >= modelled * 990, "{of_modelled} of {modelled} with parameters");
}
