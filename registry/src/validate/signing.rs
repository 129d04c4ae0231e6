//! Numbers of what the authority signs beside certificates of terminals.

use model::SerialNumber;

use super::Draft;
use crate::change::Change;
use crate::refused::{Refused, Why};

/// The time in milliseconds, so that numbers rise above those of a registry that was lost; and above the last in any case,
/// though the clock be set back.
pub(super) fn number_lists(d: &mut Draft, lists: u32) -> Result<(), Refused> {
    d.require(lists > 0, || Why::Condition("no list carries the number".to_owned()))?;
    let last = d.next.signing().list_number;
    let number = u64::try_from(d.at().as_millis()).unwrap_or(0).max(last.saturating_add(1));
    d.push(Change::ListsNumbered { number, lists })
}

pub(super) fn reserve_responder(d: &mut Draft, serial: SerialNumber) -> Result<(), Refused> {
    d.push(Change::ResponderReserved { serial })
}
