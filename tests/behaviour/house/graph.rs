//! Which file of a crate mentions what another one defines.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::text;

/// Files by their module path, `""` for the crate's root; and what each mentions.
pub struct Graph {
    edges: BTreeMap<String, BTreeSet<String>>,
}

/// A path in the text: its segments, and the module whose text it stands in.
type Segments = Vec<String>;

/// One file, read.
#[derive(Default)]
struct File {
    /// Names that a `use` brings in, with the absolute path; a glob has the name `*`.
    imports: Vec<Import>,
    /// Absolute paths elsewhere in the text.
    paths: Vec<Segments>,
    /// Every word outside `use`.
    words: BTreeSet<String>,
    defined: BTreeSet<String>,
}

struct Import {
    name: String,
    path: Segments,
    /// Whether others see the name through this file.
    exported: bool,
}

impl Graph {
    /// Reads the files below a crate's source folder; `main.rs` is a crate of its own.
    pub fn read(folder: &Path) -> Self {
        let mut sources = Vec::new();
        collect(folder, &mut Vec::new(), &mut sources);
        Self::of(sources.iter().map(|(name, text)| (name.as_str(), text.as_str())))
    }

    /// Draws the graph of files given as module path and text.
    pub fn of<'a>(sources: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut texts = BTreeMap::new();
        let mut tests = BTreeSet::new();
        for (name, source) in sources {
            let (kept, marked) = text::without_tests(&text::tokens(source));
            tests.extend(marked.iter().map(|child| join(name, child)));
            texts.insert(name.to_owned(), kept);
        }
        texts.retain(|name, _| {
            !tests.iter().any(|t| name == t || name.starts_with(&format!("{t}::")))
        });
        let modules: BTreeSet<String> = texts.keys().cloned().collect();
        let files: BTreeMap<String, File> = texts
            .iter()
            .map(|(name, tokens)| (name.clone(), read(name, tokens, &modules)))
            .collect();
        let edges = files.keys().map(|name| (name.clone(), mentioned(name, &files))).collect();
        Self { edges }
    }

    /// Returns what one file mentions.
    pub fn mentions(&self, file: &str) -> Vec<&str> {
        self.edges[file].iter().map(String::as_str).collect()
    }

    /// Returns the groups of two or more files that mention each other, directly or through others.
    pub fn circles(&self) -> Vec<BTreeSet<String>> {
        let reach: BTreeMap<&String, BTreeSet<&String>> =
            self.edges.keys().map(|from| (from, self.reached(from))).collect();
        let mut groups = BTreeSet::new();
        for from in self.edges.keys().filter(|from| reach[from].contains(from)) {
            let group: BTreeSet<String> = reach[from]
                .iter()
                .filter(|to| reach[*to].contains(from))
                .map(|to| (*to).clone())
                .collect();
            groups.insert(group);
        }
        groups.into_iter().collect()
    }

    fn reached<'a>(&'a self, from: &'a String) -> BTreeSet<&'a String> {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&String> = self.edges[from].iter().collect();
        while let Some(next) = open.pop() {
            if seen.insert(next) {
                open.extend(&self.edges[next]);
            }
        }
        seen
    }

    /// Draws the graph of the top-level modules; the crate's root is left out.
    pub fn top_level(&self) -> Self {
        let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (from, all) in &self.edges {
            let to = all.iter().map(|to| top(to)).filter(|to| *to != top(from) && !to.is_empty());
            let to: Vec<String> = to.map(str::to_owned).collect();
            if !from.is_empty() {
                edges.entry(top(from).to_owned()).or_default().extend(to);
            }
        }
        Self { edges }
    }

    /// Writes out what the files of a group mention within it, one a line.
    pub fn describe(&self, group: &BTreeSet<String>) -> String {
        let mut out = format!("{} files", group.len());
        for from in group {
            let to: Vec<&str> = self.edges[from]
                .iter()
                .filter(|to| group.contains(*to))
                .map(String::as_str)
                .collect();
            out += &format!("\n  {} → {}", shown(from), to.join(", "));
        }
        out
    }

    /// Writes out which files mention one another across the top-level modules of a group.
    pub fn between(&self, group: &BTreeSet<String>) -> String {
        let mut out = group.iter().cloned().collect::<Vec<_>>().join(", ");
        for (from, all) in self.edges.iter().filter(|(from, _)| group.contains(top(from))) {
            for to in all.iter().filter(|to| top(to) != top(from) && group.contains(top(to))) {
                out += &format!("\n  {from} → {to}");
            }
        }
        out
    }
}

fn shown(module: &str) -> &str {
    if module.is_empty() { "(root)" } else { module }
}

fn top(module: &str) -> &str {
    module.split("::").next().unwrap_or_default()
}

fn join(module: &str, child: &str) -> String {
    if module.is_empty() { child.to_owned() } else { format!("{module}::{child}") }
}

fn collect(folder: &Path, above: &mut Vec<String>, out: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            above.push(name);
            collect(&path, above, out);
            above.pop();
        } else if path.extension().is_some_and(|e| e == "rs") && name != "main" {
            let module = if name == "lib" { String::new() } else { join(&above.join("::"), &name) };
            out.push((module, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// Reads the imports, paths and definitions of a file.
fn read(module: &str, tokens: &[String], modules: &BTreeSet<String>) -> File {
    let mut file = File::default();
    let mut heads: BTreeMap<String, Segments> = BTreeMap::new();
    for child in modules.iter().filter_map(|m| child_of(m, module)) {
        heads.insert(child.to_owned(), segments(&join(module, child)));
    }
    let mut rest = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at] == "use" {
            let end =
                at + tokens[at..].iter().position(|t| t == ";").unwrap_or(tokens.len() - at - 1);
            let exported = at > 0 && matches!(tokens[at - 1].as_str(), "pub" | ")");
            for (name, path) in tree(&tokens[at + 1..end]) {
                if let Some(path) = absolute(module, &path, &heads) {
                    file.imports.push(Import { name, path, exported });
                }
            }
            at = end + 1;
        } else {
            rest.push(tokens[at].clone());
            at += 1;
        }
    }
    heads.extend(file.imports.iter().map(|i| (i.name.clone(), i.path.clone())));
    read_paths(module, &rest, &heads, &mut file);
    file
}

/// Reads what is outside `use`: definitions, words and paths.
fn read_paths(
    module: &str,
    tokens: &[String],
    heads: &BTreeMap<String, Segments>,
    file: &mut File,
) {
    const ITEMS: [&str; 9] =
        ["fn", "struct", "enum", "trait", "const", "static", "type", "union", "macro_rules"];
    let mut at = 0;
    while at < tokens.len() {
        let mut path = vec![tokens[at].clone()];
        while tokens.get(at + 1).is_some_and(|t| t == "::")
            && tokens
                .get(at + 2)
                .is_some_and(|t| t.starts_with(|c: char| c.is_alphabetic() || c == '_'))
        {
            path.push(tokens[at + 2].clone());
            at += 2;
        }
        if ITEMS.contains(&path[0].as_str())
            && let Some(name) = tokens[at + 1..].iter().find(|t| *t != "!")
        {
            file.defined.insert(name.clone());
        }
        if path.len() > 1 {
            file.paths.extend(absolute(module, &path, heads));
        }
        file.words.insert(path.swap_remove(0));
        at += 1;
    }
}

fn child_of<'a>(module: &'a str, parent: &str) -> Option<&'a str> {
    let below =
        if parent.is_empty() { module } else { module.strip_prefix(parent)?.strip_prefix("::")? };
    (!below.is_empty() && !below.contains("::")).then_some(below)
}

fn is_below(module: &str, above: &str) -> bool {
    above.is_empty() || module.strip_prefix(above).is_some_and(|rest| rest.starts_with("::"))
}

fn segments(module: &str) -> Segments {
    module.split("::").filter(|s| !s.is_empty()).map(str::to_owned).collect()
}

/// Makes a path absolute within its crate; `None` for paths into other crates.
fn absolute(module: &str, path: &[String], heads: &BTreeMap<String, Segments>) -> Option<Segments> {
    let mut base = segments(module);
    let mut rest = path;
    match rest[0].as_str() {
        "crate" => {
            base.clear();
            rest = &rest[1..];
        }
        "self" => rest = &rest[1..],
        "super" => {
            while rest.first().is_some_and(|s| s == "super") {
                base.pop();
                rest = &rest[1..];
            }
        }
        head => {
            base = heads.get(head)?.clone();
            rest = &rest[1..];
        }
    }
    base.extend(rest.iter().cloned());
    Some(base)
}

/// Expands the tree of one `use` into the names it brings in and their paths.
fn tree(tokens: &[String]) -> Vec<(String, Segments)> {
    let tokens = if tokens.first().is_some_and(|t| t == "::") { &tokens[1..] } else { tokens };
    let mut path = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].as_str() {
            "::" => {}
            "{" => return branches(&path, &tokens[at + 1..tokens.len() - 1]),
            "as" => return vec![(tokens[at + 1].clone(), path)],
            "self" if !path.is_empty() => {}
            word => path.push(word.to_owned()),
        }
        at += 1;
    }
    path.last().cloned().map(|name| vec![(name, path)]).unwrap_or_default()
}

fn branches(above: &[String], inside: &[String]) -> Vec<(String, Segments)> {
    let mut out = Vec::new();
    let (mut depth, mut start) = (0, 0);
    for at in 0..=inside.len() {
        match inside.get(at).map(String::as_str) {
            Some("{") => depth += 1,
            Some("}") => depth -= 1,
            Some(",") | None if depth == 0 && at > start => {
                let mut one =
                    above.iter().flat_map(|s| [s.clone(), "::".to_owned()]).collect::<Vec<_>>();
                one.extend(inside[start..at].iter().cloned());
                out.extend(tree(&one));
                start = at + 1;
            }
            _ => {}
        }
    }
    out
}

/// Returns the other files that a file mentions. The modules that it stands in are left out: `foo.rs` holds
/// the types that the files of `foo/` share, and calls them. A re-export counts once the file itself uses
/// the name.
fn mentioned(name: &str, files: &BTreeMap<String, File>) -> BTreeSet<String> {
    let file = &files[name];
    let imports = file
        .imports
        .iter()
        .filter(|i| !i.exported || file.words.contains(&i.name))
        .map(|i| &i.path);
    imports
        .chain(&file.paths)
        .filter_map(|path| defining(path, files, 0))
        .filter(|to| to != name && !is_below(name, to))
        .collect()
}

/// Finds the file that defines what an absolute path leads to.
fn defining(path: &[String], files: &BTreeMap<String, File>, depth: usize) -> Option<String> {
    let mut module = String::new();
    for (at, segment) in path.iter().enumerate() {
        let below = join(&module, segment);
        if files.contains_key(&below) {
            module = below;
            continue;
        }
        let file = &files[&module];
        if depth > 8 || file.defined.contains(segment) || segment == "*" {
            return Some(module);
        }
        if let Some(import) = file.imports.iter().find(|i| i.name == *segment) {
            let onward: Segments = import.path.iter().chain(&path[at + 1..]).cloned().collect();
            return defining(&onward, files, depth + 1);
        }
        for import in file.imports.iter().filter(|i| i.name == "*") {
            let all = &import.path[..import.path.len() - 1];
            let onward: Segments = all.iter().chain(&path[at..]).cloned().collect();
            let target = defining(&onward, files, depth + 1);
            if target.as_ref().is_some_and(|t| files[t].defined.contains(segment)) {
                return target;
            }
        }
        return Some(module);
    }
    // A path that ends at a module mentions no item: what is used of it stands in longer paths.
    None
}
