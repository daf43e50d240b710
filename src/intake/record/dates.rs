//! Dates of a file's records: one that cannot be read never costs the article, it is counted.

use serde_json::Value;

use crate::intake::date::{self, Order, Reading};

/// Dates shown of each kind that was not read.
const SHOWN_MAX: usize = 3;

/// Dates that were not read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undated {
    /// Number of them.
    pub n: u64,
    /// The first ones, with their lines.
    pub first: Vec<(u64, String)>,
}

impl Undated {
    fn add(&mut self, line: u64, text: &str) {
        self.n += 1;
        if self.first.len() < SHOWN_MAX {
            self.first.push((line, crate::intake::message::excerpt(text).to_owned()));
        }
    }
}

/// Finds the order of day and month that the rest of a file shows.
pub(in crate::intake) type FindOrder = Box<dyn FnMut() -> Option<Order>>;

/// Reads dates and counts those that are none.
pub(in crate::intake) struct Dates {
    order: Option<Order>,
    /// The first date that is read in an order that the file showed.
    found_for: Option<String>,
    /// Asked once, at the first date that can mean two days; reading a file again for it takes as long as the file.
    find_order: Option<FindOrder>,
    /// Dates that could mean two days.
    pub(in crate::intake) two_ways: Undated,
    /// Texts that are no date.
    pub(in crate::intake) unreadable: Undated,
}

impl Dates {
    /// Begins with the order that was typed, or with a way to find it.
    pub(in crate::intake) fn new(typed: Option<Order>, find_order: FindOrder) -> Self {
        let find_order = typed.is_none().then_some(find_order);
        Self { order: typed, found_for: None, find_order, two_ways: Undated::default(), unreadable: Undated::default() }
    }

    /// Returns the order that the file showed, where it was needed, and the first date that it was needed for.
    pub(in crate::intake) fn found_order(&self) -> Option<(Order, &str)> {
        self.order.zip(self.found_for.as_deref())
    }

    pub(in crate::intake) fn read(&mut self, line: u64, value: Option<Value>) -> Option<String> {
        let text = match value? {
            Value::Null => return None,
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            // MongoDB's spelling.
            Value::Object(mut object) if object.len() == 1 && object.contains_key("$date") => {
                return self.read(line, object.remove("$date"));
            }
            other => {
                self.unreadable.add(line, &other.to_string());
                return None;
            }
        };
        if date::is_blank(&text) {
            return None;
        }
        let mut reading = date::read(&text, self.order);
        if reading == Reading::TwoWays
            && let Some(mut find) = self.find_order.take()
        {
            self.order = find();
            self.found_for = self.order.map(|_| crate::intake::message::excerpt(&text).to_owned());
            reading = date::read(&text, self.order);
        }
        // The file shows an order, but not all of it keeps to that.
        if reading == Reading::Unreadable && self.order.is_some() {
            reading = date::read(&text, None);
        }
        match reading {
            Reading::Date(date) => Some(date),
            Reading::TwoWays => {
                self.two_ways.add(line, &text);
                None
            }
            Reading::Unreadable => {
                self.unreadable.add(line, &text);
                None
            }
        }
    }
}
