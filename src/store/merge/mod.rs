//! Another copy of the database, brought in: the union of two copies that went their own ways.
//!
//! The other copy is attached as `other` and only read. Rows are matched by what names them in every copy: groups and
//! entities by their outside ids, prompts by fingerprint, runs by id, batches by the provider's id or the key of their try,
//! requests by run, group and kind. Of what people change the later change counts, by `changed_at` and `tombstones`; of
//! the ledger what is further on. What is learned is not merged: it follows from answers, catalog and decisions, and is
//! made anew. So both copies, each merged with the other, hold the same.
//!
//! Each step fills a temporary table `merged_…` that says which row here is which row there.

mod content;
mod decisions;
mod ledger;

use std::path::Path;

use anyhow::{Context as _, anyhow};
use serde::Serialize;

use super::{Store, Tx};
use crate::error::{Exit, Explain as _, usage};

/// Counts of what a merge did to the rows of one table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Merged {
    /// Rows that only the other copy had.
    pub added: u64,
    /// Rows that both had, where the other copy's counts.
    pub changed: u64,
    /// Rows that both had, where the one here counts.
    pub kept: u64,
    /// Rows that the other copy had removed.
    pub removed: u64,
}

/// A row that both copies had, each in another way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// `group`, `entity`, `decision`, `topic_decision`.
    pub what: &'static str,
    /// Its name for people.
    pub name: String,
    /// `here` or `other`: whose counts.
    pub counts: &'static str,
}

/// Report of a merge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MergeReport {
    pub groups: Merged,
    pub entities: Merged,
    pub decisions: Merged,
    pub topic_decisions: Merged,
    pub runs: Merged,
    pub batches: Merged,
    pub requests: Merged,
    pub answers: Merged,
    /// Groups that the other copy has forgotten, and this one now too.
    pub forgotten: u64,
    /// Rows that both had, each in another way.
    pub conflicts: Vec<Conflict>,
}

impl MergeReport {
    /// Returns whether nothing is another now.
    pub fn is_empty(&self) -> bool {
        let all = [
            self.groups,
            self.entities,
            self.decisions,
            self.topic_decisions,
            self.runs,
            self.batches,
            self.requests,
            self.answers,
        ];
        self.forgotten == 0 && all.iter().all(|of| of.added + of.changed + of.removed == 0)
    }
}

impl Store {
    /// Attaches another copy of this database, as a temporary copy of this program's version. Databases that are no
    /// copies of one another are refused.
    pub fn attach_other(&mut self, path: &Path) -> anyhow::Result<OtherCopy> {
        let is_same_file = match (path.canonicalize(), self.path.canonicalize()) {
            (Ok(one), Ok(other)) => one == other,
            _ => false,
        };
        if is_same_file {
            return Err(usage(format!("`{}` is this database itself", path.display())));
        }
        if path.is_dir() {
            return Err(usage(format!("`{}` is a folder", path.display()))).hint("name the database in it");
        }
        let original = Store::open_beside(path)?;
        original
            .check_owner()
            .with_context(|| format!("`{}` is no database of gleaner", path.display()))
            .exit(Exit::Usage)?;
        let file = tempfile::NamedTempFile::new().context("cannot make a temporary file")?.into_temp_path();
        original.read().copy_to(&file).with_context(|| format!("cannot read `{}`", path.display()))?;
        drop(original);
        let other = Store::open(&file)?;
        let (here, there) = (self.read().meta("db_id")?, other.read().meta("db_id")?);
        drop(other);
        if here.is_none() || here != there {
            return Err(usage(format!("`{}` is not a copy of this database", path.display()))).hint(
                "only copies of one database can be merged; `gleaner export` and `gleaner load` carry over the rest",
            );
        }
        let name = file.to_str().context("SQLite reads paths of Unicode only")?;
        self.connection.execute("ATTACH ?1 AS other", [name])?;
        Ok(OtherCopy { _file: file })
    }

    /// Lets go of the other copy.
    pub fn detach_other(&mut self, other: OtherCopy) -> anyhow::Result<()> {
        self.connection.execute_batch("DETACH other")?;
        drop(other);
        Ok(())
    }

    /// Returns whether the other copy has forgotten a group, so that what goes here must be overwritten.
    pub fn other_has_forgotten(&self) -> anyhow::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM other.tombstones WHERE table_name = 'story_groups' AND key GLOB '[[]\"sha256:*')";
        Ok(self.connection.query_row(sql, [], |row| row.get(0))?)
    }
}

/// Another copy of the database that is attached; its temporary file goes with it.
#[derive(Debug)]
pub struct OtherCopy {
    _file: tempfile::TempPath,
}

impl Tx<'_> {
    /// Brings in the other copy, all but what is learned, which the caller makes anew.
    pub fn merge_other(&self, now: &str) -> anyhow::Result<MergeReport> {
        let mut report = MergeReport::default();
        self.pragma_update(None, "defer_foreign_keys", true)?;
        self.execute_batch(NO_MAPS)?;
        self.execute_batch("CREATE TEMP TABLE merged_stones AS SELECT * FROM main.tombstones")?;
        self.merge_prompts()?;
        self.merge_groups(&mut report, now)?;
        self.merge_entities(&mut report)?;
        self.merge_decisions(&mut report)?;
        self.merge_topic_decisions(&mut report)?;
        self.merge_ledger(&mut report)?;
        self.merge_audits()?;
        self.merge_tombstones()?;
        self.execute_batch("DELETE FROM _counts; DELETE FROM _too_long;")?;
        self.execute_batch(NO_MAPS)?;
        self.refresh_derived()?;
        if self.prepare("PRAGMA main.foreign_key_check")?.query([])?.next()?.is_some() {
            return Err(anyhow!("the two copies do not fit together; nothing was changed"))
                .hint("`gleaner check` says whether one of them is damaged");
        }
        Ok(report)
    }

    /// Changes rows, and returns how many.
    fn n_changed(&self, sql: &str) -> anyhow::Result<u64> {
        Ok(self.execute(sql, []).with_context(|| format!("cannot merge with `{}`", sql.trim()))? as u64)
    }

    fn merge_tombstones(&self) -> anyhow::Result<()> {
        // A removal by the merge itself has the time that the other copy, or the later decision, gives it.
        self.execute_batch(
            "UPDATE main.tombstones AS t SET removed_at = coalesce(
                 (SELECT max(removed_at) FROM (SELECT * FROM merged_stones UNION ALL SELECT * FROM other.tombstones) s
                  WHERE (s.table_name, s.key) = (t.table_name, t.key)),
                 (SELECT max(changed_at) FROM main.mention_decisions), removed_at);
             INSERT INTO main.tombstones (table_name, key, removed_at)
                 SELECT table_name, key, removed_at FROM other.tombstones WHERE 1
                 ON CONFLICT (table_name, key) DO UPDATE SET removed_at = max(removed_at, excluded.removed_at);
             DELETE FROM main.tombstones WHERE table_name = 'story_groups'
                 AND key IN (SELECT json_array(external_id) FROM main.story_groups);
             DELETE FROM main.tombstones WHERE table_name = 'entities'
                 AND key IN (SELECT json_array(type, external_id) FROM main.entities);
             DELETE FROM main.tombstones WHERE table_name = 'topic_decisions'
                 AND key IN (SELECT json_array(topic, verdict, target) FROM main.topic_decisions);
             DELETE FROM main.tombstones WHERE table_name = 'mention_decisions'
                 AND key IN (SELECT json_array(mention_key, entity_type, hints, verdict, target_type, target_external_id)
                             FROM main.mention_decisions);",
        )?;
        Ok(())
    }
}

/// Drops the tables of an earlier merge.
const NO_MAPS: &str = "
    DROP TABLE IF EXISTS temp.merged_profiles; DROP TABLE IF EXISTS temp.merged_prompts;
    DROP TABLE IF EXISTS temp.merged_origins; DROP TABLE IF EXISTS temp.merged_groups;
    DROP TABLE IF EXISTS temp.merged_entities; DROP TABLE IF EXISTS temp.merged_batches;
    DROP TABLE IF EXISTS temp.merged_requests; DROP TABLE IF EXISTS temp.merged_ids;
    DROP TABLE IF EXISTS temp.merged_stones;";
