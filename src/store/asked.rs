//! The requests that files answer, read once in the order of their groups and small enough to be kept in memory; and
//! what an import depends on besides, so that it can be seen whether that has changed.

use std::hash::{BuildHasher as _, Hasher as _};

use rusqlite::params;

use super::{Read, RequestState};
use crate::model::{BatchKey, GroupKey, Kind, PromptKey, RequestKey};

/// A request that may be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AskedRow {
    /// Row of `requests`.
    pub key: RequestKey,
    /// The group asked about.
    pub group: GroupKey,
    /// Mode: batch or direct.
    pub prompt: PromptKey,
    /// Which of the batches it is in, by its place among them.
    pub batch: u16,
    /// Prompt.
    pub kind: Kind,
    /// State so far.
    pub state: RequestState,
    /// Asked at a sandbox.
    pub sandbox: bool,
    /// Asked by `compare`.
    pub is_comparison: bool,
    /// The group still has the text that was asked about.
    pub has_text: bool,
    /// The answer that counts for this question now, and whether a sandbox gave it.
    pub current: Option<(RequestKey, bool)>,
}

/// The requests of some batches, but for those withdrawn.
#[derive(Debug, Default)]
pub struct Asked {
    /// By group and kind; of those that ask the same, by batch.
    rows: Vec<AskedRow>,
    /// Wire ids of groups, each with a NUL behind it.
    names: String,
    /// By the hash of a group's name on the wire: where its name begins, and its first row.
    by_name: Vec<(u64, u32, u32)>,
    hasher: foldhash::fast::RandomState,
}

impl Asked {
    /// Returns all requests, by group and kind.
    pub fn rows(&self) -> &[AskedRow] {
        &self.rows
    }

    /// Returns the places of the requests about what is called so on the wire, of one kind.
    pub fn find(&self, wire: &str, kind: Kind) -> std::ops::Range<usize> {
        let hash = self.hash(wire);
        let from = self.by_name.partition_point(|(known, ..)| *known < hash);
        let same = self.by_name[from..].iter().take_while(|(known, ..)| *known == hash);
        for &(_, name, first) in same {
            let first = first as usize;
            let rest = self.names[name as usize..].strip_prefix(wire);
            if rest.is_some_and(|rest| rest.starts_with('\0')) {
                let group = self.rows[first].group;
                let of_group = self.rows[first..].iter().take_while(|row| row.group == group);
                let n_before = of_group.clone().take_while(|row| row.kind < kind).count();
                let n = of_group.filter(|row| row.kind == kind).count();
                return first + n_before..first + n_before + n;
            }
        }
        0..0
    }

    fn hash(&self, wire: &str) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(wire.as_bytes());
        hasher.finish()
    }
}

/// Two are equal where the same requests are meant and stand as they did.
impl PartialEq for Asked {
    fn eq(&self, other: &Asked) -> bool {
        self.rows == other.rows && self.names == other.names
    }
}

impl Read<'_> {
    /// Reads the requests of batches.
    pub fn asked(self, batches: &[BatchKey]) -> anyhow::Result<Asked> {
        let mut asked = Asked::default();
        let mut named: Vec<(GroupKey, u32)> = vec![];
        let is_new = !self.has_answers()?;
        let sql = |current: &str| {
            format!(
                "SELECT r.id, r.story_group_id, r.kind, r.prompt_id, r.state, r.sandbox, r.is_comparison,
                        coalesce(g.wire_id, g.external_id), g.text_hash IS r.text_hash, {current}
                 WHERE r.batch_id = ?1 AND r.state <> 'withdrawn' ORDER BY r.story_group_id, r.kind"
            )
        };
        let mut statement = self.0.prepare(&match is_new {
            true => sql("NULL, 0 FROM requests r JOIN story_groups g ON g.id = r.story_group_id"),
            false => sql("c.request_id, coalesce(o.sandbox, 0)
                          FROM requests r JOIN story_groups g ON g.id = r.story_group_id
                          LEFT JOIN current_answers c ON c.story_group_id = r.story_group_id AND c.kind = r.kind
                          LEFT JOIN requests o ON o.id = c.request_id"),
        })?;
        let mut count = self.0.prepare("SELECT count(*) FROM requests WHERE batch_id = ?1 AND state <> 'withdrawn'")?;
        let mut n = 0;
        for key in batches {
            n += count.query_row([key], |row| row.get::<_, i64>(0))?;
        }
        // There may be many, and a vector that grows by itself takes up to twice as much.
        asked.rows.reserve_exact(usize::try_from(n)?);
        for (batch, key) in batches.iter().enumerate() {
            let mut last = None;
            let mut rows = statement.query(params![key])?;
            while let Some(row) = rows.next()? {
                let group: GroupKey = row.get(1)?;
                if last != Some(group) {
                    last = Some(group);
                    let name = u32::try_from(asked.names.len())?;
                    asked.names.push_str(row.get_ref(7)?.as_str()?);
                    asked.names.push('\0');
                    named.push((group, name));
                }
                let current: Option<RequestKey> = row.get(9)?;
                asked.rows.push(AskedRow {
                    key: row.get(0)?,
                    group,
                    prompt: row.get(3)?,
                    batch: u16::try_from(batch)?,
                    kind: row.get(2)?,
                    state: row.get(4)?,
                    sandbox: row.get(5)?,
                    is_comparison: row.get(6)?,
                    has_text: row.get(8)?,
                    current: current.map(|current| Ok::<_, rusqlite::Error>((current, row.get(10)?))).transpose()?,
                });
            }
        }
        asked.rows.sort_by_key(|row| (row.group, row.kind, row.batch));
        named.sort_unstable();
        named.dedup_by_key(|(group, _)| *group);
        for (group, name) in named {
            let first = u32::try_from(asked.rows.partition_point(|row| row.group < group))?;
            let wire = asked.names[name as usize..].split('\0').next().unwrap_or_default();
            let hash = asked.hash(wire);
            asked.by_name.push((hash, name, first));
        }
        asked.by_name.sort_unstable();
        asked.by_name.shrink_to_fit();
        asked.names.shrink_to_fit();
        Ok(asked)
    }

    fn has_answers(self) -> anyhow::Result<bool> {
        Ok(self.0.query_row("SELECT EXISTS (SELECT 1 FROM current_answers)", [], |row| row.get(0))?)
    }

    /// Returns a number made of all that links depend on: the catalog, what people decided, the profile. Where it is
    /// the same, the same mentions are linked to the same entities.
    pub fn linking_state(self) -> anyhow::Result<u64> {
        let mut hasher = foldhash::fast::FixedState::default().build_hasher();
        // Entities packed into the index have its number; those changed since are read themselves.
        for sql in [
            "SELECT key, value FROM meta WHERE key IN ('name_index', 'active_profile', 'mention_key_format') ORDER BY key",
            "SELECT max(id) FROM _name_index",
            "SELECT e.id, e.external_id, e.type, e.name, e.attributes FROM _name_index_stale s
             LEFT JOIN entities e ON e.id = s.entity_id ORDER BY s.entity_id",
            "SELECT s.entity_id, a.alias FROM _name_index_stale s JOIN entity_aliases a ON a.entity_id = s.entity_id
             ORDER BY s.entity_id, a.alias",
            "SELECT mention_key, mention, entity_type, hints, verdict, target_type, target_external_id, decided_at
             FROM mention_decisions ORDER BY id",
            "SELECT topic, verdict, target, target_label FROM topic_decisions ORDER BY topic, verdict, target",
        ] {
            let mut statement = self.0.prepare_cached(sql)?;
            let n_columns = statement.column_count();
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                for column in 0..n_columns {
                    let value = row.get_ref(column)?;
                    hasher.write_u8(value.data_type() as u8);
                    match value {
                        rusqlite::types::ValueRef::Integer(n) => hasher.write_i64(n),
                        rusqlite::types::ValueRef::Text(bytes) | rusqlite::types::ValueRef::Blob(bytes) => {
                            hasher.write_usize(bytes.len());
                            hasher.write(bytes);
                        }
                        _ => {}
                    }
                }
            }
            hasher.write_u8(0xff);
        }
        Ok(hasher.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;
    use crate::store::explore::testing;
    use rusqlite::Connection;

    /// A store in a file, its requests those of a batch, and another program on the same file.
    fn shared() -> (Store, Connection, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        testing::store().connection.execute("VACUUM INTO ?1", [path.to_str().unwrap()]).unwrap();
        let other = Connection::open(&path).unwrap();
        other
            .execute_batch(
                "INSERT INTO batches (id, run_id, part, state, model, n_groups, n_requests, estimated_input_tokens)
                 VALUES (1, 'run-1', 1, 'ended', 'm', 3, 6, 0);
                 UPDATE requests SET batch_id = 1; UPDATE story_groups SET wire_id = '~2' WHERE id = 2;",
            )
            .unwrap();
        (Store::open(&path).unwrap(), other, folder)
    }

    #[test]
    fn what_an_import_depends_on_is_seen_to_change_and_nothing_else() {
        let (store, other, _folder) = shared();
        let state = || (store.read().asked(&[BatchKey(1)]).unwrap(), store.read().linking_state().unwrap());
        for (edit, is_same) in [
            ("UPDATE batches SET checked_at = '2026-01-01T00:00:00Z'", true),
            ("UPDATE stories SET text = 'Another.'", true),
            ("UPDATE story_entities SET score = 0.5", true),
            ("UPDATE requests SET state = 'unusable' WHERE id = 1", false),
            ("UPDATE requests SET state = 'withdrawn' WHERE id = 2", false),
            ("DELETE FROM current_answers WHERE story_group_id = 3", false),
            ("UPDATE story_groups SET external_id = 'g9' WHERE id = 1", false),
            ("UPDATE requests SET text_hash = (SELECT text_hash FROM story_groups WHERE id = 1) WHERE id = 1", false),
            ("UPDATE story_groups SET text_hash = zeroblob(16) WHERE id = 1", false),
            ("UPDATE entities SET name = 'x' WHERE id = 1", false),
            ("UPDATE entities SET name = 'y' WHERE id = 1", false),
            ("INSERT INTO entity_aliases VALUES (1, 'Neil')", false),
            ("DELETE FROM entity_aliases WHERE alias = 'Neil'", false),
            (
                "INSERT INTO mention_decisions (mention_key, mention, verdict, decided_at) VALUES ('a', 'A', 'nothing', '2026')",
                false,
            ),
            ("INSERT INTO topic_decisions VALUES ('a', 'is', 'b', 'B', '2026', '2026-01-01')", false),
            ("DELETE FROM _name_index_stale; UPDATE meta SET value = value + 1 WHERE key = 'name_index'", false),
        ] {
            let before = state();
            other.execute_batch(edit).unwrap();
            assert_eq!(state() == before, is_same, "{edit}");
        }
    }

    #[test]
    fn a_request_is_found_by_what_its_group_is_called_on_the_wire() {
        let (store, ..) = shared();
        let asked = store.read().asked(&[BatchKey(1)]).unwrap();
        for (wire, kind, expected) in [
            ("g1", Kind::Topic, &[(1, "topic")][..]),
            ("g1", Kind::Entity, &[(1, "entity")]),
            ("~2", Kind::Topic, &[(2, "topic")]),
            ("g2", Kind::Topic, &[]),
            ("g", Kind::Topic, &[]),
            ("g11", Kind::Topic, &[]),
            ("", Kind::Topic, &[]),
        ] {
            let found: Vec<_> =
                asked.rows()[asked.find(wire, kind)].iter().map(|row| (row.group.0, row.kind.as_str())).collect();
            assert_eq!(found, expected, "{wire}");
        }
    }
}
