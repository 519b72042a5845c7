//! What was asked.

use crate::call::Call;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// How many different calls that nothing is known about are named.
const NAMED: usize = 10;

#[derive(Default)]
pub struct Totals {
    calls: BTreeMap<String, u64>,
    throttled: BTreeMap<String, u64>,
    unknown: BTreeSet<String>,
    in_flight: i64,
    most_in_flight: i64,
}

impl Totals {
    pub fn asked(&mut self, call: &Call<'_>) {
        add(&mut self.calls, call);
    }

    pub fn throttled(&mut self, call: &Call<'_>) {
        add(&mut self.throttled, call);
    }

    pub fn unknown(&mut self, what: String) {
        if self.unknown.len() < NAMED {
            self.unknown.insert(what);
        }
    }

    pub fn in_flight(&mut self, by: i64) {
        self.in_flight += by;
        self.most_in_flight = self.most_in_flight.max(self.in_flight);
    }

    pub fn told(&self, quota_seconds: f64) -> Value {
        json!({
            "calls": self.calls,
            "throttled": self.throttled,
            "unknown": self.unknown,
            "most_in_flight": self.most_in_flight,
            "quota_seconds": quota_seconds,
        })
    }
}

fn add(counts: &mut BTreeMap<String, u64>, call: &Call<'_>) {
    *counts.entry(format!("{}:{}", call.service, call.operation)).or_default() += 1;
}
