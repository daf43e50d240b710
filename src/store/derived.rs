//! Data derived from tables that people edit with other programs: the hash of a group's text, its place in time, the
//! keys of mentions. Triggers mark what is out of date, and it is made anew here, before anything else is written.

use std::collections::HashMap;

use rusqlite::{Connection, params};

use super::{Read, Tx};
use crate::model::GroupKey;
use crate::request;
use crate::resolve::mention_key;

/// Row of `meta` that says how names were read when the keys of mentions were made.
pub(super) const KEY_FORMAT: &str = "mention_key_format";

/// Returns whether anything waits to be made anew; it looks at the first entry of two indexes.
pub(super) fn is_stale(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM _stale_texts)
                 OR EXISTS (SELECT 1 FROM story_entities WHERE mention_key IS NULL)",
        )?
        .query_row([], |row| row.get(0))
}

impl Read<'_> {
    /// Returns whether the keys of mentions were made by a program that reads names as `format` says.
    pub fn are_mentions_keyed(self, format: u32) -> anyhow::Result<bool> {
        Ok(self.meta(KEY_FORMAT)? == Some(format.to_string()))
    }
}

impl Tx<'_> {
    /// Makes anew what is out of date.
    pub(super) fn refresh_derived(&self) -> anyhow::Result<()> {
        if is_stale(self)? {
            self.refresh_texts()?;
            self.fill_mention_keys()?;
        }
        Ok(())
    }

    fn refresh_texts(&self) -> anyhow::Result<()> {
        let stale: Vec<GroupKey> = {
            let mut statement = self.prepare("SELECT story_group_id FROM _stale_texts")?;
            statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?
        };
        for key in stale {
            if let Some(row) = self.read().group(key)? {
                let hash = row.group.has_text().then(|| request::text_hash(&row.group));
                // A text cleaned when it was loaded has the hash of the text before, and keeps it while it reads the same.
                let date = row.group.date();
                self.prepare_cached(
                    "UPDATE story_groups SET date = ?3, sort_at = ?4,
                         text_hash = CASE WHEN clean_hash IS ?2 AND ?2 IS NOT NULL THEN text_hash ELSE ?2 END,
                         clean_hash = CASE WHEN clean_hash IS ?2 THEN clean_hash END
                     WHERE id = ?1",
                )?
                .execute(params![key, hash, date, date.map(super::groups::sortable)])?;
            }
            self.text_is_fresh(key)?;
        }
        Ok(())
    }

    /// Takes back the mark that a group's text is not the one its hash was made of.
    pub(super) fn text_is_fresh(&self, key: GroupKey) -> anyhow::Result<()> {
        self.prepare_cached("DELETE FROM _stale_texts WHERE story_group_id = ?1")?.execute([key])?;
        Ok(())
    }

    /// Gives every mention the key it has now, if the keys were made by a program that read names otherwise; `format`
    /// is the version of that reading.
    pub fn rekey_mentions(&self, format: u32) -> anyhow::Result<()> {
        if self.read().are_mentions_keyed(format)? {
            return Ok(());
        }
        let now = format.to_string();
        self.execute("UPDATE story_entities SET mention_key = NULL", [])?;
        self.fill_mention_keys()?;
        self.set_meta(KEY_FORMAT, &now)
    }

    /// Gives a key to the mentions that have none. One read of the table, one write a mention.
    fn fill_mention_keys(&self) -> anyhow::Result<()> {
        let waiting: Vec<(i64, i64, String)> = {
            let mut statement = self.prepare(
                "SELECT story_group_id, ordinal, mention_text FROM story_entities WHERE mention_key IS NULL
                 ORDER BY story_group_id, ordinal",
            )?;
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect::<Result<_, _>>()?
        };
        // Most texts stand more than once, and a key costs more than a look.
        let mut keys: HashMap<&str, String> = HashMap::new();
        let mut update = self
            .prepare_cached("UPDATE story_entities SET mention_key = ?3 WHERE story_group_id = ?1 AND ordinal = ?2")?;
        for (group, ordinal, text) in &waiting {
            let key = keys.entry(text).or_insert_with(|| mention_key(text));
            update.execute(params![group, ordinal, &*key])?;
        }
        Ok(())
    }
}

impl Read<'_> {
    /// Returns the groups with a mention of this key, linked or not, each as often as it has one.
    pub fn groups_of_mention_key(self, mention_key: &str) -> anyhow::Result<Vec<GroupKey>> {
        let mut statement =
            self.0.prepare_cached("SELECT story_group_id FROM story_entities WHERE mention_key = ?1")?;
        Ok(statement.query_map([mention_key], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::GroupId;
    use crate::store::Store;
    use crate::store::explore::testing;

    /// Connection of another program: the file, and the functions that every SQLite has.
    fn edited(sql: &str) -> (Store, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let store = testing::store();
        store.connection.execute("VACUUM INTO ?1", [path.to_str().unwrap()]).unwrap();
        let other = Connection::open(&path).unwrap();
        other.execute_batch(sql).unwrap();
        drop(other);
        (Store::open(&path).unwrap(), folder)
    }

    fn value(store: &Store, sql: &str) -> String {
        store.connection.query_row(&format!("SELECT CAST(({sql}) AS TEXT)"), [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn what_another_program_changes_is_made_anew_when_the_file_is_opened() {
        let stale_names = "SELECT group_concat(entity_id) FROM (SELECT entity_id FROM _name_index_stale ORDER BY 1)";
        for (edit, question, expected) in [
            ("UPDATE stories SET text = 'Another.' WHERE story_group_id = 1", "SELECT hex(text_hash) <> '01' || hex(zeroblob(15)) FROM story_groups WHERE id = 1", "1"),
            ("UPDATE stories SET text = ' '", "SELECT count(*) FROM story_groups WHERE text_hash IS NULL AND title IS NULL", "0"),
            ("DELETE FROM stories; UPDATE story_groups SET title = NULL", "SELECT count(*) FROM story_groups WHERE text_hash IS NULL", "3"),
            ("UPDATE story_groups SET created_at = '2001' WHERE id = 2", "SELECT sort_at FROM story_groups WHERE id = 2", "2001-01-01T00:00:00Z"),
            ("UPDATE story_groups SET created_at = NULL; UPDATE stories SET published_at = '2002-03'", "SELECT date || ' ' || sort_at FROM story_groups WHERE id = 2", "2002-03 2002-03-01T00:00:00Z"),
            ("UPDATE OR FAIL stories SET title = 'x'", "SELECT count(*) FROM _stale_texts", "0"),
            ("UPDATE story_entities SET mention_text = 'Dr. Zoë' WHERE story_group_id = 1 AND ordinal = 1", "SELECT mention_key FROM story_entities WHERE story_group_id = 1 AND ordinal = 1", "dr zoe"),
            ("DELETE FROM _name_index_stale; UPDATE entity_aliases SET alias = 'Other' WHERE entity_id = 1", stale_names, "1"),
            ("DELETE FROM _name_index_stale; UPDATE entity_aliases SET entity_id = 3 WHERE entity_id = 1", stale_names, "1,3"),
            ("UPDATE entities SET name = 'x' WHERE id = 3", "SELECT changed_at > '2026-01-01T00:00:00Z' FROM entities WHERE id = 3", "1"),
            ("UPDATE entity_aliases SET alias = 'x' WHERE entity_id = 1", "SELECT changed_at > '2026-01-01T00:00:00Z' FROM entities WHERE id = 1", "1"),
            ("PRAGMA foreign_keys = ON; DELETE FROM entity_aliases; UPDATE story_entities SET entity_id = NULL; DELETE FROM entities WHERE id = 3",
             "SELECT key FROM tombstones", r#"["organization","nasa"]"#),
            ("PRAGMA foreign_keys = OFF; DELETE FROM entities WHERE id = 3; INSERT INTO entities (external_id, type, name) VALUES ('nasa', 'organization', 'NASA')",
             "SELECT count(*) FROM tombstones", "0"),
            ("UPDATE story_groups SET external_id = 'g9' WHERE id = 1", "SELECT key FROM tombstones WHERE table_name = 'story_groups'", r#"["g1"]"#),
            ("INSERT INTO topic_decisions VALUES ('a', 'is', 'b', 'B', '2026', '2026-01-01'); DELETE FROM topic_decisions",
             "SELECT key FROM tombstones", r#"["a","is","b"]"#),
            ("INSERT INTO mention_decisions (mention_key, mention, verdict, decided_at) VALUES ('a', 'A', 'nothing', '2026');
              UPDATE mention_decisions SET entity_type = 'person'", "SELECT key FROM tombstones", r#"["a","","{}","nothing",null,null]"#),
        ] {
            let (store, _folder) = edited(edit);
            assert_eq!(value(&store, question), expected, "{edit}");
        }
    }

    #[test]
    fn what_gleaner_loads_is_not_out_of_date_and_has_the_time_it_was_told() {
        let mut store = testing::store();
        let tx = store.write().unwrap();
        let mut group = tx.read().group(GroupKey(1)).unwrap().unwrap().group;
        group.stories[0].text = "Another.".into();
        tx.load_group(&group, Some([9; 16]), None, "2026-02-02T00:00:00Z").unwrap();
        tx.commit().unwrap();
        let row = store.read().group(store.read().group_key(&GroupId::new("g1")).unwrap().unwrap()).unwrap().unwrap();
        assert_eq!(row.text_hash, Some([9; 16]));
        assert_eq!(value(&store, "SELECT count(*) FROM _stale_texts"), "0");
        assert_eq!(value(&store, "SELECT changed_at FROM story_groups WHERE id = 1"), "2026-02-02T00:00:00Z");
    }

    #[test]
    fn the_schema_uses_no_function_of_ours() {
        let store = testing::store();
        for function in ["fold(", "topic_key("] {
            let uses = format!("SELECT count(*) FROM sqlite_schema WHERE instr(sql, '{function}') > 0");
            assert_eq!(value(&store, &uses), "0");
        }
    }

    /// SQLite 3.40 says that NULL is no JSON, and would refuse every row without.
    #[test]
    fn a_check_of_json_says_that_null_may_be() {
        for line in include_str!("../../schema.sql").lines().filter(|line| line.contains("CHECK (json_valid(")) {
            assert!(line.contains("NOT NULL"), "{line}");
        }
    }

    #[test]
    fn mentions_are_found_by_key_and_keys_are_made_anew_where_names_are_read_otherwise() {
        let mut store = testing::store();
        assert_eq!(store.read().groups_of_mention_key("nasa").unwrap(), [GroupKey(1), GroupKey(2)]);
        let tx = store.write().unwrap();
        tx.execute("UPDATE story_entities SET mention_key = 'x'", []).unwrap();
        tx.rekey_mentions(crate::resolve::FORMAT).unwrap();
        assert_eq!(tx.read().groups_of_mention_key("x").unwrap().len(), 6, "the same reading changes nothing");
        tx.rekey_mentions(crate::resolve::FORMAT + 1).unwrap();
        assert_eq!(tx.read().groups_of_mention_key("nasa").unwrap(), [GroupKey(1), GroupKey(2)]);
    }
}
