//! What is accepted as a certificate, held against test material that other people made, and against what `ca` writes.

mod issued;
mod limbo;
mod pkits;
mod verdicts;
