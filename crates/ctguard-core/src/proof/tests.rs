//! The chain over a hub, on accounts made by hand.

pub(crate) mod fleet;
mod hop;
mod shards;
