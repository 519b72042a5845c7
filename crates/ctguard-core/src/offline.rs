//! Decides without AWS: the rules of a blueprint, the event that EventBridge makes of a CloudTrail
//! record, and whether a rule would have received it.
//!
//! ```text
//!  blueprint ──► rules ─────────────────────────┐
//!                                               ├──► pattern, state, account: fires or not
//!  record ─────► envelope ──► facts ──► delivered
//!                   └───────────┴──────── notes: fields missing, landing elsewhere, selectors needed
//! ```
//!
//! A pattern, a rule's state and the exceptions decide. What only a live account can answer (where
//! a rule stands, what a trail selects) and what an old record does not say becomes a [`Note`],
//! never a silence.

pub mod check;
mod decide;
mod delivery;
mod envelope;
mod given;
mod hostile;
pub(crate) mod lenient;
mod note;
mod rules;
mod samples;
mod shapes;

pub use check::{check, checked};
pub use decide::{AlertDecision, Decision, EventDecision, decide, decide_alerts};
pub use delivery::{Delivery, EVENT_MAX_BYTES, Facts, Undeliverable, delivered};
pub use envelope::{DeliveryFields, Enveloped, envelope};
pub(crate) use given::size;
pub use given::{Deed, Form, Given};
pub use note::Note;
pub use rules::{OfflineRule, decided, placement, rules, undecided_alerts};
pub use samples::{NeverFires, Sample, Samples, samples};
pub use trial::{
    AlertTrial, FORMAT_VERSION, Got, Origin, RenderedMessage, SampleTrial, Trial, try_out,
};

#[cfg(test)]
mod tests;
mod trial;
mod witness;
