//! Many answers written at once: one transaction without checks that its caller has made already, and statements that
//! are prepared once.

use std::ops::Deref;

use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, Connection, params};

use super::knowledge::{place_in, unit};
use super::{AnswerRow, Provenance, RequestState, Store, Tx};
use crate::model::{EntityKey, Grounded, Kind, LinkOutcome, RequestKey};

/// A transaction for rows whose keys were read in it, or are known to be there: foreign keys are not looked up again,
/// and no trigger runs. What triggers would do for the tables that are written is done for whole groups by
/// [`BulkWriter`].
#[derive(Debug)]
pub struct Bulk<'s> {
    /// `None` only while it is dropped or committed.
    tx: Option<Tx<'s>>,
    connection: &'s Connection,
}

impl Store {
    /// Begins a transaction for many rows: no triggers, no look-ups of keys that are known.
    pub fn write_many(&mut self) -> anyhow::Result<Bulk<'_>> {
        let mut bulk = Bulk { tx: None, connection: &self.connection };
        set_checks(&self.connection, false)?;
        bulk.tx = Some(self.begin()?);
        bulk.refresh_derived()?;
        Ok(bulk)
    }
}

impl<'s> Bulk<'s> {
    /// Makes all that was written durable.
    pub fn commit(mut self) -> anyhow::Result<()> {
        self.tx.take().map_or(Ok(()), Tx::commit)
    }
}

impl<'s> Deref for Bulk<'s> {
    type Target = Tx<'s>;

    fn deref(&self) -> &Tx<'s> {
        self.tx.as_ref().expect("it is there until it is committed")
    }
}

impl Drop for Bulk<'_> {
    fn drop(&mut self) {
        // Rolled back first: the checks cannot be changed inside a transaction.
        drop(self.tx.take());
        let _ = set_checks(self.connection, true);
    }
}

fn set_checks(connection: &Connection, on: bool) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, on)?;
    connection.pragma_update(None, "foreign_keys", on)?;
    sort_in_files(connection, !on)
}

/// Sorts an index over many rows in a file, and not in memory that grows with them. Not inside a transaction.
fn sort_in_files(connection: &Connection, on: bool) -> rusqlite::Result<()> {
    connection.pragma_update(None, "temp_store", if on { "FILE" } else { "MEMORY" })
}

/// Pages of the file that are kept in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pages {
    /// As few as reading needs that passes over each page once or nearly so: another page takes the place of one in
    /// memory, which is still in the processor's cache, and no memory is asked for. Until something is written.
    Passing,
    /// As many as hold the ends of a few tables and indexes, where rows are added one after another.
    Few,
    /// As many as a pass over several tables in the order of their keys needs.
    Ordered,
    /// As many as questions and small changes need.
    Usual,
}

impl Pages {
    /// Memory for them in KiB; negative, as SQLite tells it from a number of pages.
    pub(super) fn cache_size(self) -> i64 {
        match self {
            Pages::Passing => -2 * 1024,
            Pages::Few => -4 * 1024,
            Pages::Ordered => -4 * 1024,
            Pages::Usual => -64 * 1024,
        }
    }
}

impl Store {
    /// Changes how many pages of the file are kept in memory.
    pub fn keep_pages(&self, pages: Pages) -> anyhow::Result<()> {
        self.connection.pragma_update(None, "cache_size", pages.cache_size())?;
        self.pages.set(pages);
        Ok(())
    }
}

impl Store {
    /// Sorts in files from here on: for a command that makes indexes of many rows.
    pub fn sort_in_files(&self) -> anyhow::Result<()> {
        Ok(sort_in_files(&self.connection, true)?)
    }
}

/// A topic to be written, as people have decided about topics.
#[derive(Clone, Copy, Debug)]
pub struct TopicRow<'a> {
    /// The key.
    pub topic: &'a str,
    /// As it is shown.
    pub label: &'a str,
    /// The model's own word, where people made another topic of it.
    pub merged_from: Option<&'a str>,
    /// 0 to 1.
    pub confidence: f64,
    /// 1 is the main topic.
    pub rank: u32,
}

/// A mention to be written, with what was decided about it.
#[derive(Clone, Copy, Debug)]
pub struct MentionRow<'a> {
    /// The profile's word for what it is.
    pub entity_type: &'a str,
    /// As the stories write it.
    pub text: &'a str,
    /// Its words, as decisions know it.
    pub key: &'a str,
    /// As a JSON object; none where there are none.
    pub hints: Option<&'a str>,
    /// The entity it is; `None` unless linked.
    pub entity: Option<EntityKey>,
    /// Method.
    pub outcome: LinkOutcome,
    /// By what.
    pub method: &'a str,
    /// Probability that the link is right.
    pub score: f64,
    /// The model's.
    pub confidence: f64,
    /// True where the stories are chiefly about it.
    pub is_primary: bool,
    /// 1 is the most important.
    pub rank: u32,
    /// Place in the stories; `None`: it was not looked for.
    pub grounded: Option<Grounded>,
}

/// Statements that write answers and what they taught, each prepared once. Rows cost least in the order of their keys.
pub struct BulkWriter<'t> {
    tx: &'t Tx<'t>,
    state: CachedStatement<'t>,
    topic: CachedStatement<'t>,
    mention: CachedStatement<'t>,
    current: CachedStatement<'t>,
    forget_topics: Option<CachedStatement<'t>>,
    forget_mentions: Option<CachedStatement<'t>>,
    unsearched: Option<CachedStatement<'t>>,
}

impl<'t> BulkWriter<'t> {
    /// Prepares the statements. Nothing is deleted from tables that are empty.
    pub fn new(tx: &'t Tx<'t>) -> anyhow::Result<BulkWriter<'t>> {
        let unless_empty = |table: &str, sql: &str| {
            let has_rows: bool =
                tx.query_row(&format!("SELECT EXISTS (SELECT 1 FROM {table})"), [], |row| row.get(0))?;
            has_rows.then(|| tx.prepare_cached(sql)).transpose()
        };
        Ok(BulkWriter {
            tx,
            state: tx.prepare_cached("UPDATE requests SET state = ?2, reason = ?3 WHERE id = ?1")?,
            topic: tx.prepare_cached(
                // Two topics of an answer may have become one: the more important of them stays.
                "INSERT INTO story_topics (story_group_id, topic, label, merged_from, confidence, rank, prompt_id, batch_id,
                                           extracted_at, sandbox)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                 ON CONFLICT (story_group_id, topic) DO UPDATE SET label = excluded.label,
                     merged_from = excluded.merged_from, confidence = max(confidence, excluded.confidence),
                     rank = excluded.rank
                 WHERE excluded.rank < rank",
            )?,
            mention: tx.prepare_cached(
                "INSERT INTO story_entities (story_group_id, ordinal, entity_type, mention_text, hints, entity_id, outcome,
                                             method, score, confidence, is_primary, rank, prompt_id, batch_id,
                                             extracted_at, mention_key, sandbox, grounding, place_story, place_in,
                                             place_at, place_length)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21,
                         ?22)",
            )?,
            current: tx.prepare_cached(
                "INSERT INTO current_answers (story_group_id, kind, request_id) VALUES (?1, ?2, ?3)
                 ON CONFLICT (story_group_id, kind) DO UPDATE SET request_id = excluded.request_id, is_shared = 0",
            )?,
            forget_topics: unless_empty("story_topics", "DELETE FROM story_topics WHERE story_group_id = ?1")?,
            forget_mentions: unless_empty("story_entities", "DELETE FROM story_entities WHERE story_group_id = ?1")?,
            unsearched: unless_empty("_searched_groups", "DELETE FROM _searched_groups WHERE story_group_id = ?1")?,
        })
    }

    /// Writes what became of a request, and what came back for it.
    pub fn answer(
        &mut self,
        key: RequestKey,
        state: RequestState,
        reason: Option<&str>,
        answer: &AnswerRow,
    ) -> anyhow::Result<()> {
        self.state.execute(params![key, state, reason])?;
        self.tx.keep_answer(key, answer)
    }

    /// Replaces a group's topics by those of one answer.
    pub fn topics<'r>(
        &mut self,
        source: &Provenance,
        sandbox: bool,
        topics: impl Iterator<Item = anyhow::Result<TopicRow<'r>>>,
    ) -> anyhow::Result<()> {
        if let Some(forget) = &mut self.forget_topics {
            forget.execute([source.group])?;
        }
        for topic in topics {
            let topic = topic?;
            self.topic.execute(params![
                source.group,
                topic.topic,
                topic.label,
                topic.merged_from,
                unit(topic.confidence),
                topic.rank.max(1),
                source.prompt,
                source.batch,
                source.extracted_at,
                sandbox,
            ])?;
        }
        self.is_learned(source, Kind::Topic)
    }

    /// Replaces a group's mentions by those of one answer.
    pub fn mentions<'r>(
        &mut self,
        source: &Provenance,
        sandbox: bool,
        mentions: impl Iterator<Item = anyhow::Result<MentionRow<'r>>>,
    ) -> anyhow::Result<()> {
        if let Some(forget) = &mut self.forget_mentions {
            forget.execute([source.group])?;
        }
        for (ordinal, mention) in (1i64..).zip(mentions) {
            let mention = mention?;
            let place = mention.grounded.and_then(|grounded| grounded.place);
            self.mention.execute(params![
                source.group,
                ordinal,
                mention.entity_type,
                mention.text,
                mention.hints,
                mention.entity,
                mention.outcome,
                mention.method,
                unit(mention.score),
                unit(mention.confidence),
                mention.is_primary,
                mention.rank.max(1),
                source.prompt,
                source.batch,
                source.extracted_at,
                mention.key,
                sandbox,
                mention.grounded.map(|grounded| grounded.grounding),
                place.and_then(|place| place.story),
                place.map(place_in),
                place.map(|place| place.at),
                place.map(|place| place.length),
            ])?;
        }
        self.is_learned(source, Kind::Entity)
    }

    fn is_learned(&mut self, source: &Provenance, kind: Kind) -> anyhow::Result<()> {
        self.current.execute(params![source.group, kind, source.request])?;
        if let Some(unsearched) = &mut self.unsearched {
            unsearched.execute([source.group])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::explore::testing;

    #[test]
    fn few_pages_are_kept_until_something_is_written() {
        let mut store = testing::store();
        for (pages, expected) in [(Pages::Passing, [-2048, -65_536]), (Pages::Few, [-4096, -4096])] {
            store.keep_pages(pages).unwrap();
            let size = |store: &Store| -> i64 {
                store.connection.query_row("PRAGMA cache_size", [], |row| row.get(0)).unwrap()
            };
            let before = size(&store);
            store.write().unwrap().commit().unwrap();
            assert_eq!([before, size(&store)], expected, "{pages:?}");
        }
    }

    #[test]
    fn what_is_not_committed_leaves_no_trace_and_checks_are_on_again() {
        let mut store = testing::store();
        let bulk = store.write_many().unwrap();
        bulk.execute_batch("DELETE FROM story_topics").unwrap();
        drop(bulk);
        let n: i64 = store.connection.query_row("SELECT count(*) FROM story_topics", [], |row| row.get(0)).unwrap();
        assert!(n > 0);
        assert!(store.connection.execute("DELETE FROM story_groups", []).is_err(), "foreign keys are looked up");
    }
}
