//! The core of ctguard: plain functions on plain data. No I/O but reading blueprints and archives, no async runtime,
//! no AWS SDK, no command line.
//!
//! ```text
//!  blueprint (YAML)        accounts × regions
//!        │                        │
//!        ▼                        ▼
//!     desired ◄──────────────── scope
//!        │
//!  live ─┴──► plan::diff ──► Plan (data, JSON)
//!        └──► proof::prove ──► Report (data, JSON)
//! ```
//!
//! In reading order: `scope`, `event` and `resource` are the ground, `codes` the register of what can be wrong; `catalogue` knows the CloudTrail events;
//! `blueprint` reads what the user asks for and `desired` compiles it to resources; `snapshot` is what was
//! observed through the [`cloud`] port; `plan` compares the two and `proof` judges whether each alert reaches
//! its subscribers. `offline`, `explain`, `drift`, `replay`, `permissions` and `bootstrap` answer the other verbs.

pub mod action;
pub mod blueprint;
pub mod bootstrap;
pub mod catalogue;
pub mod cloud;
pub mod codes;
pub mod desired;
pub mod diag;
pub mod drift;
pub mod event;
pub mod explain;
pub mod hex;
mod identity;
pub mod message;
pub mod offline;
pub mod permissions;
pub mod phrase;
pub mod plan;
pub mod plural;
pub mod proof;
pub mod replay;
pub mod resource;
pub mod scope;
pub mod snapshot;
