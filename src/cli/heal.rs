use super::perform::{self, Consent};
use super::{BlueprintArg, GlobalOptions, Io, context, is_json, print, print_json};
use crate::error::{CommandError, Exit};
use crate::run::Survey;
use clap::{Args, Subcommand};
use ctguard_core::action::Action;
use ctguard_core::cloud::Cloud;
use ctguard_core::heal::{PAUSE_MAX_HOURS, PAUSED_REASON_TAG, PAUSED_UNTIL_TAG, Pause};
use ctguard_core::resource::Tags;
use ctguard_core::resource::machine::machine_arn;
use ctguard_core::scope::Place;
use ctguard_core::snapshot::Observed;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::collections::BTreeSet;

/// Longest value of a tag, in characters.
///
/// Source: <https://docs.aws.amazon.com/step-functions/latest/apireference/API_Tag.html>
const TAG_VALUE_MAX_CHARS: usize = 256;

/// Pause healing for planned work, or end the pause.
///
/// A pause is a tag on each state machine that heals. It ends by itself, is told by verify and drift,
/// and whoever hears of healing is told when it is set.
#[derive(Debug, Args)]
pub struct HealArgs {
    #[command(subcommand)]
    verb: HealVerb,
}

#[derive(Debug, Subcommand)]
enum HealVerb {
    Pause(PauseArgs),
    Resume(ResumeArgs),
}

/// Put nothing back until a moment, at most 24 hours away.
#[derive(Debug, Args)]
struct PauseArgs {
    #[command(flatten)]
    blueprint: BlueprintArg,
    /// When it ends: a moment such as `2027-01-31T14:00:00Z`, or how long it lasts: `90m`, `2h`
    #[arg(long, value_name = "WHEN")]
    until: String,
    /// Why, in letters, digits, spaces and any of `_.:/=+-@`
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    consent: Consent,
}

/// End a pause before its time, and take its tags off.
#[derive(Debug, Args)]
struct ResumeArgs {
    #[command(flatten)]
    blueprint: BlueprintArg,
    #[command(flatten)]
    consent: Consent,
}

pub fn run(args: &HealArgs, global: &GlobalOptions, io: &mut Io<'_>) -> Result<Exit, CommandError> {
    let (blueprint, consent) = match &args.verb {
        HealVerb::Pause(args) => (&args.blueprint, &args.consent),
        HealVerb::Resume(args) => (&args.blueprint, &args.consent),
    };
    let pause = match &args.verb {
        HealVerb::Pause(args) => Some(args.pause(now(global)?)?),
        HealVerb::Resume(_) => None,
    };
    let read = match context::read(&blueprint.blueprint, global, io) {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    if read.blueprint.heal.is_none() {
        return Err(CommandError::usage("this blueprint heals nothing")
            .hint("Its key `heal:` says what is put back: see docs/heal.md."));
    }
    let asked = context::SurveyRequest::of(global, io)?;
    context::block_on(async {
        let cloud = context::open(global, &read, io).await?;
        let survey = context::survey(cloud.as_ref(), &read, &asked, global, io).await?;
        let healers = Healers::find(&survey)?;
        match pause {
            Some(pause) => healers.pause(cloud.as_ref(), &pause, consent, global, io).await,
            None => healers.resume(cloud.as_ref(), consent, global, io).await,
        }
    })?
}

/// The moment; in a sandbox its own.
fn now(global: &GlobalOptions) -> Result<Timestamp, CommandError> {
    match &global.sandbox {
        Some(path) => Ok(context::sandbox(path)?.state().clock.0),
        None => Ok(Timestamp::now()),
    }
}

impl PauseArgs {
    /// The pause, within its bounds.
    fn pause(&self, now: Timestamp) -> Result<Pause, CommandError> {
        let ends = self.ends(now)?;
        let most = SignedDuration::from_hours(PAUSE_MAX_HOURS);
        if ends <= now || ends.duration_since(now) > most {
            return Err(CommandError::usage(format!(
                "--until: {ends} is not within the next {PAUSE_MAX_HOURS} hours"
            ))
            .hint("A longer pause is renewed by a person: run this again before it ends."));
        }
        let reason = self.reason.trim();
        let good = |c: char| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c);
        if reason.is_empty()
            || reason.chars().count() > TAG_VALUE_MAX_CHARS
            || !reason.chars().all(good)
        {
            return Err(CommandError::usage(format!(
                "--reason: write 1 to {TAG_VALUE_MAX_CHARS} letters, digits, spaces and any of _.:/=+-@"
            ))
            .hint("It is the value of a tag, and Step Functions takes no other characters."));
        }
        let until = ends.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        Ok(Pause { until, reason: reason.to_owned() })
    }

    fn ends(&self, now: Timestamp) -> Result<Timestamp, CommandError> {
        if let Ok(moment) = self.until.parse::<Timestamp>() {
            return Ok(moment);
        }
        let wrong = || {
            CommandError::usage(format!("--until: `{}` is neither a moment nor a time", self.until))
                .hint("Write it as 2027-01-31T14:00:00Z, or as 90m or 2h.")
        };
        let lasts = self.until.parse::<SignedDuration>().map_err(|_| wrong())?;
        now.checked_add(lasts).map_err(|_| wrong())
    }
}

/// A state machine that heals, as it is.
struct Healer {
    place: Place,
    name: String,
    pause: Option<Pause>,
}

/// Every state machine that heals.
struct Healers(Vec<Healer>);

impl Healers {
    fn find(survey: &Survey) -> Result<Self, CommandError> {
        let desired = &survey.desired;
        let wanted: Vec<(Place, String)> = desired
            .own_places()
            .flat_map(|(place, here)| {
                let names = desired.names.healers().into_iter();
                let names = names.filter(|name| here.machines.contains_key(name));
                names.map(|name| (place.clone(), name)).collect::<Vec<_>>()
            })
            .collect();
        if !wanted.iter().any(|(_, name)| *name == desired.names.heal()) {
            return Err(CommandError::usage(
                "the home of the trail is not among what is looked at",
            )
            .hint("Leave --account, --region and --shard out."));
        }
        let mut found = Vec::new();
        let mut missing = Vec::new();
        for (place, name) in wanted {
            match Healer::find(survey, place, name)? {
                Ok(healer) => found.push(healer),
                Err(why) => missing.push(why),
            }
        }
        match missing.into_iter().next() {
            Some(why) if found.is_empty() => {
                Err(CommandError::refused(format!("there is nothing to pause: {why}"))
                    .hint("`ctguard apply` makes what heals."))
            }
            _ => Ok(Self(found)),
        }
    }

    async fn pause(
        &self,
        cloud: &dyn Cloud,
        pause: &Pause,
        consent: &Consent,
        global: &GlobalOptions,
        io: &mut Io<'_>,
    ) -> Result<Exit, CommandError> {
        let Pause { until, reason } = pause;
        let told = format!("Nothing that is changed is put back until {until}: {reason}.\n");
        let tags = Tags::from([
            (PAUSED_UNTIL_TAG.to_owned(), until.clone()),
            (PAUSED_REASON_TAG.to_owned(), reason.clone()),
        ]);
        let tag =
            |name: &str| Action::TagStateMachine { name: name.to_owned(), tags: tags.clone() };
        let calls: Vec<(&Healer, Action)> =
            self.0.iter().map(|healer| (healer, tag(&healer.name))).collect();
        perform_all(cloud, &calls, &told, consent, global, io).await?;
        if is_json(global) {
            let value =
                json!({ "format_version": 1, "paused": true, "until": until, "reason": reason });
            return print_json(io, &value).map(|()| Exit::Done);
        }
        print(
            io,
            &format!(
                "Healing is paused until {until}. It goes on by itself then; `ctguard heal resume` ends the pause before.\n"
            ),
        )?;
        Ok(Exit::Done)
    }

    async fn resume(
        &self,
        cloud: &dyn Cloud,
        consent: &Consent,
        global: &GlobalOptions,
        io: &mut Io<'_>,
    ) -> Result<Exit, CommandError> {
        let keys = BTreeSet::from([PAUSED_UNTIL_TAG, PAUSED_REASON_TAG].map(str::to_owned));
        let untag =
            |name: &str| Action::UntagStateMachine { name: name.to_owned(), keys: keys.clone() };
        let paused = self.0.iter().filter(|healer| healer.pause.is_some());
        let calls: Vec<(&Healer, Action)> =
            paused.map(|healer| (healer, untag(&healer.name))).collect();
        let was = !calls.is_empty();
        if was {
            let told = "What is changed from now on is put back again.\n";
            perform_all(cloud, &calls, told, consent, global, io).await?;
        }
        if is_json(global) {
            let value = json!({ "format_version": 1, "paused": false, "was_paused": was });
            return print_json(io, &value).map(|()| Exit::Done);
        }
        let said = match was {
            true => {
                "Healing goes on. What was changed during the pause stays: `ctguard apply` puts it back.\n"
            }
            false => "Healing is not paused: there is nothing to do.\n",
        };
        print(io, said)?;
        Ok(Exit::Done)
    }
}

impl Healer {
    /// The machine, or why there is none of the blueprint's.
    fn find(
        survey: &Survey,
        place: Place,
        name: String,
    ) -> Result<Result<Self, String>, CommandError> {
        let Survey { desired, live, .. } = survey;
        let arn = machine_arn(&place, &name);
        match live.places.get(&place).and_then(|seen| seen.machines.get(&arn)) {
            Some(Observed::Known(machine)) if machine.is_active() => {
                if !machine.tags.name_owner(&desired.name) {
                    return Ok(Err(format!("{arn} is not this blueprint's")));
                }
                let pause = machine.tags.known().and_then(Pause::of);
                Ok(Ok(Self { place, name, pause }))
            }
            Some(Observed::Unreadable(why)) => Err(CommandError::new(format!(
                "{arn} could not be read: {} failed: {} ({})",
                why.operation, why.code, why.message
            ))),
            _ => Ok(Err(format!("{arn} does not exist"))),
        }
    }
}

/// Shows the calls, asks, and makes them.
async fn perform_all(
    cloud: &dyn Cloud,
    calls: &[(&Healer, Action)],
    told: &str,
    consent: &Consent,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<(), CommandError> {
    if !is_json(global) {
        let lines: String = calls
            .iter()
            .map(|(healer, action)| {
                let arn = machine_arn(&healer.place, &healer.name);
                format!("Call: {} on {arn}.\n", action.operation())
            })
            .collect();
        print(io, &format!("{told}{lines}"))?;
    }
    if !consent.yes {
        perform::ask(io)?;
    }
    for (healer, action) in calls {
        cloud.perform(&healer.place, action).await.map_err(|error| {
            CommandError::new(format!(
                "{} failed: {} ({})",
                error.operation, error.code, error.message
            ))
        })?;
    }
    Ok(())
}
