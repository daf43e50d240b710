//! The two members that a mention names, read from its hints or its text.

use anyhow::Result;

use super::{Side, TypeMembers, side};
use crate::model::{Attributes, EntityKey};
use crate::profile::Pair;
use crate::resolve::PairMention;

/// The two that a mention names.
pub(super) struct Two {
    pub(super) home: Vec<Side>,
    pub(super) away: Vec<Side>,
    /// Names as they are written, home first.
    pub(super) written: [String; 2],
    /// True where it was said who is at home.
    pub(super) is_ordered: bool,
    /// Words that are no part of their names.
    pub(super) rest: Vec<String>,
}

/// A name of the catalog among the words of a mention.
#[derive(Default)]
struct NamedMember {
    sides: Vec<Side>,
    name: String,
    rest: Vec<String>,
}

impl TypeMembers {
    /// Reads the two from the hints.
    pub(super) fn by_hints(
        &self,
        pair: &Pair,
        hints: &Attributes,
        ask: &mut dyn FnMut(&str) -> Result<Option<EntityKey>>,
    ) -> Result<Option<Two>> {
        let (Some(home), Some(away)) = (hints.get(&pair.home), hints.get(&pair.away)) else { return Ok(None) };
        let mut sides = vec![];
        for name in [home, away] {
            sides.push(match self.named(name) {
                Some(named) => named,
                None => ask(name)?.iter().map(side).collect(),
            });
        }
        let (Some(b), Some(a)) = (sides.pop(), sides.pop()) else { return Ok(None) };
        let two = Two { home: a, away: b, written: [home.clone(), away.clone()], is_ordered: true, rest: vec![] };
        Ok((!two.home.is_empty() && !two.away.is_empty()).then_some(two))
    }

    /// Reads the two from the text: of the ways it falls into two names of the catalog, the one that leaves least over.
    pub(super) fn by_text(
        &self,
        text: Option<&PairMention>,
        ask: &mut dyn FnMut(&str) -> Result<Option<EntityKey>>,
    ) -> Result<Result<Two, Vec<String>>> {
        let Some(text) = text else { return Ok(Err(vec!["the mention does not name two".to_owned()])) };
        let mut best: Option<Two> = None;
        for split in &text.splits {
            let [first, second] = &split.members;
            if let (Some(first), Some(second)) = (self.name_at_end(first), self.name_at_start(second)) {
                let two = two(first, second, split.is_at);
                if best.as_ref().is_none_or(|best| two.rest.len() < best.rest.len()) {
                    best = Some(two);
                }
            }
        }
        if let Some(best) = best {
            return Ok(Ok(best));
        }
        let mut remarks = vec![];
        for (at, split) in text.splits.iter().enumerate() {
            let [first, second] = &split.members;
            let known = [self.name_at_end(first), self.name_at_start(second)];
            if at > 0 && known.iter().all(Option::is_none) {
                continue;
            }
            let mut found = vec![];
            for (known, words) in known.into_iter().zip([first, second]) {
                let name = without_article(words).join(" ");
                found.push(match known {
                    Some(known) => Some(known),
                    None => ask(&name)?.map(|entity| NamedMember { sides: vec![side(&entity)], name, rest: vec![] }),
                });
            }
            for (found, words) in found.iter().zip([first, second]) {
                if found.is_none() && remarks.len() < 2 {
                    remarks
                        .push(format!("`{}` names no member that the catalog knows", without_article(words).join(" ")));
                }
            }
            if let [Some(first), Some(second)] = &mut found[..] {
                return Ok(Ok(two(std::mem::take(first), std::mem::take(second), split.is_at)));
            }
        }
        Ok(Err(remarks))
    }

    fn name_at_end(&self, words: &[String]) -> Option<NamedMember> {
        (0..words.len()).find_map(|from| self.run(&words[from..], &words[..from]))
    }

    fn name_at_start(&self, words: &[String]) -> Option<NamedMember> {
        let words = without_article(words);
        (1..=words.len()).rev().find_map(|until| self.run(&words[..until], &words[until..]))
    }

    fn run(&self, words: &[String], rest: &[String]) -> Option<NamedMember> {
        let name = words.join(" ");
        let rest = rest.iter().filter(|word| !is_article(word)).cloned().collect();
        self.named(&name).map(|sides| NamedMember { sides, name, rest })
    }
}

/// `A at B` means that B is at home; where nothing is said, the first may be either.
fn two(first: NamedMember, second: NamedMember, is_at: bool) -> Two {
    let rest = [first.rest, second.rest].concat();
    Two { home: second.sides, away: first.sides, written: [second.name, first.name], is_ordered: is_at, rest }
}

fn is_article(word: &str) -> bool {
    ["the", "a", "an"].iter().any(|article| word.eq_ignore_ascii_case(article))
}

fn without_article(words: &[String]) -> &[String] {
    match words {
        [article, rest @ ..] if is_article(article) && !rest.is_empty() => rest,
        _ => words,
    }
}
