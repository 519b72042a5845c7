//! An estimate of AWS's bill for a month like the one that was replayed, at list prices.
//!
//! Left out are the trail, keys, queues, and all that does not grow with the number of alerts; the
//! free allowances of every month are left out of a replay's estimate, and in that of a new
//! blueprint. Both have their prices from here.

use super::{Sends, Setup, sends};
use crate::blueprint::Blueprint;
use schemars::JsonSchema;
use serde::Serialize;

/// The date and region of the prices.
pub const PRICES: &str = "list prices of us-east-1, June 2026";

const DAYS_A_MONTH: u64 = 30;

/// A price in US dollars per million.
#[derive(Debug, Clone, Copy)]
struct Price {
    item: Item,
    per_million: f64,
    /// So many of every month are free in an account.
    free: u64,
    source: &'static str,
}

/// What is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// Messages published to topics.
    SnsPublish,
    /// Messages delivered by e-mail.
    SnsEmail,
    /// Messages delivered to URLs and chat channels.
    SnsHttp,
    /// Events sent from one bus to another.
    CrossBus,
    /// Steps of the state machines that compose mails.
    StateTransition,
}

const SNS: &str = "https://aws.amazon.com/sns/pricing/";
const EVENTBRIDGE: &str = "https://aws.amazon.com/eventbridge/pricing/";

const STEP_FUNCTIONS: &str = "https://aws.amazon.com/step-functions/pricing/";

/// State transitions of a mail: its one step, and the start.
const TRANSITIONS_A_MAIL: u64 = 2;

const PRICES_OF: [Price; 5] = [
    Price { item: Item::SnsPublish, per_million: 0.50, free: 1_000_000, source: SNS },
    Price { item: Item::SnsEmail, per_million: 20.0, free: 1_000, source: SNS },
    Price { item: Item::SnsHttp, per_million: 0.60, free: 100_000, source: SNS },
    // AWS's own events are free; those that go to another bus are billed as custom events.
    // https://aws.amazon.com/about-aws/whats-new/2021/05/amazon-eventbridge-supports-sharing-events-between-event-buses-same-account-region/
    Price { item: Item::CrossBus, per_million: 1.0, free: 0, source: EVENTBRIDGE },
    Price { item: Item::StateTransition, per_million: 25.0, free: 4_000, source: STEP_FUNCTIONS },
];

/// The estimate.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Cost {
    /// The currency of every price: `USD`.
    pub currency: &'static str,
    /// Whose prices these are, and of when.
    pub prices: &'static str,
    /// The days that it is scaled from; 0 when there were none.
    pub from_days: u32,
    /// What is paid for.
    pub items: Vec<CostItem>,
    /// The sum of the items, in a month of 30 days.
    pub total: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CostItem {
    /// What is paid for.
    pub item: Item,
    /// In a month of 30 days, rounded up.
    pub a_month: u64,
    /// The price of a million.
    pub per_million: f64,
    /// What it costs in a month, before any free allowance.
    pub cost: f64,
    /// AWS's page with the price.
    pub source: &'static str,
}

/// Estimates a month's cost from how often each alert was raised in so many days, before free
/// allowances.
pub fn estimate(setup: &Setup, raised: &[u64], days: u32) -> Cost {
    let all = setup.alerts.iter().zip(raised);
    let billed = all.map(|(alert, count)| Billed::of(&alert.sends, *count, setup.hub));
    let billed = billed.fold(Billed::default(), Billed::and);
    let a_month = |count: u64| (count * DAYS_A_MONTH).div_ceil(u64::from(days.max(1)));
    cost(days, |price| a_month(billed.count(price.item)))
}

/// Estimates what a month of so many alerts costs that all destinations hear of, after free
/// allowances.
pub fn after_allowances(blueprint: &Blueprint, alerts: u64) -> Cost {
    let all: Vec<String> = blueprint.destinations.keys().cloned().collect();
    let billed = Billed::of(&sends(blueprint, &all), alerts, blueprint.hub.is_some());
    cost(0, |price| billed.count(price.item).saturating_sub(price.free))
}

/// How much of each item is billed.
#[derive(Debug, Clone, Copy, Default)]
struct Billed {
    sends: Sends,
    crossing: u64,
}

impl Billed {
    /// An alert that was raised so often.
    fn of(sends: &Sends, raised: u64, hub: bool) -> Self {
        let sends = Sends {
            published: sends.published * raised,
            mailed: sends.mailed * raised,
            posted: sends.posted * raised,
            composed: sends.composed * raised,
        };
        Self { sends, crossing: if hub { raised } else { 0 } }
    }

    fn and(self, other: Self) -> Self {
        let sends = Sends {
            published: self.sends.published + other.sends.published,
            mailed: self.sends.mailed + other.sends.mailed,
            posted: self.sends.posted + other.sends.posted,
            composed: self.sends.composed + other.sends.composed,
        };
        Self { sends, crossing: self.crossing + other.crossing }
    }

    fn count(&self, item: Item) -> u64 {
        match item {
            Item::SnsPublish => self.sends.published,
            Item::SnsEmail => self.sends.mailed,
            Item::SnsHttp => self.sends.posted,
            Item::CrossBus => self.crossing,
            Item::StateTransition => self.sends.composed * TRANSITIONS_A_MAIL,
        }
    }
}

/// The cost of what `count` says of each item.
fn cost(from_days: u32, count: impl Fn(&Price) -> u64) -> Cost {
    let counted = PRICES_OF.iter().map(|price| (price, count(price)));
    let items: Vec<CostItem> = counted
        .filter(|(_, count)| *count > 0)
        .map(|(price, a_month)| CostItem {
            item: price.item,
            a_month,
            per_million: price.per_million,
            cost: dollars(a_month as f64 * price.per_million / 1e6),
            source: price.source,
        })
        .collect();
    // The sum of no items is -0.0.
    let total = dollars(items.iter().map(|item| item.cost).fold(0.0, |sum, cost| sum + cost));
    Cost { currency: "USD", prices: PRICES, from_days, items, total }
}

/// Rounded to a millionth, which hides what adding binary fractions leaves behind.
fn dollars(amount: f64) -> f64 {
    (amount * 1e6).round() / 1e6
}
