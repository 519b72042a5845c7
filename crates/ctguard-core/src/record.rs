//! What records look like: which fields a CloudTrail record of an event can have.
//!
//! A condition on a field that no record has never fires. What is asked for is held against this
//! model before it is deployed. `docs/records.md` tells where the model comes from.

pub mod request;
