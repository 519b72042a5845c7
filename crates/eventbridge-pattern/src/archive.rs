//! CloudTrail's log files: finding them, reading them, and handing over the records that match.
//!
//! ```text
//!  paths ── find ──► log files ── scan, one file at a time on each thread
//!                                   │ inflate      the whole file, into a buffer that stays
//!                                   │ split        where each record begins and ends
//!                                   │ Matcher      on the text of the record
//!                                   ▼
//!                                  Sink, one for each thread
//! ```
//!
//! Memory depends on the largest file and on the threads, not on the archive. What cannot be read is counted and
//! named, and the rest goes on.

mod fields;
mod find;
mod inflate;
mod scan;
mod split;

pub use fields::{RecordFields, fields, text_at};
pub use find::{FindError, Found, LogFile, find};
pub use inflate::{Inflater, TEXT_MAX, Unreadable};
pub use scan::{BROKEN_MAX, Broken, Hit, Progress, ScanTotals, Sink, scan};
pub use split::{BadText, Piece, records};
