//! Knowledge as files for others: one HTML page, and exports as CSV, XLSX, GraphML, GEXF and Cypher.
//!
//! Nothing here asks the database or opens a file: rows come in, bytes go to a writer. All text is hostile: each form
//! has one function that makes it inert, and nothing is written past it.

pub mod csv;
pub mod cypher;
pub mod datasette;
pub mod gexf;
pub mod graph;
pub mod graphml;
pub mod html;
pub mod precision;
pub mod recall;
pub mod timeline;
pub mod workbook;
mod xml;
