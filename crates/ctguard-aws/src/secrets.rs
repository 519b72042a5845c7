//! Parameter Store and Secrets Manager: the addresses that subscribers' `secret` names. Read only.
//!
//! No error has anything of a value in it, and the SDK hides values in its own log.

use super::errors::{bad_response, refused};
use super::session::Session;
use ctguard_core::blueprint::{SECRET_BINARY, SecretReference, SecretStore};
use ctguard_core::cloud::CloudError;

const GET_PARAMETER: &str = "ssm:GetParameter";
const GET_SECRET_VALUE: &str = "secretsmanager:GetSecretValue";

impl Session {
    /// The text that a reference names, whole.
    pub(super) async fn secret(&self, reference: &SecretReference) -> Result<String, CloudError> {
        match reference.store {
            SecretStore::Parameters => self.parameter(&reference.id).await,
            SecretStore::Secrets => self.secret_value(&reference.id).await,
        }
    }

    async fn parameter(&self, name: &str) -> Result<String, CloudError> {
        let call = self.clients.ssm().get_parameter().name(name).with_decryption(true);
        let answer = self.send(GET_PARAMETER, call.send()).await?;
        let value = answer.parameter.and_then(|parameter| parameter.value);
        value.ok_or_else(|| bad_response(GET_PARAMETER, "no value in the answer"))
    }

    async fn secret_value(&self, id: &str) -> Result<String, CloudError> {
        let call = self.clients.secretsmanager().get_secret_value().secret_id(id);
        let answer = self.send(GET_SECRET_VALUE, call.send()).await?;
        match (answer.secret_string, answer.secret_binary) {
            (Some(text), _) => Ok(text),
            (None, Some(_)) => Err(refused(
                GET_SECRET_VALUE,
                SECRET_BINARY,
                "the secret holds bytes (SecretBinary), and no text",
            )),
            (None, None) => Err(bad_response(GET_SECRET_VALUE, "no value in the answer")),
        }
    }
}
