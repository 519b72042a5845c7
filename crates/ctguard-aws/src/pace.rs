//! The rate of each kind of call, so that AWS does not throttle a run over many objects.
//!
//! AWS counts per account, region and group of operations. A token bucket stands for each such
//! group: it holds one second's worth, so a small run never waits, and refills at nine tenths of
//! the published rate. Operations without a published rate are limited only by the number of calls
//! in flight.

use std::time::{Duration, Instant};

/// A group of operations that AWS counts together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Class {
    /// All of EventBridge's control plane: 50 a second.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
    Events,
    /// CloudTrail's reads: 10 a second.
    ///
    /// Source: <https://docs.aws.amazon.com/general/latest/gr/ct.html>
    TrailReads,
    /// CloudTrail's event history: 2 a second.
    ///
    /// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>
    TrailLookups,
    /// CloudTrail's writes: 1 a second. The burst is three, the calls that a new trail takes: AWS
    /// publishes no burst, and a throttle would cost no more than the wait that it replaces.
    ///
    /// Source: <https://docs.aws.amazon.com/general/latest/gr/ct.html>
    TrailWrites,
    /// Tags of topics: 10 a second.
    ///
    /// Source: <https://docs.aws.amazon.com/general/latest/gr/sns.html>
    TopicTags,
    /// Subscribing and unsubscribing: 100 a second.
    ///
    /// Source: <https://docs.aws.amazon.com/general/latest/gr/sns.html>
    Subscriptions,
    /// Lists of subscriptions, 30 a second, and SNS's other calls, 30 a second in most regions.
    /// They are counted apart.
    ///
    /// Source: <https://docs.aws.amazon.com/general/latest/gr/sns.html>
    TopicLists,
    Topics,
    /// Sessions and identities: 600 a second over all calls of the account in a region.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
    Sessions,
    /// IAM, which has one endpoint for the whole account. AWS publishes no rate; this one should
    /// stay below it.
    ///
    /// Source: <https://aws.amazon.com/blogs/security/how-to-monitor-and-query-iam-resources-at-scale-part-2/>
    Identity,
    /// Organizations, which has one endpoint and one budget for the whole organization. It answers
    /// `TooManyRequestsException` after a few calls a second; this rate should stay below it.
    ///
    /// Source: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html>
    Organization,
    /// Policies of functions: 15 a second.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
    FunctionPolicies,
    /// Step Functions: each of its calls 1 a second at least, after a burst of 100.
    ///
    /// Source: <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
    Machines,
    /// CloudWatch's GetMetricData: 50 a second.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html>
    Metrics,
}

impl Class {
    /// The group of an operation, named as IAM names it; `None` when AWS publishes no rate.
    pub(super) fn of(operation: &str) -> Option<Self> {
        let (service, call) = operation.split_once(':')?;
        match (service, call) {
            ("events", _) => Some(Self::Events),
            ("cloudtrail", "LookupEvents") => Some(Self::TrailLookups),
            ("cloudtrail", call) => {
                let reads = ["Describe", "Get", "List"].iter().any(|verb| call.starts_with(verb));
                Some(if reads { Self::TrailReads } else { Self::TrailWrites })
            }
            ("sns", "TagResource" | "ListTagsForResource") => Some(Self::TopicTags),
            ("sns", "Subscribe" | "Unsubscribe") => Some(Self::Subscriptions),
            ("sns", "ListSubscriptionsByTopic") => Some(Self::TopicLists),
            ("sns", _) => Some(Self::Topics),
            ("sts", _) => Some(Self::Sessions),
            ("iam", _) => Some(Self::Identity),
            ("organizations", _) => Some(Self::Organization),
            ("lambda", "GetPolicy") => Some(Self::FunctionPolicies),
            ("states", _) => Some(Self::Machines),
            ("cloudwatch", "GetMetricData") => Some(Self::Metrics),
            _ => None,
        }
    }

    /// Calls per second, and the burst.
    fn rate(self) -> (f64, f64) {
        match self {
            Self::Events | Self::Metrics => (45.0, 45.0),
            Self::TrailReads => (9.0, 9.0),
            Self::TrailLookups => (1.8, 2.0),
            Self::TrailWrites => (0.9, 3.0),
            Self::TopicTags => (9.0, 9.0),
            Self::Subscriptions => (90.0, 90.0),
            Self::TopicLists | Self::Topics => (27.0, 27.0),
            Self::Sessions => (540.0, 540.0),
            Self::Identity => (10.0, 10.0),
            Self::Organization => (4.0, 8.0),
            Self::FunctionPolicies => (13.5, 13.5),
            Self::Machines => (0.9, 90.0),
        }
    }
}

/// A token bucket with reservations: a call that finds it empty learns how long to wait.
#[derive(Debug)]
pub(super) struct Bucket {
    per_second: f64,
    burst: f64,
    /// Negative by the number of calls that wait.
    tokens: f64,
    as_of: Instant,
}

impl Bucket {
    pub(super) fn new(class: Class, now: Instant) -> Self {
        let (per_second, burst) = class.rate();
        Self { per_second, burst, tokens: burst, as_of: now }
    }

    /// Takes a token, and says how long to wait before using it.
    pub(super) fn take(&mut self, now: Instant) -> Duration {
        let passed = now.saturating_duration_since(self.as_of).as_secs_f64();
        self.tokens = (self.tokens + passed * self.per_second).min(self.burst) - 1.0;
        self.as_of = self.as_of.max(now);
        if self.tokens >= 0.0 {
            Duration::ZERO
        } else {
            Duration::from_secs_f64(-self.tokens / self.per_second)
        }
    }

    /// Whether it is full, as a new one is.
    pub(super) fn is_full(&self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.as_of).as_secs_f64();
        self.tokens + passed * self.per_second >= self.burst
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_counted_as_aws_counts_them() {
        for (operation, class) in [
            ("events:ListRules", Some(Class::Events)),
            ("events:TagResource", Some(Class::Events)),
            ("cloudtrail:DescribeTrails", Some(Class::TrailReads)),
            ("cloudtrail:ListTags", Some(Class::TrailReads)),
            ("cloudtrail:LookupEvents", Some(Class::TrailLookups)),
            ("cloudtrail:StartLogging", Some(Class::TrailWrites)),
            ("cloudtrail:AddTags", Some(Class::TrailWrites)),
            ("sns:ListTagsForResource", Some(Class::TopicTags)),
            ("sns:ListSubscriptionsByTopic", Some(Class::TopicLists)),
            ("sns:Subscribe", Some(Class::Subscriptions)),
            ("sns:GetTopicAttributes", Some(Class::Topics)),
            ("lambda:GetPolicy", Some(Class::FunctionPolicies)),
            ("states:CreateStateMachine", Some(Class::Machines)),
            ("cloudwatch:GetMetricData", Some(Class::Metrics)),
            ("sqs:GetQueueAttributes", None),
            ("sts:AssumeRole", Some(Class::Sessions)),
            ("iam:GetRole", Some(Class::Identity)),
            ("organizations:ListAccounts", Some(Class::Organization)),
        ] {
            assert_eq!(Class::of(operation), class, "{operation}");
        }
    }

    #[test]
    fn a_small_run_never_waits() {
        let now = Instant::now();
        let mut bucket = Bucket::new(Class::Events, now);
        assert!((0..45).all(|_| bucket.take(now).is_zero()));
    }

    #[test]
    fn a_long_run_keeps_the_rate_and_the_order() {
        let now = Instant::now();
        let mut bucket = Bucket::new(Class::TrailReads, now);
        let waits: Vec<Duration> = (0..27).map(|_| bucket.take(now)).collect();
        assert!(waits.is_sorted(), "who comes later must not go earlier: {waits:?}");
        let last = waits.last().copied().unwrap_or_default();
        // 27 calls at once, 9 free: the other 18 take two seconds at 9 a second.
        assert!((last.as_secs_f64() - 2.0).abs() < 0.001, "{last:?}");
    }

    #[test]
    fn an_idle_bucket_fills_up_to_its_burst_and_no_further() {
        let start = Instant::now();
        let mut bucket = Bucket::new(Class::TrailWrites, start);
        let later = start + Duration::from_secs(3600);
        let free = (0..10).filter(|_| bucket.take(later).is_zero()).count();
        assert_eq!(free, 3);
    }

    #[test]
    fn a_clock_that_stands_still_or_goes_back_gives_no_tokens() {
        let start = Instant::now() + Duration::from_secs(10);
        let mut bucket = Bucket::new(Class::TrailWrites, start);
        for _ in 0..3 {
            bucket.take(start);
        }
        assert!(!bucket.take(start - Duration::from_secs(5)).is_zero());
    }
}
