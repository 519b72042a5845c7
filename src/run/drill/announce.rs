//! Tells subscribers that a drill begins, and that it is over.

use super::{Exercise, Made, by_place};
use ctguard_core::action::Action;
use ctguard_core::cloud::Cloud;
use ctguard_core::desired::Desired;
use ctguard_core::drill::{
    Announcement, CallPurpose, DrillCall, DrillReport, ReceiptStatus, ended,
};
use ctguard_core::scope::Place;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// What the calls of a drill take beside waiting.
const CALLS: SignedDuration = SignedDuration::from_mins(5);

impl Exercise<'_> {
    /// The messages before the first call; none when the drill is not to be announced.
    pub(super) fn begins(&self, calls: &[DrillCall]) -> Vec<(Place, Action)> {
        let wait = SignedDuration::try_from(self.pace.wait + self.pace.settle);
        let long = wait.unwrap_or(SignedDuration::ZERO).saturating_add(CALLS);
        let now = Timestamp::now();
        let until = now.checked_add(long).unwrap_or(now);
        if self.announce { self.announcement(calls).begins(until) } else { Vec::new() }
    }

    /// The messages after the last call.
    pub(super) fn over(&self, calls: &[DrillCall], result: &str) -> Vec<(Place, Action)> {
        if self.announce { self.announcement(calls).over(result) } else { Vec::new() }
    }

    fn announcement<'a>(&'a self, calls: &'a [DrillCall]) -> Announcement<'a> {
        let (desired, drill) = (&self.survey.desired, self.drill);
        Announcement { desired, drill, calls, who: &self.survey.caller.arn }
    }

    /// Announces the drill; `Err` when a topic could not be told, so that nothing may begin.
    pub(super) async fn announce(&self, calls: &[DrillCall]) -> Result<Vec<Made>, Vec<Made>> {
        let made = self.batch(by_place(self.begins(calls)), CallPurpose::Announcement).await;
        match made.iter().all(|one| one.outcome.is_ok()) {
            true => Ok(made),
            false => Err(made),
        }
    }

    /// The report of a drill that was not announced everywhere and so did not begin.
    pub(super) async fn not_begun(
        &self,
        mut report: DrillReport,
        made: Vec<Made>,
        calls: &[DrillCall],
    ) -> DrillReport {
        let error = made.iter().find_map(|one| one.outcome.as_ref().err());
        let error = error.map(ToString::to_string).unwrap_or_default();
        let why = format!(
            "nothing was done, because the drill could not be announced: {error}. Allow sns:Publish on the topic, and the use of its key (`ctguard policy drill`), or give --unannounced"
        );
        for receipt in report.alerts.iter_mut().flat_map(|alert| &mut alert.receipts) {
            if receipt.status == ReceiptStatus::Planned {
                receipt.status = ReceiptStatus::Unknown;
                receipt.why = Some(why.clone());
            }
        }
        report.performed = true;
        report.interrupted = self.stopped();
        let told = made.iter().filter(|one| one.outcome.is_ok());
        let told: BTreeSet<(Place, String)> = told
            .filter_map(|one| Some((one.place.clone(), topic_of(&one.action)?.to_owned())))
            .collect();
        let mut over = self.over(calls, "it did not begin");
        over.retain(|(place, action)| {
            topic_of(action).is_some_and(|topic| told.contains(&(place.clone(), topic.to_owned())))
        });
        report.calls.extend(made.iter().map(|one| self.told(one)));
        report.calls.extend(publish(self.cloud, over).await);
        report.count();
        report
    }
}

fn topic_of(action: &Action) -> Option<&str> {
    match action {
        Action::Publish { topic, .. } => Some(topic),
        _ => None,
    }
}

/// What came of a drill, in a line.
pub(super) fn result(report: &DrillReport) -> String {
    let counts = &report.counts;
    let stopped = if report.interrupted { "stopped, " } else { "" };
    format!(
        "{stopped}{} received, {} missing, {} unknown",
        counts.received, counts.missing, counts.unknown
    )
}

/// Tells the topics of a drill that was killed that it is over.
pub async fn tell_end(
    cloud: &dyn Cloud,
    desired: &Desired,
    topics: &BTreeSet<String>,
) -> Vec<DrillCall> {
    let result = "it was killed, and what it left is removed";
    publish(cloud, ended(desired, topics, result)).await
}

/// Publishes one message after the other.
pub(super) async fn publish(cloud: &dyn Cloud, messages: Vec<(Place, Action)>) -> Vec<DrillCall> {
    let mut calls = Vec::new();
    for (place, action) in messages {
        let outcome = cloud.perform(&place, &action).await;
        calls.push(DrillCall {
            done: Some(outcome.is_ok()),
            error: outcome.err().map(|error| error.to_string()),
            ..DrillCall::planned(&place, &action, CallPurpose::Announcement)
        });
    }
    calls
}
