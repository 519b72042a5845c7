//! The IAM policies of a blueprint as people read them, and the same as JSON.

use super::{Paint, wrap};
use ctguard_core::blueprint::Blueprint;
use ctguard_core::permissions::Permission;
use ctguard_core::permissions::guard::{self, CONTROL_POLICIES_MAX, Control, Exempt};
use ctguard_core::permissions::{
    INLINE_POLICIES_MAX_CHARS, IdentityPolicy, MANAGED_POLICY_MAX_CHARS,
};
use ctguard_core::plural::count;
use ctguard_core::scope::AccountId;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write;

/// The version of the JSON form.
const FORMAT_VERSION: u32 = 1;

/// All policies of a blueprint.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Policies {
    /// The version of this format.
    #[schemars(extend("const" = FORMAT_VERSION))]
    pub format_version: u32,
    /// The name of the blueprint.
    pub blueprint: String,
    /// What the identities are to do: `apply`.
    pub purpose: String,
    /// One for each identity that ctguard acts as.
    pub policies: Vec<Entry>,
}

/// One identity's policy.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Entry {
    /// `hub`, `trail`, `spoke` or `ci`.
    #[serde(rename = "for")]
    pub identity: String,
    /// As far as the blueprint names them.
    pub accounts: Vec<String>,
    /// The roles that are assumed; none for who runs ctguard.
    pub roles: Vec<String>,
    /// As IAM counts them.
    pub characters: usize,
    /// How many managed policies it takes; one inline policy where it is at most 10,240 characters long.
    pub managed_policies: usize,
    /// The policy document, as IAM takes it.
    pub document: Value,
}

impl Policies {
    pub fn new(blueprint: &str, purpose: &str, policies: &[IdentityPolicy]) -> Self {
        let entry = |policy: &IdentityPolicy| Entry {
            identity: policy.identity.to_string(),
            accounts: policy.accounts.iter().map(ToString::to_string).collect(),
            roles: policy.roles.clone(),
            characters: policy.characters(),
            managed_policies: policy.parts().len(),
            document: policy.document.clone(),
        };
        Self {
            format_version: FORMAT_VERSION,
            blueprint: blueprint.to_owned(),
            purpose: purpose.to_owned(),
            policies: policies.iter().map(entry).collect(),
        }
    }
}

/// Renders all of them: for each identity a heading with its size, then the document.
pub fn render(policies: &Policies, paint: Paint) -> String {
    let mut out = String::new();
    for (index, entry) in policies.policies.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let whose = match entry.roles.as_slice() {
            [] => "who runs ctguard".to_owned(),
            roles => format!("role {}", roles.join(", ")),
        };
        let at = match entry.accounts.as_slice() {
            [] => String::new(),
            few if few.len() <= 5 => format!(" in {}", few.join(", ")),
            many => format!(" in {}", count(many.len(), "account")),
        };
        let heading = format!(
            "{}: {whose}{at}, for {}. {}\n",
            paint.head(&entry.identity),
            policies.purpose,
            size(entry.characters, entry.managed_policies)
        );
        out.push_str(&wrap::fit(&heading, paint.width));
        let _ = writeln!(out, "{}", pretty(&entry.document));
    }
    out
}

/// How a policy of this size can be attached.
pub fn size(characters: usize, managed: usize) -> String {
    let fits = match (managed, characters <= INLINE_POLICIES_MAX_CHARS) {
        (1, _) => format!("fits a managed policy, which holds {MANAGED_POLICY_MAX_CHARS}"),
        (_, true) => format!(
            "put it inline (at most {INLINE_POLICIES_MAX_CHARS}), or take it in {managed} managed policies with --part"
        ),
        (_, false) => format!("take it in {managed} managed policies with --part"),
    };
    format!("{characters} characters: {fits}.")
}

/// Says what the credentials in use lack, and the roles in other accounts.
pub fn lacking(found: &Lacking) -> String {
    let mut text = lacks(&found.identity, &found.lacking);
    for role in &found.roles {
        text.push_str(&lacks(&format!("The role in {}", role.account), &role.lacking));
    }
    for unchecked in &found.unchecked {
        text.push_str(&format!("Not looked at: {}: {}\n", unchecked.accounts, unchecked.why));
    }
    text
}

fn lacks(who: &str, lacking: &[Permission]) -> String {
    if lacking.is_empty() {
        return format!("{who} has every permission that is needed.\n");
    }
    let mut text = format!("{who} lacks {}:\n", count(lacking.len(), "permission"));
    for permission in lacking {
        text.push_str(&format!("  {} on {}\n", permission.operation, permission.resource));
    }
    text
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// What the identity in use may not do.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Lacking {
    /// The version of this format.
    #[schemars(extend("const" = 1))]
    pub format_version: u32,
    /// The ARN of the identity.
    pub identity: String,
    /// The calls that IAM would deny it in its own account.
    pub lacking: Vec<Permission>,
    /// The roles in other accounts that were looked at; absent for none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<RoleLacking>,
    /// Accounts whose roles were not looked at, so that nothing is known of them; absent for none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unchecked: Vec<Unchecked>,
}

/// What the role in another account may not do.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RoleLacking {
    /// The account.
    pub account: String,
    /// The calls that IAM would deny the role.
    pub lacking: Vec<Permission>,
}

/// Accounts whose roles were not looked at.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Unchecked {
    /// The account, or which accounts.
    pub accounts: String,
    /// Why, in a few words.
    pub why: String,
}

impl Lacking {
    /// What the caller lacks.
    pub fn new(identity: String, lacking: Vec<Permission>) -> Self {
        Self { format_version: 1, identity, lacking, roles: Vec::new(), unchecked: Vec::new() }
    }

    /// Adds what the role in an account lacks, or why it could not be looked at.
    pub fn add(&mut self, account: &AccountId, found: Result<Vec<Permission>, String>) {
        let account = account.to_string();
        match found {
            Ok(lacking) => self.roles.push(RoleLacking { account, lacking }),
            Err(why) => self.unchecked.push(Unchecked { accounts: account, why }),
        }
    }

    /// Adds that the accounts of the organization were not looked at.
    pub fn leave_organization(&mut self) {
        let accounts = "accounts of the organization that the blueprint does not list".to_owned();
        let why =
            "their roles are not looked up; run it with credentials of the role there".to_owned();
        self.unchecked.push(Unchecked { accounts, why });
    }

    /// Whether anybody who was looked at lacks anything.
    pub fn lacks(&self) -> bool {
        !self.lacking.is_empty() || self.roles.iter().any(|role| !role.lacking.is_empty())
    }
}

/// An organization's policy, in its parts.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Guard {
    /// The version of this format.
    #[schemars(extend("const" = FORMAT_VERSION))]
    pub format_version: u32,
    /// The name of the blueprint.
    pub blueprint: String,
    /// `scp` or `rcp`.
    pub guard: &'static str,
    /// What it does not hold back, and what it takes to attach it.
    pub limits: Vec<String>,
    /// Its parts; each is attached by itself.
    pub policies: Vec<GuardPart>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct GuardPart {
    /// As Organizations counts them.
    pub characters: usize,
    /// The policy document, as Organizations takes it.
    pub document: Value,
}

impl Guard {
    pub fn new(
        blueprint: &Blueprint,
        control: Control,
        parts: &[Value],
        limits: Vec<String>,
    ) -> Self {
        let part = |document: &Value| GuardPart {
            characters: guard::size(document),
            document: document.clone(),
        };
        Self {
            format_version: FORMAT_VERSION,
            blueprint: blueprint.name.clone(),
            guard: control.as_str(),
            limits,
            policies: parts.iter().map(part).collect(),
        }
    }
}

/// What an organization's policy of this type does not hold back.
///
/// Sources: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>,
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
pub fn guard_limits(
    blueprint: &Blueprint,
    control: Control,
    caller_is_named: bool,
    parts: usize,
) -> Vec<String> {
    let mut limits = Vec::new();
    match control {
        Control::Scp => {
            limits.push(
                "the management account, service-linked roles and principals of other \
                 organizations are not held back by a service control policy"
                    .to_owned(),
            );
            if blueprint.hub.is_none() {
                limits.push(
                    "sns:Unsubscribe and sns:SetSubscriptionAttributes have no resource that a \
                     policy could name: without a hub they stay allowed, and the blueprint \
                     self-protection alerts on them"
                        .to_owned(),
                );
            }
            if !caller_is_named && Exempt::lacks_the_caller(blueprint) {
                limits.push(
                    "the blueprint names no role for who runs ctguard: unless that is a role of \
                     the management account or one that is let through, its apply will be denied; \
                     name it with --ci-role"
                        .to_owned(),
                );
            }
        }
        Control::Rcp => limits.push(
            "objects of the management account are not covered by a resource control policy, and \
             topics, rules and trails have none: they need the service control policy (--guard scp)"
                .to_owned(),
        ),
    }
    let aliases = guard::keys_by_alias(blueprint);
    if !aliases.is_empty() {
        limits.push(format!(
            "keys that are named by an alias are not covered: {}; write their ARNs",
            aliases.join(", ")
        ));
    }
    if parts >= CONTROL_POLICIES_MAX {
        limits.push(format!(
            "it takes {parts} policies, and a root, unit or account takes {CONTROL_POLICIES_MAX} \
             with AWS's own: shorten the list of those that are let through, or attach some at the \
             unit above"
        ));
    }
    limits
}
