//! The chain over a hub, on accounts made by hand.

mod claims;
pub(crate) mod fleet;
mod hop;
mod shards;
