//! Calls that fail for another cause than a denial, each in the words of its service.

use super::refusal::Refusal;
use super::state::Failure;
use ctguard_core::cause::Cause;

/// What the caller of a call that fails is told.
pub fn refusal(how: Failure, operation: &str, caller: &str) -> Refusal {
    let (code, message) = words(how, operation, caller);
    let kind = Cause::said(operation, code, &message, None).kind();
    let kept = Cause::kept(operation, code, &message, kind);
    Refusal { code, message, kind: kept.kind(), operation: None }
}

/// Each service has its own error code for a denial.
pub fn denial_code(operation: &str) -> &'static str {
    match operation.split(':').next() {
        Some("sns") => "AuthorizationError",
        Some("s3" | "sts" | "sqs" | "iam" | "cloudwatch") => "AccessDenied",
        _ => "AccessDeniedException",
    }
}

/// What AWS says when no policy allows a call. S3 names the type of the policy in the account of
/// the bucket.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html>
pub fn denial(operation: &str, caller: &str) -> String {
    let said = format!("User: {caller} is not authorized to perform: {operation}");
    match operation.starts_with("s3:") {
        true => format!("{said} because no identity-based policy allows the {operation} action"),
        false => said,
    }
}

/// AWS's code and message, or those of the network, for a call.
///
/// Source: the pages "Common errors" of each service's API reference, such as
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/CommonErrors.html>, and
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
fn words(how: Failure, operation: &str, caller: &str) -> (&'static str, String) {
    let service = operation.split(':').next().unwrap_or_default();
    match how {
        Failure::Denied => (denial_code(operation), denial(operation, caller)),
        Failure::DeniedByOrganization => {
            let said = format!(
                "User: {caller} is not authorized to perform: {operation} with an explicit deny in a service control policy"
            );
            (denial_code(operation), said)
        }
        Failure::Expired => {
            let code = match service {
                "iam" | "s3" | "sns" | "sqs" | "sts" | "cloudwatch" => "ExpiredToken",
                _ => "ExpiredTokenException",
            };
            (code, "the security token included in the request is expired".to_owned())
        }
        Failure::Throttled => (throttled(service), "Rate exceeded".to_owned()),
        Failure::Unreachable => {
            ("Dispatch", "tcp connect error: Connection refused (os error 111)".to_owned())
        }
        Failure::TimedOut => ("Timeout", "no answer came in time".to_owned()),
        Failure::NotEnabled => {
            let code = match service {
                "iam" | "sns" | "sqs" | "sts" | "cloudwatch" => "InvalidClientTokenId",
                "s3" => "InvalidAccessKeyId",
                _ => "UnrecognizedClientException",
            };
            (code, "the security token included in the request is invalid".to_owned())
        }
        Failure::NotFound => (not_found(service), "it does not exist".to_owned()),
        Failure::Malformed => ("BadResponse", "the answer is not one of AWS's".to_owned()),
        Failure::TooLarge => ("Http413", "Payload Too Large".to_owned()),
        Failure::ServerError => match service {
            "s3" => ("InternalError", "we encountered an internal error".to_owned()),
            _ => ("InternalFailure", "an internal error has occurred".to_owned()),
        },
    }
}

fn throttled(service: &str) -> &'static str {
    match service {
        "s3" => "SlowDown",
        "sns" => "Throttled",
        "sqs" => "RequestThrottled",
        "iam" | "sts" | "cloudwatch" => "Throttling",
        "lambda" | "account" | "organizations" => "TooManyRequestsException",
        _ => "ThrottlingException",
    }
}

fn not_found(service: &str) -> &'static str {
    match service {
        "cloudtrail" => "TrailNotFoundException",
        "iam" => "NoSuchEntity",
        "kms" => "NotFoundException",
        "organizations" => "AWSOrganizationsNotInUseException",
        "s3" => "NoSuchBucket",
        "sns" => "NotFound",
        "sqs" => "AWS.SimpleQueueService.NonExistentQueue",
        _ => "ResourceNotFoundException",
    }
}
