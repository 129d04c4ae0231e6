//! How a terminal comes to its certificate: the one order of issuing that survives a crash.
//!
//! The command line and the office's door both issue; neither may do it in another order. Nothing here knows a runtime, a
//! network, a file or a clock; the gateway cannot reach this crate (promise P6).

mod issue;

pub use issue::{IssueError, Order, Term, issue};
