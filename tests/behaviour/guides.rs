//! What the guides for contributors name is there: files, folders, and tests.
//!
//! A path in backticks begins at the root of the repository, or at a folder (`with/a/slash/`) that is named
//! before it in the same paragraph or in the heading above it. Of a name with `<a placeholder>` the folder is
//! looked for.

use std::path::{Path, PathBuf};

const GUIDES: [&str; 2] = ["CONTRIBUTING.md", "docs/architecture.md"];

/// What files of the repository end with.
const ENDINGS: [&str; 10] =
    [".rs", ".md", ".json", ".yaml", ".yml", ".tsv", ".py", ".sh", ".toml", ".txt"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The guide without its blocks of code.
fn prose(text: &str) -> String {
    text.split("\n```").step_by(2).collect::<Vec<_>>().join("\n")
}

/// The texts in backticks.
fn quoted(paragraph: &str) -> impl Iterator<Item = &str> {
    paragraph.split('`').skip(1).step_by(2)
}

fn is_path(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.<>".contains(c);
    text.chars().all(plain)
        && (text.contains('/') || ENDINGS.iter().any(|ending| text.ends_with(ending)))
}

/// The paragraphs and list items of a text; a heading is a paragraph that begins with `#`.
fn paragraphs(text: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    for line in text.lines() {
        let item = line.split_once(". ").is_some_and(|(n, _)| n.parse::<u8>().is_ok());
        if line.is_empty() || item || line.starts_with(['#', '-', '|']) {
            found.push(String::new());
        }
        if let Some(last) = found.last_mut() {
            last.push_str(line);
            last.push('\n');
        }
    }
    found
}

/// The paths of a guide that are not there.
fn missing(text: &str, exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let mut missing = Vec::new();
    let mut heading = vec![PathBuf::new()];
    for paragraph in paragraphs(&prose(text)) {
        let is_heading = paragraph.starts_with('#');
        let mut folders = if is_heading { vec![PathBuf::new()] } else { heading.clone() };
        for path in quoted(&paragraph).filter(|text| is_path(text)) {
            let wanted = match path.split_once('<') {
                Some((before, _)) => before.rsplit_once('/').map_or("", |(folder, _)| folder),
                None => path,
            };
            match folders.iter().map(|folder| folder.join(wanted)).find(|path| exists(path)) {
                Some(found) if path.ends_with('/') => folders.push(found),
                Some(_) => {}
                None => missing.push(path.to_owned()),
            }
        }
        if is_heading {
            heading = folders;
        }
    }
    missing
}

#[test]
fn every_path_that_the_guides_name_is_there() {
    for guide in GUIDES {
        let text = std::fs::read_to_string(root().join(guide)).unwrap();
        assert!(quoted(&prose(&text)).filter(|text| is_path(text)).count() > 40, "{guide}");
        assert_eq!(missing(&text, |path| root().join(path).exists()), [""; 0], "{guide}");
    }
}

#[test]
fn every_link_between_the_guides_leads_somewhere() {
    for guide in GUIDES {
        let text = std::fs::read_to_string(root().join(guide)).unwrap();
        let folder = root().join(guide).parent().unwrap().to_owned();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://")) {
            assert!(folder.join(link).exists(), "{guide}: {link}");
        }
    }
}

/// Every Rust source below a folder.
fn sources(folder: &Path, found: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

/// A name such as `links::every_code_has_a_row`, or `links::every_code…` for its beginning.
#[test]
fn every_test_and_module_that_the_guides_name_is_there() {
    let mut code = String::new();
    ["src", "crates", "tests"].iter().for_each(|folder| sources(&root().join(folder), &mut code));
    let mut seen = 0;
    for guide in GUIDES {
        let text = std::fs::read_to_string(root().join(guide)).unwrap();
        let prose = prose(&text);
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:…".contains(c);
        let names = quoted(&prose).filter(|name| name.contains("::") && name.chars().all(plain));
        for part in names.flat_map(|name| name.split("::")).filter(|part| !part.is_empty()) {
            let there = match part.strip_suffix('…') {
                Some(beginning) => code.contains(&format!("fn {beginning}")),
                None => [format!("mod {part};"), format!("mod {part} {{"), format!("fn {part}(")]
                    .iter()
                    .any(|definition| code.contains(definition)),
            };
            assert!(there, "{guide}: nothing is called `{part}`");
            seen += 1;
        }
    }
    assert!(seen > 15, "only {seen} names were found");
}

#[test]
fn a_path_that_is_not_there_is_found() {
    let text = "## Below `a/`\n\n`b.rs` and `gone.rs`.\n\n## Elsewhere\n\n1. `a/c/`: `d.rs`, `<new>.rs`\n\
                2. `d.rs`\n\n```sh\n`a/e.rs`\n```\n\n`a/c/<new>.rs`, `nowhere/<new>.rs`, `a::b`, `x y/z`\n";
    let there = ["a/", "a/b.rs", "a/c", "a/c/", "a/c/d.rs"];
    let exists =
        |path: &Path| path == Path::new("") || there.iter().any(|known| Path::new(known) == path);
    assert_eq!(missing(text, exists), ["gone.rs", "d.rs", "nowhere/<new>.rs"]);
}
