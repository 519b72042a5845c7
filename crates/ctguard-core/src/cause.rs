//! Why a call failed, and what to do about it.
//!
//! A [`Cause`] is a type and not a text, because the fix belongs to the cause and not to the call:
//! a call that AWS answers with 503 needs no permission. [`words`] reads the cause from what AWS
//! said, [`remedy`] is the table of cause × call.

mod refusal;
pub(crate) mod refused;
pub mod remedy;
pub mod words;

pub use refusal::Refusal;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a call failed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[derive(JsonSchema)]
pub enum Cause {
    /// It was not kept: files from before causes were known. It follows from the code and message.
    #[default]
    Unstated,
    /// A policy denies the call.
    Denied(Denial),
    /// There are no credentials.
    NoCredentials,
    /// What the settings name as the source of credentials gives none.
    SourceFailed(CredentialSource),
    /// AWS does not know the credentials.
    UnknownCredentials,
    /// The credentials have expired.
    Expired,
    /// The clock of this machine is too far from AWS's.
    Clock,
    /// The signature is wrong.
    Signature,
    /// AWS throttled the call.
    Throttled,
    /// Nothing that could answer was reached.
    Unreachable(Obstacle),
    /// AWS does not accept the credentials there: mostly the region, or the service in it, is not
    /// enabled in the account.
    NotEnabled,
    /// CloudTrail has no trusted access to the organization.
    Distrusted,
    /// AWS refuses the change as it stands.
    Refused(Refusal),
    /// The object does not exist.
    NotFound,
    /// The answer is not one of AWS's, or was cut short.
    Malformed,
    /// The request or the answer is too large.
    TooLarge,
    /// AWS had a fault of its own.
    ServerError,
    /// The configuration of this machine names an endpoint that cannot be.
    Configuration,
    /// The time limit of the run was over.
    RunTime,
    /// A snapshot file does not hold it.
    NotRecorded,
    /// It was not asked for.
    NotAsked,
    /// Something else, which AWS's words tell.
    Other,
}

/// A denial, as far as AWS says what denies.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
pub struct Denial {
    /// The type of policy; absent where AWS does not name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PolicyType>,
    /// Whether a Deny forbids the call, and not just no Allow permits it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub explicit: bool,
}

/// A type of policy that AWS names when it denies.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[derive(JsonSchema)]
pub enum PolicyType {
    Identity,
    Resource,
    PermissionsBoundary,
    Session,
    ServiceControl,
    ResourceControl,
    VpcEndpoint,
    RoleTrust,
}

impl PolicyType {
    pub const ALL: [Self; 8] = [
        Self::Identity,
        Self::Resource,
        Self::PermissionsBoundary,
        Self::Session,
        Self::ServiceControl,
        Self::ResourceControl,
        Self::VpcEndpoint,
        Self::RoleTrust,
    ];

    /// Its name in AWS's messages, without an article.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity-based policy",
            Self::Resource => "resource-based policy",
            Self::PermissionsBoundary => "permissions boundary",
            Self::Session => "session policy",
            Self::ServiceControl => "service control policy",
            Self::ResourceControl => "resource control policy",
            Self::VpcEndpoint => "VPC endpoint policy",
            Self::RoleTrust => "role trust policy",
        }
    }
}

/// What is in the way to AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[derive(JsonSchema)]
pub enum Obstacle {
    /// The name of the host has no address.
    Dns,
    /// The connection was not accepted.
    Connection,
    /// No answer came in time.
    Timeout,
    /// The connection ended before the answer.
    Lost,
    /// The certificate of the server is not trusted.
    Certificate,
    /// A proxy answered, and does not let the call through.
    Proxy,
    /// The name of the proxy has no address.
    ProxyName,
    /// The proxy does not take the connection.
    ProxyConnection,
    /// The proxy did not answer in time.
    ProxyTimeout,
    /// The proxy asks for a user and password, or does not take those that it got.
    ProxySignIn,
    /// The proxy does not reach AWS itself.
    ProxyGateway,
    /// The proxy, or the network before it, wants a sign-in in a browser.
    ProxyPortal,
    /// What listens at the proxy's address is no proxy.
    ProxyNone,
    /// The proxy's URL says http where it speaks TLS, or https where it does not.
    ProxyScheme,
}

impl Obstacle {
    pub const ALL: [Self; 14] = [
        Self::Dns,
        Self::Connection,
        Self::Timeout,
        Self::Lost,
        Self::Certificate,
        Self::Proxy,
        Self::ProxyName,
        Self::ProxyConnection,
        Self::ProxyTimeout,
        Self::ProxySignIn,
        Self::ProxyGateway,
        Self::ProxyPortal,
        Self::ProxyNone,
        Self::ProxyScheme,
    ];

    /// What was in the way, in a few words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dns => "no such host",
            Self::Connection => "connection not accepted",
            Self::Timeout => "no answer in time",
            Self::Lost => "connection lost",
            Self::Certificate => "certificate",
            Self::Proxy => "the proxy refuses",
            Self::ProxyName => "the proxy's name has no address",
            Self::ProxyConnection => "the proxy takes no connection",
            Self::ProxyTimeout => "the proxy does not answer in time",
            Self::ProxySignIn => "the proxy asks for a sign-in",
            Self::ProxyGateway => "the proxy does not reach AWS",
            Self::ProxyPortal => "the proxy sends to a sign-in page",
            Self::ProxyNone => "no proxy listens there",
            Self::ProxyScheme => "the scheme of the proxy's URL",
        }
    }
}

/// A source of credentials that a profile or the environment names.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[derive(JsonSchema)]
pub enum CredentialSource {
    /// The command of `credential_process`.
    Process,
    /// The server of the container.
    Container,
    /// The metadata service of the machine.
    Machine,
    /// A token in a file, as clusters give to their programs.
    WebIdentity,
    /// A session of IAM Identity Center.
    SingleSignOn,
    /// A session of `aws login`.
    Login,
}

impl CredentialSource {
    pub const ALL: [Self; 6] = [
        Self::Process,
        Self::Container,
        Self::Machine,
        Self::WebIdentity,
        Self::SingleSignOn,
        Self::Login,
    ];

    /// Its name in a word or two.
    pub fn name(self) -> &'static str {
        match self {
            Self::Process => "credential process",
            Self::Container => "container",
            Self::Machine => "machine",
            Self::WebIdentity => "web identity",
            Self::SingleSignOn => "IAM Identity Center",
            Self::Login => "aws login",
        }
    }
}

/// What a failed call means for what ctguard does next.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[derive(JsonSchema)]
pub enum CloudErrorKind {
    /// The credentials may not make this call.
    #[default]
    AccessDenied,
    /// There are no usable credentials at all.
    NoCredentials,
    /// AWS was busy or out of reach, and stayed so through the retries.
    Transient,
    /// AWS refused the request as it stands, or nothing was asked of it.
    Refused,
}

impl CloudErrorKind {
    pub(crate) fn is_access_denied(&self) -> bool {
        *self == Self::AccessDenied
    }
}

impl Cause {
    /// A denial of which AWS does not say what denies.
    pub const DENIED: Self = Self::Denied(Denial { by: None, explicit: false });

    /// Every cause that can occur, each denial and obstacle by itself; in the order of the docs.
    pub fn all() -> Vec<Self> {
        let denial = |by, explicit| Self::Denied(Denial { by: Some(by), explicit });
        let mut all = vec![Self::DENIED];
        for by in PolicyType::ALL {
            all.extend([denial(by, false), denial(by, true)]);
        }
        all.push(Self::NoCredentials);
        all.extend(CredentialSource::ALL.map(Self::SourceFailed));
        all.extend([
            Self::UnknownCredentials,
            Self::Expired,
            Self::Clock,
            Self::Signature,
            Self::Throttled,
        ]);
        all.extend(Obstacle::ALL.map(Self::Unreachable));
        all.extend([Self::NotEnabled, Self::Distrusted]);
        all.extend(Refusal::ALL.map(Self::Refused));
        all.extend([
            Self::NotFound,
            Self::Malformed,
            Self::TooLarge,
            Self::ServerError,
            Self::Configuration,
            Self::RunTime,
            Self::NotRecorded,
            Self::NotAsked,
            Self::Other,
        ]);
        all
    }

    /// What it means for what ctguard does next.
    pub fn kind(self) -> CloudErrorKind {
        match self {
            Self::Denied(_) | Self::NotEnabled | Self::Unstated => CloudErrorKind::AccessDenied,
            Self::NoCredentials
            | Self::SourceFailed(_)
            | Self::UnknownCredentials
            | Self::Expired => CloudErrorKind::NoCredentials,
            Self::Unreachable(
                Obstacle::Certificate
                | Obstacle::ProxyPortal
                | Obstacle::ProxyNone
                | Obstacle::ProxyScheme,
            ) => CloudErrorKind::Refused,
            Self::Throttled | Self::Unreachable(_) | Self::ServerError => CloudErrorKind::Transient,
            _ => CloudErrorKind::Refused,
        }
    }

    /// Whether the read did not come to its end: it was asked, nothing forbids it, and there is no
    /// answer of AWS's.
    pub fn is_unfinished(self) -> bool {
        matches!(
            self,
            Self::Throttled
                | Self::Unreachable(_)
                | Self::Malformed
                | Self::TooLarge
                | Self::ServerError
                | Self::RunTime
        )
    }

    /// Its name in a word or two.
    pub fn name(self) -> String {
        match self {
            Self::Denied(Denial { by: None, .. }) => "denied".to_owned(),
            Self::Denied(Denial { by: Some(by), explicit: false }) => {
                format!("denied: no {} allows it", by.name())
            }
            Self::Denied(Denial { by: Some(by), explicit: true }) => {
                format!("denied: a Deny in a {}", by.name())
            }
            Self::NoCredentials => "no credentials".to_owned(),
            Self::SourceFailed(source) => format!("no credentials: {}", source.name()),
            Self::UnknownCredentials => "credentials unknown to AWS".to_owned(),
            Self::Expired => "credentials expired".to_owned(),
            Self::Clock => "clock".to_owned(),
            Self::Signature => "signature".to_owned(),
            Self::Throttled => "throttled".to_owned(),
            Self::Unreachable(obstacle) => format!("unreachable: {}", obstacle.name()),
            Self::NotEnabled => "not accepted there".to_owned(),
            Self::Distrusted => "no trusted access".to_owned(),
            Self::Refused(refusal) => format!("refused: {}", refusal.name()),
            Self::NotFound => "not found".to_owned(),
            Self::Malformed => "malformed answer".to_owned(),
            Self::TooLarge => "too large".to_owned(),
            Self::ServerError => "fault of AWS's".to_owned(),
            Self::Configuration => "configuration".to_owned(),
            Self::RunTime => "time limit of the run".to_owned(),
            Self::NotRecorded => "not in the snapshot".to_owned(),
            Self::NotAsked => "not asked".to_owned(),
            Self::Unstated | Self::Other => "other".to_owned(),
        }
    }
}

#[cfg(test)]
mod page;
#[cfg(test)]
mod tests;
