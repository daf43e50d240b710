//! Tables of text: columns as wide as what stands in them, and where the terminal is narrower, the widest give way.

use crate::text::hidden::is_style_mark;
use unicode_width::UnicodeWidthChar as _;

use super::style;

/// Blanks between two columns.
const GAP: usize = 2;
/// A column that gives way keeps at least this width.
const LEAST: usize = 12;

/// A table that is being filled.
#[derive(Clone, Debug, Default)]
pub struct Table {
    heads: Vec<(String, Side)>,
    rows: Vec<Vec<String>>,
}

/// Position of the text of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Words; cut where there is no room.
    Left,
    /// Ids and bars, which are of use as a whole only.
    Whole,
    /// Ids that the table can do without: left out where the others would be cut to almost nothing.
    Spare,
    /// Numbers, never cut either.
    Right,
}

impl Table {
    /// Begins a table with these columns.
    pub fn new(heads: &[(&str, Side)]) -> Self {
        Self { heads: heads.iter().map(|(head, side)| ((*head).to_owned(), *side)).collect(), rows: vec![] }
    }

    /// Adds a row. Cells may be styled; text from outside passes [`style::single_line`] before.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Returns whether no row was added.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the lines, to fit `width` columns.
    pub fn lines(&self, width: usize) -> Vec<String> {
        let mut widths: Vec<usize> = self.heads.iter().map(|(head, _)| columns(head)).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(columns(cell));
            }
        }
        let mut total: usize = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        let is_left = |side: Side| side == Side::Left;
        let spare: usize = widths
            .iter()
            .zip(&self.heads)
            .filter(|(_, (_, side))| is_left(*side))
            .map(|(w, _)| w.saturating_sub(LEAST))
            .sum();
        if total > width.saturating_add(spare) {
            for (column, _) in widths.iter_mut().zip(&self.heads).filter(|(_, (_, side))| *side == Side::Spare) {
                total -= std::mem::take(column) + GAP;
            }
        }
        self.fit(&mut widths, total.saturating_sub(width));
        let mut lines = vec![];
        if self.heads.iter().any(|(head, _)| !head.is_empty()) {
            let heads =
                self.heads.iter().map(|(head, _)| if head.is_empty() { String::new() } else { style::dim(head) });
            lines.push(self.line(&heads.collect::<Vec<_>>(), &widths));
        }
        lines.extend(self.rows.iter().map(|row| self.line(row, &widths)));
        lines
    }

    /// Takes so many columns of the terminal from the widest columns of words, so that none is much narrower than another.
    fn fit(&self, widths: &mut [usize], mut excess: usize) {
        let gives_way = |i: usize| self.heads.get(i).is_some_and(|(_, side)| *side == Side::Left);
        while excess > 0 {
            let widest = (0..widths.len()).filter(|i| gives_way(*i) && widths[*i] > LEAST).max_by_key(|i| widths[*i]);
            let Some(widest) = widest else { break };
            widths[widest] -= 1;
            excess -= 1;
        }
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for (i, ((cell, width), (_, side))) in cells.iter().zip(widths).zip(&self.heads).enumerate() {
            if *width == 0 && *side == Side::Spare {
                continue;
            }
            if i > 0 {
                line.push_str(&" ".repeat(GAP));
            }
            let cell = cut(cell, *width);
            let room = " ".repeat(width.saturating_sub(columns(&cell)));
            match side {
                Side::Left | Side::Whole | Side::Spare => line.extend([cell.as_str(), &room]),
                Side::Right => line.extend([room.as_str(), &cell]),
            }
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// Returns how many columns of a terminal a text takes; styles take none.
pub fn columns(text: &str) -> usize {
    text.chars().filter(|c| !is_style_mark(*c)).map(|c| c.width().unwrap_or(0)).sum()
}

/// Cuts a text to so many columns, with an ellipsis in place of the rest; styles stay whole.
pub fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let (mut out, mut used, mut is_full) = (String::new(), 0, false);
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if is_style_mark(c) {
            out.push(c);
        } else if !is_full && used + wide < width {
            used += wide;
            out.push(c);
        } else if !is_full {
            is_full = true;
            out.push('…');
        }
    }
    out
}

/// Breaks a text into lines of so many columns at white space; styles take no room. A longer word gets its own line.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![];
    for paragraph in text.split('\n') {
        let (mut line, mut used) = (String::new(), 0);
        for word in paragraph.split(' ').filter(|word| !word.is_empty()) {
            let wide = columns(word);
            if used > 0 && used + 1 + wide > width {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
            used += wide;
        }
        lines.push(line);
    }
    lines
}

/// Returns a bar of at most `width` columns for `n` of `most`, in eighths of a column.
pub fn bar(n: u64, most: u64, width: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (n as f64 / most.max(1) as f64 * (width * 8) as f64).round() as usize;
    let eighths = if n > 0 { eighths.max(1) } else { eighths };
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

/// Returns numbers as a line of bars, one column each; of more than `width` numbers, neighbors share a column.
pub fn sparkline(numbers: &[u64], width: usize) -> String {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let shared = numbers.len().div_ceil(width.max(1)).max(1);
    let sums: Vec<u64> = numbers.chunks(shared).map(|chunk| chunk.iter().sum()).collect();
    let most = sums.iter().max().copied().unwrap_or(0).max(1);
    // Nothing is a blank, and the least of something is seen.
    sums.iter().map(|n| if *n == 0 { ' ' } else { HEIGHTS[((n * 8).div_ceil(most) - 1) as usize] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_fit_what_stands_in_them_and_one_gives_way() {
        let mut table = Table::new(&[("groups", Side::Right), ("", Side::Left), ("id", Side::Whole)]);
        table.row(["3".into(), style::bold("A rather long name of something"), "x1".into()]);
        table.row(["12".into(), "東京".into(), "x2".into()]);
        let plain = |width| -> Vec<String> {
            table.lines(width).iter().map(|line| style::render(line, false).into_owned()).collect()
        };
        assert_eq!(
            plain(100),
            [
                "groups                                   id",
                "     3  A rather long name of something  x1",
                "    12  東京                             x2",
            ]
        );
        assert_eq!(plain(28)[1], "     3  A rather long n…  x1");
        assert_eq!(plain(8)[1], "     3  A rather lo…  x1", "a column keeps some of its words");
    }

    #[test]
    fn columns_share_what_there_is_not_room_for() {
        let mut table = Table::new(&[("a", Side::Left), ("b", Side::Left), ("id", Side::Whole), ("c", Side::Left)]);
        table.row(["x".repeat(40), "y".repeat(30), "an-id-of-twenty-let".into(), "short".into()]);
        let widths = |width| -> Vec<usize> { table.lines(width)[1].split("  ").map(columns).collect() };
        assert_eq!(widths(usize::MAX), [40, 30, 19, 5]);
        assert_eq!(widths(70), [20, 20, 19, 5]);
        assert_eq!(widths(95), [35, 30, 19, 5]);
        let mut table = Table::new(&[("a", Side::Left), ("id", Side::Spare), ("n", Side::Right)]);
        table.row(["x".repeat(40), "an-id-of-twenty-let".into(), "1".into()]);
        assert_eq!(table.lines(36)[1], "xxxxxxxxxxx…  an-id-of-twenty-let  1");
        assert_eq!(table.lines(35)[1], format!("{}…  1", "x".repeat(31)));
    }

    #[test]
    fn bars_and_lines() {
        assert_eq!((bar(0, 9, 4), bar(9, 9, 4), bar(1, 1000, 4)), (String::new(), "████".into(), "▏".into()));
        assert_eq!(wrap("one two three\n\nfour", 7), ["one two", "three", "", "four"]);
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(sparkline(&[0, 1, 4, 8], 10), " ▁▄█");
        assert_eq!(sparkline(&[1, 1, 0, 0, 4], 3), "▄ █");
        assert_eq!(sparkline(&[], 3), "");
    }
}
