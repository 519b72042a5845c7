//! What is the same of several calls or objects, told once: failures with one cause and one remedy,
//! and sentences that differ only in the name and place of their object.

use super::plan::asides::named;
use super::{AccountNames, named_addresses};
use ctguard_core::phrase::{Phrase, PlaceNames};
use ctguard_core::resource::{Address, Kind};
use ctguard_core::scope::Place;
use std::collections::{BTreeMap, BTreeSet};

/// Stands for a call or a resource where two failures are compared.
const ANY: &str = "\u{0}";

/// One failure as it is told: which calls failed, in which words, and what mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    calls: BTreeSet<String>,
    /// Of the first call: what follows "failed: ", and the remedy.
    rest: String,
    fix: String,
    key: [String; 2],
}

impl Failure {
    /// Takes apart what is said of a call: `CALL failed: WORDS`. `None` of anything else.
    pub fn parse(text: &str, fix: &str) -> Option<Self> {
        let (call, rest) = text.split_once(" failed: ")?;
        if call.contains(' ') || !call.contains(':') {
            return None;
        }
        // Services have different codes for the same cause, and a message names its own resource.
        let words = rest.split_once(" (").map_or(rest, |(_, words)| words);
        let key = [without_resource(words), fix.to_owned()].map(|text| text.replace(call, ANY));
        let calls = BTreeSet::from([call.to_owned()]);
        Some(Self { calls, rest: rest.to_owned(), fix: fix.to_owned(), key })
    }

    /// Whether another failure differs only in the call.
    pub fn is_like(&self, other: &Self) -> bool {
        self.key == other.key
    }

    pub fn join(&mut self, other: Self) {
        self.calls.extend(other.calls);
    }

    pub fn text(&self) -> String {
        format!("{} failed: {}", self.calls(), self.rest)
    }

    /// The remedy, of all the calls.
    pub fn fix(&self) -> String {
        match self.calls.len() {
            1 => self.fix.clone(),
            _ => self.key[1].replace(ANY, &self.calls()),
        }
    }

    fn calls(&self) -> String {
        let named: Vec<&str> = self.calls.iter().map(String::as_str).collect();
        match named.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, before)) => format!("{} and {last}", before.join(", ")),
            None => String::new(),
        }
    }
}

/// Objects of one kind of which the same is said.
#[derive(Debug)]
pub(super) struct Alike<'a> {
    pub objects: Vec<&'a Address>,
    /// With `{name}`, `{account}` and `{region}` for what differs between them.
    pub text: String,
}

/// Folds what is said of objects, in the order in which it is said first.
pub(super) fn folded<'a>(said: impl IntoIterator<Item = (&'a Address, String)>) -> Vec<Alike<'a>> {
    let mut index: BTreeMap<(Kind, Phrase), usize> = BTreeMap::new();
    let mut told: Vec<(Vec<&Address>, String)> = Vec::new();
    for (address, text) in said {
        let place = Place::new(address.account.clone(), address.region.clone());
        let bare = text.replace(&address.name, ANY);
        let key = (address.kind, Phrase::new(&bare, &PlaceNames::of(&place)));
        let at = *index.entry(key).or_insert(told.len());
        match told.get_mut(at) {
            Some((objects, _)) => objects.push(address),
            None => told.push((vec![address], text)),
        }
    }
    // The name of an account may be that of a place, and elsewhere that of the caller.
    let mut all: Vec<Alike<'a>> = Vec::new();
    for (objects, text) in told {
        let text = shared(&objects, text);
        let kind = objects.first().map(|one| one.kind);
        let is_same = |other: &&mut Alike<'_>| {
            other.text == text && other.objects.first().map(|one| one.kind) == kind
        };
        match all.iter_mut().find(is_same) {
            Some(same) => same.objects.extend(objects),
            None => all.push(Alike { objects, text }),
        }
    }
    all
}

/// The text that was said of the first object, as it holds for all.
fn shared(objects: &[&Address], text: String) -> String {
    let Some((first, rest)) = objects.split_first().filter(|(_, rest)| !rest.is_empty()) else {
        return text;
    };
    let text = match rest.iter().all(|other| other.name == first.name) {
        true => text,
        false => text.replace(&first.name, "{name}"),
    };
    let place = Place::new(first.account.clone(), first.region.clone());
    let all = PlaceNames::of_all(objects.iter().map(|one| (&one.account, &one.region)));
    Phrase::new(&text, &PlaceNames::of(&place)).render(&all)
}

/// Objects by kind and name, each with all of its places.
pub(super) fn listed(objects: &[&Address], names: &AccountNames<'_>) -> Vec<String> {
    let mut by_name: Vec<Vec<&Address>> = Vec::new();
    for object in objects {
        let is_same = |other: &&mut Vec<&Address>| {
            other.first().is_some_and(|one| (one.kind, &one.name) == (object.kind, &object.name))
        };
        match by_name.iter_mut().find(is_same) {
            Some(places) => places.push(object),
            None => by_name.push(vec![object]),
        }
    }
    let told = by_name.iter().map(|all| match all.as_slice() {
        [one] => named(one, names),
        all => {
            let places = all.iter().map(|one| (&one.account, &one.region));
            let (kind, name) = all.first().map(|one| (one.kind, one.name.as_str())).unzip();
            let kind = kind.map(|kind| kind.to_string()).unwrap_or_default();
            format!("{kind} {} in {}", name.unwrap_or_default(), named_addresses(places, names))
        }
    });
    told.collect()
}

/// The text with a placeholder for the resource that AWS names in a denial.
fn without_resource(text: &str) -> String {
    let Some((before, after)) = text.split_once("on resource: ") else { return text.to_owned() };
    let rest = after.find([' ', ')']).and_then(|end| after.get(end..)).unwrap_or_default();
    format!("{before}on resource: {ANY}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ctguard_core::scope::{AccountId, Region};

    #[test]
    fn what_is_said_of_many_objects_is_told_once() {
        let rule = |account: &str, region: &str, name: &str| {
            let account = AccountId::new(account).expect("an account");
            let place = Place::new(account, Region::new(region).expect("a region"));
            Address::new(&place, Kind::Rule, name)
        };
        let [a, b, c] = [
            rule("111122223333", "us-east-1", "a-rule"),
            rule("111122223333", "eu-west-1", "a-rule"),
            rule("111122223333", "eu-west-1", "b-rule"),
        ];
        let said = |one: &Address| format!("PutRule of {} in {} was denied", one.name, one.region);
        let all = folded([(&a, said(&a)), (&b, said(&b)), (&c, "it is busy".to_owned())]);
        let told: Vec<&str> = all.iter().map(|one| one.text.as_str()).collect();
        assert_eq!(told, ["PutRule of a-rule in {region} was denied", "it is busy"]);
        let all = folded([(&a, said(&a)), (&b, said(&b)), (&c, said(&c))]);
        let told: Vec<&str> = all.iter().map(|one| one.text.as_str()).collect();
        assert_eq!(told, ["PutRule of {name} in {region} was denied"]);
        let elsewhere = rule("222233334444", "us-east-1", "a-rule");
        let denied = |_: &Address| "denied to 111122223333".to_owned();
        let here = [&a, &b, &elsewhere].map(|one| (one, denied(one)));
        let told: Vec<usize> = folded(here).iter().map(|one| one.objects.len()).collect();
        assert_eq!(told, [3], "the caller's account is in its own places, too");
        let names = AccountNames::new();
        assert_eq!(
            all.first().map(|one| listed(&one.objects, &names)).unwrap_or_default(),
            [
                "rule a-rule in 111122223333/{eu-west-1, us-east-1}",
                "rule b-rule in 111122223333/eu-west-1",
            ]
        );
    }

    #[test]
    fn calls_that_fail_alike_are_told_once_with_one_remedy() {
        let failure = |call: &str, code: &str, service: &str| {
            let text = format!(
                "{call} failed: {code} (U is not authorized to perform: {call} on resource: arn:aws:{service}:x with an explicit deny in a service control policy)"
            );
            Failure::parse(&text, &format!("A policy denies {call}.")).expect("a failure")
        };
        let mut first = failure("events:ListRules", "AccessDeniedException", "events");
        let second = failure("sns:GetTopicAttributes", "AuthorizationError", "sns");
        assert!(first.is_like(&second));
        first.join(second);
        assert!(first.text().starts_with(
            "events:ListRules and sns:GetTopicAttributes failed: AccessDeniedException (U is not"
        ));
        assert_eq!(first.fix(), "A policy denies events:ListRules and sns:GetTopicAttributes.");
        for call in ["a:A", "b:B", "c:C", "d:D"] {
            first.join(failure(call, "AccessDenied", "x"));
        }
        assert!(first.fix().contains("a:A, b:B, c:C, d:D, events:ListRules and sns:"), "{first:?}");
        let other = Failure::parse("events:ListRules failed: X (busy)", "Run again.");
        assert!(!first.is_like(&other.expect("a failure")));
        assert_eq!(Failure::parse("the rule is gone", "Run `ctguard apply`."), None);
    }
}
