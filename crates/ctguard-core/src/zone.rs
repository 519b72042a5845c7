//! Time zones by their names in the IANA database, which ships with the program, so that the same
//! blueprint compiles to the same bytes everywhere.

use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};

/// From when on offsets are known: 2026-01-01.
const KNOWN_FROM_MILLIS: i64 = 1_767_225_600_000;

/// Until when offsets are known: 2046-01-01. Later ones would be a guess at future laws.
pub(crate) const KNOWN_UNTIL_MILLIS: i64 = 2_398_377_600_000;

/// A time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    name: String,
    turns: Vec<Turn>,
}

/// From when on an offset holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Milliseconds since 1970.
    pub from: i64,
    /// How far local time is ahead of UTC.
    pub minutes: i64,
    /// What local time is called: `CEST`, or `+03` where it has no name.
    pub short: String,
}

impl Zone {
    /// The zone of this name, in whatever case it is written.
    pub fn named(name: &str) -> Option<Self> {
        let zone = TimeZoneDatabase::bundled().get(name).ok()?;
        let name = zone.iana_name()?.to_owned();
        let turns = turns(&zone);
        Some(Self { name, turns })
    }

    /// Its name as the database spells it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its offsets in the years that are known, the earliest first.
    pub fn turns(&self) -> &[Turn] {
        &self.turns
    }
}

/// The names of all zones.
pub fn names() -> Vec<String> {
    TimeZoneDatabase::bundled().available().map(|name| name.to_string()).collect()
}

fn turns(zone: &TimeZone) -> Vec<Turn> {
    let minutes = |seconds: i32| SignedDuration::from_secs(i64::from(seconds)).as_mins();
    let Ok(start) = Timestamp::from_millisecond(KNOWN_FROM_MILLIS) else { return Vec::new() };
    let first = zone.to_offset_info(start);
    let first = Turn {
        from: KNOWN_FROM_MILLIS,
        minutes: minutes(first.offset().seconds()),
        short: first.abbreviation().to_owned(),
    };
    let later = zone.following(start).map(|turn| Turn {
        from: turn.timestamp().as_millisecond(),
        minutes: minutes(turn.offset().seconds()),
        short: turn.abbreviation().to_owned(),
    });
    let later = later.take_while(|turn| turn.from < KNOWN_UNTIL_MILLIS);
    std::iter::once(first).chain(later).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_has_the_offsets_of_each_year() {
        let zone = Zone::named("europe/berlin").unwrap();
        assert_eq!(zone.name(), "Europe/Berlin");
        assert_eq!(zone.turns().len(), 1 + 2 * 20);
        let of = |from: &str| {
            let from = from.parse::<Timestamp>().unwrap().as_millisecond();
            zone.turns().iter().find(|turn| turn.from == from).unwrap().clone()
        };
        let summer = of("2026-03-29T01:00:00Z");
        assert_eq!((summer.minutes, summer.short.as_str()), (120, "CEST"));
        let winter = of("2045-10-29T01:00:00Z");
        assert_eq!((winter.minutes, winter.short.as_str()), (60, "CET"));
        let half = Zone::named("Asia/Kolkata").unwrap();
        assert_eq!(
            half.turns(),
            [Turn { from: KNOWN_FROM_MILLIS, minutes: 330, short: "IST".into() }]
        );
        assert_eq!(Zone::named("Europe/Berln"), None);
        assert!(names().len() > 400);
    }

    #[test]
    fn the_years_are_whole() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        assert_eq!(KNOWN_FROM_MILLIS, at("2026-01-01T00:00:00Z"));
        assert_eq!(KNOWN_UNTIL_MILLIS, at("2046-01-01T00:00:00Z"));
    }
}
