//! Reading: search, the data of the report's page, and the rows of exports. Nothing here changes knowledge.

pub mod query;
pub mod search;
pub mod findings;
pub mod near;
pub mod page_data;
pub mod export;
pub mod time;
pub mod trends;
