//! Records of a file, most of which are new: while they are, no trigger runs.
//!
//! Triggers mark what follows from a row as out of date and keep the row as it was before. For a row that is added there
//! is next to nothing of either, and the look of five triggers at each story took longer than to write it. What little
//! there is to do is done for all rows of a transaction at once ([`Loading::settle`]). The first record that replaces
//! something calls the triggers back, for itself and all that follow.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use rusqlite::config::DbConfig;
use rusqlite::params;

use super::counts::Bucket;
use super::groups::GroupCounts;
use super::put_off::PutOff;
use super::{CatalogChange, Change, GroupChange, Store, TextHashes, Tx};
use crate::model::{Entity, EntityKey, Group};

/// Transaction of a change that loads records.
#[derive(Debug)]
pub struct Loading<'s> {
    /// `None` only while it is dropped or committed.
    tx: Option<Tx<'s>>,
    /// Largest ids before; `None` once triggers run.
    before: Cell<Option<Before>>,
    n_groups: Cell<i64>,
    n_entities: Cell<i64>,
    /// Counts of the groups that were added, for `progress`.
    counts: RefCell<BTreeMap<Bucket, GroupCounts>>,
    /// Indexes that are made at the end.
    put_off: RefCell<Vec<PutOff>>,
}

/// Of more groups or entities than these, and than a quarter of those before, the indexes of hashes, times and names are
/// made of all rows at once: these come in no order, and each finds its place at another page.
const MANY: i64 = 5_000;

/// Rows above these ids were added by the transaction.
#[derive(Clone, Copy, Debug)]
struct Before {
    group: i64,
    entity: i64,
}

impl Store {
    /// Begins a transaction of a change that loads records.
    pub fn load<'s>(&'s mut self, change: &'s Change) -> anyhow::Result<Loading<'s>> {
        let tx = self.change_by_adding(change)?;
        // A trigger that somebody else made is there to see every row.
        let is_watched = tx.has_triggers_of_others("'story_groups', 'stories', 'entities', 'entity_aliases'")?;
        let before: (i64, i64) = tx.query_row(
            "SELECT (SELECT coalesce(max(id), 0) FROM story_groups), (SELECT coalesce(max(id), 0) FROM entities)",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let loading = Loading {
            tx: Some(tx),
            before: Cell::new(None),
            n_groups: Cell::new(0),
            n_entities: Cell::new(0),
            counts: RefCell::default(),
            put_off: RefCell::default(),
        };
        if is_watched {
            loading.added().keep_rows()?;
        } else {
            loading.before.set(Some(Before { group: before.0, entity: before.1 }));
            loading.set_triggers(false)?;
        }
        Ok(loading)
    }
}

impl<'s> Loading<'s> {
    /// Loads a group, as [`Tx::load_group`] does.
    pub fn group(
        &self,
        group: &Group,
        hashes: Option<TextHashes>,
        wire_id: Option<&str>,
        now: &str,
    ) -> anyhow::Result<GroupChange> {
        let raw = hashes.map(|hashes| hashes.raw);
        if self.before.get().is_none() {
            return self.tx()?.load_group(group, raw, wire_id, now);
        }
        if let Some(key) = self.added().add_group(group, hashes, wire_id, now)? {
            self.counts
                .borrow_mut()
                .entry(Bucket::of(key.0))
                .or_default()
                .add(GroupCounts::of(group, hashes.is_some()));
            self.put_off_if_many(&self.n_groups, |before| before.group, &["story_groups"])?;
            return Ok(GroupChange::New);
        }
        match self.added().read().group_change(group, raw)? {
            GroupChange::Unchanged => Ok(GroupChange::Unchanged),
            _ => self.tx()?.load_group(group, raw, wire_id, now),
        }
    }

    /// Loads an entity, as [`Tx::load_entity`] does.
    pub fn entity(&self, entity: &Entity, now: &str) -> anyhow::Result<(CatalogChange, EntityKey)> {
        if self.before.get().is_none() {
            return self.tx()?.load_entity(entity, now);
        }
        if let Some(key) = self.added().add_entity(entity, now)? {
            self.put_off_if_many(&self.n_entities, |before| before.entity, &["entities", "entity_aliases"])?;
            return Ok((CatalogChange::New, key));
        }
        match self.added().read().entity_change(entity)? {
            (CatalogChange::Unchanged, Some(key)) => Ok((CatalogChange::Unchanged, key)),
            _ => self.tx()?.load_entity(entity, now),
        }
    }

    /// Returns the transaction for anything else, with all triggers.
    pub fn tx(&self) -> anyhow::Result<&Tx<'s>> {
        if self.before.get().is_some() {
            self.settle()?;
            self.set_triggers(true)?;
            self.added().keep_rows()?;
        }
        Ok(self.added())
    }

    /// Makes all that was written durable.
    pub fn commit(mut self) -> anyhow::Result<()> {
        self.settle()?;
        self.set_triggers(true)?;
        self.tx.take().map_or(Ok(()), Tx::commit)
    }

    fn added(&self) -> &Tx<'s> {
        self.tx.as_ref().expect("it is there until it is committed")
    }

    fn set_triggers(&self, on: bool) -> anyhow::Result<()> {
        self.added().set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, on)?;
        Ok(())
    }

    /// Counts a row that was added, and puts the indexes of its tables off once there are many.
    fn put_off_if_many(&self, n: &Cell<i64>, before: fn(Before) -> i64, tables: &[&str]) -> anyhow::Result<()> {
        n.set(n.get() + 1);
        if self.before.get().is_some_and(|all| n.get() == (before(all) / 4).max(MANY) + 1) {
            for table in tables {
                self.put_off.borrow_mut().push(self.added().put_off_indexes(table)?);
            }
        }
        Ok(())
    }

    /// Does what the triggers would have done for the rows that were added, and makes the indexes that were put off.
    fn settle(&self) -> anyhow::Result<()> {
        let Some(Before { group, entity }) = self.before.take() else { return Ok(()) };
        let tx = self.added();
        self.put_off.take().iter().try_for_each(|put_off| tx.make_indexes(put_off))?;
        tx.keep_added(&self.counts.take(), group)?;
        tx.prepare_cached(
            "DELETE FROM tombstones WHERE table_name = 'story_groups' AND EXISTS
                 (SELECT 1 FROM story_groups WHERE id > ?1 AND external_id = json_extract(key, '$[0]'))",
        )?
        .execute([group])?;
        tx.prepare_cached(
            "DELETE FROM tombstones WHERE table_name = 'entities' AND EXISTS
                 (SELECT 1 FROM entities WHERE id > ?1 AND type = json_extract(key, '$[0]')
                                         AND external_id = json_extract(key, '$[1]'))",
        )?
        .execute([entity])?;
        tx.prepare_cached(
            "INSERT INTO _name_index_stale SELECT id FROM entities
             WHERE id > ?1 AND id NOT IN (SELECT entity_id FROM _name_index_stale)",
        )?
        .execute(params![entity])?;
        Ok(())
    }
}

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        if self.tx.is_some() {
            let _ = self.set_triggers(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Attributes, EntityId, GroupId, Story};
    use crate::store::explore::testing;

    const NOW: &str = "2026-03-01T00:00:00Z";

    fn group(id: &str, text: &str) -> Group {
        Group {
            id: GroupId::new(id),
            title: Some("T".into()),
            status: Group::ACTIVE.into(),
            created_at: Some("2024-02".into()),
            stories: vec![Story { text: text.into(), ..Story::default() }],
        }
    }

    fn entity(id: &str, aliases: &[&str]) -> Entity {
        Entity {
            id: EntityId::new(id),
            entity_type: "person".into(),
            name: format!("Name of {id}"),
            aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            attributes: Attributes::new(),
        }
    }

    /// Rows of all tables that loading writes to.
    fn dump(store: &Store) -> Vec<String> {
        let tables = [
            "story_groups",
            "stories",
            "entities",
            "entity_aliases",
            "tombstones",
            "change_rows",
            "change_ranges",
            "_name_index_stale",
            "_stale_texts",
            "_searched_groups",
            "_story_signatures",
        ];
        let mut all = vec![];
        for table in tables {
            let columns: Vec<String> = {
                let mut statement = store.connection.prepare("SELECT name FROM pragma_table_info(?1)").unwrap();
                let names = statement.query_map([table], |row| row.get::<_, String>(0)).unwrap();
                names.map(|name| format!("quote({})", name.unwrap())).collect()
            };
            let sql = format!("SELECT {} FROM {table} ORDER BY 1", columns.join(" || ' ' || "));
            let mut statement = store.connection.prepare(&sql).unwrap();
            let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
            all.extend(rows.map(|row| format!("{table} {}", row.unwrap())));
        }
        all
    }

    /// Steps of a load; `None`: another transaction begins.
    fn run(store: &mut Store, is_plain: bool, records: &[Option<Result<Group, Entity>>]) {
        let hashes = |group: &Group| {
            let clean = crate::request::text_hash(group);
            // As if cleaning had changed the text of some.
            TextHashes { raw: if group.id.as_str() == "b" { [7; 16] } else { clean }, clean }
        };
        let change = Change::of_many_steps("load groups", "f", NOW);
        for step in records.split(Option::is_none) {
            let (mut loading, mut tx) = (None, None);
            match is_plain {
                true => tx = Some(store.change(&change).unwrap()),
                false => loading = Some(store.load(&change).unwrap()),
            }
            for record in step.iter().flatten() {
                match (record, &loading, &tx) {
                    (Ok(group), Some(loading), _) => {
                        loading.group(group, Some(hashes(group)), None, NOW).unwrap();
                    }
                    (Ok(group), _, Some(tx)) => {
                        tx.load_group(group, Some(hashes(group).raw), None, NOW).unwrap();
                    }
                    (Err(entity), Some(loading), _) => {
                        loading.entity(entity, NOW).unwrap();
                    }
                    (Err(entity), _, Some(tx)) => {
                        tx.load_entity(entity, NOW).unwrap();
                    }
                    _ => unreachable!("one of them is there"),
                }
            }
            loading.map_or(Ok(()), Loading::commit).unwrap();
            tx.map_or(Ok(()), Tx::commit).unwrap();
        }
        store.finish_change(&change).unwrap();
    }

    #[test]
    fn a_load_leaves_what_rows_written_one_by_one_leave() {
        let gone = "INSERT INTO tombstones VALUES ('story_groups', '[\"a\"]', '2026-01-01T00:00:00Z'),
                        ('entities', '[\"person\",\"a\"]', '2026-01-01T00:00:00Z'), ('story_groups', '[\"z\"]', '2026-01-01T00:00:00Z');
                    INSERT INTO _searched_groups SELECT id FROM story_groups";
        let own = "CREATE TRIGGER theirs AFTER INSERT ON stories BEGIN
                       UPDATE story_groups SET title = 'seen' WHERE id = new.story_group_id; END";
        let all_new =
            vec![Some(Ok(group("a", "1"))), Some(Ok(group("b", "2"))), Some(Err(entity("a", &["A", "B", "A"])))];
        let mut mixed = all_new.clone();
        mixed.extend([
            Some(Ok(group("g1", "another"))),
            Some(Ok(group("c", "3"))),
            Some(Ok(group("a", "4"))),
            Some(Ok(group("b", "2"))),
            Some(Err(entity("b", &["C"]))),
            Some(Err(entity("a", &["A"]))),
            None,
            Some(Err(entity("c", &["D"]))),
            Some(Ok(group("d", "5"))),
            Some(Ok(group("g3", "the last"))),
        ]);
        for (before, records) in [("", &all_new), (gone, &all_new), ("", &mixed), (gone, &mixed), (own, &mixed)] {
            let (mut plain, mut loaded) = (testing::store(), testing::store());
            for (store, is_plain) in [(&mut plain, true), (&mut loaded, false)] {
                store.connection.execute_batch(before).unwrap();
                run(store, is_plain, records);
            }
            assert_eq!(dump(&loaded), dump(&plain), "{before}");
        }
    }

    #[test]
    fn indexes_of_many_rows_are_as_they_were() {
        let schema = |store: &Store| -> Vec<String> {
            let mut statement =
                store.connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY 1").unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
        };
        let mut store = testing::store();
        let before = schema(&store);
        for is_kept in [false, true] {
            let change = Change::of_many_steps("load entities", "f", NOW);
            let loading = store.load(&change).unwrap();
            for n in 0..=MANY {
                loading.entity(&entity(&format!("n{n}"), &["A"]), NOW).unwrap();
                loading.group(&group(&format!("n{n}"), "A"), None, None, NOW).unwrap();
            }
            assert_eq!(loading.put_off.borrow().len(), 3);
            if is_kept {
                loading.commit().unwrap();
            } else {
                drop(loading);
            }
            assert_eq!(schema(&store), before);
        }
        let check: String = store.connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok");
    }

    #[test]
    fn triggers_run_again_after_a_load_and_after_one_that_was_given_up() {
        for is_kept in [true, false] {
            let mut store = testing::store();
            let change = Change::of_many_steps("load groups", "f", NOW);
            let loading = store.load(&change).unwrap();
            loading.group(&group("a", "1"), None, None, NOW).unwrap();
            if is_kept {
                loading.commit().unwrap();
            } else {
                drop(loading);
            }
            store.connection.execute("UPDATE stories SET text = 'x' WHERE story_group_id = 1", []).unwrap();
            let n: i64 = store.connection.query_row("SELECT count(*) FROM _stale_texts", [], |row| row.get(0)).unwrap();
            assert_eq!(n, 1);
        }
    }
}
