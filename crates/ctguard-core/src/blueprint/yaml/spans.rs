//! The first pass: places, and everything that is refused before a value is read.

use super::super::source::Source;
use super::hints;
use crate::codes;
use crate::diag::Diagnostic;
use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};
use std::collections::BTreeMap;
use std::ops::Range;

/// Deepest nesting that is read; the format itself needs about a dozen levels.
const MAX_DEPTH: usize = 64;

/// Most values that aliases may add to a file by being expanded.
const MAX_EXPANDED: usize = 10_000;

/// A value's place and shape, scalars still being text.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    pub span: Range<usize>,
    pub shape: Shape,
}

#[derive(Debug, Clone)]
pub(super) enum Shape {
    Scalar { text: String, quoted: bool },
    Sequence(Vec<Tree>),
    Mapping(Vec<(Key, Tree)>),
}

#[derive(Debug, Clone)]
pub(super) struct Key {
    pub text: String,
    pub span: Range<usize>,
}

impl Tree {
    fn count(&self) -> usize {
        1 + match &self.shape {
            Shape::Scalar { .. } => 0,
            Shape::Sequence(items) => items.iter().map(Self::count).sum(),
            Shape::Mapping(entries) => entries.iter().map(|(_, tree)| 1 + tree.count()).sum(),
        }
    }
}

/// Reads the one document of a file; `None` when something in it is refused outright.
pub(super) fn read(source: &Source<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Tree> {
    let mut pass = Pass {
        source,
        parser: Parser::new_from_str(source.text),
        anchors: BTreeMap::new(),
        expanded: 0,
        diagnostics,
    };
    match pass.document() {
        Ok(tree) => Some(tree),
        Err(refusal) => {
            diagnostics.push(*refusal);
            None
        }
    }
}

/// What ends the reading. Boxed, since it travels up through every level.
type Abort = Box<Diagnostic>;

struct Pass<'a> {
    source: &'a Source<'a>,
    parser: Parser<'a, StrInput<'a>>,
    anchors: BTreeMap<usize, Tree>,
    expanded: usize,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl<'a> Pass<'a> {
    fn document(&mut self) -> Result<Tree, Abort> {
        let mut root = None;
        while let Some((event, span)) = self.next()? {
            match event {
                Event::StreamStart | Event::Nothing | Event::DocumentEnd => {}
                Event::StreamEnd => break,
                Event::DocumentStart(_) if root.is_some() => {
                    return Err(self
                        .refusal(codes::YAML_MULTIPLE_DOCUMENTS, "a second document starts", &span)
                        .help("a blueprint is one document; `include` joins files")
                        .into());
                }
                Event::DocumentStart(_) => {}
                event => root = Some(self.value(event, span, 0)?),
            }
        }
        let empty = |tree: &Tree| matches!(&tree.shape, Shape::Scalar { text, quoted: false } if super::is_null(text));
        root.filter(|tree| !empty(tree)).ok_or_else(|| {
            Diagnostic::error(codes::FILE_EMPTY, format!("`{}` is empty", self.source.name))
                .help("`ctguard init` writes a commented blueprint to start from")
                .into()
        })
    }

    fn next(&mut self) -> Result<Option<(Event<'a>, Range<usize>)>, Abort> {
        match self.parser.next_event() {
            None => Ok(None),
            Some(Ok((event, span))) => {
                let start = self.source.byte_of_char(span.start.index());
                let end = self.source.byte_of_char(span.end.index());
                Ok(Some((event, start..end.max(start))))
            }
            Some(Err(error)) => {
                let at = self.source.byte_of_char(error.marker().index());
                let refusal = self
                    .refusal(codes::YAML_SYNTAX, "this is not valid YAML", &(at..at + 1))
                    .label(error.info().to_owned());
                Err(hints::explain(self.source, at, refusal).into())
            }
        }
    }

    fn value(&mut self, event: Event<'a>, span: Range<usize>, depth: usize) -> Result<Tree, Abort> {
        if depth > MAX_DEPTH {
            return Err(self
                .refusal(
                    codes::YAML_TOO_BIG,
                    format!("this is nested more than {MAX_DEPTH} deep"),
                    &span,
                )
                .into());
        }
        let (anchor, tag) = match &event {
            Event::Scalar(_, _, anchor, tag) => (*anchor, tag.is_some()),
            Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag) => {
                (*anchor, tag.is_some())
            }
            _ => (0, false),
        };
        if tag {
            return Err(self
                .refusal(codes::YAML_TAG, "a blueprint has no YAML tags", &span)
                .help("remove the word that begins with `!`; put text into quotes")
                .into());
        }
        let tree = match event {
            Event::Scalar(text, style, ..) => Tree {
                span,
                shape: Shape::Scalar {
                    text: text.into_owned(),
                    quoted: style != ScalarStyle::Plain,
                },
            },
            Event::SequenceStart(..) => self.sequence(span, depth)?,
            Event::MappingStart(..) => self.mapping(span, depth)?,
            Event::Alias(anchor) => self.alias(anchor, span)?,
            _ => return Err(self.refusal(codes::YAML_SYNTAX, "a value is missing", &span).into()),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, tree.clone());
        }
        Ok(tree)
    }

    fn sequence(&mut self, span: Range<usize>, depth: usize) -> Result<Tree, Abort> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                None | Some((Event::SequenceEnd, _)) => break,
                Some((event, span)) => items.push(self.value(event, span, depth + 1)?),
            }
        }
        Ok(Tree { span, shape: Shape::Sequence(items) })
    }

    fn mapping(&mut self, mut span: Range<usize>, depth: usize) -> Result<Tree, Abort> {
        let mut entries: Vec<(Key, Tree)> = Vec::new();
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        loop {
            let key = match self.next()? {
                None | Some((Event::MappingEnd, _)) => break,
                Some((event, span)) => self.key(event, span)?,
            };
            let line = self.source.line(key.span.start);
            if let Some(first) = seen.get(&key.text) {
                self.diagnostics.push(
                    Diagnostic::error(
                        codes::DUPLICATE_KEY,
                        format!("the key `{}` stands twice", key.text),
                    )
                    .at(Some(self.source.span(&key.span)))
                    .label(format!("it is on line {first} already"))
                    .help("keep one of the two"),
                );
            } else {
                seen.insert(key.text.clone(), line);
            }
            let Some((event, value_span)) = self.next()? else { break };
            let value = self.value(event, value_span, depth + 1)?;
            entries.push((key, value));
        }
        // A mapping's first key stands for it: in block style there is nothing else to point at.
        if let Some((key, _)) = entries.first() {
            span = key.span.clone();
        }
        Ok(Tree { span, shape: Shape::Mapping(entries) })
    }

    fn key(&mut self, event: Event<'a>, span: Range<usize>) -> Result<Key, Abort> {
        match event {
            Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<" => Err(self
                .refusal(codes::YAML_MERGE_KEY, "a blueprint has no merge keys", &span)
                .help("write the keys out; an alias (`*name`) may stand for a whole value")
                .into()),
            Event::Scalar(text, style, _, None) => {
                if style == ScalarStyle::Plain && super::values::is_not_text(&text) {
                    return Err(self
                        .refusal(codes::YAML_KEY, format!("the key `{text}` is not text"), &span)
                        .help(format!("put it into quotes: `\"{text}\"`"))
                        .into());
                }
                Ok(Key { text: text.into_owned(), span })
            }
            _ => Err(self
                .refusal(codes::YAML_KEY, "a key must be plain text", &span)
                .help("keys are words, such as `alerts:`")
                .into()),
        }
    }

    fn alias(&mut self, anchor: usize, span: Range<usize>) -> Result<Tree, Abort> {
        let Some(tree) = self.anchors.get(&anchor) else {
            return Err(self
                .refusal(codes::YAML_TOO_BIG, "this alias contains itself", &span)
                .help("write the value out")
                .into());
        };
        self.expanded += tree.count();
        if self.expanded > MAX_EXPANDED {
            return Err(self
                .refusal(
                    codes::YAML_TOO_BIG,
                    format!("the aliases of this file expand to more than {MAX_EXPANDED} values"),
                    &span,
                )
                .help("write the values out, or split the blueprint")
                .into());
        }
        Ok(Tree { span, shape: tree.shape.clone() })
    }

    fn refusal(
        &self,
        code: crate::diag::Code,
        message: impl Into<String>,
        span: &Range<usize>,
    ) -> Diagnostic {
        Diagnostic::error(code, message).at(Some(self.source.span(span)))
    }
}
