//! Steps of time: the years, quarters, months or weeks that days fall into, and how many groups each has.

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Serialize;

/// Length of a step of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    Year,
    Quarter,
    Month,
    /// From Monday on, numbered as ISO 8601 does.
    Week,
}

/// A step and its number of groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// `2024`, `2024-Q2`, `2024-05` or `2024-W19`.
    pub period: String,
    /// Groups whose date is in it.
    pub groups: u64,
}

impl Step {
    /// Returns the name of the step that a day is in.
    pub fn label(self, day: Date) -> String {
        match self {
            Step::Year => format!("{:04}", day.year()),
            Step::Quarter => format!("{:04}-Q{}", day.year(), (day.month() + 2) / 3),
            Step::Month => format!("{:04}-{:02}", day.year(), day.month()),
            Step::Week => {
                let week = day.iso_week_date();
                format!("{:04}-W{:02}", week.year(), week.week())
            }
        }
    }

    /// Returns the first day of the next step; `None` at the end of the calendar.
    fn next(self, day: Date) -> Option<Date> {
        let first = day.first_of_month();
        match self {
            Step::Year => day.first_of_year().checked_add(1.year()),
            Step::Quarter => first.checked_add(i64::from(3 - (day.month() - 1) % 3).months()),
            Step::Month => first.checked_add(1.month()),
            Step::Week => day.checked_add(i64::from(7 - day.weekday().to_monday_zero_offset()).days()),
        }
        .ok()
    }
}

/// Returns the day of a date of the database: a year and a month begin on their first day.
pub fn day(date: &str) -> Option<Date> {
    let day = date.get(..10).unwrap_or(date);
    match day.len() {
        4 => format!("{day}-01-01").parse(),
        7 => format!("{day}-01").parse(),
        _ => day.parse(),
    }
    .ok()
}

/// Steps from the first to the last of these days, without gaps; several series share them.
#[derive(Clone, Debug)]
pub struct Axis {
    step: Step,
    labels: Vec<String>,
}

/// More steps than this are not listed: a single misspelt year would make centuries of weeks.
const STEPS_MAX: usize = 5_000;

impl Axis {
    /// Lays the steps out; none where there is no day.
    pub fn new(step: Step, days: impl IntoIterator<Item = Date>) -> Axis {
        let (mut first, mut last) = (None, None);
        for day in days {
            first = Some(first.map_or(day, |first: Date| first.min(day)));
            last = Some(last.map_or(day, |last: Date| last.max(day)));
        }
        let mut labels = vec![];
        let (mut at, end) = (first, last.map(|last| step.label(last)));
        while let Some(day) = at.filter(|_| labels.len() < STEPS_MAX) {
            labels.push(step.label(day));
            at = if labels.last() == end.as_ref() { None } else { step.next(day) };
        }
        Axis { step, labels }
    }

    /// Returns the name of the first step.
    pub fn first(&self) -> Option<&str> {
        self.labels.first().map(String::as_str)
    }

    /// Returns the name of the last step.
    pub fn last(&self) -> Option<&str> {
        self.labels.last().map(String::as_str)
    }

    /// Counts days into the steps.
    pub fn counts(&self, days: &[(Date, u64)]) -> Vec<Count> {
        let mut counts: Vec<Count> =
            self.labels.iter().map(|label| Count { period: label.clone(), groups: 0 }).collect();
        for (day, n) in days {
            let label = self.step.label(*day);
            // Labels of one length are in the order of time.
            if let Ok(at) = counts.binary_search_by(|count| count.period.cmp(&label)) {
                counts[at].groups += n;
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_fall_into_steps_without_gaps() {
        let check = |step: Step, days: &[&str], expected: &[(&str, u64)]| {
            let days: Vec<(Date, u64)> = days.iter().filter_map(|date| Some((day(date)?, 1))).collect();
            let axis = Axis::new(step, days.iter().map(|(day, _)| *day));
            let found: Vec<(String, u64)> =
                axis.counts(&days).into_iter().map(|count| (count.period, count.groups)).collect();
            let expected: Vec<(String, u64)> = expected.iter().map(|(label, n)| ((*label).to_owned(), *n)).collect();
            assert_eq!(found, expected, "{step:?} {days:?}");
        };
        check(Step::Year, &["2022-12-31", "2024", "no date"], &[("2022", 1), ("2023", 0), ("2024", 1)]);
        check(Step::Quarter, &["2023-11", "2024-04-01T10:00:00Z"], &[("2023-Q4", 1), ("2024-Q1", 0), ("2024-Q2", 1)]);
        check(Step::Month, &["2024-01-31", "2024-03-01"], &[("2024-01", 1), ("2024-02", 0), ("2024-03", 1)]);
        // The last days of 2024 are in the first week of 2025.
        check(
            Step::Week,
            &["2024-12-29", "2024-12-30", "2025-01-12"],
            &[("2024-W52", 1), ("2025-W01", 1), ("2025-W02", 1)],
        );
        check(Step::Month, &[], &[]);
        assert!(Axis::new(Step::Week, [day("0001").unwrap(), day("9999").unwrap()]).labels.len() <= STEPS_MAX);
    }
}
