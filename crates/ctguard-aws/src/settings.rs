//! What the environment and the user's AWS files say, read once and in the AWS CLI's own order.
//!
//! The SDK reads most settings itself, and differs from the CLI in a few that decide who acts and
//! where: which profile is used, whether it goes before keys in the environment, which endpoint a
//! service has. Those are decided here. `docs/credentials.md` lists every setting.
//!
//! Source: botocore's `session.py` and `configprovider.py`, on which the CLI is built.

use super::errors::refused;
use aws_config::profile::{ProfileSet, load};
use aws_runtime::env_config::EnvConfigValue;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};
use ctguard_core::catalogue::nearest;
use ctguard_core::cloud::CloudError;
use std::fmt::Write as _;
use std::path::PathBuf;

/// The profile that counts when none is named.
const DEFAULT: &str = "default";

/// The variables that name a profile, in botocore's order.
const PROFILE_VARIABLES: [&str; 2] = ["AWS_DEFAULT_PROFILE", "AWS_PROFILE"];

/// The most profiles that an error lists.
const NAMED: usize = 10;

#[derive(Debug)]
pub(super) struct Settings {
    /// The profile in use.
    pub(super) profile: String,
    /// The profile was named with `--profile`, and so goes before keys in the environment.
    pub(super) explicit: bool,
    sections: ProfileSet,
    /// The credentials file alone: its keys go before what the config file says.
    credentials_file: ProfileSet,
    env: Env,
}

impl Settings {
    /// Reads them, with this profile if one is given.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or there is no such profile.
    pub(super) async fn read(option: Option<&str>) -> Result<Self, CloudError> {
        let (env, fs) = (Env::real(), Fs::real());
        let option = option.filter(|name| !name.is_empty());
        let from_variable =
            || PROFILE_VARIABLES.into_iter().find_map(|name| Some((variable(&env, name)?, name)));
        let chosen = match option {
            Some(name) => Some((name.to_owned(), "--profile")),
            None => from_variable(),
        };
        let profile = chosen.as_ref().map_or(DEFAULT, |(name, _)| name).to_owned();
        let files = EnvConfigFiles::default();
        let only = EnvConfigFiles::builder().include_default_credentials_file(true).build();
        let unreadable = |error: aws_config::profile::ProfileFileLoadError| {
            let mut text = error.to_string();
            if let Some(source) = std::error::Error::source(&error) {
                let _ = write!(text, ": {source}");
            }
            refused("connect", "InvalidConfiguration", text)
        };
        let sections =
            load(&fs, &env, &files, Some(profile.clone().into())).await.map_err(unreadable)?;
        let credentials_file =
            load(&fs, &env, &only, Some(profile.clone().into())).await.map_err(unreadable)?;
        if let Some((name, named_by)) = &chosen
            && sections.get_profile(name).is_none()
        {
            return Err(no_such_profile(name, named_by, &sections));
        }
        Ok(Self { profile, explicit: option.is_some(), sections, credentials_file, env })
    }

    /// A variable of the environment; an empty one counts as not set.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        variable(&self.env, name)
    }

    /// A variable as it is, empty or not.
    pub(super) fn raw_variable(&self, name: &str) -> Option<String> {
        self.env.get(name).ok()
    }

    /// A key of the profile in use.
    pub(super) fn in_profile(&self, key: &str) -> Option<&str> {
        self.of(&self.profile, key)
    }

    /// A key of some profile.
    pub(super) fn of(&self, profile: &str, key: &str) -> Option<&str> {
        let value = self.sections.get_profile(profile)?.get(key)?.trim();
        (!value.is_empty()).then_some(value)
    }

    /// Whether there is a profile of this name.
    pub(super) fn has_profile(&self, profile: &str) -> bool {
        self.sections.get_profile(profile).is_some()
    }

    /// A key of a profile as the credentials file alone has it.
    pub(super) fn in_credentials_file(&self, profile: &str, key: &str) -> Option<&str> {
        self.credentials_file.get_profile(profile)?.get(key)
    }

    /// A key of an `[sso-session]`.
    pub(super) fn of_session(&self, session: &str, key: &str) -> Option<&str> {
        self.sections.sso_session(session)?.get(key)
    }

    /// A setting with a variable and a key: the variable first.
    pub(super) fn value(&self, name: &str, key: &str) -> Option<String> {
        self.variable(name).or_else(|| self.in_profile(key).map(str::to_owned))
    }

    /// The same for a setting that is `true` or not.
    pub(super) fn flag(&self, name: &str, key: &str) -> Option<bool> {
        self.value(name, key).map(|text| text.eq_ignore_ascii_case("true"))
    }

    /// A key below another one of the profile, such as `addressing_style` below `s3`.
    pub(super) fn nested(&self, key: &str, inner: &str) -> Option<String> {
        let lines = self.sections.get_profile(&self.profile)?.get(key)?.lines();
        let mut pairs = lines.filter_map(|line| line.split_once('='));
        let found = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case(inner))?;
        Some(found.1.trim().to_owned())
    }

    /// The endpoint that is set for a service, and where: that of the service in the environment,
    /// the one for all there, then the same in the profile.
    ///
    /// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
    pub(super) fn endpoint(&self, service: &str) -> Option<(String, String)> {
        let ignored =
            self.flag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls");
        if ignored == Some(true) {
            return None;
        }
        let own = format!("AWS_ENDPOINT_URL_{}", service.to_uppercase().replace([' ', '-'], "_"));
        for name in [own.as_str(), "AWS_ENDPOINT_URL"] {
            if let Some(url) = self.variable(name) {
                return Some((url, name.to_owned()));
            }
        }
        let value = EnvConfigValue::new().profile("endpoint_url").service_id(service);
        let (url, _) = value.load(&self.env, Some(&self.sections))?;
        (!url.is_empty()).then(|| (url.into_owned(), format!("the profile {}", self.profile)))
    }

    /// The `[services]` section that the profile names, if no such section is in the config file.
    pub(super) fn lost_services(&self) -> Option<&str> {
        let name = self.in_profile("services")?;
        let path = self
            .variable("AWS_CONFIG_FILE")
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(self.variable("HOME")?).join(".aws").join("config")));
        // What cannot be read was reported before, and a home folder may be told in other ways.
        let text = std::fs::read_to_string(path?).ok()?;
        let is_section = |line: &str| {
            let inner = line.trim().strip_prefix('[').and_then(|rest| rest.split(']').next());
            inner.is_some_and(|inner| inner.split_whitespace().eq(["services", name]))
        };
        (!text.lines().any(is_section)).then_some(name)
    }
}

fn variable(env: &Env, name: &str) -> Option<String> {
    env.get(name).ok().filter(|value| !value.is_empty())
}

fn no_such_profile(name: &str, named_by: &str, sections: &ProfileSet) -> CloudError {
    let mut known: Vec<&str> = sections.profiles().collect();
    known.sort_unstable();
    let near = nearest(name, known.iter().copied()).into_iter().next();
    let help = match (near, known.as_slice()) {
        (Some(meant), _) => format!("did you mean `{meant}`?"),
        (None, []) => "there is no profile in the AWS files".to_owned(),
        (None, all) => {
            let shown: Vec<String> =
                all.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
            let more = match all.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("there are {}{more}", shown.join(", "))
        }
    };
    refused(
        "connect",
        "UnknownProfile",
        format!("there is no profile `{name}` ({named_by}): {help}"),
    )
}
