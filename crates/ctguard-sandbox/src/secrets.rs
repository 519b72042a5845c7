//! Parameter Store and Secrets Manager, as far as they are read.
//!
//! Sources: <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html>,
//! <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html>.

use super::access;
use super::refusal::{Refusal, deny, refuse};
use super::state::{State, StoredSecret};
use ctguard_core::blueprint::{SECRET_BINARY, SecretReference, SecretStore};
use ctguard_core::scope::{Arn, Place};

/// The value that a reference names in a place.
pub fn read(state: &State, place: &Place, wanted: &SecretReference) -> Result<String, Refusal> {
    let operation = wanted.store.operation();
    access::check(state, place, operation)?;
    let arn = Arn::parse(&wanted.id);
    if arn.as_ref().is_some_and(|arn| arn.account != place.account.as_str()) {
        // Neither sharing nor a secret's own policy is modelled.
        let why = format!("{} is not authorized to perform: {operation}", state.caller.arn);
        return Err(deny("AccessDeniedException", why));
    }
    let here = state.region(place);
    let stored = match wanted.store {
        SecretStore::Parameters => {
            parameter(wanted, arn.as_ref(), |name| here.parameters.get(name))?
        }
        SecretStore::Secrets => secret(wanted, arn.as_ref(), |name| here.secrets.get(name))?,
    };
    decrypt(state, place, wanted.store, stored)?;
    if stored.binary {
        return Err(refuse(SECRET_BINARY, "the secret holds bytes (SecretBinary), and no text"));
    }
    Ok(stored.value.clone())
}

fn parameter<'a>(
    wanted: &SecretReference,
    arn: Option<&Arn<'_>>,
    find: impl Fn(&str) -> Option<&'a StoredSecret>,
) -> Result<&'a StoredSecret, Refusal> {
    let found = match arn {
        // The ARN of `/a/b` has one slash before `a`, as that of `b` has before `b`.
        Some(arn) => {
            let name = arn.resource.strip_prefix("parameter").unwrap_or(arn.resource);
            find(name).or_else(|| find(name.trim_start_matches('/')))
        }
        None => {
            let (name, selector) = wanted.id.split_once(':').unwrap_or((&wanted.id, "1"));
            let found = find(name);
            // Each has one version here, and no labels.
            if found.is_some() && selector != "1" {
                return Err(refuse(
                    "ParameterVersionNotFound",
                    "there is no such version or label",
                ));
            }
            found
        }
    };
    found.ok_or_else(|| refuse("ParameterNotFound", format!("there is no parameter {}", wanted.id)))
}

fn secret<'a>(
    wanted: &SecretReference,
    arn: Option<&Arn<'_>>,
    find: impl Fn(&str) -> Option<&'a StoredSecret>,
) -> Result<&'a StoredSecret, Refusal> {
    let name = match arn {
        Some(arn) => arn.resource.strip_prefix("secret:").unwrap_or(arn.resource),
        None => &wanted.id,
    };
    // An ARN ends with a dash and six characters of AWS's, which may be left out.
    let bare = name.rsplit_once('-').filter(|(_, suffix)| arn.is_some() && suffix.len() == 6);
    let found = find(name).or_else(|| find(bare?.0));
    let found = found.ok_or_else(|| {
        refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
    })?;
    match found.deleted {
        true => Err(refuse(
            "InvalidRequestException",
            "You can't perform this operation on the secret because it was marked for deletion.",
        )),
        false => Ok(found),
    }
}

/// Whether the key of a value can be used; AWS's own needs no permission.
fn decrypt(
    state: &State,
    place: &Place,
    store: SecretStore,
    stored: &StoredSecret,
) -> Result<(), Refusal> {
    let Some(name) = &stored.kms_key else { return Ok(()) };
    if access::check(state, place, "kms:Decrypt").is_err() {
        return Err(deny("AccessDeniedException", "Access to KMS is not allowed"));
    }
    match state.key(place, name) {
        Some((_, key)) if key.enabled => Ok(()),
        _ if store == SecretStore::Secrets => Err(refuse(
            "DecryptionFailure",
            "Secrets Manager can't decrypt the protected secret text using the provided KMS key.",
        )),
        _ => Err(refuse("InvalidKeyId", format!("key {name} does not exist or is not enabled"))),
    }
}
