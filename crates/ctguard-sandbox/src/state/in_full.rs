//! Endpoints as the account has them: with their secrets, which are hidden wherever else they are
//! written.

use super::StoredSubscription;
use ctguard_core::resource::topic::{Endpoint, in_full};
use serde::Serializer;
use std::collections::BTreeMap;

/// Writes one.
pub fn one<S: Serializer>(endpoint: &Endpoint, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&in_full(endpoint))
}

/// Writes subscriptions under their endpoints.
pub fn keys<S: Serializer>(
    subscriptions: &BTreeMap<Endpoint, StoredSubscription>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(subscriptions.iter().map(|(endpoint, one)| (in_full(endpoint), one)))
}
