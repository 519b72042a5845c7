//! What ctguard decides: plain functions on plain data.
//!
//! There is no AWS SDK here, no async runtime, no clock and no command line. The only I/O is
//! reading the user's files. The same input gives the same bytes.
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
//! # Where to look
//!
//! | question | answer |
//! |---|---|
//! | what does the user ask for | [`blueprint::load`] |
//! | what should exist, and which way do alerts take through it | [`desired::compile()`] |
//! | what is there, and what could not be read | [`snapshot`], read through the port [`cloud`] |
//! | what has to change, in which order, and what must not be done unasked | [`plan::diff()`] |
//! | does each alert reach its subscribers, and what is broken if not | [`proof::prove`] |
//! | the same for one event, with live values | [`explain`] |
//! | what has moved, and who moved it | [`drift`] |
//! | which alerts does an event fire, without AWS | [`offline`] |
//! | what would have fired in the logs of the past | [`replay`] |
//! | what is known of an event, and which names and patterns of a file are wrong | [`events`] |
//! | which controls and techniques do the alerts serve | [`coverage`] |
//! | how do rules of other tools become alerts | [`import`] |
//! | what does a subscriber read | [`message`], [`mail`] |
//! | what must ctguard be allowed | [`permissions`], [`bootstrap`] |
//!
//! Below them are the ground types: [`scope`], [`event`], [`resource`], [`action`] (the mutating
//! AWS calls), [`catalogue`] (the CloudTrail events that exist), [`record`] (what their records
//! look like), [`codes`] (all that can be reported), [`cause`] (why a call failed), [`phrase`] and
//! [`foreign`] (text that somebody else wrote).

pub mod action;
pub mod blueprint;
pub mod bootstrap;
pub mod catalogue;
pub mod cause;
pub mod cloud;
pub mod codes;
pub mod coverage;
pub mod desired;
pub mod diag;
pub mod digest;
pub mod drift;
pub mod drill;
pub mod event;
pub mod events;
pub mod explain;
pub mod export;
pub mod foreign;
pub mod heal;
pub mod hex;
mod identity;
pub mod import;
pub mod mail;
pub mod message;
pub mod offline;
pub mod permissions;
pub mod phrase;
pub mod plan;
pub mod plural;
pub mod proof;
pub mod record;
pub mod replay;
pub mod resource;
pub mod scope;
pub mod secret;
pub mod snapshot;
mod states_language;
pub mod zone;
