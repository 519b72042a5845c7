//! Warnings about families of events: how many messages they may make.

use super::super::confirmations::is_email;
use super::super::validate::{AlertNotes, Resolved};
use super::super::{Alert, Regions};
use super::Linter;
use crate::catalogue;
use crate::codes;
use crate::event::{Access, EVERY_SOURCE};
use crate::scope::Partition;
use std::collections::BTreeSet;

impl Linter<'_> {
    pub(super) fn families(&mut self, alert: &Alert, notes: &AlertNotes) {
        let families = || notes.events.iter().filter(|resolved| resolved.event.is_family());
        let Some(first) = families().next() else { return };
        if let Some(reads) = families().find(|resolved| resolved.event.access == Access::Read) {
            self.frequent(notes, reads);
        }
        let blueprint = &self.checked.blueprint;
        let by_email = blueprint.notify_variants(alert).into_iter().flatten().any(|name| {
            let destination = blueprint.destinations.get(name);
            destination.is_some_and(|destination| destination.subscribers.iter().any(is_email))
        });
        if by_email {
            self.warn(
                codes::FAMILY_BY_EMAIL,
                Some(notes),
                Some(&first.span),
                format!("`{}` mails each event of `{}`", alert.id, first.event.short()),
                "more than 10 messages a second suspend an e-mail subscription: send it to a chat \
                 channel, queue or function, and see with `ctguard replay` how many come"
                    .to_owned(),
            );
        }
        if let Some(every) = families().find(|resolved| resolved.event.source == EVERY_SOURCE) {
            self.global_services(alert, notes, every);
        }
    }

    fn frequent(&mut self, notes: &AlertNotes, reads: &Resolved) {
        let family = reads.event.short();
        self.warn(
            codes::FAMILY_FREQUENT,
            Some(notes),
            Some(&reads.span),
            format!("`{family}` takes read-only calls too, which consoles and tools make all day"),
            format!(
                "each that meets `where` is a message of its own, and is billed: for changes alone \
                 write `{{ name: \"{family}\", access: write }}`; `ctguard replay` says how many \
                 come"
            ),
        );
    }

    /// Every event of every service lands in more regions than are listed.
    fn global_services(&mut self, alert: &Alert, notes: &AlertNotes, every: &Resolved) {
        let Regions::List(list) = &self.checked.blueprint.regions else { return };
        let Some(partition) = list.first().map(|region| region.partition()) else { return };
        if partition != Partition::Aws {
            return;
        }
        let covered: BTreeSet<&str> = list.iter().map(|region| region.as_str()).collect();
        let missed: BTreeSet<&str> = catalogue::landing_regions(partition)
            .into_iter()
            .filter(|region| !covered.contains(region))
            .collect();
        if missed.is_empty() {
            return;
        }
        let missed = missed.into_iter().collect::<Vec<_>>().join(", ");
        self.warn(
            codes::FAMILY_REGIONS,
            Some(notes),
            Some(&every.span),
            format!("`{}` misses the events of services that land in {missed} only", alert.id),
            format!("cover {missed}, best `regions: enabled`"),
        );
    }
}
