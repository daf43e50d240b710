//! Part of a list that is shown, and its order.

use clap::Args;

/// Part of a list: `LIMIT` rows where no number is typed.
#[derive(Clone, Debug, Args)]
pub struct PageArgs<const LIMIT: u64> {
    /// At most N rows, or `all`
    #[arg(long, value_name = "N", value_parser = rows, allow_hyphen_values = true, default_value = digits(LIMIT))]
    pub limit: u64,

    /// Leave out the first N rows
    #[arg(long, value_name = "N", value_parser = left_out, allow_hyphen_values = true, default_value = "0", hide_default_value = true)]
    pub offset: u64,

    /// Order of the rows: count, name, type, id, date or score, whichever of them the list has
    #[arg(long, value_name = "BY")]
    pub sort: Option<String>,

    /// Reverse the order
    #[arg(long)]
    pub reverse: bool,
}

impl<const LIMIT: u64> Default for PageArgs<LIMIT> {
    fn default() -> Self {
        Self { limit: LIMIT, offset: 0, sort: None, reverse: false }
    }
}

/// A limit as it is typed. `default_value_t` keeps its text in one place for all limits, so that the first one would hold
/// for every list.
const fn digits(limit: u64) -> &'static str {
    match limit {
        10 => "10",
        50 => "50",
        _ => "20",
    }
}

/// Order of a list; numbers and dates from the largest on, words from A on. Each list has some of them, so that only it can
/// say which word is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortArg {
    /// Number of groups or mentions.
    Count,
    /// Name or title.
    Name,
    /// Type.
    Type,
    /// Id.
    Id,
    /// Date of the group.
    Date,
    /// Probability, or how well a row fits.
    Score,
}

/// All rows: as many as SQLite can count.
const ALL: u64 = i64::MAX as u64;

/// Reads a number of rows, or the word for all of them.
pub(super) fn rows(text: &str) -> Result<u64, String> {
    match text.parse::<u64>() {
        Ok(n) => Ok(n.min(ALL)),
        Err(_) if text.eq_ignore_ascii_case("all") => Ok(ALL),
        Err(_) if text.starts_with('-') => Err("a number of rows is 0 or more; `all` shows every one".into()),
        Err(_) => Err("give a number of rows, or `all`".into()),
    }
}

/// Reads a number of rows to leave out.
fn left_out(text: &str) -> Result<u64, String> {
    text.parse().map(|n: u64| n.min(ALL)).map_err(|_| "a number of rows to leave out is 0 or more".into())
}

/// Reads a number of groups to ask about.
pub(super) fn groups(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| match text {
        "all" => "leave `--limit` out to take all".into(),
        _ => "give a number of groups; without `--limit` all are taken".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches as _;

    use super::*;

    fn limit<const LIMIT: u64>(args: &[&str]) -> u64 {
        let command = PageArgs::<LIMIT>::augment_args(clap::Command::new("list").no_binary_name(true));
        PageArgs::<LIMIT>::from_arg_matches(&command.get_matches_from(args)).unwrap().limit
    }

    #[test]
    fn each_list_has_a_limit_of_its_own() {
        assert_eq!((limit::<10>(&[]), limit::<20>(&[]), limit::<50>(&[])), (10, 20, 50));
        assert_eq!((limit::<10>(&["--limit", "3"]), limit::<10>(&["--limit=ALL"])), (3, ALL));
        assert_eq!(rows("-1").unwrap_err(), "a number of rows is 0 or more; `all` shows every one");
        assert_eq!((left_out("7"), left_out("99999999999999999999").is_err()), (Ok(7), true));
        assert!(left_out("all").is_err(), "an empty page is no answer");
    }
}
