//! Decisions about topics: which are one, which are not, which are none, and which stand under another.
//!
//! A decision is applied to what is there at once and to every later import (`replace_topics` asks for it). Chains are
//! flattened when they are made, so that one look is enough.

use rusqlite::{OptionalExtension as _, params};

use super::{CatalogChange, Read, Tx};

/// Verdict on a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TopicVerdict {
    /// It is the target.
    Is,
    /// It is another topic than the target.
    Not,
    /// It stands under the target.
    Parent,
    /// It is no topic; there is no target.
    Drop,
}

impl TopicVerdict {
    /// Every verdict.
    pub const ALL: [TopicVerdict; 4] = [Self::Is, Self::Not, Self::Parent, Self::Drop];

    /// Returns the word that the database and files have for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Is => "is",
            Self::Not => "not",
            Self::Parent => "parent",
            Self::Drop => "drop",
        }
    }

    /// Returns the verdict that a word means.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == word)
    }
}

/// Levels of topics under each other; deeper ones are not made.
const DEPTH_MAX: usize = 16;

/// A decision about a topic.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TopicDecision {
    pub topic: String,
    /// Its relation to the target.
    pub verdict: TopicVerdict,
    /// The topic it is, is not, or stands under; empty where it is none.
    pub target: String,
    /// The target as it is shown.
    pub label: String,
    /// When it was decided.
    pub decided_at: String,
}

impl Read<'_> {
    /// Returns the topic that people made of this one, as key and as it is shown; both empty where it was dropped.
    pub fn topic_decision(self, topic: &str) -> anyhow::Result<Option<(String, String)>> {
        let row = self
            .0
            .prepare_cached(
                "SELECT target, target_label FROM topic_decisions WHERE topic = ?1 AND verdict IN ('is', 'drop')",
            )?
            .query_row([topic], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(row)
    }

    /// Returns what loading a decision would change; writes nothing.
    pub fn topic_decision_change(self, decision: &TopicDecision) -> anyhow::Result<CatalogChange> {
        let TopicDecision { topic, target, decided_at, .. } = decision;
        if decision.verdict == TopicVerdict::Not {
            let mut either_way = self.0.prepare_cached(
                "SELECT 1 FROM topic_decisions WHERE (topic, target) = (?1, ?2) OR (topic, target) = (?2, ?1)",
            )?;
            let is_known = either_way.exists([topic, target])?;
            return Ok(if is_known { CatalogChange::Unchanged } else { CatalogChange::New });
        }
        let known: Option<(String, String)> = self
            .0
            .prepare_cached(
                "SELECT target, decided_at FROM topic_decisions
                 WHERE topic = ?1 AND (verdict = ?2 OR ?2 <> 'parent' AND verdict IN ('is', 'drop'))",
            )?
            .query_row([topic.as_str(), decision.verdict.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
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
            "SELECT topic, verdict, target, target_label, decided_at FROM topic_decisions ORDER BY target, topic, verdict",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(TopicDecision {
                topic: row.get(0)?,
                verdict: TopicVerdict::named(row.get_ref(1)?.as_str()?).unwrap_or(TopicVerdict::Not),
                target: row.get(2)?,
                label: row.get(3)?,
                decided_at: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns the topics above a topic, the nearest first, each as key and as it is shown.
    pub fn parents_of(self, topic: &str) -> anyhow::Result<Vec<(String, String)>> {
        let mut statement = self.0.prepare_cached(
            "SELECT target, target_label FROM topic_decisions WHERE topic = ?1 AND verdict = 'parent'",
        )?;
        let mut parents: Vec<(String, String)> = vec![];
        let mut at = topic.to_owned();
        // Copies that were merged may go round in a circle.
        while let Some(parent) =
            statement.query_row([&at], |row| Ok((row.get::<_, String>(0)?, row.get(1)?))).optional()?
        {
            if parents.len() == DEPTH_MAX || parent.0 == topic || parents.iter().any(|(known, _)| *known == parent.0) {
                break;
            }
            at.clone_from(&parent.0);
            parents.push(parent);
        }
        Ok(parents)
    }

    /// Returns the topics that stand right under a topic.
    pub fn children_of(self, topic: &str) -> anyhow::Result<Vec<String>> {
        let mut statement = self.0.prepare_cached(
            "SELECT topic FROM topic_decisions WHERE target = ?1 AND verdict = 'parent' ORDER BY topic",
        )?;
        Ok(statement.query_map([topic], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Returns a topic and all that stand under it, however deep.
    pub fn topics_under(self, topic: &str) -> anyhow::Result<Vec<String>> {
        let (mut all, mut at) = (vec![topic.to_owned()], 0);
        while let Some(next) = all.get(at).cloned() {
            for child in self.children_of(&next)? {
                if !all.contains(&child) {
                    all.push(child);
                }
            }
            at += 1;
        }
        Ok(all)
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
        if decision.verdict == TopicVerdict::Drop {
            self.drop_topic(&decision.topic, now)?;
        } else if decision.verdict == TopicVerdict::Parent {
            if !self.set_parent(&decision.topic, &decision.target, &decision.label, now)? {
                return Ok(CatalogChange::Unchanged);
            }
        } else if decision.verdict == TopicVerdict::Is {
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
               AND (verdict = 'not' AND target IN (?1, ?2) OR verdict IN ('is', 'parent', 'drop') AND topic = ?1)",
        )?
        .execute([&decision.topic, &decision.target, &decision.decided_at, now])?;
        Ok(change)
    }

    /// Makes one topic of two, now and in every later import; returns the number of groups that change.
    ///
    /// `label` is how the target is shown. Where a group has both, the better rank and the higher confidence stay.
    pub fn merge_topic(&self, topic: &str, target: &str, label: &str, now: &str) -> anyhow::Result<u64> {
        // With all that stood under it under the target, the target must not stand under one of these.
        if self.read().parents_of(target)?.iter().any(|(key, _)| key == topic) {
            self.remove_parent(target)?;
        }
        self.prepare_cached("DELETE FROM topic_decisions WHERE topic IN (?1, ?2) AND target IN (?1, ?2)")?
            .execute([topic, target])?;
        self.prepare_cached(
            "UPDATE topic_decisions SET target = ?2, target_label = ?3 WHERE target = ?1 AND verdict = 'is'",
        )?
        .execute([topic, target, label])?;
        self.prepare_cached("DELETE FROM topic_decisions WHERE topic = ?1 AND verdict IN ('is', 'parent', 'drop')")?
            .execute([topic])?;
        self.prepare_cached("DELETE FROM topic_decisions WHERE topic = ?1 AND verdict = 'drop'")?.execute([target])?;
        // Topics that stood under it stand under the other.
        self.prepare_cached(
            "UPDATE topic_decisions SET target = ?2, target_label = ?3
             WHERE target = ?1 AND verdict = 'parent' AND topic <> ?2",
        )?
        .execute([topic, target, label])?;
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

    /// Takes a topic out of all groups, now and in every later import; returns the number of groups that had it.
    pub fn drop_topic(&self, topic: &str, now: &str) -> anyhow::Result<u64> {
        self.prepare_cached("DELETE FROM topic_decisions WHERE topic = ?1 AND verdict IN ('is', 'parent', 'drop')")?
            .execute([topic])?;
        // Topics that were made this one go with it.
        self.prepare_cached(
            "UPDATE topic_decisions SET verdict = 'drop', target = '', target_label = ''
             WHERE target = ?1 AND verdict = 'is'",
        )?
        .execute([topic])?;
        self.prepare_cached(
            "INSERT INTO topic_decisions (topic, verdict, target, target_label, decided_at, changed_at)
             VALUES (?1, 'drop', '', '', ?2, ?2)",
        )?
        .execute([topic, now])?;
        Ok(self.prepare_cached("DELETE FROM story_topics WHERE topic = ?1")?.execute([topic])? as u64)
    }

    /// Puts a topic under another one; false where that one stands under it, or as deep as it may.
    pub fn set_parent(&self, topic: &str, parent: &str, label: &str, now: &str) -> anyhow::Result<bool> {
        let above = self.read().parents_of(parent)?;
        if topic == parent || above.len() + 1 >= DEPTH_MAX || above.iter().any(|(key, _)| key == topic) {
            return Ok(false);
        }
        self.remove_parent(topic)?;
        self.prepare_cached(
            "INSERT INTO topic_decisions (topic, verdict, target, target_label, decided_at, changed_at)
             VALUES (?1, 'parent', ?2, ?3, ?4, ?4)",
        )?
        .execute([topic, parent, label, now])?;
        Ok(true)
    }

    /// Lets a topic stand under no other; returns whether it did.
    pub fn remove_parent(&self, topic: &str) -> anyhow::Result<bool> {
        let sql = "DELETE FROM topic_decisions WHERE topic = ?1 AND verdict = 'parent'";
        Ok(self.prepare_cached(sql)?.execute([topic])? > 0)
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
        self.prepare_cached("DELETE FROM topic_decisions WHERE topic = ?1 AND verdict IN ('is', 'drop')")?
            .execute([topic])?;
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
    fn a_topic_merged_into_one_far_under_it_makes_no_circle() {
        let mut store = testing::store();
        let tx = store.write().unwrap();
        let now = "2026-01-01T00:00:00Z";
        for (topic, parent) in [("space", "science"), ("moon", "space")] {
            assert!(tx.set_parent(topic, parent, parent, now).unwrap());
        }
        tx.merge_topic("science", "moon", "Moon", now).unwrap();
        assert_eq!(tx.read().parents_of("moon").unwrap(), []);
        assert_eq!(tx.read().parents_of("space").unwrap(), [("moon".to_owned(), "Moon".to_owned())]);
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
    fn a_dropped_topic_comes_with_no_import_and_topics_stand_under_others_without_circles() {
        let mut store = testing::store();
        let tx = store.write().unwrap();
        let now = "2026-01-01T00:00:00Z";
        tx.merge_topic("moon landings", "moon landing", "Moon landing", now).unwrap();
        assert_eq!(tx.drop_topic("moon landing", now).unwrap(), 3);
        testing::answer_topics(&tx, 3, &["Moon landings", "Moon landing", "Budget"]);
        assert_eq!(tx.read().topics_of(crate::model::GroupKey(3)).unwrap().len(), 1);
        assert_eq!(tx.unmerge_topic("moon landing").unwrap(), Some(0));
        testing::answer_topics(&tx, 3, &["Moon landing"]);
        assert_eq!(tx.read().topic_count("moon landing").unwrap(), 1);
        for (topic, parent, expected) in [
            ("a", "b", true),
            ("b", "c", true),
            ("c", "a", false),
            ("c", "c", false),
            ("a", "c", true),
            ("d", "a", true),
        ] {
            assert_eq!(
                tx.set_parent(topic, parent, &parent.to_uppercase(), now).unwrap(),
                expected,
                "{topic} {parent}"
            );
        }
        assert_eq!(tx.read().topics_under("c").unwrap(), ["c", "a", "b", "d"]);
        assert_eq!(tx.read().parents_of("d").unwrap(), [("a".into(), "A".into()), ("c".into(), "C".into())]);
        tx.merge_topic("a", "e", "E", now).unwrap();
        assert_eq!((tx.read().children_of("e").unwrap(), tx.remove_parent("d").unwrap()), (vec!["d".into()], true));
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
