//! Matches many patterns against CloudTrail's log files and prints how many records each one matches.
//!
//! `cargo run --release --features cloudtrail --example scan_logs -- PATTERNS.jsonl PATH…`, one pattern per line.
//! Without arguments it makes 5,000 patterns and a log file of 20,000 records.

use eventbridge_pattern::Pattern;
use eventbridge_pattern::archive::{Hit, Sink, find, scan};
use eventbridge_pattern::set::PatternSet;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// How many records each pattern matched, on one thread.
struct Counts(Vec<u64>);

impl Sink for Counts {
    fn hit(&mut self, hit: Hit<'_>) {
        for pattern in hit.rules {
            self.0[*pattern as usize] += 1;
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((patterns, paths)) if !paths.is_empty() => {
            let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
            count(&std::fs::read_to_string(patterns)?, &paths)
        }
        Some(_) => Err("usage: scan_logs PATTERNS.jsonl PATH…".into()),
        None => {
            let folder = tempfile::tempdir()?;
            let log = folder.path().join("log.json");
            write_log(&log)?;
            count(&five_thousand_patterns(), &[log])
        }
    }
}

fn count(patterns: &str, paths: &[PathBuf]) -> Result<(), Box<dyn Error>> {
    let texts: Vec<&str> = patterns.lines().filter(|line| !line.trim().is_empty()).collect();
    let parsed: Vec<Pattern> =
        texts.iter().map(|text| Pattern::parse(text)).collect::<Result<_, _>>()?;
    let set = PatternSet::new(parsed);
    let files = find(paths)?.files;
    let threads = std::thread::available_parallelism()?.get();
    let begun = Instant::now();
    let (counts, tally) =
        scan(&files, &set, threads, || Counts(vec![0; texts.len()]), &|_progress| {});
    let mut matched: Vec<(u64, &str)> = texts
        .iter()
        .enumerate()
        .map(|(number, text)| (counts.iter().map(|counts| counts.0[number]).sum(), *text))
        .filter(|(records, _)| *records > 0)
        .collect();
    matched.sort_unstable_by(|a, b| b.cmp(a));
    println!(
        "{} patterns, {} files, {} records, {:.2} s",
        texts.len(),
        tally.files,
        tally.events,
        begun.elapsed().as_secs_f64()
    );
    for broken in &tally.broken {
        println!("cannot read {}: {}", broken.path.display(), broken.why);
    }
    println!("{} patterns matched; the most often:", matched.len());
    for (records, pattern) in matched.iter().take(10) {
        println!("{records:>9}  {pattern}");
    }
    Ok(())
}

/// One pattern for each of 5,000 users and one of ten calls.
fn five_thousand_patterns() -> String {
    (0..5_000).fold(String::new(), |mut text, number| {
        let call = number % 10;
        let user = format!("arn:aws:iam::111122223333:user/u{number}");
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            text,
            r#"{{"source":["aws.iam"],"detail":{{"eventName":["Call{call}"],"userIdentity":{{"arn":["{user}"]}}}}}}"#
        );
        text
    })
}

fn write_log(path: &Path) -> std::io::Result<()> {
    let records: Vec<String> = (0..20_000)
        .map(|number| {
            let (call, user) = (number % 10, number * 7 % 6_000);
            format!(
                r#"{{"eventVersion":"1.08","eventType":"AwsApiCall","eventSource":"iam.amazonaws.com","eventName":"Call{call}","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/u{user}"}},"managementEvent":true,"eventCategory":"Management"}}"#
            )
        })
        .collect();
    std::fs::write(path, format!(r#"{{"Records":[{}]}}"#, records.join(",")))
}
