//! What records look like: which fields a CloudTrail record of an event can have.
//!
//! A condition on a field that no record has never fires. What is asked for is held against this
//! model before it is deployed. `docs/records.md` tells where the model comes from.
//!
//! ```text
//!  field, common ──► the common fields, as a table ──┐
//!  request ► parameters, responses of each event ───┴► scenario: what can stand at a path
//!                                                          │ fit: can an operator take it
//!  check ◄─────────────────────────────────────────────────┘ words, suggest: what to write instead
//! ```

mod check;
mod common;
mod doubt;
mod except;
mod field;
mod fit;
#[cfg(test)]
mod page;
mod recorded;
pub mod request;
mod scenario;
mod shape;
mod suggest;
#[cfg(test)]
mod tests;
mod texts;
mod words;

pub use check::{Asked, Finding, Fires, Part, Verdict, check};
pub use common::{FIELDS, field_at};
pub use field::{Field, Holds, Kinds, Page, Presence, Who};
pub use recorded::none_recorded;
pub use shape::{Shape, identities};
