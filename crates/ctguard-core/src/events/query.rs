//! What is searched for: words, and filters.

use super::entry::kinds;
use super::glob;
use crate::catalogue::CatalogueEvent;
use crate::event::{self, Access, EventKind};

/// A search of the catalogue.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Words with a service: one of them must fit.
    pub named: Vec<Word>,
    /// Plain words: each must fit.
    pub plain: Vec<Word>,
    /// One of these kinds; any when empty.
    pub kinds: Vec<EventKind>,
    /// One of these services, lowercase and short; any when empty.
    pub services: Vec<String>,
    /// May be logged as one that reads, or as one that does not.
    pub access: Option<Access>,
}

/// A word of a search, lowercase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// As it was typed.
    pub typed: String,
    /// The service, where the word has one: `ec2` of `ec2:CreateRoute`.
    pub service: Option<String>,
    /// The name, or a part of it; empty for the whole service.
    pub name: String,
}

/// How well an event fits a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// The word is a part of the name.
    Part,
    /// The word is the name, the service, or a glob of it.
    Whole,
}

impl Word {
    /// Reads `CreateRoute`, `ec2`, `ec2:CreateRoute`, `ec2.amazonaws.com:Create*` or `iam:*`.
    pub fn read(typed: &str) -> Self {
        let lower = typed.trim().to_ascii_lowercase();
        let (service, name) = match lower.split_once(':') {
            Some((service, name)) => (Some(short(service).to_owned()), name),
            None => (None, short(&lower)),
        };
        Self { typed: typed.to_owned(), service, name: name.to_owned() }
    }

    /// Whether an event's source and name fit; both are compared without regard to case.
    pub(super) fn fit(&self, source: &str, name: &str) -> Option<Fit> {
        let (service, name) = (event::service(source), name.to_ascii_lowercase());
        let named = |wanted: &str| match (glob::is_glob(wanted), wanted) {
            (_, "") => Some(Fit::Whole),
            (true, wanted) => glob::matches(wanted, &name).then_some(Fit::Whole),
            (_, wanted) if wanted == name => Some(Fit::Whole),
            (_, wanted) => name.contains(wanted).then_some(Fit::Part),
        };
        match &self.service {
            Some(wanted) if !glob::matches(wanted, service) => None,
            Some(_) => named(&self.name),
            None if self.name == service && !self.name.is_empty() => Some(Fit::Part),
            None => named(&self.name),
        }
    }
}

/// `aws.ec2` and `ec2.amazonaws.com` → `ec2`.
fn short(service: &str) -> &str {
    let service = event::service(service);
    service.strip_prefix("aws.").unwrap_or(service)
}

impl Query {
    /// Reads the words of a command line.
    pub fn of_words(words: &[String]) -> Self {
        let words = words.iter().map(|word| Word::read(word));
        let (named, plain) = words.partition(|word| word.service.is_some());
        Self { named, plain, ..Self::default() }
    }

    /// Adds a service to those that are looked at, however it is written.
    pub fn in_service(&mut self, service: &str) {
        self.services.push(short(&service.to_ascii_lowercase()).to_owned());
    }

    /// Whether the filters, which are no words, let an event pass.
    pub(super) fn admits(&self, event: &CatalogueEvent) -> bool {
        let service = event::service(event.source);
        let of_kind = || kinds(event).any(|(kind, _)| self.kinds.contains(&kind));
        (self.kinds.is_empty() || of_kind())
            && (self.services.is_empty() || self.services.iter().any(|one| one == service))
            && self.access.is_none_or(|access| event.accesses().contains(&access))
    }

    /// How well the words fit a source and a name; `None` when they do not.
    pub(super) fn fit(&self, source: &str, name: &str) -> Option<Fit> {
        let named = match self.named.as_slice() {
            [] => Some(Fit::Whole),
            words => words.iter().filter_map(|word| word.fit(source, name)).max(),
        };
        let plain = self.plain.iter().map(|word| word.fit(source, name));
        plain.chain([named]).min().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(words: &[&str], source: &str, name: &str) -> Option<Fit> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Query::of_words(&words).fit(source, name)
    }

    #[test]
    fn words_fit_names_services_and_families_whatever_their_case() {
        let (ec2, iam) = ("ec2.amazonaws.com", "iam.amazonaws.com");
        for (words, source, name, wanted) in [
            (&["createroute"][..], ec2, "CreateRoute", Some(Fit::Whole)),
            (&["route"], ec2, "CreateRoute", Some(Fit::Part)),
            (&["EC2"], ec2, "CreateRoute", Some(Fit::Part)),
            (&["ec2", "route"], ec2, "CreateRoute", Some(Fit::Part)),
            (&["iam", "route"], ec2, "CreateRoute", None),
            (&["ec2:CreateRoute"], ec2, "CreateRoute", Some(Fit::Whole)),
            (&["aws.ec2:CreateRoute"], ec2, "CreateRoute", Some(Fit::Whole)),
            (&["ec2.amazonaws.com:CreateR*"], ec2, "CreateRoute", Some(Fit::Whole)),
            (&["iam:*", "ec2:Delete*"], iam, "CreateUser", Some(Fit::Whole)),
            (&["iam:*", "ec2:Delete*"], ec2, "CreateRoute", None),
            (&["iam:"], iam, "CreateUser", Some(Fit::Whole)),
            (&["*"], iam, "CreateUser", Some(Fit::Whole)),
            (&[], iam, "CreateUser", Some(Fit::Whole)),
        ] {
            assert_eq!(fit(words, source, name), wanted, "{words:?} {source} {name}");
        }
    }
}
