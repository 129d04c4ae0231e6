//! The time of day. Besides the gateway's own timers this is the only clock of the house; everybody else is told the
//! time.

use std::time::{SystemTime, UNIX_EPOCH};

use model::Timestamp;

/// Now. Before 1970, which only a broken clock says, counts as 1970: everything then lies outside its validity.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
