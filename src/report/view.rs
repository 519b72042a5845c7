//! The formats, and which of them each result has.

use super::apply::ApplyReport;
use super::coverage::{self, Narrow};
use super::events::EventCheck;
use super::markdown::{self, COMMENT_MAX_BYTES, SUMMARY_MAX_BYTES};
use super::notice::{self, Notice};
use super::plan::{Detail, PlanView};
use super::positions::Positions;
use super::screen::{Filter, Written, shown};
use super::validate::{Failure, Validation};
use super::{Paint, github, junit, sarif};
use ctguard_core::coverage::Coverage;
use ctguard_core::diag::Diagnostic;
use ctguard_core::drift::{Attributed, Culprit, Drift};
use ctguard_core::drill::DrillReport;
use ctguard_core::plan::Plan;
use ctguard_core::proof::{Proof, Report};
use ctguard_core::replay::Replay;
use serde::Serialize;
use std::fmt;

/// How results are printed.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Default,
    clap::ValueEnum,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[strum(serialize_all = "lowercase")]
pub enum Format {
    /// For people, on a terminal
    #[default]
    Text,
    /// For programs; `ctguard schema` prints its schema
    Json,
    /// For a comment on a pull request
    Markdown,
    /// For code scanning: results on the blueprint's lines
    Sarif,
    /// For the test report of a CI system
    Junit,
    /// GitHub's annotations, and its step summary
    Github,
}

impl Format {
    /// Every format, as the command line lists them.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The spelling on the command line.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads the spelling on the command line.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Widest chart, in characters.
const CHART_MAX: usize = 120;

/// A result that can be shown.
#[derive(Debug, Clone, Copy)]
pub enum View<'a> {
    /// A plan, and whose changes it is about, as far as that was looked up.
    Plan {
        plan: &'a Plan,
        culprits: &'a [Culprit],
        detail: Detail,
    },
    /// Drift, and who caused it.
    Drift(&'a Drift),
    /// A verdict; with its proof, it has a case for each alert in each place.
    Verdict {
        report: &'a Report,
        proof: Option<&'a Proof>,
    },
    Applied(&'a ApplyReport),
    Drilled(&'a DrillReport),
    Replayed(&'a Replay),
    Validated(&'a Validation),
    /// What kept a verb from a result; text and JSON have forms of their own.
    Failed(&'a Failure),
    EventsChecked(&'a EventCheck),
    Covered {
        coverage: &'a Coverage,
        narrow: Narrow<'a>,
    },
}

impl View<'_> {
    /// The result in this format; `None` when it has no such form.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn render(
        &self,
        format: Format,
        positions: &Positions,
        paint: Paint,
    ) -> Result<Option<String>, serde_json::Error> {
        let text = match format {
            Format::Json | Format::Sarif => self.formatted(format, positions, paint)?,
            _ => self.clean(|view| view.formatted(format, positions, paint))?,
        };
        let written = match format {
            Format::Json | Format::Sarif => Written::Json,
            Format::Github => Written::Commands,
            _ => Written::Lines { color: paint.color },
        };
        Ok(text.map(|text| Filter::text(written, &text)))
    }

    /// The result with texts that are fit to become lines. What has no such form cleans its own.
    fn clean<T>(&self, show: impl FnOnce(View<'_>) -> T) -> T {
        match *self {
            Self::Plan { plan, culprits, detail } => {
                let culprits = culprits.to_vec();
                show(View::Plan { plan: &shown(plan), culprits: &shown(&culprits), detail })
            }
            Self::Drift(drift) => show(View::Drift(&shown(drift))),
            Self::Verdict { report, proof } => {
                show(View::Verdict { report: &shown(report), proof })
            }
            Self::Applied(report) => show(View::Applied(&shown(report))),
            Self::Drilled(report) => show(View::Drilled(&shown(report))),
            Self::Replayed(_)
            | Self::Validated(_)
            | Self::Failed(_)
            | Self::EventsChecked(_)
            | Self::Covered { .. } => show(*self),
        }
    }

    fn formatted(
        &self,
        format: Format,
        positions: &Positions,
        paint: Paint,
    ) -> Result<Option<String>, serde_json::Error> {
        Ok(match format {
            Format::Text => Some(self.text(paint)),
            Format::Json => Some(self.json()?),
            Format::Markdown => Some(self.markdown(COMMENT_MAX_BYTES)),
            Format::Sarif => match (self, self.notices()) {
                (Self::Failed(failure), _) => Some(pretty(&sarif::failed(failure))?),
                (_, Some(notices)) => Some(pretty(&sarif::render(&notices, positions))?),
                (_, None) => None,
            },
            Format::Github => self.notices().map(|notices| github::render(&notices, positions)),
            Format::Junit => self.junit(),
        })
    }

    /// The summary of a step of GitHub Actions.
    pub fn summary(&self) -> String {
        let text = self.clean(|view| view.markdown(SUMMARY_MAX_BYTES));
        Filter::text(Written::Lines { color: false }, &text)
    }

    fn text(&self, paint: Paint) -> String {
        match self {
            Self::Plan { plan, culprits, detail } => {
                super::attribution::plan(plan, culprits, *detail, paint)
            }
            Self::Drift(drift) => super::attribution::drift(drift, paint),
            Self::Verdict { report, .. } => super::verify::render(report, paint),
            Self::Applied(report) => super::apply::render(report, paint),
            Self::Drilled(report) => super::drill::render(report, paint),
            Self::Replayed(replay) => {
                super::replay::render(replay, paint, paint.width.min(CHART_MAX))
            }
            Self::Validated(validation) => super::validate::render(validation),
            Self::Failed(failure) => format!("error: {}\n", failure.diagnostic.message),
            Self::EventsChecked(check) => check.render(),
            Self::Covered { coverage, narrow } => coverage::render(coverage, *narrow, paint),
        }
    }

    fn json(&self) -> Result<String, serde_json::Error> {
        match self {
            Self::Plan { plan, culprits, .. } => pretty(&Attributed { plan, culprits }),
            Self::Drift(drift) => pretty(drift),
            Self::Verdict { report, .. } => pretty(report),
            Self::Applied(report) => pretty(report),
            Self::Drilled(report) => pretty(report),
            Self::Replayed(replay) => pretty(replay),
            Self::Validated(validation) => pretty(validation),
            Self::Failed(failure) => pretty(&failure.diagnostic),
            Self::EventsChecked(check) => pretty(check),
            Self::Covered { coverage, .. } => pretty(coverage),
        }
    }

    fn markdown(&self, limit: usize) -> String {
        match self {
            Self::Plan { plan, culprits, .. } => markdown::attributed(plan, culprits, limit),
            Self::Drift(drift) => markdown::drift(drift, limit),
            Self::Verdict { report, .. } => markdown::verdict(report, limit),
            Self::Applied(report) => markdown::applied(report, limit),
            Self::Drilled(report) => markdown::drilled(report, limit),
            Self::Replayed(replay) => super::replay::markdown::render(replay),
            Self::Validated(validation) => markdown::validated(validation, limit),
            Self::Failed(failure) => markdown::failed(failure, limit),
            Self::EventsChecked(check) => markdown::events_checked(check, limit),
            Self::Covered { coverage, narrow } => markdown::coverage(coverage, *narrow, limit),
        }
    }

    fn notices(&self) -> Option<Vec<Notice>> {
        match self {
            Self::Plan { plan, .. } => Some(notice::plan(plan, PlanView::Plan)),
            Self::Drift(drift) => Some(notice::drift(drift)),
            Self::Verdict { report, .. } => Some(notice::verdict(report)),
            Self::Applied(_) | Self::Drilled(_) | Self::Replayed(_) | Self::Covered { .. } => None,
            Self::Validated(validation) => Some(notice::diagnostics(&validation.diagnostics)),
            Self::Failed(failure) => {
                let Failure { verb, diagnostic } = failure;
                let message = format!("ctguard {verb}: {}", diagnostic.message);
                Some(notice::diagnostics(&[Diagnostic { message, ..diagnostic.clone() }]))
            }
            Self::EventsChecked(check) => Some(notice::diagnostics(&check.diagnostics())),
        }
    }

    fn junit(&self) -> Option<String> {
        match self {
            Self::Plan { plan, .. } => Some(junit::plan(plan, PlanView::Plan)),
            Self::Drift(drift) => Some(junit::drift(drift)),
            Self::Verdict { report, proof } => {
                proof.map(|proof| junit::proof(&report.blueprint, proof))
            }
            Self::Drilled(report) => Some(junit::drill(report)),
            Self::Applied(_) | Self::Replayed(_) | Self::Covered { .. } => None,
            Self::Validated(validation) => Some(junit::validation(validation)),
            Self::Failed(failure) => Some(junit::failed(failure)),
            Self::EventsChecked(check) => Some(junit::events_checked(check)),
        }
    }
}

fn pretty(value: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(format!("{}\n", serde_json::to_string_pretty(value)?))
}
