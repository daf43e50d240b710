//! What would be asked today: the active profile and the two asks made from it.

use anyhow::Context as _;

use crate::model::{AskKey, Kind};
use crate::profile::{self, Ask, AskOptions, Endpoint, Profile};
use crate::store::{CurrentAsks, Read, Store, StoredAsk, Tx};

/// The active profile and the two questions made from it.
#[derive(Clone, Debug)]
pub struct Questions {
    /// The active profile.
    pub profile: Profile,
    /// Its text, as it is kept.
    pub profile_text: String,
    /// For topics.
    pub topic: Ask,
    /// For entities.
    pub entity: Ask,
}

impl Questions {
    /// Reads the active profile (the default one where none was chosen) and makes the asks from it. An ask that was
    /// sent before keeps the rendering it was first sent with.
    pub fn of(store: &Store, options: &AskOptions) -> anyhow::Result<Self> {
        Self::of_text(store, crate::store::active_profile::active_text(store.read())?, options)
            .context("the active profile is broken")
    }

    /// Makes the asks from the text of a profile, active or not.
    pub fn of_text(store: &Store, text: String, options: &AskOptions) -> anyhow::Result<Self> {
        let read = store.read();
        let profile = Profile::parse(&text)?;
        let ask = |kind| -> anyhow::Result<Ask> {
            let fresh = profile::ask(&profile, kind, options)?;
            Ok(read.ask_by_fingerprint(&fresh.fingerprint)?.map_or(fresh, |stored| stored.ask))
        };
        Ok(Self { topic: ask(Kind::Topic)?, entity: ask(Kind::Entity)?, profile, profile_text: text })
    }

    /// Returns the ask for a kind.
    pub fn ask(&self, kind: Kind) -> &Ask {
        match kind {
            Kind::Topic => &self.topic,
            Kind::Entity => &self.entity,
        }
    }

    /// Returns the one model that is asked.
    pub fn model(&self) -> &str {
        &self.topic.model
    }

    /// Returns where the requests go.
    pub fn endpoint(&self) -> Endpoint {
        self.topic.endpoint
    }

    /// Returns the rows of the asks, where they were sent before.
    pub fn current(&self, read: Read<'_>) -> anyhow::Result<CurrentAsks> {
        let key = |ask: &Ask| -> anyhow::Result<Option<AskKey>> {
            Ok(read.ask_by_fingerprint(&ask.fingerprint)?.map(|stored| stored.key))
        };
        Ok(CurrentAsks { topic: key(&self.topic)?, entity: key(&self.entity)? })
    }

    /// Records the profile and both asks.
    pub fn keep(&self, tx: &Tx<'_>, now: &str) -> anyhow::Result<KeptAsks> {
        let profile = crate::store::active_profile::activate(tx, &self.profile_text, now)?;
        self.keep_asks(tx, profile.id, now)
    }

    /// Records the profile and both asks, and leaves the active profile as it is.
    pub fn keep_apart(&self, tx: &Tx<'_>, now: &str) -> anyhow::Result<KeptAsks> {
        self.keep_asks(tx, crate::store::active_profile::keep(tx, &self.profile_text, now)?, now)
    }

    fn keep_asks(&self, tx: &Tx<'_>, profile: i64, now: &str) -> anyhow::Result<KeptAsks> {
        Ok(KeptAsks {
            topic: tx.keep_ask(&self.topic, Some(profile), now)?,
            entity: tx.keep_ask(&self.entity, Some(profile), now)?,
        })
    }
}

/// Both asks, recorded.
#[derive(Clone, Debug)]
pub struct KeptAsks {
    /// For topics.
    pub topic: StoredAsk,
    /// For entities.
    pub entity: StoredAsk,
}

impl KeptAsks {
    /// Returns the row of the ask for a kind.
    pub fn key(&self, kind: Kind) -> AskKey {
        match kind {
            Kind::Topic => self.topic.key,
            Kind::Entity => self.entity.key,
        }
    }
}
