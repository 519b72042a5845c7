//! Numbers with their nouns.

/// `1 rule`, `2 rules`.
pub fn count(number: usize, singular: &str) -> String {
    if number == 1 { format!("1 {singular}") } else { format!("{number} {singular}s") }
}

/// Most names that a sentence lists.
const MOST_LISTED: usize = 5;

/// `` `a` and `b` ``, `` `a`, `b`, `c`, `d`, `e` and 3 more ``.
pub fn some<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    let mut names: Vec<String> =
        names.into_iter().map(|name| format!("`{}`", name.as_ref())).collect();
    let more = names.len().saturating_sub(MOST_LISTED);
    names.truncate(MOST_LISTED);
    let last = match more {
        0 => names.pop(),
        more => Some(format!("{more} more")),
    };
    match last {
        Some(last) if names.is_empty() => last,
        Some(last) => format!("{} and {last}", names.join(", ")),
        None => String::new(),
    }
}
