//! `--since` and `--until`, as times of the database.

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::cli::explore::PeriodArgs;
use crate::error::usage;
use crate::intake;
use crate::store::explore::Period;

/// Returns the period that was typed: from `--since` on, to the end of `--until`.
pub(super) fn period(args: &PeriodArgs) -> anyhow::Result<Period> {
    let read = |option: &str, text: &Option<String>| {
        text.as_deref().map(|text| intake::to_utc(text).map_err(|why| usage(format!("{option}: {why}")))).transpose()
    };
    let since = read("--since", &args.since)?;
    let until = read("--until", &args.until)?;
    Ok(Period { since, before: until.map(|until| after(&until)) })
}

/// Returns the first text that sorts behind a day or a time and everything in it.
fn after(until: &str) -> String {
    match until.parse::<Date>() {
        Ok(day) if until.len() == 10 => day.checked_add(1.day()).unwrap_or(Date::MAX).to_string(),
        // Stored times have whole seconds: nothing stands between this and the next one.
        _ => format!("{until}\u{1}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_meant_to_its_end() {
        let args = PeriodArgs { since: Some("2024-05-06".into()), until: Some("2024-12-31".into()) };
        assert_eq!(
            period(&args).unwrap(),
            Period { since: Some("2024-05-06".into()), before: Some("2025-01-01".into()) }
        );
        let time = PeriodArgs { since: None, until: Some("2024-05-06T12:30:00Z".into()) };
        assert!("2024-05-06T12:30:00Z" < period(&time).unwrap().before.unwrap().as_str());
        assert!(period(&PeriodArgs { since: Some("soon".into()), until: None }).is_err());
    }
}
