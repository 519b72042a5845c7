//! Notices as SARIF 2.1.0, for GitHub's code scanning and other viewers: a result for each alert
//! that a notice is about, on the alert's line in the blueprint.
//!
//! Source: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>
//! Source: <https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>

use super::notice::{Level, Notice};
use super::positions::{Position, Positions};
use super::validate::Failure;
use ctguard_core::codes::{Code, Kind};
use ctguard_core::hex::hex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Most results in one file: GitHub keeps the first 5,000 of a run.
const RESULTS_MAX: usize = 5_000;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

const LINKS: &str = include_str!("../../docs/links.md");

/// Renders notices, gravest first.
pub fn render(notices: &[Notice], positions: &Positions) -> Value {
    let mut rules: Vec<Code> = notices.iter().map(|notice| notice.code).collect();
    rules.sort_unstable();
    rules.dedup();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut results = Vec::new();
    for notice in notices {
        let alerts: Vec<Option<&str>> = match notice.alerts.is_empty() {
            true => vec![None],
            false => notice.alerts.iter().map(|alert| Some(alert.as_str())).collect(),
        };
        for alert in alerts {
            let at = match &notice.span {
                Some(span) => positions.span(span),
                None => notice.position(alert, positions),
            };
            let hash = fingerprint(notice, alert);
            let nth = seen.entry(hash.clone()).or_default();
            *nth += 1;
            results.push(result(notice, &rules, &at, &format!("{hash}:{nth}")));
        }
    }
    let all = results.len();
    results.truncate(RESULTS_MAX);
    let mut invocation = json!({ "executionSuccessful": true });
    if all > RESULTS_MAX {
        let text = format!("{} more results are left out.", all - RESULTS_MAX);
        invocation["toolExecutionNotifications"] =
            json!([{ "level": "warning", "message": { "text": text } }]);
    }
    document(&rules, &invocation, &results)
}

/// An error in place of results. It is about no line of a file, so it is no result, but what SARIF
/// has for a run of the tool that failed.
pub fn failed(failure: &Failure) -> Value {
    let Failure { verb, diagnostic } = failure;
    let help = diagnostic.help.as_deref().map(|help| format!(": {help}")).unwrap_or_default();
    let invocation = json!({
        "executionSuccessful": false,
        "toolExecutionNotifications": [{
            "level": "error",
            "descriptor": { "id": diagnostic.code },
            "message": { "text": format!("ctguard {verb}: {}{help}", diagnostic.message) },
        }],
    });
    document(&[], &invocation, &[])
}

fn document(rules: &[Code], invocation: &Value, results: &[Value]) -> Value {
    let driver = json!({
        "name": "ctguard",
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": rules.iter().map(|code| rule(*code)).collect::<Vec<_>>(),
    });
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": driver },
            "columnKind": "unicodeCodePoints",
            "invocations": [invocation],
            "results": results,
        }],
    })
}

fn result(notice: &Notice, rules: &[Code], at: &Position, fingerprint: &str) -> Value {
    let level = match notice.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    json!({
        "ruleId": notice.code,
        "ruleIndex": rules.iter().position(|code| *code == notice.code),
        "level": level,
        "message": { "text": notice.message },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": uri(&at.file) },
                "region": { "startLine": at.line, "startColumn": at.column },
            },
        }],
        // GitHub recognises a known result by this, even if its line has moved.
        "partialFingerprints": { "primaryLocationLineHash": fingerprint },
    })
}

/// Equal for the same problem of the same alert, regardless of its line and the number of places.
fn fingerprint(notice: &Notice, alert: Option<&str>) -> String {
    let mut hash = Sha256::new();
    for part in [notice.code.as_str(), alert.unwrap_or_default(), notice.object.as_str()] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hex(&hash.finalize()[..8])
}

/// A rule with its title and help: those of the registry, and of a link its section in the
/// documentation.
fn rule(code: Code) -> Value {
    let help = match code.kind() {
        Kind::Link => section(LINKS, code.as_str()).unwrap_or_else(|| code.title().to_owned()),
        _ => format!("{}\n{}", code.title(), code.help()),
    };
    json!({
        "id": code,
        "shortDescription": { "text": code.title() },
        "fullDescription": { "text": help },
        "help": { "text": help, "markdown": help },
        "properties": { "tags": ["security"] },
    })
}

/// What stands below a code's heading.
fn section(docs: &str, code: &str) -> Option<String> {
    let heading = format!("### `{code}`\n");
    let start = docs.find(&heading)? + heading.len();
    let rest = docs.get(start..)?;
    let end = rest.find("\n#").unwrap_or(rest.len());
    Some(rest.get(..end)?.trim().to_owned())
}

/// A file's name as a URI reference: relative names stay relative, to the root of the repository.
fn uri(file: &str) -> String {
    let file = file.replace('\\', "/");
    let mut out = String::new();
    if file.starts_with('/') {
        out.push_str("file://");
    }
    let file = file.strip_prefix("./").unwrap_or(&file);
    for byte in file.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use ctguard_core::codes;

    #[test]
    fn names_of_files_become_uris() {
        assert_eq!(uri("./a b/ctguard.yaml"), "a%20b/ctguard.yaml");
        assert_eq!(uri("/x/é.yaml"), "file:///x/%C3%A9.yaml");
    }

    #[test]
    fn every_code_is_a_rule_with_a_title_and_help_of_its_own() {
        for code in codes::all() {
            let rule = rule(code);
            let text = |of: &str| rule[of]["text"].as_str().unwrap_or_default().to_owned();
            assert_eq!(text("shortDescription"), code.title(), "{code}");
            assert!(text("help").len() > code.title().len() / 2 + 20, "{code}: {rule:#}");
            assert_ne!(text("help"), code.as_str(), "{code}");
        }
    }
}
