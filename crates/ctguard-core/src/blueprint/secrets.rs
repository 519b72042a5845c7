//! `secret:` of a subscriber: the name of what holds a web address, instead of the address.

use super::validate::{https_url, regional_arn};
use super::{Blueprint, Regions, Subscriber};
use crate::catalogue::{is_region, suggest_region};
use crate::resource::topic::{Endpoint, Protocol};
use crate::scope::{Arn, Partition, Region};
use std::collections::BTreeSet;
use std::fmt;

/// Where the address of a subscriber is looked up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretSource {
    /// A variable of the environment.
    Variable(String),
    /// A parameter or a secret in AWS.
    Kept(SecretReference),
}

/// A parameter of Parameter Store, or a secret of Secrets Manager.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretReference {
    pub store: SecretStore,
    /// Its name or ARN, as AWS takes it.
    pub id: String,
    /// The key of a secret that is a JSON object.
    pub key: Option<String>,
}

/// A service of AWS that keeps secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretStore {
    Parameters,
    Secrets,
}

impl SecretStore {
    /// The call that reads a value, as IAM names it.
    pub fn operation(self) -> &'static str {
        match self {
            Self::Parameters => "ssm:GetParameter",
            Self::Secrets => "secretsmanager:GetSecretValue",
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Parameters => PARAMETERS,
            Self::Secrets => SECRETS,
        }
    }
}

/// Why a subscriber's address is not known. No text of it has the address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    #[error("the variable `{0}`, which a subscriber's `secret` names, is not set")]
    Missing(String),
    #[error("what a subscriber's `secret` names, {0}, is no web address: {1}")]
    Invalid(SecretSource, &'static str),
    #[error("{0}, which a subscriber's `secret` names, is no JSON object, so it has no key")]
    NoObject(SecretReference),
    #[error("{0}, which a subscriber's `secret` names, has no text under that key")]
    NoKey(SecretReference),
}

/// The code of a secret that holds bytes: an address is a text.
pub const SECRET_BINARY: &str = "SecretBinary";

/// What stands before the name of a variable.
const ENVIRONMENT: &str = "env:";

const PARAMETERS: &str = "ssm:";

const SECRETS: &str = "secretsmanager:";

impl SecretSource {
    pub const HELP: &'static str = "write `secret: env:NAME`, `secret: ssm:/PATH/NAME` or `secret: secretsmanager:NAME`, and keep the whole `https://` address there";

    /// Reads `env:NAME`, `ssm:NAME`, or `secretsmanager:NAME#KEY`; names may be ARNs.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(id) = text.strip_prefix(PARAMETERS) {
            return parameter(id).map(Self::Kept);
        }
        if let Some(rest) = text.strip_prefix(SECRETS) {
            return secret(rest).map(Self::Kept);
        }
        let Some(name) = text.strip_prefix(ENVIRONMENT) else {
            return Err("it begins with none of `env:`, `ssm:` and `secretsmanager:`".to_owned());
        };
        let word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        match word && name.bytes().next().is_some_and(|first| !first.is_ascii_digit()) {
            true => Ok(Self::Variable(name.to_owned())),
            false => Err("what follows `env:` is no variable's name".to_owned()),
        }
    }

    /// The subscriber before its address is looked up: it shows where.
    pub fn unresolved(&self) -> Endpoint {
        Endpoint::new(Protocol::Https, self.to_string())
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "{ENVIRONMENT}{name}"),
            Self::Kept(reference) => reference.fmt(f),
        }
    }
}

impl fmt::Display for SecretReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.store.prefix(), self.id)?;
        self.key.iter().try_for_each(|key| write!(f, "#{key}"))
    }
}

impl SecretReference {
    /// The region that its ARN names.
    pub fn region(&self) -> Option<Region> {
        Region::new(Arn::parse(&self.id)?.region)
    }

    /// The address in what AWS holds: the whole, or the text under the key.
    ///
    /// # Errors
    /// When a key is named, and there is no text under it.
    pub fn pick(&self, held: &str) -> Result<String, SecretError> {
        let Some(key) = &self.key else { return Ok(held.to_owned()) };
        let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(held) else {
            return Err(SecretError::NoObject(self.clone()));
        };
        let text = fields.get(key).and_then(serde_json::Value::as_str);
        text.map(str::to_owned).ok_or_else(|| SecretError::NoKey(self.clone()))
    }
}

/// Reads a parameter's name, with its version or label if need be, or its ARN.
///
/// Source: <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html>,
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html>
fn parameter(id: &str) -> Result<SecretReference, String> {
    let reference =
        |id: &str| SecretReference { store: SecretStore::Parameters, id: id.to_owned(), key: None };
    if id.starts_with("arn:") {
        return match arn_of_secret(id, "ssm", "parameter/") {
            Ok(()) => Ok(reference(id)),
            Err(why) => Err(format!("what follows `ssm:` is no ARN of a parameter: {why}")),
        };
    }
    let (name, selector) = id.split_once(':').unwrap_or((id, "1"));
    let letters = |text: &str, others: &str| {
        !text.is_empty()
            && text.chars().all(|one| one.is_ascii_alphanumeric() || others.contains(one))
    };
    match letters(name, "_.-/") && name != "/" && letters(selector, "_.-") {
        true => Ok(reference(id)),
        false => {
            Err("what follows `ssm:` is no parameter's name (letters, digits, `_`, `.`, `-`, `/`)"
                .to_owned())
        }
    }
}

/// Whether an ARN can be one of a parameter or a secret: it decides where AWS is asked, so each of
/// its parts must fit.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
fn arn_of_secret(id: &str, service: &str, kind: &str) -> Result<(), String> {
    let arn = regional_arn(id, service)?;
    let region = Region::new(arn.region).filter(is_region);
    let Some(region) = region else {
        let meant = Region::new(arn.region).and_then(|region| suggest_region(&region));
        let meant = meant.map(|meant| format!("; {meant}")).unwrap_or_default();
        return Err(format!("AWS has no region `{}`{meant}", arn.region));
    };
    let partition = region.partition();
    if Partition::named(arn.partition) != Some(partition) {
        return Err(format!(
            "its partition is `{}`, and that of {region} is `{partition}`",
            arn.partition
        ));
    }
    match arn.resource.strip_prefix(kind) {
        None | Some("") => Err(format!("what follows the account is not `{kind}NAME`")),
        Some(_) => Ok(()),
    }
}

/// Reads a secret's name or ARN, and the key behind `#`.
///
/// Source: <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html>
fn secret(text: &str) -> Result<SecretReference, String> {
    let (id, key) = match text.split_once('#') {
        Some((_, "")) => return Err("nothing follows `#`, where a key is expected".to_owned()),
        Some((id, key)) => (id, Some(key.to_owned())),
        None => (text, None),
    };
    if id.starts_with("arn:") {
        arn_of_secret(id, "secretsmanager", "secret:").map_err(|why| {
            format!("what follows `secretsmanager:` is no ARN of a secret: {why}")
        })?;
        return Ok(SecretReference { store: SecretStore::Secrets, id: id.to_owned(), key });
    }
    let letters = |one: char| one.is_ascii_alphanumeric() || "/_+=.@-".contains(one);
    match !id.is_empty() && id.chars().all(letters) {
        true => Ok(SecretReference { store: SecretStore::Secrets, id: id.to_owned(), key }),
        false => Err("what follows `secretsmanager:` is no secret's name or ARN (the key of a JSON object stands behind `#`)".to_owned()),
    }
}

impl Blueprint {
    /// What subscribers' addresses are looked up in.
    pub fn secrets(&self) -> BTreeSet<SecretSource> {
        let all = self.destinations.values().flat_map(|destination| &destination.subscribers);
        all.filter_map(|subscriber| match subscriber {
            Subscriber::Endpoint(endpoint) => source_of(endpoint),
            _ => None,
        })
        .collect()
    }

    /// The region in which secrets are looked up whose names say none: the hub's, else the first
    /// that the blueprint lists, else the home of its trail.
    pub fn secrets_region(&self) -> Option<&Region> {
        let listed = match &self.regions {
            Regions::List(regions) => regions.first(),
            Regions::Enabled { .. } => None,
        };
        let hub = self.hub.as_ref().map(|hub| &hub.region);
        hub.or(listed).or(self.trail.as_ref().map(|trail| &trail.home_region))
    }

    /// Puts addresses where `secret:` names what holds them, as `look_up` knows them; what it does not
    /// know stays.
    ///
    /// # Errors
    /// When a variable is not set, or what is known is no web address.
    pub fn resolve_secrets(
        &mut self,
        look_up: impl Fn(&SecretSource) -> Option<String>,
    ) -> Result<(), SecretError> {
        for destination in self.destinations.values_mut() {
            for subscriber in &mut destination.subscribers {
                let Subscriber::Endpoint(endpoint) = subscriber else { continue };
                let Some(source) = source_of(endpoint) else { continue };
                let value = look_up(&source);
                let value = match (value.filter(|value| !value.trim().is_empty()), &source) {
                    (Some(value), _) => value,
                    (None, SecretSource::Variable(name)) => {
                        return Err(SecretError::Missing(name.clone()));
                    }
                    (None, SecretSource::Kept(_)) => continue,
                };
                let value = value.trim();
                let named = source.to_string();
                https_url(value).map_err(|why| SecretError::Invalid(source, why))?;
                *endpoint = Endpoint::new(Protocol::Https, value).veiled(Some(&named));
            }
        }
        self.hide_copies();
        Ok(())
    }
}

impl Blueprint {
    /// Hides what stands in clear and is the value of a secret, too: SNS keeps one subscription of
    /// both.
    fn hide_copies(&mut self) {
        let endpoints = self.destinations.values().flat_map(|one| &one.subscribers);
        let endpoints = endpoints.filter_map(|subscriber| match subscriber {
            Subscriber::Endpoint(endpoint) if endpoint.is_veiled() => Some(endpoint.clone()),
            _ => None,
        });
        let hidden: BTreeSet<Endpoint> = endpoints.collect();
        for destination in self.destinations.values_mut().filter(|_| !hidden.is_empty()) {
            for subscriber in &mut destination.subscribers {
                let Subscriber::Endpoint(endpoint) = subscriber else { continue };
                if let Some(same) = hidden.get(&endpoint.veiled(None)) {
                    *endpoint = same.clone();
                }
            }
        }
    }
}

/// Where the address of an endpoint is looked up; `None` when it stands there.
fn source_of(endpoint: &Endpoint) -> Option<SecretSource> {
    let named = endpoint.protocol == Protocol::Https;
    SecretSource::parse(endpoint.address()).ok().filter(|_| named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_read_and_shown_again() {
        for text in [
            "env:HOOK_URL",
            "ssm:/alerts/hook",
            "ssm:hook",
            "ssm:/alerts/hook:3",
            "ssm:/alerts/hook:live",
            "ssm:arn:aws:ssm:eu-west-1:111122223333:parameter/alerts/hook",
            "secretsmanager:alerts/hook",
            "secretsmanager:alerts/hook#url",
            "secretsmanager:arn:aws:secretsmanager:eu-west-1:111122223333:secret:alerts/hook-AbCdEf#the url",
        ] {
            let read = SecretSource::parse(text).expect(text);
            assert_eq!(read.to_string(), text);
            assert_eq!(read.unresolved().to_string(), format!("https:{text}"));
        }
        for wrong in [
            "HOOK_URL",
            "env:",
            "env:1A",
            "env:A-B",
            "ssm:",
            "ssm:/",
            "ssm:/a b",
            "ssm:/a:b:c",
            "ssm:arn:aws:s3:::bucket",
            "ssm:arn:aws:ssm:eu-west-1:111122223333:document/a",
            "secretsmanager:",
            "secretsmanager:#key",
            "secretsmanager:a#",
            "secretsmanager:a b",
            "secretsmanager:arn:aws:ssm:eu-west-1:111122223333:parameter/a",
            "secretsmanager:arn:aws:secretsmanager:eu-west-1:111122223333:secret:",
            "secretsmanager:arn:aws:secretsmanager:eu-wst-1:111122223333:secret:a",
            "secretsmanager:arn:aws:secretsmanager::111122223333:secret:a",
            "secretsmanager:arn:aws-cn:secretsmanager:eu-west-1:111122223333:secret:a",
            "secretsmanager:arn:aws:secretsmanager:cn-north-1:111122223333:secret:a",
            "ssm:arn:aws:ssm:eu-west-1:11112222333:parameter/a",
            "ssm:arn:aws:ssm:eu-west-1::parameter/a",
            "ssm:arn:aws:ssm:eu-west-9:111122223333:parameter/a",
            "ssm:arn:amazon:ssm:eu-west-1:111122223333:parameter/a",
            "ssm:arn:aws:ssm:eu-west-1:111122223333:parameter/",
        ] {
            assert!(SecretSource::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_key_is_picked_and_its_lack_names_no_value() {
        let whole = SecretReference {
            store: SecretStore::Secrets,
            id: "hook".to_owned(),
            key: Some("url".to_owned()),
        };
        assert_eq!(whole.pick(r#"{"url":"https://a/"}"#), Ok("https://a/".to_owned()));
        for held in [r#"{"other":"PLANTED"}"#, r#"{"url":["PLANTED"]}"#, "PLANTED", ""] {
            let error = whole.pick(held).unwrap_err().to_string();
            assert!(error.contains("secretsmanager:hook#url") && !error.contains("PLANTED"));
        }
    }
}
