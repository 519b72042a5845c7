//! ctguard makes sure somebody hears about it when something dangerous happens in an AWS account.
pub mod blueprint;
pub mod catalogue;
pub mod cloud;
pub mod desired;
pub mod diag;
pub mod error;
pub mod event;
pub mod message;
pub mod pattern;
pub mod plan;
pub mod proof;
pub mod report;
pub mod resource;
pub mod run;
pub mod scope;
pub mod snapshot;
