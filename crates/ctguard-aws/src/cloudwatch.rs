//! CloudWatch: the metrics that EventBridge publishes for its rules, and Step Functions for its
//! state machines. Read only.
//!
//! EventBridge publishes once a minute and omits zeros, so a metric without data is zero, provided
//! that CloudWatch calls it complete. Metrics are best effort and may lag by some minutes.
//! Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html>

use super::errors::bad_response;
use super::session::Session;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    Dimension, MessageData, Metric, MetricDataQuery, MetricDataResult, MetricStat, StatusCode,
};
use ctguard_core::cloud::CloudError;
use ctguard_core::resource::keys::RuleKey;
use ctguard_core::resource::small_map::SmallMap;
use ctguard_core::snapshot::{FAILED_HOURS, FIRED_HOURS, MetricCount, Observed, RuleSignals};
use futures::future::join_all;
use std::collections::{BTreeMap, BTreeSet};

const GET_METRIC_DATA: &str = "cloudwatch:GetMetricData";

/// Most metrics in one call.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html>
const METRICS_MAX: usize = 500;

/// How often an incomplete result is requested. CloudWatch documents that a request may be repeated
/// after an internal error.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataResult.html>
const ASKED_MAX: usize = 2;

/// The metrics of a rule, and of a state machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Count {
    Fired,
    Failed,
    Lost,
    ExecutionFailed,
    ExecutionTimedOut,
    ExecutionAborted,
}

impl Count {
    /// EventBridge's or Step Functions' name for it; the only dimension of a rule on the default bus
    /// is its name.
    fn metric(self) -> &'static str {
        match self {
            Self::Fired => "TriggeredRules",
            Self::Failed => "FailedInvocations",
            Self::Lost => "InvocationsFailedToBeSentToDlq",
            Self::ExecutionFailed => "ExecutionsFailed",
            Self::ExecutionTimedOut => "ExecutionsTimedOut",
            Self::ExecutionAborted => "ExecutionsAborted",
        }
    }
}

/// The period to read, and its granularity. Data points begin at whole multiples of their length,
/// so the period does, too, and is longer by the elapsed part of the current data point.
#[derive(Debug, Clone, Copy)]
struct Span {
    counts: &'static [Count],
    /// Of state machines.
    executions: &'static [Count],
    hours: u32,
    point_seconds: i32,
}

/// What became of executions that did not succeed.
///
/// Source: <https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html>
const EXECUTIONS: [Count; 3] =
    [Count::ExecutionFailed, Count::ExecutionTimedOut, Count::ExecutionAborted];

/// Hours for a day, days for a month: CloudWatch throttles by the number of data points.
const SPANS: [Span; 2] = [
    Span {
        counts: &[Count::Failed, Count::Lost],
        executions: &EXECUTIONS,
        hours: FAILED_HOURS,
        point_seconds: 3_600,
    },
    Span { counts: &[Count::Fired], executions: &[], hours: FIRED_HOURS, point_seconds: 86_400 },
];

/// What is counted: a rule, or a state machine by its ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Counted<'a> {
    Rule(&'a RuleKey),
    Machine(&'a str),
}

impl std::fmt::Display for Counted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rule(key) => f.write_str(key.as_str()),
            Self::Machine(arn) => f.write_str(arn),
        }
    }
}

/// One metric of one rule or state machine.
type MetricKey<'a> = (Counted<'a>, Count);

/// What was counted of rules, and of state machines by their ARN.
type Signals = (SmallMap<RuleKey, Observed<RuleSignals>>, BTreeMap<String, Observed<MetricCount>>);

impl Session {
    /// The counts, up to `now` in seconds, of rules and of state machines.
    pub(super) async fn signals(
        &self,
        rules: &BTreeSet<RuleKey>,
        machines: &BTreeSet<String>,
        now: i64,
    ) -> Signals {
        let mut calls = Vec::new();
        for span in SPANS {
            let of_rules = rules.iter().flat_map(|rule| {
                span.counts.iter().map(move |count| (Counted::Rule(rule), *count))
            });
            let of_machines = machines.iter().flat_map(|arn| {
                span.executions.iter().map(move |count| (Counted::Machine(arn), *count))
            });
            let questions: Vec<MetricKey<'_>> = of_rules.chain(of_machines).collect();
            for some in questions.chunks(METRICS_MAX) {
                let some = some.to_vec();
                calls.push(async move { (self.sums(span, &some, now).await, some) });
            }
        }
        let mut sums: BTreeMap<MetricKey<'_>, Result<MetricCount, CloudError>> = BTreeMap::new();
        for (answer, asked) in join_all(calls).await {
            match answer {
                Ok(answer) => sums.extend(answer),
                Err(error) => {
                    sums.extend(asked.into_iter().map(|question| (question, Err(error.clone()))));
                }
            }
        }
        let sum_of = |of: Counted<'_>, count| match sums.get(&(of, count)) {
            Some(sum) => sum.clone(),
            None => Err(bad_response(GET_METRIC_DATA, format!("no result for {of}"))),
        };
        let one = |rule: &RuleKey| -> Result<RuleSignals, CloudError> {
            Ok(RuleSignals {
                fired: sum_of(Counted::Rule(rule), Count::Fired)?,
                failed: sum_of(Counted::Rule(rule), Count::Failed)?,
                lost: sum_of(Counted::Rule(rule), Count::Lost)?,
            })
        };
        let observed = |rule: &RuleKey| match one(rule) {
            Ok(signals) => Observed::Known(signals),
            Err(error) => Observed::Unreadable((&error).into()),
        };
        let failed = |arn: &str| -> Result<MetricCount, CloudError> {
            let mut failed = MetricCount { count: 0, hours: FAILED_HOURS };
            for count in EXECUTIONS {
                failed.count += sum_of(Counted::Machine(arn), count)?.count;
            }
            Ok(failed)
        };
        let executions = machines.iter().map(|arn| match failed(arn) {
            Ok(failed) => (arn.clone(), Observed::Known(failed)),
            Err(error) => (arn.clone(), Observed::Unreadable((&error).into())),
        });
        let signals = rules.iter().map(|rule| (rule.clone(), observed(rule))).collect();
        (signals, executions.collect())
    }

    /// Adds up the data points of each metric, page by page. A metric that CloudWatch does not call
    /// complete is an error of that metric alone.
    async fn sums<'a>(
        &self,
        span: Span,
        questions: &[MetricKey<'a>],
        now: i64,
    ) -> Result<BTreeMap<MetricKey<'a>, Result<MetricCount, CloudError>>, CloudError> {
        let point = i64::from(span.point_seconds);
        let start = now - now.rem_euclid(point) - i64::from(span.hours) * 3_600;
        let mut sums: Vec<Sum> = vec![Sum::default(); questions.len()];
        for _ in 0..ASKED_MAX {
            let open: Vec<usize> = (0..sums.len()).filter(|at| !sums[*at].complete()).collect();
            if open.is_empty() {
                break;
            }
            for at in &open {
                sums[*at] = Sum::default();
            }
            let mut pages = self.pages();
            loop {
                let queries = open.iter().map(|at| query(*at, questions[*at], span)).collect();
                let call = self
                    .clients
                    .cloudwatch()
                    .get_metric_data()
                    .set_metric_data_queries(Some(queries))
                    .start_time(DateTime::from_secs(start))
                    .end_time(DateTime::from_secs(now))
                    .set_next_token(pages.token());
                let page = self.send(GET_METRIC_DATA, call.send()).await?;
                // The result is partial, and the response does not say which part is missing.
                if !page.messages().is_empty() {
                    return Err(bad_response(GET_METRIC_DATA, joined(page.messages())));
                }
                for result in page.metric_data_results() {
                    let sum = result.id().and_then(index).and_then(|at| sums.get_mut(at));
                    sum.ok_or_else(|| {
                        let id = result.id().unwrap_or("none");
                        bad_response(
                            GET_METRIC_DATA,
                            format!("there was no request for the metric {id}"),
                        )
                    })?
                    .add(result);
                }
                if !pages.turn(GET_METRIC_DATA, page.next_token())? {
                    break;
                }
            }
        }
        let tally =
            |(question, sum): (&MetricKey<'a>, &Sum)| (*question, sum.tally(*question, span));
        Ok(questions.iter().zip(&sums).map(tally).collect())
    }
}

fn query(at: usize, (of, count): MetricKey<'_>, span: Span) -> MetricDataQuery {
    // Rules of the default bus are counted under their name alone.
    // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
    let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
    let metric = Metric::builder().metric_name(count.metric());
    let metric = match of {
        Counted::Rule(key) => metric
            .namespace("AWS/Events")
            .set_dimensions(key.bus().map(|bus| vec![dimension("EventBusName", bus)]))
            .dimensions(dimension("RuleName", key.name())),
        Counted::Machine(arn) => {
            metric.namespace("AWS/States").dimensions(dimension("StateMachineArn", arn))
        }
    };
    let metric = metric.build();
    let stat = MetricStat::builder().metric(metric).period(span.point_seconds).stat("Sum").build();
    // An id begins with a lower-case letter.
    MetricDataQuery::builder().id(format!("m{at}")).metric_stat(stat).build()
}

fn index(id: &str) -> Option<usize> {
    id.strip_prefix('m')?.parse().ok()
}

fn joined(messages: &[MessageData]) -> String {
    let one = |message: &MessageData| {
        format!("{}: {}", message.code().unwrap_or("?"), message.value().unwrap_or("?"))
    };
    messages.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// The values received of one metric. A later page may add more, and its status decides whether
/// that is all.
#[derive(Debug, Clone, Default)]
struct Sum {
    value: f64,
    status: Option<StatusCode>,
    messages: String,
}

impl Sum {
    fn add(&mut self, result: &MetricDataResult) {
        self.value += result.values().iter().sum::<f64>();
        self.status = result.status_code().cloned();
        self.messages = joined(result.messages());
    }

    fn complete(&self) -> bool {
        self.status == Some(StatusCode::Complete)
    }

    fn tally(&self, (rule, count): MetricKey<'_>, span: Span) -> Result<MetricCount, CloudError> {
        if self.complete() {
            // Counts are whole numbers, although sent as floats.
            return Ok(MetricCount { count: self.value.round() as u64, hours: span.hours });
        }
        let status = self.status.as_ref().map_or("no answer", StatusCode::as_str);
        let more = if self.messages.is_empty() { "" } else { ": " };
        let message = format!("{} of {rule}: {status}{more}{}", count.metric(), self.messages);
        Err(bad_response(GET_METRIC_DATA, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(status: StatusCode, values: &[f64]) -> MetricDataResult {
        MetricDataResult::builder().status_code(status).set_values(Some(values.to_vec())).build()
    }

    fn tally(results: &[MetricDataResult]) -> Result<u64, String> {
        let mut sum = Sum::default();
        results.iter().for_each(|result| sum.add(result));
        let tally = sum.tally((Counted::Rule(&"r".into()), Count::Failed), SPANS[0]);
        tally.map(|tally| tally.count).map_err(|error| error.message)
    }

    #[test]
    fn only_what_is_complete_is_a_number() {
        use StatusCode::{Complete, Forbidden, InternalError, PartialData};
        assert_eq!(tally(&[result(Complete, &[])]), Ok(0), "a metric is left out while it is zero");
        assert_eq!(tally(&[result(Complete, &[2.0, 1.0])]), Ok(3));
        // The rest is on the next page.
        assert_eq!(tally(&[result(PartialData, &[2.0]), result(Complete, &[1.0])]), Ok(3));
        for status in [PartialData, InternalError, Forbidden] {
            let word = status.as_str().to_owned();
            let error = tally(&[result(Complete, &[]), result(status, &[])]).unwrap_err();
            assert!(error.contains(&word), "{error}");
        }
        assert!(tally(&[]).is_err(), "silence is not zero");
    }

    #[test]
    fn ids_are_what_cloudwatch_takes_and_lead_back_to_the_question() {
        for at in [0, 7, METRICS_MAX - 1] {
            let query =
                query(at, (Counted::Rule(&"ctguard-acme-a".into()), Count::Fired), SPANS[1]);
            assert!(query.id().is_some_and(|id| id.starts_with('m')));
            assert_eq!(query.id().and_then(index), Some(at));
        }
        assert_eq!(index("x1"), None);
    }
}
