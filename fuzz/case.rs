//! Made-up patterns and events that meet often and fool whoever reads too fast.
//!
//! Fields, values and spellings are few, so that what is generated collides: keys in another order, twice, escaped,
//! with dots, in arrays, deeper than where they belong; values that look like keys; texts that hold JSON. The
//! choices come from bytes, which a fuzzer can steer, or from a seed.

use eventbridge_pattern::cloudtrail::envelope;
use eventbridge_pattern::set::{PatternSet, Scratch};
use eventbridge_pattern::{Event, Pattern};
use serde_json::Value;

/// Where choices come from.
pub struct Dice<'b> {
    bytes: &'b [u8],
    state: u64,
}

impl<'b> Dice<'b> {
    // Each user of this file takes seeds or bytes.
    #[allow(dead_code)]
    pub fn from_seed(seed: u64) -> Self {
        Self { bytes: &[], state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 }
    }

    /// Bytes first; when they are used up, what follows depends on how many there were.
    #[allow(dead_code)]
    pub fn from_bytes(bytes: &'b [u8]) -> Self {
        Self { bytes, state: bytes.len() as u64 | 1 << 40 }
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        if let Some((first, rest)) = self.bytes.split_first() {
            self.bytes = rest;
            return usize::from(*first) % sides;
        }
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.roll(from.len())]
    }

    /// One time in `of`.
    fn rarely(&mut self, of: usize) -> bool {
        self.roll(of) == 0
    }
}

const PATHS: [&str; 26] = [
    "detail.eventName",
    "detail.eventName",
    "detail.eventName",
    "detail.eventSource",
    "detail.eventType",
    "detail.userIdentity.type",
    "detail.userIdentity.accountId",
    "detail.errorCode",
    "detail.readOnly",
    "detail.n",
    "detail.items.a",
    "detail.items.b",
    "detail.items.c.d",
    "detail.a.b.c",
    "detail.a.b",
    "detail.type",
    "source",
    "source",
    "detail-type",
    "account",
    "region",
    "time",
    "id",
    "version",
    "resources",
    "detail",
];
const KEYS: [&str; 20] = [
    "eventName",
    "eventName",
    "eventSource",
    "eventType",
    "userIdentity",
    "errorCode",
    "readOnly",
    "n",
    "items",
    "a",
    "b",
    "type",
    "accountId",
    "recipientAccountId",
    "awsRegion",
    "eventTime",
    "eventID",
    "c.d",
    "a.b",
    "b.c",
];
const TEXTS: [&str; 35] = [
    "010.0.0.1",
    "::ffff:a00:1",
    "ß",
    "SS",
    "a\"",
    "",
    "a",
    "ab",
    "abc",
    "A",
    "CreateUser",
    "createuser",
    "DeleteTrail",
    "eventName",
    "aws.iam",
    "aws.x",
    "iam.amazonaws.com",
    "x",
    ".amazonaws.com",
    "signin.amazonaws.com",
    "AwsApiCall",
    "AwsConsoleSignIn",
    "AWS API Call via CloudTrail",
    "111122223333",
    "10.0.0.1",
    "10.0.0.9",
    "2001:db8::1",
    "2001:DB8:0::1",
    "a\"b",
    "a\\b",
    "é",
    "ÉA",
    "*",
    "Root",
    "us-east-1",
];
const NUMBERS: [&str; 11] = [
    "3.14159265358979312",
    "0",
    "1",
    "-1",
    "300",
    "300.0",
    "3e2",
    "1.5",
    "9007199254740993",
    "9007199254740992.0",
    "5000000001",
];
const WILDCARDS: [&str; 10] =
    ["*", "a*", "*b", "a*b", "*ab*", "Create*", "*User", "ab", "a\\*", "C*e*r"];
const BLOCKS: [&str; 5] = ["10.0.0.0/24", "::/1", "10.0.0.5/24", "2001:db8::/32", "0.0.0.0/0"];

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn text_value(dice: &mut Dice<'_>) -> String {
    quoted(dice.pick(&TEXTS))
}

fn operator(dice: &mut Dice<'_>) -> String {
    let list = |dice: &mut Dice<'_>, one: fn(&mut Dice<'_>) -> String| {
        let many: Vec<String> = (0..=dice.roll(3)).map(|_| one(dice)).collect();
        if many.len() == 1 { many[0].clone() } else { format!("[{}]", many.join(",")) }
    };
    match dice.roll(22) {
        0..=7 => text_value(dice),
        8 => dice.pick(&NUMBERS).to_owned(),
        9 => dice.pick(&["true", "false", "null"]).to_owned(),
        10 => format!(r#"{{"prefix":{}}}"#, text_value(dice)),
        11 => format!(r#"{{"suffix":{}}}"#, text_value(dice)),
        12 => format!(r#"{{"equals-ignore-case":{}}}"#, text_value(dice)),
        13 => {
            let kind = dice.pick(&["prefix", "suffix"]);
            format!(r#"{{"{kind}":{{"equals-ignore-case":{}}}}}"#, text_value(dice))
        }
        14 | 15 => format!(r#"{{"wildcard":{}}}"#, quoted(dice.pick(&WILDCARDS))),
        16 => format!(r#"{{"anything-but":{}}}"#, list(dice, text_value)),
        17 => {
            format!(r#"{{"anything-but":{}}}"#, list(dice, |dice| dice.pick(&NUMBERS).to_owned()))
        }
        18 => match dice.roll(2) {
            0 => {
                let wildcards = list(dice, |dice| quoted(dice.pick(&WILDCARDS)));
                format!(r#"{{"anything-but":{{"wildcard":{wildcards}}}}}"#)
            }
            _ => {
                let kind = dice.pick(&["prefix", "suffix", "equals-ignore-case"]);
                format!(r#"{{"anything-but":{{"{kind}":{}}}}}"#, list(dice, text_value))
            }
        },
        19 => match dice.roll(3) {
            0 => format!(r#"{{"numeric":["=",{}]}}"#, dice.pick(&NUMBERS)),
            1 => format!(r#"{{"numeric":[">",{},"<=",400]}}"#, dice.pick(&NUMBERS[..4])),
            _ => format!(r#"{{"numeric":["<",{}]}}"#, dice.pick(&NUMBERS)),
        },
        20 => format!(r#"{{"cidr":"{}"}}"#, dice.pick(&BLOCKS)),
        _ => format!(r#"{{"exists":{}}}"#, dice.pick(&["true", "false"])),
    }
}

fn fields(dice: &mut Dice<'_>, depth: usize) -> String {
    let mut parts: Vec<String> = (0..=dice.roll(3))
        .map(|_| {
            let path = dice.pick(&PATHS);
            let operators: Vec<String> = (0..=dice.roll(3)).map(|_| operator(dice)).collect();
            let operators = operators.join(",");
            match path.strip_prefix("detail.") {
                Some(rest) if dice.rarely(2) => format!(r#""detail":{{"{rest}":[{operators}]}}"#),
                _ => format!(r#""{path}":[{operators}]"#),
            }
        })
        .collect();
    if depth < 2 && dice.rarely(4) {
        let members: Vec<String> =
            (0..2 + dice.roll(2)).map(|_| format!("{{{}}}", fields(dice, depth + 1))).collect();
        parts.push(format!(r#""$or":[{}]"#, members.join(",")));
    }
    parts.join(",")
}

/// Patterns that can be read, up to some.
pub fn patterns(dice: &mut Dice<'_>) -> Vec<Pattern> {
    let many = if dice.rarely(8) { 1 + dice.roll(90) } else { 1 + dice.roll(4) };
    (0..many).filter_map(|_| Pattern::parse(&format!("{{{}}}", fields(dice, 0))).ok()).collect()
}

fn space(dice: &mut Dice<'_>) -> &'static str {
    match dice.roll(24) {
        0 => " ",
        1 => "\n\t",
        2 => "\r\n ",
        _ => "",
    }
}

/// A string of JSON, now and then with characters escaped that need not be.
fn string(dice: &mut Dice<'_>, text: &str) -> String {
    if dice.rarely(10) {
        let one = dice.roll(text.chars().count().max(1));
        let mut written = String::from("\"");
        for (at, character) in text.chars().enumerate() {
            let plain = quoted(&character.to_string());
            match character as u32 {
                code if code < 0x1_0000 && (at == one || dice.rarely(6)) => {
                    written.push_str(&format!("\\u{code:04x}"));
                }
                _ => written.push_str(&plain[1..plain.len() - 1]),
            }
        }
        return written + "\"";
    }
    quoted(text)
}

fn value(dice: &mut Dice<'_>, depth: usize) -> String {
    match dice.roll(24) {
        0 => dice.pick(&["null", "true", "false"]).to_owned(),
        1 | 2 => dice.pick(&NUMBERS).to_owned(),
        3..=6 if depth < 4 => object(dice, depth + 1, 4),
        7..=9 if depth < 4 => {
            let many = dice.roll(4);
            let items: Vec<String> = (0..many).map(|_| value(dice, depth + 1)).collect();
            format!("[{}{}]", space(dice), items.join(&format!("{},{}", space(dice), space(dice))))
        }
        10 => {
            // A text that looks like a part of an event.
            let inner = format!("{}:{}", quoted(dice.pick(&KEYS)), text_value(dice));
            let filler = "x".repeat(dice.roll(130));
            let slashes = "\\".repeat(dice.roll(4));
            string(dice, &format!("{filler}{slashes}{inner}{{[}}]{slashes}"))
        }
        11 => {
            let half = dice.pick(&[
                "eventName\"",
                "\"eventName\":",
                "eventName",
                "\\",
                "}",
                "\"}",
                "{\"Records\":[",
            ]);
            string(dice, half)
        }
        _ => {
            let text = dice.pick(&TEXTS);
            string(dice, text)
        }
    }
}

fn object(dice: &mut Dice<'_>, depth: usize, members: usize) -> String {
    let many = dice.roll(members + 1);
    let members: Vec<String> = (0..many)
        .map(|_| {
            let key = dice.pick(&KEYS);
            let key = string(dice, key);
            format!("{}{key}{}:{}{}", space(dice), space(dice), space(dice), value(dice, depth))
        })
        .collect();
    format!("{{{}{}}}", members.join(","), space(dice))
}

/// The text of a record; most are JSON.
pub fn record(dice: &mut Dice<'_>) -> String {
    let text = object(dice, 0, 9);
    spoiled(dice, text)
}

/// The text of an event with its envelope.
pub fn event(dice: &mut Dice<'_>) -> String {
    const ENVELOPE: [&str; 10] = [
        "detail",
        "detail",
        "detail",
        "source",
        "detail-type",
        "account",
        "region",
        "resources",
        "detail.eventName",
        "id",
    ];
    let members: Vec<String> = (0..1 + dice.roll(6))
        .map(|_| {
            let key = dice.pick(&ENVELOPE);
            let value = if key == "detail" { object(dice, 1, 7) } else { value(dice, 2) };
            format!("{}:{}{value}", string(dice, key), space(dice))
        })
        .collect();
    let text = format!("{}{{{}}}{}", space(dice), members.join(","), space(dice));
    spoiled(dice, text)
}

fn spoiled(dice: &mut Dice<'_>, text: String) -> String {
    if !dice.rarely(30) {
        return text;
    }
    let at =
        (0..=dice.roll(text.len().max(1))).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    match dice.roll(3) {
        0 => text[..at].to_owned(),
        1 => format!(
            "{}{}{}",
            &text[..at],
            dice.pick(&["\"", "\\", "{", "}", ",", "x", "\u{0}"]),
            &text[at..]
        ),
        _ => format!("{text}{}", dice.pick(&["{}", "x", ",", "\n"])),
    }
}

/// Matches some events against some patterns in both ways. Gives how many (pattern, event) decisions were compared.
///
/// # Errors
/// Says what the two engines make of what, when they do not agree.
pub fn check(dice: &mut Dice<'_>) -> Result<u64, String> {
    let patterns = patterns(dice);
    let matcher = PatternSet::new(patterns.clone());
    let mut scratch = Scratch::default();
    let mut compared = 0;
    for _ in 0..4 {
        let whole = dice.rarely(3);
        let text = if whole { event(dice) } else { record(dice) };
        let fast = if whole {
            matcher.event(text.as_bytes(), &mut scratch)
        } else {
            matcher.record(text.as_bytes(), &mut scratch)
        };
        // Of keys that stand twice the value has the last; the event has both.
        let (Ok(value @ Value::Object(_)), Ok(read)) =
            (serde_json::from_str(&text), Event::read(text.as_bytes()))
        else {
            continue;
        };
        let around = if whole { value } else { envelope(value) };
        let read = if whole { read } else { Event::from(&around).with_detail(read) };
        let plain: Vec<u32> = (0_u32..)
            .zip(&patterns)
            .filter(|(_, pattern)| pattern.matches_event(&read))
            .map(|(n, _)| n)
            .collect();
        if fast != Ok(&plain) {
            let patterns: Vec<String> = patterns.iter().map(Pattern::to_json).collect();
            return Err(format!(
                "plain {plain:?}, fast {fast:?} for {text}\n{}",
                patterns.join("\n")
            ));
        }
        compared += patterns.len() as u64;
    }
    Ok(compared)
}
