//! Translates the SDK's errors into the port's: by code, with hints for common problems.

use aws_credential_types::provider::error::CredentialsError;
use aws_runtime::retries::classifiers::THROTTLING_ERRORS;
use aws_sdk_sts::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use ctguard_core::cloud::{CloudError, CloudErrorKind};
use ctguard_core::snapshot::Observed;
use std::error::Error;

/// Longest message kept, in characters: AWS's own can carry a whole policy.
const MESSAGE_MAX_CHARS: usize = 400;

/// Codes for a missing object or setting.
///
/// SQS has two spellings: that of the JSON protocol, and the older one that it sends as well.
const NOT_FOUND: [&str; 18] = [
    "AWS.SimpleQueueService.NonExistentQueue",
    "NoSuchBucket",
    "NoSuchBucketPolicy",
    "NoSuchEntity",
    "NoSuchEntityException",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "NoSuchTagSet",
    "NoSuchTagSetError",
    "NotFound",
    "NotFoundException",
    "OwnershipControlsNotFoundError",
    "QueueDoesNotExist",
    "ResourceNotFound",
    "ResourceNotFoundException",
    "ServerSideEncryptionConfigurationNotFoundError",
    "TrailNotFound",
    "TrailNotFoundException",
];

const DENIED: [&str; 9] = [
    "AccessDenied",
    "AccessDeniedException",
    "AllAccessDisabled",
    "AuthorizationError",
    "AuthorizationErrorException",
    "Forbidden",
    "NotAuthorized",
    "UnauthorizedAccess",
    "UnauthorizedOperation",
];

const BAD_CREDENTIALS: [&str; 8] = [
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
    "UnrecognizedClient",
    "UnrecognizedClientException",
];

const EXPIRED: [&str; 4] =
    ["ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"];

/// Transient error codes other than throttling.
const BUSY: [&str; 5] = [
    "InternalError",
    "InternalException",
    "InternalFailure",
    "RequestTimeout",
    "ServiceUnavailable",
];

/// One of the SDK's throttling codes with another meaning here: a quota, such as that of rules on a
/// bus, is exhausted.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html>
const QUOTA_USED_UP: &str = "LimitExceededException";

/// Whether the error is a throttle.
pub(super) fn is_throttled(error: &CloudError) -> bool {
    says_throttled(&error.code)
}

/// Whether an error code, or a text that contains one, is a throttle.
pub(super) fn says_throttled(text: &str) -> bool {
    THROTTLING_ERRORS.iter().any(|code| *code != QUOTA_USED_UP && text.contains(code))
}

/// Whether the error means that the object does not exist.
pub(super) fn is_not_found(error: &CloudError) -> bool {
    NOT_FOUND.contains(&error.code.as_str())
}

/// Turns "not there" into `None`, and leaves other errors as they are.
pub(super) fn absent<T>(result: Result<T, CloudError>) -> Result<Option<T>, CloudError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if is_not_found(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The result of a read, as a part of a snapshot.
pub(super) fn observed<T>(result: Result<Option<T>, CloudError>) -> Observed<T> {
    match result {
        Ok(Some(value)) => Observed::Known(value),
        Ok(None) => Observed::Absent,
        Err(error) => Observed::Unreadable((&error).into()),
    }
}

/// A malformed response.
pub(super) fn bad_response(operation: &str, message: impl Into<String>) -> CloudError {
    refused(operation, "BadResponse", message)
}

/// A request that cannot be made.
pub(super) fn bad_request(operation: &str, message: impl Into<String>) -> CloudError {
    refused(operation, "InvalidRequest", message)
}

/// An error that no further call can fix.
pub(super) fn refused(operation: &str, code: &str, message: impl Into<String>) -> CloudError {
    CloudError {
        operation: operation.to_owned(),
        code: code.to_owned(),
        message: message.into(),
        request_id: None,
        kind: CloudErrorKind::Refused,
    }
}

/// Translates an error of the SDK.
pub(super) fn from_sdk<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> CloudError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let (code, message) = match error {
        // A success status with a malformed body also counts as a service error.
        SdkError::ServiceError(failure) if failure.raw().status().is_success() => {
            ("BadResponse".to_owned(), chain(error))
        }
        SdkError::ServiceError(failure) => {
            let status = failure.raw().status().as_u16();
            let code = failure.err().code().map_or_else(|| format!("Http{status}"), str::to_owned);
            let message = failure.err().message().map_or_else(
                || format!("the answer was HTTP {status} without an error of AWS's"),
                str::to_owned,
            );
            (code, message)
        }
        SdkError::ResponseError(_) => ("BadResponse".to_owned(), chain(error)),
        SdkError::TimeoutError(_) => ("Timeout".to_owned(), chain(error)),
        _ if no_credentials(error) => ("NoCredentials".to_owned(), chain(error)),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            ("Timeout".to_owned(), chain(error))
        }
        SdkError::DispatchFailure(_) => ("Dispatch".to_owned(), chain(error)),
        _ => ("InvalidRequest".to_owned(), chain(error)),
    };
    let status = error.raw_response().map(|response| response.status().as_u16());
    let mut message = shorten(&message);
    if let Some(hint) = hint(operation, &code, &message) {
        message = format!("{message}; {hint}");
    }
    CloudError {
        operation: operation.to_owned(),
        kind: kind(operation, &code, status),
        code,
        message,
        request_id: error.request_id().map(str::to_owned),
    }
}

pub(super) fn kind(operation: &str, code: &str, status: Option<u16>) -> CloudErrorKind {
    match code {
        "NoCredentials" => CloudErrorKind::NoCredentials,
        "Timeout" | "Dispatch" => CloudErrorKind::Transient,
        code if EXPIRED.contains(&code) => CloudErrorKind::NoCredentials,
        // All other calls follow GetCallerIdentity, so there the same codes mean a region that is
        // not enabled in this account.
        code if BAD_CREDENTIALS.contains(&code) && operation == "sts:GetCallerIdentity" => {
            CloudErrorKind::NoCredentials
        }
        code if BAD_CREDENTIALS.contains(&code) || DENIED.contains(&code) => {
            CloudErrorKind::AccessDenied
        }
        code if BUSY.contains(&code) || says_throttled(code) => CloudErrorKind::Transient,
        _ => match status {
            Some(401 | 403) => CloudErrorKind::AccessDenied,
            Some(500..) => CloudErrorKind::Transient,
            _ => CloudErrorKind::Refused,
        },
    }
}

/// The hint for an error, if there is one.
fn hint(operation: &str, code: &str, message: &str) -> Option<&'static str> {
    match code {
        "NoCredentials" => Some(
            "sign in (`aws sso login`), choose a profile (`--profile`), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ),
        code if EXPIRED.contains(&code) => {
            Some("the credentials have expired: sign in again (`aws sso login`) or renew them")
        }
        code if BAD_CREDENTIALS.contains(&code) && operation == "sts:GetCallerIdentity" => {
            Some("AWS does not know these credentials: check the profile and the partition")
        }
        code if BAD_CREDENTIALS.contains(&code) => {
            Some("the region may not be enabled in this account")
        }
        "Dispatch" if message.contains("dns error") => {
            Some("no such host: is the region's name right, and does the service exist there?")
        }
        "Dispatch" if message.contains("onnection refused") => {
            Some("nothing answers there: is AWS_ENDPOINT_URL right, or a proxy in the way?")
        }
        "Dispatch" if message.contains("certificate") => Some(
            "this machine does not trust the server's certificate: install ca-certificates, or name a proxy's with SSL_CERT_FILE",
        ),
        code if DENIED.contains(&code) && operation.starts_with("organizations:") => Some(
            "only the management account of the organization, or a member that is a delegated administrator for some service, may list its accounts",
        ),
        "Timeout" => {
            Some("no answer in time: check the network, and VPC endpoints if there are any")
        }
        _ => None,
    }
}

fn no_credentials(error: &(dyn Error + 'static)) -> bool {
    sources(error).any(|source| source.downcast_ref::<CredentialsError>().is_some())
}

fn sources<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// The messages of an error and its causes, without those that only repeat the one above.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    for source in sources(error) {
        let text = source.to_string();
        if parts.last().is_none_or(|last| !last.contains(&text)) {
            parts.push(text);
        }
    }
    parts.join(": ")
}

/// One line of bounded length.
fn shorten(message: &str) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MESSAGE_MAX_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_decide_what_happens_next() {
        use CloudErrorKind::{AccessDenied, NoCredentials, Refused, Transient};
        for (operation, code, status, expected) in [
            ("events:PutRule", "AccessDeniedException", Some(400), AccessDenied),
            ("sns:GetTopicAttributes", "AuthorizationError", Some(403), AccessDenied),
            ("sts:GetCallerIdentity", "InvalidClientTokenId", Some(403), NoCredentials),
            // A region that is not enabled gives this error even for valid credentials.
            ("events:ListRules", "UnrecognizedClientException", Some(400), AccessDenied),
            ("events:ListRules", "ExpiredTokenException", Some(400), NoCredentials),
            ("events:ListRules", "ThrottlingException", Some(400), Transient),
            ("s3:HeadBucket", "Http403", Some(403), AccessDenied),
            ("organizations:ListAccounts", "TooManyRequestsException", Some(400), Transient),
            ("sns:Publish", "ThrottledException", Some(400), Transient),
            ("events:PutRule", "LimitExceededException", Some(400), Refused),
            ("events:ListRules", "Http502", Some(502), Transient),
            ("events:ListRules", "Http404", Some(404), Refused),
            ("events:PutRule", "ValidationException", Some(400), Refused),
            ("events:PutRule", "Timeout", None, Transient),
            ("events:PutRule", "NoCredentials", None, NoCredentials),
        ] {
            assert_eq!(kind(operation, code, status), expected, "{operation} {code}");
        }
    }

    #[test]
    fn an_answer_without_a_code_is_never_taken_for_absent() {
        let error = |code: &str| CloudError {
            operation: "events:ListRules".to_owned(),
            code: code.to_owned(),
            message: String::new(),
            request_id: None,
            kind: CloudErrorKind::Refused,
        };
        assert!(!is_not_found(&error("Http404")), "a proxy's 404 page would delete every rule");
        assert!(is_not_found(&error("ResourceNotFoundException")));
        assert!(is_not_found(&error("QueueDoesNotExist")));
        assert!(is_not_found(&error("AWS.SimpleQueueService.NonExistentQueue")));
    }

    #[test]
    fn messages_are_one_line_of_bounded_length() {
        assert_eq!(shorten("a\n  b\tc"), "a b c");
        let long = shorten(&"ä".repeat(5_000));
        assert_eq!(long.chars().count(), MESSAGE_MAX_CHARS + 1);
    }
}
