//! The table of limits, row by row: what stands in the code, and which test shows it.

use crate::world::World;
use crate::world::blueprints::PLAIN;
use std::collections::BTreeSet;
use std::fs::File;

const PAGE: &str = include_str!("../../docs/limits.md");

/// What the page says is limited, and to what; where that stands in the code; the file of a test.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str);

const BLUEPRINTS: &str = "crates/ctguard-core/src/blueprint";
const ARCHIVE: &str = "crates/eventbridge-pattern/src/archive";
const AWS: &str = "crates/ctguard-aws/src/lib.rs";

fn rows() -> Vec<Row> {
    let here = "tests/behaviour/limits.rs";
    vec![
        (
            "a blueprint, or a file that it includes",
            "8 MiB",
            "blueprint/load.rs",
            "FILE_MAX_BYTES: usize = 8 * 1024 * 1024",
            here,
        ),
        (
            "nesting of a blueprint",
            "64 levels",
            "blueprint/yaml/spans.rs",
            "MAX_DEPTH: usize = 64",
            here,
        ),
        (
            "values that the aliases of a blueprint expand to",
            "10,000",
            "blueprint/yaml/spans.rs",
            "MAX_EXPANDED: usize = 10_000",
            here,
        ),
        (
            "a pattern (`match --pattern`, `--check`)",
            "1 MiB",
            "src/cli/match_verb.rs",
            "PATTERN_FILE_MAX_BYTES: u64 = 1024 * 1024",
            here,
        ),
        (
            "a file of rules, patterns or names (`import`, `events check`)",
            "16 MiB",
            "src/cli/input.rs",
            "FILE_MAX_BYTES: u64 = 16 * 1024 * 1024",
            here,
        ),
        (
            "folders below each other (`import`, `events check`)",
            "32",
            "src/cli/input.rs",
            "MAX_DEPTH: usize = 32",
            here,
        ),
        (
            "a saved plan, or the report of a shard (`show`, `apply`, `merge`)",
            "1,024 MiB",
            "src/cli/planned.rs",
            "PLAN_MAX_BYTES: u64 = 1 << 30",
            here,
        ),
        (
            "a snapshot",
            "4,096 MiB",
            "src/cli/snapshot.rs",
            "SNAPSHOT_MAX_BYTES: u64 = 4 << 30",
            here,
        ),
        (
            "an event or a record in a log file",
            "16 MiB",
            "archive/container.rs",
            "ITEM_MAX: usize = 16 << 20",
            "crates/eventbridge-pattern/src/archive/read.rs",
        ),
        (
            "containers in each other in a log file",
            "8",
            "archive/container.rs",
            "DEPTH_MAX: usize = 8",
            "tests/behaviour/containers.rs",
        ),
        (
            "what a packed log file may unfold to, for each byte of it",
            "300",
            "archive/container.rs",
            "RATIO_MAX: u64 = 300",
            "crates/eventbridge-pattern/src/archive/open.rs",
        ),
        (
            "layers of gzip around each other",
            "3",
            "archive/open.rs",
            "PACKED_MAX: usize = 3",
            "crates/eventbridge-pattern/src/archive/open.rs",
        ),
        (
            "one answer of AWS",
            "64 MiB",
            AWS,
            "answer_bytes: 64 << 20",
            "tests/behaviour/adapter/limits.rs",
        ),
        ("pages of one list", "2,500", AWS, "pages: 2_500", "tests/behaviour/adapter/limits.rs"),
        (
            "a connection",
            "3 s",
            AWS,
            "connect: Duration::from_secs(3)",
            "tests/behaviour/adapter.rs",
        ),
        (
            "one attempt of a call",
            "15 s",
            AWS,
            "attempt: Duration::from_secs(15)",
            "tests/behaviour/adapter.rs",
        ),
        (
            "a call with all its attempts",
            "60 s",
            AWS,
            "operation: Duration::from_secs(60)",
            "tests/behaviour/adapter.rs",
        ),
        (
            "reading one place or account",
            "120 s",
            AWS,
            "place: Duration::from_secs(120)",
            "tests/behaviour/adapter.rs",
        ),
        (
            "a whole run",
            "`--timeout`, by default none",
            "src/cli/timeout.rs",
            "fn run_limit",
            "tests/behaviour/adapter.rs",
        ),
        (
            "problems of one code that are listed",
            "100",
            "crates/ctguard-core/src/diag.rs",
            "ALIKE_MAX: usize = 100",
            "tests/behaviour/validate.rs",
        ),
    ]
}

fn read(path: &str) -> String {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = match path.split_once('/') {
        Some(("blueprint", rest)) => format!("{BLUEPRINTS}/{rest}"),
        Some(("archive", rest)) => format!("{ARCHIVE}/{rest}"),
        _ => path.to_owned(),
    };
    std::fs::read_to_string(root.join(&path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_page_lists_every_limit_as_the_code_has_it() {
    let table = PAGE.lines().filter(|line| line.starts_with("| ")).skip(1);
    let told: BTreeSet<(&str, &str)> = table
        .filter_map(|line| {
            let mut cells = line.trim_matches('|').split(" | ").map(str::trim);
            Some((cells.next()?, cells.next()?))
        })
        .collect();
    let rows = rows();
    let known: BTreeSet<(&str, &str)> =
        rows.iter().map(|(what, most, ..)| (*what, *most)).collect();
    assert_eq!(told, known);
    for (what, _, file, says, test) in rows {
        assert!(read(file).contains(says), "{what}: {file} does not say {says}");
        assert!(read(test).contains("#[test]") || read(test).contains("mod "), "{what}: {test}");
    }
}

/// A file of so many bytes that takes no room.
fn sparse(world: &World, name: &str, bytes: u64) -> String {
    let path = world.path(name);
    File::create(&path).unwrap().set_len(bytes).unwrap();
    path.display().to_string()
}

#[test]
fn files_beyond_their_limit_are_refused_before_they_fill_the_memory() {
    let world = World::bare(PLAIN);
    const MIB: u64 = 1 << 20;
    for (verb, name, most) in [
        (&["validate"][..], "a.yaml", 8 * MIB),
        (&["match", "--check"], "pattern", MIB),
        (&["import", "sigma"], "rule.yml", 16 * MIB),
        (&["events", "check"], "names", 16 * MIB),
        (&["show"], "plan", 1024 * MIB),
        (&["merge"], "shard", 1024 * MIB),
    ] {
        let file = sparse(&world, name, most + 1);
        let ran = world.run(&[verb, &[&file]].concat());
        assert_ne!(ran.code, 0, "{verb:?}");
        let said = ["larger than", "more than"].iter().any(|words| ran.err.contains(words));
        assert!(said && ran.err.contains("MiB"), "{verb:?}: {}", ran.err);
        std::fs::remove_file(world.path(name)).unwrap();
    }
    let file = sparse(&world, "live", 4 * 1024 * MIB + 1);
    let line = ["ctguard", "--snapshot", &file, "verify"].map(Into::into).to_vec();
    let line = [line, vec![world.path("ctguard.yaml").into()]].concat();
    let ran = world.command(line, None).expect(1);
    assert!(ran.err.contains("larger than 4096 MiB"), "{}", ran.err);
}

#[test]
fn nesting_aliases_and_folders_have_an_end() {
    let world = World::empty();
    let nested = |levels: usize| {
        format!("version: 1\nname: a\nalerts: {}{}\n", "[".repeat(levels), "]".repeat(levels))
    };
    let mut aliases = String::from("a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\nb: [");
    aliases.push_str(&"*a, ".repeat(1_001));
    aliases.push_str("1]\nversion: 1\nname: a\nalerts: []\n");
    for (text, says) in [(nested(80), "nested more than 64 deep"), (aliases, "expand to more than")]
    {
        world.write("ctguard.yaml", &text);
        let ran = world.run(&["validate"]).expect(64);
        assert!(ran.err.contains(says), "{}", ran.err);
    }
    let deep = world.path("rules").join("x/".repeat(40));
    std::fs::create_dir_all(deep).unwrap();
    let ran = world.run(&["import", "sigma", &world.path("rules").display().to_string()]);
    assert!(ran.err.contains("nested too deep"), "{}", ran.err);
}
