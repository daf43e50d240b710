//! Runs: what each command set out to ask.

use rusqlite::{OptionalExtension as _, Row, params};

use crate::model::{OriginKey, RunId};
use crate::store::{Read, Tx};

/// A run to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    /// `run-…`.
    pub id: RunId,
    /// `batch`, `direct` or `compare`.
    pub mode: String,
    /// Origin; `None` until it is sent.
    pub origin: Option<OriginKey>,
    /// When it was made.
    pub created_at: String,
    /// Stem of its file names.
    pub file_stem: Option<String>,
    /// Groups in it.
    pub n_groups: u64,
    /// Requests in it.
    pub n_requests: u64,
    /// The price that was typed for it, as `--price` takes it; `None`: that of the table.
    pub price: Option<String>,
}

fn run_row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    Ok(RunRow {
        id: row.get(0)?,
        mode: row.get(1)?,
        origin: row.get(2)?,
        created_at: row.get(3)?,
        file_stem: row.get(4)?,
        n_groups: row.get::<_, i64>(5)? as u64,
        n_requests: row.get::<_, i64>(6)? as u64,
        price: row.get(7)?,
    })
}

impl Read<'_> {
    /// Returns a run.
    pub fn run(self, id: &RunId) -> anyhow::Result<Option<RunRow>> {
        let mut statement = self.0.prepare_cached(
            "SELECT id, mode, origin_id, created_at, file_stem, n_groups, n_requests, price FROM runs WHERE id = ?1",
        )?;
        Ok(statement.query_row([id], run_row).optional()?)
    }

    /// Returns the runs made through the Batch API, newest first.
    pub fn batch_runs(self, limit: u64) -> anyhow::Result<Vec<RunRow>> {
        let mut statement = self.0.prepare_cached(
            "SELECT id, mode, origin_id, created_at, file_stem, n_groups, n_requests, price FROM runs
             WHERE mode = 'batch' ORDER BY created_at DESC, rowid DESC LIMIT ?1",
        )?;
        Ok(statement.query_map([limit as i64], run_row)?.collect::<Result<_, _>>()?)
    }

    /// Returns whether a file name stem was given to a run before.
    pub fn is_file_stem_taken(self, stem: &str) -> anyhow::Result<bool> {
        Ok(self.0.query_row("SELECT EXISTS (SELECT 1 FROM runs WHERE file_stem = ?1)", [stem], |row| row.get(0))?)
    }
}

impl Tx<'_> {
    /// Records a run.
    pub fn add_run(&self, run: &RunRow) -> anyhow::Result<()> {
        self.execute(
            "INSERT INTO runs (id, mode, origin_id, created_at, file_stem, n_groups, n_requests, price)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                run.id,
                run.mode,
                run.origin,
                run.created_at,
                run.file_stem,
                run.n_groups as i64,
                run.n_requests as i64,
                run.price
            ],
        )?;
        Ok(())
    }

    /// Sets how many groups and requests a run has, once they are counted.
    pub fn set_run_size(&self, run: &RunId, n_groups: u64, n_requests: u64) -> anyhow::Result<()> {
        self.execute(
            "UPDATE runs SET n_groups = ?2, n_requests = ?3 WHERE id = ?1",
            params![run, n_groups as i64, n_requests as i64],
        )?;
        Ok(())
    }

    /// Notes where a run is sent, where that was not known yet.
    pub fn set_run_origin(&self, run: &RunId, origin: OriginKey) -> anyhow::Result<()> {
        self.execute("UPDATE runs SET origin_id = ?2 WHERE id = ?1 AND origin_id IS NULL", params![run, origin])?;
        Ok(())
    }
}
