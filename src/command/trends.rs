//! `gleaner trends`: topics and entities on the rise, those that are new, and new pairs.

use std::collections::HashMap;

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::cli::explore::TrendsArgs;
use crate::cli::page::SortArg;
use crate::command::Context;
use crate::command::copies::distinct;
use crate::command::page::{Key, Page};
use crate::command::period::{check_names, period, say_if_none};
use crate::command::shown::{hint_if_empty, title};
use crate::error::{Exit, usage};
use crate::explore::time;
use crate::explore::trends::{Sizes, Trend, Window, find};
use crate::model::GroupKey;
use crate::store::explore::GroupHead;
use crate::terminal::table::{Side, Table};
use crate::terminal::{style, words};

/// Kinds of trends, and what each is called above its rows.
const KINDS: [(&str, &str); 3] = [("topic", "topics"), ("entity", "entities"), ("pair", "pairs that are new")];

/// Runs the command.
pub(super) fn run(args: &TrendsArgs, context: &Context) -> anyhow::Result<Exit> {
    let page = Page::new(&args.page, &[SortArg::Score, SortArg::Count, SortArg::Name])?;
    let store = distinct(context.open_learned()?, &args.distinct, context)?;
    check_names(&store, &args.period.conditions)?;
    let read = store.read();
    let period = period(&args.period)?;
    let groups = read.dated_groups(&period)?;
    let day_of = |group: &GroupHead| group.at.as_deref().and_then(time::day);
    let Some(last) = groups.iter().filter_map(day_of).max() else {
        match period.is_always() {
            true => context.terminal.status("no group has a date"),
            false => say_if_none(&store, &args.period, &period, context)?,
        }
        if context.terminal.is_json() {
            context.terminal.json(&serde_json::json!({"window": null, "trends": []}))?;
        }
        hint_if_empty(context, &store)?;
        return Ok(Exit::Done);
    };
    let first = first_day(&args.window, last)?;
    let is_now: HashMap<GroupKey, bool> =
        groups.iter().filter_map(|group| Some((group.key, day_of(group)? >= first))).collect();
    let n_now = is_now.values().filter(|is_now| **is_now).count() as u64;
    let sizes = Sizes { now: n_now, before: is_now.len() as u64 - n_now };
    let window = Window {
        since: first.to_string(),
        until: last.to_string(),
        groups: sizes.now,
        groups_before: sizes.before,
        groups_without_date: read.groups_in(&period)?.len() as u64 - is_now.len() as u64,
    };
    let trends = find(read, (args.min_groups, page.n_read()), &groups, &is_now, sizes)?;
    let mut trends = in_pages(trends, page);
    let terminal = &context.terminal;
    if terminal.is_json() {
        read.add_stories(trends.iter_mut().flat_map(|trend| &mut trend.groups))?;
        terminal.json(&serde_json::json!({"window": window, "trends": trends}))?;
        return Ok(Exit::Done);
    }
    terminal.line(style::dim(format!(
        "{} from {} to {}, against {} before",
        words::count(sizes.now, "group"),
        window.since,
        window.until,
        words::number(sizes.before)
    )))?;
    let heads = [
        ("", Side::Left),
        ("now", Side::Right),
        ("before", Side::Right),
        ("surprise", Side::Right),
        ("newest group", Side::Left),
    ];
    for (kind, head) in KINDS {
        let mut heads = heads;
        heads[0].0 = head;
        let mut table = Table::new(&heads);
        for trend in trends.iter().filter(|trend| trend.kind == kind) {
            table.row([
                style::single_line(&trend.name),
                words::number(trend.now),
                if trend.is_new { style::green("new") } else { words::number(trend.before) },
                format!("{:.1}", trend.surprise),
                trend.groups.first().map(|group| style::dim(title(group))).unwrap_or_default(),
            ]);
        }
        if !table.is_empty() {
            terminal.line("")?;
        }
        terminal.table(&table, 0)?;
    }
    if trends.is_empty() && sizes.before > 0 {
        terminal.hint("a longer `--window` (such as `--window 1y`) or `--min-groups 1` shows more");
    }
    terminal.status(match (trends.len(), sizes.before) {
        (_, 0) => "nothing lies before the window: a shorter `--window` leaves something to compare with".to_owned(),
        (0, _) => format!("nothing rises that at least {} of the window have", words::count(args.min_groups, "group")),
        _ => "surprise: G² of the two shares; above 10.8 chance makes one in a thousand so".to_owned(),
    });
    Ok(Exit::Done)
}

/// Returns the first day of a window that ends on a day: `30d`, `12w`, `6m` or `1y`.
fn first_day(window: &str, last: Date) -> anyhow::Result<Date> {
    let wrong = || usage(format!("--window: `{window}` is no length of time such as 30d, 12w, 6m or 1y"));
    let (unit, n) = window.char_indices().last().map(|(at, unit)| (unit, &window[..at])).ok_or_else(wrong)?;
    let n: i64 = n.parse().ok().filter(|n| (1..=100_000).contains(n)).ok_or_else(wrong)?;
    let span = match unit {
        'd' => n.days(),
        'w' => n.weeks(),
        'm' if n <= 12_000 => n.months(),
        'y' if n <= 1_000 => n.years(),
        _ => return Err(wrong()),
    };
    last.checked_sub(span).and_then(|day| day.checked_add(1.day())).map_err(|_| wrong())
}

/// Returns the page of each kind.
fn in_pages(mut trends: Vec<Trend>, page: Page) -> Vec<Trend> {
    let mut shown = vec![];
    for (kind, _) in KINDS {
        let (own, others): (Vec<Trend>, Vec<Trend>) = trends.into_iter().partition(|trend| trend.kind == kind);
        trends = others;
        shown.extend(page.of(own, |trend, sort| match sort {
            SortArg::Count => Key::count(trend.now),
            SortArg::Name => Key::word(&trend.name),
            _ => Key::Number(trend.surprise),
        }));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_ends_on_the_last_day() {
        let check = |window: &str, first: Option<&str>| {
            let found = first_day(window, "2024-03-31".parse().unwrap()).ok().map(|day| day.to_string());
            assert_eq!(found.as_deref(), first, "{window}");
        };
        check("1d", Some("2024-03-31"));
        check("30d", Some("2024-03-02"));
        check("2w", Some("2024-03-18"));
        check("1m", Some("2024-03-01"));
        check("1y", Some("2023-04-01"));
        for window in ["", "d", "0d", "-3d", "30", "30 days", "2h", "1é", "99999y", "9999999999999999999d"] {
            check(window, None);
        }
    }
}
