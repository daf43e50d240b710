//! Dates taken apart into numbers and words: names of months and days, times of day, zones.

use super::figures::{self, Number};
use super::{Failure, Moment, Order, at};
use jiff::civil::Date;

/// Names of months and their short forms, in the languages of most newspapers; a name means one month in all of them.
#[rustfmt::skip]
const MONTHS: [(&str, i8); 68] = [
    ("january", 1), ("januari", 1), ("januar", 1), ("janvier", 1), ("janeiro", 1), ("jänner", 1), ("enero", 1),
    ("gennaio", 1), ("jan", 1), ("gen", 1), ("ene", 1),
    ("february", 2), ("februari", 2), ("februar", 2), ("février", 2), ("febrero", 2), ("fevereiro", 2),
    ("febbraio", 2), ("feb", 2), ("fev", 2), ("fév", 2),
    ("march", 3), ("märz", 3), ("maerz", 3), ("maart", 3), ("marzo", 3), ("março", 3), ("mars", 3), ("mar", 3),
    ("april", 4), ("avril", 4), ("abril", 4), ("aprile", 4), ("apr", 4), ("abr", 4), ("avr", 4),
    ("maggio", 5), ("mayo", 5), ("maio", 5), ("may", 5), ("mai", 5), ("mei", 5),
    ("june", 6), ("juni", 6), ("juin", 6), ("junio", 6), ("junho", 6), ("giugno", 6), ("jun", 6),
    ("july", 7), ("juli", 7), ("juillet", 7), ("julio", 7), ("julho", 7), ("luglio", 7), ("jul", 7),
    ("august", 8), ("augustus", 8), ("août", 8), ("agosto", 8), ("aug", 8), ("ago", 8),
    ("september", 9), ("oktober", 10), ("october", 10), ("november", 11), ("december", 12), ("dezember", 12),
];

/// Names of the last four months and their short forms, which most languages spell alike but for a letter.
#[rustfmt::skip]
const LATE_MONTHS: [(&str, i8); 29] = [
    ("septembre", 9), ("septiembre", 9), ("setembro", 9), ("settembre", 9), ("sept", 9), ("sep", 9), ("set", 9),
    ("octobre", 10), ("octubre", 10), ("outubro", 10), ("ottobre", 10), ("oct", 10), ("okt", 10), ("out", 10),
    ("ott", 10), ("novembre", 11), ("noviembre", 11), ("novembro", 11), ("nov", 11), ("décembre", 12),
    ("diciembre", 12), ("dezembro", 12), ("dicembre", 12), ("dec", 12), ("dez", 12), ("déc", 12), ("dic", 12),
    ("aout", 8), ("decembre", 12),
];

/// Words that say nothing: days of the week, endings of numbers, and what stands between the parts of a date.
#[rustfmt::skip]
const EMPTY: [&str; 40] = [
    "mon", "monday", "tue", "tues", "tuesday", "wed", "wednesday", "thu", "thur", "thurs", "thursday", "fri", "friday",
    "sat", "saturday", "sun", "sunday", "st", "nd", "rd", "th", "er", "ère", "ro", "º", "ª", "of", "at", "on", "de", "del",
    "di", "den", "der", "le", "el", "um", "uhr", "kl", "t",
];

/// Days of the week in the languages of the months, by their whole names and, where no month is written so, their short
/// forms.
#[rustfmt::skip]
const DAYS: [&str; 54] = [
    "montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonnabend", "sonntag", "mo", "mi", "do", "fr",
    "sa", "so", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche", "lun", "mer", "jeu", "ven", "sam",
    "dim", "lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo", "lunedì", "martedì", "mercoledì",
    "giovedì", "venerdì", "sabato", "domenica", "segunda", "terça", "quarta", "quinta", "sexta", "feira", "maandag",
    "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag",
];

/// Zones by name, as hours from UTC: those of the mail standard (RFC 2822), and the two of central Europe.
#[rustfmt::skip]
const ZONES: [(&str, i32); 16] = [
    ("z", 0), ("ut", 0), ("utc", 0), ("gmt", 0), ("est", -5), ("edt", -4), ("cst", -6), ("cdt", -5), ("mst", -7),
    ("mdt", -6), ("pst", -8), ("pdt", -7), ("cet", 1), ("cest", 2), ("mez", 1), ("mesz", 2),
];

/// A piece of a date.
#[derive(Clone, Copy, Debug)]
enum Piece<'a> {
    Number(Number),
    Word(&'a str),
    Mark(char),
}

/// Contents of the pieces, as far as they were read.
#[derive(Default)]
struct Parts {
    numbers: Vec<Number>,
    month: Option<(i8, usize)>,
    time: Option<(i8, i8, i8)>,
    offset_secs: Option<i32>,
    is_dotted: bool,
}

/// Reads a date whose parts may stand in any usual order.
pub(super) fn read(text: &str, order: Option<Order>) -> Result<Moment, Failure> {
    let text = text.to_lowercase().replace(['年', '月'], "-").replace('日', " ");
    let pieces = pieces(&text).ok_or(Failure::NoDate)?;
    let parts = parts(&pieces).ok_or(Failure::NoDate)?;
    let date = match parts.month {
        Some((month, place)) => named(&parts.numbers, month, place).ok_or(Failure::NoDate)?,
        None => figures::date(&parts.numbers, parts.is_dotted, order)?,
    };
    match (date, parts.time) {
        (Moment::Day(day), Some(time)) => at(day, time, parts.offset_secs.unwrap_or(0)).ok_or(Failure::NoDate),
        (_, Some(_)) => Err(Failure::NoDate),
        (date, None) => Ok(date),
    }
}

/// A date with the month's name before the number at `place`.
fn named(numbers: &[Number], month: i8, place: usize) -> Option<Moment> {
    let day = |year: Number, day: Number| {
        let date = Date::new(year.value as i16, month, i8::try_from(day.value).ok()?).ok()?;
        (year.is_year() && day.n_digits < 3).then_some(Moment::Day(date))
    };
    match *numbers {
        [year] if year.is_year() => Some(Moment::Month(year.value as i16, month)),
        // `3 Feb 2024`, `Feb 3, 2024`, `2024 Feb 3`
        [a, b] if b.is_year() && place < 2 => day(b, a),
        [a, b] if a.is_year() && place == 1 => day(a, b),
        _ => None,
    }
}

/// Splits a text into numbers, words and marks; `None` for what no date holds.
fn pieces(text: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces = vec![];
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = |is_part: fn(char) -> bool| rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let length = if first.is_ascii_digit() {
            let n_digits = end(|c| c.is_ascii_digit());
            pieces.push(Piece::Number(Number { value: rest[..n_digits].parse().ok()?, n_digits }));
            n_digits
        } else if first.is_alphabetic() {
            let length = end(char::is_alphabetic);
            pieces.push(Piece::Word(&rest[..length]));
            length
        } else if first.is_whitespace() || matches!(first, '/' | '-' | '.' | ':' | ',' | '+' | '(' | ')') {
            pieces.push(Piece::Mark(if first.is_whitespace() { ' ' } else { first }));
            first.len_utf8()
        } else {
            return None;
        };
        rest = &rest[length..];
    }
    (pieces.len() <= 40).then_some(pieces)
}

fn parts(pieces: &[Piece<'_>]) -> Option<Parts> {
    let mut parts = Parts::default();
    let mut at = 0;
    let mut separators = vec![];
    while at < pieces.len() {
        match pieces[at] {
            Piece::Number(hour) if matches!(pieces.get(at + 1), Some(Piece::Mark(':'))) => {
                if parts.time.is_some() {
                    return None;
                }
                let (time, used) = time(hour, &pieces[at + 2..])?;
                parts.time = Some(time);
                at += 2 + used;
                let (offset, used) = zone(&pieces[at..])?;
                parts.offset_secs = offset;
                at += used;
                continue;
            }
            Piece::Number(number) => parts.numbers.push(number),
            Piece::Word(word) if EMPTY.contains(&word) || DAYS.contains(&word) => {}
            Piece::Word(word) => {
                let month = MONTHS.iter().chain(&LATE_MONTHS).find(|(name, _)| *name == word)?.1;
                if parts.month.replace((month, parts.numbers.len())).is_some() {
                    return None;
                }
            }
            // A sign or a colon belongs to a time; elsewhere it is no date.
            Piece::Mark('+' | ':' | '(' | ')') => return None,
            Piece::Mark(mark) => separators.push(mark),
        }
        at += 1;
    }
    // `-2024-05-06` is no date of ours.
    if matches!(pieces.first(), Some(Piece::Mark(mark)) if *mark != ' ') {
        return None;
    }
    parts.is_dotted = separators.contains(&'.') && !separators.contains(&'/') && !separators.contains(&'-');
    Some(parts)
}

/// The rest of a time of day behind its hour and colon; returns how many pieces it took.
fn time(hour: Number, rest: &[Piece<'_>]) -> Option<((i8, i8, i8), usize)> {
    let two = |piece: Option<&Piece<'_>>| match piece {
        Some(Piece::Number(number)) if number.n_digits == 2 && number.value < 60 => Some(number.value as i8),
        _ => None,
    };
    let minute = two(rest.first())?;
    let mut used = 1;
    let mut second = 0;
    if matches!(rest.get(used), Some(Piece::Mark(':'))) {
        // A leap second counts as the one before.
        second = match rest.get(used + 1) {
            Some(Piece::Number(Number { value: 60, n_digits: 2 })) => 59,
            piece => two(piece)?,
        };
        used += 2;
        // Fractions are of no use here.
        if let [Piece::Mark('.' | ','), Piece::Number(_), ..] = rest[used..] {
            used += 2;
        }
    }
    let mut hour = (hour.n_digits <= 2).then_some(hour.value as i8)?;
    let skip = usize::from(matches!(rest.get(used), Some(Piece::Mark(' '))));
    if let Some(Piece::Word(half @ ("am" | "pm"))) = rest.get(used + skip) {
        if !(1..=12).contains(&hour) {
            return None;
        }
        hour = hour % 12 + if *half == "pm" { 12 } else { 0 };
        used += skip + 1;
    }
    Some(((hour, minute, second), used))
}

/// The offset behind a time of day, where there is one; returns how many pieces it took.
fn zone(rest: &[Piece<'_>]) -> Option<(Option<i32>, usize)> {
    let skip = rest.iter().take_while(|piece| matches!(piece, Piece::Mark(' '))).count();
    let rest = &rest[skip..];
    match rest {
        [Piece::Word(name), more @ ..] => match ZONES.iter().find(|(zone, _)| zone == name) {
            // `UTC+2`, and the comment of mail: `+0000 (UTC)`.
            Some((_, 0)) if matches!(more.first(), Some(Piece::Mark('+' | '-'))) => {
                zone(more).map(|(offset, used)| (offset, skip + 1 + used))
            }
            Some((_, hours)) => Some((Some(hours * 3600), skip + 1)),
            None => Some((None, skip)),
        },
        [Piece::Mark(sign @ ('+' | '-')), Piece::Number(number), more @ ..] => {
            let (hours, minutes, used) = match (number.n_digits, more) {
                (1 | 2, [Piece::Mark(':'), Piece::Number(minutes), ..]) => (number.value, minutes.value, 4),
                (1 | 2, _) => (number.value, 0, 2),
                (4, _) => (number.value / 100, number.value % 100, 2),
                _ => return None,
            };
            if hours > 14 || minutes > 59 {
                return None;
            }
            let seconds = (hours * 60 + minutes) * 60;
            let comment = match rest[used..] {
                [Piece::Mark(' '), Piece::Mark('('), Piece::Word(_), Piece::Mark(')'), ..] => 4,
                _ => 0,
            };
            Some((Some(if *sign == '-' { -seconds } else { seconds }), skip + used + comment))
        }
        _ => Some((None, skip)),
    }
}
