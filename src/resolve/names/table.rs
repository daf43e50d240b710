//! Tables of knowledge as they stand beside the code: a row a line, its cells separated by tabs; a line that begins with
//! `#` says where the knowledge comes from.

/// Returns the rows of a table in their order.
pub(crate) fn rows(table: &'static str) -> impl Iterator<Item = std::str::Split<'static, char>> {
    let lines = table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split('\t'))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_table_is_read_by_rows_and_cells() {
        let rows: Vec<Vec<&str>> = super::rows("# source\na\tb c\n\nd\n").map(Iterator::collect).collect();
        assert_eq!(rows, [vec!["a", "b c"], vec!["d"]]);
    }
}
