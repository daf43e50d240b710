//! The character between the cells of a CSV file: spreadsheets of half of Europe write semicolons.

/// Returns the separator of a table: of comma, semicolon and tab the one that its first line has most of, outside quotes.
pub(crate) fn separator(start: &[u8]) -> u8 {
    let mut counts = [0_u32; 3];
    // The last of equals wins in `max_by_key`, so the comma stands last.
    const SEPARATORS: [u8; 3] = *b"\t;,";
    let mut is_quoted = false;
    for byte in start.iter().take_while(|byte| **byte != b'\n') {
        is_quoted ^= *byte == b'"';
        if let Some(at) = SEPARATORS.iter().position(|one| one == byte).filter(|_| !is_quoted) {
            counts[at] += 1;
        }
    }
    let most = (0..SEPARATORS.len()).max_by_key(|at| counts[*at]);
    most.map_or(b',', |at| SEPARATORS[at])
}

#[cfg(test)]
mod tests {
    use super::separator;

    #[test]
    fn the_most_frequent_wins() {
        for (start, expected) in [
            ("a,b;c,d\n;;;;;;", b','),
            ("a;b;c", b';'),
            ("a\tb\tc;d", b'\t'),
            ("\"a;b;c;d\",e\n", b','),
            ("one", b','),
            ("", b','),
            ("a;b,c", b','),
        ] {
            assert_eq!(separator(start.as_bytes()) as char, expected as char, "{start:?}");
        }
    }
}
