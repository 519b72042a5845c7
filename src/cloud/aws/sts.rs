//! STS: whose credentials these are.

use super::gate::Gate;
use super::session::bad_response;
use crate::cloud::CloudError;
use crate::scope::AccountId;
use crate::snapshot::Caller;
use aws_config::SdkConfig;

const GET_CALLER_IDENTITY: &str = "sts:GetCallerIdentity";

/// Asks for the account and ARN of the credentials in use.
pub(super) async fn caller(config: &SdkConfig, gate: &Gate) -> Result<Caller, CloudError> {
    let client = aws_sdk_sts::Client::new(config);
    let identity =
        gate.send("caller", GET_CALLER_IDENTITY, client.get_caller_identity().send()).await?;
    let account = identity
        .account()
        .and_then(AccountId::new)
        .ok_or_else(|| bad_response(GET_CALLER_IDENTITY, "no account id in the answer"))?;
    Ok(Caller { account, arn: identity.arn().unwrap_or_default().to_owned() })
}
