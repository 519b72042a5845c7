use super::completions::alerts;
use super::perform::{Consent, interrupt};
use super::{BlueprintArg, GlobalOptions, Io, context, output, print, signals, timeout};
use crate::error::{CommandError, Exit};
use crate::report::drill;
use crate::report::screen::shown;
use crate::report::view::{Format, View};
use crate::run::Survey;
use crate::run::drill::{Cleaned, Exercise, Pace, clean_up, find, tell_end};
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use ctguard_core::cloud::Cloud;
use ctguard_core::cloud::veiled::Veiled;
use ctguard_core::desired::Desired;
use ctguard_core::drill::{
    Asked, CallPurpose, Drill, DrillCall, DrillReport, Leftovers, choose, ended,
};
use ctguard_core::scope::{AccountId, Place};
use ctguard_core::snapshot::LiveSubscription;
use ctguard_sandbox::Sandbox;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// Raise real alerts by harmless calls, and wait for each receipt.
///
/// Shows every call first and asks. Without a terminal, and without --yes, it only shows. The alerts
/// are real: everybody who is subscribed gets them, with the name of an object that says `drill`.
/// Where no harmless call raises an alert, a rule with its targets stands in, and the report says
/// so. Whatever the drill makes is removed at its end, also after Ctrl-C; after a kill, by the next
/// drill.
#[derive(Debug, Args)]
pub struct DrillArgs {
    #[command(flatten)]
    blueprint: BlueprintArg,
    /// The alerts to drill, by id; without any, it shows what could be drilled
    #[arg(value_name = "ALERT", add = ArgValueCompleter::new(alerts))]
    alerts: Vec<String>,
    /// Drill every alert that a harmless call raises
    #[arg(long, conflicts_with_all = ["alerts", "clean_up"], env = "CTGUARD_ALL_SAFE", value_parser = clap::builder::BoolishValueParser::new())]
    all_safe: bool,
    /// Only remove what an earlier drill has left
    #[arg(long, conflicts_with = "alerts")]
    clean_up: bool,
    /// Do not tell subscribers that a drill begins, and that it is over
    #[arg(long, env = "CTGUARD_UNANNOUNCED", value_parser = clap::builder::BoolishValueParser::new())]
    unannounced: bool,
    #[command(flatten)]
    consent: Consent,
    /// How long receipts are waited for
    #[arg(long, value_name = "DURATION", default_value = "15m", env = "CTGUARD_WAIT", value_parser = timeout::parse)]
    wait: Duration,
}

pub fn run(
    args: &DrillArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let path = &args.blueprint.blueprint;
    let looks_like_alert = path.extension().is_none() && path.components().count() == 1;
    if looks_like_alert && !path.exists() && path.as_os_str() != "-" {
        let word = path.display();
        return Err(CommandError::usage(format!("there is no blueprint {word}"))
            .hint(format!("For the alert of this id: `ctguard drill ctguard.yaml {word}`.")));
    }
    let read = match context::read(path, global, io) {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let ids: BTreeSet<String> = args.alerts.iter().cloned().collect();
    if let Some(unknown) =
        ids.iter().find(|id| !read.blueprint.alerts.iter().any(|alert| alert.id == **id))
    {
        return Err(CommandError::usage(format!("there is no alert `{unknown}`"))
            .hint(format!("`ctguard drill {}` lists what can be drilled.", path.display())));
    }
    let asked = match (args.all_safe, ids.is_empty()) {
        (true, _) => Asked::Safe,
        (false, true) => Asked::All,
        (false, false) => Asked::Alerts(&ids),
    };
    if args.consent.yes && asked == Asked::All && !args.clean_up {
        return Err(CommandError::usage("--yes needs to know which alerts to raise")
            .hint("Name them, or add --all-safe."));
    }
    let request = context::SurveyRequest::of(global, io)?;
    context::block_on(async {
        let cloud = open(global, &read, io).await?;
        let survey = context::survey(cloud.as_ref(), &read, &request, global, io).await?;
        let prepared = Prepared { args, read: &read, survey: &survey, cloud: cloud.as_ref() };
        match args.clean_up {
            true => prepared.clean_up(global, io).await,
            false => prepared.drill(asked, global, io).await,
        }
    })?
}

/// Opens the cloud; a sandbox with CloudTrail at work.
async fn open(
    global: &GlobalOptions,
    read: &context::Read,
    io: &mut Io<'_>,
) -> Result<Box<dyn Cloud>, CommandError> {
    match &global.sandbox {
        Some(path) => Ok(Box::new(Veiled::live(Box::new(sandbox(path)?)))),
        None => context::open(global, read, io).await,
    }
}

fn sandbox(path: &Path) -> Result<Sandbox, CommandError> {
    Ok(context::sandbox(path)?.with_events())
}

struct Prepared<'a> {
    args: &'a DrillArgs,
    read: &'a context::Read,
    survey: &'a Survey,
    cloud: &'a dyn Cloud,
}

/// What time is kept of the whole run for cleaning up.
const FOR_CLEANING: Duration = Duration::from_secs(60);

impl Prepared<'_> {
    fn places(&self) -> BTreeSet<Place> {
        self.survey.desired.places.keys().cloned().collect()
    }

    /// On AWS a new rule takes a while until it matches; in a sandbox nothing takes time.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html>
    fn pace(&self, global: &GlobalOptions) -> Pace {
        if global.sandbox.is_some() {
            let zero = Duration::ZERO;
            return Pace { settle: zero, poll: zero, wait: zero, since: None };
        }
        let left = global.run_limit().map(|run| {
            run.until.saturating_duration_since(Instant::now()).saturating_sub(FOR_CLEANING)
        });
        let wait = left.map_or(self.args.wait, |left| left.min(self.args.wait));
        Pace {
            settle: Duration::from_secs(60),
            poll: Duration::from_secs(2),
            wait,
            since: Some(Timestamp::now()),
        }
    }

    async fn clean_up(
        &self,
        global: &GlobalOptions,
        io: &mut Io<'_>,
    ) -> Result<Exit, CommandError> {
        let concurrency = usize::from(global.concurrency);
        let (desired, places) = (&self.survey.desired, self.places());
        let found = find(self.cloud, desired, &places, concurrency).await;
        let mut report = self.planned(&Drill::default());
        report.calls = told(&found);
        let go = self.args.consent.yes || (io.interactive && !found.calls.is_empty());
        if go && !found.calls.is_empty() {
            if !self.args.consent.yes {
                self.first(&report, global, io)?;
                ask(io)?;
            }
            let cleaned = self.cleaned(concurrency).await;
            report.performed = true;
            take(&mut report, cleaned);
        } else {
            report.calls.extend(self.ends(&found));
            take(&mut report, Cleaned { unread: unread(&found), ..Cleaned::default() });
        }
        self.show(&report, global, io)?;
        Ok(Exit::Incomplete.when(report.is_incomplete()))
    }

    async fn drill(
        &self,
        asked: Asked<'_>,
        global: &GlobalOptions,
        io: &mut Io<'_>,
    ) -> Result<Exit, CommandError> {
        let Survey { desired, live, caller } = self.survey;
        let concurrency = usize::from(global.concurrency);
        let drill = choose(&self.read.blueprint, desired, live, caller, asked);
        let stop = Arc::new(AtomicBool::new(false));
        let exercise = Exercise {
            cloud: self.cloud,
            blueprint: &self.read.blueprint,
            survey: self.survey,
            drill: &drill,
            pace: self.pace(global),
            concurrency,
            announce: !self.args.unannounced,
            stop: &stop,
        };
        let found = find(self.cloud, desired, &self.places(), concurrency).await;
        if let Some(one) = found.foreign.first() {
            let said = format!("{one} is in the way: a drill makes an object of this name");
            return Err(CommandError::refused(said).hint(
                "It does not carry the tags of a drill, so nothing was done. Rename it, or give the blueprint another `name`.",
            ));
        }
        let mut report = self.planned(&drill);
        report.calls = told(&found);
        report.calls.extend(self.ends(&found));
        report.calls.extend(exercise.planned());
        report.unread = unread(&found);
        if drill.paths.is_empty() || asked == Asked::All || !self.goes(io) {
            self.show(&report, global, io)?;
            return Ok(Exit::Incomplete.when(report.is_incomplete()));
        }
        if !self.args.consent.yes {
            self.first(&report, global, io)?;
            ask(io)?;
        }
        let _changing = signals::changing();
        let interrupted = tokio::spawn(interrupt(stop.clone()));
        let mut cleared = self.planned(&drill);
        take(&mut cleared, self.cleaned(concurrency).await);
        let report = exercise.run(cleared).await;
        interrupted.abort();
        self.show(&report, global, io)?;
        Ok(exit(&report))
    }

    /// Removes what an earlier drill has left, and tells its subscribers that it is over.
    async fn cleaned(&self, concurrency: usize) -> Cleaned {
        let desired = &self.survey.desired;
        let mut cleaned = clean_up(self.cloud, desired, &self.places(), concurrency).await;
        if !self.args.unannounced {
            cleaned.calls.extend(tell_end(self.cloud, desired, &cleaned.told).await);
        }
        cleaned
    }

    /// The planned messages that an earlier drill is over.
    fn ends(&self, found: &Leftovers) -> Vec<DrillCall> {
        if self.args.unannounced {
            return Vec::new();
        }
        let messages = ended(&self.survey.desired, &found.told, "");
        let call = |(place, action): &(Place, _)| {
            DrillCall::planned(place, action, CallPurpose::Announcement)
        };
        messages.iter().map(call).collect()
    }

    /// Whether anything is to be done: on a terminal somebody is asked.
    fn goes(&self, io: &Io<'_>) -> bool {
        self.args.consent.yes || io.interactive
    }

    fn planned(&self, drill: &Drill) -> DrillReport {
        let Survey { desired, live, .. } = self.survey;
        let confirmed = |topic: &str| {
            let topics = live.places.values().filter_map(|seen| seen.topics.get(topic));
            let known = topics.filter_map(|topic| topic.known()?.subscriptions.known());
            let all = known.flat_map(|all| all.values());
            all.filter(|one| matches!(one, LiveSubscription::Confirmed { .. })).count()
        };
        DrillReport::planned(&desired.name, names(desired), drill, confirmed)
    }

    /// Shows what would be done, before somebody is asked.
    fn first(
        &self,
        report: &DrillReport,
        global: &GlobalOptions,
        io: &mut Io<'_>,
    ) -> Result<(), CommandError> {
        match global.format {
            Format::Text => print(io, &drill::render(&shown(report), global.paint_out(io))),
            _ => Ok(()),
        }
    }

    fn show(
        &self,
        report: &DrillReport,
        global: &GlobalOptions,
        io: &mut Io<'_>,
    ) -> Result<(), CommandError> {
        output::show(&View::Drilled(report), &self.read.positions, global, io)
    }
}

fn names(desired: &Desired) -> BTreeMap<AccountId, String> {
    let named = desired.accounts.iter();
    named.filter_map(|(id, account)| Some((id.clone(), account.name.clone()?))).collect()
}

/// The removal of what is left, as planned calls.
fn told(found: &Leftovers) -> Vec<DrillCall> {
    let calls = found.calls.iter();
    calls.map(|(place, action)| DrillCall::planned(place, action, CallPurpose::Leftover)).collect()
}

fn unread(found: &Leftovers) -> Vec<ctguard_core::drill::report::UnreadPlace> {
    let all = found.unread.iter().map(|(place, why)| ctguard_core::drill::report::UnreadPlace {
        place: place.clone(),
        why: why.clone(),
    });
    all.collect()
}

/// Adds to a report what was removed.
fn take(report: &mut DrillReport, cleaned: Cleaned) {
    if !cleaned.calls.is_empty() {
        report.calls = cleaned.calls;
    }
    report.left = cleaned.left;
    report.unread = cleaned.unread;
}

/// Asks for a plain `yes`.
fn ask(io: &mut Io<'_>) -> Result<(), CommandError> {
    let _ = write!(io.err, "\nMake these calls? Type `yes` to confirm: ");
    let _ = io.err.flush();
    let mut answer = String::new();
    let _asking = signals::asking();
    io.input
        .read_line(&mut answer)
        .map_err(|error| CommandError::io("cannot read the answer", &error))?;
    match answer.trim() {
        "yes" => Ok(()),
        _ => Err(CommandError::refused("not confirmed; nothing was done")),
    }
}

/// The exit code of a drill.
fn exit(report: &DrillReport) -> Exit {
    Exit::CheckFailed
        .when(report.counts.missing > 0)
        .and(Exit::Incomplete.when(report.is_incomplete()))
        .and(Exit::Interrupted.when(report.interrupted))
}
