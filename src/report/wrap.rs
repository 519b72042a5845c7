//! Lines that fit the width. They are broken at spaces only: a name or an ARN that is longer stays whole.

use unicode_width::UnicodeWidthStr;

/// Narrowest text that is still worth breaking, in characters.
const WIDTH_MIN: usize = 40;

/// Further indent of what a broken line goes on with, in characters.
const HANG: usize = 4;

/// Deepest indent of a continued line; a deep diff would otherwise leave nothing to write on.
const INDENT_MAX: usize = 24;

/// Breaks every line that is longer than `width` characters; colour takes no room. Where a line has columns, two spaces
/// apart, the last one goes below the others first.
pub(super) fn fit(text: &str, width: usize) -> String {
    let width = width.max(WIDTH_MIN);
    let mut out = String::with_capacity(text.len() + text.len() / 20);
    for line in text.split_inclusive('\n') {
        let (body, end) = match line.strip_suffix('\n') {
            Some(body) => (body, "\n"),
            None => (line, ""),
        };
        line_of(&mut out, body, width);
        out.push_str(end);
    }
    out
}

fn line_of(out: &mut String, line: &str, width: usize) {
    if seen(line) <= width {
        return out.push_str(line);
    }
    let indent = line.chars().take_while(|c| *c == ' ').count();
    let hang = " ".repeat((indent + HANG).min(INDENT_MAX));
    let column = line.rfind("  ").filter(|at| !line[..*at].trim().is_empty());
    match column.map(|at| (line[..at].trim_end(), line[at..].trim_start())) {
        Some((before, last)) if !last.is_empty() => {
            words(out, before, &hang, width);
            out.push('\n');
            words(out, &format!("{hang}{last}"), &hang, width);
        }
        _ => words(out, line, &hang, width),
    }
}

/// Breaks a line between words.
fn words(out: &mut String, line: &str, hang: &str, width: usize) {
    let mut column = 0;
    let mut rest = line;
    let mut first = true;
    while !rest.is_empty() {
        // A word goes with the spaces before it, which are dropped where the line is broken.
        let spaces = rest.chars().take_while(|c| *c == ' ').count();
        let after = &rest[spaces..];
        let word = &after[..after.find(' ').unwrap_or(after.len())];
        let length = seen(word);
        // A sign is not left alone on its line.
        let far = column > hang.len();
        if !first && far && !word.is_empty() && column + spaces + length > width {
            out.push('\n');
            out.push_str(hang);
            column = hang.len() + length;
        } else {
            out.push_str(&rest[..spaces]);
            column += spaces + length;
        }
        out.push_str(word);
        first = false;
        rest = &after[word.len()..];
    }
}

/// How many columns of a terminal a text takes: escape sequences of colour take none.
pub(super) fn seen(text: &str) -> usize {
    let mut parts = text.split('\u{1b}');
    let plain = parts.next().map_or(0, UnicodeWidthStr::width);
    let after_colour = parts.filter_map(|part| part.split_once('m')).map(|(_, text)| text.width());
    plain + after_colour.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_at_spaces_and_hang_below_their_beginning() {
        let text =
            "short\n  ! The bucket acme-logs exists and is not owned by this blueprint at all.\n";
        let fitted = "short\n  ! The bucket acme-logs exists and is not\n      owned by this blueprint at all.\n";
        assert_eq!(fit(text, 42), fitted);
        assert_eq!(fit(text, 100), text);
    }

    #[test]
    fn what_has_no_spaces_stays_whole_however_long() {
        let arn = "arn:aws:sns:eu-west-1:111122223333:ctguard-acme-a-rather-long-topic-name";
        let broken = format!("  is sent on to\n      {arn}\n      since then\n");
        assert_eq!(fit(&format!("  is sent on to {arn} since then\n"), 50), broken);
        // A sign is not left alone on its line.
        let sign = format!("  ! {arn}\n      since then\n");
        assert_eq!(fit(&format!("  ! {arn} since then\n"), 50), sign);
        assert_eq!(fit(arn, 50), arn);
    }

    #[test]
    fn the_last_column_goes_below_the_others() {
        let line =
            "  + rule         ctguard-acme-route × 2 places  111122223333/{eu-west-1, us-east-1}\n";
        assert_eq!(
            fit(line, 60),
            "  + rule         ctguard-acme-route × 2 places\n      111122223333/{eu-west-1, us-east-1}\n"
        );
    }

    #[test]
    fn colour_takes_no_room_and_stays_where_it_is() {
        let line = "\u{1b}[31mred words that are quite many in number\u{1b}[0m end";
        assert_eq!(fit(line, 46), line);
        assert_eq!(fit(line, 42).replace("\n    ", " "), line);
    }

    #[test]
    fn wide_characters_take_two_columns_and_accents_none() {
        assert_eq!(seen("\u{1b}[31mrot\u{1b}[0m → grün"), 10);
        assert_eq!(seen("警報"), 4);
        assert_eq!(seen("e\u{301}"), 1);
    }
}
