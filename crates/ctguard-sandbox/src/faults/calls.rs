//! Lets calls fail, each for one cause.

use super::pick::nothing;
use super::{Aim, Fault};
use crate::policy::glob;
use crate::state::{Failing, Failure, State};
use ctguard_core::permissions::every_call;

impl Fault {
    /// How calls fail by it, if it is about calls.
    pub(super) fn failure(self) -> Option<Failure> {
        Some(match self {
            Self::DenyCalls => Failure::Denied,
            Self::DenyCallsByOrganization => Failure::DeniedByOrganization,
            Self::ExpireCredentials => Failure::Expired,
            Self::ThrottleCalls => Failure::Throttled,
            Self::CutOffCalls => Failure::Unreachable,
            Self::TimeOutCalls => Failure::TimedOut,
            Self::DisableRegion => Failure::NotEnabled,
            Self::LoseObjects => Failure::NotFound,
            Self::GarbleAnswers => Failure::Malformed,
            Self::RefuseAsTooLarge => Failure::TooLarge,
            Self::FailCalls => Failure::ServerError,
            _ => return None,
        })
    }
}

impl Fault {
    /// Whether it is about calls, and leaves what is delivered as it is.
    pub fn is_about_calls(self) -> bool {
        self.failure().is_some() || self == Self::MendCalls
    }
}

/// Lets calls fail as a fault does, or mends them all.
pub fn inflict(state: &mut State, fault: Fault, aim: &Aim) -> Result<String, String> {
    match fault.failure() {
        Some(how) => fail(state, how, aim),
        None => mend(state),
    }
}

/// Lets the named calls fail, or all of them, in the selected account and region, or everywhere.
fn fail(state: &mut State, how: Failure, aim: &Aim) -> Result<String, String> {
    let operation = aim.name.clone().unwrap_or_else(|| "*".to_owned());
    let calls = every_call();
    if !calls.iter().any(|call| glob(&operation, call)) {
        return Err(nothing("call", aim, calls.into_iter().map(str::to_owned)));
    }
    let (account, region) = (aim.account.clone(), aim.region.clone());
    let mut meant = format!("Calls of {operation}");
    if let Some(account) = &account {
        meant.push_str(&format!(" in account {account}"));
    }
    if let Some(region) = &region {
        meant.push_str(&format!(" in {region}"));
    }
    let failing = Failing { operation, how, account, region };
    if !state.failing.contains(&failing) {
        state.failing.push(failing);
    }
    Ok(format!("{meant} now fail: {}. `sandbox break mend-calls` ends it.", how.as_str()))
}

/// Ends all of that.
fn mend(state: &mut State) -> Result<String, String> {
    if state.failing.is_empty() {
        return Err("no call fails for a fault".to_owned());
    }
    state.failing.clear();
    Ok("No call fails for a fault any more.".to_owned())
}
