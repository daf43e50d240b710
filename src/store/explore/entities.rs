//! Entities over all groups.

use std::cmp::Reverse;
use std::collections::HashSet;

use rusqlite::{OptionalExtension as _, params};
use serde::Serialize;

use super::{EntityHead, GroupHead, IN_PERIOD, KeySet, Period};
use crate::model::EntityKey;
use crate::store::Read;
use crate::text::fold;

/// An entity and how many groups name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntityCount {
    /// The entity.
    #[serde(flatten)]
    pub entity: EntityHead,
    /// Groups that name it.
    pub groups: u64,
}

/// A group that names an entity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EntityGroup {
    /// The group.
    #[serde(flatten)]
    pub group: GroupHead,
    /// As the stories write it.
    pub mention: String,
    /// True where the stories are chiefly about it.
    pub is_primary: bool,
    /// Rank in the group.
    pub rank: u32,
    /// Method of the link.
    pub method: String,
    /// Probability that the link is right.
    pub score: f64,
}

/// An entity that bears a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Namesake {
    /// The entity.
    #[serde(flatten)]
    pub entity: EntityHead,
    /// The alias that was asked for, where it is not the preferred name or the id.
    pub alias: Option<String>,
}

/// A way in which an entity is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Spelling {
    /// As the stories write it.
    pub mention: String,
    /// Frequency.
    pub mentions: u64,
    /// Method of the link.
    pub method: String,
}

/// Entities that are asked for one by one; of more the groups of all are looked at in one pass.
const FEW: u64 = 1000;

/// Returns how many groups there are, named in two runs in order, which a stable sort merges.
fn n_different(groups: &mut Vec<i64>) -> u64 {
    groups.sort();
    groups.dedup();
    groups.len() as u64
}

impl Read<'_> {
    /// Returns the linked entities most frequent in groups of a period, and how many there are.
    pub fn top_entities(
        self,
        period: &Period,
        among: Option<&KeySet>,
        entity_types: &[String],
        limit: u64,
    ) -> anyhow::Result<(Vec<EntityCount>, u64)> {
        let within = if period.is_always() || among.is_some() { None } else { Some(self.groups_in(period)?) };
        let wanted = if entity_types.is_empty() { None } else { Some(self.entities_of_types(entity_types)?) };
        let is_wanted = |key: EntityKey| wanted.as_ref().is_none_or(|wanted| wanted.has(key.0));
        let (counts, total) = match among.or(within.as_ref()) {
            None if limit <= FEW => self.most_named(is_wanted, limit as usize)?,
            within => {
                let mut counts = self.entity_counts(within)?;
                counts.retain(|(_, key)| is_wanted(*key));
                let total = counts.len() as u64;
                (counts, total)
            }
        };
        let mut top = vec![];
        for (groups, key) in counts.into_iter().take(limit as usize) {
            top.extend(self.entity_head(key)?.map(|entity| EntityCount { entity, groups }));
        }
        Ok((top, total))
    }

    /// Returns the linked entities most frequent in some groups.
    pub(in crate::store) fn top_entities_in(self, groups: &KeySet, limit: u64) -> anyhow::Result<Vec<EntityCount>> {
        let mut top = vec![];
        for (groups, key) in self.entity_counts(Some(groups))?.into_iter().take(limit as usize) {
            top.extend(self.entity_head(key)?.map(|entity| EntityCount { entity, groups }));
        }
        Ok(top)
    }

    /// Returns the entities of these types, in any case of letters.
    fn entities_of_types(self, entity_types: &[String]) -> anyhow::Result<KeySet> {
        let mut wanted = KeySet::default();
        let mut statement = self.0.prepare_cached("SELECT id FROM entities WHERE type = ?1")?;
        for known in self.catalog_types()? {
            if entity_types.iter().any(|typed| fold(typed) == fold(&known)) {
                let mut rows = statement.query([known])?;
                while let Some(row) = rows.next()? {
                    wanted.add(row.get(0)?);
                }
            }
        }
        Ok(wanted)
    }

    /// Returns the entities that most groups name, and how many are named at all. SQLite counts their mentions, which are
    /// no fewer than their groups, and only of those that can be among the first each group is looked at.
    fn most_named(
        self,
        is_wanted: impl Fn(EntityKey) -> bool,
        limit: usize,
    ) -> anyhow::Result<(Vec<(u64, EntityKey)>, u64)> {
        let mut statement = self.0.prepare_cached(
            "SELECT entity_id, count(*) FROM story_entities WHERE entity_id IS NOT NULL GROUP BY entity_id",
        )?;
        let mut mentions: Vec<(Reverse<u64>, EntityKey)> = vec![];
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let entity = row.get(0)?;
            if is_wanted(entity) {
                mentions.push((Reverse(row.get::<_, i64>(1)? as u64), entity));
            }
        }
        mentions.sort_unstable();
        let total = mentions.len() as u64;
        let mut groups_of = self.0.prepare_cached(
            "SELECT story_group_id FROM story_entities WHERE entity_id = ?1 ORDER BY is_primary, story_group_id",
        )?;
        let mut top: Vec<(Reverse<u64>, EntityKey)> = vec![];
        for at_most in mentions {
            if top.iter().filter(|known| **known < at_most).count() >= limit {
                break;
            }
            let mut groups = groups_of.query_map([at_most.1], |row| row.get(0))?.collect::<Result<_, _>>()?;
            top.push((Reverse(n_different(&mut groups)), at_most.1));
        }
        top.sort_unstable();
        top.truncate(limit);
        Ok((top.into_iter().map(|(groups, entity)| (groups.0, entity)).collect(), total))
    }

    /// Returns every linked entity with the number of groups that name it, most frequent first; `within`: only these groups
    /// count.
    pub(super) fn entity_counts(self, within: Option<&KeySet>) -> anyhow::Result<Vec<(u64, EntityKey)>> {
        let mut counts: Vec<(u64, EntityKey)> = vec![];
        // The index holds entity, is_primary and group in this order, so this reads it and nothing else.
        let mut statement = self.0.prepare_cached(
            "SELECT entity_id, story_group_id FROM story_entities WHERE entity_id IS NOT NULL
             ORDER BY entity_id, is_primary",
        )?;
        let mut rows = statement.query([])?;
        let mut groups: Vec<i64> = vec![];
        let mut last = None;
        let mut count = |entity: Option<EntityKey>, groups: &mut Vec<i64>| {
            let n = n_different(groups);
            counts.extend(entity.filter(|_| n > 0).map(|entity| (n, entity)));
            groups.clear();
        };
        while let Some(row) = rows.next()? {
            let (entity, group): (EntityKey, i64) = (row.get(0)?, row.get(1)?);
            if last != Some(entity) {
                count(last, &mut groups);
                last = Some(entity);
            }
            if within.is_none_or(|within| within.has(group)) {
                groups.push(group);
            }
        }
        count(last, &mut groups);
        counts.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        Ok(counts)
    }

    /// Returns the groups of a period.
    pub fn groups_in(self, period: &Period) -> anyhow::Result<KeySet> {
        let mut statement = self.0.prepare_cached(&format!("SELECT id FROM story_groups g WHERE {IN_PERIOD}"))?;
        let mut keys = KeySet::default();
        let mut rows = statement.query(params![period.since, period.before, period.attributes])?;
        while let Some(row) = rows.next()? {
            keys.add(row.get(0)?);
        }
        Ok(keys)
    }

    /// Returns the days of the first and the last group, as exact as they are known; `None`: none has a date.
    pub fn dates_of_groups(self) -> anyhow::Result<Option<(String, String)>> {
        let end = |order: &str| {
            format!(
                "(SELECT substr(date, 1, 10) FROM story_groups WHERE date IS NOT NULL ORDER BY sort_at {order}, id LIMIT 1)"
            )
        };
        let sql = format!("SELECT {}, {}", end("ASC"), end("DESC"));
        let (first, last): (Option<String>, Option<String>) =
            self.0.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(first.zip(last))
    }

    /// Returns what an entity is called in a list.
    pub fn entity_head(self, key: EntityKey) -> anyhow::Result<Option<EntityHead>> {
        let row = self
            .0
            .prepare_cached("SELECT id, external_id, type, name FROM entities WHERE id = ?1")?
            .query_row([key], |row| EntityHead::read(row, 0))
            .optional()?;
        Ok(row)
    }

    /// Returns the entities with this name, alias or id (`ID` or `TYPE:ID`), in any case of letters; the names
    /// first. Where there is none, also those that differ in marks.
    pub fn namesakes(self, name: &str, limit: u32) -> anyhow::Result<Vec<Namesake>> {
        let mut found: Vec<Namesake> = vec![];
        let mut add = |namesake: Namesake| {
            if !found.iter().any(|known| known.entity.key == namesake.entity.key) {
                found.push(namesake);
            }
        };
        let mut by_name = self.0.prepare_cached(
            "SELECT id, external_id, type, name FROM entities WHERE name = ?1 COLLATE NOCASE ORDER BY id LIMIT ?2",
        )?;
        for entity in by_name.query_map(params![name, limit], |row| EntityHead::read(row, 0))? {
            add(Namesake { entity: entity?, alias: None });
        }
        // An id is unique within its type: it is looked up type by type.
        let mut by_id = self.0.prepare_cached(
            "SELECT id, external_id, type, name FROM entities WHERE type = ?1 AND external_id IN (?2, ?3) LIMIT ?4",
        )?;
        for known in self.catalog_types()? {
            let typed = name.strip_prefix(known.as_str()).and_then(|rest| rest.strip_prefix(':')).unwrap_or(name);
            for entity in by_id.query_map(params![known, name, typed, limit], |row| EntityHead::read(row, 0))? {
                add(Namesake { entity: entity?, alias: None });
            }
        }
        let mut by_alias = self.0.prepare_cached(
            "SELECT e.id, e.external_id, e.type, e.name, a.alias
             FROM entity_aliases a JOIN entities e ON e.id = a.entity_id
             WHERE a.alias = ?1 COLLATE NOCASE ORDER BY e.id LIMIT ?2",
        )?;
        let rows = by_alias
            .query_map(params![name, limit], |row| Ok((EntityHead::read(row, 0)?, row.get::<_, String>(4)?)))?;
        for row in rows {
            let (entity, alias) = row?;
            add(Namesake { entity, alias: Some(alias) });
        }
        if found.is_empty() {
            found = self.namesakes_folded(&fold(name), limit)?;
        }
        Ok(found)
    }

    /// Returns the entities with this folded name or alias. It looks at every name: the indexes know the case of ASCII
    /// letters only.
    fn namesakes_folded(self, name: &str, limit: u32) -> anyhow::Result<Vec<Namesake>> {
        let mut statement = self.0.prepare_cached(
            "SELECT id, external_id, type, name, alias FROM (
                 SELECT id, external_id, type, name, NULL AS alias FROM entities WHERE fold(name) = ?1
                 UNION ALL
                 SELECT e.id, e.external_id, e.type, e.name, min(a.alias)
                 FROM entity_aliases a JOIN entities e ON e.id = a.entity_id
                 WHERE fold(a.alias) = ?1 AND fold(e.name) <> ?1 GROUP BY e.id)
             ORDER BY alias IS NOT NULL, id LIMIT ?2",
        )?;
        let rows = statement.query_map(params![name, limit], |row| {
            Ok(Namesake { entity: EntityHead::read(row, 0)?, alias: row.get(4)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns the catalog's types, in alphabetical order.
    pub fn catalog_types(self) -> anyhow::Result<Vec<String>> {
        // A step of the index for each type, instead of a look at every entity.
        let mut statement = self.0.prepare_cached(
            "WITH RECURSIVE types (type) AS (
                 SELECT min(type) FROM entities
                 UNION ALL
                 SELECT (SELECT min(e.type) FROM entities e WHERE e.type > types.type) FROM types
                 WHERE types.type IS NOT NULL)
             SELECT type FROM types WHERE type IS NOT NULL",
        )?;
        let types = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(types)
    }

    /// Returns the number of groups that name an entity.
    pub fn entity_count(self, entity: EntityKey) -> anyhow::Result<u64> {
        Ok(self
            .0
            .prepare_cached("SELECT count(DISTINCT story_group_id) FROM story_entities WHERE entity_id = ?1")?
            .query_row([entity], |row| row.get::<_, i64>(0))? as u64)
    }

    /// Returns the groups that name an entity: those chiefly about it first, then the newest.
    pub fn groups_of_entity(self, entity: EntityKey, period: &Period, limit: u64) -> anyhow::Result<Vec<EntityGroup>> {
        // The order needs the time of each group only; the mention itself is read of those that are shown.
        let mut statement = self.0.prepare_cached(
            "SELECT g.id, g.external_id, g.title, g.date, m.mention_text, m.is_primary, m.rank, m.method, m.score
             FROM (SELECT x.story_group_id AS story, x.ordinal AS place
                   FROM story_entities x JOIN story_groups y ON y.id = x.story_group_id
                   WHERE x.entity_id = ?1 AND x.is_primary = ?4
                     AND (?2 IS NULL OR y.sort_at >= ?2) AND (?3 IS NULL OR y.sort_at < ?3)
                     AND (?6 IS NULL OR EXISTS (SELECT 1 FROM stories s WHERE s.story_group_id = y.id AND attributes_fit(s.attributes, ?6)))
                   ORDER BY y.sort_at DESC, y.id LIMIT ?5)
             JOIN story_entities m ON m.story_group_id = story AND m.ordinal = place
             JOIN story_groups g ON g.id = story
             ORDER BY g.sort_at DESC, g.id, m.rank",
        )?;
        let mut groups: Vec<EntityGroup> = vec![];
        let mut seen = HashSet::new();
        for is_primary in [true, false] {
            // A group may name it more than once, so more are read than shown.
            let most = limit.saturating_mul(3).min(i64::MAX as u64) as i64;
            let rows = statement.query_map(
                params![entity, period.since, period.before, is_primary, most, period.attributes],
                |row| {
                    Ok(EntityGroup {
                        group: GroupHead::read(row, 0)?,
                        mention: row.get(4)?,
                        is_primary: row.get(5)?,
                        rank: row.get(6)?,
                        method: row.get(7)?,
                        score: row.get(8)?,
                    })
                },
            )?;
            for row in rows {
                let row = row?;
                if (groups.len() as u64) < limit && seen.insert(row.group.key) {
                    groups.push(row);
                }
            }
            if groups.len() as u64 >= limit {
                break;
            }
        }
        Ok(groups)
    }

    /// Returns how the stories write an entity, most frequent first; of one with many mentions the first thousands are
    /// looked at.
    pub fn spellings_of(self, entity: EntityKey, limit: u32) -> anyhow::Result<Vec<Spelling>> {
        let mut statement = self.0.prepare_cached(
            "SELECT mention_text, count(*), min(method)
             FROM (SELECT mention_text, method FROM story_entities WHERE entity_id = ?1 LIMIT 5000)
             GROUP BY mention_text ORDER BY count(*) DESC, mention_text LIMIT ?2",
        )?;
        let rows = statement.query_map(params![entity, limit], |row| {
            Ok(Spelling { mention: row.get(0)?, mentions: row.get::<_, i64>(1)? as u64, method: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns the entities that stand in the most groups together with this one; of one with many groups the first
    /// thousands are looked at, those chiefly about it before the others.
    pub fn companions_of(self, entity: EntityKey, limit: u32) -> anyhow::Result<Vec<EntityCount>> {
        let mut statement = self.0.prepare_cached(
            "SELECT e.id, e.external_id, e.type, e.name, n
             FROM (SELECT b.entity_id AS other, count(DISTINCT b.story_group_id) AS n
                   FROM (SELECT story_group_id FROM story_entities WHERE entity_id = ?1 ORDER BY is_primary DESC
                         LIMIT 3000) own
                   CROSS JOIN story_entities b ON b.story_group_id = own.story_group_id
                   WHERE b.entity_id IS NOT NULL AND b.entity_id <> ?1
                   GROUP BY b.entity_id ORDER BY n DESC, b.entity_id LIMIT ?2)
             JOIN entities e ON e.id = other ORDER BY n DESC, e.id",
        )?;
        let rows = statement.query_map(params![entity, limit], |row| {
            Ok(EntityCount { entity: EntityHead::read(row, 0)?, groups: row.get::<_, i64>(4)? as u64 })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
