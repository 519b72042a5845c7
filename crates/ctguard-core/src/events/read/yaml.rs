//! YAML and JSON, several documents and tags included: CloudFormation has `!Sub`, and other tools
//! have tags of their own. What a tag or an intrinsic function makes is a hole.

use super::super::tree::{Entry, Node, Value};
use super::{FILLED_IN, Unreadable};
use crate::blueprint::source::Source;
use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::ops::Range;

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 128;

/// Most values that aliases may add to a file by being expanded.
const MAX_EXPANDED: usize = 100_000;

/// Reads every document of a YAML file.
pub(crate) fn read(text: &str) -> Result<Vec<Node>, Unreadable> {
    let source = Source::new("", text);
    let parser = Parser::new_from_str(text);
    let mut pass = Pass { source: &source, parser, anchors: BTreeMap::new(), expanded: 0 };
    let mut documents = Vec::new();
    while let Some((event, span)) = pass.next()? {
        match event {
            Event::StreamStart | Event::Nothing | Event::DocumentEnd | Event::DocumentStart(_) => {}
            Event::StreamEnd => break,
            event => documents.push(pass.value(event, span, 0)?),
        }
    }
    documents.iter_mut().filter(|one| is_serverless(one)).for_each(|one| open(one, &["${"]));
    Ok(documents)
}

/// Reads JSON, which is YAML once tabs, which stand only between values, are spaces.
pub(crate) fn read_json(text: &str) -> Result<Node, Unreadable> {
    let spaced = text.replace('\t', " ");
    let unreadable = |error: serde_json::Error| {
        let start = text.split_inclusive('\n').take(error.line().saturating_sub(1));
        let at = start.map(str::len).sum::<usize>() + error.column().saturating_sub(1);
        Unreadable { at: at..at + 1, why: format!("it is not JSON: {error}") }
    };
    let value: Json = serde_json::from_str(text).map_err(unreadable)?;
    let whole = 0..text.len();
    // What YAML's reader cannot read is read without places.
    let read = read(&spaced).ok().and_then(|mut documents| documents.pop());
    Ok(read.unwrap_or_else(|| placeless(value, &whole)))
}

fn placeless(value: Json, span: &Range<usize>) -> Node {
    let value = match value {
        Json::String(text) => Value::Text(text),
        Json::Array(items) => {
            Value::List(items.into_iter().map(|item| placeless(item, span)).collect())
        }
        Json::Object(fields) => {
            let entry =
                |(key, value)| Entry { key, key_span: span.clone(), node: placeless(value, span) };
            Value::Map(fields.into_iter().map(entry).collect())
        }
        plain => Value::Plain(plain),
    };
    Node { span: span.clone(), value }
}

struct Pass<'a> {
    source: &'a Source<'a>,
    parser: Parser<'a, StrInput<'a>>,
    anchors: BTreeMap<usize, Node>,
    expanded: usize,
}

impl<'a> Pass<'a> {
    fn next(&mut self) -> Result<Option<(Event<'a>, Range<usize>)>, Unreadable> {
        match self.parser.next_event() {
            None => Ok(None),
            Some(Ok((event, span))) => {
                let start = self.source.byte_of_char(span.start.index());
                let end = self.source.byte_of_char(span.end.index());
                Ok(Some((event, start..end.max(start))))
            }
            Some(Err(error)) => {
                let at = self.source.byte_of_char(error.marker().index());
                Err(Unreadable { at: at..at + 1, why: format!("it is not YAML: {}", error.info()) })
            }
        }
    }

    fn value(
        &mut self,
        event: Event<'a>,
        span: Range<usize>,
        depth: usize,
    ) -> Result<Node, Unreadable> {
        if depth > MAX_DEPTH {
            return Err(Unreadable { at: span, why: "it is nested too deep".to_owned() });
        }
        let (anchor, tagged) = match &event {
            Event::Scalar(_, _, anchor, tag) => (*anchor, tag.as_deref()),
            Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag) => {
                (*anchor, tag.as_deref())
            }
            _ => (0, None),
        };
        let tagged = tagged.is_some_and(|tag| !tag.is_yaml_core_schema());
        let mut node = match event {
            Event::Scalar(text, style, ..) => {
                Node { span, value: scalar(text.into_owned(), style == ScalarStyle::Plain) }
            }
            Event::SequenceStart(..) => self.sequence(span, depth)?,
            Event::MappingStart(..) => self.mapping(span, depth)?,
            Event::Alias(anchor) => self.alias(anchor, span)?,
            _ => Node { span, value: Value::Plain(Json::Null) },
        };
        if tagged || is_intrinsic(&node) {
            node.value = Value::Hole;
        }
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn sequence(&mut self, start: Range<usize>, depth: usize) -> Result<Node, Unreadable> {
        let (mut items, mut end) = (Vec::new(), start.end);
        while let Some((event, span)) = self.next()? {
            end = end.max(span.end);
            match event {
                Event::SequenceEnd => break,
                event => items.push(self.value(event, span, depth + 1)?),
            }
        }
        Ok(Node { span: start.start..end, value: Value::List(items) })
    }

    fn mapping(&mut self, start: Range<usize>, depth: usize) -> Result<Node, Unreadable> {
        let (mut entries, mut end) = (Vec::new(), start.end);
        while let Some((event, key_span)) = self.next()? {
            end = end.max(key_span.end);
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let key = match self.value(event, key_span.clone(), depth + 1)?.value {
                Value::Text(text) => text,
                Value::Plain(plain) => plain.to_string(),
                _ => FILLED_IN.to_string(),
            };
            let Some((event, span)) = self.next()? else { break };
            let node = self.value(event, span, depth + 1)?;
            match node.value {
                Value::Map(merged) if key == "<<" => entries.extend(merged),
                _ => {
                    let mut node = node;
                    if key.starts_with(LOOP) {
                        open(&mut node, &["${", "&{"]);
                    }
                    entries.push(Entry { key, key_span, node });
                }
            }
        }
        Ok(Node { span: start.start..end, value: Value::Map(entries) })
    }

    fn alias(&mut self, anchor: usize, span: Range<usize>) -> Result<Node, Unreadable> {
        let too_big = |span| Unreadable { at: span, why: "its aliases expand too far".to_owned() };
        let node = self.anchors.get(&anchor).cloned().ok_or_else(|| too_big(span.clone()))?;
        self.expanded += count(&node);
        if self.expanded > MAX_EXPANDED {
            return Err(too_big(span));
        }
        Ok(node)
    }
}

fn count(node: &Node) -> usize {
    1 + match &node.value {
        Value::List(items) => items.iter().map(count).sum(),
        Value::Map(entries) => entries.iter().map(|entry| count(&entry.node)).sum(),
        _ => 0,
    }
}

/// A loop of CloudFormation: its variables stand in texts, and in names of resources.
///
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-foreach.html>
const LOOP: &str = "Fn::ForEach::";

/// What begins a part of a text that is filled in wherever it stands: a dynamic reference of
/// CloudFormation, and the variables of the Serverless Framework.
///
/// Sources: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html>,
/// <https://www.serverless.com/framework/docs/guides/variables>
const VARIABLES: [&str; 11] = [
    "{{resolve:",
    "${self:",
    "${opt:",
    "${env:",
    "${file(",
    "${sls:",
    "${ssm:",
    "${param:",
    "${s3:",
    "${cf:",
    "${cf(",
];

/// Whether a document is a service of the Serverless Framework.
fn is_serverless(root: &Node) -> bool {
    root.get("service").is_some()
        && (root.get("provider").is_some() || root.get("functions").is_some())
}

/// Makes holes of texts, and of keys, in which one of these stands.
fn open(node: &mut Node, marks: &[&str]) {
    let filled = |text: &str| marks.iter().any(|mark| text.contains(mark));
    match &mut node.value {
        Value::Text(text) if filled(text) => node.value = Value::Hole,
        Value::List(items) => items.iter_mut().for_each(|item| open(item, marks)),
        Value::Map(entries) => {
            for entry in entries {
                open(&mut entry.node, marks);
                if filled(&entry.key) {
                    let name: Vec<&str> = entry.key.split(['$', '&', '{', '}']).collect();
                    entry.key = name.join(&FILLED_IN.to_string());
                }
            }
        }
        _ => {}
    }
}

fn scalar(text: String, plain: bool) -> Value {
    if text.contains(FILLED_IN) || VARIABLES.iter().any(|one| text.contains(one)) {
        return Value::Hole;
    }
    match text.as_str() {
        _ if !plain => Value::Text(text),
        "" | "~" | "null" | "Null" | "NULL" => Value::Plain(Json::Null),
        "true" | "True" | "TRUE" => Value::Plain(Json::Bool(true)),
        "false" | "False" | "FALSE" => Value::Plain(Json::Bool(false)),
        other => match serde_json::from_str::<serde_json::Number>(other) {
            Ok(number) => Value::Plain(Json::Number(number)),
            Err(_) => Value::Text(text),
        },
    }
}

/// CloudFormation's functions in their long form.
///
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html>
fn is_intrinsic(node: &Node) -> bool {
    match node.entries() {
        [only] => {
            // A loop has resources in it: they are looked at.
            let repeats = only.key.starts_with(LOOP);
            only.key == "Ref" || (only.key.starts_with("Fn::") && !repeats)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_functions_are_holes_and_the_rest_stays() {
        let text =
            "A: !Sub 'x-${B}'\nC: {Fn::Sub: x}\nD: [1, '1', yes, !Ref E]\nF: !If [a, b, c]\n";
        let read = read(text).unwrap();
        assert_eq!(
            read[0].to_json(),
            "{\"A\":[\"\u{fffc}\"],\"C\":[\"\u{fffc}\"],\"D\":[1,\"1\",\"yes\",\"\u{fffc}\"],\"F\":[\"\u{fffc}\"]}"
        );
    }

    #[test]
    fn variables_of_loops_and_of_frameworks_are_holes() {
        let hole = "[\"\u{fffc}\"]";
        for (text, path) in [
            ("A: '{{resolve:ssm:/x}}'", "A"),
            ("A: ${self:custom.x}", "A"),
            ("A: 'x-${opt:stage}'", "A"),
            ("service: s\nprovider: {name: aws}\nA: ${x}", "A"),
            ("Fn::ForEach::L: [N, [B], {R: {A: 'x${N}'}}]\nB: {Ref: C}", "B"),
        ] {
            let read = read(text).unwrap();
            assert_eq!(read[0].get(path).unwrap().to_json(), hole, "{text}");
        }
        let looped =
            read("Fn::ForEach::L: [N, [B], {'R${N}': {A: 'x${N}', C: y, D: '&{N}'}}]").unwrap();
        let text = looped[0].to_json();
        assert!(!text.contains('$') && !text.contains('&') && text.contains("\"y\""), "{text}");
        let plain = read("A: 'arn:${aws:username}'").unwrap();
        assert_eq!(plain[0].to_json(), r#"{"A":"arn:${aws:username}"}"#);
    }

    #[test]
    fn json_with_tabs_is_read_with_places() {
        let text = "{\n\t\"a\": [\n\t\t\"b\"\n\t]\n}";
        let node = read_json(text).unwrap();
        let b = &node.get("a").unwrap().each()[0];
        assert_eq!(&text[b.span.clone()], "\"b\"");
        assert_eq!(read_json("{\"a\": }").unwrap_err().at, 6..7);
    }
}
