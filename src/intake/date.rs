//! Dates as files write them, brought to one form.

use jiff::civil::{Date, DateTime};
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// Returns a date as UTC ISO 8601, or the reason why it is none.
///
/// A time with an offset is turned to UTC, one without is taken to be UTC already. A date alone stays one: to add
/// midnight would claim what nobody said. Also read: a space for the `T`, the form of mail and RSS (`Mon, 06 May 2024
/// 12:30:00 GMT`), and Unix time, in seconds up to eleven digits and in milliseconds above.
pub fn to_utc(text: &str) -> Result<String, String> {
    let text = text.trim();
    let time = text.parse::<Timestamp>().ok();
    let time = time.or_else(|| unix(text));
    let time = time.or_else(|| text.parse::<Zoned>().ok().map(|zoned| zoned.timestamp()));
    let time = time.or_else(|| rfc2822::parse(text).ok().map(|zoned| zoned.timestamp()));
    let time = match time {
        Some(time) => Some(time),
        // `2024-05-06` reads as a time of day too, so it comes first.
        None if is_date_alone(text) => {
            return text.parse::<Date>().map(|date| date.to_string()).map_err(|_| no_date(text));
        }
        None => text.parse::<DateTime>().ok().and_then(|time| TimeZone::UTC.to_timestamp(time).ok()),
    };
    let time = time.ok_or_else(|| no_date(text))?;
    // Texts sort as times only while years have four digits.
    let text = time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    if text.len() == "2024-05-06T12:30:00Z".len() { Ok(text) } else { Err(no_date(&text)) }
}

fn is_date_alone(text: &str) -> bool {
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    match text.len() {
        8 => is_digits(text),
        10 => text.split('-').all(is_digits),
        _ => false,
    }
}

fn unix(text: &str) -> Option<Timestamp> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    // Eight digits are a day (20240506) and four a year: too short to be a time anybody means.
    if !(9..=14).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i64 = text.parse().ok()?;
    if digits.len() <= 11 { Timestamp::from_second(number).ok() } else { Timestamp::from_millisecond(number).ok() }
}

fn no_date(text: &str) -> String {
    format!("`{}` is not a date such as 2024-05-06 or 2024-05-06T12:30:00Z", super::record::excerpt(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(to_utc(text).as_deref(), Ok(expected), "{text}");
    }

    #[test]
    fn common_forms_become_one() {
        check("2024-05-06T12:30:00Z", "2024-05-06T12:30:00Z");
        check(" 2024-05-06T12:30:00.123456Z ", "2024-05-06T12:30:00Z");
        check("2024-05-06T12:30:00+02:00", "2024-05-06T10:30:00Z");
        check("2024-05-06 23:30:00-0500", "2024-05-07T04:30:00Z");
        check("2024-05-06T12:30:00", "2024-05-06T12:30:00Z");
        check("2024-05-06 12:30", "2024-05-06T12:30:00Z");
        check("2024-05-06T12:30:00+02:00[Europe/Berlin]", "2024-05-06T10:30:00Z");
        check("Mon, 06 May 2024 12:30:00 GMT", "2024-05-06T12:30:00Z");
        check("6 May 2024 12:30:00 +0200", "2024-05-06T10:30:00Z");
        check("1714998600", "2024-05-06T12:30:00Z");
        check("1714998600000", "2024-05-06T12:30:00Z");
        check("-141829400", "1965-07-04T10:56:40Z");
    }

    #[test]
    fn a_date_alone_stays_one() {
        check("20240506", "2024-05-06");
        check("1969-07-20", "1969-07-20");
    }

    #[test]
    fn what_is_no_date_is_said() {
        for text in [
            "",
            "soon",
            "2024",
            "2024-13-01",
            "2024-02-30",
            "05/06/2024",
            "20241306",
            "12:30",
            "9999999999999999",
            "-2024-05-06",
        ] {
            assert!(to_utc(text).is_err_and(|reason| reason.contains("is not a date such as")), "{text}");
        }
    }
}
