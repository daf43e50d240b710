//! Until when a model answers, and what that means for work that is about to be bought.
//!
//! A day is the first one without the model, from 00:00 UTC on. Two sources may name one, the table of models and the
//! provider; the earlier day counts.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Days before the end of a model from which on its end is named each time it is asked.
const NOTICE_DAYS: i64 = 60;

/// Window of a batch: the provider's only completion window.
const BATCH_WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// Mode in which requests are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A batch, which may be answered any time within its window.
    Batch,
    /// Single requests, answered at once.
    Sync,
}

/// Effect of a model's last day on what is to be sent to it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// No end is known, or it is far away.
    Open,
    /// It ends within the notice period, in so many whole days.
    Ending {
        /// 0 is within 24 hours.
        days: i64,
    },
    /// It is there, but may be gone before the work is done.
    TooLate,
    /// It is gone.
    Gone,
}

/// Reads a day as the table and the provider write it: `2026-12-10`.
pub fn parse_day(text: &str) -> Option<Date> {
    text.trim().parse().ok()
}

/// Returns how a model's last day bears on work that is sent now.
pub fn outlook(shutdown: Option<Date>, now: Timestamp, mode: Mode) -> Outlook {
    let Some(end) = shutdown.and_then(|day| day.to_zoned(TimeZone::UTC).ok()).map(|at| at.timestamp()) else {
        return Outlook::Open;
    };
    let left = end.duration_since(now);
    if left <= SignedDuration::ZERO {
        return Outlook::Gone;
    }
    if mode == Mode::Batch && left <= BATCH_WINDOW {
        return Outlook::TooLate;
    }
    match left.as_hours() / 24 {
        days if days < NOTICE_DAYS => Outlook::Ending { days },
        _ => Outlook::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_must_be_done_before_the_first_day_without_the_model() {
        let check = |now: &str, mode, expected| {
            let day = parse_day("2026-12-10");
            assert_eq!(outlook(day, now.parse().unwrap(), mode), expected, "{now} {mode:?}");
        };
        check("2026-10-10T23:59:59Z", Mode::Batch, Outlook::Open);
        check("2026-10-11T00:00:01Z", Mode::Batch, Outlook::Ending { days: 59 });
        check("2026-12-08T23:59:59Z", Mode::Batch, Outlook::Ending { days: 1 });
        check("2026-12-09T00:00:00Z", Mode::Batch, Outlook::TooLate);
        check("2026-12-09T00:00:00Z", Mode::Sync, Outlook::Ending { days: 1 });
        check("2026-12-09T23:59:59Z", Mode::Sync, Outlook::Ending { days: 0 });
        check("2026-12-10T00:00:00Z", Mode::Sync, Outlook::Gone);
        check("2027-03-01T00:00:00Z", Mode::Batch, Outlook::Gone);
        assert_eq!(outlook(None, "2027-03-01T00:00:00Z".parse().unwrap(), Mode::Batch), Outlook::Open);
    }

    #[test]
    fn a_day_is_read_in_one_spelling() {
        for (text, is_day) in [("2026-12-10", true), (" 2026-12-10 ", true), ("", false), ("soon", false)] {
            assert_eq!(parse_day(text).is_some(), is_day, "{text}");
        }
    }
}
