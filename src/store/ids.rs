//! Column types of ids and words of the model.

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};

use crate::model::{
    BatchId, BatchKey, EntityId, EntityKey, FileId, Grounding, GroupId, GroupKey, Kind, LinkOutcome, OriginKey,
    PromptKey, RequestKey, RunId,
};

macro_rules! text_column {
    ($($name:ident),*) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_str().map($name::new)
            }
        }
    )*};
}

macro_rules! key_column {
    ($($name:ident),*) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.0.into())
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_i64().map($name)
            }
        }
    )*};
}

text_column!(GroupId, EntityId, BatchId, FileId, RunId);
key_column!(GroupKey, EntityKey, BatchKey, RequestKey, PromptKey, OriginKey);

impl ToSql for Kind {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for Kind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Kind::parse(value.as_str()?).ok_or(FromSqlError::InvalidType)
    }
}

impl ToSql for Grounding {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for Grounding {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let word = value.as_str()?;
        Grounding::ALL.into_iter().find(|known| known.as_str() == word).ok_or(FromSqlError::InvalidType)
    }
}

impl ToSql for LinkOutcome {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for LinkOutcome {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "linked" => Ok(LinkOutcome::Linked),
            "ambiguous" => Ok(LinkOutcome::Ambiguous),
            "unknown" => Ok(LinkOutcome::Unknown),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}
