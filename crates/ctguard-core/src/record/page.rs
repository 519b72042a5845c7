//! Holds `docs/records.md` against the table of common fields. `UPDATE_RECORDS=1` writes its table.

use super::common::FIELDS;
use super::field::{Field, Holds, Kinds, Page, Presence, Who};
use super::texts::PLACEHOLDERS;
use std::path::{Path, PathBuf};

fn code(texts: &[&str]) -> String {
    let shown: Vec<String> =
        texts.iter().filter(|text| !text.is_empty()).map(|text| format!("`{text}`")).collect();
    shown.join(", ")
}

fn holds(field: &Field) -> String {
    match field.holds {
        Holds::Text => "text".to_owned(),
        Holds::Words(words) => format!("one of {}", code(words)),
        Holds::OpenWords(words) => format!("text, such as {}", code(words)),
        Holds::Formats(&["{any}"]) => "text without `*`".to_owned(),
        Holds::Formats(formats) => code(formats),
        Holds::Time => "a time".to_owned(),
        Holds::Boolean => "true or false".to_owned(),
        Holds::Number => "a number".to_owned(),
        Holds::Object => "an object".to_owned(),
        Holds::Nullable => "an object or null".to_owned(),
        Holds::List => "a list of objects".to_owned(),
        Holds::Map => "an object, not all known".to_owned(),
    }
}

fn kinds(of: Kinds) -> String {
    if of == Kinds::ANY {
        return "all".to_owned();
    }
    if of == Kinds::EVENTS {
        return "all but Insights".to_owned();
    }
    let names = Kinds::NAMES.iter().filter(|(kind, _)| of.has(*kind)).map(|(_, name)| *name);
    names.collect::<Vec<_>>().join(", ")
}

fn when(field: &Field) -> String {
    let presence = match field.presence {
        Presence::Always => "always",
        Presence::Usually => "today always",
        Presence::Sometimes => "sometimes",
    };
    let never = Who::NAMES.iter().filter(|(who, _)| !field.of.has(*who));
    let never: Vec<&str> = never.filter_map(|(_, name)| *name).collect();
    match never.is_empty() {
        true => presence.to_owned(),
        false => format!("{presence}, never of {}", code(&never)),
    }
}

fn table() -> String {
    let mut table =
        "| field | holds | events | when | page |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for field in FIELDS {
        let page = Page::ALL.iter().position(|page| *page == field.page).map_or(0, |at| at + 1);
        table += &format!(
            "| `{}` | {} | {} | {} | {page} |\n",
            field.path,
            holds(field),
            kinds(field.kinds),
            when(field)
        );
    }
    table
}

fn pages() -> String {
    let line = |(number, page): (usize, &Page)| {
        format!("{}. [{}]({})\n", number + 1, page.title(), page.url())
    };
    Page::ALL.iter().enumerate().map(line).collect()
}

fn placeholders() -> String {
    let lines = PLACEHOLDERS.iter().map(|(name, about)| format!("| `{name}` | {about} |\n"));
    format!("| placeholder | stands for |\n| --- | --- |\n{}", lines.collect::<String>())
}

/// Puts a text in place of the lines between a heading and the next blank line after its block.
fn put(page: &str, heading: &str, block: &str) -> Option<String> {
    let start = page.find(&format!("{heading}\n\n"))? + heading.len() + 2;
    let end = start + page[start..].find("\n\n")? + 1;
    Some(format!("{}{block}{}", &page[..start], &page[end..]))
}

#[test]
fn the_page_of_records_has_the_table_of_common_fields() {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/records.md");
    let written = std::fs::read_to_string(&path).expect("the page");
    let mut wanted = written.clone();
    for (heading, block) in
        [("### Every field", table()), ("### Formats", placeholders()), ("### Pages", pages())]
    {
        wanted = put(&wanted, heading, &block).expect(heading);
    }
    if std::env::var_os("UPDATE_RECORDS").is_some() {
        std::fs::write(&path, &wanted).expect("written");
    } else {
        assert!(
            wanted == written,
            "docs/records.md is not as the table: UPDATE_RECORDS=1 writes it"
        );
    }
}
