//! Errors as chains of causes, and texts of bounded length.

use std::error::Error;

/// An error and what caused it, outermost first.
pub(super) fn sources<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// The messages of an error and its causes, without those that only repeat the one above.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    for source in sources(error) {
        let text = source.to_string();
        if parts.last().is_none_or(|last| !last.contains(&text)) {
            parts.push(text);
        }
    }
    parts.join(": ")
}

/// What the SDK says around the reason that credentials could not be had.
const AROUND: [&str; 5] = [
    "dispatch failure",
    "other",
    "the credential provider was not enabled",
    "an error occurred while loading credentials",
    "an error occurred while loading an access token",
];

/// The same, beginning with the reason.
pub(super) fn reason(error: &(dyn Error + 'static)) -> String {
    let whole = chain(error);
    let mut rest = whole.as_str();
    while let Some((first, more)) = rest.split_once(": ") {
        if !AROUND.contains(&first) {
            break;
        }
        rest = more;
    }
    rest.to_owned()
}

/// One line of bounded length.
pub(super) fn shorten(message: &str, most: usize) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
