//! Days as people write them.

use jiff::civil::Date;
use jiff::{Span, ToSpan};

/// A day, or how many days ago it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Day {
    Date(Date),
    Ago(u32),
}

/// Most days ago: more than CloudTrail has been there for.
const MOST: u32 = 10_000;

impl Day {
    /// Reads `2026-11-01`, `7d`, `2w`, `today` and `yesterday`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        match text.to_ascii_lowercase().as_str() {
            "today" | "now" => return Ok(Self::Ago(0)),
            "yesterday" => return Ok(Self::Ago(1)),
            _ => {}
        }
        let ago = |unit: char, days: u32| {
            let number: u32 = text.strip_suffix(unit)?.trim().parse().ok()?;
            number.checked_mul(days).filter(|days| *days <= MOST)
        };
        match ago('d', 1).or_else(|| ago('w', 7)) {
            Some(days) => Ok(Self::Ago(days)),
            None => text.parse().map(Self::Date).map_err(|_| {
                "write a day as 2026-11-01, as days or weeks ago (7d, 2w), today or yesterday"
                    .to_owned()
            }),
        }
    }

    /// The date, as seen from another.
    pub fn on(self, today: Date) -> Date {
        match self {
            Self::Date(date) => date,
            Self::Ago(days) => {
                let span: Span = i64::from(days).days();
                today.saturating_sub(span)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn days_are_read_as_people_write_them() {
        let today = date(2026, 11, 29);
        for (text, expected) in [
            ("2026-11-01", Some(date(2026, 11, 1))),
            ("7d", Some(date(2026, 11, 22))),
            ("2w", Some(date(2026, 11, 15))),
            ("yesterday", Some(date(2026, 11, 28))),
            ("Today", Some(today)),
            ("0d", Some(today)),
            ("tomorrow", None),
            ("-1d", None),
            ("99999999d", None),
            ("2026-13-01", None),
        ] {
            let read = Day::parse(text).ok().map(|day| day.on(today));
            assert_eq!(read, expected, "{text}");
        }
    }
}
