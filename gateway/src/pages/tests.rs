//! Every page, in both languages, with friendly and with hostile values.

mod html;
mod paths;
mod problem;
mod render;
mod samples;
mod style;
mod texts;
mod time;
