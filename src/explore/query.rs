//! Query language of `search`: typed words as a query of FTS5.
//!
//! Words must all be there; `"a b"` is a phrase, `word*` a beginning, `a OR b` either (it binds more closely than
//! standing side by side), `-a` and `NOT a` without, and parentheses hold together. Every word is quoted, so that nothing
//! else is an operator by accident and SQLite never has anything to say about it.

use crate::error::{Explain as _, usage};
use crate::store::search_words;
use crate::text::decode_entities;

/// More words than a person types; SQLite takes a limited depth of expressions.
const WORDS_MAX: usize = 200;
/// Parentheses inside of each other; deeper ones hold nothing together.
const DEPTH_MAX: usize = 20;
/// Minus signs: that of the keyboard, and the one that stands for it where the shell's would begin an option.
const MINUS: [char; 2] = ['-', '\u{2212}'];

/// Query as it was understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// All that is asked for; empty where no words were typed.
    pub all: String,
    /// The same with one of the words being enough.
    pub any: String,
    /// The same with the words of each phrase anywhere; empty where no phrase was typed.
    pub apart: String,
    /// Whole words that should be there, also those of phrases, each as typed and as a query.
    pub words: Vec<(String, String)>,
}

/// Reads what was typed.
pub fn query(words: &[String]) -> anyhow::Result<Query> {
    // A shell has taken the quotes of an argument with blanks in it: it was meant as a phrase if it came as one of
    // several; alone, it is all that was typed.
    let typed = match words {
        [one] => one.clone(),
        several => several
            .iter()
            .map(|word| {
                let is_phrase = word.contains(' ') && !word.contains(['"', '(', ')']);
                if is_phrase { format!("\"{word}\"") } else { word.clone() }
            })
            .collect::<Vec<_>>()
            .join(" "),
    };
    let tokens = tokens(&typed);
    if tokens.iter().filter(|token| matches!(token, Token::Term { .. })).count() > WORDS_MAX {
        return Err(usage(format!("a search takes at most {WORDS_MAX} words")));
    }
    let has_phrases = tokens.iter().any(|token| matches!(token, Token::Term { parts, .. } if parts.len() > 1));
    let apart = if has_phrases { read(apart(&tokens)).0.text(" AND ") } else { String::new() };
    let (found, words) = read(tokens);
    if found.with.is_empty() {
        return match found.without.is_empty() {
            true => Ok(Query::default()),
            false => Err(usage("name at least one word that should be there"))
                .hint("`-word` and `NOT word` leave out of what the other words find"),
        };
    }
    Ok(Query { all: found.text(" AND "), any: found.text(" OR "), apart, words })
}

/// Reads all tokens; returns the words that should be there, too.
fn read(tokens: Vec<Token>) -> (Clauses, Vec<(String, String)>) {
    let mut reader = Reader { tokens, at: 0, is_left_out: false, words: vec![] };
    let mut found = Clauses::default();
    // A closing parenthesis without an opening one ends nothing.
    while reader.at < reader.tokens.len() {
        let more = reader.clauses(0);
        found.with.extend(more.with);
        found.without.extend(more.without);
        reader.at += 1;
    }
    (found, reader.words)
}

/// Returns the tokens with the words of each phrase as words in parentheses. A phrase that is left out stays one: its
/// words may be there.
fn apart(tokens: &[Token]) -> Vec<Token> {
    let mut apart: Vec<Token> = vec![];
    for token in tokens {
        match token {
            Token::Term { parts, .. } if parts.len() > 1 && apart.last() != Some(&Token::Not) => {
                apart.push(Token::Open);
                let one = |(typed, query): &(String, String)| Token::Term {
                    query: query.clone(),
                    parts: vec![(typed.clone(), query.clone())],
                };
                apart.extend(parts.iter().map(one));
                apart.push(Token::Close);
            }
            token => apart.push(token.clone()),
        }
    }
    apart
}

/// Clauses that stand side by side: those that must be there, and those that must not.
#[derive(Debug, Default)]
struct Clauses {
    with: Vec<String>,
    without: Vec<String>,
}

impl Clauses {
    fn text(&self, joined: &str) -> String {
        let with = self.with.join(joined);
        match self.without.is_empty() {
            true => with,
            false => format!("({with}) NOT ({})", self.without.join(" OR ")),
        }
    }

    /// Returns it as one clause; what is to be left out alone is none.
    fn as_one(&self) -> Option<String> {
        match (self.with.as_slice(), self.without.is_empty()) {
            ([], _) => None,
            ([one], true) => Some(one.clone()),
            _ => Some(format!("({})", self.text(" AND "))),
        }
    }
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
    /// True inside of parentheses that are left out.
    is_left_out: bool,
    words: Vec<(String, String)>,
}

impl Reader {
    /// Reads up to the closing parenthesis, or the end.
    fn clauses(&mut self, depth: usize) -> Clauses {
        let mut found = Clauses::default();
        let (mut is_or, mut is_not) = (false, false);
        while let Some(token) = self.tokens.get(self.at).cloned() {
            let (clause, mut left_out) = match token {
                Token::Close => break,
                Token::Or => {
                    is_or = !found.with.is_empty();
                    self.at += 1;
                    continue;
                }
                Token::Not => {
                    is_not = !is_not;
                    self.at += 1;
                    continue;
                }
                Token::And => {
                    self.at += 1;
                    continue;
                }
                Token::Open if depth == DEPTH_MAX => {
                    self.at += 1;
                    continue;
                }
                Token::Open => {
                    self.at += 1;
                    self.is_left_out ^= is_not;
                    let inner = self.clauses(depth + 1);
                    self.is_left_out ^= is_not;
                    (inner.as_one(), if inner.with.is_empty() { inner.without } else { vec![] })
                }
                Token::Term { query, parts } => {
                    if is_not == self.is_left_out {
                        self.words.extend(parts);
                    }
                    (Some(query), vec![])
                }
            };
            self.at += 1;
            if is_not {
                // Without what is left out: with it.
                std::mem::swap(&mut found.with, &mut left_out);
                found.with.append(&mut left_out);
                found.without.extend(clause);
            } else {
                found.without.append(&mut left_out);
                match found.with.last_mut().filter(|_| is_or) {
                    Some(last) => {
                        if let Some(clause) = clause {
                            *last = format!("({last} OR {clause})");
                        }
                    }
                    None => found.with.extend(clause),
                }
            }
            (is_or, is_not) = (false, false);
        }
        found
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    And,
    Or,
    Not,
    /// A word, a beginning or a phrase; of the first and the last the whole words, each as typed and as a query.
    Term {
        query: String,
        parts: Vec<(String, String)>,
    },
}

/// Returns the tokens of what was typed; what has no letter or digit is none.
fn tokens(typed: &str) -> Vec<Token> {
    let mut tokens = vec![];
    let mut rest = typed.trim_start();
    while let Some(first) = rest.chars().next() {
        let behind = &rest[first.len_utf8()..];
        rest = match first {
            '(' => {
                tokens.push(Token::Open);
                behind
            }
            ')' => {
                tokens.push(Token::Close);
                behind
            }
            '"' => {
                let (phrase, after) = behind.split_once('"').unwrap_or((behind, ""));
                tokens.extend(term(phrase, false));
                after
            }
            // A minus before a blank is a dash.
            _ if MINUS.contains(&first) && behind.starts_with(|c: char| !c.is_whitespace()) => {
                tokens.push(Token::Not);
                behind
            }
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || "\"()".contains(c)).unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                match word {
                    "AND" => tokens.push(Token::And),
                    "OR" => tokens.push(Token::Or),
                    "NOT" => tokens.push(Token::Not),
                    _ => tokens.extend(term(word.trim_end_matches('*'), word.ends_with('*'))),
                }
                after
            }
        }
        .trim_start();
    }
    tokens
}

fn term(typed: &str, is_prefix: bool) -> Option<Token> {
    let query = |typed: &str| search_words(&decode_entities(typed)).replace('"', "\"\"");
    let words = query(typed);
    if !words.chars().any(char::is_alphanumeric) {
        return None;
    }
    let whole = typed.split_whitespace().map(|word| (word, query(word)));
    let whole = whole.filter(|(_, query)| !is_prefix && query.chars().all(char::is_alphanumeric) && !query.is_empty());
    let parts = whole.map(|(word, query)| (word.to_owned(), format!("\"{query}\""))).collect();
    Some(Token::Term { query: format!("\"{words}\"{}", if is_prefix { "*" } else { "" }), parts })
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
            (&["\"moon landing\" -mars astro*"], r#"("moon landing" AND "astro"*) NOT ("mars")"#),
            (&["moon OR mars nasa"], r#"("moon" OR "mars") AND "nasa""#),
            (&["moon OR mars OR venus"], r#"(("moon" OR "mars") OR "venus")"#),
            (&["(moon landing) OR mars nasa"], r#"(("moon" AND "landing") OR "mars") AND "nasa""#),
            (&["(moon OR mars) (nasa OR esa)"], r#"("moon" OR "mars") AND ("nasa" OR "esa")"#),
            (&["moon -(mars OR venus) AND nasa"], r#"("moon" AND "nasa") NOT (("mars" OR "venus"))"#),
            (&["moon (-mars)"], r#"("moon") NOT ("mars")"#),
            (&["moon -(-mars)"], r#""mars" AND "moon""#),
            (&["moon OR (mars -venus)"], r#"("moon" OR (("mars") NOT ("venus")))"#),
            (&["moon OR -mars"], r#"("moon") NOT ("mars")"#),
            (&["moon", "\u{2212}mars"], r#"("moon") NOT ("mars")"#),
            (&["moon NOT NOT mars"], r#""moon" AND "mars""#),
            (&["moon - mars"], r#""moon" AND "mars""#),
            (&["title:x AND NEAR(y"], r#""title:x" AND "near" AND "y""#),
            (&[")moon) (mars"], r#""moon" AND "mars""#),
            (&["((()))", "moon"], r#""moon""#),
            (&["\"unclosed"], r#""unclosed""#),
            (&["moon NOT mars NOT \"deep space\""], r#"("moon") NOT ("mars" OR "deep space")"#),
            (&["Straße 月球"], r#""strasse" AND "月 球""#),
            (&["AT&amp;T", "Sal\u{ad}ly"], r#""at&t" AND "sally""#),
            (&["--"], ""),
            (&["OR"], ""),
            (&["( \u{200b} )"], ""),
            (&[], ""),
        ] {
            let typed: Vec<String> = typed.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(query(&typed).unwrap().all, expected, "{typed:?}");
        }
        assert_eq!(query(&["a b -c".into()]).unwrap().any, r#"("a" OR "b") NOT ("c")"#);
        assert!(query(&["-only".into()]).is_err() && query(&["(NOT only)".into()]).is_err());
        assert!(query(&["a ".repeat(WORDS_MAX + 1)]).is_err());
    }

    #[test]
    fn words_that_should_be_there_are_those_of_phrases_and_none_that_is_left_out() {
        for (typed, expected) in [
            ("moon \"a b\" -mars be* (U.S. OR Łódź)", &["moon", "a", "b", "Łódź"][..]),
            ("\"anna keler\" of", &["anna", "keler", "of"]),
            ("moon NOT mars -venus -\"deep space\"", &["moon"]),
            ("moon -(mars OR venus) NOT (mars (venus))", &["moon"]),
            ("moon -(venus -mars)", &["moon", "mars"]),
        ] {
            let words = query(&[typed.into()]).unwrap().words;
            let words: Vec<_> = words.iter().map(|(typed, _)| typed.as_str()).collect();
            assert_eq!(words, expected, "{typed}");
        }
    }

    #[test]
    fn the_words_of_a_phrase_may_stand_apart() {
        for (typed, expected) in [
            ("moon landing", ""),
            ("\"moon\"", ""),
            ("\"moon landing\"", r#"("moon" AND "landing")"#),
            ("\"moon landing\" OR mars", r#"(("moon" AND "landing") OR "mars")"#),
            ("\"moon landing\" -\"deep space\"", r#"(("moon" AND "landing")) NOT ("deep space")"#),
        ] {
            assert_eq!(query(&[typed.into()]).unwrap().apart, expected, "{typed}");
        }
    }

    #[test]
    fn parentheses_without_end_hold_nothing_and_do_no_harm() {
        let deep = format!("{}moon{}", "(".repeat(100_000), ")".repeat(100_000));
        assert_eq!(query(&[deep]).unwrap().all, r#""moon""#);
    }
}
