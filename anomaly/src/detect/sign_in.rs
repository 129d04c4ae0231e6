//! Passwords tried: for one user ID, or for many from one terminal.
//!
//! The victim of a guess is the user ID, and the one who guesses sits at the terminal: so it is the terminal that is held, and nobody can
//! shut a doctor out by typing his name.

use super::{Found, Scene};
use crate::contain::Step;
use crate::device::DeviceState;
use crate::event::Account;
use crate::finding::{Detector, Numbers};
use crate::meter::{Meter, UNIT};

/// User IDs whose passwords were tried lately, existing or not. Its room is fixed: when it is full the calmest of a few gives way.
#[derive(Clone, Debug)]
pub(crate) struct Accounts(Vec<Tried>);

#[derive(Clone, Copy, Debug, Default)]
struct Tried {
    account: Option<Account>,
    fast: Meter,
    slow: Meter,
    long: Meter,
}

/// Slots, and how many of them are looked at for one user ID.
const SLOTS: usize = 4096;
const LOOKED_AT: usize = 8;

impl Default for Accounts {
    fn default() -> Self {
        Self(vec![Tried::default(); SLOTS])
    }
}

impl Accounts {
    fn of(&mut self, account: Account, scene: &Scene<'_>) -> Option<&mut Tried> {
        let first = usize::try_from(account.0 % (SLOTS - LOOKED_AT) as u64).unwrap_or_default();
        let slots = self.0.get_mut(first..first + LOOKED_AT)?;
        let level = |tried: &Tried| tried.long.level(scene.params.guesses_long, scene.now);
        let at = slots
            .iter()
            .position(|tried| tried.account == Some(account))
            .or_else(|| slots.iter().enumerate().min_by_key(|(_, tried)| level(tried)).map(|(at, _)| at))?;
        let tried = slots.get_mut(at)?;
        if tried.account != Some(account) {
            *tried = Tried { account: Some(account), ..Tried::default() };
        }
        Some(tried)
    }
}

/// A wrong password.
pub(crate) fn wrong(
    device: &mut DeviceState,
    accounts: &mut Accounts,
    scene: &Scene<'_>,
    account: Account,
    find: &mut dyn FnMut(Found),
) {
    let params = scene.params;
    device.failed.note(short(account), scene.minute, crate::user::a_day_before(scene.minute), false);
    let (day, _) = device.failed.since(crate::user::a_day_before(scene.minute));
    let (hour, _) = device.failed.since(scene.minute.saturating_sub(60));
    let spraying = |seen, seconds, limit| Numbers { seen, telling: seen, seconds, limit, ..Numbers::default() };
    if hour >= params.sprayed {
        find(Found::alert(Detector::Spraying, Step::DeviceSuspended, spraying(hour, 3600, params.sprayed)));
    } else if day >= params.sprayed_slow {
        find(Found::alert(Detector::Spraying, Step::DeviceSuspended, spraying(day, 86_400, params.sprayed_slow)));
    }
    let Some(tried) = accounts.of(account, scene) else { return };
    let fast = tried.fast.pour(params.guesses, scene.now, UNIT);
    let slow = tried.slow.pour(params.guesses_slow, scene.now, UNIT);
    let long = tried.long.pour(params.guesses_long, scene.now, UNIT);
    if long > params.guesses_long.brim {
        let numbers =
            Numbers { seen: long, seconds: 7 * 86_400, limit: params.guesses_long.brim, ..Numbers::default() };
        find(Found::alert(Detector::Guessing, Step::Throttled, numbers));
    } else if slow > params.guesses_slow.brim {
        let numbers = Numbers { seen: slow, seconds: 43_200, limit: params.guesses_slow.brim, ..Numbers::default() };
        find(Found::alert(Detector::Guessing, Step::Throttled, numbers));
    } else if fast > params.guesses.brim {
        let numbers = Numbers { seen: fast, seconds: 300, limit: params.guesses.brim, ..Numbers::default() };
        find(Found::hold(Detector::Guessing, Step::Throttled, numbers));
    }
}

/// The right password. Whether it was guessed: after so many wrong ones, or among other user IDs that failed here.
pub(crate) fn right(
    device: &mut DeviceState,
    accounts: &mut Accounts,
    scene: &Scene<'_>,
    account: Account,
) -> Option<Found> {
    device.failed.forget(short(account));
    let params = scene.params;
    let (others, _) = device.failed.since(crate::user::a_day_before(scene.minute));
    let tried = accounts.of(account, scene)?;
    let slow = tried.slow.level(params.guesses_slow, scene.now);
    let guessed = slow > params.guesses_slow.brim;
    if !guessed {
        tried.fast.empty();
        tried.slow.empty();
    }
    let sprayed = others >= params.sprayed_slow;
    let numbers = Numbers { seen: slow, telling: others, seconds: 86_400, ..Numbers::default() };
    match (guessed, sprayed) {
        (_, true) => Some(Found::alert(Detector::Spraying, Step::Narrowed, numbers)),
        (true, false) => Some(Found::alert(Detector::Guessing, Step::Narrowed, numbers)),
        (false, false) => None,
    }
}

/// Half of a digest tells the few user IDs of one terminal apart.
fn short(account: Account) -> u32 {
    (account.0 >> 32) as u32
}
