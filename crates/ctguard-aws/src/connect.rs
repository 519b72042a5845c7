//! One configuration of the SDK from the options, the environment and the user's AWS files.

use super::endpoints::Endpoints;
use super::errors::refused;
use super::identity;
use super::process::Process;
use super::providers::Making;
use super::proxy::Proxies;
use super::session::sdk_region;
use super::settings::Settings;
use super::transport::{self, Network};
use super::{Limits, Options, Timing};
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::{RetryConfig, RetryMode};
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use ctguard_core::cloud::CloudError;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::sync::{Arc, Mutex, PoisonError};

/// Where calls without a place go when nothing names a region.
const FALLBACK: Region = Region::from_static("us-east-1");

/// What [`super::Aws`] is made of.
pub(super) struct Connected {
    pub(super) base: SdkConfig,
    pub(super) endpoints: Endpoints,
    pub(super) notes: Vec<String>,
    /// The commands that give credentials: a person may have to answer them, so they run first.
    pub(super) processes: Vec<Arc<Process>>,
    /// What to say of the profile that was named, where it has no credentials and none are found.
    pub(super) lacking: Option<String>,
}

/// Reads the settings. Makes no AWS call, unless only the machine itself knows the region.
///
/// # Errors
///
/// When a setting cannot be used.
pub(super) async fn connect(options: &Options) -> Result<Connected, CloudError> {
    let settings = Settings::read(options.profile.as_deref())?;
    let endpoints = match &options.endpoint_url {
        Some(url) => Endpoints::one(url)?,
        None => Endpoints::read(&settings)?,
    };
    let http = transport::client(network(&settings, &endpoints, options.limits)?);
    let (retries, timeouts) = (retries(&settings, options.timing)?, timeouts(options.timing));
    let for_the_sdk = EnvConfigFiles::builder()
        .with_contents(EnvConfigFileKind::Config, settings.for_the_sdk())
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http.clone())
        .app_name(AppName::new("ctguard").expect("letters make an app name"))
        .retry_config(retries.clone())
        .timeout_config(timeouts.clone())
        .profile_name("default")
        .profile_files(for_the_sdk)
        // It would end a body that stalls for 20 seconds, but every attempt ends before that.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        // Every call has its own limits of time; the SDK's five seconds are too few for a source that
        // asks others.
        .identity_cache(
            aws_config::identity::IdentityCache::lazy()
                .load_timeout(options.timing.operation)
                .build(),
        )
        .no_credentials();
    if let Some(region) = region(options, &settings) {
        loader = loader.region(region);
    }
    if let Some(fips) = settings.flag("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint") {
        loader = loader.use_fips(fips);
    }
    if let Some(both) = settings.flag("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint") {
        loader = loader.use_dual_stack(both);
    }
    let mut base = loader.load().await;
    if base.region().is_none_or(|region| region.as_ref().is_empty()) {
        // Used only for GetCallerIdentity; every other call has the region of its place.
        let region = options.default_region.as_ref().map(sdk_region);
        base = base.to_builder().region(region.unwrap_or(FALLBACK)).build();
    }
    let processes = Mutex::default();
    let mut lacking = None;
    let credentials = match &options.credentials {
        Some(given) => given.clone(),
        None => {
            let source = identity::source(&settings)?;
            if matches!(source, identity::Source::ContainerOrMachine) {
                lacking = settings.without_credentials();
            }
            let config = ProviderConfig::without_region()
                .with_region(base.region().cloned())
                .with_use_fips(base.use_fips())
                .with_use_dual_stack(base.use_dual_stack())
                .with_http_client(http.clone())
                .with_retry_config(retries)
                .with_timeout_config(timeouts);
            let mfa_token = options.mfa_token.as_deref();
            let making = Making {
                settings: &settings,
                config: &config,
                http: &http,
                base: &base,
                endpoints: &endpoints,
                mfa_token,
                // An attempt of a call must see how it ended.
                process_limit: options.timing.attempt.mul_f64(0.9),
                processes: &processes,
            };
            making.provider(source)?
        }
    };
    let base = base.to_builder().credentials_provider(credentials).build();
    let processes = processes.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Connected { base, endpoints, notes: notes(&settings), processes, lacking })
}

/// The MFA devices that are asked for, each with the profile that names it.
pub(super) fn mfa_devices(options: &Options) -> Result<Vec<(String, String)>, CloudError> {
    if options.credentials.is_some() {
        return Ok(Vec::new());
    }
    let settings = Settings::read(options.profile.as_deref())?;
    let source = identity::source(&settings)?;
    let owned = |(profile, serial): (&str, &str)| (profile.to_owned(), serial.to_owned());
    Ok(source.mfa_devices().into_iter().map(owned).collect())
}

/// The region as the CLI finds it: the option, the variables, the profile.
fn region(options: &Options, settings: &Settings) -> Option<Region> {
    options.region.as_ref().map(sdk_region).or_else(|| {
        let named = settings.variable("AWS_REGION");
        let named = named.or_else(|| settings.value("AWS_DEFAULT_REGION", "region"));
        named.map(Region::new)
    })
}

fn network(
    settings: &Settings,
    endpoints: &Endpoints,
    limits: Limits,
) -> Result<Network, CloudError> {
    let unusable = |message: String| refused("connect", "InvalidConfiguration", message);
    let proxies = Proxies::read(|name| settings.raw_variable(name)).map_err(unusable)?;
    let named = settings.value("AWS_CA_BUNDLE", "ca_bundle");
    let named = named.map(|path| (path, "AWS_CA_BUNDLE (ca_bundle)"));
    // The CLI takes it, too, after its own.
    let for_all = || Some((settings.variable("REQUESTS_CA_BUNDLE")?, "REQUESTS_CA_BUNDLE"));
    let certificates = match named.or_else(for_all) {
        Some((path, named_by)) => Some(certificates(&path, named_by).map_err(unusable)?),
        None => None,
    };
    let set_by = endpoints.set_by().clone();
    Ok(Network { proxies, set_by, certificates, answer_bytes: limits.answer_bytes })
}

/// Reads a file of certificates, and looks whether it has any.
fn certificates(path: &str, named_by: &str) -> Result<Vec<u8>, String> {
    let failed = |why: String| format!("the certificates of {named_by}, {path}: {why}");
    let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    let mut store = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let certificate = certificate.map_err(|error| failed(error.to_string()))?;
        store.add(certificate).map_err(|error| failed(error.to_string()))?;
    }
    match store.is_empty() {
        true => Err(failed("there is no certificate in it".to_owned())),
        false => Ok(bytes),
    }
}

/// `standard` and not `adaptive` unless the user asks for it: the adaptive mode slows every call of
/// a region after one throttle, by far more than the pace kept here anyway.
fn retries(settings: &Settings, timing: Timing) -> Result<RetryConfig, CloudError> {
    let unusable = |message: String| refused("connect", "InvalidConfiguration", message);
    let mode = settings.value("AWS_RETRY_MODE", "retry_mode");
    let mode = match mode.as_deref().map(str::to_ascii_lowercase).as_deref() {
        // What the CLI calls legacy has nothing that standard lacks.
        None | Some("standard" | "legacy") => RetryMode::Standard,
        Some("adaptive") => RetryMode::Adaptive,
        Some(other) => {
            return Err(unusable(format!(
                "AWS_RETRY_MODE (retry_mode) is `{other}`: there are `standard` and `adaptive`"
            )));
        }
    };
    let mut retries =
        RetryConfig::standard().with_retry_mode(mode).with_initial_backoff(timing.first_wait);
    if let Some(text) = settings.value("AWS_MAX_ATTEMPTS", "max_attempts") {
        let attempts = text.parse().ok().filter(|attempts| *attempts > 0).ok_or_else(|| {
            unusable(format!("AWS_MAX_ATTEMPTS (max_attempts) is `{text}`, not a number from 1"))
        })?;
        retries = retries.with_max_attempts(attempts);
    }
    Ok(retries)
}

fn timeouts(timing: Timing) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(timing.connect)
        // Before the attempt ends: only the connection knows who was silent.
        .read_timeout(timing.attempt.mul_f64(0.9))
        .operation_attempt_timeout(timing.attempt)
        .operation_timeout(timing.operation)
        .build()
}

/// What is not done as it is written.
fn notes(settings: &Settings) -> Vec<String> {
    let legacy = settings.value("AWS_STS_REGIONAL_ENDPOINTS", "sts_regional_endpoints");
    legacy
        .filter(|value| value == "legacy")
        .map(|_| "AWS_STS_REGIONAL_ENDPOINTS (sts_regional_endpoints) is `legacy`; STS is asked in its region nevertheless".to_owned())
        .into_iter()
        .collect()
}
