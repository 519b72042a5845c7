//! ctguard as its users meet it, and its adapter as AWS meets it: one binary, since the SDK links slowly.

// A test says what is wrong by panicking, in its helpers too.
#![allow(clippy::unwrap_used, clippy::panic)]

mod adapter;
mod emulators;
mod stub;
