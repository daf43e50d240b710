//! Days gathered into as few bars as a chart can show: days, months or years, without gaps.

use jiff::ToSpan as _;
use jiff::civil::Date;

/// More bars than this do not fit.
const BARS: usize = 90;

/// A bar.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Bar {
    /// `2024-05-06`, `2024-05` or `2024`.
    pub label: String,
    /// Stories in it.
    pub n: u64,
}

/// Gathers numbers by day (`2024-05-06`, in order) into bars. A month or a year counts on its first day, as where groups
/// are put in order; what is no date is left out.
pub fn bars(days: &[(String, u64)]) -> Vec<Bar> {
    let first_day = |text: &str| match text.len() {
        4 => format!("{text}-01-01").parse(),
        7 => format!("{text}-01").parse(),
        _ => text.parse(),
    };
    let days: Vec<(Date, u64)> = days.iter().filter_map(|(day, n)| Some((first_day(day).ok()?, *n))).collect();
    let (Some((first, _)), Some((last, _))) = (days.first(), days.last()) else { return vec![] };
    let n_days = first.until(*last).map_or(i32::MAX, |span| span.get_days()) as usize + 1;
    let n_months = (i64::from(last.year()) - i64::from(first.year())) * 12 + i64::from(last.month())
        - i64::from(first.month())
        + 1;
    // How much of `2024-05-06` names a bar.
    let width = if n_days <= BARS {
        10
    } else if n_months as usize <= BARS {
        7
    } else {
        4
    };
    let mut bars: Vec<Bar> = vec![];
    let mut at = *first;
    let mut rest = days.iter().peekable();
    loop {
        let label = at.to_string()[..width].to_owned();
        let mut n = 0;
        while let Some((_, more)) = rest.next_if(|(day, _)| day.to_string()[..width] == label) {
            n += more;
        }
        bars.push(Bar { label, n });
        if rest.peek().is_none() {
            return bars;
        }
        let next = match width {
            10 => at.checked_add(1.day()),
            7 => at.first_of_month().checked_add(1.month()),
            _ => at.first_of_year().checked_add(1.year()),
        };
        match next {
            Ok(next) => at = next,
            Err(_) => return bars,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(days: &[(&str, u64)], first: &str, n: usize, total: u64) {
        let days: Vec<(String, u64)> = days.iter().map(|(day, n)| ((*day).to_owned(), *n)).collect();
        let bars = bars(&days);
        assert_eq!(bars.first().map(|bar| bar.label.as_str()), Some(first));
        assert_eq!((bars.len(), bars.iter().map(|bar| bar.n).sum::<u64>()), (n, total));
    }

    #[test]
    fn time_has_no_gaps_and_few_bars() {
        check(&[("2024-05-06", 2), ("2024-05-09", 1)], "2024-05-06", 4, 3);
        check(&[("2023-11-30", 2), ("2024-05-09", 1)], "2023-11", 7, 3);
        check(&[("1957-10-04", 2), ("2024-05-09", 1), ("2024-06-01", 1)], "1957", 68, 4);
        check(&[("2023", 1), ("2023-12", 2), ("2024-02-03", 1)], "2023-01", 14, 4);
        assert_eq!(bars(&[("soon".into(), 1)]), []);
    }
}
