use super::files::is_standard_input;
use super::{GlobalOptions, Io, context, is_json};
use crate::error::{CommandError, Exit};
use crate::report::Paint;
use crate::report::matches;
use crate::report::matches::{Broken, Totals};
use crate::report::screen::line;
use clap::{Args, ValueEnum};
use ctguard_core::blueprint::Blueprint;
use ctguard_core::offline;
use ctguard_core::offline::{
    Decision, EventDecision, Form, Given, OfflineRule, decide, decide_alerts, decided,
    undecided_alerts,
};
use ctguard_core::replay::Record;
use ctguard_core::resource::rule::RuleState;
use eventbridge_pattern::Pattern;
use eventbridge_pattern::archive::{
    Columns, Flow, Item, Reader, Undecided, Unread, What, broken_inside, fields, is_ordinary,
    undecided,
};
use eventbridge_pattern::set::{PatternSet, Scratch};
use std::io::{BufWriter, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// Largest pattern file that is read, in bytes: a rule's pattern has a few thousand.
const PATTERN_FILE_MAX_BYTES: u64 = 1024 * 1024;

/// Maximum number of broken events in JSON; all are counted.
const BROKEN_LISTED: usize = 1_000;

/// Decide offline which events a pattern, or which alerts, match.
///
/// Decides as EventBridge does. Events are EventBridge events and CloudTrail records, in log files
/// or whatever else carries them (messages of queues and topics, answers of look-ups and searches,
/// exports): `docs/containers.md` lists it. A CloudTrail record is given the envelope that
/// EventBridge gives it. With --pattern the matching events are printed as they came, one per line;
/// with --blueprint the alerts that fire for each.
///
/// With --check nothing is matched: it works on the patterns of any tool.
///
/// Exits 0 whether or not anything matches, 3 when --check finds a pattern that loses events or
/// asks for what no event is, 4 when something was not read (the rest is decided all the same), 64 when the pattern is invalid.
#[derive(Debug, Args)]
#[command(override_usage = "ctguard match --pattern <FILE> [EVENTS]...\n       \
    ctguard match --blueprint <FILE> [EVENTS]...\n       ctguard match --check <FILE>...")]
#[command(group = clap::ArgGroup::new("decides").required(true).args(["pattern", "blueprint", "check"]))]
pub struct MatchArgs {
    /// Match this event pattern; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pattern: Option<PathBuf>,
    /// Match the alerts of this blueprint
    #[arg(long, value_name = "FILE")]
    blueprint: Option<PathBuf>,
    /// Say what EventBridge would refuse, lose or misread in these patterns, and what in them no event of
    /// CloudTrail can be, without any events; `-` is standard input
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["events", "shown", "state"])]
    check: Vec<PathBuf>,
    /// Print the ids of the matching events alone
    #[arg(long, group = "shown")]
    ids: bool,
    /// Print the number of matching events alone
    #[arg(long, group = "shown")]
    count: bool,
    /// Say of every event why it matches or which fields keep it from matching
    #[arg(long, group = "shown")]
    explain: bool,
    /// With --pattern, decide as a rule in this state; without, the pattern alone decides
    #[arg(long, value_enum, ignore_case = true, conflicts_with = "blueprint")]
    state: Option<State>,
    /// Files with events; `-` is standard input, the default
    #[arg(value_name = "EVENTS")]
    events: Vec<PathBuf>,
}

impl MatchArgs {
    /// Whether events are printed as they came.
    pub fn prints_events(&self) -> bool {
        self.pattern.is_some() && !self.count && !self.explain && !self.ids
    }
}

/// The state of a rule, as AWS names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
enum State {
    /// Is not given read-only management events
    Enabled,
    /// Is given all of them
    EnabledWithAllCloudtrailManagementEvents,
}

impl From<State> for RuleState {
    fn from(state: State) -> Self {
        match state {
            State::Enabled => Self::Enabled,
            State::EnabledWithAllCloudtrailManagementEvents => {
                Self::EnabledWithAllCloudtrailManagementEvents
            }
        }
    }
}

/// What events are matched against.
enum Against {
    Pattern { pattern: Pattern, state: Option<RuleState> },
    Blueprint { blueprint: Box<Blueprint>, rules: Vec<OfflineRule> },
}

impl Against {
    /// The patterns made ready: most events match none, and that is found out without reading them.
    fn set(&self) -> PatternSet {
        match self {
            Self::Pattern { pattern, .. } => PatternSet::new([pattern.clone()]),
            Self::Blueprint { rules, .. } => {
                PatternSet::new(rules.iter().map(|rule| rule.pattern.clone()))
            }
        }
    }
}

/// What is printed of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MatchOutput {
    Events,
    Ids,
    Count,
    Explanation,
}

pub fn run(
    args: &MatchArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    if !args.check.is_empty() {
        return check(&args.check, global, io);
    }
    let inputs = inputs(args, io)?;
    let against = match against(args, global, io)? {
        Ok(against) => against,
        Err(exit) => return Ok(exit),
    };
    let shown = match (args.ids, args.count, args.explain) {
        (true, ..) => MatchOutput::Ids,
        (_, true, _) => MatchOutput::Count,
        (.., true) => MatchOutput::Explanation,
        _ => MatchOutput::Events,
    };
    let (out_paint, err_paint) = (global.paint_out(io), global.paint_err(io));
    if let Against::Pattern { pattern, .. } = &against
        && !global.quiet
    {
        let told =
            super::match_check::remarks(pattern, shown == MatchOutput::Explanation, err_paint);
        let _ = io.err.write_all(told.as_bytes());
    }
    let mut matching = Matching {
        against: &against,
        set: against.set(),
        scratch: Scratch::default(),
        shown,
        json: is_json(global),
        paint: out_paint,
        err_paint,
        out: BufWriter::new(&mut *io.out),
        err: &mut *io.err,
        totals: Totals::default(),
        broken: Vec::new(),
        printed: 0,
    };
    let result = matching.all(&inputs, &mut *io.input);
    let Matching { totals, out, .. } = matching;
    drop(out);
    match result {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        Err(error) => return Err(CommandError::io("cannot write to standard output", &error)),
        Ok(()) => {}
    }
    if !global.quiet {
        let _ = io.err.write_all(matches::remarks(&totals, err_paint).as_bytes());
    }
    let _ = io.err.write_all(matches::undecided(&totals, err_paint).as_bytes());
    Ok(Exit::Incomplete.when(totals.is_incomplete()))
}

/// Says of each pattern what is wrong with it, once all are read.
fn check(paths: &[PathBuf], global: &GlobalOptions, io: &mut Io<'_>) -> Result<Exit, CommandError> {
    if paths.iter().filter(|path| is_standard_input(path)).count() > 1 {
        return Err(CommandError::usage("standard input can be read only once"));
    }
    let mut patterns = Vec::new();
    for path in paths {
        patterns.push((path.display().to_string(), pattern_text(path, io)?));
    }
    super::match_check::run(&patterns, global, io)
}

/// The files to read: standard input when none is named and it is not a terminal.
fn inputs(args: &MatchArgs, io: &Io<'_>) -> Result<Vec<PathBuf>, CommandError> {
    let mut inputs = args.events.clone();
    if inputs.is_empty() {
        if io.interactive {
            return Err(CommandError::usage("no events are named")
                .hint("Name files with events, or `-` to type them."));
        }
        inputs.push("-".into());
    }
    let pattern = args.pattern.iter().filter(|path| is_standard_input(path)).count();
    if inputs.iter().filter(|path| is_standard_input(path)).count() + pattern > 1 {
        return Err(CommandError::usage("standard input can be read only once")
            .hint("Put the pattern into a file, or name the files with events."));
    }
    Ok(inputs)
}

fn against(
    args: &MatchArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Result<Against, Exit>, CommandError> {
    if let Some(path) = &args.pattern {
        let text = pattern_text(path, io)?;
        let pattern = Pattern::parse(&text).map_err(|error| {
            CommandError::usage(format!("{}: the pattern is invalid: {error}", path.display()))
                .hint("A pattern is EventBridge's JSON: each field has a list of values or operators.")
        })?;
        return Ok(Ok(Against::Pattern { pattern, state: args.state.map(RuleState::from) }));
    }
    let path = args.blueprint.as_deref().unwrap_or(Path::new("ctguard.yaml"));
    let read = match context::read(path, global, io) {
        Ok(read) => read,
        Err(exit) => return Ok(Err(exit)),
    };
    let blueprint = Box::new(read.blueprint.clone().with_watch());
    match offline::rules(&blueprint, global.as_of(io)) {
        Ok(rules) => Ok(Ok(Against::Blueprint { blueprint, rules })),
        Err(problems) => {
            read.say(&problems, global, io);
            Ok(Err(Exit::Usage))
        }
    }
}

fn pattern_text(path: &Path, io: &mut Io<'_>) -> Result<String, CommandError> {
    let mut text = String::new();
    let read = match is_standard_input(path) {
        true => Read::take(&mut *io.input, PATTERN_FILE_MAX_BYTES).read_to_string(&mut text),
        false => super::files::open(path)
            .and_then(|file| file.take(PATTERN_FILE_MAX_BYTES).read_to_string(&mut text)),
    };
    read.map_err(|error| {
        CommandError::io(format!("cannot read the pattern {}", path.display()), &error)
    })?;
    if text.len() as u64 >= PATTERN_FILE_MAX_BYTES {
        let message = format!("the pattern {} is larger than 1 MiB", path.display());
        return Err(
            CommandError::usage(message).hint("A rule's pattern has at most 2,048 characters.")
        );
    }
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// A run over all inputs.
struct Matching<'a, W: Write> {
    against: &'a Against,
    set: PatternSet,
    scratch: Scratch,
    shown: MatchOutput,
    json: bool,
    paint: Paint,
    err_paint: Paint,
    out: W,
    err: &'a mut (dyn Write + Send),
    totals: Totals,
    broken: Vec<Broken>,
    printed: u64,
}

impl<W: Write> Matching<'_, W> {
    fn all(
        &mut self,
        inputs: &[PathBuf],
        standard: &mut (dyn std::io::BufRead + Send),
    ) -> std::io::Result<()> {
        if self.json {
            self.out.write_all(b"{\"format_version\":1,\"results\":[")?;
        }
        let mut reader = Reader::default();
        for path in inputs {
            let name = path.display().to_string();
            let mut failed = None;
            let mut visit = |item: Item<'_>| match self.item(&name, &item) {
                Ok(()) => Flow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    Flow::Break(())
                }
            };
            let read = match is_standard_input(path) {
                true => Ok(reader.stream(&mut &mut *standard, &mut visit)),
                false => reader.file(path, &mut visit),
            };
            if let Some(error) = failed {
                return Err(error);
            }
            if let Err(error) = read {
                self.broken(&name, None, error.to_string());
            }
        }
        let totals = &self.totals;
        if self.json {
            let end = if self.printed > 0 { "\n]," } else { "]," };
            self.out.write_all(end.as_bytes())?;
            let tail = serde_json::json!({ "totals": totals, "broken": self.broken });
            self.out.write_all(&tail.to_string().as_bytes()[1..])?;
            self.out.write_all(b"\n")?;
        } else if self.shown == MatchOutput::Count {
            writeln!(self.out, "{}", totals.matched)?;
        }
        self.out.flush()
    }

    /// One event or record; what is not read is named.
    fn item(&mut self, name: &str, item: &Item<'_>) -> std::io::Result<()> {
        let decided = match &item.what {
            What::Record(text) => self.record(name, item, text),
            What::Row(text, columns) => self.row(name, item, text, columns),
            What::Event(text) => self.event(name, item, text),
            What::PassedOver(kind) => {
                *self.totals.passed_over.entry(kind.as_str()).or_default() += 1;
                Ok(Ok(()))
            }
            What::Unread(why) => Ok(Err(why.clone())),
        }?;
        if let Err(why) = decided {
            let place = (!why.is_of_file()).then(|| (item.number, item.line()));
            self.broken(name, place, why.to_string());
        }
        Ok(())
    }

    /// A record: most match nothing and could be delivered, which their text alone tells.
    fn record(&mut self, name: &str, item: &Item<'_>, text: &[u8]) -> Decided {
        if self.shown != MatchOutput::Explanation {
            match self.set.record(text, &mut self.scratch) {
                Ok([]) => {
                    // As `replay` has it: a break may hide the fields that are not plain to see.
                    if let Some(why) = broken_inside(text).filter(|_| !is_ordinary(text)) {
                        return Ok(Err(why));
                    }
                    if is_deliverable(text) {
                        self.totals.add_unmatched(Form::Record);
                        return Ok(Ok(()));
                    }
                }
                Ok(_) => {}
                Err(why) => return Ok(Err(why.into())),
            }
        }
        self.decide(name, item, text, &[])
    }

    /// A record made from a row of a table: what hangs on a field without a column is told, and not decided.
    fn row(&mut self, name: &str, item: &Item<'_>, text: &[u8], columns: &Columns) -> Decided {
        let undecided = match undecided(&self.set, text, columns) {
            Ok(undecided) => undecided,
            Err(why) => return Ok(Err(why.into())),
        };
        if undecided.is_empty() {
            return self.record(name, item, text);
        }
        let matching = self.set.record(text, &mut self.scratch).unwrap_or_default();
        match self.against {
            Against::Pattern { .. } => self.totals.add_undecided(None, &undecided[0].field),
            Against::Blueprint { blueprint, rules } => {
                for (alert, field) in undecided_alerts(rules, matching, &undecided) {
                    let alert = blueprint.alerts.get(alert).map(|alert| alert.id.as_str());
                    self.totals.add_undecided(alert, field);
                }
            }
        }
        self.decide(name, item, text, &undecided)
    }

    fn event(&mut self, name: &str, item: &Item<'_>, text: &[u8]) -> Decided {
        if self.shown != MatchOutput::Explanation {
            match self.set.event(text, &mut self.scratch) {
                Ok([]) => {
                    self.totals.add_unmatched(Form::Event);
                    return Ok(Ok(()));
                }
                Ok(_) => {}
                Err(why) => return Ok(Err(why.into())),
            }
        }
        self.decide(name, item, text, &[])
    }

    /// The slow way: the event is read as a whole.
    /// `undecided` are the rules of which a row does not tell.
    fn decide(
        &mut self,
        name: &str,
        item: &Item<'_>,
        text: &[u8],
        undecided: &[Undecided],
    ) -> Decided {
        let given = match Given::parse(text) {
            Ok(given) => given,
            Err(why) => return Ok(Err(why)),
        };
        let explain = self.shown == MatchOutput::Explanation;
        let mut decision = EventDecision {
            input: name,
            number: item.number,
            line: item.line(),
            id: given.id(),
            name: given.name(),
            time: given.text("time"),
            account: given.text("account"),
            region: given.text("region"),
            form: given.form,
            deed: given.deed(),
            matched: false,
            alerts: None,
            withheld: given.facts.as_ref().err().cloned(),
            mismatches: Vec::new(),
            notes: given.notes.clone(),
            event: None,
        };
        match self.against {
            Against::Pattern { .. } if !undecided.is_empty() => {}
            Against::Pattern { pattern, state } => match decide(pattern, *state, &given) {
                Decision::Fires(notes) => {
                    decision.matched = true;
                    decision.notes.extend(notes);
                }
                Decision::Withheld(why) => decision.withheld = Some(why),
                Decision::Ignores if explain => {
                    decision.mismatches = pattern.filter.mismatches(&given.said);
                }
                Decision::Ignores => {}
            },
            Against::Blueprint { blueprint, rules } => {
                let alerts = match undecided {
                    [] => decide_alerts(blueprint, rules, &given, explain),
                    _ => decide_alerts(blueprint, &decided(rules, undecided), &given, explain),
                };
                decision.matched = alerts.iter().any(|alert| alert.fires);
                decision.alerts = Some(alerts);
            }
        }
        self.totals.add(&decision);
        if self.json && self.shown == MatchOutput::Events {
            decision.event = Some(given.handed());
        }
        self.show(&decision, text).map(Ok)
    }

    fn show(&mut self, decision: &EventDecision<'_>, text: &[u8]) -> std::io::Result<()> {
        let in_vain = decision.alerts.iter().flatten().any(|alert| alert.withheld.is_some());
        let shown = match self.shown {
            MatchOutput::Count => false,
            MatchOutput::Ids => decision.matched,
            MatchOutput::Explanation => true,
            MatchOutput::Events if self.json => {
                decision.matched || in_vain || decision.withheld.is_some()
            }
            MatchOutput::Events => decision.matched || in_vain,
        };
        if !shown {
            return Ok(());
        }
        self.printed += 1;
        if self.json {
            self.out.write_all(if self.printed == 1 { b"\n" } else { b",\n" })?;
            return serde_json::to_writer(&mut self.out, decision).map_err(std::io::Error::from);
        }
        match (self.shown, self.against) {
            (MatchOutput::Ids, _) => writeln!(self.out, "{}", line(&decision.label())),
            (MatchOutput::Explanation, _) => {
                self.out.write_all(matches::explained(decision, self.paint).as_bytes())
            }
            (_, Against::Blueprint { .. }) => {
                self.out.write_all(matches::fired(decision, self.paint).as_bytes())
            }
            (_, Against::Pattern { .. }) => {
                self.out.write_all(&on_one_line(text))?;
                self.out.write_all(b"\n")
            }
        }
    }

    /// `place` is the number of the event and its line.
    fn broken(&mut self, input: &str, place: Option<(u64, u64)>, why: String) {
        self.totals.broken += 1;
        let at = place
            .map(|(number, line)| format!(": event {number} (line {line})"))
            .unwrap_or_default();
        let told = matches::plain(&format!("{input}{at}: {why}"));
        if self.totals.broken <= matches::BROKEN_TOLD {
            let _ = writeln!(self.err, "{}: {told}", self.err_paint.bad("error"));
        }
        if self.json && self.broken.len() < BROKEN_LISTED {
            let (number, line) = place.unzip();
            self.broken.push(Broken { input: input.to_owned(), number, line, why });
        }
    }
}

/// What becomes of an event: shown as far as it is to be, or not read.
type Decided = std::io::Result<Result<(), Unread>>;

/// Whether EventBridge is given the event of a record, as far as the record tells.
fn is_deliverable(record: &[u8]) -> bool {
    let plainly = record.len() <= offline::EVENT_MAX_BYTES && is_ordinary(record);
    plainly || Record::found(fields(record), None).delivery(record).is_ok()
}

/// An event as it came, without the line breaks between its parts.
fn on_one_line(text: &[u8]) -> Vec<u8> {
    let text = text.trim_ascii();
    if !text.contains(&b'\n') && !text.contains(&b'\r') {
        return text.to_vec();
    }
    let (mut in_text, mut escaped) = (false, false);
    let keep = |byte: &&u8| {
        let inside = in_text;
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ => {}
        }
        inside || !byte.is_ascii_whitespace()
    };
    text.iter().filter(keep).copied().collect()
}
