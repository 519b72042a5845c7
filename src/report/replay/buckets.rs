//! Days of a report, put together where there are many, so that a chart has room for them.

use ctguard_core::replay::Days;
use ctguard_core::replay::time::{day, day_number, day_start};
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Equal spans of days that follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buckets {
    /// Number of the first day.
    first: i32,
    last: i32,
    /// Days in each; the last bucket may be shorter.
    span: i32,
}

impl Buckets {
    /// As few days in each as it takes to have at most so many: 1, 7, or a multiple of 7.
    pub fn within(days: Days, most: usize) -> Self {
        let number = |date: Date| day_number(day_start(date));
        let (first, last) = (number(days.first), number(days.last));
        let most = i32::try_from(most.max(1)).unwrap_or(i32::MAX);
        let all = last - first + 1;
        let weeks = |count: i32| 7 * count;
        let span = match all <= most {
            true => 1,
            false => weeks((all + most * 7 - 1) / (most * 7)),
        };
        Self { first, last, span }
    }

    /// What one is called: `day`, `week`, `14 days`.
    pub fn unit(&self) -> String {
        match self.span {
            1 => "day".to_owned(),
            7 => "week".to_owned(),
            many => format!("{many} days"),
        }
    }

    /// The first and the last day of each.
    pub fn spans(&self) -> Vec<(Date, Date)> {
        (self.first..=self.last)
            .step_by(self.span.unsigned_abs().max(1) as usize)
            .map(|start| (day(start), day((start + self.span - 1).min(self.last))))
            .collect()
    }

    /// The sum of each.
    pub fn sums(&self, per_day: &BTreeMap<Date, u64>) -> Vec<u64> {
        let mut sums = vec![0; self.spans().len()];
        for (date, count) in per_day {
            let index = (day_number(day_start(*date)) - self.first) / self.span.max(1);
            if let Some(sum) = usize::try_from(index).ok().and_then(|index| sums.get_mut(index)) {
                *sum += count;
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn days(first: Date, last: Date) -> Days {
        Days { first, last, count: 0 }
    }

    #[test]
    fn days_stay_days_where_there_is_room_and_become_weeks_where_not() {
        let month = days(date(2026, 10, 1), date(2026, 10, 31));
        assert_eq!(Buckets::within(month, 31).unit(), "day");
        assert_eq!(Buckets::within(month, 31).spans().len(), 31);
        let weeks = Buckets::within(month, 30);
        assert_eq!(weeks.unit(), "week");
        assert_eq!(weeks.spans().last(), Some(&(date(2026, 10, 29), date(2026, 10, 31))));
        let years = Buckets::within(days(date(2013, 1, 1), date(2026, 12, 31)), 60);
        assert!(years.spans().len() <= 60, "{}", years.spans().len());
    }

    #[test]
    fn every_day_is_in_one_of_them() {
        let month = days(date(2026, 10, 1), date(2026, 10, 31));
        let per_day: BTreeMap<Date, u64> = (1..=31).map(|of| (date(2026, 10, of), 1)).collect();
        for most in 1..40 {
            let sums = Buckets::within(month, most).sums(&per_day);
            assert_eq!(sums.iter().sum::<u64>(), 31, "{most}");
            assert!(sums.len() <= most, "{most}: {sums:?}");
        }
    }
}
