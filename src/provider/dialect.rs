//! The dialects of providers: what differs between their APIs for the same verbs.
//!
//! The enum is closed, and has one member today. A further one answers each of these questions anew, and some that need
//! not be asked yet: whether requests travel in a file or in the body of the call that buys, whether counts move before
//! the end, and by what a batch is recognized as ours when its answer was lost (our metadata in the list, a name, an id
//! of our own choosing, or nothing until its results are there).

use super::wire::CreateBatch;

/// The API that a provider speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Files, Batches, Responses and Chat Completions as OpenAI has them, and many servers besides.
    #[default]
    OpenAi,
}

impl Dialect {
    /// Returns the word for it in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Dialect::OpenAi => "openai",
        }
    }

    /// Returns where the provider is unless said otherwise.
    pub fn base_url(self) -> &'static str {
        match self {
            Dialect::OpenAi => "https://api.openai.com/v1",
        }
    }

    /// Returns the headers that say who calls: with which key, and for which organization and project. What is missing
    /// is not sent.
    pub(super) fn headers(
        self,
        key: Option<&str>,
        (organization, project): (Option<&str>, Option<&str>),
    ) -> Vec<(&'static str, Option<String>)> {
        let own = |value: Option<&str>| value.map(str::to_owned);
        match self {
            Dialect::OpenAi => vec![
                ("authorization", key.map(|key| format!("Bearer {key}"))),
                ("openai-organization", own(organization)),
                ("openai-project", own(project)),
            ],
        }
    }

    /// Returns the form fields of an upload besides the file.
    pub(super) fn upload_fields(self, expires_after_secs: Option<u64>) -> Vec<(&'static str, String)> {
        match self {
            Dialect::OpenAi => {
                let mut fields = vec![("purpose", "batch".to_owned())];
                if let Some(seconds) = expires_after_secs {
                    fields.push(("expires_after[anchor]", "created_at".to_owned()));
                    fields.push(("expires_after[seconds]", seconds.to_string()));
                }
                fields
            }
        }
    }

    /// Returns the body of the call that makes a batch.
    pub(super) fn create_body(self, create: &CreateBatch) -> String {
        match self {
            Dialect::OpenAi => create.to_json(),
        }
    }

    /// Returns the path of a resource, from the base URL on.
    pub(super) fn path(self, resource: Resource) -> String {
        match self {
            Dialect::OpenAi => openai_path(resource),
        }
    }
}

/// Subject of a call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Resource<'a> {
    /// The list of files; one is added here.
    Files,
    File(&'a str),
    Content(&'a str),
    /// The list of batches; one is made here.
    Batches,
    BatchPage {
        after: Option<&'a str>,
        limit: u32,
    },
    Batch(&'a str),
    Cancel(&'a str),
    Models,
    Model(&'a str),
}

fn openai_path(resource: Resource) -> String {
    let query =
        |name: &str, value: Option<&str>| value.map(|value| format!("&{name}={}", segment(value))).unwrap_or_default();
    match resource {
        Resource::Files => "/files".to_owned(),
        Resource::File(id) => format!("/files/{}", segment(id)),
        Resource::Content(id) => format!("/files/{}/content", segment(id)),
        Resource::Batches => "/batches".to_owned(),
        Resource::BatchPage { after, limit } => format!("/batches?limit={limit}{}", query("after", after)),
        Resource::Batch(id) => format!("/batches/{}", segment(id)),
        Resource::Cancel(id) => format!("/batches/{}/cancel", segment(id)),
        Resource::Models => "/models".to_owned(),
        Resource::Model(id) => format!("/models/{}", segment(id)),
    }
}

/// Encodes an id as one segment of a path: whatever it holds, it stays there.
fn segment(id: &str) -> String {
    let mut out = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => out.push(byte as char),
            b'.' if id.bytes().any(|b| b != b'.') => out.push('.'),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::segment;

    #[test]
    fn an_id_never_leaves_its_place_in_the_path() {
        let check = |id: &str, expected: &str| assert_eq!(segment(id), expected);
        check("batch_68f1-a.b~c", "batch_68f1-a.b~c");
        check("../files", "..%2Ffiles");
        check("..", "%2E%2E");
        check("a?b#c d\r\né", "a%3Fb%23c%20d%0D%0A%C3%A9");
    }
}
