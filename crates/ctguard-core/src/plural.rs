//! Numbers with their nouns.

/// `1 rule`, `2 rules`.
pub fn count(number: usize, singular: &str) -> String {
    if number == 1 { format!("1 {singular}") } else { format!("{number} {singular}s") }
}
