//! Comparisons: what `compare` asked. They count for nothing until they are adopted.

use std::collections::HashSet;

use rusqlite::{OptionalExtension as _, params};

use super::select::draw;
use super::{Read, Tx};
use crate::model::{GroupKey, Kind, PromptKey, RequestKey, RunId};

impl Read<'_> {
    /// Returns so many groups with text, drawn at random with a seed: the same ones as `--sample` draws elsewhere,
    /// whether they were asked about or not. Of groups with the same text there is one.
    pub fn sampled_groups(self, n: u64, seed: u64) -> anyhow::Result<Vec<(GroupKey, [u8; 16])>> {
        let mut statement = self.0.prepare_cached(
            "SELECT id, external_id, text_hash FROM story_groups WHERE status = 'active' AND text_hash IS NOT NULL
             ORDER BY sort_at DESC, id",
        )?;
        let mut rows = statement.query([])?;
        let mut drawn: Vec<([u8; 16], usize, (GroupKey, [u8; 16]))> = vec![];
        let mut place = 0usize;
        while let Some(row) = rows.next()? {
            let number = draw(seed, row.get_ref(1)?.as_bytes()?);
            drawn.push((number, place, (row.get(0)?, row.get(2)?)));
            place += 1;
        }
        drawn.sort_unstable_by_key(|(number, ..)| *number);
        let mut texts = HashSet::new();
        drawn.retain(|(.., (_, text_hash))| texts.insert(*text_hash));
        drawn.truncate(usize::try_from(n).unwrap_or(usize::MAX));
        drawn.sort_unstable_by_key(|(_, place, _)| *place);
        Ok(drawn.into_iter().map(|(.., group)| group).collect())
    }

    /// Returns the last request that put this very question about this very text and was answered, well or badly;
    /// comparisons count too. Asking it again would buy the same once more.
    pub fn request_answered_with(
        self,
        (group, text_hash): (GroupKey, [u8; 16]),
        kind: Kind,
        prompt: PromptKey,
        sandbox: bool,
    ) -> anyhow::Result<Option<RequestKey>> {
        let key = self
            .0
            .prepare_cached(
                "SELECT id FROM requests
                 WHERE story_group_id = ?1 AND kind = ?2 AND prompt_id = ?3 AND text_hash = ?4 AND sandbox = ?5
                   AND state IN ('usable', 'unusable', 'refused')
                 ORDER BY id DESC LIMIT 1",
            )?
            .query_row(params![group, kind, prompt, text_hash, sandbox], |row| row.get(0))
            .optional()?;
        Ok(key)
    }

    /// Returns whether this very question about this very text waits in a part or is in flight; comparisons count too.
    pub fn is_question_pending(
        self,
        (group, text_hash): (GroupKey, [u8; 16]),
        kind: Kind,
        prompt: PromptKey,
        sandbox: bool,
    ) -> anyhow::Result<bool> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM requests
                                WHERE story_group_id = ?1 AND kind = ?2 AND prompt_id = ?3 AND text_hash = ?4
                                  AND sandbox = ?5 AND state IN ('planned', 'sent'))",
            )?
            .query_row(params![group, kind, prompt, text_hash, sandbox], |row| row.get(0))?)
    }

    /// Returns the comparisons of a run, in the order they were asked.
    pub fn comparisons_of_run(self, run: &RunId) -> anyhow::Result<Vec<RequestKey>> {
        let mut statement =
            self.0.prepare_cached("SELECT id FROM requests WHERE run_id = ?1 AND is_comparison = 1 ORDER BY id")?;
        Ok(statement.query_map([run], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// Makes an answer of a comparison one of the collection's own requests.
    pub fn adopt_comparison(&self, key: RequestKey) -> anyhow::Result<()> {
        self.prepare_cached("UPDATE requests SET is_comparison = 0 WHERE id = ?1")?.execute([key])?;
        Ok(())
    }
}
