//! Whose credentials are used: found in the order of the AWS CLI, not of the SDK.
//!
//! | | where | |
//! |---|---|---|
//! | 1 | keys in the environment | not with `--profile` |
//! | 2 | the profile's `role_arn`, with `source_profile` or `credential_source` | |
//! | 3 | a web identity: variables, else the profile | the variables not with `--profile` |
//! | 4 | IAM Identity Center, keys of the credentials file, `login_session`, `credential_process`, keys of the config file | |
//! | 5 | the container's, the machine's | |
//!
//! The SDK takes the default profile before a web identity in the environment, keys in the
//! environment before a profile that was asked for, and a role's MFA device not at all.
//!
//! Source: botocore's `create_credential_resolver` and `AssumeRoleProvider` (`credentials.py`);
//! <https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html>.

use super::errors::refused;
use super::files::Section;
use super::settings::Settings;
use aws_credential_types::Credentials;
use ctguard_core::cloud::CloudError;

/// Where credentials come from.
#[derive(Debug)]
pub(super) enum Source {
    Keys(Credentials),
    Role(Box<Role>),
    WebIdentity {
        token_file: String,
        role_arn: String,
        session_name: String,
    },
    Sso(Sso),
    /// The session of `aws login`.
    Login {
        profile: String,
        session: String,
    },
    Process {
        profile: String,
        command: String,
    },
    /// The profile names it with `credential_source`.
    Container {
        profile: String,
    },
    /// The profile names it with `credential_source`.
    Machine {
        profile: String,
    },
    /// The container's, else the machine's: when nothing else is there.
    ContainerOrMachine,
}

/// A role that a profile names.
#[derive(Debug)]
pub(super) struct Role {
    pub(super) profile: String,
    pub(super) arn: String,
    pub(super) session_name: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) duration_seconds: Option<i32>,
    pub(super) mfa_serial: Option<String>,
    /// Whose credentials assume it, in words.
    pub(super) by: String,
    pub(super) from: Source,
}

#[derive(Debug)]
pub(super) struct Sso {
    pub(super) profile: String,
    pub(super) account: String,
    pub(super) role: String,
    pub(super) start_url: String,
    pub(super) region: String,
    pub(super) session: Option<String>,
}

impl Source {
    /// The MFA devices of the roles on the way, with their profiles.
    pub(super) fn mfa_devices(&self) -> Vec<(&str, &str)> {
        let Self::Role(role) = self else { return Vec::new() };
        let mut devices = role.from.mfa_devices();
        devices.extend(role.mfa_serial.as_deref().map(|serial| (role.profile.as_str(), serial)));
        devices
    }
}

/// The name of a session unless the profile has another: CloudTrail shows it with every call.
const SESSION_NAME: &str = "ctguard";

const ACCESS_KEY_ID: &str = "aws_access_key_id";
const SECRET_ACCESS_KEY: &str = "aws_secret_access_key";

/// Finds where credentials come from. Makes no call.
///
/// # Errors
///
/// When the profile is incomplete or contradicts itself, or asks for a kind that is not supported.
pub(super) fn source(settings: &Settings) -> Result<Source, CloudError> {
    if !settings.explicit
        && let Some(keys) = keys_in_environment(settings)?
    {
        return Ok(Source::Keys(keys));
    }
    let profile = settings.profile.as_str();
    if names_role(settings, profile) {
        return role(settings, profile, &mut vec![profile.to_owned()]);
    }
    if let Some(found) = web_identity(settings, profile, !settings.explicit)? {
        return Ok(found);
    }
    match of_profile(settings, profile)? {
        Some(found) => Ok(found),
        None => Ok(Source::ContainerOrMachine),
    }
}

fn keys_in_environment(settings: &Settings) -> Result<Option<Credentials>, CloudError> {
    let Some(id) = settings.variable("AWS_ACCESS_KEY_ID") else { return Ok(None) };
    let secret = settings.variable("AWS_SECRET_ACCESS_KEY").ok_or_else(|| {
        invalid("AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not".to_owned())
    })?;
    let token = settings.variable("AWS_SESSION_TOKEN");
    let token = token.or_else(|| settings.variable("AWS_SECURITY_TOKEN"));
    Ok(Some(Credentials::new(id, secret, token, None, "environment")))
}

fn names_role(settings: &Settings, profile: &str) -> bool {
    settings.written(profile, "role_arn").is_some()
        && settings.written(profile, "web_identity_token_file").is_none()
}

fn has_keys(settings: &Settings, profile: &str) -> bool {
    [ACCESS_KEY_ID, SECRET_ACCESS_KEY].iter().any(|key| settings.written(profile, key).is_some())
}

/// The role of a profile. `visited` has the profiles on the way, this one last.
fn role(
    settings: &Settings,
    profile: &str,
    visited: &mut Vec<String>,
) -> Result<Source, CloudError> {
    let key = |key: &str| settings.of(profile, key);
    let source = settings.written(profile, "source_profile");
    let by = match source {
        Some(source) => format!("those of the profile `{source}`"),
        None => format!("those of {}", key("credential_source").unwrap_or("nothing")),
    };
    let from = match (source, settings.written(profile, "credential_source")) {
        (Some(_), Some(_)) => {
            return Err(invalid(format!(
                "the profile `{profile}` has both `source_profile` and `credential_source`"
            )));
        }
        (None, None) => {
            return Err(invalid(format!(
                "the profile `{profile}` has a `role_arn`, and neither `source_profile` nor `credential_source` to assume it with"
            )));
        }
        (None, Some(named)) => named_source(settings, profile, named)?,
        (Some(source), None) => source_profile(settings, profile, source, visited)?,
    };
    let duration = key("duration_seconds").and_then(|text| text.parse().ok());
    Ok(Source::Role(Box::new(Role {
        profile: profile.to_owned(),
        arn: key("role_arn").unwrap_or_default().to_owned(),
        session_name: key("role_session_name").map(str::to_owned),
        external_id: key("external_id").map(str::to_owned),
        duration_seconds: duration,
        mfa_serial: key("mfa_serial").map(str::to_owned),
        by,
        from,
    })))
}

/// What a profile may name as the source of the credentials that assume its role.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html>
const SOURCES: [&str; 3] = ["Environment", "Ec2InstanceMetadata", "EcsContainer"];

fn named_source(settings: &Settings, profile: &str, named: &str) -> Result<Source, CloudError> {
    let lacks = |what: &str| {
        invalid(format!("the profile `{profile}` has `credential_source = {named}`, and {what}"))
    };
    // The AWS CLI takes no other spelling: botocore compares the names as they are written.
    let right = SOURCES.iter().find(|right| right.eq_ignore_ascii_case(named));
    if let Some(right) = right.filter(|right| **right != named) {
        return Err(lacks(&format!(
            "it is written `{right}`: the AWS CLI refuses another spelling"
        )));
    }
    match named.to_ascii_lowercase().as_str() {
        "environment" => keys_in_environment(settings)?.map(Source::Keys).ok_or_else(|| {
            lacks(
                "AWS_ACCESS_KEY_ID is not set: set it with AWS_SECRET_ACCESS_KEY, or name a `source_profile` instead",
            )
        }),
        "ec2instancemetadata" if settings.flag("AWS_EC2_METADATA_DISABLED", "").is_some_and(|off| off) => {
            Err(lacks(
                "AWS_EC2_METADATA_DISABLED is `true`: unset it on a machine of EC2, or name a `source_profile` instead",
            ))
        }
        "ec2instancemetadata" => Ok(Source::Machine { profile: profile.to_owned() }),
        "ecscontainer" if CONTAINER.iter().all(|name| settings.variable(name).is_none()) => {
            Err(lacks(
                "neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set, as they are in a container whose task or pod has a role: give it one, or name a `source_profile` instead",
            ))
        }
        "ecscontainer" => Ok(Source::Container { profile: profile.to_owned() }),
        _ => Err(invalid(format!(
            "the profile `{profile}` has the `credential_source` `{named}`: there are `Environment`, `Ec2InstanceMetadata` and `EcsContainer`"
        ))),
    }
}

/// The variables that name a container's server for credentials, in their order.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>
pub(super) const CONTAINER: [&str; 2] =
    ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];

fn source_profile(
    settings: &Settings,
    profile: &str,
    source: &str,
    visited: &mut Vec<String>,
) -> Result<Source, CloudError> {
    if !settings.has_profile(source) {
        return Err(invalid(format!(
            "the profile `{profile}` names a `source_profile` `{source}` that does not exist"
        )));
    }
    let itself = source == profile && has_keys(settings, source);
    if visited.iter().any(|seen| seen == source) && !itself {
        return Err(invalid(format!(
            "the profiles name each other as `source_profile`: {} → {source}",
            visited.join(" → ")
        )));
    }
    visited.push(source.to_owned());
    if names_role(settings, source) && !has_keys(settings, source) {
        return role(settings, source, visited);
    }
    of_profile(settings, source)?.ok_or_else(|| {
        invalid(format!(
            "the profile `{profile}` names the `source_profile` `{source}`, which has no credentials"
        ))
    })
}

/// What a profile has of its own, besides a role.
fn of_profile(settings: &Settings, profile: &str) -> Result<Option<Source>, CloudError> {
    if let Some(found) = web_identity(settings, profile, false)? {
        return Ok(Some(found));
    }
    let key = |key: &str| settings.written(profile, key);
    if key("sso_account_id").is_some() || key("sso_role_name").is_some() {
        return sso(settings, profile).map(Source::Sso).map(Some);
    }
    // Each file's keys stand for themselves: one's id is no half of a pair with the other's secret.
    let with_id = |section: &&Section| section.contains_key(ACCESS_KEY_ID);
    if let Some(section) = settings.in_credentials_file(profile).filter(with_id) {
        return keys(section, profile).map(Source::Keys).map(Some);
    }
    if let Some(session) = key("login_session") {
        let (profile, session) = (profile.to_owned(), session.to_owned());
        return Ok(Some(Source::Login { profile, session }));
    }
    if let Some(command) = key("credential_process") {
        let (profile, command) = (profile.to_owned(), command.to_owned());
        return Ok(Some(Source::Process { profile, command }));
    }
    match settings.in_config_file(profile).filter(with_id) {
        Some(section) => keys(section, profile).map(Source::Keys).map(Some),
        None if has_keys(settings, profile) => {
            Err(invalid(format!("the profile `{profile}` has no `{ACCESS_KEY_ID}`")))
        }
        None => Ok(None),
    }
}

fn keys(section: &Section, profile: &str) -> Result<Credentials, CloudError> {
    let value = |key: &str| section.get(key).filter(|value| !value.is_empty()).cloned();
    let needed = |key: &str| {
        value(key).ok_or_else(|| {
            invalid(format!(
                "the profile `{profile}` has no `{key}` in the file that has its other keys"
            ))
        })
    };
    let (id, secret) = (needed(ACCESS_KEY_ID)?, needed(SECRET_ACCESS_KEY)?);
    let token = value("aws_session_token").or_else(|| value("aws_security_token"));
    Ok(Credentials::new(id, secret, token, None, "profile"))
}

/// A web identity, if a token is named: each of its settings is the variable, where variables
/// count, else the profile's.
fn web_identity(
    settings: &Settings,
    profile: &str,
    with_variables: bool,
) -> Result<Option<Source>, CloudError> {
    let value = |name: &str, key: &str| {
        let set = with_variables.then(|| settings.variable(name)).flatten();
        set.or_else(|| settings.of(profile, key).map(str::to_owned))
    };
    let Some(token_file) = value("AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file") else {
        return Ok(None);
    };
    let role_arn = value("AWS_ROLE_ARN", "role_arn").ok_or_else(|| {
        let by_profile = settings.of(profile, "web_identity_token_file").is_some();
        invalid(match by_profile {
            false => "AWS_WEB_IDENTITY_TOKEN_FILE is set, and AWS_ROLE_ARN is not".to_owned(),
            true => format!(
                "the profile `{profile}` has a `web_identity_token_file`, and no `role_arn`"
            ),
        })
    })?;
    let session_name = value("AWS_ROLE_SESSION_NAME", "role_session_name");
    let session_name = session_name.unwrap_or_else(|| SESSION_NAME.to_owned());
    Ok(Some(Source::WebIdentity { token_file, role_arn, session_name }))
}

fn sso(settings: &Settings, profile: &str) -> Result<Sso, CloudError> {
    let named = settings.of(profile, "sso_session");
    let session = match named {
        None => None,
        Some(name) => Some(settings.session(name).ok_or_else(|| {
            invalid(format!(
                "the profile `{profile}` names `sso_session = {name}`, and there is no section `[sso-session {name}]`"
            ))
        })?),
    };
    for (key, value) in session.into_iter().flatten() {
        if settings.written(profile, key).is_some_and(|own| own != value) {
            return Err(invalid(format!(
                "the profile `{profile}` and its `[sso-session {}]` have different values of `{key}`",
                named.unwrap_or_default()
            )));
        }
    }
    let needed = |key: &str| {
        let shared = session.and_then(|session| session.get(key)).map(String::as_str);
        let found = shared.or(settings.of(profile, key)).filter(|value| !value.is_empty());
        found.map(str::to_owned).ok_or_else(|| {
            let at = match named.filter(|_| !key.ends_with("_id") && !key.ends_with("_name")) {
                Some(session) => format!("the `[sso-session {session}]` of "),
                None => String::new(),
            };
            invalid(format!("{at}the profile `{profile}` has no `{key}`"))
        })
    };
    Ok(Sso {
        profile: profile.to_owned(),
        account: needed("sso_account_id")?,
        role: needed("sso_role_name")?,
        start_url: needed("sso_start_url")?,
        region: needed("sso_region")?,
        session: named.map(str::to_owned),
    })
}

fn invalid(message: String) -> CloudError {
    refused("connect", "InvalidConfiguration", message)
}
