//! Holds the conditions of an alert against the model.
//!
//! ```text
//!  condition ──► place of its path ──► in no event: path-unknown
//!            └─► each operator, in every scenario ──► in none: value-never
//!  alternatives × scenarios, event by event ──► all conditions in one scenario, or: never-fires
//! ```

use super::doubt::doubt;
use super::except::{self, Leaves};
use super::fit::fits;
use super::scenario::{Place, Possible, SCENARIOS, Scenario, Subject, place, possible};
use super::suggest::suggest;
use super::words;
use crate::catalogue;
use crate::codes;
use crate::codes::Code;
use crate::event::{EVERY_SOURCE, EventRef};
use eventbridge_pattern::{Excluded, Filter, Matcher};

/// Most alternatives of a condition that are looked at.
pub(super) const ALTERNATIVES_MAX: usize = 500;

/// What an alert asks for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub events: &'a [EventRef],
    /// Paths begin below `detail`.
    pub filter: Option<&'a Filter>,
    /// Only calls that failed, or only those that did not.
    pub failed: Option<bool>,
    pub except: &'a [&'a Filter],
}

/// Which condition a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    Where,
    /// The exception with this number, from 0.
    Except(usize),
}

/// Something that no record can have.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// `path-unknown`, `value-never` or `never-fires`.
    pub code: Code,
    /// AWS's pages exclude it; otherwise it is most unlikely.
    pub sure: bool,
    pub part: Part,
    /// The path of the condition.
    pub path: String,
    /// The operator, where it is one among several.
    pub matcher: Option<Matcher>,
    /// A sentence without its final full stop.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

/// Whether an event can raise the alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fires {
    /// The model has a record that does.
    Yes,
    /// The model does not know enough; why.
    Unknown(String),
    /// No record does; why.
    Never(String),
}

impl Fires {
    /// From best to worst.
    fn rank(&self) -> u8 {
        match self {
            Self::Yes => 0,
            Self::Unknown(_) => 1,
            Self::Never(_) => 2,
        }
    }
}

/// Whether both stand for one event that is asked for, which may be of several kinds.
fn is_same(one: &EventRef, other: &EventRef) -> bool {
    (&one.source, &one.name) == (&other.source, &other.name)
}

/// The verdict on an alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    pub findings: Vec<Finding>,
    /// One for each event, in the order in which they were asked for.
    pub events: Vec<Fires>,
}

/// Judges what an alert asks for.
pub fn check(asked: &Asked<'_>) -> Verdict {
    let subjects: Vec<Subject> = asked.events.iter().map(Subject::of).collect();
    let mut judge = Judge { events: asked.events, subjects: &subjects, findings: Vec::new() };
    let nothing = Filter::All(Vec::new());
    let filter = asked.filter.unwrap_or(&nothing);
    judge.leaves(filter, Part::Where);
    let mut events = judge.alternatives(filter, asked.failed, Part::Where);
    for (number, exception) in asked.except.iter().enumerate() {
        judge.leaves(exception, Part::Except(number));
        judge.alternatives(exception, None, Part::Except(number));
        let left = except::leaves(&subjects, filter, asked.failed, exception);
        judge.exception(&left.unwrap_or_default(), exception, number, &mut events);
    }
    Verdict { findings: judge.findings, events }
}

/// Scenarios as a set.
pub(super) type Mask = u32;

const _: () = assert!(SCENARIOS <= Mask::BITS as usize);

struct Judge<'a> {
    events: &'a [EventRef],
    subjects: &'a [Subject],
    findings: Vec<Finding>,
}

/// A condition on one path.
pub(super) type Leaf<'f> = (&'f str, &'f [Matcher]);

/// The scenarios in which conditions can hold: all of them, and those that AWS's pages do not exclude.
#[derive(Clone, Copy)]
pub(super) struct Masks {
    pub wide: Mask,
    pub strict: Mask,
}

impl Masks {
    fn and(self, other: Self) -> Self {
        Self { wide: self.wide & other.wide, strict: self.strict & other.strict }
    }
}

impl<'a> Judge<'a> {
    /// Judges each condition by itself.
    fn leaves(&mut self, filter: &Filter, part: Part) {
        let mut seen: Vec<Leaf<'_>> = Vec::new();
        collect(filter, &mut seen);
        for (number, leaf) in seen.iter().enumerate() {
            if !seen[..number].contains(leaf) {
                self.leaf(*leaf, part);
            }
        }
    }

    fn leaf(&mut self, (path, matchers): Leaf<'_>, part: Part) {
        let missing = |subject: &&Subject| matches!(place(path, subject), Place::Missing { .. });
        let there: Vec<&Subject> = self.subjects.iter().filter(|one| !missing(one)).collect();
        if there.is_empty() {
            if self.subjects.is_empty()
                || matchers.iter().all(Matcher::accepts_absent) && !self.like(path)
            {
                return;
            }
            self.unknown(path, part);
            return;
        }
        for matcher in matchers {
            let holds = |strict: bool| {
                there.iter().any(|subject| {
                    let place = place(path, subject);
                    Scenario::all(strict)
                        .any(|(_, one)| fits(&possible(place, subject, one), matcher))
                })
            };
            let finding = |sure| {
                let (message, help) = words::never(path, matcher, &there);
                Finding {
                    code: codes::VALUE_NEVER,
                    sure,
                    part,
                    path: path.to_owned(),
                    matcher: Some(matcher.clone()),
                    message,
                    help,
                }
            };
            let doubts = || -> Option<Vec<_>> {
                there.iter().map(|subject| doubt(path, matcher, subject)).collect()
            };
            if !holds(false) {
                self.findings.push(finding(true));
            } else if let Some(odd) = doubts().and_then(|all| all.into_iter().next()) {
                let (message, help) = (odd.message, odd.help);
                self.findings.push(Finding { message, help, ..finding(false) });
            } else if !holds(true) {
                self.findings.push(finding(false));
            } else if let Matcher::AnythingBut(excluded) = matcher {
                self.excluded(path, matcher, excluded, &there, part);
            }
        }
    }

    /// Whether a path that nothing has looks like one that is meant.
    fn like(&self, path: &str) -> bool {
        suggest(path, self.subjects).is_some_and(|one| one.close)
    }

    fn unknown(&mut self, path: &str, part: Part) {
        let sure =
            |subject: &Subject| matches!(place(path, subject), Place::Missing { sure: true });
        let suggestion = suggest(path, self.subjects);
        let close = suggestion.as_ref().is_some_and(|one| one.close);
        // A family has events that are not modelled.
        let of_new = path.starts_with("requestParameters.")
            && self.subjects.iter().any(|subject| subject.family.is_some());
        self.findings.push(Finding {
            code: codes::PATH_UNKNOWN,
            sure: close && !of_new || self.subjects.iter().all(sure),
            part,
            path: path.to_owned(),
            matcher: None,
            message: words::no_record(path, self.events),
            help: words::without_response(path, self.events, self.subjects)
                .unwrap_or_else(|| words::instead_of_path(path, suggestion)),
        });
    }

    /// Values that are left out and that a field never has: nothing is left out by them.
    fn excluded(
        &mut self,
        path: &str,
        matcher: &Matcher,
        excluded: &Excluded,
        there: &[&Subject],
        part: Part,
    ) {
        let Excluded::Values(values) = excluded else { return };
        for value in values {
            let one = Matcher::Exact(value.clone());
            let ever = there.iter().any(|subject| {
                let place = place(path, subject);
                Scenario::all(false)
                    .any(|(_, scenario)| fits(&possible(place, subject, scenario), &one))
            });
            if !ever {
                let (message, help) = words::never(path, &one, there);
                self.findings.push(Finding {
                    code: codes::VALUE_NEVER,
                    sure: false,
                    part,
                    path: path.to_owned(),
                    matcher: Some(matcher.clone()),
                    message: format!("{message}, so that leaving it out changes nothing"),
                    help,
                });
            }
        }
    }

    /// Judges the conditions together, event by event.
    fn alternatives(&mut self, filter: &Filter, failed: Option<bool>, part: Part) -> Vec<Fires> {
        let all = match filter.alternatives(ALTERNATIVES_MAX) {
            all if all.is_empty() => vec![Vec::new()],
            all => all,
        };
        let complete = filter.combinations() <= ALTERNATIVES_MAX;
        let leaves = all.iter().flatten().copied();
        let told: Vec<(Leaf<'_>, bool)> =
            leaves.filter_map(|leaf| Some((leaf, self.is_told(leaf, part)?))).collect();
        let slips: Vec<String> = self.slips(part);
        let judged: Vec<Judged<'_>> =
            self.subjects.iter().map(|subject| judged(subject, &all, failed, &slips)).collect();
        if complete {
            self.dead(&judged, &told, part);
            self.dead_alternatives(&all, &judged, &told, part);
        }
        let of_event =
            |(event, judged): (&EventRef, &Judged<'_>)| self.fires(event, judged, complete, part);
        let each: Vec<Fires> = self.events.iter().zip(&judged).map(of_event).collect();
        // An event of several kinds fires when it does as one of them.
        let best = |event: &EventRef| {
            let same = self.events.iter().zip(&each).filter(|(one, _)| is_same(one, event));
            same.map(|(_, fires)| fires).min_by_key(|fires| fires.rank())
        };
        self.events.iter().map(|event| best(event).cloned().unwrap_or(Fires::Yes)).collect()
    }

    /// The paths that are surely meant for others.
    fn slips(&self, part: Part) -> Vec<String> {
        let slips = self.findings.iter().filter(|finding| {
            finding.part == part && finding.sure && finding.code == codes::PATH_UNKNOWN
        });
        slips.map(|finding| finding.path.clone()).collect()
    }

    /// Whether a condition that is reported as one that can never hold surely is; none where it is
    /// not reported.
    fn is_told(&self, (path, matchers): Leaf<'_>, part: Part) -> Option<bool> {
        let about = |finding: &&Finding| finding.part == part && finding.path == path;
        let findings: Vec<&Finding> = self.findings.iter().filter(about).collect();
        if let Some(unknown) = findings.iter().find(|one| one.code == codes::PATH_UNKNOWN) {
            return Some(unknown.sure);
        }
        let never = |matcher: &Matcher| {
            findings.iter().find(|finding| finding.matcher.as_ref() == Some(matcher))
        };
        let told: Option<Vec<bool>> =
            matchers.iter().map(|matcher| Some(never(matcher)?.sure)).collect();
        told.map(|sure| sure.into_iter().all(|sure| sure))
    }

    /// Reports the events of which no record satisfies the conditions, unless a condition that is reported explains it.
    fn dead(&mut self, all: &[Judged<'_>], told: &[(Leaf<'_>, bool)], part: Part) {
        let mut found: Vec<(Blame<'_>, bool, Vec<&EventRef>)> = Vec::new();
        for (event, judged) in self.events.iter().zip(all) {
            let sure = judged.ways.iter().all(|way| way.masks.wide == 0);
            let dead = self.events.iter().zip(all).all(|(other, judged)| {
                !is_same(event, other) || judged.ways.iter().all(|way| way.masks.strict == 0)
            });
            // What is only unlikely does not explain what cannot be.
            let explains =
                |leaf: &Leaf<'_>| told.iter().any(|(one, of)| one == leaf && (*of || !sure));
            let explained = |way: &Way<'_>| way.leaves.iter().any(explains);
            if !dead || judged.ways.iter().all(explained) {
                continue;
            }
            let Some(way) = judged.ways.iter().find(|way| !explained(way)) else { continue };
            let blame = way.blame(sure);
            match found
                .iter_mut()
                .find(|(other, other_sure, _)| *other == blame && *other_sure == sure)
            {
                Some((.., events)) => events.push(event),
                None => found.push((blame, sure, vec![event])),
            }
        }
        for (blame, sure, events) in found {
            let whole = events.len() == self.events.len();
            let (message, help) =
                words::contradiction(&blame.0, blame.1, &events, whole, self.subjects, part);
            let path = blame.0.first().map(|(path, _)| (*path).to_owned()).unwrap_or_default();
            self.findings.push(Finding {
                code: codes::NEVER_FIRES,
                sure,
                part,
                path,
                matcher: None,
                message,
                help,
            });
        }
    }

    /// Reports alternatives of `$or` that no record satisfies, where others can be.
    fn dead_alternatives(
        &mut self,
        all: &[Vec<Leaf<'_>>],
        judged: &[Judged<'_>],
        told: &[(Leaf<'_>, bool)],
        part: Part,
    ) {
        let alive = |number: usize| {
            judged.iter().any(|one| one.ways.get(number).is_some_and(|way| way.masks.strict != 0))
        };
        if all.len() < 2 || !(0..all.len()).any(alive) {
            return;
        }
        let lives = |leaf: &Leaf<'_>| {
            all.iter()
                .enumerate()
                .any(|(number, way)| alive(number) && way.iter().any(|one| same(one, leaf)))
        };
        let mut blamed: Vec<Blame<'_>> = Vec::new();
        for number in (0..all.len()).filter(|number| !alive(*number)) {
            let way = &all[number];
            if way.iter().all(lives)
                || way.iter().any(|leaf| told.iter().any(|(one, _)| one == leaf))
            {
                continue;
            }
            let Some(first) = judged.first().and_then(|one| one.ways.get(number)) else { continue };
            let sure = judged
                .iter()
                .all(|one| one.ways.get(number).is_some_and(|way| way.masks.wide == 0));
            let blame = first.blame(sure);
            if blamed.contains(&blame) {
                continue;
            }
            let (message, help) = words::dead_alternative(&blame.0, blame.1, self.subjects);
            let path = blame.0.first().map(|(path, _)| (*path).to_owned()).unwrap_or_default();
            self.findings.push(Finding {
                code: codes::NEVER_FIRES,
                sure,
                part,
                path,
                matcher: None,
                message,
                help,
            });
            blamed.push(blame);
        }
    }

    /// Reports an exception that leaves nothing of the alert, or takes nothing from it.
    fn exception(
        &mut self,
        left: &[Leaves],
        exception: &Filter,
        number: usize,
        fires: &mut [Fires],
    ) {
        let part = Part::Except(number);
        let told = self.findings.iter().any(|one| one.part == part || one.part == Part::Where);
        let of_event = |event: &EventRef| {
            let same = self.events.iter().zip(left).filter(|(one, _)| is_same(one, event));
            same.map(|(_, leaves)| *leaves).collect::<Vec<_>>()
        };
        let mut hidden: Vec<(&EventRef, bool)> = Vec::new();
        for (event, fires) in self.events.iter().zip(fires) {
            let leaves = of_event(event);
            let nothing = |one: &Leaves| matches!(one, Leaves::Nothing { .. });
            if leaves.is_empty() || !leaves.iter().all(nothing) {
                continue;
            }
            let sure = leaves.iter().all(|one| *one == Leaves::Nothing { sure: true });
            let why = format!("an exception takes every record of `{}`", event.short());
            match sure {
                true => *fires = Fires::Never(why),
                false if *fires == Fires::Yes => *fires = Fires::Unknown(why),
                false => {}
            }
            hidden.push((event, sure));
        }
        let (message, help, sure) = if !hidden.is_empty() {
            let events: Vec<&EventRef> = hidden.iter().map(|(event, _)| *event).collect();
            let (message, help) = words::leaves_nothing(&events);
            (message, help, hidden.iter().all(|(_, sure)| *sure))
        } else if !left.is_empty() && left.iter().all(|one| *one == Leaves::All) && !told {
            let (message, help) = words::hides_nothing();
            (message, help, false)
        } else {
            return;
        };
        let path = exception.paths().first().map(|path| (*path).to_owned()).unwrap_or_default();
        let matcher = None;
        let code = codes::NEVER_FIRES;
        self.findings.push(Finding { code, sure, part, path, matcher, message, help });
    }

    fn fires(&self, event: &EventRef, judged: &Judged<'_>, complete: bool, part: Part) -> Fires {
        let sure = judged.ways.iter().all(|way| way.masks.wide == 0);
        if complete && sure {
            let blamed = judged.ways.first().map(|way| way.blame(true).0).unwrap_or_default();
            let about = |finding: &&Finding| {
                finding.part == part
                    && finding.sure
                    && blamed.iter().any(|(path, _)| *path == finding.path)
            };
            let why = self.findings.iter().find(about);
            return Fires::Never(why.map_or_else(
                || format!("no record of `{}` satisfies the conditions", event.short()),
                |finding| finding.message.clone(),
            ));
        }
        let alive: Vec<&Way<'_>> = judged.ways.iter().filter(|way| way.masks.strict != 0).collect();
        let known = match event.is_family() {
            true => event.source == EVERY_SOURCE || catalogue::members(event) > 0,
            false => catalogue::find(&event.source, &event.name).is_some(),
        };
        if !known {
            return Fires::Unknown(format!("the catalogue does not know `{}`", event.short()));
        }
        if alive.iter().any(|way| way.open.is_empty()) {
            return Fires::Yes;
        }
        match alive.first().and_then(|way| way.open.first()) {
            Some(path) => Fires::Unknown(format!(
                "the model of records does not know whether `{}` has `{path}`",
                event.short()
            )),
            None => {
                let doubt = self.findings.iter().find(|one| one.part == part);
                Fires::Unknown(doubt.map_or_else(String::new, |finding| finding.message.clone()))
            }
        }
    }
}

/// The conditions that exclude each other, and whether the outcome does, too.
type Blame<'f> = (Vec<Leaf<'f>>, bool);

/// One alternative, held against the records of one event.
pub(super) struct Way<'f> {
    leaves: Vec<Leaf<'f>>,
    each: Vec<Masks>,
    asked: Mask,
    pub masks: Masks,
    /// Paths that the model does not know.
    open: Vec<&'f str>,
}

pub(super) struct Judged<'f> {
    pub ways: Vec<Way<'f>>,
}

pub(super) fn judged<'f>(
    subject: &Subject,
    all: &[Vec<Leaf<'f>>],
    failed: Option<bool>,
    slips: &[String],
) -> Judged<'f> {
    let asked = Scenario::all(false)
        .filter(|(_, one)| failed.is_none_or(|failed| one.failed == failed))
        .fold(0, |mask, (number, _)| mask | 1 << number);
    let way = |leaves: &Vec<Leaf<'f>>| {
        let each: Vec<Masks> = leaves.iter().map(|leaf| masks(*leaf, subject, slips)).collect();
        let start = Masks { wide: asked, strict: asked };
        let masks = each.iter().fold(start, |masks, one| masks.and(*one));
        let open = leaves.iter().map(|(path, _)| *path);
        let open = open.filter(|path| matches!(place(path, subject), Place::Open)).collect();
        Way { leaves: leaves.clone(), each, asked, masks, open }
    };
    Judged { ways: all.iter().map(way).collect() }
}

impl<'f> Way<'f> {
    /// The fewest conditions that together hold in no scenario.
    fn blame(&self, sure: bool) -> Blame<'f> {
        let mask = |masks: &Masks| if sure { masks.wide } else { masks.strict };
        let each: Vec<Mask> = self.each.iter().map(mask).collect();
        for with_outcome in [false, true] {
            let start = if with_outcome { self.asked } else { Mask::MAX };
            for (one, a) in each.iter().enumerate() {
                if a & start == 0 {
                    return (vec![self.leaves[one]], with_outcome);
                }
            }
            for (one, a) in each.iter().enumerate() {
                for (two, b) in each.iter().enumerate().skip(one + 1) {
                    if a & b & start == 0 {
                        return (vec![self.leaves[one], self.leaves[two]], with_outcome);
                    }
                }
            }
        }
        (self.leaves.clone(), true)
    }
}

fn masks((path, matchers): Leaf<'_>, subject: &Subject, slips: &[String]) -> Masks {
    let place = place(path, subject);
    let doubtful = |matcher: &&Matcher| doubt(path, matcher, subject).is_some();
    let likely: Vec<&Matcher> = matchers.iter().filter(|one| !doubtful(one)).collect();
    let mask = |strict: bool| {
        // Most fields are alike in all scenarios.
        let mut known: Vec<(Possible, bool)> = Vec::new();
        let fitting = Scenario::all(strict).filter(|(_, scenario)| {
            let possible = possible(place, subject, *scenario);
            if let Some((_, fits)) = known.iter().find(|(one, _)| *one == possible) {
                return *fits;
            }
            let fits = match strict {
                true => likely.iter().any(|matcher| fits(&possible, matcher)),
                false => matchers.iter().any(|matcher| fits(&possible, matcher)),
            };
            known.push((possible, fits));
            fits
        });
        let fitting: Vec<(usize, Scenario)> = fitting.collect();
        let fitting = fitting.into_iter();
        fitting.fold(0, |mask, (number, _)| mask | 1 << number)
    };
    // A path that AWS may have added is missing only as far as is known.
    let new =
        matches!(place, Place::Missing { sure: false }) && !slips.iter().any(|slip| slip == path);
    Masks { wide: if new { Mask::MAX } else { mask(false) }, strict: mask(true) }
}

fn collect<'f>(filter: &'f Filter, leaves: &mut Vec<Leaf<'f>>) {
    match filter {
        Filter::All(members) | Filter::Any(members) => {
            members.iter().for_each(|member| collect(member, leaves));
        }
        Filter::Field { path, matchers } => leaves.push((path, matchers)),
    }
}

/// Whether it is the same condition at the same place.
fn same(one: &Leaf<'_>, other: &Leaf<'_>) -> bool {
    std::ptr::eq(one.1, other.1)
}
