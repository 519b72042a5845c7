//! Whether the caller may make a call at all, and the record of every call made.

use super::failing;
use super::failing::denial_code;
use super::logging::acting;
use super::policy::glob;
use super::refusal::{Refusal, deny};
use super::state::State;
use ctguard_core::action::Action;
use ctguard_core::cause::Cause;
use ctguard_core::scope::{AccountId, Place, Region};
use ctguard_core::snapshot::Unreadable;

/// One call that was made or attempted.
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

/// Assuming a role in another account, with which every call there begins.
const ASSUME: &str = "sts:AssumeRole";

/// Checks that a call can be made in a place: the account is accessible, the region enabled, and
/// the operation not denied.
pub fn check(state: &State, place: &Place, operation: &str) -> Result<(), Refusal> {
    can_enter(state, place).map_err(|refusal| Refusal { operation: Some(ASSUME), ..refusal })?;
    if place.region != Region::global() && !state.is_enabled(place) {
        let why = format!(
            "the security token included in the request is invalid: {place} is not enabled"
        );
        return Err(deny("UnrecognizedClientException", why));
    }
    if is_denied(state, place, operation) {
        let said = failing::denial(operation, &acting(state, place));
        return Err(deny(denial_code(operation), said));
    }
    fails(state, place, operation)
}

/// Fails as somebody let the call fail, if so.
fn fails(state: &State, place: &Place, operation: &str) -> Result<(), Refusal> {
    let region = region_of(place, operation);
    let meant = state.failing.iter().find(|failing| {
        let (account, there) = (failing.account.as_ref(), failing.region.as_ref());
        concerns(&failing.operation, account, there, place, &region, operation)
    });
    let who = match operation {
        ASSUME => state.caller.arn.clone(),
        _ => acting(state, place),
    };
    let refusal = |how| failing::refusal(how, operation, &who);
    meant.map_or(Ok(()), |failing| Err(refusal(failing.how)))
}

/// Whether there are credentials for an account: the caller's own, or those of a role in it.
fn can_enter(state: &State, place: &Place) -> Result<(), Refusal> {
    let account = &place.account;
    if !state.has_account(account) {
        let why = format!("account {account} is not in the sandbox, so no role can be assumed");
        return Err(deny("AccessDenied", why));
    }
    if state.membership(account).is_some_and(|(_, member)| !member.status.is_active()) {
        return Err(deny("AccessDenied", format!("account {account} is suspended")));
    }
    if *account != state.caller.account && is_denied(state, place, ASSUME) {
        let who = &state.caller.arn;
        let why = format!(
            "{who} is not authorized to perform {ASSUME}: the role in account {account} does not admit it"
        );
        return Err(deny("AccessDenied", why));
    }
    if *account != state.caller.account { fails(state, place, ASSUME) } else { Ok(()) }
}

/// Denies creating calls without the tags that the organization's policies ask for. They look at the
/// request alone, so updating a rule is such a call, too.
///
/// Source: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_tagging.html>
pub fn check_required_tags(state: &State, place: &Place, action: &Action) -> Result<(), Refusal> {
    let tags = match action {
        Action::PutRule { tags, .. }
        | Action::CreateEventBus { tags, .. }
        | Action::CreateRole { tags, .. }
        | Action::CreateTopic { tags, .. }
        | Action::CreateQueue { tags, .. }
        | Action::CreateStateMachine { tags, .. }
        | Action::CreateTrail { tags, .. }
        | Action::CreateBucket { tags, .. } => tags,
        _ => return Ok(()),
    };
    if state.required_tags.iter().all(|key| tags.contains_key(key)) {
        return Ok(());
    }
    let (who, operation) = (acting(state, place), action.operation());
    Err(deny(
        denial_code(operation),
        format!(
            "User: {who} is not authorized to perform: {operation} with an explicit deny in a service control policy"
        ),
    ))
}

fn is_denied(state: &State, place: &Place, operation: &str) -> bool {
    let region = region_of(place, operation);
    state.denied.iter().any(|denied| {
        let (account, there) = (denied.account.as_ref(), denied.region.as_ref());
        concerns(&denied.operation, account, there, place, &region, operation)
    })
}

/// IAM is the same in all regions of an account.
fn region_of(place: &Place, operation: &str) -> Region {
    match operation.starts_with("iam:") || operation == ASSUME {
        true => Region::global(),
        false => place.region.clone(),
    }
}

/// Whether what is said of calls, perhaps of those in one account or region, is said of this one.
fn concerns(
    pattern: &str,
    account: Option<&AccountId>,
    region: Option<&Region>,
    place: &Place,
    asked: &Region,
    operation: &str,
) -> bool {
    glob(pattern, operation)
        && account.is_none_or(|account| *account == place.account)
        && region.is_none_or(|region| region == asked)
}

/// Makes read calls in one place, and records them.
pub struct Reader<'a> {
    pub state: &'a State,
    pub place: &'a Place,
    pub calls: &'a mut Vec<Call>,
}

impl Reader<'_> {
    /// Makes one read call.
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

/// A refusal, as the result of a read.
pub fn unreadable(operation: &str, refusal: &Refusal) -> Unreadable {
    Unreadable {
        operation: refusal.operation.unwrap_or(operation).to_owned(),
        code: refusal.code.to_owned(),
        message: refusal.message.clone(),
        kind: refusal.kind,
        cause: Cause::kept(
            refusal.operation.unwrap_or(operation),
            refusal.code,
            &refusal.message,
            refusal.kind,
        ),
    }
}
