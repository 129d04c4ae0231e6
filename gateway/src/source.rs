//! Where a client comes from, as far as it says who pays for it: see [`anomaly::prefix`].

pub use anomaly::{Prefix, prefix};
