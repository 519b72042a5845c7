//! Lambda: who may invoke a function that subscribes.

use super::errors::{absent, bad_response};
use super::kms::document;
use super::session::Session;
use ctguard_core::cloud::CloudError;
use ctguard_core::resource::function;
use ctguard_core::scope::Arn;
use ctguard_core::snapshot::LiveFunction;

const GET_POLICY: &str = "lambda:GetPolicy";

impl Session {
    /// The policy of a function, or of the version or alias that its ARN names.
    ///
    /// `None` when it has none or does not exist: GetPolicy returns `ResourceNotFoundException` for
    /// both. Neither admits anybody, so a second call (GetFunctionConfiguration) is not needed.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_GetPolicy.html>
    pub(super) async fn function(&self, arn: &str) -> Result<Option<LiveFunction>, CloudError> {
        let parts = Arn::parse(arn).and_then(|arn| function::parts(arn.resource));
        let Some((name, qualifier)) = parts else {
            return Err(bad_response(GET_POLICY, format!("`{arn}` is not the ARN of a function")));
        };
        let call = self
            .clients
            .lambda()
            .get_policy()
            .function_name(name)
            .set_qualifier(qualifier.map(str::to_owned));
        let Some(answer) = absent(self.send(GET_POLICY, call.send()).await)? else {
            return Ok(None);
        };
        let policy = answer.policy().map(|text| document(GET_POLICY, text)).transpose()?;
        Ok(policy.map(|policy| LiveFunction { policy }))
    }
}
