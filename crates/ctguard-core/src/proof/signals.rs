//! Dead letters and metrics: alerts that were not delivered, and rules that never fired.
//!
//! None of it belongs to a path: a path is proven by the present configuration, and these describe
//! the past. A number is judged together with the period that it was counted over, so the same
//! snapshot gives the same words on any day.

use super::{FixedBy, Link, LinkCode, LinkObject, Proof, Remark, RemarkSeverity};
use crate::desired::{Desired, DesiredPlace};
use crate::resource::keys::RuleKey;
use crate::resource::machine::machine_arn;
use crate::scope::Place;
use crate::snapshot::Live;
use crate::snapshot::{MetricCount, Observed, PlaceSnapshot, RuleSignals, Unreadable};
use std::collections::BTreeSet;

/// All signals, and the remarks on metrics.
pub fn collect(desired: &Desired, live: &Live, proof: &mut Proof) {
    dead_letters(desired, live, proof);
    // Whoever owns a place judges all its rules: those of a hub may raise alerts of other parts only.
    for (place, here) in desired.own_places() {
        counted(desired, live, place, here.rules.keys(), proof);
        executions(live, place, here, proof);
    }
}

/// Dead letters are alerts that were not delivered.
fn dead_letters(desired: &Desired, live: &Live, proof: &mut Proof) {
    for (place, here) in desired.own_places() {
        for name in here.queues.keys() {
            let arn = place.arn("sqs", name);
            let seen = live.places.get(place).and_then(|seen| seen.queues.get(&arn));
            let waiting = match seen {
                Some(Observed::Unreadable(why)) => {
                    proof.signals.push(Link::unreadable(
                        LinkCode::DeadLetters,
                        place,
                        LinkObject::Queue(arn),
                        why,
                    ));
                    continue;
                }
                Some(Observed::Known(queue)) if queue.messages > 0 => queue.messages,
                _ => continue,
            };
            let cause = format!("about {waiting} messages wait in it");
            let fix = "Read them (their attributes say which rule or topic, and why), fix the cause, then purge the queue.";
            proof.signals.push(
                Link::broken(
                    LinkCode::DeadLetters,
                    place,
                    LinkObject::Queue(arn),
                    cause,
                    FixedBy::Person,
                )
                .with_fix(fix),
            );
        }
    }
}

/// The metrics of the rules of a place. A rule whose metrics were not read is skipped: an apply
/// does not read them, nor are those of a missing rule read.
fn counted<'a>(
    desired: &Desired,
    live: &Live,
    place: &Place,
    names: impl Iterator<Item = &'a RuleKey>,
    proof: &mut Proof,
) {
    let Some(seen) = live.places.get(place) else { return };
    let is_new = is_new(desired, place, seen);
    let mut unread: BTreeSet<&Unreadable> = BTreeSet::new();
    for name in names {
        match seen.signals.get(name) {
            Some(Observed::Known(signals)) => {
                let rule = LinkObject::rule(place, name.as_str());
                judge(place, rule, signals, is_new, proof);
            }
            Some(Observed::Unreadable(why)) => drop(unread.insert(why)),
            Some(Observed::Absent) | None => {}
        }
    }
    for why in unread {
        let Unreadable { operation, code, message, .. } = why;
        proof.remarks.push(Remark {
            severity: RemarkSeverity::Degraded,
            code: LinkCode::SignalsUnread,
            place: place.clone(),
            object: LinkObject::Rules {
                place: place.clone(),
                prefix: desired.names.prefix().to_owned(),
            },
            text: format!(
                "Whether rules fired, and whether what they sent was refused, is not known: {operation} failed: {code} ({message}). {}",
                why.remedy_at(place)
            ),
            by_others: false,
        });
    }
}

/// Executions of state machines that failed, timed out or were stopped: what they were to publish is
/// lost, unless it is in the dead-letter queue.
fn executions(live: &Live, place: &Place, here: &DesiredPlace, proof: &mut Proof) {
    let Some(seen) = live.places.get(place) else { return };
    for name in here.machines.keys() {
        let arn = machine_arn(place, name);
        match seen.executions.get(&arn) {
            Some(Observed::Known(failed)) if failed.count > 0 => {
                let noun = if failed.count == 1 { "execution" } else { "executions" };
                let cause = format!("in {}, {} {noun} failed", failed.span(), failed.count);
                let fix = "Look at its failed executions in the console of Step Functions: the input of each has the event, and the error says what refused it. Fix that; this clears 24 h after the last failure.";
                let object = LinkObject::Machine(arn);
                let code = LinkCode::ExecutionsFailed;
                proof
                    .signals
                    .push(Link::broken(code, place, object, cause, FixedBy::Person).with_fix(fix));
            }
            Some(Observed::Unreadable(why)) => {
                let Unreadable { operation, code, message, .. } = why;
                proof.remarks.push(Remark {
                    severity: RemarkSeverity::Degraded,
                    code: LinkCode::SignalsUnread,
                    place: place.clone(),
                    object: LinkObject::Machine(arn),
                    text: format!(
                        "Whether its executions failed is not known: {operation} failed: {code} ({message}). {}",
                        why.remedy_at(place)
                    ),
                    by_others: false,
                });
            }
            Some(Observed::Known(_) | Observed::Absent) | None => {}
        }
    }
}

/// Within so many hours nobody expects a rule to have fired.
const NEW_HOURS: u64 = 24;

/// Whether the blueprint came to a place within the last day. EventBridge does not say when a rule
/// was made; SQS says it of a queue, and an apply makes the dead-letter queues before the first rule
/// whose targets name them.
///
/// Sources: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribeRule.html>,
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html>
fn is_new(desired: &Desired, place: &Place, seen: &PlaceSnapshot) -> bool {
    let names = [desired.names.targets_queue(), desired.names.subscriptions_queue()];
    let queues = names.iter().filter_map(|name| seen.queues.get(&place.arn("sqs", name)));
    let mut ages = queues.filter_map(Observed::known).filter_map(|queue| queue.age_hours);
    ages.next().is_some_and(|first| first < NEW_HOURS && ages.all(|age| age < NEW_HOURS))
}

fn judge(place: &Place, rule: LinkObject, signals: &RuleSignals, is_new: bool, proof: &mut Proof) {
    let RuleSignals { fired, failed, lost } = *signals;
    if failed.count > 0 {
        let cause = format!("{} of its targets failed for good", invocations(failed));
        let fix = "Read the dead letters: ERROR_CODE says what refused them. Fix that; this clears 24 h after the last failure.";
        proof.signals.push(
            Link::broken(LinkCode::FailedInvocations, place, rule.clone(), cause, FixedBy::Person)
                .with_fix(fix),
        );
    }
    if lost.count > 0 {
        let cause = format!("{} could not be put into the dead-letter queue", invocations(lost));
        let fix = "These events are lost: look them up in CloudTrail's event history. Check that the dead-letter queue exists and that its policy and key admit EventBridge.";
        proof.signals.push(
            Link::broken(LinkCode::DeadLetterFailed, place, rule.clone(), cause, FixedBy::Person)
                .with_fix(fix),
        );
    }
    if fired.count == 0 && !is_new {
        proof.remarks.push(Remark {
            severity: RemarkSeverity::Note,
            code: LinkCode::NeverFired,
            place: place.clone(),
            object: rule,
            text: format!(
                "It did not fire in {}: there was no such event, or it did not arrive.",
                fired.span()
            ),
            by_others: false,
        });
    }
}

fn invocations(tally: MetricCount) -> String {
    let noun = if tally.count == 1 { "invocation" } else { "invocations" };
    format!("in {}, {} {noun}", tally.span(), tally.count)
}
