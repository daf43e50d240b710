//! A local Batch API server with a dictionary reader instead of a model.
