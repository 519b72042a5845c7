//! Tests that ignore case beside wildcards that begin with `*`, which EventBridge mixes up.

use crate::{Excluded, Filter, Matcher, TextKind};
use std::collections::BTreeMap;

/// A wildcard that begins with `*` and a test that ignores case, on one field of one bus.
///
/// In event-ruler (every version up to 2.0.1) the two share a state of its machine. The first character of the text
/// whose case is ignored then stands for any character: `[{"wildcard":"*-prod"},{"equals-ignore-case":"admin"}]` takes
/// `bdmin`. Where the text stands in `anything-but`, events are missed in the same way. It reaches over the
/// alternatives of a `$or` and over all rules of a bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// Dotted path of the field.
    pub path: String,
    /// The wildcard, as written.
    pub wildcard: String,
    /// The text whose case is ignored, as written.
    pub ignoring_case: String,
    /// Whether it stands in `anything-but`: then events are missed.
    pub misses: bool,
}

impl Filter {
    /// Whether a test that ignores case stands on this path.
    pub fn ignores_case_at(&self, path: &str) -> bool {
        let fields = self.fields().into_iter();
        fields.filter(|(own, _)| *own == path).any(|(_, list)| list.iter().any(ignores_case))
    }

    /// Whether a test that ignores case stands anywhere.
    pub(crate) fn ignores_case(&self) -> bool {
        self.matchers().any(ignores_case)
    }
}

/// The fields on which a wildcard that begins with `*` stands beside a test that ignores case; one pair a field.
pub fn beside_ignore_case(filters: &[&Filter]) -> Vec<Beside> {
    #[derive(Default)]
    struct Tests<'f> {
        wildcard: Option<&'f str>,
        ignoring_case: Option<(&'f str, bool)>,
    }
    let mut fields: BTreeMap<&str, Tests<'_>> = BTreeMap::new();
    for (path, matchers) in filters.iter().flat_map(|filter| filter.fields()) {
        let tests = fields.entry(path).or_default();
        for (kind, text, negated) in matchers.iter().flat_map(texts) {
            match kind {
                TextKind::Wildcard if text.starts_with('*') => tests.wildcard = Some(text),
                TextKind::IgnoreCase | TextKind::PrefixIgnoreCase | TextKind::SuffixIgnoreCase
                    if tests.ignoring_case.is_none_or(|(_, misses)| negated && !misses) =>
                {
                    tests.ignoring_case = Some((text, negated));
                }
                _ => {}
            }
        }
    }
    let beside = |(path, tests): (&str, Tests<'_>)| {
        let (ignoring_case, misses) = tests.ignoring_case?;
        Some(Beside {
            path: path.to_owned(),
            wildcard: tests.wildcard?.to_owned(),
            ignoring_case: ignoring_case.to_owned(),
            misses,
        })
    };
    fields.into_iter().filter_map(beside).collect()
}

fn ignores_case(matcher: &Matcher) -> bool {
    use TextKind::{IgnoreCase, PrefixIgnoreCase, SuffixIgnoreCase};
    texts(matcher)
        .iter()
        .any(|(kind, ..)| matches!(kind, IgnoreCase | PrefixIgnoreCase | SuffixIgnoreCase))
}

/// The tests of texts in an operator, and whether they stand in `anything-but`.
fn texts(matcher: &Matcher) -> Vec<(TextKind, &str, bool)> {
    match matcher {
        Matcher::Text(test) => vec![(test.kind, test.text.as_str(), false)],
        Matcher::AnythingBut(Excluded::Texts { kind, texts }) => {
            texts.iter().map(|text| (*kind, text.as_str(), true)).collect()
        }
        _ => Vec::new(),
    }
}
