//! Asks CloudTrail's event history who changed what has drifted.
//!
//! LookupEvents allows two calls a second in each account and region, so few are made: objects of a
//! place share answers, and objects beyond the limit of a place are reported as not looked up.

use ctguard_core::cloud::Cloud;
use ctguard_core::cloud::lookup::{Lookup, LookupBy};
use ctguard_core::drift::deeds::Deed;
use ctguard_core::drift::record::{RecordedCall, recorded_call};
use ctguard_core::drift::suspects::{Suspicion, of_lost_tag, suspicion};
use ctguard_core::drift::{Culprit, Finding};
use ctguard_core::plan::{Change, Refusal};
use ctguard_core::resource::Address;
use ctguard_core::scope::Place;
use ctguard_core::snapshot::Unreadable;
use futures::stream::{self, StreamExt};
use std::collections::{BTreeMap, BTreeSet};

/// Maximum number of look-ups in one account and region; at AWS's rate they take 15 seconds.
const QUESTIONS_PER_PLACE: usize = 30;

/// Maximum number of accounts and regions to ask: when a whole fleet differs, the cause is a
/// changed blueprint.
const PLACES_ASKED: usize = 64;

/// Maximum number of pages per look-up, each of 50 events.
const PAGES_PER_QUESTION: usize = 4;

/// Maximum number of calls reported per object.
const DEEDS_TOLD: usize = 3;

/// Attributes changes, in their order, the tags that refused objects may have lost, and what others
/// did that no apply undoes. Never fails: what could not be looked up is reported as such.
pub async fn culprits(
    cloud: &dyn Cloud,
    changes: &[&Change],
    refusals: &[Refusal],
    deeds: &[Deed],
    concurrency: usize,
) -> Vec<Culprit> {
    let changed = changes.iter().map(|change| (&change.address, suspicion(change)));
    let refused = refusals.iter().map(|refusal| &refusal.address);
    let refused = refused.filter_map(|address| Some((address, of_lost_tag(address)?)));
    let mut addresses: Vec<&Address> = Vec::new();
    let mut by_place: BTreeMap<Place, Vec<(usize, Suspicion)>> = BTreeMap::new();
    let done = deeds.iter().map(|deed| (&deed.address, deed.suspicion.clone()));
    for (address, suspicion) in changed.chain(refused).chain(done) {
        by_place.entry(suspicion.place.clone()).or_default().push((addresses.len(), suspicion));
        addresses.push(address);
    }
    let first_deed = addresses.len() - deeds.len();
    let found: Vec<Vec<(usize, Finding)>> = stream::iter(by_place.into_iter().enumerate())
        .map(|(number, (place, wanted))| async move {
            if number >= PLACES_ASKED {
                return wanted.iter().map(|(index, _)| (*index, Finding::NotAsked)).collect();
            }
            let mut history = History::new(cloud, &place, &wanted);
            let mut found = Vec::new();
            for (index, suspicion) in &wanted {
                found.push((*index, history.search(suspicion).await));
            }
            found
        })
        .buffer_unordered(concurrency.max(1))
        .collect()
        .await;
    let mut findings: BTreeMap<usize, Finding> = found.into_iter().flatten().collect();
    let told = addresses.into_iter().enumerate().filter_map(|(index, address)| {
        let finding = findings.remove(&index)?;
        // Not every refusal is about a tag, so only what was found is reported.
        let is_refusal = (changes.len()..first_deed).contains(&index);
        let is_told = !is_refusal || matches!(finding, Finding::Calls(_));
        is_told.then(|| Culprit { address: address.clone(), finding })
    });
    told.collect()
}

/// The event history of one place, as far as it was read.
struct History<'a> {
    cloud: &'a dyn Cloud,
    place: &'a Place,
    answers: BTreeMap<LookupBy, Answer>,
    left: usize,
    /// Why it cannot be read at all.
    shut: Option<Unreadable>,
    /// Whether to look up by call name: that is fewer look-ups than one per object.
    by_calls: bool,
}

/// Records that match a look-up, newest first.
#[derive(Clone)]
struct Answer {
    records: Vec<String>,
    /// Whether the history was read to its end.
    complete: bool,
}

/// Why there is no answer.
enum Silence {
    Unreadable(Unreadable),
    NotAsked,
}

impl<'a> History<'a> {
    fn new(cloud: &'a dyn Cloud, place: &'a Place, wanted: &[(usize, Suspicion)]) -> Self {
        let names = wanted.iter().flat_map(|(_, suspicion)| &suspicion.resource_names);
        let calls = wanted.iter().flat_map(|(_, suspicion)| &suspicion.calls);
        let (names, calls) = (names.collect::<BTreeSet<_>>(), calls.collect::<BTreeSet<_>>());
        Self {
            cloud,
            place,
            answers: BTreeMap::new(),
            left: QUESTIONS_PER_PLACE,
            shut: None,
            by_calls: names.len() > calls.len(),
        }
    }

    /// Looks up by resource name or, where the history does not list that, by call name.
    async fn search(&mut self, wanted: &Suspicion) -> Finding {
        let names = wanted.resource_names.iter().cloned().map(LookupBy::ResourceName);
        let names: Vec<LookupBy> = if self.by_calls { Vec::new() } else { names.collect() };
        let calls = wanted.calls.iter().map(|call| LookupBy::EventName((*call).to_owned()));
        let calls: Vec<LookupBy> = calls.collect();
        let mut complete = true;
        for questions in [names, calls] {
            let mut deeds: Vec<RecordedCall> = Vec::new();
            for question in questions {
                let answer = match self.ask(question).await {
                    Ok(answer) => answer,
                    Err(_) if !deeds.is_empty() => break,
                    Err(Silence::Unreadable(why)) => return Finding::Unreadable(why),
                    Err(Silence::NotAsked) => return Finding::NotAsked,
                };
                complete &= answer.complete;
                let about = |text: &String| {
                    recorded_call(text, wanted.source, &wanted.calls, &wanted.subject)
                };
                deeds.extend(answer.records.iter().filter_map(about));
            }
            if !deeds.is_empty() {
                // RFC 3339 in UTC sorts as text.
                deeds.sort_by(|a, b| (&b.time, &b.event_id).cmp(&(&a.time, &a.event_id)));
                deeds.dedup();
                if wanted.by_others {
                    deeds.sort_by_key(|deed| deed.by_ctguard);
                }
                deeds.truncate(DEEDS_TOLD);
                return Finding::Calls(deeds);
            }
        }
        Finding::NotFound { complete }
    }

    async fn ask(&mut self, by: LookupBy) -> Result<Answer, Silence> {
        if let Some(answer) = self.answers.get(&by) {
            return Ok(answer.clone());
        }
        if let Some(why) = &self.shut {
            return Err(Silence::Unreadable(why.clone()));
        }
        let mut lookup = Lookup { by: Some(by.clone()), ..Lookup::default() };
        let mut answer = Answer { records: Vec::new(), complete: false };
        for page in 0..PAGES_PER_QUESTION {
            if self.left == 0 {
                // What was read is kept; no new look-up starts.
                if page == 0 {
                    return Err(Silence::NotAsked);
                }
                break;
            }
            self.left -= 1;
            let found = match self.cloud.lookup(self.place, &lookup).await {
                Ok(found) => found,
                Err(error) => {
                    let why = Unreadable::from(&error);
                    self.shut = Some(why.clone());
                    return Err(Silence::Unreadable(why));
                }
            };
            answer.records.extend(found.events);
            lookup.token = found.next;
            if lookup.token.is_none() {
                answer.complete = true;
                break;
            }
        }
        self.answers.insert(by, answer.clone());
        Ok(answer)
    }
}
