//! What a blueprint's alerts serve: a table of frameworks, and each control or technique of some.

use super::{Paint, wrap};
use ctguard_core::coverage::{ATTACK_VERSION, Coverage, Missing, Reason, Served, State, Unwatched};
use ctguard_core::plural::count;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

/// Most events that a line names before it only counts.
const EVENTS_SHOWN: usize = 6;

/// What is said of scanners below the CIS benchmark.
const SCANNERS: &str = "Scanners that look for metric filters (Security Hub's CloudWatch.1 to \
    CloudWatch.14, Prowler's cloudwatch_log_metric_filter_*) still fail these controls: they look \
    for a filter and an alarm on a log group, and not for rules. docs/coverage.md says how to mute \
    them.";

/// Which frameworks are shown control by control.
#[derive(Debug, Clone, Copy)]
pub enum Narrow<'a> {
    /// None: one line a framework.
    Summary,
    All,
    To(&'a [String]),
}

impl Narrow<'_> {
    fn shows(self, name: &str) -> bool {
        match self {
            Self::Summary => false,
            Self::All => true,
            Self::To(names) => names.iter().any(|one| one == name),
        }
    }
}

/// One framework, or the techniques, under its name.
fn groups(coverage: &Coverage) -> impl Iterator<Item = (&str, &[Served])> {
    let frameworks = coverage.frameworks.iter();
    frameworks
        .map(|one| (one.name.as_str(), one.controls.as_slice()))
        .chain([("attack", coverage.techniques.as_slice())])
}

fn title(name: &str) -> String {
    match name {
        "attack" => format!("ATT&CK v{ATTACK_VERSION} (attack)"),
        name => name.to_owned(),
    }
}

fn counted(all: &[Served], state: State) -> usize {
    all.iter().filter(|one| one.state == state).count()
}

const STATES: [State; 4] = [State::Covered, State::Partly, State::None, State::Named];

/// As people read it.
pub fn render(coverage: &Coverage, narrow: Narrow<'_>, paint: Paint) -> String {
    let mut text = String::new();
    let widest = groups(coverage).map(|(name, _)| title(name).width()).max().unwrap_or_default();
    let head: Vec<String> = STATES.iter().map(|state| format!("{:>8}", state.as_str())).collect();
    let line = format!("{:<widest$}{}", "", head.concat());
    let _ = writeln!(text, "{}", paint.head(line));
    for (name, all) in groups(coverage) {
        let cells: Vec<String> =
            STATES.iter().map(|state| format!("{:>8}", counted(all, *state))).collect();
        let _ = writeln!(text, "{:<widest$}{}", title(name), cells.concat());
    }
    for (name, all) in groups(coverage).filter(|(name, _)| narrow.shows(name)) {
        let _ = writeln!(text, "\n{}", paint.head(title(name)));
        all.iter().for_each(|served| one(&mut text, served, paint));
        if name.starts_with("cis-") {
            let _ = writeln!(text, "\n  {SCANNERS}");
        }
    }
    if matches!(narrow, Narrow::Summary) {
        let _ = writeln!(text, "\n--framework NAME shows each control, --all everything.");
    }
    for remark in &coverage.remarks {
        let _ = writeln!(text, "\n{remark}");
    }
    wrap::fit(&text, paint.width)
}

fn one(text: &mut String, served: &Served, paint: Paint) {
    let word = format!("{:<8}", served.state.as_str());
    let word = match served.state {
        State::Covered => paint.good(word),
        State::Partly => paint.warn(word),
        State::None => paint.bad(word),
        State::Named => paint.dim(word),
    };
    let title = served.title.as_deref().unwrap_or_default();
    let events = match served.events {
        0 => String::new(),
        all => format!("  {} of {}", served.heard, count(all, "event")),
    };
    let line = format!("  {word} {:<10} {title}{events}", served.id);
    let _ = writeln!(text, "{}", line.trim_end());
    if served.state == State::Named {
        let _ = writeln!(text, "      named by {}", served.alerts.join(", "));
    }
    for why in whys(served) {
        let _ = writeln!(text, "      {why}");
    }
}

/// Everything that is said of why it is not covered.
fn whys(served: &Served) -> Vec<String> {
    let nothing = served.unwatched.map(|why| match why {
        Unwatched::NoBuiltin => "no built-in alert watches for it",
        Unwatched::NotInCloudtrail => "CloudTrail has no event of it",
    });
    let missing = reasons(&served.missing).into_iter();
    nothing.map(str::to_owned).into_iter().chain(missing).collect()
}

/// What is missing: a line for each reason and set of alerts.
fn reasons(missing: &[Missing]) -> Vec<String> {
    let mut by: BTreeMap<(Reason, &[String]), Vec<&str>> = BTreeMap::new();
    for one in missing {
        by.entry((one.reason, &one.alerts)).or_default().push(&one.event);
    }
    let line = |((reason, alerts), mut events): ((Reason, &[String]), Vec<&str>)| {
        events.sort_unstable();
        events.dedup();
        let more = events.len().saturating_sub(EVENTS_SHOWN);
        events.truncate(EVENTS_SHOWN);
        let mut names = events.join(", ");
        if more > 0 {
            let _ = write!(names, " and {more} more");
        }
        let alerts = alerts.join(", ");
        match reason {
            Reason::NoAlert => format!("no alert has {names}"),
            Reason::NeverFires => format!("conditions of {alerts} can never hold for {names}"),
            Reason::NoRegion => format!("in no covered region lands {names}"),
            Reason::NobodyNotified => format!("nobody is notified of {names} ({alerts})"),
            Reason::Exception => format!("exceptions of {alerts} leave out some of {names}"),
            Reason::Condition => format!("conditions of {alerts} may leave out some of {names}"),
        }
    };
    by.into_iter().map(line).collect()
}

/// A layer for the ATT&CK Navigator: 100 for covered, 50 for partly, 0 for not.
///
/// Source: <https://github.com/mitre-attack/attack-navigator/blob/master/layers/LAYERFORMATv4_5.md>
pub fn layer(coverage: &Coverage) -> Value {
    let technique = |served: &Served| {
        let score = match served.state {
            State::Covered => 100,
            State::Partly | State::Named => 50,
            State::None => 0,
        };
        let mut said = vec![match served.events {
            0 => served.state.as_str().to_owned(),
            all => {
                format!("{}: {} of {}", served.state.as_str(), served.heard, count(all, "event"))
            }
        }];
        if !served.alerts.is_empty() {
            said.push(format!("alerts: {}", served.alerts.join(", ")));
        }
        said.extend(whys(served));
        json!({
            "techniqueID": served.id,
            "score": score,
            "comment": said.join("\n"),
            "enabled": true,
            "showSubtechniques": true,
        })
    };
    json!({
        "name": format!("ctguard {}", coverage.blueprint),
        "versions": { "attack": ATTACK_VERSION, "layer": "4.5" },
        "domain": "enterprise-attack",
        "description": "Techniques of the matrix for clouds (IaaS) that the alerts of the blueprint \
            hear, measured by the built-in alerts that watch for them.",
        "filters": { "platforms": ["IaaS"] },
        "techniques": coverage.techniques.iter().map(technique).collect::<Vec<_>>(),
        "gradient": { "colors": ["#d7301f", "#fdcc8a", "#31a354"], "minValue": 0, "maxValue": 100 },
        "legendItems": [
            { "label": "covered", "color": "#31a354" },
            { "label": "partly, or named only", "color": "#fdcc8a" },
            { "label": "not", "color": "#d7301f" },
        ],
    })
}

/// The rows of the table of frameworks, and of each framework that is shown, for Markdown.
pub(super) fn rows(coverage: &Coverage) -> Vec<Vec<String>> {
    let row = |(name, all): (&str, &[Served])| {
        let counts = STATES.iter().map(|state| counted(all, *state).to_string());
        [title(name)].into_iter().chain(counts).collect()
    };
    groups(coverage).map(row).collect()
}

/// A framework that is shown: its title, and a row for each control.
pub(super) fn tables(coverage: &Coverage, narrow: Narrow<'_>) -> Vec<(String, Vec<Vec<String>>)> {
    let row = |served: &Served| {
        vec![
            served.id.clone(),
            served.title.clone().unwrap_or_default(),
            served.state.as_str().to_owned(),
            match served.events {
                0 => String::new(),
                all => format!("{} of {all}", served.heard),
            },
            whys(served).join("; "),
        ]
    };
    groups(coverage)
        .filter(|(name, _)| narrow.shows(name))
        .map(|(name, all)| (title(name), all.iter().map(row).collect()))
        .collect()
}

/// What is said of scanners, where the benchmark is shown.
pub(super) fn scanners(coverage: &Coverage, narrow: Narrow<'_>) -> Option<&'static str> {
    groups(coverage)
        .any(|(name, _)| narrow.shows(name) && name.starts_with("cis-"))
        .then_some(SCANNERS)
}
