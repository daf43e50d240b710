//! A change taken back: its rows as they were before it.
//!
//! Rows that are put back are dated now: when two copies of the file are brought together, what was taken back is newer than
//! the change. Rows are removed children first and put back parents first, and foreign keys are looked at when all is
//! done.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, anyhow};
use rusqlite::types::Value;
use rusqlite::{params, params_from_iter};
use serde_json::Value as Json;

use super::journal::{self, Column, Journaled, TABLES, quoted};
use crate::error::Explain as _;
use crate::model::{EntityKey, GroupKey};
use crate::store::Tx;
use crate::text::unhex;

/// Groups of the rows that were put back, for links to be made anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Groups whose links were put back, or lost an entity that is gone.
    pub groups: BTreeSet<GroupKey>,
    /// Entities that are there and are others than before.
    pub entities: BTreeSet<EntityKey>,
    /// Keys of the mentions of decisions that hold again, or no longer.
    pub mention_keys: BTreeSet<String>,
    /// Groups whose links cannot be put back as they were, since they were made anew meanwhile.
    pub relink: BTreeSet<GroupKey>,
    /// Groups whose topics cannot be put back as they were: their answers are read again.
    pub reread: BTreeSet<GroupKey>,
    /// Rows put back or removed.
    pub rows: u64,
}

impl Touched {
    /// Adds what another change was about.
    pub fn add(&mut self, other: Touched) {
        self.groups.extend(other.groups);
        self.entities.extend(other.entities);
        self.mention_keys.extend(other.mention_keys);
        self.relink.extend(other.relink);
        self.reread.extend(other.reread);
        self.rows += other.rows;
    }
}

/// A row of `change_rows`.
struct Kept {
    key: Vec<Json>,
    before: Option<serde_json::Map<String, Json>>,
    /// True where the row is now as the change left it.
    is_as_left: bool,
}

impl Kept {
    /// Returns whether it is put back: a derived row that is another by now is made anew in its place.
    fn can_be_touched(&self, table: &Journaled) -> bool {
        self.is_as_left || !table.is_derived
    }
}

impl Tx<'_> {
    /// Takes a change back. The caller has seen that it is the newest that holds.
    pub fn undo_change(&self, id: i64, now: &str) -> anyhow::Result<Touched> {
        let change = self.read().change(id)?.context("the change is not there")?;
        if change.counts.is_none() {
            // The program was stopped before it could say what it left.
            journal::finish(self, id)?;
        }
        self.refuse_conflicts(id)?;
        let mut kept: BTreeMap<&str, Vec<Kept>> = BTreeMap::new();
        for table in &TABLES {
            kept.insert(table.name, self.kept(id, table)?);
        }
        let mut touched = Touched::default();
        self.pragma_update(None, "defer_foreign_keys", true)?;
        self.note_touched(id, &kept, &mut touched)?;
        // Links first: one to an entity that goes is put back to what it was; what is linked to it besides loses its link.
        for table in TABLES.iter().rev().filter(|table| table.is_derived) {
            self.put_back_all(table, &kept[table.name], None)?;
        }
        for table in TABLES.iter().rev() {
            let added = kept[table.name].iter().filter(|row| row.before.is_none() && row.can_be_touched(table));
            for row in added {
                touched.rows += self.remove_row(table, &row.key, &mut touched.relink)?;
            }
        }
        touched.rows += self.remove_ranges(id, &mut touched.relink)?;
        for table in TABLES.iter().filter(|table| !table.is_derived) {
            touched.rows += self.put_back_all(table, &kept[table.name], Some(now))?;
        }
        // The triggers of aliases and stories have dated their parents by the clock of the machine.
        let entities: Vec<i64> = touched.entities.iter().map(|key| key.0).collect();
        let groups = parents(&kept["stories"], &kept["story_groups"]);
        for (table, parents) in [("entities", entities), ("story_groups", groups)] {
            let mut update =
                self.prepare(&format!("UPDATE {table} SET changed_at = ?2 WHERE id = ?1 AND changed_at <> ?2"))?;
            for parent in parents {
                update.execute(params![parent, now])?;
            }
        }
        self.execute("DELETE FROM change_rows WHERE change_id = ?1", [id])?;
        self.execute("DELETE FROM change_ranges WHERE change_id = ?1", [id])?;
        self.execute("UPDATE changes SET undone_at = ?2 WHERE id = ?1", params![id, now])?;
        self.refresh_derived()?;
        Ok(touched)
    }

    /// Refuses to take back what somebody else has changed since, or what was asked about.
    fn refuse_conflicts(&self, id: i64) -> anyhow::Result<()> {
        for table in TABLES.iter().filter(|table| !table.is_derived) {
            let hash = journal::hash_of_row(self, table)?;
            let sql = format!(
                "SELECT key FROM change_rows WHERE change_id = ?1 AND table_name = ?2 AND after_hash IS NOT {hash} LIMIT 1"
            );
            let other: Option<String> =
                self.prepare(&sql)?.query_map(params![id, table.name], |row| row.get(0))?.next().transpose()?;
            if let Some(key) = other {
                let row = format!("row {}", key.trim_matches(['[', ']']));
                return Err(changed_since(id, table.name, &row));
            }
        }
        // Their aliases and stories are not each compared, but whoever edits one dates its parent anew.
        for (table, named) in [("entities", "type || ':' || external_id"), ("story_groups", "external_id")] {
            let sql = format!(
                "SELECT {named} FROM {table} t
                 WHERE t.id IN (SELECT json_extract(key, '$[0]') FROM change_rows WHERE change_id = ?1 AND table_name = '{table}'
                                UNION ALL
                                SELECT k.id FROM change_ranges r JOIN {table} k ON k.id BETWEEN r.first_id AND r.last_id
                                WHERE r.change_id = ?1 AND r.table_name = '{table}')
                   AND t.changed_at <> t.loaded_at
                   AND t.changed_at NOT IN (SELECT at FROM changes UNION ALL SELECT undone_at FROM changes
                                            WHERE undone_at IS NOT NULL) LIMIT 1"
            );
            let other: Option<String> = self.prepare(&sql)?.query_map([id], |row| row.get(0))?.next().transpose()?;
            if let Some(key) = other {
                return Err(changed_since(id, table, &format!("`{key}`")));
            }
        }
        let n_asked: i64 = self.query_row(
            "SELECT count(*) FROM story_groups g
             WHERE g.id IN (SELECT json_extract(key, '$[0]') FROM change_rows
                            WHERE change_id = ?1 AND table_name = 'story_groups' AND before IS NULL
                            UNION ALL
                            SELECT k.id FROM change_ranges r JOIN story_groups k ON k.id BETWEEN r.first_id AND r.last_id
                            WHERE r.change_id = ?1 AND r.table_name = 'story_groups')
               AND EXISTS (SELECT 1 FROM requests q WHERE q.story_group_id = g.id)",
            [id],
            |row| row.get(0),
        )?;
        if n_asked > 0 {
            return Err(anyhow!(
                "change {id} cannot be undone: {} asked about since",
                crate::text::words::count_verb(n_asked as u64, "group", "was")
            ))
            .hint("what was asked stays with its group; nothing was changed");
        }
        Ok(())
    }

    fn kept(&self, id: i64, table: &Journaled) -> anyhow::Result<Vec<Kept>> {
        let hash = journal::hash_of_row(self, table)?;
        // Rows that the change added go with its range, whatever became of them in a later step.
        let within = table.floor.map_or(String::new(), |(owner, column)| {
            let at = table.key.iter().position(|key| *key == column).unwrap_or(0);
            format!(
                "AND NOT EXISTS (SELECT 1 FROM change_ranges r WHERE r.change_id = ?1 AND r.table_name = '{owner}'
                                 AND json_extract(change_rows.key, '$[{at}]') BETWEEN r.first_id AND r.last_id)"
            )
        });
        let sql = format!(
            "SELECT key, before, after_hash IS {hash} FROM change_rows WHERE change_id = ?1 AND table_name = ?2 {within}
             ORDER BY id"
        );
        let mut statement = self.prepare(&sql)?;
        let mut rows = statement.query(params![id, table.name])?;
        let mut kept = vec![];
        while let Some(row) = rows.next()? {
            let before: Option<String> = row.get(1)?;
            kept.push(Kept {
                key: serde_json::from_str(row.get_ref(0)?.as_str()?)?,
                before: before.map(|before| serde_json::from_str(&before)).transpose()?,
                is_as_left: row.get(2)?,
            });
        }
        Ok(kept)
    }

    /// Notes what the rows are about, before they are others.
    fn note_touched(&self, id: i64, kept: &BTreeMap<&str, Vec<Kept>>, touched: &mut Touched) -> anyhow::Result<()> {
        let first = |row: &Kept| row.key.first().and_then(Json::as_i64);
        for row in &kept["story_entities"] {
            let Some(group) = first(row).map(GroupKey) else { continue };
            touched.groups.insert(group);
            if !row.is_as_left {
                touched.relink.insert(group);
            }
        }
        let topics = kept["story_topics"].iter().filter(|row| !row.is_as_left);
        touched.reread.extend(topics.filter_map(first).map(GroupKey));
        touched
            .entities
            .extend(kept["entities"].iter().chain(&kept["entity_aliases"]).filter_map(first).map(EntityKey));
        let ids = kept["mention_decisions"].iter().filter_map(first);
        let mut key_of = self.prepare("SELECT mention_key FROM mention_decisions WHERE id = ?1")?;
        for id in ids {
            touched.mention_keys.extend(key_of.query_map([id], |row| row.get(0))?.collect::<Result<Vec<_>, _>>()?);
        }
        let mut ranged = self.prepare(
            "SELECT d.mention_key FROM mention_decisions d JOIN change_ranges r
               ON r.change_id = ?1 AND r.table_name = 'mention_decisions' AND d.id BETWEEN r.first_id AND r.last_id",
        )?;
        touched.mention_keys.extend(ranged.query_map([id], |row| row.get(0))?.collect::<Result<Vec<_>, _>>()?);
        let before = kept["mention_decisions"].iter().filter_map(|row| row.before.as_ref());
        touched.mention_keys.extend(before.filter_map(|row| Some(row.get("mention_key")?.as_str()?.to_owned())));
        Ok(())
    }

    fn remove_row(&self, table: &Journaled, key: &[Json], relink: &mut BTreeSet<GroupKey>) -> anyhow::Result<u64> {
        let conditions: Vec<String> =
            table.key.iter().enumerate().map(|(i, column)| format!("{column} = ?{}", i + 1)).collect();
        let sql = format!("DELETE FROM {} WHERE {}", table.name, conditions.join(" AND "));
        let values: Vec<Value> = key.iter().map(|value| value_of(value, "")).collect::<anyhow::Result<_>>()?;
        self.let_go(table, &[key.first().and_then(Json::as_i64).unwrap_or(0); 2], relink)?;
        Ok(self.prepare_cached(&sql)?.execute(params_from_iter(values))? as u64)
    }

    /// Removes the rows that a change added one after another.
    fn remove_ranges(&self, id: i64, relink: &mut BTreeSet<GroupKey>) -> anyhow::Result<u64> {
        let mut removed = 0;
        for table in TABLES.iter().rev().filter(|table| table.key == ["id"]) {
            let ranges: Vec<[i64; 2]> = self
                .prepare("SELECT first_id, last_id FROM change_ranges WHERE change_id = ?1 AND table_name = ?2")?
                .query_map(params![id, table.name], |row| Ok([row.get(0)?, row.get(1)?]))?
                .collect::<Result<_, _>>()?;
            for range in ranges {
                self.let_go(table, &range, relink)?;
                let sql = format!("DELETE FROM {} WHERE id BETWEEN ?1 AND ?2", table.name);
                removed += self.execute(&sql, range)? as u64;
            }
        }
        Ok(removed)
    }

    /// Takes off the rows of the tables without a journal that refer to rows that go: links to entities, and what groups
    /// share of others' answers. What was asked about a group itself has refused the undoing before.
    fn let_go(&self, table: &Journaled, range: &[i64; 2], relink: &mut BTreeSet<GroupKey>) -> anyhow::Result<()> {
        match table.name {
            "entities" => self.take_off_links(range, relink)?,
            "story_groups" => {
                for shared in ["story_topics", "story_entities", "current_answers"] {
                    let sql = format!("DELETE FROM {shared} WHERE story_group_id BETWEEN ?1 AND ?2");
                    self.prepare_cached(&sql)?.execute(*range)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes off the links to entities that go.
    fn take_off_links(&self, range: &[i64; 2], relink: &mut BTreeSet<GroupKey>) -> anyhow::Result<()> {
        let mut statement = self.prepare_cached(
            "UPDATE story_entities SET entity_id = NULL, outcome = 'unknown', method = 'removed', score = 0
             WHERE entity_id BETWEEN ?1 AND ?2 RETURNING story_group_id",
        )?;
        for group in statement.query_map(*range, |row| row.get(0))? {
            relink.insert(group?);
        }
        Ok(())
    }

    fn put_back_all(&self, table: &Journaled, kept: &[Kept], now: Option<&str>) -> anyhow::Result<u64> {
        let columns = journal::columns(self, table.name)?;
        let mut n = 0;
        for row in kept {
            if let Some(before) = row.before.as_ref().filter(|_| row.can_be_touched(table)) {
                self.put_row_back(table, &columns, row, before, now)?;
                n += 1;
            }
        }
        Ok(n)
    }

    fn put_row_back(
        &self,
        table: &Journaled,
        columns: &[Column],
        row: &Kept,
        before: &serde_json::Map<String, Json>,
        now: Option<&str>,
    ) -> anyhow::Result<()> {
        let (mut names, mut values) = (vec![], vec![]);
        for (name, kind) in columns {
            let Some(value) = before.get(name) else { continue };
            values.push(match now.filter(|_| name == "changed_at") {
                Some(now) => Value::Text(now.to_owned()),
                None => value_of(value, kind)?,
            });
            names.push(name.as_str());
        }
        let set: Vec<String> =
            names.iter().enumerate().map(|(i, name)| format!("{} = ?{}", quoted(name), i + 1)).collect();
        let n = names.len();
        let conditions: Vec<String> =
            table.key.iter().enumerate().map(|(i, column)| format!("{column} = ?{}", n + i + 1)).collect();
        let key: Vec<Value> = row.key.iter().map(|value| value_of(value, "")).collect::<anyhow::Result<_>>()?;
        let sql = format!("UPDATE {} SET {} WHERE {}", table.name, set.join(", "), conditions.join(" AND "));
        let updated = self.prepare_cached(&sql)?.execute(params_from_iter(values.iter().chain(&key)))?;
        if updated == 0 {
            let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
            let places: Vec<String> = (1..=n).map(|i| format!("?{i}")).collect();
            let sql = format!("INSERT INTO {} ({}) VALUES ({})", table.name, names.join(", "), places.join(", "));
            self.prepare_cached(&sql)?.execute(params_from_iter(&values))?;
        }
        Ok(())
    }
}

fn parents(stories: &[Kept], groups: &[Kept]) -> Vec<i64> {
    let of_stories = stories.iter().filter_map(|row| row.before.as_ref()?.get("story_group_id")?.as_i64());
    let of_groups = groups.iter().filter_map(|row| row.key.first()?.as_i64());
    of_stories.chain(of_groups).collect()
}

fn changed_since(id: i64, table: &str, row: &str) -> anyhow::Error {
    let error =
        anyhow!("change {id} cannot be undone: {row} of the table `{table}` was changed since by another program");
    match Err::<(), _>(error).hint("nothing was changed; what is there now can be edited by hand") {
        Err(error) => error,
        Ok(()) => anyhow!("changed since"),
    }
}

/// Returns a value for a column of a declared type.
fn value_of(value: &Json, kind: &str) -> anyhow::Result<Value> {
    Ok(match (value, kind) {
        (Json::Null, _) => Value::Null,
        (Json::String(digits), "REAL") => Value::Real(digits.parse().context("a kept number is none")?),
        (Json::String(digits), "BLOB") => Value::Blob(unhex(digits).context("kept bytes are none")?),
        (Json::String(text), _) => Value::Text(text.clone()),
        (Json::Bool(yes), _) => Value::Integer(i64::from(*yes)),
        (Json::Number(number), "REAL") => Value::Real(number.as_f64().unwrap_or_default()),
        (Json::Number(number), _) => match number.as_i64() {
            Some(whole) => Value::Integer(whole),
            None => Value::Real(number.as_f64().unwrap_or_default()),
        },
        (other, _) => Value::Text(other.to_string()),
    })
}
