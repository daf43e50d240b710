//! Decisions about mentions: kept apart from the catalog, so that it survives the catalog's reload.
//!
//! A decision names its entity by type and id, as the user does, and may outlive it: then it dangles until the catalog
//! has that entity again.

use rusqlite::{Row, params};

use super::{CatalogChange, Read, Tx};
use crate::model::{Decision, EntityId, EntityKey, Target, Verdict};

/// A decision with its row, and its entity where the catalog has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDecision {
    /// A later one has a larger id.
    pub id: i64,
    /// The normalized mention.
    pub mention_key: String,
    pub decision: Decision,
    /// The entity it speaks of and its name, where it is in the catalog.
    pub entity: Option<(EntityKey, String)>,
}

/// Reads the columns of [`Read::stored_decisions`].
fn stored_decision(row: &Row<'_>) -> rusqlite::Result<StoredDecision> {
    let hints: String = row.get(4)?;
    let target: Option<(String, EntityId)> = row.get::<_, Option<String>>(6)?.zip(row.get(7)?);
    let target = target.map(|(entity_type, id)| Target { entity_type, id });
    let verdict = match (row.get_ref(5)?.as_str()?, target) {
        ("is", Some(target)) => Verdict::Is(target),
        ("not", Some(target)) => Verdict::Not(target),
        _ => Verdict::Nothing,
    };
    Ok(StoredDecision {
        id: row.get(0)?,
        mention_key: row.get(1)?,
        decision: Decision {
            mention: row.get(2)?,
            mention_type: row.get(3)?,
            hints: serde_json::from_str(&hints).unwrap_or_default(),
            only_unlinked: row.get(11)?,
            verdict,
            decided_at: row.get(8)?,
        },
        entity: row.get::<_, Option<EntityKey>>(9)?.zip(row.get(10)?),
    })
}

impl Read<'_> {
    /// Returns every decision whole, in the order in which they were made.
    pub fn stored_decisions(self) -> anyhow::Result<Vec<StoredDecision>> {
        let mut statement = self.0.prepare_cached(
            "SELECT d.id, d.mention_key, d.mention, d.entity_type, d.hints, d.verdict, d.target_type, d.target_external_id,
                    d.decided_at, e.id, e.name, d.only_unlinked
             FROM mention_decisions d LEFT JOIN entities e ON e.type = d.target_type AND e.external_id = d.target_external_id
             ORDER BY d.id",
        )?;
        let rows = statement.query_map([], stored_decision)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns the decisions about a mention, in the order in which they were made.
    pub fn decisions_about_mention(self, mention_key: &str) -> anyhow::Result<Vec<StoredDecision>> {
        // The table's UNIQUE begins with the key, so this is a look into an index.
        let mut statement = self.0.prepare_cached(
            "SELECT d.id, d.mention_key, d.mention, d.entity_type, d.hints, d.verdict, d.target_type, d.target_external_id,
                    d.decided_at, e.id, e.name, d.only_unlinked
             FROM mention_decisions d LEFT JOIN entities e ON e.type = d.target_type AND e.external_id = d.target_external_id
             WHERE d.mention_key = ?1 ORDER BY d.id",
        )?;
        let rows = statement.query_map([mention_key], stored_decision)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns what loading a decision would change; writes nothing.
    pub fn decision_change(self, mention_key: &str, decision: &Decision) -> anyhow::Result<CatalogChange> {
        let known = self.decisions_about_mention(mention_key)?;
        let rivals: Vec<_> = known.into_iter().filter(|known| decision.replaces(&known.decision)).collect();
        let is_later =
            |known: &StoredDecision| decision.decided_at.is_some() && known.decision.decided_at > decision.decided_at;
        let is_said = |known: &StoredDecision| {
            known.decision.verdict == decision.verdict && known.decision.only_unlinked == decision.only_unlinked
        };
        Ok(if rivals.iter().any(|known| is_said(known) || is_later(known)) {
            CatalogChange::Unchanged
        } else if rivals.is_empty() {
            CatalogChange::New
        } else {
            CatalogChange::Changed
        })
    }

    /// Returns the number of decisions whose entity is not in the catalog.
    pub fn n_dangling_decisions(self) -> anyhow::Result<u64> {
        Ok(self.0.query_row(
            "SELECT count(*) FROM mention_decisions d WHERE d.target_type IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM entities e WHERE e.type = d.target_type AND e.external_id = d.target_external_id)",
            [],
            |row| row.get::<_, i64>(0),
        )? as u64)
    }
}

impl Tx<'_> {
    /// Remembers a decision; what was said before of the same mention, type and hints and cannot be true beside it
    /// gives way, and is returned beside the new one's id.
    pub fn decide(
        &self,
        mention_key: &str,
        decision: &Decision,
        now: &str,
    ) -> anyhow::Result<(i64, Vec<StoredDecision>)> {
        let mut replaced = vec![];
        for known in self.read().decisions_about_mention(mention_key)? {
            if decision.replaces(&known.decision) {
                self.undecide(known.id)?;
                replaced.push(known);
            }
        }
        Ok((self.insert_decision(mention_key, decision, Some(now))?, replaced))
    }

    /// Loads a decision from a file: as [`Tx::decide`], but one that is here already stays as it is, and so does what
    /// was said later than the file's.
    pub fn load_decision(&self, mention_key: &str, decision: &Decision, now: &str) -> anyhow::Result<CatalogChange> {
        let change = self.read().decision_change(mention_key, decision)?;
        if change != CatalogChange::Unchanged {
            self.decide(mention_key, decision, now)?;
        }
        Ok(change)
    }

    /// Puts back a decision that had given way, with its old place among the others where that is free.
    pub fn put_back(&self, decision: &StoredDecision) -> anyhow::Result<()> {
        let id = self.insert_decision(&decision.mention_key, &decision.decision, None)?;
        self.prepare_cached("UPDATE OR IGNORE mention_decisions SET id = ?2 WHERE id = ?1")?
            .execute(params![id, decision.id])?;
        Ok(())
    }

    fn insert_decision(&self, mention_key: &str, decision: &Decision, now: Option<&str>) -> anyhow::Result<i64> {
        let target = decision.verdict.target();
        self.prepare_cached(
            "INSERT INTO mention_decisions (mention_key, mention, entity_type, hints, verdict, target_type,
                                            target_external_id, decided_at, changed_at, only_unlinked)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, coalesce(?9, strftime('%Y-%m-%dT%H:%M:%SZ', 'now')), ?10)",
        )?
        .execute(params![
            mention_key,
            decision.mention,
            decision.mention_type,
            serde_json::json!(decision.hints).to_string(),
            decision.verdict.as_str(),
            target.map(|target| &target.entity_type),
            target.map(|target| &target.id),
            decision.decided_at.as_deref().or(now),
            now,
            decision.only_unlinked
        ])?;
        Ok(self.last_insert_rowid())
    }

    /// Takes a decision back.
    pub fn undecide(&self, id: i64) -> anyhow::Result<()> {
        self.prepare_cached("DELETE FROM mention_decisions WHERE id = ?1")?.execute([id])?;
        Ok(())
    }

    /// Gives every decision the key that its mention has now. Where another one says the same under that key, it goes.
    pub fn rekey_decisions(&self, key_of: impl Fn(&str) -> String) -> anyhow::Result<()> {
        // The latest first, since of two that become one the later stays.
        for known in self.read().stored_decisions()?.into_iter().rev() {
            let key = key_of(&known.decision.mention);
            if key.is_empty() || key == known.mention_key {
                continue;
            }
            let n_changed = self
                .prepare_cached("UPDATE OR IGNORE mention_decisions SET mention_key = ?2 WHERE id = ?1")?
                .execute(params![known.id, key])?;
            if n_changed == 0 {
                self.undecide(known.id)?;
            }
        }
        Ok(())
    }

    /// Makes a decision speak of another entity. Where the same is said of that one already, it goes.
    pub fn retarget_decision(&self, id: i64, target: &Target) -> anyhow::Result<()> {
        // Removed by its own statement: what SQLite removes for `OR REPLACE` fires no trigger, so it would leave no trace.
        self.prepare_cached(
            "DELETE FROM mention_decisions
             WHERE id <> ?1 AND target_type = ?2 AND target_external_id = ?3
               AND (mention_key, entity_type, hints, verdict)
                   = (SELECT mention_key, entity_type, hints, verdict FROM mention_decisions WHERE id = ?1)",
        )?
        .execute(params![id, target.entity_type, target.id])?;
        self.prepare_cached("UPDATE mention_decisions SET target_type = ?2, target_external_id = ?3 WHERE id = ?1")?
            .execute(params![id, target.entity_type, target.id])?;
        Ok(())
    }

    /// Takes out what says of a mention that it is not an entity, where it was said just so that it is.
    pub fn drop_contradicted(&self, target: &Target) -> anyhow::Result<()> {
        self.prepare_cached(
            "DELETE FROM mention_decisions AS d WHERE verdict = 'not' AND target_type = ?1 AND target_external_id = ?2
               AND EXISTS (SELECT 1 FROM mention_decisions o
                           WHERE o.mention_key = d.mention_key AND o.entity_type = d.entity_type AND o.hints = d.hints
                             AND o.verdict = 'is' AND o.target_type = ?1 AND o.target_external_id = ?2)",
        )?
        .execute(params![target.entity_type, target.id])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    fn target(id: &str) -> Target {
        Target { entity_type: "person".into(), id: EntityId::new(id) }
    }

    fn decision(hints: &[(&str, &str)], verdict: Verdict, at: Option<&str>) -> Decision {
        Decision {
            mention: "KC".into(),
            mention_type: String::new(),
            hints: hints.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            only_unlinked: false,
            verdict,
            decided_at: at.map(str::to_owned),
        }
    }

    fn all(tx: &Tx<'_>) -> Vec<String> {
        let show = |d: StoredDecision| {
            let target = d.decision.verdict.target().map_or(String::new(), |t| format!(" {}", t.id));
            format!(
                "{}{target}{}",
                d.decision.verdict.as_str(),
                if d.decision.hints.is_empty() { "" } else { " hints" }
            )
        };
        tx.read().stored_decisions().unwrap().into_iter().map(show).collect()
    }

    #[test]
    fn what_cannot_be_true_beside_the_new_gives_way() {
        let mut store = Store::open_in_memory("2026-01-01T00:00:00Z").unwrap();
        let tx = store.write().unwrap();
        let (is, not) = (|id| Verdict::Is(target(id)), |id| Verdict::Not(target(id)));
        for (hints, verdict, expected) in [
            (&[][..], is("a"), vec!["is a"]),
            (&[], is("b"), vec!["is b"]),
            (&[], not("a"), vec!["is b", "not a"]),
            (&[], not("b"), vec!["not a", "not b"]),
            (&[], Verdict::Nothing, vec!["not a", "not b", "nothing"]),
            (&[], is("a"), vec!["not b", "is a"]),
            (&[("team", "x")], is("c"), vec!["not b", "is a", "is c hints"]),
        ] {
            tx.decide("kc", &decision(hints, verdict, None), "2026-01-01T00:00:00Z").unwrap();
            assert_eq!(all(&tx), expected);
        }
    }

    #[test]
    fn a_file_does_not_undo_what_was_said_later() {
        let mut store = Store::open_in_memory("2026-01-01T00:00:00Z").unwrap();
        let tx = store.write().unwrap();
        tx.decide("kc", &decision(&[], Verdict::Is(target("a")), Some("2026-05-01")), "2026-01-01T00:00:00Z").unwrap();
        for (verdict, at, change, expected) in [
            (Verdict::Is(target("a")), Some("2026-07-01"), CatalogChange::Unchanged, "is a"),
            (Verdict::Is(target("b")), Some("2026-04-01"), CatalogChange::Unchanged, "is a"),
            (Verdict::Is(target("b")), Some("2026-06-01"), CatalogChange::Changed, "is b"),
            (Verdict::Nothing, None, CatalogChange::Changed, "nothing"),
        ] {
            assert_eq!(tx.load_decision("kc", &decision(&[], verdict, at), "2026-01-01T00:00:00Z").unwrap(), change);
            assert_eq!(all(&tx), [expected]);
        }
    }
}
