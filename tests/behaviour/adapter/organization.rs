//! The accounts of an organization: pages, units below units, and what refusals mean.

use super::{TIMING, connect, connect_as, counts};
use crate::stub::{Call, Reply, Stub};
use ctguard_core::cloud::Cloud;
use ctguard_core::snapshot::OrganizationReads;
use ctguard_core::snapshot::{Member, Observed, Organization};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn described() -> Reply {
    Reply::Json(
        json!({ "Organization": { "Id": "o-a1b2c3d4e5", "MasterAccountId": "111122223333" } }),
    )
}

fn account(id: &str, state: &str) -> Value {
    json!({ "Id": id, "Name": format!("account {id}"), "State": state, "Status": "ACTIVE" })
}

fn units(units: &[&str]) -> OrganizationReads {
    OrganizationReads { units: units.iter().map(|unit| (*unit).to_owned()).collect() }
}

fn known(found: Observed<Organization>) -> Organization {
    match found {
        Observed::Known(found) => found,
        other => panic!("{other:?}"),
    }
}

fn members(found: &Organization) -> Vec<(&str, bool)> {
    found.members.iter().map(|(id, member)| (id.as_str(), member.active)).collect()
}

#[tokio::test]
async fn all_accounts_are_listed_page_by_page_even_past_an_empty_page() {
    let stub = Stub::start(|call| {
        Some(match (call.operation.as_str(), call.parameter("NextToken").as_str()) {
            ("DescribeOrganization", _) => described(),
            ("ListAccounts", None) => Reply::Json(
                json!({ "Accounts": [account("333333333333", "ACTIVE")], "NextToken": "2" }),
            ),
            ("ListAccounts", Some("2")) => Reply::Json(json!({ "Accounts": [], "NextToken": "3" })),
            ("ListAccounts", _) => {
                Reply::Json(json!({ "Accounts": [account("222222222222", "SUSPENDED")] }))
            }
            _ => return None,
        })
    });
    let found = known(connect(&stub).await.organization(&units(&[])).await);
    assert_eq!((found.id.as_str(), found.management.as_str()), ("o-a1b2c3d4e5", "111122223333"));
    assert_eq!(members(&found), [("222222222222", false), ("333333333333", true)]);
    let name = found.members.values().map(|Member { name, .. }| name.as_str()).next();
    assert_eq!(name, Some("account 222222222222"));
    assert!(found.unit_paths.is_empty());
    let expected = [("DescribeOrganization", 1), ("GetCallerIdentity", 1), ("ListAccounts", 3)];
    assert_eq!(stub.counts(), counts(&expected));
}

/// A root with two units, one of which holds another, which a mistake of AWS's ties into a ring.
fn tree(call: &Call) -> Option<Reply> {
    let parent = call.parameter("ParentId");
    let child = call.parameter("ChildId");
    Some(match (call.operation.as_str(), parent.as_str().or(child.as_str()).unwrap_or("")) {
        ("DescribeOrganization", _) => described(),
        ("ListAccountsForParent", "ou-ab12-outer") => {
            Reply::Json(json!({ "Accounts": [account("222222222222", "ACTIVE")] }))
        }
        ("ListAccountsForParent", "ou-ab12-inner") if call.parameter("NextToken").is_null() => {
            Reply::Json(
                json!({ "Accounts": [account("333333333333", "ACTIVE")], "NextToken": "2" }),
            )
        }
        ("ListAccountsForParent", "ou-ab12-inner") => {
            Reply::Json(json!({ "Accounts": [account("444444444444", "PENDING_CLOSURE")] }))
        }
        ("ListOrganizationalUnitsForParent", "ou-ab12-outer") => {
            Reply::Json(json!({ "OrganizationalUnits": [{ "Id": "ou-ab12-inner" }] }))
        }
        ("ListOrganizationalUnitsForParent", "ou-ab12-inner") => {
            Reply::Json(json!({ "OrganizationalUnits": [{ "Id": "ou-ab12-outer" }] }))
        }
        ("ListParents", "ou-ab12-inner") => Reply::Json(
            json!({ "Parents": [{ "Id": "ou-ab12-outer", "Type": "ORGANIZATIONAL_UNIT" }] }),
        ),
        ("ListParents", "ou-ab12-outer") => {
            Reply::Json(json!({ "Parents": [{ "Id": "r-ab12", "Type": "ROOT" }] }))
        }
        _ => return None,
    })
}

#[tokio::test]
async fn units_are_followed_down_once_each_and_their_paths_up_to_the_root() {
    let stub = Stub::start(tree);
    let aws = connect(&stub).await;
    let found = known(aws.organization(&units(&["ou-ab12-inner", "ou-ab12-outer"])).await);
    assert_eq!(
        members(&found),
        [("222222222222", true), ("333333333333", true), ("444444444444", false)]
    );
    assert_eq!(found.unit_paths["ou-ab12-outer"], "o-a1b2c3d4e5/r-ab12/ou-ab12-outer/");
    assert_eq!(
        found.unit_paths["ou-ab12-inner"],
        "o-a1b2c3d4e5/r-ab12/ou-ab12-outer/ou-ab12-inner/"
    );
    let counts = stub.counts();
    assert_eq!(counts["ListOrganizationalUnitsForParent"], 2, "a ring is not walked for ever");
    assert_eq!(counts.get("ListAccounts"), None, "only the units that are asked for");

    let below = known(aws.organization(&units(&["ou-ab12-outer"])).await);
    assert_eq!(members(&below), members(&found), "those of the units below are theirs, too");
    assert_eq!(below.unit_paths.keys().collect::<Vec<_>>(), ["ou-ab12-outer"]);
}

#[tokio::test]
async fn organizations_is_asked_again_when_it_is_busy() {
    let busy = "AWS Organizations can't complete your request because another request is already in progress.";
    let stub = Stub::start(move |call| match (call.operation.as_str(), call.before) {
        ("DescribeOrganization", _) => Some(described()),
        ("ListAccounts", 0..4) => Some(Reply::Error(400, "TooManyRequestsException", busy)),
        ("ListAccounts", _) => Some(Reply::Json(json!({ "Accounts": [] }))),
        _ => None,
    });
    let aws = connect(&stub).await;
    assert!(known(aws.organization(&units(&[])).await).members.is_empty());
    assert_eq!((stub.counts()["ListAccounts"], aws.throttled()), (5, 4));
}

#[tokio::test]
async fn an_account_without_an_organization_is_told_from_one_that_may_not_list_it() {
    let stub = Stub::start(|call| {
        (call.operation == "DescribeOrganization").then(|| {
            Reply::Error(
                400,
                "AWSOrganizationsNotInUseException",
                "not a member of an organization",
            )
        })
    });
    assert_eq!(connect(&stub).await.organization(&units(&[])).await, Observed::Absent);

    let stub = Stub::start(|call| match call.operation.as_str() {
        "DescribeOrganization" => Some(described()),
        "ListAccounts" => {
            Some(Reply::Error(400, "AccessDeniedException", "You don't have permissions"))
        }
        _ => None,
    });
    let found = connect_as(&stub, TIMING, None).await.organization(&units(&[])).await;
    let why = found.unreadable().unwrap();
    assert_eq!(why.operation, "organizations:ListAccounts");
    assert!(why.remedy().contains("delegated administrator"), "{why:?}");
    let once: BTreeSet<usize> = stub.counts().into_values().collect();
    assert_eq!(once, BTreeSet::from([1]), "a refusal is not asked for twice");
}
