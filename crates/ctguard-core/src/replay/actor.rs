//! The actor of a record: its principal by the name that an exception would use, and its kind.
//!
//! Field meanings: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>

use super::Record;
use serde::Serialize;
use std::borrow::Cow;

/// The kind of actor of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A person: the root user, a session of the console or of IAM Identity Center.
    Person,
    /// Credentials of this account outside of the console: a user's keys, a role's session.
    Application,
    /// An identity of another account, a partner's for instance.
    OtherAccount,
    /// An AWS service, by itself or on somebody's behalf.
    Service,
    /// The record does not say.
    Unknown,
}

impl ActorKind {
    pub const ALL: [Self; 5] =
        [Self::Person, Self::Application, Self::OtherAccount, Self::Service, Self::Unknown];
}

/// The kind of actor of a record.
pub fn kind(facts: &Record<'_>) -> ActorKind {
    let identity = facts.identity_type.as_deref().unwrap_or_default();
    let service = |name: &str| name.ends_with(".amazonaws.com") || name == "AWS Internal";
    if identity == "AWSService"
        || facts.event_type.as_deref() == Some("AwsServiceEvent")
        || facts.invoked_by.as_deref().is_some_and(service)
    {
        return ActorKind::Service;
    }
    if identity == "AWSAccount" || is_foreign(facts) {
        return ActorKind::OtherAccount;
    }
    if identity == "Root" || identity == "IdentityCenterUser" || is_console(facts) {
        return ActorKind::Person;
    }
    if is_sso(facts) {
        return ActorKind::Person;
    }
    let says_nothing = identity.is_empty() && principal(facts).field == PrincipalField::None;
    if says_nothing { ActorKind::Unknown } else { ActorKind::Application }
}

/// Whether the identity belongs to another account than the one whose record it is.
fn is_foreign(facts: &Record<'_>) -> bool {
    match (&facts.identity_account, &facts.account) {
        (Some(theirs), Some(here)) => theirs != here,
        _ => false,
    }
}

/// Whether it came from the console. Newer records say so; older ones name the console as their
/// agent.
fn is_console(facts: &Record<'_>) -> bool {
    matches!(facts.event_type.as_deref(), Some("AwsConsoleSignIn" | "AwsConsoleAction"))
        || facts.from_console
        || facts.user_agent.as_deref().is_some_and(|agent| {
            ["console.amazonaws.com", "signin.amazonaws.com", "S3Console/", "AWS-Console"]
                .iter()
                .any(|name| agent.contains(name))
        })
}

/// Whether it is a session that IAM Identity Center gave to a person.
fn is_sso(facts: &Record<'_>) -> bool {
    facts.issuer_arn.as_deref().or(facts.identity_arn.as_deref()).is_some_and(is_sso_role)
}

fn is_sso_role(arn: &str) -> bool {
    arn.contains("/AWSReservedSSO_")
}

/// The name of a principal, and the field that an exception would use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActorName<'a> {
    pub name: Cow<'a, str>,
    pub field: PrincipalField,
}

/// The field of `detail` with the name of a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrincipalField {
    /// `userIdentity.sessionContext.sessionIssuer.arn`: the role, whatever its session is called.
    Issuer,
    /// `userIdentity.arn`
    Arn,
    /// `userIdentity.invokedBy`
    InvokedBy,
    /// `userIdentity.userName`
    UserName,
    /// `userIdentity.principalId`
    PrincipalId,
    /// `userIdentity.accountId`: another account, of which the record says no more.
    Account,
    /// Nowhere.
    None,
}

impl PrincipalField {
    /// The path below `detail`.
    pub fn path(self) -> Option<&'static str> {
        match self {
            Self::Issuer => Some("userIdentity.sessionContext.sessionIssuer.arn"),
            Self::Arn => Some("userIdentity.arn"),
            Self::InvokedBy => Some("userIdentity.invokedBy"),
            Self::UserName => Some("userIdentity.userName"),
            Self::PrincipalId => Some("userIdentity.principalId"),
            Self::Account => Some("userIdentity.accountId"),
            Self::None => None,
        }
    }
}

/// The principal of a record. A role stands for all its sessions, but for those of IAM Identity
/// Center, whose sessions are people.
pub fn principal<'a>(facts: &'a Record<'_>) -> ActorName<'a> {
    use PrincipalField as Field;
    let of = |name: &'a Option<Cow<'_, str>>, field| {
        let name = name.as_deref().filter(|name| !name.is_empty())?;
        Some(ActorName { name: Cow::Borrowed(name), field })
    };
    let issuer = of(&facts.issuer_arn, Field::Issuer).filter(|role| !is_sso_role(&role.name));
    issuer
        .or_else(|| of(&facts.identity_arn, Field::Arn))
        .or_else(|| of(&facts.invoked_by, Field::InvokedBy))
        .or_else(|| of(&facts.user_name, Field::UserName))
        .or_else(|| of(&facts.principal_id, Field::PrincipalId))
        .or_else(|| of(&facts.identity_account, Field::Account))
        .unwrap_or(ActorName { name: Cow::Borrowed("(not said)"), field: Field::None })
}
