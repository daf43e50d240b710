//! Decisions of two copies: the union, in the order in which they were made, where a later one takes the place of what it
//! contradicts.

use std::collections::BTreeMap;

use rusqlite::params;

use super::content::CONFLICTS_MAX;
use super::{Conflict, MergeReport};
use crate::store::{StoredDecision, Tx};

/// Condition that two rows are the same decision about a mention, by what names it in every copy.
const SAME_MENTION: &str = "(h.mention_key, h.entity_type, h.hints, h.verdict, h.target_type, h.target_external_id)
    IS (o.mention_key, o.entity_type, o.hints, o.verdict, o.target_type, o.target_external_id)";

impl Tx<'_> {
    /// Decisions about mentions.
    pub(super) fn merge_decisions(&self, report: &mut MergeReport) -> anyhow::Result<()> {
        report.decisions.removed = self.n_changed(
            "DELETE FROM main.mention_decisions AS h WHERE EXISTS (
                 SELECT 1 FROM other.tombstones t WHERE t.table_name = 'mention_decisions' AND t.removed_at > h.changed_at
                   AND t.key = json_array(h.mention_key, h.entity_type, h.hints, h.verdict, h.target_type,
                                          h.target_external_id))",
        )?;
        report.decisions.changed = self.n_changed(&format!(
            "UPDATE main.mention_decisions AS h SET mention = o.mention, decided_at = o.decided_at, changed_at = o.changed_at,
                    only_unlinked = o.only_unlinked
             FROM other.mention_decisions o
             WHERE {SAME_MENTION} AND (o.changed_at, o.decided_at, o.only_unlinked, o.mention)
                                    > (h.changed_at, h.decided_at, h.only_unlinked, h.mention)"
        ))?;
        report.decisions.added = self.n_changed(&format!(
            "INSERT INTO main.mention_decisions (mention_key, mention, entity_type, hints, verdict, target_type,
                                                 target_external_id, decided_at, changed_at, only_unlinked)
             SELECT o.mention_key, o.mention, o.entity_type, o.hints, o.verdict, o.target_type, o.target_external_id,
                    o.decided_at, o.changed_at, o.only_unlinked
             FROM other.mention_decisions o
             WHERE NOT EXISTS (SELECT 1 FROM main.mention_decisions h WHERE {SAME_MENTION})
               AND NOT EXISTS (SELECT 1 FROM main.tombstones t WHERE t.table_name = 'mention_decisions'
                     AND t.removed_at > o.changed_at
                     AND t.key = json_array(o.mention_key, o.entity_type, o.hints, o.verdict, o.target_type,
                                            o.target_external_id))"
        ))?;
        self.order_decisions()?;
        let mut by_scope: BTreeMap<(String, String, String), Vec<StoredDecision>> = BTreeMap::new();
        for known in self.read().stored_decisions()? {
            let scope =
                (known.mention_key.clone(), known.decision.mention_type.clone(), format!("{:?}", known.decision.hints));
            by_scope.entry(scope).or_default().push(known);
        }
        for (_, decisions) in by_scope {
            let mut hold: Vec<&StoredDecision> = vec![];
            for decision in &decisions {
                let (gone, stays): (Vec<_>, Vec<_>) =
                    hold.into_iter().partition(|earlier| decision.decision.replaces(&earlier.decision));
                hold = stays;
                hold.push(decision);
                for earlier in gone {
                    self.undecide(earlier.id)?;
                    report.decisions.removed += 1;
                    if report.conflicts.len() < 4 * CONFLICTS_MAX {
                        let name = earlier.decision.mention.clone();
                        report.conflicts.push(Conflict { what: "decision", name, counts: "later" });
                    }
                }
            }
        }
        Ok(())
    }

    /// Gives decisions ids in the order in which they were made, in both copies the same.
    fn order_decisions(&self) -> anyhow::Result<()> {
        self.execute_batch(
            "CREATE TEMP TABLE merged_ids (old INTEGER PRIMARY KEY, new INTEGER NOT NULL UNIQUE, changed_at TEXT NOT NULL);
             INSERT INTO merged_ids
                 SELECT id, row_number() OVER (ORDER BY decided_at, changed_at, mention_key, entity_type, hints, verdict,
                                                        target_type, target_external_id), changed_at
                 FROM main.mention_decisions;
             UPDATE main.mention_decisions SET id = -(SELECT new FROM merged_ids WHERE old = id)
                 WHERE EXISTS (SELECT 1 FROM merged_ids WHERE old <> new);
             UPDATE main.mention_decisions SET id = -id WHERE id < 0;
             -- Another id counts as a change to the triggers.
             UPDATE main.mention_decisions SET changed_at = (SELECT changed_at FROM merged_ids WHERE new = id)
                 WHERE changed_at <> (SELECT changed_at FROM merged_ids WHERE new = id);
             DROP TABLE merged_ids;",
        )?;
        Ok(())
    }

    /// Decisions about topics.
    pub(super) fn merge_topic_decisions(&self, report: &mut MergeReport) -> anyhow::Result<()> {
        report.topic_decisions.removed = self.n_changed(
            "DELETE FROM main.topic_decisions AS h WHERE EXISTS (
                 SELECT 1 FROM other.tombstones t WHERE t.table_name = 'topic_decisions' AND t.removed_at > h.changed_at
                   AND t.key = json_array(h.topic, h.verdict, h.target))",
        )?;
        report.topic_decisions.changed = self.n_changed(
            "UPDATE main.topic_decisions AS h SET target_label = o.target_label, decided_at = o.decided_at,
                    changed_at = o.changed_at
             FROM other.topic_decisions o
             WHERE (h.topic, h.verdict, h.target) = (o.topic, o.verdict, o.target)
               AND (o.changed_at, o.decided_at, o.target_label) > (h.changed_at, h.decided_at, h.target_label)",
        )?;
        let new: Vec<TopicRow> = {
            let mut statement = self.prepare(
                "SELECT o.topic, o.verdict, o.target, o.target_label, o.decided_at, o.changed_at
                 FROM other.topic_decisions o
                 WHERE NOT EXISTS (SELECT 1 FROM main.topic_decisions h
                                   WHERE (h.topic, h.verdict, h.target) = (o.topic, o.verdict, o.target))
                   AND NOT EXISTS (SELECT 1 FROM main.tombstones t WHERE t.table_name = 'topic_decisions'
                                     AND t.removed_at > o.changed_at AND t.key = json_array(o.topic, o.verdict, o.target))
                 ORDER BY o.changed_at, o.topic, o.target",
            )?;
            statement.query_map([], topic_row)?.collect::<Result<_, _>>()?
        };
        if new.is_empty() {
            return Ok(());
        }
        let mut all: Vec<TopicRow> = {
            let mut statement = self.prepare(
                "SELECT topic, verdict, target, target_label, decided_at, changed_at FROM main.topic_decisions",
            )?;
            statement.query_map([], topic_row)?.collect::<Result<_, _>>()?
        };
        report.topic_decisions.added = new.len() as u64;
        all.extend(new);
        all.sort_by(|a, b| (&a.changed_at, &a.topic, &a.target).cmp(&(&b.changed_at, &b.topic, &b.target)));
        let held = replay(all, report);
        self.execute_batch(
            "CREATE TEMP TABLE merged_ids AS SELECT * FROM main.tombstones WHERE table_name = 'topic_decisions'",
        )?;
        self.execute("DELETE FROM main.topic_decisions", [])?;
        for row in held {
            self.prepare_cached(
                "INSERT INTO main.topic_decisions (topic, verdict, target, target_label, decided_at, changed_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                row.topic,
                row.verdict,
                row.target,
                row.label,
                row.decided_at,
                row.changed_at
            ])?;
        }
        // To write them anew removed none of them.
        self.execute_batch(
            "DELETE FROM main.tombstones WHERE table_name = 'topic_decisions';
             INSERT INTO main.tombstones SELECT * FROM merged_ids;
             DROP TABLE merged_ids;",
        )?;
        Ok(())
    }
}

/// A row of `topic_decisions`.
#[derive(Clone, Debug)]
struct TopicRow {
    topic: String,
    verdict: String,
    target: String,
    label: String,
    decided_at: String,
    changed_at: String,
}

fn topic_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<TopicRow> {
    Ok(TopicRow {
        topic: row.get(0)?,
        verdict: row.get(1)?,
        target: row.get(2)?,
        label: row.get(3)?,
        decided_at: row.get(4)?,
        changed_at: row.get(5)?,
    })
}

/// Makes the decisions one after another, as if they had been made in one copy: a later one takes the place of what it
/// contradicts, and no target is itself made another topic.
fn replay(all: Vec<TopicRow>, report: &mut MergeReport) -> Vec<TopicRow> {
    let mut same: BTreeMap<String, TopicRow> = BTreeMap::new();
    let mut apart: BTreeMap<(String, String), TopicRow> = BTreeMap::new();
    let mut above: BTreeMap<String, TopicRow> = BTreeMap::new();
    for mut row in all {
        // Of a topic the later parent counts; circles of both copies are ended by whoever reads them.
        if row.verdict == "parent" {
            above.insert(row.topic.clone(), row);
            continue;
        }
        let pair = |a: &str, b: &str| (a.min(b).to_owned(), a.max(b).to_owned());
        if row.verdict == "not" {
            if same.get(&row.topic).is_some_and(|is| is.target == row.target) {
                same.remove(&row.topic);
            }
            if same.get(&row.target).is_some_and(|is| is.target == row.topic) {
                same.remove(&row.target);
            }
            apart.insert(pair(&row.topic, &row.target), row);
            continue;
        }
        apart.remove(&pair(&row.topic, &row.target));
        // Turned around, the earlier direction goes.
        if same.get(&row.target).is_some_and(|is| is.target == row.topic) {
            same.remove(&row.target);
        }
        if let Some(further) = same.get(&row.target).filter(|further| further.target != row.topic) {
            (row.target, row.label) = (further.target.clone(), further.label.clone());
            row.verdict.clone_from(&further.verdict);
        }
        for is in same.values_mut().filter(|is| is.target == row.topic) {
            (is.target, is.label) = (row.target.clone(), row.label.clone());
            is.verdict.clone_from(&row.verdict);
        }
        if let Some(earlier) = same.insert(row.topic.clone(), row)
            && report.conflicts.len() < 4 * CONFLICTS_MAX
        {
            report.conflicts.push(Conflict { what: "topic_decision", name: earlier.topic, counts: "later" });
        }
    }
    same.retain(|topic, row| *topic != row.target);
    same.into_values().chain(apart.into_values()).chain(above.into_values()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_about_topics_are_made_one_after_another() {
        let check = |rows: &[(&str, &str, &str)], expected: &[&str]| {
            let all = rows.iter().enumerate().map(|(at, (topic, verdict, target))| TopicRow {
                topic: (*topic).into(),
                verdict: (*verdict).into(),
                target: (*target).into(),
                label: target.to_uppercase(),
                decided_at: "2026".into(),
                changed_at: at.to_string(),
            });
            let held = replay(all.collect(), &mut MergeReport::default());
            let held: Vec<String> =
                held.iter().map(|row| format!("{} {} {} {}", row.topic, row.verdict, row.target, row.label)).collect();
            assert_eq!(held, expected);
        };
        check(&[("a", "is", "b"), ("c", "is", "d")], &["a is b B", "c is d D"]);
        check(&[("a", "is", "b"), ("a", "is", "c")], &["a is c C"]);
        check(&[("a", "is", "b"), ("b", "is", "c")], &["a is c C", "b is c C"]);
        check(&[("b", "is", "c"), ("a", "is", "b")], &["a is c C", "b is c C"]);
        check(&[("a", "is", "b"), ("b", "is", "a")], &["b is a A"]);
        check(&[("a", "is", "b"), ("a", "not", "b")], &["a not b B"]);
        check(&[("a", "not", "b"), ("b", "is", "a")], &["b is a A"]);
    }
}
