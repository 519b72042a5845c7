//! Turns `catalogue/*.tsv` and `blueprints/*.yaml` into Rust tables, so that the program carries
//! them ready to search: nothing is unpacked or parsed when it starts.
//!
//! `sources.rs`: one row an event source, sorted, with its events as sorted lines: the name, a letter for each kind,
//! the access, a letter of evidence for each kind, and the letter of evidence for the source.
//! `renames.rs`: what people write beside what is logged. `builtins.rs`: the shipped blueprints.
//! `requests.rs`, `responses.rs`: one row an event source, sorted, with the request parameters and
//! the response elements of its events deflated.

use flate2::Compression;
use flate2::write::DeflateEncoder;
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let root = root()?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    for input in [
        "catalogue/events.tsv",
        "catalogue/renames.tsv",
        "catalogue/requests.txt",
        "catalogue/responses.txt",
        "catalogue/network_sources.txt",
        "catalogue/regions.tsv",
        "blueprints",
    ] {
        println!("cargo::rerun-if-changed={}", root.join(input).display());
    }
    fs::write(out.join("sources.rs"), sources(&root.join("catalogue/events.tsv"))?)?;
    fs::write(out.join("renames.rs"), renames(&root.join("catalogue/renames.tsv"))?)?;
    fs::write(out.join("builtins.rs"), builtins(&root.join("blueprints"))?)?;
    for table in ["network_sources.txt", "regions.tsv"] {
        fs::copy(root.join("catalogue").join(table), out.join(table))?;
    }
    for model in ["requests", "responses"] {
        let path = root.join(format!("catalogue/{model}.txt"));
        fs::write(out.join(format!("{model}.rs")), payloads(model, &path, &out)?)?;
    }
    Ok(())
}

/// The folder that has `catalogue` and `blueprints`: the repository's, or the crate's own where it was packaged, which
/// put real files in place of the links to them. A checkout without symbolic links has small files there.
fn root() -> Result<PathBuf, env::VarError> {
    let own = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let repository = own.join("../..");
    Ok(if repository.join("catalogue").is_dir() { repository } else { own })
}

/// The rows of a tab-separated file, without its header line.
fn rows(path: &Path, columns: usize) -> Result<Vec<Vec<String>>, Box<dyn Error>> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    text.lines()
        .enumerate()
        .skip(1)
        .map(|(at, line)| {
            let row: Vec<String> = line.split('\t').map(str::to_owned).collect();
            if row.len() == columns {
                Ok(row)
            } else {
                Err(format!("{}:{}: not {columns} columns", path.display(), at + 1).into())
            }
        })
        .collect()
}

fn sources(path: &Path) -> Result<String, Box<dyn Error>> {
    let mut events: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut regions: BTreeMap<String, String> = BTreeMap::new();
    for row in rows(path, 7)? {
        let [source, name, access, kinds, region, evidence, source_evidence] = &row[..] else {
            continue;
        };
        let what = || format!("{source} {name}");
        if !["R", "W", "RW"].contains(&access.as_str()) {
            return Err(format!("{}: access `{access}`", what()).into());
        }
        let letters: Option<String> = kinds.split(',').map(kind_letter).collect();
        let letters = letters.ok_or_else(|| format!("{}: kinds `{kinds}`", what()))?;
        let evidence = evidence.replace(',', "");
        if letters.len() != evidence.len() || source_evidence.len() != 1 {
            return Err(format!("{}: not one letter of evidence a kind", what()).into());
        }
        let facts = format!("{letters} {access} {evidence} {source_evidence}");
        if events.entry(source.clone()).or_default().insert(name.clone(), facts).is_some() {
            return Err(format!("{} stands twice", what()).into());
        }
        let known = regions.entry(source.clone()).or_insert_with(|| region.clone());
        if known != region {
            return Err(format!("{source} lands in `{known}` and in `{region}`").into());
        }
    }
    let mut table = String::from("&[\n");
    for (source, names) in &events {
        let mut lines = String::new();
        for (name, facts) in names {
            writeln!(lines, "{name} {facts}")?;
        }
        writeln!(table, "    ({source:?}, {:?}, {lines:?}),", regions[source])?;
    }
    table.push_str("]\n");
    Ok(table)
}

/// The letter that stands for a kind of event.
fn kind_letter(kind: &str) -> Option<char> {
    Some(match kind {
        "api" => 'a',
        "data" => 'd',
        "signin" => 'l',
        "console" => 'c',
        "service" => 's',
        "network" => 'n',
        "insight" => 'i',
        _ => return None,
    })
}

/// The source and the name of an event.
type Event = (String, String);

fn renames(path: &Path) -> Result<String, Box<dyn Error>> {
    let mut renames: BTreeMap<Event, (String, BTreeSet<Event>)> = BTreeMap::new();
    for row in rows(path, 5)? {
        let [source, written, logged, mode, logged_source] = &row[..] else { continue };
        let (kept, names) = renames
            .entry((source.clone(), written.clone()))
            .or_insert_with(|| (mode.clone(), BTreeSet::new()));
        if kept != mode || !["instead", "also"].contains(&mode.as_str()) {
            return Err(format!("{source} {written}: mode `{mode}`").into());
        }
        names.insert((logged_source.clone(), logged.clone()));
    }
    let mut table = String::from("&[\n");
    for ((source, written), (mode, names)) in &renames {
        let names: Vec<&Event> = names.iter().collect();
        writeln!(table, "    ({source:?}, {written:?}, &{names:?}, {}),", mode == "also")?;
    }
    table.push_str("]\n");
    Ok(table)
}

fn builtins(folder: &Path) -> Result<String, Box<dyn Error>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let id = path.file_stem().and_then(|stem| stem.to_str()).ok_or("odd file name")?;
            files.insert(id.to_owned(), path);
        }
    }
    let mut table = String::from("&[\n");
    for (id, path) in &files {
        let path = path.to_str().ok_or("a path that is no text")?;
        writeln!(table, "    ({id:?}, include_str!({path:?})),")?;
    }
    table.push_str("]\n");
    Ok(table)
}

/// Deflates each source's block of lines into one file, and lists where each lies.
fn payloads(model: &str, path: &Path, out: &Path) -> Result<String, Box<dyn Error>> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut blocks: BTreeMap<&str, String> = BTreeMap::new();
    let mut source = None;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix("!\t") {
            source = Some(name);
        } else {
            let block = blocks.entry(source.ok_or("a line before the first source")?).or_default();
            block.push_str(line);
            block.push('\n');
        }
    }
    let mut all = Vec::new();
    let name = model.to_uppercase();
    let mut table = format!("static {name}: [Block; {}] = [\n", blocks.len());
    for (source, block) in &blocks {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(block.as_bytes())?;
        let start = all.len();
        all.extend(encoder.finish()?);
        let length = all.len() - start;
        let bytes = format!("DEFLATED_{name}.split_at({start}).1.split_at({length}).0");
        writeln!(table, "    block({source:?}, {bytes}),")?;
    }
    table.push_str("];\n");
    fs::write(out.join(format!("{model}.bin")), all)?;
    Ok(table)
}
