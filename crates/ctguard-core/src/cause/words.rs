//! Reads the cause of a failure from AWS's words: the error code, the message and the HTTP status.
//!
//! The same cause has other codes in each service and protocol. Sources:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html> (which policy
//! denies), <https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html>,
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html> (`AuthFailure`,
//! `OptInRequired`), <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>, and the
//! errors of each operation in the API references.

use super::{Cause, CloudErrorKind, Denial, Obstacle, PolicyType, Refusal};

/// CloudTrail's code where it is no trusted service of the organization.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html>
const NO_TRUSTED_ACCESS: &str = "CloudTrailAccessNotEnabledException";

/// Codes for a missing object or setting.
///
/// SQS has two spellings: that of the JSON protocol, and the older one that it sends as well.
const NOT_FOUND: [&str; 23] = [
    "AWS.SimpleQueueService.NonExistentQueue",
    "AWSOrganizationsNotInUseException",
    "ChildNotFoundException",
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
    "ParameterNotFound",
    "ParameterVersionNotFound",
    "QueueDoesNotExist",
    "ResourceNotFound",
    "ResourceNotFoundException",
    "ServerSideEncryptionConfigurationNotFoundError",
    "StateMachineDoesNotExist",
    "TrailNotFound",
    "TrailNotFoundException",
];

const DENIED: [&str; 16] = [
    "AccessDenied",
    "AccessDeniedException",
    "AccessDeniedForDependencyException",
    "AllAccessDisabled",
    "AuthorizationError",
    "AuthorizationErrorException",
    "Forbidden",
    "InvalidSecurity",
    "KMSAccessDenied",
    "KMSAccessDeniedException",
    "KmsAccessDenied",
    "KmsAccessDeniedException",
    "KMS.AccessDeniedException",
    "NotAuthorized",
    "UnauthorizedAccess",
    "UnauthorizedOperation",
];

/// The credentials are not valid where they were used: everywhere, or in a region that is not
/// enabled in their account.
const BAD_CREDENTIALS: [&str; 9] = [
    "AuthFailure",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "UnrecognizedClient",
    "UnrecognizedClientException",
    "NotSignedUp",
];

/// The account has not signed up to the service or the region.
const NOT_SUBSCRIBED: [&str; 6] = [
    "AccountNotEnabled",
    "OptInRequired",
    "RegionDisabledException",
    "RegionDisabled",
    "SubscriptionRequired",
    "SubscriptionRequiredException",
];

const EXPIRED: [&str; 3] = ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"];

/// Codes that say that the time of a request is too far from AWS's.
const CLOCK: [&str; 4] =
    ["RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture", "InvalidSignatureTime"];

const SIGNATURE: [&str; 4] = [
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
];

/// Codes of throttling in the models of all services that ctguard calls.
///
/// SNS words it `Throttled` (429) and `KMSThrottling`; SQS `RequestThrottled` and
/// `KMS.ThrottlingException`; S3 `SlowDown`. `LimitExceededException` is not one of them: here it
/// means a quota, such as that of rules on a bus. Sources:
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html>,
/// <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors>,
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
const THROTTLED: [&str; 22] = [
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "KMS.ThrottlingException",
    "KMSThrottling",
    "KMSThrottlingException",
    "KmsThrottled",
    "KmsThrottlingException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "Throttled",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "Throttling.RateExceeded",
    "TooManyRequests",
    "TooManyRequestsException",
    "TransactionInProgressException",
    "RateExceeded",
];

const TOO_LARGE: [&str; 8] = [
    "EntityTooLarge",
    "MaxMessageLengthExceeded",
    "PackedPolicyTooLarge",
    "PolicyLengthExceededException",
    "RequestEntityTooLarge",
    "RequestEntityTooLargeException",
    "RequestHeaderSectionTooLarge",
    "RequestTooLarge",
];

/// Faults on AWS's side.
const SERVER_ERROR: [&str; 12] = [
    "InternalError",
    "InternalErrorException",
    "InternalException",
    "InternalFailure",
    "InternalServerError",
    "InternalServiceError",
    "KMSInternalException",
    "RequestTimeout",
    "ServiceException",
    "ServiceFailure",
    "ServiceUnavailable",
    "ServiceUnavailableException",
];

/// "Too many requests", whatever the body.
const TOO_MANY: u16 = 429;

/// Whether a code says that an object or setting does not exist.
pub fn says_not_found(code: &str) -> bool {
    // Beside these two, of which one is about the caller's account and the other about a child of a
    // unit: neither is an object that ctguard would make.
    !matches!(code, "AWSOrganizationsNotInUseException" | "ChildNotFoundException")
        && NOT_FOUND.contains(&code)
}

/// Whether an error code is one of throttling.
pub fn is_throttling(code: &str) -> bool {
    THROTTLED.contains(&code)
}

/// Whether a text, such as the body of an answer, has a code of throttling in it.
pub fn mentions_throttling(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric();
    THROTTLED.iter().any(|code| {
        text.match_indices(code).any(|(at, _)| {
            let before = at.checked_sub(1).and_then(|at| text.as_bytes().get(at));
            let after = text.as_bytes().get(at + code.len());
            !before.is_some_and(|byte| is_word(*byte)) && !after.is_some_and(|byte| is_word(*byte))
        })
    })
}

impl Cause {
    /// The cause of an error that AWS told.
    ///
    /// All other calls follow GetCallerIdentity, so there the codes for credentials that AWS does
    /// not know mean a region that is not enabled in the account.
    pub fn said(operation: &str, code: &str, message: &str, status: Option<u16>) -> Self {
        // SQS puts the older code behind the one of its protocol, and other services a namespace
        // before it.
        let code = code.rsplit('#').next().unwrap_or(code);
        let code = code.split([':', ';']).next().unwrap_or(code);
        if EXPIRED.contains(&code) {
            return Self::Expired;
        }
        if CLOCK.contains(&code) || SIGNATURE.contains(&code) && is_about_time(message) {
            return Self::Clock;
        }
        if SIGNATURE.contains(&code) {
            return Self::Signature;
        }
        if NOT_SUBSCRIBED.contains(&code) {
            return Self::NotEnabled;
        }
        if BAD_CREDENTIALS.contains(&code) {
            return match operation {
                "sts:GetCallerIdentity" => Self::UnknownCredentials,
                _ => Self::NotEnabled,
            };
        }
        if DENIED.contains(&code) {
            return Self::denied(code, message);
        }
        if THROTTLED.contains(&code) || status == Some(TOO_MANY) {
            return Self::Throttled;
        }
        if code == NO_TRUSTED_ACCESS {
            return Self::Distrusted;
        }
        if NOT_FOUND.contains(&code) {
            return Self::NotFound;
        }
        if TOO_LARGE.contains(&code) {
            return Self::TooLarge;
        }
        if SERVER_ERROR.contains(&code) {
            return Self::ServerError;
        }
        if let Some(refusal) = Refusal::of(operation, code) {
            return Self::Refused(refusal);
        }
        Self::of_status(status).unwrap_or(Self::Other)
    }

    /// The cause of an answer without a code of AWS's.
    pub fn of_status(status: Option<u16>) -> Option<Self> {
        Some(match status? {
            407 => Self::Unreachable(Obstacle::ProxySignIn),
            401 | 403 => Self::DENIED,
            413 | 431 => Self::TooLarge,
            TOO_MANY => Self::Throttled,
            300..=399 => Self::Malformed,
            500.. => Self::ServerError,
            _ => return None,
        })
    }

    /// The cause of a failure of which only code, message and kind were kept.
    pub fn kept(operation: &str, code: &str, message: &str, kind: CloudErrorKind) -> Self {
        match code {
            "NotRecorded" => Self::NotRecorded,
            "NotObserved" => Self::NotAsked,
            "NoCredentials" => Self::NoCredentials,
            "BadResponse" => Self::Malformed,
            "Timeout" => Self::Unreachable(Obstacle::Timeout),
            "Dispatch" => Self::Unreachable(Obstacle::of(message)),
            "InvalidEndpoint" => Self::Configuration,
            // The account that the credentials are for is another one: a role is missing.
            "OtherAccount" => Self::DENIED,
            _ => match (Self::said(operation, code, message, status_in(code)), kind) {
                (Self::Other, CloudErrorKind::AccessDenied) => Self::DENIED,
                (Self::Other, CloudErrorKind::NoCredentials) => Self::NoCredentials,
                (Self::Other, CloudErrorKind::Transient) => Self::ServerError,
                (cause, _) => cause,
            },
        }
    }

    fn denied(code: &str, message: &str) -> Self {
        let Some(denial) = Denial::in_words(message) else {
            let of_key = code.to_ascii_lowercase().starts_with("kms");
            let by = of_key.then_some(PolicyType::Resource);
            return Self::Denied(Denial { by, explicit: false });
        };
        Self::Denied(denial)
    }
}

/// The status in a code that ctguard made of one: `Http403`.
fn status_in(code: &str) -> Option<u16> {
    code.strip_prefix("Http")?.parse().ok()
}

/// Whether a message about a signature speaks of its time: "Signature expired: … is now earlier
/// than …", "Signature not yet current: … is still later than …".
fn is_about_time(message: &str) -> bool {
    ["ignature expired", "not yet current", "is now earlier", "is still later"]
        .iter()
        .any(|words| message.contains(words))
}

impl Denial {
    /// The denial that AWS describes: "with an explicit deny in a service control policy", "because
    /// no identity-based policy allows the … action". `None` where it names no policy.
    fn in_words(message: &str) -> Option<Self> {
        let message = message.to_ascii_lowercase();
        let explicit = message.find("explicit deny in ").map(|at| (at, true));
        let implicit = message.rfind("because no ").map(|at| (at, false));
        let Some((at, explicit)) = explicit.or(implicit) else {
            // IAM's documents have a third form, for trust policies, without "no".
            let trust = message.contains("because the role trust policy");
            let bare = message.contains("with an explicit deny");
            return (trust || bare)
                .then_some(Self { by: trust.then_some(PolicyType::RoleTrust), explicit: bare });
        };
        let tail = message.get(at..)?;
        // "in a VPC endpoint policy transitively through a service control policy": the last one
        // is the one that denies.
        let through = tail.find("transitively through").unwrap_or(0);
        let tail = tail.get(through..)?;
        let named = |by: &PolicyType| {
            let name = by.name().to_ascii_lowercase();
            // "with an explicit deny in a sessions policy" and "in an identity-based policy".
            tail.find(&name)
                .or_else(|| (*by == PolicyType::Session).then(|| tail.find("sessions policy"))?)
        };
        let by = PolicyType::ALL.into_iter().filter_map(|by| Some((named(&by)?, by))).min();
        Some(Self { by: by.map(|(_, by)| by), explicit })
    }
}

impl Obstacle {
    /// What was in the way at a proxy, in the words of the machine's network libraries.
    fn of_proxy(message: &str) -> Self {
        let has = |words: &[&str]| words.iter().any(|words| message.contains(words));
        if has(&["authorization required", "authentication required"]) {
            Self::ProxySignIn
        } else if has(&["dns error", "lookup address", "name resolution"]) {
            Self::ProxyName
        } else if has(&["connect timeout", "timed out"]) {
            Self::ProxyTimeout
        } else if has(&["connection refused", "unreachable"]) {
            Self::ProxyConnection
        } else {
            Self::Proxy
        }
    }

    /// What was in the way, in the words of the machine's network libraries.
    pub fn of(message: &str) -> Self {
        let message = message.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|words| message.contains(words));
        if has(&["certificate", "unknownissuer", "notvalidforname", "tls", "handshake"]) {
            Self::Certificate
        } else if has(&["proxy", "tunnel"]) {
            Self::of_proxy(&message)
        } else if has(&["dns error", "lookup address", "name resolution", "nodename nor servname"])
        {
            Self::Dns
        } else if has(&["timed out", "timeout", "deadline"]) {
            Self::Timeout
        } else if has(&["refused", "unreachable", "tcp connect", "error trying to connect"]) {
            Self::Connection
        } else {
            Self::Lost
        }
    }
}
