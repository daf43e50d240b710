//! Topics of a text that nobody made a list for: the phrases it repeats and begins with, in its own words.
//!
//! A phrase is one to three words side by side with no function word, figure, name or punctuation among them. It counts
//! for each time it stands in the text, more in a title and near the beginning of a story. Nothing here knows what a
//! word means; the list of function words is the only knowledge of a language, and a text in another one only gets
//! worse topics.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::LazyLock;

use crate::text::fold;

/// Most words of a phrase.
const WORDS_MAX: usize = 3;
/// A word of fewer letters stands in no phrase of its own.
const LETTERS_MIN: usize = 4;
/// Words of a text that are looked at; what a group is about stands before that.
const TEXT_WORDS_MAX: usize = 20_000;
/// Bytes from the beginning of a story that count as its beginning.
const BEGINNING: usize = 400;
/// Share of capitals inside sentences above which every noun has one, as in German.
const CAPITALS_OF_NAMES_MAX: f64 = 0.22;
/// Number of words, function words aside, below which that share says nothing.
const JUDGED_WORDS_MIN: usize = 10;

/// Returns the `n_max` phrases that a text is most about, the best first, each with how often it stands there. `names`
/// are places that are no topics.
pub(super) fn keyphrases(text: &str, names: &[Range<usize>], n_max: usize) -> Vec<(String, usize)> {
    let words = words(text, names);
    let mut phrases: Vec<Phrase> = vec![];
    let mut known: HashMap<String, usize> = HashMap::new();
    for run in words.split(|word| word.is_none()) {
        for n_words in 1..=WORDS_MAX.min(run.len()) {
            for window in run.windows(n_words) {
                let window: Vec<&Word<'_>> = window.iter().flatten().collect();
                let name = window.iter().map(|word| word.lower.as_str()).collect::<Vec<_>>().join(" ");
                let at = *known.entry(name.clone()).or_insert_with(|| {
                    phrases.push(Phrase { name, n_words, count: 0, weight: 0.0 });
                    phrases.len() - 1
                });
                phrases[at].count += 1;
                phrases[at].weight += window[0].weight;
            }
        }
    }
    phrases.retain(|phrase| phrase.n_words > 1 || is_long_enough(&phrase.name));
    // Of equals the one that stands first: the sort is stable.
    phrases.sort_by(|a, b| b.score().total_cmp(&a.score()));
    let mut chosen: Vec<Phrase> = vec![];
    for phrase in phrases {
        if chosen.len() == n_max {
            break;
        }
        // A topic that shares a word with a better one says the same again.
        let mut own = phrase.name.split(' ');
        if !own.any(|word| chosen.iter().any(|other| other.name.split(' ').any(|o| is_same_stem(word, o)))) {
            chosen.push(phrase);
        }
    }
    chosen.into_iter().map(|phrase| (phrase.name, phrase.count)).collect()
}

/// Returns whether one word may be a topic; of Han and Katakana two letters make a word.
fn is_long_enough(word: &str) -> bool {
    let n_letters = word.chars().count();
    n_letters >= LETTERS_MIN || n_letters >= 2 && word.starts_with(|c| ('\u{30a0}'..='\u{9fff}').contains(&c))
}

struct Phrase {
    name: String,
    n_words: usize,
    count: usize,
    weight: f64,
}

impl Phrase {
    /// Two words say more than one of them; a third seldom adds to it.
    fn score(&self) -> f64 {
        let length = [1.0, 1.7, 1.6][self.n_words - 1];
        // What stands once outside a title may stand there by chance.
        let chance = if self.weight < 2.0 { 0.5 } else { 1.0 };
        // English words that are seldom a subject.
        let is_verb = self.n_words == 1 && ["ed", "ing", "ly"].iter().any(|end| self.name.ends_with(end));
        self.weight * length * chance * if is_verb { 0.4 } else { 1.0 }
    }
}

/// Returns whether two words begin alike, but for an ending of two letters.
fn is_same_stem(one: &str, other: &str) -> bool {
    let (n_one, n_other) = (one.chars().count(), other.chars().count());
    let n_common = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    n_common >= LETTERS_MIN.min(n_one) && n_common + 2 >= n_one.max(n_other)
}

struct Word<'a> {
    written: &'a str,
    lower: String,
    weight: f64,
    begins_sentence: bool,
}

/// Returns the words that may stand in a phrase, and `None` wherever a phrase must end.
fn words<'a>(text: &'a str, names: &[Range<usize>]) -> Vec<Option<Word<'a>>> {
    let mut words: Vec<Option<Word<'a>>> = vec![];
    let (mut line_at, mut story_at) = (0, 0);
    for line in text.split_inclusive('\n') {
        let start = line_at;
        line_at += line.len();
        // The tags around what is asked about: of a date or a number nothing is a topic.
        if line.starts_with("<story") {
            story_at = line_at;
        }
        if line.starts_with("<story") || line.starts_with("</") || line.starts_with("<published>") {
            continue;
        }
        let is_title = line.starts_with("<title>");
        let weight = if is_title {
            2.5
        } else if start < story_at + BEGINNING {
            1.3
        } else {
            1.0
        };
        words.push(None);
        let mut begins_sentence = true;
        for (at, piece) in pieces(line) {
            if words.len() > TEXT_WORDS_MAX {
                return settled(words);
            }
            if !piece.starts_with(char::is_alphanumeric) {
                begins_sentence |= piece.contains(['.', '!', '?', ':', '"', '“', '„', '»', '>', '。']);
                if piece.chars().any(|c| !c.is_whitespace()) {
                    words.push(None);
                }
                continue;
            }
            let place = start + at..start + at + piece.len();
            let is_name = names.iter().any(|name| name.start < place.end && place.start < name.end);
            let lower = piece.to_lowercase();
            let is_tag = is_title && lower == "title";
            let is_plain = !is_name && !is_tag && piece.chars().all(|c| c.is_alphabetic() || "-'’".contains(c));
            words.push((is_plain && !FUNCTION_WORDS.contains(fold(&lower).as_str())).then_some(Word {
                written: piece,
                lower,
                weight,
                begins_sentence,
            }));
            begins_sentence = false;
        }
    }
    settled(words)
}

/// Takes out the words that are names by their capitals, unless all nouns of the language have one.
fn settled(mut words: Vec<Option<Word<'_>>>) -> Vec<Option<Word<'_>>> {
    let inside: Vec<&Word<'_>> = words.iter().flatten().filter(|word| !word.begins_sentence).collect();
    let n_capitals = inside.iter().filter(|word| word.written.starts_with(char::is_uppercase)).count();
    let has_capital_nouns =
        inside.len() >= JUDGED_WORDS_MIN && n_capitals as f64 > CAPITALS_OF_NAMES_MAX * inside.len() as f64;
    if has_capital_nouns {
        return words;
    }
    let small: HashSet<String> =
        words.iter().flatten().filter(|word| word.written == word.lower).map(|word| word.lower.clone()).collect();
    for word in &mut words {
        // The first word of a sentence has a capital anyway; the rest of the text tells whether it is a name.
        *word = word.take().filter(|word| word.written == word.lower || small.contains(&word.lower));
    }
    words
}

/// Cuts a line into words and what stands between them. A change of script is the end of a word, which finds words in
/// Japanese.
fn pieces(line: &str) -> impl Iterator<Item = (usize, &str)> {
    #[derive(Clone, Copy, PartialEq)]
    enum Class {
        Between,
        Letters,
        Hiragana,
        Katakana,
        Han,
    }
    fn class(c: char) -> Class {
        match c {
            '\u{3040}'..='\u{309f}' => Class::Hiragana,
            '\u{30a0}'..='\u{30ff}' => Class::Katakana,
            '\u{3400}'..='\u{9fff}' => Class::Han,
            '-' | '\'' | '’' => Class::Letters,
            c if c.is_alphanumeric() => Class::Letters,
            _ => Class::Between,
        }
    }
    let mut rest = line.char_indices().peekable();
    std::iter::from_fn(move || {
        let (start, first) = rest.next()?;
        while rest.next_if(|(_, c)| class(*c) == class(first)).is_some() {}
        let end = rest.peek().map_or(line.len(), |(at, _)| *at);
        let piece = &line[start..end];
        // Hiragana writes the endings and the small words.
        Some((start, if class(first) == Class::Hiragana { "、" } else { piece }))
    })
}

/// Function words of some languages, folded: they end a phrase.
static FUNCTION_WORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    "a about above after again against ago all almost alone along already also although always am among an and another
    any anyone anything are around as ask asked at away back be became because become been before began behind being
    below between both but by call called came can cannot come could day days did do does done down during each early
    eight either else enough even ever every everyone everything far few first five for four from full further gave get
    give given go goes gone good got great had half hardly has have having he her here hers him himself his hour hours
    how however i if in into is it its itself just keep kept knew know known last late later least left less let like
    little long made make making man many may me men might mile miles minute minutes month months more morning most much
    must my near need never new next night nine no nobody none nor not nothing now of off often old on once one only
    onto or other others our out over own part people per put quite rather said same saw say says second see seen set
    seven several she should since six small so some someone something soon still such take taken ten than that the
    their them then there these they thing things think third this those though thought three through time times to
    today together told tomorrow tonight too took toward towards two under until up upon us use used very want was way
    we week weeks well went were what when where whether which while who whole whom whose why will with within without
    woman women work would year years yes yesterday yet you your
    aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bereits bis bin da dabei damit
    dann das dass dem den denn der des dessen die dies diese diesem diesen dieser dieses doch dort du durch ein eine
    einem einen einer eines er erst es etwa etwas euch fur gegen gewesen habe haben hat hatte hatten hier hin hinter ich
    ihm ihn ihnen ihr ihre ihrem ihren ihrer im immer in ins ist ja jahr jahre jahren jede jedem jeden jeder jedes kann
    kein keine keinem keinen keiner konnen konnte man mehr mein mit muss nach nachdem nicht nichts noch nun nur ob oder
    ohne schon sehr sei seien sein seine seinem seinen seiner seit sich sie sind so soll sollen sollte sondern sowie tag
    tage uber um und uns unter viel viele vom von vor wahrend war waren warum was weil weiter welche wenn wer werden wie
    wieder will wir wird wo worden wurde wurden zu zum zur zwei zwischen
    ainsi alors apres au aucun aussi autre autres aux avait avant avec avoir beaucoup ce cela celle celui ces cet cette
    ceux chaque chez comme contre dans de depuis des deux devant dit donc dont du elle elles en encore entre est et
    etaient etait ete etre eu fait fois font ici il ils jamais je jour jours la le les leur leurs lors lui mais meme
    memes moins mois n ne ni non nos notre nous on ont ou par parce pas pendant peu peut peuvent plus pour pourquoi
    quand que quel quelle qui s sa sans se selon ses si son sont sous sur ta tandis te toujours tous tout toute toutes
    tres trois tu un une vers vous
    al algo algunos ante antes aunque ayer bien cada como con contra cual cuando de del desde donde dos durante el ella
    ellas ellos era eran es esa ese eso esos esta estaba estado estan estar este esto estos fue fueron ha habia hacia
    han hasta hay hoy la las le les lo los mas me mientras mismo mucho muchos muy nada no nos nosotros o otra otras otro
    otros para pero poco por porque que quien se segun ser si sido sin sobre solo son su sus tambien tanto te tiene
    tienen toda todas todo todos tras tres un una uno unos y ya
    allo anche ancora aveva bij che chi come con cosa cui da dagli dai dal dalla dei del della delle di dopo dove dei
    een era erano essere gia gli hanno het hij ik lei loro ma mentre met molto naar nel nella nelle niet nog o om ook op
    ora per perche piu poi prima quale quando quello questa questo sono stata stato su sua sue sulla suo te tutti tutto
    uit una uno van veel voor waren wat wel werd worden zei zich zij zijn
    а без более больше будет был была были было быть в вам вас весь во вот все всех вы где год года году да даже два для
    до его ее если есть еще же за здесь и из или им их к как когда кто ли лет мне много может можно мы на над надо нас не
    нет ни но о об один он она они от очень по под после при про раз с сам себя со так также там тем то того тоже только
    том тот у уже чем через что чтобы эта эти это этого этой этот я"
        .split_whitespace()
        .collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let names: Vec<_> = text.match_indices("Crewe").map(|(at, name)| at..at + name.len()).collect();
        let found: Vec<String> = keyphrases(text, &names, 3).into_iter().map(|(phrase, _)| phrase).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_text_is_about_what_it_repeats_and_begins_with() {
        check(
            "<title>Water prices rise again</title>\n<story number=\"1\">\n<published>2024-05-06</published>\nThe council \
             of Crewe raised water prices for the third time. Tenants said the water prices were a scandal. The \
             drought, the mayor said, left no choice, and the drought goes on.\n</story>\n",
            &["water prices", "drought", "rise"],
        );
        check(
            "Die Lokführer haben ihren Streik beendet. Nach dem Streik fahren die Züge wieder, doch viele Reisende \
             warten am Bahnhof. Die Bahn will den Lokführern mehr Geld zahlen, wie ein Sprecher der Bahn sagte.",
            &["streik", "bahn", "reisende warten"],
        );
        check(
            "Забастовка врачей продолжается: забастовка врачей идёт третий день.",
            &["забастовка врачей", "идёт третий", "продолжается"],
        );
        check("地震の後、地震による津波が町を襲った。", &["地震", "津波"]);
    }

    #[test]
    fn names_figures_and_function_words_are_no_topics() {
        check("Crewe and Crewe and Crewe", &[]);
        check("It was 1999 when he and Margaret were in Houston.", &[]);
        check("", &[]);
        check("<story number=\"1\">\n<published>2024</published>\n</story>", &[]);
    }
}
