//! Answers as lines of JSON, written straight: the very bytes that `serde_json` writes, without looking at each for itself.

use anyhow::Result;

use super::{Listed, ResolvedLine};

/// Writes an answer as a line of JSON.
pub(super) fn line(answer: &ResolvedLine<'_>) -> Result<String> {
    // Reasons are written seldom, and have a shape of their own.
    if !answer.remarks.is_empty() || answer.candidates.iter().any(|candidate| !candidate.parts.is_empty()) {
        return Ok(serde_json::to_string(answer)?);
    }
    let mut out = Vec::with_capacity(256 + 160 * answer.candidates.len());
    out.extend_from_slice(b"{\"mention\":");
    text(answer.mention, &mut out)?;
    for (name, value) in [
        (&b",\"entity_id\":"[..], answer.entity_id),
        (b",\"entity_type\":", answer.entity_type),
        (b",\"name\":", answer.name),
    ] {
        out.extend_from_slice(name);
        match value {
            Some(value) => text(value, &mut out)?,
            None => out.extend_from_slice(b"null"),
        }
    }
    out.extend_from_slice(b",\"score\":");
    serde_json::to_writer(&mut out, &answer.score)?;
    out.extend_from_slice(b",\"method\":");
    text(answer.method, &mut out)?;
    out.extend_from_slice(b",\"outcome\":");
    text(answer.outcome, &mut out)?;
    out.extend_from_slice(b",\"candidates\":[");
    for (at, candidate) in answer.candidates.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        listed(candidate, &mut out)?;
    }
    out.extend_from_slice(b"]}");
    Ok(String::from_utf8(out)?)
}

fn listed(candidate: &Listed, out: &mut Vec<u8>) -> Result<()> {
    out.extend_from_slice(b"{\"entity_id\":");
    text(&candidate.entity_id, out)?;
    out.extend_from_slice(b",\"entity_type\":");
    text(&candidate.entity_type, out)?;
    out.extend_from_slice(b",\"name\":");
    text(&candidate.name, out)?;
    out.extend_from_slice(b",\"score\":");
    serde_json::to_writer(&mut *out, &candidate.score)?;
    if let Some(note) = &candidate.note {
        out.extend_from_slice(b",\"note\":");
        text(note, out)?;
    }
    out.push(b'}');
    Ok(())
}

/// Writes a text in quotes. Most have nothing to escape, which is seen of many bytes at a time.
fn text(text: &str, out: &mut Vec<u8>) -> Result<()> {
    let is_escaped = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    if text.bytes().fold(false, |found, byte| found | is_escaped(byte)) {
        return Ok(serde_json::to_writer(out, text)?);
    }
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_is_written_as_serde_writes_it() {
        let candidate = |id: &str, score: f64, note: Option<&str>| Listed {
            entity_id: id.into(),
            entity_type: "a \"type\"".into(),
            name: "Zürich \u{202e} \u{7f} / \\ \n".into(),
            score,
            note: note.map(str::to_owned),
            parts: vec![],
        };
        let explained = Listed { parts: vec![json!({"what": "x", "log_odds": 1.5})], ..candidate("7", 0.5, None) };
        let all = [candidate("1", 0.9851, None), candidate("é\t", 1.0, Some("of \"a\"")), explained];
        let remarks = ["a remark".to_owned()];
        for (candidates, remarks) in
            [(&all[..0], &[][..]), (&all[..1], &[]), (&all[..2], &[]), (&all, &[]), (&all[..1], &remarks)]
        {
            for is_linked in [false, true] {
                let entity = candidates.first().filter(|_| is_linked);
                let answer = ResolvedLine {
                    mention: "M\u{0}N\u{1f}\u{2028}",
                    entity_id: entity.map(|entity| entity.entity_id.as_str()),
                    entity_type: entity.map(|entity| entity.entity_type.as_str()),
                    name: entity.map(|entity| entity.name.as_str()),
                    score: 1e-7,
                    method: "fuzzy",
                    outcome: "linked",
                    candidates,
                    remarks,
                };
                assert_eq!(line(&answer).expect("writes"), serde_json::to_string(&answer).expect("writes"));
            }
        }
    }
}
