//! What the environment and the user's AWS files say, read once and in the AWS CLI's own order.
//!
//! The SDK reads most settings itself, and differs from the CLI in a few that decide who acts and
//! where: which profile is used, whether it goes before keys in the environment, which endpoint a
//! service has. Those are decided here. `docs/credentials.md` lists every setting.
//!
//! Source: botocore's `session.py` and `configprovider.py`, on which the CLI is built.

use super::errors::refused;
use super::files::{self, Config, Section};
use aws_types::os_shim_internal::Env;
use ctguard_core::catalogue::nearest;
use ctguard_core::cloud::CloudError;
use std::collections::BTreeMap;
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
    /// What named it; nothing does where it is the default one.
    named_by: Option<&'static str>,
    /// The profile was named with `--profile`, and so goes before keys in the environment.
    pub(super) explicit: bool,
    /// The config file alone.
    config: Config,
    /// The credentials file alone: its keys go before those of the config file.
    credentials: BTreeMap<String, Section>,
    /// The profiles of both; what the credentials file has goes first.
    profiles: BTreeMap<String, Section>,
    env: Env,
}

impl Settings {
    /// Reads them, with this profile if one is given.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or there is no such profile.
    pub(super) fn read(option: Option<&str>) -> Result<Self, CloudError> {
        let env = Env::real();
        let option = option.filter(|name| !name.is_empty());
        let from_variable =
            || PROFILE_VARIABLES.into_iter().find_map(|name| Some((variable(&env, name)?, name)));
        let chosen = match option {
            Some(name) => Some((name.to_owned(), "--profile")),
            None => from_variable(),
        };
        let profile = chosen.as_ref().map_or(DEFAULT, |(name, _)| name).to_owned();
        let config = Config::of(file(&env, "AWS_CONFIG_FILE", "config")?);
        let credentials = file(&env, "AWS_SHARED_CREDENTIALS_FILE", "credentials")?;
        let credentials: BTreeMap<String, Section> = credentials.into_iter().collect();
        let mut profiles = config.profiles.clone();
        for (name, section) in &credentials {
            profiles.entry(name.clone()).or_default().extend(section.clone());
        }
        if let Some((name, named_by)) = &chosen
            && !profiles.contains_key(name)
        {
            return Err(no_such_profile(name, named_by, &profiles));
        }
        let named_by = chosen.as_ref().map(|(_, named_by)| *named_by);
        let explicit = option.is_some();
        Ok(Self { profile, named_by, explicit, config, credentials, profiles, env })
    }

    /// What to say where credentials lack and a profile was named that has none.
    pub(super) fn without_credentials(&self) -> Option<String> {
        let (profile, named_by) = (&self.profile, self.named_by?);
        let keys = match self.explicit && self.variable("AWS_ACCESS_KEY_ID").is_some() {
            true => {
                "; the keys in the environment do not count beside --profile: leave it out to use them"
            }
            false => "",
        };
        Some(format!(
            "the profile `{profile}` ({named_by}) has no credentials: neither keys (aws_access_key_id), nor role_arn, sso_session, credential_process or web_identity_token_file{keys}"
        ))
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

    /// A key of some profile; one without a value counts as not there.
    pub(super) fn of(&self, profile: &str, key: &str) -> Option<&str> {
        self.written(profile, key).filter(|value| !value.is_empty())
    }

    /// A key of some profile, with or without a value: one that says whose credentials are used is
    /// never passed over.
    pub(super) fn written(&self, profile: &str, key: &str) -> Option<&str> {
        self.profiles.get(profile)?.get(key).map(String::as_str)
    }

    /// Whether there is a profile of this name.
    pub(super) fn has_profile(&self, profile: &str) -> bool {
        self.profiles.contains_key(profile)
    }

    /// A profile as the credentials file alone has it.
    pub(super) fn in_credentials_file(&self, profile: &str) -> Option<&Section> {
        self.credentials.get(profile)
    }

    /// A profile as the config file alone has it.
    pub(super) fn in_config_file(&self, profile: &str) -> Option<&Section> {
        self.config.profiles.get(profile)
    }

    /// An `[sso-session]`.
    pub(super) fn session(&self, name: &str) -> Option<&Section> {
        self.config.sessions.get(name)
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
    pub(super) fn nested(&self, key: &str, inner: &str) -> Option<&str> {
        files::nested(self.in_profile(key)?, inner)
    }

    /// The folder of the user, as `~` means it.
    pub(super) fn home(&self) -> Option<PathBuf> {
        home(&self.env)
    }

    /// A path with `~` and variables replaced.
    pub(super) fn expanded(&self, path: &str) -> PathBuf {
        expanded(&self.env, path)
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
        let of_service = || {
            let section = self.config.services.get(self.in_profile("services")?)?;
            let key = service.to_lowercase().replace([' ', '-'], "_");
            files::nested(section.get(&key)?, "endpoint_url")
        };
        let url = of_service().or_else(|| self.in_profile("endpoint_url"))?;
        (!url.is_empty()).then(|| (url.to_owned(), format!("the profile {}", self.profile)))
    }

    /// The `[services]` section that the profile names, if no such section is in the config file.
    pub(super) fn lost_services(&self) -> Option<&str> {
        let name = self.in_profile("services")?;
        self.config.services.get(name).is_none_or(Section::is_empty).then_some(name)
    }

    /// The settings that only the SDK looks at, as a config file for it: its own reader could find
    /// others in the user's.
    pub(super) fn for_the_sdk(&self) -> String {
        const KEYS: [&str; 4] = [
            "request_checksum_calculation",
            "response_checksum_validation",
            "sdk_ua_app_id",
            "auth_scheme_preference",
        ];
        let lines = KEYS.iter().filter_map(|key| {
            let value = self.in_profile(key).filter(|value| !value.contains('\n'))?;
            Some(format!("{key} = {value}\n"))
        });
        format!("[{DEFAULT}]\n{}", lines.collect::<String>())
    }
}

/// Reads the file that a variable names, or else that of the user's folder. One that is not there
/// is empty.
fn file(env: &Env, name: &str, own: &str) -> Result<Vec<(String, Section)>, CloudError> {
    let path = match variable(env, name) {
        Some(text) => expanded(env, &text),
        None => match home(env) {
            Some(home) => home.join(".aws").join(own),
            None => return Ok(Vec::new()),
        },
    };
    if !path.exists() || path.is_dir() {
        return Ok(Vec::new());
    }
    let bytes = std::fs::read(&path).map_err(|error| error.to_string());
    let text =
        bytes.and_then(|bytes| String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned()));
    text.and_then(|text| files::parse(&text)).map_err(|why| {
        refused(
            "connect",
            "InvalidConfiguration",
            format!("the file {} cannot be read: {why}", path.display()),
        )
    })
}

fn home(env: &Env) -> Option<PathBuf> {
    variable(env, "HOME").map(PathBuf::from).or_else(std::env::home_dir)
}

/// A path with `~` at its start and variables in it, which the CLI replaces; one that is not set
/// stays.
fn expanded(env: &Env, path: &str) -> PathBuf {
    let mut text = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (name, whole) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some((name, _)) => (name, name.len() + 2),
            None => {
                let end = after.find(|c| !word(c)).unwrap_or(after.len());
                (&after[..end], end)
            }
        };
        match env.get(name).ok().filter(|_| !name.is_empty()) {
            Some(value) => text.push_str(&value),
            None => text.push_str(&format!("${}", &after[..whole])),
        }
        rest = &after[whole..];
    }
    text.push_str(rest);
    match (text.strip_prefix('~'), home(env)) {
        (Some(""), Some(home)) => home,
        (Some(inner), Some(home)) if inner.starts_with('/') => {
            home.join(inner.trim_start_matches('/'))
        }
        _ => PathBuf::from(text),
    }
}

fn variable(env: &Env, name: &str) -> Option<String> {
    env.get(name).ok().filter(|value| !value.is_empty())
}

fn no_such_profile(name: &str, named_by: &str, profiles: &BTreeMap<String, Section>) -> CloudError {
    let known: Vec<&str> = profiles.keys().map(String::as_str).collect();
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
