//! Where the service as a whole stands: stopped, and in disaster use.

use std::sync::Arc;

use model::lifecycle::service::Event;

use super::Misfit;
use crate::change::Change;
use crate::state::{Disaster, Service, Tables};

pub(super) fn apply(tables: &mut Tables, change: &Change) -> Result<(), Misfit> {
    let before = tables.service.state;
    let after = match change {
        // A stop ends disaster use as well: it is declared anew, or not, when the service goes on.
        Change::ServiceStopped { stop } => {
            Service { state: before.after(Event::Stop)?, stopped: Some(stop.clone()), disaster: None }
        }
        Change::ServiceResumed => Service { state: before.after(Event::Resume)?, stopped: None, disaster: None },
        Change::DisasterDeclared { disaster } => {
            let state = before.after(Event::DeclareDisaster)?;
            Service { state, stopped: None, disaster: Some(disaster.clone()) }
        }
        Change::DisasterConfirmed => confirmed(&tables.service)?,
        Change::DisasterEnded { .. } => {
            Service { state: before.after(Event::EndDisaster)?, stopped: None, disaster: None }
        }
        _ => return Err(Misfit::Contradiction("not a change of the service")),
    };
    tables.service = Arc::new(after);
    Ok(())
}

/// The same disaster use, and nobody is waited for any more.
fn confirmed(before: &Service) -> Result<Service, Misfit> {
    let missing = Misfit::Contradiction("a confirmation comes without a disaster use that waits for it");
    let awaiting = before.disaster.as_ref().filter(|disaster| disaster.awaits.is_some());
    let disaster = Some(Disaster { awaits: None, ..awaiting.ok_or(missing)?.clone() });
    Ok(Service { disaster, ..before.clone() })
}
