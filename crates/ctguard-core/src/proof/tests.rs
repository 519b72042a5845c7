//! The chain over a hub, on accounts made by hand.

mod fleet;
mod hop;
mod shards;
