//! Dates as files and people write them, brought to one form: the only reader of dates in the program.
//!
//! A spelling is read if it can mean one thing only. Days and months in figures (`04/03/2024`) can mean two: they are
//! read in the order that the rest of a file shows or somebody typed ([`Order`]), and otherwise not at all.
//!
//! What is read keeps its precision. A year, a month or a day stays one: to add midnight would claim what nobody said.
//! A time with an offset is turned to UTC, one without is taken to be UTC already.

mod figures;
mod words;

use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan as _, Zoned};

/// The order of day and month where both are figures and the year stands last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// `25/03/2024`
    DayFirst,
    /// `03/25/2024`
    MonthFirst,
}

/// Reading of a text as a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// UTC, ISO 8601: a year, a month, a day, or a time to the second.
    Date(String),
    /// One of two days; an [`Order`] would tell.
    TwoWays,
    /// Not a date.
    Unreadable,
}

/// A date, as exactly as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    Year(i16),
    Month(i16, i8),
    Day(Date),
    Time(Timestamp),
}

impl Moment {
    fn text(self) -> Option<String> {
        let text = match self {
            Moment::Year(year) => format!("{year:04}"),
            Moment::Month(year, month) => format!("{year:04}-{month:02}"),
            Moment::Day(day) => day.to_string(),
            Moment::Time(time) => time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        };
        // Texts sort as times only while years have four digits.
        let has_four_digits = text.as_bytes().iter().take(4).all(u8::is_ascii_digit)
            && text.as_bytes().get(4).is_none_or(|byte| *byte == b'-');
        (has_four_digits && !text.starts_with("0000")).then_some(text)
    }
}

/// Reads a text as a date; `order` decides what could be two days.
pub fn read(text: &str, order: Option<Order>) -> Reading {
    match moment(text.trim(), order) {
        Ok(moment) => moment.text().map_or(Reading::Unreadable, Reading::Date),
        Err(Failure::TwoWays) => Reading::TwoWays,
        Err(Failure::NoDate) => Reading::Unreadable,
    }
}

/// Returns a date as UTC ISO 8601, or the reason why it is none.
pub fn to_utc(text: &str) -> Result<String, String> {
    match read(text, None) {
        Reading::Date(date) => Ok(date),
        Reading::TwoWays => Err(two_ways(text)),
        Reading::Unreadable => Err(no_date(text)),
    }
}

/// Returns what a text names as times of the database: its first moment, and the first one behind it. `2020` is a year,
/// `2024-05` a month, `2024-05-06` a day, and a time is one second.
pub fn span(text: &str) -> Result<(String, String), String> {
    let moment = moment(text.trim(), None).map_err(|failure| match failure {
        Failure::TwoWays => two_ways(text),
        Failure::NoDate => no_date(text),
    })?;
    let first_day = |year: i16, month: i8| Date::new(year, month, 1).map_err(|_| no_date(text));
    let (first, next) = match moment {
        Moment::Year(year) => (first_day(year, 1)?, first_day(year, 1)?.checked_add(1.year())),
        Moment::Month(year, month) => (first_day(year, month)?, first_day(year, month)?.checked_add(1.month())),
        Moment::Day(day) => (day, day.checked_add(1.day())),
        Moment::Time(_) => {
            let text = moment.text().ok_or_else(|| no_date(text))?;
            // Stored times have whole seconds: nothing stands between this and the next one.
            let next = format!("{text}\u{1}");
            return Ok((text, next));
        }
    };
    Ok((first.to_string(), next.unwrap_or(Date::MAX).to_string()))
}

/// Returns the order that a date in figures shows because one of them is no month; `None` where it shows nothing.
pub fn shown_order(text: &str) -> Option<Order> {
    // Only what reads differently in the two orders, or in one of them not at all, tells them apart.
    let is_read = |order| figures::order_matters(text.trim()) && matches!(read(text, Some(order)), Reading::Date(_));
    match (is_read(Order::DayFirst), is_read(Order::MonthFirst)) {
        (true, false) => Some(Order::DayFirst),
        (false, true) => Some(Order::MonthFirst),
        _ => None,
    }
}

/// Returns whether a text is a date only where somebody says in which order day and month stand: a year of two digits.
pub fn wants_order(text: &str) -> bool {
    let is_read = |order| matches!(read(text, Some(order)), Reading::Date(_));
    read(text, None) == Reading::Unreadable && (is_read(Order::DayFirst) || is_read(Order::MonthFirst))
}

/// Returns whether a text stands for no date at all: nothing, or how databases and pandas write that.
pub fn is_blank(text: &str) -> bool {
    let text = text.trim();
    text.is_empty()
        || text.starts_with("0000-00-00")
        || ["nat", "nan", "none", "null", "n/a", "na", "-", "\\n"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

enum Failure {
    TwoWays,
    NoDate,
}

fn moment(text: &str, order: Option<Order>) -> Result<Moment, Failure> {
    if text.is_empty() || text.len() > 100 {
        return Err(Failure::NoDate);
    }
    if let Some(time) = well_known(text) {
        return Ok(time);
    }
    if let Some(moment) = figures::run_of_digits(text) {
        return moment.ok_or(Failure::NoDate);
    }
    words::read(text, order)
}

/// The spellings that machines write most, read without taking them apart.
fn well_known(text: &str) -> Option<Moment> {
    if !text.contains(':') || !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let time = text.parse::<Timestamp>().ok();
    time.or_else(|| text.parse::<Zoned>().ok().map(|zoned| zoned.timestamp())).map(Moment::Time)
}

/// A time of day on a date, with its offset from UTC in seconds.
fn at(date: Date, (hour, minute, second): (i8, i8, i8), offset_secs: i32) -> Option<Moment> {
    let time = DateTime::from_parts(date, jiff::civil::Time::new(hour, minute, second.min(59), 0).ok()?);
    let offset = Offset::from_seconds(offset_secs).ok()?;
    TimeZone::fixed(offset).to_timestamp(time).ok().map(Moment::Time)
}

fn no_date(text: &str) -> String {
    format!("`{}` is not a date such as 2024-05-06 or 2024-05-06T12:30:00Z", super::message::excerpt(text))
}

fn two_ways(text: &str) -> String {
    let ways = [Order::DayFirst, Order::MonthFirst].map(|order| match read(text, Some(order)) {
        Reading::Date(date) => date,
        _ => "2024-05-06".to_owned(),
    });
    format!("`{}` can mean two days; write it as {} or {}", super::message::excerpt(text), ways[0], ways[1])
}

#[cfg(test)]
mod tests;
