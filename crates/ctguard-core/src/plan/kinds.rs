//! One file per kind of resource: how its fields are compared and which calls fix a difference.

pub(super) mod bucket;
pub(super) mod bus;
pub(super) mod machine;
pub(super) mod queue;
pub(super) mod role;
pub(super) mod rule;
pub(super) mod subscription;
pub(super) mod taken;
pub(super) mod topic;
pub(super) mod trail;
