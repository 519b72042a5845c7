//! `secret:` of a subscriber: the name of what holds a web address, instead of the address.

use super::validate::https_url;
use super::{Blueprint, Subscriber};
use crate::resource::topic::{Endpoint, Protocol};

/// Where the address of a subscriber is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretSource {
    /// The environment's variable.
    variable: String,
}

/// Why a subscriber's address is not known. No text of it has the address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    #[error("the variable `{0}`, which a subscriber's `secret` names, is not set")]
    Missing(String),
    #[error("the variable `{0}`, which a subscriber's `secret` names, is no web address: {1}")]
    Invalid(String, &'static str),
}

/// What stands before the name of a variable.
const ENVIRONMENT: &str = "env:";

impl SecretSource {
    pub const HELP: &'static str =
        "write `secret: env:NAME`, and the whole `https://` address into that variable";

    /// Reads `env:NAME`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        for (kind, service) in [("ssm:", "Parameter Store"), ("secretsmanager:", "Secrets Manager")]
        {
            if text.starts_with(kind) {
                return Err(format!(
                    "ctguard does not ask {service} itself; let the shell put the value into a variable"
                ));
            }
        }
        let Some(name) = text.strip_prefix(ENVIRONMENT) else {
            return Err("it does not begin with `env:`".to_owned());
        };
        let word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        match word && name.bytes().next().is_some_and(|first| !first.is_ascii_digit()) {
            true => Ok(Self { variable: name.to_owned() }),
            false => Err("what follows `env:` is no variable's name".to_owned()),
        }
    }

    /// The subscriber before its address is looked up: it shows the variable's name.
    pub fn unresolved(&self) -> Endpoint {
        Endpoint::new(Protocol::Https, format!("{ENVIRONMENT}{}", self.variable))
    }
}

impl Blueprint {
    /// Puts addresses where `secret:` names a variable, as `look_up` knows them.
    ///
    /// # Errors
    /// When a variable is not set, or holds no web address.
    pub fn resolve_secrets(
        &mut self,
        look_up: impl Fn(&str) -> Option<String>,
    ) -> Result<(), SecretError> {
        for destination in self.destinations.values_mut() {
            for subscriber in &mut destination.subscribers {
                let Subscriber::Endpoint(endpoint) = subscriber else { continue };
                if endpoint.protocol != Protocol::Https {
                    continue;
                }
                let Some(name) = endpoint.address().strip_prefix(ENVIRONMENT) else { continue };
                let value = look_up(name).filter(|value| !value.is_empty());
                let value = value.ok_or_else(|| SecretError::Missing(name.to_owned()))?;
                let value = value.trim();
                https_url(value).map_err(|why| SecretError::Invalid(name.to_owned(), why))?;
                *endpoint = Endpoint::new(Protocol::Https, value);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_variables_are_looked_up() {
        assert_eq!(
            SecretSource::parse("env:HOOK_URL").map(|source| source.unresolved().to_string()),
            Ok("https:env:HOOK_URL".to_owned())
        );
        for wrong in ["HOOK_URL", "env:", "env:1A", "env:A-B", "ssm:/a", "secretsmanager:a"] {
            assert!(SecretSource::parse(wrong).is_err(), "{wrong}");
        }
    }
}
