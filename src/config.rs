//! The only reader of environment, configuration file, home directory and clock.
