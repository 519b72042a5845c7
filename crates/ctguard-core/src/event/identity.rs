//! Who did it: the name of the principal in `userIdentity`, for every type of identity.
//!
//! The types and their fields are those of AWS's page "CloudTrail userIdentity element":
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>.
//! What a type does not say is looked for in the fields of all types, so that a new type has a
//! name, too. A name that CloudTrail withholds, and the account that the record was written for,
//! name nobody: they are shown, but no exception may rest on them. A root user without an ARN is
//! named by its account, and no exception rests on that either.
//!
//! A role's session with `onBehalfOf` is one that an application has for a user of IAM Identity
//! Center, who asked for what it does: that user is the principal. The session of a permission set
//! names its user by itself. Source:
//! <https://docs.aws.amazon.com/singlesignon/latest/userguide/trustedidentitypropagation-identity-enhanced-iam-role-sessions.html>.

use serde_json::Value;
use std::borrow::Cow;

type OptionalText<'a> = Option<Cow<'a, str>>;

/// What `userIdentity` says; absent where it does not, and where it says `null` or empty text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserIdentity<'a> {
    /// `type`
    pub kind: OptionalText<'a>,
    pub arn: OptionalText<'a>,
    /// `accountId`
    pub account: OptionalText<'a>,
    pub user_name: OptionalText<'a>,
    pub principal_id: OptionalText<'a>,
    /// The service that made the request.
    pub invoked_by: OptionalText<'a>,
    /// `sessionContext.sessionIssuer.arn`: the role or the user whose session it is.
    pub issuer_arn: OptionalText<'a>,
    /// `onBehalfOf.userId`: the user of IAM Identity Center.
    pub on_behalf_of: OptionalText<'a>,
    /// `credentialId`, where the caller uses a bearer token.
    pub credential_id: OptionalText<'a>,
}

/// The name of a principal, and the field that an exception would use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal<'a> {
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
    /// `userIdentity.onBehalfOf.userId`
    OnBehalfOf,
    /// `userIdentity.invokedBy`
    InvokedBy,
    /// `userIdentity.userName`
    UserName,
    /// `userIdentity.principalId`
    PrincipalId,
    /// `userIdentity.accountId`: another account, of which the record says no more.
    Account,
    /// Nowhere: the name is withheld, or names nobody in particular.
    None,
}

impl PrincipalField {
    /// All that have a path.
    pub const WITH_PATH: [Self; 7] = [
        Self::Issuer,
        Self::Arn,
        Self::OnBehalfOf,
        Self::InvokedBy,
        Self::UserName,
        Self::PrincipalId,
        Self::Account,
    ];

    /// The path below `detail`.
    pub fn path(self) -> Option<&'static str> {
        match self {
            Self::Issuer => Some("userIdentity.sessionContext.sessionIssuer.arn"),
            Self::Arn => Some("userIdentity.arn"),
            Self::OnBehalfOf => Some("userIdentity.onBehalfOf.userId"),
            Self::InvokedBy => Some("userIdentity.invokedBy"),
            Self::UserName => Some("userIdentity.userName"),
            Self::PrincipalId => Some("userIdentity.principalId"),
            Self::Account => Some("userIdentity.accountId"),
            Self::None => None,
        }
    }
}

/// Texts that stand in place of a name: of a sign-in with an unknown user's name, of a request
/// without credentials, and of AWS's own systems, which call for the console, too.
///
/// Sources: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-understanding-s3-entries.html>
const NOBODY: [&str; 5] =
    ["HIDDEN_DUE_TO_SECURITY_REASONS", "ANONYMOUS_PRINCIPAL", "Anonymous", "AWS Internal", "***"];

/// What is shown of a record without any name.
const NOT_SAID: &str = "(not said)";

/// The fields to look at, by type, the first one first. A role stands for all its sessions.
fn fields_of(kind: &str) -> &'static [PrincipalField] {
    use PrincipalField::{Account, Arn, Issuer, OnBehalfOf, PrincipalId, UserName};
    match kind {
        "Root" | "IAMUser" => &[Arn, UserName],
        "AssumedRole" => &[OnBehalfOf, Issuer, Arn, PrincipalId],
        // Its session's issuer is the user or the root user who asked for the session.
        "Role" | "FederatedUser" => &[Arn, PrincipalId],
        "IdentityCenterUser" => &[OnBehalfOf, UserName],
        // Issuer, application and user, where the name alone may be that of another provider's user.
        "SAMLUser" | "WebIdentityUser" => &[PrincipalId, UserName],
        "AWSAccount" => &[Arn, PrincipalId, Account],
        "AWSService" => &[PrincipalField::InvokedBy],
        "Directory" => &[UserName, PrincipalId],
        _ => &[],
    }
}

/// The fields to look at after those of the type.
const FIELDS: [PrincipalField; 7] = {
    use PrincipalField::{Account, Arn, InvokedBy, Issuer, OnBehalfOf, PrincipalId, UserName};
    [Issuer, Arn, OnBehalfOf, InvokedBy, UserName, PrincipalId, Account]
};

impl<'a> UserIdentity<'a> {
    /// Reads a `userIdentity`.
    pub fn of(identity: &'a Value) -> Self {
        let text = |pointer: &str| {
            let text = identity.pointer(pointer).and_then(Value::as_str);
            text.filter(|text| !text.is_empty()).map(Cow::from)
        };
        Self {
            kind: text("/type"),
            arn: text("/arn"),
            account: text("/accountId"),
            user_name: text("/userName"),
            principal_id: text("/principalId"),
            invoked_by: text("/invokedBy"),
            issuer_arn: text("/sessionContext/sessionIssuer/arn"),
            on_behalf_of: text("/onBehalfOf/userId"),
            credential_id: text("/credentialId"),
        }
    }

    /// Its type; empty where it does not say.
    pub fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or_default()
    }

    /// The text of a field.
    pub fn text(&self, field: PrincipalField) -> Option<&str> {
        let text = match field {
            PrincipalField::Issuer => &self.issuer_arn,
            PrincipalField::Arn => &self.arn,
            PrincipalField::OnBehalfOf => &self.on_behalf_of,
            PrincipalField::InvokedBy => &self.invoked_by,
            PrincipalField::UserName => &self.user_name,
            PrincipalField::PrincipalId => &self.principal_id,
            PrincipalField::Account => &self.account,
            PrincipalField::None => &None,
        };
        text.as_deref().filter(|text| !text.is_empty())
    }

    /// The principal, a role for all its sessions, but for those of IAM Identity Center, whose
    /// sessions are people. `recipient` is the account that the record was written for.
    pub fn principal(&self, recipient: Option<&str>) -> Principal<'_> {
        let person = self.issuer_arn.as_deref().is_some_and(is_sso_role);
        let fields = self.fields().filter(|field| *field != PrincipalField::Issuer || !person);
        self.root(recipient).unwrap_or_else(|| self.first(fields, recipient))
    }

    /// The most specific name there is: of a session rather than of its role. Absent where the
    /// record names nobody; `recipient`, if it is given, names nobody either.
    pub fn most_specific(&self, recipient: Option<&str>) -> Option<Cow<'_, str>> {
        let fields = self.fields().filter(|field| *field != PrincipalField::Issuer);
        let fields = fields.chain([PrincipalField::Issuer]);
        let found = self.root(recipient).unwrap_or_else(|| self.first(fields, recipient));
        (found.name != NOT_SAID).then_some(found.name)
    }

    /// The fields to look at, the first one first.
    fn fields(&self) -> impl Iterator<Item = PrincipalField> {
        let role = self.issuer_arn.as_deref().or(self.arn.as_deref());
        let named_by_session = role.is_some_and(is_sso_role);
        let of_type = fields_of(self.kind()).iter().copied();
        let of_type =
            of_type.filter(move |of| *of != PrincipalField::OnBehalfOf || !named_by_session);
        of_type.chain(FIELDS)
    }

    /// The root user of an account, where the record has no ARN of it.
    fn root(&self, recipient: Option<&str>) -> Option<Principal<'_>> {
        if self.kind() != "Root" || self.arn.is_some() {
            return None;
        }
        let account = self.account.as_deref().or(self.principal_id.as_deref()).or(recipient)?;
        let name = Cow::Owned(format!("root of {account}"));
        Some(Principal { name, field: PrincipalField::None })
    }

    fn first(
        &self,
        fields: impl Iterator<Item = PrincipalField>,
        recipient: Option<&str>,
    ) -> Principal<'_> {
        let mut withheld = None;
        for field in fields {
            let Some(name) = self.text(field) else { continue };
            // The id of the root user is that of its account.
            let own = recipient == Some(name)
                || (field != PrincipalField::Account && self.account.as_deref() == Some(name));
            if own {
                continue;
            }
            if is_nobody(name) {
                withheld.get_or_insert(name);
                continue;
            }
            // Of a withheld name the account says no more than that it is this one.
            if field == PrincipalField::Account && withheld.is_some() {
                continue;
            }
            return Principal { name: Cow::Borrowed(name), field };
        }
        let name = Cow::Borrowed(withheld.unwrap_or(NOT_SAID));
        Principal { name, field: PrincipalField::None }
    }
}

/// Whether a text stands in place of a name.
pub fn is_nobody(name: &str) -> bool {
    NOBODY.iter().any(|nobody| name.eq_ignore_ascii_case(nobody))
}

/// Whether a role, or a session of it, belongs to IAM Identity Center.
///
/// Source: <https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html>
pub fn is_sso_role(arn: &str) -> bool {
    arn.contains("/AWSReservedSSO_")
}

/// Whether it is the ARN of a root user, and so a whole account.
pub fn is_root(arn: &str) -> bool {
    arn.starts_with("arn:") && arn.ends_with(":root")
}

#[cfg(test)]
mod tests {
    use super::*;
    use PrincipalField::*;
    use serde_json::json;

    const HERE: &str = "111122223333";

    /// One row a type, and what else is found in logs: the principal, its field, and the most
    /// specific name.
    #[test]
    fn every_type_of_identity_has_a_name() {
        let session = json!({ "sessionIssuer": { "type": "Role", "arn": "arn:aws:iam::111122223333:role/deploy" } });
        let sso = "aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef";
        let hidden = "HIDDEN_DUE_TO_SECURITY_REASONS";
        for (identity, name, field, specific) in [
            (
                json!({ "type": "Root", "principalId": HERE, "accountId": HERE, "arn": "arn:aws:iam::111122223333:root" }),
                "arn:aws:iam::111122223333:root",
                Arn,
                Some("arn:aws:iam::111122223333:root"),
            ),
            (
                json!({ "type": "Root", "principalId": HERE, "accountId": HERE, "arn": null }),
                "root of 111122223333",
                None,
                Some("root of 111122223333"),
            ),
            (
                json!({ "type": "Root", "principalId": HERE, "userName": "acme", "invokedBy": "AWS Internal" }),
                "root of 111122223333",
                None,
                Some("root of 111122223333"),
            ),
            (
                json!({ "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/app/s", "sessionContext": session,
                    "onBehalfOf": { "userId": "94d00cd8-0000-4810-b177-000000000001" } }),
                "94d00cd8-0000-4810-b177-000000000001",
                OnBehalfOf,
                Some("94d00cd8-0000-4810-b177-000000000001"),
            ),
            (
                json!({ "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/alice",
                    "onBehalfOf": { "userId": "94d00cd8-0000-4810-b177-000000000001" } }),
                "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/alice",
                Arn,
                Some(
                    "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/alice",
                ),
            ),
            (
                json!({ "type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/eve", "userName": "eve" }),
                "arn:aws:iam::111122223333:user/eve",
                Arn,
                Some("arn:aws:iam::111122223333:user/eve"),
            ),
            (
                json!({ "type": "IAMUser", "arn": null, "userName": "eve" }),
                "eve",
                UserName,
                Some("eve"),
            ),
            (
                json!({ "type": "IAMUser", "principalId": "AIDAEXAMPLE" }),
                "AIDAEXAMPLE",
                PrincipalId,
                Some("AIDAEXAMPLE"),
            ),
            (
                json!({ "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/deploy/i-1", "sessionContext": session }),
                "arn:aws:iam::111122223333:role/deploy",
                Issuer,
                Some("arn:aws:sts::111122223333:assumed-role/deploy/i-1"),
            ),
            (
                json!({ "type": "AssumedRole", "arn": null, "principalId": "AROAEXAMPLE:i-1", "sessionContext": session }),
                "arn:aws:iam::111122223333:role/deploy",
                Issuer,
                Some("AROAEXAMPLE:i-1"),
            ),
            (
                json!({ "type": "AssumedRole", "arn": format!("arn:aws:sts::111122223333:assumed-role/{sso}/alice"),
                    "sessionContext": { "sessionIssuer": { "arn": format!("arn:aws:iam::111122223333:role/{sso}") } } }),
                "arn:aws:sts::111122223333:assumed-role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef/alice",
                Arn,
                Some(
                    "arn:aws:sts::111122223333:assumed-role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef/alice",
                ),
            ),
            (
                json!({ "type": "Role", "arn": "arn:aws:iam::111122223333:role/audit" }),
                "arn:aws:iam::111122223333:role/audit",
                Arn,
                Some("arn:aws:iam::111122223333:role/audit"),
            ),
            (
                json!({ "type": "FederatedUser", "principalId": "111122223333:bob", "arn": "arn:aws:sts::111122223333:federated-user/bob",
                    "sessionContext": { "sessionIssuer": { "type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/broker" } } }),
                "arn:aws:sts::111122223333:federated-user/bob",
                Arn,
                Some("arn:aws:sts::111122223333:federated-user/bob"),
            ),
            (
                json!({ "type": "IdentityCenterUser", "accountId": HERE, "credentialId": "c-1",
                    "onBehalfOf": { "userId": "94d00cd8-0000-4810-b177-000000000001" } }),
                "94d00cd8-0000-4810-b177-000000000001",
                OnBehalfOf,
                Some("94d00cd8-0000-4810-b177-000000000001"),
            ),
            (
                json!({ "type": "IdentityCenterUser", "accountId": HERE, "userName": "carol" }),
                "carol",
                UserName,
                Some("carol"),
            ),
            (
                json!({ "type": "IdentityCenterUser", "accountId": HERE }),
                NOT_SAID,
                None,
                Some(HERE),
            ),
            (
                json!({ "type": "SAMLUser", "principalId": "k3Yq=:dora", "userName": "dora", "identityProvider": "k3Yq=" }),
                "k3Yq=:dora",
                PrincipalId,
                Some("k3Yq=:dora"),
            ),
            (
                json!({ "type": "WebIdentityUser", "principalId": "accounts.example.com:app:77", "userName": "77" }),
                "accounts.example.com:app:77",
                PrincipalId,
                Some("accounts.example.com:app:77"),
            ),
            (
                json!({ "type": "AWSAccount", "accountId": "999988887777" }),
                "999988887777",
                Account,
                Some("999988887777"),
            ),
            (
                json!({ "type": "AWSAccount", "principalId": "AIDAOTHER", "accountId": "999988887777" }),
                "AIDAOTHER",
                PrincipalId,
                Some("AIDAOTHER"),
            ),
            (json!({ "type": "AWSAccount", "accountId": HERE }), NOT_SAID, None, Some(HERE)),
            (
                json!({ "type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL" }),
                "ANONYMOUS_PRINCIPAL",
                None,
                Some("ANONYMOUS_PRINCIPAL"),
            ),
            (
                json!({ "type": "AWSService", "invokedBy": "config.amazonaws.com" }),
                "config.amazonaws.com",
                InvokedBy,
                Some("config.amazonaws.com"),
            ),
            (
                json!({ "type": "AWSService", "accountId": HERE, "invokedBy": "AWS Internal" }),
                "AWS Internal",
                None,
                Some("AWS Internal"),
            ),
            (
                json!({ "type": "Directory", "accountId": HERE, "userName": "dave" }),
                "dave",
                UserName,
                Some("dave"),
            ),
            (
                json!({ "type": "Unknown", "accountId": HERE, "userName": "erin" }),
                "erin",
                UserName,
                Some("erin"),
            ),
            (
                json!({ "type": "Unknown", "principalId": "Anonymous" }),
                "Anonymous",
                None,
                Some("Anonymous"),
            ),
            (
                json!({ "type": "NewInTheFuture", "arn": "arn:aws:new::1:x" }),
                "arn:aws:new::1:x",
                Arn,
                Some("arn:aws:new::1:x"),
            ),
            (
                json!({ "type": "IAMUser", "accountId": HERE, "userName": hidden }),
                hidden,
                None,
                Some(hidden),
            ),
            (
                json!({ "type": "Root", "accountId": "999988887777", "userName": hidden }),
                "root of 999988887777",
                None,
                Some("root of 999988887777"),
            ),
            (
                json!({ "invokedBy": "ecs.amazonaws.com", "accountId": HERE }),
                "ecs.amazonaws.com",
                InvokedBy,
                Some("ecs.amazonaws.com"),
            ),
            (
                json!({ "principalId": "AIDAEXAMPLE" }),
                "AIDAEXAMPLE",
                PrincipalId,
                Some("AIDAEXAMPLE"),
            ),
            (json!(null), NOT_SAID, None, Option::None),
            (json!({ "arn": "", "userName": null }), NOT_SAID, None, Option::None),
        ] {
            let read = UserIdentity::of(&identity);
            let principal = read.principal(Some(HERE));
            assert_eq!((principal.name.as_ref(), principal.field), (name, field), "{identity}");
            assert_eq!(read.most_specific(Option::None).as_deref(), specific, "{identity}");
        }
    }
}
