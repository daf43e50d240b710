//! The entity catalog.

use std::collections::{BTreeSet, HashSet};

use anyhow::Context as _;
use rusqlite::{OptionalExtension as _, Row, params};

use super::{Read, Tx};
use crate::model::{Attributes, Entity, EntityId, EntityKey};

/// Change by loading an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatalogChange {
    /// It was not here before.
    New,
    /// It differs from what was here and was replaced.
    Changed,
    /// It is the same.
    Unchanged,
}

/// Other names of one thing that are compared with the value of a hint; who has a million is called by one of the
/// first.
const NAMES_MAX: u32 = 200;

impl Read<'_> {
    /// Returns the number of entities in the catalog.
    pub fn n_entities(self) -> anyhow::Result<u64> {
        Ok(self.0.query_row("SELECT count(*) FROM entities", [], |row| row.get::<_, i64>(0))? as u64)
    }

    /// Returns whether the catalog has any entity.
    pub fn has_entities(self) -> anyhow::Result<bool> {
        Ok(self.0.query_row("SELECT EXISTS (SELECT 1 FROM entities)", [], |row| row.get(0))?)
    }

    /// Returns the key of an entity.
    pub fn entity_key(self, entity_type: &str, id: &EntityId) -> anyhow::Result<Option<EntityKey>> {
        let row = self
            .0
            .prepare_cached("SELECT id FROM entities WHERE type = ?1 AND external_id = ?2")?
            .query_row(params![entity_type, id], |row| row.get(0))
            .optional()?;
        Ok(row)
    }

    /// Returns an entity with its aliases.
    pub fn entity(self, key: EntityKey) -> anyhow::Result<Option<Entity>> {
        let entity = self
            .0
            .prepare_cached("SELECT external_id, type, name, attributes FROM entities WHERE id = ?1")?
            .query_row([key], |row| entity(row, 0))
            .optional()?;
        let Some(mut entity) = entity else { return Ok(None) };
        entity.aliases = self.aliases(key)?;
        Ok(Some(entity))
    }

    fn aliases(self, key: EntityKey) -> anyhow::Result<Vec<String>> {
        let mut statement =
            self.0.prepare_cached("SELECT alias FROM entity_aliases WHERE entity_id = ?1 ORDER BY alias")?;
        Ok(statement.query_map([key], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Returns all names of the entities that are called so, in any usual case; none where too many are, for then it
    /// says nothing.
    pub fn names_of_what_is_called(self, name: &str) -> anyhow::Result<Vec<String>> {
        let mut statement = self.0.prepare_cached(
            "SELECT id FROM entities WHERE name COLLATE NOCASE IN (?1, ?2, ?3, ?4)
             UNION SELECT entity_id FROM entity_aliases WHERE alias COLLATE NOCASE IN (?1, ?2, ?3, ?4) LIMIT 4",
        )?;
        // The indexes know the case of ASCII letters; of all others these are what people write.
        let [lower, upper, title] = match name.is_ascii() {
            true => [name, name, name].map(str::to_owned),
            false => [name.to_lowercase(), name.to_uppercase(), title_case(name)],
        };
        let keys = statement.query_map([name, &lower, &upper, &title], |row| row.get(0))?;
        let keys: Vec<EntityKey> = keys.collect::<Result<_, _>>()?;
        let mut names = vec![];
        if keys.len() <= 3 {
            for key in keys {
                names.extend(self.entity_name(key)?.map(|(_, _, name)| name));
                names.extend(self.some_names(key, NAMES_MAX)?);
            }
        }
        Ok(names)
    }

    /// Returns some of an entity's aliases.
    pub fn some_names(self, key: EntityKey, limit: u32) -> anyhow::Result<Vec<String>> {
        let mut statement =
            self.0.prepare_cached("SELECT alias FROM entity_aliases WHERE entity_id = ?1 ORDER BY alias LIMIT ?2")?;
        let names = statement.query_map(params![key, limit], |row| row.get(0))?;
        Ok(names.collect::<Result<_, _>>()?)
    }

    /// Gives every name and alias of the entities of a type.
    pub fn each_name_of_type(self, entity_type: &str, mut visit: impl FnMut(EntityKey, &str)) -> anyhow::Result<()> {
        let mut statement = self.0.prepare(
            "SELECT id, name FROM entities WHERE type = ?1
             UNION ALL
             SELECT e.id, a.alias FROM entities e JOIN entity_aliases a ON a.entity_id = e.id WHERE e.type = ?1",
        )?;
        let mut rows = statement.query([entity_type])?;
        while let Some(row) = rows.next()? {
            visit(row.get(0)?, row.get_ref(1)?.as_str()?);
        }
        Ok(())
    }

    /// Gives the attributes of every entity of a type.
    pub fn each_of_type(self, entity_type: &str, mut visit: impl FnMut(EntityKey, Attributes)) -> anyhow::Result<()> {
        let mut statement =
            self.0.prepare("SELECT id, external_id, type, name, attributes FROM entities WHERE type = ?1")?;
        let mut rows = statement.query([entity_type])?;
        while let Some(row) = rows.next()? {
            visit(row.get(0)?, entity(row, 1)?.attributes);
        }
        Ok(())
    }

    /// Returns what loading an entity would change, and its key where it is here; writes nothing.
    pub fn entity_change(self, entity: &Entity) -> anyhow::Result<(CatalogChange, Option<EntityKey>)> {
        let Some(key) = self.entity_key(&entity.entity_type, &entity.id)? else {
            return Ok((CatalogChange::New, None));
        };
        let mut wanted = entity.clone();
        wanted.aliases.sort();
        wanted.aliases.dedup();
        let is_same = self.entity(key)? == Some(wanted);
        Ok((if is_same { CatalogChange::Unchanged } else { CatalogChange::Changed }, Some(key)))
    }

    /// Returns the keys of all entities that are not among `kept`.
    pub fn entities_beside(self, kept: &HashSet<EntityKey>) -> anyhow::Result<Vec<EntityKey>> {
        let mut statement = self.0.prepare("SELECT id FROM entities ORDER BY id")?;
        let keys = statement.query_map([], |row| row.get::<_, EntityKey>(0))?;
        let beside = keys.filter(|key| !key.as_ref().is_ok_and(|key| kept.contains(key)));
        Ok(beside.collect::<Result<_, _>>()?)
    }

    /// Gives every entity of the catalog, in the order of its keys, without holding them all.
    pub fn each_entity(self, mut visit: impl FnMut(EntityKey, Entity) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let mut statement =
            self.0.prepare("SELECT id, external_id, type, name, attributes FROM entities ORDER BY id")?;
        let mut aliases = self.0.prepare("SELECT alias FROM entity_aliases WHERE entity_id = ?1 ORDER BY alias")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let key: EntityKey = row.get(0)?;
            let mut found = entity(row, 1)?;
            found.aliases = aliases.query_map([key], |row| row.get(0))?.collect::<Result<_, _>>()?;
            visit(key, found)?;
        }
        Ok(())
    }
}

/// Reads external_id, type, name and attributes from four columns on; aliases are not among them.
pub(super) fn entity(row: &Row<'_>, first: usize) -> rusqlite::Result<Entity> {
    let attributes = row.get_ref(first + 3)?.as_str()?;
    Ok(Entity {
        id: row.get(first)?,
        entity_type: row.get(first + 1)?,
        name: row.get(first + 2)?,
        aliases: vec![],
        attributes: serde_json::from_str(attributes).unwrap_or_else(|_| attributes_of_others(attributes)),
    })
}

/// Reads attributes as another program wrote them. The column is checked to be JSON; what stands there beside text values
/// is not ours to judge.
fn attributes_of_others(text: &str) -> Attributes {
    serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text)
        .map(|map| map.into_iter().filter_map(|(name, value)| Some((name, text_of(value)?))).collect())
        .unwrap_or_default()
}

fn text_of(value: serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Null => None,
        other => Some(other.to_string()),
    }
}

impl Tx<'_> {
    /// Loads an entity: inserts it, or replaces what is there under its type and id.
    pub fn load_entity(&self, entity: &Entity, now: &str) -> anyhow::Result<(CatalogChange, EntityKey)> {
        let (change, known) = self.read().entity_change(entity)?;
        let key = match known {
            Some(key) if change == CatalogChange::Unchanged => return Ok((change, key)),
            Some(key) => {
                self.prepare_cached(
                    "UPDATE entities SET name = ?2, attributes = ?3, loaded_at = ?4, changed_at = ?4 WHERE id = ?1",
                )?
                .execute(params![
                    key,
                    entity.name,
                    serde_json::to_string(&entity.attributes)?,
                    now
                ])?;
                self.replace_aliases(key, entity)?;
                key
            }
            None => self.add_entity(entity, now)?.context("the entity is there already")?,
        };
        self.prepare_cached("UPDATE entities SET changed_at = ?2 WHERE id = ?1 AND changed_at <> ?2")?
            .execute(params![key, now])?;
        Ok((change, key))
    }

    /// Adds an entity; `None`: its type and id are there already, and nothing was written.
    pub(super) fn add_entity(&self, entity: &Entity, now: &str) -> anyhow::Result<Option<EntityKey>> {
        let n_rows = self
            .prepare_cached(
                "INSERT INTO entities (external_id, type, name, attributes, loaded_at, changed_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT (type, external_id) DO NOTHING",
            )?
            .execute(params![
                entity.id,
                entity.entity_type,
                entity.name,
                serde_json::to_string(&entity.attributes)?,
                now
            ])?;
        if n_rows == 0 {
            return Ok(None);
        }
        let key = EntityKey(self.last_insert_rowid());
        self.add_aliases(key, entity.aliases.iter().map(String::as_str))?;
        Ok(Some(key))
    }

    /// Removes the aliases that the entity does not have, and adds those that are not there: five triggers look at each
    /// row that is written, and read past the attributes of its entity.
    fn replace_aliases(&self, key: EntityKey, entity: &Entity) -> anyhow::Result<()> {
        let before: BTreeSet<String> = self.read().aliases(key)?.into_iter().collect();
        let wanted: BTreeSet<&str> = entity.aliases.iter().map(String::as_str).collect();
        let mut delete = self.prepare_cached("DELETE FROM entity_aliases WHERE entity_id = ?1 AND alias = ?2")?;
        for alias in before.iter().filter(|alias| !wanted.contains(alias.as_str())) {
            delete.execute(params![key, alias])?;
        }
        self.add_aliases(key, wanted.into_iter().filter(|alias| !before.contains(*alias)))
    }

    fn add_aliases<'a>(&self, key: EntityKey, aliases: impl Iterator<Item = &'a str>) -> anyhow::Result<()> {
        // A table of its own order takes the same alias twice as one.
        let mut insert =
            self.prepare_cached("INSERT OR IGNORE INTO entity_aliases (entity_id, alias) VALUES (?1, ?2)")?;
        for alias in aliases {
            insert.execute(params![key, alias])?;
        }
        Ok(())
    }

    /// Removes an entity; mentions that were linked to it keep their text and become unknown.
    pub fn remove_entity(&self, key: EntityKey) -> anyhow::Result<()> {
        self.prepare_cached(
            "UPDATE story_entities SET entity_id = NULL, outcome = 'unknown', method = 'removed', score = 0
             WHERE entity_id = ?1",
        )?
        .execute([key])?;
        self.prepare_cached("DELETE FROM entities WHERE id = ?1")?.execute([key])?;
        Ok(())
    }
}

/// Returns a name with each word's first letter in upper case, the others in lower.
fn title_case(name: &str) -> String {
    let mut is_inside = false;
    let letters = name.chars().flat_map(|c| {
        let cased: Vec<char> = if is_inside { c.to_lowercase().collect() } else { c.to_uppercase().collect() };
        is_inside = c.is_alphanumeric();
        cased
    });
    letters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn a_hint_means_an_entity_in_any_case_of_any_script() {
        let mut store = Store::open_in_memory("2026-01-01T00:00:00Z").unwrap();
        let tx = store.write().unwrap();
        for (id, name, alias) in [("1", "Юрий Гагарин", "ГАГАРИН"), ("2", "Éireann", "Ireland")] {
            let (aliases, attributes) = (vec![alias.to_owned()], Attributes::new());
            let id = EntityId::new(id);
            let entity = Entity { id, entity_type: "x".into(), name: name.into(), aliases, attributes };
            tx.load_entity(&entity, "2026-01-01T00:00:00Z").unwrap();
        }
        for (name, expected) in [
            ("юрий гагарин", "Юрий Гагарин"),
            ("Гагарин", "Юрий Гагарин"),
            ("ÉIREANN", "Éireann"),
            ("éireann", "Éireann"),
            ("IRELAND", "Éireann"),
        ] {
            let names = tx.read().names_of_what_is_called(name).unwrap();
            assert_eq!(names.first().map(String::as_str), Some(expected), "{name}");
        }
    }

    #[test]
    fn an_entity_is_upserted_by_type_and_id() {
        let mut store = Store::open_in_memory("2026-01-01T00:00:00Z").unwrap();
        let tx = store.write().unwrap();
        let mut e = Entity {
            id: EntityId::new("1"),
            entity_type: "person".into(),
            name: "Ada Lovelace".into(),
            aliases: vec!["Ada King".into(), "Ada Byron".into()],
            attributes: [("country".to_owned(), "GB".to_owned())].into(),
        };
        assert_eq!(tx.load_entity(&e, "2026-01-01T00:00:00Z").unwrap().0, CatalogChange::New);
        assert_eq!(tx.load_entity(&e, "2026-01-01T00:00:00Z").unwrap().0, CatalogChange::Unchanged);
        e.aliases.pop();
        assert_eq!(tx.load_entity(&e, "2026-01-01T00:00:00Z").unwrap().0, CatalogChange::Changed);
        e.entity_type = "ship".into();
        assert_eq!(tx.load_entity(&e, "2026-01-01T00:00:00Z").unwrap().0, CatalogChange::New);
        let key = tx.read().entity_key("ship", &e.id).unwrap().unwrap();
        assert_eq!(tx.read().entity(key).unwrap(), Some(e));
        let mut seen = vec![];
        tx.read()
            .each_entity(|_, entity| {
                seen.push(entity.entity_type);
                Ok(())
            })
            .unwrap();
        assert_eq!(seen, ["person", "ship"]);
    }

    #[test]
    fn of_the_aliases_only_those_that_differ_are_written() {
        let mut store = Store::open_in_memory("2026-01-01T00:00:00Z").unwrap();
        let tx = store.write().unwrap();
        let called = |aliases: &[&str]| Entity {
            id: EntityId::new("1"),
            entity_type: "person".into(),
            name: "Ada Lovelace".into(),
            aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            attributes: Attributes::new(),
        };
        tx.load_entity(&called(&["Ada Byron", "Ada King", "Ada"]), "2026-01-01T00:00:00Z").unwrap();
        tx.execute_batch(
            "CREATE TEMP TABLE written (alias);
             CREATE TEMP TRIGGER adds AFTER INSERT ON main.entity_aliases BEGIN
                 INSERT INTO written VALUES ('+' || new.alias); END;
             CREATE TEMP TRIGGER removes AFTER DELETE ON main.entity_aliases BEGIN
                 INSERT INTO written VALUES ('-' || old.alias); END",
        )
        .unwrap();
        let wanted = ["Ada", "Ada King", "Lady Lovelace", "Lady Lovelace"];
        let (_, key) = tx.load_entity(&called(&wanted), "2026-01-02T00:00:00Z").unwrap();
        let written: String =
            tx.query_row("SELECT group_concat(alias, ', ') FROM written", [], |row| row.get(0)).unwrap();
        assert_eq!(written, "-Ada Byron, +Lady Lovelace");
        assert_eq!(tx.read().entity(key).unwrap().unwrap().aliases, ["Ada", "Ada King", "Lady Lovelace"]);
    }
}
