//! What a folder held before: what moves from one module to another, and which providers Terraform needs to remove what is
//! made no longer.
//!
//! A root's `former.tf.json` has both. It is written again as it is until somebody deletes it, since only whoever runs
//! Terraform knows when every workspace has been applied.

use super::pretty;
use super::roots::{Call, Root};
use crate::export::{Export, Files};
use crate::scope::AccountId;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The files of a folder that say what it held.
pub const FORMER_FILES: [&str; 4] = [
    "accounts/main.tf.json",
    "accounts/former.tf.json",
    "member/main.tf.json",
    "member/former.tf.json",
];

/// A module that a root instantiates, as it stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Made {
    call: String,
    /// Its id, or the expression in its place.
    account: String,
    regions: BTreeSet<String>,
    /// The accounts that it is not made for.
    except: BTreeSet<String>,
}

/// A root as its files say it.
#[derive(Debug, Clone, Default)]
pub(super) struct Layout {
    made: Vec<Made>,
    /// The providers that have an alias, by it.
    providers: BTreeMap<String, Value>,
    /// From where, and to where.
    moved: Vec<(String, String)>,
}

fn path(root: Root, file: &str) -> String {
    format!("{}/{file}.tf.json", root.folder())
}

impl Layout {
    /// What the files of a root say; nothing where there are none.
    ///
    /// # Errors
    /// When a file is none of an export.
    fn read(files: &Files, root: Root) -> Result<Self, String> {
        let parsed = |file: &str| {
            let path = path(root, file);
            let text = files.get(&path);
            let value: Option<Result<Value, _>> = text.map(|text| serde_json::from_str(text));
            value.transpose().map_err(|error| format!("{path} cannot be read ({error})"))
        };
        let mut layout = Self::default();
        for all in [parsed("former")?, parsed("main")?].into_iter().flatten() {
            layout.made.extend(made(&all));
            layout.moved.extend(moved(&all));
            let providers = all["provider"]["aws"].as_array().into_iter().flatten();
            layout.providers.extend(
                providers.filter_map(|one| Some((one["alias"].as_str()?.to_owned(), one.clone()))),
            );
        }
        Ok(layout)
    }

    /// The module that makes what is in a region of an account; `None` where there are none or several.
    fn call_of(&self, account: &str, region: &str) -> Option<&str> {
        let here = |one: &&Made| one.account == account && one.regions.contains(region);
        let mut all = self.made.iter().filter(here);
        all.next().filter(|_| all.next().is_none()).map(|one| one.call.as_str())
    }

    /// Whether it makes something for an account that a variable names.
    fn covers(&self, account: &str) -> bool {
        self.made.iter().any(|one| !one.except.contains(account))
    }

    fn addresses(&self) -> BTreeSet<String> {
        let all = self.made.iter();
        all.flat_map(|one| one.regions.iter().map(|region| address(&one.call, region))).collect()
    }

    /// The known accounts of which it makes something.
    fn accounts(&self) -> BTreeSet<&str> {
        let all = self.made.iter().map(|one| one.account.as_str());
        all.filter(|account| !account.starts_with('$')).collect()
    }
}

fn address(call: &str, region: &str) -> String {
    format!("module.{call}[\"{region}\"]")
}

fn made(root: &Value) -> Vec<Made> {
    let calls = root["module"].as_object().into_iter().flatten();
    calls
        .map(|(call, is)| {
            let except = root["locals"]["except"][call].as_array().into_iter().flatten();
            Made {
                call: call.clone(),
                account: is["account"].as_str().unwrap_or_default().to_owned(),
                regions: regions(is["for_each"].as_str().unwrap_or_default()),
                except: except.filter_map(Value::as_str).map(str::to_owned).collect(),
            }
        })
        .collect()
}

/// The regions of an expression: the texts of its first list.
fn regions(expression: &str) -> BTreeSet<String> {
    let list = expression.split(']').next().unwrap_or_default();
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

fn moved(root: &Value) -> Vec<(String, String)> {
    let all = root["moved"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    all.filter_map(|one| Some((text(&one["from"])?, text(&one["to"])?))).collect()
}

/// The account of the credentials, where the blueprint lists it: the one without a role.
fn own(export: &Export) -> Option<&AccountId> {
    let mut own = export.listed.iter().filter(|id| !export.roles.contains_key(id));
    own.next().filter(|_| own.next().is_none())
}

/// What moved, the latest last: what was said before, without what would lead back.
fn moves(export: &Export, then: &Layout, now: &Layout) -> Vec<(String, String)> {
    let declared = now.addresses();
    let mut new = Vec::new();
    for one in &then.made {
        for region in &one.regions {
            let listed = own(export).map(AccountId::as_str);
            let same = now.call_of(&one.account, region);
            let call = match one.account.starts_with("${data.") {
                true => same.or_else(|| now.call_of(listed?, region)),
                false => same,
            };
            let from = address(&one.call, region);
            if let Some(call) = call
                && !declared.contains(&from)
            {
                new.push((from, address(call, region)));
            }
        }
    }
    let old = then.moved.iter().filter(|(from, to)| {
        !declared.contains(from) && !new.iter().any(|(other, end)| other == from || end == to)
    });
    let mut all: Vec<(String, String)> = old.cloned().collect();
    all.extend(new);
    all
}

/// Adds to a root what only the folder of before tells; `left` are the providers that it still needs.
pub(super) fn add(export: &Export, root: Root, former: &Files, left: &[Value], files: &mut Files) {
    // What cannot be read is told by `changes`.
    let then = Layout::read(former, root).unwrap_or_default();
    let now = Layout::read(files, root).unwrap_or_default();
    let moved: Vec<Value> = moves(export, &then, &now)
        .into_iter()
        .map(|(from, to)| json!({ "from": from, "to": to }))
        .collect();
    if moved.is_empty() && left.is_empty() {
        return;
    }
    let mut all = Map::new();
    let what = "What moved, and the accounts that this root made something in before. Delete it once everything has been applied, and export again.";
    all.insert("//".to_owned(), json!(what));
    if !moved.is_empty() {
        all.insert("moved".to_owned(), json!(moved));
    }
    if !left.is_empty() {
        all.insert("provider".to_owned(), json!({ "aws": left }));
    }
    files.insert(path(root, "former"), pretty(&Value::Object(all)));
}

/// The providers of before that a root needs to remove what was made through them.
pub(super) fn providers(former: &Files, root: Root, calls: &[&Call<'_>]) -> Vec<Value> {
    let then = Layout::read(former, root).unwrap_or_default();
    let known: BTreeSet<String> = calls.iter().filter_map(|call| call.alias()).collect();
    let gone = then.providers.into_iter().filter(|(alias, _)| !known.contains(alias));
    gone.map(|(_, provider)| provider).collect()
}

/// What whoever runs Terraform must know of what the folder held before.
#[must_use]
pub fn changes(export: &Export, former: &Files, files: &Files) -> Vec<String> {
    let read = |files: &Files| {
        Ok((Layout::read(files, Root::Accounts)?, Layout::read(files, Root::Member)?))
    };
    let (then, now): ((Layout, Layout), _) = match (read(former), read(files)) {
        (Ok(then), Ok(now)) => (then, now),
        (Err(why), _) | (_, Err(why)) => {
            let why: String = why;
            return vec![format!(
                "{why}: what moved since, and which accounts Terraform has to leave, is not known."
            )];
        }
    };
    let mut all = Vec::new();
    for (root, then, now) in [(Root::Accounts, &then.0, &now.0), (Root::Member, &then.1, &now.1)] {
        let folder = root.folder();
        let new = now.moved.iter().filter(|one| !then.moved.contains(one)).count();
        if new > 0 {
            all.push(format!(
                "In {folder}/ {} from one module to another: {folder}/former.tf.json tells Terraform so. Apply {} before the next change, then delete the file and export again.",
                match new {
                    1 => "what is made in one place moves".to_owned(),
                    many => format!("what is made in {many} places moves"),
                },
                match root {
                    Root::Accounts => "it",
                    Root::Member => "it in every workspace",
                },
            ));
        }
        if !then.made.is_empty() && !files.contains_key(&path(root, "main")) {
            all.push(format!(
                "{folder}/ makes nothing any longer. Take the folder of before from version control to run `terraform destroy` there, in each of its workspaces, before what it made is made by somebody else: docs/export-terraform.md."
            ));
        }
    }
    all.extend(between(export, &then, &now));
    all
}

/// The accounts that move from one root to the other, and those that leave.
fn between(
    export: &Export,
    (accounts, member): &(Layout, Layout),
    (accounts_now, member_now): &(Layout, Layout),
) -> Vec<String> {
    let members: BTreeSet<&str> =
        export.organization.iter().flat_map(|all| &all.members).map(AccountId::as_str).collect();
    let (then, now) = (accounts.accounts(), accounts_now.accounts());
    let is_member = |id: &&str| members.contains(id);
    let (to_member, gone): (Vec<&str>, Vec<&str>) =
        then.difference(&now).partition(|id| is_member(id) && member_now.covers(id));
    let from_member = now.difference(&then).copied();
    let from_member: Vec<&str> =
        from_member.filter(|id| is_member(id) && member.covers(id)).collect();
    let mut all = Vec::new();
    if !gone.is_empty() {
        all.push(format!(
            "accounts/ makes nothing any longer in {}: the next apply there removes what it made, for which accounts/former.tf.json keeps {}. Delete that file afterwards and export again.",
            gone.join(", "),
            if gone.len() == 1 { "its provider" } else { "their providers" }
        ));
    }
    let mut moves = |ids: &[&str], from: &str, to: &str| {
        if !ids.is_empty() {
            all.push(format!(
                "{} from {from}/ to {to}/, which is another state: forget there what was made (`terraform state rm`), and import it here (`--existing`), or it is removed and made again. docs/export-terraform.md has the steps.",
                match ids {
                    [one] => format!("{one} moves"),
                    many => format!("{} move", many.join(", ")),
                }
            ));
        }
    };
    moves(&to_member, "accounts", "member");
    moves(&from_member, "member", "accounts");
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_read_from_both_forms() {
        for text in [
            r#"${toset(["eu-west-1", "us-east-1"])}"#,
            r#"${toset([for region in ["eu-west-1", "us-east-1"] : region if !contains(local.except["x"], var.account)])}"#,
        ] {
            assert_eq!(regions(text).into_iter().collect::<Vec<_>>(), ["eu-west-1", "us-east-1"]);
        }
        assert!(regions("${toset([])}").is_empty());
    }
}
