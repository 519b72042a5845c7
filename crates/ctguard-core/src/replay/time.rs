//! Times as CloudTrail writes them, in seconds, and the days they fall on.

use jiff::civil::{Date, DateTime, date};
use jiff::{Timestamp, ToSpan};
use std::ops::Range;

const DAY: i64 = 86_400;
const EPOCH: Date = date(1970, 1, 1);
/// The years 2000 to 2199. CloudTrail began in 2013; what lies far outside is a broken record, not a day of a report.
const BELIEVABLE: Range<i64> = 946_684_800..7_258_118_400;

/// Reads `2026-11-22T10:00:00Z` as seconds since 1970, UTC; fractions of a second are cut, and a leap second counts
/// with the one before it. `None` for anything else, and for years in which no event can lie.
pub fn seconds(text: &str) -> Option<i64> {
    // jiff reads more spellings than CloudTrail writes.
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    let bytes = text.as_bytes();
    let shaped = matches!(bytes.get(19), Some(b'Z' | b'.')) && bytes.ends_with(b"Z");
    if !shaped || marks.iter().any(|(at, mark)| bytes.get(*at) != Some(mark)) {
        return None;
    }
    let seconds = text.parse::<Timestamp>().ok()?.as_second();
    BELIEVABLE.contains(&seconds).then_some(seconds)
}

/// The first second of a day.
pub fn day_start(day: Date) -> i64 {
    i64::from(EPOCH.until(day).map_or(0, |span| span.get_days())) * DAY
}

/// The number of the day that a second falls on, from 1970-01-01.
pub fn day_number(seconds: i64) -> i32 {
    i32::try_from(seconds.div_euclid(DAY)).unwrap_or_default()
}

/// The day of this number.
pub fn day(number: i32) -> Date {
    EPOCH.saturating_add(number.days())
}

/// A second as CloudTrail writes it.
pub fn text(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

/// The day in the name of a CloudTrail log file (`…_20261122T1005Z_….json.gz`), on which it was delivered.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html>
pub fn delivered_on(file_name: &str) -> Option<Date> {
    let day = |part: &str| {
        let time = DateTime::strptime("%Y%m%dT%H%MZ", part).ok()?;
        (part.len() == "20261122T1005Z".len()).then(|| time.date())
    };
    file_name.split('_').find_map(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written_alike() {
        for time in ["2026-11-22T10:00:00Z", "2000-02-29T23:59:59Z", "2013-11-13T00:00:00Z"] {
            assert_eq!(seconds(time).map(text).as_deref(), Some(time));
        }
        assert_eq!(seconds("1970-01-01T00:00:00Z"), None, "no event is so old");
        assert_eq!(seconds("2026-11-22T10:00:00.123Z"), seconds("2026-11-22T10:00:00Z"));
        assert_eq!(seconds("2026-12-31T23:59:60Z"), seconds("2026-12-31T23:59:59Z"));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "2026-11-22",
            "2026-11-22T10:00:00",
            "2026-13-22T10:00:00Z",
            "2026-02-30T10:00:00Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T10:00:00+01:00",
            "2026-11-22T10:00:00.Zx",
            "9999-01-01T00:00:00Z",
            "2026-11-22T10:0é:00Z",
            "2026-11-22 10:00:00Z",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn the_years_of_events_are_2000_to_2199() {
        assert_eq!(seconds("2000-01-01T00:00:00Z"), Some(day_start(date(2000, 1, 1))));
        assert_eq!(seconds("1999-12-31T23:59:59Z"), None);
        assert!(seconds("2199-12-31T23:59:59Z").is_some());
        assert_eq!(seconds("2200-01-01T00:00:00Z"), None);
    }

    #[test]
    fn days_are_counted_from_1970() {
        let noon = seconds("2026-11-22T12:00:00Z").unwrap();
        assert_eq!(day(day_number(noon)), date(2026, 11, 22));
        assert_eq!(noon - day_start(date(2026, 11, 22)), 12 * 3600);
    }

    #[test]
    fn the_name_of_a_log_file_says_its_day() {
        let name = "111122223333_CloudTrail_eu-west-1_20261122T1005Z_a1B2c3D4e5F6g7H8.json.gz";
        assert_eq!(delivered_on(name), Some(date(2026, 11, 22)));
        assert_eq!(delivered_on("events.json"), None);
        assert_eq!(delivered_on("x_20261322T1005Z_y.json"), None);
    }
}
