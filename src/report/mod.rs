//! Knowledge as HTML and as files for other programs.
