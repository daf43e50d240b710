//! Samples by which people find out how far the result can be trusted.

use rusqlite::{OptionalExtension as _, params};

use super::explore::hints_of;
use super::{Read, Tx};
use crate::model::{Attributes, EntityKey, GroupKey};

/// Subject of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditWhat {
    /// Links of mentions to entities.
    Links,
    /// Topics of groups.
    Topics,
    /// Groups, for what their topics and names lack.
    Misses,
}

impl AuditWhat {
    /// Returns the word used in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            AuditWhat::Links => "links",
            AuditWhat::Topics => "topics",
            AuditWhat::Misses => "misses",
        }
    }
}

/// One thing that may be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawable {
    pub group: GroupKey,
    /// Place of the mention in the answer, or of the topic among those of its group by their keys: several may share a rank.
    pub place: u32,
    /// Method of the link; `topic`.
    pub method: String,
    /// Probability of the link; the model's confidence of a topic.
    pub score: f64,
}

/// An item of a sample.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditItem {
    /// The order in which it is shown.
    pub ordinal: u32,
    /// Population of the sample.
    pub stratum: String,
    /// Number of items of the database it stands for.
    pub weight: f64,
    /// Its group; `None`: gone since.
    pub group: Option<GroupKey>,
    /// The mention, or the topic.
    pub item: String,
    /// The mention's type; `topic`.
    pub item_type: String,
    /// Method of the link; `topic`.
    pub method: String,
    /// Probability of the link, or confidence of the topic.
    pub score: f64,
    /// Hints of the mention.
    pub hints: Attributes,
    /// Entity the mention was linked to.
    pub entity: Option<EntityKey>,
    /// `right`, `wrong`, `unsure`, or not judged yet.
    pub verdict: Option<String>,
    /// Of misses: what the model found in the group; `None`: another kind of sample.
    pub n_found: Option<u64>,
    /// Of misses: what it left out.
    pub missed: Vec<String>,
}

/// A sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Row of `audits`.
    pub id: i64,
    pub seed: u64,
    /// When it was drawn.
    pub created_at: String,
    /// Items.
    pub n_items: u64,
    /// Items that are judged.
    pub n_judged: u64,
}

impl Read<'_> {
    /// Gives everything that may be drawn. It reads all links, or all topics, once.
    pub fn each_drawable(self, what: AuditWhat, mut visit: impl FnMut(Drawable)) -> anyhow::Result<()> {
        let mut statement = self.0.prepare(match what {
            AuditWhat::Links => {
                "SELECT story_group_id, ordinal, method, score FROM story_entities
                 WHERE entity_id IS NOT NULL AND method <> 'decision' ORDER BY story_group_id, ordinal"
            }
            AuditWhat::Topics => {
                "SELECT story_group_id, row_number() OVER (PARTITION BY story_group_id ORDER BY topic), 'topic', confidence
                 FROM story_topics ORDER BY story_group_id, topic"
            }
            AuditWhat::Misses => {
                "SELECT story_group_id, row_number() OVER (PARTITION BY story_group_id ORDER BY kind DESC), kind, 1.0
                 FROM current_answers ORDER BY story_group_id, kind DESC"
            }
        })?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            visit(Drawable { group: row.get(0)?, place: row.get(1)?, method: row.get(2)?, score: row.get(3)? });
        }
        Ok(())
    }

    /// Returns the newest sample of links or of topics.
    pub fn latest_audit(self, what: AuditWhat) -> anyhow::Result<Option<Audit>> {
        let row = self.0.query_row(
            "SELECT a.id, a.seed, a.created_at,
                    (SELECT count(*) FROM audit_items i WHERE i.audit_id = a.id),
                    (SELECT count(i.verdict) FROM audit_items i WHERE i.audit_id = a.id)
             FROM audits a WHERE a.what = ?1 ORDER BY a.id DESC LIMIT 1",
            [what.as_str()],
            |row| {
                Ok(Audit {
                    id: row.get(0)?,
                    seed: row.get::<_, i64>(1)? as u64,
                    created_at: row.get(2)?,
                    n_items: row.get::<_, i64>(3)? as u64,
                    n_judged: row.get::<_, i64>(4)? as u64,
                })
            },
        );
        Ok(row.optional()?)
    }

    /// Returns the items of a sample, in the order they are shown.
    pub fn audit_items(self, audit: i64) -> anyhow::Result<Vec<AuditItem>> {
        let mut statement = self.0.prepare_cached(
            "SELECT ordinal, stratum, weight, story_group_id, item, item_type, method, score, hints, entity_id, verdict,
                    n_found, missed
             FROM audit_items WHERE audit_id = ?1 ORDER BY ordinal",
        )?;
        let rows = statement.query_map([audit], |row| {
            let hints: Option<String> = row.get(8)?;
            let missed: Option<String> = row.get(12)?;
            Ok(AuditItem {
                ordinal: row.get(0)?,
                stratum: row.get(1)?,
                weight: row.get(2)?,
                group: row.get(3)?,
                item: row.get(4)?,
                item_type: row.get(5)?,
                method: row.get(6)?,
                score: row.get(7)?,
                hints: hints_of(hints.as_deref()),
                entity: row.get(9)?,
                verdict: row.get(10)?,
                n_found: row.get::<_, Option<i64>>(11)?.map(|n| n as u64),
                missed: missed.and_then(|missed| serde_json::from_str(&missed).ok()).unwrap_or_default(),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// Keeps a sample; returns its id.
    pub fn keep_audit(&self, what: AuditWhat, seed: u64, items: &[AuditItem], now: &str) -> anyhow::Result<i64> {
        self.prepare_cached("INSERT INTO audits (what, seed, created_at) VALUES (?1, ?2, ?3)")?.execute(params![
            what.as_str(),
            seed as i64,
            now
        ])?;
        let id = self.last_insert_rowid();
        let mut insert = self.prepare_cached(
            "INSERT INTO audit_items (audit_id, ordinal, stratum, weight, story_group_id, item, item_type, method, score,
                                      hints, entity_id, n_found)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?;
        for item in items {
            let hints = (!item.hints.is_empty()).then(|| serde_json::json!(item.hints).to_string());
            insert.execute(params![
                id,
                item.ordinal,
                item.stratum,
                item.weight,
                item.group,
                item.item,
                item.item_type,
                item.method,
                item.score,
                hints,
                item.entity,
                item.n_found.map(|n| n as i64)
            ])?;
        }
        Ok(id)
    }

    /// Keeps what the model left out of a group; `None`: nobody can tell.
    pub fn judge_misses(&self, audit: i64, ordinal: u32, missed: Option<&[String]>, now: &str) -> anyhow::Result<()> {
        let verdict = match missed {
            None => "unsure",
            Some([]) => "right",
            Some(_) => "wrong",
        };
        self.prepare_cached(
            "UPDATE audit_items SET verdict = ?3, missed = ?4, judged_at = ?5 WHERE audit_id = ?1 AND ordinal = ?2",
        )?
        .execute(params![
            audit,
            ordinal,
            verdict,
            missed.map(|missed| serde_json::json!(missed).to_string()),
            now
        ])?;
        Ok(())
    }

    /// Keeps what was judged of an item; `None` takes it back.
    pub fn judge(&self, audit: i64, ordinal: u32, verdict: Option<&str>, now: &str) -> anyhow::Result<bool> {
        let n = self
            .prepare_cached(
                "UPDATE audit_items SET verdict = ?3, judged_at = CASE WHEN ?3 IS NULL THEN NULL ELSE ?4 END
                 WHERE audit_id = ?1 AND ordinal = ?2",
            )?
            .execute(params![audit, ordinal, verdict, now])?;
        Ok(n > 0)
    }
}
