//! The tags that ctguard puts on what it makes, beside its own.

use super::super::BlueprintTags;
use super::super::raw::RawTag;
use super::super::reader::{Spanned, list};
use crate::catalogue::nearest;
use crate::codes;
use crate::diag::Diagnostic;
use crate::resource::{Kind, Tags};

/// Longest key and longest value of a tag, in characters.
///
/// Source: <https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html>
const KEY_MAX_CHARS: usize = 128;
const VALUE_MAX_CHARS: usize = 256;

/// Most tags of the blueprint's on one resource: AWS takes 50, and ctguard's own are among them.
const TAGS_MAX: usize = 45;

/// What everything is called among the kinds.
const ALL: &str = "all";

/// Judges the tags of a blueprint.
pub(super) fn tags(raw: &[RawTag], out: &mut Vec<Diagnostic>) -> Option<BlueprintTags> {
    let before = out.len();
    let mut tags = BlueprintTags::default();
    for tag in raw {
        let Some(kind) = kind(tag.kind.as_ref(), out) else { continue };
        if let Err(problem) = text(&tag.key.value, &tag.value.value) {
            out.push(invalid(
                tag,
                &problem,
                "see the rules of AWS: letters, digits, spaces and `_.:/=+-@`",
            ));
        }
        let there = match kind {
            None => &mut tags.all,
            Some(kind) => tags.kinds.entry(kind).or_default(),
        };
        if there.contains_key(&tag.key.value) {
            out.push(invalid(tag, "it stands twice", "keep one of the two"));
        }
        there.insert(tag.key.value.clone(), tag.value.value.clone());
    }
    for kind in BlueprintTags::KINDS {
        whole(raw, &tags.of(kind), kind, out);
    }
    (out.len() == before).then_some(tags)
}

/// Which kind is meant: `Some(None)` is everything.
fn kind(written: Option<&Spanned<String>>, out: &mut Vec<Diagnostic>) -> Option<Option<Kind>> {
    let Some(written) = written.filter(|written| written.value != ALL) else { return Some(None) };
    let known = BlueprintTags::KINDS.into_iter().find(|kind| kind.as_str() == written.value);
    if known.is_none() {
        let mut names = vec![ALL];
        names.extend(BlueprintTags::KINDS.map(Kind::as_str));
        let help = match nearest(&written.value, names.iter().copied()).first() {
            Some(meant) => format!("did you mean `{meant}`? A tag itself is text"),
            None => format!("the kinds are {}; a tag itself is text", list(&names)),
        };
        let message = format!("`{}` is not a kind of what ctguard makes", written.value);
        out.push(
            Diagnostic::error(codes::UNKNOWN_KEY, message)
                .at(Some(written.span.clone()))
                .help(help),
        );
    }
    known.map(Some)
}

/// What AWS, or ctguard, does not take.
///
/// Source: <https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html>
fn text(key: &str, value: &str) -> Result<(), String> {
    let good = |c: char| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c);
    let begins = |text: &str, start: &str| text.to_ascii_lowercase().starts_with(start);
    if key.is_empty() || key.chars().count() > KEY_MAX_CHARS {
        return Err(format!("a key has 1 to {KEY_MAX_CHARS} characters"));
    }
    if value.chars().count() > VALUE_MAX_CHARS {
        return Err(format!("a value has at most {VALUE_MAX_CHARS} characters"));
    }
    if begins(key, "aws:") || begins(value, "aws:") {
        return Err("`aws:` is AWS's own".to_owned());
    }
    if begins(key, "ctguard:") {
        return Err("`ctguard:` is ctguard's own, by which it knows what it made".to_owned());
    }
    if key.trim() != key || value.trim() != value {
        return Err("it begins or ends with a space".to_owned());
    }
    match key.chars().chain(value.chars()).find(|c| !good(*c)) {
        Some(bad) => Err(format!("AWS does not take the character {bad:?}")),
        None => Ok(()),
    }
}

/// What is wrong with the tags of one kind together. To IAM, keys that differ in case alone are the
/// same.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html>
fn whole(raw: &[RawTag], tags: &Tags, kind: Kind, out: &mut Vec<Diagnostic>) {
    let meant = |tag: &&RawTag| {
        tag.kind.as_ref().is_none_or(|of| of.value == ALL || of.value == kind.as_str())
    };
    let mut of_kind: Vec<&RawTag> = raw.iter().filter(meant).collect();
    let told = |out: &[Diagnostic], tag: &RawTag| {
        out.iter().any(|known| known.span.as_ref() == Some(&tag.key.span))
    };
    for (index, tag) in of_kind.iter().enumerate() {
        let same = |other: &&&RawTag| {
            other.key.value != tag.key.value
                && other.key.value.to_lowercase() == tag.key.value.to_lowercase()
        };
        if let Some(other) = of_kind[..index].iter().find(same)
            && !told(out, tag)
        {
            let problem = format!("it differs from `{}` in case alone", other.key.value);
            out.push(invalid(tag, &problem, "write both alike: IAM takes them for the same key"));
        }
    }
    if tags.len() > TAGS_MAX
        && let Some(last) = of_kind.pop()
        && !told(out, last)
    {
        let problem = format!("a {kind} would have more than {TAGS_MAX} tags beside ctguard's own");
        out.push(invalid(last, &problem, "AWS takes 50 in all"));
    }
}

fn invalid(tag: &RawTag, problem: &str, help: &str) -> Diagnostic {
    let message = format!("`{}` cannot be a tag: {problem}", tag.key.value);
    Diagnostic::error(codes::TAG_INVALID, message).at(Some(tag.key.span.clone())).help(help)
}
