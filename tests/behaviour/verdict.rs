//! What `verify` says, so that it can be compared: how it ended, and each thing said once per
//! place.

use crate::world::Ran;
use std::collections::{BTreeMap, BTreeSet};

pub struct Verdict {
    pub code: u8,
    /// `status code region object`, without what every ARN begins with; with who can fix it, for a
    /// link.
    pub said: BTreeMap<String, Option<String>>,
}

impl Verdict {
    /// Reads the JSON of a verify about this account.
    pub fn of(ran: &Ran, account: &str) -> Self {
        let report = ran.json();
        let mut said = BTreeMap::new();
        let list = |key: &str| report[key].as_array().cloned().unwrap_or_default();
        for found in list("links").into_iter().chain(list("remarks")) {
            let text = |key: &str| found[key].as_str().map(str::to_owned);
            let status = text("status").or_else(|| text("severity")).unwrap();
            let (code, object) = (text("code").unwrap(), text("object").unwrap());
            for place in found["places"].as_array().unwrap() {
                let region = place["region"].as_str().unwrap();
                let object = object.replace("{region}", region).replace(account, "{account}");
                let here = format!("{status} {code} {region} {}", local(&object));
                said.insert(here, text("mender"));
            }
        }
        Self { code: ran.code, said }
    }

    /// What is said now and was not said before.
    pub fn new_since(&self, before: &Self) -> BTreeSet<&str> {
        let new = self.said.keys().filter(|said| !before.said.contains_key(*said));
        new.map(String::as_str).collect()
    }

    /// How the command must end for what is new: 4 for unknown outweighs 3 for broken, what is only
    /// assumed or degraded fails nothing, and what ended it before still does.
    pub fn expected_code(&self, before: &Self) -> u8 {
        let new = self.new_since(before);
        let any = |status: &str| new.iter().any(|said| said.starts_with(status));
        let own = [(any("unknown"), 4), (any("broken"), 3)];
        let own = own.into_iter().find_map(|(said, code)| said.then_some(code));
        own.unwrap_or(0).max(before.code)
    }
}

/// The code in what is said.
pub fn code(said: &str) -> &str {
    said.split(' ').nth(1).unwrap_or_default()
}

/// An object by its name in its account and region.
fn local(object: &str) -> String {
    let short = |word: &str| match word.split_once("arn:aws:") {
        Some((before, arn)) => format!("{before}{}", arn.splitn(4, ':').last().unwrap_or_default()),
        None => word.to_owned(),
    };
    object.split(' ').map(short).collect::<Vec<_>>().join(" ")
}
