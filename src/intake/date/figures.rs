//! Dates in figures: runs of digits, Unix times, and three numbers of which one is a day.

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Failure, Moment, Order, at};

/// Years that a compact spelling may begin with; outside of them the same digits are a Unix time.
const COMPACT_YEARS: std::ops::RangeInclusive<i16> = 1900..=2099;

/// Reads what consists of digits alone, or is a Unix time with a fraction; `None` where it is something else, and
/// `Some(None)` where it is such a number and no date.
///
/// Of n digits there is one thing that anybody writes: 4 are a year, 8 a day, 9 to 11 seconds since 1970, 13 milliseconds,
/// 16 micro- and 19 nanoseconds; 12, 14 and 17 are a day and a time run together, as web archives write them.
pub(super) fn run_of_digits(text: &str) -> Option<Option<Moment>> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    // `3.12` is no time, `1767607200.5` is.
    if digits.contains('.') && whole.len() < 9 && !fraction.bytes().all(|byte| byte == b'0') {
        return None;
    }
    let number: i64 = whole.parse::<i64>().ok()?.checked_mul(sign)?;
    if sign > 0
        && let Some(moment) = compact(whole)
    {
        return Some(Some(moment));
    }
    let time = match whole.len() {
        9..=11 => Timestamp::from_second(number).ok(),
        12 | 13 => Timestamp::from_millisecond(number).ok(),
        15 | 16 => Timestamp::from_microsecond(number).ok(),
        18 | 19 => Timestamp::from_nanosecond(number.into()).ok(),
        _ => None,
    };
    Some(time.map(Moment::Time))
}

/// A year, a day, or a day and a time, run together.
fn compact(digits: &str) -> Option<Moment> {
    let part = |from: usize, to: usize| digits[from..to].parse::<i16>().ok();
    let small = |from: usize, to: usize| digits[from..to].parse::<i8>().ok();
    match digits.len() {
        4 => part(0, 4).filter(|year| *year >= 1000 && *year < 3000).map(Moment::Year),
        8 => Date::new(part(0, 4)?, small(4, 6)?, small(6, 8)?).ok().map(Moment::Day),
        12 | 14 | 17 => {
            let year = part(0, 4).filter(|year| COMPACT_YEARS.contains(year))?;
            let date = Date::new(year, small(4, 6)?, small(6, 8)?).ok()?;
            let second = if digits.len() == 12 { 0 } else { small(12, 14)? };
            at(date, (small(8, 10)?, small(10, 12)?, second), 0)
        }
        _ => None,
    }
}

/// A number of a date, with how many digits it was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    pub(super) value: i32,
    pub(super) n_digits: usize,
}

impl Number {
    pub(super) fn is_year(self) -> bool {
        self.n_digits == 4 && (1000..3000).contains(&self.value)
    }

    fn year(self) -> i16 {
        self.value as i16
    }

    /// The year that two digits mean: POSIX puts 69 to 99 into the twentieth century.
    fn short_year(self) -> Option<i16> {
        match self.value {
            _ if self.n_digits != 2 => None,
            69..=99 => Some(1900 + self.value as i16),
            0..=68 => Some(2000 + self.value as i16),
            _ => None,
        }
    }
}

/// The date that some numbers in a row mean. `is_dotted`: they have dots between them.
pub(super) fn date(numbers: &[Number], is_dotted: bool, order: Option<Order>) -> Result<Moment, Failure> {
    let day = |year: i16, month: i32, day: i32| {
        let (month, day) = (i8::try_from(month).ok(), i8::try_from(day).ok());
        let date = month.zip(day).and_then(|(month, day)| Date::new(year, month, day).ok());
        date.map(Moment::Day).ok_or(Failure::NoDate)
    };
    match *numbers {
        [year] if year.is_year() => Ok(Moment::Year(year.year())),
        [year, month] | [month, year] if year.is_year() && (1..=12).contains(&month.value) && month.n_digits < 3 => {
            Ok(Moment::Month(year.year(), month.value as i8))
        }
        [year, a, b] if year.is_year() => day(year.year(), a.value, b.value),
        [a, b, last] => {
            // A year of two digits is read where somebody said in which order the numbers stand.
            let year = match (last.is_year(), order) {
                (true, _) => last.year(),
                (false, Some(_)) => last.short_year().ok_or(Failure::NoDate)?,
                (false, None) => return Err(Failure::NoDate),
            };
            match (a.value, b.value) {
                (13..=31, 1..=12) if order != Some(Order::MonthFirst) => day(year, b.value, a.value),
                (1..=12, 13..=31) if order != Some(Order::DayFirst) => day(year, a.value, b.value),
                (1..=12, 1..=12) if a.value == b.value => day(year, a.value, b.value),
                (1..=12, 1..=12) => match order {
                    Some(Order::DayFirst) => day(year, b.value, a.value),
                    Some(Order::MonthFirst) => day(year, a.value, b.value),
                    // Wherever dates are written with dots, the day comes first.
                    None if is_dotted => day(year, b.value, a.value),
                    None => Err(Failure::TwoWays),
                },
                _ => Err(Failure::NoDate),
            }
        }
        _ => Err(Failure::NoDate),
    }
}

/// Returns whether a text holds a date whose reading may depend on the order of day and month.
pub(super) fn order_matters(text: &str) -> bool {
    let date = text.split([' ', 'T', ',']).find(|part| part.contains(['/', '.', '-'])).unwrap_or_default();
    let parts: Vec<&str> = date.split(['/', '.', '-']).collect();
    let is_short = |part: &str| matches!(part.len(), 1 | 2) && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() == 3 && is_short(parts[0]) && is_short(parts[1]) && matches!(parts[2].len(), 2 | 4)
}
