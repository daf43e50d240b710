//! Small helpers that messages are built from: counts, lists, sizes, money, durations.

/// Returns `1 request`, `2 requests`, `50,000 requests`.
pub fn count(n: u64, noun: &str) -> String {
    let number = number(n);
    if n == 1 {
        return format!("{number} {noun}");
    }
    let plural = match noun {
        _ if noun.ends_with("entity") => format!("{}entities", &noun[..noun.len() - "entity".len()]),
        _ if noun.ends_with("story") => format!("{}stories", &noun[..noun.len() - "story".len()]),
        _ if noun.ends_with("batch") || noun.ends_with("alias") => format!("{noun}es"),
        _ if noun.ends_with("try") || noun.ends_with("query") => format!("{}ies", &noun[..noun.len() - 1]),
        _ => format!("{noun}s"),
    };
    format!("{number} {plural}")
}

/// Returns a count and what it does: `1 request has`, `21 requests have`. `verb` is the one for a single thing.
pub fn count_verb(n: u64, noun: &str, verb: &str) -> String {
    let verb = match verb {
        _ if n == 1 => verb,
        "has" => "have",
        "is" => "are",
        "was" => "were",
        "does" => "do",
        "goes" => "go",
        _ => verb.strip_suffix('s').unwrap_or(verb),
    };
    format!("{} {verb}", count(n, noun))
}

/// Returns a number with thousands separated by commas.
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Returns names in backticks: `` `a`, `b` and `c` ``.
pub fn list<S: AsRef<str>>(names: &[S], conjunction: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} {conjunction} {last}", head.join(", ")),
    }
}

/// Returns a size in decimal units: `812 bytes`, `1.3 MB`.
pub fn bytes(n: u64) -> String {
    const UNITS: [(&str, f64); 3] = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    for (unit, size) in UNITS {
        if n as f64 >= size {
            return format!("{:.1} {unit}", n as f64 / size);
        }
    }
    count(n, "byte")
}

/// Returns US dollars with as many decimals as tell something: `$12.40`, `$0.0031`.
pub fn dollars(usd: f64) -> String {
    match usd.abs() {
        0.0 => "$0".into(),
        x if x >= 1.0 => format!("${usd:.2}"),
        x if x >= 0.01 => format!("${usd:.3}"),
        x if x >= 0.00005 => format!("${usd:.4}"),
        _ => format!("${usd:.6}"),
    }
}

/// Returns dollars, or says that the price is not known.
pub fn dollars_or_unknown(usd: Option<f64>) -> String {
    usd.map_or_else(|| "unknown (no price for this model)".into(), dollars)
}

/// Returns a duration in its two largest units: `45 s`, `12 min 5 s`, `3 h 10 min`, `1 d 4 h`.
pub fn duration(seconds: u64) -> String {
    let (d, h, m, s) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    match (d, h, m) {
        (0, 0, 0) => format!("{s} s"),
        (0, 0, _) => format!("{m} min {s} s"),
        (0, _, _) => format!("{h} h {m} min"),
        _ => format!("{d} d {h} h"),
    }
}

/// Shortens a text to `max` characters, with an ellipsis in place of the rest.
pub fn shorten(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(max.saturating_sub(1)).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_agree_with_their_noun() {
        for (n, noun, expected) in [
            (0, "request", "0 requests"),
            (1, "request", "1 request"),
            (1234567, "group", "1,234,567 groups"),
            (2, "entity", "2 entities"),
            (2, "unlinked entity", "2 unlinked entities"),
            (3, "batch", "3 batches"),
            (2, "story", "2 stories"),
            (2, "alias", "2 aliases"),
        ] {
            assert_eq!(count(n, noun), expected);
        }
    }

    #[test]
    fn verbs_agree_with_their_count() {
        for (n, noun, verb, expected) in [
            (21, "request", "has", "21 requests have"),
            (1, "request", "has", "1 request has"),
            (0, "batch", "is", "0 batches are"),
            (2, "group", "was", "2 groups were"),
            (2, "story", "waits", "2 stories wait"),
        ] {
            assert_eq!(count_verb(n, noun, verb), expected);
        }
    }

    #[test]
    fn units_fit_the_size() {
        assert_eq!(bytes(812), "812 bytes");
        assert_eq!(bytes(1_340_000), "1.3 MB");
        assert_eq!(dollars(12.4), "$12.40");
        assert_eq!(dollars(0.0031), "$0.0031");
        assert_eq!(duration(45), "45 s");
        assert_eq!(duration(725), "12 min 5 s");
        assert_eq!(duration(11_400), "3 h 10 min");
        assert_eq!(duration(100_800), "1 d 4 h");
        assert_eq!(list(&["a", "b", "c"], "and"), "`a`, `b` and `c`");
        assert_eq!(shorten("abcdef", 4), "abc…");
    }
}
