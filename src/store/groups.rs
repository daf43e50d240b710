//! Story groups and their stories.

use std::borrow::Cow;

use anyhow::Context as _;
use rusqlite::{OptionalExtension as _, params};

use super::{Read, Tx};
use crate::model::{Group, GroupId, GroupKey, Story};
use crate::request;

/// Change by loading a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupChange {
    /// It was not here before.
    New,
    /// It differs from what was here and was replaced.
    Changed,
    /// It is the same.
    Unchanged,
}

/// Hashes of the text of a group that has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextHashes {
    /// Of the texts as they came.
    pub raw: [u8; 16],
    /// Of the texts as they stand in the group.
    pub clean: [u8; 16],
}

impl TextHashes {
    /// Returns the hash of the texts as they stand, where cleaning has changed them.
    fn clean_if_other(self) -> Option<[u8; 16]> {
        (self.clean != self.raw).then_some(self.clean)
    }
}

/// A group with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRow {
    /// Row of `story_groups`.
    pub key: GroupKey,
    /// Substitute for the id on the wire, where the id itself can't be sent.
    pub wire_id: Option<String>,
    /// Hash of all that is sent of it; `None`: it has no text.
    pub text_hash: Option<[u8; 16]>,
    /// The group with its stories.
    pub group: Group,
}

/// Number of groups, and how many of them can be asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupCounts {
    /// All groups.
    pub total: u64,
    /// Groups whose status is not `active`.
    pub inactive: u64,
    /// Active groups without any text.
    pub without_text: u64,
    /// Stories of all groups.
    pub stories: u64,
}

impl GroupCounts {
    /// Counts one group.
    pub(super) fn of(group: &Group, has_text: bool) -> GroupCounts {
        let is_active = group.status == Group::ACTIVE;
        GroupCounts {
            total: 1,
            inactive: u64::from(!is_active),
            without_text: u64::from(is_active && !has_text),
            stories: group.stories.len() as u64,
        }
    }

    /// Adds the counts of other groups.
    pub(super) fn add(&mut self, other: GroupCounts) {
        self.total += other.total;
        self.inactive += other.inactive;
        self.without_text += other.without_text;
        self.stories += other.stories;
    }
}

impl Read<'_> {
    /// Returns the key of the group with the user's id.
    pub fn group_key(self, id: &GroupId) -> anyhow::Result<Option<GroupKey>> {
        let row = self
            .0
            .prepare_cached("SELECT id FROM story_groups WHERE external_id = ?1")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        Ok(row)
    }

    /// Returns the key of the group that is called `wire` in a custom_id: its own id or what stands for it.
    pub fn group_key_on_wire(self, wire: &str) -> anyhow::Result<Option<GroupKey>> {
        let sql = if wire.starts_with('~') {
            "SELECT id FROM story_groups WHERE wire_id = ?1"
        } else {
            "SELECT id FROM story_groups WHERE external_id = ?1 AND wire_id IS NULL"
        };
        Ok(self.0.prepare_cached(sql)?.query_row([wire], |row| row.get(0)).optional()?)
    }

    /// Returns the titles and texts of a group; the rest of it is left empty.
    pub fn texts_of_group(self, key: GroupKey) -> anyhow::Result<Option<Group>> {
        let mut statement =
            self.0.prepare_cached("SELECT external_id, title, status FROM story_groups WHERE id = ?1")?;
        let group = |row: &rusqlite::Row<'_>| {
            Ok(Group { id: row.get(0)?, title: row.get(1)?, status: row.get(2)?, created_at: None, stories: vec![] })
        };
        let Some(mut group) = statement.query_row([key], group).optional()? else { return Ok(None) };
        let mut statement =
            self.0.prepare_cached("SELECT title, text FROM stories WHERE story_group_id = ?1 ORDER BY ordinal")?;
        let stories = statement
            .query_map([key], |row| Ok(Story { title: row.get(0)?, text: row.get(1)?, ..Story::default() }))?;
        group.stories = stories.collect::<Result<_, _>>()?;
        Ok(Some(group))
    }

    /// Returns a group with its stories.
    pub fn group(self, key: GroupKey) -> anyhow::Result<Option<GroupRow>> {
        let row = self
            .0
            .prepare_cached(
                "SELECT external_id, wire_id, title, status, created_at, text_hash FROM story_groups WHERE id = ?1",
            )?
            .query_row([key], |row| {
                Ok(GroupRow {
                    key,
                    wire_id: row.get(1)?,
                    text_hash: row.get(5)?,
                    group: Group {
                        id: row.get(0)?,
                        title: row.get(2)?,
                        status: row.get(3)?,
                        created_at: row.get(4)?,
                        stories: vec![],
                    },
                })
            })
            .optional()?;
        let Some(mut row) = row else { return Ok(None) };
        let mut statement = self.0.prepare_cached(
            "SELECT title, text, url, published_at, attributes FROM stories WHERE story_group_id = ?1 ORDER BY ordinal",
        )?;
        let stories = statement.query_map([key], |row| {
            let attributes = serde_json::from_str(row.get_ref(4)?.as_str()?).unwrap_or_default();
            Ok(Story { title: row.get(0)?, text: row.get(1)?, url: row.get(2)?, published_at: row.get(3)?, attributes })
        })?;
        row.group.stories = stories.collect::<Result<_, _>>()?;
        Ok(Some(row))
    }

    /// Returns the hash that a group's text would be known by if it was loaded with `text_hash`: a text that reads the
    /// same keeps its hash, so that no answer to it is stale.
    pub fn text_hash_if_loaded(self, group: &Group, text_hash: Option<[u8; 16]>) -> anyhow::Result<Option<[u8; 16]>> {
        let Some(key) = self.group_key(&group.id)? else { return Ok(text_hash) };
        let clean = text_hash.map(|_| request::text_hash(group));
        let kept = self.group(key)?.filter(|row| clean == row.text_hash.map(|_| request::text_hash(&row.group)));
        Ok(kept.map_or(text_hash, |row| row.text_hash))
    }

    /// Returns whether another program has changed the text of a group, whose hash is that of the old one.
    pub fn is_text_stale(self, key: GroupKey) -> anyhow::Result<bool> {
        let mut statement =
            self.0.prepare_cached("SELECT EXISTS (SELECT 1 FROM _stale_texts WHERE story_group_id = ?1)")?;
        Ok(statement.query_row([key], |row| row.get(0))?)
    }

    /// Returns what loading a group would change, and writes nothing.
    pub fn group_change(self, group: &Group, text_hash: Option<[u8; 16]>) -> anyhow::Result<GroupChange> {
        let Some(key) = self.group_key(&group.id)? else { return Ok(GroupChange::New) };
        // Other markup around the same text is no other text.
        let is_same = self.group(key)?.is_some_and(|row| {
            row.group == *group && (row.text_hash == text_hash || row.text_hash.is_some() && text_hash.is_some())
        });
        Ok(if is_same { GroupChange::Unchanged } else { GroupChange::Changed })
    }

    /// Counts the groups.
    pub fn group_counts(self) -> anyhow::Result<GroupCounts> {
        Ok(self.0.query_row(
            "SELECT count(*), coalesce(sum(status <> 'active'), 0),
                    coalesce(sum(status = 'active' AND text_hash IS NULL), 0), (SELECT count(*) FROM stories)
             FROM story_groups",
            [],
            |row| {
                let n = |i| row.get::<_, i64>(i).map(|n| n as u64);
                Ok(GroupCounts { total: n(0)?, inactive: n(1)?, without_text: n(2)?, stories: n(3)? })
            },
        )?)
    }
}

impl Tx<'_> {
    /// Loads a group: inserts it, or replaces what is there under its id, its stories as a set.
    ///
    /// `text_hash` is the hash of all that is sent of it, `None` where it has no text; `wire_id` what stands for its id
    /// on the wire.
    pub fn load_group(
        &self,
        group: &Group,
        text_hash: Option<[u8; 16]>,
        wire_id: Option<&str>,
        now: &str,
    ) -> anyhow::Result<GroupChange> {
        let change = self.read().group_change(group, text_hash)?;
        let clean = text_hash.map(|_| request::text_hash(group));
        let text_hash = match change {
            GroupChange::Unchanged => return Ok(change),
            GroupChange::New => text_hash,
            GroupChange::Changed => self.read().text_hash_if_loaded(group, text_hash)?,
        };
        let hashes = text_hash.zip(clean).map(|(raw, clean)| TextHashes { raw, clean });
        let key = match change {
            GroupChange::New => self.add_group(group, hashes, wire_id, now)?.context("the group is there already")?,
            _ => self.replace_group(group, hashes, now)?,
        };
        // The notes of the triggers are not out of date: the hash is of this text, and the change is of this time.
        self.text_is_fresh(key)?;
        self.prepare_cached("UPDATE story_groups SET changed_at = ?2 WHERE id = ?1 AND changed_at <> ?2")?
            .execute(params![key, now])?;
        Ok(change)
    }

    /// Adds a group; `None`: its id is there already, and nothing was written.
    pub(super) fn add_group(
        &self,
        group: &Group,
        hashes: Option<TextHashes>,
        wire_id: Option<&str>,
        now: &str,
    ) -> anyhow::Result<Option<GroupKey>> {
        let date = group.date();
        let n_rows = self
            .prepare_cached(
                "INSERT INTO story_groups (external_id, wire_id, title, status, created_at, date, sort_at, text_hash,
                                           loaded_at, changed_at, clean_hash)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10) ON CONFLICT (external_id) DO NOTHING",
            )?
            .execute(params![
                group.id,
                wire_id,
                group.title,
                group.status,
                group.created_at,
                date,
                date.map(sortable),
                hashes.map(|hashes| hashes.raw),
                now,
                hashes.and_then(TextHashes::clean_if_other),
            ])?;
        if n_rows == 0 {
            return Ok(None);
        }
        let key = GroupKey(self.last_insert_rowid());
        self.add_stories(key, group)?;
        Ok(Some(key))
    }

    /// Replaces what is there under a group's id, its stories as a set.
    fn replace_group(&self, group: &Group, hashes: Option<TextHashes>, now: &str) -> anyhow::Result<GroupKey> {
        let date = group.date();
        let key: GroupKey = self
            .prepare_cached(
                "UPDATE story_groups SET title = ?2, status = ?3, created_at = ?4, date = ?5, sort_at = ?6,
                     text_hash = ?7, loaded_at = ?8, changed_at = ?8, clean_hash = ?9
                 WHERE external_id = ?1 RETURNING id",
            )?
            .query_row(
                params![
                    group.id,
                    group.title,
                    group.status,
                    group.created_at,
                    date,
                    date.map(sortable),
                    hashes.map(|hashes| hashes.raw),
                    now,
                    hashes.and_then(TextHashes::clean_if_other),
                ],
                |row| row.get(0),
            )?;
        self.prepare_cached("DELETE FROM stories WHERE story_group_id = ?1")?.execute([key])?;
        // Places are those of another text now.
        self.prepare_cached(
            "UPDATE story_entities SET grounding = NULL, place_story = NULL, place_in = NULL, place_at = NULL,
                                       place_length = NULL
             WHERE story_group_id = ?1 AND grounding IS NOT NULL",
        )?
        .execute([key])?;
        self.add_stories(key, group)?;
        Ok(key)
    }

    fn add_stories(&self, key: GroupKey, group: &Group) -> anyhow::Result<()> {
        let mut insert = self.prepare_cached(
            "INSERT INTO stories (story_group_id, ordinal, title, text, url, published_at, attributes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        for (ordinal, story) in (1i64..).zip(&group.stories) {
            let attributes = serde_json::to_string(&story.attributes)?;
            insert.execute(params![
                key,
                ordinal,
                story.title,
                story.text,
                story.url,
                story.published_at,
                attributes
            ])?;
        }
        Ok(())
    }
}

/// A year, month or day counts from its first midnight, so that texts sort as times and `--since` that day includes it.
pub(super) fn sortable(time: &str) -> Cow<'_, str> {
    match time.len() {
        4 => format!("{time}-01-01T00:00:00Z").into(),
        7 => format!("{time}-01T00:00:00Z").into(),
        10 => format!("{time}T00:00:00Z").into(),
        _ => time.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    fn group(id: &str, text: &str) -> Group {
        Group {
            id: GroupId::new(id),
            title: Some("T".into()),
            status: Group::ACTIVE.into(),
            created_at: None,
            stories: vec![Story {
                text: text.into(),
                published_at: Some("2024-01-02T00:00:00Z".into()),
                ..Story::default()
            }],
        }
    }

    #[test]
    fn a_group_is_loaded_once_and_its_stories_are_replaced_as_a_set() {
        let mut store = Store::open_in_memory("2026-01-01T00:00:00Z").unwrap();
        let tx = store.write().unwrap();
        assert_eq!(
            tx.load_group(&group("g", "one"), Some([1; 16]), None, "2026-01-01T00:00:00Z").unwrap(),
            GroupChange::New
        );
        assert_eq!(
            tx.load_group(&group("g", "one"), Some([1; 16]), None, "2026-01-01T00:00:00Z").unwrap(),
            GroupChange::Unchanged
        );
        assert_eq!(
            tx.load_group(&group("g", "two"), Some([2; 16]), None, "2026-01-01T00:00:00Z").unwrap(),
            GroupChange::Changed
        );
        tx.commit().unwrap();
        let key = store.read().group_key(&GroupId::new("g")).unwrap().unwrap();
        let row = store.read().group(key).unwrap().unwrap();
        assert_eq!((row.group, row.text_hash), (group("g", "two"), Some([2; 16])));
        assert_eq!(store.read().group_counts().unwrap(), GroupCounts { total: 1, stories: 1, ..Default::default() });
    }

    #[test]
    fn a_day_a_month_and_a_year_sort_as_their_first_midnight() {
        let mut store = Store::open_in_memory("2026-01-01T00:00:00Z").unwrap();
        let tx = store.write().unwrap();
        for (date, expected) in [
            ("2024-01-02", "2024-01-02T00:00:00Z"),
            ("2024-02", "2024-02-01T00:00:00Z"),
            ("2024", "2024-01-01T00:00:00Z"),
        ] {
            let mut dated = group("g", "one");
            dated.stories[0].published_at = Some(date.into());
            tx.load_group(&dated, Some([1; 16]), None, "2026-01-01T00:00:00Z").unwrap();
            let dates: (String, String) = tx
                .query_row("SELECT date, sort_at FROM story_groups", [], |row| Ok((row.get(0)?, row.get(1)?)))
                .unwrap();
            assert_eq!(dates, (date.to_owned(), expected.to_owned()));
            assert_eq!(tx.read().group(GroupKey(1)).unwrap().unwrap().group, dated, "and is given back as it came");
        }
    }

    #[test]
    fn a_replaced_id_is_found_by_what_stands_for_it_only() {
        let mut store = Store::open_in_memory("2026-01-01T00:00:00Z").unwrap();
        let tx = store.write().unwrap();
        tx.load_group(&group("a b", "x"), Some([1; 16]), Some("~00"), "2026-01-01T00:00:00Z").unwrap();
        let key = tx.read().group_key(&GroupId::new("a b")).unwrap();
        assert_eq!(tx.read().group_key_on_wire("~00").unwrap(), key);
        assert_eq!(tx.read().group_key_on_wire("a b").unwrap(), None);
    }
}
