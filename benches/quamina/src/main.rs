//! The same archive and the same rules with the quamina crate: `cargo run --release -- FOLDER RULES`.
//!
//! It has its own flattener and automaton; reading, inflating (libdeflate) and splitting are done here as simply as
//! they can be. It matches records, not events, so that fields of the envelope are left out of the rules, which makes
//! it faster than it would be. Rules it does not take are left out and counted.

#[path = "../../rules.rs"]
#[allow(dead_code)]
mod rules;

use quamina::Quamina;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The end of the object that begins at `at`: from quote to quote, counting braces between strings.
fn object_end(text: &[u8], at: usize) -> Option<usize> {
    let (mut depth, mut from) = (0, at);
    loop {
        let quote = from + memchr::memchr(b'"', &text[from..]).unwrap_or(text.len() - from);
        for (offset, byte) in text[from..quote].iter().enumerate() {
            match byte {
                b'{' => depth += 1,
                b'}' => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(from + offset + 1);
                    }
                }
                _ => {}
            }
        }
        let mut end = quote + 1;
        loop {
            end += memchr::memchr2(b'"', b'\\', text.get(end..)?)?;
            if text[end] == b'"' {
                break;
            }
            end += 2;
        }
        from = end + 1;
    }
}

fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit(") ").next().unwrap_or_default();
    let ticks: Vec<f64> = after.split(' ').skip(11).take(2).filter_map(|n| n.parse().ok()).collect();
    ticks.iter().sum::<f64>() / 100.0
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().expect("usage: FOLDER RULES"));
    let many = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(20);
    let (mut quamina, mut refused) = (Quamina::new(), 0);
    for (number, text) in rules::patterns(many).iter().enumerate() {
        let rule: Value = serde_json::from_str(text).expect("a pattern");
        let mut detail = rule["detail"].clone();
        if detail.get("eventSource").is_none()
            && let Some(source) = rule["source"][0].as_str()
        {
            let service = source.trim_start_matches("aws.");
            detail["eventSource"] = serde_json::json!([format!("{service}.amazonaws.com")]);
        }
        refused += u32::from(quamina.add_pattern(number, &detail.to_string()).is_err());
    }
    let mut paths = Vec::new();
    files(&folder, &mut paths);
    let before = cpu();
    let mut inflater = libdeflater::Decompressor::new();
    let (mut text, mut events, mut hits) = (Vec::new(), 0_u64, 0_u64);
    for path in &paths {
        let file = std::fs::read(path).expect("a file");
        let size = file.last_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize);
        text.resize(size, 0);
        let length = inflater.gzip_decompress(&file, &mut text).expect("gzip");
        let text = &text[..length];
        let mut at = memchr::memchr(b'[', text).map_or(length, |at| at + 1);
        while text.get(at) == Some(&b'{') {
            let end = object_end(text, at).expect("an object");
            events += 1;
            hits += quamina.matches_for_event(&text[at..end]).expect("JSON").len() as u64;
            at = end + 1;
        }
    }
    println!(
        "{many:>8} quamina:   {:7.2} CPU s; {events} events, {hits} matches, {refused} rules it does not take",
        cpu() - before
    );
}
