//! Rust source as words and signs, without comments, literals and what is compiled for tests alone.

/// Splits source text into identifiers, `::` and single signs.
pub fn tokens(source: &str) -> Vec<String> {
    let chars: Vec<char> = source.chars().collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        if let Some(skipped) = comment(rest).or_else(|| literal(rest)) {
            at += skipped;
        } else if is_word(rest[0]) {
            let word: String = rest.iter().take_while(|c| is_word(**c)).collect();
            at += word.len();
            out.push(word);
        } else if rest.starts_with(&[':', ':']) {
            out.push("::".to_owned());
            at += 2;
        } else {
            if !rest[0].is_whitespace() {
                out.push(rest[0].to_string());
            }
            at += 1;
        }
    }
    out
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Returns the length of the comment that begins here; block comments nest.
fn comment(rest: &[char]) -> Option<usize> {
    if rest.starts_with(&['/', '/']) {
        return Some(rest.iter().position(|c| *c == '\n').unwrap_or(rest.len()));
    }
    if !rest.starts_with(&['/', '*']) {
        return None;
    }
    let (mut at, mut depth) = (2, 1);
    while at < rest.len() && depth > 0 {
        if rest[at..].starts_with(&['/', '*']) {
            (at, depth) = (at + 2, depth + 1);
        } else if rest[at..].starts_with(&['*', '/']) {
            (at, depth) = (at + 2, depth - 1);
        } else {
            at += 1;
        }
    }
    Some(at)
}

/// Returns the length of the string or character literal, or the lifetime, that begins here.
fn literal(rest: &[char]) -> Option<usize> {
    let prefix = rest.iter().take_while(|c| matches!(c, 'b' | 'r' | 'c')).count();
    let hashes = rest[prefix..].iter().take_while(|c| **c == '#').count();
    let raw = rest[..prefix].contains(&'r');
    if prefix <= 2 && raw && rest.get(prefix + hashes) == Some(&'"') {
        let mut end = vec!['"'];
        end.extend(std::iter::repeat_n('#', hashes));
        let body = prefix + hashes + 1;
        let closed = (body..rest.len()).find(|at| rest[*at..].starts_with(&end));
        return Some(closed.map_or(rest.len(), |at| at + end.len()));
    }
    let opening = if matches!(rest[0], 'b' | 'c') { 1 } else { 0 };
    match rest.get(opening)? {
        '"' => Some(opening + quoted(&rest[opening..], '"')),
        '\'' if rest.get(opening + 1) == Some(&'\\') || rest.get(opening + 2) == Some(&'\'') => {
            Some(opening + quoted(&rest[opening..], '\''))
        }
        // A lifetime: the sign and its name.
        '\'' if opening == 0 => Some(1 + rest[1..].iter().take_while(|c| is_word(**c)).count()),
        _ => None,
    }
}

fn quoted(rest: &[char], mark: char) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != mark {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// Takes out each item marked `#[cfg(test)]`; also returns the modules in files that were marked so.
pub fn without_tests(tokens: &[String]) -> (Vec<String>, Vec<String>) {
    let (mut kept, mut modules) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < tokens.len() {
        let Some(after) = test_attribute(&tokens[at..]) else {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        };
        let start = at + after;
        let end = start + item(&tokens[start..]);
        if let Some(name) = tokens[start..end].iter().position(|t| t == "mod")
            && tokens.get(start + name + 2).is_some_and(|t| t == ";")
        {
            modules.push(tokens[start + name + 1].clone());
        }
        at = end;
    }
    (kept, modules)
}

/// Returns how many tokens the attribute `#[cfg(… test …)]` takes, where one begins here.
fn test_attribute(rest: &[String]) -> Option<usize> {
    let head: Vec<&str> = rest.iter().take(4).map(String::as_str).collect();
    if head != ["#", "[", "cfg", "("] {
        return None;
    }
    let end = rest.iter().position(|t| t == "]")?;
    let inside = &rest[4..end];
    let tests = inside.iter().any(|t| t == "test") && !inside.iter().any(|t| t == "not");
    tests.then_some(end + 1)
}

/// Returns how many tokens the item that begins here takes: up to its `;` or its closing brace.
fn item(rest: &[String]) -> usize {
    let mut depth = 0;
    for (at, token) in rest.iter().enumerate() {
        match token.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => {
                depth -= 1;
                if depth == 0 && token == "}" && rest.get(at + 1).is_none_or(|t| t != ";") {
                    return at + 1;
                }
            }
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    rest.len()
}
