//! What a role may do, by its own policies and by the policy of the resource.
//!
//! Unlike a service, a role belongs to an account, so conditions on the account and its
//! organization can be evaluated.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use super::carried::{Carried, RESOURCE_TAG, via_service};
use super::condition::{self, Carries, Variables, Verdict};
use super::{Admission, PolicyRefusal, about, has_effect, sid, texts, variables_of};
use crate::desired::{Desired, ScopeOrganization};
use crate::resource::Tags;
use crate::resource::policy::condition_keys::{is_nowhere, of_data_keys};
use crate::resource::policy::statements;
use crate::scope::{AccountId, Arn};
use crate::snapshot::{Live, Observed};
use serde_json::Value;

/// A request by a role.
pub struct Asker<'a> {
    pub role_arn: &'a str,
    pub account: &'a AccountId,
    /// The organization that the account was found in.
    pub organization: Option<&'a ScopeOrganization>,
    /// The organization that the blueprint says its accounts are in: the account is there, or in
    /// none.
    pub said_organization: Option<&'a str>,
    /// The role's tags, where they were read.
    pub tags: Option<&'a Tags>,
    /// The account of the resource.
    pub resource_account: &'a str,
    /// The organization that the account of the resource was found in.
    pub resource_organization: Option<&'a str>,
    /// The region of the resource.
    pub resource_region: &'a str,
    /// The service of the resource, as in its ARN.
    pub resource_service: &'a str,
    /// The resource's tags, where they were read.
    pub resource_tags: Option<&'a Tags>,
    /// The `source` and the `detail-type` of the event that is put on a bus.
    pub event: Option<(&'a str, &'a str)>,
    /// The alias by which the key is asked for, with its prefix, where the resource is one.
    pub alias: Option<&'a str>,
    /// The service that has taken on the role.
    pub service: &'static str,
}

impl<'a> Asker<'a> {
    /// A role of an account that asks for a resource.
    pub fn new(
        desired: &'a Desired,
        live: &'a Live,
        account: &'a AccountId,
        role_arn: &'a str,
        resource: &'a str,
    ) -> Self {
        // A listed account that was not found in the organization may be in any.
        let found = desired.accounts.get(account).is_some_and(|account| account.discovered);
        let name = role_arn.rsplit('/').next().unwrap_or_default();
        let role = live.accounts.get(account).and_then(|seen| seen.roles.get(name));
        let resource = Arn::parse(resource);
        let owner = resource.as_ref().and_then(|arn| AccountId::new(arn.account));
        let is_found = |account| desired.accounts.get(&account).is_some_and(|one| one.discovered);
        let resource_organization =
            desired.organization.as_ref().filter(|_| owner.is_some_and(is_found));
        Self {
            role_arn,
            account,
            organization: desired.organization.as_ref().filter(|_| found),
            said_organization: desired.said_organization.as_deref(),
            tags: role.and_then(Observed::known).and_then(|role| role.tags.known()),
            resource_organization: resource_organization.map(|found| found.id.as_str()),
            resource_account: resource.as_ref().map_or("", |arn| arn.account),
            resource_region: resource.as_ref().map_or("", |arn| arn.region),
            resource_service: resource.as_ref().map_or("", |arn| arn.service),
            resource_tags: None,
            event: None,
            alias: None,
            service: "EventBridge",
        }
    }

    /// The role of a state machine, which Step Functions takes on, or else one of rules.
    #[must_use]
    pub fn of_machine(self, is_machine: bool) -> Self {
        match is_machine {
            true => Self { service: "Step Functions", ..self },
            false => self,
        }
    }
}

impl Asker<'_> {
    /// Evaluates the policy of a resource.
    pub fn admitted(&self, policy: Option<&Value>, action: &str, resource: &str) -> Admission {
        let Some(policy) = policy else {
            let cause = "it has no policy, so it lets in nobody of another account";
            return Admission::Refuses(PolicyRefusal::Nobody(cause.to_owned()));
        };
        let variables = variables_of(policy);
        let concerning = statements(policy)
            .into_iter()
            .filter_map(|statement| Some((statement, variables, self.is_principal(statement)?)));
        self.decide(false, concerning, "the account", action, resource)
    }

    /// Evaluates the policy of a resource of the role's own account, where the role's own policies
    /// are enough: only a statement that denies counts.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
    pub fn not_denied(&self, policy: Option<&Value>, action: &str, resource: &str) -> Admission {
        let Some(policy) = policy else { return Admission::Admits };
        let variables = variables_of(policy);
        let denies =
            |statement: &Value| statement.get("Effect").and_then(Value::as_str) == Some("Deny");
        let concerning = statements(policy)
            .into_iter()
            .filter(|statement| denies(statement))
            .filter_map(|statement| Some((statement, variables, self.is_principal(statement)?)));
        self.decide(true, concerning, "the account", action, resource)
    }

    /// Evaluates the role's inline policies.
    pub fn allowed<'p>(
        &self,
        policies: impl Iterator<Item = &'p Value>,
        action: &str,
        resource: &str,
    ) -> Admission {
        let all = policies.flat_map(|policy| {
            let variables = variables_of(policy);
            let own = move |statement| (statement, variables, IsMeant::Yes);
            statements(policy).into_iter().map(own)
        });
        self.decide(false, all, "the role", action, resource)
    }

    /// `allowed`: whether something else allows it already.
    fn decide<'p>(
        &self,
        mut allowed: bool,
        concerning: impl Iterator<Item = (&'p Value, Variables, IsMeant)>,
        who: &str,
        action: &str,
        resource: &str,
    ) -> Admission {
        let (mut unclear, mut condition, mut denied) = (None, None, None);
        for (statement, variables, meant) in concerning.filter(|(one, ..)| has_effect(one)) {
            let name = self.name(statement);
            let verdict = match about(statement, variables, action, resource, self) {
                Some(false) => continue,
                Some(true) => condition::judge(statement.get("Condition"), variables, self),
                None => Verdict::Unclear("a policy variable".to_owned()),
            };
            let verdict = match (verdict, meant) {
                (Verdict::Holds, IsMeant::Perhaps) => {
                    Verdict::Unclear("the name of its session".to_owned())
                }
                (verdict, _) => verdict,
            };
            let denies = statement.get("Effect").and_then(Value::as_str) == Some("Deny");
            match verdict {
                Verdict::Holds if denies => {
                    let cause = format!("{name} denies {action} to {who}");
                    return Admission::Refuses(PolicyRefusal::Deny(cause));
                }
                Verdict::Unclear(key) if denies => {
                    denied = Some(format!("{name} denies {action} under a condition on {key}"));
                }
                Verdict::Fails(_) if denies => {}
                // AWS advises against NotPrincipal with Allow, and does not say whom it admits.
                _ if statement.get("NotPrincipal").is_some() => {
                    unclear = Some(format!("{name} allows it by NotPrincipal"));
                }
                Verdict::Holds => allowed = true,
                Verdict::Unclear(key) => {
                    unclear = Some(format!("{name} allows it under a condition on {key}"));
                }
                Verdict::Fails(why) => condition = Some(format!("{name} allows {who} only {why}")),
            }
        }
        match (allowed, denied, unclear, condition) {
            (true, None, ..) => Admission::Admits,
            (true, Some(cause), ..) | (false, _, Some(cause), _) => Admission::Assumes(cause),
            (false, _, None, Some(cause)) => Admission::Refuses(PolicyRefusal::Condition(cause)),
            (false, _, None, None) => {
                let cause = format!("no statement allows {action} to {who}");
                Admission::Refuses(PolicyRefusal::Nobody(cause))
            }
        }
    }

    /// Names a statement in the same words for every account, so that equal findings fold into one.
    fn name(&self, statement: &Value) -> String {
        match sid(statement) {
            Some(sid) if sid.contains(self.account.as_str()) => {
                "the statement for the account".to_owned()
            }
            Some(sid) => format!("its statement {sid}"),
            None => "its statement without a Sid".to_owned(),
        }
    }

    /// Whether a statement means the session of the role; `None` when it does not.
    ///
    /// `NotPrincipal` with `Deny` spares a session only if it names the session itself, beside its
    /// role and account; EventBridge's name for it is not known. A role with a permissions boundary
    /// is always denied.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>,
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
    fn is_principal(&self, statement: &Value) -> Option<IsMeant> {
        let id = self.account.as_str();
        let is_self = |name: &str| {
            let root = name.strip_suffix(":root").and_then(|arn| arn.rsplit(':').next());
            name == "*" || name == id || name == self.role_arn || root == Some(id)
        };
        let names = |value: &Value| match value {
            Value::String(name) => name == "*",
            Value::Object(kinds) => kinds.get("AWS").is_some_and(|who| texts(who).any(is_self)),
            _ => false,
        };
        match (statement.get("Principal"), statement.get("NotPrincipal")) {
            (Some(value), _) => names(value).then_some(IsMeant::Yes),
            (None, Some(value)) => {
                let denies = statement.get("Effect").and_then(Value::as_str) == Some("Deny");
                let listed: Vec<&str> = value.get("AWS").into_iter().flat_map(texts).collect();
                let session = format!(":sts::{id}:assumed-role/");
                let everybody = value.as_str() == Some("*") || listed.contains(&"*");
                match denies {
                    _ if everybody => None,
                    true if listed.iter().any(|one| one.contains(&session)) => {
                        Some(IsMeant::Perhaps)
                    }
                    true => Some(IsMeant::Yes),
                    false => (!names(value)).then_some(IsMeant::Yes),
                }
            }
            (None, None) => None,
        }
    }
}

/// How sure it is that a statement means the session of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IsMeant {
    Yes,
    Perhaps,
}

/// The value of a tag; the case of its key does not count in conditions.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
fn tagged<'t>(tags: &'t Tags, key: &str) -> Option<&'t str> {
    let found = tags.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
    found.map(|(_, value)| value.as_str())
}

impl Carries for Asker<'_> {
    fn carried(&self, key: &str) -> Carried {
        let value = |text: &str| Carried::Value(text.to_owned());
        if is_nowhere(key, self.resource_service) {
            return Carried::Never;
        }
        if let Some(tag) = key.strip_prefix("aws:principaltag/") {
            return self
                .tags
                .map_or(Carried::Unknown, |tags| tagged(tags, tag).map_or(Carried::Never, &value));
        }
        // Whether a service makes the tags of its resources keys differs: one that is there may be.
        if let Some(tag) = key.strip_prefix(RESOURCE_TAG) {
            return self.resource_tags.map_or(Carried::Unknown, |tags| {
                tagged(tags, tag).map_or(Carried::Never, |text| Carried::Perhaps(text.to_owned()))
            });
        }
        match key {
            // SNS's own key: the account that asks. A topic's first policy admits its owner by it.
            // https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
            "aws:sourceowner" if self.resource_service == "sns" => value(self.account.as_str()),
            "aws:principalaccount" => value(self.account.as_str()),
            "aws:principalarn" => value(self.role_arn),
            "aws:resourceaccount" => value(self.resource_account),
            "aws:resourceorgid" => self.resource_organization.map_or(Carried::Unknown, &value),
            key if self.resource_service == "kms" && of_data_keys(key).is_some() => {
                of_data_keys(key).flatten().map_or(Carried::Never, &value)
            }
            "aws:securetransport" => value("true"),
            "aws:principalisawsservice" => value("false"),
            // SNS uses the key of a topic on behalf of whoever publishes.
            // <https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html>
            "kms:viaservice" if self.resource_service == "kms" => {
                value(&via_service("sns", self.resource_region))
            }
            "kms:calleraccount" if self.resource_service == "kms" => value(self.account.as_str()),
            "aws:viaawsservice" if self.resource_service == "kms" => Carried::Unknown,
            "aws:viaawsservice" => value("false"),
            "aws:principaltype" => value("AssumedRole"),
            // The role's unique id, and the name of the session, neither of which is read.
            // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>
            "aws:userid" => Carried::Beginning("AROA"),
            // Of an event that a rule puts on another bus.
            // <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html>
            "events:eventbusinvocation" => value("true"),
            "aws:currenttime" | "aws:epochtime" => Carried::Time,
            // Which other aliases the key has is not known.
            // <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html>
            "kms:resourcealiases" => {
                self.alias.map_or(Carried::Unknown, |alias| Carried::Including(alias.to_owned()))
            }
            "aws:principalorgid" => match (self.organization, self.said_organization) {
                (Some(found), _) => value(&found.id),
                (None, Some(id)) => Carried::Perhaps(id.to_owned()),
                (None, None) => Carried::Unknown,
            },
            // A discovered account is in one of its units, or below it.
            "aws:principalorgpaths" => match self.organization {
                None => self
                    .said_organization
                    .map_or(Carried::Unknown, |id| Carried::PerhapsBeneath(vec![format!("{id}/")])),
                Some(found) if found.unit_paths.is_empty() => {
                    Carried::Beneath(vec![format!("{}/", found.id)])
                }
                Some(found) => Carried::Beneath(found.unit_paths.iter().cloned().collect()),
            },
            "events:source" => self.event.map_or(Carried::Unknown, |(source, _)| value(source)),
            "events:detail-type" => self.event.map_or(Carried::Unknown, |(_, kind)| value(kind)),
            "aws:requestedregion" if !self.resource_region.is_empty() => {
                value(self.resource_region)
            }
            // A role that a service assumed: the key is not there, or says that there is none.
            "aws:multifactorauthpresent" => Carried::Perhaps("false".to_owned()),
            "aws:tokenissuetime" => Carried::Time,
            "aws:sourceip" => Carried::Foreign,
            key if key.starts_with("aws:requesttag/") => Carried::Never,
            // A session of a role that a service assumed has no user's name and no second factor,
            // is no service, and calls from no network of its account.
            "aws:assumedroot"
            | "aws:chatbotsourcearn"
            | "aws:ec2instancesourceprivateipv4"
            | "aws:ec2instancesourcevpc"
            | "aws:federatedprovider"
            | "aws:referer"
            | "aws:sourceidentity"
            | "aws:sourcevpc"
            | "aws:sourcevpcarn"
            | "aws:sourcevpce"
            | "aws:tagkeys"
            | "aws:vpceaccount"
            | "aws:vpceorgid"
            | "aws:vpceorgpaths"
            | "aws:vpcsourceip"
            | "sns:endpoint"
            | "sns:protocol"
            | "aws:username"
            | "aws:multifactorauthage"
            | "aws:calledvia"
            | "aws:calledviafirst"
            | "aws:calledvialast"
            | "aws:principalservicename"
            | "aws:principalservicenameslist" => Carried::Never,
            _ => Carried::Unknown,
        }
    }

    fn who(&self) -> &str {
        self.service
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeSet;

    const BUS: &str = "arn:aws:events:eu-west-1:111122223333:event-bus/ctguard-acme";
    const ROLE: &str = "arn:aws:iam::222233334444:role/ctguard-acme";

    fn organization(units: &[&str]) -> ScopeOrganization {
        ScopeOrganization {
            id: "o-acme".to_owned(),
            unit_paths: units.iter().map(|unit| format!("o-acme/r-1/{unit}/")).collect(),
            management: None,
            excluded: BTreeSet::new(),
        }
    }

    fn asker(account: &AccountId) -> Asker<'_> {
        Asker {
            role_arn: ROLE,
            account,
            organization: None,
            said_organization: None,
            tags: None,
            resource_account: "111122223333",
            resource_organization: None,
            resource_region: "eu-west-1",
            resource_service: "events",
            resource_tags: None,
            event: None,
            alias: None,
            service: "EventBridge",
        }
    }

    /// Asks as a role without tags, of an account that the blueprint says is in `o-acme`, for an
    /// event of CloudTrail.
    fn known(statements: &[Value]) -> &'static str {
        let account = AccountId::new("222233334444").expect("twelve digits");
        let tags = Tags::from_iter([("Team".to_owned(), "ops".to_owned())]);
        let asker = Asker {
            said_organization: Some("o-acme"),
            resource_organization: Some("o-acme"),
            tags: Some(&tags),
            event: Some(("aws.cloudtrail", "AWS API Call via CloudTrail")),
            ..asker(&account)
        };
        in_a_word(asker.admitted(
            Some(&json!({ "Statement": statements })),
            "events:PutEvents",
            BUS,
        ))
    }

    #[test]
    fn what_is_known_of_the_role_and_its_event_decides() {
        let root = json!({ "AWS": "arn:aws:iam::222233334444:root" });
        // What an Allow, and what a Deny beside a plain Allow, come to under a condition.
        for (condition, alone, beside) in [
            (json!({ "StringEquals": { "aws:PrincipalOrgID": "o-acme" } }), "assumes", "assumes"),
            (json!({ "StringEquals": { "aws:PrincipalOrgID": "o-other" } }), "condition", "admits"),
            (json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-other" } }), "admits", "deny"),
            (
                json!({ "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": "o-other/*" } }),
                "condition",
                "admits",
            ),
            (
                json!({ "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": "o-acme/*" } }),
                "assumes",
                "assumes",
            ),
            (json!({ "StringEquals": { "aws:PrincipalTag/team": "ops" } }), "admits", "deny"),
            (json!({ "StringNotEquals": { "aws:PrincipalTag/team": "x" } }), "admits", "deny"),
            (json!({ "StringNotEquals": { "aws:PrincipalTag/other": "x" } }), "admits", "deny"),
            (json!({ "StringEquals": { "aws:PrincipalTag/other": "x" } }), "condition", "admits"),
            (json!({ "StringEquals": { "events:source": "aws.cloudtrail" } }), "admits", "deny"),
            (json!({ "StringNotEquals": { "events:source": "aws.ec2" } }), "admits", "deny"),
            (
                json!({ "StringLike": { "events:detail-type": "AWS API Call via CloudTrail" } }),
                "admits",
                "deny",
            ),
            (json!({ "StringNotEquals": { "events:creatorAccount": "1" } }), "admits", "deny"),
            (json!({ "StringNotEqualsIfExists": { "aws:SourceVpce": "v" } }), "admits", "deny"),
            (json!({ "StringEquals": { "aws:SourceVpc": "v" } }), "condition", "admits"),
            (json!({ "StringEquals": { "aws:ResourceOrgID": "o-acme" } }), "admits", "deny"),
            (
                json!({ "StringNotEquals": { "aws:ResourceOrgID": "o-acme" } }),
                "condition",
                "admits",
            ),
            // What "revoke sessions" of the console writes.
            (
                json!({ "DateLessThan": { "aws:TokenIssueTime": "2026-01-01T00:00:00Z" } }),
                "condition",
                "admits",
            ),
            (json!({ "NumericEquals": { "aws:PrincipalArn": "1" } }), "condition", "admits"),
            (
                json!({ "BoolIfExists": { "aws:MultiFactorAuthPresent": "false" } }),
                "admits",
                "deny",
            ),
            (json!({ "Bool": { "aws:MultiFactorAuthPresent": "false" } }), "assumes", "assumes"),
            (json!({ "Bool": { "aws:MultiFactorAuthPresent": true } }), "condition", "admits"),
            (json!({ "StringEquals": { "aws:SourceAcount": "1" } }), "condition", "admits"),
            (json!({ "StringNotEquals": { "PrincipalOrgID": "1" } }), "admits", "deny"),
            (
                json!({ "StringNotEquals": { "aws:RequestedRegion": "eu-west-1" } }),
                "condition",
                "admits",
            ),
            (json!({ "NotIpAddress": { "aws:SourceIp": "10.0.0.0/8" } }), "admits", "deny"),
            (json!({ "IpAddress": { "aws:SourceIp": "0.0.0.0/0" } }), "assumes", "assumes"),
            (json!({ "StringLike": { "aws:userid": "AROA1:*" } }), "assumes", "assumes"),
            (json!({ "StringLike": { "aws:userid": "AROA*" } }), "admits", "deny"),
            (json!({ "StringLike": { "aws:userid": ["AIDA*", "1111*"] } }), "condition", "admits"),
            (json!({ "StringNotEquals": { "aws:userid": "AIDA1" } }), "admits", "deny"),
            (json!({ "StringLike": { "aws:Referer": "*" } }), "condition", "admits"),
            (json!({ "StringLike": { "aws:UserAgent": "*" } }), "assumes", "assumes"),
            (json!({ "StringEquals": { "aws:ResourceTag/a": "b" } }), "assumes", "assumes"),
        ] {
            let allow_it = allow(root.clone(), condition.clone());
            assert_eq!(known(&[allow_it]), alone, "{condition}");
            let plain = allow(root.clone(), json!({}));
            assert_eq!(known(&[plain, deny(condition.clone())]), beside, "{condition}");
        }
    }

    fn answer(statements: &[Value], organization: Option<&ScopeOrganization>) -> &'static str {
        let account = AccountId::new("222233334444").expect("twelve digits");
        let asker = Asker { organization, ..asker(&account) };
        let policy = json!({ "Statement": statements });
        in_a_word(asker.admitted(Some(&policy), "events:PutEvents", BUS))
    }

    fn in_a_word(answer: Admission) -> &'static str {
        match answer {
            Admission::Admits => "admits",
            Admission::Assumes(_) => "assumes",
            Admission::Refuses(PolicyRefusal::Nobody(_)) => "nobody",
            Admission::Refuses(PolicyRefusal::Condition(_)) => "condition",
            Admission::Refuses(PolicyRefusal::Deny(_)) => "deny",
        }
    }

    fn allow(who: Value, condition: Value) -> Value {
        json!({ "Effect": "Allow", "Principal": who, "Action": "events:PutEvents", "Resource": BUS,
            "Condition": condition })
    }

    fn deny(condition: Value) -> Value {
        json!({ "Effect": "Deny", "Principal": "*", "Action": "events:*", "Resource": "*", "Condition": condition })
    }

    /// A denial that is not decided is no leave.
    #[test]
    fn who_does_not_send_a_key_is_the_service_that_takes_on_the_role() {
        let account = AccountId::new("222233334444").expect("twelve digits");
        let topic = "arn:aws:sns:eu-west-1:222233334444:people";
        let policy = json!({ "Statement": [{ "Effect": "Allow", "Action": "sns:Publish",
            "Resource": topic, "Condition": { "StringEquals": { "sns:Protocol": "https" } } }] });
        for (is_machine, who) in [(false, "EventBridge"), (true, "Step Functions")] {
            let asker = asker(&account).of_machine(is_machine);
            let answer = asker.allowed([&policy].into_iter(), "sns:Publish", topic);
            let said = format!("{answer:?}");
            assert!(said.contains(&format!("which {who} does not send")), "{said}");
        }
    }

    #[test]
    fn what_may_be_denied_is_assumed() {
        let account = AccountId::new("222233334444").expect("twelve digits");
        let asker =
            Asker { resource_account: "222233334444", resource_service: "sns", ..asker(&account) };
        let topic = "arn:aws:sns:eu-west-1:222233334444:people";
        let denied = |condition: Value| {
            let deny = json!({ "Effect": "Deny", "Principal": "*", "Action": "sns:Publish",
                "Resource": topic, "Condition": condition });
            asker.not_denied(Some(&json!({ "Statement": [deny] })), "sns:Publish", topic)
        };
        let not_equals = |key: &str, value: &str| json!({ "StringNotEquals": { key: value } });
        let unclear = denied(not_equals("aws:SourceAccount", "222233334444"));
        assert!(matches!(unclear, Admission::Assumes(_)), "{unclear:?}");
        let spared = denied(not_equals("aws:PrincipalAccount", "222233334444"));
        assert!(matches!(spared, Admission::Admits), "{spared:?}");
        let refused = denied(not_equals("aws:PrincipalAccount", "999999999999"));
        assert!(matches!(refused, Admission::Refuses(PolicyRefusal::Deny(_))), "{refused:?}");
        assert!(matches!(asker.not_denied(None, "sns:Publish", topic), Admission::Admits));
    }

    #[test]
    fn a_bus_policy_admits_those_whom_it_names() {
        let root = |id: &str| json!({ "AWS": format!("arn:aws:iam::{id}:root") });
        let none = json!({});
        for (who, expected) in [
            (root("222233334444"), "admits"),
            (root("333344445555"), "nobody"),
            (json!({ "AWS": ["333344445555", "222233334444"] }), "admits"),
            (json!({ "AWS": ROLE }), "admits"),
            (json!({ "AWS": "arn:aws:iam::222233334444:role/other" }), "nobody"),
            (json!("*"), "admits"),
            (json!({ "Service": "events.amazonaws.com" }), "nobody"),
        ] {
            assert_eq!(answer(&[allow(who.clone(), none.clone())], None), expected, "{who}");
        }
        let mut other = allow(json!("*"), none.clone());
        other["Resource"] = json!("arn:aws:events:eu-west-1:111122223333:event-bus/other");
        assert_eq!(answer(&[other], None), "nobody");
        let admitted = allow(root("222233334444"), none);
        assert_eq!(answer(&[admitted.clone(), deny(json!({}))], None), "deny");
        let other = json!({ "StringNotEquals": { "aws:PrincipalAccount": "222233334444" } });
        assert_eq!(answer(&[admitted.clone(), deny(other)], None), "admits");
        let tls = json!({ "Bool": { "aws:SecureTransport": "false" } });
        assert_eq!(answer(&[admitted.clone(), deny(tls)], None), "admits");
        let forwarded = json!({ "Bool": { "events:eventBusInvocation": "true" } });
        assert_eq!(answer(&[admitted.clone(), deny(forwarded)], None), "deny");
        let but = |who: Value| json!({ "Effect": "Deny", "NotPrincipal": { "AWS": who }, "Action": "*", "Resource": "*" });
        let session = "arn:aws:sts::222233334444:assumed-role/forward/x";
        for (spared, expected) in [
            (json!("arn:aws:iam::222233334444:root"), "deny"),
            (json!(["arn:aws:iam::222233334444:root", ROLE]), "deny"),
            (json!(["arn:aws:iam::222233334444:root", ROLE, session]), "assumes"),
            (json!("*"), "admits"),
        ] {
            assert_eq!(
                answer(&[admitted.clone(), but(spared.clone())], None),
                expected,
                "{spared}"
            );
        }
        let tagged = json!({ "StringEquals": { "aws:PrincipalTag/team": "x" } });
        assert_eq!(answer(&[admitted, deny(tagged)], None), "assumes");
    }

    #[test]
    fn an_organization_admits_those_who_were_found_in_it() {
        let id = |id: &str| json!({ "StringEquals": { "aws:PrincipalOrgID": id } });
        let paths =
            |path: &str| json!({ "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": [path] } });
        let but = |id: &str| json!({ "StringEquals": { "aws:PrincipalOrgID": "o-acme" }, "StringNotEquals": { "aws:PrincipalAccount": [id] } });
        let (all, one, two) =
            (organization(&[]), organization(&["ou-a"]), organization(&["ou-a", "ou-b"]));
        for (condition, found, expected) in [
            (id("o-acme"), Some(&all), "admits"),
            (id("o-other"), Some(&all), "condition"),
            (id("o-acme"), None, "assumes"),
            (but("333344445555"), Some(&all), "admits"),
            (but("222233334444"), Some(&all), "condition"),
            (but("222233334444"), None, "condition"),
            (paths("o-acme/r-1/ou-a/*"), Some(&one), "admits"),
            (paths("o-acme/*"), Some(&one), "admits"),
            (paths("o-acme/*"), Some(&all), "admits"),
            (paths("o-acme/r-1/ou-a/*"), Some(&all), "assumes"),
            (paths("o-acme/r-1/ou-a/*"), Some(&two), "assumes"),
            (paths("o-acme/r-1/ou-a/ou-c/*"), Some(&one), "assumes"),
            (paths("o-acme/r-1/ou-z/*"), Some(&one), "condition"),
            (paths("o-acme/r-1/ou-a/*"), None, "assumes"),
        ] {
            let statement = allow(json!("*"), condition.clone());
            assert_eq!(answer(&[statement], found), expected, "{condition} {found:?}");
        }
    }
}
