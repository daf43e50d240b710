//! Decisions about topics: which are one, and which are not.
//!
//! A decision is applied to what is there at once and to every later import (`replace_topics` asks for it). Chains are
//! flattened when they are made, so that one look is enough.

use rusqlite::{OptionalExtension as _, params};

use super::{CatalogChange, Read, Tx};

/// A decision about a topic.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TopicDecision {
    pub topic: String,
    /// True where it is the target, or another topic than the target.
    pub is_same: bool,
    /// The topic it is, or is not.
    pub target: String,
    /// The target as it is shown.
    pub label: String,
    /// When it was decided.
    pub decided_at: String,
}

impl TopicDecision {
    /// Returns the verdict in the word that files have for it.
    pub fn verdict(&self) -> &'static str {
        if self.is_same { "is" } else { "not" }
    }
}

impl Read<'_> {
    /// Returns the topic that people made of this one, as key and as it is shown.
    pub fn topic_decision(self, topic: &str) -> anyhow::Result<Option<(String, String)>> {
        let row = self
            .0
            .prepare_cached("SELECT target, target_label FROM topic_decisions WHERE topic = ?1 AND verdict = 'is'")?
            .query_row([topic], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(row)
    }

    /// Returns what loading a decision would change; writes nothing.
    pub fn topic_decision_change(self, decision: &TopicDecision) -> anyhow::Result<CatalogChange> {
        let TopicDecision { topic, target, decided_at, .. } = decision;
        if !decision.is_same {
            let mut either_way = self.0.prepare_cached(
                "SELECT 1 FROM topic_decisions WHERE (topic, target) = (?1, ?2) OR (topic, target) = (?2, ?1)",
            )?;
            let is_known = either_way.exists([topic, target])?;
            return Ok(if is_known { CatalogChange::Unchanged } else { CatalogChange::New });
        }
        let known: Option<(String, String)> = self
            .0
            .prepare_cached("SELECT target, decided_at FROM topic_decisions WHERE topic = ?1 AND verdict = 'is'")?
            .query_row([topic], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(match known {
            None => CatalogChange::New,
            Some((known, at)) if known == *target || (!decided_at.is_empty() && at > *decided_at) => {
                CatalogChange::Unchanged
            }
            Some(_) => CatalogChange::Changed,
        })
    }

    /// Returns the number of decisions about topics.
    pub fn n_topic_decisions(self) -> anyhow::Result<u64> {
        Ok(self.0.query_row("SELECT count(*) FROM topic_decisions", [], |row| row.get::<_, i64>(0))? as u64)
    }

    /// Returns all decisions about topics, by target.
    pub fn topic_decisions(self) -> anyhow::Result<Vec<TopicDecision>> {
        let mut statement = self.0.prepare_cached(
            "SELECT topic, verdict = 'is', target, target_label, decided_at FROM topic_decisions ORDER BY target, topic",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(TopicDecision {
                topic: row.get(0)?,
                is_same: row.get(1)?,
                target: row.get(2)?,
                label: row.get(3)?,
                decided_at: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// Loads a decision from a file: one that is here already stays as it is, and so does what was said later than the
    /// file's.
    pub fn load_topic_decision(&self, decision: &TopicDecision, now: &str) -> anyhow::Result<CatalogChange> {
        let change = self.read().topic_decision_change(decision)?;
        if change == CatalogChange::Unchanged {
            return Ok(change);
        }
        if decision.is_same {
            // A topic that became another here takes those along that would become it.
            let further = self.read().topic_decision(&decision.target)?;
            let (target, label) = match &further {
                Some((target, label)) if *target != decision.topic => (target, label),
                _ => (&decision.target, &decision.label),
            };
            self.merge_topic(&decision.topic, target, label, now)?;
        } else {
            self.keep_topics_apart(&decision.topic, &decision.target, now)?;
        }
        self.prepare_cached(
            "UPDATE topic_decisions SET decided_at = ?3
             WHERE topic IN (?1, ?2) AND decided_at = ?4 AND ?3 GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]*'
               AND (verdict = 'not' AND target IN (?1, ?2) OR verdict = 'is' AND topic = ?1)",
        )?
        .execute([&decision.topic, &decision.target, &decision.decided_at, now])?;
        Ok(change)
    }

    /// Makes one topic of two, now and in every later import; returns the number of groups that change.
    ///
    /// `label` is how the target is shown. Where a group has both, the better rank and the higher confidence stay.
    pub fn merge_topic(&self, topic: &str, target: &str, label: &str, now: &str) -> anyhow::Result<u64> {
        self.prepare_cached("DELETE FROM topic_decisions WHERE topic IN (?1, ?2) AND target IN (?1, ?2)")?
            .execute([topic, target])?;
        self.prepare_cached(
            "UPDATE topic_decisions SET target = ?2, target_label = ?3 WHERE target = ?1 AND verdict = 'is'",
        )?
        .execute([topic, target, label])?;
        self.prepare_cached("DELETE FROM topic_decisions WHERE topic = ?1 AND verdict = 'is'")?.execute([topic])?;
        self.prepare_cached(
            "INSERT INTO topic_decisions (topic, verdict, target, target_label, decided_at, changed_at)
             VALUES (?1, 'is', ?2, ?3, ?4, ?4)",
        )?
        .execute([topic, target, label, now])?;
        // Groups that have both keep one row, with the best of both.
        self.prepare_cached(
            "UPDATE story_topics AS kept SET
                 rank = min(rank, (SELECT o.rank FROM story_topics o
                                   WHERE o.story_group_id = kept.story_group_id AND o.topic = ?1)),
                 confidence = max(confidence, (SELECT o.confidence FROM story_topics o
                                               WHERE o.story_group_id = kept.story_group_id AND o.topic = ?1))
             WHERE topic = ?2 AND story_group_id IN (SELECT story_group_id FROM story_topics WHERE topic = ?1)",
        )?
        .execute([topic, target])?;
        let n_both = self
            .prepare_cached(
                "DELETE FROM story_topics WHERE topic = ?1
                     AND story_group_id IN (SELECT story_group_id FROM story_topics WHERE topic = ?2)",
            )?
            .execute([topic, target])?;
        let n_renamed = self
            .prepare_cached(
                "UPDATE story_topics SET topic = ?2, merged_from = coalesce(merged_from, label), label = ?3 WHERE topic = ?1",
            )?
            .execute(params![topic, target, label])?;
        Ok((n_both + n_renamed) as u64)
    }

    /// Remembers that two topics are two, so that they are not proposed as one again.
    pub fn keep_topics_apart(&self, topic: &str, other: &str, now: &str) -> anyhow::Result<()> {
        let (first, second) = if topic <= other { (topic, other) } else { (other, topic) };
        self.prepare_cached(
            "INSERT OR IGNORE INTO topic_decisions (topic, verdict, target, target_label, decided_at, changed_at)
             VALUES (?1, 'not', ?2, ?2, ?3, ?3)",
        )?
        .execute([first, second, now])?;
        Ok(())
    }

    /// Takes a decision back; groups get the model's own word again. Returns the number of groups that change, or
    /// `None` where there was no such decision.
    ///
    /// Where a group had both topics the one that was dropped is only in the answer: `rebuild` reads it again.
    pub fn unmerge_topic(&self, topic: &str) -> anyhow::Result<Option<u64>> {
        let Some((target, _)) = self.read().topic_decision(topic)? else { return Ok(None) };
        self.prepare_cached("DELETE FROM topic_decisions WHERE topic = ?1 AND verdict = 'is'")?.execute([topic])?;
        let n = self
            .prepare_cached(
                "UPDATE story_topics SET topic = ?1, label = merged_from, merged_from = NULL WHERE topic = ?2 AND topic_key(merged_from) = ?1",
            )?
            .execute([topic, &target])?;
        Ok(Some(n as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::explore::testing;

    fn topics(read: Read<'_>) -> Vec<(i64, String, String, u32)> {
        let mut statement =
            read.0.prepare("SELECT story_group_id, topic, label, rank FROM story_topics ORDER BY 1, 4, 2").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn merged_topics_are_one_now_and_in_later_imports_and_can_be_taken_apart() {
        let mut store = testing::store();
        let before = topics(store.read());
        let tx = store.write().unwrap();
        assert_eq!(tx.merge_topic("moon landings", "moon landing", "Moon landing", "2026-01-01T00:00:00Z").unwrap(), 2);
        let after = topics(tx.read());
        assert!(after.iter().all(|row| row.1 != "moon landings"));
        assert_eq!(tx.read().topic_count("moon landing").unwrap(), 3);
        // An import that brings the old word, and both words.
        testing::answer_topics(&tx, 3, &["Moon landings", "Budget"]);
        testing::answer_topics(&tx, 2, &["Moon landings", "Moon landing"]);
        assert_eq!(tx.read().topic_count("moon landings").unwrap(), 0);
        assert_eq!(tx.read().topics_of(crate::model::GroupKey(2)).unwrap().len(), 1);
        assert_eq!(tx.unmerge_topic("moon landings").unwrap(), Some(2));
        assert_eq!(tx.unmerge_topic("moon landings").unwrap(), None);
        assert_ne!(before, after);
    }

    #[test]
    fn a_topic_that_begins_with_a_letter_outside_ascii_comes_back() {
        let mut store = testing::store();
        let tx = store.write().unwrap();
        testing::answer_topics(&tx, 1, &["Économie", "Экономика"]);
        for (topic, label) in [("économie", "Économie"), ("экономика", "Экономика")] {
            assert_eq!(tx.merge_topic(topic, "economy", "Economy", "2026-01-01T00:00:00Z").unwrap(), 1);
            assert_eq!(tx.unmerge_topic(topic).unwrap(), Some(1));
            assert!(topics(tx.read()).iter().any(|row| row.1 == topic && row.2 == label), "{topic}");
        }
    }

    #[test]
    fn chains_of_merges_are_flattened() {
        let mut store = testing::store();
        let tx = store.write().unwrap();
        tx.merge_topic("a", "b", "B", "2026-01-01T00:00:00Z").unwrap();
        tx.merge_topic("b", "c", "C", "2026-01-01T00:00:00Z").unwrap();
        assert_eq!(tx.read().topic_decision("a").unwrap(), Some(("c".into(), "C".into())));
        // Turned around, the old direction goes.
        tx.merge_topic("c", "a", "A", "2026-01-01T00:00:00Z").unwrap();
        assert_eq!(tx.read().topic_decision("a").unwrap(), None);
        assert_eq!(tx.read().topic_decision("b").unwrap(), Some(("a".into(), "A".into())));
    }
}
