//! STS: the caller's identity, and the roles assumed in other accounts.
//!
//! Each account has one set of credentials for all regions and calls: the first call assumes the
//! role, the others wait for it, and the credentials are renewed shortly before they expire. A
//! refusal is cached, too, so that an account without access costs one call and not one per part.
//!
//! The SDK's own provider for assumed roles caches nothing and reads the base credentials each
//! time; the SDK's cache in front of it caches no refusals, and turns each into "no credentials".

use super::Timing;
use super::endpoints::Endpoints;
use super::errors::{bad_response, kind};
use super::gate::Gate;
use super::retry::patiently;
use super::throttles::{ModelledThrottles, Throttles};
use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use ctguard_core::blueprint::AssumedRole;
use ctguard_core::cause::Cause;
use ctguard_core::cloud::{CloudError, CloudErrorKind};
use ctguard_core::scope::AccountId;
use ctguard_core::snapshot::Caller;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::Mutex;

const ASSUME_ROLE: &str = "sts:AssumeRole";
const GET_CALLER_IDENTITY: &str = "sts:GetCallerIdentity";

/// The throttling scope of STS calls: they count for the caller's account, whichever account's role
/// is assumed.
pub(super) const SCOPE: &str = "caller";

/// The name of a session unless the blueprint has another: CloudTrail shows it with every call.
const SESSION_NAME: &str = "ctguard";

/// How long before they expire credentials are renewed.
const RENEW_BEFORE: Duration = Duration::from_secs(5 * 60);

/// How long an account is not retried after STS was unreachable or busy.
const REST: Duration = Duration::from_secs(60);

/// Reads the account and ARN of the credentials in use.
pub(super) async fn caller(
    client: &aws_sdk_sts::Client,
    gate: &Gate,
) -> Result<Caller, CloudError> {
    let identity =
        gate.send(SCOPE, GET_CALLER_IDENTITY, client.get_caller_identity().send()).await?;
    let account = identity
        .account()
        .and_then(AccountId::new)
        .ok_or_else(|| bad_response(GET_CALLER_IDENTITY, "no account id in the answer"))?;
    Ok(Caller { account, arn: identity.arn().unwrap_or_default().to_owned() })
}

/// A client for STS in the configured region, with the caller's own credentials: the SDK does not
/// use the global endpoint.
pub(super) fn client(
    config: &SdkConfig,
    endpoints: &Endpoints,
    throttles: &Throttles,
) -> aws_sdk_sts::Client {
    let mut config = aws_sdk_sts::config::Builder::from(config);
    config.set_endpoint_url(endpoints.of("STS").map(str::to_owned));
    config.push_interceptor(SharedInterceptor::permanent(throttles.clone()));
    aws_sdk_sts::Client::from_conf(config.retry_classifier(ModelledThrottles).build())
}

/// The credentials of a role in one account.
#[derive(Debug)]
pub(super) struct RoleSession {
    pub(super) arn: String,
    role: AssumedRole,
    caller_arn: String,
    client: aws_sdk_sts::Client,
    gate: Arc<Gate>,
    timing: Timing,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    New,
    Assumed(Credentials),
    Failed(CloudError, Instant),
}

impl RoleSession {
    /// No call is made until the credentials are needed.
    pub(super) fn new(
        arn: String,
        role: AssumedRole,
        caller_arn: String,
        client: aws_sdk_sts::Client,
        gate: Arc<Gate>,
        timing: Timing,
    ) -> Self {
        Self { arn, role, caller_arn, client, gate, timing, state: Mutex::new(State::New) }
    }

    /// The credentials; assumes the role unless there are valid ones.
    ///
    /// # Errors
    ///
    /// When the role cannot be assumed, or could not be before.
    pub(super) async fn credentials(&self) -> Result<Credentials, CloudError> {
        let mut state = self.state.lock().await;
        let now = SystemTime::now();
        let last_long = |credentials: &Credentials, time: Duration| {
            credentials.expiry().is_none_or(|expiry| expiry > now + time)
        };
        match &*state {
            State::Assumed(credentials) if last_long(credentials, RENEW_BEFORE) => {
                return Ok(credentials.clone());
            }
            State::Failed(error, when)
                if error.kind != CloudErrorKind::Transient || when.elapsed() < REST =>
            {
                return Err(error.clone());
            }
            _ => {}
        }
        match self.assume().await {
            Ok(credentials) => {
                *state = State::Assumed(credentials.clone());
                Ok(credentials)
            }
            Err(error) => {
                if let State::Assumed(credentials) = &*state
                    && last_long(credentials, Duration::ZERO)
                {
                    return Ok(credentials.clone());
                }
                *state = State::Failed(error.clone(), Instant::now());
                Err(error)
            }
        }
    }

    async fn assume(&self) -> Result<Credentials, CloudError> {
        let call = self
            .client
            .assume_role()
            .role_arn(&self.arn)
            .role_session_name(self.role.session_name.as_deref().unwrap_or(SESSION_NAME))
            .set_external_id(self.role.external_id.clone());
        let send = || self.gate.send(SCOPE, ASSUME_ROLE, call.clone().send());
        let answer = patiently(self.timing.first_wait, self.timing.operation, send)
            .await
            .map_err(|error| self.explained(error))?;
        let found = answer
            .credentials
            .ok_or_else(|| bad_response(ASSUME_ROLE, "no credentials in the answer"))?;
        let expiry = SystemTime::try_from(found.expiration)
            .map_err(|error| bad_response(ASSUME_ROLE, error.to_string()))?;
        Ok(Credentials::builder()
            .access_key_id(found.access_key_id)
            .secret_access_key(found.secret_access_key)
            .session_token(found.session_token)
            .expiry(expiry)
            .provider_name(SESSION_NAME)
            .build())
    }

    /// Adds to a refusal the role, the caller and possible reasons: AWS does not distinguish a role
    /// that does not exist from one that does not trust the caller.
    fn explained(&self, error: CloudError) -> CloudError {
        let what = format!("{} cannot assume the role {}", self.caller_arn, self.arn);
        let why = match (error.code.as_str(), error.kind) {
            ("RegionDisabledException", _) => {
                "STS is not enabled for that account in the region that was asked: name another one with AWS_REGION"
            }
            (_, CloudErrorKind::AccessDenied) => match self.role.external_id {
                Some(_) => {
                    "either there is no such role, or its trust policy does not name the caller or asks for another external id, or the caller's own policies do not allow sts:AssumeRole on it, or a service control policy forbids it"
                }
                None => {
                    "either there is no such role, or its trust policy does not name the caller or asks for an external id (none is given), or the caller's own policies do not allow sts:AssumeRole on it, or a service control policy forbids it"
                }
            },
            _ => return CloudError { message: format!("{what}: {}", error.message), ..error },
        };
        CloudError { message: format!("{what}: {why}; AWS says: {}", error.message), ..error }
    }
}

/// An account that no credentials are known for.
pub(super) fn no_way_into(account: &AccountId, caller: &Caller, is_listed: bool) -> CloudError {
    let help = if is_listed {
        format!("add `role:` to the account {account} under `accounts:`")
    } else {
        format!("list {account} under `accounts:` with a `role:` to assume there")
    };
    CloudError {
        operation: ASSUME_ROLE.to_owned(),
        code: "OtherAccount".to_owned(),
        message: format!(
            "the credentials are those of account {}, not of {account}: {help}",
            caller.account
        ),
        request_id: None,
        kind: kind(ASSUME_ROLE, "OtherAccount", None),
        cause: Cause::Unstated,
    }
}
