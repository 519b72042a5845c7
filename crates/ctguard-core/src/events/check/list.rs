//! Lists of names: one on each line, with comments, or a table with commas.

use super::name::Name;
use super::text;
use std::ops::Range;

/// Reads a list; `None` when the text is none, since a line is no name.
pub(super) fn read(text: &str) -> Option<Vec<Name>> {
    let mut names = Vec::new();
    let mut columns: Option<Columns> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        let line = line.split('#').next().unwrap_or_default();
        if line.trim().is_empty() {
            continue;
        }
        if let Some(found) = Columns::of(line).filter(|_| names.is_empty() && columns.is_none()) {
            columns = Some(found);
            continue;
        }
        let name = match &columns {
            Some(columns) => columns.name(line, at),
            None => plain(line, at),
        };
        names.push(name?);
    }
    (!names.is_empty()).then_some(names)
}

/// A line with a name, and perhaps its source, in any of the ways of writing them.
fn plain(line: &str, at: usize) -> Option<Name> {
    let dressed = [' ', '\t', '\r', '\n', ',', '"', '\'', '-', '[', ']'];
    let bare = line.trim_matches(dressed);
    let place = within(line, bare, at);
    let cleaned: String = bare.chars().filter(|c| !['"', '\''].contains(c)).collect();
    // The name may stand before its source.
    if let Some((name, source)) = cleaned.split_once(',').filter(|(_, s)| s.contains(".amazonaws"))
    {
        return text::entry(&format!("{}:{}", source.trim(), name.trim()), &place);
    }
    text::entry(&cleaned, &place)
}

/// Where the columns of a table are.
struct Columns {
    name: usize,
    source: Option<usize>,
    separator: char,
}

impl Columns {
    /// Reads the first line of a table.
    fn of(line: &str) -> Option<Self> {
        let separator = if line.contains('\t') { '\t' } else { ',' };
        let heads: Vec<String> = cells(line, separator).map(|cell| key(cell.1)).collect();
        let at = |wanted: &[&str]| heads.iter().position(|head| wanted.contains(&head.as_str()));
        let source = at(&["eventsource", "source", "service"]);
        Some(Self { name: at(&["eventname", "name", "event", "action"])?, source, separator })
    }

    fn name(&self, line: &str, at: usize) -> Option<Name> {
        let cells: Vec<(usize, &str)> = cells(line, self.separator).collect();
        let (from, name) = cells.get(self.name)?;
        let source = self.source.and_then(|source| cells.get(source)).map(|cell| cell.1);
        let place = at + from..at + from + name.len();
        match source.filter(|source| !source.is_empty() && !name.contains(':')) {
            Some(source) => text::entry(&format!("{source}:{name}"), &place),
            None => text::entry(name, &place),
        }
    }
}

/// `Event Source` → `eventsource`.
fn key(head: &str) -> String {
    head.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

/// The cells of a line, each with the byte where it begins.
fn cells(line: &str, separator: char) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    line.split(separator).map(move |cell| {
        let bare = cell.trim_matches([' ', '\t', '\r', '\n', '"', '\'']);
        let at = start + cell.find(bare).unwrap_or_default();
        start += cell.len() + separator.len_utf8();
        (at, bare)
    })
}

fn within(line: &str, part: &str, at: usize) -> Range<usize> {
    let start = at + line.find(part).unwrap_or_default();
    start..start + part.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(text: &str) -> Option<Vec<(String, Option<String>)>> {
        Some(read(text)?.into_iter().map(|name| (name.text, name.source)).collect())
    }

    #[test]
    fn names_are_read_in_every_way_of_writing_them() {
        let iam = Some("iam.amazonaws.com".to_owned());
        let one = |source: &Option<String>| Some(vec![("CreateUser".to_owned(), source.clone())]);
        for (text, wanted) in [
            ("CreateUser\n", one(&None)),
            ("# all\n\n  iam:CreateUser # why\n", one(&iam)),
            ("iam.amazonaws.com CreateUser", one(&iam)),
            ("iam.amazonaws.com:CreateUser\r\n", one(&iam)),
            ("iam.amazonaws.com,CreateUser", one(&iam)),
            ("CreateUser,iam.amazonaws.com", one(&iam)),
            ("- \"iam:CreateUser\",", one(&iam)),
            ("eventSource,eventName,n\niam.amazonaws.com,CreateUser,3\n", one(&iam)),
            ("Event Name,Service\n\"CreateUser\",\"iam\"\n", one(&iam)),
            ("This is a sentence, and no list of names.\n", None),
            ("CreateUser\nand what follows is prose\n", None),
            ("", None),
        ] {
            assert_eq!(listed(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn places_are_those_of_the_names() {
        let text = "# é\n  iam:CreateUser\n";
        let names = read(text).unwrap();
        assert_eq!(&text[names[0].at.clone()], "iam:CreateUser");
        let text = "eventSource,eventName\niam.amazonaws.com, CreateUser\n";
        let names = read(text).unwrap();
        assert_eq!(&text[names[0].at.clone()], "CreateUser");
    }
}
