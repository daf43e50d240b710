//! Files of groups and entities, read into the model line by line.
