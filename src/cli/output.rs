//! Where results go: to standard output in one format, and to files in as many as are asked for.

use super::files::{self, Readers};
use super::{GlobalOptions, Io, Verb, help, print};
use crate::error::{CommandError, Exit};
use crate::report::positions::Positions;
use crate::report::screen::hung;
use crate::report::validate::{Failure, Validation};
use crate::report::view::{Format, View};
use ctguard_core::codes;
use ctguard_core::diag::{Diagnostic, Severity};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A file that a result is written to, `FORMAT=PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReportFile {
    pub format: Format,
    pub path: PathBuf,
}

impl FromStr for ReportFile {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let formats = || Format::ALL.iter().map(|f| f.as_str()).collect::<Vec<_>>().join(", ");
        let (format, path) = text
            .split_once('=')
            .filter(|(_, path)| !path.is_empty())
            .ok_or_else(|| "write it as FORMAT=PATH, such as markdown=summary.md".to_owned())?;
        let format = Format::parse(format)
            .ok_or_else(|| format!("there is no format `{format}`; there is {}", formats()))?;
        Ok(Self { format, path: path.into() })
    }
}

/// The formats that a verb's result has, by the verb's name.
pub(super) fn formats_named(verb: &str) -> &'static [Format] {
    use Format::{Github, Json, Junit, Markdown, Sarif, Text};
    const ALL: &[Format] = Format::ALL;
    match verb {
        "plan" | "show" | "drift" | "verify" | "validate" | "events check" => ALL,
        "drill" => &[Text, Json, Markdown, Junit],
        // A merged report no longer has each alert in each place.
        "merge" => &[Text, Json, Markdown, Sarif, Github],
        "destroy" | "apply" | "coverage" | "replay" => &[Text, Json, Markdown],
        "fmt" | "completions" | "man" => &[Text],
        // A schema is always JSON.
        _ => &[Text, Json],
    }
}

/// The name of a verb, and the formats that its result has.
fn formats(verb: &Verb) -> (&'static str, &'static [Format]) {
    let name = match verb {
        Verb::Plan(_) => "plan",
        Verb::Show(_) => "show",
        Verb::Destroy(_) => "destroy",
        Verb::Drift(_) => "drift",
        Verb::Verify(_) => "verify",
        Verb::Drill(_) => "drill",
        Verb::Heal(_) => "heal",
        Verb::Validate(_) => "validate",
        Verb::Merge(_) => "merge",
        Verb::Apply(_) => "apply",
        Verb::Explain(_) => "explain",
        Verb::Events(args) if args.checks() => "events check",
        Verb::Events(_) => "events",
        Verb::Format(_) => "fmt",
        Verb::Coverage(_) => "coverage",
        Verb::Import(_) => "import",
        Verb::Export(_) => "export",
        Verb::Init(_) => "init",
        Verb::Match(_) => "match",
        Verb::Test(_) => "test",
        Verb::Replay(_) => "replay",
        Verb::Snapshot(_) => "snapshot",
        Verb::Policy(_) => "policy",
        Verb::Schema(_) => "schema",
        Verb::Sandbox(_) => "sandbox",
        Verb::Completions(_) => "completions",
        Verb::Man(_) => "man",
    };
    (name, formats_named(name))
}

/// The formats of the verb of a command line that is not whole yet; all where it has no verb.
pub(super) fn formats_of(words: &[String]) -> &'static [Format] {
    let command = help::command();
    let known = |word: &&String| command.find_subcommand(word.as_str()).is_some();
    let Some(verb) = words.iter().skip(1).find(known) else { return Format::ALL };
    let checks = verb == "events" && words.iter().any(|word| word == "check");
    formats_named(if checks { "events check" } else { verb })
}

/// Verbs whose results go to files, too.
fn writes_reports(verb: &Verb) -> bool {
    formats(verb).1.contains(&Format::Markdown)
}

/// Refuses, before any work is done, what a verb cannot print.
///
/// # Errors
/// When it has no such format.
pub(super) fn check(verb: &Verb, global: &GlobalOptions) -> Result<(), CommandError> {
    let (name, has) = formats(verb);
    let list = has.iter().map(|format| format.as_str()).collect::<Vec<_>>().join(", ");
    let refuse = |option: &str, format: Format| {
        CommandError::usage(format!("{option}: {name} has no format {format}"))
            .hint(format!("It has {list}."))
    };
    if !has.contains(&global.format) {
        return Err(refuse("--format", global.format));
    }
    for report in &global.report {
        if !writes_reports(verb) {
            let error = match has.contains(&Format::Json) {
                true => CommandError::usage(format!("--report: {name} writes no reports"))
                    .hint("Its result as JSON is what --format json prints: send that to a file."),
                false => CommandError::usage(format!("--report: {name} has no result to report"))
                    .hint("Leave --report (CTGUARD_REPORT) out."),
            };
            return Err(error);
        }
        if !has.contains(&report.format) {
            return Err(refuse("--report", report.format));
        }
    }
    Ok(())
}

/// Prints a result in the format asked for, and writes every report.
pub(super) fn show(
    shown: &View<'_>,
    positions: &Positions,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<(), CommandError> {
    let paint = global.paint_out(io);
    if let Some(text) = shown.render(global.format, positions, paint).map_err(unwritable)? {
        print(io, &text)?;
    }
    reports(shown, positions, global, io)
}

/// Writes every report, and the step's summary when GitHub's format is among what is asked for.
pub(super) fn reports(
    shown: &View<'_>,
    positions: &Positions,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<(), CommandError> {
    let paint = crate::report::Paint { color: false, width: io.width };
    for report in &global.report {
        if let Some(text) = shown.render(report.format, positions, paint).map_err(unwritable)? {
            files::save(&report.path, &text, Readers::Owner, io)
                .map_err(|error| unwritten(report, &error))?;
        }
    }
    let github = wants(Format::Github, global);
    match &global.step_summary {
        Some(path) if github && !path.as_os_str().is_empty() => append(path, &shown.summary())
            .map_err(|error| {
                CommandError::io(
                    format!("cannot write the step summary {}", path.display()),
                    &error,
                )
            }),
        _ => Ok(()),
    }
}

/// Reports the errors of a blueprint in place of a result. On standard output text and JSON have none:
/// a program would take those for the result, and the text is on standard error already.
pub(super) fn problems(
    diagnostics: &[Diagnostic],
    positions: &Positions,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<(), CommandError> {
    let validation = Validation {
        format_version: 1,
        file: positions.file().to_owned(),
        valid: false,
        alerts: None,
        destinations: None,
        diagnostics: diagnostics.to_vec(),
    };
    let shown = View::Validated(&validation);
    let tells = |format: Format| !matches!(format, Format::Text | Format::Json);
    // A verb's own result has a form in JSON and as text: an error has another.
    let error = unusable(diagnostics, positions.file());
    for report in global.report.iter().filter(|report| !tells(report.format)) {
        let text = match report.format {
            Format::Json => format!("{}\n", failure_json(&error)),
            _ => failure_text(&error),
        };
        files::save(&report.path, &text, Readers::Owner, io)
            .map_err(|why| unwritten(report, &why))?;
    }
    let mut narrowed = global.clone();
    narrowed.report.retain(|report| tells(report.format));
    match tells(global.format) {
        true => show(&shown, positions, &narrowed, io),
        false => reports(&shown, positions, &narrowed, io),
    }
}

/// The error of a blueprint that cannot be used: its problems in one message.
fn unusable(diagnostics: &[Diagnostic], file: &str) -> CommandError {
    let errors = diagnostics.iter().filter(|one| one.severity == Severity::Error);
    let told: Vec<String> = errors
        .map(|one| {
            let at = one.span.as_ref().map(|span| format!("line {}: ", span.line));
            format!("{}{} ({})", at.unwrap_or_default(), one.message, one.code.as_str())
        })
        .collect();
    let message = format!("the blueprint {file} cannot be used: {}", told.join("; "));
    CommandError::usage(message).hint("`ctguard validate` shows each place and what to write.")
}

/// Writes every report with an error in place of a result, so that the next step has something to
/// read. What cannot be written is told beside the error.
pub(super) fn failure(error: &CommandError, verb: &Verb, global: &GlobalOptions, io: &mut Io<'_>) {
    if error.reported || error.exit == Exit::Usage {
        return;
    }
    let diagnostic = Diagnostic {
        code: codes::RUN_FAILED,
        severity: Severity::Error,
        message: error.message.clone(),
        span: None,
        label: None,
        help: (!error.hints.is_empty()).then(|| error.hints.join(" ")),
    };
    let failure = Failure { verb: formats(verb).0, diagnostic };
    let (shown, positions) = (View::Failed(&failure), Positions::unknown(""));
    let paint = crate::report::Paint { color: false, width: io.width };
    for report in &global.report {
        let text = match report.format {
            Format::Text => Some(failure_text(error)),
            Format::Json => Some(format!("{}\n", failure_json(error))),
            format => shown.render(format, &positions, paint).ok().flatten(),
        };
        let written = text.map(|text| files::save(&report.path, &text, Readers::Owner, io));
        if let Some(Err(why)) = written {
            let said = unwritten(report, &why);
            // A result that could not be written is the error itself.
            if said.message != error.message {
                let paint = global.paint_err(io);
                let _ = writeln!(io.err, "{}: {}", paint.bad("error"), hung(&said.message));
            }
        }
    }
}

/// The error of a report that could not be written.
fn unwritten(report: &ReportFile, error: &std::io::Error) -> CommandError {
    let path = report.path.display();
    CommandError::io(format!("cannot write the {} report {path}", report.format), error)
}

fn failure_text(error: &CommandError) -> String {
    let hints = error.hints.iter().map(|hint| format!("hint: {hint}\n"));
    format!("error: {error}\n{}", hints.collect::<String>())
}

fn failure_json(error: &CommandError) -> serde_json::Value {
    serde_json::json!({
        "format_version": 1,
        "error": error.message,
        "hints": error.hints,
        "exit_code": error.exit.code(),
    })
}

fn unwritable(error: serde_json::Error) -> CommandError {
    CommandError::new(format!("the result cannot be written: {error}"))
}

/// Other steps and commands write to the same summary.
fn append(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(format!("{text}\n").as_bytes())
}

/// Whether a result is asked for in this format, anywhere.
pub(super) fn wants(format: Format, global: &GlobalOptions) -> bool {
    global.format == format || global.report.iter().any(|report| report.format == format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_a_format_and_a_file() {
        let report: Result<ReportFile, String> = "sarif=out/a=b.sarif".parse();
        let expected = ReportFile { format: Format::Sarif, path: "out/a=b.sarif".into() };
        assert_eq!(report, Ok(expected));
        for (text, says) in [
            ("sarif", "FORMAT=PATH"),
            ("=x", "no format"),
            ("html=x", "no format `html`"),
            ("json=", "FORMAT=PATH"),
        ] {
            let error = text.parse::<ReportFile>().err().unwrap_or_default();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
