//! Requests about a text, through whichever group that has, or had, it.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::model::{GroupKey, Kind};
use crate::store::{Read, RequestRow};

/// Requests that speak of more than the group they were made for: read once, in one pass over the ledger.
#[derive(Debug, Default)]
pub(super) struct Texts {
    /// By the text, the last asked first.
    asked: HashMap<([u8; 16], Kind), Vec<RequestRow>>,
    /// The requests whose answers groups share now, whatever their text is by now.
    shared: HashMap<(GroupKey, Kind), RequestRow>,
}

impl Texts {
    /// Reads what counts in one world.
    pub(super) fn read(read: Read<'_>, sandbox: bool) -> anyhow::Result<Texts> {
        let mut texts = Texts::default();
        read.each_request_for_copies(sandbox, |request| {
            texts.asked.entry((request.text_hash, request.kind)).or_default().push(request);
        })?;
        read.each_shared_request(sandbox, |group, request| {
            texts.shared.insert((group, request.kind), request);
        })?;
        Ok(texts)
    }

    /// Returns all that is known of a group's question, the last asked first: its own requests, those about its text, and
    /// the one whose answer it shares. Borrowed where groups with the same text have the same history.
    pub(super) fn history(
        &self,
        group: GroupKey,
        kind: Kind,
        text_hash: [u8; 16],
        own: Vec<RequestRow>,
    ) -> Cow<'_, [RequestRow]> {
        let asked = self.asked.get(&(text_hash, kind)).map_or(&[][..], Vec::as_slice);
        let more = own.into_iter().chain(self.shared.get(&(group, kind)).cloned());
        let is_asked = |request: &RequestRow| asked.binary_search_by(|other| request.key.cmp(&other.key)).is_ok();
        let mut more: Vec<RequestRow> = more.filter(|request| !is_asked(request)).collect();
        if more.is_empty() {
            return Cow::Borrowed(asked);
        }
        more.extend_from_slice(asked);
        more.sort_unstable_by_key(|request| std::cmp::Reverse(request.key));
        more.dedup_by_key(|request| request.key);
        Cow::Owned(more)
    }
}
