//! The rates that AWS documents, for every account and region by itself.
//!
//! AWS documents no bursts: a second's worth is what is admitted at once.

use crate::call::Call;
use std::collections::HashMap;
use std::time::Instant;

/// The name of a group of operations that AWS counts together, and how many it takes a second; `None` where it
/// documents no rate.
///
/// Sources: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>,
/// <https://docs.aws.amazon.com/general/latest/gr/ct.html>, <https://docs.aws.amazon.com/general/latest/gr/sns.html>
/// (the rate of most regions), <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html> (STS),
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html>
fn rate(service: &str, operation: &str) -> Option<(&'static str, f64)> {
    Some(match (service, operation) {
        ("events", _) => ("events", 50.0),
        ("cloudtrail", read) if ["Describe", "Get", "List"].iter().any(|v| read.starts_with(v)) => {
            ("cloudtrail reads", 10.0)
        }
        ("cloudtrail", _) => ("cloudtrail writes", 1.0),
        ("sns", "TagResource" | "ListTagsForResource") => ("sns tags", 10.0),
        ("sns", "Subscribe" | "Unsubscribe") => ("sns subscriptions", 100.0),
        ("sns", "ListSubscriptionsByTopic") => ("sns lists", 30.0),
        ("sns", _) => ("sns", 30.0),
        ("sts", _) => ("sts", 600.0),
        ("monitoring", "GetMetricData") => ("metric data", 50.0),
        _ => return None,
    })
}

/// What every account and region has left.
#[derive(Default)]
pub struct Rates(HashMap<(String, String, &'static str), Bucket>);

struct Bucket {
    left: f64,
    as_of: Instant,
    rate: f64,
    taken: u64,
}

impl Rates {
    /// Counts a call; false when it is one too many.
    pub fn admit(&mut self, call: &Call<'_>) -> bool {
        let Some((group, rate)) = rate(call.service, call.operation) else { return true };
        let now = Instant::now();
        let key = (call.account.to_owned(), call.region.to_owned(), group);
        let bucket = self.0.entry(key).or_insert(Bucket { left: rate, as_of: now, rate, taken: 0 });
        let passed = now.duration_since(bucket.as_of).as_secs_f64();
        bucket.left = (bucket.left + passed * rate).min(rate);
        bucket.as_of = now;
        let admitted = bucket.left >= 1.0;
        if admitted {
            bucket.left -= 1.0;
            bucket.taken += 1;
        }
        admitted
    }

    /// How long the calls so far would take at the documented rates, everything side by side.
    pub fn seconds(&self) -> f64 {
        self.0.values().map(|bucket| bucket.taken as f64 / bucket.rate).fold(0.0, f64::max)
    }
}
