//! From a group to its request lines; splitting into parts; token estimates. Pure.
