//! Translates the SDK's errors into the port's, each with its cause.
//!
//! What AWS says is read by [`ctguard_core::cause::words`]; what went wrong on the way to AWS is
//! told from the SDK's own types here.

use super::chain::{chain, reason, shorten, sources};
use super::foreign;
use super::foreign::{is_foreign, is_page};
use super::transport::TooLong;
use super::tunnel;
use super::way::{Blocked, Stranger, Way, direct};
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::operation::RequestId;
use aws_smithy_runtime_api::client::dns::ResolveDnsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use ctguard_core::cause::words::says_not_found;
use ctguard_core::cause::{Cause, CredentialSource, Obstacle};
use ctguard_core::cloud::{CloudError, CloudErrorKind};
use ctguard_core::snapshot::Observed;
use std::error::Error;

/// Longest message kept, in characters: AWS's own can carry a whole policy.
const MESSAGE_MAX_CHARS: usize = 400;

/// Whether the error is a throttle.
pub(super) fn is_throttled(error: &CloudError) -> bool {
    error.cause() == Cause::Throttled
}

/// Whether the error means that the object does not exist.
pub(super) fn is_not_found(error: &CloudError) -> bool {
    says_not_found(&error.code)
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

/// The list of an answer. AWS's own services send an empty list where there is nothing; an answer without the
/// list is somebody else's, such as a proxy's, and says nothing of what is there.
pub(super) fn listed<T>(operation: &str, list: Option<Vec<T>>) -> Result<Vec<T>, CloudError> {
    list.ok_or_else(|| bad_response(operation, "the answer has no list"))
}

/// An answer, or a list of answers, that is longer than any of AWS's.
pub(super) fn too_large(operation: &str, message: impl Into<String>) -> CloudError {
    CloudError { cause: Cause::TooLarge, ..refused(operation, TOO_LARGE, message) }
}

/// The code of an answer that is longer than any of AWS's.
const TOO_LARGE: &str = "AnswerTooLarge";

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
        cause: Cause::Unstated,
    }
}

/// Why the source of credentials gives none. It passes through the SDK, which says of it only that
/// there are no credentials.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(super) struct NotProvided(pub(super) CloudError);

/// Says that a source gives no credentials, and why.
pub(super) fn not_provided(source: CredentialSource, code: &str, why: String) -> CredentialsError {
    let cause = Cause::SourceFailed(source);
    let message = shorten(&ctguard_core::secret::hidden(&why), MESSAGE_MAX_CHARS);
    let error = CloudError { kind: cause.kind(), cause, ..refused("credentials", code, message) };
    CredentialsError::provider_error(NotProvided(error))
}

/// What is said where no source has credentials.
const NO_CREDENTIALS: &str = "no AWS credentials were found in the environment, in the AWS files, from a container or from the machine";

/// Translates an error of the SDK.
pub(super) fn from_sdk<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> CloudError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    if let Some(NotProvided(why)) = sources(error).find_map(|source| source.downcast_ref()) {
        return why.clone();
    }
    let (code, message, cause) = match error {
        // A success status with a malformed body also counts as a service error.
        _ if is_too_long(error) => (TOO_LARGE.to_owned(), chain(error), Cause::TooLarge),
        SdkError::ServiceError(failure) if failure.raw().status().is_success() => {
            ("BadResponse".to_owned(), foreign::told(failure.raw()), Cause::Malformed)
        }
        SdkError::ServiceError(failure) => {
            said(operation, failure.err().code(), failure.err().message(), failure.raw())
        }
        // Without a code of AWS's in the body, some of the SDK's clients give up on the answer.
        SdkError::ResponseError(failure) if !failure.raw().status().is_success() => {
            said(operation, None, None, failure.raw())
        }
        SdkError::ResponseError(failure) => {
            ("BadResponse".to_owned(), foreign::told(failure.raw()), Cause::Malformed)
        }
        SdkError::TimeoutError(_) => {
            ("Timeout".to_owned(), chain(error), Cause::Unreachable(Obstacle::Timeout))
        }
        _ if no_credentials(error) => {
            let why = reason(error);
            let message = format!("{NO_CREDENTIALS} ({why})");
            ("NoCredentials".to_owned(), message, Cause::NoCredentials)
        }
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            let obstacle = blocked(error).unwrap_or(Obstacle::Timeout);
            ("Timeout".to_owned(), chain(error), Cause::Unreachable(obstacle))
        }
        SdkError::DispatchFailure(_) if sources(error).any(|source| source.is::<Stranger>()) => {
            ("BadResponse".to_owned(), chain(error), Cause::Malformed)
        }
        SdkError::DispatchFailure(failure) => {
            let message = chain(error);
            let cause = match failure.is_io() || failure.is_user() || blocked(error).is_some() {
                true => Cause::Unreachable(obstacle(error, &message)),
                false => elsewhere(error, &message),
            };
            ("Dispatch".to_owned(), message, cause)
        }
        _ => {
            let message = chain(error);
            let cause =
                if is_configuration(&message) { Cause::Configuration } else { Cause::Other };
            ("InvalidRequest".to_owned(), message, cause)
        }
    };
    let kind = kind_of(cause, error.raw_response().map(|response| response.status().as_u16()));
    CloudError {
        operation: operation.to_owned(),
        kind,
        code,
        message: shorten(&ctguard_core::secret::hidden(&message), MESSAGE_MAX_CHARS),
        request_id: error.request_id().map(str::to_owned),
        cause,
    }
}

/// Code, message and cause of an answer that is an error.
fn said(
    operation: &str,
    code: Option<&str>,
    message: Option<&str>,
    answer: &HttpResponse,
) -> (String, String, Cause) {
    let status = answer.status().as_u16();
    // Of some bare answers the SDK makes up a code by the status.
    let bare = answer.body().bytes().unwrap_or_default().is_empty();
    let Some(code) = code.filter(|_| !(bare && is_foreign(operation, answer))) else {
        let foreign = is_foreign(operation, answer);
        let message = match message {
            _ if foreign => foreign::told(answer),
            Some(message) => message.to_owned(),
            None => format!("the answer was HTTP {status} without an error of AWS's"),
        };
        let by_proxy = answer.extension::<Way>().and_then(|way| way.proxy.as_ref());
        if let (Some(proxy), 300..=399 | 407 | 403 | 502..=504 | 511, true) =
            (by_proxy, status, foreign || status < 400)
        {
            let message = format!("the proxy {proxy:?} may have answered: {message}");
            let cause = Cause::Unreachable(tunnel::of_status(Some(status)));
            return (format!("Http{status}"), message, cause);
        }
        let message = match by_proxy.filter(|_| foreign) {
            Some(proxy) => format!("the proxy {proxy:?} may have answered: {message}"),
            None => message,
        };
        // Of these statuses everybody means the same.
        let plain = !is_page(answer) && matches!(status, 413 | 429 | 431);
        let cause = match foreign && status != 407 && !plain {
            true => Cause::Malformed,
            false => Cause::of_status(Some(status)).unwrap_or(Cause::Other),
        };
        return (format!("Http{status}"), message, cause);
    };
    let cause = Cause::said(operation, code, message.unwrap_or_default(), Some(status));
    let message = message
        .map_or_else(|| format!("the answer was HTTP {status} without a message"), str::to_owned);
    (code.to_owned(), message, cause)
}

/// What was in the way at a proxy.
pub(super) fn blocked(error: &(dyn Error + 'static)) -> Option<Obstacle> {
    sources(error)
        .find_map(|source| source.downcast_ref::<Blocked>())
        .map(|blocked| blocked.obstacle)
}

/// What was in the way, from the types of the errors below and then from their words.
fn obstacle(error: &(dyn Error + 'static), message: &str) -> Obstacle {
    if let Some(found) = blocked(error).or_else(|| direct(error)) {
        return found;
    }
    let mut refused = false;
    for source in sources(error) {
        if source.downcast_ref::<ResolveDnsError>().is_some() {
            return Obstacle::Dns;
        }
        if let Some(io) = source.downcast_ref::<std::io::Error>() {
            refused |= io.kind() == std::io::ErrorKind::ConnectionRefused;
        }
    }
    match Obstacle::of(message) {
        Obstacle::Lost if refused => Obstacle::Connection,
        obstacle => obstacle,
    }
}

/// The cause of a failure before anything was sent: no endpoint, or a certificate that no
/// connection gets past.
fn elsewhere(error: &(dyn Error + 'static), message: &str) -> Cause {
    match obstacle(error, message) {
        found @ Obstacle::Dns => Cause::Unreachable(found),
        _ if is_configuration(message) => Cause::Configuration,
        found => Cause::Unreachable(found),
    }
}

/// Whether the SDK found no endpoint for the configuration, or could not use it.
///
/// Source: the error texts of the SDK's endpoint rules, such as "Invalid Configuration: FIPS and
/// custom endpoint are not supported".
fn is_configuration(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    [
        "invalid configuration",
        "fips",
        "dualstack",
        "resolving the endpoint",
        "endpoint rule",
        "native root certificates",
        "ca bundle",
    ]
    .iter()
    .any(|words| message.contains(words))
}

/// What a cause means for what is done next; an answer of a server is still one that may pass.
fn kind_of(cause: Cause, status: Option<u16>) -> CloudErrorKind {
    match (cause, status) {
        (Cause::Other | Cause::Malformed, Some(500..)) => CloudErrorKind::Transient,
        (cause, _) => cause.kind(),
    }
}

/// The kind of an error with this code.
pub(super) fn kind(operation: &str, code: &str, status: Option<u16>) -> CloudErrorKind {
    let cause = Cause::kept(operation, code, "", CloudErrorKind::Refused);
    match (cause, status) {
        (Cause::Other, Some(status)) => {
            Cause::of_status(Some(status)).map_or(CloudErrorKind::Refused, Cause::kind)
        }
        (cause, _) => cause.kind(),
    }
}

fn no_credentials(error: &(dyn Error + 'static)) -> bool {
    sources(error).any(|source| source.downcast_ref::<CredentialsError>().is_some())
}

/// Whether the reading of an answer ended at the limit of [`super::transport`].
fn is_too_long(error: &(dyn Error + 'static)) -> bool {
    sources(error).any(|source| source.downcast_ref::<TooLong>().is_some())
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
            cause: Cause::Unstated,
        };
        assert!(!is_not_found(&error("Http404")), "a proxy's 404 page would delete every rule");
        assert!(is_not_found(&error("ResourceNotFoundException")));
        assert!(is_not_found(&error("QueueDoesNotExist")));
        assert!(is_not_found(&error("AWS.SimpleQueueService.NonExistentQueue")));
    }

    #[test]
    fn messages_are_one_line_of_bounded_length() {
        assert_eq!(shorten("a\n  b\tc", 10), "a b c");
        let long = shorten(&"ä".repeat(5_000), MESSAGE_MAX_CHARS);
        assert_eq!(long.chars().count(), MESSAGE_MAX_CHARS + 1);
    }
}
