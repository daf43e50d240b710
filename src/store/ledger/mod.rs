//! The ledger: what was asked, paid and answered.
//!
//! A *run* is all that one command asked; a *part* is its share while it waits here and a *batch* once the provider has
//! it (one row of `batches` either way); a *request* is one row for each time a group was asked for its topics or its
//! entities. Intent is written before each call and the result right after, so a crash always leaves something to find.

mod runs;
mod batches;
mod observations;
mod requests;
mod answers;
mod moves;
mod account;
mod progress;
mod check;

pub use account::{Account, Cause, LedgerProgress, Progress, Spend};
pub use answers::AnswerRow;
pub use batches::{BatchRow, BatchState, Claim, FoundBy, NewBatch};
pub use observations::Observation;
pub use requests::{NewRequest, RequestRow, RequestState};
pub use runs::RunRow;

/// Defines a set of words of a column as an enum.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[$name] = &[$($name::$variant,)*];

            /// Returns the word used in the database and in JSON.
            pub fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $word,)*
                }
            }
        }

        impl rusqlite::ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }

        impl rusqlite::types::FromSql for $name {
            fn column_result(value: rusqlite::types::ValueRef<'_>) -> rusqlite::types::FromSqlResult<Self> {
                let word = value.as_str()?;
                let known = $name::ALL.iter().find(|known| known.as_str() == word).copied();
                known.ok_or(rusqlite::types::FromSqlError::InvalidType)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}
pub(crate) use words;
