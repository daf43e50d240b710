//! SQLite databases of other programs: the rows of a table, or of a statement.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use serde_json::Value;

use super::{Source, producer};
use crate::error::{Exit, Explain as _, not_found};
use crate::intake::{Fields, LineError, RECORD_BYTES_MAX};
use crate::interrupt;
use crate::store::foreign::Foreign;

/// Begins to read the rows of a statement, or of a table; without either, of the only table there is.
pub(in crate::intake) fn open(path: &Path, sql: Option<&str>, table: Option<&str>) -> Result<Source> {
    let database = Foreign::open(path, RECORD_BYTES_MAX)?;
    let sql = match sql {
        Some(sql) => sql.to_owned(),
        None => Foreign::whole(&table_of(&database.tables()?, table)?),
    };
    let columns = database.columns(&sql).with_context(|| format!("cannot run `{sql}`")).exit(Exit::Usage)?;
    let columns = super::distinct(columns.into_iter());
    let heads = columns.clone();
    // A statement may think for a long time before its first row.
    let handle = database.interrupt_handle();
    interrupt::on_request(move || handle.interrupt());
    let records = producer::start(move |give| {
        let mut number = 0;
        let read = database.each_row(&sql, &mut |cells| {
            number += 1;
            let named = heads.iter().zip(cells).filter_map(|(name, cell)| Some((name.clone(), Value::from(cell?))));
            give(Ok((number, named.collect::<Fields>())))
        });
        if let Err(error) = read {
            give(Err(LineError::fatal(number + 1, format!("cannot be read: {error:#}"))));
        }
    });
    Ok(Source { columns, note: None, records: Box::new(records) })
}

fn table_of(tables: &[String], asked: Option<&str>) -> Result<String> {
    let all = || format!("`{}`", tables.join("`, `"));
    match (asked, tables) {
        (Some(name), _) => match tables.iter().find(|own| own.eq_ignore_ascii_case(name)) {
            Some(own) => Ok(own.clone()),
            None => Err(not_found(format!("there is no table `{name}`, only {}", all()))),
        },
        (None, [only]) => Ok(only.clone()),
        (None, []) => Err(anyhow!("the database has no table")),
        (None, _) => Err(anyhow!("the database has several tables: {}", all()))
            .hint("`--table NAME` takes one, `--sql 'SELECT …'` joins them")
            .exit(Exit::Usage),
    }
}
