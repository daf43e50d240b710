//! Groups that are forgotten: their texts, answers, topics, mentions and ids go, and what they were is overwritten in the
//! file. The ledger keeps state and cost of their requests, so that accounts balance.
//!
//! Anything that could bring them back goes too: the journal of earlier changes, which holds rows as they were, and the full-text
//! index, which the next search makes anew.

use std::fs;
use std::io::{Seek as _, Write as _};

use anyhow::Context as _;
use rusqlite::params;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{HowUndone, Read, Store, Tx};
use crate::model::{BatchKey, GroupId, GroupKey};
use crate::text::hex;

/// Row of `meta` that stands from the moment that something is forgotten until the file was written anew.
const OVERWRITING: &str = "overwriting";

/// Begins the key of the tombstone of a forgotten group: a hash of its id stands behind it.
pub(super) const FORGOTTEN: &str = "sha256:";

/// Counts of what was forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ForgottenGroups {
    pub groups: u64,
    pub stories: u64,
    pub topics: u64,
    pub mentions: u64,
    /// Answers whose text was removed.
    pub answers: u64,
    /// Answers that a group with the same text has taken over.
    pub handed_over: u64,
}

/// Returns the key that the tombstone of a forgotten group has in place of its id.
pub(super) fn forgotten_key(id: &str) -> String {
    serde_json::json!([format!("{FORGOTTEN}{}", hex(&Sha256::digest(id)))]).to_string()
}

impl Read<'_> {
    /// Returns the batches and parts that ask about a group and are not over.
    pub fn batches_in_flight_with(self, group: GroupKey) -> anyhow::Result<Vec<String>> {
        let mut statement = self.0.prepare_cached(
            "SELECT DISTINCT coalesce(b.external_id, r.run_id) FROM requests r
             LEFT JOIN batches b ON b.id = r.batch_id
             WHERE r.story_group_id = ?1 AND r.state IN ('planned', 'sent') ORDER BY 1",
        )?;
        Ok(statement.query_map([group], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Returns whether groups were forgotten that a batch asked about.
    pub fn has_forgotten(self, batch: BatchKey) -> anyhow::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM requests WHERE batch_id = ?1 AND story_group_id IS NULL)";
        Ok(self.0.prepare_cached(sql)?.query_row([batch], |row| row.get(0))?)
    }

    /// Returns every group with its id.
    pub fn all_group_ids(self) -> anyhow::Result<Vec<(GroupKey, GroupId)>> {
        let mut statement = self.0.prepare("SELECT id, external_id FROM story_groups ORDER BY id")?;
        Ok(statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
    }

    /// Returns the batches that ever asked about a group.
    pub fn batches_with(self, group: GroupKey) -> anyhow::Result<Vec<BatchKey>> {
        let mut statement = self.0.prepare_cached(
            "SELECT DISTINCT batch_id FROM requests WHERE story_group_id = ?1 AND batch_id IS NOT NULL ORDER BY 1",
        )?;
        Ok(statement.query_map([group], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// Forgets groups. The caller has seen that nothing about them is in flight.
    pub fn forget_groups(&self, groups: &[(GroupKey, GroupId)], now: &str) -> anyhow::Result<ForgottenGroups> {
        let mut done = ForgottenGroups::default();
        for (key, id) in groups {
            // A look may have found meanwhile that something of it is in flight after all.
            anyhow::ensure!(self.read().batches_in_flight_with(*key)?.is_empty(), "group `{id}` is in flight by now");
            done.handed_over += self.hand_over(*key)?;
            let n = |sql: &str| anyhow::Ok(self.execute(sql, [key])? as u64);
            done.topics += n("DELETE FROM story_topics WHERE story_group_id = ?1")?;
            done.mentions += n("DELETE FROM story_entities WHERE story_group_id = ?1")?;
            n("DELETE FROM current_answers WHERE story_group_id = ?1")?;
            n("DELETE FROM foreign_lines WHERE custom_id IN
                   (SELECT custom_id FROM requests WHERE story_group_id = ?1 AND custom_id IS NOT NULL)")?;
            n("UPDATE batches SET errors = NULL WHERE EXISTS
                   (SELECT 1 FROM requests r WHERE r.story_group_id = ?1 AND r.batch_id = batches.id
                      AND instr(batches.errors, r.custom_id) > 0)")?;
            done.answers += n("UPDATE answers SET text = NULL, raw = NULL, message = NULL, response_id = NULL
                 WHERE request_id IN (SELECT id FROM requests WHERE story_group_id = ?1)")?;
            n("UPDATE requests SET story_group_id = NULL, custom_id = NULL, text_hash = zeroblob(16)
               WHERE story_group_id = ?1")?;
            n(
                "UPDATE audit_items SET item = 'forgotten', hints = NULL, missed = NULL, story_group_id = NULL WHERE story_group_id = ?1",
            )?;
            done.stories += n("DELETE FROM stories WHERE story_group_id = ?1")?;
            done.groups += n("DELETE FROM story_groups WHERE id = ?1")?;
            // The id itself goes; another copy of the file is told by its hash.
            self.execute(
                "UPDATE tombstones SET key = ?2 WHERE table_name = 'story_groups' AND key = json_array(?1)",
                params![id, forgotten_key(id.as_str())],
            )?;
        }
        self.forget_traces()?;
        self.note_change("forget", "", HowUndone::None, &[("groups", done.groups)], now)?;
        Ok(done)
    }

    /// Drops the stories of groups and keeps what was learned from them.
    pub fn forget_texts(&self, groups: &[(GroupKey, GroupId)], now: &str) -> anyhow::Result<ForgottenGroups> {
        let mut done = ForgottenGroups { groups: groups.len() as u64, ..ForgottenGroups::default() };
        for (key, _) in groups {
            // Its place in time came from its stories, maybe.
            self.execute("UPDATE story_groups SET created_at = coalesce(created_at, date) WHERE id = ?1", [key])?;
            done.stories += self.execute("DELETE FROM stories WHERE story_group_id = ?1", [key])? as u64;
            // That a name stood there stays known, and where it did says something of the text.
            self.execute(
                "UPDATE story_entities SET place_story = NULL, place_in = NULL, place_at = NULL, place_length = NULL
                 WHERE story_group_id = ?1",
                [key],
            )?;
        }
        self.forget_traces()?;
        self.refresh_derived()?;
        self.note_change("forget texts", "", HowUndone::None, &[("stories", done.stories)], now)?;
        Ok(done)
    }

    /// Gives the answers of a group that others share to the first of these, as its own.
    fn hand_over(&self, group: GroupKey) -> anyhow::Result<u64> {
        let n = self.execute(
            "UPDATE requests AS r SET custom_id = NULL, story_group_id =
                 (SELECT min(c.story_group_id) FROM current_answers c WHERE c.request_id = r.id AND c.story_group_id <> ?1)
             WHERE r.story_group_id = ?1
               AND EXISTS (SELECT 1 FROM current_answers c WHERE c.request_id = r.id AND c.story_group_id <> ?1)
               AND NOT EXISTS (SELECT 1 FROM requests o WHERE o.batch_id = r.batch_id AND o.kind = r.kind
                     AND o.story_group_id = (SELECT min(c.story_group_id) FROM current_answers c
                                             WHERE c.request_id = r.id AND c.story_group_id <> ?1))",
            [group],
        )?;
        self.execute_batch(
            "UPDATE current_answers SET is_shared = 0 WHERE is_shared = 1
                 AND story_group_id = (SELECT r.story_group_id FROM requests r WHERE r.id = request_id)",
        )?;
        Ok(n as u64)
    }

    /// Removes what holds rows as they were: the journal of changes, the index of words, counts.
    fn forget_traces(&self) -> anyhow::Result<()> {
        self.execute_batch(
            "DELETE FROM change_rows; DELETE FROM change_ranges; DELETE FROM _counts; DELETE FROM _searched_groups;
             DROP TABLE IF EXISTS story_search;",
        )?;
        self.set_meta(OVERWRITING, "begun")
    }
}

impl Store {
    /// Lets what is deleted from now on be overwritten, in the file and in its journal, until
    /// [`Store::finish_overwriting`].
    pub fn overwrite_what_is_deleted(&self) -> anyhow::Result<()> {
        self.connection.pragma_update(None, "secure_delete", true)?;
        // A journal that is removed leaves its pages on the disk; one that stays can be overwritten.
        self.connection.query_row("PRAGMA journal_mode = PERSIST", [], |_| Ok(()))?;
        Ok(())
    }

    /// Returns whether something was forgotten and the program was stopped before the file was written anew.
    pub fn is_overwriting_due(&self) -> anyhow::Result<bool> {
        Ok(self.read().meta(OVERWRITING)?.is_some())
    }

    /// Writes the file anew without what earlier deletions left in it, and overwrites the journal.
    pub fn finish_overwriting(&mut self) -> anyhow::Result<()> {
        self.show_hidden()?;
        // In memory it would take as much as the file has.
        self.connection.execute_batch("PRAGMA temp_store = FILE")?;
        self.connection.execute_batch("VACUUM").context("cannot overwrite what was forgotten")?;
        self.connection.execute_batch("PRAGMA temp_store = MEMORY")?;
        let mut name = self.path.clone().into_os_string();
        name.push("-journal");
        {
            // While this is held nobody else writes to the journal.
            let _held = self.begin()?;
            if let Ok(mut file) = fs::OpenOptions::new().write(true).open(&name) {
                let mut left = file.metadata().context("cannot read the journal")?.len();
                file.rewind()?;
                while left > 0 {
                    let n = left.min(1 << 16);
                    file.write_all(&[0; 1 << 16][..n as usize]).context("cannot overwrite the journal")?;
                    left -= n;
                }
                file.sync_all().context("cannot overwrite the journal")?;
            }
        }
        self.connection.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
        self.connection.pragma_update(None, "secure_delete", false)?;
        let tx = self.write()?;
        tx.execute("DELETE FROM meta WHERE key = ?1", [OVERWRITING])?;
        tx.commit()
    }
}
