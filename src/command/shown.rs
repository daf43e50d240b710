//! Groups, days and percentages as every command shows them.

use crate::cli::explore::PeriodArgs;
use crate::command::Context;
use crate::store::Store;
use crate::store::explore::GroupHead;
use crate::terminal::{style, words};

/// Returns a group's title, fit for a line.
pub(super) fn title(group: &GroupHead) -> String {
    group
        .title
        .as_deref()
        .map(style::single_line)
        .filter(|title| !title.is_empty())
        .unwrap_or_else(|| "(no title)".into())
}

/// Returns the day of a time.
pub(super) fn day(time: Option<&str>) -> String {
    time.map(|time| style::single_line(time.get(..10).unwrap_or(time))).unwrap_or_default()
}

/// Says of a list that ends at its limit how much more there is. `total` counts the groups of all time.
pub(super) fn say_what_is_shown(context: &Context, n: u64, limit: u64, total: u64, period: &PeriodArgs) {
    if n < limit || n >= total {
        return;
    }
    let shown = match period.since.is_none() && period.until.is_none() && period.conditions.is_empty() {
        true => format!("{} of {}", words::number(n), words::count(total, "group")),
        false => format!("the first {}", words::count(n, "group")),
    };
    context.terminal.status(format!("{shown}; `--limit N` shows more"));
}

/// Returns a probability as it is shown.
pub(super) fn percent(p: f64) -> String {
    // 99.6 % is not certain, and should not look so.
    if p < 1.0 && p > 0.995 { ">99 %".into() } else { format!("{:.0} %", p * 100.0) }
}

/// Says which store commands need something to show.
pub(super) fn hint_if_empty(context: &Context, store: &Store) -> anyhow::Result<()> {
    let (topics, mentions, linked) = store.read().knowledge_counts()?;
    if topics + mentions == 0 {
        context.terminal.hint(
            "nothing was learned yet: `gleaner batch create --wait` asks, `gleaner progress` tells where it stands",
        );
    } else if linked == 0 {
        context
            .terminal
            .hint("no mention is linked: `gleaner load entities FILE` gives a catalog, `gleaner resolve --all` links");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn almost_certain_is_not_certain() {
        assert_eq!((percent(1.0), percent(0.9996), percent(0.5)), ("100 %".into(), ">99 %".into(), "50 %".into()));
    }
}
