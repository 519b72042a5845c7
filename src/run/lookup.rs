//! Looks up event histories: every place page by page, saving each page before requesting the next.
//!
//! The files are log files as CloudTrail writes them, so that any log reader can read them. A small
//! file beside them records how far each place has come, and an interrupted run resumes from there:
//! LookupEvents returns the newest events first, so what remains of a place is not newer than its
//! oldest saved event. Page tokens are not saved, since AWS does not say how long they are valid.

use ctguard_core::cause::Cause;
use ctguard_core::cloud::lookup::Lookup;
use ctguard_core::cloud::{Cloud, CloudError};
use ctguard_core::replay::time::{seconds, text};
use ctguard_core::scope::Place;
use futures::stream::{self, StreamExt};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The number of days that CloudTrail keeps events for.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html>
pub const DAYS_MOST: u32 = 90;

const FORMAT_VERSION: u32 = 1;
/// The state file; its name does not end as a log's does.
const STATE: &str = "lookup.state";

/// A folder of pages.
#[derive(Debug)]
pub struct Pages {
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    format_version: u32,
    /// The number of days requested.
    days: u32,
    /// Both inclusive, as CloudTrail writes times.
    from: String,
    to: String,
    /// By `account/region`.
    places: BTreeMap<String, Reached>,
}

/// How far a place has come.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Reached {
    pages: u32,
    events: u64,
    done: bool,
    /// The time of the oldest event so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    oldest: Option<String>,
    /// The events of that time, which are returned again when the look-up resumes.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    at_oldest: BTreeSet<String>,
}

/// Why a folder of pages cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PagesError {
    #[error("cannot use {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} is not the state of a look-up: {why}", path.display())]
    Bad { path: PathBuf, why: String },
    #[error("the look-up in {} is one of {begun} days, not of {asked}", folder.display())]
    OtherDays { folder: PathBuf, begun: u32, asked: u32 },
}

/// Why a place was not looked up to its end.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    #[error(transparent)]
    Cloud(#[from] CloudError),
    #[error(transparent)]
    Pages(#[from] PagesError),
}

impl Pages {
    /// Opens or creates a folder. A look-up that was begun there resumes, over its original days.
    /// `from` and `to` are seconds since 1970.
    ///
    /// # Errors
    /// When it cannot be used, or the look-up begun there covers another number of days.
    pub fn open(folder: &Path, days: u32, from: i64, to: i64) -> Result<Self, PagesError> {
        std::fs::create_dir_all(folder).map_err(|source| io_error(folder, source))?;
        let path = folder.join(STATE);
        let state = match std::fs::read_to_string(&path) {
            Ok(text) => read(&text).map_err(|why| PagesError::Bad { path, why })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => State {
                format_version: FORMAT_VERSION,
                days,
                from: text(from),
                to: text(to),
                places: BTreeMap::new(),
            },
            Err(source) => return Err(io_error(&path, source)),
        };
        if state.days != days {
            let folder = folder.to_owned();
            return Err(PagesError::OtherDays { folder, begun: state.days, asked: days });
        }
        Ok(Self { folder: folder.to_owned(), state: Mutex::new(state) })
    }

    /// Writes down which places are asked for, so that the folder tells of those that nobody came to.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(&self, places: &[Place]) -> Result<(), PagesError> {
        let mut state = self.lock();
        for place in places {
            state.places.entry(key(place)).or_default();
        }
        self.save(&state)
    }

    fn save(&self, state: &State) -> Result<(), PagesError> {
        let text = serde_json::to_string_pretty(state).unwrap_or_default();
        self.write(&self.folder.join(STATE), &text)
    }

    /// The first and the last second looked up, as CloudTrail writes times.
    pub fn span(&self) -> (String, String) {
        let state = self.lock();
        (state.from.clone(), state.to.clone())
    }

    /// The log files of these places, in order.
    pub fn files(&self, places: &[Place]) -> Vec<PathBuf> {
        let state = self.lock();
        let pages =
            |place: &Place| state.places.get(&key(place)).map_or(0, |reached| reached.pages);
        let of = |place: &Place| {
            (1..=pages(place)).map(|page| self.page(place, page)).collect::<Vec<_>>()
        };
        places.iter().flat_map(of).collect()
    }

    fn page(&self, place: &Place, page: u32) -> PathBuf {
        let Place { account, region } = place;
        self.folder.join(format!("{account}_CloudTrail_{region}_lookup-{page:06}.json"))
    }

    fn reached(&self, place: &Place) -> Reached {
        self.lock().places.get(&key(place)).cloned().unwrap_or_default()
    }

    /// Saves a page, then how far the place has come: after a crash in between, the page is
    /// requested again.
    fn keep(&self, place: &Place, reached: Reached, records: &[&str]) -> Result<(), PagesError> {
        if !records.is_empty() {
            let text = format!("{{\"Records\":[{}]}}", records.join(","));
            self.write(&self.page(place, reached.pages), &text)?;
        }
        let mut state = self.lock();
        state.places.insert(key(place), reached);
        self.save(&state)
    }

    /// Replaces a file as a whole.
    fn write(&self, path: &Path, text: &str) -> Result<(), PagesError> {
        let failed = |source| io_error(path, source);
        let file = tempfile::NamedTempFile::new_in(&self.folder).map_err(failed)?;
        std::fs::write(file.path(), text).map_err(failed)?;
        file.persist(path).map(drop).map_err(|error| failed(error.error))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The places whose look-up was kept in this folder and did not come to its end; none where no look-up was kept.
///
/// # Errors
/// When the state that is kept there cannot be read.
pub fn unfinished(folder: &Path) -> Result<Vec<String>, PagesError> {
    let path = folder.join(STATE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(io_error(&path, source)),
    };
    let state = read(&text).map_err(|why| PagesError::Bad { path, why })?;
    let open = state.places.into_iter().filter(|(_, reached)| !reached.done);
    Ok(open.map(|(place, _)| place).collect())
}

/// Looks up every place that is not done yet, with at most `concurrency` at once. `heard` is called
/// for each page, with the place and the number of new events.
///
/// An error in one place does not stop the others; it is returned with the place.
pub async fn lookup(
    cloud: &dyn Cloud,
    places: &[Place],
    pages: &Pages,
    concurrency: usize,
    heard: &(dyn Fn(&Place, u64) + Send + Sync),
) -> Vec<(Place, LookupError)> {
    let mut failed: Vec<(Place, LookupError)> = stream::iter(places)
        .map(|place| async move {
            one(cloud, place, pages, heard).await.map_err(|error| (place.clone(), error))
        })
        .buffer_unordered(concurrency.max(1))
        .filter_map(|result| async { result.err() })
        .collect()
        .await;
    failed.sort_by(|a, b| a.0.cmp(&b.0));
    failed
}

async fn one(
    cloud: &dyn Cloud,
    place: &Place,
    pages: &Pages,
    heard: &(dyn Fn(&Place, u64) + Send + Sync),
) -> Result<(), LookupError> {
    let mut reached = pages.reached(place);
    if reached.done {
        return Ok(());
    }
    let (from, to) = pages.span();
    let second = |text: &str| seconds(text).unwrap_or_default();
    let oldest = reached.oldest.as_deref().map_or(second(&to), second);
    let moment = |second: i64| Timestamp::from_second(second).ok();
    let mut wanted =
        Lookup { start: moment(second(&from)), end: moment(oldest), ..Lookup::default() };
    let mut tokens: HashSet<String> = HashSet::new();
    loop {
        let page = cloud.lookup(place, &wanted).await?;
        let fresh: Vec<&str> =
            page.events.iter().map(String::as_str).filter(|record| reached.meets(record)).collect();
        let count = fresh.len() as u64;
        reached.pages += u32::from(count > 0);
        reached.events += count;
        reached.done = page.next.is_none();
        pages.keep(place, reached.clone(), &fresh)?;
        heard(place, count);
        match page.next {
            Some(next) if !tokens.insert(next.clone()) => return Err(going_round().into()),
            Some(next) => wanted.token = Some(next),
            None => return Ok(()),
        }
    }
}

/// Pages that go round would never end.
fn going_round() -> CloudError {
    CloudError {
        operation: "cloudtrail:LookupEvents".to_owned(),
        code: "BadResponse".to_owned(),
        message: "the same page token was returned twice".to_owned(),
        request_id: None,
        kind: Cause::Malformed.kind(),
        cause: Cause::Malformed,
    }
}

impl Reached {
    /// Remembers a record; false when it was known before.
    fn meets(&mut self, record: &str) -> bool {
        let Ok(value) = serde_json::from_str::<Value>(record) else { return true };
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let (time, id) = (text("eventTime"), text("eventID"));
        if seconds(&time).is_none() {
            return true;
        }
        match &self.oldest {
            Some(oldest) if time > *oldest => true,
            Some(oldest) if time == *oldest => id.is_empty() || self.at_oldest.insert(id),
            _ => {
                self.oldest = Some(time);
                self.at_oldest = BTreeSet::from([id]);
                true
            }
        }
    }
}

fn key(place: &Place) -> String {
    place.to_string()
}

fn read(text: &str) -> Result<State, String> {
    let state: State = serde_json::from_str(text).map_err(|error| error.to_string())?;
    match state.format_version {
        FORMAT_VERSION if seconds(&state.from).is_some() && seconds(&state.to).is_some() => {
            Ok(state)
        }
        FORMAT_VERSION => Err("its times cannot be read".to_owned()),
        other => {
            Err(format!("it has format version {other}, and this program knows {FORMAT_VERSION}"))
        }
    }
}

fn io_error(path: &Path, source: io::Error) -> PagesError {
    PagesError::Io { path: path.to_owned(), source }
}
