//! Text that somebody else wrote.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Text that whoever a result is about may have written: the name of a session, a user agent, a principal in a log.
///
/// It may hold whatever moves a cursor, hides other text or begins a line. So it has no `Display`, and `format!` does not
/// take it: what prints results (`report::screen` of the program) has the one function that makes it fit to be read, and a
/// test holds that nothing else there asks for [`uncleaned`](Self::uncleaned). JSON has it whole.
#[derive(
    Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Foreign(String);

impl Foreign {
    /// As it was written: to compare it or look it up, never to print it.
    pub fn uncleaned(&self) -> &str {
        &self.0
    }
}

impl From<String> for Foreign {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Foreign {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl PartialEq<str> for Foreign {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Foreign {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

/// What hides is escaped, as in the `Debug` of any text.
impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
