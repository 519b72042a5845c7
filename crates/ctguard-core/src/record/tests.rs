//! What is told of conditions, and of which nothing is said.

mod exceptions;
mod mistakes;
mod possible;
mod recorded;
mod responses;
mod samples;
mod slips;
mod together;

use super::*;
use crate::catalogue;
use crate::event::EventRef;
use eventbridge_pattern::Filter;
use serde_json::{Value, json};

fn events(names: &str) -> Vec<EventRef> {
    let find = |name: &str| {
        let (service, name) = name.split_once(':').expect("service:Name");
        let source = format!("{service}.amazonaws.com");
        catalogue::find(&source, name).expect(name).to_refs()
    };
    names.split(' ').flat_map(find).collect()
}

fn checked(names: &str, filter: &Value, failed: Option<bool>) -> Verdict {
    let filter = Filter::parse(filter).expect("a filter");
    check(&Asked { events: &events(names), filter: Some(&filter), failed, except: &[] })
}

/// The codes that are told, each with whether it is sure, and all that is said.
fn told(verdict: &Verdict) -> (Vec<String>, String) {
    let code = |finding: &Finding| {
        format!("{}{}", finding.code.as_str(), if finding.sure { "" } else { "?" })
    };
    let text = |finding: &Finding| format!("{}; {}\n", finding.message, finding.help);
    (verdict.findings.iter().map(code).collect(), verdict.findings.iter().map(text).collect())
}
