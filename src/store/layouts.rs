//! The layout in which an origin takes requests, in the JSON of `origins.capabilities`; what else stands there stays.

use anyhow::Context as _;
use rusqlite::params;
use serde_json::{Map, Value};

use super::{Read, Tx};
use crate::model::OriginKey;
use crate::request::line::Layout;

/// The member of the JSON that holds the layout.
const MEMBER: &str = "layout";

impl Read<'_> {
    /// Returns the layout that was found to be taken at an origin; the usual one where nothing is known.
    pub fn layout_of(self, origin: OriginKey) -> anyhow::Result<Layout> {
        let mut known = self.capabilities(origin)?;
        // A layout of a later version is asked about again.
        Ok(known.remove(MEMBER).and_then(|layout| serde_json::from_value(layout).ok()).unwrap_or_default())
    }

    fn capabilities(self, origin: OriginKey) -> anyhow::Result<Map<String, Value>> {
        let text: Option<String> =
            self.0.query_row("SELECT capabilities FROM origins WHERE id = ?1", [origin], |row| row.get(0))?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }
}

impl Tx<'_> {
    /// Remembers the layout that an origin takes.
    pub fn keep_layout(&self, origin: OriginKey, layout: Layout) -> anyhow::Result<()> {
        let mut known = self.read().capabilities(origin)?;
        known.insert(MEMBER.into(), serde_json::to_value(layout).context("a layout is JSON")?);
        let text = Value::Object(known).to_string();
        self.execute("UPDATE origins SET capabilities = ?2 WHERE id = ?1", params![origin, text])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::request::line::{InstructionsIn, Layout};
    use crate::store::Store;

    #[test]
    fn a_layout_is_remembered_beside_what_else_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open_or_create(&folder.path().join("x.db"), "2026-11-02T12:00:00Z").unwrap();
        let tx = store.write().unwrap();
        let origin = tx.keep_origin("http://127.0.0.1:1/v1", "openai", false, "2026-11-02T12:00:00Z").unwrap().key;
        assert_eq!(tx.read().layout_of(origin).unwrap(), Layout::default());
        tx.execute("UPDATE origins SET capabilities = '{\"other\":1}'", []).unwrap();
        let field = Layout { instructions: InstructionsIn::Field, ..Layout::default() };
        tx.keep_layout(origin, field).unwrap();
        assert_eq!(tx.read().layout_of(origin).unwrap(), field);
        let text: String = tx.read().0.query_row("SELECT capabilities FROM origins", [], |row| row.get(0)).unwrap();
        assert_eq!(text, r#"{"other":1,"layout":{"instructions":"field","explicit_cache":true}}"#);
        tx.execute("UPDATE origins SET capabilities = '{\"layout\":{\"instructions\":\"in_the_sky\"}}'", []).unwrap();
        assert_eq!(tx.read().layout_of(origin).unwrap(), Layout::default());
    }
}
