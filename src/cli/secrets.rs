//! The addresses that subscribers' `secret` names: read before accounts are, and kept nowhere.

use crate::error::CommandError;
use ctguard_core::blueprint::{Blueprint, SecretError, SecretSource};
use ctguard_core::cloud::Cloud;
use std::collections::BTreeMap;

/// Puts the addresses in that variables hold.
pub(super) fn from_environment(blueprint: &mut Blueprint) -> Result<(), CommandError> {
    let look_up = |source: &SecretSource| match source {
        SecretSource::Variable(name) => std::env::var(name).ok(),
        SecretSource::Kept(_) => None,
    };
    blueprint.resolve_secrets(look_up).map_err(|error| {
        CommandError::usage(error.to_string())
            .hint("Set it to the subscriber's whole `https://` address, and run this again.")
    })
}

/// Puts the addresses in that AWS holds, each read once.
pub(super) async fn from_cloud(
    blueprint: &mut Blueprint,
    cloud: &dyn Cloud,
) -> Result<(), CommandError> {
    let region = blueprint.secrets_region().cloned();
    let mut known = BTreeMap::new();
    for source in blueprint.secrets() {
        let SecretSource::Kept(reference) = &source else { continue };
        let held = cloud.secret(reference, region.as_ref()).await.map_err(|error| {
            let told = CommandError::from(error);
            let message =
                format!("{source}, which a subscriber's `secret` names, cannot be read: {told}");
            CommandError { message, ..told }
        })?;
        let value = reference.pick(&held).map_err(|error| unusable(&error))?;
        if value.trim().is_empty() {
            let message = format!("{source}, which a subscriber's `secret` names, is empty");
            return Err(hinted(CommandError::new(message)));
        }
        known.insert(source.clone(), value);
    }
    blueprint.resolve_secrets(|source| known.get(source).cloned()).map_err(|error| unusable(&error))
}

fn unusable(error: &SecretError) -> CommandError {
    hinted(CommandError::new(error.to_string()))
}

fn hinted(error: CommandError) -> CommandError {
    error.hint("Put the subscriber's whole `https://` address there; of a JSON object, name its key: `secretsmanager:NAME#KEY`.")
}
