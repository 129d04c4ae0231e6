//! What the authority was about to sign beside certificates of terminals.

use std::sync::Arc;

use super::{Misfit, free};
use crate::bounds::RESPONDERS_KEPT;
use crate::change::Change;
use crate::state::Tables;

pub(super) fn apply(tables: &mut Tables, change: &Change) -> Result<(), Misfit> {
    match change {
        Change::ListsNumbered { number, .. } => {
            if *number <= tables.signing.list_number {
                return Err(Misfit::Contradiction("a number of revocation lists does not rise"));
            }
            Arc::make_mut(&mut tables.signing).list_number = *number;
            Ok(())
        }
        Change::ResponderReserved { serial } => {
            free(tables.certificates.contains_key(serial), "serial number", serial)?;
            free(tables.signing.responders.contains(serial), "serial number", serial)?;
            let responders = &mut Arc::make_mut(&mut tables.signing).responders;
            let over = responders.len().saturating_sub(RESPONDERS_KEPT - 1);
            responders.drain(..over);
            responders.push(*serial);
            Ok(())
        }
        _ => Err(Misfit::Contradiction("nothing that an authority signs")),
    }
}
