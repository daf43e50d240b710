//! Repairs without loss: indexes made anew from what is whole, left-over files swept.

use std::fs;

use anyhow::Context as _;

use super::{check, left_over};
use crate::linking;
use crate::store::{Loss, Store};
use crate::text::words::count;

/// Mends what is safe to mend and returns what was done, a line each. The database must be of this program's version.
pub fn repair(store: &mut Store) -> anyhow::Result<Vec<String>> {
    let mut done = vec![];
    let (mut n_swept, folders) = (0, check::folders(store));
    for path in left_over::temporary(&folders) {
        n_swept += u64::from(fs::remove_file(path).is_ok());
    }
    if n_swept > 0 {
        done.push(format!("removed {}", count(n_swept, "left-over file")));
    }
    let damage = store.read().structural_damage(false);
    let missing = store.read().missing_objects()?;
    let is_search_bad = damage.iter().any(|damage| damage.loss == Loss::Search);
    let tx = store.write()?;
    if is_search_bad {
        tx.make_search_index()?;
        done.push("emptied the full-text index; the next `gleaner search` fills it".to_owned());
    }
    for object in missing.iter().filter(|object| object.is_derived()) {
        tx.restore_object(object).with_context(|| format!("cannot make the {} `{}`", object.kind, object.name))?;
        done.push(format!("made the {} `{}` again", object.kind, object.name));
    }
    if damage.iter().any(|damage| damage.loss == Loss::Index) {
        tx.reindex().context("cannot make the indexes again")?;
        done.push("made the indexes again".to_owned());
    }
    if tx.read().has_entities()? && !linking::is_sound(tx.read()).unwrap_or(false) {
        linking::rekey(&tx)?;
        linking::rebuild(&tx)?;
        done.push("packed the name index of the catalog again".to_owned());
    }
    if tx.read().n_wrong_counts().unwrap_or(1) > 0 {
        tx.uncount_all()?;
        done.push("forgot the counts of `progress`; the next one counts anew".to_owned());
    }
    tx.commit()?;
    Ok(done)
}
