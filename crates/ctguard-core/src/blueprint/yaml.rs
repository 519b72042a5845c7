//! All reading of YAML: text in, a tree of values with their places out.
//!
//! Two parsers read the same text. `saphyr-parser` gives the places, and sees what must be refused
//! (duplicate keys, several documents, tags, `<<`, aliases that explode); `serde_yaml` gives the
//! values, with its idea of what is a number. The two trees are then laid over each other, and
//! wherever they differ the text is refused: no value is used that both did not read.

mod hints;
mod spans;
mod values;

use super::source::Source;
use crate::codes;
use crate::diag::Diagnostic;
use spans::{Shape, Tree};
use std::collections::BTreeSet;
use std::ops::Range;
use values::Plain;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// Byte range in the file. Of a mapping: its first key; of a list: its beginning.
    pub span: Range<usize>,
    pub value: Value,
}

/// What stands there.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// As typed, and as JSON has it if JSON can.
    Number(String, Option<serde_json::Number>),
    Text(String),
    Sequence(Vec<Node>),
    /// In the order of the file; keys are unique.
    Mapping(Vec<Entry>),
}

/// One key of a mapping with its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub key: String,
    pub key_span: Range<usize>,
    pub node: Node,
}

impl Node {
    /// The entries of a mapping; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The value as JSON; `None` when a number in it has no JSON form.
    pub fn to_json(&self) -> Option<serde_json::Value> {
        use serde_json::Value as Json;
        Some(match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Number(_, number) => Json::Number(number.clone()?),
            Value::Text(text) => Json::String(text.clone()),
            Value::Sequence(items) => {
                Json::Array(items.iter().map(Node::to_json).collect::<Option<_>>()?)
            }
            Value::Mapping(entries) => Json::Object(
                entries
                    .iter()
                    .map(|entry| Some((entry.key.clone(), entry.node.to_json()?)))
                    .collect::<Option<_>>()?,
            ),
        })
    }
}

/// Reads a file that holds one YAML document; `None` when it does not, with the reasons added.
pub(super) fn read(source: &Source<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
    let tree = spans::read(source, diagnostics)?;
    let plain = match values::read(source.text) {
        Ok(plain) => plain,
        Err(error) => {
            let at = error.location().map_or(0, |at| at.index());
            let refusal = Diagnostic::error(codes::YAML_SYNTAX, "this is not valid YAML")
                .at(Some(source.span(&(at..at + 1))))
                .label(values::describe(&error));
            diagnostics.push(hints::explain(source, at, refusal));
            return None;
        }
    };
    let mut differing = None;
    let node = join(tree, plain, &mut differing);
    if let Some(span) = differing {
        diagnostics.push(
            Diagnostic::error(codes::YAML_AMBIGUOUS, "YAML readers understand this differently")
                .at(Some(source.span(&span)))
                .help("put the text into double quotes, or write it in a plainer way"),
        );
        return None;
    }
    Some(node)
}

/// Lays the places over the values; `differing` tells the first place where they do not fit.
fn join(tree: Tree, plain: Plain, differing: &mut Option<Range<usize>>) -> Node {
    let span = tree.span;
    let mut differ = |span: &Range<usize>| {
        differing.get_or_insert_with(|| span.clone());
        Value::Null
    };
    let value = match (tree.shape, plain) {
        (Shape::Scalar { text, quoted: false }, Plain::Null) if is_null(&text) => Value::Null,
        (Shape::Scalar { text, quoted: false }, Plain::Bool(value))
            if text.eq_ignore_ascii_case(if value { "true" } else { "false" }) =>
        {
            Value::Bool(value)
        }
        (Shape::Scalar { text, quoted: false }, Plain::Number(number)) => {
            Value::Number(text, number)
        }
        (Shape::Scalar { text, .. }, Plain::Text(value)) if text == value => Value::Text(value),
        (Shape::Sequence(trees), Plain::Sequence(plains)) if trees.len() == plains.len() => {
            Value::Sequence(
                trees
                    .into_iter()
                    .zip(plains)
                    .map(|(tree, plain)| join(tree, plain, differing))
                    .collect(),
            )
        }
        (Shape::Mapping(trees), Plain::Mapping(plains)) if trees.len() == plains.len() => {
            let mut entries: Vec<Entry> = Vec::with_capacity(trees.len());
            let mut seen = BTreeSet::new();
            for ((key, tree), (plain_key, plain)) in trees.into_iter().zip(plains) {
                if key.text != plain_key {
                    differing.get_or_insert_with(|| key.span.clone());
                }
                let node = join(tree, plain, differing);
                // The first of two equal keys stands; the other has been reported.
                if seen.insert(key.text.clone()) {
                    entries.push(Entry { key: key.text, key_span: key.span, node });
                }
            }
            Value::Mapping(entries)
        }
        _ => differ(&span),
    };
    Node { span, value }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn parse(text: &str) -> (Option<serde_json::Value>, Vec<crate::codes::Code>) {
        let source = Source::new("b.yaml", text);
        let mut diagnostics = Vec::new();
        let node = read(&source, &mut diagnostics);
        let codes = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
        (node.and_then(|node| node.to_json()), codes)
    }

    #[test]
    fn values_are_what_the_typed_reader_says() {
        for (text, value) in [
            ("a: 012345678901", json!({ "a": "012345678901" })),
            ("a: 111122223333", json!({ "a": 111_122_223_333_u64 })),
            ("a: no", json!({ "a": "no" })),
            ("a: true", json!({ "a": true })),
            ("a: 'true'", json!({ "a": "true" })),
            ("a: 2027-01-31", json!({ "a": "2027-01-31" })),
            ("a: ~", json!({ "a": null })),
            ("a:", json!({ "a": null })),
            ("a: [1, 2.5, x]", json!({ "a": [1, 2.5, "x"] })),
            ("a: >\n  folded\n  text\n", json!({ "a": "folded text\n" })),
            ("a: &x [1]\nb: *x\n", json!({ "a": [1], "b": [1] })),
            ("\"a\\u00e9\": 'it''s'", json!({ "aé": "it's" })),
            ("{a: 1, b: {c: [d]}}", json!({ "a": 1, "b": { "c": ["d"] } })),
            ("a: b\r\nc: d\r\n", json!({ "a": "b", "c": "d" })),
        ] {
            assert_eq!(parse(text), (Some(value), vec![]), "{text:?}");
        }
    }

    #[test]
    fn what_misleads_is_refused_with_its_own_code() {
        for (text, code) in [
            ("a: 1\na: 2\n", codes::DUPLICATE_KEY),
            ("a: {b: 1, 'b': 2}", codes::DUPLICATE_KEY),
            ("a: 1\n---\nb: 2\n", codes::YAML_MULTIPLE_DOCUMENTS),
            ("a: &x {b: 1}\nc:\n  <<: *x\n", codes::YAML_MERGE_KEY),
            ("a: !secret b", codes::YAML_TAG),
            ("a: !!str 3", codes::YAML_TAG),
            ("? [a]\n: b\n", codes::YAML_KEY),
            ("1: b\n", codes::YAML_KEY),
            ("a:\n\t- b\n", codes::YAML_SYNTAX),
            ("a: [b\n", codes::YAML_SYNTAX),
            ("a: *b\n", codes::YAML_SYNTAX),
            ("a: &x [*x]\n", codes::YAML_TOO_BIG),
            ("# nothing\n", codes::FILE_EMPTY),
            ("", codes::FILE_EMPTY),
            ("---\n", codes::FILE_EMPTY),
        ] {
            let (_, codes) = parse(text);
            assert_eq!(codes, [code], "{text:?}");
        }
    }

    #[test]
    fn aliases_that_explode_are_refused_before_they_do() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..20 {
            let before = format!("*a{},", level - 1).repeat(10);
            text.push_str(&format!("a{level}: &a{level} [{before}]\n"));
        }
        assert_eq!(parse(&text).1, [codes::YAML_TOO_BIG]);
    }

    #[test]
    fn nesting_that_is_too_deep_is_refused() {
        assert_eq!(parse(&"- ".repeat(10_000)).1, [codes::YAML_TOO_BIG]);
        // The parser itself refuses brackets without end.
        assert_eq!(parse(&"[".repeat(100_000)).1, [codes::YAML_SYNTAX]);
        assert_eq!(parse(&"{a: ".repeat(10_000)).1, [codes::YAML_SYNTAX]);
    }

    #[test]
    fn spans_mark_the_text_they_were_read_from() {
        let text = "é: ü\nlist:\n  - one # ñ\n  - \"two\"\n";
        let source = Source::new("b.yaml", text);
        let node = read(&source, &mut Vec::new()).unwrap();
        let marked = |span: &Range<usize>| {
            let span = source.span(span);
            (text[span.start..span.end].to_owned(), span.line, span.column)
        };
        let [first, list] = node.entries() else { panic!("two keys") };
        assert_eq!(marked(&first.key_span), ("é".to_owned(), 1, 1));
        assert_eq!(marked(&first.node.span), ("ü".to_owned(), 1, 4));
        let Value::Sequence(items) = &list.node.value else { panic!("a list") };
        assert_eq!(marked(&items[0].span), ("one".to_owned(), 3, 5));
        assert_eq!(marked(&items[1].span), ("\"two\"".to_owned(), 4, 5));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn any_text_is_read_or_refused(text in "[a-c:\\-\\[\\]{}&*!<|>'\"#?,%@ \t\r\n~0-9éÿ\u{85}\u{2028}]{0,60}") {
            let (value, codes) = parse(&text);
            prop_assert!(value.is_some() || !codes.is_empty(), "{:?}", text);
        }

        #[test]
        fn what_is_written_is_read_back(
            value in proptest::collection::btree_map("[a-zé .:#'\"-]{1,12}", "[a-zA-Z0-9 .:#'\"\\-\n~é]{0,20}", 0..6)
        ) {
            let text = serde_yaml::to_string(&value).unwrap();
            let (read, codes) = parse(&text);
            if value.is_empty() || !codes.is_empty() {
                // `{}` aside, refusing is allowed; reading something else is not.
                prop_assert!(codes.iter().all(|code| *code != codes::YAML_SYNTAX), "{text}");
            } else {
                prop_assert_eq!(read, Some(serde_json::to_value(&value).unwrap()));
            }
        }
    }
}
