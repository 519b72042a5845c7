//! An estimate of AWS's bill for a month like the one that was replayed, at list prices.
//!
//! Left out are the free allowances of every month, the trail, keys, queues, and all that does not
//! grow with the number of alerts.

use super::{Sends, Setup};
use serde::Serialize;

/// The date and region of the prices.
pub const PRICES: &str = "list prices of us-east-1, June 2026";

const DAYS_A_MONTH: u64 = 30;

/// A price in US dollars per million.
#[derive(Debug, Clone, Copy)]
struct Price {
    item: Item,
    per_million: f64,
    source: &'static str,
}

/// What is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
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
}

const SNS: &str = "https://aws.amazon.com/sns/pricing/";
const EVENTBRIDGE: &str = "https://aws.amazon.com/eventbridge/pricing/";

const SNS_PUBLISH: Price = Price { item: Item::SnsPublish, per_million: 0.50, source: SNS };
const SNS_EMAIL: Price = Price { item: Item::SnsEmail, per_million: 20.0, source: SNS };
const SNS_HTTP: Price = Price { item: Item::SnsHttp, per_million: 0.60, source: SNS };
const CROSS_BUS: Price = Price { item: Item::CrossBus, per_million: 1.0, source: EVENTBRIDGE };

/// The estimate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    pub currency: &'static str,
    pub prices: &'static str,
    /// The days that it is scaled from; 0 when there were none.
    pub from_days: u32,
    pub items: Vec<CostItem>,
    pub total: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CostItem {
    pub item: Item,
    /// In a month of 30 days, rounded up.
    pub a_month: u64,
    pub per_million: f64,
    pub cost: f64,
    pub source: &'static str,
}

/// Estimates a month's cost from how often each alert was raised in so many days.
pub fn estimate(setup: &Setup, raised: &[u64], days: u32) -> Cost {
    let total = |of: fn(&Sends) -> u64| -> u64 {
        setup.alerts.iter().zip(raised).map(|(alert, count)| of(&alert.sends) * count).sum()
    };
    let crossing = if setup.hub { raised.iter().sum() } else { 0 };
    let items: Vec<CostItem> = [
        (SNS_PUBLISH, total(|sends| sends.published)),
        (SNS_EMAIL, total(|sends| sends.mailed)),
        (SNS_HTTP, total(|sends| sends.posted)),
        (CROSS_BUS, crossing),
    ]
    .into_iter()
    .filter(|(_, count)| *count > 0)
    .map(|(price, count)| {
        let a_month = (count * DAYS_A_MONTH).div_ceil(u64::from(days.max(1)));
        CostItem {
            item: price.item,
            a_month,
            per_million: price.per_million,
            cost: dollars(a_month as f64 * price.per_million / 1e6),
            source: price.source,
        }
    })
    .collect();
    // The sum of no items is -0.0.
    let total = dollars(items.iter().map(|item| item.cost).fold(0.0, |sum, cost| sum + cost));
    Cost { currency: "USD", prices: PRICES, from_days: days, items, total }
}

/// Rounded to a millionth, which hides what adding binary fractions leaves behind.
fn dollars(amount: f64) -> f64 {
    (amount * 1e6).round() / 1e6
}
