//! The ledger's own rules, asked of what stands in it. A sound ledger answers every question with nothing.

use crate::store::Read;

/// A batch whose requests do not add up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unbalanced {
    /// The provider's id, or the run and part.
    pub batch: String,
    /// Requests that it has by its own row.
    pub n_sent: u64,
    /// Requests that are accounted for.
    pub n_settled: u64,
}

impl Read<'_> {
    /// Returns the imported batches whose requests are not all accounted for.
    pub fn unbalanced_batches(self) -> anyhow::Result<Vec<Unbalanced>> {
        let mut statement = self.0.prepare(
            "SELECT coalesce(b.external_id, b.run_id || ' part ' || b.part), b.n_requests,
                    count(CASE WHEN r.state NOT IN ('planned', 'sent') THEN 1 END)
             FROM batches b LEFT JOIN requests r ON r.batch_id = b.id
             WHERE b.state = 'imported' GROUP BY b.id HAVING count(r.id) <> b.n_requests
                 OR count(CASE WHEN r.state IN ('planned', 'sent') THEN 1 END) > 0
             ORDER BY b.id",
        )?;
        let rows = statement.query_map([], |row| {
            let (n_sent, n_settled): (i64, i64) = (row.get(1)?, row.get(2)?);
            Ok(Unbalanced { batch: row.get(0)?, n_sent: n_sent as u64, n_settled: n_settled as u64 })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns how many requests wait or are in flight where nothing will ever answer them: in a part that was given
    /// up, or in none.
    pub fn n_stuck_requests(self) -> anyhow::Result<u64> {
        self.n_wrong(
            "SELECT count(*) FROM requests r LEFT JOIN batches b ON b.id = r.batch_id
             WHERE r.state IN ('planned', 'sent')
                 AND (b.id IS NULL OR b.state IN ('gone', 'given_up', 'replaced', 'withdrawn'))",
        )
    }

    /// Returns how many requests are said to be answered whose answer is not there.
    pub fn n_answers_lost(self) -> anyhow::Result<u64> {
        self.n_wrong(
            "SELECT count(*) FROM requests r LEFT JOIN answers a ON a.request_id = r.id
             WHERE r.state = 'usable' AND a.text IS NULL AND r.story_group_id IS NOT NULL",
        )
    }

    /// Returns for how many questions the answer that counts is not a usable one.
    pub fn n_current_unusable(self) -> anyhow::Result<u64> {
        self.n_wrong(
            "SELECT count(*) FROM current_answers c LEFT JOIN requests r ON r.id = c.request_id
             WHERE r.state IS NOT 'usable'",
        )
    }

    /// Returns how many groups have topics or mentions that no answer taught.
    pub fn n_groups_untaught(self) -> anyhow::Result<u64> {
        self.n_wrong(
            "SELECT (SELECT count(DISTINCT t.story_group_id) FROM story_topics t WHERE NOT EXISTS (
                         SELECT 1 FROM current_answers c WHERE c.story_group_id = t.story_group_id AND c.kind = 'topic'))
                  + (SELECT count(DISTINCT m.story_group_id) FROM story_entities m WHERE NOT EXISTS (
                         SELECT 1 FROM current_answers c WHERE c.story_group_id = m.story_group_id AND c.kind = 'entity'))",
        )
    }

    /// Returns the latest time that this machine's clock wrote, of whatever, and how many rows are later than that.
    pub fn times_after(self, after: &str) -> anyhow::Result<(u64, Option<String>)> {
        Ok(self.0.query_row(
            "SELECT count(*), max(at) FROM (
                 SELECT loaded_at AS at FROM story_groups UNION ALL SELECT loaded_at FROM entities
                 UNION ALL SELECT created_at FROM runs UNION ALL SELECT checked_at FROM batches
                 UNION ALL SELECT imported_at FROM batches UNION ALL SELECT decided_at FROM mention_decisions)
             WHERE at > ?1",
            [after],
            |row| Ok((row.get::<_, i64>(0)? as u64, row.get(1)?)),
        )?)
    }

    fn n_wrong(self, sql: &'static str) -> anyhow::Result<u64> {
        Ok(self.0.query_row(sql, [], |row| row.get::<_, i64>(0))? as u64)
    }
}
