//! How templates are deployed: a StackSet for the accounts of an organization, plain stacks for the
//! rest, in the order in which nothing is sent to what is not there yet.

mod former;
mod script;

pub use former::{left_behind, read, shared_out_anew};

use super::classes::{Accounts, Class, Stage};
use super::cloudformation::{ACCOUNT_NAME_PARAMETER, Template};
use super::{Export, OrganizationTarget};
use crate::scope::{AccountId, Region};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The version of the form of [`RollOut`].
pub const FORMAT_VERSION: u32 = 1;

/// Which template goes where, and in which order.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RollOut {
    /// The version of this file's form.
    pub format_version: u32,
    /// The name of the blueprint.
    pub blueprint: String,
    /// The region in which the roles of an account are made.
    pub home_region: Region,
    /// The organization whose accounts StackSets deploy in; absent where accounts are listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<Target>,
    /// In the order in which they are deployed; they are removed in the opposite one.
    pub stacks: Vec<StackSet>,
    /// What whoever deploys should know.
    pub notes: Vec<String>,
}

/// The organization that StackSets deploy in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// The id of the organization.
    pub id: String,
    /// Its management account, in which StackSets deploy nothing.
    pub management: AccountId,
    /// The organizational units that are covered; empty: the whole organization.
    pub units: BTreeSet<String>,
}

/// A template, and where it is deployed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Instances {
    /// Who makes the stacks.
    pub by: Engine,
    /// The accounts: with `stack-set`, those that the units are narrowed to; empty with it: all of
    /// the units.
    pub accounts: BTreeSet<AccountId>,
    /// With `stack-set`: the accounts of the units that are left out.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub except: BTreeSet<AccountId>,
    /// The regions.
    pub regions: Vec<Region>,
    /// The names of accounts that messages say, by account.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub account_names: BTreeMap<AccountId, String>,
}

/// Who makes stacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

/// From how many instances on a StackSet is shared out: there is room for a tenth more accounts that join.
const INSTANCES_PLANNED: usize = INSTANCES_MAX / 10 * 9;

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
    if all <= INSTANCES_PLANNED {
        return vec![set];
    }
    let a_region: usize = of_set().map(accounts).sum();
    let regions: BTreeSet<Region> = of_set().flat_map(|one| one.regions.iter().cloned()).collect();
    let regions: Vec<Region> = regions.into_iter().collect();
    let mut sets: Vec<StackSet> = Vec::new();
    for (index, some) in regions.chunks((INSTANCES_PLANNED / a_region.max(1)).max(1)).enumerate() {
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
            [(10, &[3][..]), (30_000, &[3]), (40_000, &[2, 1]), (90_000, &[1, 1, 1])]
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
}
