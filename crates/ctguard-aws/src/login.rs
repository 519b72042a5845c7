//! The session of `aws login`, from the file in which the AWS CLI keeps it.
//!
//! The CLI keeps short-lived credentials there and renews them, signed with a key of its own, for
//! as long as the session lasts. Here they are read and never renewed: when they have run out, any
//! call of the CLI renews them for both.
//!
//! Sources: <https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sign-in.html>;
//! botocore's `LoginProvider` and `generate_login_cache_key`.

use super::errors::not_provided;
use super::settings::Settings;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as Provided;
use ctguard_core::cause::CredentialSource;
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::SystemTime;

/// Reads the credentials of one session.
#[derive(Debug)]
pub(super) struct Login {
    profile: String,
    file: PathBuf,
}

impl Login {
    pub(super) fn new(settings: &Settings, profile: String, session: &str) -> Self {
        let own = || settings.home().unwrap_or_default().join(".aws").join("login").join("cache");
        let folder = match settings.variable("AWS_LOGIN_CACHE_DIRECTORY") {
            Some(path) => settings.expanded(&path),
            None => own(),
        };
        let mut name = String::new();
        for byte in Sha256::digest(session) {
            let _ = write!(name, "{byte:02x}");
        }
        Self { profile, file: folder.join(name + ".json") }
    }

    fn read(&self) -> Result<Credentials, CredentialsError> {
        let profile = &self.profile;
        let failed = |why: String| not_provided(CredentialSource::Login, "LoginSession", why);
        let text = std::fs::read_to_string(&self.file).map_err(|_| {
            failed(format!("there is no session of `aws login` for the profile `{profile}`: run `aws login --profile {profile}`"))
        })?;
        let cached: Value = serde_json::from_str(&text).unwrap_or_default();
        let token = |key: &str| cached["accessToken"][key].as_str().map(str::to_owned);
        let (Some(id), Some(secret), Some(session)) =
            (token("accessKeyId"), token("secretAccessKey"), token("sessionToken"))
        else {
            return Err(failed(format!(
                "the session of `aws login` for the profile `{profile}` has no credentials: run `aws login --profile {profile}` again"
            )));
        };
        let end: Option<Timestamp> = token("expiresAt").and_then(|text| text.parse().ok());
        match end {
            Some(end) if end > Timestamp::now() => Ok(Credentials::new(
                id,
                secret,
                Some(session),
                Some(SystemTime::from(end)),
                "login",
            )),
            _ => Err(failed(format!(
                "the credentials of `aws login` for the profile `{profile}` have run out, and only the AWS CLI renews them: run `aws sts get-caller-identity --profile {profile}` (or `aws login --profile {profile}`), then this again; for runs longer than their 15 minutes give another profile `credential_process = aws configure export-credentials --profile {profile} --format process`"
            ))),
        }
    }
}

impl ProvideCredentials for Login {
    fn provide_credentials<'a>(&'a self) -> Provided<'a>
    where
        Self: 'a,
    {
        Provided::ready(self.read())
    }
}
