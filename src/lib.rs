//! The program `ctguard`: the verbs, the pipeline behind them, and the text they print.
//!
//! What is decided is decided in [`ctguard_core`]. This crate does what has effects:
//!
//! - [`cli`] is the way in: options, one file a verb, the streams that are written to.
//! - [`run`] is the pipeline: who calls, which places, what should exist, what is there; and the
//!   apply, wave by wave. It reads and writes through the port [`ctguard_core::cloud`], behind
//!   which stand `ctguard_aws` and `ctguard_sandbox`.
//! - [`report`] is the one place where text for people is made, in each output format.
//! - [`error`] has the exit codes.
//!
//! `docs/architecture.md` is the map of all crates.

pub mod cli;
pub mod error;
pub mod report;
pub mod run;
