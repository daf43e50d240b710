//! The ledger of two copies: runs, batches, requests and answers.
//!
//! Purchases of either are kept and counted: a request that both copies sent in different batches is two requests.
//! Of one and the same batch or request the row that is further on counts, so that nothing that one copy knows to be sent
//! or answered is sent again by the other.

use super::MergeReport;
use crate::store::Tx;

/// Rank of a batch by its state: what is further on knows more.
fn batch_rank(alias: &str) -> String {
    format!(
        "CASE {alias}.state WHEN 'planned' THEN 0 WHEN 'withdrawn' THEN 1
              -- One that the provider refused is over; a plan that another took the place of is none.
              WHEN 'replaced' THEN CASE WHEN {alias}.external_id IS NULL THEN 2 ELSE 9 END WHEN 'uploading' THEN 3
              WHEN 'uploaded' THEN 4 WHEN 'creating' THEN 5 WHEN 'given_up' THEN 6 WHEN 'gone' THEN 6
              WHEN 'uncertain' THEN 7 WHEN 'open' THEN 7 WHEN 'ended' THEN 8 ELSE 9 END"
    )
}

/// Rank of a request by its state; one that waits in a `batch` which was refused and replaced asks for nothing.
fn request_rank(alias: &str, batch: &str) -> String {
    format!(
        "CASE WHEN {alias}.state IN ('planned', 'sent')
                   AND {batch} IN (SELECT id FROM main.batches WHERE state = 'replaced') THEN -1
              WHEN {alias}.state = 'planned' THEN 0 WHEN {alias}.state = 'withdrawn' THEN 1
              WHEN {alias}.state = 'sent' THEN 2 WHEN {alias}.state = 'missing' THEN 3
              WHEN {alias}.state = 'failed' THEN 4 WHEN {alias}.state = 'refused' THEN 5
              WHEN {alias}.state = 'unusable' THEN 6 ELSE 7 END"
    )
}

/// Columns of a batch that travel with its state; its run, part and place in the file do not.
const BATCH_COLUMNS: [&str; 38] = [
    "state",
    "external_id",
    "status",
    "gleaner_key",
    "found_by",
    "sha256",
    "input_file_path",
    "input_bytes",
    "input_file_id",
    "output_file_id",
    "error_file_id",
    "model",
    "n_groups",
    "n_requests",
    "estimated_input_tokens",
    "estimated_cost_usd",
    "n_reported",
    "n_reported_completed",
    "n_reported_failed",
    "n_reported_input_tokens",
    "n_reported_output_tokens",
    "intent_at",
    "created_at",
    "expires_at",
    "completed_at",
    "checked_at",
    "status_changed_at",
    "imported_at",
    "not_before",
    "n_refusals",
    "n_foreign",
    "n_duplicate",
    "n_clamped",
    "n_repaired",
    "errors",
    "metadata",
    "claim",
    "claimed_at",
];

/// Columns of an answer.
const ANSWER_COLUMNS: &str =
    "answered_at, model, response_id, text, raw, message, is_repaired, n_clamped, input_tokens,
    cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_usd, sync_cost_usd";

impl Tx<'_> {
    /// Runs, batches, requests and answers.
    pub(super) fn merge_ledger(&self, report: &mut MergeReport) -> anyhow::Result<()> {
        report.runs.added = self.n_changed(
            "INSERT INTO main.runs (id, mode, origin_id, created_at, file_stem, n_groups, n_requests, price)
             SELECT o.id, o.mode, (SELECT id FROM merged_origins WHERE other_id = o.origin_id), o.created_at, o.file_stem,
                    o.n_groups, o.n_requests, o.price
             FROM other.runs o WHERE o.id NOT IN (SELECT id FROM main.runs)",
        )?;
        self.execute_batch(
            "UPDATE main.runs AS h SET origin_id = coalesce(h.origin_id, m.id) FROM other.runs o
                 JOIN merged_origins m ON m.other_id = o.origin_id WHERE o.id = h.id;",
        )?;
        self.merge_batches(report)?;
        self.merge_requests(report)?;
        self.merge_answers(report)?;
        self.execute_batch(
            "INSERT INTO main.foreign_lines (batch_id, custom_id, line)
                 SELECT m.id, o.custom_id, o.line FROM other.foreign_lines o
                 JOIN merged_batches m ON m.other_id = o.batch_id
                 WHERE NOT EXISTS (SELECT 1 FROM main.foreign_lines h
                                   WHERE (h.batch_id, h.custom_id, h.line) IS (m.id, o.custom_id, o.line));
             INSERT INTO main.queue_limits (origin_id, model, max_tokens, learned_at)
                 SELECT m.id, o.model, o.max_tokens, o.learned_at FROM other.queue_limits o
                 JOIN merged_origins m ON m.other_id = o.origin_id WHERE 1
                 ON CONFLICT (origin_id, model) DO UPDATE SET max_tokens = excluded.max_tokens,
                     learned_at = excluded.learned_at
                 WHERE (excluded.learned_at, excluded.max_tokens) > (learned_at, max_tokens);
             -- A batch that one of the two knows to be there has its requests in flight.
             UPDATE main.requests SET state = 'sent', reason = NULL
                 WHERE state = 'missing' AND reason IN ('gone', 'given_up')
                   AND batch_id IN (SELECT id FROM main.batches WHERE state IN ('open', 'ended', 'uncertain'));
",
        )?;
        #[expect(clippy::disallowed_methods, reason = "no part moves: the plans of two ledgers become one's")]
        self.part_moves().withdraw_elsewhere(None)?;
        self.execute_batch(
            "-- Nor does a plan ask what the other has had answered since it was made.
             UPDATE main.requests AS r SET state = 'withdrawn', reason = 'asked_elsewhere'
                 WHERE r.state = 'planned'
                   AND r.batch_id NOT IN (SELECT id FROM main.batches WHERE state = 'creating')
                   AND EXISTS (SELECT 1 FROM main.requests o
                               JOIN main.runs theirs ON theirs.id = o.run_id JOIN main.runs ours ON ours.id = r.run_id
                               WHERE o.story_group_id = r.story_group_id AND o.kind = r.kind AND o.sandbox = r.sandbox
                                 AND o.is_comparison = r.is_comparison AND o.state = 'usable'
                                 AND o.prompt_id = r.prompt_id AND o.text_hash = r.text_hash
                                 AND theirs.created_at > ours.created_at);
             -- A file that holds what was withdrawn is written again.
             UPDATE main.batches SET state = 'planned' WHERE state IN ('uploading', 'uploaded')
                 AND id IN (SELECT batch_id FROM main.requests WHERE state = 'withdrawn');
             -- A plan whose requests the other copy has sent in another part has nothing left to send.
             UPDATE main.batches SET state = 'withdrawn' WHERE state = 'planned'
                 AND NOT EXISTS (SELECT 1 FROM main.requests r WHERE r.batch_id = batches.id AND r.state = 'planned');",
        )?;
        self.order_requests()
    }

    fn merge_batches(&self, report: &mut MergeReport) -> anyhow::Result<()> {
        self.execute_batch(
            "CREATE TEMP TABLE merged_batches (other_id INTEGER PRIMARY KEY, id INTEGER NOT NULL UNIQUE);
             -- The provider's id, else the key of the try, else the part, where one of the two was not sent yet.
             INSERT INTO merged_batches
                 SELECT o.id, h.id FROM other.batches o
                 JOIN merged_origins m ON m.other_id = o.origin_id
                 JOIN main.batches h ON h.external_id = o.external_id AND h.origin_id = m.id;
             INSERT OR IGNORE INTO merged_batches
                 SELECT o.id, h.id FROM other.batches o JOIN main.batches h ON h.gleaner_key = o.gleaner_key
                 WHERE o.id NOT IN (SELECT other_id FROM merged_batches);
             INSERT OR IGNORE INTO merged_batches
                 SELECT o.id, h.id FROM other.batches o JOIN main.batches h ON (h.run_id, h.part) = (o.run_id, o.part)
                 WHERE o.id NOT IN (SELECT other_id FROM merged_batches) AND h.id NOT IN (SELECT id FROM merged_batches)
                   AND (h.external_id IS NULL OR o.external_id IS NULL) ORDER BY o.id, h.id;",
        )?;
        let (other, here) = (batch_rank("o"), batch_rank("h"));
        let further = format!(
            "({other}, coalesce(o.checked_at, ''), coalesce(o.external_id, ''))
                             > ({here}, coalesce(h.checked_at, ''), coalesce(h.external_id, ''))"
        );
        let set: Vec<String> = BATCH_COLUMNS.iter().map(|column| format!("{column} = o.{column}")).collect();
        // The unique key of a try may move from one row to another.
        report.batches.changed = self.n_changed(&format!(
            "UPDATE main.batches AS h SET {}, n_claims = o.n_claims,
                    origin_id = coalesce((SELECT id FROM merged_origins WHERE other_id = o.origin_id), h.origin_id)
             FROM merged_batches m JOIN other.batches o ON o.id = m.other_id
             WHERE h.id = m.id AND {further}
               AND (h.state, h.status, h.external_id, h.imported_at) IS NOT (o.state, o.status, o.external_id, o.imported_at)",
            set.join(", ")
        ))?;
        self.execute_batch(
            "UPDATE main.batches AS h SET remote_deleted_at = coalesce(h.remote_deleted_at, o.remote_deleted_at)
                 FROM merged_batches m JOIN other.batches o ON o.id = m.other_id WHERE h.id = m.id;",
        )?;
        let columns = BATCH_COLUMNS.join(", ");
        let values: Vec<String> = BATCH_COLUMNS.iter().map(|column| format!("o.{column}")).collect();
        report.batches.added = self.n_changed(&format!(
            "INSERT INTO main.batches (run_id, part, origin_id, remote_deleted_at, n_claims, {columns})
             SELECT o.run_id, o.part, (SELECT id FROM merged_origins WHERE other_id = o.origin_id), o.remote_deleted_at,
                    o.n_claims, {}
             FROM other.batches o WHERE o.id NOT IN (SELECT other_id FROM merged_batches) ORDER BY o.id",
            values.join(", ")
        ))?;
        // Those that were just added: by the order in which they were.
        self.execute_batch(
            "INSERT INTO merged_batches
                 SELECT o.id, h.id
                 FROM (SELECT id, row_number() OVER (ORDER BY id) AS nth FROM other.batches
                       WHERE id NOT IN (SELECT other_id FROM merged_batches)) o
                 JOIN (SELECT id, row_number() OVER (ORDER BY id) AS nth FROM
                          (SELECT id FROM main.batches ORDER BY id DESC LIMIT
                              (SELECT count(*) FROM other.batches WHERE id NOT IN (SELECT other_id FROM merged_batches)))) h
                     USING (nth);",
        )?;
        Ok(())
    }

    fn merge_requests(&self, report: &mut MergeReport) -> anyhow::Result<()> {
        self.execute_batch(
            "CREATE TEMP TABLE merged_requests (other_id INTEGER PRIMARY KEY, id INTEGER NOT NULL);
             INSERT INTO merged_requests
                 SELECT o.id, h.id
                 FROM (SELECT r.*, g.id AS group_here, b.id AS batch_here,
                              row_number() OVER (PARTITION BY r.run_id, r.story_group_id, r.kind ORDER BY r.id) AS nth
                       FROM other.requests r JOIN merged_groups g ON g.other_id = r.story_group_id
                       LEFT JOIN merged_batches b ON b.other_id = r.batch_id) o
                 JOIN (SELECT r.*, row_number() OVER (PARTITION BY r.run_id, r.story_group_id, r.kind ORDER BY r.id) AS nth
                       FROM main.requests r WHERE r.story_group_id IS NOT NULL) h
                   ON h.run_id = o.run_id AND h.story_group_id = o.group_here AND h.kind = o.kind AND h.nth = o.nth
                 -- Sent by both in different batches, it was bought twice.
                 WHERE h.batch_id IS o.batch_here OR h.state IN ('planned', 'withdrawn')
                    OR o.state IN ('planned', 'withdrawn')
                    OR h.batch_id IN (SELECT id FROM main.batches WHERE state = 'replaced')
                    OR o.batch_here IN (SELECT id FROM main.batches WHERE state = 'replaced');",
        )?;
        let batch_here = "(SELECT id FROM merged_batches WHERE other_id = o.batch_id)";
        let (other, here) = (request_rank("o", batch_here), request_rank("h", "h.batch_id"));
        report.requests.changed = self.n_changed(&format!(
            "UPDATE main.requests AS h SET state = o.state, reason = o.reason, custom_id = o.custom_id, attempt = o.attempt,
                    text_hash = o.text_hash, sandbox = o.sandbox,
                    prompt_id = (SELECT id FROM merged_prompts WHERE other_id = o.prompt_id),
                    batch_id = (SELECT id FROM merged_batches WHERE other_id = o.batch_id)
             FROM merged_requests m JOIN other.requests o ON o.id = m.other_id
             WHERE h.id = m.id AND {other} > {here}"
        ))?;
        self.execute_batch(
            "UPDATE main.requests AS h SET is_comparison = min(h.is_comparison, o.is_comparison)
                 FROM merged_requests m JOIN other.requests o ON o.id = m.other_id
                 WHERE h.id = m.id AND h.is_comparison <> o.is_comparison;
             -- New ones keep their order; of a group that was forgotten here they stay without it, and those of a run that
             -- is here already are here without it too.
             CREATE TEMP TABLE merged_ids AS
                 SELECT o.id AS old, (SELECT coalesce(max(id), 0) FROM main.requests)
                            + row_number() OVER (ORDER BY o.id) AS new
                 FROM other.requests o
                 LEFT JOIN merged_groups g ON g.other_id = o.story_group_id
                 WHERE o.id NOT IN (SELECT other_id FROM merged_requests)
                   AND (g.id IS NOT NULL OR o.run_id NOT IN (SELECT run_id FROM main.requests));",
        )?;
        report.requests.added = self.n_changed(
            "INSERT INTO main.requests (id, story_group_id, kind, prompt_id, text_hash, run_id, batch_id, custom_id, sandbox,
                                        is_comparison, attempt, state, reason)
             SELECT n.new, g.id, o.kind, p.id, CASE WHEN g.id IS NULL THEN zeroblob(16) ELSE o.text_hash END, o.run_id, b.id,
                    CASE WHEN g.id IS NOT NULL THEN o.custom_id END, o.sandbox, o.is_comparison, o.attempt, o.state, o.reason
             FROM merged_ids n
             JOIN other.requests o ON o.id = n.old
             JOIN merged_prompts p ON p.other_id = o.prompt_id
             LEFT JOIN merged_groups g ON g.other_id = o.story_group_id
             LEFT JOIN merged_batches b ON b.other_id = o.batch_id",
        )?;
        self.execute_batch("INSERT INTO merged_requests SELECT old, new FROM merged_ids; DROP TABLE merged_ids;")?;
        Ok(())
    }

    fn merge_answers(&self, report: &mut MergeReport) -> anyhow::Result<()> {
        let with = |alias: &str| -> String {
            ANSWER_COLUMNS.split(',').map(|column| format!("{alias}.{}", column.trim())).collect::<Vec<_>>().join(", ")
        };
        let (other, here) = (with("o"), with("h"));
        // Which of two counts does not depend on whose they are: the request is one, and so is its answer, mostly.
        report.answers.changed = self.n_changed(&format!(
            "UPDATE main.answers AS h SET ({ANSWER_COLUMNS}) = ({other})
             FROM merged_requests m JOIN other.answers o ON o.request_id = m.other_id
             JOIN main.requests r ON r.id = m.id
             WHERE h.request_id = m.id AND r.story_group_id IS NOT NULL
               AND json_array({other}) > json_array({here})"
        ))?;
        report.answers.added = self.n_changed(&format!(
            "INSERT INTO main.answers (request_id, {ANSWER_COLUMNS})
             SELECT m.id, {other} FROM merged_requests m JOIN other.answers o ON o.request_id = m.other_id
             WHERE m.id NOT IN (SELECT request_id FROM main.answers)"
        ))?;
        self.execute_batch(
            "UPDATE main.answers SET text = NULL, raw = NULL, message = NULL, response_id = NULL
             WHERE request_id IN (SELECT id FROM main.requests WHERE story_group_id IS NULL)
               AND (text IS NOT NULL OR raw IS NOT NULL OR message IS NOT NULL OR response_id IS NOT NULL)",
        )?;
        Ok(())
    }

    /// Gives requests ids in the order in which they were asked: of two answers the one asked last counts.
    fn order_requests(&self) -> anyhow::Result<()> {
        self.execute_batch(
            "CREATE TEMP TABLE merged_ids (old INTEGER PRIMARY KEY, new INTEGER NOT NULL);
             INSERT INTO merged_ids
                 SELECT r.id, row_number() OVER (ORDER BY u.created_at, u.id, r.id)
                 FROM main.requests r JOIN main.runs u ON u.id = r.run_id;",
        )?;
        let is_in_order: bool = self.query_row(
            "SELECT NOT EXISTS (SELECT 1 FROM (SELECT old, lag(old) OVER (ORDER BY new) AS before FROM merged_ids)
                                WHERE old < before)",
            [],
            |row| row.get(0),
        )?;
        if !is_in_order {
            self.execute_batch(
                "DELETE FROM main.current_answers;
                 UPDATE main.answers SET request_id = -(SELECT new FROM merged_ids WHERE old = request_id);
                 UPDATE main.requests SET id = -(SELECT new FROM merged_ids WHERE old = id);
                 UPDATE main.answers SET request_id = -request_id;
                 UPDATE main.requests SET id = -id;",
            )?;
        }
        self.execute_batch("DROP TABLE merged_ids")?;
        Ok(())
    }
}
