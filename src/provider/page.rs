//! Lists, page by page, with an end even where a server gives none.

use super::error::{ApiError, Fault};
use super::wire::Page;

/// How many pages of a list are read at most: with 100 batches a page, fifty hours of the provider's 2,000 an hour.
const PAGES_MAX: usize = 1000;

/// Fetches the page behind the item with this id.
type Fetch<'a, T> = Box<dyn Fn(Option<&str>) -> Result<Page<T>, ApiError> + 'a>;

/// All items of a list, newest first, fetched as they are asked for. Ends after the first error.
pub struct Pages<'a, T> {
    host: &'a str,
    fetch: Fetch<'a, T>,
    ready: std::vec::IntoIter<T>,
    after: Option<String>,
    n_pages: usize,
    done: bool,
}

impl<'a, T> Pages<'a, T> {
    pub(super) fn new(host: &'a str, fetch: Fetch<'a, T>) -> Pages<'a, T> {
        Pages { host, fetch, ready: Vec::new().into_iter(), after: None, n_pages: 0, done: false }
    }
}

impl<T> Iterator for Pages<'_, T> {
    type Item = Result<T, ApiError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.ready.next() {
                return Some(Ok(item));
            }
            if self.done {
                return None;
            }
            self.n_pages += 1;
            if self.n_pages > PAGES_MAX {
                self.done = true;
                let why = format!("the list has no end after {PAGES_MAX} pages");
                return Some(Err(ApiError::new(Fault::Unreadable, "read the list", self.host, why)));
            }
            match (self.fetch)(self.after.as_deref()) {
                Ok(page) => {
                    // A server that ignores `after` would give the same page for ever.
                    self.done = !page.has_more || page.last_id.is_none() || page.last_id == self.after;
                    self.after = page.last_id;
                    self.ready = page.data.into_iter();
                }
                Err(error) => {
                    self.done = true;
                    return Some(Err(error));
                }
            }
        }
    }
}
