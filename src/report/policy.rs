//! The IAM policies of a blueprint as people read them, and the same as JSON.

use super::Paint;
use ctguard_core::permissions::Permission;
use ctguard_core::permissions::{
    INLINE_POLICIES_MAX_CHARS, IdentityPolicy, MANAGED_POLICY_MAX_CHARS,
};
use ctguard_core::plural::count;
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write;

/// The version of the JSON form.
const FORMAT_VERSION: u32 = 1;

/// All policies of a blueprint.
#[derive(Debug, Serialize)]
pub struct Policies {
    pub format_version: u32,
    pub blueprint: String,
    /// What the identities are to do: `apply`.
    pub purpose: String,
    pub policies: Vec<Entry>,
}

/// One identity's policy.
#[derive(Debug, Serialize)]
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
        let _ = writeln!(
            out,
            "{}: {whose}{at}, for {}. {}",
            paint.head(&entry.identity),
            policies.purpose,
            size(entry.characters, entry.managed_policies)
        );
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

/// Says what the credentials in use lack.
pub fn lacking(caller: &str, lacking: &[Permission]) -> String {
    if lacking.is_empty() {
        return format!("{caller} has every permission that is needed.\n");
    }
    let mut text = format!("{caller} lacks {}:\n", count(lacking.len(), "permission"));
    for permission in lacking {
        text.push_str(&format!("  {} on {}\n", permission.operation, permission.resource));
    }
    text
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
