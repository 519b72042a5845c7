//! Results as Markdown, for comments on pull requests and step summaries.
//!
//! What matters most comes first, and is kept first: a comment is as long as GitHub takes, and what does not fit is
//! counted.

mod applied;
mod coverage;
mod drift;
mod drilled;
mod plan;
mod validated;
mod verdict;

pub use applied::applied;
pub use coverage::coverage;
pub use drift::{attributed, drift};
pub use drilled::drilled;
pub use plan::plan;
pub use validated::{events_checked, failed, validated};
pub use verdict::verdict;

use super::AccountNames;
use ctguard_core::scope::{AccountId, Region};
use std::fmt::Write;

/// Longest text, in bytes, for a comment on an issue or pull request: GitHub takes 65,536 characters, less what a
/// bot puts around it.
///
/// Source: <https://docs.github.com/en/rest/issues/comments>
pub const COMMENT_MAX_BYTES: usize = 65_000;

/// Longest text of a step's summary, in bytes: GitHub takes 1 MiB for each step.
///
/// Source: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>
pub const SUMMARY_MAX_BYTES: usize = 1_000_000;

/// Room kept for what comes after a part: its title and how much of it was left out, in bytes.
const RESERVE_BYTES: usize = 160;

/// A text in parts, gravest first.
#[derive(Debug, Default)]
struct Document {
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    /// What stands before the first item: a heading, and the head of a table.
    head: String,
    items: Vec<String>,
    /// What stands after the last item.
    tail: String,
    /// What the items are, for a sentence about those left out.
    what: &'static str,
}

impl Document {
    /// Sentences that are always there; they must be few.
    fn say(&mut self, text: impl Into<String>) {
        self.parts.push(Part {
            head: format!("{}\n\n", text.into()),
            items: Vec::new(),
            tail: String::new(),
            what: "",
        });
    }

    /// A list under a heading; nothing when it is empty.
    fn list(&mut self, title: &str, what: &'static str, items: Vec<String>) {
        if !items.is_empty() {
            let items = items.into_iter().map(|item| format!("- {item}\n")).collect();
            let (head, tail) = (format!("#### {title}\n\n"), "\n".to_owned());
            self.parts.push(Part { head, items, tail, what });
        }
    }

    /// A table under a heading; nothing when it has no rows.
    fn table(&mut self, title: &str, what: &'static str, columns: &[&str], rows: Vec<Vec<String>>) {
        if !rows.is_empty() {
            let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
            let columns: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
            let rule = vec!["---".to_owned(); columns.len()];
            let head = format!("#### {title}\n\n{}{}", line(&columns), line(&rule));
            let items = rows.iter().map(|row| line(row)).collect();
            self.parts.push(Part { head, items, tail: "\n".to_owned(), what });
        }
    }

    /// Blocks that are shown on a click; nothing when there are none.
    fn details(&mut self, title: &str, what: &'static str, items: Vec<String>) {
        if !items.is_empty() {
            let head = format!("<details><summary>{title}</summary>\n\n");
            self.parts.push(Part { head, items, tail: "\n</details>\n\n".to_owned(), what });
        }
    }

    /// The text, at most so many bytes of it.
    fn render(&self, limit: usize) -> String {
        let mut out = String::new();
        for (index, part) in self.parts.iter().enumerate() {
            let after = (self.parts.len() - index) * RESERVE_BYTES;
            let room = limit.saturating_sub(after);
            if !part.items.is_empty() && out.len() + part.head.len() > room {
                let _ = writeln!(out, "*{} {} are left out here.*\n", part.items.len(), part.what);
                continue;
            }
            out.push_str(&part.head);
            let mut left_out = 0;
            for item in &part.items {
                if out.len() + item.len() + part.tail.len() > room {
                    left_out += 1;
                } else {
                    out.push_str(item);
                }
            }
            if left_out > 0 {
                let _ = writeln!(out, "\n*{left_out} more {} are left out here.*", part.what);
            }
            out.push_str(&part.tail);
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
        out
    }
}

/// Text that Markdown leaves as it is, but for what stands between two backticks, which is code.
fn plain(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escaped(&text.replace('`', "'"));
    }
    let one = |(index, part): (usize, &&str)| match index % 2 {
        0 => escaped(part),
        _ => code(part),
    };
    parts.iter().enumerate().map(one).collect()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => out.push(' '),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '|' | '[' | ']' | '*' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

/// A name as code.
fn code(text: &str) -> String {
    format!("`{}`", text.replace(['\n', '\r'], " ").replace('`', "'").replace('|', "\\|"))
}

/// Lines of a difference, in a block that colours them.
fn diff_block<'a>(lines: impl IntoIterator<Item = &'a super::plan::diff::Line>) -> String {
    let mut body = String::new();
    for line in lines {
        let sign = if line.sign == '~' { '!' } else { line.sign };
        let _ = writeln!(body, "{sign} {}", line.text.replace("```", "'''"));
    }
    format!(
        "  ```diff\n{}  ```\n",
        body.lines().map(|line| format!("  {line}\n")).collect::<String>()
    )
}

fn places<'a>(
    all: impl IntoIterator<Item = (&'a AccountId, &'a Region)>,
    names: &AccountNames<'_>,
) -> String {
    plain(&super::named_addresses(all, names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_counted_and_the_gravest_is_kept() {
        let mut document = Document::default();
        document.say("### Status");
        document.list("Refused", "refusals", vec!["r".repeat(100); 3]);
        document.details("Changes", "changes", vec!["c".repeat(400); 100]);
        document.details("Differences", "differences", vec!["d".repeat(400); 5]);
        for limit in [2_000, 5_000, 10_000] {
            let text = document.render(limit);
            assert!(text.len() <= limit, "{} > {limit}", text.len());
            assert_eq!(text.matches(&"r".repeat(100)).count(), 3, "{text}");
            assert!(text.contains("more changes are left out here"), "{text}");
            assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
        }
        let whole = document.render(100_000);
        assert!(!whole.contains("left out"), "{whole}");
    }

    #[test]
    fn the_users_text_is_no_markup() {
        assert_eq!(plain("a | [x](y) <img>\nb"), "a \\| \\[x\\](y) &lt;img&gt; b");
        assert_eq!(plain("run `a <b> | c`, or `"), "run 'a &lt;b&gt; \\| c', or '");
        assert_eq!(plain("run `a <b> | c`."), "run `a <b> \\| c`.");
        assert_eq!(code("a`b|c"), "`a'b\\|c`");
    }
}
