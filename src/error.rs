//! How a command ends: the exit code, and errors with hints.

use ctguard_core::cause::Cause;
use ctguard_core::cloud::CloudError;
use std::fmt;

/// The exit codes, one table for the whole program (`docs/exit-codes.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done; nothing to do; nothing broken or unknown.
    Done = 0,
    /// The command could not do its work.
    Error = 1,
    /// There are changes.
    Changes = 2,
    /// A check failed: a link is broken, or dead letters wait.
    CheckFailed = 3,
    /// A place or link could not be read, or apply stopped part-way.
    Incomplete = 4,
    /// A foreign object is in the way, or a confirmation is missing.
    Refused = 5,
    /// The command line, a blueprint or a pattern is invalid.
    Usage = 64,
    /// Ctrl-C.
    Interrupted = 130,
}

impl Exit {
    pub const ALL: [Self; 8] = [
        Self::Done,
        Self::Error,
        Self::Changes,
        Self::CheckFailed,
        Self::Incomplete,
        Self::Refused,
        Self::Usage,
        Self::Interrupted,
    ];

    pub fn code(self) -> u8 {
        self as u8
    }

    /// The code for several results at once: 1 > 5 > 4 > 3 > 2.
    pub fn and(self, other: Self) -> Self {
        let rank = |exit: Self| match exit {
            Self::Done => 0,
            Self::Changes => 1,
            Self::CheckFailed => 2,
            Self::Incomplete => 3,
            Self::Refused => 4,
            Self::Error => 5,
            Self::Usage => 6,
            Self::Interrupted => 7,
        };
        if rank(other) > rank(self) { other } else { self }
    }

    /// `self` when it holds, otherwise done.
    pub fn when(self, holds: bool) -> Self {
        if holds { self } else { Self::Done }
    }
}

/// An error as the user sees it: a sentence, what caused it, what to do.
#[derive(Debug)]
pub struct CommandError {
    pub exit: Exit,
    /// A fragment that fits after "error: ".
    pub message: String,
    pub hints: Vec<String>,
    /// The reports that were asked for tell of it already.
    pub reported: bool,
}

impl CommandError {
    pub fn new(message: impl Into<String>) -> Self {
        Self { exit: Exit::Error, message: message.into(), hints: Vec::new(), reported: false }
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, ..Self::new(message) }
    }

    pub fn refused(message: impl Into<String>) -> Self {
        Self { exit: Exit::Refused, ..Self::new(message) }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Makes an I/O error that says what was being done.
    pub fn io(doing: impl fmt::Display, error: &std::io::Error) -> Self {
        Self::new(format!("{doing}: {error}"))
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CommandError {}

impl From<CloudError> for CommandError {
    fn from(error: CloudError) -> Self {
        let hint = match error.cause() {
            // AWS's own words say what is wrong with the request.
            Cause::Other | Cause::Unstated => None,
            Cause::Denied(_) => {
                Some(format!("{} `ctguard policy` prints all that is needed.", error.remedy()))
            }
            _ => Some(error.remedy()),
        };
        // Before any call of AWS's there is only the cause to tell.
        let own = ["connect", "credentials"].contains(&error.operation.as_str());
        let told = match own || error.cause() == Cause::NoCredentials {
            true => format!("{} ({})", error.message, error.code),
            false => error.to_string(),
        };
        let mut out = Self::new(told);
        if error.cause() == Cause::RunTime {
            out.exit = Exit::Incomplete;
        }
        out.hints.extend(hint);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_results_the_gravest_decides() {
        assert_eq!(Exit::Changes.and(Exit::Incomplete), Exit::Incomplete);
        assert_eq!(Exit::Refused.and(Exit::Incomplete), Exit::Refused);
        assert_eq!(Exit::Refused.and(Exit::Error), Exit::Error);
        assert_eq!(Exit::CheckFailed.and(Exit::Done), Exit::CheckFailed);
    }

    #[test]
    fn the_docs_list_every_exit_code() {
        let docs = include_str!("../docs/exit-codes.md");
        for exit in Exit::ALL {
            assert!(
                docs.contains(&format!("| {} |", exit.code())),
                "{exit:?} is not in docs/exit-codes.md"
            );
        }
    }
}
