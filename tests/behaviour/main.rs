//! ctguard as its users meet it, and its adapter as AWS meets it: one binary, since the SDK links slowly.
//!
//! Commands run in process on a sandbox file; the laws of the design are in `laws` and `no_gap`; the AWS
//! adapter meets loopback servers in `adapter`, answers in AWS's own words in `recorded`, and emulators in
//! `emulators`.

// A test says what is wrong by panicking, in its helpers too.
#![allow(clippy::unwrap_used, clippy::panic)]

mod adapter;
mod adopt;
mod apply;
mod bootstrap;
mod builtins;
mod causes;
mod checked;
mod ci;
mod conditions;
mod containers;
mod coverage;
mod credentials;
mod destroy;
mod drift;
mod drill;
mod elsewhere;
mod emulators;
mod engines;
mod events;
mod events_check;
mod explain;
mod families;
mod fleet;
mod formats;
mod guards;
mod guides;
mod heal;
mod house;
mod import;
mod init;
mod keys;
mod laws;
mod links;
mod live_rules;
mod mails;
mod matching;
mod merge;
mod narrowing;
mod newcomer;
mod no_gap;
mod noise;
mod organization;
mod ownership;
mod plan;
mod planfile;
mod policy;
mod program;
mod quota;
mod read_back;
mod receivers;
mod recorded;
mod refused;
mod replay;
mod samples;
mod sandbox;
mod schema;
mod snapshot;
mod streams;
mod stub;
mod tags;
mod trail;
mod truth;
mod validate;
mod verdict;
mod verify;
mod views;
mod wire;
mod world;
