//! The collection in numbers: what the report opens with.

use rusqlite::params;
use serde::Serialize;

use crate::store::Read;
use crate::store::explore::{IN_PERIOD, Period};

/// The collection in numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Overview {
    /// All groups.
    pub groups: u64,
    /// Their stories.
    pub stories: u64,
    /// Groups whose topics are known.
    pub with_topics: u64,
    /// Groups whose entities are known.
    pub with_entities: u64,
    /// All mentions.
    pub mentions: u64,
    /// Mentions linked to the catalog.
    pub linked: u64,
    /// Mentions for which several entities fit.
    pub ambiguous: u64,
    /// Mentions for which nothing fits.
    pub unknown: u64,
    /// Entities of the catalog.
    pub catalog: u64,
    /// Cost of all answers, sandbox apart.
    pub cost_usd: f64,
    /// Cost of the same without the Batch API.
    pub sync_cost_usd: f64,
    /// Answers that were billed, sandbox apart.
    pub answers: u64,
    /// Answers of a sandbox that count now.
    pub sandbox_answers: u64,
    /// Input and output tokens of these.
    pub tokens: (u64, u64),
    /// Models that answered.
    pub models: Vec<String>,
    /// The first and the last answer.
    pub answered: (Option<String>, Option<String>),
}

/// Number of links of a method, and how sure they are on average.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MethodCount {
    pub method: String,
    pub links: u64,
    /// Mean probability.
    pub score: f64,
}

/// Returns the selection of a period's groups, in SQL.
fn selected() -> String {
    format!("(SELECT id FROM story_groups g WHERE {IN_PERIOD})")
}

impl Read<'_> {
    /// Returns the groups of a period in numbers; the catalog counts whole.
    pub fn overview(self, period: &Period) -> anyhow::Result<Overview> {
        let groups = selected();
        let selected = params![period.since, period.before, period.attributes];
        let n = |sql: &str| -> anyhow::Result<u64> {
            Ok(self.0.query_row(&format!("{sql} IN {groups}"), selected, |row| row.get::<_, i64>(0))? as u64)
        };
        let mut overview = Overview {
            groups: n("SELECT count(*) FROM story_groups WHERE id")?,
            stories: n("SELECT count(*) FROM stories WHERE story_group_id")?,
            with_topics: n("SELECT count(*) FROM current_answers WHERE kind = 'topic' AND story_group_id")?,
            with_entities: n("SELECT count(*) FROM current_answers WHERE kind = 'entity' AND story_group_id")?,
            catalog: self.n_entities()?,
            sandbox_answers: n("SELECT count(*) FROM current_answers c JOIN requests r ON r.id = c.request_id
                 WHERE r.sandbox AND c.story_group_id")?,
            ..Overview::default()
        };
        let mut statement = self.0.prepare(&format!(
            "SELECT outcome, count(*) FROM story_entities WHERE story_group_id IN {groups} GROUP BY outcome"
        ))?;
        let mut rows = statement.query(selected)?;
        while let Some(row) = rows.next()? {
            let count = row.get::<_, i64>(1)? as u64;
            overview.mentions += count;
            match row.get_ref(0)?.as_str()? {
                "linked" => overview.linked = count,
                "ambiguous" => overview.ambiguous = count,
                _ => overview.unknown += count,
            }
        }
        self.0.query_row(
            &format!(
                "SELECT coalesce(sum(a.cost_usd), 0.0), coalesce(sum(a.sync_cost_usd), 0.0), count(*),
                        coalesce(sum(a.input_tokens), 0), coalesce(sum(a.output_tokens), 0)
                 FROM answers a JOIN requests r ON r.id = a.request_id
                 WHERE a.input_tokens IS NOT NULL AND NOT r.sandbox AND r.story_group_id IN {groups}"
            ),
            selected,
            |row| {
                overview.cost_usd = row.get(0)?;
                overview.sync_cost_usd = row.get(1)?;
                overview.answers = row.get::<_, i64>(2)? as u64;
                overview.tokens = (row.get::<_, i64>(3)? as u64, row.get::<_, i64>(4)? as u64);
                Ok(())
            },
        )?;
        let mut statement = self.0.prepare(&format!(
            "SELECT a.model, min(a.answered_at), max(a.answered_at)
             FROM current_answers c JOIN answers a ON a.request_id = c.request_id
             WHERE a.model IS NOT NULL AND c.story_group_id IN {groups} GROUP BY a.model ORDER BY count(*) DESC"
        ))?;
        let mut rows = statement.query(selected)?;
        while let Some(row) = rows.next()? {
            overview.models.push(row.get(0)?);
            let (first, last): (Option<String>, Option<String>) = (row.get(1)?, row.get(2)?);
            let (old_first, old_last) = overview.answered.clone();
            overview.answered = (old_first.into_iter().chain(first).min(), old_last.into_iter().chain(last).max());
        }
        Ok(overview)
    }

    /// Returns how the links of a period's groups were made, most frequent first.
    pub fn link_methods(self, period: &Period) -> anyhow::Result<Vec<MethodCount>> {
        let groups = selected();
        let mut statement = self.0.prepare(&format!(
            "SELECT method, count(*), avg(score) FROM story_entities
             WHERE outcome = 'linked' AND story_group_id IN {groups} GROUP BY method ORDER BY count(*) DESC, method"
        ))?;
        let rows = statement.query_map(params![period.since, period.before, period.attributes], |row| {
            Ok(MethodCount { method: row.get(0)?, links: row.get::<_, i64>(1)? as u64, score: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns the number of a period's groups a day, in order; those without a date are left out.
    pub fn groups_by_day(self, period: &Period) -> anyhow::Result<Vec<(String, u64)>> {
        let groups = selected();
        let mut statement = self.0.prepare(&format!(
            "SELECT substr(date, 1, 10) AS day, count(*) FROM story_groups
             WHERE date IS NOT NULL AND id IN {groups} GROUP BY day ORDER BY day"
        ))?;
        let rows = statement.query_map(params![period.since, period.before, period.attributes], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)? as u64))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
