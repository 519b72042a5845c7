//! What others said, as one clean line: without commands for a terminal, and without what looks like
//! a secret.

use super::chain::shorten;

/// Longest first line of what was said that is told, in characters.
const SAID_MAX_CHARS: usize = 200;

/// The first line with anything in it, without control characters and terminals' commands.
pub(super) fn first_line(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().map(clean).find(|line| !line.is_empty())?;
    let line = ctguard_core::secret::hidden(&line).into_owned();
    Some(shorten(&without_secrets(&line), SAID_MAX_CHARS))
}

/// A line with `****` for what looks like a secret: the value of a name that says so, the id of an
/// access key, and long words of letters in both cases and digits.
fn without_secrets(line: &str) -> String {
    const NAMES: [&str; 8] =
        ["token", "secret", "passw", "pwd", "key", "credential", "session", "bearer"];
    let telling = |name: &str| {
        let name = name.to_ascii_lowercase();
        NAMES.iter().any(|one| name.contains(one))
    };
    let mut after_name = false;
    let words = line.split(' ').map(|word| {
        let hides = std::mem::replace(&mut after_name, false) && !word.is_empty();
        if let Some((name, value)) = word.split_once(['=', ':']).filter(|(name, _)| telling(name)) {
            after_name = value.is_empty();
            let mark = &word[name.len()..word.len() - value.len()];
            let value = if value.is_empty() { "" } else { "****" };
            return format!("{name}{mark}{value}");
        }
        after_name = word.eq_ignore_ascii_case("bearer");
        if hides || is_opaque(word) { "****".to_owned() } else { word.to_owned() }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Whether a word is the id of an access key, or long and of letters in both cases with digits.
fn is_opaque(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let has = |of: fn(&char) -> bool| word.chars().any(|c| of(&c));
    let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "+/=_-".contains(c));
    let id = ["AKIA", "ASIA"].iter().any(|start| word.starts_with(start)) && word.len() >= 16;
    let mixed = has(char::is_ascii_lowercase) && has(char::is_ascii_uppercase);
    plain && (id || word.len() >= 20 && mixed && has(char::is_ascii_digit))
}

/// A line without what a terminal would take for a command.
fn clean(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line.chars().peekable();
    while let Some(one) = rest.next() {
        if one == '\u{1b}' {
            skip_escape(&mut rest);
        } else if one == '\t' || !one.is_control() {
            out.push(one);
        }
    }
    out.trim().to_owned()
}

/// Passes over what follows an escape character: `[…m`, `]…BEL`, or one character.
fn skip_escape(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match rest.next() {
        Some('[') => while rest.next().is_some_and(|one| !('@'..='~').contains(&one)) {},
        Some(']') => while rest.next().is_some_and(|one| one != '\u{7}' && one != '\\') {},
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_not_told() {
        for (said, told) in [
            ("token=LEAK", "token=****"),
            ("the session expired", "the session expired"),
            ("password: hunter2 is wrong", "password: **** is wrong"),
            ("Authorization: Bearer abc.def", "Authorization: Bearer ****"),
            ("got AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "got **** ****"),
            (
                "no profile `staging-eu` in ~/.aws/config",
                "no profile `staging-eu` in ~/.aws/config",
            ),
            ("error code 401 at 2026-11-29T10:00:00Z", "error code 401 at 2026-11-29T10:00:00Z"),
        ] {
            assert_eq!(first_line(said.as_bytes()).as_deref(), Some(told), "{said}");
        }
    }
}
