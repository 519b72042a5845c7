//! A condition without `$or`: each way to choose one alternative of every `$or` list.

use super::{Filter, Matcher};

/// Fields that must all match, each as its dotted path and its operators, in order of writing.
///
/// A path may stand twice in a condition that was not read from a pattern's text; both must match then.
pub type Conditions<'f> = Vec<(&'f str, &'f [Matcher])>;

impl Filter {
    /// How many alternatives there are: the `$or` lists multiplied. It stops counting at [`usize::MAX`].
    pub fn combinations(&self) -> usize {
        match self {
            Self::Field { .. } => 1,
            Self::Any(members) => {
                members.iter().map(Self::combinations).fold(0, usize::saturating_add)
            }
            Self::All(members) => {
                members.iter().map(Self::combinations).fold(1, usize::saturating_mul)
            }
        }
    }

    /// The first alternatives, `most` at most: the condition holds where one of all of them does, as long as no field
    /// stands in an array of objects.
    ///
    /// The last `$or` changes first. [`Filter::combinations`] tells whether these are all.
    ///
    /// ```
    /// use eventbridge_pattern::Pattern;
    ///
    /// let pattern = Pattern::parse(r#"{"a": [1], "$or": [{"b": [2]}, {"c": [3]}]}"#)?;
    /// let paths: Vec<Vec<&str>> = pattern
    ///     .filter
    ///     .alternatives(10)
    ///     .iter()
    ///     .map(|fields| fields.iter().map(|(path, _)| *path).collect())
    ///     .collect();
    /// assert_eq!(paths, [["a", "b"], ["a", "c"]]);
    /// # Ok::<(), eventbridge_pattern::PatternError>(())
    /// ```
    pub fn alternatives(&self, most: usize) -> Vec<Conditions<'_>> {
        match self {
            Self::Field { path, matchers } => {
                let field = (path.as_str(), matchers.as_slice());
                std::iter::once(vec![field]).take(most).collect()
            }
            Self::Any(members) => {
                let mut all = Vec::new();
                for member in members {
                    all.extend(member.alternatives(most - all.len()));
                }
                all
            }
            Self::All(members) => {
                let mut all: Vec<Conditions<'_>> = std::iter::once(Vec::new()).take(most).collect();
                for member in members {
                    let more = member.alternatives(most);
                    let joined = all.iter().flat_map(|fields| {
                        more.iter().map(|others| [fields.as_slice(), others].concat())
                    });
                    all = joined.take(most).collect();
                }
                all
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{filter, plain_event};
    use proptest::prelude::*;

    const PATHS: &[&str] = &["a", "b", "c.d", "c.e"];

    fn holds(fields: &Conditions<'_>, event: &serde_json::Value) -> bool {
        fields.iter().all(|(path, matchers)| {
            let path = (*path).to_owned();
            Filter::Field { path, matchers: matchers.to_vec() }.matches(event)
        })
    }

    proptest! {
        #[test]
        fn a_condition_holds_where_one_of_its_alternatives_does(
            filter in filter(PATHS), event in plain_event(PATHS), most in 0_usize..6,
        ) {
            let all = filter.alternatives(usize::MAX);
            prop_assert_eq!(all.len(), filter.combinations());
            prop_assert_eq!(all.iter().any(|fields| holds(fields, &event)), filter.matches(&event));
            prop_assert_eq!(&filter.alternatives(most)[..], &all[..most.min(all.len())]);
        }
    }
}
