//! The program `ctguard`: the verbs, the pipeline behind them, and the text they print.
//!
//! The core, which decides, is `ctguard_core`; `run` observes and applies through its `cloud` port, behind which
//! stand `ctguard_aws` and `ctguard_sandbox`. `report` is the one place where text is made; `cli` is the way in.

pub mod cli;
pub mod error;
pub mod report;
pub mod run;
