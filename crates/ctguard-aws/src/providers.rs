//! The providers of credentials: the SDK's for most sources, and one of our own for the roles that
//! profiles name, which may ask for an MFA device's code.

use super::chain::{chain, sources};
use super::endpoints::Endpoints;
use super::errors::{NotProvided, blocked, from_sdk, not_provided, refused};
use super::identity::{CONTAINER, Role, Source, Sso};
use super::login::Login;
use super::pages::{self, Pages};
use super::process::{ByProcess, Process};
use super::settings::Settings;
use aws_config::SdkConfig;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::sso::SsoCredentialsProvider;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as Provided;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use ctguard_core::cause::words::mentions_throttling;
use ctguard_core::cause::{Cause, CredentialSource, Obstacle};
use ctguard_core::cloud::CloudError;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// The name of a session unless the profile has another: CloudTrail shows it with every call.
const SESSION_NAME: &str = "ctguard";

/// What providers are made of.
pub(super) struct Making<'a> {
    pub(super) settings: &'a Settings,
    pub(super) config: &'a ProviderConfig,
    /// The client of that configuration.
    pub(super) http: &'a SharedHttpClient,
    /// Without credentials.
    pub(super) base: &'a SdkConfig,
    pub(super) endpoints: &'a Endpoints,
    /// The codes of the MFA devices, with commas between them, if any were given.
    pub(super) mfa_token: Option<&'a str>,
    /// How long a command may take that gives credentials while a call waits for them.
    pub(super) process_limit: Duration,
    /// The commands that were found.
    pub(super) processes: &'a Mutex<Vec<Arc<Process>>>,
}

impl Making<'_> {
    /// The provider for a source.
    ///
    /// # Errors
    ///
    /// When an MFA device's code is needed and not given, or a setting cannot be used.
    pub(super) fn provider(&self, source: Source) -> Result<SharedCredentialsProvider, CloudError> {
        Ok(match source {
            Source::Keys(keys) => SharedCredentialsProvider::new(keys),
            Source::Role(role) => SharedCredentialsProvider::new(self.role(*role)?),
            Source::WebIdentity { token_file, role_arn, session_name } => {
                SharedCredentialsProvider::new(WebRole {
                    token_file,
                    arn: role_arn,
                    session_name,
                    client: self.sts(None),
                })
            }
            Source::Login { profile, session } => {
                SharedCredentialsProvider::new(Login::new(self.settings, profile, &session))
            }
            Source::Sso(sso) => {
                let what = match &sso.session {
                    Some(session) => format!(
                        "the session `{session}` of IAM Identity Center, which the profile `{}` names (`aws sso login --profile {}`)",
                        sso.profile, sso.profile
                    ),
                    None => format!(
                        "the session of IAM Identity Center for the profile `{}` (`aws sso login --profile {}`)",
                        sso.profile, sso.profile
                    ),
                };
                let (config, pages) = self.watched();
                SharedCredentialsProvider::new(Told {
                    what,
                    source: CredentialSource::SingleSignOn,
                    named: true,
                    limit: self.process_limit,
                    pages,
                    inner: identity_center(&config, sso),
                })
            }
            Source::Process { profile, command } => {
                let process = Arc::new(Process::new(profile, command, self.process_limit));
                let mut all = self.processes.lock().unwrap_or_else(PoisonError::into_inner);
                all.push(Arc::clone(&process));
                SharedCredentialsProvider::new(ByProcess(process))
            }
            Source::Container { profile } => {
                SharedCredentialsProvider::new(self.container(Some(&profile)))
            }
            Source::Machine { profile } => {
                SharedCredentialsProvider::new(self.machine(Some(&profile))?)
            }
            Source::ContainerOrMachine => SharedCredentialsProvider::new(
                CredentialsProviderChain::first_try("EcsContainer", self.container(None))
                    .or_else("Ec2InstanceMetadata", self.machine(None)?),
            ),
        })
    }

    /// The configuration for a source that is reached by HTTP, and what it answered last if that
    /// was a page.
    fn watched(&self) -> (ProviderConfig, Pages) {
        let (client, pages) = pages::watched(self.http.clone());
        let mut config = self.config.clone().with_http_client(client);
        // Within the limit it must be seen which host was silent.
        if let Some(timeouts) = self.patience() {
            config = config.with_timeout_config(timeouts);
        }
        if let Some(retries) = self.retries() {
            config = config.with_retry_config(retries);
        }
        (config, pages)
    }

    fn role(&self, role: Role) -> Result<ProfileRole, CloudError> {
        let Role {
            profile,
            arn,
            session_name,
            external_id,
            duration_seconds,
            mfa_serial,
            by,
            from,
        } = role;
        // Roles on the way have devices of their own, whose codes come first.
        let before = from.mfa_devices().len();
        let code = self.mfa_token.and_then(|codes| codes.split(',').nth(before)).map(str::trim);
        let mfa = match (mfa_serial, code.filter(|code| !code.is_empty())) {
            (None, _) => None,
            (Some(serial), Some(code)) => Some((serial, Mutex::new(Some(code.to_owned())))),
            (Some(serial), None) => {
                let how = match before {
                    0 => "there is no terminal to ask on: add `--mfa-token CODE`".to_owned(),
                    _ => format!(
                        "its roles need {} codes: write them as `--mfa-token CODE,CODE`",
                        before + 1
                    ),
                };
                return Err(refused(
                    "connect",
                    "MfaNeeded",
                    format!(
                        "the profile `{profile}` asks for the code of the MFA device {serial}, and {how}"
                    ),
                ));
            }
        };
        let client = self.sts(Some(self.provider(from)?));
        Ok(ProfileRole {
            profile,
            by,
            arn,
            session_name: session_name.unwrap_or_else(|| SESSION_NAME.to_owned()),
            external_id,
            duration_seconds,
            mfa,
            client,
        })
    }

    /// STS with these credentials, or none. It is asked within an attempt of another call, which
    /// must see how that ended.
    fn sts(&self, credentials: Option<SharedCredentialsProvider>) -> aws_sdk_sts::Client {
        let mut base = self.base.to_builder();
        base.set_credentials_provider(credentials);
        let mut config = aws_sdk_sts::config::Builder::from(&base.build());
        config.set_endpoint_url(self.endpoints.of("STS").map(str::to_owned));
        config.set_timeout_config(self.patience());
        config.set_retry_config(self.retries());
        aws_sdk_sts::Client::from_conf(config.build())
    }

    /// The time limits of a call that is made within an attempt of another one.
    fn patience(&self) -> Option<TimeoutConfig> {
        let timeouts = self.base.timeout_config()?.to_builder();
        Some(timeouts.read_timeout(self.process_limit.mul_f64(0.4)).build())
    }

    fn retries(&self) -> Option<RetryConfig> {
        let retries = self.base.retry_config()?.clone();
        let attempts = retries.max_attempts().min(2);
        Some(retries.with_max_attempts(attempts))
    }

    /// The container's server, named as the environment names it.
    fn container(&self, profile: Option<&str>) -> Told<EcsCredentialsProvider> {
        let variable = |name: &str| Some(format!("{} ({name})", self.settings.variable(name)?));
        let found = CONTAINER.into_iter().find_map(variable);
        let set = found.is_some();
        let server =
            found.unwrap_or_else(|| "which no AWS_CONTAINER_CREDENTIALS_* names".to_owned());
        let (config, pages) = self.watched();
        Told {
            what: format!("the container's server for credentials, {server}{},", asked_by(profile)),
            source: CredentialSource::Container,
            named: profile.is_some() || set,
            limit: self.process_limit.min(CONTAINER_LIMIT),
            pages,
            inner: EcsCredentialsProvider::builder().configure(&config).build(),
        }
    }

    fn machine(&self, profile: Option<&str>) -> Result<Told<ImdsCredentialsProvider>, CloudError> {
        let settings = self.settings;
        let number = |name: &str, key: &str| match settings.value(name, key) {
            None => Ok(None),
            Some(text) => text.parse::<u32>().map(Some).map_err(|_| {
                let message = format!("{name} ({key}) is `{text}`, not a number");
                refused("connect", "InvalidConfiguration", message)
            }),
        };
        let seconds = number("AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout")?;
        let attempts =
            number("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts")?;
        let (config, pages) = self.watched();
        let mut client = imds::Client::builder().configure(&config);
        let mode = settings
            .value("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode");
        if mode.is_some_and(|mode| mode.eq_ignore_ascii_case("ipv6")) {
            client = client.endpoint_mode(imds::client::EndpointMode::IpV6);
        }
        if let Some(seconds) = seconds {
            let limit = Duration::from_secs(seconds.into());
            client = client.connect_timeout(limit).read_timeout(limit);
        }
        if let Some(attempts) = attempts {
            client = client.max_attempts(attempts.max(1));
        }
        let endpoint =
            settings.value("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
        if let Some(url) = &endpoint {
            client = client.endpoint(url).map_err(|error| {
                let message = format!("AWS_EC2_METADATA_SERVICE_ENDPOINT is `{url}`: {error}");
                refused("connect", "InvalidConfiguration", message)
            })?;
        }
        let builder = ImdsCredentialsProvider::builder().configure(&config);
        let disabled = settings.flag("AWS_EC2_METADATA_DISABLED", "").is_some_and(|off| off);
        let server = endpoint
            .as_ref()
            .map(|url| format!(", {url} (AWS_EC2_METADATA_SERVICE_ENDPOINT)"))
            .unwrap_or_default();
        Ok(Told {
            what: format!("the machine's metadata service{server}{},", asked_by(profile)),
            source: CredentialSource::Machine,
            named: profile.is_some() || endpoint.is_some() && !disabled,
            limit: self.process_limit,
            pages,
            inner: builder.imds_client(client.build()).build(),
        })
    }
}

/// Which profile asks for a source.
fn asked_by(profile: Option<&str>) -> String {
    profile
        .map(|name| format!(", which the profile `{name}` names with `credential_source`"))
        .unwrap_or_default()
}

/// How long a container's server may take, which is on the same machine.
const CONTAINER_LIMIT: Duration = Duration::from_secs(6);

/// A provider of the SDK's that says, where it fails, what gives no credentials.
#[derive(Debug)]
struct Told<P> {
    what: String,
    source: CredentialSource,
    /// Whether the settings name this source: then it is an error that it has nothing.
    named: bool,
    limit: Duration,
    pages: Pages,
    inner: P,
}

impl<P: ProvideCredentials> ProvideCredentials for Told<P> {
    fn provide_credentials<'a>(&'a self) -> Provided<'a>
    where
        Self: 'a,
    {
        Provided::new(async {
            let found = tokio::time::timeout(self.limit, self.inner.provide_credentials()).await;
            found.unwrap_or_else(|_| Err(self.silent())).map_err(|error| self.told(error))
        })
    }
}

impl<P> Told<P> {
    fn told(&self, error: CredentialsError) -> CredentialsError {
        let passed = sources(&error).any(|source| source.is::<NotProvided>());
        let nothing = matches!(error, CredentialsError::CredentialsNotLoaded(_));
        let page = self.pages.last();
        // Nothing is there: then the next source is asked.
        if passed || nothing && !self.named && page.is_none() {
            return error;
        }
        let words = chain(&error);
        // Identity Center is a service like others: it may be out of reach, or throttle.
        let cause = match (self.source, &page) {
            (CredentialSource::SingleSignOn, Some(_)) => Some(Cause::Malformed),
            (CredentialSource::SingleSignOn, None) => on_the_way(&error, &words),
            _ => None,
        };
        self.failed(cause, &page.unwrap_or(words))
    }

    /// It did not answer.
    fn silent(&self) -> CredentialsError {
        let why =
            format!("it hangs: no answer came within {} seconds", self.limit.as_secs().max(1));
        let cause = (self.source == CredentialSource::SingleSignOn)
            .then_some(Cause::Unreachable(Obstacle::Timeout));
        self.failed(cause, &why)
    }

    fn failed(&self, cause: Option<Cause>, why: &str) -> CredentialsError {
        let code = match self.source {
            CredentialSource::SingleSignOn => "SingleSignOn",
            CredentialSource::Machine => "MachineCredentials",
            _ => "ContainerCredentials",
        };
        let why = format!("{} gave no credentials: {why}", self.what);
        let Some(cause) = cause else { return not_provided(self.source, code, why) };
        let told = CloudError { kind: cause.kind(), cause, ..refused("credentials", code, why) };
        CredentialsError::provider_error(NotProvided(told))
    }
}

/// What was in the way to the service that gives credentials.
fn on_the_way(error: &CredentialsError, words: &str) -> Option<Cause> {
    if let Some(obstacle) = blocked(error) {
        return Some(Cause::Unreachable(obstacle));
    }
    if sources(error).any(|source| source.is::<ConnectorError>()) {
        return Some(Cause::Unreachable(Obstacle::of(words)));
    }
    mentions_throttling(words).then_some(Cause::Throttled)
}

fn identity_center(config: &ProviderConfig, sso: Sso) -> SsoCredentialsProvider {
    let mut builder = SsoCredentialsProvider::builder()
        .configure(config)
        .account_id(sso.account)
        .role_name(sso.role)
        .start_url(sso.start_url)
        .region(aws_config::Region::new(sso.region));
    builder.set_session_name(sso.session);
    builder.build()
}

/// Assumes the role that a profile names.
#[derive(Debug)]
struct ProfileRole {
    profile: String,
    /// Whose credentials assume it, in words.
    by: String,
    arn: String,
    session_name: String,
    external_id: Option<String>,
    duration_seconds: Option<i32>,
    /// The device, and its code until it has been used: AWS takes each code once.
    mfa: Option<(String, Mutex<Option<String>>)>,
    client: aws_sdk_sts::Client,
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
struct WebRole {
    token_file: String,
    arn: String,
    session_name: String,
    client: aws_sdk_sts::Client,
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
