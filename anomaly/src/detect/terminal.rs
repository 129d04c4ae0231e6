//! Terminals: whether a certificate is where it should be, and in one place only.

use super::{Found, Scene};
use crate::contain::Step;
use crate::device::{DeviceState, Seen};
use crate::event::{Place, Print};
use crate::finding::{Detector, Numbers};
use crate::meter::{Leak, UNIT};
use crate::source::Prefix;

/// A terminal connects. Tablets change networks all day, so another network alone says nothing; nor does another program, which an update
/// brings. Both at once, on another platform, is a key that was copied, whether or not its own terminal is there too.
pub(crate) fn connected(
    device: &mut DeviceState,
    scene: &Scene<'_>,
    (source, print, place): (Prefix, Print, Option<Place>),
    find: &mut dyn FnMut(Found),
) {
    let now = scene.now;
    let (first, known) = (!device.is_known(), device.speaks_as(print, now));
    let known_network = device.networks.has(source);
    let seen = Seen { source, print, at: now };
    let elsewhere = [device.last, device.before].into_iter().flatten().find(|one| one.source != source);
    let overlap = scene.params.overlap_seconds.saturating_mul(1000);
    let at_once = elsewhere.filter(|one| now.millis_since(one.at) <= overlap);
    if device.last.is_none_or(|last| last.source != source) {
        device.before = device.last;
    }
    device.last = Some(seen);
    if first {
        travels(device, scene, place, find);
        return;
    }
    let is_young = |since| now.millis_since(since) < 24 * 3_600_000;
    // Its platform is new, or came today; and what is on the other network is of another.
    let new_platform = known.1.is_none_or(is_young);
    let other = |one: &Seen| one.print.platform() != print.platform();
    let returned = elsewhere.filter(|one| other(one) && now.millis_since(one.at) <= 24 * 3_600_000);
    let numbers = |seen| Numbers { seen, telling: seen, ..Numbers::default() };
    if at_once.is_some_and(|one| other(&one))
        || (returned.is_some() && has_a_young_platform(device, scene) && !new_platform)
    {
        find(Found::alert(Detector::CopiedCertificate, Step::DeviceSuspended, numbers(2)));
    } else if at_once.is_some_and(|one| one.print.hello != print.hello) && known.0.is_none() {
        find(Found::alert(Detector::CopiedCertificate, Step::StepUp, numbers(2)));
    } else if known.1.is_none() && known.0.is_none() && !known_network && device.is_settled(now) {
        find(Found::alert(Detector::CopiedCertificate, Step::DeviceSuspended, numbers(1)));
    } else if known.1.is_none() {
        find(Found::hold(Detector::OtherClient, Step::StepUp, numbers(1)));
    }
    travels(device, scene, place, find);
}

/// Whether it spoke as another platform for the first time today.
fn has_a_young_platform(device: &DeviceState, scene: &Scene<'_>) -> bool {
    let known = device.prints.iter().flatten();
    known.clone().any(|one| {
        let since =
            known.clone().filter(|same| same.print.platform() == one.print.platform()).map(|same| same.since).min();
        since.is_some_and(|since| scene.now.millis_since(since) < 24 * 3_600_000)
    })
}

/// Kilometres in an hour that nobody travels, beyond the first few hundred.
const TRAVEL_KM: f32 = 300.0;

fn travels(device: &mut DeviceState, scene: &Scene<'_>, place: Option<Place>, find: &mut dyn FnMut(Found)) {
    let Some(place) = place else { return };
    let before = device.place.replace((place, scene.now));
    if place.abroad {
        find(Found::alert(Detector::Travel, Step::Narrowed, Numbers { seen: 1, ..Numbers::default() }));
        return;
    }
    let Some((there, at)) = before else { return };
    let (km, seconds) = (there.km_to(place), scene.now.millis_since(at) / 1000);
    let sure = there.within_km < 100 && place.within_km < 100;
    if sure && km > TRAVEL_KM && seconds < 3600 {
        let numbers =
            Numbers { seen: km as u32, seconds: u32::try_from(seconds).unwrap_or_default(), ..Numbers::default() };
        // A network may be taken for another's once.
        let again = device.travels.pour(Leak::new(1, 4 * 86_400), scene.now, UNIT);
        find(match again {
            0..=1 => Found::hold(Detector::Travel, Step::StepUp, numbers),
            2..=3 => Found::alert(Detector::Travel, Step::StepUp, numbers),
            _ => Found::alert(Detector::Travel, Step::DeviceSuspended, numbers),
        });
    }
}

/// What has ended is used again: found where it was lost, most often; from elsewhere somebody should look.
pub(crate) fn ended(device: &mut DeviceState, scene: &Scene<'_>, source: Prefix, find: &mut dyn FnMut(Found)) {
    let leak = Leak::new(3, 8 * 3600);
    let seen = device.ended.pour(leak, scene.now, UNIT);
    let numbers = Numbers { seen, seconds: 86_400, limit: leak.brim, ..Numbers::default() };
    let elsewhere = device.last.is_none_or(|last| last.source != source);
    if seen > if elsewhere { 1 } else { leak.brim } {
        find(Found::alert(Detector::Ended, Step::None, numbers));
    } else {
        find(Found::score(Detector::Ended, numbers));
    }
}

/// A session is used that is another's, or was replaced.
pub(crate) fn replayed(device: &mut DeviceState, scene: &Scene<'_>, find: &mut dyn FnMut(Found)) {
    let leak = Leak::new(2, 8 * 3600);
    let seen = device.replays.pour(leak, scene.now, UNIT);
    let numbers = Numbers { seen, seconds: 86_400, limit: leak.brim, ..Numbers::default() };
    let step = if seen > leak.brim { Step::DeviceSuspended } else { Step::StepUp };
    find(Found::alert(Detector::Replay, step, numbers));
}
