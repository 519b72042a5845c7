//! Terraform's configuration: a module for each class of place, and the roots that instantiate them.
//!
//! ```text
//!  modules/<class>/main.tf.json   what is made in one place; its account and region are variables
//!  accounts/main.tf.json          the accounts that are known: a provider for each
//!  member/main.tf.json            one account of the organization, which a variable names: a workspace each
//!  …/former.tf.json               what moved, and providers that are left, where the folder held something else
//!  …/imports.tf.json              what exists already, where a snapshot says so
//! ```
//!
//! One provider serves all regions of an account, since the resources have the argument `region`.
//!
//! Source: <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/guides/enhanced-region-support>

mod former;
mod imports;
mod resources;
mod roots;
pub mod template;
#[cfg(test)]
mod tests;

pub use former::{FORMER_FILES, changes};

use super::classes::Class;
use super::{Export, ExportError, Files, units_in_words};
use crate::snapshot::file::Recording;
use resources::Resource;
use roots::{Call, Root};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The oldest Terraform: blocks `import` have `for_each` from then on.
///
/// Source: <https://github.com/hashicorp/terraform/blob/v1.7/CHANGELOG.md>
pub const REQUIRED_VERSION: &str = ">= 1.7.0";

/// The oldest provider: its resources have the argument `region` since 6.0.0, queues take messages of 1 MiB since
/// 6.8.0, and from 6.22.0 to 6.39.0 a bucket that does not say which encryption it blocks has a difference in every
/// plan.
///
/// Sources: <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/guides/enhanced-region-support>,
/// <https://github.com/hashicorp/terraform-provider-aws/pull/43710>,
/// <https://github.com/hashicorp/terraform-provider-aws/issues/47320>
pub const REQUIRED_PROVIDER: &str = ">= 6.40.0";

/// A module with its resources.
struct Module<'a> {
    class: &'a Class,
    resources: Vec<Resource>,
}

impl Module<'_> {
    /// The secret variables of all its resources, with what they are.
    fn secrets(&self) -> BTreeMap<&str, &str> {
        let all = self.resources.iter().flat_map(|one| &one.secrets);
        all.map(|(name, what)| (name.as_str(), what.as_str())).collect()
    }

    fn says_name(&self) -> bool {
        self.resources.iter().any(resources::says_name)
    }
}

/// Writes the modules, the roots, and what they are; with a snapshot, what exists is imported. `former` are those of
/// [`FORMER_FILES`] that the folder has.
///
/// # Errors
/// When a text would mean something else in Terraform.
pub fn files(
    export: &Export,
    existing: Option<&Recording>,
    former: &Files,
) -> Result<Files, ExportError> {
    let mut files = Files::new();
    let mut modules = Vec::new();
    for class in &export.classes {
        let module = Module { class, resources: resources::of(class)? };
        files.insert(path_of(&class.name), pretty(&written(export, &module)));
        modules.push(module);
    }
    let calls = roots::calls(export, &modules);
    for root in [Root::Accounts, Root::Member] {
        let here: Vec<&Call<'_>> = calls.iter().filter(|call| call.root == root).collect();
        let left = former::providers(former, root, &here);
        if here.is_empty() && left.is_empty() {
            continue;
        }
        files.insert(
            format!("{}/main.tf.json", root.folder()),
            pretty(&roots::written(export, root, &here, &left)?),
        );
        former::add(export, root, former, &left, &mut files);
        if let Some(existing) = existing {
            files.extend(imports::files(export, root, &here, existing)?);
        }
    }
    files.insert("README.md".to_owned(), readme(export, &calls, &modules));
    Ok(files)
}

fn path_of(class: &str) -> String {
    format!("modules/{class}/main.tf.json")
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// A module as it is written.
fn written(export: &Export, module: &Module<'_>) -> Value {
    let mut by_type: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for one in &module.resources {
        by_type.entry(one.type_name).or_default().insert(one.label.clone(), one.written());
    }
    let mut variables = Map::new();
    let mut variable = |name: &str, what: &str| {
        variables.insert(name.to_owned(), declared(what));
    };
    variable(template::ACCOUNT_VARIABLE, "The account that it is made in.");
    variable(template::REGION_VARIABLE, "The region that it is made in.");
    if module.says_name() {
        variable(template::ACCOUNT_NAME_VARIABLE, "How people call the account; messages say it.");
    }
    for (name, what) in module.secrets() {
        variables.insert(name.to_owned(), secret(name, what));
    }
    json!({
        "//": format!(
            "What the blueprint {} wants in places of the class {}. Made by ctguard export terraform; changes are made in the blueprint.",
            export.name, module.class.name
        ),
        "terraform": requirements(),
        "variable": variables,
        "resource": by_type,
    })
}

fn requirements() -> Value {
    json!({
        "required_version": REQUIRED_VERSION,
        "required_providers": {
            "aws": { "source": "hashicorp/aws", "version": REQUIRED_PROVIDER },
        },
    })
}

/// A variable that has to be given.
fn declared(what: &str) -> Value {
    json!({ "type": "string", "nullable": false, "description": what })
}

/// A variable for an address that is in no file.
fn secret(name: &str, what: &str) -> Value {
    let mut variable = declared(what);
    variable["sensitive"] = json!(true);
    variable["validation"] = json!([{
        "condition": format!("${{can(regex(\"^https?://.+\", var.{name}))}}"),
        "error_message": "It must be a whole address, which begins with http:// or https://.",
    }]);
    variable
}

fn readme(export: &Export, calls: &[Call<'_>], modules: &[Module<'_>]) -> String {
    let mut text = format!(
        "# The blueprint {} as Terraform\n\nMade by `ctguard export terraform`; changes are made in the blueprint, and exported again.\n`ctguard export --check DIR` says whether this folder is up to date.\n\n| module | resources | where |\n|---|---:|---|\n",
        export.name
    );
    for module in modules {
        let here = calls.iter().filter(|call| call.module.class.name == module.class.name);
        let places: Vec<String> =
            here.map(|call| call.to_words(export.organization.as_ref())).collect();
        let places = match places.len() {
            0..=4 => places.join("; "),
            many => format!("{}; {} more in `accounts/`", places[..3].join("; "), many - 3),
        };
        text.push_str(&format!(
            "| `modules/{}` | {} | {places} |\n",
            module.class.name,
            module.resources.len()
        ));
    }
    let has = |root: Root| calls.iter().any(|call| call.root == root);
    text.push_str(include_str!("terraform/readme/head.md"));
    if has(Root::Accounts) {
        text.push_str(include_str!("terraform/readme/accounts.md"));
    }
    if has(Root::Member) {
        let members: Vec<&Call<'_>> =
            calls.iter().filter(|call| call.root == Root::Member).collect();
        let elsewhere = roots::elsewhere(export, &members);
        let mut known = export.organization.iter().flat_map(|target| &target.members);
        let one = known.rfind(|id| !elsewhere.contains(*id));
        let one = one.map_or("ACCOUNT", |id| id.as_str());
        text.push_str(&include_str!("terraform/readme/member.md").replace("111122223333", one));
        let both = roots::in_both(export, calls, &elsewhere);
        if !both.is_empty() {
            text.push_str(&format!(
                "\n`accounts/` makes a part only of what is made in {both}, and `member/` the rest, such as the hub account's other regions: each of these needs a workspace, too.\n"
            ));
        }
        if let Some(target) = export.organization.as_ref().filter(|all| !all.units.is_empty()) {
            text.push_str(&format!(
                "\nOnly accounts of {} are covered: which those are Terraform does not know, so mind it.\n",
                units_in_words(Some(&target.units))
            ));
        }
    }
    text.push_str(include_str!("terraform/readme/rest.md"));
    let secrets: BTreeSet<&str> =
        modules.iter().flat_map(|module| module.secrets().into_keys()).collect();
    if !secrets.is_empty() {
        text.push_str("\n## Secret addresses\n\nThey are in no file of this folder, but Terraform's state holds them. Set\n\n");
        for name in secrets {
            text.push_str(&format!("- `TF_VAR_{name}`\n"));
        }
    }
    if !export.notes.is_empty() {
        text.push_str("\n## Notes\n\n");
        for note in &export.notes {
            text.push_str(&format!("- {note}\n"));
        }
    }
    text
}
