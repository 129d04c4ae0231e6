//! Who gets in, held against a count by hand; and who waits.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::*;

/// Longer than a test takes.
const WAIT: Duration = Duration::from_secs(20);

fn lanes(limit: u16, queue_max: usize) -> Arc<Lanes> {
    Arc::new(Lanes::new(limit, queue_max, WAIT))
}

fn lane() -> impl Strategy<Value = Lane> {
    prop_oneof![Just(Lane::Care), Just(Lane::Search), Just(Lane::Export)]
}

/// By hand: everybody who is in, and everybody who could still come to the places kept for him, must fit.
fn fits(inside: &[Lane], newcomer: Lane, limit: u16) -> bool {
    let mut inside = inside.to_vec();
    inside.push(newcomer);
    let mut places = HashMap::new();
    for lane in &inside {
        *places.entry(lane.index()).or_insert(0_u32) += 1;
    }
    let taken_or_kept: u32 = Lane::ALL
        .into_iter()
        .map(|lane| places.get(&lane.index()).copied().unwrap_or_default().max(lane.kept(limit).into()))
        .sum();
    taken_or_kept <= limit.into()
}

proptest! {
    #[test]
    fn places_are_given_as_by_hand(limit in PLACES_MIN..80, moves in prop::collection::vec((lane(), any::<u8>()), 0..300)) {
        let (mut counts, mut inside) = (Counts::default(), Vec::new());
        for (lane, turn) in moves {
            if turn % 3 == 0 && !inside.is_empty() {
                let left: Lane = inside.remove(usize::from(turn) % inside.len());
                counts = counts.left(left);
                continue;
            }
            let room = counts.has_room(lane, limit);
            prop_assert_eq!(room, fits(&inside, lane, limit), "{:?} {:?} of {}", lane, counts, limit);
            if room {
                inside.push(lane);
                counts = counts.entered(lane);
            }
            prop_assert!(inside.len() <= usize::from(limit));
            prop_assert_eq!(Counts::unpack(counts.pack()), counts);
        }
    }

    /// Whatever the others do, each lane gets in as soon as one of those who are in leaves.
    #[test]
    fn nobody_starves(limit in PLACES_MIN..200, flood in lane(), other in lane()) {
        prop_assume!(flood != other);
        let mut counts = Counts::default();
        while counts.has_room(flood, limit) {
            counts = counts.entered(flood);
        }
        prop_assert!(counts.has_room(other, limit));
    }
}

#[tokio::test]
async fn who_finds_no_place_in_time_is_told_so() {
    const BLINK: Duration = Duration::from_millis(40);
    let lanes = Lanes::new(4, 10, BLINK);
    let mut places = Vec::new();
    while let Some(place) = futures_util::FutureExt::now_or_never(lanes.enter(Lane::Care)) {
        places.push(place.unwrap());
    }
    assert_eq!(places.len(), 2, "one each is kept for searches and exports");
    let begun = Instant::now();
    assert_eq!(lanes.enter(Lane::Care).await.err(), Some(Full));
    assert!(begun.elapsed() >= BLINK);
    assert_eq!(lanes.counts(), Counts { used: [2, 0, 0], waiting: 0 });
    drop(places);
    assert_eq!(lanes.counts(), Counts::default());
}

/// Enters on a task of its own; gives its number to whoever listens, and keeps the place until told.
fn comes(
    lanes: &Arc<Lanes>,
    lane: Lane,
    number: u32,
    told: &tokio::sync::mpsc::UnboundedSender<Result<u32, u32>>,
    stays: Duration,
) {
    let (lanes, told) = (Arc::clone(lanes), told.clone());
    tokio::spawn(async move {
        let Ok(_place) = lanes.enter(lane).await else {
            told.send(Err(number)).unwrap();
            return;
        };
        told.send(Ok(number)).unwrap();
        tokio::time::sleep(stays).await;
    });
}

#[tokio::test]
async fn the_newest_of_the_first_lane_is_next() {
    let lanes = lanes(4, 10);
    let held = lanes.enter(Lane::Care).await.unwrap();
    let others = (lanes.enter(Lane::Search).await.unwrap(), lanes.enter(Lane::Export).await.unwrap());
    let last = lanes.enter(Lane::Search).await;
    assert!(last.is_ok(), "the place that is kept for nobody");
    let (told, mut tells) = tokio::sync::mpsc::unbounded_channel();
    for (number, lane) in [(1, Lane::Export), (2, Lane::Care), (3, Lane::Care), (4, Lane::Search)] {
        comes(&lanes, lane, number, &told, Duration::from_millis(1));
        tokio::task::yield_now().await;
    }
    assert_eq!(lanes.counts().waiting, 4);
    drop(held);
    // Care's own place; then the other of the lane. The rest has no place of its own to come to.
    assert_eq!((tells.recv().await, tells.recv().await), (Some(Ok(3)), Some(Ok(2))));
    drop(last);
    assert_eq!(tells.recv().await, Some(Ok(4)));
    drop(others);
    assert_eq!(tells.recv().await, Some(Ok(1)));
    while lanes.counts() != Counts::default() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A full line: who has waited longest has least time left, and is told at once.
#[tokio::test]
async fn a_full_line_lets_go_of_the_oldest() {
    let lanes = lanes(4, 2);
    let held = (lanes.enter(Lane::Care).await.unwrap(), lanes.enter(Lane::Care).await.unwrap());
    let (told, mut tells) = tokio::sync::mpsc::unbounded_channel();
    let begun = Instant::now();
    for number in 1..=3 {
        comes(&lanes, Lane::Care, number, &told, Duration::from_millis(1));
        tokio::task::yield_now().await;
    }
    assert_eq!(tells.recv().await, Some(Err(1)));
    assert!(begun.elapsed() < WAIT);
    drop(held);
    assert_eq!((tells.recv().await, tells.recv().await), (Some(Ok(3)), Some(Ok(2))));
}

/// Who leaves while he waits leaves nothing behind; nor does who is called and leaves before he has heard it.
#[tokio::test]
async fn whoever_leaves_takes_nothing_along() {
    let lanes = lanes(4, 10);
    let (first, second) = (lanes.enter(Lane::Care).await.unwrap(), lanes.enter(Lane::Care).await.unwrap());
    let waits = {
        let lanes = Arc::clone(&lanes);
        tokio::spawn(async move { lanes.enter(Lane::Care).await.is_ok() })
    };
    tokio::task::yield_now().await;
    assert_eq!(lanes.counts().waiting, 1);
    waits.abort();
    tokio::task::yield_now().await;
    assert_eq!(lanes.counts(), Counts { used: [2, 0, 0], waiting: 0 });
    let mut called = Box::pin(lanes.enter(Lane::Care));
    assert!(futures_util::poll!(&mut called).is_pending());
    drop(first);
    assert_eq!(lanes.counts(), Counts { used: [2, 0, 0], waiting: 0 }, "the place is his");
    drop(called);
    drop(second);
    assert_eq!(lanes.counts(), Counts::default());
}

#[tokio::test]
async fn more_places_call_those_who_wait() {
    let lanes = lanes(4, 10);
    let held = (lanes.enter(Lane::Care).await.unwrap(), lanes.enter(Lane::Care).await.unwrap());
    let mut waits = Box::pin(lanes.enter(Lane::Care));
    assert!(futures_util::poll!(&mut waits).is_pending());
    lanes.resize(8);
    assert!(waits.await.is_ok());
    drop(held);
}

/// Many threads at once: at no time more than may be are in, and in the end nobody is.
#[test]
fn threads_keep_to_the_limit() {
    const LIMIT: u16 = 6;
    let lanes = Lanes::new(LIMIT, 4, Duration::from_millis(2));
    let (most, inside) = (AtomicU32::new(0), AtomicU32::new(0));
    let served = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for number in 0..4_usize {
            let (lanes, most, inside, served) = (&lanes, &most, &inside, &served);
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let tasks = (0..8_usize).map(|task| async move {
                        for _ in 0..200 {
                            let lane = Lane::ALL[(number + task) % 3];
                            let Ok(_place) = lanes.enter(lane).await else { continue };
                            most.fetch_max(inside.fetch_add(1, Ordering::AcqRel) + 1, Ordering::AcqRel);
                            tokio::task::yield_now().await;
                            inside.fetch_sub(1, Ordering::AcqRel);
                            served.fetch_add(1, Ordering::Relaxed);
                        }
                    });
                    futures_util::future::join_all(tasks).await;
                });
            });
        }
    });
    assert!(most.into_inner() <= LIMIT.into());
    assert!(served.into_inner() > 0);
    assert_eq!(lanes.counts(), Counts::default());
}
