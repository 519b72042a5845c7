//! Characters that look like others, or like nothing, and mean nothing to YAML.
//!
//! They come from word processors, web pages and keyboards for other scripts. An error near one names
//! it, since nobody sees it.

use super::source::Source;
use crate::codes;
use crate::diag::Diagnostic;

/// What to write in place of a character, with its name in Unicode.
const NAMED: &[(char, &str, &str)] = &[
    ('\u{a0}', "a no-break space", "a space"),
    ('\u{202f}', "a narrow no-break space", "a space"),
    ('\u{2007}', "a figure space", "a space"),
    ('\u{2009}', "a thin space", "a space"),
    ('\u{3000}', "an ideographic space", "a space"),
    ('\u{200b}', "a zero-width space", "nothing"),
    ('\u{200c}', "a zero-width non-joiner", "nothing"),
    ('\u{200d}', "a zero-width joiner", "nothing"),
    ('\u{2060}', "a word joiner", "nothing"),
    ('\u{feff}', "a byte order mark", "nothing"),
    ('\u{ad}', "a soft hyphen", "nothing"),
    ('\u{ff1a}', "a full-width colon", "`: `"),
    ('\u{ff0c}', "a full-width comma", "`, `"),
    ('\u{3001}', "an ideographic comma", "`, `"),
    ('\u{ff3b}', "a full-width bracket", "`[`"),
    ('\u{ff3d}', "a full-width bracket", "`]`"),
    ('\u{ff5b}', "a full-width brace", "`{`"),
    ('\u{ff5d}', "a full-width brace", "`}`"),
    ('\u{201c}', "a curly quote", "`\"`"),
    ('\u{201d}', "a curly quote", "`\"`"),
    ('\u{2018}', "a curly quote", "`'`"),
    ('\u{2019}', "a curly quote", "`'`"),
    ('\u{2010}', "a hyphen that is not ASCII's", "`-`"),
    ('\u{2011}', "a no-break hyphen", "`-`"),
    ('\u{2013}', "an en dash", "`-`"),
    ('\u{2014}', "an em dash", "`-`"),
    ('\u{2212}', "a minus sign", "`-`"),
];

/// A character that is taken for another.
fn lookalike(c: char) -> Option<(String, &'static str)> {
    if let Some((_, name, instead)) = NAMED.iter().find(|(one, ..)| *one == c) {
        return Some((format!("{name} (U+{:04X})", u32::from(c)), *instead));
    }
    // Letters, digits and signs as wide as Chinese characters.
    matches!(c, '\u{ff01}'..='\u{ff5e}').then(|| {
        let name = format!("the full-width character `{c}` (U+{:04X})", u32::from(c));
        (name, "the same of the keyboard's ASCII")
    })
}

/// Adds to errors what stands there and cannot be seen.
pub(super) fn name(source: &Source<'_>, diagnostics: &mut [Diagnostic]) {
    if source.text.is_ascii() {
        return;
    }
    for one in diagnostics.iter_mut() {
        let Some(span) = one.span.as_ref().filter(|span| span.file == source.name) else {
            continue;
        };
        // A parser stops a line behind, or one before, what it does not take.
        let (first, last) = match one.code == codes::YAML_SYNTAX {
            true => (span.line.saturating_sub(1).max(1), span.line + 1),
            false => (span.line, span.line),
        };
        let is_syntax = one.code == codes::YAML_SYNTAX;
        let marked = source.text.get(span.start..span.end).unwrap_or_default();
        let found = (first..=last).find_map(|line| {
            let text = source.line_text(line);
            let part = if is_syntax { structure(text) } else { marked };
            let (at, c) = part.char_indices().find(|(_, c)| lookalike(*c).is_some())?;
            let before = if is_syntax { at } else { text.find(marked)? + at };
            let column = text.get(..before)?.chars().count() + 1;
            Some((lookalike(c)?, line, column))
        });
        let Some(((name, instead), line, column)) = found else { continue };
        let fix = match instead {
            "nothing" => "take it out".to_owned(),
            instead => format!("write {instead}"),
        };
        let said = format!("{name} stands in line {line}, column {column}: {fix}");
        one.help = Some(match one.help.take().filter(|_| !is_syntax) {
            Some(help) => format!("{said}; {help}"),
            None => said,
        });
    }
}

/// A line without its comment.
fn structure(line: &str) -> &str {
    line.split(" #").next().unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use crate::blueprint::load_text;
    use jiff::civil::date;

    fn helps(line: &str) -> Vec<String> {
        let text = format!("version: 1\nname: acme\n{line}\nregions: [us-east-1]\n");
        let loaded = load_text("b.yaml", &text, None, date(2026, 11, 1));
        loaded.diagnostics.into_iter().filter_map(|one| one.help).collect()
    }

    #[test]
    fn what_cannot_be_seen_is_named_with_its_place() {
        for (line, part) in [
            (
                "time_zone:\u{a0}Europe/Berlin",
                "a no-break space (U+00A0) stands in line 3, column 11",
            ),
            (
                "time_zone\u{ff1a}Europe/Berlin",
                "a full-width colon (U+FF1A) stands in line 3, column 10",
            ),
            ("time_zone: Eur\u{200b}ope/Berlin", "a zero-width space (U+200B) stands in line 3"),
            ("time_zone: [a\u{ff0c}b", "a full-width comma (U+FF0C)"),
            ("allow: [event-unknown\u{ff0c}x]", "a full-width comma (U+FF0C)"),
            ("tim\u{ff45}_zone: Europe/Berlin", "the full-width character `\u{ff45}` (U+FF45)"),
        ] {
            let said = helps(line);
            assert!(said.iter().any(|help| help.contains(part)), "{line}: {said:?}");
        }
    }

    #[test]
    fn text_in_another_script_is_text() {
        assert!(helps("# caf\u{e9}\u{a0}: 5\u{202f}%").iter().all(|help| !help.contains("U+")));
    }
}
