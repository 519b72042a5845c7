//! Regular expressions that are none: texts, with `.*` for anything, in a few spellings.

use super::super::wildcard::Part;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind, Look};

/// Most texts that an expression is spread into.
const MAX_TEXTS: usize = 24;

/// The texts that an expression finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Texts {
    pub texts: Vec<Vec<Part>>,
    /// A text that ends where the expression asks for one more character is taken, too.
    pub wider: bool,
}

/// A part of a text, an end of the value, or anything with at least one character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Part(Part),
    Start,
    End,
    Some,
}

/// Reads an expression.
///
/// # Errors
/// With the reason, when it is more than texts.
pub(super) fn read(expression: &str) -> Result<Texts, String> {
    let refuse = || {
        format!(
            "EventBridge has no regular expressions, and `{expression}` is more than a wildcard"
        )
    };
    // Without Unicode's classes `.` is every character but the end of a line.
    let mut parser = ParserBuilder::new().build();
    let hir = parser.parse(expression).map_err(|_| refuse())?;
    let spread = spread(&hir).ok_or_else(refuse)?;
    let mut wider = false;
    let mut texts = Vec::new();
    for pieces in spread {
        let text = anchored(pieces, &mut wider).ok_or_else(refuse)?;
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    Ok(Texts { texts, wider })
}

fn spread(hir: &Hir) -> Option<Vec<Vec<Piece>>> {
    Some(match hir.kind() {
        HirKind::Empty => vec![Vec::new()],
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            vec![text.chars().map(|one| Piece::Part(Part::Char(one))).collect()]
        }
        HirKind::Look(Look::Start) => vec![vec![Piece::Start]],
        HirKind::Look(Look::End) => vec![vec![Piece::End]],
        HirKind::Capture(capture) => spread(&capture.sub)?,
        HirKind::Alternation(all) => {
            let mut texts = Vec::new();
            for one in all {
                texts.extend(spread(one)?);
            }
            texts
        }
        HirKind::Concat(all) => {
            let mut texts = vec![Vec::new()];
            for one in all {
                let next = spread(one)?;
                if texts.len() * next.len() > MAX_TEXTS {
                    return None;
                }
                texts = texts
                    .iter()
                    .flat_map(|text: &Vec<Piece>| {
                        next.iter().map(move |more| [text.as_slice(), more.as_slice()].concat())
                    })
                    .collect();
            }
            texts
        }
        HirKind::Repetition(repetition) => {
            match (repetition.min, repetition.max, is_any(&repetition.sub)) {
                (0, None, true) => vec![vec![Piece::Part(Part::Star)]],
                (1, None, true) => vec![vec![Piece::Some]],
                (0, Some(1), false) => {
                    let mut texts = spread(&repetition.sub)?;
                    texts.push(Vec::new());
                    texts
                }
                _ => return None,
            }
        }
        HirKind::Class(_) => of_class(hir)?,
        HirKind::Look(_) => return None,
    })
    .filter(|texts: &Vec<_>| texts.len() <= MAX_TEXTS)
}

/// Whether it is `.`, with or without the end of a line.
fn is_any(hir: &Hir) -> bool {
    let dots = [regex_syntax::hir::Dot::AnyCharExceptLF, regex_syntax::hir::Dot::AnyChar];
    dots.into_iter().any(|dot| *hir == Hir::dot(dot))
}

/// The characters of a small class, such as `[Aa]`.
fn of_class(hir: &Hir) -> Option<Vec<Vec<Piece>>> {
    const MAX_CHARACTERS: usize = 4;
    let HirKind::Class(regex_syntax::hir::Class::Unicode(class)) = hir.kind() else {
        return None;
    };
    let mut characters = Vec::new();
    for range in class.iter() {
        for one in range.start()..=range.end() {
            characters.push(vec![Piece::Part(Part::Char(one))]);
            if characters.len() > MAX_CHARACTERS {
                return None;
            }
        }
    }
    Some(characters)
}

/// An expression finds its text anywhere, unless it is held at an end.
fn anchored(pieces: Vec<Piece>, wider: &mut bool) -> Option<Vec<Part>> {
    let last = pieces.len().saturating_sub(1);
    let mut text = Vec::new();
    if pieces.first() != Some(&Piece::Start) {
        text.push(Part::Star);
    }
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Part(part) => text.push(*part),
            Piece::Start if at == 0 => {}
            Piece::End if at == last => {}
            // At an end of the value: whether there is one more character makes no alert.
            Piece::Some if at == 0 || at == last => {
                *wider = true;
                text.push(Part::Star);
            }
            _ => return None,
        }
    }
    if pieces.last() != Some(&Piece::End) {
        text.push(Part::Star);
    }
    text.dedup_by(|a, b| *a == Part::Star && *b == Part::Star);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::super::super::wildcard::matcher_of;
    use super::*;

    fn shown(expression: &str) -> Vec<String> {
        let texts = read(expression).unwrap().texts;
        texts.iter().map(|text| matcher_of(text).to_value().to_string()).collect()
    }

    #[test]
    fn expressions_that_are_texts() {
        assert_eq!(shown("^abc$"), ["\"abc\""]);
        assert_eq!(shown("abc"), [r#"{"wildcard":"*abc*"}"#]);
        assert_eq!(shown("^a.*c"), [r#"{"wildcard":"a*c*"}"#]);
        assert_eq!(shown("^(Delete|Put)Trail$"), ["\"DeleteTrail\"", "\"PutTrail\""]);
        assert_eq!(shown(r"10\.0\."), [r#"{"wildcard":"*10.0.*"}"#]);
        assert_eq!(shown("^[Aa]b$"), ["\"Ab\"", "\"ab\""]);
        assert_eq!(shown("^x.*"), [r#"{"prefix":"x"}"#]);
        assert!(read(".+:role/.+").unwrap().wider && !read("role").unwrap().wider);
    }

    #[test]
    fn expressions_that_are_more_are_refused() {
        for expression in [r"\d+", "[a-z]+", "a{3}", "a.b", "(", "a.+b", r"\bword", "(?i)x[a-f]"] {
            assert!(read(expression).is_err(), "{expression}");
        }
    }
}
