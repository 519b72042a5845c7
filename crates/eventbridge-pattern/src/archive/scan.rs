//! Reading log files on several threads and matching their records.

use super::find::LogFile;
use super::inflate::Inflater;
use super::split::{Piece, records};
use crate::set::{PatternSet, Scratch};
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many broken files and records are named; more are only counted.
pub const BROKEN_MAX: usize = 100;

/// A record that matched.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'a> {
    /// Its JSON text.
    pub record: &'a [u8],
    /// The patterns that match it, by number, ascending; never empty.
    pub rules: &'a [u32],
    /// The file it stands in: where a record does not say its account, the path may.
    pub file: &'a LogFile,
}

/// Takes the records that matched, on one thread.
pub trait Sink: Send {
    /// Takes one record that matched.
    fn hit(&mut self, hit: Hit<'_>);
}

/// What was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScanTotals {
    /// Files, those that are broken too.
    pub files: u64,
    /// Bytes on disk.
    pub bytes_read: u64,
    /// Bytes of text.
    pub bytes_inflated: u64,
    /// Records, those that are broken too.
    pub events: u64,
    /// Broken files and records, by path and place; [`BROKEN_MAX`] at most.
    pub broken: Vec<Broken>,
    /// How many more there were.
    pub broken_more: u64,
}

/// A file, or a record in one, that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Broken {
    /// The file.
    pub path: PathBuf,
    /// The position of the record in the file, from 0; `None` for the file.
    pub record: Option<u64>,
    /// What is wrong with it, as a sentence without its subject.
    pub why: String,
}

/// How far a scan has come: sums over all threads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Files read.
    pub files: u64,
    /// Bytes read from disk.
    pub bytes_read: u64,
    /// Records found.
    pub events: u64,
}

/// Reads the files and gives each thread's sink what matched there. What cannot be read is in the tally.
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
        let mut reader = Reader {
            matcher,
            sink: sink(),
            tally: ScanTotals::default(),
            scratch: Scratch::default(),
        };
        let (mut inflater, mut bytes) = (Inflater::default(), Vec::new());
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let before = reader.tally.progress();
            reader.file(file, &mut inflater, &mut bytes);
            progress(reader.tally.progress().since(before));
        }
        (reader.sink, reader.tally)
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

struct Reader<'m, S> {
    matcher: &'m PatternSet,
    sink: S,
    tally: ScanTotals,
    scratch: Scratch,
}

impl<S: Sink> Reader<'_, S> {
    fn file(&mut self, file: &LogFile, inflater: &mut Inflater, bytes: &mut Vec<u8>) {
        self.tally.files += 1;
        bytes.clear();
        if let Err(error) = File::open(&file.path).and_then(|mut open| open.read_to_end(bytes)) {
            self.tally.broke(file, None, error.to_string());
            return;
        }
        self.tally.bytes_read += bytes.len() as u64;
        let (text, cut) = inflater.text(bytes);
        self.tally.bytes_inflated += text.len() as u64;
        let mut number = 0;
        let end = records(text, |piece| {
            self.record(file, number, piece);
            number += 1;
        });
        self.tally.events += number;
        // A file that is cut off ends in the middle of a record as well; one reason is enough.
        match (cut, end) {
            (Some(why), _) => self.tally.broke(file, None, why.to_string()),
            (None, Err(why)) => self.tally.broke(file, None, why.to_string()),
            (None, Ok(())) => {}
        }
    }

    fn record(&mut self, file: &LogFile, number: u64, piece: Piece<'_>) {
        let record = match piece {
            Piece::Record(record) => record,
            Piece::Other(_) => {
                self.tally.broke(file, Some(number), "this is no JSON object".to_owned());
                return;
            }
        };
        match self.matcher.record(record, &mut self.scratch) {
            Ok([]) => {}
            Ok(rules) => self.sink.hit(Hit { record, rules, file }),
            Err(why) => self.tally.broke(file, Some(number), why.to_string()),
        }
    }
}

impl ScanTotals {
    fn broke(&mut self, file: &LogFile, record: Option<u64>, why: String) {
        self.broken.push(Broken { path: file.path.clone(), record, why });
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
    use std::path::Path;

    #[derive(Default)]
    struct Seen(Vec<(String, Vec<u32>)>);

    impl Sink for Seen {
        fn hit(&mut self, hit: Hit<'_>) {
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
            r#"{"Records":[7,{"eventName":"StopLogging",oops},{"eventName":"StopLogging"}]}"#,
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
            .map(|broken| (broken.path.file_name().unwrap().to_str().unwrap(), broken.record))
            .collect();
        assert_eq!(
            told,
            [
                ("1.json.gz", None),
                ("2.json.gz", Some(0)),
                ("2.json.gz", Some(1)),
                ("3.json.gz", None),
                ("4.json.gz", None),
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
        assert_eq!(tally.broken[0].record, Some(0));
        assert_eq!(tally.events, 1_000);
    }
}
