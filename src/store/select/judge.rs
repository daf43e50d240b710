//! The table "what is sent again": what becomes of one question, from all that was ever asked for it.

use super::{CurrentPrompt, Resend};
use crate::answer::Reason;
use crate::model::OriginKey;
use crate::store::{Read, RequestRow, RequestState};

/// Eligibility of one request.
#[derive(Clone, Copy)]
pub(super) enum Eligibility {
    Send { attempt: u32, another_answered: bool },
    AnswerMatch(AnswerMatch),
    Pending,
    ModelGone,
    HeldBack,
    Exhausted,
}

/// Match of a usable answer with what would be asked today.
#[derive(Clone, Copy)]
pub(super) enum AnswerMatch {
    /// It answers just that.
    Today,
    /// It answers that, by another model.
    OtherModel,
    /// The text or the prompt has changed.
    Stale,
}

impl Read<'_> {
    /// Judges by all that is known of a question, the last asked first, not by the last try alone: an answer to what would be asked today stands, whatever
    /// came of a later experiment.
    pub(super) fn judge(
        self,
        history: &[RequestRow],
        text_hash: [u8; 16],
        resend: Resend,
        prompt: &CurrentPrompt,
    ) -> anyhow::Result<Eligibility> {
        let Some(last) = history.first() else {
            return Ok(Eligibility::Send { attempt: 1, another_answered: false });
        };
        if history.iter().any(|request| request.state.is_pending()) {
            return Ok(Eligibility::Pending);
        }
        let is_today = |request: &RequestRow| request.text_hash == text_hash && prompt.key == Some(request.prompt);
        let is_of_another =
            |request: &RequestRow| request.text_hash == text_hash && prompt.of_other_models.contains(&request.prompt);
        let answered = |fits: &dyn Fn(&RequestRow) -> bool| {
            history.iter().any(|request| request.state == RequestState::Usable && fits(request))
        };
        if answered(&is_today) {
            return Ok(Eligibility::AnswerMatch(AnswerMatch::Today));
        }
        let another_answered = answered(&is_of_another);
        if another_answered && !resend.other_model {
            return Ok(Eligibility::AnswerMatch(AnswerMatch::OtherModel));
        }
        // Where there is an answer to something else, only a try at what would be asked today says more.
        let tried = match (another_answered, answered(&|_| true)) {
            (true, _) => is_today(last),
            (false, true) => is_today(last) || is_of_another(last),
            (false, false) => true,
        };
        if !tried && !another_answered && !resend.stale {
            return Ok(Eligibility::AnswerMatch(AnswerMatch::Stale));
        }
        // Attempts count from the last usable answer on; what was never billed took none.
        let n_failed = history
            .iter()
            .take_while(|request| request.state != RequestState::Usable)
            .filter(|request| matches!(request.state, RequestState::Unusable | RequestState::Refused))
            .count() as u32;
        let eligibility = match last.state {
            _ if !tried => Eligibility::Send { attempt: 1, another_answered },
            RequestState::Unusable | RequestState::Refused => match resend.failed_up_to {
                Some(most) if n_failed < most => Eligibility::Send { attempt: n_failed + 1, another_answered },
                Some(_) => Eligibility::Exhausted,
                None => Eligibility::HeldBack,
            },
            _ => Eligibility::Send { attempt: n_failed + 1, another_answered },
        };
        if matches!(eligibility, Eligibility::Send { .. })
            && !resend.model_gone
            && self.met_no_model(history, prompt, resend.origin)?
        {
            return Ok(Eligibility::ModelGone);
        }
        Ok(eligibility)
    }

    /// Returns whether one of the requests was refused because the model that would be asked today was not there, where
    /// it would be asked.
    fn met_no_model(
        self,
        history: &[RequestRow],
        prompt: &CurrentPrompt,
        origin: Option<OriginKey>,
    ) -> anyhow::Result<bool> {
        for request in history.iter().filter(|request| request.reason.as_deref() == Some(Reason::MODEL_GONE)) {
            let (model, endpoint) = self.model_of_prompt(request.prompt)?;
            let is_here = origin.is_none() || self.origin_of_request(request.key)? == origin;
            if model == prompt.model && endpoint == prompt.endpoint && is_here {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
