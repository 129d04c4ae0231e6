//! Records written anew: too many, or other people's.

use super::{Found, Scene};
use crate::contain::Step;
use crate::event::Edit;
use crate::finding::{Detector, Numbers};
use crate::meter::UNIT;
use crate::user::UserState;

/// A record was written.
pub(crate) fn wrote(user: &mut UserState, scene: &Scene<'_>, edit: Edit, find: &mut dyn FnMut(Found)) {
    let params = scene.params;
    let weight = match edit {
        Edit::New => UNIT / 4,
        Edit::Own => UNIT / 2,
        Edit::Others | Edit::Deleted => UNIT,
    };
    let seen = user.meters.edits.pour(params.edits, scene.now, weight);
    if seen > params.edits.brim {
        let numbers = Numbers { seen, seconds: 60, limit: params.edits.brim, ..Numbers::default() };
        find(Found::alert(Detector::Rewriting, Step::Narrowed, numbers));
    }
    if !matches!(edit, Edit::Others | Edit::Deleted) {
        return;
    }
    let leak = params.edits_others;
    let telling = user.meters.edits_others.pour(leak, scene.now, UNIT);
    let numbers = Numbers { seen, telling, seconds: 3600, limit: leak.brim, ..Numbers::default() };
    if telling > 2 * leak.brim {
        find(Found::alert(Detector::Rewriting, Step::Narrowed, numbers));
    } else if telling > leak.brim {
        find(Found::alert(Detector::Rewriting, Step::StepUp, numbers));
    }
}
