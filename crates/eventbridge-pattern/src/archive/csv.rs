//! Tables: a header, and rows with a column that holds a record, or a column for each of its fields.
//!
//! Athena and CloudTrail Lake write CSV as RFC 4180 has it, with every value in quotes and quotes in it doubled
//! (<https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html>).

use super::container::{Container, Containers, ITEM_MAX, Unread};
use super::read::{At, Flow, Walk, What};
use super::row::{self, Columns};
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
    let Some(end) = row_end(window) else {
        window.end();
        let at = At { containers, line: &|| 1 };
        return walk.tell(at, What::Unread(Unread::TooLong));
    };
    let columns = names(window.rest()[..end].trim_ascii_end(), delimiter);
    window.pass(end);
    let fields = Columns::of(columns.iter().map(String::as_str));
    // Where every field has a column, the last names are columns like the others.
    let known = if has_fields(&columns) { WHOLES_SURE } else { WHOLE.len() };
    let whole =
        WHOLE[..known].iter().find_map(|name| columns.iter().position(|column| column == name));
    // A table that CloudWatch Logs gives has some fields of the record, but the record only if it was asked for.
    let of_query = columns.iter().any(|name| name.starts_with('@'))
        && !columns.iter().any(|name| name == "eventversion");
    while next_row(window) {
        let end = row(window, delimiter, columns.len(), &mut cells);
        let at = At { containers, line: &|| window.line() };
        let end = match end {
            Ok(end) => end,
            Err(why) => {
                walk.tell(at, What::Unread(why))?;
                // What follows is rows of their own.
                pass_line(window);
                continue;
            }
        };
        let twin = whole.is_some_and(|index| says_otherwise(index, &columns, &cells));
        if let Some(index) = whole.filter(|_| twin) {
            walk.tell(at, What::Unread(Unread::ColumnTwice(columns[index].clone())))?;
        } else if let Some(index) = whole {
            let cell = cells.get(index).map_or(&[][..], Vec::as_slice);
            walk.carried(cell, Container::Csv.as_str(), at)?;
        } else if of_query {
            walk.tell(at, What::Unread(Unread::NoMessage))?;
        } else {
            match row::of_cells(&columns, &cells) {
                Ok(record) => walk.tell(at, What::Row(&record, &fields))?,
                Err(why) => walk.tell(at, What::Unread(why))?,
            }
        }
        window.pass(end);
    }
    Flow::Continue(())
}

/// Whether a column has the name of another one, and not its value.
fn says_otherwise(index: usize, columns: &[String], cells: &[Vec<u8>]) -> bool {
    let same_name = |at: &usize| columns[*at] == columns[index];
    (0..columns.len()).filter(same_name).any(|at| cells.get(at) != cells.get(index))
}

/// Takes the row at the beginning of the rest apart, and says where it ends.
///
/// Quotes have a meaning where they open a cell. Elsewhere they are letters, and then the row ends with its line.
fn row(
    window: &mut Window<'_>,
    delimiter: u8,
    columns: usize,
    cells: &mut Vec<Vec<u8>>,
) -> Result<usize, Unread> {
    let mut end = row_end(window);
    let mut quotes = match end {
        Some(end) => split(without_break(&window.rest()[..end]), delimiter, cells),
        None => Quotes::Astray,
    };
    if quotes != Quotes::AsWritten {
        let rest = window.rest();
        let line = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        if line > ITEM_MAX {
            return Err(Unread::TooLong);
        }
        end = Some(line);
        quotes = split(without_break(&rest[..line]), delimiter, cells);
    }
    match (quotes, end) {
        (_, None) => Err(Unread::TooLong),
        (Quotes::Open, _) => Err(Unread::CutOff),
        (Quotes::Astray, _) => {
            Err(Unread::NotJson("text stands behind the closing quote of a cell".to_owned()))
        }
        _ if cells.len() < columns => Err(Unread::CutOff),
        _ if cells.iter().skip(columns).any(|cell| !cell.is_empty()) => {
            Err(Unread::NotJson("this row has more cells than the header has columns".to_owned()))
        }
        (_, Some(end)) => Ok(end),
    }
}

/// A row without its line break; a delimiter before it stays.
fn without_break(row: &[u8]) -> &[u8] {
    let row = row.strip_suffix(b"\n").unwrap_or(row);
    row.strip_suffix(b"\r").unwrap_or(row)
}

/// Leaves the line at the beginning of the rest behind, however long.
fn pass_line(window: &mut Window<'_>) {
    loop {
        let rest = window.rest();
        match memchr::memchr(b'\n', rest) {
            Some(end) => return window.pass(end + 1),
            None => window.pass(rest.len()),
        }
        if !window.more() {
            return;
        }
    }
}

/// How the quotes of a row stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    /// Each opens a cell, closes one, or is doubled.
    AsWritten,
    /// Some are letters of cells without quotes.
    Letters,
    /// Something follows a closing one.
    Astray,
    /// One is not closed.
    Open,
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

/// Takes a row apart, and says how its quotes stand.
fn split(row: &[u8], delimiter: u8, cells: &mut Vec<Vec<u8>>) -> Quotes {
    cells.clear();
    let (mut cell, mut rest) = (Vec::new(), row);
    let mut quotes = Quotes::AsWritten;
    loop {
        let is_quoted = rest.first() == Some(&b'"');
        if let Some(inner) = rest.strip_prefix(b"\"") {
            let Some(after) = quoted(inner, &mut cell) else {
                cells.push(cell);
                return Quotes::Open;
            };
            rest = after;
        }
        let end = memchr::memchr(delimiter, rest);
        let plain = &rest[..end.unwrap_or(rest.len())];
        if is_quoted && !plain.is_empty() {
            return Quotes::Astray;
        }
        if memchr::memchr(b'"', plain).is_some() {
            quotes = Quotes::Letters;
        }
        cell.extend_from_slice(&rest[..end.unwrap_or(rest.len())]);
        cells.push(std::mem::take(&mut cell));
        match end {
            Some(end) => rest = &rest[end + 1..],
            None => return quotes,
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
        let row = b"a,\"b,\"\"c\"\"\nd\",,";
        assert_eq!(split(row, b',', &mut cells), Quotes::AsWritten);
        assert_eq!(cells, [&b"a"[..], b"b,\"c\"\nd", b"", b""]);
        for (row, quotes) in [
            (&b"\"open"[..], Quotes::Open),
            (b"5\" disk,a", Quotes::Letters),
            (b"\"a\"b", Quotes::Astray),
        ] {
            assert_eq!(split(row, b',', &mut cells), quotes);
        }
    }

    proptest! {
        #[test]
        fn cells_come_back_as_they_were_written(cells in prop::collection::vec("([a-z,]|\"|\n|[a-z]{17}|\"{60,70}){0,9}", 1..5)) {
            let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
            let row = cells.iter().map(quoted).collect::<Vec<_>>().join(",");
            let mut read = Vec::new();
            prop_assert_eq!(split(row.as_bytes(), b',', &mut read), Quotes::AsWritten);
            prop_assert_eq!(read, cells.iter().map(|cell| cell.as_bytes().to_vec()).collect::<Vec<_>>());
            let two = format!("{row}\n{row}");
            prop_assert_eq!(row_end(&mut Window::whole(two.as_bytes())), Some(row.len() + 1));
        }
    }
}
