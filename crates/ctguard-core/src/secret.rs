//! Secrets in web addresses: which parts of a URL may be one, and how it is written without them.
//!
//! A webhook's URL is often its password: in `user:password@`, in the query, or in the path. What
//! is written for people, and into files, has `****` there. `~` and eight digits at the end tell
//! two URLs apart of which the hidden parts differ; the URL itself is the key of that hash, so
//! who has only the text cannot make it, and 32 bits say nothing of the rest of a long token. A
//! password before `@` is not in the hash: SNS hides it, too, so a live URL has none to hash. It
//! has a mark of its own, which a tag of the topic keeps.
//!
//! Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-subscribe-https-s-endpoints-to-topic.html>

use crate::hex::hex;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// Stands for what is hidden, as SNS writes a password.
pub const MASK: &str = "****";

/// Digits of the hash that follows the mask.
const HASH_DIGITS: usize = 8;

/// Digits of a password's mark. Sixteen bits: of 65,536 guesses all but one are ruled out by it,
/// so a password that is drawn and not thought up stays as unknown as it was.
const MARK_DIGITS: usize = 4;

/// How often a password is hashed for its mark, so that guesses take their time.
const MARK_ROUNDS: usize = 10_000;

/// Words that webhook addresses have in their paths and that are no secret. Other words of more
/// than [`PLAIN_CHARS`] characters are hidden: which of them are keys cannot be known.
const WORDS: [&str; 30] = [
    "alert",
    "alerts",
    "amazon",
    "aws",
    "cloudtrail",
    "cloudwatch",
    "endpoint",
    "endpoints",
    "enqueue",
    "event",
    "events",
    "generic",
    "hook",
    "hooks",
    "incoming",
    "ingest",
    "intake",
    "integration",
    "integrations",
    "message",
    "messages",
    "notification",
    "notifications",
    "notify",
    "public",
    "security",
    "service",
    "services",
    "webhook",
    "webhooks",
];

/// Lowercase words up to this length are shown.
const PLAIN_CHARS: usize = 5;

/// Names of query parameters that carry a secret, as parts of the name in lower case.
const SECRET_NAMES: [&str; 9] =
    ["key", "token", "secret", "sig", "auth", "pass", "pwd", "credential", "code"];

/// Shortest part of a path that is taken for a key for certain, in characters.
const KEY_MIN_CHARS: usize = 20;

/// Where AWS's own pages are: their paths are long, mixed, and no secret.
const PAGES: &str = "docs.aws.amazon.com";

/// A URL taken apart, as far as it matters here.
struct Url<'a> {
    scheme: &'static str,
    userinfo: Option<&'a str>,
    host: &'a str,
    path: &'a str,
    query: Option<&'a str>,
    fragment: Option<&'a str>,
}

impl<'a> Url<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let scheme = ["https://", "http://"].into_iter().find(|scheme| {
            text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        })?;
        let rest = &text[scheme.len()..];
        let (rest, fragment) = split(rest, '#');
        let (rest, query) = split(rest, '?');
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (userinfo, host) = match authority.rsplit_once('@') {
            Some((userinfo, host)) => (Some(userinfo), host),
            None => (None, authority),
        };
        Some(Self { scheme, userinfo, host, path, query, fragment })
    }

    /// The URL as SNS lists it, with its host in lower case: what its hash is made of.
    fn without_password(&self) -> String {
        let mut text = self.scheme.to_owned();
        match self.userinfo.map(|userinfo| (userinfo, userinfo.split_once(':'))) {
            Some((_, Some((user, _)))) => text.push_str(&format!("{user}:{MASK}@")),
            Some((userinfo, None)) => text.push_str(&format!("{userinfo}@")),
            None => {}
        }
        text.push_str(&self.host.to_ascii_lowercase());
        text.push_str(self.path);
        for (mark, part) in [('?', self.query), ('#', self.fragment)] {
            part.into_iter().for_each(|part| text.push_str(&format!("{mark}{part}")));
        }
        text
    }
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

/// Writes a URL without what may be secret, and its host in lower case, which is the same address.
/// A text that is no web address comes back as it is.
pub fn shown(url: &str) -> Cow<'_, str> {
    let Some(parts) = Url::parse(url) else { return Cow::Borrowed(url) };
    let done = has_hash(url);
    let mut hidden = false;
    let mut text = parts.scheme.to_owned();
    if let Some(userinfo) = parts.userinfo {
        match userinfo.split_once(':') {
            // SNS shows the user and hides the password.
            Some((user, _)) => text.push_str(&format!("{user}:{MASK}")),
            None => mask(&mut text, &mut hidden, userinfo, done),
        }
        text.push('@');
    }
    text.push_str(&parts.host.to_ascii_lowercase());
    for (index, segment) in parts.path.split('/').enumerate() {
        if index > 0 {
            text.push('/');
        }
        match is_plain(segment) {
            true => text.push_str(segment),
            false => mask(&mut text, &mut hidden, segment, done),
        }
    }
    for (index, pair) in parts.query.into_iter().flat_map(|query| query.split('&')).enumerate() {
        text.push(if index == 0 { '?' } else { '&' });
        let value = match pair.split_once('=') {
            Some((name, value)) => {
                text.push_str(&format!("{name}="));
                value
            }
            None => pair,
        };
        mask(&mut text, &mut hidden, value, done);
    }
    if let Some(fragment) = parts.fragment {
        text.push('#');
        mask(&mut text, &mut hidden, fragment, done);
    }
    if hidden {
        let digits = hash(&parts.without_password(), &text);
        text.push('~');
        text.push_str(&digits);
    }
    if text == url { Cow::Borrowed(url) } else { Cow::Owned(text) }
}

/// Writes what was meant as an address. Of a text that is none, such as one with a typing error in
/// its scheme, only the beginning is shown where the rest may hold a password, a key or a path.
pub fn shown_roughly(text: &str) -> Cow<'_, str> {
    if Url::parse(text).is_some() {
        return shown(text);
    }
    match rough_head(text) {
        Some(end) => Cow::Owned(format!("{}{MASK}", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// How many bytes may be shown of a text that was meant as an address and is none; `None` where
/// there is nothing to hide.
fn rough_head(text: &str) -> Option<usize> {
    if let Some(rest) = after_port(text) {
        return (rest + 1 < text.len()).then_some(rest);
    }
    match text.find(['/', '?', '#', '@', ':', '=']) {
        Some(at) => (at + 1 < text.len()).then_some(at),
        None => is_key(text).then_some(0),
    }
}

/// Where a text goes on after a host and a port: that is no password, which has an `@` behind it.
fn after_port(text: &str) -> Option<usize> {
    let (host, rest) = text.split_once(':')?;
    let named = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    let digits = rest.chars().take_while(char::is_ascii_digit).count();
    let ends = rest[digits..].is_empty() || rest[digits..].starts_with('/');
    let is_port = (1..=5).contains(&digits) && ends && !rest.contains('@');
    (is_port && !host.is_empty() && host.chars().all(named)).then_some(host.len() + 1 + digits)
}

/// Keys whose values are meant as web addresses.
const ADDRESS_KEYS: [&str; 3] = ["https", "endpoint", "endpoint_url"];

/// Hides the value of such a key where it is no web address, with as many bytes as before.
fn rough_values_hidden(line: &str) -> Cow<'_, str> {
    let mut out = Cow::Borrowed(line);
    for key in ADDRESS_KEYS {
        let mut from = 0;
        while let Some(at) = out[from..].find(key).map(|at| from + at + key.len()) {
            from = at;
            let after = out[at..].trim_start_matches(['"', '\'', ' ']);
            let Some(value) = after.strip_prefix(':') else { continue };
            let gap = value.len() - value.trim_start_matches([' ', '\t', '"', '\'']).len();
            let begin = out.len() - value.len() + gap;
            let ends = |c: char| c.is_whitespace() || "\"'`<>{}[]|\\^,".contains(c);
            let end = out[begin..].find(ends).map_or(out.len(), |end| begin + end);
            // `https://` itself: the key is the scheme of an address.
            if gap == 0 || Url::parse(&out[begin..end]).is_some() {
                continue;
            }
            if let Some(head) = rough_head(&out[begin..end]) {
                let stars = "*".repeat(end - begin - head);
                out = format!("{}{stars}{}", &out[..begin + head], &out[end..]).into();
            }
        }
    }
    out
}

/// What stands before the name of what holds an address, where the address would stand.
const NAMED: &str = "secret:";

/// Writes a web address hidden whole: with the name of what holds it, or with `****` where that is
/// not known. The digits are those of [`shown`], so that addresses can be told apart and no part of
/// them is seen. `None` for a text that is no web address.
pub fn covered(url: &str, named: Option<&str>) -> Option<String> {
    let digits = digits(url)?;
    Some(match named {
        Some(named) => format!("{NAMED}{named}~{digits}"),
        None => format!("https://{MASK}~{digits}"),
    })
}

/// The name in a text that [`covered`] wrote with one.
pub fn named_by(text: &str) -> Option<&str> {
    let (named, digits) = text.strip_prefix(NAMED)?.rsplit_once('~')?;
    is_hash(digits).then_some(named)
}

/// The form in which an address that is hidden whole is compared, whatever name is shown for it;
/// `None` for a text that [`covered`] did not write with a name.
pub fn compared_as(text: &str) -> Option<String> {
    named_by(text)?;
    let (_, digits) = text.rsplit_once('~')?;
    Some(format!("https://{MASK}~{digits}"))
}

/// The digits that tell an address from others.
fn digits(url: &str) -> Option<String> {
    let parts = Url::parse(url)?;
    let shown = shown(url);
    match shown.rsplit_once('~').filter(|_| has_hash(&shown)) {
        Some((_, digits)) => Some(digits.to_owned()),
        None => Some(hash(&parts.without_password(), &shown)),
    }
}

/// The host of a web address, in lower case.
pub fn host(url: &str) -> Option<String> {
    Url::parse(url).map(|parts| parts.host.to_ascii_lowercase())
}

/// A web address as SNS lists it: with a mask in place of its password.
pub fn as_listed(url: &str) -> Option<String> {
    Url::parse(url).map(|parts| parts.without_password())
}

/// Writes a part hidden. One that was hidden before stays as it is, with the hash at its end.
fn mask(text: &mut String, hidden: &mut bool, part: &str, done: bool) {
    match part.is_empty() || done {
        true => text.push_str(part),
        false => {
            text.push_str(MASK);
            *hidden = true;
        }
    }
}

/// Whether a part of a path is shown.
fn is_plain(segment: &str) -> bool {
    let chars = segment.chars().count();
    let word = segment.chars().all(|c| c.is_ascii_lowercase() || ".-_:".contains(c));
    let version = segment
        .strip_prefix('v')
        .is_some_and(|number| chars <= 3 && number.bytes().all(|byte| byte.is_ascii_digit()));
    version || WORDS.contains(&segment) || word && chars <= PLAIN_CHARS
}

/// HMAC-SHA256 of the URL, keyed by the URL: only who knows it can make it.
fn hash(url: &str, shown: &str) -> String {
    let mut mac = hex(&hmac(url.as_bytes(), shown.as_bytes()));
    mac.truncate(HASH_DIGITS);
    mac
}

/// What tells whether the password of a web address changed; `None` when there is none to see.
/// The rest of the address is its salt, in full: who has only the text that is shown must guess
/// the hidden parts of the address as well.
pub fn password_mark(url: &str) -> Option<String> {
    let parts = Url::parse(url)?;
    let (_, password) = parts.userinfo?.split_once(':')?;
    if password.is_empty() || password == MASK || has_hash(url) {
        return None;
    }
    let mut mark = hex(&slow_hash(password.as_bytes(), parts.without_password().as_bytes()));
    mark.truncate(MARK_DIGITS);
    Some(mark)
}

/// PBKDF2 with HMAC-SHA256, its first block.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc8018#section-5.2>
fn slow_hash(password: &[u8], salt: &[u8]) -> [u8; 32] {
    let mut round = hmac(password, &[salt, &1_u32.to_be_bytes()].concat());
    let mut sum = round;
    for _ in 1..MARK_ROUNDS {
        round = hmac(password, &round);
        sum.iter_mut().zip(round).for_each(|(sum, byte)| *sum ^= byte);
    }
    sum
}

/// HMAC with SHA-256.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc2104>
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    const BLOCK: usize = 64;
    let mut block = [0_u8; BLOCK];
    match key.len() > BLOCK {
        true => block[..32].copy_from_slice(&Sha256::digest(key)),
        false => block[..key.len()].copy_from_slice(key),
    }
    let padded = |pad: u8, message: &[u8]| {
        Sha256::new().chain_update(block.map(|byte| byte ^ pad)).chain_update(message).finalize()
    };
    padded(0x5c, &padded(0x36, message)).into()
}

/// Whether a URL has been written by [`shown`] and ends in a hash.
fn has_hash(url: &str) -> bool {
    let Some((before, digits)) = url.rsplit_once('~') else { return false };
    is_hash(digits) && before.contains(MASK)
}

fn is_hash(digits: &str) -> bool {
    digits.len() == HASH_DIGITS
        && digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Whether a part of a URL is hidden, so that it cannot be called.
pub fn is_masked(url: &str) -> bool {
    let password = Url::parse(url)
        .and_then(|parts| parts.userinfo?.split_once(':').map(|(_, password)| password));
    has_hash(url) || password == Some(MASK)
}

/// What in a URL is a secret for certain; `None` when nothing is, or when it is hidden already.
pub fn literal(url: &str) -> Option<&'static str> {
    let parts = Url::parse(url)?;
    if has_hash(url) {
        return None;
    }
    let password = parts.userinfo.and_then(|userinfo| userinfo.split_once(':'));
    if password.is_some_and(|(_, password)| !password.is_empty() && password != MASK) {
        return Some("a password");
    }
    let named = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = name.to_ascii_lowercase();
        !value.is_empty() && SECRET_NAMES.iter().any(|secret| name.contains(secret))
    };
    if parts.query.into_iter().flat_map(|query| query.split('&')).any(named) {
        return Some("a key in its query");
    }
    let page = parts.host.eq_ignore_ascii_case(PAGES);
    (!page && parts.path.split('/').any(is_key)).then_some("a key in its path")
}

/// Whether a part of a path is long and of mixed characters, as keys are and words are not.
fn is_key(segment: &str) -> bool {
    let has = |test: fn(&u8) -> bool| segment.as_bytes().iter().any(test);
    let letters = has(u8::is_ascii_alphabetic);
    let mixed = has(u8::is_ascii_digit) || has(u8::is_ascii_uppercase);
    segment.len() >= KEY_MIN_CHARS && letters && mixed
}

/// Hides what may be secret in the URLs of a text: all of it in a URL that is somebody's endpoint
/// (it follows the key `https:`, as in a blueprint), else only passwords and keys that are
/// certain.
pub fn hidden(text: &str) -> Cow<'_, str> {
    rewritten(text, |url| shown(url).into_owned())
}

/// The same with as many characters as before, so that places in the text still fit.
pub fn hidden_in_place(text: &str) -> Cow<'_, str> {
    let lines: String = text.split_inclusive('\n').map(rough_values_hidden).collect();
    let hidden = rewritten(&lines, |url| {
        let keep = Url::parse(url).map_or(0, |parts| parts.scheme.len());
        let stars = url.chars().count().saturating_sub(keep);
        let bytes = url.len().saturating_sub(keep);
        // Every star is one byte: the length in bytes is kept, by which places are counted.
        format!("{}{}", &url[..keep], "*".repeat(bytes.max(stars)))
    });
    match *hidden == *text {
        true => Cow::Borrowed(text),
        false => Cow::Owned(hidden.into_owned()),
    }
}

/// The same for a log, where an address may stand encoded, in the body of a request to SNS.
pub fn hidden_in_log(text: &str) -> String {
    const PARAMETER: &str = "Endpoint=";
    let mut out = String::new();
    for (index, part) in text.split(PARAMETER).enumerate() {
        let value = part.find(|c: char| c.is_whitespace() || "&\"'".contains(c));
        match index {
            0 => out.push_str(&hidden(&passwords_hidden(part))),
            _ => {
                out.push_str(PARAMETER);
                out.push_str(MASK);
                let rest = &part[value.unwrap_or(part.len())..];
                out.push_str(&hidden(&passwords_hidden(rest)));
            }
        }
    }
    out
}

/// Hides what stands between a user and a host, as libraries log it, with or without a scheme.
fn passwords_hidden(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let begins = |c: char| c.is_whitespace() || "\"'`(),/<>=[]{}".contains(c);
        let begin = rest[..at]
            .rfind(begins)
            .map_or(0, |last| last + rest[last..].chars().next().map_or(1, char::len_utf8));
        match rest[begin..at].find(':') {
            Some(colon) => out.push_str(&format!("{}:{MASK}@", &rest[..begin + colon])),
            None => out.push_str(&rest[..=at]),
        }
        rest = &rest[at + 1..];
    }
    match out.is_empty() {
        true => Cow::Borrowed(text),
        false => Cow::Owned(out + rest),
    }
}

fn rewritten(text: &str, write: impl Fn(&str) -> String) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = next_url(rest) {
        let (before, from) = rest.split_at(at);
        let end = from
            .find(|c: char| c.is_whitespace() || c.is_control() || "\"'`<>{}[]|\\^".contains(c))
            .unwrap_or(from.len());
        let url = from[..end].trim_end_matches([',', '.', ';', ')']);
        let key = before.trim_end_matches([' ', '"', '\'', '\\', '\n', '\t']);
        let secret = key.ends_with("https:") && shown(url) != url || literal(url).is_some();
        out.push_str(before);
        match secret {
            true => out.push_str(&write(url)),
            false => out.push_str(url),
        }
        rest = &from[url.len().max(1).min(from.len())..];
        if url.is_empty() {
            out.push_str(&from[..from.len() - rest.len()]);
        }
    }
    if out.is_empty() {
        return Cow::Borrowed(text);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Where the next web address begins.
fn next_url(text: &str) -> Option<usize> {
    let at = text.find("://")?;
    let scheme = ["https", "http"].into_iter().find(|scheme| {
        at.checked_sub(scheme.len())
            .and_then(|start| text.get(start..at))
            .is_some_and(|found| found.eq_ignore_ascii_case(scheme))
    });
    match scheme {
        Some(scheme) => Some(at - scheme.len()),
        None => next_url(&text[at + 3..]).map(|next| at + 3 + next),
    }
}

#[cfg(test)]
mod tests;
