//! Which groups are asked about next.

mod judge;
mod texts;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;

use anyhow::Context as _;
use rusqlite::params;
use sha2::{Digest as _, Sha256};

use self::judge::{AnswerMatch, Eligibility};
use self::texts::Texts;
use super::Read;
use super::attributes::Conditions;
use crate::model::{GroupId, GroupKey, Kind, OriginKey, PromptKey};

/// Which groups are meant.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// At most this many groups.
    pub limit: Option<u64>,
    /// Only these.
    pub ids: Option<Vec<GroupId>>,
    /// Only groups from this time on.
    pub since: Option<String>,
    /// Only groups before this time.
    pub before: Option<String>,
    /// Only groups with a story whose attributes are so.
    pub attributes: Option<Conditions>,
    /// So many groups drawn at random with a seed. They are drawn from all that have text, answered or not, so that the
    /// same seed means the same groups tomorrow.
    pub sample: Option<(u64, u64)>,
    /// Requests to send again.
    pub resend: Resend,
    /// Ask about every group, also where another one has the same text.
    pub no_dedupe: bool,
}

/// Requests to send again beside those never billed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Resend {
    /// Refused by the endpoint, or paid but unusable, up to this many attempts.
    pub failed_up_to: Option<u32>,
    /// Usable, but something of the fingerprint beside the model has changed.
    pub stale: bool,
    /// Usable, but answered by another model.
    pub other_model: bool,
    /// Refused because this very model was not there.
    pub model_gone: bool,
    /// Origin at which they would be asked, if that is known: a model that is not there may be elsewhere.
    pub origin: Option<OriginKey>,
}

/// The prompts that would be sent today.
#[derive(Clone, Debug, Default)]
pub struct CurrentPrompts {
    /// For topics.
    pub topic: CurrentPrompt,
    /// For entities.
    pub entity: CurrentPrompt,
}

/// A prompt that would be sent today.
#[derive(Clone, Debug, Default)]
pub struct CurrentPrompt {
    /// Its row; `None` where it was never sent before.
    pub key: Option<PromptKey>,
    /// Rows of prompts that ask the same of other models: their answers are as good as ever.
    pub of_other_models: Vec<PromptKey>,
    /// The model it asks.
    pub model: String,
    /// The path it is sent to.
    pub endpoint: &'static str,
}

impl CurrentPrompts {
    /// Returns the prompt for a kind.
    pub fn of(&self, kind: Kind) -> &CurrentPrompt {
        match kind {
            Kind::Topic => &self.topic,
            Kind::Entity => &self.entity,
        }
    }

    /// Returns the rows of all prompts whose answers are not stale.
    pub fn all(&self) -> Vec<PromptKey> {
        Kind::ALL
            .into_iter()
            .flat_map(|kind| self.of(kind).key.into_iter().chain(self.of(kind).of_other_models.iter().copied()))
            .collect()
    }
}

/// A group to ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub group: GroupKey,
    /// The attempt this would be for its topics; `None`: not asked.
    pub topic: Option<NonZeroU32>,
    /// The attempt this would be for its entities; `None`: not asked.
    pub entity: Option<NonZeroU32>,
}

impl Candidate {
    /// Makes one of a group that both questions are asked about for the first time.
    pub fn first(group: GroupKey) -> Self {
        let first = Some(NonZeroU32::MIN);
        Self { group, topic: first, entity: first }
    }

    /// Returns what is asked, with the number of the attempt.
    pub fn kinds(&self) -> impl Iterator<Item = (Kind, u32)> {
        [(Kind::Topic, self.topic), (Kind::Entity, self.entity)]
            .into_iter()
            .filter_map(|(kind, n)| Some((kind, n?.get())))
    }
}

/// Groups that were selected, and why the rest was not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selected {
    /// In the order they are sent.
    pub candidates: Vec<Candidate>,
    /// Groups that are not sent, since another one with the same text is, or is in flight; they share its answers.
    pub n_copies: u64,
    /// Ids that were asked for and are not in the database.
    pub unknown_ids: Vec<GroupId>,
    /// Requests that are answered.
    pub n_answered: u64,
    /// Of these, stale ones that `--stale` would send again.
    pub n_stale: u64,
    /// Of these, answers of another model that `--stale` with a typed `--model` would ask again.
    pub n_other_model: u64,
    /// Requests now sent that another model has answered.
    pub n_asked_of_another: u64,
    /// Requests that are sent only with another model: this one was not there.
    pub n_model_gone: u64,
    /// Requests in flight or waiting in a part.
    pub n_pending: u64,
    /// Requests that `--retry-failed` would send again.
    pub n_held_back: u64,
    /// Requests that have had all their attempts.
    pub n_exhausted: u64,
    /// Cost so far of the unusable answers of the requests now sent again, or held back, have cost so far.
    pub unusable_cost_usd: f64,
}

impl Selected {
    /// Returns whether no group at all was meant, sent or not.
    pub fn is_of_none(&self) -> bool {
        let n_others = [self.n_answered, self.n_model_gone, self.n_pending, self.n_held_back, self.n_exhausted];
        self.candidates.is_empty() && self.n_copies == 0 && n_others == [0; 5]
    }
}

/// Groups from which on a selection is large: one pass over the ledger costs less than a look for each.
const LARGE: u64 = 1_000;

impl Read<'_> {
    /// Returns the groups that can be asked about, in the order they are sent, asked before or not.
    pub fn active_groups(self, selection: &Selection) -> anyhow::Result<Vec<GroupKey>> {
        let mut unknown = vec![];
        let wanted = selection.ids.as_ref().map(|ids| self.keys_of(ids, &mut unknown)).transpose()?;
        Ok(self.meant(selection, wanted.as_ref())?.into_iter().map(|(key, _)| key).collect())
    }

    /// Selects groups to ask about, newest first (created_at, else latest published_at, else load order).
    pub fn select(self, selection: &Selection, prompts: &CurrentPrompts, sandbox: bool) -> anyhow::Result<Selected> {
        let mut selected = Selected::default();
        let wanted = match &selection.ids {
            Some(ids) => Some(self.keys_of(ids, &mut selected.unknown_ids)?),
            None => None,
        };
        let groups = self.meant(selection, wanted.as_ref())?;
        // Most groups of a large selection were never asked about, and need no look into the ledger each.
        let is_large = groups.len() as u64 >= LARGE && selection.limit.is_none_or(|limit| limit >= LARGE);
        let asked = is_large.then(|| self.asked_groups(sandbox)).transpose()?;
        let texts = if selection.no_dedupe { Texts::default() } else { Texts::read(self, sandbox)? };
        let mut judging = Judging {
            read: self,
            resend: selection.resend,
            no_dedupe: selection.no_dedupe,
            prompts,
            sandbox,
            asked,
            texts,
            known: HashMap::new(),
            repeated: repeated(&groups),
            sent: HashSet::new(),
            others: HashSet::new(),
            copies: HashSet::new(),
        };
        for &(group, text_hash) in &groups {
            if selection.limit.is_some_and(|limit| selected.candidates.len() as u64 >= limit) {
                break;
            }
            let topic = judging.judge_into(&mut selected, group, Kind::Topic, text_hash)?;
            let entity = judging.judge_into(&mut selected, group, Kind::Entity, text_hash)?;
            if topic.is_some() || entity.is_some() {
                selected.candidates.push(Candidate { group, topic, entity });
            }
        }
        selected.n_copies = judging.n_copies(&groups, &selected.candidates);
        Ok(selected)
    }

    /// Returns the groups that anything was ever asked about in one world, in order.
    fn asked_groups(self, sandbox: bool) -> anyhow::Result<Vec<GroupKey>> {
        let mut statement = self.0.prepare_cached(
            "SELECT DISTINCT story_group_id FROM requests
             WHERE sandbox = ?1 AND is_comparison = 0 AND state <> 'withdrawn' ORDER BY story_group_id",
        )?;
        Ok(statement.query_map([sandbox], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    fn meant(
        self,
        selection: &Selection,
        wanted: Option<&HashSet<GroupKey>>,
    ) -> anyhow::Result<Vec<(GroupKey, [u8; 16])>> {
        let mut statement = self.0.prepare_cached(
            "SELECT id, external_id, text_hash FROM story_groups
             WHERE status = 'active' AND text_hash IS NOT NULL
               AND (?1 IS NULL OR sort_at >= ?1) AND (?2 IS NULL OR sort_at < ?2)
               AND (?3 IS NULL OR EXISTS (SELECT 1 FROM stories s WHERE s.story_group_id = story_groups.id AND attributes_fit(s.attributes, ?3)))
             ORDER BY sort_at DESC, id",
        )?;
        let mut rows = statement.query(params![selection.since, selection.before, selection.attributes])?;
        let mut groups: Vec<(GroupKey, [u8; 16])> = vec![];
        let mut draws = vec![];
        while let Some(row) = rows.next()? {
            let key: GroupKey = row.get(0)?;
            if wanted.is_some_and(|wanted| !wanted.contains(&key)) {
                continue;
            }
            if let Some((_, seed)) = selection.sample {
                draws.push((draw(seed, row.get_ref(1)?.as_bytes()?), groups.len()));
            }
            groups.push((key, row.get(2)?));
        }
        if let Some((n, _)) = selection.sample {
            draws.sort_unstable();
            // Groups with the same text are one question.
            let mut texts = HashSet::new();
            let places = draws.into_iter().map(|(_, place)| place);
            let mut places: Vec<usize> = places
                .filter(|&place: &usize| selection.no_dedupe || texts.insert(groups[place].1))
                .take(usize::try_from(n).unwrap_or(usize::MAX))
                .collect();
            places.sort_unstable();
            groups = places.into_iter().map(|place| groups[place]).collect();
        }
        Ok(groups)
    }

    fn keys_of(self, ids: &[GroupId], unknown: &mut Vec<GroupId>) -> anyhow::Result<HashSet<GroupKey>> {
        let mut keys = HashSet::new();
        for id in ids {
            match self.group_key(id)? {
                Some(key) => {
                    keys.insert(key);
                }
                None => unknown.push(id.clone()),
            }
        }
        Ok(keys)
    }
}

/// The judging of all groups that are meant, one after the other.
struct Judging<'a> {
    read: Read<'a>,
    resend: Resend,
    no_dedupe: bool,
    prompts: &'a CurrentPrompts,
    sandbox: bool,
    /// Groups that anything was ever asked about, in order; `None`: each is looked up.
    asked: Option<Vec<GroupKey>>,
    texts: Texts,
    /// Eligibility of a text that was asked about, where groups with it have the same history.
    known: HashMap<([u8; 16], Kind), Eligibility>,
    /// Texts that several of the groups have.
    repeated: HashSet<[u8; 16]>,
    /// Questions about these texts that are sent.
    sent: HashSet<([u8; 16], Kind)>,
    /// Questions about these texts that were asked in vain.
    others: HashSet<([u8; 16], Kind)>,
    /// Groups that wait for what is asked about another one.
    copies: HashSet<GroupKey>,
}

impl Judging<'_> {
    /// Counts what becomes of one request, and returns which attempt it would be if it is sent.
    fn judge_into(
        &mut self,
        selected: &mut Selected,
        group: GroupKey,
        kind: Kind,
        text_hash: [u8; 16],
    ) -> anyhow::Result<Option<NonZeroU32>> {
        let own = match self.asked.as_ref().is_some_and(|asked| asked.binary_search(&group).is_err()) {
            true => vec![],
            false => self.read.requests_for(group, kind, self.sandbox).context("cannot read the ledger")?,
        };
        let is_asked_itself = own.iter().any(|request| request.state.is_pending());
        let history = self.texts.history(group, kind, text_hash, own);
        let text = (text_hash, kind);
        let is_common = matches!(history, Cow::Borrowed(_)) && !self.no_dedupe;
        let eligibility = match self.known.get(&text) {
            Some(eligibility) if is_common => *eligibility,
            _ => self
                .read
                .judge(&history, text_hash, self.resend, self.prompts.of(kind))
                .context("cannot read the ledger")?,
        };
        // Most texts have no history, and are judged faster than they are looked up.
        if is_common && !history.is_empty() {
            self.known.insert(text, eligibility);
        }
        if let Eligibility::AnswerMatch(how) = eligibility {
            selected.n_answered += 1;
            selected.n_stale += u64::from(matches!(how, AnswerMatch::Stale));
            selected.n_other_model += u64::from(matches!(how, AnswerMatch::OtherModel));
            return Ok(None);
        }
        // A question that is sent, waits or failed is one request, however many groups have its text.
        let is_copy = match eligibility {
            Eligibility::Pending => !is_asked_itself,
            _ if !self.repeated.contains(&text_hash) => false,
            Eligibility::Send { .. } => !self.sent.insert(text),
            _ => !self.others.insert(text),
        };
        if is_copy && !self.no_dedupe {
            self.copies.insert(group);
            return Ok(None);
        }
        match eligibility {
            Eligibility::Send { attempt, another_answered } => {
                selected.n_asked_of_another += u64::from(another_answered);
                if attempt > 1 {
                    selected.unusable_cost_usd += self.read.cost_of_unusable(&history)?;
                }
                return Ok(NonZeroU32::new(attempt));
            }
            Eligibility::AnswerMatch(_) => {}
            Eligibility::ModelGone => selected.n_model_gone += 1,
            Eligibility::Pending => selected.n_pending += 1,
            Eligibility::HeldBack => {
                selected.n_held_back += 1;
                selected.unusable_cost_usd += self.read.cost_of_unusable(&history)?;
            }
            Eligibility::Exhausted => selected.n_exhausted += 1,
        }
        Ok(None)
    }

    /// Returns how many of the groups wait for another one's answers, those counted in that come after a limit.
    fn n_copies(self, groups: &[(GroupKey, [u8; 16])], candidates: &[Candidate]) -> u64 {
        let Self { no_dedupe, mut copies, known, sent: questions, others, .. } = self;
        drop((known, questions, others));
        if !no_dedupe {
            // Lists in order take a third of what sets take.
            let mut sent: Vec<GroupKey> = candidates.iter().map(|candidate| candidate.group).collect();
            sent.sort_unstable();
            let is_sent = |group: &GroupKey| sent.binary_search(group).is_ok();
            let mut texts: Vec<&[u8; 16]> = Vec::with_capacity(sent.len());
            texts.extend(groups.iter().filter(|(group, _)| is_sent(group)).map(|(_, text)| text));
            texts.sort_unstable();
            let waits = |text: &[u8; 16]| texts.binary_search(&text).is_ok();
            copies
                .extend(groups.iter().filter(|(group, text)| waits(text) && !is_sent(group)).map(|(group, _)| *group));
        }
        copies.len() as u64
    }
}

/// Returns the texts that several groups have. Most have one of their own, and to keep these takes more memory than all else
/// of a large plan.
fn repeated(groups: &[(GroupKey, [u8; 16])]) -> HashSet<[u8; 16]> {
    let mut texts: Vec<&[u8; 16]> = groups.iter().map(|(_, text)| text).collect();
    texts.sort_unstable();
    let several = texts.chunk_by(|a, b| a == b).filter(|same| same.len() > 1);
    several.map(|same| *same[0]).collect()
}

/// Returns a number that depends on nothing but the seed and the id: the lowest ones are the sample.
pub(super) fn draw(seed: u64, id: &[u8]) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    hash.update(id);
    let mut draw = [0; 16];
    draw.copy_from_slice(&hash.finalize()[..16]);
    draw
}
