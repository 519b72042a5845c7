//! Reading files on several threads and matching what is in them.

use super::container::{Containers, PassedOver, Unread};
use super::fields::{fields, is_ordinary};
use super::find::LogFile;
use super::open::Reader;
use super::read::{Flow, Item, What};
use super::row::Columns;
use super::shape::member;
use super::undecided::{Undecided, undecided};
use crate::cloudtrail::{EventKind, KindFields};
use crate::set::{BadRecord, PatternSet, Scratch};
use crate::skim::value_end;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many files and records that are not read are named; more are only counted.
pub const BROKEN_MAX: usize = 100;

/// A record or event that matched.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'a> {
    /// The JSON text of the record; of an event, that of its `detail`.
    pub record: &'a [u8],
    /// The JSON text of the event, where it is one as EventBridge has it.
    pub event: Option<&'a [u8]>,
    /// The patterns that match it, by number, ascending. Empty for what a sink is told of though nothing matches it: a row that
    /// leaves patterns undecided, and a record whose source, name and type are not plain to see.
    pub rules: &'a [u32],
    /// The patterns that it does not decide, since it is a row of a table without a field that they ask for.
    pub undecided: &'a [Undecided],
    /// The file it stands in: where a record does not say its account, the path may.
    pub file: &'a LogFile,
}

/// Takes what matched, on one thread.
pub trait Sink: Send {
    /// Takes one record or event that matched.
    fn hit(&mut self, hit: Hit<'_>);
}

/// What can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A CloudTrail record.
    Record,
    /// An event as EventBridge has it.
    Event,
}

impl Kind {
    /// Its name, for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Event => "event",
        }
    }
}

/// What was read. Everything that a file holds is counted once: as read, as passed over, or as unread.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScanTotals {
    /// Files, those that are broken too.
    pub files: u64,
    /// Bytes on disk.
    pub bytes_read: u64,
    /// Bytes of text.
    pub bytes_inflated: u64,
    /// Records and events that were read: the sum of `read`.
    pub events: u64,
    /// The same by what they were taken out of.
    pub read: BTreeMap<(Containers, Kind), u64>,
    /// What is known to hold no events.
    pub passed_over: BTreeMap<PassedOver, u64>,
    /// What was not read, by reason.
    pub unread: BTreeMap<&'static str, u64>,
    /// What was not read, by path and place; [`BROKEN_MAX`] at most.
    pub broken: Vec<Broken>,
    /// How many more there were.
    pub broken_more: u64,
}

/// A file, or something in one, that was not read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Broken {
    /// The file.
    pub path: PathBuf,
    /// Its number in the file and its line, both from 1; `None` for the file.
    pub place: Option<(u64, u64)>,
    /// What is wrong with it.
    pub why: Unread,
}

impl Broken {
    /// A file of which nothing is read.
    pub fn of_file(path: &Path, why: Unread) -> Self {
        Self { path: path.to_owned(), place: None, why }
    }
}

/// How far a scan has come: sums over all threads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Files read.
    pub files: u64,
    /// Bytes read from disk.
    pub bytes_read: u64,
    /// Records and events read.
    pub events: u64,
}

/// Reads the files and gives each thread's sink what matched there. What cannot be read is in the tally.
///
/// Of a record that no pattern matches nothing is checked but that it closes; one that matches is counted as unread when it is
/// not JSON.
///
/// `progress` is told what each file added, from the thread that read it. Which sink gets which file is left to
/// chance; the tally is the same every time.
pub fn scan<S: Sink>(
    files: &[LogFile],
    matcher: &PatternSet,
    threads: usize,
    sink: impl Fn() -> S + Sync,
    progress: &(dyn Fn(Progress) + Sync),
) -> (Vec<S>, ScanTotals) {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut sink = sink();
        let tally = scan_on_one_thread(files, &next, matcher, &mut sink, progress);
        (sink, tally)
    };
    let threads = threads.clamp(1, files.len().max(1));
    let done: Vec<(S, ScanTotals)> = if threads == 1 {
        vec![worker()]
    } else {
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
            let join = |worker: std::thread::ScopedJoinHandle<'_, _>| match worker.join() {
                Ok(done) => done,
                // A sink has panicked; going on without its counts would be a silent loss.
                Err(panic) => std::panic::resume_unwind(panic),
            };
            workers.into_iter().map(join).collect()
        })
    };
    let (sinks, tallies): (Vec<S>, Vec<ScanTotals>) = done.into_iter().unzip();
    (sinks, ScanTotals::sum(tallies))
}

/// Takes one file after the other. Not generic, so that it is compiled once, with this crate's options.
fn scan_on_one_thread(
    files: &[LogFile],
    next: &AtomicUsize,
    matcher: &PatternSet,
    sink: &mut dyn Sink,
    progress: &(dyn Fn(Progress) + Sync),
) -> ScanTotals {
    let mut tally = ScanTotals::default();
    let mut scratch = Scratch::default();
    let mut reader = Reader::default();
    while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
        let before = tally.progress();
        let mut matching =
            Matching { matcher, sink, tally: &mut tally, scratch: &mut scratch, file, run: None };
        let read = reader.file(&file.path, &mut |item| {
            matching.item(&item);
            Flow::Continue(())
        });
        matching.end_run();
        tally.files += 1;
        match read {
            Ok(bytes) => {
                tally.bytes_read += bytes.file;
                tally.bytes_inflated += bytes.text;
            }
            Err(error) => tally.broke(Broken::of_file(&file.path, Unread::Io(error.to_string()))),
        }
        progress(tally.progress().since(before));
    }
    tally
}

/// Matches what is in one file.
struct Matching<'m> {
    matcher: &'m PatternSet,
    sink: &'m mut dyn Sink,
    tally: &'m mut ScanTotals,
    scratch: &'m mut Scratch,
    file: &'m LogFile,
    /// How many of the same kind came one after the other.
    run: Option<((Containers, Kind), u64)>,
}

impl Matching<'_> {
    fn item(&mut self, item: &Item<'_>) {
        let (text, kind, columns) = match &item.what {
            What::Record(text) => (*text, Kind::Record, None),
            What::Row(text, columns) => (*text, Kind::Record, Some(*columns)),
            What::Event(text) => (*text, Kind::Event, None),
            What::PassedOver(kind) => {
                *self.tally.passed_over.entry(*kind).or_default() += 1;
                return;
            }
            What::Unread(why) => return self.unread(item, why.clone()),
        };
        let told = match kind {
            Kind::Record => self.record(text, columns),
            Kind::Event => self.event(text),
        };
        if let Err(why) = told {
            return self.unread(item, why);
        }
        match &mut self.run {
            Some((known, count)) if *known == (item.containers, kind) => *count += 1,
            _ => {
                self.end_run();
                self.run = Some(((item.containers, kind), 1));
            }
        }
    }

    /// Hands a record over, if there is something to be said of it.
    fn record(&mut self, record: &[u8], columns: Option<&Columns>) -> Result<(), Unread> {
        let rules = self.matcher.record(record, self.scratch).map_err(Unread::from)?;
        let odd = !is_ordinary(record);
        if rules.is_empty() && !odd && columns.is_none() {
            return Ok(());
        }
        // Where a record's usual fields are not plain to see, a break may be what hides them.
        if let Some(why) = broken_inside(record) {
            return Err(why);
        }
        if let (true, Some(why)) = (rules.is_empty() && odd, without_identity(record)) {
            return Err(why);
        }
        let rules = rules.to_vec();
        let undecided = match columns {
            Some(columns) => undecided(self.matcher, record, columns).map_err(Unread::from)?,
            None => Vec::new(),
        };
        let is_decided = |rule: &u32| undecided.iter().all(|one| one.rule != *rule);
        let rules: Vec<u32> = rules.into_iter().filter(is_decided).collect();
        if odd || !rules.is_empty() || !undecided.is_empty() {
            let (rules, undecided) = (&rules[..], &undecided[..]);
            self.sink.hit(Hit { record, event: None, rules, undecided, file: self.file });
        }
        Ok(())
    }

    fn event(&mut self, event: &[u8]) -> Result<(), Unread> {
        let rules = self.matcher.event(event, self.scratch).map_err(Unread::from)?;
        if rules.is_empty() {
            return Ok(());
        }
        if let Some(why) = broken_inside(event) {
            return Err(why);
        }
        let (record, event) = (detail(event), Some(event));
        self.sink.hit(Hit { record, event, rules, undecided: &[], file: self.file });
        Ok(())
    }

    fn end_run(&mut self) {
        if let Some((key, count)) = self.run.take() {
            *self.tally.read.entry(key).or_default() += count;
            self.tally.events += count;
        }
    }

    fn unread(&mut self, item: &Item<'_>, why: Unread) {
        let place = (!why.is_of_file()).then(|| (item.number, item.line()));
        self.tally.broke(Broken { path: self.file.path.clone(), place, why });
    }
}

impl From<BadRecord> for Unread {
    fn from(why: BadRecord) -> Self {
        match why {
            BadRecord::NotJson(why) => Self::NotJson(why),
            BadRecord::NotAnObject => Self::NotAnObject,
        }
    }
}

/// What is wrong with a text whose brackets close, if it is no JSON.
pub fn broken_inside(text: &[u8]) -> Option<Unread> {
    let read = serde_json::from_slice::<IgnoredAny>(text);
    read.err().map(|error| Unread::NotJson(error.to_string()))
}

/// What a record lacks that every record has, but those of CloudTrail Insights: which event it is of, nobody can tell.
pub fn without_identity(record: &[u8]) -> Option<Unread> {
    let found = fields(record);
    let kind = KindFields {
        event_type: found.event_type.as_deref(),
        event_category: found.event_category.as_deref(),
        event_source: found.event_source.as_deref(),
        management_event: found.management_event,
    };
    let lacks = |field, value: &Option<_>| value.is_none().then_some(Unread::NotARecord(field));
    match kind.kind() {
        Some(EventKind::Insight) => None,
        _ => lacks("eventSource", &found.event_source)
            .or_else(|| lacks("eventName", &found.event_name)),
    }
}

/// The text of an event's `detail`; of one without, an empty object.
pub fn detail(event: &[u8]) -> &[u8] {
    let found = member(event, 0, b"detail").and_then(|at| Some(&event[at..value_end(event, at)?]));
    found.unwrap_or(b"{}")
}

impl ScanTotals {
    /// Adds what [`find`](super::find()) passed over and could not look into.
    pub fn add_found(&mut self, passed_over: BTreeMap<PassedOver, u64>, unread: Vec<Broken>) {
        add(&mut self.passed_over, passed_over);
        for broken in unread {
            self.broke(broken);
        }
        self.cap();
    }

    fn broke(&mut self, broken: Broken) {
        *self.unread.entry(broken.why.as_str()).or_default() += 1;
        self.broken.push(broken);
        // Twice as many are kept before the first are chosen, so that choosing stays rare.
        if self.broken.len() >= 2 * BROKEN_MAX {
            self.cap();
        }
    }

    /// Keeps the first broken ones in order of path, whichever thread met them when.
    fn cap(&mut self) {
        self.broken.sort();
        self.broken_more += self.broken.len().saturating_sub(BROKEN_MAX) as u64;
        self.broken.truncate(BROKEN_MAX);
    }

    fn sum(tallies: Vec<Self>) -> Self {
        let mut sum = Self::default();
        for tally in tallies {
            sum.files += tally.files;
            sum.bytes_read += tally.bytes_read;
            sum.bytes_inflated += tally.bytes_inflated;
            sum.events += tally.events;
            add(&mut sum.read, tally.read);
            add(&mut sum.passed_over, tally.passed_over);
            add(&mut sum.unread, tally.unread);
            sum.broken.extend(tally.broken);
            sum.broken_more += tally.broken_more;
        }
        sum.cap();
        sum
    }

    fn progress(&self) -> Progress {
        Progress { files: self.files, bytes_read: self.bytes_read, events: self.events }
    }
}

fn add<K: Ord>(sum: &mut BTreeMap<K, u64>, more: BTreeMap<K, u64>) {
    for (key, count) in more {
        *sum.entry(key).or_default() += count;
    }
}

impl Progress {
    fn since(self, before: Self) -> Self {
        Self {
            files: self.files - before.files,
            bytes_read: self.bytes_read - before.bytes_read,
            events: self.events - before.events,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pattern;
    use crate::archive::find;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write as _;

    #[derive(Default)]
    struct Seen(Vec<(String, Vec<u32>)>);

    impl Sink for Seen {
        fn hit(&mut self, hit: Hit<'_>) {
            // Nothing matches it: its source, name and type are not plain to see.
            if hit.rules.is_empty() {
                return;
            }
            let name =
                crate::archive::fields(hit.record).event_name.unwrap_or_default().into_owned();
            self.0.push((name, hit.rules.to_vec()));
        }
    }

    fn matcher() -> PatternSet {
        let patterns =
            [r#"{"detail":{"eventName":["StopLogging"]}}"#, r#"{"source":["aws.cloudtrail"]}"#];
        PatternSet::new(patterns.map(|text| Pattern::parse(text).unwrap()))
    }

    fn write(root: &Path, name: &str, text: &str) {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        std::fs::write(root.join(name), encoder.finish().unwrap()).unwrap();
    }

    fn log(n: usize) -> String {
        let stop = r#"{"eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging"}"#;
        let other = r#"{"eventSource":"ec2.amazonaws.com","eventName":"RunInstances"}"#;
        format!("{{\"Records\":[{stop}{}]}}", format!(",{other}").repeat(n))
    }

    #[test]
    fn the_sinks_together_have_each_hit_once_whatever_the_number_of_threads() {
        let root = tempfile::tempdir().unwrap();
        for n in 0..9 {
            write(root.path(), &format!("{n}.json.gz"), &log(n));
        }
        let files = find(&[root.path().to_owned()]).unwrap().files;
        let mut tallies = Vec::new();
        for threads in [1, 2, 5, 64] {
            let told = std::sync::Mutex::new(Progress::default());
            let (sinks, tally) = scan(&files, &matcher(), threads, Seen::default, &|step| {
                let mut sum = told.lock().unwrap();
                sum.files += step.files;
                sum.events += step.events;
            });
            let hits: Vec<_> = sinks.into_iter().flat_map(|sink| sink.0).collect();
            assert_eq!(hits, vec![("StopLogging".to_owned(), vec![0, 1]); 9], "{threads} threads");
            let told = told.into_inner().unwrap();
            assert_eq!((told.files, told.events), (9, tally.events));
            tallies.push(tally);
        }
        assert_eq!((tallies[0].files, tallies[0].events), (9, 9 + 36));
        let read: Vec<_> =
            tallies[0].read.iter().map(|((from, kind), n)| (from.to_string(), *kind, *n)).collect();
        assert_eq!(read, [("cloudtrail-file".to_owned(), Kind::Record, 45)]);
        assert!(tallies.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn what_is_broken_is_named_and_the_rest_is_read() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), "0.json.gz", &log(1));
        write(root.path(), "1.json.gz", &log(1)[..100]);
        write(
            root.path(),
            "2.json.gz",
            r#"{"Records":[7,{"eventSource":"x","eventName":"StopLogging",oops},{"eventSource":"x","eventName":"StopLogging"}]}"#,
        );
        let whole = std::fs::read(root.path().join("0.json.gz")).unwrap();
        std::fs::write(root.path().join("3.json.gz"), &whole[..whole.len() - 6]).unwrap();
        std::fs::write(root.path().join("4.json.gz"), "\x1f\u{8b}").unwrap();
        let mut files = find(&[root.path().to_owned()]).unwrap().files;
        files.push(LogFile {
            path: root.path().join("5.json.gz"),
            bytes: 0,
            account: None,
            region: None,
        });
        let (sinks, tally) = scan(&files, &matcher(), 2, Seen::default, &|_| {});
        let hits: usize = sinks.iter().map(|sink| sink.0.len()).sum();
        assert_eq!(hits, 4, "one of each file that has one");
        let told: Vec<_> = tally
            .broken
            .iter()
            .map(|broken| {
                (broken.path.file_name().unwrap().to_str().unwrap(), broken.place.map(|at| at.0))
            })
            .collect();
        assert_eq!(
            told,
            [
                ("1.json.gz", Some(2)),
                ("2.json.gz", Some(1)),
                ("2.json.gz", Some(2)),
                ("3.json.gz", None),
                ("4.json.gz", Some(1)),
                ("5.json.gz", None),
            ]
        );
    }

    #[test]
    fn a_thousand_broken_records_are_counted_and_the_first_named() {
        let root = tempfile::tempdir().unwrap();
        let text = format!("{{\"Records\":[{}1]}}", "1,".repeat(999));
        write(root.path(), "a.json.gz", &text);
        let files = find(&[root.path().to_owned()]).unwrap().files;
        let (_, tally) = scan(&files, &matcher(), 1, Seen::default, &|_| {});
        assert_eq!((tally.broken.len(), tally.broken_more), (BROKEN_MAX, 1_000 - 100));
        assert_eq!(tally.broken[0].place, Some((1, 1)));
        assert_eq!(tally.unread, BTreeMap::from([("not-an-object", 1_000)]));
        assert_eq!(tally.events, 0);
    }
}
