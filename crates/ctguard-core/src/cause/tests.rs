use super::remedy::{Failed, for_regions};
use super::{Cause, CloudErrorKind, Denial, Obstacle, PolicyType, Refusal};
use crate::scope::{AccountId, Place, Region};

fn place(region: &str) -> Place {
    let account = AccountId::new("111122223333").expect("an account");
    Place::new(account, Region::new(region).expect("a region"))
}

fn denial(by: impl Into<Option<PolicyType>>, explicit: bool) -> Cause {
    Cause::Denied(Denial { by: by.into(), explicit })
}

/// The forms of <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>,
/// and those that public reports show.
#[test]
fn a_denial_names_the_policy_that_aws_names() {
    use PolicyType::*;
    let user =
        "User: arn:aws:iam::111122223333:user/ci is not authorized to perform: events:ListRules";
    let on = "on resource: arn:aws:events:eu-west-1:111122223333:rule/*";
    for (tail, by, explicit) in [
        ("", None, false),
        ("with an explicit deny", None, true),
        (
            "because no identity-based policy allows the events:ListRules action",
            Some(Identity),
            false,
        ),
        ("with an explicit deny in an identity-based policy", Some(Identity), true),
        (
            "with an explicit deny in an identity-based policy: arn:aws:iam::111122223333:policy/service-control-policy",
            Some(Identity),
            true,
        ),
        (
            "because no resource-based policy allows the events:ListRules action",
            Some(Resource),
            false,
        ),
        ("with an explicit deny in a resource-based policy", Some(Resource), true),
        (
            "because no permissions boundary allows the events:ListRules action",
            Some(PermissionsBoundary),
            false,
        ),
        ("with an explicit deny in a permissions boundary", Some(PermissionsBoundary), true),
        ("because no session policy allows the events:ListRules action", Some(Session), false),
        ("with an explicit deny in a sessions policy", Some(Session), true),
        (
            "because no service control policy allows the events:ListRules action",
            Some(ServiceControl),
            false,
        ),
        ("with an explicit deny in a service control policy", Some(ServiceControl), true),
        (
            "with an explicit deny in a service control policy: arn:aws:organizations::999999999999:policy/o-abcdefghij/service_control_policy/p-12345678",
            Some(ServiceControl),
            true,
        ),
        (
            "because no resource control policy allows the events:ListRules action",
            Some(ResourceControl),
            false,
        ),
        ("with an explicit deny in a resource control policy", Some(ResourceControl), true),
        (
            "because no VPC endpoint policy allows the events:ListRules action",
            Some(VpcEndpoint),
            false,
        ),
        ("with an explicit deny in a VPC endpoint policy", Some(VpcEndpoint), true),
        (
            "with an explicit deny in a VPC endpoint policy transitively through a service control policy",
            Some(ServiceControl),
            true,
        ),
        ("because the role trust policy allows the sts:AssumeRole action", Some(RoleTrust), false),
        ("because no role trust policy allows the sts:AssumeRole action", Some(RoleTrust), false),
        ("with an explicit deny in the role trust policy", Some(RoleTrust), true),
    ] {
        for message in [format!("{user} {on} {tail}"), format!("{user} {tail}")] {
            let cause =
                Cause::said("events:ListRules", "AccessDeniedException", &message, Some(400));
            assert_eq!(cause, denial(by, explicit), "{message}");
        }
    }
}

#[test]
fn each_service_words_the_same_cause_in_its_own_way() {
    use Cause::*;
    for (operation, code, message, status, cause) in [
        ("sns:GetTopicAttributes", "AuthorizationError", "", 403, Cause::DENIED),
        ("s3:ListBucket", "Http403", "", 403, Cause::DENIED),
        ("sqs:GetQueueAttributes", "AccessDenied", "", 403, Cause::DENIED),
        ("cloudtrail:CreateTrail", "KmsAccessDenied", "", 400, denial(PolicyType::Resource, false)),
        (
            "sts:GetCallerIdentity",
            "ExpiredToken",
            "The security token included in the request is expired",
            403,
            Expired,
        ),
        ("events:ListRules", "ExpiredTokenException", "", 400, Expired),
        ("sts:GetCallerIdentity", "InvalidClientTokenId", "", 403, UnknownCredentials),
        ("events:ListRules", "UnrecognizedClientException", "", 400, NotEnabled),
        ("sns:ListTagsForResource", "InvalidClientTokenId", "", 403, NotEnabled),
        ("s3:ListBucket", "InvalidAccessKeyId", "", 403, NotEnabled),
        ("account:ListRegions", "AuthFailure", "", 401, NotEnabled),
        ("kms:DescribeKey", "OptInRequired", "", 403, NotEnabled),
        ("lambda:GetPolicy", "SubscriptionRequiredException", "", 400, NotEnabled),
        ("sts:AssumeRole", "RegionDisabledException", "", 403, NotEnabled),
        (
            "iam:GetRole",
            "SignatureDoesNotMatch",
            "Signature expired: 20261129T060000Z is now earlier than 20261129T061500Z (20261129T063000Z - 15 min.)",
            403,
            Clock,
        ),
        (
            "events:ListRules",
            "InvalidSignatureException",
            "Signature not yet current: 20261129T070000Z is still later than 20261129T061500Z (20261129T060000Z + 15 min.)",
            400,
            Clock,
        ),
        ("s3:GetBucketPolicy", "RequestTimeTooSkewed", "", 403, Clock),
        (
            "events:ListRules",
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided.",
            400,
            Signature,
        ),
        ("events:ListRules", "ThrottlingException", "Rate exceeded", 400, Throttled),
        ("sns:ListSubscriptionsByTopic", "Throttled", "", 429, Throttled),
        ("sns:Subscribe", "KMSThrottling", "", 400, Throttled),
        ("sqs:GetQueueAttributes", "RequestThrottled", "", 403, Throttled),
        ("sqs:GetQueueAttributes", "KMS.ThrottlingException", "", 400, Throttled),
        ("lambda:GetPolicy", "TooManyRequestsException", "", 429, Throttled),
        ("s3:ListBucket", "SlowDown", "", 503, Throttled),
        ("tag:GetResources", "Http429", "", 429, Throttled),
        ("iam:GetRole", "Throttling", "Rate exceeded", 400, Throttled),
        ("events:PutRule", "LimitExceededException", "", 400, Refused(Refusal::Quota)),
        ("events:PutRule", "ValidationException", "", 400, Refused(Refusal::Value)),
        ("events:ListRules", "ValidationException", "", 400, Other),
        (
            "cloudtrail:CreateTrail",
            "KmsKeyNotFoundException",
            "",
            400,
            Refused(Refusal::KeyMissing),
        ),
        (
            "cloudtrail:UpdateTrail",
            "KmsKeyDisabledException",
            "",
            400,
            Refused(Refusal::KeyUnusable),
        ),
        ("cloudtrail:UpdateTrail", "KmsException", "", 400, Refused(Refusal::KeyUnusable)),
        (
            "cloudtrail:CreateTrail",
            "InsufficientEncryptionPolicyException",
            "",
            400,
            Refused(Refusal::KeyPolicy),
        ),
        (
            "cloudtrail:CreateTrail",
            "InsufficientS3BucketPolicyException",
            "",
            400,
            Refused(Refusal::BucketPolicy),
        ),
        (
            "cloudtrail:CreateTrail",
            "S3BucketDoesNotExistException",
            "",
            400,
            Refused(Refusal::BucketMissing),
        ),
        ("sns:CreateTopic", "TagPolicy", "", 400, Refused(Refusal::TagPolicy)),
        ("sns:SetTopicAttributes", "KMSDisabled", "", 400, Refused(Refusal::KeyUnusable)),
        (
            "sqs:CreateQueue",
            "AWS.SimpleQueueService.QueueDeletedRecently;Sender",
            "",
            400,
            Refused(Refusal::Busy),
        ),
        ("iam:DeleteRole", "DeleteConflict", "", 409, Refused(Refusal::Attached)),
        ("s3:CreateBucket", "BucketAlreadyExists", "", 409, Refused(Refusal::BucketTaken)),
        (
            "organizations:DescribeOrganization",
            "AWSOrganizationsNotInUseException",
            "",
            400,
            NotFound,
        ),
        ("cloudtrail:GetTrailStatus", "TrailNotFoundException", "", 400, NotFound),
        ("events:PutPermission", "PolicyLengthExceededException", "", 400, TooLarge),
        ("events:ListRules", "Http413", "", 413, TooLarge),
        ("events:ListRules", "InternalException", "", 500, ServerError),
        ("sns:GetTopicAttributes", "InternalFailure", "", 500, ServerError),
        ("iam:GetRole", "ServiceFailure", "", 500, ServerError),
        ("cloudwatch:GetMetricData", "Http503", "", 503, ServerError),
        ("events:ListRules", "Http407", "", 407, Unreachable(Obstacle::ProxySignIn)),
        ("events:ListRules", "Http302", "", 302, Malformed),
    ] {
        assert_eq!(
            Cause::said(operation, code, message, Some(status)),
            cause,
            "{operation} {code}"
        );
    }
}

#[test]
fn what_an_older_file_kept_still_has_its_cause() {
    use CloudErrorKind::{AccessDenied, NoCredentials, Refused, Transient};
    for (code, message, kind, cause) in [
        ("NotRecorded", "", Refused, Cause::NotRecorded),
        ("Timeout", "", Transient, Cause::Unreachable(Obstacle::Timeout)),
        ("Dispatch", "dispatch failure: dns error", Transient, Cause::Unreachable(Obstacle::Dns)),
        (
            "Dispatch",
            "tcp connect error: Connection refused",
            Transient,
            Cause::Unreachable(Obstacle::Connection),
        ),
        (
            "Dispatch",
            "invalid peer certificate: UnknownIssuer",
            Transient,
            Cause::Unreachable(Obstacle::Certificate),
        ),
        ("BadResponse", "", Refused, Cause::Malformed),
        ("NoCredentials", "", NoCredentials, Cause::NoCredentials),
        ("Http403", "", AccessDenied, Cause::DENIED),
        ("AccessDenied", "", AccessDenied, Cause::DENIED),
        ("SomethingNew", "", AccessDenied, Cause::DENIED),
        ("SomethingNew", "", Transient, Cause::ServerError),
        ("SomethingNew", "", Refused, Cause::Other),
    ] {
        assert_eq!(Cause::kept("events:ListRules", code, message, kind), cause, "{code} {message}");
    }
}

/// What no permission would mend never asks for one.
#[test]
fn only_a_denial_is_answered_with_a_permission() {
    let place = place("eu-west-1");
    for cause in Cause::all() {
        for operation in crate::permissions::every_call() {
            for failed in [Failed::call(operation), Failed::at(operation, &place)] {
                let text = cause.remedy(failed);
                let asks = text.to_ascii_lowercase().contains("allow ");
                let can = matches!(cause, Cause::Denied(_) | Cause::Refused(Refusal::Dependency));
                assert!(can || !asks, "{cause:?} {operation}: {text}");
                assert!(
                    text.ends_with('.') && !text.contains("  "),
                    "{cause:?} {operation}: {text}"
                );
                if let Cause::Denied(Denial { by: Some(by), .. }) = cause
                    && by != PolicyType::Identity
                {
                    let lower = text.to_ascii_lowercase();
                    let last = by.name().rsplit(' ').next().expect("a word");
                    assert!(lower.contains(last), "{cause:?} {operation}: {text}");
                    assert!(!text.starts_with("Allow "), "{cause:?} {operation}: {text}");
                }
            }
        }
    }
}

#[test]
fn an_identity_that_lacks_a_permission_is_told_which() {
    for operation in crate::permissions::every_call() {
        for cause in [Cause::DENIED, denial(PolicyType::Identity, false)] {
            let text = cause.remedy(Failed::call(operation));
            assert!(
                text.to_ascii_lowercase()
                    .contains(&format!("allow {operation}").to_ascii_lowercase()),
                "{text}"
            );
        }
    }
}

/// The line is one that a blueprint can hold.
#[test]
fn a_region_that_is_shut_comes_with_the_line_that_leaves_it_out() {
    let place = place("ap-east-1");
    for (cause, operation, has_line) in [
        (denial(PolicyType::ServiceControl, true), "cloudtrail:DescribeTrails", true),
        (denial(PolicyType::ResourceControl, true), "sns:GetTopicAttributes", true),
        (Cause::NotEnabled, "events:ListRules", true),
        // These have no region of their own, so leaving one out helps nothing.
        (denial(PolicyType::ServiceControl, true), "iam:GetRole", false),
        (Cause::NotEnabled, "sts:AssumeRole", false),
        (denial(PolicyType::Identity, true), "events:ListRules", false),
    ] {
        let text = cause.remedy(Failed::at(operation, &place));
        let line = text.split('`').find(|part| part.starts_with("regions:"));
        assert_eq!(line.is_some(), has_line, "{operation}: {text}");
        let Some(line) = line else { continue };
        let yaml: serde_json::Value = serde_yaml::from_str(line).expect("YAML");
        assert_eq!(yaml["regions"]["enabled"], true);
        assert_eq!(yaml["regions"]["except"][0]["region"], "ap-east-1");
        assert!(yaml["regions"]["except"][0]["reason"].is_string());
    }
}

/// A blueprint that lists its regions has no line to write, and some regions cannot be left out.
#[test]
fn how_a_region_is_left_out_fits_every_blueprint() {
    let causes =
        [(Cause::NotEnabled, "ap-east-1"), (denial(PolicyType::ServiceControl, true), "us-east-1")];
    for (cause, region) in causes {
        let text = cause.remedy(Failed::at("sns:CreateTopic", &place(region)));
        for part in ["its list of regions", "the hub", "the home of the trail", "alone"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}

#[test]
fn a_region_that_nobody_can_disable_is_never_called_not_enabled() {
    let text = Cause::NotEnabled.remedy(Failed::at("sns:CreateTopic", &place("us-east-1")));
    for part in ["enabled in every account", "access key", "token", "suspended", "subscription"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("not enabled"), "{text}");
}

#[test]
fn a_folded_line_names_every_region() {
    let text = Cause::NotEnabled.remedy(Failed::at("events:ListRules", &place("ap-east-1")));
    let folded = text.replace("ap-east-1", "{region}");
    let regions: Vec<Region> = ["me-south-1", "ap-east-1", "me-south-1"]
        .iter()
        .filter_map(|name| Region::new(name))
        .collect();
    let told = for_regions(&folded, &regions);
    let line = told.split('`').find(|part| part.starts_with("regions:")).expect("the line");
    let yaml: serde_json::Value = serde_yaml::from_str(line).expect("YAML");
    let left: Vec<&str> = yaml["regions"]["except"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["region"].as_str())
        .collect();
    assert_eq!(left, ["ap-east-1", "me-south-1"]);
    assert!(told.starts_with("The regions ap-east-1, me-south-1 are not enabled"), "{told}");
    assert!(!told.contains("{region}"), "{told}");
    let text = Cause::NotEnabled.remedy(Failed::at("events:ListRules", &place("eu-west-1")));
    let folded = text.replace("eu-west-1", "{region}");
    let regions = ["us-east-1", "eu-west-1"].map(|name| Region::new(name).expect("a region"));
    let told = for_regions(&folded, &regions);
    assert!(told.starts_with("eu-west-1, us-east-1 are enabled in every account"), "{told}");
    assert_eq!(for_regions("Run again.", &regions), "Run again.");
}

#[test]
fn what_a_cause_means_for_the_next_step_is_what_its_code_meant() {
    for (cause, kind) in [
        (Cause::DENIED, CloudErrorKind::AccessDenied),
        (Cause::Expired, CloudErrorKind::NoCredentials),
        (Cause::Throttled, CloudErrorKind::Transient),
        (Cause::Unreachable(Obstacle::Dns), CloudErrorKind::Transient),
        (Cause::Unreachable(Obstacle::Certificate), CloudErrorKind::Refused),
        (Cause::Malformed, CloudErrorKind::Refused),
    ] {
        assert_eq!(cause.kind(), kind, "{cause:?}");
    }
}

/// The errors that the API references list for the calls that change something, beside those that
/// every call can have.
const LISTED: [(&str, &str); 35] = [
    (
        "cloudtrail:CreateTrail",
        "CloudTrailAccessNotEnabled CloudTrailInvalidClientTokenId CloudWatchLogsDeliveryUnavailable Conflict InsufficientDependencyServiceAccessPermission InsufficientEncryptionPolicy InsufficientS3BucketPolicy InsufficientSnsTopicPolicy InvalidCloudWatchLogsLogGroupArn InvalidCloudWatchLogsRoleArn InvalidKmsKeyId InvalidParameterCombination InvalidParameter InvalidS3BucketName InvalidS3Prefix InvalidSnsTopicName InvalidTagParameter InvalidTrailName Kms KmsKeyDisabled KmsKeyNotFound MaximumNumberOfTrailsExceeded NoManagementAccountSlrExists NotOrganizationMasterAccount OperationNotPermitted OrganizationNotInAllFeaturesMode OrganizationsNotInUse S3BucketDoesNotExist TagsLimitExceeded Throttling TrailAlreadyExists TrailNotProvided UnsupportedOperation",
    ),
    (
        "cloudtrail:UpdateTrail",
        "CloudTrailArnInvalid InvalidEventSelectors InvalidHomeRegion KmsKeyNotFound TrailNotFound",
    ),
    (
        "cloudtrail:StartLogging",
        "CloudTrailArnInvalid Conflict InvalidHomeRegion InvalidTrailName OperationNotPermitted TrailNotFound UnsupportedOperation",
    ),
    ("cloudtrail:PutEventSelectors", "InvalidEventSelectors InvalidHomeRegion TrailNotFound"),
    (
        "cloudtrail:AddTags",
        "CloudTrailArnInvalid Conflict InvalidTagParameter InvalidTrailName ResourceNotFound ResourceTypeNotSupported TagsLimitExceeded",
    ),
    ("cloudtrail:RemoveTags", "CloudTrailArnInvalid InvalidTagParameter ResourceNotFound"),
    (
        "events:PutRule",
        "ConcurrentModification Internal InvalidEventPattern LimitExceeded ManagedRule ResourceNotFound",
    ),
    (
        "events:PutTargets",
        "ConcurrentModification Internal LimitExceeded ManagedRule ResourceNotFound",
    ),
    ("events:RemoveTargets", "ConcurrentModification Internal ManagedRule ResourceNotFound"),
    ("events:DeleteRule", "ConcurrentModification Internal ManagedRule ResourceNotFound"),
    (
        "events:CreateEventBus",
        "ConcurrentModification Internal InvalidState LimitExceeded OperationDisabled ResourceAlreadyExists ResourceNotFound",
    ),
    ("events:DeleteEventBus", "ConcurrentModification Internal"),
    (
        "events:PutPermission",
        "ConcurrentModification Internal OperationDisabled PolicyLengthExceeded ResourceNotFound",
    ),
    ("events:TagResource", "ConcurrentModification Internal ManagedRule ResourceNotFound"),
    (
        "sns:CreateTopic",
        "AuthorizationError ConcurrentAccess InternalError InvalidParameter InvalidSecurity StaleTag TagLimitExceeded TagPolicy TopicLimitExceeded",
    ),
    ("sns:SetTopicAttributes", "AuthorizationError InternalError InvalidParameter NotFound"),
    (
        "sns:Subscribe",
        "AuthorizationError FilterPolicyLimitExceeded InternalError InvalidParameter NotFound SubscriptionLimitExceeded",
    ),
    ("sns:SetSubscriptionAttributes", "FilterPolicyLimitExceeded InvalidParameter NotFound"),
    ("sns:DeleteTopic", "ConcurrentAccess InvalidState NotFound StaleTag TagPolicy"),
    (
        "sns:TagResource",
        "ConcurrentAccess InvalidParameter ResourceNotFound StaleTag TagLimitExceeded TagPolicy",
    ),
    ("sns:Unsubscribe", "AuthorizationError InvalidParameter NotFound"),
    (
        "sqs:CreateQueue",
        "InvalidAddress InvalidAttributeName InvalidAttributeValue InvalidSecurity QueueDeletedRecently QueueNameExists RequestThrottled UnsupportedOperation",
    ),
    (
        "sqs:SetQueueAttributes",
        "InvalidAddress InvalidAttributeName InvalidAttributeValue OverLimit QueueDoesNotExist",
    ),
    ("sqs:DeleteQueue", "InvalidAddress QueueDoesNotExist UnsupportedOperation"),
    ("sqs:TagQueue", "InvalidAddress QueueDoesNotExist UnsupportedOperation"),
    (
        "iam:CreateRole",
        "ConcurrentModification EntityAlreadyExists InvalidInput LimitExceeded MalformedPolicyDocument ServiceFailure",
    ),
    (
        "iam:PutRolePolicy",
        "LimitExceeded MalformedPolicyDocument NoSuchEntity ServiceFailure UnmodifiableEntity",
    ),
    (
        "iam:DeleteRole",
        "ConcurrentModification DeleteConflict LimitExceeded NoSuchEntity UnmodifiableEntity",
    ),
    ("iam:DeleteRolePolicy", "LimitExceeded NoSuchEntity UnmodifiableEntity"),
    (
        "iam:UpdateAssumeRolePolicy",
        "LimitExceeded MalformedPolicyDocument NoSuchEntity UnmodifiableEntity",
    ),
    ("iam:TagRole", "ConcurrentModification InvalidInput LimitExceeded NoSuchEntity"),
    (
        "states:CreateStateMachine",
        "Conflict InvalidArn InvalidDefinition InvalidEncryptionConfiguration InvalidName KmsAccessDenied KmsThrottling StateMachineAlreadyExists StateMachineDeleting StateMachineLimitExceeded StateMachineTypeNotSupported TooManyTags Validation",
    ),
    (
        "states:UpdateStateMachine",
        "Conflict InvalidArn InvalidDefinition InvalidEncryptionConfiguration MissingRequiredParameter ServiceQuotaExceeded StateMachineDeleting StateMachineDoesNotExist Validation",
    ),
    (
        "s3:CreateBucket",
        "BucketAlreadyExists IllegalLocationConstraint InvalidBucketName OperationAborted TooManyBuckets",
    ),
    ("s3:PutBucketPolicy", "MalformedPolicy NoSuchBucket OperationAborted InvalidArgument"),
];

#[test]
fn every_error_that_a_change_can_have_has_a_cause_of_its_own() {
    for (operation, codes) in LISTED {
        for code in codes.split(' ') {
            for spelled in [code.to_owned(), format!("{code}Exception")] {
                let cause = Cause::said(operation, &spelled, "", Some(400));
                if cause != Cause::Other {
                    let remedy = cause.remedy(Failed::call(operation));
                    assert!(remedy.ends_with('.'), "{operation} {code}: {remedy}");
                }
            }
            let known = [code.to_owned(), format!("{code}Exception")]
                .iter()
                .any(|code| Cause::said(operation, code, "", Some(400)) != Cause::Other);
            assert!(known, "{operation} {code}");
        }
    }
    let names: std::collections::BTreeSet<&str> =
        Refusal::ALL.iter().map(|refusal| refusal.name()).collect();
    assert_eq!(names.len(), Refusal::ALL.len());
}

#[test]
fn what_a_remedy_says_to_type_is_shown_as_it_is_to_be_typed() {
    let place = place("ap-east-1");
    for cause in Cause::all() {
        for operation in crate::permissions::every_call() {
            let remedy = cause.remedy(Failed::at(operation, &place));
            assert_eq!(crate::secret::hidden(&remedy), remedy);
            assert_eq!(crate::secret::hidden_in_log(&remedy), remedy);
        }
    }
}
