//! The published schema of the blueprint against what is read: an editor marks no good blueprint, and
//! nearly every bad one.

use super::*;
use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Value, json};

/// What a schema cannot say, by the code of the mistake, with the reason.
const SEES_MORE: &[(&str, &str)] = &[
    ("account-repeated", "two values are compared"),
    ("account-unknown", "another key is looked at"),
    ("arn-invalid", "the partitions and places of ARNs are in the catalogue"),
    ("date-invalid", "a date of the calendar is more than digits"),
    ("destination-topic", "another key is looked at"),
    ("event-ambiguous", "events are in the catalogue"),
    ("event-out-of-scope", "where events land is in the catalogue"),
    ("event-unknown", "events are in the catalogue"),
    ("hub-out-of-scope", "another key is looked at"),
    ("id-repeated", "two alerts are compared"),
    ("include-repeated", "two includes are compared"),
    ("kms-key", "a key's place is looked at"),
    ("missing-key", "what must be there depends on another key"),
    ("omit-unknown", "alerts of other files are looked at"),
    ("role-missing", "whose account it is, is asked"),
    ("never-fires", "conditions are held against records"),
    ("reference-unknown", "destinations are named elsewhere"),
    ("region-invalid", "partitions are in the catalogue"),
    ("region-unknown", "regions are in the catalogue"),
    ("routes-missing", "alerts and routes are compared"),
    ("subscriber-invalid", "two subscribers are compared"),
    ("tag-invalid", "characters, numbers and repeats of tags are counted"),
    ("text-invalid", "lengths are counted in characters of messages"),
    ("topic-invalid", "two topics are compared, or a place is looked at"),
    ("trail-invalid", "what is covered is looked at"),
    ("value-unknown", "time zones and frameworks are in a catalogue"),
    ("account-id-number", "in a condition any value may stand"),
    ("url-invalid", "a web address has more rules"),
    ("email-invalid", "an address has more rules"),
    ("trust-invalid", "another key is looked at"),
    ("file-missing", "the schema reads no other file"),
    ("include-outside", "a path leads out of the folder in more ways"),
    ("bucket-name-invalid", "names of buckets have more rules"),
    ("secret-invalid", "names of secrets have more rules"),
    ("confirmations", "keys exclude each other"),
];

struct Editor {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Editor {
    fn new() -> Self {
        let schema: Value =
            serde_json::from_str(include_str!("../../../../../docs/schema/blueprint.json"))
                .expect("JSON");
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("file:///blueprint.json", schema).expect("a schema");
        let index = compiler.compile("file:///blueprint.json", &mut schemas).expect("a schema");
        Self { schemas, index }
    }

    fn marks(&self, value: &Value) -> bool {
        self.schemas.validate(value, self.index).is_err()
    }
}

fn errors(text: &str) -> Vec<&'static str> {
    let loaded = read(text);
    let errors = loaded.diagnostics.iter().filter(|one| one.severity == Severity::Error);
    errors.map(|one| one.code.as_str()).collect()
}

/// Blueprints that use every key.
fn examples() -> Vec<Value> {
    let page = include_str!("../../../../../docs/blueprint.md");
    let blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let whole = blocks.filter(|text| text.starts_with("version: 1\nname"));
    let texts = whole.chain([
        GOOD,
        include_str!("../../../../../examples/fleet/ctguard.yaml"),
        include_str!("../../../../../examples/fleet/organization.yaml"),
        include_str!("../../../../../examples/story/ctguard.yaml"),
    ]);
    let values = texts.filter_map(|text| serde_yaml::from_str(text).ok());
    values.filter(|value: &Value| errors(&yaml(value)).is_empty()).collect()
}

fn yaml(value: &Value) -> String {
    serde_yaml::to_string(value).expect("YAML")
}

/// The same value with one thing in it changed: each key misspelt, taken out, or with a value of
/// another type. Keys of conditions, tags and names are anybody's.
fn changed(value: &Value, free: bool) -> Vec<Value> {
    let mut all = Vec::new();
    match value {
        Value::Object(entries) => {
            for (key, inner) in entries {
                let mut put = |change: &dyn Fn(&mut serde_json::Map<String, Value>)| {
                    let mut entries = entries.clone();
                    change(&mut entries);
                    all.push(Value::Object(entries));
                };
                put(&|entries| drop(entries.remove(key)));
                if !free {
                    put(&|entries| {
                        let value = entries.remove(key).unwrap_or_default();
                        entries.insert(format!("{key}x"), value);
                    });
                }
                for other in
                    [json!(7), json!(true), json!("x y"), json!([]), json!({}), json!([[]])]
                {
                    put(&|entries| drop(entries.insert(key.clone(), other.clone())));
                }
                let free = matches!(key.as_str(), "where" | "tags" | "destinations");
                for inner in changed(inner, free) {
                    put(&|entries| drop(entries.insert(key.clone(), inner.clone())));
                }
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                for other in changed(item, false).into_iter().chain([json!(7), json!("x y")]) {
                    let mut items = items.clone();
                    items[at] = other;
                    all.push(Value::Array(items));
                }
            }
        }
        _ => {}
    }
    all
}

/// Holds the schema against what is read; adds what it misses, by the first code.
fn hold(editor: &Editor, value: &Value, text: &str, missed: &mut Vec<(&'static str, String)>) {
    let errors = errors(text);
    match (editor.marks(value), errors.first()) {
        (true, None) => missed.push(("(refused by the schema, and valid)", text.to_owned())),
        (false, Some(_)) => {
            let unforeseen =
                |code: &&&'static str| !SEES_MORE.iter().any(|(known, _)| *known == **code);
            let code = errors.iter().find(unforeseen).or(errors.first()).copied();
            missed.push((code.unwrap_or_default(), text.to_owned()));
        }
        _ => {}
    }
}

#[test]
fn the_schema_marks_what_is_refused_but_what_it_cannot_see() {
    let editor = Editor::new();
    let (mut missed, mut tried) = (Vec::new(), 0);
    for (text, _) in mistakes::mistakes() {
        // What is no YAML, or has a key twice, an editor tells without a schema.
        if let Ok(value) = serde_yaml::from_str::<Value>(&text)
            && !errors(&text).contains(&"duplicate-key")
        {
            tried += 1;
            hold(&editor, &value, &text, &mut missed);
        }
    }
    let listed = missed.len();
    let of_list = tried;
    for example in examples() {
        assert!(!editor.marks(&example), "{}", yaml(&example));
        for value in changed(&example, false) {
            tried += 1;
            hold(&editor, &value, &yaml(&value), &mut missed);
        }
    }
    println!("{listed} of {of_list} listed and {} of {tried} mistakes are missed", missed.len());
    let known = |code: &str| SEES_MORE.iter().any(|(known, _)| *known == code);
    let mut unforeseen: Vec<String> = Vec::new();
    let mut seen = BTreeSet::new();
    for (code, text) in missed.iter().filter(|(code, _)| !known(code)) {
        // A few of each.
        if seen.insert((code, text.len() / 200)) && unforeseen.len() < 40 {
            unforeseen.push(format!("{code}:\n{text}"));
        }
    }
    assert!(unforeseen.is_empty(), "{}", unforeseen.join("\n"));
    // Each is one of those above: events, regions and time zones of the catalogue, and what takes
    // two values to see.
    assert!(of_list > 100 && listed * 4 <= of_list, "{listed} of {of_list} are missed");
    assert!(missed.len() * 25 <= tried, "{} of {tried} are missed", missed.len());
    assert!(tried > 1_000, "only {tried} were tried");
}

/// The schema lists what the program knows.
#[test]
fn the_schema_lists_what_there_is() {
    let schema: Value =
        serde_json::from_str(include_str!("../../../../../docs/schema/blueprint.json"))
            .expect("JSON");
    let list = |pointer: &str| -> Vec<String> {
        let all = schema.pointer(pointer).and_then(Value::as_array).expect(pointer);
        all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
    };
    let builtins: Vec<&str> = builtin::ids().collect();
    assert_eq!(list("/$defs/builtin/enum"), builtins);
    let lints: Vec<&str> = crate::codes::LINTS.iter().map(|one| one.as_str()).collect();
    assert_eq!(list("/$defs/lint/enum"), lints);
    let operators = "/$defs/condition/anyOf/0/items/anyOf/1/propertyNames/enum";
    assert_eq!(list(operators), eventbridge_pattern::OPERATORS);
    let kinds: BTreeSet<String> = EventKind::ALL.map(|kind| kind.as_str().to_owned()).into();
    let listed = list("/$defs/alert/properties/events/items/oneOf/1/properties/kind/enum");
    assert_eq!(BTreeSet::from_iter(listed), kinds);
    let kinds = BlueprintTags::KINDS.map(|kind| kind.as_str()).into_iter().chain(["all"]);
    let of_tags = schema["properties"]["tags"]["then"]["properties"].as_object();
    let of_tags: BTreeSet<&str> = of_tags.expect("kinds").keys().map(String::as_str).collect();
    assert_eq!(of_tags, kinds.collect());
    let included: Value =
        serde_json::from_str(include_str!("../../../../../docs/schema/included.json"))
            .expect("JSON");
    for (name, one) in included["$defs"].as_object().expect("definitions") {
        assert_eq!(*one, schema["$defs"][name], "{name}");
    }
    let mut bare = Vec::new();
    undescribed(&schema, "", &mut bare);
    assert!(bare.is_empty(), "without a description: {bare:?}");
}

fn undescribed(schema: &Value, at: &str, bare: &mut Vec<String>) {
    match schema {
        Value::Object(entries) => {
            for (name, property) in schema["properties"]
                .as_object()
                .into_iter()
                .flatten()
                .filter(|_| at != "/properties")
            {
                if property.get("description").is_none() && property.get("$ref").is_none() {
                    bare.push(format!("{at}/{name}"));
                }
            }
            // What is asked, and what follows from the answer, is about keys that are described.
            let asked = |key: &str| matches!(key, "if" | "then" | "else");
            for (key, inner) in entries.iter().filter(|(key, _)| !asked(key)) {
                undescribed(inner, &format!("{at}/{key}"), bare);
            }
        }
        Value::Array(items) => {
            items.iter().for_each(|inner| undescribed(inner, at, bare));
        }
        _ => {}
    }
}
