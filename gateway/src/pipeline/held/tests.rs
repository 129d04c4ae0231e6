//! One pool, a share for each user ID, and what a request keeps.

use super::*;

const STEP: usize = LOOK_UP_KEPT_BYTES;
/// Of the share of a user ID.
const SHARE: usize = LOOK_UPS_USER_BYTES / STEP;

fn left(pool: &HeldPool) -> usize {
    assert_eq!(pool.0.available_permits() % STEP, 0);
    pool.0.available_permits() / STEP
}

fn read(held: &Held<'_>, bytes: usize) -> Result<Bytes, Beyond> {
    let mut reading = held.begin()?;
    reading.add(&vec![b'x'; bytes])?;
    Ok(reading.end())
}

#[test]
fn what_is_kept_and_what_is_said_come_out_of_one_pool_and_go_back() {
    let pool = HeldPool::of(10 * STEP);
    let (one, other) = (Held::nothing(&pool, Share::default()), Held::nothing(&pool, Share::default()));
    assert_eq!((one.keep(3), one.keep(2)), (Ok(()), Ok(())), "less than is kept already takes nothing");
    assert_eq!(left(&pool), 6);
    assert_eq!(other.keep(6), Err(Beyond::NoRoom), "seven of six");
    assert_eq!(other.keep(3), Ok(()));
    assert_eq!(left(&pool), 2);
    // Within what is kept for it an answer takes nothing; beyond it, in steps, while there are any, and nothing of what is kept
    // for others.
    assert_eq!(read(&one, STEP).unwrap().len(), STEP);
    assert_eq!(left(&pool), 2);
    let mut long = one.begin().unwrap();
    assert_eq!((long.add(&vec![0; STEP]), long.add(&[0]), long.add(&vec![0; STEP - 1])), (Ok(()), Ok(()), Ok(())));
    assert_eq!(left(&pool), 1);
    assert_eq!(long.add(&vec![0; 2 * STEP]), Err(Beyond::NoRoom));
    assert_eq!(left(&pool), 1);
    assert_eq!(long.end().len(), 2 * STEP);
    assert_eq!(read(&other, 2 * STEP).unwrap().len(), 2 * STEP);
    assert_eq!((left(&pool), Held::nothing(&pool, Share::default()).keep(0)), (0, Err(Beyond::NoRoom)));
    drop(one);
    assert_eq!(left(&pool), 5);
    drop(other);
    assert_eq!(left(&pool), 10);
}

#[test]
fn later_look_ups_are_kept_room_for_beside_what_was_said() {
    let pool = HeldPool::of(10 * STEP);
    let held = Held::nothing(&pool, Share::default());
    held.keep(1).unwrap();
    read(&held, 5 * STEP).unwrap();
    assert_eq!(left(&pool), 4, "five said, one more kept");
    held.keep(2).unwrap();
    assert_eq!(left(&pool), 2);
    assert_eq!(held.keep(5), Err(Beyond::NoRoom));
    let readings = [held.begin().unwrap(), held.begin().unwrap(), held.begin().unwrap()];
    assert_eq!(left(&pool), 2, "all three were kept room for");
    drop(readings);
    assert_eq!(held.keep(2), Ok(()));
    assert_eq!(left(&pool), 2, "and are again");
}

#[test]
fn an_answer_that_breaks_off_or_is_let_go_of_is_given_back() {
    let pool = HeldPool::of(10 * STEP);
    let held = Held::nothing(&pool, Share::default());
    held.keep(0).unwrap();
    for _ in 0..3 {
        let mut broken = held.begin().unwrap();
        broken.add(&vec![0; 4 * STEP]).unwrap();
        assert_eq!(left(&pool), 6);
        drop(broken);
        assert_eq!(left(&pool), 9);
        let whole = read(&held, 3 * STEP / 2).unwrap();
        held.give_back(whole.len());
        assert_eq!(held.keep(0), Ok(()));
    }
    drop(held);
    assert_eq!(left(&pool), 10);
}

#[test]
fn what_is_read_is_what_was_said_whatever_its_pieces() {
    let pool = HeldPool::of(10 * STEP);
    let held = Held::nothing(&pool, Share::default());
    let said: Vec<u8> = (0..=250).cycle().take(2 * STEP + 17).collect();
    for size in [1, 1000, STEP, STEP + 1, said.len()] {
        let mut reading = held.begin().unwrap();
        said.chunks(size).for_each(|piece| reading.add(piece).unwrap());
        assert!(reading.pieces.iter().all(|piece| piece.capacity() == STEP) && reading.pieces.len() == 3);
        let whole = reading.end();
        assert!(whole == said, "pieces of {size}");
        held.give_back(whole.len());
    }
    assert!(held.begin().unwrap().end().is_empty());
}

/// Who takes all that one user ID may leaves the others theirs, and meets his own bound before that of all.
#[test]
fn a_user_id_has_a_share_and_no_more() {
    let pool = HeldPool::default();
    let share = Share::default();
    let (first, second) = (Held::nothing(&pool, share.clone()), Held::nothing(&pool, share.clone()));
    first.keep(SHARE / 2 - 1).unwrap();
    second.keep(SHARE / 2 - 1).unwrap();
    let third = Held::nothing(&pool, share.clone());
    assert_eq!(third.keep(0), Err(Beyond::NoRoom));
    assert_eq!(Held::nothing(&pool, Share::default()).keep(SHARE - 1), Ok(()));
    assert!(share.is_shared());
    drop(first);
    assert_eq!(third.keep(SHARE / 2 - 1), Ok(()));
    drop((second, third));
    assert!(!share.is_shared() && share.0.load(Ordering::Relaxed) == 0);
    assert_eq!(pool.0.available_permits(), LOOK_UPS_POOL_BYTES);
}

#[test]
fn neither_an_answer_nor_a_request_takes_more_than_it_may() {
    let pool = HeldPool::default();
    let held = Held::nothing(&pool, Share::default());
    assert_eq!(read(&held, ANSWER_READ_BYTES_MAX + 1), Err(Beyond::TooLong));
    // All at once, as look-ups are: what each may say depends on what the others have said by then.
    let mut readings: Vec<_> = (0..8).map(|_| held.begin().unwrap()).collect();
    let piece = vec![0; ANSWER_READ_BYTES_MAX / 4];
    let refused = (0..4).flat_map(|_| 0..8).find_map(|index| readings[index].add(&piece).err());
    assert_eq!(refused, Some(Beyond::TooMuch));
    assert!(held.taken.load(Ordering::Relaxed) <= LOOK_UPS_BYTES_MAX);
    assert!(LOOK_UPS_POOL_BYTES - pool.0.available_permits() <= LOOK_UPS_BYTES_MAX);
}
