//! The fleet that is asked about: a blueprint, settled in ctguard's sandbox.

use ctguard::run;
use ctguard::run::Survey;
use ctguard_core::blueprint::{Blueprint, Regions, load};
use ctguard_core::desired::Narrow;
use ctguard_core::plan::{Stage, diff};
use ctguard_core::scope::{AccountId, Region};
use ctguard_core::snapshot::Live;
use ctguard_sandbox::Sandbox;
use ctguard_sandbox::fresh::{AccountKind, new_account};
use ctguard_sandbox::people::ConfirmFilter;
use ctguard_sandbox::state::{MemberStatus, StoredMember, StoredOrganization};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

/// The caller's account where the blueprint has no hub.
const ALONE: &str = "111122223333";

/// The accounts beside the caller's are numbered from here.
const OTHERS: u64 = 200_000_000_000;

/// The organization that the accounts are in.
pub const ORGANIZATION: &str = "o-fleetbench";
const ROOT: &str = "r-root";

pub struct Fleet {
    /// The caller's own, where the hub is.
    pub caller: AccountId,
    pub others: Vec<AccountId>,
    pub regions: Vec<Region>,
    /// What is in the caller's account and in the first of the others.
    pub live: Live,
}

/// Settles a blueprint until nothing is left to do.
pub async fn settle(path: &str, accounts: u64) -> Fleet {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let loaded = load(Path::new(path), today);
    let blueprint = loaded.blueprint.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
    let caller = match &blueprint.hub {
        Some(hub) => hub.account.clone(),
        None => AccountId::new(ALONE).unwrap(),
    };
    let Regions::List(regions) = &blueprint.regions else {
        panic!("the blueprint has to list its regions");
    };
    let others: Vec<AccountId> =
        (1..accounts).map(|n| AccountId::new(&(OTHERS + n).to_string()).unwrap()).collect();

    let mut state = new_account(AccountKind::WithTrail, &caller, regions);
    if let Some(other) = others.first() {
        state.accounts.extend(new_account(AccountKind::WithTrail, other, regions).accounts);
    }
    state.organization = Some(organization(&caller, others.first()));
    let sandbox = Sandbox::in_memory(state);
    for _ in 0..2 {
        let survey = survey(&sandbox, &blueprint, today).await;
        let plan = diff(&survey.desired, &survey.live, Stage::Planned);
        let stop = AtomicBool::new(false);
        run::apply(&sandbox, &survey.desired, &plan, 1, &stop, &|_| {}).await;
        sandbox.confirm(&ConfirmFilter::default()).unwrap();
    }
    let Survey { desired, live, .. } = survey(&sandbox, &blueprint, today).await;
    let plan = diff(&desired, &live, Stage::Planned);
    let left = (&plan.changes, &plan.waiting, &plan.refusals, &plan.unknown);
    assert!(
        left.0.is_empty() && left.1.is_empty() && left.2.is_empty() && left.3.is_empty(),
        "{left:#?}"
    );
    Fleet { caller, others, regions: regions.clone(), live }
}

/// The organization of the accounts that are settled.
fn organization(caller: &AccountId, other: Option<&AccountId>) -> StoredOrganization {
    let member = |id: &AccountId| StoredMember {
        name: format!("account-{id}"),
        status: MemberStatus::Active,
        unit: ROOT.to_owned(),
    };
    StoredOrganization {
        distrusts_cloudtrail: false,
        id: ORGANIZATION.to_owned(),
        management: caller.clone(),
        root: ROOT.to_owned(),
        units: BTreeMap::new(),
        members: [caller].into_iter().chain(other).map(|id| (id.clone(), member(id))).collect(),
    }
}

async fn survey(sandbox: &Sandbox, blueprint: &Blueprint, today: jiff::civil::Date) -> Survey {
    run::survey(sandbox, blueprint, today, &Narrow::default(), 1, &|_| {}).await.unwrap()
}
