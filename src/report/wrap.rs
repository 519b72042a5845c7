//! Lines that fit the width. They are broken at spaces only: a name or an ARN that is longer stays whole.

/// Narrowest text that is still worth breaking, in characters.
const WIDTH_MIN: usize = 40;

/// Further indent of what a broken line goes on with, in characters.
const HANG: usize = 4;

/// Deepest indent of a continued line; a deep diff would otherwise leave nothing to write on.
const INDENT_MAX: usize = 24;

/// Breaks every line that is longer than `width` characters; colour takes no room.
pub(super) fn fit(text: &str, width: usize) -> String {
    let width = width.max(WIDTH_MIN);
    let mut out = String::with_capacity(text.len() + text.len() / 20);
    for line in text.split_inclusive('\n') {
        if seen(line.trim_end_matches('\n')) <= width {
            out.push_str(line);
        } else {
            broken(&mut out, line, width);
        }
    }
    out
}

fn broken(out: &mut String, line: &str, width: usize) {
    let (body, end) = match line.strip_suffix('\n') {
        Some(body) => (body, "\n"),
        None => (line, ""),
    };
    let indent = body.chars().take_while(|c| *c == ' ').count();
    let hang = " ".repeat((indent + HANG).min(INDENT_MAX));
    let mut column = 0;
    let mut rest = body;
    let mut first = true;
    while !rest.is_empty() {
        // A word goes with the spaces before it, which are dropped where the line is broken.
        let spaces = rest.chars().take_while(|c| *c == ' ').count();
        let after = &rest[spaces..];
        let word = &after[..after.find(' ').unwrap_or(after.len())];
        let length = seen(word);
        if !first && !word.is_empty() && column + spaces + length > width && column > hang.len() {
            out.push('\n');
            out.push_str(&hang);
            column = hang.len() + length;
        } else {
            out.push_str(&rest[..spaces]);
            column += spaces + length;
        }
        out.push_str(word);
        first = false;
        rest = &after[word.len()..];
    }
    out.push_str(end);
}

/// How many characters of a text are seen: escape sequences of colour are not.
pub(super) fn seen(text: &str) -> usize {
    let mut count = 0;
    let mut escape = false;
    for c in text.chars() {
        match c {
            '\u{1b}' => escape = true,
            'm' if escape => escape = false,
            _ if escape => {}
            _ => count += 1,
        }
    }
    count
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
    fn colour_takes_no_room_and_stays_where_it_is() {
        let line = "\u{1b}[31mred words that are quite many in number\u{1b}[0m end";
        assert_eq!(fit(line, 46), line);
        assert_eq!(fit(line, 42).replace("\n    ", " "), line);
    }
}
