//! Notices as GitHub's workflow commands, which show them at lines of a pull request.
//!
//! Source: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

use super::notice::{Level, Notice};
use super::positions::Positions;
use std::fmt::Write;

/// Most annotations of a level that GitHub shows for one step; later ones are dropped silently.
const ANNOTATIONS_MAX: usize = 10;

/// Alerts that one annotation names.
const ALERTS_NAMED: usize = 6;

/// Renders notices, gravest first. Of each level, so many as GitHub shows; the last one says how
/// many there are more.
pub fn render(notices: &[Notice], positions: &Positions) -> String {
    let mut out = String::new();
    for (level, command) in
        [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Note, "notice")]
    {
        let all: Vec<&Notice> = notices.iter().filter(|notice| notice.level == level).collect();
        let shown = if all.len() > ANNOTATIONS_MAX { ANNOTATIONS_MAX - 1 } else { all.len() };
        for notice in &all[..shown] {
            let at = match &notice.span {
                Some(span) => positions.span(span),
                None => notice.position(notice.alerts.first().map(String::as_str), positions),
            };
            // What is about no file, such as a failed sign-in, has no place in one.
            let place = match at.file.is_empty() {
                true => String::new(),
                false => {
                    let (line, column) = (at.line, at.column);
                    format!("file={},line={line},col={column},", property(&at.file))
                }
            };
            let _ = writeln!(
                out,
                "::{command} {place}title={}::{}",
                property(&format!("ctguard {}", notice.code)),
                data(&message(notice))
            );
        }
        if shown < all.len() {
            let more = format!("{} more; the step summary has them.", all.len() - shown);
            let _ = writeln!(out, "::{command} title=ctguard::{}", data(&more));
        }
    }
    out
}

fn message(notice: &Notice) -> String {
    let named: Vec<&str> = notice.alerts.iter().take(ALERTS_NAMED).map(String::as_str).collect();
    let named = named.join(", ");
    match notice.alerts.len() {
        0 => notice.message.clone(),
        few if few <= ALERTS_NAMED => format!("{}\nAlerts: {named}.", notice.message),
        many => format!("{}\nAlerts: {named}, and {} more.", notice.message, many - ALERTS_NAMED),
    }
}

/// Text after the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, between commas.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn notice(level: Level, message: &str) -> Notice {
        Notice {
            level,
            code: ctguard_core::codes::DRIFT,
            message: message.to_owned(),
            alerts: BTreeSet::new(),
            span: None,
            object: String::new(),
        }
    }

    #[test]
    fn nothing_in_a_text_ends_the_command_or_begins_another() {
        let text = render(
            &[notice(Level::Error, "100 %\n::set-output name=x::y")],
            &Positions::unknown("a,b:c.yaml"),
        );
        assert_eq!(
            text,
            "::error file=a%2Cb%3Ac.yaml,line=1,col=1,title=ctguard drift::100 %25%0A::set-output name=x::y\n"
        );
    }

    #[test]
    fn as_many_as_github_shows_and_the_last_counts_the_rest() {
        let many = vec![notice(Level::Warning, "w"); 25];
        let text = render(&many, &Positions::unknown("c.yaml"));
        assert_eq!(text.lines().count(), ANNOTATIONS_MAX);
        assert!(text.ends_with("::warning title=ctguard::16 more; the step summary has them.\n"));
    }
}
