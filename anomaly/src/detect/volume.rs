//! How much goes out: octets, and exports.

use super::{Found, Scene};
use crate::contain::Step;
use crate::finding::{Detector, Numbers};
use crate::meter::UNIT;
use crate::user::{Habit, UserState};

/// An answer has gone out.
pub(crate) fn delivered(
    user: &mut UserState,
    scene: &Scene<'_>,
    (bytes, export): (u64, bool),
    find: &mut dyn FnMut(Found),
) {
    let params = scene.params;
    user.today.bytes = user.today.bytes.saturating_add(bytes);
    let usual = user.usual.bytes.above(2.5) * params.bytes_times;
    if user.today.bytes > params.bytes && user.today.bytes as f32 > usual {
        let mib = |bytes: f32| (bytes / 1_048_576.0) as u32;
        let numbers = Numbers {
            seen: mib(user.today.bytes as f32),
            seconds: 86_400,
            usual: user.usual.bytes.mean() / 1_048_576.0,
            limit: mib(usual.max(params.bytes as f32)),
            ..Numbers::default()
        };
        // Who has shown twice what is wondered about has no picture too many.
        let much = user.today.bytes > 2 * params.bytes && user.today.bytes as f32 > 2.0 * usual;
        find(if much {
            Found::alert(Detector::Volume, Step::Throttled, numbers)
        } else {
            Found::hold(Detector::Volume, Step::StepUp, numbers)
        });
    }
    if !export {
        return;
    }
    let leak = params.exports;
    user.count(Habit::Exports);
    let brim = scene.limit(Detector::Volume, user.brim(Habit::Exports, leak.brim, scene));
    let seen = user.meters.exports.pour(leak, scene.now, UNIT);
    let numbers = Numbers { seen, seconds: 86_400, limit: brim, ..Numbers::default() };
    if seen > 2 * brim {
        find(Found::alert(Detector::Volume, Step::Narrowed, numbers));
    } else if seen > brim {
        find(Found::hold(Detector::Volume, Step::StepUp, numbers));
    }
}
