//! Groups with all that is known of them, as `load groups` reads them back: nothing that was loaded is lost on the way.

use std::io::Write;

use serde_json::{Value as Json, json};

use super::Export;
use crate::request;
use crate::store::{GroupRow, Read};
use crate::text::hex;

/// Writes a line a group.
pub(super) fn groups(read: Read<'_>, export: &Export, out: &mut dyn Write) -> anyhow::Result<u64> {
    let mut n = 0;
    read.each_known_group(&export.period, |known| {
        let Some(row) = read.group(known.head.key)? else { return Ok(()) };
        n += 1;
        let is_edited = read.is_text_stale(row.key)?;
        let stories: Vec<Json> = row
            .group
            .stories
            .iter()
            .map(|story| {
                let mut value = json!(story);
                if !export.with_text {
                    value["text"] = Json::Null;
                }
                value
            })
            .collect();
        let line = json!({
            "group_id": row.group.id,
            "title": row.group.title,
            "created_at": row.group.date(),
            "status": row.group.status,
            "stories": stories,
            "topics": known.topics,
            "entities": known.mentions,
            "answers": read.answers_of(row.key)?,
            "as_loaded": if export.with_text { as_loaded(&row, is_edited) } else { Json::Null },
        });
        serde_json::to_writer(&mut *out, &line)?;
        Ok(out.write_all(b"\n")?)
    })?;
    Ok(n)
}

/// Facts that the rest of the line does not tell. A text that another program has changed has no hash of its own yet.
fn as_loaded(row: &GroupRow, is_edited: bool) -> Json {
    let hash = hex(&request::text_hash(&row.group));
    let text_hash = match row.text_hash {
        Some(_) if is_edited => row.group.has_text().then(|| hash.clone()),
        None if row.group.has_text() => Some(hash.clone()),
        known => known.map(|known| hex(&known)),
    };
    json!({"created_at": row.group.created_at, "text_hash": text_hash, "hash": hash})
}
