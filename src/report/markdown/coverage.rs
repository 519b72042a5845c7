//! What a blueprint's alerts serve, as Markdown.

use super::super::coverage::{Narrow, rows, scanners, tables};
use super::{Document, code, plain};
use ctguard_core::coverage::Coverage;

/// Renders it in at most `limit` bytes.
pub fn coverage(coverage: &Coverage, narrow: Narrow<'_>, limit: usize) -> String {
    let mut out = Document::default();
    out.say(format!("### ctguard coverage: {}", code(&coverage.blueprint)));
    let cells = |row: Vec<String>| row.iter().map(|cell| plain(cell)).collect();
    let columns = ["framework", "covered", "partly", "not", "named"];
    let all = rows(coverage).into_iter().map(cells).collect();
    out.table("Frameworks", "frameworks", &columns, all);
    for (title, rows) in tables(coverage, narrow) {
        let columns = ["id", "title", "state", "events heard", "missing"];
        let rows = rows.into_iter().map(cells).collect();
        out.table(&plain(&title), "controls", &columns, rows);
    }
    let remarks = coverage.remarks.iter().map(String::as_str);
    for remark in scanners(coverage, narrow).into_iter().chain(remarks) {
        out.say(plain(remark));
    }
    out.render(limit)
}
