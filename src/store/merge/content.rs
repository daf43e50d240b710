//! Groups, stories, entities, profiles, prompts and origins of two copies.

use rusqlite::params;

use super::{Conflict, MergeReport};
use crate::model::{EntityKey, GroupId, GroupKey};
use crate::store::Tx;
use crate::store::forget::forgotten_key;

/// The most conflicts of a kind that a report names.
pub(super) const CONFLICTS_MAX: usize = 100;

/// All of a group but its place in this file, as one text.
fn group_content(schema: &str) -> String {
    format!(
        "json_array(g.title, g.status, g.created_at,
             (SELECT json_group_array(json_array(s.ordinal, s.title, s.text, s.url, s.published_at, s.attributes))
              FROM (SELECT * FROM {schema}.stories WHERE story_group_id = g.id ORDER BY ordinal) s))"
    )
}

/// All of an entity but its place in this file, as one text.
fn entity_content(schema: &str) -> String {
    format!(
        "json_array(e.name, e.attributes,
             (SELECT json_group_array(a.alias)
              FROM (SELECT alias FROM {schema}.entity_aliases WHERE entity_id = e.id ORDER BY alias) a))"
    )
}

impl Tx<'_> {
    /// Profiles by their text, origins by their address, prompts by their fingerprint: none of them ever changes.
    pub(super) fn merge_prompts(&self) -> anyhow::Result<()> {
        self.execute_batch(
            "INSERT INTO main.profiles (name, text, sha256, added_at)
                 SELECT name, text, sha256, added_at FROM other.profiles o
                 WHERE o.sha256 NOT IN (SELECT sha256 FROM main.profiles) ORDER BY o.id;
             CREATE TEMP TABLE merged_profiles AS
                 SELECT o.id AS other_id, h.id FROM other.profiles o JOIN main.profiles h USING (sha256);
             INSERT INTO main.origins (base_url, is_sandbox, dialect, capabilities, added_at)
                 SELECT base_url, is_sandbox, dialect, capabilities, added_at FROM other.origins o
                 WHERE o.base_url NOT IN (SELECT base_url FROM main.origins) ORDER BY o.id;
             UPDATE main.origins AS h SET is_sandbox = max(h.is_sandbox, o.is_sandbox),
                    capabilities = coalesce(h.capabilities, o.capabilities)
                 FROM other.origins o WHERE o.base_url = h.base_url;
             CREATE TEMP TABLE merged_origins AS
                 SELECT o.id AS other_id, h.id FROM other.origins o JOIN main.origins h USING (base_url);
             INSERT INTO main.prompts (fingerprint, kind, profile_id, model, endpoint, parameters, instructions, schema_name,
                                       schema, created_at, item_limit)
                 SELECT o.fingerprint, o.kind, (SELECT id FROM merged_profiles p WHERE p.other_id = o.profile_id), o.model,
                        o.endpoint, o.parameters, o.instructions, o.schema_name, o.schema, o.created_at, o.item_limit
                 FROM other.prompts o WHERE o.fingerprint NOT IN (SELECT fingerprint FROM main.prompts) ORDER BY o.id;
             CREATE TEMP TABLE merged_prompts (other_id INTEGER PRIMARY KEY, id INTEGER NOT NULL);
             INSERT INTO merged_prompts
                 SELECT o.id, h.id FROM other.prompts o JOIN main.prompts h USING (fingerprint);
             -- The profile that was chosen last is the active one.
             INSERT INTO main.meta (key, value, changed_at)
                 SELECT 'active_profile', p.id, m.changed_at FROM other.meta m
                 JOIN merged_profiles p ON p.other_id = CAST(m.value AS INTEGER)
                 WHERE m.key = 'active_profile'
                   AND NOT EXISTS (SELECT 1 FROM main.meta h WHERE h.key = 'active_profile' AND h.changed_at >= m.changed_at)
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at;",
        )?;
        Ok(())
    }

    /// Groups with their stories, as a set: the later change counts.
    pub(super) fn merge_groups(&self, report: &mut MergeReport, now: &str) -> anyhow::Result<()> {
        let (here, other) = (group_content("main"), group_content("other"));
        // Of what did not change since the copies parted the times are equal, and nothing more is looked at.
        self.execute_batch(&format!(
            "CREATE TEMP TABLE merged_differ (id INTEGER PRIMARY KEY, other_id INTEGER NOT NULL, other_wins INTEGER NOT NULL,
                                              differs INTEGER NOT NULL);
             INSERT INTO merged_differ
                 SELECT a.id, b.id, (b.changed_at, b.content) > (a.changed_at, a.content), a.content <> b.content
                 FROM (SELECT g.id, g.external_id, g.changed_at, {here} AS content FROM main.story_groups g
                       JOIN other.story_groups o USING (external_id)
                       WHERE (g.changed_at, g.text_hash, g.title, g.status, g.created_at)
                          IS NOT (o.changed_at, o.text_hash, o.title, o.status, o.created_at)) a
                 JOIN (SELECT g.id, g.external_id, g.changed_at, {other} AS content FROM other.story_groups g) b
                     USING (external_id);"
        ))?;
        report.groups.changed =
            self.note_conflicts(report, "group", "SELECT external_id FROM main.story_groups", true)?;
        report.groups.kept =
            self.note_conflicts(report, "group", "SELECT external_id FROM main.story_groups", false)?;
        self.execute_batch(
            "UPDATE main.story_groups AS g SET title = o.title, status = o.status, created_at = o.created_at, date = o.date,
                    sort_at = o.sort_at, text_hash = o.text_hash, clean_hash = o.clean_hash, loaded_at = o.loaded_at
                 FROM merged_differ d JOIN other.story_groups o ON o.id = d.other_id
                 WHERE g.id = d.id AND d.other_wins AND d.differs;
             DELETE FROM main.stories WHERE story_group_id IN (SELECT id FROM merged_differ WHERE other_wins AND differs);
             INSERT INTO main.stories (story_group_id, ordinal, title, text, url, published_at, attributes)
                 SELECT d.id, s.ordinal, s.title, s.text, s.url, s.published_at, s.attributes
                 FROM merged_differ d JOIN other.stories s ON s.story_group_id = d.other_id
                 WHERE d.other_wins AND d.differs;",
        )?;
        self.drop_forgotten(report, now)?;
        report.groups.removed += self.n_changed(
            "DELETE FROM main.story_groups WHERE id IN (
                 SELECT g.id FROM main.story_groups g
                 JOIN other.tombstones t ON t.table_name = 'story_groups' AND t.key = json_array(g.external_id)
                 WHERE t.removed_at > g.changed_at)
               -- What was asked about is not removed behind anybody's back.
               AND id NOT IN (SELECT story_group_id FROM main.requests WHERE story_group_id IS NOT NULL)",
        )?;
        // Groups that were forgotten here stay so, unless they were loaded again since.
        let gone: Vec<String> = {
            let mut statement = self.prepare(
                "SELECT o.external_id, o.changed_at FROM other.story_groups o
                 WHERE o.external_id NOT IN (SELECT external_id FROM main.story_groups)
                   -- Answers in flight come back to their group first.
                   AND NOT EXISTS (SELECT 1 FROM other.requests r WHERE r.story_group_id = o.id
                                     AND r.state IN ('planned', 'sent'))",
            )?;
            let mut forgotten = self.prepare(
                "SELECT 1 FROM main.tombstones WHERE table_name = 'story_groups' AND key = ?1 AND removed_at > ?2",
            )?;
            let mut gone = vec![];
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let (id, changed_at): (String, String) = (row.get(0)?, row.get(1)?);
                if forgotten.exists(params![forgotten_key(&id), changed_at])? {
                    gone.push(id);
                }
            }
            gone
        };
        self.execute_batch("CREATE TEMP TABLE merged_gone (external_id TEXT PRIMARY KEY)")?;
        for id in gone {
            self.execute("INSERT INTO merged_gone VALUES (?1)", [id])?;
        }
        report.groups.added = self.n_changed(
            "INSERT INTO main.story_groups (external_id, wire_id, title, status, created_at, date, sort_at, text_hash,
                                            loaded_at, changed_at, clean_hash)
             SELECT o.external_id, o.wire_id, o.title, o.status, o.created_at, o.date, o.sort_at, o.text_hash, o.loaded_at,
                    o.changed_at, o.clean_hash
             FROM other.story_groups o
             WHERE o.external_id NOT IN (SELECT external_id FROM main.story_groups)
               AND o.external_id NOT IN (SELECT external_id FROM merged_gone)
               AND NOT EXISTS (SELECT 1 FROM main.tombstones t WHERE t.table_name = 'story_groups'
                                 AND t.key = json_array(o.external_id) AND t.removed_at > o.changed_at
                                 AND o.id NOT IN (SELECT story_group_id FROM other.requests
                                                  WHERE story_group_id IS NOT NULL))
             ORDER BY o.id",
        )?;
        self.execute_batch(
            "CREATE TEMP TABLE merged_groups (other_id INTEGER PRIMARY KEY, id INTEGER NOT NULL);
             INSERT INTO merged_groups
                 SELECT o.id, h.id FROM other.story_groups o JOIN main.story_groups h USING (external_id);
             INSERT INTO main.stories (story_group_id, ordinal, title, text, url, published_at, attributes)
                 SELECT m.id, s.ordinal, s.title, s.text, s.url, s.published_at, s.attributes
                 FROM merged_groups m JOIN other.stories s ON s.story_group_id = m.other_id
                 WHERE m.id NOT IN (SELECT story_group_id FROM main.stories)
                   AND m.id NOT IN (SELECT id FROM merged_differ);
             DROP TABLE merged_gone;",
        )?;
        // The triggers of stories have dated their groups by the clock of the machine.
        self.date_merged("story_groups", "merged_groups")
    }

    /// Dates the rows of a table that both copies have by the later of the two, those that were taken over as they were;
    /// what differed is done with then.
    fn date_merged(&self, table: &str, both: &str) -> anyhow::Result<()> {
        self.execute_batch(&format!(
            "UPDATE main.{table} AS h SET changed_at = max(h.changed_at, o.changed_at)
                 FROM {both} m JOIN other.{table} o ON o.id = m.other_id
                 WHERE h.id = m.id AND m.id IN (SELECT id FROM merged_differ WHERE NOT (other_wins AND differs));
             UPDATE main.{table} AS h SET changed_at = o.changed_at
                 FROM {both} m JOIN other.{table} o ON o.id = m.other_id
                 WHERE h.id = m.id AND h.changed_at <> o.changed_at
                   AND m.id NOT IN (SELECT id FROM merged_differ WHERE NOT (other_wins AND differs));
             DROP TABLE merged_differ;"
        ))?;
        Ok(())
    }

    /// Notes which rows of `merged_differ` are conflicts that one side wins, and returns how many.
    fn note_conflicts(
        &self,
        report: &mut MergeReport,
        what: &'static str,
        names: &str,
        other_wins: bool,
    ) -> anyhow::Result<u64> {
        let sql =
            format!("{names} WHERE id IN (SELECT id FROM merged_differ WHERE differs AND other_wins = ?1) ORDER BY 1");
        let counts = if other_wins { "other" } else { "here" };
        let mut n = 0;
        let mut statement = self.prepare(&sql)?;
        let mut rows = statement.query([other_wins])?;
        while let Some(row) = rows.next()? {
            n += 1;
            if n <= CONFLICTS_MAX as u64 {
                report.conflicts.push(Conflict { what, name: row.get(0)?, counts });
            }
        }
        Ok(n)
    }

    /// Forgets here what the other copy has forgotten, unless it was changed here since or is in flight.
    fn drop_forgotten(&self, report: &mut MergeReport, now: &str) -> anyhow::Result<()> {
        let n: i64 = self.query_row(
            "SELECT count(*) FROM other.tombstones WHERE table_name = 'story_groups' AND key GLOB '[[]\"sha256:*'",
            [],
            |row| row.get(0),
        )?;
        if n == 0 {
            return Ok(());
        }
        let mut groups: Vec<(GroupKey, GroupId)> = vec![];
        {
            let mut statement = self.prepare("SELECT id, external_id, changed_at FROM main.story_groups")?;
            let mut forgotten = self.prepare(
                "SELECT 1 FROM other.tombstones WHERE table_name = 'story_groups' AND key = ?1 AND removed_at > ?2",
            )?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let (key, id, changed_at): (GroupKey, GroupId, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
                if !forgotten.exists(params![forgotten_key(id.as_str()), changed_at])? {
                    continue;
                }
                if self.read().batches_in_flight_with(key)?.is_empty() {
                    groups.push((key, id));
                } else {
                    report.conflicts.push(Conflict { what: "group", name: id.to_string(), counts: "here" });
                }
            }
        }
        if !groups.is_empty() {
            report.forgotten = self.forget_groups(&groups, now)?.groups;
        }
        Ok(())
    }

    /// Entities with their aliases, as a set: the later change counts.
    pub(super) fn merge_entities(&self, report: &mut MergeReport) -> anyhow::Result<()> {
        let (here, other) = (entity_content("main"), entity_content("other"));
        self.execute_batch(&format!(
            "CREATE TEMP TABLE merged_differ (id INTEGER PRIMARY KEY, other_id INTEGER NOT NULL, other_wins INTEGER NOT NULL,
                                              differs INTEGER NOT NULL);
             INSERT INTO merged_differ
                 SELECT a.id, b.id, (b.changed_at, b.content) > (a.changed_at, a.content), a.content <> b.content
                 FROM (SELECT e.id, e.type, e.external_id, e.changed_at, {here} AS content FROM main.entities e
                       JOIN other.entities o USING (type, external_id)
                       WHERE (e.changed_at, e.name, e.attributes) IS NOT (o.changed_at, o.name, o.attributes)) a
                 JOIN (SELECT e.id, e.type, e.external_id, e.changed_at, {other} AS content FROM other.entities e) b
                     USING (type, external_id)
                 WHERE (a.changed_at, a.content) <> (b.changed_at, b.content);"
        ))?;
        let names = "SELECT type || ':' || external_id FROM main.entities";
        report.entities.changed = self.note_conflicts(report, "entity", names, true)?;
        report.entities.kept = self.note_conflicts(report, "entity", names, false)?;
        self.execute_batch(
            "UPDATE main.entities AS e SET name = o.name, attributes = o.attributes, loaded_at = o.loaded_at
                 FROM merged_differ d JOIN other.entities o ON o.id = d.other_id
                 WHERE e.id = d.id AND d.other_wins AND d.differs;
             DELETE FROM main.entity_aliases WHERE entity_id IN (SELECT id FROM merged_differ WHERE other_wins AND differs);
             INSERT INTO main.entity_aliases (entity_id, alias)
                 SELECT d.id, a.alias FROM merged_differ d JOIN other.entity_aliases a ON a.entity_id = d.other_id
                 WHERE d.other_wins AND d.differs;",
        )?;
        let gone: Vec<EntityKey> = {
            let mut statement = self.prepare(
                "SELECT e.id FROM main.entities e
                 JOIN other.tombstones t ON t.table_name = 'entities' AND t.key = json_array(e.type, e.external_id)
                 WHERE t.removed_at > e.changed_at",
            )?;
            statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?
        };
        report.entities.removed = gone.len() as u64;
        for key in gone {
            self.remove_entity(key)?;
        }
        report.entities.added = self.n_changed(
            "INSERT INTO main.entities (external_id, type, name, attributes, loaded_at, changed_at)
             SELECT o.external_id, o.type, o.name, o.attributes, o.loaded_at, o.changed_at FROM other.entities o
             WHERE NOT EXISTS (SELECT 1 FROM main.entities h WHERE h.type = o.type AND h.external_id = o.external_id)
               AND NOT EXISTS (SELECT 1 FROM main.tombstones t WHERE t.table_name = 'entities'
                                 AND t.key = json_array(o.type, o.external_id) AND t.removed_at > o.changed_at)
             ORDER BY o.id",
        )?;
        self.execute_batch(
            "CREATE TEMP TABLE merged_entities (other_id INTEGER PRIMARY KEY, id INTEGER NOT NULL);
             INSERT INTO merged_entities
                 SELECT o.id, h.id FROM other.entities o JOIN main.entities h USING (type, external_id);
             INSERT INTO main.entity_aliases (entity_id, alias)
                 SELECT m.id, a.alias FROM merged_entities m JOIN other.entity_aliases a ON a.entity_id = m.other_id
                 WHERE m.id NOT IN (SELECT entity_id FROM main.entity_aliases)
                   AND m.id NOT IN (SELECT id FROM merged_differ)",
        )?;
        self.date_merged("entities", "merged_entities")
    }

    /// Samples by how they were drawn; of two verdicts on an item the later one.
    pub(super) fn merge_audits(&self) -> anyhow::Result<()> {
        self.execute_batch(
            "INSERT INTO main.audits (what, seed, created_at)
                 SELECT what, seed, created_at FROM other.audits o
                 WHERE NOT EXISTS (SELECT 1 FROM main.audits h
                                   WHERE (h.what, h.seed, h.created_at) = (o.what, o.seed, o.created_at)) ORDER BY o.id;
             INSERT INTO main.audit_items (audit_id, ordinal, stratum, weight, story_group_id, item, item_type, method, score,
                                           hints, entity_id, verdict, judged_at, changed_at, n_found, missed)
                 SELECT h.id, i.ordinal, i.stratum, i.weight, g.id, i.item, i.item_type, i.method, i.score, i.hints, e.id,
                        i.verdict, i.judged_at, i.changed_at, i.n_found, i.missed
                 FROM other.audits o
                 JOIN main.audits h ON (h.what, h.seed, h.created_at) = (o.what, o.seed, o.created_at)
                 JOIN other.audit_items i ON i.audit_id = o.id
                 LEFT JOIN merged_groups g ON g.other_id = i.story_group_id
                 LEFT JOIN merged_entities e ON e.other_id = i.entity_id
                 WHERE 1
                 ON CONFLICT (audit_id, ordinal) DO UPDATE SET verdict = excluded.verdict, judged_at = excluded.judged_at,
                     changed_at = excluded.changed_at, missed = excluded.missed
                 WHERE excluded.verdict IS NOT NULL AND (verdict IS NULL OR excluded.changed_at > changed_at);",
        )?;
        Ok(())
    }
}
