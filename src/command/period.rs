//! `--since` and `--until`, as times of the database.

use crate::cli::WhereArg;
use crate::cli::explore::PeriodArgs;
use crate::command::Context;
use crate::command::named::{entity_named, topic_named};
use crate::error::{Explain as _, usage};
use crate::intake::date;
use crate::model::attribute_name;
use crate::store::attributes::{Condition, Conditions};
use crate::store::explore::{KeySet, Period};
use crate::store::{SearchQuery, Store};
use crate::terminal::words;

/// Attributes named where a typed one is not known.
const NAMES_SHOWN: u32 = 20;

/// Returns the period that was typed: from `--since` on, to the end of `--until`.
pub(super) fn period(args: &PeriodArgs) -> anyhow::Result<Period> {
    let (since, before) = bounds(args.since.as_deref(), args.until.as_deref())?;
    Ok(Period { since, before, attributes: conditions(&args.conditions) })
}

/// Returns the selection as a person reads it; `None` where nothing was typed.
pub(super) fn in_words(args: &PeriodArgs) -> Option<String> {
    let times = [("since", &args.since), ("until", &args.until)];
    let times = times.into_iter().filter_map(|(word, time)| Some(format!("{word} {}", time.as_deref()?)));
    let one = |typed: &WhereArg| {
        format!("with {} {} {}", typed.name, if typed.is_not { "other than" } else { "=" }, typed.value)
    };
    let words: Vec<String> = times.chain(args.conditions.iter().map(one)).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// Returns the conditions on attributes that were typed.
pub(super) fn conditions(typed: &[WhereArg]) -> Option<Conditions> {
    let one = |typed: &WhereArg| Condition {
        name: attribute_name(&typed.name),
        value: typed.value.clone(),
        is_not: typed.is_not,
    };
    Conditions::new(&typed.iter().map(one).collect::<Vec<_>>())
}

/// Returns the groups of a period that have all these topics and name all these entities; `None`: nothing was named.
pub(super) fn among(
    store: &Store,
    topics: &[String],
    entities: &[String],
    period: &Period,
    context: &Context,
) -> anyhow::Result<Option<KeySet>> {
    if topics.is_empty() && entities.is_empty() {
        return Ok(None);
    }
    let mut wanted = SearchQuery { period: period.clone(), ..SearchQuery::default() };
    for topic in topics {
        wanted.topics.push(topic_named(store, topic, context)?);
    }
    for entity in entities {
        let found = entity_named(store, entity, &[], context)?;
        wanted.entities.push(found.iter().map(|row| row.entity.key).collect());
    }
    Ok(Some(store.read().search(&wanted)?.groups))
}

/// Refuses conditions on an attribute that no story has: nothing would be found, and nobody told why.
pub(super) fn check_names(store: &Store, typed: &[WhereArg]) -> anyhow::Result<()> {
    for condition in typed {
        let name = attribute_name(&condition.name);
        if store.read().has_attribute(&name)? || store.read().group_counts()?.total == 0 {
            continue;
        }
        let error = Err(usage(format!("`--where`: no story has the attribute `{}`", condition.name)));
        let known = store.read().attribute_names(NAMES_SHOWN)?;
        return match known.as_slice() {
            [] => error.hint("no story has any; the columns of a table that have no other meaning become attributes"),
            known => error.hint(format!("the stories have {}", words::list(known, "and"))),
        };
    }
    Ok(())
}

/// Warns where no group at all is of the selection that was typed, for a result with nothing in it: an empty page or list
/// does not tell a slip of the hand from a collection without it.
pub(super) fn say_if_none(store: &Store, typed: &PeriodArgs, period: &Period, context: &Context) -> anyhow::Result<()> {
    let read = store.read();
    let Some(selection) = in_words(typed) else { return Ok(()) };
    if read.group_counts()?.total == 0 || !read.groups_in(period)?.is_empty() {
        return Ok(());
    }
    context.terminal.warn(format!("no group fits the selection: {selection}"));
    if period.since.is_some() || period.before.is_some() {
        context.terminal.hint(match read.dates_of_groups()? {
            Some((first, last)) => format!("the groups are of {first} to {last}"),
            None => "no group has a date".to_owned(),
        });
    }
    Ok(())
}

/// Returns the first moment of what `--since` names and the first one behind all that `--until` names: a year, a month,
/// a day or a time. A period that ends before it begins is refused: nothing would be found, and nobody told why.
pub(super) fn bounds(since: Option<&str>, until: Option<&str>) -> anyhow::Result<(Option<String>, Option<String>)> {
    let span = |option: &str, text: &str| date::span(text).map_err(|why| usage(format!("{option}: {why}")));
    let since = since.map(|text| span("--since", text)).transpose()?;
    let until = until.map(|text| span("--until", text)).transpose()?;
    if let (Some((first, _)), Some((_, next))) = (&since, &until)
        && first >= next
    {
        return Err(usage("`--since` is later than `--until`: no time is between them"))
            .hint("`--since` is where the period begins, `--until` where it ends");
    }
    Ok((since.map(|(first, _)| first), until.map(|(_, next)| next)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_meant_to_its_end() {
        let args =
            PeriodArgs { since: Some("2024-05-06".into()), until: Some("2024-12-31".into()), ..PeriodArgs::default() };
        assert_eq!(
            period(&args).unwrap(),
            Period { since: Some("2024-05-06".into()), before: Some("2025-01-01".into()), attributes: None }
        );
        let years = PeriodArgs { since: Some("2020".into()), until: Some("2024-05".into()), ..PeriodArgs::default() };
        assert_eq!(
            period(&years).unwrap(),
            Period { since: Some("2020-01-01".into()), before: Some("2024-06-01".into()), attributes: None }
        );
        let time = PeriodArgs { since: None, until: Some("2024-05-06T12:30:00Z".into()), ..PeriodArgs::default() };
        assert!("2024-05-06T12:30:00Z" < period(&time).unwrap().before.unwrap().as_str());
        assert!(period(&PeriodArgs { since: Some("soon".into()), until: None, ..PeriodArgs::default() }).is_err());
    }

    #[test]
    fn a_period_does_not_end_before_it_begins() {
        for (since, until, is_period) in [
            ("1970", "1975", true),
            ("1975", "1975", true),
            ("1975-06-02", "1975", true),
            ("2024-05-06T12:30:00Z", "2024-05-06T12:30:00Z", true),
            ("2024-05-06T12:30:00Z", "2024-05-06", true),
            ("1975", "1970", false),
            ("1975", "1974-12-31", false),
            ("2024-05-06T12:30:01Z", "2024-05-06T12:30:00Z", false),
            ("2024-05-07", "2024-05-06T23:59:59Z", false),
        ] {
            assert_eq!(bounds(Some(since), Some(until)).is_ok(), is_period, "{since} {until}");
        }
    }
}
