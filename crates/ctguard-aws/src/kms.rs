//! KMS: the keys that topics are encrypted with. Read only.

use super::errors::{absent, bad_response, observed};
use super::session::Session;
use aws_sdk_kms::types::{KeyManagerType, KeyMetadata, KeySpec, KeyUsageType};
use ctguard_core::cloud::CloudError;
use ctguard_core::snapshot::LiveKey;
use serde_json::Value;

const DESCRIBE_KEY: &str = "kms:DescribeKey";
const GET_KEY_POLICY: &str = "kms:GetKeyPolicy";

impl Session {
    /// A key by id, ARN or alias; `None` when there is none.
    pub(super) async fn key(&self, key: &str) -> Result<Option<LiveKey>, CloudError> {
        let call = self.clients.kms().describe_key().key_id(key);
        let Some(answer) = absent(self.send(DESCRIBE_KEY, call.send()).await)? else {
            return Ok(None);
        };
        let metadata = answer
            .key_metadata()
            .ok_or_else(|| bad_response(DESCRIBE_KEY, "no key in the answer"))?;
        let arn = metadata.arn().unwrap_or_else(|| metadata.key_id()).to_owned();
        let aws_managed = metadata.key_manager() == Some(&KeyManagerType::Aws);
        let asymmetric = !encrypts(metadata);
        // The policy of an AWS-managed key cannot be changed, so it is not needed.
        let policy = if aws_managed { Ok(None) } else { self.key_policy(&arn).await };
        Ok(Some(LiveKey {
            arn,
            enabled: metadata.enabled(),
            aws_managed,
            asymmetric,
            policy: observed(policy),
        }))
    }

    async fn key_policy(&self, arn: &str) -> Result<Option<Value>, CloudError> {
        // Aliases are not accepted here, hence the ARN.
        let call = self.clients.kms().get_key_policy().key_id(arn);
        let Some(answer) = absent(self.send(GET_KEY_POLICY, call.send()).await)? else {
            return Ok(None);
        };
        answer.policy().map(|text| self::document(GET_KEY_POLICY, text)).transpose()
    }
}

/// Whether data keys can be had of it: only symmetric keys for encryption make some. What is not
/// said is taken for the usual.
///
/// Source: <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html>
fn encrypts(metadata: &KeyMetadata) -> bool {
    let is_symmetric = metadata.key_spec().is_none_or(|spec| *spec == KeySpec::SymmetricDefault);
    is_symmetric && metadata.key_usage().is_none_or(|usage| *usage == KeyUsageType::EncryptDecrypt)
}

/// A policy document as JSON.
pub(super) fn document(operation: &'static str, text: &str) -> Result<Value, CloudError> {
    serde_json::from_str(text)
        .map_err(|error| bad_response(operation, format!("the policy is not JSON: {error}")))
}
