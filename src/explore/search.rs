//! Full-text search: the index brought up to date, and words turned into a query.

use crate::error::usage;
use crate::interrupt;
use crate::store::{Store, search_words};
use crate::text::decode_entities;

/// Groups read in one transaction. Each commit writes the pages of the index that were touched, so there are few; what
/// was read before an interruption stays.
const GROUPS_PER_COMMIT: usize = 20_000;

/// Returns whether the full-text index is there and holds everything as it is now.
pub fn is_fresh(store: &Store) -> anyhow::Result<bool> {
    let read = store.read();
    Ok(read.has_search_index()?
        && read.has_rehearsals_in_search_as(!store.leaves_rehearsals_out())?
        && read.unsearched_groups()?.is_empty()
        && !read.has_removed_groups_in_search()?)
}

/// Makes the full-text index, or reads into it what has changed since; `on_group` counts. Returns how many groups were
/// read.
pub fn refresh(
    store: &mut Store,
    is_rebuild: bool,
    mut on_begin: impl FnMut(u64),
    mut on_group: impl FnMut(),
) -> anyhow::Result<u64> {
    if is_rebuild || !store.read().has_search_index()? {
        let tx = store.write()?;
        tx.make_search_index()?;
        tx.commit()?;
    }
    let with_rehearsals = !store.leaves_rehearsals_out();
    if !store.read().has_rehearsals_in_search_as(with_rehearsals)? {
        let tx = store.write()?;
        tx.set_rehearsals_in_search(with_rehearsals)?;
        tx.commit()?;
    }
    let keys = store.read().unsearched_groups()?;
    if store.read().has_removed_groups_in_search()? {
        let tx = store.write()?;
        tx.unindex_removed_groups()?;
        tx.commit()?;
    }
    on_begin(keys.len() as u64);
    for keys in keys.chunks(GROUPS_PER_COMMIT) {
        interrupt::check()?;
        let tx = store.write()?;
        for key in keys {
            tx.index_group(*key, with_rehearsals)?;
            on_group();
        }
        tx.commit()?;
    }
    Ok(keys.len() as u64)
}

/// Words as a query of FTS5. Every word is quoted, so that nothing a person types is an operator by accident: `"a b"`
/// is a phrase, `word*` a beginning, `-word` and `NOT word` mean without, `OR` between two words either of them. With
/// `any`, one of the words is enough.
pub fn query(words: &[String], any: bool) -> anyhow::Result<String> {
    // A shell has taken the quotes of an argument with blanks in it: it was meant as a phrase if it came as one of
    // several; alone, it is all that was typed.
    let typed = match words {
        [one] => one.clone(),
        several => several
            .iter()
            .map(|word| if word.contains(' ') && !word.contains('"') { format!("\"{word}\"") } else { word.clone() })
            .collect::<Vec<_>>()
            .join(" "),
    };
    let (mut with, mut without): (Vec<String>, Vec<String>) = (vec![], vec![]);
    let (mut is_or, mut is_not) = (false, false);
    for token in tokens(&typed) {
        match token.text.as_str() {
            "OR" if !token.is_phrase => {
                is_or = !with.is_empty();
                continue;
            }
            "NOT" if !token.is_phrase => {
                is_not = true;
                continue;
            }
            _ => {}
        }
        if !token.text.chars().any(char::is_alphanumeric) {
            continue;
        }
        let star = if token.is_prefix { "*" } else { "" };
        let term = format!("\"{}\"{star}", search_words(&decode_entities(&token.text)).replace('"', "\"\""));
        if token.is_without || std::mem::take(&mut is_not) {
            without.push(term);
        } else if let Some(last) = with.last_mut().filter(|_| is_or) {
            *last = format!("({last} OR {term})");
        } else {
            with.push(term);
        }
        is_or = false;
    }
    if with.is_empty() && without.is_empty() {
        return Ok(String::new());
    }
    if with.is_empty() {
        return Err(usage("name at least one word that should be there"));
    }
    let mut query = with.join(if any { " OR " } else { " AND " });
    for term in without {
        query = format!("({query}) NOT {term}");
    }
    Ok(query)
}

struct Token {
    text: String,
    is_phrase: bool,
    is_prefix: bool,
    is_without: bool,
}

fn tokens(typed: &str) -> Vec<Token> {
    let mut tokens = vec![];
    let mut rest = typed.trim_start();
    while !rest.is_empty() {
        let is_without = rest.len() > 1 && rest.starts_with('-');
        let body = rest.strip_prefix('-').filter(|_| is_without).unwrap_or(rest);
        let (text, is_phrase, after) = match body.strip_prefix('"') {
            Some(phrase) => match phrase.split_once('"') {
                Some((text, after)) => (text, true, after),
                None => (phrase, true, ""),
            },
            None => {
                let end = body.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(body.len());
                (&body[..end], false, &body[end..])
            }
        };
        let is_prefix = !is_phrase && text.ends_with('*');
        let text = if is_phrase { text } else { text.trim_end_matches('*') };
        tokens.push(Token { text: text.to_owned(), is_phrase, is_prefix, is_without });
        rest = after.trim_start();
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_a_query_that_cannot_go_wrong() {
        for (typed, expected) in [
            (&["moon landing"][..], r#""moon" AND "landing""#),
            (&["moon", "landing"], r#""moon" AND "landing""#),
            (&["moon landing", "NASA"], r#""moon landing" AND "nasa""#),
            (&["\"moon landing\" -mars astro*"], r#"("moon landing" AND "astro"*) NOT "mars""#),
            (&["moon OR mars nasa"], r#"("moon" OR "mars") AND "nasa""#),
            (&["title:x AND NEAR(y"], r#""title:x" AND "and" AND "near(y""#),
            (&["\"unclosed"], r#""unclosed""#),
            (&["moon NOT mars NOT \"deep space\""], r#"(("moon") NOT "mars") NOT "deep space""#),
            (&["Straße 月球"], r#""strasse" AND "月 球""#),
            (&["AT&amp;T", "Sal\u{ad}ly"], r#""at&t" AND "sally""#),
            (&["--"], ""),
            (&["OR"], ""),
            (&[], ""),
        ] {
            let typed: Vec<String> = typed.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(query(&typed, false).unwrap(), expected, "{typed:?}");
        }
        assert_eq!(query(&["a b".into()], true).unwrap(), r#""a" OR "b""#);
        assert!(query(&["-only".into()], false).is_err());
    }
}
