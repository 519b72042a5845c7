//! Results as JUnit's XML, as CI systems show them: a case for each alert in each place of a
//! verdict, or for each object that a plan is about.

use super::plan::effects::elsewhere;
use super::plan::{PlanView, asides, diff, names};
use super::screen::line;
use super::{
    attribution,
    events::EventCheck,
    notice,
    validate::{Failure, Validation},
};
use ctguard_core::diag::{Diagnostic, Severity};
use ctguard_core::drift::Drift;
use ctguard_core::drill::{DrillReport, DrilledAlert, ReceiptStatus};
use ctguard_core::plan::{Change, Plan};
use ctguard_core::proof::{PathProof, Proof, Status};
use ctguard_core::resource::Address;
use ctguard_core::scope::Place;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::fmt::Write;

/// How a case ended.
enum Ended {
    Passed,
    /// It passed, with a note.
    Noted(String),
    Failed {
        kind: String,
        text: String,
    },
    Error {
        kind: String,
        text: String,
    },
    Skipped(String),
}

struct Case {
    class: String,
    name: String,
    ended: Ended,
}

/// A case for each alert × place: broken fails, unknown is an error, assumed passes with a note.
pub fn proof(blueprint: &str, proof: &Proof) -> String {
    let mut cases: Vec<Case> = proof.paths.iter().map(path).collect();
    cases.extend(proof.signals.iter().map(|signal| {
        let (kind, text) = (
            signal.code.to_string(),
            format!("{}.\nFix: {}", line(&signal.cause), line(&signal.fix)),
        );
        let ended = match signal.status {
            Status::Proven | Status::Assumed => Ended::Noted(text),
            Status::Unknown => Ended::Error { kind, text },
            Status::Broken => Ended::Failed { kind, text },
        };
        let name = line(&format!("{} in {}", signal.object, signal.place));
        Case { class: "signals".to_owned(), name, ended }
    }));
    cases.extend(proof.unrouted.iter().map(|alert| Case {
        class: alert.clone(),
        name: alert.clone(),
        ended: Ended::Skipped("its route is empty, so it notifies nobody".to_owned()),
    }));
    render(&format!("ctguard verify {blueprint}"), cases)
}

fn path(path: &PathProof) -> Case {
    let status = path.status();
    let mut text = String::new();
    let mut kind = None;
    for link in path.links.iter().filter(|link| link.status != Status::Proven) {
        let _ = writeln!(
            text,
            "{} {}: {}: {}.",
            link.status.as_str(),
            link.code,
            line(&link.object.to_string()),
            line(&link.cause)
        );
        if !link.fix.is_empty() {
            let _ = writeln!(text, "Fix: {}", line(&link.fix));
        }
        if link.status == status {
            kind.get_or_insert(link.code);
        }
    }
    let kind = kind.map(|code| code.to_string()).unwrap_or_default();
    let ended = match status {
        Status::Proven => Ended::Passed,
        Status::Assumed => Ended::Noted(text),
        Status::Unknown => Ended::Error { kind, text },
        Status::Broken => Ended::Failed { kind, text },
    };
    Case { class: path.alert.to_string(), name: format!("{} in {}", path.alert, path.lands), ended }
}

/// A case for each alert × place: a missing receipt fails, an unknown one is an error, and one by a
/// rule that stood in passes with a note.
pub fn drill(drill: &DrillReport) -> String {
    let mut cases: Vec<Case> = drill.alerts.iter().map(drilled).collect();
    cases.extend(drill.passed_over.iter().map(|passed| Case {
        class: passed.alert.clone(),
        name: format!("{} in {}", passed.alert, passed.lands),
        ended: Ended::Skipped(passed.why.clone()),
    }));
    let left = drill.left.iter().map(|left| Case {
        class: "left".to_owned(),
        name: left.clone(),
        ended: Ended::Error {
            kind: "drill-left".to_owned(),
            text: format!("{left}\nFix: `ctguard drill --clean-up` removes it."),
        },
    });
    cases.extend(left);
    render(&format!("ctguard drill {}", drill.blueprint), cases)
}

fn drilled(alert: &DrilledAlert) -> Case {
    let mut text = String::new();
    for receipt in &alert.receipts {
        let why = receipt.why.as_deref().unwrap_or("received");
        let _ = writeln!(text, "{}: {}: {why}", receipt.destination, receipt.status.as_str());
    }
    let said = alert.why.clone();
    let ended = match alert.status {
        ReceiptStatus::Planned => Ended::Skipped("nothing was done yet".to_owned()),
        ReceiptStatus::Received => said.map_or(Ended::Passed, Ended::Noted),
        ReceiptStatus::Unknown => Ended::Error { kind: "receipt-unknown".to_owned(), text },
        ReceiptStatus::Missing => Ended::Failed { kind: "receipt-missing".to_owned(), text },
    };
    Case { class: alert.alert.clone(), name: format!("{} in {}", alert.alert, alert.lands), ended }
}

/// The cases of a plan, with who changed what.
pub fn drift(drift: &Drift) -> String {
    let question = PlanView::Drift { by_others: drift.by_others() };
    let mut all = cases(&drift.plan, question, &|address| {
        let of = drift.culprits.iter().filter(|culprit| culprit.address == *address);
        of.map(|culprit| format!("{}\n", attribution::sentence(&culprit.finding))).collect()
    });
    all.extend(notice::by_others_told(drift).into_iter().map(|told| Case {
        class: told.code.to_string(),
        name: told.object,
        ended: Ended::Failed { kind: told.code.to_string(), text: told.message },
    }));
    render(&format!("ctguard drift {}", drift.plan.blueprint.name), all)
}

/// A case for each object that differs, is refused or could not be read, and one for all that are
/// in sync.
pub fn plan(plan: &Plan, question: PlanView) -> String {
    let verb = question.asked_by();
    let all = cases(plan, question, &|_| String::new());
    render(&format!("ctguard {verb} {}", plan.blueprint.name), all)
}

fn cases(plan: &Plan, question: PlanView, who: &dyn Fn(&Address) -> String) -> Vec<Case> {
    let names = names(plan);
    let mut cases = Vec::new();
    for change in &plan.changes {
        let text = format!("{}{}", differences(change, question), who(&change.address));
        let ended = match question {
            PlanView::Drift { .. } => Ended::Failed { kind: "drift".to_owned(), text },
            PlanView::Plan => Ended::Noted(format!("to {}\n{text}", question.word(change.action))),
        };
        let name = asides::named(&change.address, &names);
        cases.push(Case { class: change.address.kind.to_string(), name, ended });
    }
    for guard in plan.guards.iter().filter(|_| !question.is_drift()) {
        let text = format!("{} If this is intended, add {}.", guard.message, guard.kind.flag());
        let ended = Ended::Failed { kind: guard.kind.code().to_string(), text };
        cases.push(Case { class: "guard".to_owned(), name: guard.kind.code().to_string(), ended });
    }
    if question.is_drift() {
        for (there, text) in plan.elsewhere.iter().zip(elsewhere(plan, question)) {
            let (class, name) = ("elsewhere".to_owned(), there.place.to_string());
            let ended = match plan.scope.shard {
                Some(_) => Ended::Noted(text),
                None => Ended::Failed { kind: "drift".to_owned(), text },
            };
            cases.push(Case { class, name, ended });
        }
    }
    for refusal in &plan.refusals {
        let who = who(&refusal.address);
        let mut text = format!("{}. {}", refusal.reason, refusal.help);
        if !who.is_empty() {
            text.push('\n');
            text.push_str(&who);
        }
        let ended = Ended::Failed { kind: "plan-refused".to_owned(), text };
        let name = asides::named(&refusal.address, &names);
        cases.push(Case { class: refusal.address.kind.to_string(), name, ended });
    }
    for unknown in &plan.unknown {
        let place = Place::new(unknown.account.clone(), unknown.region.clone());
        let text = format!("{}.\nFix: {}\n", unknown.why, unknown.why.remedy_at(&place));
        let ended = Ended::Error { kind: "plan-unread".to_owned(), text };
        let name = format!("{} in {}/{}", unknown.part, unknown.account, unknown.region);
        cases.push(Case { class: "unknown".to_owned(), name, ended });
    }
    if plan.in_sync > 0 {
        let name = format!("{} in sync", ctguard_core::plural::count(plan.in_sync, "object"));
        cases.push(Case { class: "in sync".to_owned(), name, ended: Ended::Passed });
    }
    cases
}

fn differences(change: &Change, question: PlanView) -> String {
    let mut text = format!("{}\n", change.reason);
    for field in &change.fields {
        match diff::of(&question.field(field)) {
            diff::Difference::Value { before, after } => {
                let _ = writeln!(text, "{}: {before} → {after}", field.path);
            }
            diff::Difference::Lines(lines) => {
                let _ = writeln!(text, "{}:", field.path);
                for line in lines {
                    let _ = writeln!(text, "  {} {}", line.sign, line.text);
                }
            }
        }
    }
    text
}

/// A case for each problem of a blueprint, or one that passed.
pub fn validation(validation: &Validation) -> String {
    let mut cases = problems(&validation.diagnostics, &validation.file);
    if validation.valid {
        let name = format!("{} is valid", validation.file);
        cases.push(Case { class: "valid".to_owned(), name, ended: Ended::Passed });
    }
    render(&format!("ctguard validate {}", validation.file), cases)
}

/// One case, of the verb itself, which ended without a result.
pub fn failed(failure: &Failure) -> String {
    let command = format!("ctguard {}", failure.verb);
    let cases = problems(std::slice::from_ref(&failure.diagnostic), &command);
    render(&command, cases)
}

/// A case for each finding in files of names and patterns, and one for each file without any.
pub fn events_checked(check: &EventCheck) -> String {
    let mut cases = Vec::new();
    for file in &check.files {
        cases.extend(problems(&file.diagnostics, &file.file));
        if !file.is_wrong() && file.not_read.is_none() {
            let name = format!("{} can match", file.file);
            cases.push(Case { class: "right".to_owned(), name, ended: Ended::Passed });
        }
    }
    render("ctguard events check", cases)
}

fn problems(diagnostics: &[Diagnostic], file: &str) -> Vec<Case> {
    diagnostics
        .iter()
        .map(|diagnostic| {
            let at = diagnostic.span.as_ref();
            let at = at.map(|span| format!("{}:{}:{}", span.file, span.line, span.column));
            let help = diagnostic.help.as_deref().unwrap_or_default();
            let text = format!("{}\n{help}", diagnostic.message);
            let kind = diagnostic.code.to_string();
            let ended = match diagnostic.severity {
                Severity::Error => Ended::Failed { kind, text },
                Severity::Warning | Severity::Note => Ended::Noted(text),
            };
            let at = at.unwrap_or_else(|| file.to_owned());
            Case {
                class: diagnostic.code.to_string(),
                name: format!("{} at {at}", diagnostic.code),
                ended,
            }
        })
        .collect()
}

/// One suite of these cases. Characters that XML has no place for are left out.
fn render(suite: &str, cases: Vec<Case>) -> String {
    let mut tests = TestSuite::new(suite);
    tests.add_test_cases(cases.into_iter().map(Case::into_test));
    let mut report = Report::new(suite);
    report.add_test_suite(tests);
    // Writing into memory cannot fail.
    report.to_string().unwrap_or_default()
}

impl Case {
    fn into_test(self) -> TestCase {
        let (status, said) = match self.ended {
            Ended::Passed => (TestCaseStatus::success(), None),
            Ended::Noted(text) => (TestCaseStatus::success(), Some(text)),
            Ended::Skipped(why) => {
                let mut status = TestCaseStatus::skipped();
                status.set_message(why);
                (status, None)
            }
            Ended::Failed { kind, text } => (trouble(NonSuccessKind::Failure, kind, text), None),
            Ended::Error { kind, text } => (trouble(NonSuccessKind::Error, kind, text), None),
        };
        let mut test = TestCase::new(self.name, status);
        test.set_classname(self.class);
        if let Some(said) = said {
            test.set_system_out(said);
        }
        test
    }
}

fn trouble(element: NonSuccessKind, kind: String, text: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(element);
    status.set_type(kind).set_message(text.lines().next().unwrap_or_default().to_owned());
    status.set_description(text);
    status
}
