//! The active profile: its text is kept in the database, so that an upgrade of the program changes no question.

use anyhow::Context as _;
use sha2::{Digest, Sha256};

use crate::profile::Profile;
use crate::store::{Read, StoredProfile, Tx};
use crate::text::hex;

/// Returns the text of the active profile; that of the default one where none was chosen yet.
pub fn active_text(read: Read<'_>) -> anyhow::Result<String> {
    let kept = read.active_profile()?.map(|stored| stored.text);
    kept.or_else(|| Profile::builtin(Profile::DEFAULT).map(str::to_owned)).context("the default profile is built in")
}

/// Returns the active profile, read.
pub fn active(read: Read<'_>) -> anyhow::Result<Profile> {
    Profile::parse(&active_text(read)?).context("the active profile cannot be read")
}

/// Makes a profile the active one, if there is nothing wrong with it.
pub fn activate(tx: &Tx<'_>, text: &str, now: &str) -> anyhow::Result<StoredProfile> {
    let profile = Profile::parse(text)?;
    tx.use_profile(&profile.name, text, &sha256(text), now)
}

/// Keeps a profile's text without making it the active one: what a comparison asks with. Returns its row.
pub fn keep(tx: &Tx<'_>, text: &str, now: &str) -> anyhow::Result<i64> {
    tx.keep_profile(&Profile::parse(text)?.name, text, &sha256(text), now)
}

fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn the_default_is_active_until_another_is_chosen() {
        let mut store = Store::open_in_memory("2026-01-01T00:00:00Z").unwrap();
        assert_eq!(active(store.read()).unwrap().name, "news");
        let tx = store.write().unwrap();
        assert!(tx.read().active_profile().unwrap().is_none());
        assert_eq!(activate(&tx, &active_text(tx.read()).unwrap(), "2026-01-01T00:00:00Z").unwrap().name, "news");
        let football = Profile::builtin("football").unwrap();
        let stored = activate(&tx, football, "2026-01-01T00:00:00Z").unwrap();
        assert_eq!(activate(&tx, football, "2026-01-02T00:00:00Z").unwrap(), stored, "the same text is kept once");
        assert_eq!(tx.read().active_profile().unwrap(), Some(stored));
        assert!(activate(&tx, "name = 1", "2026-01-01T00:00:00Z").is_err());
        tx.commit().unwrap();
        assert_eq!(active(store.read()).unwrap().name, "football");
        assert_eq!(store.read().profiles().unwrap().len(), 2);
    }
}
