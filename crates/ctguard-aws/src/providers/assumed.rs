//! Roles that the settings name: that of a profile, which may ask for an MFA device's code, and that
//! of a web identity.

use super::super::errors::{NotProvided, from_sdk, not_provided, refused};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as Provided;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use ctguard_core::cause::{Cause, CredentialSource};
use ctguard_core::cloud::CloudError;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// Assumes the role that a profile names.
#[derive(Debug)]
pub(super) struct ProfileRole {
    pub(super) profile: String,
    /// Whose credentials assume it, in words.
    pub(super) by: String,
    pub(super) arn: String,
    pub(super) session_name: String,
    pub(super) external_id: Option<String>,
    pub(super) duration_seconds: Option<i32>,
    /// The device, and its code until it has been used: AWS takes each code once.
    pub(super) mfa: Option<(String, Mutex<Option<String>>)>,
    pub(super) client: aws_sdk_sts::Client,
}

impl ProfileRole {
    async fn assume(&self) -> Result<Credentials, CredentialsError> {
        let mut call = self
            .client
            .assume_role()
            .role_arn(&self.arn)
            .role_session_name(&self.session_name)
            .set_external_id(self.external_id.clone())
            .set_duration_seconds(self.duration_seconds);
        if let Some((serial, code)) = &self.mfa {
            let code = code.lock().unwrap_or_else(PoisonError::into_inner).take();
            let code = code.ok_or_else(|| {
                let why = format!(
                    "the session of the profile `{}` has expired, and a new one needs a new code of the MFA device {serial}: run the command again",
                    self.profile
                );
                CredentialsError::provider_error(NotProvided(refused("sts:AssumeRole", "MfaNeeded", why)))
            })?;
            call = call.serial_number(serial).token_code(code);
        }
        let answer = call.send().await.map_err(|error| {
            let what = format!(
                "the role {} of the profile `{}`, with {},",
                self.arn, self.profile, self.by
            );
            let mut told = not_assumed("sts:AssumeRole", &what, &error);
            // It is the first call with these credentials: the region is not the reason.
            if told.cause == Cause::NotEnabled && told.code != "RegionDisabledException" {
                told.cause = Cause::UnknownCredentials;
                told.kind = told.cause.kind();
            }
            // The answer to a wrong or used code is that of a refused role.
            if self.mfa.is_some() && told.message.contains("MultiFactorAuthentication failed") {
                told.code = "MfaRefused".to_owned();
                told.cause = Cause::Unstated;
                told.message.push_str("; each code is taken once: wait for the next one");
            }
            CredentialsError::provider_error(NotProvided(told))
        })?;
        credentials(answer.credentials)
    }
}

impl ProvideCredentials for ProfileRole {
    fn provide_credentials<'a>(&'a self) -> Provided<'a>
    where
        Self: 'a,
    {
        Provided::new(self.assume())
    }
}

/// AWS's codes for a token that it does not take.
///
/// Source: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>
const TOKEN_REFUSED: [&str; 4] =
    ["ExpiredToken", "ExpiredTokenException", "IDPRejectedClaim", "InvalidIdentityToken"];

/// Assumes a role with a token, such as a cluster gives to its programs.
#[derive(Debug)]
pub(super) struct WebRole {
    pub(super) token_file: String,
    pub(super) arn: String,
    pub(super) session_name: String,
    pub(super) client: aws_sdk_sts::Client,
}

impl WebRole {
    async fn assume(&self) -> Result<Credentials, CredentialsError> {
        let failed = |why: String| {
            let why = format!(
                "the role {} cannot be assumed with the token of {}: {why}",
                self.arn, self.token_file
            );
            not_provided(CredentialSource::WebIdentity, "WebIdentity", why)
        };
        // Read each time: a token is replaced long before the session ends.
        let token =
            std::fs::read_to_string(&self.token_file).map_err(|error| failed(error.to_string()))?;
        if token.trim().is_empty() {
            return Err(failed("the file is empty".to_owned()));
        }
        let call = self
            .client
            .assume_role_with_web_identity()
            .role_arn(&self.arn)
            .role_session_name(&self.session_name)
            .web_identity_token(token);
        let answer = call.send().await.map_err(|error| {
            let what = format!("the role {} with the token of {}", self.arn, self.token_file);
            let mut told = not_assumed("sts:AssumeRoleWithWebIdentity", &what, &error);
            if TOKEN_REFUSED.contains(&told.code.as_str()) {
                told.cause = Cause::SourceFailed(CredentialSource::WebIdentity);
                told.kind = told.cause.kind();
            }
            CredentialsError::provider_error(NotProvided(told))
        })?;
        credentials(answer.credentials)
    }
}

impl ProvideCredentials for WebRole {
    fn provide_credentials<'a>(&'a self) -> Provided<'a>
    where
        Self: 'a,
    {
        Provided::new(self.assume())
    }
}

fn not_assumed<E>(
    operation: &'static str,
    what: &str,
    error: &SdkError<E, HttpResponse>,
) -> CloudError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let told = from_sdk(operation, error);
    CloudError { message: format!("{what} cannot be assumed: {}", told.message), ..told }
}

fn credentials(
    answered: Option<aws_sdk_sts::types::Credentials>,
) -> Result<Credentials, CredentialsError> {
    let found = answered
        .ok_or_else(|| CredentialsError::provider_error("no credentials in the answer of STS"))?;
    let expiry =
        SystemTime::try_from(found.expiration).map_err(CredentialsError::provider_error)?;
    Ok(Credentials::new(
        found.access_key_id,
        found.secret_access_key,
        Some(found.session_token),
        Some(expiry),
        "profile",
    ))
}
