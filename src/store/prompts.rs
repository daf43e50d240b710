//! Facts about the file, profiles, asks and origins.

use anyhow::Context as _;
use rusqlite::{OptionalExtension as _, params};

use super::{Read, Tx};
use crate::model::{Kind, OriginKey, PromptKey};
use crate::profile::{Endpoint, Prompt};

/// A profile as it is kept in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredProfile {
    /// Row of `profiles`.
    pub id: i64,
    /// The profile's own name.
    pub name: String,
    /// TOML text, whole.
    pub text: String,
    /// SHA-256 of the text, hexadecimal.
    pub sha256: String,
}

/// A prompt as it is kept in the database, rendered as it was first sent.
#[derive(Clone, Debug)]
pub struct StoredPrompt {
    /// Row of `prompts`.
    pub key: PromptKey,
    /// The ask itself.
    pub prompt: Prompt,
}

/// A place where answers come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Row of `origins`.
    pub key: OriginKey,
    /// Base URL, without a slash at its end.
    pub base_url: String,
    /// True where it is a sandbox: its answers count only there.
    pub is_sandbox: bool,
}

impl Read<'_> {
    /// Returns a fact about the file.
    pub fn meta(self, key: &str) -> anyhow::Result<Option<String>> {
        Ok(self.0.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional()?)
    }

    /// Returns the id under which this database is known at the provider.
    pub fn db_id(self) -> anyhow::Result<String> {
        self.meta("db_id")?.context("the database has no id of its own")
    }

    /// Returns the active profile, if one was chosen.
    pub fn active_profile(self) -> anyhow::Result<Option<StoredProfile>> {
        let row = self.0.query_row(
            "SELECT p.id, p.name, p.text, p.sha256
             FROM meta m JOIN profiles p ON p.id = CAST(m.value AS INTEGER)
             WHERE m.key = 'active_profile'",
            [],
            |row| Ok(StoredProfile { id: row.get(0)?, name: row.get(1)?, text: row.get(2)?, sha256: row.get(3)? }),
        );
        Ok(row.optional()?)
    }

    /// Returns the text of the profile a prompt was made from, if it was ever active here.
    pub fn profile_of_prompt(self, prompt: PromptKey) -> anyhow::Result<Option<String>> {
        let row = self.0.query_row(
            "SELECT p.text FROM prompts a JOIN profiles p ON p.id = a.profile_id WHERE a.id = ?1",
            [prompt],
            |row| row.get(0),
        );
        Ok(row.optional()?)
    }

    /// Returns all profiles that were ever active here, oldest first.
    pub fn profiles(self) -> anyhow::Result<Vec<StoredProfile>> {
        let mut statement = self.0.prepare_cached("SELECT id, name, text, sha256 FROM profiles ORDER BY id")?;
        let rows = statement.query_map([], |row| {
            Ok(StoredProfile { id: row.get(0)?, name: row.get(1)?, text: row.get(2)?, sha256: row.get(3)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns the prompt with this fingerprint, as it was rendered when it was first sent.
    pub fn prompt_by_fingerprint(self, fingerprint: &str) -> anyhow::Result<Option<StoredPrompt>> {
        let key: Option<PromptKey> = self
            .0
            .prepare_cached("SELECT id FROM prompts WHERE fingerprint = ?1")?
            .query_row([fingerprint], |row| row.get(0))
            .optional()?;
        key.map(|key| self.prompt(key)).transpose()
    }

    /// Returns the models that were ever asked about a kind.
    pub fn models_asked(self, kind: Kind) -> anyhow::Result<Vec<String>> {
        let mut statement =
            self.0.prepare_cached("SELECT DISTINCT model FROM prompts WHERE kind = ?1 ORDER BY model")?;
        Ok(statement.query_map([kind], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Returns the model of a prompt, and the path it is sent to.
    pub fn model_of_prompt(self, key: PromptKey) -> anyhow::Result<(String, String)> {
        let mut statement = self.0.prepare_cached("SELECT model, endpoint FROM prompts WHERE id = ?1")?;
        Ok(statement.query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// Returns a prompt.
    pub fn prompt(self, key: PromptKey) -> anyhow::Result<StoredPrompt> {
        let (kind, model, endpoint, parameters, instructions, schema_name, schema, fingerprint, limit) = self
            .0
            .prepare_cached(
                "SELECT kind, model, endpoint, parameters, instructions, schema_name, schema, fingerprint,
                        item_limit
                 FROM prompts WHERE id = ?1",
            )?
            .query_row([key], |row| {
                Ok((
                    row.get(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, String>(2)?,
                    row.get::<_, String>(3)?,
                    row.get::<_, String>(4)?,
                    row.get::<_, String>(5)?,
                    row.get::<_, String>(6)?,
                    row.get::<_, String>(7)?,
                    row.get(8)?,
                ))
            })
            .with_context(|| format!("ask {} is not in the database", key.0))?;
        let prompt = Prompt {
            kind,
            model,
            endpoint: Endpoint::parse(&endpoint).with_context(|| format!("ask {} has an unknown endpoint", key.0))?,
            parameters: serde_json::from_str(&parameters).context("an ask's parameters are not JSON")?,
            instructions,
            limit,
            schema_name,
            schema: serde_json::from_str(&schema).context("an ask's schema is not JSON")?,
            fingerprint,
        };
        Ok(StoredPrompt { key, prompt })
    }

    /// Returns all asks of a kind, the last kept first.
    pub fn prompts_of(self, kind: Kind) -> anyhow::Result<Vec<StoredPrompt>> {
        let mut statement = self.0.prepare_cached("SELECT id FROM prompts WHERE kind = ?1 ORDER BY id DESC")?;
        let keys = statement.query_map([kind], |row| row.get(0))?.collect::<Result<Vec<PromptKey>, _>>()?;
        keys.into_iter().map(|key| self.prompt(key)).collect()
    }

    /// Returns the origin with this base URL, if anything was ever asked there.
    pub fn origin_by_url(self, base_url: &str) -> anyhow::Result<Option<Origin>> {
        let row =
            self.0.query_row("SELECT id, base_url, is_sandbox FROM origins WHERE base_url = ?1", [base_url], |row| {
                Ok(Origin { key: row.get(0)?, base_url: row.get(1)?, is_sandbox: row.get(2)? })
            });
        Ok(row.optional()?)
    }

    /// Returns an origin.
    pub fn origin(self, key: OriginKey) -> anyhow::Result<Origin> {
        Ok(self.0.query_row("SELECT id, base_url, is_sandbox FROM origins WHERE id = ?1", [key], |row| {
            Ok(Origin { key: row.get(0)?, base_url: row.get(1)?, is_sandbox: row.get(2)? })
        })?)
    }

    /// Returns the enqueued-token limit learned for a model since a time.
    pub fn queue_limit(self, origin: OriginKey, model: &str, since: &str) -> anyhow::Result<Option<u64>> {
        let row = self.0.query_row(
            "SELECT max_tokens FROM queue_limits WHERE origin_id = ?1 AND model = ?2 AND learned_at >= ?3",
            params![origin, model, since],
            |row| row.get::<_, i64>(0),
        );
        Ok(row.optional()?.map(|tokens| tokens.max(0) as u64))
    }

    /// Returns what was learned of the queues of providers: base URL, model, tokens, and when.
    pub fn queue_limits(self) -> anyhow::Result<Vec<(String, String, u64, String)>> {
        let mut statement = self.0.prepare_cached(
            "SELECT o.base_url, l.model, l.max_tokens, l.learned_at FROM queue_limits l JOIN origins o ON o.id = l.origin_id
             ORDER BY o.base_url, l.model",
        )?;
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?.max(0) as u64, row.get(3)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// Sets a fact about the file.
    pub fn set_meta(&self, key: &str, value: &str) -> anyhow::Result<()> {
        self.execute(
            "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            [key, value],
        )?;
        Ok(())
    }

    /// Keeps a profile's text, whether it is active or not, and returns its row.
    pub fn keep_profile(&self, name: &str, text: &str, sha256: &str, now: &str) -> anyhow::Result<i64> {
        self.execute(
            "INSERT INTO profiles (name, text, sha256, added_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (sha256) DO NOTHING",
            [name, text, sha256, now],
        )?;
        Ok(self.query_row("SELECT id FROM profiles WHERE sha256 = ?1", [sha256], |row| row.get(0))?)
    }

    /// Keeps a profile's text and makes it the active one.
    pub fn use_profile(&self, name: &str, text: &str, sha256: &str, now: &str) -> anyhow::Result<StoredProfile> {
        self.keep_profile(name, text, sha256, now)?;
        self.execute(
            "INSERT INTO meta (key, value) SELECT 'active_profile', id FROM profiles WHERE sha256 = ?1
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            [sha256],
        )?;
        self.read().active_profile()?.context("the profile was not kept")
    }

    /// Keeps a prompt, or returns the one with the same fingerprint. A kept ask keeps its first rendering, so that an
    /// upgrade of the program changes no question.
    pub fn keep_prompt(&self, prompt: &Prompt, profile_id: Option<i64>, now: &str) -> anyhow::Result<StoredPrompt> {
        self.prepare_cached(
            "INSERT INTO prompts (fingerprint, kind, profile_id, model, endpoint, parameters, instructions, item_limit,
                               schema_name, schema, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (fingerprint) DO NOTHING",
        )?
        .execute(params![
            prompt.fingerprint,
            prompt.kind,
            profile_id,
            prompt.model,
            prompt.endpoint.path(),
            serde_json::to_string(&prompt.parameters)?,
            prompt.instructions,
            prompt.limit,
            prompt.schema_name,
            prompt.schema.to_string(),
            now
        ])?;
        self.read().prompt_by_fingerprint(&prompt.fingerprint)?.context("the prompt was not kept")
    }

    /// Keeps an origin with the dialect it was last spoken to in; once known as a sandbox it stays one.
    pub fn keep_origin(&self, base_url: &str, dialect: &str, is_sandbox: bool, now: &str) -> anyhow::Result<Origin> {
        self.execute(
            "INSERT INTO origins (base_url, dialect, is_sandbox, added_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (base_url) DO UPDATE
             SET is_sandbox = max(is_sandbox, excluded.is_sandbox), dialect = excluded.dialect",
            params![base_url, dialect, is_sandbox, now],
        )?;
        self.read().origin_by_url(base_url)?.context("the origin was not kept")
    }

    /// Remembers the enqueued-token limit of a model.
    pub fn learn_queue_limit(&self, origin: OriginKey, model: &str, tokens: u64, now: &str) -> anyhow::Result<()> {
        self.execute(
            "INSERT INTO queue_limits (origin_id, model, max_tokens, learned_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (origin_id, model) DO UPDATE SET max_tokens = excluded.max_tokens, learned_at = excluded.learned_at",
            params![origin, model, tokens as i64, now],
        )?;
        Ok(())
    }

    /// Forgets what was learned of the queue for a model; returns how many limits there were.
    pub fn forget_queue_limits(&self, model: &str) -> anyhow::Result<usize> {
        Ok(self.execute("DELETE FROM queue_limits WHERE model = ?1", [model])?)
    }
}
