//! Events that land in no region that is covered: one error for each region that is missing, however
//! many events and alerts lack it.

use super::super::raw::RawRegions;
use super::super::{Regions, builtin};
use super::{Resolved, partition};
use crate::codes;
use crate::diag::{Diagnostic, Span};
use crate::event::Landing;
use crate::plural::{count, some};
use std::collections::{BTreeMap, BTreeSet};

/// What the alerts miss, by the region that they would have to cover.
pub(super) struct Landings<'a> {
    regions: Option<&'a Regions>,
    /// Where the regions are listed.
    list: Option<Span>,
    missed: BTreeMap<&'static str, Missed>,
}

#[derive(Default)]
struct Missed {
    /// Where each event stands.
    events: BTreeSet<(Span, String)>,
    alerts: BTreeSet<String>,
}

/// Where the regions are listed.
pub(super) fn list(raw: Option<&RawRegions>) -> Option<Span> {
    match raw? {
        RawRegions::List(_, span) => Some(span.clone()),
        RawRegions::Enabled { .. } | RawRegions::Unclear => None,
    }
}

impl<'a> Landings<'a> {
    pub fn new(regions: Option<&'a Regions>, list: Option<Span>) -> Self {
        Self { regions, list, missed: BTreeMap::new() }
    }

    /// Whether each event of an alert can land in a region that the blueprint covers.
    pub fn cover(&mut self, alert: Option<&str>, events: &[Resolved]) -> bool {
        let mut all = true;
        for Resolved { event, span, .. } in events {
            let Some(region) = missed(event.landing, self.regions) else { continue };
            all = false;
            let missed = self.missed.entry(region).or_default();
            missed.events.insert((span.clone(), event.short()));
            missed.alerts.extend(alert.map(str::to_owned));
        }
        all
    }

    /// One error for each region that is missing.
    pub fn tell(self, out: &mut Vec<Diagnostic>) {
        for (region, missed) in &self.missed {
            out.push(self.problem(region, missed));
        }
    }

    fn problem(&self, region: &str, missed: &Missed) -> Diagnostic {
        let (excepted, cure) = match self.regions {
            Some(Regions::Enabled { except }) => {
                let exception = except.iter().find(|one| one.region.as_str() == region);
                (
                    exception.and_then(|one| one.span.clone()),
                    format!("take the exception of `{region}` out of `regions`"),
                )
            }
            _ => (None, format!("add `{region}` to `regions`")),
        };
        let alone = missed.events.first().filter(|_| missed.events.len() == 1);
        let (what, help) = match alone {
            Some((_, event)) => (
                format!("`{event}` lands"),
                format!("{cure}: elsewhere this alert is never raised"),
            ),
            None if missed.alerts.is_empty() => {
                (format!("{} land", count(missed.events.len(), "event")), cure)
            }
            None => (
                format!(
                    "{} of {} land",
                    count(missed.events.len(), "event"),
                    count(missed.alerts.len(), "alert")
                ),
                format!(
                    "{cure}, or `omit` what is never raised elsewhere: {}",
                    some(&missed.alerts)
                ),
            ),
        };
        let message = format!("{what} only in `{region}`, which is not covered");
        // What is built in cannot be changed where it stands.
        let written = alone.map(|(span, _)| span).filter(|span| !builtin::is_file_name(&span.file));
        let first = || missed.events.first().map(|(span, _)| span.clone());
        let span = written.cloned().or(excepted).or_else(|| self.list.clone()).or_else(first);
        Diagnostic::error(codes::EVENT_OUT_OF_SCOPE, message).at(span).help(help)
    }
}

/// Says in which region an event would have to be covered, if the blueprint covers no place for it.
fn missed(landing: Landing, regions: Option<&Regions>) -> Option<&'static str> {
    let only = landing.region_in(partition(regions)?)?;
    let covered = match regions? {
        Regions::List(list) => list.iter().any(|region| region.as_str() == only),
        Regions::Enabled { except } => except.iter().all(|out| out.region.as_str() != only),
    };
    (!covered).then_some(only)
}
