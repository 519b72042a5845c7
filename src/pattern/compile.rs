//! From what an alert asks for to exact event patterns.

use crate::blueprint::{EventRef, Outcome};
use crate::pattern::{Filter, Pattern};
use crate::resource::rule::RuleState;

/// One pattern for one rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Compiled {
    pub pattern: Pattern,
    /// The pattern as a rule carries it.
    pub json: String,
    /// The events it was made for.
    pub events: Vec<EventRef>,
    pub state: RuleState,
}

/// What is to be matched: these events, under these conditions, less the exceptions.
#[derive(Debug, Clone, Copy)]
pub struct Selection<'a> {
    pub events: &'a [EventRef],
    pub filter: Option<&'a Filter>,
    pub outcome: Outcome,
    pub except: &'a [&'a Filter],
}

/// Why a selection has no exact pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// An exception has no exact inverse.
    #[error("exception {} cannot be inverted exactly: {reason}", exception + 1)]
    ExceptionNotExpressible { exception: usize, reason: String },
    /// It does not fit into a pattern, however it is split.
    #[error("the pattern needs {chars} characters, more than the {max} that a rule accepts", max = crate::resource::rule::EVENT_PATTERN_MAX_CHARS)]
    TooLarge { chars: usize },
}

/// Compiles a selection into as few patterns as fit; no event matches two of them.
pub fn compile(_selection: &Selection<'_>) -> Result<Vec<Compiled>, CompileError> {
    Ok(Vec::new())
}
