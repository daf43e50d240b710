//! Knowledge out of answers: topics and linked mentions, written for the answer that counts.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use anyhow::Context as _;

use crate::answer::locate::Stories;
use crate::answer::{Expect, Found, TypeWords};
use crate::linking::{self, Linker, Load};
use crate::model::{GroupKey, Kind, LinkOutcome, PromptKey, RequestKey};
use crate::profile::{Profile, Prompt};
use crate::resolve::Strictness;
use crate::store::active_profile::active_text;
use crate::store::{LinkedMention, Provenance, Read, RequestRow, Tx};

/// Counts of what one answer taught.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Learned {
    /// Topics written.
    pub topics: u64,
    /// Mentions written.
    pub mentions: u64,
    /// Of these, linked.
    pub linked: u64,
    /// Of these, ambiguous.
    pub ambiguous: u64,
    /// A later request had already been answered: nothing was written.
    pub superseded: bool,
}

/// Reading rules of the answers to one prompt.
pub(super) struct AnswerRules {
    pub(super) expect: Expect,
    /// Which of the profiles it was asked with.
    pub(super) profile: usize,
}

/// Reading rules of answers, by what was asked.
#[derive(Default)]
pub(super) struct RulesByPrompt {
    prompts: HashMap<PromptKey, AnswerRules>,
    /// Profiles by their text.
    profiles: Vec<(String, Profile)>,
}

impl RulesByPrompt {
    /// Returns how answers to a prompt are read, looking it up where it is the first.
    pub(super) fn learn(&mut self, read: Read<'_>, prompt: PromptKey) -> anyhow::Result<&AnswerRules> {
        if !self.prompts.contains_key(&prompt) {
            let text = match read.profile_of_prompt(prompt)? {
                Some(text) => text,
                None => active_text(read)?,
            };
            let profile = match self.profiles.iter().position(|(known, _)| *known == text) {
                Some(profile) => profile,
                None => {
                    let profile = Profile::parse(&text).context("a profile of this database is broken")?;
                    self.profiles.push((text, profile));
                    self.profiles.len() - 1
                }
            };
            let expect = expect(&read.prompt(prompt)?.prompt, &self.profiles[profile].1);
            self.prompts.insert(prompt, AnswerRules { expect, profile });
        }
        Ok(&self.prompts[&prompt])
    }

    /// Returns how answers to a prompt are read that was looked up.
    pub(super) fn of(&self, prompt: PromptKey) -> &AnswerRules {
        &self.prompts[&prompt]
    }

    /// Returns a profile by its place.
    pub(super) fn profile(&self, profile: usize) -> &Profile {
        &self.profiles[profile].1
    }
}

/// Writes answers into the knowledge tables, one after the other: for few of them, or where each stands by itself.
pub struct KnowledgeWriter<'t, 'c> {
    tx: &'t Tx<'c>,
    rules: RulesByPrompt,
    /// Opened with the first mention, one for each profile and the whole transaction.
    linkers: HashMap<usize, Linker<'t>>,
    load: Load,
}

impl<'t, 'c> KnowledgeWriter<'t, 'c> {
    /// Makes a writer for one transaction with many answers.
    pub fn new(tx: &'t Tx<'c>) -> Self {
        Self { tx, rules: RulesByPrompt::default(), linkers: HashMap::new(), load: Load::Many }
    }

    /// Makes a writer for one of many transactions with few answers each.
    pub fn for_few(tx: &'t Tx<'c>) -> Self {
        Self { load: Load::One, ..Self::new(tx) }
    }

    /// Returns how an answer to a prompt is read.
    pub fn expect(&mut self, prompt: PromptKey) -> anyhow::Result<Expect> {
        Ok(self.rules.learn(self.tx.read(), prompt)?.expect.clone())
    }

    /// Writes what an answer to a request taught, unless the answer to a later request stands already. An answer of a
    /// sandbox never replaces a real one, and a real one always replaces a sandbox's.
    pub fn write(
        &mut self,
        request: &RequestRow,
        found: Found,
        extracted_at: Option<String>,
    ) -> anyhow::Result<Learned> {
        let mut learned = Learned::default();
        if request.is_comparison {
            return Ok(learned);
        }
        if let Some(current) = self.tx.read().current_answer(request.group, request.kind)?
            && !counts((request.key, request.sandbox), (current.request, current.sandbox))
        {
            learned.superseded = true;
            return Ok(learned);
        }
        self.put(request.group, request, found, extracted_at)
    }

    /// Writes what an answer to a request taught about a group that has the text which was asked about.
    pub(super) fn put(
        &mut self,
        group: GroupKey,
        request: &RequestRow,
        found: Found,
        extracted_at: Option<String>,
    ) -> anyhow::Result<Learned> {
        let mut learned = Learned::default();
        let source =
            Provenance { group, request: request.key, prompt: request.prompt, batch: request.batch, extracted_at };
        match found {
            Found::Topics(topics) => {
                self.tx.replace_topics(&source, &topics)?;
                learned.topics = topics.len() as u64;
            }
            Found::Mentions(mentions) => {
                let profile = self.rules.learn(self.tx.read(), request.prompt)?.profile;
                let linker = match self.linkers.entry(profile) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(none) => {
                        linking::refresh(self.tx)?;
                        none.insert(Linker::open(self.tx.read(), Strictness::default(), self.load)?)
                    }
                };
                let mut linked = linker.link_all(self.rules.profile(profile), mentions)?;
                if self.tx.read().has_text_of(group, request.key)? {
                    ground(self.tx.read(), group, &mut linked)?;
                }
                self.tx.replace_mentions(&source, &linked)?;
                learned.mentions = linked.len() as u64;
                learned.linked = linked.iter().filter(|l| l.outcome == LinkOutcome::Linked).count() as u64;
                learned.ambiguous = linked.iter().filter(|l| l.outcome == LinkOutcome::Ambiguous).count() as u64;
            }
        }
        Ok(learned)
    }
}

/// Notes where mentions stand in the stories of a group, which must have the text that was asked about.
pub(super) fn ground(read: Read<'_>, group: GroupKey, mentions: &mut [LinkedMention]) -> anyhow::Result<()> {
    if mentions.is_empty() {
        return Ok(());
    }
    let Some(group) = read.texts_of_group(group)? else { return Ok(()) };
    let stories = Stories::new(&group);
    let all: Vec<&str> = mentions.iter().map(|linked| linked.mention.text.as_str()).collect();
    let grounded: Vec<_> = all.iter().map(|mention| stories.locate(mention, &all)).collect();
    for (linked, grounded) in mentions.iter_mut().zip(grounded) {
        linked.grounded = Some(grounded);
    }
    Ok(())
}

/// Returns whether an answer counts where another one counts so far, each by its request and whether a sandbox gave it:
/// what was asked last, but never a rehearsal before a real answer.
pub(super) fn counts(new: (RequestKey, bool), current: (RequestKey, bool)) -> bool {
    match (new.1, current.1) {
        (true, false) => false,
        (false, true) => true,
        _ => new.0 >= current.0,
    }
}

/// Returns how answers to a prompt are read under its profile.
pub(crate) fn expect(prompt: &Prompt, profile: &Profile) -> Expect {
    match prompt.kind {
        Kind::Topic => Expect::topics(prompt.limit as usize),
        Kind::Entity => Expect::entities(
            prompt.limit as usize,
            profile
                .types
                .iter()
                .map(|known| TypeWords { name: known.name.clone(), also: profile.catalog_types_for(&known.name) })
                .collect(),
            profile.hints().into_iter().map(str::to_owned).collect(),
        ),
    }
}
