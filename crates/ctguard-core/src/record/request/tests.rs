//! The model as a whole: every block is read, and known spellings are found in it.

use super::*;

/// Looks up an event in one of the models.
type Lookup = fn(&str, &str) -> Option<Payload>;

const REQUEST: Lookup = request_of;
const RESPONSE: Lookup = response_of;

fn is_missing(of: Lookup, event: &str, path: &str) -> Option<bool> {
    let (service, name) = event.split_once(':').unwrap();
    let payload = of(&format!("{service}.amazonaws.com"), name)?;
    let steps: Vec<&str> = path.split('.').collect();
    let missing = matches!(payload.find(&steps), Found::Missing { .. });
    Some(payload.confidence == Confidence::High && missing)
}

/// Counts the parameters, and holds what each says against the others.
fn check(parameters: &[Parameter], place: &str) -> usize {
    assert!(parameters.is_sorted_by(|a, b| a.name < b.name), "{place}: {parameters:?}");
    let mut count = parameters.len();
    for parameter in parameters {
        assert!(!parameter.name.is_empty(), "{place}");
        let holds = matches!(parameter.form, Form::List | Form::Map);
        assert!(holds || parameter.element.is_none(), "{place}: {parameter:?}");
        let scalar = matches!(parameter.form, Form::Text | Form::Number | Form::Boolean);
        assert!(!scalar || parameter.fields.is_empty(), "{place}: {parameter:?}");
        let mut values = parameter.values.iter();
        assert!(values.all(|value| !value.is_empty()), "{place}: {parameter:?}");
        count += check(&parameter.fields, place);
    }
    count
}

/// Both models, with their text.
fn models() -> [(&'static [Block], Lookup, &'static str); 2] {
    [
        (&REQUESTS, REQUEST, include_str!("../../../../../catalogue/requests.txt")),
        (&RESPONSES, RESPONSE, include_str!("../../../../../catalogue/responses.txt")),
    ]
}

#[test]
fn every_event_of_every_block_is_read() {
    for (blocks, of, text) in models() {
        assert!(blocks.is_sorted_by(|a, b| a.source < b.source));
        let (mut events, mut parameters) = (0, 0);
        for block in blocks {
            let sheet = Sheet::inflate(block.deflated);
            assert!(sheet.events().count() > 0, "{}", block.source);
            for name in sheet.events() {
                let place = format!("{} {name}", block.source);
                let payload = of(block.source, name).expect(&place);
                assert!(payload.closed, "{place}: a line could not be read");
                parameters += check(&payload.parameters, &place);
                events += 1;
            }
        }
        assert_eq!(events, text.lines().filter(|line| line.starts_with("=\t")).count());
        assert!(parameters > events, "{parameters} parameters of {events} events");
    }
}

#[test]
fn every_modelled_event_is_in_the_catalogue() {
    for (blocks, ..) in models() {
        for block in blocks {
            for name in Sheet::inflate(block.deflated).events() {
                let known = crate::catalogue::find(block.source, name).is_some();
                assert!(known, "{} {name}: run `make catalogue`", block.source);
            }
        }
    }
}

#[test]
fn the_models_cost_less_than_a_megabyte_and_a_half() {
    let bytes = DEFLATED_REQUESTS.len() + DEFLATED_RESPONSES.len();
    assert!(bytes < 1_500_000, "{bytes} bytes");
}

#[test]
fn a_path_of_records_is_not_missing() {
    for (event, path) in [
        ("apigateway:CreateStage", "createStageInput.stageName"),
        ("ce:GetCostAndUsage", "TimePeriod.Start"),
        ("cloudformation:CreateStack", "parameters.parameterKey"),
        ("cloudtrail:PutEventSelectors", "eventSelectors.readWriteType"),
        ("config:PutConfigurationRecorder", "configurationRecorder.roleARN"),
        ("ec2:AuthorizeSecurityGroupIngress", "ipPermissions.items.ipRanges.items.cidrIp"),
        ("ec2:CreateFlowLogs", "CreateFlowLogsRequest.ResourceId.content"),
        ("ec2:CreateNetworkAclEntry", "aclProtocol"),
        ("ec2:CreateTags", "tagSet.items.key"),
        ("ec2:CreateVolume", "zone"),
        ("ec2:DescribeInstances", "filterSet.items.valueSet.items.value"),
        ("ec2:ModifyImageAttribute", "launchPermission.add.items.group"),
        ("ec2:ModifyInstanceAttribute", "disableApiTermination.value"),
        ("ec2:ModifySnapshotAttribute", "createVolumePermission.add.items.userId"),
        ("ec2:RunInstances", "instancesSet.items.imageId"),
        ("ec2:RunInstances", "tagSpecificationSet.items.tags.key"),
        ("eks:AssociateAccessPolicy", "name"),
        ("iam:AttachUserPolicy", "policyArn"),
        ("iam:CreateSAMLProvider", "sAMLMetadataDocument"),
        ("iam:CreateServiceLinkedRole", "aWSServiceName"),
        ("kms:Decrypt", "encryptionContext.aws:s3:arn"),
        ("lambda:AddPermission20150331v2", "functionName"),
        ("organizations:AttachPolicy", "targetId"),
        ("rds:ModifyDBInstance", "dBInstanceIdentifier"),
        ("rds:ModifyDBSnapshotAttribute", "valuesToAdd"),
        ("route53:ChangeResourceRecordSets", "changeBatch.changes.action"),
        ("s3:CopyObject", "x-amz-copy-source"),
        ("s3:PutBucketPolicy", "bucketPolicy.Statement"),
        ("s3:PutBucketVersioning", "VersioningConfiguration.Status"),
        ("s3:PutObject", "omitted"),
        ("sso:CreateAccountAssignment", "permissionSetArn"),
        ("sts:AssumeRoleWithSAML", "sAMLAssertionID"),
    ] {
        assert_eq!(is_missing(REQUEST, event, path), Some(false), "{event} {path}");
    }
}

#[test]
fn a_path_that_no_record_has_is_missing() {
    for (event, path) in [
        ("cloudtrail:PutEventSelectors", "eventSelector"),
        ("ec2:AuthorizeSecurityGroupIngress", "ipPermissions.ipRanges.cidrIp"),
        ("ec2:AuthorizeSecurityGroupIngress", "IpPermissions"),
        ("ec2:CreateFlowLogs", "resourceId"),
        ("ec2:CreateFlowLogs", "CreateFlowLogsRequest.ResourceIds"),
        ("ec2:CreateNetworkAclEntry", "portRange.From"),
        ("ec2:RunInstances", "imageId"),
        ("ec2:RunInstances", "instanceTypes"),
        ("iam:AttachUserPolicy", "policyARN"),
        ("iam:CreateUser", "user.userName"),
        ("kms:ScheduleKeyDeletion", "KeyId"),
        ("rds:ModifyDBInstance", "dbInstanceIdentifier"),
        ("rds:ModifyDBInstance", "DBInstanceIdentifier"),
        ("s3:PutBucketPolicy", "BucketName"),
        ("s3:PutBucketPolicy", "bucketname"),
        ("s3:PutBucketVersioning", "versioningConfiguration.status"),
        ("sts:AssumeRole", "roleARN"),
    ] {
        assert_eq!(is_missing(REQUEST, event, path), Some(true), "{event} {path}");
    }
}

#[test]
fn a_path_of_responses_is_not_missing() {
    for (event, path) in [
        ("cloudformation:CreateStack", "stackId"),
        ("cloudtrail:UpdateTrail", "trailARN"),
        ("ec2:AuthorizeSecurityGroupIngress", "securityGroupRuleSet.items.cidrIpv4"),
        ("ec2:CreateFlowLogs", "CreateFlowLogsResponse.requestId"),
        ("ec2:CreateSecurityGroup", "groupId"),
        ("ec2:DeleteVpc", "_return"),
        ("ec2:RunInstances", "instancesSet.items.iamInstanceProfile.arn"),
        ("ec2:RunInstances", "instancesSet.items.tagSet.items.key"),
        ("elasticloadbalancing:CreateLoadBalancer", "loadBalancers.loadBalancerArn"),
        ("elasticloadbalancing:CreateLoadBalancer", "dNSName"),
        ("iam:CreateSAMLProvider", "sAMLProviderArn"),
        ("iam:CreateUser", "user.userName"),
        ("kms:CreateKey", "keyMetadata.aWSAccountId"),
        ("kms:DisableKey", "keyId"),
        ("lambda:CreateFunction20150331", "functionArn"),
        ("rds:CreateDBInstance", "dBInstanceIdentifier"),
        ("rds:ModifyDBSnapshotAttribute", "dBSnapshotAttributes.attributeValues"),
        ("route53:ChangeResourceRecordSets", "changeInfo.status"),
        ("sns:CreateTopic", "topicArn"),
        ("sts:AssumeRoleWithSAML", "subjectType"),
        ("sts:AssumeRole", "credentials.accessKeyId"),
        ("sts:GetFederationToken", "federatedUser.arn"),
    ] {
        assert_eq!(is_missing(RESPONSE, event, path), Some(false), "{event} {path}");
    }
}

#[test]
fn a_path_that_no_response_has_is_missing() {
    for (event, path) in [
        ("cloudformation:CreateStack", "StackId"),
        ("ec2:CreateFlowLogs", "flowLogIdSet"),
        ("ec2:DescribeInstances", "reservationSet"),
        ("ec2:RunInstances", "instancesSet.items.tags"),
        ("iam:CreateUser", "userName"),
        ("iam:DeleteUser", "userName"),
        ("lambda:CreateFunction20150331", "functionARN"),
        ("rds:CreateDBInstance", "dBInstance"),
        ("sts:AssumeRole", "credentials.secretKey"),
    ] {
        assert_eq!(is_missing(RESPONSE, event, path), Some(true), "{event} {path}");
    }
}

#[test]
fn responses_that_are_not_known_are_not_modelled() {
    for (source, name) in [
        ("s3.amazonaws.com", "PutObject"),
        ("apigateway.amazonaws.com", "CreateStage"),
        ("cognito-identity.amazonaws.com", "GetId"),
        ("signin.amazonaws.com", "ConsoleLogin"),
        ("iam.amazonaws.com", "CreateUsr"),
    ] {
        assert_eq!(response_of(source, name), None, "{source} {name}");
    }
    let read = response_of("iam.amazonaws.com", "ListUsers").expect("modelled");
    assert!(read.is_nothing());
    assert!(!response_of("iam.amazonaws.com", "CreateUser").expect("modelled").is_nothing());
}

#[test]
fn forms_and_values_are_told() {
    let request = request_of("iam.amazonaws.com", "UpdateAccessKey").unwrap();
    let status = request.parameters.iter().find(|parameter| parameter.name == "status").unwrap();
    assert_eq!(status.form, Form::Text);
    assert!(status.values.iter().any(|value| value == "Inactive"), "{:?}", status.values);
    let request = request_of("rds.amazonaws.com", "ModifyDBInstance").unwrap();
    let form = |name: &str| {
        let found = request.parameters.iter().find(|parameter| parameter.name == name);
        found.map(|parameter| (parameter.form, parameter.element))
    };
    assert_eq!(form("publiclyAccessible"), Some((Form::Boolean, None)));
    assert_eq!(form("allocatedStorage"), Some((Form::Number, None)));
    assert_eq!(form("vpcSecurityGroupIds"), Some((Form::List, Some(Form::Text))));
}

#[test]
fn the_parameters_of_an_event_are_sorted_and_closed() {
    let request = request_of("iam.amazonaws.com", "CreateUser").expect("modelled");
    assert_eq!(request.confidence, Confidence::High);
    assert!(request.closed);
    let names: Vec<&str> =
        request.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    assert_eq!(names, ["path", "permissionsBoundary", "tags", "userName"]);
    assert!(matches!(request.find(&["UserName"]), Found::Missing { step: 0, .. }));
    assert!(matches!(request.find(&["tags", "kye"]), Found::Missing { step: 1, .. }));
    assert_eq!(request.find(&["omitted"]), Found::Open);
    assert_eq!(request.find(&[]), Found::Open);
}

#[test]
fn what_is_not_modelled_is_none() {
    for (source, name) in [
        ("iam.amazonaws.com", "CreateUsr"),
        ("iam.amazonaws.com", ""),
        ("signin.amazonaws.com", "ConsoleLogin"),
        ("iam", "CreateUser"),
        ("", ""),
    ] {
        assert_eq!(request_of(source, name), None, "{source} {name}");
    }
}
