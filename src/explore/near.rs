//! Near copies, made known: stories read that have no signature yet, and all signatures clustered.

use crate::interrupt;
use crate::store::Store;
use crate::text::minhash::{PLACES, Signature, resemblance, signature};

/// Stories read in one transaction; what was read before an interruption stays.
const STORIES_PER_COMMIT: usize = 50_000;

/// Stories with this share of their shingles in common are near copies: a paragraph more or less, another lead.
const NEAR: f64 = 0.6;

/// Places of a signature that make a band. Two stories are compared if all places of a band agree: of pairs at the limit
/// 98 in 100 are.
const BAND: usize = 4;
/// Stories of a band that a story is compared with: one of each cluster.
const COMPARED_MAX: usize = 16;

/// Makes near copies known of all stories; `on_begin` is given the number of stories to read, `on_story` counts them.
pub fn refresh(store: &mut Store, mut on_begin: impl FnMut(u64), mut on_story: impl FnMut()) -> anyhow::Result<()> {
    if store.read().has_near_copies()? {
        return Ok(());
    }
    let stories = store.read().unsigned_stories(u64::MAX)?;
    on_begin(stories.len() as u64);
    for stories in stories.chunks(STORIES_PER_COMMIT) {
        let tx = store.write()?;
        tx.begin_clustering()?;
        for story in stories {
            interrupt::check()?;
            if let Some(text) = tx.read().story_text(*story)? {
                tx.keep_signature(*story, signature(&text).as_ref())?;
            }
            on_story();
        }
        tx.commit()?;
    }
    let tx = store.write()?;
    let clusters = cluster(&tx.read().signatures()?)?;
    tx.keep_clusters(&clusters)?;
    tx.commit()
}

/// Returns each story that has a near copy, with the first story of its cluster.
fn cluster(signatures: &[(i64, Signature)]) -> anyhow::Result<Vec<(i64, i64)>> {
    let mut union: Vec<usize> = (0..signatures.len()).collect();
    for band in (0..PLACES).step_by(BAND) {
        interrupt::check()?;
        let mut keys: Vec<(&[u8], usize)> =
            signatures.iter().enumerate().map(|(at, (_, signature))| (&signature[band..band + BAND], at)).collect();
        keys.sort_unstable();
        for same in keys.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
            let mut seen: Vec<usize> = vec![];
            for &(_, at) in same {
                let own = root(&mut union, at);
                let is_near = |other: usize| resemblance(&signatures[at].1, &signatures[other].1) >= NEAR;
                let mut is_known = false;
                for &other in &seen {
                    let others = root(&mut union, other);
                    is_known |= others == own;
                    if others != own && is_near(other) {
                        let own = root(&mut union, at);
                        union[own.max(others)] = own.min(others);
                        is_known = true;
                    }
                }
                if !is_known && seen.len() < COMPARED_MAX {
                    seen.push(at);
                }
            }
        }
    }
    let roots: Vec<usize> = (0..signatures.len()).map(|at| root(&mut union, at)).collect();
    let mut sizes = vec![0u32; signatures.len()];
    roots.iter().for_each(|root| sizes[*root] += 1);
    let stories = roots.iter().enumerate().filter(|(_, root)| sizes[**root] > 1);
    Ok(stories.map(|(at, root)| (signatures[at].0, signatures[*root].0)).collect())
}

fn root(union: &mut [usize], mut at: usize) -> usize {
    while union[at] != at {
        union[at] = union[union[at]];
        at = union[at];
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stories_that_are_nearly_the_same_are_one_cluster() {
        let text = |from: u32, to: u32| (from..to).map(|n| format!("word{n} ")).collect::<String>();
        let texts = [
            text(0, 200),
            text(500, 700),
            text(10, 200),
            text(0, 190) + "and more of it",
            text(900, 960),
            text(520, 700),
        ];
        let signatures: Vec<(i64, Signature)> =
            (1..).zip(&texts).map(|(id, text)| (id, signature(text).unwrap())).collect();
        assert_eq!(cluster(&signatures).unwrap(), [(1, 1), (2, 2), (3, 1), (4, 1), (6, 2)]);
        assert_eq!(cluster(&[]).unwrap(), []);
    }
}
