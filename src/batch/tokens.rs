//! Tokens of a selection, for the cost with models that were never asked.

use serde::Serialize;

use crate::batch::plan::{Plan, plan_groups};
use crate::batch::prompts::Prompts;
use crate::model::{Kind, PromptKey, Usage};
use crate::request::Prices;
use crate::session::Session;
use crate::store::{Candidate, Selection};

/// Tokens of a selection.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tokens {
    /// Groups of the selection.
    pub n_groups: u64,
    /// Requests of the selection.
    pub n_requests: u64,
    /// Input tokens.
    pub input_tokens: u64,
    /// Output tokens, reasoning included.
    pub output_tokens: u64,
    /// True where both are averages of past answers to these questions, by whichever model.
    pub from_history: bool,
    /// True where all of the selection is answered, so that nothing of it would be sent.
    pub is_all_answered: bool,
}

impl Tokens {
    /// Returns the tokens, none of them cached.
    pub fn usage(&self) -> Usage {
        Usage { input_tokens: self.input_tokens, output_tokens: self.output_tokens, ..Usage::default() }
    }
}

/// Returns the tokens of what a plan would send; of the whole selection, as if it was asked again, where that is
/// nothing.
pub fn expected_tokens(
    session: &Session<'_>,
    prompts: &Prompts,
    plan: &Plan,
    selection: &Selection,
    prices: &Prices,
) -> anyhow::Result<Tokens> {
    let read = session.store.read();
    let mut groups: Vec<(Candidate, [u8; 16])> = plan.parts.iter().flat_map(|part| part.groups.clone()).collect();
    let is_all_answered = groups.is_empty();
    if is_all_answered {
        let limit = selection.limit.map_or(usize::MAX, |limit| limit as usize);
        let all = read.active_groups(selection)?.into_iter().take(limit);
        groups.extend(all.map(|group| (Candidate::first(group), [0; 16])));
    }
    let mut n_kind = [0u64; 2];
    groups.iter().flat_map(|(group, _)| group.kinds()).for_each(|(kind, _)| n_kind[kind as usize] += 1);
    let mut tokens = Tokens {
        n_groups: groups.len() as u64,
        n_requests: n_kind.iter().sum(),
        input_tokens: 0,
        output_tokens: 0,
        from_history: false,
        is_all_answered,
    };
    let current = prompts.current(read)?;
    let (mut input, mut output) = (0.0, 0.0);
    for kind in Kind::ALL.into_iter().filter(|kind| n_kind[*kind as usize] > 0) {
        let prompt = current.of(kind);
        let keys: Vec<PromptKey> = prompt.key.into_iter().chain(prompt.of_other_models.iter().copied()).collect();
        let Some((each_input, each_output)) = read.average_tokens(&keys)? else {
            let (_, estimate) = plan_groups(session, prompts, &groups, prices)?;
            (tokens.input_tokens, tokens.output_tokens) = (estimate.input_tokens, estimate.output_tokens);
            return Ok(tokens);
        };
        input += n_kind[kind as usize] as f64 * each_input;
        output += n_kind[kind as usize] as f64 * each_output;
    }
    tokens.from_history = tokens.n_requests > 0;
    (tokens.input_tokens, tokens.output_tokens) = (input as u64, output as u64);
    Ok(tokens)
}
