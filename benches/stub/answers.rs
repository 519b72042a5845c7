//! What is answered: made once, for the caller's account and for one other, whose id gives way to that of
//! whoever is asked about.

mod events;
mod global;
mod messaging;
mod trails;

use crate::call::{Call, Protocol};
use crate::fleet::Fleet;
use crate::http::Answer;
use ctguard_core::resource::Tags;
use ctguard_core::scope::{AccountId, Region};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// Most resources in a page of the search by tag, and rules in a list.
const PAGE: usize = 100;

pub struct Answers {
    caller: AccountId,
    own: Account,
    /// Absent when the fleet is the caller's account alone.
    other: Option<Account>,
}

/// All answers about one account, by region, operation and what is asked about.
struct Account {
    id: AccountId,
    answers: HashMap<String, Made>,
}

/// An answer, with the places where its account's id stands.
struct Made {
    content_type: &'static str,
    body: Vec<u8>,
    ids: Vec<usize>,
}

const JSON: &str = "application/x-amz-json-1.1";
const XML: &str = "text/xml";

impl Answers {
    pub fn of(fleet: &Fleet, url: &str) -> Self {
        let mut own = Account::of(fleet, &fleet.caller, url);
        own.organization(fleet);
        let other = fleet.others.first().map(|id| Account::of(fleet, id, url));
        Self { caller: fleet.caller.clone(), own, other }
    }

    /// The answer to a call; `None` to what nobody asks of a fleet in sync.
    pub fn to(&self, call: &Call<'_>) -> Option<Answer> {
        match (call.service, call.operation) {
            ("sts", "GetCallerIdentity") => return Some(global::caller_identity(call)),
            ("sts", "AssumeRole") => return Some(global::assume_role(call)),
            ("monitoring", "GetMetricData") => return Some(global::metric_data(call)),
            _ => {}
        }
        let account = match call.account == self.caller.as_str() {
            true => &self.own,
            false => self.other.as_ref()?,
        };
        // Same length, so that an id can be put in place of another where it stands.
        let subject = call.subject().replace(call.account, account.id.as_str());
        let made = account.answers.get(&key(call.region, call.operation, &subject))?;
        let mut body = made.body.clone();
        for at in &made.ids {
            body[*at..*at + call.account.len()].copy_from_slice(call.account.as_bytes());
        }
        Some(Answer::ok(made.content_type, body))
    }
}

impl Account {
    fn of(fleet: &Fleet, id: &AccountId, url: &str) -> Self {
        let mut account = Self { id: id.clone(), answers: HashMap::new() };
        for (place, seen) in fleet.live.places.iter().filter(|(place, _)| place.account == *id) {
            account.events(place, seen);
            account.tagged(place, seen);
            account.topics(place, seen);
            account.queues(place, seen, url);
            account.trails(place, seen);
        }
        if let Some(seen) = fleet.live.accounts.get(id) {
            account.roles(seen);
        }
        account.regions(&fleet.regions);
        account
    }

    fn json(&mut self, region: &str, operation: &str, subject: &str, body: Value) {
        self.add(key(region, operation, subject), JSON, body.to_string());
    }

    /// An answer in the form of the services that speak XML.
    fn xml(&mut self, region: &str, operation: &str, subject: &str, result: &str) {
        self.add(key(region, operation, subject), XML, wrapped(operation, result));
    }

    fn add(&mut self, key: String, content_type: &'static str, body: String) {
        let ids = body.match_indices(self.id.as_str()).map(|(at, _)| at).collect();
        self.answers.insert(key, Made { content_type, body: body.into_bytes(), ids });
    }

    /// A list in pages: the token of each is the number of the first entry.
    fn pages(
        &mut self,
        region: &Region,
        operation: &str,
        subject: &str,
        entries: &[Value],
        (list, token): (&str, &str),
    ) {
        let mut from = 0;
        loop {
            let to = entries.len().min(from + PAGE);
            let mut page = json!({ list: entries[from..to] });
            if to < entries.len() {
                page[token] = to.to_string().into();
            }
            let asked = if from == 0 { String::new() } else { from.to_string() };
            self.json(region.as_str(), operation, &format!("{subject}{asked}"), page);
            from = to;
            if from == entries.len() {
                return;
            }
        }
    }
}

fn key(region: &str, operation: &str, subject: &str) -> String {
    format!("{region} {operation} {subject}")
}

fn wrapped(operation: &str, result: &str) -> String {
    format!(
        "<{operation}Response><{operation}Result>{result}</{operation}Result></{operation}Response>"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A map of SNS's.
fn entries(attributes: &BTreeMap<&str, String>) -> String {
    let entry = |(key, value): (&&str, &String)| {
        format!("<entry><key>{key}</key><value>{}</value></entry>", escaped(value))
    };
    format!("<Attributes>{}</Attributes>", attributes.iter().map(entry).collect::<String>())
}

fn tag_list(tags: &Tags) -> Value {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// AWS leaves out what is not set.
fn without_nulls(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, field| !field.is_null());
    }
    value
}

/// An error as the call's protocol words it.
pub fn error(call: &Call<'_>, status: u16, code: &str, message: &str) -> Answer {
    let (content_type, body) = match call.protocol {
        Protocol::Form => (
            XML,
            format!(
                "<ErrorResponse><Error><Code>{code}</Code><Message>{}</Message></Error></ErrorResponse>",
                escaped(message)
            ),
        ),
        _ => (JSON, json!({ "__type": code, "message": message }).to_string()),
    };
    Answer { status, content_type, body: body.into_bytes() }
}
