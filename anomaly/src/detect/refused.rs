//! Records refused, or not there: our best sensor, since nobody's work needs many of them.

use super::{Found, Scene};
use crate::contain::Step;
use crate::event::Refusal;
use crate::finding::{Detector, Numbers};
use crate::meter::UNIT;
use crate::user::UserState;

/// A record was refused. What we refused because of an act of ours is no evidence of anything.
pub(crate) fn refused(
    user: &mut UserState,
    scene: &Scene<'_>,
    (target, refusal): (u64, Refusal),
    find: &mut dyn FnMut(Found),
) {
    if refusal == Refusal::Ours {
        return;
    }
    // A program that tries the same again and again is no curious human being.
    let weight = if user.targets.has(target.wrapping_add(1)) { UNIT / 10 } else { UNIT };
    if refusal == Refusal::Stopped {
        stopped(user, scene, weight, find);
    }
    let params = scene.params;
    let fast = user.meters.refusals.pour(params.refusals, scene.now, weight);
    let slow = user.meters.refusals_slow.pour(params.refusals_slow, scene.now, weight);
    let long = user.meters.refusals_long.pour(params.refusals_long, scene.now, weight);
    let levels = [
        (fast, params.refusals, 600),
        (slow, params.refusals_slow, 12 * 3600),
        (long, params.refusals_long, 7 * 86_400),
    ];
    for (level, leak, seconds) in levels {
        if level <= leak.brim / 2 {
            continue;
        }
        let limit = scene.limit(Detector::Refusals, leak.brim);
        let numbers = Numbers { seen: level, seconds, limit, ..Numbers::default() };
        if level <= limit {
            find(Found::score(Detector::Refusals, numbers));
        } else if level > 3 * leak.brim {
            find(Found::alert(Detector::Refusals, Step::UserSuspended, numbers));
        } else {
            find(Found::alert(Detector::Refusals, Step::Narrowed, numbers));
        }
    }
}

/// Persons whose support has stopped.
fn stopped(user: &mut UserState, scene: &Scene<'_>, weight: u32, find: &mut dyn FnMut(Found)) {
    let leak = scene.params.stopped;
    let level = user.meters.stopped.pour(leak, scene.now, weight);
    let numbers = Numbers { seen: level, seconds: 86_400, limit: leak.brim, ..Numbers::default() };
    if level > scene.limit(Detector::Refusals, leak.brim) {
        find(Found::alert(Detector::Stopped, Step::None, numbers));
    } else {
        find(Found::score(Detector::Stopped, numbers));
    }
}
