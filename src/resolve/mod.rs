//! From a mention to an entity, or to nothing: normalize, index, score, decide. Pure.
