//! Current prompts: the active profile and the two prompts made from it.

use anyhow::Context as _;

use crate::config::Config;
use crate::model::{Kind, PromptKey};
use crate::profile::{self, Profile, Prompt, PromptOptions};
use crate::store::{CurrentPrompt, CurrentPrompts, Read, Store, StoredPrompt, Tx};

/// The active profile and the two questions made from it.
#[derive(Clone, Debug)]
pub struct Prompts {
    /// The active profile.
    pub profile: Profile,
    /// Its text, as it is kept.
    pub profile_text: String,
    /// For topics.
    pub topic: Prompt,
    /// For entities.
    pub entity: Prompt,
    /// Settings of a command that override the profile's.
    options: PromptOptions,
}

/// Returns the settings of a command without any of its own: those that are configured.
pub fn configured(config: &Config) -> anyhow::Result<PromptOptions> {
    Ok(PromptOptions {
        max_topics: config.max_topics()?,
        max_entities: config.max_entities()?,
        ..PromptOptions::default()
    })
}

impl Prompts {
    /// Reads the active profile (the default one where none was chosen) and makes the prompts from it. A prompt that
    /// was sent before keeps the rendering it was first sent with.
    pub fn of(store: &Store, options: &PromptOptions) -> anyhow::Result<Self> {
        Self::of_text(store, crate::store::active_profile::active_text(store.read())?, options)
            .context("the active profile is broken")
    }

    /// Makes the prompts from the text of a profile, active or not.
    pub fn of_text(store: &Store, text: String, options: &PromptOptions) -> anyhow::Result<Self> {
        let read = store.read();
        let profile = Profile::parse(&text)?;
        let prompt = |kind| -> anyhow::Result<Prompt> {
            let fresh = profile::make_prompt(&profile, kind, options)?;
            Ok(read.prompt_by_fingerprint(&fresh.fingerprint)?.map_or(fresh, |stored| stored.prompt))
        };
        let (topic, entity) = (prompt(Kind::Topic)?, prompt(Kind::Entity)?);
        Ok(Self { topic, entity, profile, profile_text: text, options: options.clone() })
    }

    /// Returns the prompt for a kind.
    pub fn get(&self, kind: Kind) -> &Prompt {
        match kind {
            Kind::Topic => &self.topic,
            Kind::Entity => &self.entity,
        }
    }

    /// Returns the one model that is asked.
    pub fn model(&self) -> &str {
        &self.topic.model
    }

    /// Returns the rows of the prompts and of those that differ from them in the model alone, where they were sent
    /// before.
    pub fn current(&self, read: Read<'_>) -> anyhow::Result<CurrentPrompts> {
        Ok(CurrentPrompts { topic: self.current_of(read, Kind::Topic)?, entity: self.current_of(read, Kind::Entity)? })
    }

    fn current_of(&self, read: Read<'_>, kind: Kind) -> anyhow::Result<CurrentPrompt> {
        let prompt = self.get(kind);
        let key = |fingerprint: &str| -> anyhow::Result<Option<PromptKey>> {
            Ok(read.prompt_by_fingerprint(fingerprint)?.map(|stored| stored.key))
        };
        let mut of_other_models = vec![];
        for model in read.models_asked(kind)?.into_iter().filter(|model| *model != prompt.model) {
            let options = PromptOptions { model: Some(model), ..self.options.clone() };
            // A model that this profile could not ask has asked nothing the same.
            if let Ok(other) = profile::make_prompt(&self.profile, kind, &options) {
                of_other_models.extend(key(&other.fingerprint)?);
            }
        }
        Ok(CurrentPrompt {
            key: key(&prompt.fingerprint)?,
            of_other_models,
            model: prompt.model.clone(),
            endpoint: prompt.endpoint.path(),
        })
    }

    /// Records the profile and both asks.
    pub fn keep(&self, tx: &Tx<'_>, now: &str) -> anyhow::Result<KeptPrompts> {
        let profile = crate::store::active_profile::activate(tx, &self.profile_text, now)?;
        self.keep_prompts(tx, profile.id, now)
    }

    /// Records the profile and both asks, and leaves the active profile as it is.
    pub fn keep_apart(&self, tx: &Tx<'_>, now: &str) -> anyhow::Result<KeptPrompts> {
        self.keep_prompts(tx, crate::store::active_profile::keep(tx, &self.profile_text, now)?, now)
    }

    fn keep_prompts(&self, tx: &Tx<'_>, profile: i64, now: &str) -> anyhow::Result<KeptPrompts> {
        Ok(KeptPrompts {
            topic: tx.keep_prompt(&self.topic, Some(profile), now)?,
            entity: tx.keep_prompt(&self.entity, Some(profile), now)?,
        })
    }
}

/// Both asks, recorded.
#[derive(Clone, Debug)]
pub struct KeptPrompts {
    /// For topics.
    pub topic: StoredPrompt,
    /// For entities.
    pub entity: StoredPrompt,
}

impl KeptPrompts {
    /// Returns the row of the prompt for a kind.
    pub fn key(&self, kind: Kind) -> PromptKey {
        match kind {
            Kind::Topic => self.topic.key,
            Kind::Entity => self.entity.key,
        }
    }
}
