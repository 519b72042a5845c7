//! Answers about the catalogue for people: what is known of an event, and which names and patterns
//! of a file no event has.
//!
//! [`search()`] finds events by name, service and kind and describes each as an [`Entry`].
//! [`check()`] reads a file of any tool and says which of its names and patterns are wrong. Nothing
//! is decided here that the catalogue does not say.

mod check;
mod entry;
mod glob;
mod query;
pub(crate) mod read;
mod search;
pub(crate) mod tree;

pub use check::{Checked, OfPattern, check, check_pattern};
pub(crate) use check::{FoundPattern, State, found_in};
pub use entry::{Entry, KindEntry, Lands, Renamed, Request, RuleStateNeeded, Selectors, Sureness};
pub(crate) use glob::matches as glob_matches;
pub use query::{Query, Word};
pub use search::{Asked, Found, search};
