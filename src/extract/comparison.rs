//! Findings of two prompts in the same groups, read from the ledger and put side by side.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::answer::{Expect, Found, Outcome, read_text};
use crate::batch::prompts::Prompts;
use crate::extract::direct::Stopped;
use crate::import::knowledge::expect;
use crate::linking::{Linker, Load};
use crate::model::{GroupKey, Kind, LinkOutcome, RequestKey, Usage};
use crate::request::Prices;
use crate::resolve::Strictness;
use crate::session::Session;
use crate::store::RequestState;

/// One side of a comparison.
#[derive(Clone, Debug)]
pub struct Side {
    /// Id as the person typed it.
    pub label: String,
    pub prompts: Prompts,
}

/// Result of a comparison.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The two sides.
    pub sides: [SideReport; 2],
    /// Each group, side by side.
    pub groups: Vec<GroupCompared>,
    /// Groups of the whole collection that costs are projected to.
    pub collection_groups: u64,
    /// Mean share of topics that both give, of those that either gives; null where no group has both answers.
    pub topic_agreement: Option<f64>,
    /// Mean share of entities that both give; the linked entity counts, else the name.
    pub entity_agreement: Option<f64>,
}

/// Result of one side.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SideReport {
    /// Id as the person typed it.
    pub label: String,
    pub model: String,
    /// The run of the requests asked now; null where all were answered before.
    pub run_id: Option<String>,
    /// Requests asked now.
    pub asked: u64,
    /// Requests that were answered before.
    pub reused: u64,
    /// Requests that are in flight in a batch.
    pub pending: u64,
    /// Usable answers.
    pub usable: u64,
    /// Paid for, but not usable.
    pub unusable: u64,
    /// Refused, failed, or not asked any more.
    pub failed: u64,
    /// Topics of a group, on the mean of usable answers.
    pub topics_per_group: f64,
    /// Mentions of a group, on the mean of usable answers.
    pub entities_per_group: f64,
    /// Share of mentions linked to the catalog; null without mentions.
    pub linked_share: Option<f64>,
    /// Tokens of all its answers.
    pub usage: Usage,
    /// Cost of all its answers at synchronous prices; null: the price is not known.
    pub cost_usd: Option<f64>,
    /// Synchronous cost, projected to the whole collection.
    pub projected_sync_usd: Option<f64>,
    /// Batch cost, projected to the whole collection.
    pub projected_batch_usd: Option<f64>,
    /// Reason of an early end.
    #[serde(skip)]
    pub stopped: Option<Stopped>,
}

/// A group, side by side.
#[derive(Clone, Debug, Serialize)]
pub struct GroupCompared {
    /// The user's id.
    pub group_id: String,
    pub title: Option<String>,
    pub topics: Compared,
    pub entities: Compared,
}

pub fn gather(
    session: &Session<'_>,
    sides: &[Side; 2],
    groups: &[(GroupKey, [u8; 16])],
    mut reports: [SideReport; 2],
    prices: &Prices,
    sandbox: bool,
) -> anyhow::Result<Comparison> {
    let read = session.store.read();
    let counts = read.group_counts()?;
    let collection_groups = counts.total - counts.inactive - counts.without_text;
    let mut linker = Linker::open(read, Strictness::default(), Load::Many)?;
    let mut readers = [Reader::new(&sides[0], prices), Reader::new(&sides[1], prices)];
    let mut compared = vec![];
    for &group in groups {
        let Some(row) = read.group(group.0)? else { continue };
        let mut lists = |kind| -> anyhow::Result<Compared> {
            let a = readers[0].items(session, &mut linker, &sides[0], group, kind, sandbox)?;
            let b = readers[1].items(session, &mut linker, &sides[1], group, kind, sandbox)?;
            Ok(Compared::of(a, b))
        };
        let (topics, entities) = (lists(Kind::Topic)?, lists(Kind::Entity)?);
        compared.push(GroupCompared {
            group_id: row.group.id.to_string(),
            title: row.group.title.clone(),
            topics,
            entities,
        });
    }
    for (report, reader) in reports.iter_mut().zip(readers) {
        reader.finish(report, groups.len() as u64, collection_groups);
    }
    let mean = |pick: fn(&GroupCompared) -> &Compared| {
        let shares: Vec<f64> = compared.iter().filter_map(|group| pick(group).agreement()).collect();
        (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64)
    };
    Ok(Comparison {
        topic_agreement: mean(|group| &group.topics),
        entity_agreement: mean(|group| &group.entities),
        sides: reports,
        groups: compared,
        collection_groups,
    })
}

/// State of the request that asks about a group with the prompt of one side.
pub enum RequestProgress {
    Answered(RequestKey),
    /// Waits in a batch.
    Pending,
    /// Not asked yet.
    Open,
}

pub fn request_progress(
    session: &Session<'_>,
    side: &Side,
    group: (GroupKey, [u8; 16]),
    kind: Kind,
    sandbox: bool,
) -> anyhow::Result<RequestProgress> {
    let read = session.store.read();
    let Some(prompt) = read.prompt_by_fingerprint(&side.prompts.get(kind).fingerprint)? else {
        return Ok(RequestProgress::Open);
    };
    if let Some(key) = read.request_answered_with(group, kind, prompt.key, sandbox)? {
        return Ok(RequestProgress::Answered(key));
    }
    let is_pending = read.is_question_pending(group, kind, prompt.key, sandbox)?;
    Ok(if is_pending { RequestProgress::Pending } else { RequestProgress::Open })
}

/// Two lists, side by side.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Compared {
    /// On both sides.
    pub both: Vec<String>,
    /// Only on the first.
    pub only_a: Vec<String>,
    /// Only on the second.
    pub only_b: Vec<String>,
    /// Reason of each side that has no usable answer.
    pub missing: [Option<String>; 2],
}

/// A list of one side: what identifies an item, and how it is shown.
type Items = Result<Vec<(String, String)>, String>;

impl Compared {
    /// Puts two lists side by side.
    fn of(a: Items, b: Items) -> Compared {
        let missing = [a.as_ref().err().cloned(), b.as_ref().err().cloned()];
        let (a, b) = (a.unwrap_or_default(), b.unwrap_or_default());
        let keys =
            |items: &[(String, String)]| -> BTreeSet<String> { items.iter().map(|(key, _)| key.clone()).collect() };
        let (in_a, in_b) = (keys(&a), keys(&b));
        let pick = |items: &[(String, String)], keep: &dyn Fn(&String) -> bool| -> Vec<String> {
            let mut seen = BTreeSet::new();
            items.iter().filter(|(key, _)| keep(key) && seen.insert(key)).map(|(_, shown)| shown.clone()).collect()
        };
        Compared {
            both: pick(&a, &|key| in_b.contains(key)),
            only_a: pick(&a, &|key| !in_b.contains(key)),
            only_b: pick(&b, &|key| !in_a.contains(key)),
            missing,
        }
    }

    /// Returns the share of what both give; two empty lists agree. None without both answers.
    fn agreement(&self) -> Option<f64> {
        if self.missing.iter().any(Option::is_some) {
            return None;
        }
        let n_both = self.both.len() as f64;
        let n_all = n_both + (self.only_a.len() + self.only_b.len()) as f64;
        Some(if n_all == 0.0 { 1.0 } else { n_both / n_all })
    }
}

/// Reads the answers of one side and adds them up.
struct Reader<'a> {
    expect: [Expect; 2],
    prices: &'a Prices,
    model: String,
    n_usable: [u64; 2],
    n_unusable: u64,
    n_failed: u64,
    n_items: [u64; 2],
    n_linked: u64,
    usage: Usage,
    sync_usd: Option<f64>,
    batch_usd: Option<f64>,
}

impl<'a> Reader<'a> {
    fn new(side: &Side, prices: &'a Prices) -> Reader<'a> {
        let profile = &side.prompts.profile;
        Reader {
            expect: [expect(&side.prompts.topic, profile), expect(&side.prompts.entity, profile)],
            prices,
            model: side.prompts.model().to_string(),
            n_usable: [0; 2],
            n_unusable: 0,
            n_failed: 0,
            n_items: [0; 2],
            n_linked: 0,
            usage: Usage::default(),
            sync_usd: Some(0.0),
            batch_usd: Some(0.0),
        }
    }

    fn items(
        &mut self,
        session: &Session<'_>,
        linker: &mut Linker<'_>,
        side: &Side,
        group: (GroupKey, [u8; 16]),
        kind: Kind,
        sandbox: bool,
    ) -> anyhow::Result<Items> {
        let read = session.store.read();
        let key = match request_progress(session, side, group, kind, sandbox)? {
            RequestProgress::Answered(key) => key,
            RequestProgress::Pending => return Ok(Err("in flight".to_string())),
            RequestProgress::Open => {
                self.n_failed += 1;
                return Ok(Err("not answered".to_string()));
            }
        };
        let (request, answer) = (read.request(key)?, read.answer(key)?.unwrap_or_default());
        if let Some(usage) = answer.usage {
            self.usage.input_tokens += usage.input_tokens;
            self.usage.cached_tokens += usage.cached_tokens;
            self.usage.cache_write_tokens += usage.cache_write_tokens;
            self.usage.output_tokens += usage.output_tokens;
            self.usage.reasoning_tokens += usage.reasoning_tokens;
            let cost = |batch| self.prices.cost_of_request(&self.model, usage, batch);
            let (sync, batch) = (cost(false), cost(true));
            self.sync_usd = self.sync_usd.zip(sync).map(|(sum, usd)| sum + usd);
            self.batch_usd = self.batch_usd.zip(batch).map(|(sum, usd)| sum + usd);
        }
        if request.state != RequestState::Usable {
            *(if request.state == RequestState::Unusable { &mut self.n_unusable } else { &mut self.n_failed }) += 1;
            return Ok(Err(request.reason.unwrap_or_else(|| request.state.as_str().to_string())));
        }
        let content = match read_text(answer.text.as_deref().unwrap_or_default(), &self.expect[kind as usize]) {
            Outcome::Usable(content) => content,
            other => {
                self.n_unusable += 1;
                return Ok(Err(other.reason().map(|reason| reason.code.clone()).unwrap_or_default()));
            }
        };
        self.n_usable[kind as usize] += 1;
        self.n_items[kind as usize] += content.found.len() as u64;
        Ok(Ok(match content.found {
            Found::Topics(topics) => topics.into_iter().map(|topic| (topic.topic, topic.label)).collect(),
            Found::Mentions(mentions) => {
                let linked = linker.link_all(&side.prompts.profile, mentions)?;
                self.n_linked += linked.iter().filter(|l| l.outcome == LinkOutcome::Linked).count() as u64;
                linked
                    .into_iter()
                    .map(|linked| match linked.entity {
                        // Two ways of writing one entity are the same finding.
                        Some(entity) => (format!("={}", entity.0), linked.mention.text),
                        None => (linked.mention.text.to_lowercase(), linked.mention.text),
                    })
                    .collect()
            }
        }))
    }

    fn finish(self, report: &mut SideReport, n_groups: u64, collection_groups: u64) {
        let per = |n: u64, of: u64| if of == 0 { 0.0 } else { n as f64 / of as f64 };
        report.usable = self.n_usable.iter().sum();
        report.unusable = self.n_unusable;
        report.failed = self.n_failed;
        report.topics_per_group = per(self.n_items[0], self.n_usable[0]);
        report.entities_per_group = per(self.n_items[1], self.n_usable[1]);
        report.linked_share = (self.n_items[1] > 0).then(|| per(self.n_linked, self.n_items[1]));
        report.usage = self.usage;
        report.cost_usd = self.sync_usd;
        let scale = per(collection_groups, n_groups);
        report.projected_sync_usd = self.sync_usd.map(|usd| usd * scale);
        report.projected_batch_usd = self.batch_usd.map(|usd| usd * scale);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(names: &[&str]) -> Items {
        Ok(names.iter().map(|name| (name.to_lowercase(), name.to_string())).collect())
    }

    #[test]
    fn lists_are_put_side_by_side() {
        let compared = Compared::of(items(&["NASA", "Budget", "nasa"]), items(&["Nasa", "Moon"]));
        assert_eq!(compared.both, ["NASA"]);
        assert_eq!(
            (compared.only_a.as_slice(), compared.only_b.as_slice()),
            (&["Budget".to_string()][..], &["Moon".to_string()][..])
        );
        assert_eq!(compared.agreement(), Some(1.0 / 3.0));
        assert_eq!(Compared::of(items(&[]), items(&[])).agreement(), Some(1.0));
        assert_eq!(Compared::of(items(&["a"]), items(&[])).agreement(), Some(0.0));
        let one_sided = Compared::of(items(&["a"]), Err("refusal".into()));
        assert_eq!((one_sided.agreement(), one_sided.missing), (None, [None, Some("refusal".into())]));
    }
}
