//! Whether a resource policy lets in anybody at all.
//!
//! It is asked for somebody who belongs to no account that a policy names, once as a member of an
//! unknown organization and once without one. What they choose themselves, such as a tag or a name
//! in their own account, keeps nobody out.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

mod chosen;

use super::carried::Carried;
use super::condition::{self, Carries, Verdict};
use super::{about, sid, texts, variables_of};
use crate::resource::policy::condition_keys::is_nowhere;
use crate::resource::policy::statements;
use crate::scope::Arn;
use chosen::{Choice, values};
use serde_json::Value;

/// An id that AWS gives to no account.
const ACCOUNT: &str = "000000000000";

/// An address that nobody has: the block is set aside for measurements.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc2544>
const ADDRESS: &str = "198.18.0.1";

/// An id that AWS gives to no organization.
const ORGANIZATION: &str = "o-0000000000";

/// Somebody unknown who calls a resource.
struct Stranger<'a> {
    action: &'a str,
    resource: &'a str,
    in_organization: bool,
    /// What they choose, by key.
    chosen: &'a Choice,
    /// The ARN of something of theirs for which a service calls, such as a bucket that notifies.
    source: Option<String>,
}

/// The statement that lets anybody do this to the resource, in words; `None` when none is known to.
pub fn opening(policy: Option<&Value>, action: &str, resource: &str) -> Option<String> {
    let policy = policy?;
    let mut sent: Vec<Option<String>> = vec![None];
    sent.extend(values(policy, "aws:sourcearn").iter().filter_map(|arn| theirs(arn)).map(Some));
    for chosen in &chosen::all(policy, action) {
        for source in &sent {
            for in_organization in [true, false] {
                let source = source.clone();
                let stranger = Stranger { action, resource, in_organization, chosen, source };
                if let Some(opening) = stranger.admitted_by(policy, action) {
                    return Some(opening);
                }
            }
        }
    }
    None
}

/// The ARN of something of a stranger's that a pattern admits: what is in their account, or has
/// no account in its ARN and a name of their choice.
fn theirs(pattern: &str) -> Option<String> {
    let mut parts: Vec<&str> = pattern.splitn(6, ':').collect();
    if parts.len() < 6 {
        // A star that ends a shorter pattern stands for all the rest, in a comparison of texts.
        let bare = parts.pop()?.strip_suffix('*')?;
        parts.push(bare);
        let filled = ["arn", "aws", "s3", "", "", "*"];
        parts.extend(filled.into_iter().skip(parts.len()));
    }
    let [arn, partition, service, region, account, name]: [&str; 6] = parts.try_into().ok()?;
    let account = match account {
        "" if name.contains(['*', '?']) => String::new(),
        one => chosen::account(one)?,
    };
    let or = |text: &str, other: &str| match text {
        "" | "*" => other.to_owned(),
        text => text.replace(['*', '?'], "x"),
    };
    let (arn, partition, service) = (or(arn, "arn"), or(partition, "aws"), or(service, "s3"));
    let region = match region {
        "*" => "us-east-1".to_owned(),
        region => region.replace(['*', '?'], "x"),
    };
    let name = name.replace(['*', '?'], "x");
    Some(format!("{arn}:{partition}:{service}:{region}:{account}:{name}"))
}

impl Stranger<'_> {
    fn admitted_by(&self, policy: &Value, action: &str) -> Option<String> {
        let variables = variables_of(policy);
        let mut opening = None;
        for statement in statements(policy) {
            let about = about(statement, variables, action, self.resource, self);
            if about == Some(false) || !names_anybody(statement) {
                continue;
            }
            let verdict = condition::judge(statement.get("Condition"), variables, self);
            let holds = about == Some(true) && verdict == Verdict::Holds;
            match statement.get("Effect").and_then(Value::as_str) {
                Some("Allow") if holds => opening = opening.or_else(|| Some(named(statement))),
                // A denial that is not decided may keep them out.
                Some("Deny") if !matches!(verdict, Verdict::Fails(_)) => return None,
                _ => {}
            }
        }
        opening
    }
}

/// Whether somebody unknown is a principal of a statement. `NotPrincipal` with `Allow` admits
/// everybody but those whom it names, so that AWS warns of it.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
fn names_anybody(statement: &Value) -> bool {
    let is_anybody = |who: &Value| match who {
        Value::String(name) => name == "*",
        kinds => kinds.get("AWS").is_some_and(|who| texts(who).any(|name| name == "*")),
    };
    match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(who), _) => is_anybody(who),
        (None, Some(spared)) => !is_anybody(spared),
        (None, None) => false,
    }
}

fn named(statement: &Value) -> String {
    match sid(statement) {
        Some(sid) => format!("the statement {sid}"),
        None => "a statement without a Sid".to_owned(),
    }
}

impl Carries for Stranger<'_> {
    fn carried(&self, key: &str) -> Carried {
        let value = |text: &str| Carried::Value(text.to_owned());
        let resource = Arn::parse(self.resource);
        let of_organization = matches!(key, "aws:principalorgid" | "aws:principalorgpaths");
        // Of a call by a service, they choose only what it is about.
        let is_theirs = self.source.is_none() || !key.starts_with("aws:");
        if is_theirs && (self.in_organization || !of_organization) {
            match self.chosen.get(key) {
                Some(Some(text)) => return value(text),
                Some(None) => return Carried::Never,
                None => {}
            }
        }
        // A service calls for what the stranger has in it.
        if let Some(source) = &self.source {
            match key {
                "aws:sourcearn" => return value(source),
                "aws:sourceaccount" | "aws:sourceowner" => return value(ACCOUNT),
                "aws:principalisawsservice" => return value("true"),
                "aws:principalarn"
                | "aws:principalaccount"
                | "aws:principaltype"
                | "aws:sourceip"
                | "aws:userid" => return Carried::Foreign,
                "aws:principalservicename" | "aws:principalservicenameslist" => {
                    return Carried::Unknown;
                }
                "aws:principalorgid" | "aws:principalorgpaths" => return Carried::Never,
                _ => {}
            }
        }
        match key {
            // SNS has the caller's account as `aws:SourceOwner`.
            "aws:principalaccount" | "aws:sourceowner" => value(ACCOUNT),
            "aws:principalarn" => Carried::Value(format!("arn:aws:iam::{ACCOUNT}:role/anybody")),
            "aws:principalorgid" if self.in_organization => value(ORGANIZATION),
            "aws:principalorgpaths" if self.in_organization => {
                Carried::Value(format!("{ORGANIZATION}/r-0000/"))
            }
            "aws:principaltype" => value("AssumedRole"),
            "aws:sourceip" => value(ADDRESS),
            "aws:userid" => value("AROA0000000000000000:anybody"),
            "aws:securetransport" => value("true"),
            "aws:principalisawsservice" | "aws:viaawsservice" => value("false"),
            "aws:currenttime" | "aws:epochtime" | "aws:tokenissuetime" => Carried::Time,
            "aws:resourceaccount" => resource.map_or(Carried::Unknown, |arn| value(arn.account)),
            "aws:requestedregion" => resource.map_or(Carried::Unknown, |arn| value(arn.region)),
            // Only a service that calls for somebody sends the sources.
            "aws:sourcearn"
            | "aws:sourceaccount"
            | "aws:sourceorgid"
            | "aws:sourceorgpaths"
            | "aws:principalorgid"
            | "aws:principalorgpaths"
            | "aws:principalservicename"
            | "aws:principalservicenameslist"
            | "aws:sourcevpc"
            | "aws:sourcevpce"
            | "aws:username"
            | "aws:calledvia"
            | "aws:calledviafirst"
            | "aws:calledvialast"
            | "sns:endpoint"
            | "sns:protocol" => Carried::Never,
            key if is_nowhere(key, self.action.split(':').next().unwrap_or_default()) => {
                Carried::Never
            }
            _ => Carried::Unknown,
        }
    }

    fn who(&self) -> &str {
        "anybody"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const BUS: &str = "arn:aws:events:eu-west-1:111122223333:event-bus/ctguard-acme";

    fn is_open(statements: &[Value]) -> bool {
        let policy = json!({ "Version": "2012-10-17", "Statement": statements });
        opening(Some(&policy), "events:PutEvents", BUS).is_some()
    }

    fn allow(principal: Value, condition: Value) -> Value {
        json!({ "Sid": "s", "Effect": "Allow", "Principal": principal,
                "Action": "events:PutEvents", "Resource": BUS, "Condition": condition })
    }

    #[test]
    fn a_policy_is_open_without_a_condition_on_who() {
        for (condition, open) in [
            (json!({}), true),
            (json!({ "Bool": { "aws:SecureTransport": "true" } }), true),
            (json!({ "StringEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } }), false),
            (json!({ "StringLike": { "aws:PrincipalOrgID": "o-*" } }), true),
            (json!({ "StringEqualsIfExists": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } }), true),
            (json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } }), true),
            (json!({ "Null": { "aws:PrincipalOrgID": "false" } }), true),
            (json!({ "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": "o-a1/r-1/*" } }), false),
            (json!({ "ForAllValues:StringLike": { "aws:PrincipalOrgPaths": "o-a1/r-1/*" } }), true),
            (json!({ "StringEquals": { "aws:SourceAccount": "111122223333" } }), false),
            (json!({ "StringEquals": { "AWS:SourceOwner": "111122223333" } }), false),
            (json!({ "StringEquals": { "aws:PrincipalAccount": ["111122223333"] } }), false),
            (json!({ "StringNotEquals": { "aws:PrincipalAccount": "444455556666" } }), true),
            (json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/*" } }), true),
            (
                json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/*" } }),
                false,
            ),
            (json!({ "IpAddress": { "aws:SourceIp": "192.0.2.0/24" } }), false),
            (json!({ "IpAddress": { "aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"] } }), true),
            (json!({ "IpAddress": { "aws:SourceIp": "0.0.0.0/0" } }), true),
            (json!({ "NotIpAddress": { "aws:SourceIp": "10.0.0.0/8" } }), true),
            (json!({ "StringLike": { "aws:userid": "*" } }), true),
            (json!({ "StringLike": { "aws:userid": "AROAEXAMPLEID00000000:*" } }), false),
            // What a stranger puts into the event is their choice, and so are the buckets and
            // alarms of their account that a service calls for.
            (json!({ "StringEquals": { "events:source": "aws.cloudtrail" } }), true),
            (json!({ "StringEquals": { "events:detail-type": ["a", "b"] } }), true),
            (json!({ "StringNotEquals": { "events:source": "x" } }), true),
            (
                json!({ "StringLike": { "events:source": "acme.*" }, "StringEquals": { "aws:PrincipalAccount": "111122223333" } }),
                false,
            ),
            (json!({ "ArnLike": { "aws:SourceArn": "arn:aws:s3:::*" } }), true),
            (json!({ "ArnLike": { "aws:SourceArn": "arn:aws:s3:*:*:logs-*" } }), true),
            (json!({ "StringLike": { "aws:SourceArn": "*" } }), true),
            (json!({ "StringLike": { "aws:SourceArn": "arn:aws:cloudwatch:*" } }), true),
            (json!({ "ArnEquals": { "aws:SourceArn": "arn:aws:s3:::acme-logs" } }), false),
            (
                json!({ "ArnLike": { "aws:SourceArn": "arn:aws:cloudwatch:*:111122223333:alarm:*" } }),
                false,
            ),
            (
                json!({ "ArnLike": { "aws:SourceArn": "arn:aws:s3:::*" }, "StringEquals": { "aws:SourceAccount": "111122223333" } }),
                false,
            ),
            // So are the tags, names and sessions of their own account.
            (json!({ "StringEquals": { "aws:PrincipalTag/team": "ops" } }), true),
            (json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::1111*:role/*" } }), true),
            (json!({ "ArnEquals": { "aws:PrincipalArn": "arn:aws:iam::*:user/ops" } }), true),
            (json!({ "StringLike": { "aws:PrincipalArn": "*:role/admin" } }), true),
            (json!({ "StringLike": { "aws:PrincipalArn": "*111122223333:role/x" } }), false),
            (json!({ "StringLike": { "aws:PrincipalAccount": "1111*" } }), true),
            (json!({ "StringLike": { "aws:PrincipalAccount": "11112222333?" } }), true),
            (json!({ "StringLike": { "aws:PrincipalOrgID": "o-a1*" } }), true),
            (json!({ "StringEquals": { "aws:UserAgent": "acme-agent" } }), true),
            (json!({ "StringLike": { "aws:Referer": "https://acme.example/*" } }), true),
            (json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } }), true),
            (json!({ "NumericLessThan": { "aws:MultiFactorAuthAge": "3600" } }), true),
            (json!({ "StringEquals": { "aws:username": "ops" } }), true),
            (json!({ "StringLike": { "aws:userid": "*:ops@acme.example" } }), true),
            (json!({ "StringEquals": { "aws:userid": "AROAEXAMPLEID00000000:ops" } }), false),
            (json!({ "StringLike": { "sts:RoleSessionName": "ops-*" } }), true),
            (json!({ "StringLike": { "aws:SourceIdentity": "ops*" } }), true),
            (json!({ "StringEquals": { "aws:SourceIdentity": "ops" } }), true),
            (json!({ "StringEquals": { "aws:FederatedProvider": "accounts.google.com" } }), true),
            (
                json!({ "StringEquals": { "aws:FederatedProvider": "arn:aws:iam::111122223333:oidc-provider/x" } }),
                false,
            ),
            (json!({ "StringLike": { "aws:SourceVpce": "vpce-*" } }), true),
            (json!({ "StringEquals": { "aws:SourceVpce": "vpce-0a1b2c3d4e5f60718" } }), false),
            (json!({ "StringLike": { "aws:SourceVpc": "*" } }), true),
            (json!({ "StringEquals": { "aws:PrincipalType": "User" } }), true),
            (json!({ "Bool": { "aws:SecureTransport": "false" } }), true),
            (json!({ "DateGreaterThan": { "aws:TokenIssueTime": "2020-01-01T00:00:00Z" } }), true),
            (
                json!({ "StringEquals": { "aws:UserAgent": "x" }, "StringLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/a" },
                    "Bool": { "aws:MultiFactorAuthPresent": "true" } }),
                true,
            ),
            (
                json!({ "StringEquals": { "aws:UserAgent": "x", "aws:PrincipalAccount": "111122223333" } }),
                false,
            ),
            // A key of another service is in no request.
            (json!({ "StringEquals": { "sns:Protocol": "https" } }), false),
        ] {
            assert_eq!(is_open(&[allow(json!("*"), condition.clone())]), open, "{condition}");
        }
    }

    #[test]
    fn a_subscriber_chooses_its_protocol() {
        const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:sec";
        for (condition, open) in [
            (json!({ "StringEquals": { "sns:Protocol": "https" } }), true),
            (json!({ "StringLike": { "sns:Endpoint": "https://*" } }), true),
            (json!({ "StringLike": { "sns:Endpoint": "*" } }), true),
            (json!({ "StringLike": { "sns:Endpoint": "*@acme.example" } }), false),
            (json!({ "StringLike": { "sns:Endpoint": "https://acme.example/*" } }), false),
        ] {
            let policy = json!({ "Statement": [{ "Effect": "Allow", "Principal": "*",
                "Action": "sns:Subscribe", "Resource": TOPIC, "Condition": condition }] });
            let found = opening(Some(&policy), "sns:Subscribe", TOPIC).is_some();
            assert_eq!(found, open, "{condition}");
            // Who publishes names no protocol.
            let mut policy = policy.clone();
            policy["Statement"][0]["Action"] = json!("sns:Publish");
            assert_eq!(opening(Some(&policy), "sns:Publish", TOPIC), None, "{condition}");
        }
    }

    #[test]
    fn only_everybody_is_anybody_and_a_denial_shuts_them_out() {
        for (principal, open) in [
            (json!("*"), true),
            (json!({ "AWS": "*" }), true),
            (json!({ "AWS": ["arn:aws:iam::111122223333:root", "*"] }), true),
            (json!({ "AWS": "arn:aws:iam::444455556666:root" }), false),
            (json!({ "Service": "events.amazonaws.com" }), false),
        ] {
            assert_eq!(is_open(&[allow(principal.clone(), json!({}))]), open, "{principal}");
        }
        let but = |who: Value| {
            let mut one = allow(json!("*"), json!({}));
            one["NotPrincipal"] = who;
            one.as_object_mut().expect("an object").remove("Principal");
            one
        };
        assert!(is_open(&[but(json!({ "AWS": "arn:aws:iam::444455556666:root" }))]));
        assert!(!is_open(&[but(json!("*"))]));
        let everybody = allow(json!("*"), json!({}));
        let mut source = allow(json!("*"), json!({ "StringNotEquals": { "events:source": "a" } }));
        source["Effect"] = json!("Deny");
        assert!(is_open(&[everybody.clone(), source]));
        let outside = json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } });
        let mut deny = allow(json!("*"), outside);
        deny["Effect"] = json!("Deny");
        assert!(!is_open(&[everybody.clone(), deny]));
        let mut other = everybody.clone();
        other["Action"] = json!("events:DescribeRule");
        assert!(!is_open(&[other]));
        let mut every = everybody;
        every["Action"] = json!("events:*");
        assert!(is_open(&[every]));
    }
}
