//! Findings of an audit: the precision that its verdicts show.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::report::precision::{Precision, estimate};
use crate::store::AuditItem;

/// Precision by a sample.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Findings {
    /// Of everything; `None`: nothing was judged yet.
    pub overall: Option<Precision>,
    /// By type of the mention.
    pub by_type: BTreeMap<String, Precision>,
    /// By method of the link.
    pub by_method: BTreeMap<String, Precision>,
    /// Items nobody could tell; they count for nothing.
    pub unsure: u64,
    /// Items not judged yet.
    pub open: u64,
}

/// Returns what the verdicts of a sample say.
pub fn findings(items: &[AuditItem]) -> Findings {
    let mut groups: [BTreeMap<String, Vec<(f64, bool)>>; 2] = Default::default();
    let mut all = vec![];
    for item in items {
        let judged = match item.verdict.as_deref() {
            Some("right") => (item.weight, true),
            Some("wrong") => (item.weight, false),
            _ => continue,
        };
        all.push(judged);
        groups[0].entry(item.item_type.clone()).or_default().push(judged);
        groups[1].entry(item.method.clone()).or_default().push(judged);
    }
    let [by_type, by_method] =
        groups.map(|group| group.into_iter().filter_map(|(name, items)| Some((name, estimate(&items)?))).collect());
    let n = |verdict: Option<&str>| items.iter().filter(|item| item.verdict.as_deref() == verdict).count() as u64;
    Findings { overall: estimate(&all), by_type, by_method, unsure: n(Some("unsure")), open: n(None) }
}
