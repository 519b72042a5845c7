//! The `numeric` operator: ranges of numbers.

/// The largest number, either way, that EventBridge compares as a number.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>
pub const NUMBER_LIMIT: f64 = 5_000_000_000.0;

/// Whether two numbers are worth the same, so that 300 is 300.0.
///
/// AWS's user guide says that numbers are compared as texts; the library that EventBridge runs on takes a number
/// that is written as the pattern's, and one that is worth the same
/// (<https://github.com/aws/event-ruler#exact-matching>). A whole number that a `double` cannot hold is compared as
/// written.
pub(super) fn equal(a: &serde_json::Number, b: &serde_json::Number) -> bool {
    if a == b {
        return true;
    }
    let (Some(x), Some(y)) = (a.as_f64(), b.as_f64()) else {
        return false;
    };
    // Two whole numbers that are not the same differ even where their doubles do not.
    x == y && held(a, x) && held(b, y) && (a.is_f64() || b.is_f64())
}

/// Whether a double holds the number as it is.
fn held(number: &serde_json::Number, double: f64) -> bool {
    // A whole number comes back out of its double only if nothing was rounded; 128 bits hold every one of both.
    #[allow(clippy::cast_possible_truncation)]
    number.as_i128().is_none_or(|whole| double as i128 == whole)
}

/// One end of a range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// The number at this end.
    pub at: f64,
    /// Whether the number itself is in the range: `<=` and `>=`, not `<` and `>`.
    pub inclusive: bool,
}

/// Numbers between two ends, at least one of which is there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumericRange {
    /// The lower end; `None` when the range has none.
    pub low: Option<Bound>,
    /// The upper end; `None` when the range has none.
    pub high: Option<Bound>,
}

impl NumericRange {
    /// Every number that EventBridge compares.
    pub const EVERY: Self = Self {
        low: Some(Bound { at: -NUMBER_LIMIT, inclusive: true }),
        high: Some(Bound { at: NUMBER_LIMIT, inclusive: true }),
    };

    /// This number alone.
    pub fn point(at: f64) -> Self {
        let bound = Some(Bound { at, inclusive: true });
        Self { low: bound, high: bound }
    }

    /// Whether a number is in the range. None beyond [`NUMBER_LIMIT`] is.
    pub fn contains(&self, number: f64) -> bool {
        let (low, high) = self.ends();
        let above = number > low.at || (low.inclusive && number == low.at);
        let below = number < high.at || (high.inclusive && number == high.at);
        number.abs() <= NUMBER_LIMIT && above && below
    }

    /// Both ends, the limits in place of those that are open.
    fn ends(&self) -> (Bound, Bound) {
        let limit = |at| Bound { at, inclusive: true };
        (self.low.unwrap_or(limit(-NUMBER_LIMIT)), self.high.unwrap_or(limit(NUMBER_LIMIT)))
    }

    /// Whether no number is in the range.
    pub fn is_empty(&self) -> bool {
        let (low, high) = self.ends();
        low.at > high.at || (low.at == high.at && !(low.inclusive && high.inclusive))
    }

    /// Whether every number in it is in `other`.
    pub fn within(&self, other: &Self) -> bool {
        other.intersection(self) == self.closed() || self.is_empty()
    }

    /// The numbers that are in both ranges.
    pub fn intersection(&self, other: &Self) -> Self {
        let ((low_a, high_a), (low_b, high_b)) = (self.ends(), other.ends());
        let low = match low_a.at.total_cmp(&low_b.at) {
            std::cmp::Ordering::Greater => low_a,
            std::cmp::Ordering::Less => low_b,
            std::cmp::Ordering::Equal => {
                Bound { at: low_a.at, inclusive: low_a.inclusive && low_b.inclusive }
            }
        };
        let high = match high_a.at.total_cmp(&high_b.at) {
            std::cmp::Ordering::Less => high_a,
            std::cmp::Ordering::Greater => high_b,
            std::cmp::Ordering::Equal => {
                Bound { at: high_a.at, inclusive: high_a.inclusive && high_b.inclusive }
            }
        };
        Self { low: Some(low), high: Some(high) }
    }

    /// What is left of it without `other`: none, one or two ranges.
    pub fn without(&self, other: &Self) -> Vec<Self> {
        let (low, high) = other.ends();
        let before =
            Self { low: None, high: Some(Bound { at: low.at, inclusive: !low.inclusive }) };
        let after =
            Self { low: Some(Bound { at: high.at, inclusive: !high.inclusive }), high: None };
        [before, after]
            .iter()
            .map(|part| self.intersection(part))
            .filter(|part| !part.is_empty())
            .collect()
    }

    fn closed(&self) -> Self {
        let (low, high) = self.ends();
        Self { low: Some(low), high: Some(high) }
    }

    /// The list that the operator takes: `[">=", 1, "<", 5]`.
    pub(super) fn operands(&self) -> Vec<serde_json::Value> {
        let (low, high) = (self.low, self.high);
        if let (Some(low), Some(high)) = (low, high)
            && low.at == high.at
        {
            return vec!["=".into(), number(low.at)];
        }
        let low = low.map(|bound| (if bound.inclusive { ">=" } else { ">" }, bound.at));
        let high = high.map(|bound| (if bound.inclusive { "<=" } else { "<" }, bound.at));
        low.into_iter().chain(high).flat_map(|(sign, at)| [sign.into(), number(at)]).collect()
    }
}

/// A whole number prints without a decimal point, as people write it.
fn number(at: f64) -> serde_json::Value {
    if at.fract() == 0.0 && at.abs() <= NUMBER_LIMIT {
        // In range by the check beside it, and without a fraction: nothing is cut off.
        #[allow(clippy::cast_possible_truncation)]
        return serde_json::Value::from(at as i64);
    }
    serde_json::Value::from(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(low: Option<(f64, bool)>, high: Option<(f64, bool)>) -> NumericRange {
        let bound = |(at, inclusive)| Bound { at, inclusive };
        NumericRange { low: low.map(bound), high: high.map(bound) }
    }

    #[test]
    fn numbers_are_the_same_when_they_are_worth_the_same() {
        let number = |text: &str| serde_json::from_str::<serde_json::Number>(text).unwrap();
        for (a, b, same) in [
            ("300", "300.0", true),
            ("300", "3e2", true),
            ("-0", "0", true),
            ("0.1", "0.10", true),
            ("1", "1.0000001", false),
            ("9007199254740993", "9007199254740993", true),
            ("9007199254740993", "9007199254740992", false),
            ("9007199254740993", "9007199254740992.0", false),
            ("9007199254740992", "9007199254740992.0", true),
            ("111122223333", "111122223333", true),
            ("18446744073709551615", "18446744073709551614", false),
        ] {
            assert_eq!(equal(&number(a), &number(b)), same, "{a} {b}");
            assert_eq!(equal(&number(b), &number(a)), same, "{b} {a}");
        }
    }

    #[test]
    fn ends_count_only_when_they_are_inclusive() {
        let range = range(Some((0.0, false)), Some((5.0, true)));
        assert!(!range.contains(0.0) && range.contains(0.1) && range.contains(5.0));
        assert!(!range.contains(5.1));
    }

    #[test]
    fn numbers_beyond_the_limit_are_in_no_range() {
        assert!(!range(Some((1.0, true)), None).contains(6e9));
        assert!(NumericRange::EVERY.contains(-5e9));
    }

    #[test]
    fn what_is_taken_out_leaves_both_sides() {
        let parts = NumericRange::EVERY.without(&range(Some((22.0, true)), Some((25.0, false))));
        assert_eq!(parts.len(), 2);
        for (number, left) in [(21.9, true), (22.0, false), (24.0, false), (25.0, true)] {
            assert_eq!(parts.iter().any(|part| part.contains(number)), left, "{number}");
        }
        assert!(NumericRange::point(3.0).without(&NumericRange::EVERY).is_empty());
    }

    #[test]
    fn a_range_is_within_another_when_nothing_sticks_out() {
        let inner = range(Some((1.0, false)), Some((2.0, false)));
        assert!(inner.within(&range(Some((1.0, false)), None)));
        assert!(inner.within(&range(Some((1.0, true)), Some((2.0, true)))));
        assert!(!range(Some((1.0, true)), None).within(&range(Some((1.0, false)), None)));
        assert!(NumericRange::point(1.0).within(&range(Some((1.0, true)), None)));
    }
}
