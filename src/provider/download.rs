//! Downloads: a file appears whole, or not at all.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use ureq::http::{HeaderMap, header};

use super::client::Client;
use super::error::{ApiError, Fault};
use super::retry::Retrying;
use super::transport::Encoding;
use crate::text::whole_file::WholeFile;

/// Number of tries a download may take in all, however well each of them goes on.
const TRIES_MAX: u32 = 200;
/// Number of times that a 403 is not believed: a file just written answers so for a moment.
const FORBIDDEN_TRIES: u32 = 3;

/// Result of a download.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Downloaded {
    /// Size of the file.
    pub bytes: u64,
    /// Lines that are not blank, a last one without a line end included.
    pub lines: u64,
}

/// A download under way.
struct Transfer<'a> {
    /// File that the content is written to.
    dest: &'a Path,
    file: File,
    /// Bytes in the file.
    have: u64,
    /// Validator of the content at the server, for a resume.
    etag: Option<String>,
    /// The whole size as the server announced it.
    total: Option<u64>,
    /// True where the last body had an end of its own: a length, or the last chunk. One without is over when the
    /// connection is, whyever that closed.
    has_end: bool,
    /// True where it came packed: it cannot be resumed.
    is_packed: bool,
}

impl Client {
    /// Downloads a file's content to `dest`, which appears only when it came whole as far as HTTP tells. `progress`
    /// is told the bytes so far.
    ///
    /// `expected_bytes` is what the file object says. A body that ends cleanly before that is given as it is: the file
    /// may not be written to its end yet, or the object may be wrong, and trying at once does not help either.
    pub fn download(
        &self,
        file_id: &str,
        dest: &Path,
        expected_bytes: Option<u64>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Downloaded, ApiError> {
        let doing = format!("download `{file_id}`");
        let local = |what: &str, path: &Path, error: io::Error| {
            ApiError::new(Fault::Local, &doing, self.origin().host(), format!("{what} `{}`: {error}", path.display()))
        };
        let failed =
            |error: anyhow::Error| ApiError::new(Fault::Local, &doing, self.origin().host(), format!("{error:#}"));
        // Under a name of its own: two processes may download the same file, and neither writes into the other's.
        let mut whole = WholeFile::create(dest).map_err(failed)?;
        let file = whole.file().try_clone().map_err(|error| local("cannot write", dest, error))?;
        let mut transfer = Transfer { dest, file, have: 0, etag: None, total: None, has_end: false, is_packed: false };
        self.transfer(&doing, file_id, &mut transfer, expected_bytes, progress)?;
        // Size and lines are those of the open file, whatever has its name by now.
        let lines = count_lines(&mut transfer.file).map_err(|error| local("cannot read", dest, error))?;
        whole.finish().map_err(failed)?;
        Ok(Downloaded { bytes: transfer.have, lines })
    }

    fn transfer(
        &self,
        doing: &str,
        file_id: &str,
        transfer: &mut Transfer,
        expected_bytes: Option<u64>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), ApiError> {
        let (mut fruitless, mut n_forbidden, mut best) = (0, 0, 0);
        for n_try in 1.. {
            let mut error = match self.transfer_once(doing, file_id, transfer, progress) {
                Ok(()) => match expected_bytes {
                    // No proper end: HTTP can't tell this from a broken connection.
                    Some(whole) if transfer.have < whole && !transfer.has_end && fruitless < self.retries() => {
                        let why = format!("{} of {whole} bytes came", transfer.have);
                        ApiError::new(Fault::Cut, doing, self.origin().host(), why)
                    }
                    _ => return Ok(()),
                },
                Err(error) => error,
            };
            let forbidden = error.status == Some(403) && n_forbidden < FORBIDDEN_TRIES;
            n_forbidden += u32::from(forbidden);
            // A try that brought something new is no failure of the network to serve us.
            fruitless = if transfer.have > best { 0 } else { fruitless + 1 };
            best = best.max(transfer.have);
            if !(error.is_retryable() || forbidden) || fruitless > self.retries() || n_try >= TRIES_MAX {
                error.detail().tries = n_try;
                return Err(error);
            }
            let delay = self.delay(fruitless.max(1), &error);
            let of = self.retries().max(fruitless);
            self.wait(doing, &Retrying { attempt: fruitless.max(1), of, delay, why: error.to_string() })?;
        }
        Ok(())
    }

    fn transfer_once(
        &self,
        doing: &str,
        file_id: &str,
        transfer: &mut Transfer,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), ApiError> {
        let host = self.origin().host();
        let mut call = self.content_call(doing, file_id);
        call.headers.push(("accept", "*/*".to_string()));
        if transfer.is_packed {
            transfer.restart(doing, host)?;
        }
        if transfer.have > 0 {
            call.headers.push(("range", format!("bytes={}-", transfer.have)));
            if let Some(etag) = &transfer.etag {
                call.headers.push(("if-range", etag.clone()));
            }
        }
        let reply = match self.transport().send(call) {
            Err(error) if error.status == Some(416) && transfer.have > 0 => {
                transfer.restart(doing, host)?;
                let mut error = error;
                error.detail().should_retry = Some(true);
                return Err(error);
            }
            reply => reply?,
        };
        let encoding = self.transport().encoding(doing, &reply.headers)?;
        if encoding == Encoding::Gzip && transfer.have > 0 {
            // A place in what is packed is none in the file.
            transfer.restart(doing, host)?;
            transfer.is_packed = true;
            return Err(ApiError::new(Fault::Cut, doing, host, "the rest of it is packed"));
        }
        let length = text(&reply.headers, "content-length").and_then(|v| v.parse::<u64>().ok());
        let resumed = reply.status == 206
            && content_range(&reply.headers).is_some_and(|(start, total)| {
                start == transfer.have && (total.is_none() || transfer.total.is_none() || total == transfer.total)
            });
        if reply.status == 206 && !resumed {
            // The rest of something else: begin anew.
            transfer.restart(doing, host)?;
            return Err(ApiError::new(Fault::Cut, doing, host, "it goes on at another place than was asked for"));
        }
        if !resumed {
            transfer.restart(doing, host)?;
            transfer.is_packed = encoding == Encoding::Gzip;
            transfer.total = length.filter(|_| !transfer.is_packed);
            // A weak tag does not promise the same bytes.
            transfer.etag = text(&reply.headers, "etag").filter(|tag| tag.starts_with('"'));
        }
        let is_chunked = text(&reply.headers, "transfer-encoding").is_some_and(|e| e.eq_ignore_ascii_case("chunked"));
        transfer.has_end = length.is_some() || is_chunked;
        let reader = reply.body.into_with_config().limit(u64::MAX).reader();
        let mut reader: Box<dyn Read> = match encoding {
            Encoding::Identity => Box::new(reader),
            Encoding::Gzip => Box::new(MultiGzDecoder::new(reader)),
        };
        let mut buffer = vec![0; 128 * 1024];
        loop {
            let n = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.transport().failed(doing, error.into(), self.silence_timeout())),
            };
            transfer.file.write_all(&buffer[..n]).map_err(|error| transfer.local(doing, host, &error))?;
            transfer.have += n as u64;
            progress(transfer.have);
        }
        match transfer.total {
            Some(total) if transfer.have < total => {
                Err(ApiError::new(Fault::Cut, doing, host, format!("{} of {total} bytes came", transfer.have)))
            }
            _ => Ok(()),
        }
    }
}

impl Transfer<'_> {
    fn restart(&mut self, doing: &str, host: &str) -> Result<(), ApiError> {
        (self.have, self.etag, self.total) = (0, None, None);
        let emptied = self.file.set_len(0).and_then(|()| self.file.seek(SeekFrom::Start(0)));
        emptied.map(drop).map_err(|error| self.local(doing, host, &error))
    }

    fn local(&self, doing: &str, host: &str, error: &io::Error) -> ApiError {
        ApiError::new(Fault::Local, doing, host, format!("cannot write `{}`: {error}", self.dest.display()))
    }
}

fn count_lines(file: &mut File) -> io::Result<u64> {
    file.seek(SeekFrom::Start(0))?;
    let mut buffer = vec![0; 128 * 1024];
    let (mut n_lines, mut blank) = (0, true);
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok(n_lines + u64::from(!blank));
        }
        for &byte in &buffer[..n] {
            match byte {
                b'\n' => {
                    n_lines += u64::from(!blank);
                    blank = true;
                }
                b' ' | b'\t' | b'\r' => {}
                _ => blank = false,
            }
        }
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|v| v.to_str().ok()).map(|v| v.trim().to_string())
}

/// Reads `Content-Range: bytes 100-199/200` as (100, 200).
fn content_range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let value = text(headers, header::CONTENT_RANGE.as_str())?;
    let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    Some((start.trim().parse().ok()?, total.trim().parse().ok()))
}
