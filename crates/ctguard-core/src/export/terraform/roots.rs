//! The roots: which module is instantiated for which account, in which regions, and after what.

use super::template::{ACCOUNT_NAME_VARIABLE, ACCOUNT_VARIABLE, written as template};
use super::{Module, declared, requirements, secret};
use crate::blueprint::AssumedRole;
use crate::export::classes::{Accounts, Stage};
use crate::export::text::ACCOUNT;
use crate::export::{Export, ExportError, OrganizationTarget, units_in_words};
use crate::scope::{AccountId, Region};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The variable for the account of the credentials, in which no role is assumed.
const OWN_ACCOUNT_VARIABLE: &str = "own_account";

/// A folder in which Terraform is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Root {
    /// All accounts that are known.
    Accounts,
    /// One account of the organization.
    Member,
}

impl Root {
    pub fn folder(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Member => "member",
        }
    }
}

/// For which account a module is instantiated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum For {
    /// That of the credentials.
    Own,
    One(AccountId),
    /// That which the variable names, unless it is one of these.
    Member(BTreeSet<AccountId>),
}

/// A module as a root instantiates it: once in each region.
pub(super) struct Call<'a> {
    pub root: Root,
    /// Its name in the root.
    pub name: String,
    pub module: &'a Module<'a>,
    pub account: For,
    pub regions: Vec<Region>,
    /// The name of the account that messages say.
    account_name: Option<String>,
}

/// Every instantiation, in the order of the classes.
pub(super) fn calls<'a>(export: &Export, modules: &'a [Module<'a>]) -> Vec<Call<'a>> {
    let mut all: Vec<Call<'a>> = Vec::new();
    for module in modules {
        for deployment in &module.class.deployments {
            for account in accounts(&deployment.accounts) {
                let class = &module.class.name;
                let (root, name) = match &account {
                    For::Own => (Root::Accounts, class.clone()),
                    For::One(id) => (Root::Accounts, format!("{class}_{id}")),
                    For::Member(_) => (Root::Member, class.clone()),
                };
                let taken =
                    |name: &str| all.iter().any(|call| call.root == root && call.name == name);
                let free = (2..).map(|number| format!("{name}_{number}"));
                let name = std::iter::once(name.clone()).chain(free).find(|name| !taken(name));
                all.push(Call {
                    root,
                    name: name.unwrap_or_default(),
                    module,
                    account_name: match &account {
                        For::One(id) => export.account_names.get(id).cloned(),
                        _ => None,
                    },
                    account,
                    regions: deployment.regions.clone(),
                });
            }
        }
    }
    all
}

/// For which accounts a module is instantiated one by one.
fn accounts(of: &Accounts) -> Vec<For> {
    match of {
        Accounts::Own => vec![For::Own],
        Accounts::Listed(all) => all.iter().cloned().map(For::One).collect(),
        Accounts::Organization { except } => vec![For::Member(except.clone())],
    }
}

impl Call<'_> {
    /// The regions, as an expression; of a member that is left out there are none.
    fn regions(&self) -> String {
        let regions: Vec<String> = self.regions.iter().map(|one| format!("\"{one}\"")).collect();
        let regions = regions.join(", ");
        match &self.account {
            For::Member(except) if !except.is_empty() => format!(
                "${{toset([for region in [{regions}] : region if !contains(local.except[\"{}\"], var.{ACCOUNT_VARIABLE})])}}",
                self.name
            ),
            _ => format!("${{toset([{regions}])}}"),
        }
    }

    /// What has to be there before it: what it sends to, and the roles of its account.
    fn after(&self, all: &[&Call<'_>]) -> Vec<String> {
        let stage = self.module.class.stage;
        let is_before = |other: &Call<'_>| match other.module.class.stage {
            before if before >= stage => false,
            Stage::Receives => true,
            _ => other.account == self.account || matches!(self.account, For::Member(_)),
        };
        let before = all.iter().filter(|other| is_before(other));
        before.map(|other| format!("module.{}", other.name)).collect()
    }

    fn written(&self, all: &[&Call<'_>]) -> Result<Value, ExportError> {
        let mut call = Map::new();
        let source = format!("../modules/{}", self.module.class.name);
        call.insert("source".to_owned(), json!(source));
        call.insert("for_each".to_owned(), json!(self.regions()));
        if let For::One(id) = &self.account {
            call.insert("providers".to_owned(), json!({ "aws": format!("aws.{}", alias(id)) }));
        }
        let account = match &self.account {
            For::Own => "${data.aws_caller_identity.own.account_id}".to_owned(),
            For::One(id) => id.to_string(),
            For::Member(_) => format!("${{var.{ACCOUNT_VARIABLE}}}"),
        };
        call.insert(ACCOUNT_VARIABLE.to_owned(), json!(account));
        call.insert("region".to_owned(), json!("${each.value}"));
        if self.module.says_name() {
            let name = match (&self.account, &self.account_name) {
                (For::One(_), Some(name)) => template(name)?,
                // Whoever runs Terraform gives it.
                _ => format!("${{var.{ACCOUNT_NAME_VARIABLE}}}"),
            };
            call.insert(ACCOUNT_NAME_VARIABLE.to_owned(), json!(name));
        }
        for name in self.module.secrets().into_keys() {
            call.insert(name.to_owned(), json!(format!("${{var.{name}}}")));
        }
        let after = self.after(all);
        if !after.is_empty() {
            call.insert("depends_on".to_owned(), json!(after));
        }
        Ok(Value::Object(call))
    }

    /// The alias of its provider, where it has one.
    pub fn alias(&self) -> Option<String> {
        match &self.account {
            For::One(id) => Some(alias(id)),
            _ => None,
        }
    }

    /// Where it is, for people.
    pub fn to_words(&self, organization: Option<&OrganizationTarget>) -> String {
        let regions: Vec<&str> = self.regions.iter().map(Region::as_str).collect();
        let who = match &self.account {
            For::Own => "`accounts/`: the account of the credentials".to_owned(),
            For::One(id) => format!("`accounts/`: {id}"),
            For::Member(except) if except.is_empty() => {
                format!(
                    "`member/`: every account of {}",
                    units_in_words(organization.map(|of| &of.units))
                )
            }
            For::Member(except) => format!(
                "`member/`: every account of {} but {}",
                units_in_words(organization.map(|of| &of.units)),
                crate::plural::count(except.len(), "account")
            ),
        };
        format!("{who} in {}", regions.join(", "))
    }
}

fn alias(account: &AccountId) -> String {
    format!("account_{account}")
}

/// A root as it is written; `left` are providers that stand in another file of it.
pub(super) fn written(
    export: &Export,
    root: Root,
    calls: &[&Call<'_>],
    left: &[Value],
) -> Result<Value, ExportError> {
    let mut modules = Map::new();
    for call in calls {
        modules.insert(call.name.clone(), call.written(calls)?);
    }
    let own_roles = match root {
        Root::Accounts => Map::new(),
        Root::Member => member_roles(export, calls)?,
    };
    let providers = match root {
        Root::Accounts => providers(export, calls)?,
        Root::Member => vec![member_provider(export, &own_roles)?],
    };
    let variables = variables(root, calls, &[providers.as_slice(), left].concat());
    let what = match root {
        Root::Accounts => "the accounts that are known",
        Root::Member => "one account of the organization",
    };
    let mut all = json!({
        "//": format!(
            "The blueprint {} in {what}. Made by ctguard export terraform; changes are made in the blueprint.",
            export.name
        ),
        "terraform": requirements(),
    });
    if !variables.is_empty() {
        all["variable"] = Value::Object(variables);
    }
    let except: Map<String, Value> = calls
        .iter()
        .filter_map(|call| match &call.account {
            For::Member(out) if !out.is_empty() => Some((call.name.clone(), json!(out))),
            _ => None,
        })
        .collect();
    let mut locals = Map::new();
    if !except.is_empty() {
        locals.insert("except".to_owned(), json!(except));
    }
    if !own_roles.is_empty() {
        locals.insert("roles".to_owned(), json!(own_roles));
    }
    if !locals.is_empty() {
        all["locals"] = json!(locals);
    }
    if !providers.is_empty() {
        all["provider"] = json!({ "aws": providers });
    }
    if calls.iter().any(|call| call.account == For::Own) {
        all["data"] = json!({ "aws_caller_identity": { "own": {} } });
    }
    if root == Root::Member {
        all["resource"] = json!({ "terraform_data": { "account": guard(export, calls) } });
    }
    if !modules.is_empty() {
        all["module"] = Value::Object(modules);
    }
    Ok(all)
}

/// The accounts of which both roots make a part, in words.
pub(super) fn in_both(
    export: &Export,
    calls: &[Call<'_>],
    elsewhere: &BTreeSet<AccountId>,
) -> String {
    let members = export.organization.iter().flat_map(|target| &target.members);
    let known = |id: &&AccountId| {
        let one = For::One((*id).clone());
        !elsewhere.contains(*id) && calls.iter().any(|call| call.account == one)
    };
    let ids: Vec<&str> = members.filter(known).map(AccountId::as_str).collect();
    ids.join(", ")
}

/// The accounts of which `member/` makes nothing: `accounts/` does, or nobody.
pub(super) fn elsewhere(export: &Export, calls: &[&Call<'_>]) -> BTreeSet<AccountId> {
    let mut excepts = calls.iter().filter_map(|call| match &call.account {
        For::Member(except) => Some(except.clone()),
        _ => None,
    });
    let first = excepts.next().unwrap_or_default();
    let mut all = excepts.fold(first, |all, one| all.intersection(&one).cloned().collect());
    let members = export.organization.as_ref().map(|target| &target.members);
    let outside = |id: &&AccountId| members.is_none_or(|members| !members.contains(*id));
    all.extend(export.listed.iter().filter(outside).cloned());
    all
}

/// Refuses another account than the workspace's, and one of which nothing is made: a plan without a change would
/// look like an account in which everything is as it should be.
fn guard(export: &Export, calls: &[&Call<'_>]) -> Value {
    let mut conditions = vec![json!({
        "condition": format!("${{terraform.workspace == var.{ACCOUNT_VARIABLE}}}"),
        "error_message": format!("Each account has a workspace of its own: terraform workspace select -or-create ${{var.{ACCOUNT_VARIABLE}}}"),
    })];
    let elsewhere = elsewhere(export, calls);
    if !elsewhere.is_empty() {
        let ids: Vec<String> = elsewhere.iter().map(|id| format!("\"{id}\"")).collect();
        conditions.push(json!({
            "condition": format!("${{!contains([{}], var.{ACCOUNT_VARIABLE})}}", ids.join(", ")),
            "error_message": "Nothing is made here for this account: accounts/ keeps it, or the blueprint leaves it out.",
        }));
    }
    json!({ "input": format!("${{var.{ACCOUNT_VARIABLE}}}"), "lifecycle": { "precondition": conditions } })
}

/// What whoever runs Terraform gives.
fn variables(root: Root, calls: &[&Call<'_>], providers: &[Value]) -> Map<String, Value> {
    let mut all = Map::new();
    if root == Root::Member {
        all.insert(ACCOUNT_VARIABLE.to_owned(), member_variable());
    }
    if providers.iter().any(|provider| provider.get("dynamic").is_some()) {
        all.insert(OWN_ACCOUNT_VARIABLE.to_owned(), own_variable());
    }
    for call in calls {
        for (name, what) in call.module.secrets() {
            all.insert(name.to_owned(), secret(name, what));
        }
        if call.module.says_name() && call.account_name.is_none() {
            let what = declared("How people call the account; messages say it.");
            all.insert(ACCOUNT_NAME_VARIABLE.to_owned(), what);
        }
    }
    all
}

fn member_variable() -> Value {
    let mut variable = declared("The account.");
    variable["validation"] = json!([{
        "condition": format!("${{can(regex(\"^[0-9]{{12}}$\", var.{ACCOUNT_VARIABLE}))}}"),
        "error_message": "It must be the id of an account, which has 12 digits.",
    }]);
    variable
}

fn own_variable() -> Value {
    let mut variable = declared(
        "The account of the credentials, in which no role is assumed. With none, the role is assumed in every account.",
    );
    variable["default"] = json!("");
    variable
}

/// A provider for each account.
fn providers(export: &Export, calls: &[&Call<'_>]) -> Result<Vec<Value>, ExportError> {
    let mut all = Vec::new();
    let mut by_account: BTreeMap<&AccountId, Value> = BTreeMap::new();
    for call in calls {
        match &call.account {
            For::Own if all.is_empty() => all.push(json!({ "region": export.home })),
            For::One(id) => {
                by_account.insert(id, provider(export, id)?);
            }
            _ => {}
        }
    }
    all.extend(by_account.into_values());
    Ok(all)
}

fn provider(export: &Export, id: &AccountId) -> Result<Value, ExportError> {
    let mut all = json!({
        "alias": alias(id),
        "region": export.home,
        // Whatever the credentials are of: nothing is made in another account.
        "allowed_account_ids": [id],
    });
    let found = export.organization.as_ref().filter(|target| target.members.contains(id));
    match (export.roles.get(id), found) {
        (Some(role), _) => all["assume_role"] = json!([assumed(role, export, id.as_str())?]),
        (None, Some(target)) if !export.listed.contains(id) => {
            let role = assumed(&target.role, export, id.as_str())?;
            all["dynamic"] = unless_own(&format!("\"{id}\""), &role);
        }
        _ => {}
    }
    Ok(all)
}

/// What stands for every account that the blueprint does not list.
const OTHERS: &str = "others";

/// The roles by account, where the blueprint lists some that `member/` makes something in: what the list says of an account
/// goes before what is found. No role: the credentials are of the account.
fn member_roles(export: &Export, calls: &[&Call<'_>]) -> Result<Map<String, Value>, ExportError> {
    let mut all = Map::new();
    let Some(target) = &export.organization else { return Ok(all) };
    let elsewhere = elsewhere(export, calls);
    let listed = export.listed.iter().filter(|id| !elsewhere.contains(*id));
    let own = listed.filter(|id| export.roles.get(*id) != Some(&target.role));
    for id in own {
        let role = export.roles.get(id);
        let role = role.map(|role| with_nulls(role, export, id.as_str())).transpose()?;
        all.insert(id.to_string(), json!(role.into_iter().collect::<Vec<Value>>()));
    }
    if !all.is_empty() {
        let role = with_nulls(&target.role, export, &ACCOUNT.to_string())?;
        all.insert(OTHERS.to_owned(), json!([role]));
    }
    Ok(all)
}

/// What is said of a role, all of it: `null` is as if it were left out.
const ROLE_ARGUMENTS: [&str; 3] = ["role_arn", "external_id", "session_name"];

fn with_nulls(role: &AssumedRole, export: &Export, account: &str) -> Result<Value, ExportError> {
    let role = assumed(role, export, account)?;
    Ok(ROLE_ARGUMENTS.iter().map(|name| ((*name).to_owned(), role[*name].clone())).collect())
}

fn member_provider(export: &Export, roles: &Map<String, Value>) -> Result<Value, ExportError> {
    let mut all = json!({
        "region": export.home,
        "allowed_account_ids": [format!("${{var.{ACCOUNT_VARIABLE}}}")],
    });
    let Some(target) = &export.organization else { return Ok(all) };
    if roles.is_empty() {
        let role = assumed(&target.role, export, &ACCOUNT.to_string())?;
        all["dynamic"] = unless_own(&format!("var.{ACCOUNT_VARIABLE}"), &role);
        return Ok(all);
    }
    let value = |name: &&str| ((*name).to_owned(), json!(format!("${{assume_role.value.{name}}}")));
    let content: Value = ROLE_ARGUMENTS.iter().map(value).collect();
    all["dynamic"] = json!({ "assume_role": [{
        "for_each": format!(
            "${{[for role in try(local.roles[var.{ACCOUNT_VARIABLE}], local.roles.{OTHERS}) : role if var.{ACCOUNT_VARIABLE} != var.{OWN_ACCOUNT_VARIABLE}]}}"
        ),
        "content": [content],
    }] });
    Ok(all)
}

/// A role that is assumed where the credentials are not at home.
fn unless_own(account: &str, role: &Value) -> Value {
    json!({ "assume_role": [{
        "for_each": format!("${{{account} == var.{OWN_ACCOUNT_VARIABLE} ? [] : [{account}]}}"),
        "content": [role],
    }] })
}

fn assumed(role: &AssumedRole, export: &Export, account: &str) -> Result<Value, ExportError> {
    let arn = match role.role.starts_with("arn:") {
        true => role.role.clone(),
        false => format!("arn:{}:iam::{account}:role/{}", export.partition, role.role),
    };
    let mut all = json!({ "role_arn": template(&arn)? });
    if let Some(id) = &role.external_id {
        all["external_id"] = json!(template(id)?);
    }
    if let Some(name) = &role.session_name {
        all["session_name"] = json!(template(name)?);
    }
    Ok(all)
}
