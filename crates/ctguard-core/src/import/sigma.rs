//! Rules of Sigma about CloudTrail.
//!
//! Files may hold several documents, with parts that all of them share (`action: global`). Only
//! `product: aws`, `service: cloudtrail` is about CloudTrail's records.
//!
//! Source: <https://sigmahq.io/sigma-specification/specification/sigma-rules-specification.html>

mod condition;
mod detection;
mod regex;
mod spelling;
mod value;

#[cfg(test)]
mod tests;

use super::asked::{as_network, asked};
use super::draft::{Draft, Origin, id_of, line};
use super::notes::Notes;
use super::{Collected, Refused, SourceFile};
use crate::blueprint::Risk;
use crate::blueprint::source::Source;
use crate::events::read::yaml;
use crate::events::tree::{Entry, Node, Value};
use std::collections::BTreeSet;

/// Reads the rules of files.
pub fn sigma(files: &[SourceFile]) -> Collected {
    let mut collected = Collected::default();
    let mut bases: BTreeSet<String> = BTreeSet::new();
    let mut called: Vec<(usize, String)> = Vec::new();
    for file in files {
        let text = file.text.strip_prefix('\u{feff}').unwrap_or(&file.text);
        let source = Source::new(&file.name, text);
        let nobody = |line| Origin {
            file: file.name.clone(),
            line,
            rule: file.name.clone(),
            id: None,
            author: None,
        };
        let documents = match yaml::read(text) {
            Ok(documents) => documents,
            Err(error) => {
                let from = nobody(Some(source.line(error.at.start)));
                collected.refused.push(Refused { from, reason: error.why });
                continue;
            }
        };
        let rules = rules(documents);
        if rules.is_empty() {
            let reason = "there is no rule in it".to_owned();
            collected.refused.push(Refused { from: nobody(None), reason });
        }
        for rule in rules {
            bases.extend(rule.get("correlation").into_iter().flat_map(bases_of));
            let said = |key: &str| rule.get(key).and_then(plain_text);
            let from = Origin {
                line: Some(source.line(rule.span.start)),
                rule: line(&said("title").unwrap_or_else(|| file.name.clone()), usize::MAX),
                id: said("id"),
                author: said("author"),
                ..nobody(None)
            };
            match draft(&rule, &from) {
                Ok(draft) => {
                    let at = collected.drafts.len();
                    let names = [said("name"), from.id.clone(), said("title")];
                    called.extend(names.into_iter().flatten().map(|name| (at, name)));
                    collected.drafts.push(draft);
                }
                Err(reason) => collected.refused.push(Refused { from, reason }),
            }
        }
    }
    for (at, _) in called.into_iter().filter(|(_, name)| bases.contains(name)) {
        if let Some(draft) = collected.drafts.get_mut(at) {
            draft.note(BASE.to_owned());
        }
    }
    collected
}

/// Said of a rule that a correlation counts, and that does not alert for itself.
const BASE: &str = "a correlation counts its events, and Sigma does not raise it for itself \
    (`generate: true` is missing); the alert is raised by each event";

/// The names of the rules that a correlation is about, unless they alert for themselves, too.
///
/// Source: <https://sigmahq.io/sigma-specification/specification/sigma-correlation-rules-specification.html>
fn bases_of(correlation: &Node) -> Vec<String> {
    let generates = correlation.get("generate").and_then(plain_text);
    if generates.is_some_and(|text| text.eq_ignore_ascii_case("true")) {
        return Vec::new();
    }
    texts(correlation, "rules")
}

/// The rules of a file, each with what is said for all of them.
fn rules(documents: Vec<Node>) -> Vec<Node> {
    let mut shared: Option<Node> = None;
    let mut last: Option<Node> = None;
    let mut rules = Vec::new();
    for document in documents {
        if matches!(document.value, Value::Plain(serde_json::Value::Null)) {
            continue;
        }
        let action = document.get("action").and_then(Node::text).map(str::to_owned);
        let rule = match action.as_deref() {
            Some("global") => {
                shared = Some(over(shared.as_ref(), &document));
                continue;
            }
            Some("reset") => {
                shared = None;
                continue;
            }
            Some("repeat") => over(last.as_ref(), &document),
            _ => over(shared.as_ref(), &document),
        };
        last = Some(rule.clone());
        rules.push(rule);
    }
    rules
}

/// A document over another one: of maps all keys, of everything else what it says itself.
fn over(below: Option<&Node>, above: &Node) -> Node {
    let (Some(below), Value::Map(own)) = (below, &above.value) else { return above.clone() };
    let mut entries: Vec<Entry> = below.entries().to_vec();
    entries.retain(|entry| entry.key != "action");
    for entry in own.iter().filter(|entry| entry.key != "action") {
        match entries.iter_mut().find(|known| known.key == entry.key) {
            Some(known) => {
                let both = known.node.entries().len().min(entry.node.entries().len()) > 0;
                known.node = match both {
                    true => over(Some(&known.node), &entry.node),
                    false => entry.node.clone(),
                };
            }
            None => entries.push(entry.clone()),
        }
    }
    Node { span: above.span.clone(), value: Value::Map(entries) }
}

fn draft(rule: &Node, from: &Origin) -> Result<Draft, String> {
    if rule.get("correlation").is_some() {
        return Err(
            "it correlates several events, and a rule of EventBridge sees one event".to_owned()
        );
    }
    if rule.get("filter").is_some() {
        return Err(
            "it is a filter for other rules, which are imported without it: write what it leaves \
             out as `except:` of their alerts"
                .to_owned(),
        );
    }
    log_source(rule)?;
    let mut notes = Notes::default();
    let formula = detection::formula(rule, &mut notes)?;
    let alternatives = formula.alternatives(&mut notes)?;
    let mut asked = asked(alternatives.clone(), &mut notes)?;
    let network = as_network(&alternatives, &asked.events);
    if !network.is_empty() {
        notes.insert(
            "only network activity events are so, which arrive where a trail records them: they \
             are asked for, too"
                .to_owned(),
        );
    }
    asked.events.extend(network);
    let said = |key: &str| rule.get(key).and_then(plain_text).unwrap_or_default();
    let level = said("level").to_ascii_lowercase();
    let risk = match level.as_str() {
        "informational" => Risk::Low,
        other => Risk::parse(other).unwrap_or_else(|| {
            let written =
                if other.is_empty() { "no `level`" } else { "a `level` that is not known" };
            notes.insert(format!("it has {written}: its risk is taken to be medium"));
            Risk::Medium
        }),
    };
    let addresses = texts(rule, "references");
    let (sources, others): (Vec<String>, Vec<String>) =
        addresses.into_iter().partition(|text| crate::blueprint::is_https(text));
    if !others.is_empty() {
        notes.insert(format!(
            "references that are no https address are left out: {}",
            others.join(", ")
        ));
    }
    Ok(Draft {
        id: id_of(&from.rule),
        title: from.rule.clone(),
        risk,
        events: asked.events,
        filter: asked.filter,
        why: said("description"),
        next: next(&texts(rule, "falsepositives")),
        sources,
        attack: techniques(rule),
        notify: Vec::new(),
        from: from.clone(),
        partly: notes.partly(),
        notes: notes.into_list(),
        takes_over: None,
    })
}

/// Whether the rule is about CloudTrail's records.
fn log_source(rule: &Node) -> Result<(), String> {
    if rule.get("detection").is_none() {
        return Err("it has no `detection`".to_owned());
    }
    let source = rule.get("logsource");
    let said = |key: &str| {
        let node = source?.get(key)?;
        plain_text(node).map(|text| text.to_ascii_lowercase())
    };
    match (said("product").as_deref(), said("service").as_deref()) {
        (Some("aws"), Some("cloudtrail")) => Ok(()),
        _ => {
            let keys = ["product", "service", "category"];
            let parts = keys.iter().filter_map(|key| Some(format!("{key}: {}", said(key)?)));
            let parts: Vec<String> = parts.collect();
            let parts =
                if parts.is_empty() { "no `logsource`".to_owned() } else { parts.join(", ") };
            Err(format!(
                "it is not about CloudTrail: it has {parts} in place of product: aws, service: \
                 cloudtrail"
            ))
        }
    }
}

/// What to do next, from what raises false alarms.
fn next(false_alarms: &[String]) -> String {
    let nothing = ["unknown", "none", "n/a", "unlikely", "none known", ""];
    let known: Vec<&str> = false_alarms
        .iter()
        .map(|text| text.trim().trim_end_matches('.'))
        .filter(|text| !nothing.contains(&text.to_ascii_lowercase().as_str()))
        .collect();
    match known.is_empty() {
        true => "Ask who did it, and whether it was meant to be done.".to_owned(),
        false => format!(
            "Ask who did it, and whether it was meant to be done. Known false alarms: {}.",
            known.join("; ")
        ),
    }
}

/// `attack.t1562.008` → `T1562.008`.
fn techniques(rule: &Node) -> Vec<String> {
    let technique = |tag: String| {
        let tag = tag.to_ascii_uppercase();
        let number = tag.strip_prefix("ATTACK.T")?;
        let digits = number.bytes().all(|one| one.is_ascii_digit() || one == b'.');
        let fits = [4, 8].contains(&number.len())
            && number.find('.').unwrap_or(4) == 4
            && number.matches('.').count() == number.len() / 8;
        (digits && fits).then(|| format!("T{number}"))
    };
    let mut found: Vec<String> = Vec::new();
    for one in texts(rule, "tags").into_iter().filter_map(technique) {
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}

/// The texts of a list, or the one text.
fn texts(rule: &Node, key: &str) -> Vec<String> {
    let nodes = rule.get(key).map(Node::each).unwrap_or_default();
    nodes.iter().filter_map(plain_text).map(|text| line(&text, usize::MAX)).collect()
}

/// A text, a number or a truth value as text.
fn plain_text(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) => Some(text.clone()),
        Value::Plain(plain) if !plain.is_null() => Some(plain.to_string()),
        _ => None,
    }
}
