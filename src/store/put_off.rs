//! Things that many rows do without while they are written, each made up for at the end: checks, triggers, indexes.

use std::collections::BTreeSet;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::Tx;
use super::migrate::SCHEMA;
use crate::model::GroupKey;

/// While it lives, rows are written without their `CHECK`s.
#[derive(Debug)]
pub struct TrustedValues<'t>(&'t Connection);

impl Tx<'_> {
    /// Does without `CHECK`s for many rows whose words are those of our own types and whose numbers were brought into
    /// range: a list of three words is made a table in memory for every row that is checked against it, which takes
    /// longer than to write the row. No other statement may be under way.
    pub fn trust_values(&self) -> anyhow::Result<TrustedValues<'_>> {
        self.pragma_update(None, "ignore_check_constraints", true)?;
        Ok(TrustedValues(self))
    }
}

impl Drop for TrustedValues<'_> {
    fn drop(&mut self) {
        let _ = self.0.pragma_update(None, "ignore_check_constraints", false);
    }
}

/// While it lives, no trigger runs.
#[derive(Debug)]
pub struct Untriggered<'t>(&'t Tx<'t>);

impl Tx<'_> {
    /// Adds requests about these groups without triggers, whose work is done here for all at once. `None` where somebody
    /// made a trigger of their own: it is there to see every row.
    pub fn requests_untriggered(
        &self,
        groups: impl Iterator<Item = GroupKey>,
    ) -> anyhow::Result<Option<Untriggered<'_>>> {
        if self.has_triggers_of_others("'requests'")? {
            return Ok(None);
        }
        self.uncount(groups)?;
        self.without_triggers().map(Some)
    }

    /// Forgets all that was learned, and lets other knowledge be written without triggers, whose work is done here for all
    /// groups. `None` where somebody made a trigger of their own.
    pub fn knowledge_untriggered(&self) -> anyhow::Result<Option<Untriggered<'_>>> {
        if self.has_triggers_of_others("'story_topics', 'story_entities', 'current_answers'")? {
            self.clear_knowledge()?;
            return Ok(None);
        }
        self.uncount_all()?;
        self.execute(
            "DELETE FROM _searched_groups WHERE story_group_id IN (SELECT story_group_id FROM current_answers)",
            [],
        )?;
        let untriggered = self.without_triggers()?;
        self.clear_knowledge()?;
        Ok(Some(untriggered))
    }

    /// Returns whether tables have triggers that our schema does not make.
    pub(super) fn has_triggers_of_others(&self, tables: &str) -> anyhow::Result<bool> {
        let sql = format!("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name IN ({tables})");
        let mut statement = self.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let ours = SCHEMA.lines().filter_map(|line| line.strip_prefix("CREATE TRIGGER ")?.split_whitespace().next());
        let ours: BTreeSet<&str> = ours.collect();
        while let Some(row) = rows.next()? {
            if !ours.contains(row.get_ref(0)?.as_str()?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn without_triggers(&self) -> anyhow::Result<Untriggered<'_>> {
        self.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
        Ok(Untriggered(self))
    }
}

impl Drop for Untriggered<'_> {
    fn drop(&mut self) {
        let _ = self.0.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, true);
    }
}

/// Indexes of a table that are not there for the moment, as the statements that make them.
#[derive(Debug)]
pub struct PutOff(Vec<String>);

impl Tx<'_> {
    /// Drops the indexes of a table before many rows are written: made of all rows at once they cost a third.
    pub fn put_off_indexes(&self, table: &str) -> anyhow::Result<PutOff> {
        let mut statement = self.prepare(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?1 AND sql IS NOT NULL ORDER BY rowid",
        )?;
        let indexes: Vec<(String, String)> =
            statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
        drop(statement);
        for (name, _) in &indexes {
            self.execute_batch(&format!("DROP INDEX \"{}\"", name.replace('"', "\"\"")))?;
        }
        Ok(PutOff(indexes.into_iter().map(|(_, sql)| sql).collect()))
    }

    /// Makes indexes again that were put off, just as they were.
    pub fn make_indexes(&self, put_off: &PutOff) -> anyhow::Result<()> {
        put_off.0.iter().try_for_each(|sql| Ok(self.execute_batch(sql)?))
    }
}

#[cfg(test)]
mod tests {
    use crate::store::Store;
    use crate::store::explore::testing;

    #[test]
    fn indexes_that_were_put_off_are_as_they_were() {
        let mut store = testing::store();
        let schema = |store: &Store| -> Vec<(String, String)> {
            let sql = "SELECT name, coalesce(sql, '') FROM sqlite_schema ORDER BY 1";
            let mut statement = store.connection.prepare(sql).unwrap();
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap()
        };
        let before = schema(&store);
        let bulk = store.write_many().unwrap();
        for table in ["story_entities", "story_topics"] {
            let put_off = bulk.put_off_indexes(table).unwrap();
            assert!(!put_off.0.is_empty());
            bulk.execute_batch(&format!("CREATE TEMP TABLE t AS SELECT * FROM {table}; DELETE FROM {table}; INSERT INTO {table} SELECT * FROM t; DROP TABLE t")).unwrap();
            bulk.make_indexes(&put_off).unwrap();
        }
        bulk.commit().unwrap();
        assert_eq!(schema(&store), before);
        let check: String = store.connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok");
        let checks: (bool, i64) = store
            .connection
            .query_row(
                "SELECT (SELECT foreign_keys FROM pragma_foreign_keys), (SELECT temp_store FROM pragma_temp_store)",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .unwrap();
        assert_eq!(checks, (true, 2));
    }

    #[test]
    fn values_are_checked_again_once_nobody_vouches_for_them() {
        let mut store = testing::store();
        let tx = store.write().unwrap();
        let misspell = || tx.execute("UPDATE requests SET state = 'lost' WHERE id = 1", []);
        let trusted = tx.trust_values().unwrap();
        assert_eq!(misspell().unwrap(), 1);
        drop(trusted);
        assert!(misspell().is_err());
        let check: String = tx.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "CHECK constraint failed in requests");
    }

    #[test]
    fn knowledge_is_forgotten_without_triggers_unless_somebody_made_one() {
        let mut store = testing::store();
        store.connection.execute_batch("CREATE TABLE seen (row)").unwrap();
        store.totals_from(&[], 0).unwrap();
        for watched in [None, Some("story_topics"), Some("story_entities"), Some("current_answers")] {
            let tx = store.write().unwrap();
            let count = |table: &str| -> i64 {
                tx.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
            };
            assert!(["story_topics", "_counts"].map(count).iter().all(|n| *n > 0));
            let expected = watched.map_or(0, |table| {
                let theirs = "BEGIN INSERT INTO seen VALUES (1); END";
                tx.execute_batch(&format!("CREATE TRIGGER theirs AFTER DELETE ON {table} {theirs}")).unwrap();
                // One more and one less are as many as there were.
                tx.execute_batch("DROP TRIGGER story_topics_uncounted_changed").unwrap();
                count(table)
            });
            let untriggered = tx.knowledge_untriggered().unwrap();
            assert_eq!(untriggered.is_some(), watched.is_none());
            drop(untriggered);
            assert_eq!(count("seen"), expected, "{watched:?}");
            for table in ["story_topics", "story_entities", "current_answers", "_searched_groups"] {
                assert_eq!(count(table), 0, "{table}");
            }
            assert_eq!(tx.read().n_wrong_counts().unwrap(), 0);
        }
    }
}
