use super::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const DIAGNOSTICS: &str = include_str!("../../../../docs/diagnostics.md");
const LINKS: &str = include_str!("../../../../docs/links.md");

/// The text below each heading that is a code.
fn sections(page: &str) -> BTreeMap<&str, &str> {
    let parts = page.split("\n### `").skip(1);
    let named = parts.filter_map(|part| part.split_once("`\n"));
    named.map(|(code, rest)| (code, rest.split("\n#").next().unwrap_or(rest).trim())).collect()
}

/// Every Rust source of the workspace's programs and libraries, less what only tests hold: path and text.
fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let crates = std::fs::read_dir(root.join("crates")).unwrap();
    let mut folders: Vec<PathBuf> = crates.map(|one| one.unwrap().path().join("src")).collect();
    folders.push(root.join("src"));
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
                found.push((path, text));
            }
        }
    }
    assert!(found.len() > 300, "only {} sources were found", found.len());
    found.retain(|(path, _)| !is_test(path));
    found
}

fn is_test(path: &Path) -> bool {
    path.iter().any(|part| part == "tests" || part == "tests.rs" || part == "laws.rs")
}

/// The sources where codes are used: all but the registry.
fn users() -> String {
    let registry = Path::new("ctguard-core/src/codes");
    let outside = |path: &Path| {
        let path = path.to_string_lossy();
        !path.contains(&*registry.to_string_lossy())
    };
    let users = sources().into_iter().filter(|(path, _)| outside(path));
    users.map(|(_, text)| text).collect::<Vec<_>>().join("\n")
}

/// Whether a word stands in a text, and not as the beginning of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let next = text[at + word.len()..].chars().next();
        next.is_none_or(|next| !next.is_alphanumeric() && next != '_')
    })
}

#[test]
fn codes_are_unique_and_kebab_case_with_a_sentence_each() {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let repeated: Vec<&str> = all().map(Code::as_str).filter(|name| !names.insert(name)).collect();
    // Both are older than the registry, and each is in a page of its own.
    assert_eq!(repeated, ["role-missing"]);
    for code in all() {
        let word = |word: &str| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        assert!(code.as_str().split('-').all(word), "{code}");
        assert!(code.title().ends_with('.'), "{code}: {}", code.title());
        assert!(code.help().ends_with('.') || code.kind() == Kind::Link, "{code}: {}", code.help());
        for text in [code.title(), code.help()] {
            assert_eq!(crate::secret::hidden(text), text, "an example that is shown hidden");
        }
    }
}

#[test]
fn tables_are_in_order() {
    for table in [ERRORS, LINTS, NOTES, CHECKS] {
        assert!(table.is_sorted(), "{table:?}");
    }
}

#[test]
fn the_page_of_diagnostics_says_what_the_registry_says_and_nothing_else() {
    let written = sections(DIAGNOSTICS);
    let diagnostics = || all().filter(|code| code.kind() != Kind::Link);
    for code in diagnostics() {
        let text = format!("{}\n{}", code.title(), code.help());
        // The page may say more below.
        let section = written.get(code.as_str()).and_then(|section| section.split("\n\n").next());
        assert_eq!(section, Some(&*text), "{code}");
    }
    assert_eq!(written.len(), diagnostics().count());
}

#[test]
fn every_link_has_a_section_and_every_section_a_link() {
    let written = sections(LINKS);
    for link in LinkCode::ALL {
        let said = written.get(link.as_str()).unwrap_or_else(|| panic!("nothing on `{link}`"));
        assert!(said.len() > 20, "{link}: {said}");
    }
    assert_eq!(written.len(), LinkCode::ALL.len());
}

#[test]
fn every_code_is_used_somewhere() {
    let users = users();
    for code in all().filter(|code| code.kind() != Kind::Link) {
        let constant = code.as_str().to_ascii_uppercase().replace('-', "_");
        assert!(has_word(&users, &format!("codes::{constant}")), "{code} is never reported");
    }
    for link in LinkCode::ALL {
        assert!(has_word(&users, &format!("LinkCode::{link:?}")), "{link} is never reported");
    }
}

/// What follows each call of a maker of diagnostics.
fn reported<'a>(text: &'a str, maker: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(maker).map(move |(at, _)| text[at + maker.len()..].trim_start())
}

#[test]
fn diagnostics_are_reported_by_a_code_of_the_registry_and_of_their_own_kind() {
    let mut seen = 0;
    for (path, text) in sources() {
        for (maker, kind) in [
            ("Diagnostic::error(", Kind::Error),
            ("Diagnostic::warning(", Kind::Warning),
            ("Diagnostic::note(", Kind::Note),
        ] {
            for argument in reported(&text, maker) {
                let path = path.display();
                assert!(!argument.starts_with('"'), "{path}: a literal for a code: {argument:.40}");
                let Some(rest) = argument.strip_prefix("codes::") else { continue };
                let name: String =
                    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                let name = name.to_ascii_lowercase().replace('_', "-");
                let code = all().find(|code| *code == *name);
                assert_eq!(code.map(Code::kind), Some(kind), "{path}: {name}");
                seen += 1;
            }
        }
    }
    assert!(seen > 60, "only {seen} reports were found");
}
