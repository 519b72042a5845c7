//! CloudTrail's records and EventBridge's events in files: finding the files, reading them whatever the records are wrapped in,
//! and handing over the records that match.
//!
//! ```text
//!  paths ── find ──► files ── scan, one file at a time on each thread
//!                               │ open         inflated: at once if small, through a window if not
//!                               │ read         where each record or event begins and ends
//!                               │   shape      what an object is, and what it carries
//!                               │ PatternSet   on the text of the record or event
//!                               ▼
//!                              Sink, one for each thread
//! ```
//!
//! Memory depends on the longest record and on the threads, not on the size of a file. What is not read is counted and
//! named, and the rest goes on. [`Reader`] reads one file or stream and takes any visitor.

mod answer;
mod carrier;
mod container;
mod csv;
mod fields;
mod find;
mod foreign;
mod open;
mod query;
mod read;
mod row;
mod scan;
mod shape;
mod undecided;
mod unwrap;
mod window;

pub use container::{Container, Containers, DEPTH_MAX, ITEM_MAX, PassedOver, RATIO_MAX, Unread};
pub use fields::{RecordFields, fields, is_ordinary, text_at};
pub use find::{FindError, Found, LogFile, check_is_file, find};
pub use open::{BytesRead, Reader};
pub use read::{Flow, Item, Visit, What};
pub use row::{Columns, Taken};
pub use scan::{
    BROKEN_MAX, Broken, Hit, Kind, Progress, ScanTotals, Sink, broken_inside, detail, scan,
    without_identity,
};
pub use undecided::{Undecided, undecided};
