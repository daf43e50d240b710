//! A batch or run as a person names it.

use crate::error::{Explain as _, not_found, usage};
use crate::model::{BatchId, BatchKey, RunId};
use crate::store::{BatchRow, Read};
use crate::terminal::words::list;

/// A batch or a run, as a person names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchOrRun {
    /// One batch.
    Batch(BatchKey),
    /// All of a run.
    Run(RunId),
}

impl BatchOrRun {
    /// Finds what a person means by an id.
    pub fn find(read: Read<'_>, id: &str) -> anyhow::Result<BatchOrRun> {
        match read.batches_by_id(&BatchId::new(id))?.as_slice() {
            [] => {}
            [batch] => return Ok(BatchOrRun::Batch(batch.key)),
            several => {
                let runs: Vec<_> = several.iter().map(|batch| batch.run.as_str()).collect();
                return Err(usage(format!("two providers gave a batch the id `{id}`")))
                    .hint(format!("name its run: {}", list(&runs, "or")));
            }
        }
        if read.run(&RunId::new(id))?.is_some() {
            return Ok(BatchOrRun::Run(RunId::new(id)));
        }
        Err(not_found(format!("there is no batch or run `{id}` in this database")))
            .hint("`gleaner batch list` shows those that are known here and at the provider")
    }

    /// Returns whether a part or batch is meant.
    pub fn includes(&self, batch: &BatchRow) -> bool {
        match self {
            BatchOrRun::Batch(key) => batch.key == *key,
            BatchOrRun::Run(run) => batch.run == *run,
        }
    }

    /// Returns its parts and batches.
    pub fn batches(&self, read: Read<'_>) -> anyhow::Result<Vec<BatchRow>> {
        match self {
            BatchOrRun::Batch(key) => Ok(vec![read.batch(*key)?]),
            BatchOrRun::Run(run) => read.batches_of_run(run),
        }
    }
}

/// Returns the id a person knows a batch by.
pub fn name(part: &BatchRow) -> String {
    part.batch_id.as_ref().map_or_else(|| format!("{} part {}", part.run, part.part), BatchId::to_string)
}
