//! Turns `catalogue/*.tsv` and `blueprints/*.yaml` into Rust tables, so that the program carries
//! them ready to search: nothing is unpacked or parsed when it starts.
//!
//! `sources.rs`: one row an event source, sorted, with its events as sorted lines `name flag`.
//! `renames.rs`: what people write beside what is logged. `builtins.rs`: the shipped blueprints.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../..");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    for input in ["catalogue/events.tsv", "catalogue/renames.tsv", "blueprints"] {
        println!("cargo::rerun-if-changed=../../{input}");
    }
    fs::write(out.join("sources.rs"), sources(&root.join("catalogue/events.tsv"))?)?;
    fs::write(out.join("renames.rs"), renames(&root.join("catalogue/renames.tsv"))?)?;
    fs::write(out.join("builtins.rs"), builtins(&root.join("blueprints"))?)?;
    Ok(())
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
    let mut events: BTreeMap<String, BTreeMap<String, char>> = BTreeMap::new();
    let mut landings: BTreeMap<String, String> = BTreeMap::new();
    for row in rows(path, 6)? {
        let [source, name, access, kind, region, _evidence] = &row[..] else { continue };
        // The flag is the kind's letter, in upper case when the event writes.
        let letter = match kind.as_str() {
            "api" => 'a',
            "data" => 'd',
            "signin" => 'l',
            "console" => 'c',
            "service" => 's',
            other => return Err(format!("{source} {name}: kind `{other}`").into()),
        };
        let flag = match access.as_str() {
            "R" => letter,
            "W" => letter.to_ascii_uppercase(),
            other => return Err(format!("{source} {name}: access `{other}`").into()),
        };
        events.entry(source.clone()).or_default().insert(name.clone(), flag);
        let landing = landings.entry(source.clone()).or_insert_with(|| region.clone());
        if landing != region {
            return Err(format!("{source} lands in `{landing}` and in `{region}`").into());
        }
    }
    let mut table = String::from("&[\n");
    for (source, names) in &events {
        let mut lines = String::new();
        for (name, flag) in names {
            writeln!(lines, "{name} {flag}")?;
        }
        writeln!(table, "    ({source:?}, {:?}, {lines:?}),", landings[source])?;
    }
    table.push_str("]\n");
    Ok(table)
}

fn renames(path: &Path) -> Result<String, Box<dyn Error>> {
    let mut renames: BTreeMap<(String, String), (String, BTreeSet<String>)> = BTreeMap::new();
    for row in rows(path, 4)? {
        let [source, written, logged, mode] = &row[..] else { continue };
        let (kept, names) = renames
            .entry((source.clone(), written.clone()))
            .or_insert_with(|| (mode.clone(), BTreeSet::new()));
        if kept != mode || !["instead", "also"].contains(&mode.as_str()) {
            return Err(format!("{source} {written}: mode `{mode}`").into());
        }
        names.insert(logged.clone());
    }
    let mut table = String::from("&[\n");
    for ((source, written), (mode, names)) in &renames {
        let names: Vec<&String> = names.iter().collect();
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
        writeln!(table, "    ({id:?}, include_str!({:?})),", path.display().to_string())?;
    }
    table.push_str("]\n");
    Ok(table)
}
