//! Diagnostics as people read them: code, place, the lines in question, and what to do.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use ctguard_core::diag::{Diagnostic, Severity, Span};
use ctguard_core::secret::{hidden, hidden_in_place};
use std::collections::BTreeMap;

/// Renders diagnostics in the order given, with the lines of `sources` they point at.
///
/// `width` is the terminal's; lines of source that do not fit are cut. Empty in, empty out.
pub fn render(
    diagnostics: &[Diagnostic],
    sources: &BTreeMap<String, String>,
    color: bool,
    width: usize,
) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() }
        .decor_style(DecorStyle::Ascii)
        .term_width(width.max(40));
    let hide = |text: &String| hidden_in_place(text).into_owned();
    let sources = &sources.iter().map(|(name, text)| (name.clone(), hide(text))).collect();
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&renderer.render(&groups(diagnostic, sources)));
        text.push_str("\n\n");
    }
    text
}

fn groups<'a>(diagnostic: &'a Diagnostic, sources: &'a BTreeMap<String, String>) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(visible(&diagnostic.message)).id(diagnostic.code.as_str());
    let mut group = Group::with_title(title);
    if let Some(span) = &diagnostic.span {
        group = match sources.get(&span.file).and_then(|text| lines_of(text, span)) {
            Some((first, lines)) => {
                let mut mark = AnnotationKind::Primary.span(span.start - first..span.end - first);
                if let Some(label) = &diagnostic.label {
                    mark = mark.label(visible(label));
                }
                let snippet = Snippet::source(lines).line_start(span.line);
                group.element(snippet.path(span.file.as_str()).annotation(mark))
            }
            None => group
                .element(Origin::path(span.file.as_str()).line(span.line).char_column(span.column)),
        };
    }
    match &diagnostic.help {
        Some(help) => vec![group.element(Level::HELP.message(visible(help)))],
        None => vec![group],
    }
}

/// Longest line that is shown; of a longer one, a file without line breaks, only the place is.
const LINE_MAX_BYTES: usize = 2_000;

/// The lines that a span touches, and the byte at which they begin; `None` for a span of another
/// text.
fn lines_of<'a>(text: &'a str, span: &Span) -> Option<(usize, &'a str)> {
    let first = text.get(..span.start)?.rfind('\n').map_or(0, |at| at + 1);
    let rest = text.get(span.end..)?;
    let last = rest.find('\n').map_or(text.len(), |at| span.end + at);
    text.get(first..last).filter(|lines| lines.len() <= LINE_MAX_BYTES).map(|lines| (first, lines))
}

/// User text without secrets and without anything that could move a terminal's cursor.
fn visible(text: &str) -> String {
    hidden(text)
        .chars()
        .map(
            |c| if c.is_control() && c != '\n' { c.escape_default().to_string() } else { c.into() },
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ctguard_core::codes;

    fn sources() -> BTreeMap<String, String> {
        [("b.yaml".to_owned(), "version: 1\nalerts:\n  - id: Ä\n".to_owned())].into()
    }

    fn diagnostic() -> Diagnostic {
        let span = Span { file: "b.yaml".to_owned(), start: 27, end: 29, line: 3, column: 9 };
        Diagnostic::error(codes::NAME_INVALID, "`Ä` cannot be an alert's id")
            .at(Some(span))
            .label("not a-z")
            .help("use a-z")
    }

    #[test]
    fn shows_code_place_line_label_and_help() {
        insta::assert_snapshot!(render(&[diagnostic()], &sources(), false, 80), @r"
        error[name-invalid]: `Ä` cannot be an alert's id
         --> b.yaml:3:9
          |
        3 |   - id: Ä
          |         ^ not a-z
          |
          = help: use a-z
        ");
    }

    #[test]
    fn a_file_that_is_not_at_hand_is_named_with_its_line() {
        let text = render(&[diagnostic()], &BTreeMap::new(), false, 80);
        assert!(text.contains("b.yaml:3:9"), "{text}");
    }

    #[test]
    fn colour_is_only_added_when_asked_for() {
        assert!(!render(&[diagnostic()], &sources(), false, 80).contains('\u{1b}'));
        assert!(render(&[diagnostic()], &sources(), true, 80).contains('\u{1b}'));
    }

    #[test]
    fn the_users_text_cannot_move_the_cursor() {
        let hostile = Diagnostic::error(codes::UNKNOWN_KEY, "`\u{1b}[2J` is not a key");
        assert!(!render(&[hostile], &sources(), false, 80).contains('\u{1b}'));
        let text =
            [("b.yaml".to_owned(), "a\n\n  \u{1b}[2J: Ä and more \u{1b}[2J\n".to_owned())].into();
        assert!(!render(&[diagnostic()], &text, false, 80).contains('\u{1b}'));
        let mut at = diagnostic();
        at.span = Some(Span { start: 5, end: 9, ..at.span.unwrap() });
        assert!(!render(&[at], &text, false, 80).contains('\u{1b}'));
    }

    #[test]
    fn a_page_of_problems_reads_well() {
        let text = "version: 1\nname: acme\nregions: [us-east-1]\ndestinations:\n  ops: { topic: ops, subscribers: [{ email: ops@acme }] }\nroutes: { high: [opps] }\nalerts:\n  - id: trail\n    title: Logging stopped\n    risk: high\n    events: [cloudtrail:StopLoging, lambda:AddPermission]\n    whi: x\n";
        let loaded = ctguard_core::blueprint::load_text(
            "b.yaml",
            text,
            None,
            jiff::civil::date(2026, 11, 22),
        );
        let page = render(&loaded.diagnostics, &loaded.sources, false, 100);
        insta::assert_snapshot!(page);
    }
}
