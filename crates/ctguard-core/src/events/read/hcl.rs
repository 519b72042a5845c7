//! Terraform's language. Blocks are maps with their labels as a key, locals of the same file are
//! filled in, and what else is only known in a run is a hole.

use super::super::tree::{Entry, Node, Value};
use super::embedded::Embedded;
use super::{FILLED_IN, Unreadable, yaml};
use hcl_edit::Span;
use hcl_edit::expr::{Expression, FuncCall, ObjectKey, Traversal, TraversalOperator};
use hcl_edit::structure::{Body, Structure};
use hcl_edit::template::{Element, Template};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::ops::Range;

/// Key of the labels of a block.
pub(crate) const LABELS: &str = "(labels)";

/// How deep locals may lead to locals.
const MAX_LOCALS: usize = 8;

/// Reads a Terraform file.
pub(crate) fn read(text: &str) -> Result<Node, Unreadable> {
    let body: Body = text.parse().map_err(|error: hcl_edit::parser::Error| {
        let at = error.location().offset();
        Unreadable { at: at..at + 1, why: format!("it is not HCL: {}", error.message()) }
    })?;
    let blocks = body.get_blocks("locals").flat_map(|block| block.body.attributes());
    let locals = blocks.map(|one| (one.key.as_str(), &one.value)).collect();
    let reader = Reader { text, locals };
    Ok(reader.body(&body, 0..text.len()))
}

/// Reads Terraform's JSON: every text is a template there, as in its own language.
///
/// Source: <https://developer.hashicorp.com/terraform/language/syntax/json>
pub(crate) fn fill_json(root: &mut Node) {
    let lists = root.get("locals").map(Node::each).unwrap_or_default();
    let own: Vec<(String, Expression)> = lists
        .iter()
        .flat_map(Node::entries)
        .filter_map(|entry| Some((entry.key.clone(), entry.node.text()?)))
        .filter(|(_, text)| !text.contains(['$', '%']))
        .map(|(name, text)| (name, Expression::from(text)))
        .collect();
    let locals = own.iter().map(|(name, value)| (name.as_str(), value)).collect();
    Reader { text: "", locals }.fill(root);
}

/// Whether a file is Terraform's JSON: it has blocks of resources, data or modules at its top.
pub(crate) fn is_json(file: &str, root: &Node) -> bool {
    let resources = root.get("resource").map(Node::each).unwrap_or_default();
    let rule = |one: &Node| one.get("aws_cloudwatch_event_rule").is_some();
    let name = file.to_ascii_lowercase();
    [".tf.json", ".tofu.json"].iter().any(|end| name.ends_with(end)) || resources.iter().any(rule)
}

struct Reader<'a> {
    text: &'a str,
    locals: BTreeMap<&'a str, &'a Expression>,
}

impl Reader<'_> {
    fn body(&self, body: &Body, span: Range<usize>) -> Node {
        let entries = body.iter().map(|structure| match structure {
            Structure::Attribute(attribute) => Entry {
                key: attribute.key.as_str().to_owned(),
                key_span: attribute.key.span().unwrap_or_default(),
                node: self.value(&attribute.value, 0),
            },
            Structure::Block(block) => {
                let key_span = block.ident.span().unwrap_or_default();
                let mut node = self.body(&block.body, block.span().unwrap_or_default());
                let label = |label: &hcl_edit::structure::BlockLabel| Node {
                    span: label.span().unwrap_or_default(),
                    value: Value::Text(label.as_str().to_owned()),
                };
                let labels = block.labels.iter().map(label).collect();
                if let Value::Map(entries) = &mut node.value {
                    let labels = Node { span: key_span.clone(), value: Value::List(labels) };
                    let key = LABELS.to_owned();
                    entries.insert(0, Entry { key, key_span: key_span.clone(), node: labels });
                }
                Entry { key: block.ident.as_str().to_owned(), key_span, node }
            }
        });
        Node { span, value: Value::Map(entries.collect()) }
    }

    fn value(&self, expression: &Expression, locals: usize) -> Node {
        let span = expression.span().unwrap_or_default();
        let value = match expression {
            Expression::Null(_) => Value::Plain(Json::Null),
            Expression::Bool(flag) => Value::Plain(Json::Bool(*flag.value())),
            Expression::Number(number) => number
                .value()
                .to_string()
                .parse()
                .map_or(Value::Hole, |number| Value::Plain(Json::Number(number))),
            Expression::String(text) => Value::Text(text.value().clone()),
            Expression::Array(items) => {
                Value::List(items.iter().map(|item| self.value(item, locals)).collect())
            }
            Expression::Object(object) => Value::Map(
                object.iter().map(|(key, value)| self.entry(key, value.expr(), locals)).collect(),
            ),
            Expression::Parenthesis(inner) => return self.value(inner.inner(), locals),
            Expression::FuncCall(call) => return self.call(call, span, locals),
            Expression::StringTemplate(parts) => return self.template(parts.iter(), span, locals),
            Expression::HeredocTemplate(heredoc) => {
                return self.template(heredoc.template.iter(), span, locals);
            }
            Expression::Traversal(way) => return self.local(way, span, locals),
            _ => Value::Hole,
        };
        Node { span, value }
    }

    fn entry(&self, key: &ObjectKey, value: &Expression, locals: usize) -> Entry {
        let (name, key_span) = match key {
            ObjectKey::Ident(ident) => (ident.as_str().to_owned(), ident.span()),
            ObjectKey::Expression(expression) => {
                let node = self.value(expression, locals);
                let name = node.text().map_or_else(|| FILLED_IN.to_string(), str::to_owned);
                (name, Some(node.span))
            }
        };
        let key_span = key_span.unwrap_or_default();
        Entry { key: name, key_span, node: self.value(value, locals) }
    }

    /// Functions that hand on what they are given.
    fn call(&self, call: &FuncCall, span: Range<usize>, locals: usize) -> Node {
        let arguments: Vec<&Expression> = call.args.iter().collect();
        match (call.name.name.as_str(), arguments.as_slice()) {
            ("jsonencode" | "toset" | "tolist" | "tostring" | "chomp" | "trimspace", [only]) => {
                self.value(only, locals)
            }
            ("concat", lists) => {
                let lists: Vec<Node> = lists.iter().map(|list| self.value(list, locals)).collect();
                let items = lists.iter().flat_map(|list| list.each().to_vec()).collect();
                Node { span, value: Value::List(items) }
            }
            _ => Node { span, value: Value::Hole },
        }
    }

    /// What `local.name` is, where the file says it.
    fn local(&self, way: &Traversal, span: Range<usize>, depth: usize) -> Node {
        let named = match (&way.expr, way.operators.as_slice()) {
            (Expression::Variable(root), [only]) if root.as_str() == "local" => {
                match only.value() {
                    TraversalOperator::GetAttr(name) => self.locals.get(name.as_str()),
                    _ => None,
                }
            }
            _ => None,
        };
        match named {
            Some(expression) if depth < MAX_LOCALS => self.value(expression, depth + 1),
            _ => Node { span, value: Value::Hole },
        }
    }

    /// Reads each text of a tree as a template.
    fn fill(&self, node: &mut Node) {
        match &mut node.value {
            Value::List(items) => items.iter_mut().for_each(|item| self.fill(item)),
            Value::Map(entries) => {
                for entry in entries {
                    if is_template(&entry.key) {
                        let key = self.filled(&entry.key, &entry.key_span);
                        entry.key = key.text().map_or(FILLED_IN.to_string(), str::to_owned);
                    }
                    self.fill(&mut entry.node);
                }
            }
            Value::Text(text) if is_template(text) => *node = self.filled(text, &node.span),
            _ => {}
        }
    }

    /// A text of Terraform's JSON, of which an expression may make a part or the whole.
    fn filled(&self, text: &str, span: &Range<usize>) -> Node {
        let hole = Node { span: span.clone(), value: Value::Hole };
        let Ok(template) = text.parse::<Template>() else { return hole };
        let elements: Vec<&Element> = template.iter().collect();
        if let [Element::Interpolation(one)] = elements.as_slice() {
            let mut node = self.value(&one.expr, 0);
            placed(&mut node, span);
            return node;
        }
        let mut held = String::new();
        for element in elements {
            match element {
                Element::Literal(text) => held.push_str(text),
                Element::Interpolation(one) if let Some(text) = self.inserted(&one.expr, 0) => {
                    held.push_str(&text);
                }
                _ => held.push_str(stand_in(&held)),
            }
        }
        match held.contains(FILLED_IN) && !held.trim_start().starts_with(['{', '[']) {
            true => hole,
            false => Node { span: span.clone(), value: Value::Text(held) },
        }
    }

    /// What an expression inserts into a text, where the file says it.
    fn inserted(&self, expression: &Expression, locals: usize) -> Option<String> {
        let node = self.value(expression, locals);
        let encoded = matches!(expression, Expression::FuncCall(call)
            if call.name.name.as_str() == "jsonencode");
        match &node.value {
            _ if encoded => node.to_encoded(),
            Value::Text(text) => Some(text.clone()),
            Value::Plain(plain) if !plain.is_null() => Some(plain.to_string()),
            _ => None,
        }
    }

    /// A text with parts that are filled in: read as JSON if it is one, else a hole.
    fn template<'e>(
        &self,
        elements: impl Iterator<Item = &'e Element>,
        span: Range<usize>,
        locals: usize,
    ) -> Node {
        let (mut held, mut filled) = (Embedded::default(), false);
        for element in elements {
            let at = element.span().unwrap_or_else(|| span.clone());
            match element {
                Element::Literal(text) => held.add(text, self.text, &at),
                Element::Interpolation(one)
                    if let Some(text) = self.inserted(&one.expr, locals) =>
                {
                    held.stand_in(&text, &at);
                }
                _ => {
                    filled = true;
                    held.stand_in(stand_in(&held.text), &at);
                }
            }
        }
        if held.text.trim_start().starts_with(['{', '['])
            && let Ok(mut node) = yaml::read_json(&held.text)
        {
            held.lead_back(&mut node);
            return node;
        }
        match filled {
            true => Node { span, value: Value::Hole },
            false => Node { span, value: Value::Text(held.text) },
        }
    }
}

fn is_template(text: &str) -> bool {
    text.contains("${") || text.contains("%{")
}

/// Gives every value of a tree one place.
fn placed(node: &mut Node, span: &Range<usize>) {
    node.span = span.clone();
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| placed(item, span)),
        Value::Map(entries) => {
            for entry in entries {
                entry.key_span = span.clone();
                placed(&mut entry.node, span);
            }
        }
        _ => {}
    }
}

/// What stands for a part that is filled in: a text of its own where a value of JSON is expected.
fn stand_in(before: &str) -> &'static str {
    let (mut inside, mut escaped) = (false, false);
    for character in before.chars() {
        match character {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' => inside = !inside,
            _ => {}
        }
    }
    if inside { "\u{fffc}" } else { "\"\u{fffc}\"" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> String {
        read(text).unwrap().get("p").unwrap().to_json()
    }

    #[test]
    fn patterns_are_read_from_every_way_of_writing_them() {
        for text in [
            r#"p = jsonencode({ source = ["aws.iam"], "detail-type" = ["X"] })"#,
            "p = <<EOF\n{\n  \"source\": [\"aws.iam\"],\n  \"detail-type\": [\"X\"]\n}\nEOF\n",
            "p = <<-EOF\n    {\"source\": [\"aws.iam\"], \"detail-type\": [\"X\"]}\n  EOF\n",
            "locals {\n  s = [\"aws.iam\"]\n}\np = jsonencode({ source = local.s, detail-type = [\"X\"] })",
        ] {
            assert_eq!(json(text), r#"{"source":["aws.iam"],"detail-type":["X"]}"#, "{text}");
        }
    }

    #[test]
    fn locals_are_filled_into_texts() {
        let locals = "locals {\n  s = \"iam\"\n  n = [\"A\"]\n  c = \"x${local.c}\"\n}\n";
        for (text, wanted) in [
            ("p = <<EOF\n{\"a\": [\"aws.${local.s}\"]}\nEOF\n", r#"{"a":["aws.iam"]}"#),
            ("p = <<EOF\n{\"a\": ${jsonencode(local.n)}}\nEOF\n", r#"{"a":["A"]}"#),
            ("p = jsonencode({ a = [\"aws.${local.s}\"] })", r#"{"a":["aws.iam"]}"#),
            ("p = jsonencode({ \"a${local.s}\" = [\"x\"] })", r#"{"aiam":["x"]}"#),
            ("p = jsonencode({ a = [local.c] })", "{\"a\":[\"\u{fffc}\"]}"),
            ("p = jsonencode({ a = [\"${local.s}${var.x}\"] })", "{\"a\":[\"\u{fffc}\"]}"),
        ] {
            assert_eq!(json(&format!("{locals}{text}")), wanted, "{text}");
        }
    }

    #[test]
    fn texts_of_terraforms_json_are_templates() {
        for (text, wanted) in [
            ("x", "\"x\""),
            ("aws.${local.s}", "\"aws.iam\""),
            ("${jsonencode({a=[local.s]})}", "{\"a\":[\"iam\"]}"),
            ("$${x}", "\"${x}\""),
            ("${var.x}", "[\"\u{fffc}\"]"),
            ("a${var.x}", "[\"\u{fffc}\"]"),
            ("%{ if true }a%{ endif }", "[\"\u{fffc}\"]"),
        ] {
            let json = serde_json::json!({ "locals": { "s": "iam" }, "p": text }).to_string();
            let mut root = yaml::read_json(&json).unwrap();
            assert!(is_json("a.tf.json", &root) && !is_json("a.json", &root));
            fill_json(&mut root);
            assert_eq!(root.get("p").unwrap().to_json(), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_only_known_in_a_run_is_a_hole() {
        for key in ["(var.k)", "\"req${var.k}\""] {
            let node = read(&format!("p = jsonencode({{ {key} = [\"x\"] }})")).unwrap();
            assert!(node.get("p").unwrap().has_hole(), "{key}");
        }
        assert_eq!(json("p = var.x"), "[\"\u{fffc}\"]");
        let heredoc = "p = <<EOF\n{\"a\": [\"${var.x}\"], \"b\": ${jsonencode(var.y)}}\nEOF\n";
        assert_eq!(json(heredoc), "{\"a\":[\"\u{fffc}\"],\"b\":[\"\u{fffc}\"]}");
    }
}
