//! Groups, days and percentages as every command shows them.

use jiff::civil::Date;
use serde::Serialize;

use crate::cli::explore::StepArg;
use crate::command::Context;
use crate::command::page::Page;
use crate::error::Exit;
use crate::explore::time::{self, Axis, Count, Step};
use crate::store::Store;
use crate::store::explore::GroupHead;
use crate::terminal::table::{Side, Table, bar, sparkline};
use crate::terminal::{Terminal, style, words};

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

/// Stories named below a group of a list.
const SOURCES: usize = 3;

/// Shows where a group comes from: the day, the title and the address of its first stories.
pub(super) fn show_sources(terminal: &Terminal, group: &GroupHead, indent: usize) -> anyhow::Result<()> {
    let indent = " ".repeat(indent);
    for story in group.stories.iter().take(SOURCES) {
        let line = |text: &Option<String>| text.as_deref().map(style::single_line).unwrap_or_default();
        // The only story of a group mostly has its title, which stands above.
        let own_title = if story.title == group.title { &None } else { &story.title };
        let mut facts = vec![day(story.published_at.as_deref()), line(own_title), line(&story.url)];
        facts.retain(|fact| !fact.is_empty());
        if !facts.is_empty() {
            terminal.line(format!("{indent}{}", style::dim(facts.join("  "))))?;
        }
    }
    if group.stories.len() > SOURCES {
        let more = words::count((group.stories.len() - SOURCES) as u64, "more story");
        terminal.line(format!("{indent}{}", style::dim(more)))?;
    }
    Ok(())
}

/// Groups of something: those of the period and the like that were asked for, and all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Selected {
    pub(super) n: u64,
    pub(super) all: u64,
}

impl Selected {
    /// Says how many there are: `12 groups`, or `8 of 12 groups`.
    pub(super) fn words(self) -> String {
        let all = words::count(self.all, "group");
        if self.n == self.all { all } else { format!("{} of {all}", words::number(self.n)) }
    }
}

/// Says of a list that ends at its limit how much more there is of `total` groups.
pub(super) fn say_what_is_shown(context: &Context, n: u64, page: Page, total: u64) {
    if page.offset == 0 && n >= total {
        return;
    }
    let shown = format!("{} of {}", page.shown(n), words::count(total, "group"));
    context.terminal.status(match n < page.limit {
        true => shown,
        false => format!("{shown}; `--limit all` shows every one, `--offset {}` the next", page.offset + n),
    });
}

/// Returns a probability as it is shown.
pub(super) fn percent(p: f64) -> String {
    // 99.6 % is not certain, and should not look so.
    if p < 1.0 && p > 0.995 { ">99 %".into() } else { format!("{:.0} %", p * 100.0) }
}

/// Returns the step of time that was typed.
pub(super) fn step(typed: StepArg) -> Step {
    match typed {
        StepArg::Year => Step::Year,
        StepArg::Quarter => Step::Quarter,
        StepArg::Month => Step::Month,
        StepArg::Week => Step::Week,
    }
}

/// Returns dates as days, those that are none left out.
pub(super) fn days(dates: &[(String, u64)]) -> Vec<(Date, u64)> {
    dates.iter().filter_map(|(date, n)| Some((time::day(date)?, *n))).collect()
}

/// Shows how many groups each step of time has.
pub(super) fn show_steps(terminal: &Terminal, counts: &[Count]) -> anyhow::Result<()> {
    const BAR: usize = 40;
    let most = counts.iter().map(|count| count.groups).max().unwrap_or(0);
    let mut table = Table::new(&[("", Side::Whole), ("groups", Side::Right), ("", Side::Whole)]);
    for count in counts {
        table.row([count.period.clone(), words::number(count.groups), style::cyan(bar(count.groups, most, BAR))]);
    }
    terminal.table(&table, 0)?;
    Ok(())
}

/// Shows the most frequent of something, each with its course over time; `rows` are what JSON shows, the groups of each
/// and its name in a line.
pub(super) fn show_series<T: Serialize>(
    terminal: &Terminal,
    what: &str,
    step: Step,
    rows: impl Iterator<Item = (T, u64, String)>,
    series: &[Vec<(Date, u64)>],
    total: u64,
) -> anyhow::Result<Exit> {
    /// Columns of a course at most.
    const WIDTH: usize = 48;
    let axis = Axis::new(step, series.iter().flatten().map(|(day, _)| *day));
    let mut shown = vec![];
    let mut table = Table::new(&[("groups", Side::Right), ("", Side::Whole), (what, Side::Left)]);
    for ((row, groups, name), days) in rows.zip(series) {
        let counts = axis.counts(days);
        let numbers: Vec<u64> = counts.iter().map(|count| count.groups).collect();
        table.row([words::number(groups), style::cyan(sparkline(&numbers, WIDTH)), name]);
        shown.push(serde_json::json!({"what": row, "counts": counts}));
    }
    if terminal.is_json() {
        terminal.json(&serde_json::json!({"by": step, what: shown, "total": total}))?;
        return Ok(Exit::Done);
    }
    terminal.table(&table, 0)?;
    if let (Some(first), Some(last)) = (axis.first(), axis.last()) {
        terminal.status(format!("{} to {}", style::single_line(first), style::single_line(last)));
    }
    Ok(Exit::Done)
}

/// Says which store commands need something to show.
pub(super) fn hint_if_empty(context: &Context, store: &Store) -> anyhow::Result<()> {
    let (topics, mentions, linked) = store.read().knowledge_counts()?;
    if topics + mentions == 0 {
        context.terminal.hint(
            "nothing was learned yet: `gleaner batch create --wait` asks, `gleaner progress` tells where it stands",
        );
    } else if linked == 0 && !store.read().has_entities()? {
        context.terminal.hint("there is no catalog: `gleaner catalog propose` makes one of what the stories name, `gleaner load entities FILE` loads one");
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
