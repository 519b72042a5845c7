//! Asks CloudTrail's event history who changed what has drifted.
//!
//! AWS answers two questions a second in each account and region, so that few are asked: objects of a place share their
//! answers, and what remains when the place's share of questions is used up is left unasked, and said so.

use ctguard_core::cloud::Cloud;
use ctguard_core::cloud::lookup::{Lookup, LookupBy};
use ctguard_core::drift::record::{Deed, deed};
use ctguard_core::drift::suspects::{Suspicion, of_lost_tag, suspicion};
use ctguard_core::drift::{Culprit, Finding};
use ctguard_core::plan::Plan;
use ctguard_core::resource::Address;
use ctguard_core::scope::Place;
use ctguard_core::snapshot::Unreadable;
use futures::stream::{self, StreamExt};
use std::collections::{BTreeMap, BTreeSet};

/// Most questions to one account and region; at AWS's rate they take a quarter of a minute.
const QUESTIONS_PER_PLACE: usize = 30;

/// Most accounts and regions that are asked: where a whole fleet differs, the blueprint has changed and nobody else.
const PLACES_ASKED: usize = 64;

/// Most pages of one question, each of 50 events.
const PAGES_PER_QUESTION: usize = 4;

/// Most calls that are told of one object.
const DEEDS_TOLD: usize = 3;

/// Looks for the culprits of a plan's changes, in their order, and of the tags that refused objects may have lost.
/// Never fails: what could not be asked is said.
pub async fn culprits(cloud: &dyn Cloud, plan: &Plan, concurrency: usize) -> Vec<Culprit> {
    let changed = plan.changes.iter().map(|change| (&change.address, suspicion(change)));
    let refused = plan.refusals.iter().map(|refusal| &refusal.address);
    let refused = refused.filter_map(|address| Some((address, of_lost_tag(address)?)));
    let mut addresses: Vec<&Address> = Vec::new();
    let mut by_place: BTreeMap<Place, Vec<(usize, Suspicion)>> = BTreeMap::new();
    for (address, suspicion) in changed.chain(refused) {
        by_place.entry(suspicion.place.clone()).or_default().push((addresses.len(), suspicion));
        addresses.push(address);
    }
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
        // Not every refusal is about a tag: of those, only what was found is told.
        let is_told = index < plan.changes.len() || matches!(finding, Finding::Calls(_));
        is_told.then(|| Culprit { address: address.clone(), finding })
    });
    told.collect()
}

/// The event history of one place, as far as it was asked.
struct History<'a> {
    cloud: &'a dyn Cloud,
    place: &'a Place,
    answers: BTreeMap<LookupBy, Answer>,
    left: usize,
    /// Why it cannot be read at all.
    shut: Option<Unreadable>,
    /// Whether to ask by the names of calls at once: that is fewer questions than one for each object.
    by_calls: bool,
}

/// Records that fit a question, newest first.
#[derive(Clone)]
struct Answer {
    records: Vec<String>,
    /// Whether there is no more of it.
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

    /// By what the call was made on, and where the history does not list that, by the calls themselves.
    async fn search(&mut self, wanted: &Suspicion) -> Finding {
        let names = wanted.resource_names.iter().cloned().map(LookupBy::ResourceName);
        let names: Vec<LookupBy> = if self.by_calls { Vec::new() } else { names.collect() };
        let calls = wanted.calls.iter().map(|call| LookupBy::EventName((*call).to_owned()));
        let calls: Vec<LookupBy> = calls.collect();
        let mut complete = true;
        for questions in [names, calls] {
            let mut deeds: Vec<Deed> = Vec::new();
            for question in questions {
                let answer = match self.ask(question).await {
                    Ok(answer) => answer,
                    Err(_) if !deeds.is_empty() => break,
                    Err(Silence::Unreadable(why)) => return Finding::Unreadable(why),
                    Err(Silence::NotAsked) => return Finding::NotAsked,
                };
                complete &= answer.complete;
                let about =
                    |text: &String| deed(text, wanted.source, &wanted.calls, &wanted.subject);
                deeds.extend(answer.records.iter().filter_map(about));
            }
            if !deeds.is_empty() {
                // RFC 3339 in UTC sorts as text.
                deeds.sort_by(|a, b| (&b.time, &b.event_id).cmp(&(&a.time, &a.event_id)));
                deeds.dedup();
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
                // What was read of it is kept; a question that was not begun is not asked.
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
