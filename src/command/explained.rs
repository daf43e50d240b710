//! Why a mention of a group is linked as it is: the mentions of the group linked anew, with the parts of each score.

use anyhow::Result;
use serde_json::{Value, json};

use super::shown::percent;
use crate::linking::typed_name::{self, SHOWN, WhyShown};
use crate::linking::{Linker, Load};
use crate::model::{EntityKey, LinkOutcome, Mention, typed_id};
use crate::resolve::{ScorePart, Strictness};
use crate::store::explore::{EntityHead, MentionRow};
use crate::store::{Store, active_profile};
use crate::terminal::words::shorten;
use crate::terminal::{Terminal, style};

/// Explanation of one mention.
pub(crate) struct Explanation {
    /// True where it would be linked today as it is linked.
    is_same: bool,
    outcome: LinkOutcome,
    /// The best candidate.
    best: Option<EntityHead>,
    method: &'static str,
    score: f64,
    parts: Vec<ScorePart>,
    /// Entities that bear the very name and are not taken, each with the reason.
    others: Vec<(EntityHead, String)>,
}

/// Explains the mentions of a group, in their order.
pub(crate) fn explain(store: &Store, rows: &[MentionRow]) -> Result<Vec<Explanation>> {
    let snapshot = store.snapshot()?;
    let read = snapshot.read();
    let mut linker = Linker::open(read, Strictness::Default, Load::One)?;
    linker.explain(true);
    // Mentions are linked in the order of their answer.
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|at| rows[*at].ordinal);
    let mention = |at: &usize| {
        let row = &rows[*at];
        Mention {
            entity_type: row.entity_type.clone(),
            text: row.text.clone(),
            hints: row.hints.clone(),
            is_primary: row.is_primary,
            confidence: row.confidence,
            rank: row.rank,
        }
    };
    let mentions: Vec<Mention> = order.iter().map(mention).collect();
    let profile = active_profile::active(read)?;
    let resolutions = linker.link(&profile, &mentions)?;
    let mut found: Vec<(usize, Explanation)> = vec![];
    for (at, resolution) in order.into_iter().zip(resolutions) {
        let best = resolution.candidates.into_iter().next();
        let head = best.as_ref().map(|best| read.entity_head(best.entity)).transpose()?.flatten();
        let mut others = vec![];
        if resolution.outcome != LinkOutcome::Linked {
            let row = &rows[at];
            let known: Vec<EntityKey> = best.iter().map(|best| best.entity).collect();
            let types = linker.types_for(&profile, &row.entity_type);
            let why = WhyShown::of(read, &row.text, (&row.entity_type, &row.hints), &types)?;
            for other in typed_name::of_other_types(&mut linker, read, &row.text, &known)? {
                if let Some(entity) = read.entity_head(other.entity)? {
                    let reason = why.words(other.entity, &entity.entity_type);
                    others.push((entity, reason));
                }
            }
        }
        let parts = best.map(|best| best.parts).unwrap_or_default();
        found.push((
            at,
            Explanation {
                is_same: resolution.entity == rows[at].entity.as_ref().map(|entity| entity.key)
                    && resolution.outcome == rows[at].outcome,
                outcome: resolution.outcome,
                best: head,
                method: resolution.method.as_str(),
                score: resolution.score,
                parts,
                others,
            },
        ));
    }
    found.sort_by_key(|(at, _)| *at);
    Ok(found.into_iter().map(|(_, explanation)| explanation).collect())
}

impl Explanation {
    /// Returns it for programs.
    pub(crate) fn json(&self) -> Value {
        json!({
            "is_same": self.is_same,
            "outcome": self.outcome.as_str(),
            "method": self.method,
            "score": round(self.score),
            "best": self.best,
            "parts": self.parts.iter().map(part_json).collect::<Vec<_>>(),
            "others": self.others.iter().map(other_json).collect::<Vec<_>>(),
        })
    }

    /// Shows it below its mention.
    pub(crate) fn show(&self, row: &MentionRow, terminal: &Terminal) -> Result<()> {
        let mention = style::bold(style::single_line(&shorten(&row.text, SHOWN)));
        let is = match &row.entity {
            Some(entity) => format!(
                "is {} by {}, {}",
                style::green(style::single_line(&shorten(&entity.name, SHOWN))),
                style::single_line(&row.method),
                percent(row.score)
            ),
            None if row.method == "decision" => "is none of the catalog: a person decided it".to_owned(),
            None => format!("is {}", style::yellow(row.outcome.as_str())),
        };
        terminal.line(format!("  {mention}  {is}"))?;
        let best = self.best.as_ref().map(|best| style::single_line(&shorten(&best.name, SHOWN)));
        let now = match (&best, self.outcome) {
            (Some(best), LinkOutcome::Linked) => format!("{best} by {}, {}", self.method, percent(self.score)),
            (_, outcome) => outcome.as_str().to_owned(),
        };
        if !self.is_same {
            terminal.line(style::yellow(format!("    linked today it would be: {now}")))?;
        } else if let (None, Some(best)) = (&row.entity, &best) {
            terminal.line(style::dim(format!("    the best candidate is {best}, {}", percent(self.score))))?;
        }
        if self.method == "decision" && row.entity.is_some() {
            terminal.line(style::dim("    a person decided it: `gleaner unresolved decisions` lists what was"))?;
        }
        for (other, reason) in &self.others {
            let EntityHead { id, entity_type, name, .. } = other;
            let other = format!("{} ({}): {reason}", shorten(name, SHOWN), typed_id(entity_type, id));
            terminal.line(format!("    {}", style::single_line(&other)))?;
        }
        self.parts.iter().try_for_each(|part| terminal.line(part_line(part)))
    }
}

fn other_json((entity, reason): &(EntityHead, String)) -> Value {
    let mut value = json!(entity);
    value["note"] = json!(reason);
    value
}

/// Returns a part of a score for programs.
pub(crate) fn part_json(part: &ScorePart) -> Value {
    json!({"what": part.what, "log_odds": (part.value != 0.0).then(|| round(part.value))})
}

fn part_line(part: &ScorePart) -> String {
    let what = style::single_line(&part.what);
    match part.value {
        0.0 => format!("           {}", style::dim(what)),
        value => format!("    {value:+.2}  {what}"),
    }
}

/// Rounds a score to the digits that mean something.
pub(crate) fn round(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}
