//! The `numeric` operator: ranges of numbers.

use std::borrow::Cow;

/// The largest number, either way, that AWS's user guide says EventBridge compares.
///
/// The library that EventBridge runs on compares every double since its version 1.8.0 (2024-09), and refused
/// operands beyond this limit before. Which version runs is not published.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>
pub const NUMBER_LIMIT: f64 = 5_000_000_000.0;

/// Digits up to which a decimal without exponent is always the shortest one of its double.
const SAFE_DIGITS: usize = 15;

/// A number of an event or a pattern, with all its digits where they are known.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Number<'n> {
    Json(&'n serde_json::Number),
    /// As written.
    Text(Cow<'n, str>),
}

impl Number<'_> {
    /// The double that EventBridge compares, so that 300, 300.0 and 3e2 are the same.
    ///
    /// `None` for a number that it compares as a text only: one whose decimal is not that by which its double is
    /// printed, such as 9007199254740993, numbers of more than about 17 digits, and `5e-324`, which is printed as
    /// `4.9E-324` (<https://github.com/aws/event-ruler>, `ComparableNumber`, since 1.8.0).
    pub(crate) fn worth(&self) -> Option<f64> {
        match self {
            Self::Text(text) => worth(text),
            Self::Json(number) => {
                let double = number.as_f64()?;
                // Below 2⁵³ a whole number is its double, and what has a fraction was printed from one.
                let plain = double.abs() < 9e15 && (number.is_f64() || double.fract() == 0.0);
                if plain && (double == 0.0 || double.abs() > 1e-300) {
                    return Some(double + 0.0);
                }
                worth(&number.to_string())
            }
        }
    }

    /// Its text, as near as it is known.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Json(number) => Cow::Owned(number.to_string()),
        }
    }

    pub(crate) fn to_value(&self) -> serde_json::Value {
        match self {
            Self::Json(number) => serde_json::Value::Number((*number).clone()),
            Self::Text(text) => serde_json::from_str(text).unwrap_or(serde_json::Value::Null),
        }
    }

    pub(crate) fn into_owned(self) -> Number<'static> {
        Number::Text(Cow::Owned(self.text().into_owned()))
    }
}

fn worth(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok().filter(|number: &f64| number.is_finite())?;
    let exponent = text.contains(['e', 'E']);
    let short = !exponent && text.bytes().filter(u8::is_ascii_digit).count() <= SAFE_DIGITS;
    // Zero has one sign.
    (short || Decimal::of(text) == Decimal::of(&printed(number))).then_some(number + 0.0)
}

/// The decimal by which a double is printed: the shortest that is read back as it, of two digits at least.
fn printed(number: f64) -> String {
    let shortest = format!("{number:e}");
    match shortest.contains('.') {
        true => shortest,
        false => format!("{number:.1e}"),
    }
}

/// A decimal number: the digits after `0.`, without zeros at either end, and a power of ten.
#[derive(PartialEq)]
struct Decimal {
    negative: bool,
    digits: String,
    power: i64,
}

impl Decimal {
    fn of(text: &str) -> Self {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let negative = mantissa.starts_with('-');
        let mantissa = mantissa.trim_start_matches('-');
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        let leading = digits.len() - digits.trim_start_matches('0').len();
        let digits = digits.trim_matches('0').to_owned();
        if digits.is_empty() {
            return Self { negative: false, digits, power: 0 };
        }
        let length = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
        // An exponent that no number has is of no double that is finite and not zero.
        let exponent: i64 = exponent.parse().unwrap_or(i64::MAX);
        let power = exponent.saturating_add(length(whole.len())).saturating_sub(length(leading));
        Self { negative, digits, power }
    }
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
    /// Every number that is compared as one.
    pub const EVERY: Self = Self { low: None, high: None };

    /// This number alone.
    pub fn point(at: f64) -> Self {
        let bound = Some(Bound { at, inclusive: true });
        Self { low: bound, high: bound }
    }

    /// Whether a number is in the range. None beyond [`NUMBER_LIMIT`] is.
    pub fn contains(&self, number: f64) -> bool {
        self.low.is_none_or(|low| number > low.at || (low.inclusive && number == low.at))
            && self
                .high
                .is_none_or(|high| number < high.at || (high.inclusive && number == high.at))
    }

    /// Whether no number is in the range.
    pub fn is_empty(&self) -> bool {
        self.low.zip(self.high).is_some_and(|(low, high)| {
            low.at > high.at || (low.at == high.at && !(low.inclusive && high.inclusive))
        })
    }

    /// Whether every number in it is in `other`.
    pub fn within(&self, other: &Self) -> bool {
        self.is_empty() || other.intersection(self) == *self
    }

    /// The numbers that are in both ranges.
    pub fn intersection(&self, other: &Self) -> Self {
        Self {
            low: narrower(self.low, other.low, |a, b| a > b),
            high: narrower(self.high, other.high, |a, b| a < b),
        }
    }

    /// What is left of it without `other`: none, one or two ranges. An end that is open stays open.
    pub fn without(&self, other: &Self) -> Vec<Self> {
        let beyond = |end: Bound| Some(Bound { at: end.at, inclusive: !end.inclusive });
        let before = other.low.map(|low| Self { low: None, high: beyond(low) });
        let after = other.high.map(|high| Self { low: beyond(high), high: None });
        [before, after]
            .into_iter()
            .flatten()
            .map(|part| self.intersection(&part))
            .filter(|part| !part.is_empty())
            .collect()
    }

    /// The same numbers as ranges that the operator can say: it takes one end at least.
    pub fn spelled(self) -> Vec<Self> {
        if self != Self::EVERY {
            return vec![self];
        }
        let zero = |inclusive| Some(Bound { at: 0.0, inclusive });
        vec![Self { low: None, high: zero(false) }, Self { low: zero(true), high: None }]
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

/// The end that leaves less; an end that is open leaves everything.
fn narrower(a: Option<Bound>, b: Option<Bound>, less: fn(f64, f64) -> bool) -> Option<Bound> {
    match (a, b) {
        (Some(a), Some(b)) if a.at == b.at => {
            Some(Bound { at: a.at, inclusive: a.inclusive && b.inclusive })
        }
        (Some(a), Some(b)) => Some(if less(a.at, b.at) { a } else { b }),
        (end, None) | (None, end) => end,
    }
}

/// A whole number prints without a decimal point, as people write it.
fn number(at: f64) -> serde_json::Value {
    if at.fract() == 0.0 && at.abs() < 9e15 {
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
    fn numbers_are_compared_as_doubles_where_their_decimal_is_that_of_one() {
        for (text, double) in [
            ("300", Some(300.0)),
            ("3e2", Some(300.0)),
            ("-0", Some(0.0)),
            ("0.10", Some(0.1)),
            ("0e5", Some(0.0)),
            ("111122223333", Some(111_122_223_333.0)),
            ("9007199254740991.0", Some(9_007_199_254_740_991.0)),
            ("9007199254740992", Some(9_007_199_254_740_992.0)),
            ("9007199254740993", None),
            ("18446744073709551615", None),
            ("18446744073709552000", Some(18_446_744_073_709_552_000.0)),
            ("3.1415926535897930", Some(std::f64::consts::PI)),
            ("3.14159265358979312", None),
            ("0.30000000000000004", Some(0.300_000_000_000_000_04)),
            ("0.3000000000000000444", None),
            ("1.7976931348623157e308", Some(f64::MAX)),
            ("2e23", Some(2e23)),
            ("1e400", None),
            ("1e-400", None),
            ("1e-99999999999999999999", None),
            ("5e-324", None),
            ("4.9e-324", Some(5e-324)),
        ] {
            assert_eq!(Number::Text(text.into()).worth(), double, "{text}");
        }
    }

    #[test]
    fn a_number_of_json_is_worth_what_its_text_is() {
        for text in ["0", "-0.0", "1.5", "9007199254740993", "9007199254740991", "5e-324", "1e300"]
        {
            let number: serde_json::Number = serde_json::from_str(text).unwrap();
            let printed = number.to_string();
            assert_eq!(Number::Json(&number).worth(), worth(&printed), "{text}");
        }
    }

    #[test]
    fn ends_count_only_when_they_are_inclusive() {
        let range = range(Some((0.0, false)), Some((5.0, true)));
        assert!(!range.contains(0.0) && range.contains(0.1) && range.contains(5.0));
        assert!(!range.contains(5.1));
    }

    #[test]
    fn an_end_that_is_open_has_no_limit() {
        let above = range(Some((100.0, true)), None);
        assert!(above.contains(6e9) && above.contains(f64::MAX));
        assert_eq!(NumericRange::EVERY.without(&range(None, Some((100.0, false)))), [above]);
        assert!(NumericRange::EVERY.without(&NumericRange::EVERY).is_empty());
        let all = NumericRange::EVERY.spelled();
        for number in [-6e9, -1.0, 0.0, 6e9] {
            assert_eq!(all.iter().filter(|part| part.contains(number)).count(), 1, "{number}");
        }
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
