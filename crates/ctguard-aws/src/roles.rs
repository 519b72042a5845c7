//! IAM: the role through which rules forward events. IAM is one service for all regions of a
//! partition; the SDK knows its endpoint.

use super::errors::{absent, bad_response, listed, observed};
use super::session::{Session, tags_as};
use aws_sdk_iam::types as sdk;
use ctguard_core::cloud::CloudError;
use ctguard_core::resource::role::Role;
use ctguard_core::resource::{Tags, policy};
use ctguard_core::snapshot::{LiveRole, Observed};
use serde_json::Value;
use std::collections::BTreeMap;

const CREATE_ROLE: &str = "iam:CreateRole";
const DELETE_ROLE: &str = "iam:DeleteRole";
const DELETE_ROLE_POLICY: &str = "iam:DeleteRolePolicy";
pub(super) const GET_ROLE: &str = "iam:GetRole";
const GET_POLICY: &str = "iam:GetPolicy";
const GET_POLICY_VERSION: &str = "iam:GetPolicyVersion";
const GET_ROLE_POLICY: &str = "iam:GetRolePolicy";
const LIST_ATTACHED_ROLE_POLICIES: &str = "iam:ListAttachedRolePolicies";
const LIST_ROLE_POLICIES: &str = "iam:ListRolePolicies";
const PUT_ROLE_POLICY: &str = "iam:PutRolePolicy";
const TAG_ROLE: &str = "iam:TagRole";
const UPDATE_ASSUME_ROLE_POLICY: &str = "iam:UpdateAssumeRolePolicy";

impl Session {
    /// A role with its policies, its boundary and its tags; `None` when there is none.
    pub(super) async fn role(&self, name: &str) -> Result<Option<LiveRole>, CloudError> {
        let Some(found) = self.get_role(name).await? else { return Ok(None) };
        let mut policies = BTreeMap::new();
        for policy in self.role_policies(name).await? {
            let call = self.clients.iam().get_role_policy().role_name(name).policy_name(&policy);
            // It was deleted since it was listed.
            if let Some(answer) = absent(self.send(GET_ROLE_POLICY, call.send()).await)? {
                let document = decoded(GET_ROLE_POLICY, &answer.policy_document)?;
                policies.insert(policy, document);
            }
        }
        let trust = match &found.assume_role_policy_document {
            Some(text) => decoded(GET_ROLE, text)?,
            None => return Err(bad_response(GET_ROLE, "no trust policy in the answer")),
        };
        let boundary = found.permissions_boundary.and_then(|found| found.permissions_boundary_arn);
        let tags = found.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value));
        Ok(Some(LiveRole {
            attached: self.attached(name).await,
            boundary: match &boundary {
                Some(arn) => observed(self.managed_policy(arn).await),
                None => Observed::Absent,
            },
            role: Role { trust, policies, permissions_boundary: boundary },
            tags: Observed::Known(tags.collect()),
        }))
    }

    /// The policies that are attached to a role, with their documents.
    async fn attached(&self, role: &str) -> Observed<BTreeMap<String, Observed<Value>>> {
        match self.attached_arns(role).await {
            Err(error) => Observed::Unreadable((&error).into()),
            Ok(arns) => {
                let mut found = BTreeMap::new();
                for arn in arns {
                    let document = observed(self.managed_policy(&arn).await);
                    found.insert(arn, document);
                }
                Observed::Known(found)
            }
        }
    }

    async fn attached_arns(&self, role: &str) -> Result<Vec<String>, CloudError> {
        let mut arns = Vec::new();
        let mut pages = self.pages();
        loop {
            let call = self
                .clients
                .iam()
                .list_attached_role_policies()
                .role_name(role)
                .set_marker(pages.token());
            let Some(page) = absent(self.send(LIST_ATTACHED_ROLE_POLICIES, call.send()).await)?
            else {
                return Ok(arns);
            };
            let (truncated, marker) = (page.is_truncated, page.marker);
            let found = listed(LIST_ATTACHED_ROLE_POLICIES, page.attached_policies)?;
            arns.extend(found.into_iter().filter_map(|policy| policy.policy_arn));
            if !pages.turn_if(LIST_ATTACHED_ROLE_POLICIES, truncated, marker.as_deref())? {
                return Ok(arns);
            }
        }
    }

    /// The document of a managed policy's default version; `None` when the policy is gone.
    async fn managed_policy(&self, arn: &str) -> Result<Option<Value>, CloudError> {
        let call = self.clients.iam().get_policy().policy_arn(arn);
        let Some(answer) = absent(self.send(GET_POLICY, call.send()).await)? else {
            return Ok(None);
        };
        let version = answer.policy.and_then(|policy| policy.default_version_id);
        let version = version.ok_or_else(|| bad_response(GET_POLICY, "no version in it"))?;
        let call = self.clients.iam().get_policy_version().policy_arn(arn).version_id(version);
        let Some(answer) = absent(self.send(GET_POLICY_VERSION, call.send()).await)? else {
            return Ok(None);
        };
        let text = answer.policy_version.and_then(|version| version.document);
        let text = text.ok_or_else(|| bad_response(GET_POLICY_VERSION, "no document in it"))?;
        decoded(GET_POLICY_VERSION, &text).map(Some)
    }

    async fn get_role(&self, name: &str) -> Result<Option<sdk::Role>, CloudError> {
        let call = self.clients.iam().get_role().role_name(name);
        match absent(self.send(GET_ROLE, call.send()).await)? {
            Some(answer) => {
                let role = answer.role.ok_or_else(|| bad_response(GET_ROLE, "no role in it"))?;
                Ok(Some(role))
            }
            None => Ok(None),
        }
    }

    async fn role_policies(&self, name: &str) -> Result<Vec<String>, CloudError> {
        let mut names = Vec::new();
        let mut pages = self.pages();
        loop {
            let call =
                self.clients.iam().list_role_policies().role_name(name).set_marker(pages.token());
            let Some(page) = absent(self.send(LIST_ROLE_POLICIES, call.send()).await)? else {
                return Ok(names);
            };
            names.extend(page.policy_names().iter().cloned());
            if !pages.turn_if(LIST_ROLE_POLICIES, page.is_truncated(), page.marker())? {
                return Ok(names);
            }
        }
    }

    /// Creates a role; one of this name with the same trust policy and tags was created by an
    /// earlier try.
    pub(super) async fn create_role(
        &self,
        name: &str,
        trust: &Value,
        tags: &Tags,
    ) -> Result<(), CloudError> {
        let call = self
            .clients
            .iam()
            .create_role()
            .role_name(name)
            .assume_role_policy_document(trust.to_string())
            .set_tags((!tags.is_empty()).then(|| sdk_tags(CREATE_ROLE, tags)).transpose()?);
        match self.send(CREATE_ROLE, call.send()).await {
            Err(error) if error.code.starts_with("EntityAlreadyExists") => {
                if self.is_same_role(name, trust, tags).await? { Ok(()) } else { Err(error) }
            }
            result => result.map(drop),
        }
    }

    async fn is_same_role(
        &self,
        name: &str,
        trust: &Value,
        tags: &Tags,
    ) -> Result<bool, CloudError> {
        let Some(found) = self.get_role(name).await? else { return Ok(false) };
        let text = found.assume_role_policy_document.as_deref().unwrap_or_default();
        let live: BTreeMap<&str, &str> =
            found.tags().iter().map(|tag| (tag.key(), tag.value())).collect();
        Ok(policy::same(&decoded(GET_ROLE, text)?, trust)
            && tags.iter().all(|(key, value)| live.get(key.as_str()) == Some(&value.as_str())))
    }

    pub(super) async fn update_assume_role_policy(
        &self,
        role: &str,
        trust: &Value,
    ) -> Result<(), CloudError> {
        let call = self
            .clients
            .iam()
            .update_assume_role_policy()
            .role_name(role)
            .policy_document(trust.to_string());
        self.send(UPDATE_ASSUME_ROLE_POLICY, call.send()).await.map(drop)
    }

    pub(super) async fn put_role_policy(
        &self,
        role: &str,
        name: &str,
        policy: &Value,
    ) -> Result<(), CloudError> {
        let call = self
            .clients
            .iam()
            .put_role_policy()
            .role_name(role)
            .policy_name(name)
            .policy_document(policy.to_string());
        self.send(PUT_ROLE_POLICY, call.send()).await.map(drop)
    }

    pub(super) async fn tag_role(&self, name: &str, tags: &Tags) -> Result<(), CloudError> {
        let call =
            self.clients.iam().tag_role().role_name(name).set_tags(Some(sdk_tags(TAG_ROLE, tags)?));
        self.send(TAG_ROLE, call.send()).await.map(drop)
    }

    /// Deletes an inline policy; succeeds if it is gone.
    pub(super) async fn delete_role_policy(
        &self,
        role: &str,
        name: &str,
    ) -> Result<(), CloudError> {
        let call = self.clients.iam().delete_role_policy().role_name(role).policy_name(name);
        absent(self.send(DELETE_ROLE_POLICY, call.send()).await).map(drop)
    }

    /// Deletes a role that has no policies; succeeds if it is gone.
    pub(super) async fn delete_role(&self, name: &str) -> Result<(), CloudError> {
        let call = self.clients.iam().delete_role().role_name(name);
        absent(self.send(DELETE_ROLE, call.send()).await).map(drop)
    }
}

fn sdk_tags(operation: &'static str, tags: &Tags) -> Result<Vec<sdk::Tag>, CloudError> {
    tags_as(operation, tags, |key, value| sdk::Tag::builder().key(key).value(value).build())
}

/// Decodes a policy document, which IAM returns URL-encoded.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html>
fn decoded(operation: &'static str, text: &str) -> Result<Value, CloudError> {
    // A brace is never in URL-encoded text, so this one is not encoded.
    let text = if text.starts_with('{') { Some(text.to_owned()) } else { percent_decoded(text) };
    let text =
        text.ok_or_else(|| bad_response(operation, "the policy is not encoded as AWS does it"))?;
    super::kms::document(operation, &text)
}

/// Replaces `%XX` by its byte; `None` if the result is not UTF-8.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn policies_are_read_as_they_stand_in_a_url_and_as_they_are() {
        let policy = json!({ "Sid": "Zoë's 100%", "Resource": "arn:aws:s3:::a+b/*" });
        let encoded: String =
            policy.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect();
        assert_eq!(decoded(GET_ROLE, &encoded).unwrap(), policy);
        assert_eq!(decoded(GET_ROLE, &policy.to_string()).unwrap(), policy);
        for broken in ["%7", "%zz", "%ff", "{"] {
            assert_eq!(decoded(GET_ROLE, broken).unwrap_err().code, "BadResponse", "{broken}");
        }
    }
}
