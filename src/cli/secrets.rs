//! The addresses that subscribers' `secret` names: read before accounts are, and kept nowhere.

use crate::error::CommandError;
use ctguard_core::blueprint::{
    Blueprint, SECRET_BINARY, SecretError, SecretReference, SecretSource, SecretStore,
};
use ctguard_core::cloud::Cloud;
use ctguard_core::cloud::veiled::Veil;
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

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

/// The same, as far as the variables are set: where nothing is subscribed, they only say what is
/// to be hidden.
pub(super) fn from_environment_if_there(blueprint: &mut Blueprint) {
    let mut resolved = blueprint.clone();
    if from_environment(&mut resolved).is_ok() {
        *blueprint = resolved;
    }
}

/// Hides the addresses from now on, in what is read and in the log.
pub(super) fn cover(blueprint: &Blueprint, cloud: &dyn Cloud) {
    let veil = Veil::of(blueprint);
    if !veil.is_empty() {
        hide_in_log(&veil);
    }
    cloud.cover(veil);
}

/// What the log must not show. A log belongs to the process, not to a command.
static IN_LOG: RwLock<Vec<Veil>> = RwLock::new(Vec::new());

fn hide_in_log(veil: &Veil) {
    IN_LOG.write().unwrap_or_else(PoisonError::into_inner).push(veil.clone());
}

/// A line of the log without addresses that came from secrets.
pub(super) fn hidden_in_log(text: &str) -> String {
    let veils = IN_LOG.read().unwrap_or_else(PoisonError::into_inner);
    let text = veils.iter().fold(text.to_owned(), |text, veil| veil.hide(&text).into_owned());
    ctguard_core::secret::hidden_in_log(&text)
}

/// What mends a secret that cannot be read, where it is not what mends the call.
fn remedy(source: &SecretReference, code: &str) -> Option<String> {
    let code = code.rsplit('#').next().unwrap_or(code);
    let (kind, change) = match source.store {
        SecretStore::Parameters => ("parameter", "put-parameter"),
        SecretStore::Secrets => ("secret", "put-secret-value"),
    };
    Some(match code {
        SECRET_BINARY => "Store the subscriber's whole `https://` address as text (`aws secretsmanager put-secret-value --secret-string`), not as bytes (`--secret-binary`).".to_owned(),
        "ParameterVersionNotFound" => format!(
            "The parameter is there, and that version or label is not (`aws ssm get-parameter-history` lists them): correct what follows the last `:` in `secret: {source}`, or leave it out for the newest version."
        ),
        "InvalidRequestException" if source.store == SecretStore::Secrets => "A secret that is marked for deletion cannot be read: restore it (`aws secretsmanager restore-secret`), or name another one.".to_owned(),
        "DecryptionFailure" | "InvalidKeyId" => format!(
            "The KMS key of the {kind} cannot be used: enable it again, or cancel its deletion; if it is gone, store the address anew under another key (`aws {} {change}`).",
            match source.store {
                SecretStore::Parameters => "ssm",
                SecretStore::Secrets => "secretsmanager",
            }
        ),
        "UnsupportedParameterType" => "Only parameters of type String and SecureString hold an address: store it as SecureString.".to_owned(),
        _ => return None,
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
            let remedy = remedy(reference, &error.code);
            let mut told = CommandError::from(error);
            if let Some(remedy) = remedy {
                told.hints = vec![remedy];
            }
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
