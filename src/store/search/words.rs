//! Words that no group has, and those that may have been meant.

use std::collections::BTreeMap;

use rusqlite::OptionalExtension as _;
use strsim::osa_distance;

use super::{CalledNames, MARK, MARK_END};
use crate::model::GroupKey;
use crate::store::Read;
use crate::text::fold;

/// Groups that are counted of a word: more of them say no more of how usual it is.
const COUNTED_MAX: u32 = 1_000;
/// Shorter words are one letter away from many others.
const WORD_CHARS_MIN: usize = 4;
/// Of words at least this long two letters may be wrong.
const LONG_WORD_CHARS: usize = 7;
/// Letters that may be missing or wrong. Four of five typing errors are one letter (F. J. Damerau, "A technique for
/// computer detection and correction of spelling errors", 1964).
const LETTERS: std::ops::RangeInclusive<char> = 'a'..='z';

impl Read<'_> {
    /// Returns whether the full-text index has anything for a query.
    pub fn is_in_search(self, query: &str) -> anyhow::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM story_search WHERE story_search MATCH ?1)";
        Ok(self.0.prepare_cached(sql)?.query_row([query], |row| row.get(0))?)
    }

    /// Returns the words of the index that a word may be a misspelling of, the most frequent first.
    ///
    /// One letter is wrong, missing, too many, or two have changed places; where nothing is found so, two letters of a
    /// long word, if its first two are right: that takes a look at the part of the vocabulary that begins with them.
    pub fn similar_words(self, word: &str, limit: usize) -> anyhow::Result<Vec<String>> {
        let word = fold(word);
        let n_chars = word.chars().count();
        if n_chars < WORD_CHARS_MIN || word.chars().any(|c| !c.is_alphanumeric()) {
            return Ok(vec![]);
        }
        let mut found = self.counted_words(edits(&word))?;
        if found.is_empty() {
            found = self.counted_words(self.neighbors(&word, if n_chars < LONG_WORD_CHARS { 1 } else { 2 })?)?;
        }
        let mut found: Vec<(String, u32)> = found.into_iter().collect();
        found.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        Ok(found.into_iter().take(limit).map(|(word, _)| word).collect())
    }

    /// Returns those of some words that groups have, as the first group writes them, with the number of groups.
    fn counted_words(self, words: Vec<String>) -> anyhow::Result<BTreeMap<String, u32>> {
        let mut count = self
            .0
            .prepare_cached("SELECT count(*) FROM (SELECT 1 FROM story_search WHERE story_search MATCH ?1 LIMIT ?2)")?;
        let mut found: BTreeMap<String, u32> = BTreeMap::new();
        for word in words {
            let query = format!("\"{word}\"");
            let n: u32 = count.query_row((&query, COUNTED_MAX), |row| row.get(0))?;
            if n > 0
                && let Some(word) = self.word_as_written(&query)?
            {
                let known = found.entry(word).or_default();
                *known = n.max(*known);
            }
        }
        Ok(found)
    }

    /// Returns a word that is searched for as a group writes it.
    fn word_as_written(self, query: &str) -> anyhow::Result<Option<String>> {
        let mut statement = self.0.prepare_cached(
            "SELECT rowid, snippet(story_search, -1, ?2, ?3, '', 4) FROM story_search WHERE story_search MATCH ?1 LIMIT 1",
        )?;
        let row: Option<(GroupKey, String)> = statement
            .query_row((query, MARK.to_string(), MARK_END.to_string()), |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((group, snippet)) = row else { return Ok(None) };
        let marked = snippet.split_once(MARK).and_then(|(_, rest)| rest.split_once(MARK_END));
        let Some((indexed, _)) = marked.map(|(word, _)| (fold(word), ())) else { return Ok(None) };
        let texts = self.searchable(group, true, &mut CalledNames::default())?;
        let mut words = texts.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
        let written = words.find(|word| !word.is_empty() && fold(word) == indexed).map(str::to_owned);
        Ok(Some(written.unwrap_or(indexed)))
    }

    /// Returns the words of the vocabulary that begin as a word does and differ from it in so many letters at most. The
    /// vocabulary has English words without their endings, so these are names first of all.
    fn neighbors(self, word: &str, distance: usize) -> anyhow::Result<Vec<String>> {
        let first: String = word.chars().take(2).collect();
        self.0.execute_batch(
            "CREATE VIRTUAL TABLE IF NOT EXISTS temp.search_vocabulary USING fts5vocab (main, story_search, row)",
        )?;
        let mut near = vec![];
        {
            let mut statement =
                self.0.prepare("SELECT term FROM temp.search_vocabulary WHERE term >= ?1 AND term < ?2")?;
            let mut rows = statement.query((&first, format!("{first}\u{10ffff}")))?;
            while let Some(row) = rows.next()? {
                let term = row.get_ref(0)?.as_str()?;
                let n_missing = term.len().abs_diff(word.len());
                if n_missing <= 4 * distance && osa_distance(term, word) <= distance {
                    near.push(term.to_owned());
                }
            }
        }
        self.0.execute_batch("DROP TABLE temp.search_vocabulary")?;
        Ok(near)
    }
}

/// Returns the words that are one letter away from a word.
fn edits(word: &str) -> Vec<String> {
    let chars: Vec<char> = word.chars().collect();
    let joined = |parts: &[&[char]]| parts.iter().flat_map(|part| part.iter()).collect::<String>();
    let is_latin = chars.iter().all(char::is_ascii_alphanumeric);
    let letters = || LETTERS.filter(|_| is_latin);
    let mut edits = vec![];
    for at in 0..=chars.len() {
        let (before, after) = chars.split_at(at);
        edits.extend(letters().map(|letter| joined(&[before, &[letter], after])));
        if let [first, rest @ ..] = after {
            edits.push(joined(&[before, rest]));
            edits.extend(letters().filter(|letter| letter != first).map(|letter| joined(&[before, &[letter], rest])));
        }
        if let [first, second, rest @ ..] = after
            && first != second
        {
            edits.push(joined(&[before, &[*second, *first], rest]));
        }
    }
    edits.sort_unstable();
    edits.dedup();
    edits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_one_letter_away() {
        let all = edits("moon");
        assert!(all.iter().all(|word| osa_distance(word, "moon") == 1), "{all:?}");
        for word in ["moons", "mon", "mono", "noon", "amoon"] {
            assert!(all.iter().any(|edit| edit == word), "{word}");
        }
        assert_eq!(edits("луна"), ["лна", "лнуа", "луа", "луан", "лун", "улна", "уна"]);
    }
}
