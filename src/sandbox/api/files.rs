//! Files: upload, look, list, read, delete.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::super::check::LINE_BYTES_MAX;
use super::super::faults::Tapped;
use super::super::http::{Content, Ending, Head, Reply};
use super::super::multipart::{self, Multipart};
use super::super::script::RangeRule;
use super::super::shared::Shared;
use super::{bad_request, limit, not_found, page};
use crate::text::lines::Lines;

/// A form field is a word or a number.
const FIELD_BYTES_MAX: usize = 4096;
/// Any single file, says the provider's specification.
const FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;
const EXPIRY_SECS: std::ops::RangeInclusive<i64> = 3600..=2_592_000;
/// Files of a batch expire after 30 days unless they say otherwise.
const DEFAULT_EXPIRY_SECS: i64 = 2_592_000;

/// A form that was received whole; its file lies on disk and is not known yet.
#[derive(Default)]
pub(crate) struct Upload {
    pub(crate) purpose: String,
    pub(crate) filename: String,
    pub(crate) n_bytes: u64,
    path: Option<PathBuf>,
    expires_after_secs: Option<String>,
}

pub(super) fn receive(shared: &Shared, head: &Head, body: &mut Tapped) -> io::Result<Upload> {
    let boundary = head.header("content-type").and_then(multipart::boundary);
    let boundary = boundary.ok_or_else(|| invalid("the upload must be multipart/form-data with a boundary"))?;
    let mut upload = Upload::default();
    let mut parts = Multipart::new(body, &boundary)?;
    while let Some(part) = parts.next_part()? {
        if part.name == "file" {
            let path = shared.dir.join(format!("upload-{}", shared.unique()));
            let mut file = BufWriter::new(File::create(&path)?);
            upload.filename = part.filename.unwrap_or_else(|| "file".into());
            upload.path = Some(path);
            upload.n_bytes = parts.copy_part(&mut file)?;
            file.flush()?;
            if upload.n_bytes > FILE_BYTES_MAX {
                return Err(invalid("the file is larger than 512 MB"));
            }
            continue;
        }
        let mut value = vec![];
        parts.copy_part(&mut value)?;
        value.truncate(FIELD_BYTES_MAX);
        let value = String::from_utf8_lossy(&value).into_owned();
        match part.name.as_str() {
            "purpose" => upload.purpose = value,
            "expires_after[seconds]" => upload.expires_after_secs = Some(value),
            _ => {}
        }
    }
    Ok(upload)
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message.to_owned())
}

pub(super) fn create(shared: &Shared, upload: &Upload) -> io::Result<Reply> {
    let Some(path) = &upload.path else { return Ok(bad_request("Missing required parameter: 'file'.", Some("file"))) };
    let loaded = shared.loaded();
    let rules = &loaded.script.files;
    let expires = upload.expires_after_secs.as_ref().map(|secs| secs.parse::<i64>().ok());
    let refusal = if upload.purpose.is_empty() {
        Some(bad_request("Missing required parameter: 'purpose'.", Some("purpose")))
    } else if upload.purpose == "batch" && upload.n_bytes > loaded.script.limits.upload_bytes {
        Some(bad_request("File is too large.", Some("file")))
    } else if upload.purpose == "batch" && !upload.filename.ends_with(".jsonl") {
        Some(bad_request("Invalid file format for Batch API. Must be .jsonl", Some("file")))
    } else if expires.is_some() && rules.refuse_expiry {
        Some(bad_request("Unknown parameter: 'expires_after'.", Some("expires_after")))
    } else if expires.is_some_and(|secs| secs.is_none_or(|secs| !EXPIRY_SECS.contains(&secs))) {
        Some(bad_request(
            "Invalid 'expires_after.seconds': must be from 3600 to 2592000.",
            Some("expires_after.seconds"),
        ))
    } else {
        None
    };
    if let Some(refusal) = refusal {
        fs::remove_file(path)?;
        return Ok(refusal);
    }
    if rules.rewrite_input {
        rewrite(path)?;
    }
    let mut state = shared.state();
    let id = shared.add_file(&mut state, path.clone(), &upload.filename, &upload.purpose)?;
    let Some(file) = state.file(&id) else { return Ok(not_found("No such File object", Some("id"))) };
    let seconds = expires.flatten().or((upload.purpose == "batch").then_some(DEFAULT_EXPIRY_SECS));
    file.expires_at = seconds.map(|secs| file.created_at + secs);
    Ok(Reply::json(200, &file.to_json()))
}

/// Writes the lines anew, as a server that parses and stores them does.
fn rewrite(path: &Path) -> io::Result<()> {
    let other = path.with_extension("rewritten");
    let mut out = BufWriter::new(File::create(&other)?);
    let mut lines = Lines::new(BufReader::new(File::open(path)?), LINE_BYTES_MAX as usize);
    while let Some(line) = lines.next()? {
        let line = str::from_utf8(line.bytes).map_err(io::Error::other)?;
        match serde_json::from_str::<Value>(line) {
            Ok(mut value) => {
                value.sort_all_objects();
                writeln!(out, "{value}")?;
            }
            Err(_) => writeln!(out, "{line}")?,
        }
    }
    out.flush()?;
    fs::rename(other, path)
}

pub(super) fn list(shared: &Shared, head: &Head) -> Reply {
    let mut files: Vec<Value> = {
        let state = shared.state();
        let wanted =
            state.files.iter().filter(|file| head.param("purpose").is_none_or(|purpose| file.purpose == purpose));
        wanted.map(|file| file.to_json()).collect()
    };
    if head.param("order") != Some("asc") {
        files.reverse();
    }
    let page = limit(head, 10_000, 10_000).and_then(|limit| page(files, head.param("after"), limit));
    page.map_or_else(|refusal| refusal, |page| Reply::json(200, &page))
}

pub(super) fn get(shared: &Shared, id: &str) -> Reply {
    match shared.state().file(id) {
        Some(file) => Reply::json(200, &file.to_json()),
        None => no_file(id),
    }
}

pub(super) fn delete(shared: &Shared, id: &str) -> Reply {
    let mut state = shared.state();
    let Some(at) = state.files.iter().position(|file| file.id == id) else { return no_file(id) };
    let file = state.files.remove(at);
    // Gone from the list is gone; the bytes are swept up with the folder at the latest.
    let _ = fs::remove_file(file.path);
    Reply::json(200, &json!({"id": id, "object": "file", "deleted": true}))
}

fn no_file(id: &str) -> Reply {
    not_found(&format!("No such File object: {id}"), Some("id"))
}

pub(super) fn content(shared: &Shared, head: &Head, id: &str) -> io::Result<Reply> {
    let (path, n_bytes) = {
        let mut state = shared.state();
        let Some(file) = state.file(id) else { return Ok(no_file(id)) };
        let mut n_bytes = file.n_bytes;
        if let Some((missing, reads)) = &mut file.short
            && *reads > 0
        {
            *reads -= 1;
            n_bytes = n_bytes.saturating_sub(*missing);
        }
        (file.path.clone(), n_bytes)
    };
    let range = head.header("range").and_then(|range| parse_range(range, n_bytes));
    let rule = shared.loaded().script.files.range;
    let content = |start, len| io::Result::Ok(Content::File { file: File::open(&path)?, start, len });
    let (status, start, end) = match (range, rule) {
        (None, _) | (_, RangeRule::Off) => (200, 0, n_bytes),
        (Some(None), _) => {
            let mut reply = bad_request("The requested range is not satisfiable.", None);
            reply.status = 416;
            reply.set_header("content-range", format!("bytes */{n_bytes}"));
            return Ok(reply);
        }
        (Some(Some((_, end))), RangeRule::Wrong) => (206, 0, end),
        (Some(Some((start, end))), _) => (206, start, end),
    };
    let mut reply = Reply { status, headers: vec![], content: content(start, end - start)?, ending: Ending::Length };
    reply.set_header("content-type", "application/octet-stream");
    if rule != RangeRule::Off {
        reply.set_header("accept-ranges", "bytes");
    }
    if status == 206 && rule != RangeRule::Silent {
        reply.set_header("content-range", format!("bytes {start}-{}/{n_bytes}", end.saturating_sub(1)));
    }
    Ok(reply)
}

/// Reads a range of one piece: `None` is no range that counts, `Some(None)` one outside the file.
fn parse_range(text: &str, n_bytes: u64) -> Option<Option<(u64, u64)>> {
    let (start, end) = text.strip_prefix("bytes=")?.split_once('-')?;
    let start: u64 = start.parse().ok()?;
    let end = if end.is_empty() { n_bytes } else { end.parse::<u64>().ok()?.saturating_add(1).min(n_bytes) };
    Some((start < end).then_some((start, end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        let table = [
            ("bytes=0-", Some(Some((0, 10)))),
            ("bytes=4-5", Some(Some((4, 6)))),
            ("bytes=4-99", Some(Some((4, 10)))),
            ("bytes=10-", Some(None)),
            ("bytes=-4", None),
            ("lines=1-2", None),
        ];
        for (text, expected) in table {
            assert_eq!(parse_range(text, 10), expected, "{text}");
        }
    }
}
