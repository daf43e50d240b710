//! Functions that read what comes from outside, each as a target for random bytes: none may panic, and what each
//! promises of every input is asserted.
//!
//! The harness of the test suite and the targets of cargo-fuzz (`fuzz/`) call the same ones.

use std::io::Write as _;
use std::rc::Rc;

use tempfile::NamedTempFile;
use ureq::http::HeaderMap;

use crate::answer::{Expect, Line, read_text};
use crate::intake::load::{self, Listener};
use crate::intake::{Format, Input, Options, Subject, date};
use crate::model::{GroupId, Kind};
use crate::provider;
use crate::request::{Limits, PairSize, Splitter, custom_id, parse_custom_id};
use crate::resolve::{mention_key, name_words, read_pair};
use crate::sandbox;
use crate::text::{clean, fold, single_line, topic_key};

/// A target: its name, what it does with an input, and inputs to begin with.
pub type FuzzTarget = (&'static str, fn(&[u8]), &'static [&'static str]);

/// Targets, each with inputs to begin with.
pub const TARGETS: [FuzzTarget; 8] = [
    (
        "output_line",
        output_line,
        &[
            r#"{"id":"b","custom_id":"topic_g1","response":{"status_code":200,"body":{"output_text":"{\"topics\":[]}"}}}"#,
            r#"{"custom_id":"entity_g1","response":null,"error":{"code":"batch_expired","message":"x"}}"#,
            r#"{"custom_id":"topic_g","response":{"status_code":200,"body":{"output":[{"type":"message","content":[{"type":"output_text","text":"[]"}]}],"usage":{"input_tokens":1}}}}"#,
        ],
    ),
    (
        "answer_text",
        answer_text,
        &[
            r#"{"topics":[{"topic":"Moon","confidence":0.9,"rank":1}]}"#,
            "```json\n{'entities':[{type:'person',mention:'A',confidence:.5,},]}",
            r#"[{"entity_type":"team","mention_text":"Chiefs","is_primary":true"#,
        ],
    ),
    (
        "records",
        records,
        &[
            "{\"id\":\"g1\",\"title\":\"t\",\"stories\":[{\"text\":\"x\",\"published_at\":\"2024-05-06\"}]}\n{\"id\":2,\"text\":\"y\"}",
            "id,title,text,published_at\n1,\"a \"\"b\"\"\",c,2024-05-06\n",
            "id;type;name;aliases;team\ne1;person;A;B|C;KC\n",
            "{\"id\":\"h\",\"text\":\"<p>AT&amp;T</p><script>x</script><ul><li>&#8203;a<br>b\"}\n",
        ],
    ),
    (
        "names",
        names,
        &["Patrick Mahomes II", "O’Neill, Dr. Shaquille (LAL)", "Königsberg–München", "Chiefs at Bills, Week 3"],
    ),
    ("custom_ids", custom_ids, &["g1", "~x", "a b/c", "topic_g1"]),
    ("splitter", splitter, &["\u{1}\u{2}\u{3}\u{4}abcdefgh"]),
    (
        "dates",
        dates,
        &["2024-05-06", "6 May 2024 10:00 +0200", "05/06/2024", "Mon, 06 May 2024 10:00:00 GMT", "1714989600"],
    ),
    (
        "wire",
        wire,
        &[
            "120",
            "Wed, 21 Oct 2026 07:28:00 GMT",
            "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x--",
        ],
    ),
];

/// A line of an output file, as topics and as entities.
pub fn output_line(bytes: &[u8]) {
    for expect in expectations() {
        if let Ok(line) = Line::open(bytes) {
            let answer = line.classify(&expect);
            drop(answer);
        }
    }
}

/// A model's text, mended where it must be.
pub fn answer_text(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for expect in expectations() {
        assert_eq!(read_text(&text, &expect), read_text(&text, &expect), "reading is deterministic");
    }
}

/// Files of groups and entities.
pub fn records(bytes: &[u8]) {
    let Ok(mut file) = NamedTempFile::new() else { return };
    if file.write_all(bytes).is_err() {
        return;
    }
    for subject in [Subject::Groups, Subject::Entities] {
        for format in [None, Some(Format::JsonLines), Some(Format::Csv)] {
            let options = Options { subject, format, ..Options::default() };
            let Ok(input) = Input::open(file.path(), &options).map(Rc::new) else { continue };
            let mut listener = Listener {
                on_bad: &mut |_| {},
                on_group: &mut |_, _| {},
                on_entity: &mut |_| {},
                on_bytes: Rc::new(|_| {}),
            };
            let mut target = load::Destination::Compare(None);
            let _ = match subject {
                Subject::Groups => load::groups(&mut target, &input, &options, &mut listener).map(drop),
                Subject::Entities => load::entities(&mut target, &input, &options, None, &mut listener).map(drop),
            };
        }
    }
}

/// Names: folding what is folded changes nothing, and no hidden character is kept.
pub fn names(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let folded = fold(&text);
    assert_eq!(fold(&folded), folded, "{text:?}");
    let key = topic_key(&text);
    assert_eq!(topic_key(&key), key, "{text:?}");
    let kept = clean(&text, 200);
    assert_eq!(clean(&kept, 201), kept, "{text:?}");
    assert!(!single_line(&text).contains(['\n', '\r', '\u{1b}']), "{text:?}");
    drop((mention_key(&text), name_words(&text), read_pair(&text)));
}

/// Ids on the wire: of the provider's letters and length, and read back as what they were made of.
pub fn custom_ids(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = parse_custom_id(&text);
    for kind in [Kind::Topic, Kind::Entity] {
        let id = custom_id(kind, &GroupId::new(text.as_ref()));
        let id = id.as_str();
        assert!(id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_graphic()), "{id:?}");
        assert!(parse_custom_id(id).is_some_and(|(read, _)| read == kind), "{id:?}");
    }
}

/// Splitting: every group that fits goes into one part, parts come in order, and none holds more than it may.
pub fn splitter(bytes: &[u8]) {
    let limits = Limits { max_requests: 8, max_bytes: 600, max_tokens: Some(400) };
    let mut splitter = Splitter::new(limits);
    let (mut last, mut filled) = (1, [0; 3]);
    for sizes in bytes.chunks_exact(3) {
        let sizes = [u64::from(sizes[0] % 3), u64::from(sizes[1]) * 3, u64::from(sizes[2]) * 2];
        let pair = PairSize { requests: sizes[0], bytes: sizes[1], tokens: sizes[2] };
        let is_too_large = sizes[1] > limits.max_bytes || sizes[2] > 400;
        match splitter.push(pair) {
            Err(_) => assert!(is_too_large, "what fits alone has a part: {sizes:?}"),
            Ok(part) => {
                assert!(!is_too_large && (part.0 == last || part.0 == last + 1), "parts follow one another");
                if part.0 > last {
                    (last, filled) = (part.0, [0; 3]);
                }
                filled.iter_mut().zip(sizes).for_each(|(sum, size)| *sum += size);
                assert!(filled[0] <= 8 && filled[1] <= 600 && filled[2] <= 400, "{filled:?}");
            }
        }
    }
}

/// Dates: what was read is read again as the same.
pub fn dates(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(time) = date::to_utc(&text) {
        assert_eq!(date::to_utc(&time).as_deref(), Ok(time.as_str()), "{text:?}");
    }
    drop((date::span(&text), date::read(&text, None)));
}

/// Messages between server and client of the sandbox: `Retry-After`, and a form with a file.
pub fn wire(bytes: &[u8]) {
    let mut headers = HeaderMap::new();
    if let Ok(value) = bytes.try_into() {
        headers.insert("retry-after", value);
        let _ = provider::retry_after(&headers);
    }
    let _ = sandbox::read_form(bytes, "x");
}

fn expectations() -> [Expect; 2] {
    [Expect::topics(10), Expect::entities(20, vec![], vec!["team".to_owned()])]
}
