//! Tables: a header, and rows with a column that holds a record, or a column for each of its fields.
//!
//! Athena and CloudTrail Lake write CSV as RFC 4180 has it, with every value in quotes and quotes in it doubled
//! (<https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html>).

use super::container::{Container, Containers, ITEM_MAX, Unread};
use super::read::{At, Flow, Walk, What};
use super::row;
use super::unwrap::{ROOM, below, copy_without};
use super::window::Window;
use crate::skim::{BLOCK, Block, escaped};

/// Columns that hold a whole record or event, the most telling first.
const WHOLE: [&str; 10] = [
    "eventjson",
    "event_json",
    "cloudtrailevent",
    "event.original",
    "_raw",
    "@message",
    "message",
    "record",
    "event",
    "detail",
];

/// What stands between the columns of a table whose header this is; `None` when it is none that is read.
pub(super) fn delimiter(header: &str) -> Option<u8> {
    [b',', b'\t', b';'].into_iter().find(|delimiter| {
        let names = names(header.as_bytes(), *delimiter);
        let is = |wanted: &str| names.iter().any(|name| name == wanted);
        let whole = WHOLE[..WHOLES_SURE].iter().any(|name| is(name));
        whole || (names.len() > 1 && is("message")) || has_fields(&names)
    })
}

/// How many of them nothing else is called.
const WHOLES_SURE: usize = 6;

/// Whether there is a column for each field of a record.
fn has_fields(columns: &[String]) -> bool {
    ["eventname", "eventsource"].iter().all(|name| columns.iter().any(|column| column == name))
}

/// Passes empty lines; says whether a row follows.
fn next_row(window: &mut Window<'_>) -> bool {
    loop {
        match window.rest().first().copied() {
            Some(b'\n' | b'\r') => window.pass(1),
            Some(_) => return true,
            None if window.more() => {}
            None => return false,
        }
    }
}

/// The names of the columns, in lower case.
fn names(header: &[u8], delimiter: u8) -> Vec<String> {
    let text = |cell: &Vec<u8>| String::from_utf8_lossy(cell).trim().to_lowercase();
    let mut cells = Vec::new();
    split(header, delimiter, &mut cells);
    cells.iter().map(text).collect()
}

/// Reads the table at the beginning of the rest, header and all.
pub(super) fn rows(walk: &mut Walk<'_>, window: &mut Window<'_>, delimiter: u8) -> Flow {
    let containers = Containers::default().with(Container::Csv).unwrap_or_default();
    let mut cells = Vec::new();
    let Some(end) = row_end(window) else { return Flow::Continue(()) };
    let columns = names(window.rest()[..end].trim_ascii_end(), delimiter);
    window.pass(end);
    // Where every field has a column, the last names are columns like the others.
    let known = if has_fields(&columns) { WHOLES_SURE } else { WHOLE.len() };
    let whole =
        WHOLE[..known].iter().find_map(|name| columns.iter().position(|column| column == name));
    // A table that CloudWatch Logs gives has some fields of the record, but the record only if it was asked for.
    let of_query = columns.iter().any(|name| name.starts_with('@'))
        && !columns.iter().any(|name| name == "eventversion");
    while next_row(window) {
        let Some(end) = row_end(window) else {
            let at = At { containers, line: &|| window.line() };
            walk.tell(at, What::Unread(Unread::TooLong))?;
            window.end();
            break;
        };
        let text = window.rest()[..end].trim_ascii_end();
        let at = At { containers, line: &|| window.line() };
        let closes = split(text, delimiter, &mut cells);
        if !closes {
            walk.tell(at, What::Unread(Unread::CutOff))?;
        } else if let Some(index) = whole {
            let cell = cells.get(index).map_or(&[][..], Vec::as_slice);
            walk.carried(cell, Container::Csv.as_str(), at)?;
        } else if of_query {
            walk.tell(at, What::Unread(Unread::NoMessage))?;
        } else {
            match row::of_cells(&columns, &cells) {
                Ok(record) => walk.tell(at, What::Record(&record))?,
                Err(why) => walk.tell(at, What::Unread(why))?,
            }
        }
        window.pass(end);
    }
    Flow::Continue(())
}

/// Where the row at the beginning of the rest ends, behind its line break: one outside of quotes, which is one with an even
/// number of quotes before it. `None` when it is too long.
fn row_end(window: &mut Window<'_>) -> Option<usize> {
    let (mut at, mut quotes) = (0, 0);
    loop {
        let rest = window.rest();
        while let Some(found) = memchr::memchr(b'\n', &rest[at..]) {
            let end = at + found + 1;
            quotes += memchr::memchr_iter(b'"', &rest[at..end]).count();
            at = end;
            if quotes % 2 == 0 {
                return Some(end);
            }
        }
        quotes += memchr::memchr_iter(b'"', &rest[at..]).count();
        at = rest.len();
        if at > ITEM_MAX {
            return None;
        }
        if !window.more() {
            return Some(at);
        }
    }
}

/// Takes a row apart; `false` when it ends inside of quotes.
fn split(row: &[u8], delimiter: u8, cells: &mut Vec<Vec<u8>>) -> bool {
    cells.clear();
    let (mut cell, mut rest) = (Vec::new(), row);
    loop {
        if let Some(inner) = rest.strip_prefix(b"\"").filter(|_| cell.is_empty()) {
            let Some(after) = quoted(inner, &mut cell) else {
                cells.push(cell);
                return false;
            };
            rest = after;
        }
        let end = memchr::memchr(delimiter, rest);
        cell.extend_from_slice(&rest[..end.unwrap_or(rest.len())]);
        cells.push(std::mem::take(&mut cell));
        match end {
            Some(end) => rest = &rest[end + 1..],
            None => return true,
        }
    }
}

/// Writes what stands up to the closing quote into an empty cell, and gives what follows it; `None` when there is none.
///
/// A block is looked at as a whole: of two quotes in a row the first is left out, and one that stands alone closes.
fn quoted<'r>(rest: &'r [u8], cell: &mut Vec<u8>) -> Option<&'r [u8]> {
    cell.resize(rest.len() + ROOM, 0);
    let (mut from, mut to) = (0, 0);
    loop {
        if let Some(source) = rest[from..].first_chunk::<ROOM>() {
            let quotes = Block::of(source.first_chunk()?).equal(b'"');
            let firsts = quotes & !escaped(quotes);
            // Of a quote at the end of the block the next one shows what it is.
            let end = (firsts & !(quotes >> 1)).trailing_zeros() as usize;
            let target = cell[to..].first_chunk_mut::<ROOM>()?;
            to += copy_without(source, firsts & below(end), end, target);
            from += end;
            if end == BLOCK {
                continue;
            }
        } else {
            let left = &rest[from..];
            let length = memchr::memchr(b'"', left).unwrap_or(left.len());
            cell[to..to + length].copy_from_slice(&left[..length]);
            from += length;
            to += length;
        }
        match (rest.get(from), rest.get(from + 1)) {
            (Some(_), Some(b'"')) => {
                cell[to] = b'"';
                from += 2;
                to += 1;
            }
            (found, _) => {
                cell.truncate(to);
                return found.map(|_| &rest[from + 1..]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_header_is_told_by_the_names_of_its_columns() {
        for (header, expected) in [
            (r#""eventjson""#, Some(b',')),
            ("eventJson", Some(b',')),
            ("eventID,eventTime,eventName,eventSource", Some(b',')),
            ("a\t_raw", Some(b'\t')),
            ("\"timestamp\",\"message\"", Some(b',')),
            ("message", None),
            ("some,other,table", None),
        ] {
            assert_eq!(delimiter(header), expected, "{header}");
        }
    }

    #[test]
    fn quotes_hold_commas_line_breaks_and_themselves() {
        let mut cells = Vec::new();
        assert!(split(
            br#"a,"b,""c""
d",,"#,
            b',',
            &mut cells
        ));
        assert_eq!(cells, [&b"a"[..], b"b,\"c\"\nd", b"", b""]);
        assert!(!split(br#""open"#, b',', &mut cells));
    }

    proptest! {
        #[test]
        fn cells_come_back_as_they_were_written(cells in prop::collection::vec("([a-z,]|\"|\n|[a-z]{17}|\"{60,70}){0,9}", 1..5)) {
            let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
            let row = cells.iter().map(quoted).collect::<Vec<_>>().join(",");
            let mut read = Vec::new();
            prop_assert!(split(row.as_bytes(), b',', &mut read));
            prop_assert_eq!(read, cells.iter().map(|cell| cell.as_bytes().to_vec()).collect::<Vec<_>>());
            let two = format!("{row}\n{row}");
            prop_assert_eq!(row_end(&mut Window::whole(two.as_bytes())), Some(row.len() + 1));
        }
    }
}
