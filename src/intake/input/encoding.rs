//! Encodings: what the bytes of a text are, and the bytes as UTF-8.

use std::io::{self, BufRead, Read};

use anyhow::{Context as _, anyhow, bail};
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::error::{Exit, Explain as _};

/// Of so many lines one may be broken in a file that is UTF-8.
const LINES_PER_BAD_LINE: u64 = 1_000;

/// Bytes of lines that are not ASCII which the guess is made of; more do not change it.
const GUESS_BYTES_MAX: usize = 1024 * 1024;

/// An encoding, and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) struct Found {
    pub(in crate::intake) encoding: &'static Encoding,
    pub(in crate::intake) is_guessed: bool,
}

/// Finds the encoding of a text by its beginning, where that says it: a byte order mark, or the zeros of UTF-16.
pub(in crate::intake) fn by_beginning(start: &[u8]) -> anyhow::Result<Option<&'static Encoding>> {
    if let Some((encoding, _)) = Encoding::for_bom(start) {
        return Ok(Some(encoding));
    }
    let start = &start[..start.len().min(4096) & !1];
    let zeros = |odd: usize| start.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, n) = (zeros(0), zeros(1), start.len() / 2);
    if even + odd == 0 {
        return Ok(None);
    }
    // Most text has some letters of the first 256 characters, and those only have a zero on one side.
    match (even * 20 < n.max(1), odd * 20 < n.max(1)) {
        (true, false) => Ok(Some(UTF_16LE)),
        (false, true) => Ok(Some(UTF_16BE)),
        _ => bail!("the file is not text: zero bytes stand in it"),
    }
}

/// Finds the encoding of a text without a mark by reading all of it, twice where it is not UTF-8. `open` begins anew.
pub(in crate::intake) fn by_content<R: BufRead>(mut open: impl FnMut() -> anyhow::Result<R>) -> anyhow::Result<Found> {
    let utf8 = Found { encoding: UTF_8, is_guessed: false };
    // Most files are UTF-8 throughout, which is seen without looking for lines.
    if is_utf8(&mut open()?)? {
        return Ok(utf8);
    }
    let lines = count(&mut open()?)?;
    if lines.bad == 0 || lines.bad.saturating_mul(LINES_PER_BAD_LINE) <= lines.all {
        return Ok(utf8);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&lines.sample, true);
    let encoding = detector.guess(None, Utf8Detection::Deny);
    // Lines that are UTF-8 beyond ASCII would become nonsense, and nobody would be told.
    if lines.good_beyond_ascii > lines.bad {
        return Err(anyhow!(
            "the file is UTF-8 but for {} of {} lines, which may be {}",
            lines.bad,
            lines.all,
            encoding.name()
        ))
        .hint(format!("`--encoding utf-8` reads it without those lines, `--encoding {}` all of it", encoding.name()))
        .exit(Exit::Usage);
    }
    let mut reader = Decoded::new(open()?, encoding, true);
    match io::copy(&mut reader, &mut io::sink()) {
        Ok(_) => Ok(Found { encoding, is_guessed: true }),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(anyhow!("the file is not UTF-8, and not whole as {}, which it is most like", encoding.name()))
                .hint("`--encoding NAME` says what it is: windows-1252, shift_jis, gb18030, utf-16le, …")
                .exit(Exit::Usage)
        }
        Err(error) => Err(error).context("cannot read the file"),
    }
}

/// Returns whether all that is read is UTF-8.
fn is_utf8(reader: &mut impl BufRead) -> anyhow::Result<bool> {
    // A chunk, behind the beginning of a character that the one before has cut.
    let mut bytes = Vec::new();
    loop {
        let chunk = reader.fill_buf().context("cannot read the file")?;
        if chunk.is_empty() {
            return Ok(bytes.is_empty());
        }
        let used = chunk.len();
        bytes.extend_from_slice(chunk);
        reader.consume(used);
        match std::str::from_utf8(&bytes) {
            Ok(_) => bytes.clear(),
            Err(error) if error.error_len().is_none() => _ = bytes.drain(..error.valid_up_to()),
            Err(_) => return Ok(false),
        }
    }
}

#[derive(Default)]
struct Lines {
    all: u64,
    bad: u64,
    good_beyond_ascii: u64,
    sample: Vec<u8>,
}

/// Counts the lines, and of them those that are not UTF-8. Pieces of very long lines count as lines.
fn count(reader: &mut impl BufRead) -> anyhow::Result<Lines> {
    let mut lines = Lines::default();
    let mut carry = Vec::new();
    loop {
        let chunk = reader.fill_buf().context("cannot read the file")?;
        if chunk.is_empty() {
            break;
        }
        let used = chunk.len();
        let whole = match memchr::memrchr(b'\n', chunk) {
            Some(end) => {
                carry.extend_from_slice(&chunk[..=end]);
                lines.look_at(&carry);
                carry.clear();
                end + 1
            }
            None => 0,
        };
        carry.extend_from_slice(&chunk[whole..]);
        if carry.len() > 4 * 1024 * 1024 {
            // Cut between two characters.
            let end =
                carry.len() - carry.iter().rev().take(3).position(|byte| *byte & 0xc0 != 0x80).map_or(0, |n| n + 1);
            let rest = carry.split_off(end);
            lines.look_at(&carry);
            carry = rest;
        }
        reader.consume(used);
    }
    if !carry.is_empty() {
        lines.look_at(&carry);
    }
    Ok(lines)
}

impl Lines {
    fn look_at(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            let line;
            (line, rest) = rest.split_at(end);
            self.all += 1;
            if line.is_ascii() {
                continue;
            }
            let is_bad = std::str::from_utf8(line).is_err();
            self.bad += u64::from(is_bad);
            self.good_beyond_ascii += u64::from(!is_bad);
            if is_bad && self.sample.len() < GUESS_BYTES_MAX {
                self.sample.extend_from_slice(&line[..line.len().min(GUESS_BYTES_MAX)]);
            }
        }
    }
}

/// Reads an encoding by the name or alias that the web standard has for it.
pub(in crate::intake) fn parse(name: &str) -> Option<&'static Encoding> {
    let name = name.trim().to_lowercase();
    Encoding::for_label(name.as_bytes()).or_else(|| {
        // Python's spellings.
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let label = match plain.as_str() {
            "utf8sig" | "utf8" => "utf-8",
            "latin1" => "iso-8859-1",
            "utf16" => "utf-16",
            "macroman" => "macintosh",
            other => other.strip_prefix("cp125").map_or("", |rest| match rest {
                "0" => "windows-1250",
                "1" => "windows-1251",
                "2" => "windows-1252",
                _ => "",
            }),
        };
        Encoding::for_label(label.as_bytes())
    })
}

/// A reader whose bytes become UTF-8. What is UTF-8 passes as it is, so that a bad line can be told by its reader.
pub(in crate::intake) struct Decoded<R> {
    reader: R,
    decoder: Option<Decoder>,
    /// True where a byte that means nothing ends the reading; else it becomes a replacement character.
    is_strict: bool,
    out: Vec<u8>,
    given: usize,
    is_over: bool,
}

impl<R: BufRead> Decoded<R> {
    pub(in crate::intake) fn new(reader: R, encoding: &'static Encoding, is_strict: bool) -> Self {
        let decoder = (encoding != UTF_8).then(|| encoding.new_decoder_with_bom_removal());
        Self { reader, decoder, is_strict, out: Vec::new(), given: 0, is_over: false }
    }
}

impl<R: BufRead> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(decoder) = &mut self.decoder else { return self.reader.read(buffer) };
        while self.given == self.out.len() && !self.is_over {
            let chunk = self.reader.fill_buf()?;
            self.is_over = chunk.is_empty();
            self.out.resize(64 * 1024, 0);
            self.given = 0;
            let (used, written) = if self.is_strict {
                let (result, used, written) =
                    decoder.decode_to_utf8_without_replacement(chunk, &mut self.out, self.is_over);
                // C1 controls are no text: windows-1252 gives them for bytes that mean nothing.
                let has_controls =
                    self.out[..written].windows(2).any(|pair| pair[0] == 0xc2 && (0x80..0xa0).contains(&pair[1]));
                if matches!(result, encoding_rs::DecoderResult::Malformed(..)) || has_controls {
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        "a byte that means nothing in this encoding",
                    ));
                }
                self.is_over &= result == encoding_rs::DecoderResult::InputEmpty;
                (used, written)
            } else {
                let (result, used, written, _) = decoder.decode_to_utf8(chunk, &mut self.out, self.is_over);
                self.is_over &= result == CoderResult::InputEmpty;
                (used, written)
            };
            self.out.truncate(written);
            self.reader.consume(used);
        }
        let n = buffer.len().min(self.out.len() - self.given);
        buffer[..n].copy_from_slice(&self.out[self.given..self.given + n]);
        self.given += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(bytes: &[u8]) -> Result<(String, bool), String> {
        by_content(|| Ok(bytes))
            .map(|found| (found.encoding.name().to_owned(), found.is_guessed))
            .map_err(|error| error.to_string())
    }

    fn decoded(bytes: &[u8], encoding: &'static Encoding) -> String {
        let mut text = String::new();
        Decoded::new(bytes, encoding, false).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn utf_16_is_known_by_its_mark_or_its_zeros() {
        assert_eq!(by_beginning(b"\xff\xfei\0d\0").unwrap(), Some(UTF_16LE));
        assert_eq!(by_beginning(b"\xfe\xff\0i\0d").unwrap(), Some(UTF_16BE));
        assert_eq!(by_beginning(b"i\0d\0,\0t\0").unwrap(), Some(UTF_16LE));
        assert_eq!(by_beginning(b"\0i\0d\0,\0t").unwrap(), Some(UTF_16BE));
        assert_eq!(by_beginning(b"\xef\xbb\xbfid").unwrap(), Some(UTF_8));
        assert_eq!(by_beginning(b"id,text").unwrap(), None);
        assert!(by_beginning(&[0; 100]).is_err());
        assert_eq!(decoded(b"\xff\xfei\0\xe9\0", UTF_16LE), "ié");
        assert_eq!(decoded(b"\0i\x30\x42", UTF_16BE), "iあ");
    }

    #[test]
    fn what_is_not_utf_8_is_guessed_and_must_fit() {
        assert_eq!(found("é\n".repeat(5).as_bytes()), Ok(("UTF-8".into(), false)));
        for (bytes, expected) in [("é水👩\n".as_bytes(), true), (b"a\xe6\xb0", false), (b"\xb0a", false), (b"", true)]
        {
            for n_bytes in 1..=4 {
                let mut in_chunks = io::BufReader::with_capacity(n_bytes, bytes);
                assert_eq!(is_utf8(&mut in_chunks).unwrap(), expected, "{bytes:?} by {n_bytes}");
            }
        }
        let latin = b"S\xf8rensen said \x93no\x94 to Tom\xe1s Ib\xe1\xf1ez on Monday\n";
        assert_eq!(found(&latin.repeat(3)), Ok(("windows-1252".into(), true)));
        assert_eq!(decoded(latin, encoding_rs::WINDOWS_1252), "Sørensen said “no” to Tomás Ibáñez on Monday\n");
        let mut nearly = "plain line\n".repeat(1_000).into_bytes();
        nearly.extend(b"one \xff line\n");
        assert_eq!(found(&nearly), Ok(("UTF-8".into(), false)), "a bad line in a thousand is a bad line");
        let mixed = [&"Müller sagt nein\n".repeat(10).into_bytes()[..], b"M\xfcller sagt ja\n"].concat();
        assert!(found(&mixed).is_err_and(|error| error.contains("UTF-8 but for 1 of 11 lines")));
    }

    #[test]
    fn names_of_encodings() {
        for (name, expected) in [
            ("latin1", "windows-1252"),
            ("cp1251", "windows-1251"),
            ("UTF-8-SIG", "UTF-8"),
            ("sjis", "Shift_JIS"),
            ("utf_16", "UTF-16LE"),
        ] {
            assert_eq!(parse(name).map(Encoding::name), Some(expected), "{name}");
        }
        assert_eq!(parse("klingon"), None);
    }
}
