//! State of the whole collection: counts that are kept, added up, and what changed since counted again.

use std::time::Duration;

use rusqlite::MAIN_DB;

use super::counts::{Bucket, Counts, Kept, Sum};
use super::{Read, Store};
use crate::model::PromptKey;

/// A smaller collection is counted in no time, and nothing is written for it.
const GROUPS_MIN: u64 = 5_000;

/// State of the whole collection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// Counts of all groups.
    pub counts: Counts,
    /// Rows of the catalog.
    pub n_entities: u64,
    /// Active groups with the text of another one.
    pub n_copies: u64,
}

/// Totals with what had to be counted for them.
struct Counted {
    totals: Totals,
    /// Rows of `_counts` that were missing.
    missing: Vec<(Bucket, Kept)>,
}

impl Store {
    /// Returns where the collection stands; `current` are the prompts that would be sent today.
    pub fn totals(&mut self, current: &[PromptKey]) -> anyhow::Result<Totals> {
        self.totals_from(current, GROUPS_MIN)
    }

    pub(super) fn totals_from(&mut self, current: &[PromptKey], groups_min: u64) -> anyhow::Result<Totals> {
        let snapshot = self.snapshot()?;
        // Nobody commits while the snapshot is held, so the version is that of what is counted.
        let version = snapshot.read().data_version()?;
        let Counted { totals, missing } = snapshot.read().count_totals(current)?;
        drop(snapshot);
        if !missing.is_empty() && totals.counts.groups.total >= groups_min {
            self.keep_missing(version, &missing);
        }
        Ok(totals)
    }

    /// Keeps what was counted, if nobody has written since. Where it cannot be written now it is counted again the next
    /// time.
    fn keep_missing(&mut self, version: i64, missing: &[(Bucket, Kept)]) {
        if self.connection.is_readonly(MAIN_DB).unwrap_or(true) {
            return;
        }
        let _ = self.connection.busy_timeout(Duration::ZERO);
        // Nothing else is made anew in this transaction: that could change what was counted.
        let kept = self.begin().and_then(|tx| {
            if tx.read().data_version()? == version {
                tx.keep_counts(missing)?;
                tx.commit()?;
            }
            Ok(())
        });
        drop(kept);
        let _ = self.connection.busy_timeout(self.busy_timeout);
    }
}

impl Read<'_> {
    fn count_totals(self, current: &[PromptKey]) -> anyhow::Result<Counted> {
        let prompts = current.iter().map(|prompt| prompt.0.to_string()).collect::<Vec<_>>().join(",");
        let (mut totals, mut missing) = (Totals { n_entities: self.n_entities()?, ..Totals::default() }, vec![]);
        let has_shared = self.has_shared()?;
        let (kept, mut sum) = (self.kept_counts()?, Sum::default());
        sum.add(&self.count_forgotten()?);
        for bucket in self.buckets()? {
            let counts = match kept.get(&bucket).and_then(|kept| kept.counts(&prompts)) {
                Some(counts) => counts,
                None => {
                    let counts = self.count_bucket(bucket, current, has_shared)?;
                    missing.push((bucket, Kept::new(&counts, &prompts)));
                    counts
                }
            };
            sum.add(&counts);
        }
        totals.counts = sum.counts();
        totals.n_copies = match self.kept_copies()? {
            Some(n) => n,
            None => {
                let n = self.n_copies()?;
                missing.push((Bucket::COPIES, Kept { prompts: None, numbers: n.to_string() }));
                n
            }
        };
        Ok(Counted { totals, missing })
    }
}
