//! Whether an event satisfies a condition.
//!
//! The rules are those of EventBridge (<https://github.com/aws/event-ruler#json-array-matching>):
//!
//! - Arrays are crushed out: `items.id` looks at the `id` of every element of `items`.
//! - Two fields cannot be satisfied by different elements of one array. What each field was taken
//!   from is remembered as a [`Membership`], and the next field must agree with it.
//! - A field is there when a string, number, boolean or null stands at its path. An object, an
//!   empty object and an empty array are none of these, so `exists: false` holds for them.
//! - Conditions are looked at in the order of their paths, which decides what `exists: false`
//!   sees inside arrays.

use super::tree::Tree;
use super::{Filter, Matcher};

/// In which element of which array (told by its address) a leaf stands.
type Membership = Vec<(*const (), usize)>;

/// A leaf of the event at a path.
struct Leaf<'e> {
    value: &'e Tree<'e>,
    elements: Membership,
}

/// Conditions that must all hold, sorted by path.
type Conditions<'f> = Vec<(&'f str, &'f [Matcher])>;

pub(super) fn holds(filter: &Filter, event: &Tree<'_>) -> bool {
    match plainly(filter, event) {
        Plain::Never => false,
        Plain::Surely => true,
        Plain::DependsOnArrays => {
            let mut found = false;
            branches(&[filter], &mut Vec::new(), &mut |conditions| {
                let mut sorted = conditions.clone();
                sorted.sort_by_key(|(path, _)| *path);
                found = found || consistently(&sorted, event, &Vec::new());
                found
            });
            found
        }
    }
}

/// What can be said when each field is looked at alone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Plain {
    Never,
    /// Some field stands in an array of objects: which element it was taken from matters.
    DependsOnArrays,
    Surely,
}

fn plainly(filter: &Filter, event: &Tree<'_>) -> Plain {
    match filter {
        Filter::All(members) => {
            let mut least = Plain::Surely;
            for member in members {
                least = least.min(plainly(member, event));
                if least == Plain::Never {
                    break;
                }
            }
            least
        }
        Filter::Any(members) => {
            members.iter().map(|member| plainly(member, event)).max().unwrap_or(Plain::Never)
        }
        Filter::Field { path, matchers } => {
            let leaves = leaves(event, path);
            let in_arrays = leaves.iter().any(|leaf| !leaf.elements.is_empty());
            let absent = matchers.iter().any(Matcher::accepts_absent);
            let found = leaves.iter().any(|leaf| accepted(matchers, leaf.value));
            match (found || (absent && leaves.is_empty()), in_arrays) {
                (true, false) => Plain::Surely,
                (false, false) => Plain::Never,
                (true, true) => Plain::DependsOnArrays,
                // Absent in the one element that the other fields were taken from.
                (false, true) if absent => Plain::DependsOnArrays,
                (false, true) => Plain::Never,
            }
        }
    }
}

fn accepted(matchers: &[Matcher], leaf: &Tree<'_>) -> bool {
    matchers.iter().any(|matcher| matcher.takes(leaf))
}

/// Calls `visit` with every way to choose one alternative of each `$or`, until it says to stop.
fn branches<'f>(
    goals: &[&'f Filter],
    chosen: &mut Conditions<'f>,
    visit: &mut impl FnMut(&Conditions<'f>) -> bool,
) -> bool {
    let Some((goal, rest)) = goals.split_last() else {
        return visit(chosen);
    };
    match goal {
        Filter::Field { path, matchers } => {
            chosen.push((path, matchers));
            let stop = branches(rest, chosen, visit);
            chosen.pop();
            stop
        }
        Filter::All(members) => {
            let goals: Vec<&Filter> = rest.iter().copied().chain(members).collect();
            branches(&goals, chosen, visit)
        }
        Filter::Any(members) => members.iter().any(|member| {
            let goals: Vec<&Filter> = rest.iter().copied().chain([member]).collect();
            branches(&goals, chosen, visit)
        }),
    }
}

fn consistently(conditions: &[(&str, &[Matcher])], event: &Tree<'_>, so_far: &Membership) -> bool {
    let Some(((path, matchers), rest)) = conditions.split_first() else {
        return true;
    };
    let leaves = leaves(event, path);
    let mut reachable = leaves
        .iter()
        .filter_map(|leaf| Some((leaf.value, agreed(so_far, &leaf.elements)?)))
        .peekable();
    if reachable.peek().is_none() {
        return matchers.iter().any(Matcher::accepts_absent) && consistently(rest, event, so_far);
    }
    reachable
        .any(|(value, elements)| accepted(matchers, value) && consistently(rest, event, &elements))
}

/// Both memberships together, unless they name different elements of one array.
fn agreed(so_far: &Membership, more: &Membership) -> Option<Membership> {
    let mut together = so_far.clone();
    for (array, index) in more {
        match together.iter().find(|(known, _)| known == array) {
            Some((_, known)) if known != index => return None,
            Some(_) => {}
            None => together.push((*array, *index)),
        }
    }
    Some(together)
}

/// The leaves of an event at a dotted path. A key of the event may itself contain dots, and a key that stands twice
/// has both its values.
fn leaves<'e>(event: &'e Tree<'e>, path: &str) -> Vec<Leaf<'e>> {
    let mut found = Vec::new();
    collect(event, Some(path), &mut Vec::new(), &mut found);
    found
}

/// The values that stand at a dotted path.
pub(super) fn leaf_values<'e>(event: &'e Tree<'e>, path: &str) -> Vec<&'e Tree<'e>> {
    leaves(event, path).into_iter().map(|leaf| leaf.value).collect()
}

/// Collects what stands at the rest of a path; `None` is its end, an empty rest the key `""`.
fn collect<'e>(
    value: &'e Tree<'e>,
    path: Option<&str>,
    elements: &mut Membership,
    found: &mut Vec<Leaf<'e>>,
) {
    match (value, path) {
        (Tree::Object(_), None) => {}
        (Tree::Object(members), Some(path)) => {
            for (key, inner) in members {
                match path.strip_prefix(&**key) {
                    Some("") => collect(inner, None, elements, found),
                    Some(rest) => {
                        if let Some(rest) = rest.strip_prefix('.') {
                            collect(inner, Some(rest), elements, found);
                        }
                    }
                    None => {}
                }
            }
        }
        (Tree::List(items), path) => {
            let list = std::ptr::from_ref(value).cast::<()>();
            for (index, item) in items.iter().enumerate() {
                // Plain values in one array may satisfy one field only, so they need no mark.
                let marked = !item.is_leaf();
                if marked {
                    elements.push((list, index));
                }
                collect(item, path, elements, found);
                if marked {
                    elements.pop();
                }
            }
        }
        (value, None) => found.push(Leaf { value, elements: elements.clone() }),
        (_, Some(_)) => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::Pattern;
    use serde_json::{Value, json};

    fn matches(pattern: &Value, event: &Value) -> bool {
        Pattern::parse(&pattern.to_string()).expect("a pattern").matches(event)
    }

    #[test]
    fn every_operator_decides_as_eventbridge_does() {
        for (operators, value, expected) in [
            (json!(["a", "b"]), json!("b"), true),
            (json!(["a"]), json!("A"), false),
            (json!([300]), json!(300), true),
            (json!([300]), json!(300.0), true),
            (json!([{"anything-but": 300}]), json!(300.0), false),
            (json!(["2001:db8::1"]), json!("2001:DB8:0::1"), true),
            (json!([300]), json!("300"), false),
            (json!([true]), json!(true), true),
            (json!(["true"]), json!(true), false),
            (json!([null]), json!(null), true),
            (json!([null]), json!(""), false),
            (json!([""]), json!(""), true),
            (json!([{"prefix": "ab"}]), json!("abc"), true),
            (json!([{"prefix": "1"}]), json!(12), false),
            (json!([{"suffix": "bc"}]), json!("abc"), true),
            (json!([{"prefix": {"equals-ignore-case": "AB"}}]), json!("abc"), true),
            (json!([{"equals-ignore-case": "ABC"}]), json!("abc"), true),
            (json!([{"wildcard": "a*c"}]), json!("abc"), true),
            (json!([{"anything-but": "a"}]), json!("b"), true),
            (json!([{"anything-but": "a"}]), json!("a"), false),
            (json!([{"anything-but": "a"}]), json!(1), true),
            (json!([{"anything-but": "a"}]), json!(null), true),
            (json!([{"anything-but": ["a", "b"]}]), json!("b"), false),
            (json!([{"anything-but": [1, 2]}]), json!(2), false),
            (json!([{"anything-but": [1, 2]}]), json!("2"), true),
            (json!([{"anything-but": {"prefix": "a"}}]), json!("ab"), false),
            (json!([{"anything-but": {"suffix": ["a", "b"]}}]), json!("cb"), false),
            (json!([{"anything-but": {"equals-ignore-case": "A"}}]), json!("a"), false),
            (json!([{"anything-but": {"wildcard": "*x*"}}]), json!("axb"), false),
            (json!([{"anything-but": {"wildcard": "*x*"}}]), json!("ab"), true),
            (json!([{"numeric": [">", 0, "<=", 5]}]), json!(5), true),
            (json!([{"numeric": [">", 0, "<=", 5]}]), json!(0), false),
            (json!([{"numeric": ["=", 5]}]), json!(5.0), true),
            (json!([{"numeric": ["=", 5]}]), json!("5"), false),
            (json!([{"cidr": "10.0.0.0/24"}]), json!("10.0.0.255"), true),
            (json!([{"cidr": "10.0.0.0/24"}]), json!("10.0.1.0"), false),
            (json!([{"cidr": "10.0.0.0/24"}]), json!("cloudformation.amazonaws.com"), false),
            (json!([{"cidr": "2001:db8::/32"}]), json!("2001:db8:1::7"), true),
            (json!([{"cidr": "0.0.0.0/0"}]), json!("::1"), true),
            (json!([{"exists": true}]), json!(null), true),
            (json!([{"exists": true}]), json!({"b": 1}), false),
            (json!([{"exists": false}]), json!({"b": 1}), true),
            (json!([{"exists": false}]), json!({}), true),
            (json!([{"exists": false}]), json!([]), true),
            (json!([{"exists": false}]), json!(null), false),
            (json!(["b"]), json!(["a", "b"]), true),
            (json!([{"anything-but": "a"}]), json!(["a", "b"]), true),
        ] {
            let (pattern, event) = (json!({"a": operators}), json!({"a": value}));
            assert_eq!(matches(&pattern, &event), expected, "{pattern} ~ {event}");
        }
    }

    #[test]
    fn a_missing_field_matches_exists_false_and_nothing_else() {
        let event = json!({"b": 1});
        assert!(matches(&json!({"a": [{"exists": false}]}), &event));
        for operators in
            [json!([null]), json!([{"anything-but": "x"}]), json!([{"exists": true}]), json!([""])]
        {
            assert!(!matches(&json!({"a": operators}), &event), "{operators}");
        }
    }

    #[test]
    fn two_conditions_need_one_element_of_an_array() {
        let event = json!({"employees": [
            {"firstName": "John", "lastName": "Doe"},
            {"firstName": "Anna", "lastName": "Smith"},
        ]});
        assert!(matches(&json!({"employees": {"firstName": ["Anna"]}}), &event));
        let both = |last: &str| json!({"employees": {"firstName": ["Anna"], "lastName": [last]}});
        assert!(matches(&both("Smith"), &event));
        assert!(!matches(&both("Doe"), &event), "Anna and Doe are different elements");
    }

    #[test]
    fn elements_of_nested_and_of_different_arrays_are_told_apart() {
        let event = json!({
            "a": [{"x": 1, "b": [{"y": 1}, {"z": 2}]}, {"x": 2, "b": [{"y": 2, "z": 2}]}],
            "c": [{"w": 1}, {"w": 2}],
        });
        assert!(matches(&json!({"a": {"x": [1], "b": {"y": [1]}}}), &event));
        assert!(!matches(&json!({"a": {"x": [1], "b": {"y": [2]}}}), &event));
        assert!(!matches(&json!({"a": {"x": [1], "b": {"y": [1], "z": [2]}}}), &event));
        assert!(matches(&json!({"a": {"x": [2]}, "c": {"w": [1]}}), &event), "two arrays");
    }

    #[test]
    fn an_absent_field_is_looked_for_in_the_element_of_the_fields_before_it() {
        let event = json!({"items": [{"a": 1}, {"a": 2, "b": 1}]});
        assert!(matches(&json!({"items": {"a": [1], "b": [{"exists": false}]}}), &event));
        assert!(!matches(&json!({"items": {"a": [2], "b": [{"exists": false}]}}), &event));
        assert!(!matches(&json!({"items": {"b": [{"exists": false}]}}), &event));
    }

    #[test]
    fn dotted_keys_and_nested_keys_are_the_same_path() {
        let nested = json!({"detail": {"a": {"b": 1}}});
        let dotted = json!({"detail": {"a.b": 1}});
        for event in [&nested, &dotted] {
            assert!(matches(&json!({"detail": {"a": {"b": [1]}}}), event));
            assert!(matches(&json!({"detail.a.b": [1]}), event));
        }
    }

    #[test]
    fn or_takes_one_alternative_at_any_level() {
        let pattern = json!({
            "source": ["s"],
            "detail": {"$or": [{"x": [1]}, {"y": [1], "$or": [{"p": [1]}, {"q": [1]}]}]},
        });
        for (detail, expected) in [
            (json!({"x": 1}), true),
            (json!({"y": 1}), false),
            (json!({"y": 1, "q": 1}), true),
            (json!({"x": 2, "p": 1}), false),
        ] {
            let event = json!({"source": "s", "detail": detail});
            assert_eq!(matches(&pattern, &event), expected, "{event}");
        }
    }

    #[test]
    fn or_chooses_one_alternative_for_all_elements_together() {
        let pattern = json!({"i": {"a": [1], "$or": [{"b": [2]}, {"c": [3]}]}});
        assert!(matches(&pattern, &json!({"i": [{"a": 1, "c": 3}, {"b": 2}]})));
        assert!(!matches(&pattern, &json!({"i": [{"a": 1}, {"b": 2, "c": 3}]})));
    }
}
