//! Which names and patterns of a file are wrong or can never match.
//!
//! A file is read by its format, `find` picks out patterns and names, and `pattern` and `name` hold
//! them against the catalogue. What is not known is not said: a pattern that is made in a run, or a
//! rule whose state stands elsewhere.

mod clause;
mod condition;
mod envelope;
mod find;
mod finding;
mod list;
mod name;
mod pattern;
mod text;

use super::read::{Unreadable, hcl, yaml};
use super::tree::Node;
use crate::blueprint::source::Source;
use crate::codes;
use crate::diag::{Diagnostic, Severity};
pub(crate) use find::{FoundIn, FoundPattern};
use finding::Findings;
pub(crate) use pattern::State;
use schemars::JsonSchema;
use serde::Serialize;
use std::ops::Range;

/// What was found in a file.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Checked {
    /// As the user named it.
    pub file: String,
    /// How many event patterns were held against the catalogue.
    pub patterns: usize,
    /// How many names outside of patterns were.
    pub names: usize,
    /// Why nothing was; absent when something was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_read: Option<String>,
    /// What is wrong with its names and patterns, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

impl Checked {
    /// Whether something can never match, or is refused.
    pub fn is_wrong(&self) -> bool {
        let error = |one: &Diagnostic| one.severity == Severity::Error;
        self.not_read.is_none() && self.diagnostics.iter().any(error)
    }
}

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Hcl,
    Json,
    Yaml,
    /// A name on each line.
    List,
    /// Queries and programs.
    Text,
    /// Whatever something is recognised in.
    Any,
}

impl Form {
    fn of(file: &str) -> Self {
        let name = file.rsplit(['/', '\\']).next().unwrap_or(file).to_ascii_lowercase();
        match name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("tf" | "hcl" | "tofu") => Self::Hcl,
            Some("json") => Self::Json,
            Some("yaml" | "yml") => Self::Yaml,
            Some("csv" | "tsv" | "lst") => Self::List,
            Some("py" | "ts" | "js" | "toml" | "sql" | "kql" | "rs" | "go" | "java") => Self::Text,
            _ => Self::Any,
        }
    }
}

/// Checks the text of a file. The name tells the format; a name without one leaves it to the text.
pub fn check(file: &str, text: &str) -> Checked {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let source = Source::new(file, text);
    let found = match read(file, Form::of(file), text) {
        Ok(found) => found,
        Err(Unreadable { at, why }) => return not_read(file, &source, &at, why),
    };
    let mut findings = Findings::default();
    for one in &found.patterns {
        pattern::judge(&one.node, one.state, &mut findings);
    }
    for one in &found.names {
        name::judge(one, &found.names, &mut findings);
    }
    for (at, why) in &found.broken {
        let help = "a pattern is a JSON object in which each field has a list".to_owned();
        findings.error(
            codes::PATTERN_REFUSED,
            at,
            format!("EventBridge refuses this: {why}"),
            help,
        );
    }
    for at in &found.not_known {
        let message = "this pattern is only known where the file is used".to_owned();
        findings.note(codes::PATTERN_NOT_KNOWN, at, message);
    }
    if found.is_empty() {
        let why = match found.not_known.as_slice() {
            [] => "no event pattern and no name of an event was recognised",
            _ => "its patterns are only known where the file is used",
        };
        return not_read(file, &source, &(0..0), why.to_owned());
    }
    Checked {
        file: file.to_owned(),
        patterns: found.patterns.len() + found.broken.len(),
        names: found.names.len(),
        not_read: None,
        diagnostics: findings.into_diagnostics(&source),
    }
}

/// What is said of a pattern, and of which field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfPattern {
    /// Dotted path of the field; empty for the whole pattern.
    pub path: String,
    /// What is the matter.
    pub diagnostic: Diagnostic,
}

/// Says what no event of CloudTrail can be, of a text that is one event pattern. What EventBridge
/// makes of it is told by `eventbridge_pattern::check`.
pub fn check_pattern(file: &str, text: &str) -> Vec<OfPattern> {
    let Ok(node) = yaml::read_json(text) else { return Vec::new() };
    let mut findings = Findings::default();
    pattern::catalogued(&node, State::NotKnown, &mut findings);
    let diagnostics = findings.into_diagnostics(&Source::new(file, text)).into_iter();
    diagnostics
        .map(|diagnostic| {
            let at = diagnostic.span.as_ref().map_or(0..0, |span| span.start..span.end);
            OfPattern { path: node.path_of(&at), diagnostic }
        })
        .collect()
}

/// Everything of a file that can be judged, by the format that its name tells.
///
/// # Errors
/// When it is not what its name says.
pub(crate) fn found_in(file: &str, text: &str) -> Result<FoundIn, Unreadable> {
    read(file, Form::of(file), text)
}

/// A file of which nothing can be said is never called right.
fn not_read(file: &str, source: &Source<'_>, at: &Range<usize>, why: String) -> Checked {
    let mut findings = Findings::default();
    let help = "it reads names, Terraform, CloudFormation, JSON patterns and text with `eventName`; \
                `ctguard match --check FILE` takes a file for one pattern";
    let message = format!("nothing of this file is checked: {why}");
    findings.error(codes::NOTHING_RECOGNISED, at, message, help.to_owned());
    Checked {
        file: file.to_owned(),
        patterns: 0,
        names: 0,
        not_read: Some(why),
        diagnostics: findings.into_diagnostics(source),
    }
}

fn read(file: &str, form: Form, text: &str) -> Result<FoundIn, Unreadable> {
    Ok(match form {
        Form::Hcl => find::find(&hcl::read(text)?, text),
        Form::Json => find::find(&json(file, text)?, text),
        Form::Yaml => documents(&yaml::read(text)?, text),
        Form::List => names(list::read(text).unwrap_or_default()),
        Form::Text => names(text::scan(text)),
        Form::Any => any(file, text),
    })
}

/// JSON, Terraform's among it.
fn json(file: &str, text: &str) -> Result<Node, Unreadable> {
    let mut root = yaml::read_json(text)?;
    if hcl::is_json(file, &root) {
        hcl::fill_json(&mut root);
    }
    Ok(root)
}

/// Tries every format, the strictest first.
fn any(file: &str, text: &str) -> FoundIn {
    let json = json(file, text).map(|node| find::find(&node, text));
    if let Ok(found) = json {
        return found;
    }
    if let Some(list) = list::read(text) {
        return names(list);
    }
    let forms = [Form::Yaml, Form::Hcl, Form::Text];
    let tried = forms.into_iter().filter_map(|form| read(file, form, text).ok());
    tried.into_iter().find(|found| !found.is_empty()).unwrap_or_default()
}

fn documents(documents: &[Node], text: &str) -> FoundIn {
    let mut all = FoundIn::default();
    for document in documents {
        let found = find::find(document, text);
        all.patterns.extend(found.patterns);
        all.names.extend(found.names);
        all.broken.extend(found.broken);
        all.not_known.extend(found.not_known);
        all.called.extend(found.called);
    }
    all
}

fn names(names: Vec<name::Name>) -> FoundIn {
    FoundIn { names, ..FoundIn::default() }
}
