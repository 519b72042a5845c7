//! What an answer says of itself beside its rows: whether they are all there are.
//!
//! Searches, queries and look-ups answer in pages, and answer when they failed or have not ended. Rows that never came would be
//! counted as events that never happened; so an answer that says that there are more is told as incomplete, and the rows that
//! came are read.

use super::container::Container;
use crate::skim::{Members, value_end};
use serde_json::Value;

/// The longest text of somebody else's that is repeated, in characters.
const QUOTED_MAX: usize = 200;

/// An answer, as far as it has been read.
#[derive(Debug)]
pub(super) struct Answer {
    /// What its list of rows is called.
    list: Container,
    /// How many rows are in the list.
    pub(super) rows: u64,
    /// How many hits there are, and whether there may be more.
    total: Option<(u64, bool)>,
    /// A search that is answered in pages.
    scrolls: bool,
    /// Log events that a query found.
    matched: Option<f64>,
    /// Why it is not complete, each with what to do.
    said: Vec<String>,
}

impl Answer {
    /// An answer whose list of rows opens before `at`, with what stands before the list.
    pub(super) fn opening(list: Container, text: &[u8], at: usize) -> Self {
        let mut answer =
            Self { list, rows: 0, total: None, scrolls: false, matched: None, said: Vec::new() };
        answer.before(text, 0, at, false);
        answer
    }

    /// Takes the members of the object at `start` that end before `at`, and those of the object in which `at` stands.
    fn before(&mut self, text: &[u8], start: usize, at: usize, inner: bool) {
        let mut members = Members::new(text, start);
        while let Ok(Some(member)) = members.next() {
            match value_end(text, member.value) {
                Some(end) if end < at => {
                    self.note(member.key, &text[member.value..end], inner);
                    members.resume(end);
                }
                _ if !inner && text.get(member.value) == Some(&b'{') => {
                    return self.before(text, member.value, at, true);
                }
                _ => return,
            }
        }
    }

    /// Whether a member with this key may say something.
    pub(super) fn asks(key: &[u8]) -> bool {
        KEYS.contains(&key)
    }

    /// Takes a member. `inner`: it stands in the object around the list, and that object in another one.
    pub(super) fn note(&mut self, key: &[u8], value: &[u8], inner: bool) {
        if !Self::asks(key) {
            return;
        }
        let Ok(value) = serde_json::from_slice::<Value>(value) else { return };
        let of = |list| self.list == list;
        match key {
            b"NextToken" | b"nextToken" => self.token(&String::from_utf8_lossy(key), &value),
            b"total" if inner && of(Container::SearchHit) => self.total = total(&value),
            b"_scroll_id" if of(Container::SearchHit) => self.scrolls = !value.is_null(),
            b"_shards" | b"_clusters" if of(Container::SearchHit) => {
                self.shards(&String::from_utf8_lossy(key), &value);
            }
            b"messages" if of(Container::Splunk) => self.messages(&value),
            b"statistics" if of(Container::Splunk) => {
                self.matched = value.get("recordsMatched").and_then(Value::as_f64);
            }
            b"status" if of(Container::Splunk) => self.status(&value),
            b"preview" if of(Container::Splunk) && value == true => {
                self.said.push(PREVIEW.to_owned());
            }
            _ if of(Container::SearchHit) && value == true => self.flag(key),
            _ => {}
        }
    }

    fn token(&mut self, key: &str, value: &Value) {
        if value.as_str().is_some_and(|token| !token.is_empty()) {
            self.said.push(format!(
                "`{key}` says that there is more; ask for the next pages too, and once all of them are there, leave the token out"
            ));
        }
    }

    fn flag(&mut self, key: &[u8]) {
        let (key, then) = match key {
            b"timed_out" => ("timed_out", "search again, with more time"),
            b"is_partial" => ("is_partial", "ask again when the search has ended"),
            b"is_running" => ("is_running", "ask again when the search has ended"),
            b"terminated_early" => ("terminated_early", "search without `terminate_after`"),
            _ => return,
        };
        self.said.push(format!("`{key}` is true; {then}"));
    }

    fn shards(&mut self, key: &str, value: &Value) {
        for part in ["failed", "partial", "running"] {
            if let Some(number) = value.get(part).and_then(Value::as_u64).filter(|n| *n > 0) {
                self.said.push(format!("`{key}.{part}` is {number}; search again when all answer"));
            }
        }
    }

    fn status(&mut self, value: &Value) {
        let then = match value.as_str() {
            Some("Running" | "Scheduled" | "Unknown") => "ask again when the query is `Complete`",
            Some("Failed" | "Cancelled" | "Timeout") => "run the query again",
            _ => return,
        };
        self.said.push(format!("`status` is {value}; {then}"));
    }

    fn messages(&mut self, value: &Value) {
        for message in value.as_array().into_iter().flatten() {
            let kind = message["type"].as_str().unwrap_or_default();
            if ["ERROR", "FATAL"].contains(&kind) {
                let text = message["text"].as_str().unwrap_or_default();
                let text: String = text.chars().take(QUOTED_MAX).collect();
                self.said.push(format!("`messages` has one of type {kind} ({text}); search again"));
            }
        }
    }

    /// Why there is more than what it has; `None` for an answer that says nothing of the kind.
    pub(super) fn lacks(mut self) -> Option<String> {
        let rows = self.rows;
        match self.total {
            Some((total, more)) if more || total > rows => {
                let more = if more { " or more" } else { "" };
                self.said.push(format!(
                    "`hits.total` is {total}{more}, and it has {rows}; fetch the other pages, with `track_total_hits`, and once all of them are there, keep the hits alone: `jq -c '.hits.hits[]'`"
                ));
            }
            None if self.scrolls && rows > 0 => self.said.push(
                "`_scroll_id` says that there are other pages; fetch them until one is empty, and keep the hits alone: `jq -c '.hits.hits[]'`".to_owned(),
            ),
            _ => {}
        }
        if let Some(matched) = self.matched.filter(|matched| *matched > rows as f64) {
            self.said.push(format!(
                "the query found {matched} log events, and it has {rows} of them; raise its `limit`, or ask for shorter spans of time"
            ));
        }
        (!self.said.is_empty()).then(|| self.said.join("; "))
    }
}

/// What may be said beside the rows.
const KEYS: [&[u8]; 14] = [
    b"NextToken",
    b"nextToken",
    b"total",
    b"_scroll_id",
    b"_shards",
    b"_clusters",
    b"timed_out",
    b"is_partial",
    b"is_running",
    b"terminated_early",
    b"status",
    b"statistics",
    b"messages",
    b"preview",
];

/// What is said of results that Splunk shows while it searches.
pub(super) const PREVIEW: &str =
    "`preview` is true: the search had not ended; export its results when it has";

/// Whether one result of Splunk's says that it is one of a search that has not ended.
pub(super) fn is_preview(text: &[u8]) -> bool {
    let mut members = Members::new(text, 0);
    while let Ok(Some(member)) = members.next() {
        if member.key == b"preview" {
            return text[member.value..].starts_with(b"true");
        }
        match value_end(text, member.value) {
            Some(end) => members.resume(end),
            None => return false,
        }
    }
    false
}

/// The number of hits, which older versions write as a number, and whether there may be more.
fn total(value: &Value) -> Option<(u64, bool)> {
    let number = value.as_u64().or_else(|| value.get("value")?.as_u64())?;
    Some((number, value.get("relation").is_some_and(|relation| relation == "gte")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lacks(list: Container, before: &str, rows: u64) -> Option<String> {
        let text = format!("{{{before}");
        let mut answer = Answer::opening(list, text.as_bytes(), text.len());
        answer.rows = rows;
        answer.lacks()
    }

    #[test]
    fn an_answer_that_says_that_it_is_all_is_taken_at_its_word() {
        for (list, before, rows) in [
            (
                Container::SearchHit,
                r#""timed_out":false,"_shards":{"failed":0},"hits":{"total":{"value":2,"relation":"eq"},"hits":["#,
                2,
            ),
            (Container::SearchHit, r#""_scroll_id":"x","hits":{"total":2,"hits":["#, 2),
            (Container::SearchHit, r#""_scroll_id":"x","hits":{"hits":["#, 0),
            (
                Container::Splunk,
                r#""status":"Complete","statistics":{"recordsMatched":2.0},"results":["#,
                2,
            ),
            (
                Container::Splunk,
                r#""preview":false,"messages":[{"type":"INFO","text":"x"}],"results":["#,
                0,
            ),
            (Container::LookupEvents, r#""NextToken":null,"Events":["#, 2),
            (Container::LookupEvents, r#""status":"Failed","Events":["#, 2),
        ] {
            assert_eq!(lacks(list, before, rows), None, "{before}");
        }
    }

    #[test]
    fn an_answer_that_says_that_there_is_more_is_heard() {
        for (list, before, rows, said) in [
            (
                Container::SearchHit,
                r#""timed_out":true,"hits":{"hits":["#,
                2,
                "`timed_out` is true",
            ),
            (
                Container::SearchHit,
                r#""_shards":{"failed":3},"hits":{"hits":["#,
                2,
                "`_shards.failed` is 3",
            ),
            (
                Container::SearchHit,
                r#""hits":{"total":9,"hits":["#,
                2,
                "`hits.total` is 9, and it has 2",
            ),
            (
                Container::SearchHit,
                r#""hits":{"total":{"value":2,"relation":"gte"},"hits":["#,
                2,
                "2 or more",
            ),
            (Container::SearchHit, r#""_scroll_id":"x","hits":{"hits":["#, 2, "`_scroll_id`"),
            (Container::Splunk, r#""status":"Timeout","results":["#, 2, "`status` is \"Timeout\""),
            (
                Container::Splunk,
                r#""statistics":{"recordsMatched":5.0},"results":["#,
                2,
                "found 5 log events",
            ),
            (
                Container::Splunk,
                r#""messages":[{"type":"FATAL","text":"no disk"}],"results":["#,
                2,
                "(no disk)",
            ),
            (Container::Splunk, r#""preview":true,"results":["#, 2, "`preview` is true"),
            (Container::LookupEvents, r#""NextToken":"x","Events":["#, 2, "`NextToken`"),
            (Container::LogEvents, r#""nextToken":"x","events":["#, 2, "`nextToken`"),
        ] {
            let lacks = lacks(list, before, rows).expect(before);
            assert!(lacks.contains(said), "{lacks}");
        }
    }
}
