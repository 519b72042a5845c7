//! The providers of credentials: the SDK's for most sources, and those of our own for commands and
//! roles.

mod assumed;
mod explained;

use super::endpoints::Endpoints;
use super::errors::refused;
use super::identity::{CONTAINER, Role, Source, Sso};
use super::login::Login;
use super::pages::{self, Pages};
use super::process::{ByProcess, Process};
use super::settings::Settings;
use assumed::{ProfileRole, WebRole};
use aws_config::SdkConfig;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::sso::SsoCredentialsProvider;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use ctguard_core::cause::CredentialSource;
use ctguard_core::cloud::CloudError;
use explained::Explained;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The name of a session unless the profile has another: CloudTrail shows it with every call.
const SESSION_NAME: &str = "ctguard";

/// How long a container's server may take, which is on the same machine.
const CONTAINER_LIMIT: Duration = Duration::from_secs(6);

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
                SharedCredentialsProvider::new(Explained {
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
    fn container(&self, profile: Option<&str>) -> Explained<EcsCredentialsProvider> {
        let variable = |name: &str| Some(format!("{} ({name})", self.settings.variable(name)?));
        let found = CONTAINER.into_iter().find_map(variable);
        let set = found.is_some();
        let server =
            found.unwrap_or_else(|| "which no AWS_CONTAINER_CREDENTIALS_* names".to_owned());
        let (config, pages) = self.watched();
        Explained {
            what: format!("the container's server for credentials, {server}{}", asked_by(profile)),
            source: CredentialSource::Container,
            named: profile.is_some() || set,
            limit: self.process_limit.min(CONTAINER_LIMIT),
            pages,
            inner: EcsCredentialsProvider::builder().configure(&config).build(),
        }
    }

    fn machine(
        &self,
        profile: Option<&str>,
    ) -> Result<Explained<ImdsCredentialsProvider>, CloudError> {
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
        Ok(Explained {
            what: format!("the machine's metadata service{server}{}", asked_by(profile)),
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
        .map(|name| format!(", which the profile `{name}` names with `credential_source`,"))
        .unwrap_or_default()
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
