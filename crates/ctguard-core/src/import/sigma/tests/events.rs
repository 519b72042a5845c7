//! Records made from what a rule asks for, and from what it does not.

use crate::catalogue;
use crate::event::EventKind;
use crate::record::{Holds, field_at};
use eventbridge_pattern::samples::put;
use serde_json::{Value, json};
use serde_yaml::Value as Yaml;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Numbers that look random and are the same in each run.
pub struct Seed(u64);

impl Seed {
    pub fn new(number: u64) -> Self {
        Self(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bd1_e995)
    }

    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most as u64) as usize
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// Makes records for one rule.
pub struct Maker {
    sources: Vec<String>,
    names: Vec<String>,
    /// What may stand at each path; `None` where nothing does.
    fields: BTreeMap<String, Vec<Option<Value>>>,
}

impl Maker {
    /// Looks at all that a rule asks for; `notes` say what is compared letter by letter.
    pub fn of(rule: &Yaml, notes: &[String]) -> Self {
        let mut maker = Self { sources: Vec::new(), names: Vec::new(), fields: BTreeMap::new() };
        let letters = |path: &str| {
            // Words of AWS have one spelling in records.
            let words = field_at(path)
                .is_some_and(|field| matches!(field.holds, Holds::Words(_) | Holds::OpenWords(_)));
            words
                || path == "eventName"
                || notes.iter().any(|note| note.contains("letter by letter") && note.contains(path))
        };
        maker.collect(&rule["detection"], &letters);
        maker.names.push("DescribeInstances".to_owned());
        maker
    }

    fn collect(&mut self, node: &Yaml, letters: &dyn Fn(&str) -> bool) {
        match node {
            Yaml::Sequence(all) => all.iter().for_each(|one| self.collect(one, letters)),
            Yaml::Mapping(all) => {
                for (key, value) in all {
                    let key = key.as_str().unwrap();
                    match value {
                        Yaml::Mapping(_) => self.collect(value, letters),
                        Yaml::Sequence(all) if all.iter().all(Yaml::is_mapping) => {
                            self.collect(value, letters);
                        }
                        _ if key == "condition" => {}
                        _ => self.field(key, value, letters),
                    }
                }
            }
            _ => {}
        }
    }

    fn field(&mut self, key: &str, value: &Yaml, letters: &dyn Fn(&str) -> bool) {
        let (path, modifiers) = key.split_once('|').unwrap_or((key, ""));
        let values = match value {
            Yaml::Sequence(all) => all.clone(),
            one => vec![one.clone()],
        };
        let starred = |value: &Yaml| value.as_str().is_some_and(|text| text.contains('*'));
        let glob = !modifiers.is_empty() || values.iter().any(starred);
        let values = match modifiers {
            "cidr" => values[..1].to_vec(),
            _ => values,
        };
        let all: String = values.iter().filter_map(Yaml::as_str).collect::<Vec<_>>().join("-");
        for value in values {
            let mut texts: Vec<Value> = Vec::new();
            match &value {
                Yaml::String(text) => texts.extend(spellings(text, modifiers, !letters(path))),
                Yaml::Number(number) => {
                    let number = number.as_i64().unwrap();
                    texts.extend([json!(number), json!(number + 1), json!(number - 1)]);
                }
                Yaml::Bool(flag) => texts.extend([json!(flag), json!(!flag)]),
                _ => texts.push(json!("anything")),
            }
            let strings = || texts.iter().filter_map(Value::as_str).map(str::to_owned);
            match path {
                "eventSource" => self.sources.extend(strings().map(|one| one.to_lowercase())),
                "eventName" => self.names.extend(strings().flat_map(|one| known(&one, glob))),
                _ => {
                    // The block itself is no address.
                    let all = if modifiers == "cidr" { "none" } else { all.as_str() };
                    for one in &mut texts {
                        *one = as_recorded(path, one);
                    }
                    let own = self.fields.entry(path.to_owned()).or_default();
                    // What several conditions on one field want together.
                    let joined = own
                        .iter()
                        .flatten()
                        .filter_map(Value::as_str)
                        .map(|one| [format!("{one}{all}"), format!("{one}-{all}")]);
                    let joined: Vec<String> = joined.flatten().take(12).collect();
                    own.extend(joined.into_iter().map(|one| Some(json!(one))));
                    own.extend(texts.into_iter().map(Some));
                    own.extend([None, Some(json!("zz")), Some(as_recorded(path, &json!(all)))]);
                }
            }
        }
    }

    /// A record.
    pub fn record(&self, seed: &mut Seed) -> Value {
        let mut record = json!({ "eventVersion": "1.11" });
        let name = seed.pick(&self.names).clone();
        let of_name = catalogue::sources_of(&name);
        let source = match (self.sources.as_slice(), of_name.as_slice()) {
            ([], []) => "ec2.amazonaws.com".to_owned(),
            ([], known) => seed.pick(known).source.to_owned(),
            (own, _) if seed.below(8) > 0 => seed.pick(own).clone(),
            _ => "ec2.amazonaws.com".to_owned(),
        };
        // A service spells a name in one way.
        let same = |one: &catalogue::CatalogueEvent| one.name.eq_ignore_ascii_case(&name);
        let own = catalogue::of_source(&source).find(same);
        let name = own.map_or(name.clone(), |one| one.name.to_owned());
        let kind = catalogue::find(&source, &name).and_then(|event| event.kinds().next());
        record["eventType"] = json!(match kind.unwrap_or(EventKind::Api) {
            EventKind::Signin => "AwsConsoleSignIn",
            EventKind::Console => "AwsConsoleAction",
            EventKind::Service => "AwsServiceEvent",
            _ => "AwsApiCall",
        });
        record["eventSource"] = json!(source);
        record["eventName"] = json!(name);
        for (path, values) in self.fields.iter().filter(|(path, _)| *path != "eventType") {
            if let Some(value) = seed.pick(values) {
                put(&mut record, path, value.clone());
            }
        }
        record
    }
}

/// A word of AWS in the spelling that records have.
fn as_recorded(path: &str, value: &Value) -> Value {
    let words = match field_at(path).map(|field| field.holds) {
        Some(Holds::Words(words) | Holds::OpenWords(words)) => words,
        _ => return value.clone(),
    };
    let text = value.as_str().unwrap_or_default();
    let word = words.iter().find(|word| word.eq_ignore_ascii_case(text));
    word.map_or(value.clone(), |word| json!(word))
}

/// Names of the catalogue that are written so in another case, and the name itself; with stars, some
/// that have it as a part.
fn known(name: &str, glob: bool) -> Vec<String> {
    static NAMES: OnceLock<BTreeMap<String, Vec<&str>>> = OnceLock::new();
    let all = NAMES.get_or_init(|| {
        let mut all: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for event in catalogue::all() {
            all.entry(event.name.to_lowercase()).or_default().push(event.name);
        }
        all
    });
    let known = all.get(&name.to_lowercase()).into_iter().flatten();
    let mut names: Vec<String> = known.map(|name| (*name).to_owned()).collect();
    let within = |own: &&String| glob && !name.is_empty() && own.contains(&name.to_lowercase());
    for own in all.keys().filter(within).take(3) {
        names.extend(all[own].iter().map(|name| (*name).to_owned()));
    }
    let plain = name.bytes().all(|one| one.is_ascii_alphanumeric());
    let small = name.bytes().next().is_some_and(|one| one.is_ascii_lowercase());
    if names.is_empty() && plain && !small {
        names.push(name.to_owned());
    }
    names
}

/// Texts that fit a value with its modifiers, and some that nearly do.
fn spellings(text: &str, modifiers: &str, any_case: bool) -> Vec<Value> {
    if modifiers.contains("cidr") {
        return ["10.1.2.3", "192.0.2.77", "198.51.100.1"].map(Value::from).to_vec();
    }
    let regex = modifiers.contains("re");
    let plain = match regex {
        true => text.replace(['^', '$', '(', ')'], "").replace(".+", "xy").replace(".*", ""),
        false => text.replace("\\*", "\u{1}"),
    };
    let mut texts = Vec::new();
    for plain in plain.split('|') {
        let star = |fill: &str| plain.replace('*', fill).replace('\u{1}', "*");
        let (empty, filled) = (star(""), star("Q7"));
        texts.extend([empty.clone(), filled.clone()]);
        if !regex {
            texts.extend([format!("x{empty}"), format!("{filled}x"), format!("y{filled}y")]);
        }
        if any_case && !regex {
            texts.extend([empty.to_uppercase(), empty.to_lowercase()]);
        }
    }
    let mut values: Vec<Value> = texts.into_iter().map(Value::from).collect();
    match text {
        "true" | "false" => values.extend([json!(true), json!(false)]),
        _ => {}
    }
    values
}
