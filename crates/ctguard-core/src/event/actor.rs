//! What kind of actor did it: a person, an application's credentials, another account, a service.
//!
//! The first row that holds decides:
//!
//! | row | kind |
//! |---|---|
//! | the console acted, though `invokedBy` names it (`signin.amazonaws.com`) | goes on below |
//! | type `AWSService`, or `invokedBy` names another service | service |
//! | type `IdentityCenterUser`, a sign-in event, a user of the access portal | person |
//! | event type `AwsServiceEvent` | service |
//! | a request without credentials (`ANONYMOUS_PRINCIPAL`) | unknown |
//! | type `AWSAccount`, or an account that is not the record's | other account |
//! | type `Root` or `SAMLUser` | person |
//! | event type `AwsConsoleAction`, `sessionCredentialFromConsole`, the user agent of a console or browser | person |
//! | a session of a role `AWSReservedSSO_…`, or on behalf of a user of IAM Identity Center (`onBehalfOf`), or named by an e-mail address | person |
//! | type `Unknown` or `Directory`, or neither type nor name | unknown |
//! | anything else | application |
//!
//! A user agent is what the client says: it is evidence for a count, never for an alert.
//! `Coral/Netty4`, `AWS Internal` and `aws-internal/3` alone are agents of AWS's own systems, which
//! work for consoles and for services.
//!
//! Sources:
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
//! (`sessionCredentialFromConsole`, `eventType`),
//! <https://docs.aws.amazon.com/singlesignon/latest/userguide/trustedidentitypropagation-identity-enhanced-iam-role-sessions.html>
//! (`onBehalfOf` of a role's session: what a person does through an application),
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
//! (types, `invokedBy`), and for agents AWS's sample records, such as
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-understanding-s3-entries.html>.

use super::identity::{PrincipalField, UserIdentity, is_nobody, is_sso_role};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// The kind of actor of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
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

/// What of a record tells its kind of actor.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    pub identity: &'a UserIdentity<'a>,
    pub event_type: Option<&'a str>,
    pub source: Option<&'a str>,
    /// `eventCategory`
    pub category: Option<&'a str>,
    /// The account that the record was written for.
    pub recipient: Option<&'a str>,
    pub user_agent: Option<&'a str>,
    /// `sessionCredentialFromConsole`
    pub from_console: bool,
}

impl<'a> Evidence<'a> {
    /// The evidence in a record that has been read. `recipient` is the account that it was written
    /// for.
    pub fn of(
        record: &'a Value,
        identity: &'a UserIdentity<'a>,
        recipient: Option<&'a str>,
    ) -> Self {
        let text = |key: &str| record.get(key).and_then(Value::as_str);
        Self {
            identity,
            event_type: text("eventType"),
            source: text("eventSource"),
            category: text("eventCategory"),
            recipient,
            user_agent: text("userAgent"),
            from_console: text("sessionCredentialFromConsole") == Some("true"),
        }
    }
}

impl Evidence<'_> {
    /// The kind of actor, by the table above.
    pub fn kind(&self) -> ActorKind {
        let kind = self.identity.kind();
        if kind == "AWSService" || self.is_through_service() {
            return ActorKind::Service;
        }
        if kind == "IdentityCenterUser" || self.is_sign_in() {
            return ActorKind::Person;
        }
        if self.event_type == Some("AwsServiceEvent") {
            return ActorKind::Service;
        }
        if self.is_anonymous() {
            return ActorKind::Unknown;
        }
        if kind == "AWSAccount" || self.is_foreign() {
            return ActorKind::OtherAccount;
        }
        if matches!(kind, "Root" | "SAMLUser") || self.is_console() || self.is_session_of_person() {
            return ActorKind::Person;
        }
        let field = self.identity.principal(self.recipient).field;
        let says_nothing = kind.is_empty() && field == PrincipalField::None;
        match says_nothing || matches!(kind, "Unknown" | "Directory") {
            true => ActorKind::Unknown,
            false => ActorKind::Application,
        }
    }

    /// Whether a service made the request. The console is no service in this sense; `AWS Internal`
    /// is one unless something says that it worked for the console.
    fn is_through_service(&self) -> bool {
        self.identity.invoked_by.as_deref().is_some_and(|by| match by {
            "AWS Internal" => !self.is_console() && !self.is_sign_in(),
            service => is_service(service) && !is_console_host(service),
        })
    }

    /// Whether it is a sign-in, or what a user does in the access portal of IAM Identity Center.
    fn is_sign_in(&self) -> bool {
        let named = self.identity.user_name.is_some() || self.identity.on_behalf_of.is_some();
        match self.event_type {
            Some("AwsConsoleSignIn") => true,
            Some("AwsServiceEvent") => {
                self.source == Some("signin.amazonaws.com")
                    || (self.source == Some("sso.amazonaws.com") && named)
            }
            _ => false,
        }
    }

    fn is_anonymous(&self) -> bool {
        self.identity.account.as_deref().is_some_and(is_nobody)
    }

    /// Whether the identity belongs to another account than the one whose record it is.
    fn is_foreign(&self) -> bool {
        match (self.identity.account.as_deref(), self.recipient) {
            (Some(theirs), Some(here)) => theirs != here,
            _ => false,
        }
    }

    /// Whether it came from the console. Records since 2022 say so; older ones name it as the
    /// agent, or as who invoked.
    fn is_console(&self) -> bool {
        self.event_type == Some("AwsConsoleAction")
            || self.from_console
            || self.identity.invoked_by.as_deref().is_some_and(is_console_host)
            || self.user_agent.is_some_and(|agent| self.is_console_agent(agent))
    }

    fn is_console_agent(&self, agent: &str) -> bool {
        // A link to an object that an application has signed is opened by anybody's browser.
        let object = self.category == Some("Data") && self.source == Some("s3.amazonaws.com");
        is_console_agent(agent) || (is_browser(agent) && !object)
    }

    /// Whether it is a session of IAM Identity Center, on behalf of one of its users, or one that
    /// bears a person's address.
    fn is_session_of_person(&self) -> bool {
        let identity = self.identity;
        let role = identity.issuer_arn.as_deref().or(identity.arn.as_deref());
        let session = || {
            let arn = identity.arn.as_deref().and_then(|arn| arn.rsplit_once('/'));
            let id = identity.principal_id.as_deref().and_then(|id| id.split_once(':'));
            arn.or(id).map(|(_, session)| session)
        };
        role.is_some_and(is_sso_role)
            || identity.on_behalf_of.is_some()
            || (identity.kind() == "AssumedRole" && session().is_some_and(is_persons_address))
    }
}

fn is_service(name: &str) -> bool {
    name.ends_with(".amazonaws.com")
        || name.ends_with(".amazonaws.com.cn")
        || name == "AWS Internal"
}

/// Whether a host is the console's, or that of its sign-in: `signin.amazonaws.com`,
/// `console.ec2.amazonaws.com`.
fn is_console_host(host: &str) -> bool {
    let host = host.strip_suffix(".cn").unwrap_or(host);
    let Some(rest) = host.strip_suffix("amazonaws.com") else { return false };
    let of = |name: &str| rest.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
    of("console") || of("signin")
}

/// How the agents of consoles begin.
const CONSOLES: [&str; 11] = [
    "S3Console",
    "AWS Console",
    "AWS-Console",
    "AWSConsole",
    "AWS Signin",
    "AWS CloudWatch Console",
    "AWSCloudWatchConsole",
    "EC2Console",
    "RDS Console",
    "RDSConsole",
    "Console/",
];

/// Whether an agent is a console's. Some records have it in brackets, some have two, with a comma.
fn is_console_agent(agent: &str) -> bool {
    let agent = agent.trim_start_matches('[').trim_end_matches(']');
    let internal = agent.contains("aws-internal/");
    agent.split([',', ' ', '/']).any(is_console_host)
        || agent.split(", ").any(|part| CONSOLES.iter().any(|name| part.starts_with(name)))
        || (internal && agent.contains("Console"))
}

/// Whether an agent is that of a browser, which no library has unless it pretends.
fn is_browser(agent: &str) -> bool {
    let agent = agent.trim_start_matches('[');
    let pretends = ["PowerShell", "compatible;", "bot", "Bot", "Headless"];
    agent.starts_with("Mozilla/5.0 (") && !pretends.iter().any(|word| agent.contains(word))
}

/// Whether the name of a session is a person's e-mail address. Google's service accounts have
/// addresses, too.
fn is_persons_address(session: &str) -> bool {
    let Some((name, host)) = session.split_once('@') else { return false };
    let domain = host.contains('.') && !host.contains('@') && !host.ends_with('.');
    !name.is_empty() && domain && !host.ends_with("gserviceaccount.com")
}

#[cfg(test)]
mod tests {
    use super::ActorKind::*;
    use super::*;
    use serde_json::json;

    const HERE: &str = "111122223333";

    fn kind(record: &Value) -> ActorKind {
        let identity = UserIdentity::of(&record["userIdentity"]);
        Evidence::of(record, &identity, Some(HERE)).kind()
    }

    fn user() -> Value {
        json!({ "type": "IAMUser", "accountId": HERE, "arn": "arn:aws:iam::111122223333:user/eve", "userName": "eve" })
    }

    #[test]
    fn the_agents_of_consoles_and_browsers_are_people() {
        for (agent, expected) in [
            ("signin.amazonaws.com", Person),
            ("console.amazonaws.com", Person),
            ("console.ec2.amazonaws.com", Person),
            ("[console.rds.amazonaws.com]", Person),
            ("console.amazonaws.com.cn", Person),
            ("S3Console/0.4", Person),
            ("[S3Console/0.4, aws-internal/3 aws-sdk-java/1.11.1030 Linux/5.4]", Person),
            ("AWS Console S3, S3Console/0.4 cfg/retry-mode/legacy", Person),
            ("EC2ConsoleFrontend, aws-internal/3 aws-sdk-java/1.12.150 Linux/5.4", Person),
            ("RDS Console, aws-internal/3 aws-sdk-java/1.12.1", Person),
            ("AWSConsole, aws-internal/3", Person),
            ("aws-internal/3 aws-sdk-java/1.12.1 AWSLambdaConsole/1.0", Person),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", Person),
            ("Mozilla/5.0 (Windows NT; Windows NT 10.0) WindowsPowerShell/5.1.1", Application),
            ("Mozilla/5.0 (compatible; scanner/1.0)", Application),
            ("Coral/Netty4", Application),
            ("AWS Internal", Application),
            ("aws-internal/3 aws-sdk-java/1.12.597 Linux/5.10", Application),
            ("aws-cli/2.31.0", Application),
            ("aws_consoler/1.1", Application),
            ("tool (see signin.amazonaws.com.attacker.example)", Application),
            ("", Application),
        ] {
            let record =
                json!({ "userIdentity": user(), "eventType": "AwsApiCall", "userAgent": agent });
            assert_eq!(kind(&record), expected, "{agent}");
        }
        let object = json!({ "userIdentity": user(), "eventCategory": "Data", "eventSource": "s3.amazonaws.com",
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0" });
        assert_eq!(kind(&object), Application, "a signed link that somebody opens");
    }

    #[test]
    fn who_invoked_tells_the_console_from_services() {
        for (by, more, expected) in [
            ("signin.amazonaws.com", json!({}), Person),
            ("console.amazonaws.com", json!({}), Person),
            ("cloudformation.amazonaws.com", json!({}), Service),
            (
                "cloudformation.amazonaws.com",
                json!({ "sessionCredentialFromConsole": "true" }),
                Service,
            ),
            ("AWS Internal", json!({}), Service),
            ("AWS Internal", json!({ "sessionCredentialFromConsole": "true" }), Person),
            ("AWS Internal", json!({ "userAgent": "console.ec2.amazonaws.com" }), Person),
        ] {
            let mut record = json!({ "userIdentity": user(), "eventType": "AwsApiCall" });
            record["userIdentity"]["invokedBy"] = by.into();
            record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            assert_eq!(kind(&record), expected, "{by} {more}");
        }
    }

    #[test]
    fn types_and_sessions_tell_the_kind() {
        let session = |name: &str| {
            json!({ "type": "AssumedRole", "accountId": HERE, "principalId": format!("AROAEXAMPLE:{name}"),
                "arn": format!("arn:aws:sts::111122223333:assumed-role/deploy/{name}"),
                "sessionContext": { "sessionIssuer": { "arn": "arn:aws:iam::111122223333:role/deploy" } } })
        };
        let portal = json!({ "type": "IdentityCenterUser", "accountId": "999988887777", "onBehalfOf": { "userId": "u-1" } });
        let typed = |name: &str| json!({ "type": name, "accountId": HERE, "userName": "x" });
        let mut on_behalf = session("i-0123");
        on_behalf["onBehalfOf"] = json!({ "userId": "u-1" });
        let mut through = on_behalf.clone();
        through["invokedBy"] = "redshift.amazonaws.com".into();
        let service =
            |source: &str| json!({ "eventType": "AwsServiceEvent", "eventSource": source });
        for (identity, more, expected) in [
            (typed("Root"), json!({}), Person),
            (typed("SAMLUser"), json!({}), Person),
            (typed("WebIdentityUser"), json!({}), Application),
            (typed("FederatedUser"), json!({}), Application),
            (typed("Role"), json!({}), Application),
            (typed("Directory"), json!({}), Unknown),
            (typed("Unknown"), json!({}), Unknown),
            (typed("Unknown"), json!({ "sessionCredentialFromConsole": "true" }), Person),
            (typed("Unknown"), service("signin.amazonaws.com"), Person),
            (typed("Unknown"), service("sso.amazonaws.com"), Person),
            (typed("AWSAccount"), json!({}), OtherAccount),
            (typed("AWSService"), json!({}), Service),
            (portal.clone(), json!({}), Person),
            (portal, service("sso.amazonaws.com"), Person),
            (session("i-0123"), json!({}), Application),
            (on_behalf, json!({}), Person),
            (through, json!({}), Service),
            (session("alice@acme.example"), json!({}), Person),
            (session("ci@acme.iam.gserviceaccount.com"), json!({}), Application),
            (session("a@b"), json!({}), Application),
            (session("i-0123"), json!({ "sessionCredentialFromConsole": "true" }), Person),
            (
                json!({ "accountId": HERE, "invokedBy": "AWS Internal" }),
                service("kms.amazonaws.com"),
                Service,
            ),
            (json!({ "type": "Root", "accountId": HERE }), service("iam.amazonaws.com"), Service),
            (
                json!({ "type": "AWSAccount", "accountId": "ANONYMOUS_PRINCIPAL" }),
                json!({}),
                Unknown,
            ),
            (
                json!({ "type": "IAMUser", "accountId": HERE, "userName": "HIDDEN_DUE_TO_SECURITY_REASONS" }),
                json!({ "eventType": "AwsConsoleSignIn" }),
                Person,
            ),
            (
                json!({ "type": "IAMUser", "accountId": "999988887777", "arn": "arn:aws:iam::999988887777:user/x" }),
                json!({}),
                OtherAccount,
            ),
            (json!(null), json!({}), Unknown),
        ] {
            let mut record = json!({ "userIdentity": identity, "eventType": "AwsApiCall" });
            record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            assert_eq!(kind(&record), expected, "{record}");
        }
    }
}
