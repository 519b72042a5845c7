//! ctguard makes sure somebody hears about it when something dangerous happens in an AWS account.
//!
//! ```text
//!  blueprint (YAML)        accounts × regions
//!        │                        │
//!        ▼                        ▼                        core: plain functions
//!     desired ◄──────────────── scope                      on plain data
//!        │
//!  live ─┼──► plan::diff ──► Plan (data, JSON)
//!   ▲    └──► proof::prove ──► Report (data, JSON)
//!   │                │
//!  run::observe      ▼                                     shell: I/O, async, time
//!   │            run::apply
//!   └────── cloud: AWS, or the sandbox ──────┘
//! ```
//!
//! `blueprint` reads what the user asks for, `desired` compiles it to resources, `plan` compares them
//! with what `run` observed through the `cloud` port, and `proof` judges whether each alert reaches
//! somebody; `explain` tells one event's whole way, and `offline` decides events without any account. A
//! `snapshot` is what was observed, and can be a file. `report` is the one place where text is made; `cli`
//! is the way in.

pub mod archive;
pub mod blueprint;
pub mod bootstrap;
pub mod catalogue;
pub mod cli;
pub mod cloud;
pub mod desired;
pub mod diag;
pub mod drift;
pub mod error;
pub mod event;
pub mod explain;
pub mod message;
pub mod offline;
pub mod pattern;
pub mod permissions;
pub mod plan;
pub mod proof;
pub mod replay;
pub mod report;
pub mod resource;
pub mod run;
pub mod scope;
pub mod snapshot;
