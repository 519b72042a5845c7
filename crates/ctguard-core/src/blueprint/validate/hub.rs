//! The hub: where all alerts are raised.

use super::super::raw::RawHub;
use super::super::{Hub, Regions};
use super::accounts::{Covered, account_id, invalid_id};
use super::{partition, region, syntax};
use crate::codes;
use crate::diag::Diagnostic;
use crate::scope::{Partition, Region};

pub(super) fn hub(
    raw: RawHub,
    covered: &Covered,
    regions: Option<&Regions>,
    out: &mut Vec<Diagnostic>,
) -> Option<Hub> {
    let before = out.len();
    let account = raw.account.as_ref().and_then(|id| account_id(id, out));
    if let (Some(written), Some(account)) = (&raw.account, &account)
        && covered.leaves_out(account)
    {
        out.push(
            Diagnostic::error(
                codes::HUB_OUT_OF_SCOPE,
                format!("the hub's account {account} is not among `accounts`"),
            )
            .at(Some(written.span.clone()))
            .label("events of this account would reach nobody")
            .help(match covered.listed() {
                none if none.is_empty() => "take it out of `exclude`".to_owned(),
                listed => format!("list it too, or choose one that is covered: {listed}"),
            }),
        );
    }
    let region = raw.region.as_ref().and_then(|written| {
        let hub = region(written, out)?;
        judge_region(&hub, regions).map_or(Some(hub), |problem| {
            out.push(problem.at(Some(written.name.span.clone())));
            None
        })
    });
    if let Some(id) = &raw.organization
        && let Err(problem) = syntax::organization_id(&id.value)
    {
        invalid_id(id, "an organization", problem, "o-a1b2c3d4e5", out);
    }
    if out.len() > before {
        return None;
    }
    Some(Hub {
        account: account?,
        region: region?,
        organization: raw.organization.map(|id| id.value),
        span: Some(raw.span),
    })
}

fn judge_region(hub: &Region, regions: Option<&Regions>) -> Option<Diagnostic> {
    if let Some(partition) = partition(regions).filter(|covered| *covered != hub.partition()) {
        let message = format!("the hub's region `{hub}` is in another AWS partition");
        return Some(
            Diagnostic::error(codes::REGION_INVALID, message)
                .label(format!("`{}`, and `regions` are in `{partition}`", hub.partition()))
                .help("events do not leave their partition: write one blueprint for each"),
        );
    }
    let (covered, alone) = match regions? {
        Regions::List(list) => (list.contains(hub), list.iter().all(|region| region == hub)),
        Regions::Enabled { except } => (except.iter().all(|left| left.region != *hub), false),
    };
    if !covered {
        return Some(
            Diagnostic::error(
                codes::HUB_OUT_OF_SCOPE,
                format!("the hub's region `{hub}` is not covered by `regions`"),
            )
            .label("events of this region would reach nobody")
            .help("add it to `regions`, or choose a hub region that is covered"),
        );
    }
    // Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-region.html>
    (hub.partition() == Partition::AwsCn && !alone).then(|| {
        Diagnostic::error(
            codes::HUB_UNREACHABLE,
            format!("events of other regions cannot be sent to a hub in `{hub}`"),
        )
        .label("EventBridge does not send events between regions in China")
        .help(format!(
            "write `regions: [{hub}]`, with one blueprint for each region, or remove `hub`"
        ))
    })
}
