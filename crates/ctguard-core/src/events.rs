//! Answers about the catalogue for people: what is known of an event, and which names and patterns
//! of a file no event has.
//!
//! [`search()`] finds events by name, service and kind and describes each as an [`Entry`]. Nothing
//! is decided here that the catalogue does not say.

mod entry;
mod glob;
mod query;
mod search;

pub use entry::{Entry, KindEntry, Lands, Renamed, Request, RuleStateNeeded, Selectors, Sureness};
pub use query::{Query, Word};
pub use search::{Asked, Found, search};
