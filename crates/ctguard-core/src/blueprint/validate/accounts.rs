//! Which accounts are covered, the roles in them, and what is different for some.

use super::super::raw::{RawAccount, RawAccounts, RawAssumedRole, RawOrganization};
use super::super::reader::{Spanned, list};
use super::super::{Account, Accounts, AssumedRole, OrganizationAccounts, Risk};
use super::{routes, syntax};
use crate::catalogue::nearest;
use crate::codes;
use crate::diag::{Code, Diagnostic, Span};
use crate::scope::{AccountId, Arn, Partition};
use std::collections::{BTreeMap, BTreeSet};

/// Longest name of an account, in characters, as AWS has it.
///
/// Source: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html>
const NAME_MAX_CHARS: usize = 50;

/// What the accounts as typed say already, before each is judged.
#[derive(Debug, Default)]
pub(super) struct Covered {
    listed: BTreeSet<AccountId>,
    /// Every account is listed and could be read, so that no other is covered.
    complete: bool,
    several: bool,
    discovers: bool,
    excluded: BTreeSet<AccountId>,
}

impl Covered {
    pub fn of(raw: Option<&RawAccounts>) -> Self {
        let Some(raw) = raw else { return Self::default() };
        let ids = |texts: Vec<&Spanned<String>>| -> BTreeSet<AccountId> {
            texts.into_iter().filter_map(|id| AccountId::new(&id.value)).collect()
        };
        let listed = ids(raw.listed.iter().filter_map(|account| account.id.as_ref()).collect());
        let excluded = ids(raw.organizations.iter().flat_map(|all| &all.exclude).collect());
        let readable = |account: &RawAccount| {
            account.id.as_ref().is_some_and(|id| AccountId::new(&id.value).is_some())
        };
        Self {
            several: listed.len() > 1 || !raw.organizations.is_empty(),
            discovers: !raw.organizations.is_empty(),
            complete: raw.organizations.is_empty()
                && !raw.incomplete
                && raw.listed.iter().all(readable),
            excluded: excluded.difference(&listed).cloned().collect(),
            listed,
        }
    }

    /// Whether the blueprint itself says that an account is not covered.
    pub fn leaves_out(&self, account: &AccountId) -> bool {
        self.excluded.contains(account) || (self.complete && !self.listed.contains(account))
    }

    /// Whether more than one account is covered, or may be.
    pub fn several(&self) -> bool {
        self.several
    }

    /// Whether accounts of the caller's organization are covered.
    pub fn discovers(&self) -> bool {
        self.discovers
    }

    /// The accounts that are listed, for a help text.
    pub fn listed(&self) -> String {
        list(&self.listed.iter().map(AccountId::as_str).collect::<Vec<_>>())
    }
}

/// What the rest of the blueprint says.
pub(super) struct Context<'a> {
    pub alerts: &'a [String],
    pub destinations: &'a [&'a str],
    /// Where the blueprint's regions are, as far as it says.
    pub partition: Option<Partition>,
}

pub(super) fn accounts(
    raw: RawAccounts,
    context: &Context<'_>,
    out: &mut Vec<Diagnostic>,
) -> Option<Accounts> {
    let before = out.len();
    repeated(&raw, out);
    without_role(&raw.listed, out);
    let mut accounts = Accounts::default();
    for account in raw.listed.into_iter().filter_map(|raw| account(raw, context, out)) {
        accounts.listed.insert(account.id.clone(), account);
    }
    for raw in raw.organizations {
        for excluded in &raw.exclude {
            if AccountId::new(&excluded.value).is_some_and(|id| accounts.listed.contains_key(&id)) {
                error(
                    out,
                    codes::ACCOUNT_REPEATED,
                    format!("account {} is listed and excluded", excluded.value),
                    &excluded.span,
                    "keep one of the two: what is listed is covered",
                );
            }
        }
        accounts.organization = organization(raw, out);
    }
    (out.len() == before && !raw.incomplete).then_some(accounts)
}

/// Reads an account's id.
pub(super) fn account_id(id: &Spanned<String>, out: &mut Vec<Diagnostic>) -> Option<AccountId> {
    let account = AccountId::new(&id.value);
    if account.is_none() {
        error(
            out,
            codes::ACCOUNT_ID_INVALID,
            format!("`{}` is not an account id", id.value),
            &id.span,
            "write its twelve digits, in quotes",
        );
    }
    account
}

fn repeated(raw: &RawAccounts, out: &mut Vec<Diagnostic>) {
    let mut again = |what: &str, texts: Vec<&Spanned<String>>, help: &str| {
        let mut seen: BTreeMap<&str, &Span> = BTreeMap::new();
        for text in texts {
            if let Some(first) = seen.get(text.value.as_str()) {
                out.push(
                    Diagnostic::error(
                        codes::ACCOUNT_REPEATED,
                        format!("the {what} `{}` stands twice in `accounts`", text.value),
                    )
                    .at(Some(text.span.clone()))
                    .label(format!("line {} has it already", first.line))
                    .help(help),
                );
            } else {
                seen.insert(&text.value, &text.span);
            }
        }
    };
    let ids = raw.listed.iter().filter_map(|account| account.id.as_ref()).collect();
    again("account", ids, "list each account once");
    let names = raw.listed.iter().filter_map(|account| account.name.as_ref()).collect();
    again("name", names, "give each account a name of its own: reports show it beside the id");
    if let Some(second) = raw.organizations.get(1) {
        error(
            out,
            codes::ACCOUNT_REPEATED,
            "`accounts` has two entries of the organization",
            &second.span,
            "join them: `include_ous` and `exclude` are lists",
        );
    }
}

/// The caller is at home in one account; every other needs a role.
fn without_role(listed: &[RawAccount], out: &mut Vec<Diagnostic>) {
    let mut bare = listed
        .iter()
        .filter(|account| account.role.role.is_none())
        .filter_map(|account| account.id.as_ref());
    let Some(first) = bare.next() else { return };
    for id in bare {
        out.push(
            Diagnostic::error(
                codes::ROLE_MISSING,
                format!("account {} has no role, and neither has {}", id.value, first.value),
            )
            .at(Some(id.span.clone()))
            .help("only the account of the credentials in use can do without: add `role:`, a name or an ARN"),
        );
    }
}

fn account(raw: RawAccount, context: &Context<'_>, out: &mut Vec<Diagnostic>) -> Option<Account> {
    let id = raw.id.as_ref().and_then(|id| account_id(id, out));
    if let Some(name) = &raw.name {
        name_of(name, out);
    }
    let written = raw.role.role.clone();
    let role = assumed(raw.role, out);
    if let (Some(written), Some(id)) = (&written, &id) {
        role_arn(written, id, context.partition, out);
    }
    let mut omit = BTreeSet::new();
    for alert in &raw.omit {
        if context.alerts.contains(&alert.value) {
            omit.insert(alert.value.clone());
            continue;
        }
        let help = match nearest(&alert.value, context.alerts.iter().map(String::as_str)).first() {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if context.alerts.is_empty() => "there is no alert to leave out".to_owned(),
            None => format!("the alerts are {}", list(context.alerts)),
        };
        let message = format!("there is no alert `{}` to leave out", alert.value);
        error(out, codes::OMIT_UNKNOWN, message, &alert.span, &help);
    }
    let routes: BTreeMap<Risk, Vec<String>> = routes(&raw.routes, context.destinations, out);
    Some(Account {
        id: id?,
        name: raw.name.map(|name| name.value),
        role,
        omit,
        routes,
        span: Some(raw.span),
    })
}

fn name_of(name: &Spanned<String>, out: &mut Vec<Diagnostic>) {
    let chars = name.value.chars().count();
    if chars > NAME_MAX_CHARS || name.value.chars().any(char::is_control) {
        error(
            out,
            codes::TEXT_INVALID,
            format!("an account's name is one line of at most {NAME_MAX_CHARS} characters"),
            &name.span,
            "shorten it: reports show it beside the id",
        );
    }
}

fn organization(raw: RawOrganization, out: &mut Vec<Diagnostic>) -> Option<OrganizationAccounts> {
    let mut include_units = BTreeSet::new();
    if let Some((units, span)) = &raw.include_ous {
        if units.is_empty() {
            error(
                out,
                codes::EMPTY_VALUE,
                "`include_ous` names no organizational unit",
                span,
                "name units, or remove the key to cover the whole organization",
            );
        }
        for unit in units {
            if let Err(problem) = syntax::unit_id(&unit.value) {
                invalid_id(unit, "an organizational unit", problem, "ou-ab12-11111111", out);
            }
            include_units.insert(unit.value.clone());
        }
    }
    let exclude: BTreeSet<AccountId> =
        raw.exclude.iter().filter_map(|id| account_id(id, out)).collect();
    if let Some(role) = raw.role.role.as_ref().filter(|role| role.value.starts_with("arn:")) {
        error(
            out,
            codes::ROLE_INVALID,
            "an ARN names a role of one account",
            &role.span,
            "write the role's name: the role of that name is assumed in each account",
        );
    }
    Some(OrganizationAccounts {
        include_units,
        exclude,
        role: assumed(raw.role, out)?,
        span: Some(raw.span),
    })
}

/// Reports an id that is not one of AWS Organizations.
pub(super) fn invalid_id(
    id: &Spanned<String>,
    what: &str,
    problem: &str,
    example: &str,
    out: &mut Vec<Diagnostic>,
) {
    out.push(
        Diagnostic::error(
            codes::ORGANIZATION_ID_INVALID,
            format!("`{}` is not the id of {what}", id.value),
        )
        .at(Some(id.span.clone()))
        .label(problem)
        .help(format!("write it as AWS does, such as `{example}`")),
    );
}

/// Judges the spelling of a role and of what goes with it.
fn assumed(raw: RawAssumedRole, out: &mut Vec<Diagnostic>) -> Option<AssumedRole> {
    let mut judge = |text: Option<&Spanned<String>>, what: &str, check: fn(&str) -> _| {
        let Some(text) = text else { return };
        if let Err(problem) = check(&text.value) {
            let problem: String = problem;
            out.push(
                Diagnostic::error(
                    codes::ROLE_INVALID,
                    format!("AWS refuses `{}` as {what}", text.value),
                )
                .at(Some(text.span.clone()))
                .label(problem),
            );
        }
    };
    judge(raw.role.as_ref(), "a role", syntax::role);
    judge(raw.external_id.as_ref(), "an external id", syntax::external_id);
    judge(raw.session_name.as_ref(), "a session's name", syntax::session_name);
    let Some(role) = raw.role else {
        for text in raw.external_id.iter().chain(&raw.session_name) {
            error(
                out,
                codes::ROLE_INVALID,
                "this goes with a role, and there is none",
                &text.span,
                "add `role:`, or remove the key",
            );
        }
        return None;
    };
    Some(AssumedRole {
        role: role.value,
        external_id: raw.external_id.map(|text| text.value),
        session_name: raw.session_name.map(|text| text.value),
    })
}

/// A role that is written as an ARN must be in the account whose role it is.
fn role_arn(
    role: &Spanned<String>,
    account: &AccountId,
    partition: Option<Partition>,
    out: &mut Vec<Diagnostic>,
) {
    let Some(arn) = Arn::parse(&role.value) else { return };
    let problem = if arn.account != account.as_str() {
        format!("it is in account {}, not in {account}", arn.account)
    } else if let Some(partition) = partition.filter(|here| here.as_str() != arn.partition) {
        format!("its partition is `{}`, and the regions are in `{partition}`", arn.partition)
    } else {
        return;
    };
    let name = arn.resource.trim_start_matches("role/");
    out.push(
        Diagnostic::error(codes::ROLE_INVALID, "this role cannot be assumed for the account")
            .at(Some(role.span.clone()))
            .label(problem)
            .help(format!("write `role: {name}`, which stands for the account's own")),
    );
}

fn error(
    out: &mut Vec<Diagnostic>,
    code: Code,
    message: impl Into<String>,
    span: &Span,
    help: &str,
) {
    out.push(Diagnostic::error(code, message).at(Some(span.clone())).help(help));
}
