//! Decides a rule on a record from the words of Sigma's specification, and from nothing else.

use regex::RegexBuilder;
use serde_json::Value;
use serde_yaml::Value as Yaml;

/// Whether a rule matches a record.
pub fn matches(rule: &Yaml, record: &Value) -> bool {
    let detection = &rule["detection"];
    let conditions = match &detection["condition"] {
        Yaml::Sequence(all) => all.iter().map(|one| one.as_str().unwrap()).collect(),
        one => vec![one.as_str().unwrap()],
    };
    conditions.iter().any(|condition| {
        let spaced = condition.replace('(', " ( ").replace(')', " ) ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let mut reader = Reader { words: &words, at: 0, detection, record };
        let holds = reader.or();
        assert_eq!(reader.at, words.len(), "{condition}");
        holds
    })
}

struct Reader<'a> {
    words: &'a [&'a str],
    at: usize,
    detection: &'a Yaml,
    record: &'a Value,
}

impl Reader<'_> {
    fn next(&mut self, word: &str) -> bool {
        let here = self.words.get(self.at) == Some(&word);
        self.at += usize::from(here);
        here
    }

    fn or(&mut self) -> bool {
        let mut holds = self.and();
        while self.next("or") {
            holds |= self.and();
        }
        holds
    }

    fn and(&mut self) -> bool {
        let mut holds = self.not();
        while self.next("and") {
            holds &= self.not();
        }
        holds
    }

    fn not(&mut self) -> bool {
        if self.next("not") {
            return !self.not();
        }
        if self.next("(") {
            let holds = self.or();
            assert!(self.next(")"));
            return holds;
        }
        let word = self.words[self.at];
        self.at += 1;
        if !self.next("of") {
            return part(&self.detection[word], self.record);
        }
        let pattern = self.words[self.at];
        self.at += 1;
        let names = self.detection.as_mapping().unwrap().keys().map(|key| key.as_str().unwrap());
        let chosen: Vec<bool> = names
            .filter(|name| *name != "condition" && !name.starts_with('_'))
            .filter(|name| pattern == "them" || like(pattern, name, true))
            .map(|name| part(&self.detection[name], self.record))
            .collect();
        match word {
            "1" => chosen.contains(&true),
            _ => !chosen.contains(&false),
        }
    }
}

fn part(part: &Yaml, record: &Value) -> bool {
    match part {
        Yaml::Sequence(all) => all.iter().any(|one| self::part(one, record)),
        Yaml::Mapping(all) => {
            all.iter().all(|(key, value)| entry(key.as_str().unwrap(), value, record))
        }
        other => panic!("{other:?}"),
    }
}

fn entry(key: &str, value: &Yaml, record: &Value) -> bool {
    let mut modifiers: Vec<&str> = key.split('|').collect();
    let path: Vec<&str> = modifiers.remove(0).split('.').collect();
    let mut found = Vec::new();
    leaves(record, &path, &mut found);
    let values = match value {
        Yaml::Sequence(all) => all.iter().collect(),
        one => vec![one],
    };
    let one = |value: &&Yaml| is(&found, value, &modifiers);
    let holds = match modifiers.contains(&"all") {
        true => values.iter().all(one),
        false => values.iter().any(one),
    };
    holds != modifiers.contains(&"neq")
}

fn leaves<'v>(value: &'v Value, path: &[&str], found: &mut Vec<&'v Value>) {
    match (value, path) {
        (Value::Array(all), _) => all.iter().for_each(|one| leaves(one, path, found)),
        (Value::Object(fields), [next, rest @ ..]) => {
            fields.get(*next).into_iter().for_each(|one| leaves(one, rest, found));
        }
        (Value::Object(_), []) => {}
        (leaf, []) => found.push(leaf),
        _ => {}
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn is(found: &[&Value], value: &Yaml, modifiers: &[&str]) -> bool {
    let has = |name: &str| modifiers.contains(&name);
    if has("exists") {
        return found.is_empty() != value.as_bool().unwrap();
    }
    let written = match value {
        Yaml::Null => return found.iter().all(|one| one.is_null()),
        Yaml::Bool(flag) => flag.to_string(),
        Yaml::Number(number) => number.to_string(),
        Yaml::String(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    let compares = [("lt", -1..=-1), ("lte", -1..=0), ("gt", 1..=1), ("gte", 0..=1)];
    if let Some((_, signs)) = compares.into_iter().find(|(name, _)| has(name)) {
        let limit: f64 = written.parse().unwrap();
        let numbers = found.iter().filter_map(|one| one.as_f64());
        return numbers
            .into_iter()
            .any(|one| signs.contains(&(one.partial_cmp(&limit).unwrap() as i32)));
    }
    let mut texts = found.iter().filter_map(|one| text(one));
    if has("cidr") {
        let block: ipnet::IpNet = written.parse().unwrap();
        return texts
            .any(|one| one.parse::<std::net::IpAddr>().is_ok_and(|ip| block.contains(&ip)));
    }
    if has("re") {
        let regex = RegexBuilder::new(&written).case_insensitive(has("i")).build().unwrap();
        return texts.any(|one| regex.is_match(&one));
    }
    let start = if has("contains") || has("endswith") { "*" } else { "" };
    let end = if has("contains") || has("startswith") { "*" } else { "" };
    let pattern = format!("{start}{written}{end}");
    texts.any(|one| like(&pattern, &one, has("cased")))
}

/// `*` for any characters, `?` for one, `\` before either for itself.
fn like(pattern: &str, text: &str, cased: bool) -> bool {
    let fold = |one: char| match cased {
        true => one,
        false => one.to_lowercase().next().unwrap(),
    };
    let mut parts: Vec<(char, bool)> = Vec::new();
    let mut characters = pattern.chars().peekable();
    while let Some(one) = characters.next() {
        let escaped = one == '\\' && characters.peek().is_some_and(|next| "*?\\".contains(*next));
        match escaped {
            true => parts.push((fold(characters.next().unwrap()), true)),
            false => parts.push((fold(one), !"*?".contains(one))),
        }
    }
    let text: Vec<char> = text.chars().map(fold).collect();
    // Where in the text one can be once a part of the pattern has been read.
    let mut at = vec![false; text.len() + 1];
    at[0] = true;
    for (one, literal) in parts {
        let mut next = vec![false; text.len() + 1];
        for place in 0..=text.len() {
            match (literal, one) {
                (false, '*') => next[place] = at[place] || (place > 0 && next[place - 1]),
                _ if place > 0 => {
                    let fits = !literal || text[place - 1] == one;
                    next[place] = at[place - 1] && fits;
                }
                _ => {}
            }
        }
        at = next;
    }
    at[text.len()]
}
