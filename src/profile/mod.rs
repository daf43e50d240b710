//! What to ask: prompt templates, JSON schemas, entity types. Pure.
