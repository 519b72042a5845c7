//! From the blueprint as typed to one that is valid by construction, collecting every problem.
//!
//! Each part is judged even when another is wrong; a [`Blueprint`] comes out only when all are
//! right.

mod accounts;
mod alerts;
mod destinations;
mod events;
mod grounds;
mod heal;
mod hub;
mod landings;
mod regions;
pub(super) mod syntax;
mod tags;
mod trail;
mod zone;

pub(super) use events::{Resolved, events_named};

use super::raw::{RawAlert, RawBlueprint, RawCondition, RawRegion, RawRegions, RawRoute};
use super::reader::{Spanned, list};
use super::{
    Alert, Blueprint, Deploy, Destination, FORMAT_VERSION, RegionException, Regions, Risk,
};
use crate::catalogue::{is_region, nearest};
use crate::codes;
use crate::diag::{Code, Diagnostic, Span};
use crate::record::Part;
use crate::scope::{Partition, Region};
use eventbridge_pattern::{Filter, Matcher};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
pub(super) use syntax::{https_url, regional_arn};

/// Longest blueprint name, in characters: with an alert's id it fits into a rule's name.
pub const NAME_MAX_CHARS: usize = 20;

/// A blueprint, with what lints need beside it.
#[derive(Debug)]
pub(super) struct Checked {
    pub blueprint: Blueprint,
    /// Codes silenced everywhere.
    pub allow: BTreeSet<Code>,
    /// Where `regions:` lists them.
    pub regions: Option<Span>,
    /// Where `routes:` begins, unless it says nothing.
    pub routes: Option<Span>,
    /// One for each alert, in the same order.
    pub alerts: Vec<AlertNotes>,
}

/// What the typed alert said that its valid form does not hold.
#[derive(Debug, Default)]
pub(super) struct AlertNotes {
    /// Codes silenced for this alert.
    pub allow: BTreeSet<Code>,
    /// Each event with where it stands.
    pub events: Vec<Resolved>,
    /// The condition asks for root and nobody else.
    pub only_root: bool,
    /// Where the conditions of `where:` stand.
    pub filter: Vec<RawCondition>,
    /// The same of each exception.
    pub except: Vec<Vec<RawCondition>>,
}

impl AlertNotes {
    /// Where a condition stands: the operator, where it is written as such a one, else the path.
    pub fn place(&self, part: Part, path: &str, operator: Option<&Matcher>) -> Option<&Span> {
        let conditions = match part {
            Part::Where => &self.filter,
            Part::Except(number) => self.except.get(number)?,
        };
        let written = |value: &serde_json::Value| {
            let read = Filter::parse(&serde_json::json!({ "x": [value] }));
            matches!(read, Ok(Filter::Field { matchers, .. }) if matchers.first() == operator)
        };
        let here = || conditions.iter().filter(|condition| condition.path == path);
        let operators = || here().flat_map(|condition| &condition.operators);
        operators()
            .find(|one| operator.is_some() && written(&one.value))
            .map(|one| &one.span)
            .or_else(|| here().next().map(|condition| &condition.span))
    }
}

/// The result of validating a blueprint.
pub(super) enum Judged {
    Whole(Box<Checked>),
    /// Something cannot be used; these alerts can.
    Part(Vec<Alert>),
}

/// Judges a blueprint and the alerts that it includes.
pub(super) fn validate(
    raw: RawBlueprint,
    included: Vec<RawAlert>,
    out: &mut Vec<Diagnostic>,
) -> Judged {
    version(raw.version.as_ref(), out);
    regions::in_arns(&raw, out);
    let name = raw.name.as_ref().and_then(|name| {
        let help = format!(
            "use a-z, 0-9 and `-`, at most {NAME_MAX_CHARS} characters: it begins the names of rules and topics"
        );
        kebab_name(name, "the blueprint's name", NAME_MAX_CHARS, &help, out)
    });
    let listed = landings::list(raw.regions.as_ref());
    let regions = match raw.regions {
        Some(raw) => regions(raw, out),
        None => Some(Regions::Enabled { except: Vec::new() }),
    };
    let deploy = raw.deploy.as_ref().map(|written| deploy(written, out));
    let covered = accounts::Covered::of(raw.accounts.as_ref());
    let hub = raw.hub.map(|raw| hub::hub(raw, &covered, regions.as_ref(), out));
    let trail = raw.trail.map(|raw| {
        let organization_known = hub
            .as_ref()
            .is_some_and(|hub| hub.as_ref().is_none_or(|hub| hub.organization.is_some()));
        let fleet = trail::Fleet { covered: &covered, organization_known };
        trail::trail(raw, &fleet, regions.as_ref(), out)
    });
    let trust_trails: Vec<_> =
        raw.trust_trails.into_iter().map(|raw| trail::trust(raw, out)).collect();
    let tags = tags::tags(&raw.tags, out);
    let time_zone = raw.time_zone.as_ref().map(|written| zone::zone(written, out));
    let raising = match &hub {
        None => destinations::Raising::Everywhere(regions.as_ref()),
        Some(hub) => destinations::Raising::Hub(hub.as_ref().map(|hub| &hub.region)),
    };
    let destinations = destinations::destinations(raw.destinations, name.as_deref(), &raising, out);
    let names: Vec<&str> = destinations.iter().map(|(name, _)| name.as_str()).collect();
    let heal = raw.heal.map(|raw| {
        let whole = heal::Whole {
            name: name.as_deref(),
            trail: trail.as_ref().map(Option::as_ref),
            destinations: &destinations,
        };
        heal::heal(raw, &whole, out)
    });
    let first_route = raw.routes.first().map(|route| route.risk.span.clone());
    let routes = routes(&raw.routes, &names, out);
    let allow = allow(&raw.allow, out);

    let alert_ids: Vec<String> = included
        .iter()
        .chain(&raw.alerts)
        .filter_map(|alert| Some(alert.id.as_ref()?.value.clone()))
        .collect();
    let fleet = accounts::Context {
        alerts: &alert_ids,
        destinations: &names,
        partition: partition(regions.as_ref())
            .or_else(|| Some(hub.as_ref()?.as_ref()?.region.partition())),
    };
    let accounts = raw.accounts.map(|raw| accounts::accounts(raw, &fleet, out));
    let context = alerts::Context { destinations: &names, routes: &routes };
    let mut landings = landings::Landings::new(regions.as_ref(), listed.clone());
    let mut ids: BTreeMap<String, Span> = BTreeMap::new();
    let mut checked = Vec::new();
    for raw in included.into_iter().chain(raw.alerts) {
        if let Some(id) = &raw.id {
            match ids.get(&id.value) {
                Some(first) => {
                    let place = format!("{}:{}", first.file, first.line);
                    out.push(
                        Diagnostic::error(
                            codes::ID_REPEATED,
                            format!("the alert `{}` is defined twice", id.value),
                        )
                        .at(Some(id.span.clone()))
                        .label(format!("it is defined at {place} already"))
                        .help("choose another id, or `omit` the included one"),
                    );
                }
                None => {
                    ids.insert(id.value.clone(), id.span.clone());
                }
            }
        }
        checked.push(alerts::alert(raw, &context, &mut landings, out));
    }
    landings.tell(out);

    let destinations: Option<BTreeMap<String, Destination>> =
        destinations.into_iter().map(|(name, destination)| Some((name, destination?))).collect();
    let complete = checked.iter().all(Option::is_some);
    let (alerts, notes): (Vec<_>, Vec<_>) = checked.into_iter().flatten().unzip();
    let without_alerts = move || {
        Some(Blueprint {
            name: name?,
            deploy: match deploy {
                Some(deploy) => Some(deploy?),
                None => None,
            },
            accounts: match accounts {
                Some(accounts) => Some(accounts?),
                None => None,
            },
            regions: regions?,
            hub: match hub {
                Some(hub) => Some(hub?),
                None => None,
            },
            trail: match trail {
                Some(trail) => Some(trail?),
                None => None,
            },
            heal: match heal {
                Some(heal) => Some(heal?),
                None => None,
            },
            trust_trails: trust_trails.into_iter().collect::<Option<_>>()?,
            tags: tags?,
            time_zone: match time_zone {
                Some(zone) => Some(zone?),
                None => None,
            },
            destinations: destinations?,
            alerts: Vec::new(),
        })
    };
    match without_alerts() {
        Some(blueprint) if complete => {
            let blueprint = Blueprint { alerts, ..blueprint };
            Judged::Whole(Box::new(Checked {
                blueprint,
                allow,
                regions: listed,
                routes: first_route,
                alerts: notes,
            }))
        }
        _ => Judged::Part(alerts),
    }
}

/// Reads which engine makes the changes.
fn deploy(written: &Spanned<String>, out: &mut Vec<Diagnostic>) -> Option<Deploy> {
    let found = written.value.parse().ok();
    if found.is_none() {
        out.push(
            Diagnostic::error(
                codes::VALUE_UNKNOWN,
                format!("`{}` is no engine that changes are made with", written.value),
            )
            .at(Some(written.span.clone()))
            .help("write `stacksets` or `terraform`, or remove the key: `ctguard apply` makes the changes then"),
        );
    }
    found
}

/// Judges the version of a blueprint or an included file.
pub(super) fn version(version: Option<&Spanned<u64>>, out: &mut Vec<Diagnostic>) {
    if let Some(version) = version
        && version.value != u64::from(FORMAT_VERSION)
    {
        out.push(
            Diagnostic::error(
                codes::VERSION_UNSUPPORTED,
                format!("this program does not read version {}", version.value),
            )
            .at(Some(version.span.clone()))
            .help(format!("it reads version {FORMAT_VERSION}")),
        );
    }
}

fn regions(raw: RawRegions, out: &mut Vec<Diagnostic>) -> Option<Regions> {
    match raw {
        RawRegions::Unclear => None,
        RawRegions::Enabled { except } => {
            let mut kept = Vec::new();
            let mut valid = true;
            for exception in except {
                let region = exception.region.as_ref().and_then(|name| region(name, out));
                let until = date(exception.until.as_ref(), out);
                match (region, exception.reason, until) {
                    (Some(region), Some(reason), Ok(until)) => kept.push(RegionException {
                        region,
                        reason: reason.value,
                        until,
                        span: Some(exception.span),
                    }),
                    _ => valid = false,
                }
            }
            valid.then_some(Regions::Enabled { except: kept })
        }
        RawRegions::List(names, span) => {
            if names.is_empty() {
                out.push(
                    Diagnostic::error(codes::EMPTY_VALUE, "`regions` names no region")
                        .at(Some(span))
                        .help("list regions, or write `regions: enabled`"),
                );
                return None;
            }
            let mut kept: Vec<Region> = Vec::new();
            let mut valid = true;
            for written in &names {
                let Some(region) = region(written, out) else {
                    valid = false;
                    continue;
                };
                let problem = if kept.contains(&region) {
                    Some((format!("`{region}` is listed twice"), "list each region once"))
                } else if kept.first().is_some_and(|first| first.partition() != region.partition())
                {
                    Some((
                        format!(
                            "`{region}` is in another AWS partition than the regions before it"
                        ),
                        "accounts belong to one partition: write one blueprint for each",
                    ))
                } else {
                    None
                };
                if let Some((message, help)) = problem {
                    out.push(
                        Diagnostic::error(codes::REGION_INVALID, message)
                            .at(Some(written.name.span.clone()))
                            .help(help),
                    );
                    valid = false;
                }
                kept.push(region);
            }
            valid.then_some(Regions::List(kept))
        }
    }
}

/// Reads a region's name: one that the catalogue has, unless it is marked `unchecked`.
fn region(written: &RawRegion, out: &mut Vec<Diagnostic>) -> Option<Region> {
    let RawRegion { name, unchecked } = written;
    let Some(region) = Region::new(&name.value) else {
        out.push(
            Diagnostic::error(
                codes::REGION_INVALID,
                format!("`{}` is not a region name", name.value),
            )
            .at(Some(name.span.clone()))
            .help("write it as AWS does, such as `eu-west-1`"),
        );
        return None;
    };
    if *unchecked || is_region(&region) {
        return Some(region);
    }
    out.push(regions::unknown(&region, &name.span));
    None
}

/// The partition that the regions belong to, where they tell.
fn partition(regions: Option<&Regions>) -> Option<Partition> {
    match regions? {
        Regions::List(list) => list.first().map(Region::partition),
        Regions::Enabled { except } => except.first().map(|first| first.region.partition()),
    }
}

fn routes(
    raw: &[RawRoute],
    names: &[&str],
    out: &mut Vec<Diagnostic>,
) -> BTreeMap<Risk, Vec<String>> {
    let mut routes = BTreeMap::new();
    for route in raw {
        let known = references(&route.destinations, names, "routes", out);
        // Keys of another name were refused when the shape was read.
        if let Some(risk) = Risk::parse(&route.risk.value) {
            routes.insert(risk, known);
        }
    }
    routes
}

/// The destinations that are named and exist, sorted, without repeats.
fn references(
    written: &[Spanned<String>],
    names: &[&str],
    key: &str,
    out: &mut Vec<Diagnostic>,
) -> Vec<String> {
    let mut known = BTreeSet::new();
    for name in written {
        if names.contains(&name.value.as_str()) {
            known.insert(name.value.clone());
            continue;
        }
        let help = match nearest(&name.value, names.iter().copied()).first() {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if names.is_empty() => "define it under `destinations:`".to_owned(),
            None => format!("define it under `destinations:`, which has {}", list(names)),
        };
        out.push(
            Diagnostic::error(
                codes::REFERENCE_UNKNOWN,
                format!("`{key}` names a destination `{}` that is not defined", name.value),
            )
            .at(Some(name.span.clone()))
            .help(help),
        );
    }
    known.into_iter().collect()
}

/// The warnings that `allow:` silences.
fn allow(written: &[Spanned<String>], out: &mut Vec<Diagnostic>) -> BTreeSet<Code> {
    let lints = || codes::LINTS.iter().map(|code| code.as_str());
    let mut allowed = BTreeSet::new();
    for name in written {
        if let Some(code) = codes::LINTS.iter().find(|code| **code == *name.value) {
            allowed.insert(*code);
            continue;
        }
        let help = if codes::ERRORS.iter().any(|code| *code == *name.value) {
            "this is an error: only warnings can be silenced".to_owned()
        } else {
            match nearest(&name.value, lints()).first() {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("the warnings are {}", list(&lints().collect::<Vec<_>>())),
            }
        };
        out.push(
            Diagnostic::error(
                codes::ALLOW_UNKNOWN,
                format!("`{}` is not a warning of ctguard", name.value),
            )
            .at(Some(name.span.clone()))
            .help(help),
        );
    }
    allowed
}

/// A name made of a-z, 0-9 and inner hyphens.
fn kebab_name(
    name: &Spanned<String>,
    what: &str,
    max_chars: usize,
    help: &str,
    out: &mut Vec<Diagnostic>,
) -> Option<String> {
    let problem = syntax::kebab(&name.value, max_chars).err();
    if let Some(problem) = problem {
        out.push(
            Diagnostic::error(
                codes::NAME_INVALID,
                format!("`{}` cannot be {what}: {problem}", name.value),
            )
            .at(Some(name.span.clone()))
            .help(help),
        );
        return None;
    }
    Some(name.value.clone())
}

/// Reads an `until:`.
fn date(text: Option<&Spanned<String>>, out: &mut Vec<Diagnostic>) -> Result<Option<Date>, ()> {
    let Some(text) = text else { return Ok(None) };
    match syntax::date(&text.value) {
        Some(date) => Ok(Some(date)),
        None => {
            out.push(
                Diagnostic::error(codes::DATE_INVALID, format!("`{}` is not a date", text.value))
                    .at(Some(text.span.clone()))
                    .help("write the last day on which it holds, as `2027-01-31` (UTC)"),
            );
            Err(())
        }
    }
}

/// Text of one line, no longer than its place allows.
fn line(text: &Spanned<String>, what: &str, max_chars: usize, out: &mut Vec<Diagnostic>) {
    if text.value.contains(['\n', '\r']) {
        out.push(
            Diagnostic::error(codes::TEXT_INVALID, format!("`{what}` must be one line"))
                .at(Some(text.span.clone()))
                .help("shorten it; `why` and `next` may have several lines"),
        );
    }
    length(text, what, max_chars, out);
}

fn length(text: &Spanned<String>, what: &str, max_chars: usize, out: &mut Vec<Diagnostic>) {
    let chars = text.value.chars().count();
    if chars > max_chars {
        out.push(
            Diagnostic::error(
                codes::TEXT_INVALID,
                format!("`{what}` has {chars} characters, more than {max_chars}"),
            )
            .at(Some(text.span.clone()))
            .help("shorten it: it travels in every message"),
        );
    }
}
