//! The operators of conditions: how a value in a policy is compared with one of a request.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use super::{exact, glob};
use crate::resource::policy::condition_keys::REQUESTED;
use std::cmp::Ordering;
use std::net::IpAddr;

/// How several values of a key are combined.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// No set operator: the key has one value.
    One,
    Any,
    All,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// Whether the key is there at all.
    Null,
    Same,
    SameFolded,
    Like,
    Arn,
    Bool,
    /// A number or time stands so to the one in the policy.
    Number(Order),
    Date(Order),
    Address,
    Binary,
}

/// An order that satisfies a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    pub fn is(self, found: Ordering) -> bool {
        match self {
            Self::Equal => found == Ordering::Equal,
            Self::Less => found == Ordering::Less,
            Self::LessOrEqual => found != Ordering::Greater,
            Self::Greater => found == Ordering::Greater,
            Self::GreaterOrEqual => found != Ordering::Less,
        }
    }
}

/// An operator as a policy names it, such as `ForAnyValue:StringNotLikeIfExists`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operator {
    pub set: Set,
    pub test: Test,
    /// Whether it holds when no value matches.
    pub negated: bool,
    /// Whether it holds when the key is not there.
    pub if_exists: bool,
}

impl Operator {
    /// Reads an operator; `None` when it is none of AWS's.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let (set, name) = match name.split_once(':') {
            Some(("foranyvalue", rest)) => (Set::Any, rest),
            Some(("forallvalues", rest)) => (Set::All, rest),
            Some(_) => return None,
            None => (Set::One, name.as_str()),
        };
        let (name, if_exists) = match name.strip_suffix("ifexists") {
            Some(plain) => (plain, true),
            None => (name, false),
        };
        let order = |name: &str| {
            Some(match name {
                "equals" => (Order::Equal, false),
                "notequals" => (Order::Equal, true),
                "lessthan" => (Order::Less, false),
                "lessthanequals" => (Order::LessOrEqual, false),
                "greaterthan" => (Order::Greater, false),
                "greaterthanequals" => (Order::GreaterOrEqual, false),
                _ => return None,
            })
        };
        let (test, negated) = match name {
            "null" if !if_exists => (Test::Null, false),
            "stringequals" => (Test::Same, false),
            "stringnotequals" => (Test::Same, true),
            "stringequalsignorecase" => (Test::SameFolded, false),
            "stringnotequalsignorecase" => (Test::SameFolded, true),
            "stringlike" => (Test::Like, false),
            "stringnotlike" => (Test::Like, true),
            "arnequals" | "arnlike" => (Test::Arn, false),
            "arnnotequals" | "arnnotlike" => (Test::Arn, true),
            "bool" => (Test::Bool, false),
            "ipaddress" => (Test::Address, false),
            "notipaddress" => (Test::Address, true),
            "binaryequals" => (Test::Binary, false),
            _ => match (name.strip_prefix("numeric"), name.strip_prefix("date")) {
                (Some(rest), _) => order(rest).map(|(order, not)| (Test::Number(order), not))?,
                (_, Some(rest)) => order(rest).map(|(order, not)| (Test::Date(order), not))?,
                _ => return None,
            },
        };
        Some(Self { set, test, negated, if_exists })
    }
}

impl Test {
    /// Whether a value in a policy matches one of the request; `None` when that is not known.
    pub fn matches(self, wanted: &str, value: &str) -> Option<bool> {
        Some(match self {
            Self::Same => exact(wanted) == value,
            Self::SameFolded => exact(wanted).eq_ignore_ascii_case(value),
            Self::Bool => wanted.eq_ignore_ascii_case(value),
            Self::Like => glob(wanted, value),
            Self::Arn => arn(wanted, value),
            Self::Number(order) => {
                let (wanted, value) = (wanted.parse::<f64>().ok()?, value.parse::<f64>().ok()?);
                order.is(value.partial_cmp(&wanted)?)
            }
            Self::Date(order) => order.is(seconds(value)?.cmp(&seconds(wanted)?)),
            Self::Address => Block::parse(wanted)?.contains(value.parse().ok()?),
            Self::Null | Self::Binary => return None,
        })
    }

    /// Whether every value that begins so and goes on matches, or none.
    pub fn matches_any(self, wanted: &str, start: &str) -> Option<bool> {
        let begins = |wanted: &str, start: &str| match wanted.get(..start.len()) {
            Some(same) => same == start && wanted.len() > start.len(),
            None => false,
        };
        let apart = match self {
            Self::Same => !begins(&exact(wanted), start),
            Self::SameFolded => {
                !begins(&exact(wanted).to_ascii_lowercase(), &start.to_ascii_lowercase())
            }
            Self::Like if wanted.strip_suffix('*').is_some_and(|wanted| glob(wanted, start)) => {
                return Some(true);
            }
            Self::Like => {
                let fixed = wanted.split(['*', '?']).next().unwrap_or_default();
                let open = fixed.len() < wanted.len();
                !(begins(fixed, start) || open && (fixed == start || start.starts_with(fixed)))
            }
            _ => return None,
        };
        apart.then_some(false)
    }

    /// Whether a value of a request is of no type that this compares.
    pub fn is_of_another_type(self, value: &str) -> bool {
        match self {
            Self::Number(_) => value.parse::<f64>().is_err(),
            // No service is known to send bytes.
            Self::Binary => true,
            _ => false,
        }
    }

    /// Whether the time of a request matches.
    pub fn matches_time(self, wanted: &str) -> Option<bool> {
        let (order, wanted) = match self {
            Self::Date(order) => (order, seconds(wanted)?),
            Self::Number(order) => (order, wanted.parse().ok()?),
            _ => return None,
        };
        if REQUESTED.contains(&wanted) {
            return None;
        }
        let is_past = wanted < REQUESTED.start;
        Some(match order {
            Order::Equal => false,
            Order::Greater | Order::GreaterOrEqual => is_past,
            Order::Less | Order::LessOrEqual => !is_past,
        })
    }

    /// Whether a value of AWS's own could match what a policy asks for: only a wide pattern could.
    pub fn could_match_foreign(self, wanted: &str) -> bool {
        match self {
            Self::Like | Self::Arn => {
                let digits =
                    |part: &str| part.len() == 12 && part.bytes().all(|b| b.is_ascii_digit());
                wanted.contains(['*', '?']) && !wanted.split([':', '*', '/']).any(digits)
            }
            Self::Address => Block::parse(wanted).is_none_or(|block| block.is_wide()),
            Self::Same | Self::SameFolded | Self::Bool => false,
            _ => true,
        }
    }
}

/// A block of addresses, such as `203.0.113.0/24`.
struct Block {
    start: IpAddr,
    bits: u32,
}

impl Block {
    fn parse(text: &str) -> Option<Self> {
        let (start, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let start: IpAddr = start.trim().parse().ok()?;
        let all = if start.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(all), |bits| bits.trim().parse().ok())?;
        (bits <= all).then_some(Self { start, bits })
    }

    fn contains(&self, address: IpAddr) -> bool {
        let differ = match (self.start, address) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
            (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
            _ => return false,
        };
        differ >= self.bits
    }

    /// Whether it may have addresses of AWS's own: it is larger than what anybody calls theirs.
    fn is_wide(&self) -> bool {
        // The private block of this size has none.
        let is_private = matches!(self.start, IpAddr::V4(start) if start.is_private());
        self.bits < 8 || self.bits == 8 && !is_private
    }
}

/// Part by part: a wildcard stands within one of the six parts of an ARN.
fn arn(pattern: &str, value: &str) -> bool {
    let parts = |text: &str| text.splitn(6, ':').map(str::to_owned).collect::<Vec<_>>();
    let (pattern, value) = (parts(pattern), parts(value));
    pattern.len() == 6
        && value.len() == 6
        && pattern.iter().zip(&value).all(|(pattern, value)| glob(pattern, value))
}

/// A time as policies write it: a date, a date with a time, or seconds since 1970.
fn seconds(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Some(seconds);
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.as_second());
    }
    let date: jiff::civil::Date = text.parse().ok()?;
    let time = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(time.timestamp().as_second())
}
