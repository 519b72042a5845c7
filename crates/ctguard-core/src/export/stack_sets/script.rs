//! The files that say how templates are deployed, and the scripts that do it.

use super::super::cloudformation::{
    ACCOUNT_NAME_PARAMETER, TEMPLATE_BODY_MAX_BYTES, endpoint_parameter,
};
use super::super::items::Item;
use super::super::{Export, Files, units_in_words};
use super::{Engine, Instances, RollOut, StackSet, Target};
use crate::blueprint::AssumedRole;
use crate::scope::{AccountId, Region};
use std::collections::{BTreeMap, BTreeSet};

/// The functions of the script that deploys: no script by itself, so that the linter reads the whole.
const FUNCTIONS: &str = include_str!("functions.bash");

/// What each script begins with: it finds its folder through links, whatever CDPATH says.
const HEAD: &str = r#"if ((BASH_VERSINFO[0] < 4 || (BASH_VERSINFO[0] == 4 && BASH_VERSINFO[1] < 4))); then
    echo "$0: this needs bash 4.4 or newer: it is $BASH_VERSION" >&2
    exit 1
fi
# What fails within $(…) fails there, too.
shopt -s inherit_errexit
script=$0
while [ -L "$script" ]; do
    to=$(readlink "$script")
    case $to in
    /*) script=$to ;;
    *) script=$(dirname -- "$script")/$to ;;
    esac
done
CDPATH='' cd -- "$(dirname -- "$script")"

"#;

impl RollOut {
    /// The file that says it, and the scripts that do it.
    pub(in crate::export) fn files(&self, export: &Export) -> Files {
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
            "#!/usr/bin/env bash\n# {what}.\n# Made by `ctguard export cloudformation` for the blueprint {}; README.md says how it {verb}.\nset -euo pipefail\n\n",
            self.blueprint
        );
        text.push_str(HEAD);
        text.push_str(&self.settings(export));
        text.push_str(FUNCTIONS);
        let secret: BTreeSet<String> = self
            .stacks
            .iter()
            .flat_map(|set| &set.parameters)
            .filter(|name| !removes && *name != ACCOUNT_NAME_PARAMETER)
            .map(|name| format!(" {}", variable(name)))
            .collect();
        let files = if removes { "" } else { "\nneeds_templates" };
        let secret: String = secret.into_iter().collect();
        text.push_str(&format!("\nneeds{secret}{files}\nroot\n"));
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
        let id = self.organization.as_ref().map_or("", |organization| &organization.id);
        text.push_str(&format!("organization={id}\n"));
        text.push_str(&format!("home={}\n", self.home_region));
        text.push_str(&format!("blueprint={}\n", self.blueprint));
        let sets: BTreeSet<&str> = self.stacks.iter().map(|set| set.name.as_str()).collect();
        let sets: Vec<&str> = sets.into_iter().collect();
        text.push_str(&format!("names=({})\n", sets.join(" ")));
        let files: BTreeSet<&str> = self.stacks.iter().map(|set| set.template.as_str()).collect();
        let files: Vec<&str> = files.into_iter().collect();
        text.push_str(&format!("templates=({})\n", files.join(" ")));
        text.push_str(&format!("plain=({})\n", self.plain_accounts().join(" ")));
        let large = self.stacks.iter().any(|set| set.bytes > TEMPLATE_BODY_MAX_BYTES);
        text.push_str(&format!("large={}\n", u8::from(large)));
        text.push_str(&format!("partition={}\n", export.partition));
        text.push_str(&format!("suffix={}\n", export.partition.dns_suffix()));
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

    /// The accounts in which the script itself makes stacks.
    fn plain_accounts(&self) -> Vec<&str> {
        let instances = self.stacks.iter().flat_map(|set| &set.instances);
        let plain = instances.filter(|one| one.by == Engine::Stack);
        let accounts: BTreeSet<&AccountId> = plain.flat_map(|one| &one.accounts).collect();
        accounts.into_iter().map(AccountId::as_str).collect()
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
            let places: Vec<String> =
                set.instances.iter().map(|one| one.to_words(self.organization.as_ref())).collect();
            text.push_str(&format!(
                "| `{}` | {} | {} | {} |\n",
                set.template,
                set.bytes,
                set.resources,
                places.join("; ")
            ));
        }
        text.push_str(include_str!("readme.md"));
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
        // What removes needs no parameter, and no secret. An instance of a StackSet has the name of its account for itself,
        // and everything else of the StackSet: what it has for itself, no update of the StackSet changes.
        let given = |name: Option<&str>| match (alone, self.by) {
            ("remove_stack", _) => String::new(),
            (_, Engine::StackSet) => {
                format!(" {ACCOUNT_NAME_PARAMETER} {}", quoted(name.unwrap_or_default()))
            }
            _ => parameters(set, name),
        };
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
                        given(name)
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
                        given(name)
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

    fn to_words(&self, organization: Option<&Target>) -> String {
        let units = units_in_words(organization.map(|of| &of.units));
        let who = match self.by {
            Engine::OwnStack => "the account of the credentials".to_owned(),
            Engine::StackSet if self.accounts.is_empty() && self.except.is_empty() => {
                format!("every account of {units}")
            }
            Engine::StackSet if self.accounts.is_empty() => format!(
                "every account of {units} but {}",
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

    #[test]
    fn words_of_a_shell_hold_whatever_is_in_them() {
        assert_eq!(quoted("a'; rm $x"), "'a'\\''; rm $x'");
    }
}
