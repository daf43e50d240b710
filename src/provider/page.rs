//! Lists, page by page, with an end even where a server gives none.

use super::error::{ApiError, Fault};
use super::wire::Page;

/// Most pages of a list that are read: with 100 batches a page, fifty hours of the provider's 2,000 an hour.
const PAGES_MAX: usize = 1000;

/// Fetches the page behind the item with this id.
type Fetch<'a, T> = Box<dyn Fn(Option<&str>) -> Result<Page<T>, ApiError> + 'a>;

/// Items of a list, newest first, fetched as they are asked for. Ends after the first error. A list that was not
/// read to its end ends with one: what is not in it may be on a page that never came.
pub struct Pages<'a, T> {
    host: &'a str,
    fetch: Fetch<'a, T>,
    ready: std::vec::IntoIter<T>,
    next: Next,
    n_pages: usize,
}

/// Page to read next.
enum Next {
    /// The page behind this id; the first one where there is none.
    Page(Option<String>),
    /// Nothing.
    End,
    /// More, but the server does not say where.
    Unknown,
}

impl<'a, T> Pages<'a, T> {
    pub(super) fn new(host: &'a str, fetch: Fetch<'a, T>) -> Pages<'a, T> {
        Pages { host, fetch, ready: Vec::new().into_iter(), next: Next::Page(None), n_pages: 0 }
    }

    /// Returns the error for a list of which a part may be missing.
    fn not_whole(&self, why: String) -> ApiError {
        ApiError::new(Fault::Unreadable, "read the list", self.host, why)
    }
}

impl<T> Iterator for Pages<'_, T> {
    type Item = Result<T, ApiError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.ready.next() {
                return Some(Ok(item));
            }
            let after = match std::mem::replace(&mut self.next, Next::End) {
                Next::End => return None,
                Next::Unknown => {
                    let why = "it says that more follows, and not where".to_owned();
                    return Some(Err(self.not_whole(why)));
                }
                Next::Page(_) if self.n_pages == PAGES_MAX => {
                    let why = format!("the list has no end after {PAGES_MAX} pages");
                    return Some(Err(self.not_whole(why)));
                }
                Next::Page(after) => after,
            };
            self.n_pages += 1;
            match (self.fetch)(after.as_deref()) {
                Ok(page) => {
                    self.next = match page.last_id {
                        _ if !page.has_more => Next::End,
                        // A server that ignores `after` would give the same page for ever.
                        Some(last) if Some(&last) != after.as_ref() => Next::Page(Some(last)),
                        _ => Next::Unknown,
                    };
                    self.ready = page.data.into_iter();
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
