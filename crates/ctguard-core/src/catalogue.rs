//! The CloudTrail event catalogue: which events exist, under which source, of which kind, read-only
//! or not, and where they land.
//!
//! The data is `catalogue/events.tsv` and `renames.tsv`, laid out by `build.rs` as sorted text, so
//! a lookup is two binary searches and nothing is parsed when the program starts. Being listed
//! means "this name can exist"; new calls appear daily, so a blueprint can override an unknown
//! name.

mod suggest;

pub(crate) use suggest::nearest;
pub use suggest::suggest;

use crate::event::Landing;
use crate::event::{self, EventRef};
use crate::event::{Access, EventKind};

/// Event source, region column, events as sorted lines `name flag`.
static SOURCES: &[(&str, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/sources.rs"));

/// Event source, name as written, names as logged, whether the written one is logged too; sorted.
static RENAMES: &[(&str, &str, &[&str], bool)] = include!(concat!(env!("OUT_DIR"), "/renames.rs"));

/// An event that CloudTrail writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CatalogueEvent {
    /// `detail.eventSource`, such as `ec2.amazonaws.com`.
    pub source: &'static str,
    /// `detail.eventName`, case-sensitive.
    pub name: &'static str,
    pub kind: EventKind,
    pub access: Access,
    pub landing: Landing,
}

impl CatalogueEvent {
    /// As users write it: `ec2:CreateRoute`.
    pub fn short(&self) -> String {
        event::short(self.source, self.name)
    }

    /// The event as a blueprint holds it.
    pub fn to_ref(&self) -> EventRef {
        EventRef {
            source: self.source.to_owned(),
            name: self.name.to_owned(),
            kind: self.kind,
            access: self.access,
            landing: self.landing,
        }
    }
}

/// The events that CloudTrail logs for the name of an API call or IAM action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rename {
    /// The names that are logged; not empty.
    pub names: &'static [&'static str],
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

/// Says where the events of a source land; the region of the call for a source that is not listed.
pub fn landing_of_source(source: &str) -> Landing {
    row_of(source).map_or(Landing::CallRegion, |row| Landing::read(row.0, row.1))
}

/// Whether any event of this source is listed.
pub fn knows_source(source: &str) -> bool {
    row_of(source).is_some()
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
    let (name, flag) = line.rsplit_once(' ')?;
    let flag = flag.chars().next()?;
    let kind = match flag.to_ascii_lowercase() {
        'd' => EventKind::Data,
        'l' => EventKind::Signin,
        'c' => EventKind::Console,
        's' => EventKind::Service,
        _ => EventKind::Api,
    };
    let access = if flag.is_ascii_uppercase() { Access::Write } else { Access::Read };
    Some(CatalogueEvent { source, name, kind, access, landing: Landing::read(source, region) })
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
            let access = if columns[2] == "R" { Access::Read } else { Access::Write };
            assert_eq!(event.access, access, "{line}");
            let kind = serde_json::to_value(event.kind).unwrap();
            assert_eq!(kind, columns[3], "{line}");
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
        assert_eq!((event.kind, event.access), (EventKind::Signin, Access::Write));
        assert_eq!(event.landing, Landing::SignIn);
    }

    #[test]
    fn names_people_write_lead_to_the_names_that_are_logged() {
        let lambda = rename("lambda.amazonaws.com", "AddPermission").unwrap();
        assert_eq!(lambda.names, ["AddPermission20150331v2"]);
        assert_eq!(lambda.mode, RenameMode::Instead);
        let s3 = rename("s3.amazonaws.com", "PutPublicAccessBlock").unwrap();
        assert_eq!(s3.names, ["PutAccountPublicAccessBlock", "PutBucketPublicAccessBlock"]);
        let cloudfront = rename("cloudfront.amazonaws.com", "AssociateAlias").unwrap();
        assert_eq!(cloudfront.mode, RenameMode::Also);
        assert_eq!(rename("ec2.amazonaws.com", "AddPermission"), None);
    }

    #[test]
    fn every_name_that_a_rename_leads_to_is_in_the_catalogue() {
        for (source, written, names, _) in RENAMES {
            for name in *names {
                assert!(find(source, name).is_some(), "{source} {written} -> {name}");
            }
        }
    }
}
