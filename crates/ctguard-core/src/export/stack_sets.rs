//! How templates are deployed: a StackSet for the accounts of an organization, plain stacks for the
//! rest, in the order in which nothing is sent to what is not there yet.

use super::classes::{Accounts, Class, Stage};
use super::cloudformation::{
    ACCOUNT_NAME_PARAMETER, TEMPLATE_BODY_MAX_BYTES, Template, endpoint_parameter,
};
use super::items::Item;
use super::{Export, Files, OrganizationTarget};
use crate::blueprint::AssumedRole;
use crate::scope::{AccountId, Partition, Region};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The version of the form of [`RollOut`].
pub const FORMAT_VERSION: u32 = 1;

/// The functions of the script that deploys: no script by itself, so that the linter reads the whole.
const FUNCTIONS: &str = include_str!("stack_sets/functions.bash");

/// Which template goes where, and in which order.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RollOut {
    /// The version of this file's form.
    pub format_version: u32,
    /// The name of the blueprint.
    pub blueprint: String,
    /// The region in which the roles of an account are made.
    pub home_region: Region,
    /// The organization whose accounts StackSets deploy in; absent where accounts are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<Target>,
    /// In the order in which they are deployed; they are removed in the opposite one.
    pub stacks: Vec<StackSet>,
    /// What whoever deploys should know.
    pub notes: Vec<String>,
}

/// The organization that StackSets deploy in.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Target {
    /// The id of the organization.
    pub id: String,
    /// Its management account, in which StackSets deploy nothing.
    pub management: AccountId,
    /// The organizational units that are covered; empty: the whole organization.
    pub units: BTreeSet<String>,
}

/// A template, and where it is deployed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StackSet {
    /// The name of the StackSet and of each stack.
    pub name: String,
    /// The class of place that it is for.
    pub class: String,
    /// The file of its template, below the folder of this file.
    pub template: String,
    /// The size of the template, in bytes.
    pub bytes: usize,
    /// How many resources the template has.
    pub resources: usize,
    /// The parameters that a deployment must give.
    pub parameters: BTreeSet<String>,
    /// Whether it needs the capability `CAPABILITY_NAMED_IAM`.
    pub makes_roles: bool,
    /// Whether accounts that join the organization get it, too.
    pub auto_deployment: bool,
    /// Where it is deployed.
    pub instances: Vec<Instances>,
}

/// Some places of a template.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Instances {
    /// Who makes the stacks.
    pub by: Engine,
    /// The accounts: with `stack-set`, those that the units are narrowed to; empty with it: all of
    /// the units.
    pub accounts: BTreeSet<AccountId>,
    /// With `stack-set`: the accounts of the units that are left out.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub except: BTreeSet<AccountId>,
    /// The regions.
    pub regions: Vec<Region>,
    /// The names of accounts that messages say, by account.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub account_names: BTreeMap<AccountId, String>,
}

/// Who makes stacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// A StackSet with service-managed permissions.
    StackSet,
    /// The script itself, account by account.
    Stack,
    /// The script itself, in the account of its own credentials.
    OwnStack,
}

/// Most stack instances of a StackSet.
///
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
pub const INSTANCES_MAX: usize = 100_000;

/// The same StackSet, or several where it has more instances than one takes: the regions are shared
/// out.
fn within_instances(set: StackSet, members: usize) -> Vec<StackSet> {
    let by_set = |one: &&Instances| one.by == Engine::StackSet;
    let accounts = |one: &Instances| match one.accounts.is_empty() {
        true => members.saturating_sub(one.except.len()).max(1),
        false => one.accounts.len(),
    };
    let of_set = || set.instances.iter().filter(by_set);
    let all: usize = of_set().map(|one| accounts(one) * one.regions.len()).sum();
    if all <= INSTANCES_MAX {
        return vec![set];
    }
    let a_region: usize = of_set().map(accounts).sum();
    let regions: BTreeSet<Region> = of_set().flat_map(|one| one.regions.iter().cloned()).collect();
    let regions: Vec<Region> = regions.into_iter().collect();
    let mut sets: Vec<StackSet> = Vec::new();
    for (index, some) in regions.chunks((INSTANCES_MAX / a_region.max(1)).max(1)).enumerate() {
        let name = match index {
            0 => set.name.clone(),
            _ => format!("{}-regions-{}", set.name, index + 1),
        };
        let narrowed = set.instances.iter().filter_map(|one| match one.by {
            Engine::StackSet => {
                let regions: Vec<Region> =
                    one.regions.iter().filter(|region| some.contains(region)).cloned().collect();
                (!regions.is_empty()).then(|| Instances { regions, ..one.clone() })
            }
            // Plain stacks are counted by their account.
            _ => (index == 0).then(|| one.clone()),
        });
        let instances = narrowed.collect();
        sets.push(StackSet { name, instances, ..set.clone() });
    }
    sets
}

/// What is deployed of a template.
pub(super) fn of(export: &Export, class: &Class, template: &Template, path: &str) -> Vec<StackSet> {
    let members = export.organization.as_ref().map_or(0, |all| all.members.len());
    within_instances(whole(export, class, template, path), members)
}

fn whole(export: &Export, class: &Class, template: &Template, path: &str) -> StackSet {
    let says_names = template.parameters.contains(ACCOUNT_NAME_PARAMETER);
    let mut instances = Vec::new();
    for deployment in &class.deployments {
        for (by, accounts, except) in split(&deployment.accounts, export.organization.as_ref()) {
            let names = export.account_names.iter();
            let account_names = names
                .filter(|(account, _)| says_names && accounts.contains(*account))
                .map(|(account, name)| (account.clone(), name.clone()))
                .collect();
            let regions = deployment.regions.clone();
            instances.push(Instances { by, accounts, except, regions, account_names });
        }
    }
    let all = |one: &Instances| one.by == Engine::StackSet && one.accounts.is_empty();
    StackSet {
        name: format!("ctguard-{}-{}", export.name, template.name),
        class: class.name.clone(),
        template: path.to_owned(),
        bytes: template.body.len(),
        resources: template.resources(),
        parameters: template.parameters.clone(),
        makes_roles: template.makes_roles,
        auto_deployment: instances.iter().any(all) && class.stage != Stage::Receives,
        instances,
    }
}

/// Who makes the stacks of some accounts.
///
/// Service-managed StackSets deploy to members only, and never to the management account.
///
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-associate-stackset-with-org.html>
fn split(
    accounts: &Accounts,
    organization: Option<&OrganizationTarget>,
) -> Vec<(Engine, BTreeSet<AccountId>, BTreeSet<AccountId>)> {
    match (accounts, organization) {
        (Accounts::Own, _) => vec![(Engine::OwnStack, BTreeSet::new(), BTreeSet::new())],
        (Accounts::Organization { except }, _) => {
            vec![(Engine::StackSet, BTreeSet::new(), except.clone())]
        }
        (Accounts::Listed(all), None) => vec![(Engine::Stack, all.clone(), BTreeSet::new())],
        (Accounts::Listed(all), Some(organization)) => {
            let (members, others): (BTreeSet<AccountId>, BTreeSet<AccountId>) =
                all.iter().cloned().partition(|id| {
                    organization.members.contains(id) && *id != organization.management
                });
            let mut of = Vec::new();
            if !members.is_empty() {
                of.push((Engine::StackSet, members, BTreeSet::new()));
            }
            if !others.is_empty() {
                of.push((Engine::Stack, others, BTreeSet::new()));
            }
            of
        }
    }
}

impl RollOut {
    pub(super) fn new(export: &Export, stacks: Vec<StackSet>) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            blueprint: export.name.clone(),
            home_region: export.home.clone(),
            organization: export.organization.as_ref().map(|organization| Target {
                id: organization.id.clone(),
                management: organization.management.clone(),
                units: organization.units.clone(),
            }),
            stacks,
            notes: export.notes.clone(),
        }
    }

    /// The file that says it, and the scripts that do it.
    pub(super) fn files(&self, export: &Export) -> Files {
        let manifest = serde_json::to_string_pretty(self).unwrap_or_default();
        Files::from([
            ("stacks.json".to_owned(), format!("{manifest}\n")),
            ("deploy.sh".to_owned(), self.script(export, false)),
            ("remove.sh".to_owned(), self.script(export, true)),
            ("README.md".to_owned(), self.readme(export)),
        ])
    }

    fn script(&self, export: &Export, removes: bool) -> String {
        let (what, verb) = match removes {
            false => {
                ("Deploys what the blueprint wants, what is sent to before what sends", "deploys")
            }
            true => ("Removes it again, what sends before what is sent to", "removes"),
        };
        let mut text = format!(
            "#!/usr/bin/env bash\n# {what}.\n# Made by `ctguard export cloudformation` for the blueprint {}; README.md says how it {verb}.\nset -euo pipefail\ncd \"$(dirname \"$0\")\"\n\n",
            self.blueprint
        );
        text.push_str(&self.settings(export));
        text.push_str(FUNCTIONS);
        let secret: BTreeSet<String> = self
            .stacks
            .iter()
            .flat_map(|set| &set.parameters)
            .filter(|name| !removes && *name != ACCOUNT_NAME_PARAMETER)
            .map(|name| format!(" {}", variable(name)))
            .collect();
        text.push_str(&format!("\nneeds{}\nroot\n", secret.into_iter().collect::<String>()));
        let sets: Vec<&StackSet> = match removes {
            false => self.stacks.iter().collect(),
            true => self.stacks.iter().rev().collect(),
        };
        for set in sets {
            text.push_str(&format!("\n# {}: {}\n", set.name, set.template));
            match removes {
                false => self.deploys(set, &mut text),
                true => self.removes(set, &mut text),
            }
        }
        text.push_str("\nfinish\n");
        text
    }

    /// What the functions of the script go by.
    fn settings(&self, export: &Export) -> String {
        let mut text = String::new();
        let units = self.organization.iter().flat_map(|organization| &organization.units);
        let units: Vec<&str> = units.map(String::as_str).collect();
        text.push_str(&format!("units=({})\n", units.join(" ")));
        text.push_str(&format!("organization={}\n", u8::from(self.organization.is_some())));
        text.push_str(&format!("home={}\n", self.home_region));
        text.push_str(&format!("partition={}\n", export.partition));
        let suffix = if export.partition == Partition::AwsCn { ".cn" } else { "" };
        text.push_str(&format!("suffix=amazonaws.com{suffix}\n"));
        // Where no role is listed, it is the one that is assumed in the organization's accounts.
        let mut roles = export.roles.clone();
        if let Some(organization) = &export.organization
            && !export.listed.contains(&organization.management)
        {
            roles.insert(organization.management.clone(), organization.role.clone());
        }
        let mut map = |name: &str, of: &dyn Fn(&AssumedRole) -> Option<String>| {
            text.push_str(&format!("declare -A {name}=("));
            for (account, role) in &roles {
                if let Some(value) = of(role) {
                    text.push_str(&format!(" [{account}]={}", quoted(&value)));
                }
            }
            text.push_str(" )\n");
        };
        map("role", &|role| Some(role.role.clone()));
        map("external_id", &|role| role.external_id.clone());
        map("session", &|role| role.session_name.clone());
        text.push('\n');
        text
    }

    fn deploys(&self, set: &StackSet, text: &mut String) {
        if set.instances.iter().any(|one| one.by == Engine::StackSet) {
            text.push_str(&format!(
                "stack_set {} {} {} {}{}\n",
                set.name,
                set.template,
                if set.auto_deployment { "true" } else { "false" },
                if set.makes_roles { "CAPABILITY_NAMED_IAM" } else { "-" },
                parameters(set, set.instances.iter().find_map(first_name)),
            ));
        }
        for one in &set.instances {
            one.each(set, text, ("instances", "stack"));
        }
    }

    fn removes(&self, set: &StackSet, text: &mut String) {
        for one in &set.instances {
            one.each(set, text, ("remove_instances", "remove_stack"));
        }
        if set.instances.iter().any(|one| one.by == Engine::StackSet) {
            text.push_str(&format!("remove_stack_set {}\n", set.name));
        }
    }

    fn readme(&self, export: &Export) -> String {
        let mut text = format!(
            "# The blueprint {} as CloudFormation\n\nMade by `ctguard export cloudformation`; changes are made in the blueprint, and exported again.\n`ctguard export --check DIR` says whether this folder is up to date.\n\n",
            self.blueprint
        );
        text.push_str("| template | bytes | resources | where |\n|---|---:|---:|---|\n");
        for set in &self.stacks {
            let places: Vec<String> = set.instances.iter().map(Instances::to_words).collect();
            text.push_str(&format!(
                "| `{}` | {} | {} | {} |\n",
                set.template,
                set.bytes,
                set.resources,
                places.join("; ")
            ));
        }
        text.push_str(include_str!("stack_sets/readme.md"));
        let secret: BTreeSet<&String> = self
            .stacks
            .iter()
            .flat_map(|set| &set.parameters)
            .filter(|name| *name != ACCOUNT_NAME_PARAMETER)
            .collect();
        if !secret.is_empty() {
            text.push_str("\n## Parameters\n\nAddresses that are secret are in no file. `deploy.sh` takes them from variables:\n\n");
            let shown = addresses(export);
            for name in secret {
                let what = shown.get(name).map_or("", String::as_str);
                text.push_str(&format!("- `{}`: the whole address of {what}\n", variable(name)));
            }
        }
        if self.stacks.iter().any(|set| set.bytes > TEMPLATE_BODY_MAX_BYTES) {
            text.push_str(&format!(
                "\n## A bucket for templates\n\nSome templates are larger than the {TEMPLATE_BODY_MAX_BYTES} bytes that stand in a call: set `CTGUARD_TEMPLATE_BUCKET` to a bucket of the account that deploys, in {}.\n",
                export.home
            ));
        }
        if !self.notes.is_empty() {
            text.push_str("\n## Notes\n\n");
            for note in &self.notes {
                text.push_str(&format!("- {note}\n"));
            }
        }
        text
    }
}

/// The subscribers whose addresses are parameters, by the parameter.
fn addresses(export: &Export) -> BTreeMap<String, String> {
    let items = export.classes.iter().flat_map(|class| &class.items);
    let subscriptions = items.filter_map(|item| match item {
        Item::Topic { name, subscriptions, .. } => Some((name, subscriptions)),
        _ => None,
    });
    let all = subscriptions.flat_map(|(topic, all)| all.iter().map(move |one| (topic, one)));
    all.filter(|(_, one)| one.address.is_none())
        .map(|(topic, one)| {
            (endpoint_parameter(&one.shown), format!("`{}`, subscribed to {topic}", one.shown))
        })
        .collect()
}

fn first_name(instances: &Instances) -> Option<&str> {
    instances.account_names.values().next().map(String::as_str)
}

impl Instances {
    /// Adds the calls of the functions that make the stacks, or remove them.
    fn each(&self, set: &StackSet, text: &mut String, (of_set, alone): (&str, &str)) {
        let regions: Vec<&str> = self.regions.iter().map(Region::as_str).collect();
        let regions = regions.join(" ");
        let ids = |ids: &BTreeSet<AccountId>| {
            let ids: Vec<&str> = ids.iter().map(AccountId::as_str).collect();
            if ids.is_empty() { "-".to_owned() } else { ids.join(",") }
        };
        let capability = if set.makes_roles { "CAPABILITY_NAMED_IAM" } else { "-" };
        match self.by {
            Engine::StackSet if self.account_names.is_empty() => text.push_str(&format!(
                "{of_set} {} {} {} '{regions}'\n",
                set.name,
                ids(&self.accounts),
                ids(&self.except)
            )),
            Engine::StackSet => {
                for account in &self.accounts {
                    let name = self.account_names.get(account).map(String::as_str);
                    text.push_str(&format!(
                        "{of_set} {} {account} - '{regions}'{}\n",
                        set.name,
                        parameters(set, name)
                    ));
                }
            }
            Engine::Stack | Engine::OwnStack => {
                let own = BTreeSet::new();
                let accounts = if self.by == Engine::OwnStack { &own } else { &self.accounts };
                let mut one = |account: &str, name: Option<&str>| {
                    text.push_str(&format!(
                        "{alone} {account} {} {} {capability} '{regions}'{}\n",
                        set.name,
                        set.template,
                        parameters(set, name)
                    ));
                };
                if accounts.is_empty() {
                    one("own", None);
                }
                for account in accounts {
                    one(account.as_str(), self.account_names.get(account).map(String::as_str));
                }
            }
        }
    }

    fn to_words(&self) -> String {
        let who = match self.by {
            Engine::OwnStack => "the account of the credentials".to_owned(),
            Engine::StackSet if self.accounts.is_empty() && self.except.is_empty() => {
                "every account of the organization".to_owned()
            }
            Engine::StackSet if self.accounts.is_empty() => format!(
                "every account of the organization but {}",
                crate::plural::count(self.except.len(), "account")
            ),
            Engine::StackSet | Engine::Stack => {
                let ids: Vec<&str> = self.accounts.iter().map(AccountId::as_str).collect();
                match ids.len() {
                    0..=4 => ids.join(", "),
                    many => format!("{many} accounts"),
                }
            }
        };
        let regions: Vec<&str> = self.regions.iter().map(Region::as_str).collect();
        format!("{who}: {}", regions.join(", "))
    }
}

/// The parameters of a deployment, as arguments: those that are secret come from variables.
fn parameters(set: &StackSet, name: Option<&str>) -> String {
    let mut text = String::new();
    for parameter in &set.parameters {
        let value = match parameter.as_str() {
            ACCOUNT_NAME_PARAMETER => quoted(name.unwrap_or_default()),
            secret => format!("\"$(secret {})\"", variable(secret)),
        };
        text.push_str(&format!(" {parameter} {value}"));
    }
    text
}

/// The variable in which `deploy.sh` looks for a parameter.
fn variable(parameter: &str) -> String {
    format!("CTGUARD_{}", parameter.to_ascii_uppercase())
}

/// A word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(regions: &[&str]) -> StackSet {
        let instances = |by, accounts: &[&str]| Instances {
            by,
            accounts: accounts.iter().filter_map(|id| AccountId::new(id)).collect(),
            except: BTreeSet::new(),
            regions: regions.iter().filter_map(|name| Region::new(name)).collect(),
            account_names: BTreeMap::new(),
        };
        StackSet {
            name: "ctguard-acme-spoke-other".to_owned(),
            class: "spoke-other".to_owned(),
            template: "templates/spoke-other.json".to_owned(),
            bytes: 1,
            resources: 1,
            parameters: BTreeSet::new(),
            makes_roles: false,
            auto_deployment: true,
            instances: vec![
                instances(Engine::StackSet, &[]),
                instances(Engine::Stack, &["111122223333"]),
            ],
        }
    }

    #[test]
    fn regions_are_shared_out_where_a_stack_set_would_have_too_many_instances() {
        let regions = ["eu-west-1", "eu-west-2", "eu-west-3"];
        for (members, sizes) in
            [(10, &[3][..]), (33_333, &[3]), (40_000, &[2, 1]), (90_000, &[1, 1, 1])]
        {
            let sets = within_instances(set(&regions), members);
            let by_set: Vec<usize> =
                sets.iter().map(|one| one.instances[0].regions.len()).collect();
            assert_eq!(by_set, sizes, "{members}");
            let names: BTreeSet<&String> = sets.iter().map(|one| &one.name).collect();
            assert_eq!(names.len(), sets.len());
            // No place twice, none lost.
            let regions = sets.iter().flat_map(|one| &one.instances[0].regions);
            assert_eq!(regions.collect::<BTreeSet<_>>().len(), 3);
            let plain =
                sets.iter().flat_map(|one| &one.instances).filter(|one| one.by == Engine::Stack);
            assert_eq!(plain.count(), 1);
        }
    }

    #[test]
    fn words_of_a_shell_hold_whatever_is_in_them() {
        assert_eq!(quoted("a'; rm $x"), "'a'\\''; rm $x'");
    }
}
