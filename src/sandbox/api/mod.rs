//! The endpoints: which there are, what each receives, what each answers.

mod answers;
mod batches;
mod files;

use std::io::{self, Read};

use serde_json::{Value, json};

use super::faults::Tapped;
use super::http::{Head, Reply};
use super::request_body::Endpoint;
use super::script::Script;
use super::shared::Shared;

pub(crate) use files::Upload;

/// Longest JSON body; a story group is far smaller.
const JSON_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Address of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Home,
    FilesCreate,
    FilesList,
    FilesGet(String),
    FilesDelete(String),
    FilesContent(String),
    BatchesCreate,
    BatchesList,
    BatchesGet(String),
    BatchesCancel(String),
    ResponsesCreate,
    ChatCreate,
    ModelsList,
    ModelsGet(String),
    Journal,
    Script,
    Unknown,
}

impl Route {
    pub(crate) fn of(method: &str, path: &str) -> Route {
        let path = path.trim_matches('/');
        let words: Vec<&str> = path.split('/').collect();
        match (method, words.as_slice()) {
            ("GET", [""]) => Route::Home,
            ("POST", ["v1", "files"]) => Route::FilesCreate,
            ("GET", ["v1", "files"]) => Route::FilesList,
            ("GET", ["v1", "files", id]) => Route::FilesGet((*id).into()),
            ("DELETE", ["v1", "files", id]) => Route::FilesDelete((*id).into()),
            ("GET", ["v1", "files", id, "content"]) => Route::FilesContent((*id).into()),
            ("POST", ["v1", "batches"]) => Route::BatchesCreate,
            ("GET", ["v1", "batches"]) => Route::BatchesList,
            ("GET", ["v1", "batches", id]) => Route::BatchesGet((*id).into()),
            ("POST", ["v1", "batches", id, "cancel"]) => Route::BatchesCancel((*id).into()),
            ("POST", ["v1", "responses"]) => Route::ResponsesCreate,
            ("POST", ["v1", "chat", "completions"]) => Route::ChatCreate,
            ("GET", ["v1", "models"]) => Route::ModelsList,
            ("GET", ["v1", "models", id]) => Route::ModelsGet((*id).into()),
            ("GET", ["sandbox", "journal"]) => Route::Journal,
            ("POST", ["sandbox", "script"]) => Route::Script,
            _ => Route::Unknown,
        }
    }

    /// Returns the endpoint's name in scripts and in the journal.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Route::Home => "home",
            Route::FilesCreate => "files.create",
            Route::FilesList => "files.list",
            Route::FilesGet(_) => "files.get",
            Route::FilesDelete(_) => "files.delete",
            Route::FilesContent(_) => "files.content",
            Route::BatchesCreate => "batches.create",
            Route::BatchesList => "batches.list",
            Route::BatchesGet(_) => "batches.get",
            Route::BatchesCancel(_) => "batches.cancel",
            Route::ResponsesCreate => "responses.create",
            Route::ChatCreate => "chat.create",
            Route::ModelsList => "models.list",
            Route::ModelsGet(_) => "models.get",
            Route::Journal => "sandbox.journal",
            Route::Script => "sandbox.script",
            Route::Unknown => "unknown",
        }
    }

    /// True where it is about the sandbox itself and not a part of what it imitates.
    pub(crate) fn is_control(&self) -> bool {
        matches!(self, Route::Home | Route::Journal | Route::Script)
    }
}

/// A request's body, received whole.
pub(crate) enum Received {
    Nothing,
    Json { text: String, value: Value },
    Upload(Upload),
}

/// Reads the body of a call. Nothing is done with it yet.
pub(crate) fn receive(shared: &Shared, head: &Head, route: &Route, body: &mut Tapped) -> io::Result<Received> {
    match route {
        Route::FilesCreate => files::receive(shared, head, body).map(Received::Upload),
        Route::BatchesCreate | Route::ResponsesCreate | Route::ChatCreate | Route::Script => {
            let mut text = String::new();
            body.take(JSON_BYTES_MAX).read_to_string(&mut text)?;
            let value = serde_json::from_str(&text).map_err(|error| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("We could not parse the JSON body of your request: {error}"),
                )
            })?;
            Ok(Received::Json { text, value })
        }
        _ => {
            // Bodies that nobody asked for still pass by the faults.
            io::copy(body, &mut io::sink())?;
            Ok(Received::Nothing)
        }
    }
}

/// Does what was asked and answers.
pub(crate) fn answer(shared: &Shared, head: &Head, route: &Route, received: &Received) -> io::Result<Reply> {
    let json = match received {
        Received::Json { value, .. } => value,
        _ => &Value::Null,
    };
    match (route, received) {
        (Route::FilesCreate, Received::Upload(upload)) => files::create(shared, upload),
        (Route::FilesList, _) => Ok(files::list(shared, head)),
        (Route::FilesGet(id), _) => Ok(files::get(shared, id)),
        (Route::FilesDelete(id), _) => Ok(files::delete(shared, id)),
        (Route::FilesContent(id), _) => files::content(shared, head, id),
        (Route::BatchesCreate, _) => Ok(batches::create(shared, json)),
        (Route::BatchesList, _) => Ok(batches::list(shared, head)),
        (Route::BatchesGet(id), _) => Ok(batches::get(shared, id)),
        (Route::BatchesCancel(id), _) => Ok(batches::cancel(shared, id)),
        (Route::ResponsesCreate, _) => Ok(answers::create(shared, Endpoint::Responses, json)),
        (Route::ChatCreate, _) => Ok(answers::create(shared, Endpoint::Chat, json)),
        (Route::ModelsList, _) => Ok(answers::models(shared)),
        (Route::ModelsGet(id), _) => Ok(answers::model(shared, id)),
        (Route::Journal, _) => Ok(Reply::json(200, &shared.journal().to_json(head.param("custom_ids").is_some()))),
        (Route::Script, _) => Ok(match serde_json::from_value::<Script>(json.clone()) {
            Ok(script) => {
                shared.load(script);
                Reply::json(200, &json!({"object": "sandbox.script", "loaded": true}))
            }
            Err(error) => bad_request(&format!("The script does not fit: {error}"), None),
        }),
        (Route::Home, _) => Ok(Reply::new(200, "text/plain; charset=utf-8", HOME)),
        _ => Ok(Reply::json(
            404,
            &json!({"error": {
            "message": format!("Invalid URL ({} {})", head.method, head.path),
            "type": "invalid_request_error", "param": null, "code": null}}),
        )),
    }
}

const HOME: &str = "This is the gleaner sandbox: the Files, Batches, Responses and Chat Completions APIs on this machine.\n\
    No language model answers here: it is a dictionary reader that looks up known names and words.\n\
    The API is under /v1 and takes any bearer token; /sandbox/journal shows what was asked.\n";

fn bad_request(message: &str, param: Option<&str>) -> Reply {
    Reply::json(
        400,
        &json!({"error": {"message": message, "type": "invalid_request_error", "param": param, "code": null}}),
    )
}

fn not_found(message: &str, param: Option<&str>) -> Reply {
    Reply::json(
        404,
        &json!({"error": {"message": message, "type": "invalid_request_error", "param": param, "code": null}}),
    )
}

/// Cuts one page out of a list; the reply where `after` names nothing.
fn page(items: Vec<Value>, after: Option<&str>, limit: usize) -> Result<Value, Reply> {
    let start = match after {
        None => 0,
        Some(id) => match items.iter().position(|item| item["id"] == id) {
            Some(at) => at + 1,
            None => return Err(bad_request(&format!("Invalid 'after' cursor: '{id}'."), Some("after"))),
        },
    };
    let has_more = items.len() > start + limit;
    let data: Vec<Value> = items.into_iter().skip(start).take(limit).collect();
    let id_of = |item: Option<&Value>| item.map_or(Value::Null, |item| item["id"].clone());
    Ok(
        json!({"object": "list", "first_id": id_of(data.first()), "last_id": id_of(data.last()), "data": data, "has_more": has_more}),
    )
}

/// Reads the `limit` of a list.
fn limit(head: &Head, default: usize, most: usize) -> Result<usize, Reply> {
    let Some(text) = head.param("limit") else { return Ok(default) };
    let n = text.parse().ok().filter(|n| (1..=most).contains(n));
    n.ok_or_else(|| bad_request(&format!("Invalid 'limit': must be from 1 to {most}."), Some("limit")))
}
