//! A drill: harmless calls that raise alerts on the real path, and what is to be received of them.
//!
//! ```text
//!   alert paths ──► choose: a trigger of its own, or a rule that stands in ──► Drill (data)
//!                      │                                                        │
//!   triggers: object ──┘   record: the event of a call                          ├──► calls
//!   by object, its calls         │                                              │
//!                                └──► expect: what each topic is to deliver ────┘
//! ```
//!
//! Everything here is decided without AWS. `run::drill` of the program makes the calls and waits.

pub mod announce;
pub mod choose;
pub mod expect;
pub mod leftovers;
pub mod record;
pub mod report;
pub mod triggers;

pub use announce::{Announcement, ended};
pub use choose::{Asked, Deed, Drill, DrilledPath, How, StandIn, choose, raised};
pub use expect::{Sought, sought};
pub use leftovers::{Leftovers, Watching, leftovers};
pub use record::{CallMade, Circumstances, lands, record, record_of};
pub use report::{CallPurpose, DrillCall, DrillReport, DrilledAlert, Method, ReceiptStatus};
pub use triggers::tags;
