//! Pages of a list: which rows are asked for, in which order they stand, and which part of them is shown.

use std::cmp::Ordering;

use crate::cli::page::{PageArgs, SortArg};
use crate::error::{Explain as _, usage};
use crate::store::explore::GroupHead;
use crate::terminal::words;
use crate::text::fold;

/// Part of one list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) limit: u64,
    pub(crate) offset: u64,
    sort: Option<SortArg>,
    reverse: bool,
}

impl Page {
    /// Returns the page that was typed. `orders` are those that the list knows.
    pub(crate) fn new<const LIMIT: u64>(args: &PageArgs<LIMIT>, orders: &[SortArg]) -> anyhow::Result<Self> {
        let named = |typed: &str| orders.iter().copied().find(|order| word(*order).eq_ignore_ascii_case(typed));
        let sort = match args.sort.as_deref() {
            None => None,
            Some(typed) => Some(named(typed).map_or_else(|| unknown(typed, orders), Ok)?),
        };
        Ok(Self { limit: args.limit, offset: args.offset, sort, reverse: args.reverse })
    }

    /// Returns how many rows must be read in the list's own order to show the page.
    pub(crate) fn n_read(self) -> u64 {
        if self.sort.is_some() || self.reverse {
            i64::MAX as u64
        } else {
            self.limit.saturating_add(self.offset).min(i64::MAX as u64)
        }
    }

    /// Returns the rows of the page. `key` gives what a row is sorted by.
    pub(crate) fn of<T>(self, mut rows: Vec<T>, key: impl Fn(&T, SortArg) -> Key) -> Vec<T> {
        if let Some(sort) = self.sort {
            rows.sort_by_cached_key(|row| key(row, sort));
        }
        if self.reverse {
            rows.reverse();
        }
        let skipped = usize::try_from(self.offset).unwrap_or(usize::MAX).min(rows.len());
        rows.drain(..skipped);
        rows.truncate(usize::try_from(self.limit).unwrap_or(usize::MAX));
        rows
    }

    /// Says which of how many rows are shown: `20 of 57`, or `21 to 40 of 57`.
    pub(crate) fn shown(self, n: u64) -> String {
        match self.offset {
            0 => words::number(n),
            _ if n == 0 => words::number(0),
            offset => format!("{} to {}", words::number(offset + 1), words::number(offset + n)),
        }
    }
}

/// Value that a row is sorted by.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Key {
    /// From the largest on.
    Number(f64),
    /// From A on, letters of any case and marks alike.
    Word(String, String),
    /// From the latest on, what has no date last.
    Date(Option<String>),
}

impl Key {
    pub(crate) fn count(n: u64) -> Self {
        Key::Number(n as f64)
    }

    pub(crate) fn word(text: &str) -> Self {
        Key::Word(fold(text), text.to_owned())
    }

    pub(crate) fn date(text: Option<&str>) -> Self {
        Key::Date(text.map(str::to_owned))
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Key::Number(a), Key::Number(b)) => b.total_cmp(a),
            (Key::Word(a, x), Key::Word(b, y)) => (a, x).cmp(&(b, y)),
            (Key::Date(a), Key::Date(b)) => b.cmp(a),
            // Keys of one list are of one kind.
            _ => Ordering::Equal,
        }
    }
}

/// Returns what a group of a list is sorted by.
pub(crate) fn key_of_group(group: &GroupHead, sort: SortArg) -> Key {
    match sort {
        SortArg::Name => Key::word(group.title.as_deref().unwrap_or_default()),
        SortArg::Id => Key::word(group.id.as_str()),
        _ => Key::date(group.at.as_deref()),
    }
}

/// Refuses an order that the list has not.
fn unknown(typed: &str, orders: &[SortArg]) -> anyhow::Result<SortArg> {
    let names: Vec<&str> = orders.iter().map(|order| word(*order)).collect();
    let error = Err(usage(format!("this list is not sorted by `{typed}`")));
    match names.as_slice() {
        [] => error.hint("`--reverse` turns its order round"),
        names => error.hint(format!("`--sort` takes {}", words::list(names, "or"))),
    }
}

fn word(sort: SortArg) -> &'static str {
    match sort {
        SortArg::Count => "count",
        SortArg::Name => "name",
        SortArg::Type => "type",
        SortArg::Id => "id",
        SortArg::Date => "date",
        SortArg::Score => "score",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_a_part_of_the_sorted_list() {
        let page = |limit, offset, sort, reverse| Page { limit, offset, sort, reverse };
        let key = |row: &(&str, u64), sort| match sort {
            SortArg::Name => Key::word(row.0),
            SortArg::Date => Key::date((row.1 > 1).then_some(row.0)),
            _ => Key::count(row.1),
        };
        let rows = || vec![("b", 1), ("Ä", 3), ("a", 2), ("c", 9)];
        let check = |page: Page, expected: &[&str]| {
            assert_eq!(page.of(rows(), key).iter().map(|row| row.0).collect::<Vec<_>>(), expected, "{page:?}");
        };
        check(page(2, 0, None, false), &["b", "Ä"]);
        check(page(2, 3, None, false), &["c"]);
        check(page(2, 9, None, false), &[]);
        check(page(9, 0, Some(SortArg::Name), false), &["a", "Ä", "b", "c"]);
        check(page(9, 0, Some(SortArg::Count), false), &["c", "Ä", "a", "b"]);
        check(page(2, 1, Some(SortArg::Count), true), &["a", "Ä"]);
        check(page(9, 0, Some(SortArg::Date), false), &["Ä", "c", "a", "b"]);
        assert_eq!((page(20, 5, None, false).n_read(), page(20, 5, None, false).shown(7)), (25, "6 to 12".into()));
    }
}
