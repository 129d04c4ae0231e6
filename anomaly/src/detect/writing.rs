//! Records written anew: too many, or other people's.

use super::{Found, Scene};
use crate::contain::Step;
use crate::event::Edit;
use crate::finding::{Detector, Numbers};
use crate::meter::UNIT;
use crate::user::{Habit, UserState};

/// A record was written.
pub(crate) fn wrote(user: &mut UserState, scene: &Scene<'_>, edit: Edit, find: &mut dyn FnMut(Found)) {
    let params = scene.params;
    let weight = match edit {
        Edit::New => UNIT / 4,
        Edit::Own => UNIT / 2,
        Edit::Others | Edit::Deleted => UNIT,
    };
    user.count(Habit::Edits);
    let brim = scene.limit(Detector::Rewriting, user.brim(Habit::Edits, params.edits.brim, scene));
    let seen = user.meters.edits.pour(params.edits, scene.now, weight);
    if seen > brim {
        let numbers = Numbers { seen, seconds: 60, limit: brim, ..Numbers::default() };
        find(Found::alert(Detector::Rewriting, Step::Narrowed, numbers));
    }
    if !matches!(edit, Edit::Others | Edit::Deleted) {
        return;
    }
    let leak = params.edits_others;
    user.count(Habit::EditsOthers);
    let brim = scene.limit(Detector::Rewriting, user.brim(Habit::EditsOthers, leak.brim, scene));
    let telling = user.meters.edits_others.pour(leak, scene.now, UNIT);
    let numbers = Numbers { seen, telling, seconds: 3600, limit: brim, ..Numbers::default() };
    let proved = user.has_proved_himself(scene.now);
    if telling > 3 * brim {
        find(Found::alert(Detector::Rewriting, Step::Narrowed, numbers));
    } else if telling > 2 * brim {
        find(Found::alert(Detector::Rewriting, Step::StepUp, numbers));
    } else if telling > brim && !proved {
        // Whoever puts old notes in order proves himself once.
        find(Found::hold(Detector::Rewriting, Step::StepUp, numbers));
    }
}
