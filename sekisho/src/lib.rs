//! The binary: settings, composition, command line.
//!
//! Reading order: [`cli`] (what can be asked), [`settings`] and [`folder`] (what it runs on), [`init`], `serve`, `verbs`.
//! Only here and in the gateway is there a clock; only here are `ca` and `gateway` both known, and an edge loads no key
//! of the authority (promise P6).

pub mod error;
pub mod folder;
pub mod init;
pub mod secrets;
pub mod settings;
