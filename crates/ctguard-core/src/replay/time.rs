//! Times as CloudTrail writes them, in seconds, and the days they fall on.

use jiff::ToSpan;
use jiff::civil::{Date, date};

const DAY: i64 = 86_400;
/// CloudTrail began in 2013; what lies far outside is a broken record, not a day of a report.
const FIRST_YEAR: i32 = 2000;
const LAST_YEAR: i32 = 2199;

/// Reads `2026-11-22T10:00:00Z` as seconds since 1970, UTC; fractions of a second are cut. `None` for anything
/// else, and for years in which no event can lie.
pub fn seconds(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let digits = |from: usize, to: usize| {
        bytes.get(from..to)?.iter().try_fold(0_i32, |sum, byte| {
            byte.is_ascii_digit().then(|| sum * 10 + i32::from(byte - b'0'))
        })
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    let ends_well = match bytes.get(19)? {
        b'Z' => bytes.len() == 20,
        b'.' => bytes.ends_with(b"Z") && digits(20, bytes.len() - 1).is_some(),
        _ => false,
    };
    if !ends_well || marks.iter().any(|(at, mark)| bytes.get(*at) != Some(mark)) {
        return None;
    }
    let year = digits(0, 4).filter(|year| (FIRST_YEAR..=LAST_YEAR).contains(year))?;
    let (month, day) = (i8::try_from(digits(5, 7)?).ok()?, i8::try_from(digits(8, 10)?).ok()?);
    let on = Date::new(i16::try_from(year).ok()?, month, day).ok()?;
    let (hour, minute, second) = (digits(11, 13)?, digits(14, 16)?, digits(17, 19)?);
    // A leap second is counted with the one before it.
    (hour < 24 && minute < 60 && second <= 60).then(|| {
        day_start(on) + i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second.min(59))
    })
}

/// The first second of a day.
pub fn day_start(day: Date) -> i64 {
    i64::from(epoch().until(day).map_or(0, |span| span.get_days())) * DAY
}

/// The number of the day that a second falls on, from 1970-01-01.
pub fn day_number(seconds: i64) -> i32 {
    i32::try_from(seconds.div_euclid(DAY)).unwrap_or_default()
}

/// The day of this number.
pub fn day(number: i32) -> Date {
    epoch().saturating_add(number.days())
}

/// A second as CloudTrail writes it.
pub fn text(seconds: i64) -> String {
    let (day, rest) = (day(day_number(seconds)), seconds.rem_euclid(DAY));
    format!("{day}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

fn epoch() -> Date {
    date(1970, 1, 1)
}

/// The day in the name of a CloudTrail log file (`…_20261122T1005Z_….json.gz`), on which it was delivered.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html>
pub fn delivered_on(file_name: &str) -> Option<Date> {
    file_name.split('_').find_map(|part| {
        let bytes = part.as_bytes();
        let shape = bytes.len() == 14 && bytes[8] == b'T' && bytes[13] == b'Z';
        let (day, time) = (part.get(..8)?, part.get(9..13)?);
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !shape || !digits(day) || !digits(time) {
            return None;
        }
        let number = |from: usize, to: usize| day.get(from..to)?.parse::<i16>().ok();
        let (month, of_month) = (number(4, 6)?.try_into().ok()?, number(6, 8)?.try_into().ok()?);
        Date::new(number(0, 4)?, month, of_month).ok()
    })
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
