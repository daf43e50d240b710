//! Questions that are not sent again, and why: groups that are longer than their model takes, and requests whose model is
//! not there.

use rusqlite::params;

use super::{Read, Tx};
use crate::answer::Reason;
use crate::model::{GroupKey, OriginKey, RequestKey};

/// A group that is longer than a model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    pub group: GroupKey,
    /// Hash of the text that was measured.
    pub text_hash: [u8; 16],
    /// Estimated input tokens of its longer request.
    pub n_tokens: u64,
}

impl Read<'_> {
    /// Returns where a request was asked; `None`: nowhere yet.
    pub fn origin_of_request(self, request: RequestKey) -> anyhow::Result<Option<OriginKey>> {
        let mut statement = self
            .0
            .prepare_cached("SELECT u.origin_id FROM requests r JOIN runs u ON u.id = r.run_id WHERE r.id = ?1")?;
        Ok(statement.query_row([request], |row| row.get(0))?)
    }

    /// Returns how many groups are known to be longer than a model takes, as they are now, and were not asked about.
    pub fn n_too_long(self, model: &str, max_input: u64) -> anyhow::Result<u64> {
        Ok(self.0.query_row(
            // In this order: there are few of them, which the planner cannot know.
            "SELECT count(*) FROM _too_long l CROSS JOIN story_groups g ON g.id = l.story_group_id
             WHERE l.model = ?1 AND l.n_tokens > ?2 AND g.text_hash = l.text_hash AND g.status = 'active'
               AND NOT EXISTS (SELECT 1 FROM requests r WHERE r.story_group_id = g.id AND r.text_hash = g.text_hash
                                 AND r.state IN ('usable', 'planned', 'sent'))",
            params![model, i64::try_from(max_input).unwrap_or(i64::MAX)],
            |row| row.get::<_, i64>(0),
        )? as u64)
    }

    /// Returns how many of the failed requests of one world failed since the model that would be asked today was not there:
    /// no command sends them to it again. `origin` is where they would be asked, if that is known.
    pub fn n_model_gone(
        self,
        (model, endpoint): (&str, &str),
        origin: Option<OriginKey>,
        sandbox: bool,
    ) -> anyhow::Result<u64> {
        // The last request for each question, as `progress` counts them; there are seldom any. So the table is read once in
        // its order: by the index of prompts nearly every row would be looked up.
        Ok(self.0.query_row(
            "SELECT count(*) FROM requests r CROSS JOIN prompts p ON p.id = r.prompt_id CROSS JOIN runs u ON u.id = r.run_id
             WHERE r.state = 'failed' AND r.reason = ?1 AND r.sandbox = ?2 AND r.is_comparison = 0
               AND p.model = ?3 AND p.endpoint = ?4 AND (?5 IS NULL OR u.origin_id IS ?5)
               AND NOT EXISTS (SELECT 1 FROM requests o WHERE o.story_group_id = r.story_group_id AND o.kind = r.kind
                                 AND o.sandbox = r.sandbox AND o.is_comparison = 0 AND o.state <> 'withdrawn'
                                 AND (o.id > r.id OR o.state IN ('usable', 'planned', 'sent')))",
            params![Reason::MODEL_GONE, sandbox, model, endpoint, origin],
            |row| row.get::<_, i64>(0),
        )? as u64)
    }
}

impl Tx<'_> {
    /// Writes down that groups are longer than a model takes.
    pub fn note_too_long(&self, model: &str, groups: &[TooLong]) -> anyhow::Result<()> {
        let mut statement = self.prepare_cached(
            "INSERT INTO _too_long (story_group_id, model, text_hash, n_tokens) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (story_group_id, model)
                 DO UPDATE SET text_hash = excluded.text_hash, n_tokens = excluded.n_tokens",
        )?;
        for too_long in groups {
            let tokens = i64::try_from(too_long.n_tokens).unwrap_or(i64::MAX);
            statement.execute(params![too_long.group, model, too_long.text_hash, tokens])?;
        }
        Ok(())
    }
}
