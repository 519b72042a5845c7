//! A short run of every target of `fuzz/`: seeds of the right form, damaged by fixed dice.

#[path = "../../fuzz/inputs.rs"]
mod inputs;

use crate::world::World;
use crate::world::blueprints::keeping_a_trail;
use flate2::Compression;
use flate2::write::GzEncoder;
use inputs::INPUTS;
use std::io::Write;
use std::time::{Duration, Instant};

/// How often each seed is damaged.
fn rounds() -> u64 {
    let asked = std::env::var("CTGUARD_LAW_CASES").ok().and_then(|cases| cases.parse().ok());
    asked.unwrap_or(60)
}

/// Longest that one input may take, in a build without optimisation.
const PATIENCE: Duration = Duration::from_secs(20);

fn gzip(text: &str) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}

/// Inputs of the right form, by target.
fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let world = World::settled(&keeping_a_trail());
    let at = |name: &str| world.path(name).display().to_string();
    world.run(&["plan", "--out", &at("plan.json")]).expect(0);
    world.run(&["snapshot", "--out", &at("live.json")]).expect(0);
    let record = r#"{"Records":[{"eventVersion":"1.11","eventTime":"2026-11-20T10:00:00Z",
        "eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"us-east-1",
        "userIdentity":{"type":"Root"},"requestParameters":{"userName":"x"}}]}"#;
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":
        {"Service":"events.amazonaws.com"},"Action":"sns:Publish","Resource":"*","Condition":
        {"StringEquals":{"aws:SourceAccount":["111122223333"]}}}]}"#;
    let pattern = r#"{"source":["aws.iam",{"prefix":"aws."}],"$or":[{"detail":{"a":[{"numeric":
        [">",0,"<=",5]}]}},{"detail":{"b":[{"wildcard":"x*y"},{"exists":false}]}}]}"#;
    // An alternative that EventBridge loses, and an element of the wrong kind: each broke a law once.
    let lost = r#"{"$or":[{"detail":{"a":[{"numeric":[">",5]}]}},{"b":{"c":[{"wildcard":"x*y"},44777777777777774,
        444444444444444477474]}},{"b":{"c":[{"wildcard":"x*y"},44777777777777774,{"exists":false}]}}]}"#;
    let odd = policy.replace("\"Condition\"", "\"NotAction\"");
    let one = record.replace("{\"Records\":[", "").replace("]}", "");
    vec![
        ("blueprint", keeping_a_trail().into_bytes()),
        ("pattern", pattern.into()),
        ("event", one.into_bytes()),
        ("archive", record.into()),
        ("archive", gzip(record)),
        ("archive", gzip(&String::from_utf8_lossy(&gzip(record)))),
        ("snapshot", world.read("live.json").into_bytes()),
        ("plan", world.read("plan.json").into_bytes()),
        ("policy", policy.into()),
        ("policy", odd.into_bytes()),
        ("pattern", lost.into()),
    ]
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides.max(1)
    }
}

/// Damages an input in a few places.
fn damage(bytes: &mut Vec<u8>, dice: &mut Dice) {
    const PIECES: [&[u8]; 12] = [
        b"{",
        b"[",
        b"\"",
        b"null",
        b"-1e999",
        b"\\u0000",
        b"\xff",
        b"*a",
        b"&a ",
        b": ",
        b"\n  ",
        b"9999999999999999999999",
    ];
    for _ in 0..=dice.roll(4) {
        let (at, upto) = (dice.roll(bytes.len() + 1), dice.roll(40));
        let end = (at + upto).min(bytes.len());
        match dice.roll(6) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let again = bytes[at..end].repeat(1 + dice.roll(50));
                bytes.splice(at..at, again);
            }
            3 => {
                let piece = PIECES[dice.roll(PIECES.len())].repeat(1 + dice.roll(300));
                bytes.splice(at..at, piece);
            }
            4 => bytes[at..end].reverse(),
            _ => bytes[at..end].iter_mut().for_each(|byte| *byte ^= 1 << (upto % 8)),
        }
    }
}

#[test]
fn no_damaged_input_stops_or_delays_what_reads_it() {
    let seeds = seeds();
    for (name, input) in INPUTS {
        let own = seeds.iter().filter(|(of, _)| *of == name);
        let own: Vec<&Vec<u8>> = own.map(|(_, bytes)| bytes).collect();
        assert!(!own.is_empty(), "{name} has no seed");
        for (number, seed) in own.into_iter().enumerate() {
            input(seed);
            for round in 0..rounds() {
                let mut bytes = seed.clone();
                damage(&mut bytes, &mut Dice((round + 1) * 0x9e37_79b9 + number as u64 + 1));
                let began = Instant::now();
                input(&bytes);
                assert!(began.elapsed() < PATIENCE, "{name}, round {round}");
            }
        }
    }
}

/// Every kind of input has a target that cargo-fuzz finds, and what the targets ask of ctguard's crates is there.
#[test]
fn every_input_has_a_target() {
    let manifest = include_str!("../../fuzz/Cargo.toml");
    for (name, _) in INPUTS {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
    }
    let features = include_str!("../../crates/eventbridge-pattern/Cargo.toml");
    let wanted = manifest.split("eventbridge-pattern\", features = [").nth(1).unwrap();
    for feature in wanted.split(']').next().unwrap().split(", ") {
        let feature = feature.trim_matches('"');
        assert!(features.contains(&format!("\n{feature} = [")), "no feature {feature}");
    }
}

/// `fuzz/run.sh` starts from these: CTGUARD_FUZZ_SEEDS is the folder that they are written into.
#[test]
fn seeds_are_written_on_request() {
    let asked = std::env::var_os("CTGUARD_FUZZ_SEEDS").map(std::path::PathBuf::from);
    let world = World::empty();
    let folder = asked.unwrap_or_else(|| world.path("seeds"));
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = |below: &str| {
        let entries = std::fs::read_dir(root.join(below)).unwrap();
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files.into_iter().map(|file| std::fs::read(file).unwrap()).collect::<Vec<_>>()
    };
    let blueprints = files("blueprints").into_iter().map(|text| ("blueprint", text));
    let events = files("tests/fixtures/events/account-security/matches");
    let events = events.into_iter().map(|text| ("event", text));
    let all: Vec<_> = seeds().into_iter().chain(blueprints).chain(events).collect();
    for (number, (name, bytes)) in all.iter().enumerate() {
        let target = folder.join(name);
        std::fs::create_dir_all(&target).unwrap();
        std::fs::write(target.join(format!("seed-{number}")), bytes).unwrap();
    }
    assert!(all.len() > 20 && INPUTS.iter().all(|(name, _)| folder.join(name).is_dir()));
}
