//! Whether the caller may make a call at all, and the record of every call made.

use super::policy::glob;
use super::refusal::{Refusal, deny};
use super::state::State;
use crate::scope::{AccountId, Place, Region};
use crate::snapshot::Unreadable;

/// One call that was made, or tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// As IAM names it: `events:ListRules`.
    pub operation: String,
    pub account: AccountId,
    /// `global` for what has no region.
    pub region: Region,
    pub mutating: bool,
    /// Whether it succeeded.
    pub succeeded: bool,
}

/// Checks that a call can be made in a place: the account is there, the region enabled, the operation
/// not denied.
pub fn check(state: &State, place: &Place, operation: &str) -> Result<(), Refusal> {
    if !state.has_account(&place.account) {
        let why =
            format!("account {} is not in the sandbox, so no role can be assumed", place.account);
        return Err(deny("AccessDenied", why));
    }
    if place.region != Region::global() && !state.is_enabled(place) {
        let why = format!(
            "the security token included in the request is invalid: {place} is not enabled"
        );
        return Err(deny("UnrecognizedClientException", why));
    }
    let denied = state.denied.iter().any(|denied| {
        glob(&denied.operation, operation)
            && denied.account.as_ref().is_none_or(|account| *account == place.account)
            && denied.region.as_ref().is_none_or(|region| *region == place.region)
    });
    if denied {
        let who = &state.caller.arn;
        return Err(deny(
            denial_code(operation),
            format!("{who} is not authorized to perform {operation}"),
        ));
    }
    Ok(())
}

/// Each service has its own word for it.
fn denial_code(operation: &str) -> &'static str {
    match operation.split(':').next() {
        Some("sns") => "AuthorizationError",
        Some("s3" | "sts" | "sqs" | "iam" | "cloudwatch") => "AccessDenied",
        _ => "AccessDeniedException",
    }
}

/// Makes reading calls in one place, and keeps a record of them.
pub struct Reader<'a> {
    pub state: &'a State,
    pub place: &'a Place,
    pub calls: &'a mut Vec<Call>,
}

impl Reader<'_> {
    /// Makes one reading call.
    pub fn ask(&mut self, operation: &str) -> Result<(), Unreadable> {
        let outcome = check(self.state, self.place, operation);
        self.note(operation, outcome.is_ok());
        outcome.map_err(|refusal| unreadable(operation, &refusal))
    }

    /// Records a call to this place.
    pub fn note(&mut self, operation: &str, succeeded: bool) {
        self.calls.push(Call {
            operation: operation.to_owned(),
            account: self.place.account.clone(),
            region: self.place.region.clone(),
            mutating: false,
            succeeded,
        });
    }
}

/// A refusal, seen from somebody who wanted to read.
pub fn unreadable(operation: &str, refusal: &Refusal) -> Unreadable {
    Unreadable {
        operation: operation.to_owned(),
        code: refusal.code.to_owned(),
        message: refusal.message.clone(),
    }
}
