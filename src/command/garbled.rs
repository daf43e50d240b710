//! Tables that come back from a spreadsheet: damaged rows are refused one by one, and nothing of the others is done.

use csv::StringRecord;

use super::Context;
use crate::error::{Explain as _, usage};
use crate::session::explain;
use crate::terminal::words;

/// Refused rows that are shown.
const SHOWN: usize = 20;

/// Returns what is wrong with the cells of a row, whatever stands in them.
pub(super) fn damage(cells: &StringRecord, heads: &StringRecord) -> Option<String> {
    let n_more = cells.iter().skip(heads.len()).filter(|cell| !cell.trim().is_empty()).count();
    if n_more > 0 || cells.len() < heads.len() {
        let n = cells.len() as u64;
        return Some(format!("it has {}, and the first line {}", words::count(n, "cell"), heads.len()));
    }
    cells
        .iter()
        .any(|cell| cell.contains('\u{fffd}'))
        .then(|| "characters of it were lost in another encoding".to_owned())
}

/// Fails where rows were refused, with the reason of each.
pub(super) fn refuse(mut refused: Vec<anyhow::Error>, context: &Context) -> anyhow::Result<()> {
    match refused.len() {
        0 => Ok(()),
        1 => Err(refused.remove(0)),
        n => {
            for error in refused.iter().take(SHOWN) {
                let explained = explain(error);
                let causes: String = explained.causes.iter().map(|cause| format!(": {cause}")).collect();
                context.terminal.complain(format!("{}{causes}", explained.message));
            }
            let mut hints: Vec<String> = refused.iter().flat_map(|error| explain(error).hints).collect();
            hints.dedup();
            let error = usage(format!("{} refused; nothing was decided", words::count_verb(n as u64, "row", "is")));
            match hints.into_iter().next() {
                Some(hint) => Err(error).hint(hint),
                None => Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_as_many_cells_as_the_table_has_columns() {
        let heads = StringRecord::from(vec!["a", "b"]);
        let check = |cells: &[&str], expected: Option<&str>| {
            assert_eq!(damage(&StringRecord::from(cells.to_vec()), &heads).as_deref(), expected, "{cells:?}");
        };
        check(&["1", "2"], None);
        check(&["1", "2", "", " "], None);
        check(&["1", "2", "3"], Some("it has 3 cells, and the first line 2"));
        check(&["1;2"], Some("it has 1 cell, and the first line 2"));
        check(&["1", "M\u{fffd}ller"], Some("characters of it were lost in another encoding"));
    }
}
