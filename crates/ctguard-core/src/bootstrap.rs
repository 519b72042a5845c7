//! The CloudFormation template of the role that ctguard assumes in other accounts.
//!
//! Takes the blueprint, gives the template as a value; `report::yaml` makes it text. The module
//! `permissions` decides what the role may do; the partition is that of the stack's account.

use crate::blueprint::{AssumedRole, Blueprint};
use crate::permissions::{Purpose, of_role, own_account, path_and_name};
use crate::scope::{Partition, Region};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Who may be trusted: an account, or a role or user.
const PRINCIPAL: &str = "^([0-9]{12}|arn:aws[a-z-]*:iam::[0-9]{12}:(root|role/.+|user/.+))$";

/// What STS accepts as an external id, or nothing.
const EXTERNAL_ID: &str = "^([A-Za-z0-9_+=,.@:/-]{2,1224})?$";

/// Why there is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoleError {
    #[error("the blueprint names no role: it covers the account of the credentials in use")]
    None,
    #[error("the blueprint names several roles: {0}")]
    Several(String),
    #[error("the blueprint names no role `{0}`")]
    Unknown(String),
}

/// The role that the template makes: the one asked for, that of discovered accounts, or the only
/// one.
///
/// # Errors
/// When the blueprint names no role, or several.
pub fn role<'a>(
    blueprint: &'a Blueprint,
    asked: Option<&str>,
) -> Result<&'a AssumedRole, RoleError> {
    let accounts = blueprint.accounts.as_ref().ok_or(RoleError::None)?;
    let discovered = accounts.organization.as_ref().map(|organization| &organization.role);
    let mut roles: BTreeMap<&str, &AssumedRole> = BTreeMap::new();
    for role in
        discovered.into_iter().chain(accounts.listed.values().filter_map(|a| a.role.as_ref()))
    {
        roles.entry(path_and_name(role)).or_insert(role);
    }
    if let Some(asked) = asked {
        return roles.get(asked).copied().ok_or_else(|| RoleError::Unknown(asked.to_owned()));
    }
    match (discovered, roles.len()) {
        (Some(role), _) => Ok(role),
        (None, 1) => roles.values().next().copied().ok_or(RoleError::None),
        (None, 0) => Err(RoleError::None),
        (None, _) => Err(RoleError::Several(roles.keys().copied().collect::<Vec<_>>().join(", "))),
    }
}

/// The template.
pub fn template(blueprint: &Blueprint, role: &AssumedRole, purpose: Purpose) -> Value {
    let (path, name) = match path_and_name(role).rsplit_once('/') {
        Some((path, name)) => (format!("/{path}/"), name),
        None => ("/".to_owned(), path_and_name(role)),
    };
    let mut principal = json!({
        "Type": "String",
        "Description": "Who runs ctguard: the ARN of its role, or the id of its account, whose administrators then decide who may.",
        "AllowedPattern": PRINCIPAL,
    });
    // No default: whoever is named here is trusted.
    if let Some(account) = own_account(blueprint) {
        principal["Default"] = json!(account);
    }
    let policy = of_role(blueprint, path_and_name(role), purpose);
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": format!("The role that ctguard assumes for the blueprint {}.", blueprint.name),
        "Parameters": {
            "Principal": principal,
            "ExternalId": {
                "Type": "String",
                "Description": "What the blueprint says as external_id; empty: nothing is asked for.",
                "Default": role.external_id.as_deref().unwrap_or_default(),
                "AllowedPattern": EXTERNAL_ID,
            },
        },
        "Conditions": {
            "AsksForExternalId": { "Fn::Not": [{ "Fn::Equals": [{ "Ref": "ExternalId" }, ""] }] },
        },
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "RoleName": name,
                    "Path": path,
                    "Description": "Assumed by ctguard, which keeps alerts on CloudTrail events.",
                    "AssumeRolePolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [{
                            "Effect": "Allow",
                            "Principal": { "AWS": { "Ref": "Principal" } },
                            "Action": "sts:AssumeRole",
                            "Condition": { "Fn::If": [
                                "AsksForExternalId",
                                { "StringEquals": { "sts:ExternalId": { "Ref": "ExternalId" } } },
                                { "Ref": "AWS::NoValue" },
                            ] },
                        }],
                    },
                    "Policies": [{
                        "PolicyName": "ctguard",
                        "PolicyDocument": of_any_partition(&policy, partition(blueprint)),
                    }],
                },
            },
        },
        "Outputs": { "RoleArn": { "Value": { "Fn::GetAtt": ["Role", "Arn"] } } },
    })
}

fn partition(blueprint: &Blueprint) -> Partition {
    blueprint.first_region().map_or(Partition::Aws, Region::partition)
}

/// The same with the partition of the account in which it stands.
fn of_any_partition(value: &Value, partition: Partition) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix(&format!("arn:{partition}:")) {
            // What looks like a variable to CloudFormation and is one of IAM's is kept for IAM.
            Some(rest) => {
                json!({ "Fn::Sub": format!("arn:${{AWS::Partition}}:{}", rest.replace("${", "${!")) })
            }
            None => value.clone(),
        },
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| of_any_partition(item, partition)).collect())
        }
        Value::Object(fields) => {
            let fields =
                fields.iter().map(|(key, value)| (key.clone(), of_any_partition(value, partition)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permissions::INLINE_POLICIES_MAX_CHARS;
    use jiff::civil::date;

    fn blueprint(lines: &str) -> Blueprint {
        let text = format!(
            "version: 1\nname: acme\nregions: [eu-west-1]\n{lines}trail: {{ name: main, bucket: logs, account: '111122223333' }}\nalerts: []\n"
        );
        let loaded = crate::blueprint::load_text("b.yaml", &text, None, date(2026, 11, 22));
        loaded.blueprint.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
    }

    const LISTED: &str = "accounts: [{ id: '111122223333' }, { id: '222233334444', role: security/ctguard, external_id: acme-7 }]\n";

    /// The template's policy as IAM gets it in a partition.
    fn resolved(value: &Value, partition: &str) -> Value {
        match value {
            Value::Object(fields) if fields.contains_key("Fn::Sub") => {
                json!(fields["Fn::Sub"].as_str().unwrap().replace("${AWS::Partition}", partition))
            }
            Value::Object(fields) => Value::Object(
                fields
                    .iter()
                    .map(|(key, value)| (key.clone(), resolved(value, partition)))
                    .collect(),
            ),
            Value::Array(items) => {
                Value::Array(items.iter().map(|item| resolved(item, partition)).collect())
            }
            _ => value.clone(),
        }
    }

    #[test]
    fn the_role_may_do_what_permissions_say_in_any_partition() {
        let blueprint = blueprint(LISTED);
        let role = role(&blueprint, None).unwrap();
        for purpose in [Purpose::Plan, Purpose::All] {
            let template = template(&blueprint, role, purpose);
            let policy =
                &template["Resources"]["Role"]["Properties"]["Policies"][0]["PolicyDocument"];
            let wanted = of_role(&blueprint, "security/ctguard", purpose);
            assert_eq!(resolved(policy, "aws"), wanted);
            let china = wanted.to_string().replace("arn:aws:", "arn:aws-cn:");
            assert_eq!(resolved(policy, "aws-cn").to_string(), china);
            assert!(wanted.to_string().len() < INLINE_POLICIES_MAX_CHARS);
            assert!(!template.to_string().contains("arn:aws:"), "{template}");
        }
    }

    #[test]
    fn the_role_has_the_blueprints_name_path_and_external_id() {
        let blueprint = blueprint(LISTED);
        let template = template(&blueprint, role(&blueprint, None).unwrap(), Purpose::Apply);
        let properties = &template["Resources"]["Role"]["Properties"];
        assert_eq!(properties["RoleName"], "ctguard");
        assert_eq!(properties["Path"], "/security/");
        assert_eq!(template["Parameters"]["ExternalId"]["Default"], "acme-7");
    }

    #[test]
    fn only_the_account_that_is_said_to_be_the_callers_is_trusted_unasked() {
        let trusted = |lines: &str| {
            let blueprint = blueprint(lines);
            let template = template(&blueprint, role(&blueprint, None).unwrap(), Purpose::Apply);
            template["Parameters"]["Principal"].get("Default").cloned()
        };
        assert_eq!(trusted(LISTED), Some(json!("111122223333")));
        let discovered = "accounts: [{ organization: { role: ctguard } }]\nhub: { account: '111122223333', region: eu-west-1 }\n";
        assert_eq!(trusted(discovered), None);
    }

    #[test]
    fn the_role_is_that_of_discovered_accounts_or_the_only_one() {
        let found = |lines: &str, asked: Option<&str>| {
            let blueprint = blueprint(lines);
            role(&blueprint, asked).map(|role| path_and_name(role).to_owned())
        };
        let ok = |name: &str| Ok(name.to_owned());
        let both = "accounts: [{ id: '111122223333', role: own }, { organization: { role: everywhere } }]\n";
        assert_eq!(found(both, None), ok("everywhere"));
        assert_eq!(found(both, Some("own")), ok("own"));
        assert_eq!(found(both, Some("x")), Err(RoleError::Unknown("x".to_owned())));
        let two = "accounts: [{ id: '111122223333', role: b }, { id: '222233334444', role: 'arn:aws:iam::222233334444:role/a' }]\n";
        assert_eq!(found(two, None), Err(RoleError::Several("a, b".to_owned())));
        assert_eq!(found(&two.replace("role: b", "role: a"), None), ok("a"));
        assert_eq!(found("", None), Err(RoleError::None));
        assert_eq!(found("accounts: [{ id: '111122223333' }]\n", None), Err(RoleError::None));
    }
}
