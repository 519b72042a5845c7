//! The CloudTrail event catalogue: which events exist, under which source, of which kind, read-only
//! or not, and where they land.
//!
//! The data is `catalogue/events.tsv` and `renames.tsv`, laid out by `build.rs` as sorted text, so
//! a lookup is two binary searches and nothing is parsed when the program starts. Being listed
//! means "this name can exist"; new calls appear daily, so a blueprint can override an unknown
//! name.

mod regions;
mod suggest;

pub use regions::{is_region, regions, suggest_region};
pub use suggest::{nearest, nearly};
pub use suggest::{suggest, suggest_service};

use crate::event::{self, Access, EventKind, EventRef, Landing};
use crate::scope::Partition;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeSet;

/// Event source, region column, events as sorted lines: name, kinds, access, evidence, evidence for
/// the source.
static SOURCES: &[(&str, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/sources.rs"));

/// Event source, name as written, sources and names as logged, whether the written one is logged
/// too; sorted.
static RENAMES: &[(&str, &str, &[LoggedName], bool)] =
    include!(concat!(env!("OUT_DIR"), "/renames.rs"));

/// Event sources whose calls CloudTrail can log as network activity events, line by line.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html>
static NETWORK_SOURCES: &str = include_str!(concat!(env!("OUT_DIR"), "/network_sources.txt"));

/// The source and the name under which an event is logged.
pub type LoggedName = (&'static str, &'static str);

/// An event that CloudTrail writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CatalogueEvent {
    /// `detail.eventSource`, such as `ec2.amazonaws.com`.
    pub source: &'static str,
    /// `detail.eventName`, case-sensitive.
    pub name: &'static str,
    /// The letters of its kinds.
    kinds: &'static str,
    /// `R`, `W`, or both where what is known says both.
    access: &'static str,
    /// A letter for each kind.
    evidence: &'static str,
    source_evidence: char,
    pub landing: Landing,
}

impl CatalogueEvent {
    /// As users write it: `ec2:CreateRoute`.
    pub fn short(&self) -> String {
        event::short(self.source, self.name)
    }

    /// The kinds as which it is logged; not empty.
    pub fn kinds(&self) -> impl Iterator<Item = EventKind> + use<> {
        self.kinds.chars().filter_map(kind_of_letter)
    }

    /// Whether it may be logged as this kind.
    pub fn is(&self, kind: EventKind) -> bool {
        self.kinds().any(|one| one == kind)
    }

    /// Whether it only reads: both where what is known says both.
    pub fn accesses(&self) -> &'static [Access] {
        match self.access {
            "R" => &[Access::Read],
            "W" => &[Access::Write],
            _ => &[Access::Read, Access::Write],
        }
    }

    /// Whether it may be logged as one that only reads.
    pub fn may_read(&self) -> bool {
        self.accesses().contains(&Access::Read)
    }

    /// What says that it is logged as its kinds, in the order of [`CatalogueEvent::kinds`].
    pub fn evidence(&self) -> impl Iterator<Item = Evidence> + use<> {
        self.evidence.chars().map(Evidence::of_letter)
    }

    /// What says that it is logged under its source.
    pub fn source_evidence(&self) -> SourceEvidence {
        SourceEvidence::of_letter(self.source_evidence)
    }

    /// The event as a blueprint holds it: once for each kind and access.
    pub fn to_refs(&self) -> Vec<EventRef> {
        let accesses = self.accesses();
        let of_kind = |kind: EventKind| {
            accesses.iter().map(move |access| EventRef {
                source: self.source.to_owned(),
                name: self.name.to_owned(),
                kind,
                access: *access,
                landing: self.landing,
            })
        };
        self.kinds().flat_map(of_kind).collect()
    }
}

/// What says that CloudTrail logs an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// AWS's documentation, or public log records.
    Documented,
    /// An operation of an SDK, taken to be logged under its own name.
    SdkOperation,
    /// The same, under a second event source that the service also uses.
    SecondSource,
    /// An operation with the version of its API behind its name.
    VersionedOperation,
    /// An IAM action of a service without a public SDK.
    IamAction,
    /// Public log records.
    Records,
    /// A page tells of such events and does not name this one, or not its kind: taken to the wide
    /// side.
    Assumed,
}

impl Evidence {
    fn of_letter(letter: char) -> Self {
        match letter {
            'd' => Self::Documented,
            'a' => Self::SecondSource,
            'v' => Self::VersionedOperation,
            'i' => Self::IamAction,
            'r' => Self::Records,
            'u' => Self::Assumed,
            _ => Self::SdkOperation,
        }
    }
}

/// What says that CloudTrail logs a service's events under its event source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SourceEvidence {
    /// A page of AWS's documentation.
    Documented,
    /// The trait `aws.api#cloudTrailEventSource` of the service's model.
    ModelTrait,
    /// Public log records.
    Records,
    /// The name that the service signs its requests with: the last resort.
    SigningName,
}

impl SourceEvidence {
    fn of_letter(letter: char) -> Self {
        match letter {
            'p' => Self::Documented,
            't' => Self::ModelTrait,
            'r' => Self::Records,
            _ => Self::SigningName,
        }
    }
}

/// The events that CloudTrail logs for the name of an API call or IAM action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rename {
    /// The sources and names that are logged; not empty.
    pub names: &'static [LoggedName],
    pub mode: RenameMode,
}

/// Whether the name that was written is logged at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenameMode {
    /// No: only the other names are.
    Instead,
    /// Yes, and the other names are too.
    Also,
}

/// Finds an event by its source (`ec2.amazonaws.com`) and name.
pub fn find(source: &str, name: &str) -> Option<CatalogueEvent> {
    find_in(row_of(source)?, name)
}

/// Finds every event of this name, in the order of their sources.
pub fn sources_of(name: &str) -> Vec<CatalogueEvent> {
    SOURCES.iter().filter_map(|row| find_in(row, name)).collect()
}

/// Looks up what is logged instead of, or beside, this name.
pub fn rename(source: &str, name: &str) -> Option<Rename> {
    let at = RENAMES.binary_search_by(|row| (row.0, row.1).cmp(&(source, name))).ok()?;
    let (_, _, names, also) = RENAMES.get(at)?;
    Some(Rename { names, mode: if *also { RenameMode::Also } else { RenameMode::Instead } })
}

/// Finds every source under which this name is written for another.
pub fn renames_of(name: &str) -> Vec<(&'static str, Rename)> {
    RENAMES
        .iter()
        .filter(|row| row.1 == name)
        .filter_map(|row| Some((row.0, rename(row.0, row.1)?)))
        .collect()
}

/// Every name that is written for others, with its source, in order.
pub fn renames() -> impl Iterator<Item = (&'static str, &'static str, Rename)> {
    RENAMES.iter().map(|(source, name, names, also)| {
        let mode = if *also { RenameMode::Also } else { RenameMode::Instead };
        (*source, *name, Rename { names, mode })
    })
}

/// The names, with their sources, for which this event is written.
pub fn written_for(source: &str, name: &str) -> impl Iterator<Item = LoggedName> {
    let wanted = (source, name);
    let led = move |rename: &Rename| rename.names.contains(&wanted);
    renames().filter(move |(_, _, rename)| led(rename)).map(|(source, name, _)| (source, name))
}

/// Says where the events of a source land; the region of the call for a source that is not listed.
pub fn landing_of_source(source: &str) -> Landing {
    row_of(source).map_or(Landing::CallRegion, |row| Landing::read(row.0, row.1))
}

/// The regions of a partition in which alone the events of some service land.
pub fn landing_regions(partition: Partition) -> BTreeSet<&'static str> {
    let landings = SOURCES.iter().map(|row| Landing::read(row.0, row.1));
    landings.filter_map(|landing| landing.region_in(partition)).collect()
}

/// Whether any event of this source is listed.
pub fn knows_source(source: &str) -> bool {
    row_of(source).is_some()
}

/// How many events that the catalogue knows are in a family.
pub fn members(family: &EventRef) -> usize {
    all().filter(|event| family.includes(event.source, event.name)).count()
}

/// Whether calls of this source can be logged as network activity events as well.
pub fn has_network_activity(source: &str) -> bool {
    NETWORK_SOURCES.lines().any(|line| line == source)
}

/// Every event of one source, in the order of their names; none of a source that is not listed.
pub fn of_source(source: &str) -> impl Iterator<Item = CatalogueEvent> + use<> {
    let row = row_of(source);
    row.into_iter().flat_map(|row| row.2.lines().filter_map(move |line| read_line(row, line)))
}

/// Every event of every source, in order; for searches by people, not for lookups.
pub fn all() -> impl Iterator<Item = CatalogueEvent> {
    SOURCES.iter().flat_map(|row| row.2.lines().filter_map(move |line| read_line(row, line)))
}

fn row_of(source: &str) -> Option<&'static (&'static str, &'static str, &'static str)> {
    SOURCES.get(SOURCES.binary_search_by(|row| row.0.cmp(source)).ok()?)
}

/// Binary search over the lines of a source's text.
fn find_in(row: &'static (&str, &str, &str), name: &str) -> Option<CatalogueEvent> {
    let text = row.2;
    // Lines before `low` sort before `name`; the line at `high` and those after it sort after it.
    let (mut low, mut high) = (0, text.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = text[..middle].rfind('\n').map_or(0, |at| at + 1);
        let end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let line = &text[start..end];
        let event = read_line(row, line)?;
        match event.name.cmp(name) {
            std::cmp::Ordering::Equal => return Some(event),
            std::cmp::Ordering::Less => low = (end + 1).min(text.len()),
            std::cmp::Ordering::Greater => high = start,
        }
    }
    None
}

fn read_line(
    (source, region, _): &(&'static str, &'static str, &str),
    line: &'static str,
) -> Option<CatalogueEvent> {
    let mut parts = line.split(' ');
    Some(CatalogueEvent {
        source,
        name: parts.next()?,
        kinds: parts.next()?,
        access: parts.next()?,
        evidence: parts.next()?,
        source_evidence: parts.next()?.chars().next()?,
        landing: Landing::read(source, region),
    })
}

fn kind_of_letter(letter: char) -> Option<EventKind> {
    Some(match letter {
        'a' => EventKind::Api,
        'd' => EventKind::Data,
        'l' => EventKind::Signin,
        'c' => EventKind::Console,
        's' => EventKind::Service,
        'n' => EventKind::Network,
        'i' => EventKind::Insight,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_catalogue_is_found_by_its_source_and_name() {
        let tsv = include_str!("../../../catalogue/events.tsv");
        let mut rows = 0;
        for line in tsv.lines().skip(1) {
            let columns: Vec<&str> = line.split('\t').collect();
            let event = find(columns[0], columns[1]).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((event.source, event.name), (columns[0], columns[1]));
            assert_eq!(event.may_read(), columns[2].contains('R'), "{line}");
            assert_eq!(
                event.accesses().contains(&Access::Write),
                columns[2].contains('W'),
                "{line}"
            );
            let kinds: Vec<String> = event.kinds().map(|kind| kind.as_str().to_owned()).collect();
            assert_eq!(kinds.join(","), columns[3], "{line}");
            assert_eq!(event.evidence().count(), kinds.len(), "{line}");
            rows += 1;
        }
        assert_eq!(all().count(), rows);
    }

    #[test]
    fn names_that_do_not_exist_are_not_found() {
        for (source, name) in [
            ("ec2.amazonaws.com", "CreateRout"),
            ("ec2.amazonaws.com", "createroute"),
            ("ec2.amazonaws.com", ""),
            ("ec2.amazonaws.com", "AAAA"),
            ("ec2.amazonaws.com", "zzzz"),
            ("ec2.amazonaws.com", "CreateRoute A"),
            ("ec2", "CreateRoute"),
            ("", ""),
        ] {
            assert_eq!(find(source, name), None, "{source} {name}");
        }
    }

    #[test]
    fn a_name_lists_every_service_that_logs_it() {
        let sources: Vec<&str> =
            sources_of("CreateSecurityGroup").iter().map(|event| event.source).collect();
        assert_eq!(sources, ["ec2.amazonaws.com", "wickr.amazonaws.com"]);
        assert!(sources_of("StopLoging").is_empty());
    }

    #[test]
    fn sign_in_is_a_write_of_its_own_kind() {
        let event = find("signin.amazonaws.com", "ConsoleLogin").unwrap();
        assert!(event.kinds().eq([EventKind::Signin]) && event.accesses() == [Access::Write]);
        assert_eq!(event.landing, Landing::SignIn);
    }

    #[test]
    fn the_table_of_outcomes_has_the_sign_ins_of_the_catalogue() {
        let names: Vec<&str> = of_source("signin.amazonaws.com")
            .filter(|event| event.is(EventKind::Signin))
            .map(|event| event.name)
            .collect();
        assert_eq!(names, crate::event::outcome::SIGN_INS);
    }

    #[test]
    fn names_people_write_lead_to_the_names_that_are_logged() {
        let lambda = rename("lambda.amazonaws.com", "AddPermission").unwrap();
        assert_eq!(lambda.names, [("lambda.amazonaws.com", "AddPermission20150331v2")]);
        assert_eq!(lambda.mode, RenameMode::Instead);
        let s3 = rename("s3.amazonaws.com", "PutPublicAccessBlock").unwrap();
        let names: Vec<&str> = s3.names.iter().map(|(_, name)| *name).collect();
        assert_eq!(names, ["PutAccountPublicAccessBlock", "PutBucketPublicAccessBlock"]);
        let cloudfront = rename("cloudfront.amazonaws.com", "AssociateAlias").unwrap();
        assert_eq!(cloudfront.mode, RenameMode::Also);
        assert_eq!(rename("ec2.amazonaws.com", "AddPermission"), None);
    }

    #[test]
    fn every_name_that_a_rename_leads_to_is_in_the_catalogue() {
        for (source, written, names, _) in RENAMES {
            for (logged, name) in *names {
                assert!(find(logged, name).is_some(), "{source} {written} -> {logged} {name}");
            }
        }
    }
}
