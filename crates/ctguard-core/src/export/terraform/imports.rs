//! What exists already, as blocks that import it.
//!
//! Of known accounts each block has its id. The accounts of an organization share one root: there the
//! ids of each account are a file of its own, which the root reads.

use super::pretty;
use super::roots::{Call, For, Root};
use super::template::{ACCOUNT_VARIABLE, written as template};
use crate::export::{Export, ExportError, Files};
use crate::scope::{AccountId, Place, Region};
use crate::snapshot::file::Recording;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The files of a root that say what is imported.
pub(super) fn files(
    export: &Export,
    root: Root,
    calls: &[&Call<'_>],
    existing: &Recording,
) -> Result<Files, ExportError> {
    match root {
        Root::Accounts => of_accounts(calls, existing),
        Root::Member => Ok(of_members(export, calls, existing)),
    }
}

fn path(root: Root) -> String {
    format!("{}/imports.tf.json", root.folder())
}

/// The address of a resource in its root.
fn address(call: &Call<'_>, region: &Region, resource: &str) -> String {
    format!("module.{}[\"{region}\"].{resource}", call.name)
}

/// Every object that a call makes in an account and that is there already: region, address within
/// the module, id.
fn found<'a>(
    call: &'a Call<'_>,
    account: &'a AccountId,
    existing: &'a Recording,
) -> impl Iterator<Item = (&'a Region, String, String)> + 'a {
    call.regions.iter().flat_map(move |region| {
        let place = Place::new(account.clone(), region.clone());
        call.module.resources.iter().filter_map(move |one| {
            Some((region, one.address(), one.identity.import_id(&place, existing)?))
        })
    })
}

fn of_accounts(calls: &[&Call<'_>], existing: &Recording) -> Result<Files, ExportError> {
    let mut blocks = Vec::new();
    for call in calls {
        let account = match &call.account {
            For::One(id) => id,
            For::Own | For::Member(_) => &existing.caller.account,
        };
        for (region, resource, id) in found(call, account, existing) {
            blocks.push(json!({ "to": address(call, region, &resource), "id": template(&id)? }));
        }
    }
    let mut files = Files::new();
    if !blocks.is_empty() {
        files.insert(path(Root::Accounts), pretty(&json!({ "import": blocks })));
    }
    Ok(files)
}

fn of_members(export: &Export, calls: &[&Call<'_>], existing: &Recording) -> Files {
    let mut by_account: BTreeMap<&AccountId, Map<String, Value>> = BTreeMap::new();
    let mut blocks: BTreeMap<String, String> = BTreeMap::new();
    let members: BTreeSet<&AccountId> =
        export.organization.iter().flat_map(|target| &target.members).collect();
    for call in calls {
        let For::Member(except) = &call.account else { continue };
        let here = existing.accounts.keys().filter(|id| !except.contains(*id));
        for account in here.filter(|id| members.contains(id)) {
            for (region, resource, id) in found(call, account, existing) {
                let key = format!("{}/{region}/{resource}", call.name);
                blocks.insert(key.clone(), address(call, region, &resource));
                by_account.entry(account).or_default().insert(key, json!(id));
            }
        }
    }
    let mut files = Files::new();
    if blocks.is_empty() {
        return files;
    }
    for (account, ids) in by_account {
        let folder = Root::Member.folder();
        files.insert(format!("{folder}/imports/{account}.json"), pretty(&Value::Object(ids)));
    }
    let blocks: Vec<Value> = blocks
        .into_iter()
        .map(|(key, to)| {
            let each =
                format!("${{{{for key, id in local.existing : key => id if key == \"{key}\"}}}}");
            json!({ "for_each": each, "to": to, "id": "${each.value}" })
        })
        .collect();
    let file = format!("\"${{path.module}}/imports/${{var.{ACCOUNT_VARIABLE}}}.json\"");
    let existing = format!("${{jsondecode(fileexists({file}) ? file({file}) : \"{{}}\")}}");
    let all = json!({ "locals": { "existing": existing }, "import": blocks });
    files.insert(path(Root::Member), pretty(&all));
    files
}
