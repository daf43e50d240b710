//! Names of which a mention abbreviates the words, one after the other, as titles of journals are cited: *Int J Mill Eng* for
//! *International Journal of Mill Engineering*. The words as they are written find nothing, or other names that have them;
//! so names are looked up by the words that the mention's most telling word begins, by the initials of all words, and by
//! the first initial with the words that the last one begins, and of those found the ones that are so abbreviated go on.

use std::ops::Deref;

use anyhow::Result;

use crate::resolve::index::{Blocks, Index, KeyKind, List, NameCard, key};
use crate::resolve::matching::probe::Probe;
use crate::resolve::matching::tallies::{Scope, Tallies};
use crate::resolve::matching::widen;
use crate::resolve::names::similarity::is_contraction;
use crate::resolve::names::words::Role;

/// Names that are looked at for one mention, and of one list.
const NAMES: usize = 800;
const OF_LIST: u32 = 400;
/// Words that are in fewer names are read as they are; the index has them with no initial.
const FEW: u32 = 64;
/// Letters of a word that stands for longer ones, at least, where it is to find them.
const BEGINNING: usize = 3;
/// Longer words are abbreviations of none.
const LONGEST: usize = 12;
/// Worth of a name whose words are all abbreviated, and of one that goes on behind them.
const WHOLE: f32 = 0.9;
const GOES_ON: f32 = 0.6;
/// Single letters that stand for one word wherever titles are cited.
const LETTERS: [(&str, &str); 2] = [("j", "journal"), ("z", "zeitschrift")];

/// Rewards the names that a mention abbreviates.
pub(super) fn reward<P: Blocks>(index: &Index<P>, scope: &Scope, probe: &Probe, room: &mut Tallies) -> Result<()> {
    if !may_abbreviate(probe) {
        return Ok(());
    }
    let mut names = Vec::new();
    let mut take = |list: &List<P::Block<'_>>| {
        if list.is_kept() && list.len() <= OF_LIST && names.len() < NAMES {
            list.each(|number| {
                if scope.has(number) {
                    names.push(number);
                }
            });
        }
    };
    let initials = initials(probe);
    if (3..=9).contains(&initials.len()) {
        take(&index.list(key(KeyKind::Initialism, initials.as_bytes(), &[]))?);
    }
    let mut begun = Vec::new();
    let last = probe.core_at.last().copied();
    for &at in &probe.core_at {
        let text = probe.text(at);
        if probe.words[at].token.role != Role::Word || text.len() < BEGINNING {
            continue;
        }
        let (words, is_all) = widen::words_begun_by(index, text)?;
        let mut lists = Vec::with_capacity(words.len());
        for word in words {
            let list = index.list_of_known(index.word(word, widen::key_of_word)?)?;
            if Some(at) == last && list.len() > FEW {
                take(
                    &index
                        .list(index.word(word, |word| key(KeyKind::InitialLast, word, &initials.as_bytes()[..1]))?)?,
                );
            }
            lists.push(list);
        }
        let n_names: u32 = lists.iter().map(List::len).sum();
        if is_all && n_names <= OF_LIST && lists.iter().all(List::is_kept) {
            begun.push((n_names, lists));
        }
    }
    if let Some((_, word)) = last.and_then(|last| LETTERS.iter().find(|(letter, _)| *letter == probe.text(last))) {
        take(&index.list(key(KeyKind::InitialLast, word.as_bytes(), &initials.as_bytes()[..1]))?);
    }
    if let Some((_, lists)) = begun.into_iter().min_by_key(|(n_names, _)| *n_names) {
        lists.iter().for_each(take);
    }
    room.spent += u32::try_from(names.len()).unwrap_or(u32::MAX);
    names.sort_unstable();
    names.dedup();
    for number in names {
        let card = index.name(number)?;
        if let Some(goes_on) = is_abbreviated(probe, &card) {
            room.reward(number, if goes_on { GOES_ON } else { WHOLE });
        }
    }
    Ok(())
}

/// Returns whether a mention has several words, of which none is long and one may begin another.
fn may_abbreviate(probe: &Probe) -> bool {
    let words = || probe.core_at.iter().map(|at| (&probe.words[*at].token, probe.text(*at)));
    let has_word = words().any(|(token, text)| token.role == Role::Word && text.len() >= 2);
    // Of *P. Ashby* the surname is whole.
    let is_person = probe.core_at.len() == 2
        && words().next().is_some_and(|(token, text)| {
            token.role == Role::Initials && !LETTERS.iter().any(|(letter, _)| *letter == text)
        });
    probe.core_at.len() > 1 && has_word && !is_person && words().all(|(_, text)| text.len() <= LONGEST)
}

/// First letters of the words; initials are letters of their own.
fn initials(probe: &Probe) -> String {
    let letters = |at: &usize| match probe.words[*at].token.role {
        Role::Initials => probe.text(*at),
        _ => &probe.text(*at)[..1],
    };
    probe.core_at.iter().map(letters).collect()
}

/// Returns whether the words of a name begin as those of the mention, each for one, at least one of them shortened; and
/// whether the name has more words behind them.
fn is_abbreviated<G: Deref<Target = [u8]>>(probe: &Probe, card: &NameCard<G>) -> Option<bool> {
    let mut names = Vec::with_capacity(8);
    card.tokens(|token| {
        if token.role.is_core() && !token.aside {
            names.push((token.text, token.class));
        }
    });
    let mut rest = names.iter();
    let mut n_short = 0;
    for &at in &probe.core_at {
        let word = &probe.words[at];
        let text = probe.text(at).as_bytes();
        let parts = if word.token.role == Role::Initials { text.chunks(1) } else { text.chunks(text.len()) };
        for part in parts {
            let (name, class) = rest.next()?;
            let is_same = part == *name || word.token.class != 0 && word.token.class == *class;
            let is_begun = name.starts_with(part) || part.len() > 1 && is_contraction(part, name);
            if !is_same && !is_begun {
                return None;
            }
            n_short += usize::from(!is_same && part.len() > 1);
        }
    }
    let is_letter = |at: &usize| LETTERS.iter().any(|(letter, _)| *letter == probe.text(*at));
    (n_short > 0 || probe.core_at.iter().any(is_letter)).then(|| rest.next().is_some())
}
