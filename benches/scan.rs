//! What reading an archive costs, by what is done with it:
//! `cargo run --release --example scan -- FOLDER inflate|RULES [THREADS] [--wildcards]`.
//!
//! `inflate` only inflates, with the same buffers; a number matches that many patterns. Prints the CPU time of the
//! process in seconds, what was counted, and the most memory it held.

#![allow(clippy::unwrap_used)]

#[path = "rules.rs"]
mod rules;

use eventbridge_pattern::Pattern;
use eventbridge_pattern::archive::{Hit, Reader, Sink, find, scan};
use eventbridge_pattern::set::PatternSet;
use rules::{patterns, wildcards};
use std::path::PathBuf;
use std::time::Instant;

#[derive(Default)]
struct Counts(Vec<u64>);

impl Sink for Counts {
    fn hit(&mut self, hit: Hit<'_>) {
        for rule in hit.rules {
            let at = *rule as usize;
            if self.0.len() <= at {
                self.0.resize(at + 1, 0);
            }
            self.0[at] += 1;
        }
    }
}

/// CPU seconds of this process, its threads too, from the clock ticks that Linux counts.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit(") ").next().unwrap_or_default();
    let ticks: Vec<f64> =
        after.split(' ').skip(11).take(2).filter_map(|n| n.parse().ok()).collect();
    ticks.iter().sum::<f64>() / 100.0
}

fn peak_mib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) / 1_024
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let root = PathBuf::from(
        arguments.first().expect("usage: scan FOLDER inflate|RULES [THREADS] [--wildcards]"),
    );
    let what = arguments.get(1).map_or("20", String::as_str);
    let threads = arguments.get(2).and_then(|text| text.parse().ok()).unwrap_or(1);
    let files = find(&[root]).unwrap().files;
    let (begun, before) = (Instant::now(), cpu());
    let counted = if what == "inflate" {
        let (mut reader, mut text) = (Reader::default(), 0);
        for file in &files {
            let bytes = std::fs::read(&file.path).unwrap();
            text +=
                reader.inflate(&bytes).expect("gzip of one member, 16 MiB of text at most").len();
        }
        format!("{text} bytes of text")
    } else {
        let many = what.parse().unwrap();
        let texts = if arguments.iter().any(|text| text == "--wildcards") {
            wildcards(many)
        } else {
            patterns(many)
        };
        let matcher = PatternSet::new(texts.iter().map(|text| Pattern::parse(text).unwrap()));
        let (sinks, tally) = scan(&files, &matcher, threads, Counts::default, &|_| {});
        let mut sums = vec![0; many];
        sinks
            .iter()
            .flat_map(|sink| sink.0.iter().enumerate())
            .for_each(|(rule, count)| sums[rule] += count);
        let matching = sums.iter().filter(|sum| **sum > 0).count();
        let hits: u64 = sums.iter().sum();
        format!(
            "{} events, {hits} matches of {matching} rules, {} broken",
            tally.events,
            tally.broken.len()
        )
    };
    println!(
        "{what:>8} {threads} threads: {:7.2} CPU s {:7.2} s, {:4} MiB at most; {counted}",
        cpu() - before,
        begun.elapsed().as_secs_f64(),
        peak_mib()
    );
}
