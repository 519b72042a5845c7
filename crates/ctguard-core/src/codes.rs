//! The registry of codes: every stable, kebab-case name that ctguard gives to a problem.
//!
//! | table | of what | documented in |
//! |---|---|---|
//! | [`ERRORS`], [`LINTS`], [`NOTES`] | diagnostics of a blueprint | `docs/diagnostics.md` |
//! | [`PLANS`] | findings of plans and verdicts, guards among them | `docs/diagnostics.md` |
//! | [`CHECKS`] | findings of `events check` | `docs/diagnostics.md` |
//! | [`LinkCode`] | the links of a proof | `docs/links.md` |
//!
//! A [`Code`] can be made only here, so a code that is not listed does not compile. To add one,
//! write its entry (constant, name, title, help) into its table, in alphabetical order, and the
//! same title and help into the page.

use serde::{Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// Lists codes as constants and as one table.
macro_rules! codes {
    (
        $(#[$section:meta])* $list:ident, $kind:ident:
        $($name:ident = $code:literal, $title:literal, $help:literal;)+
    ) => {
        $(
            #[doc = $title]
            pub const $name: $crate::codes::Code =
                $crate::codes::Code::of(&$crate::codes::Entry {
                    name: $code,
                    kind: $crate::codes::Kind::$kind,
                    title: $title,
                    help: $help,
                });
        )+
        $(#[$section])*
        pub const $list: &[$crate::codes::Code] = &[$($name),+];
    };
}

mod checks;
mod errors;
pub mod links;
mod lints;
mod plans;
#[cfg(test)]
mod tests;

pub use checks::*;
pub use errors::*;
pub use links::LinkCode;
pub use lints::*;
pub use plans::*;

/// What a code is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// It makes a blueprint invalid.
    Error,
    /// A warning about a blueprint; `allow:` silences it.
    Warning,
    /// Something that ctguard did on the user's behalf.
    Note,
    /// A finding of a plan, or of a verdict other than a link.
    Plan,
    /// A finding in a file of names or patterns, of any tool.
    Check,
    /// A link of a proof.
    Link,
}

/// What the registry holds about a code.
#[derive(Debug)]
struct Entry {
    name: &'static str,
    kind: Kind,
    title: &'static str,
    help: &'static str,
}

/// A code of the registry. It sorts and prints as its name.
#[derive(Clone, Copy)]
pub struct Code(&'static Entry);

impl Code {
    const fn of(entry: &'static Entry) -> Self {
        Self(entry)
    }

    /// The name as it is printed and as `allow:` takes it.
    pub fn as_str(self) -> &'static str {
        self.0.name
    }

    pub fn kind(self) -> Kind {
        self.0.kind
    }

    /// What it means: one sentence.
    pub fn title(self) -> &'static str {
        self.0.title
    }

    /// What to do about it. Empty for a link, of which `docs/links.md` says more.
    pub fn help(self) -> &'static str {
        self.0.help
    }
}

/// Every code, table by table.
pub fn all() -> impl Iterator<Item = Code> {
    let links = LinkCode::ALL.iter().map(|link| link.code());
    [ERRORS, LINTS, NOTES, PLANS, CHECKS].into_iter().flatten().copied().chain(links)
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Code {}

impl PartialEq<str> for Code {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Code {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialOrd for Code {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Code {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.as_str(), self.kind()).cmp(&(other.as_str(), other.kind()))
    }
}

impl Hash for Code {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
