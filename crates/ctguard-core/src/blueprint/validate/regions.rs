//! Regions that the catalogue does not have: slips of the finger, unless they are marked.

use super::super::raw::{RawBlueprint, RawRegion, RawRegions};
use super::super::reader::Spanned;
use crate::catalogue::{is_region, suggest_region};
use crate::codes;
use crate::diag::{Diagnostic, Span};
use crate::scope::{Arn, Region};
use std::collections::BTreeSet;

/// The error for a region that the catalogue does not have.
pub(super) fn unknown(region: &Region, span: &Span) -> Diagnostic {
    let newer = format!(
        "a region newer than the catalogue is written `{{ name: {region}, unchecked: true }}`"
    );
    Diagnostic::error(codes::REGION_UNKNOWN, format!("AWS has no region `{region}`"))
        .at(Some(span.clone()))
        .help(match suggest_region(region) {
            Some(meant) => format!("{meant} {newer}"),
            None => newer,
        })
}

/// Judges the regions of all ARNs: each is known, or marked `unchecked` where the blueprint names
/// regions.
pub(super) fn in_arns(raw: &RawBlueprint, out: &mut Vec<Diagnostic>) {
    let marked = marked(raw);
    for text in arns(raw) {
        let region = Arn::parse(&text.value).and_then(|arn| Region::new(arn.region));
        let Some(region) = region else { continue };
        if !is_region(&region) && !marked.contains(region.as_str()) {
            let help = match suggest_region(&region) {
                Some(meant) => meant,
                None => format!(
                    "cover a region newer than the catalogue with `regions: [{{ name: {region}, unchecked: true }}]`"
                ),
            };
            out.push(
                Diagnostic::error(codes::REGION_UNKNOWN, format!("AWS has no region `{region}`"))
                    .at(Some(text.span.clone()))
                    .help(help),
            );
        }
    }
}

/// The names of regions that are marked `unchecked`.
fn marked(raw: &RawBlueprint) -> BTreeSet<&str> {
    let covered: Vec<&RawRegion> = match &raw.regions {
        Some(RawRegions::List(listed, _)) => listed.iter().collect(),
        Some(RawRegions::Enabled { except }) => {
            except.iter().filter_map(|exception| exception.region.as_ref()).collect()
        }
        _ => Vec::new(),
    };
    let hub = raw.hub.as_ref().and_then(|hub| hub.region.as_ref());
    let home = raw.trail.as_ref().and_then(|trail| trail.home_region.as_ref());
    let all = covered.into_iter().chain(hub).chain(home);
    all.filter(|region| region.unchecked).map(|region| region.name.value.as_str()).collect()
}

/// Every text of the blueprint that may be an ARN with a region.
fn arns(raw: &RawBlueprint) -> impl Iterator<Item = &Spanned<String>> {
    let destinations = raw.destinations.iter().flat_map(|destination| {
        let own = destination.topic_arn.iter().chain(&destination.kms_key);
        own.chain(destination.subscribers.iter().map(|(_, address)| address))
    });
    let key = raw.trail.iter().filter_map(|trail| trail.kms_key.as_ref());
    let trusted = raw.trust_trails.iter().filter_map(|trust| trust.arn.as_ref());
    destinations.chain(key).chain(trusted)
}
