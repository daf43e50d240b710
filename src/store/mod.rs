//! The only SQL: open, groups, catalog, ledger, knowledge.
