//! Sessions are kept within their bound, and each is used once.

use super::*;

fn name(number: u32) -> Vec<u8> {
    number.to_be_bytes().repeat(8)
}

#[test]
fn what_was_put_is_there_until_it_is_taken() {
    let sessions = Sessions::new(4);
    assert!(sessions.can_cache() && sessions.put(name(1), vec![1]));
    assert_eq!(sessions.get(&name(1)), Some(vec![1]));
    assert_eq!(sessions.get(&name(1)), Some(vec![1]), "looking does not take it");
    assert_eq!(sessions.take(&name(1)), Some(vec![1]));
    assert_eq!((sessions.take(&name(1)), sessions.get(&name(1))), (None, None), "used once (RFC 8446 8.1)");
    assert_eq!(sessions.take(b""), None);
}

/// However many come, and however many of them are taken: the newest are there, and no more than that is held.
#[test]
fn the_oldest_go_first_and_nothing_grows() {
    const MAX: u32 = 8;
    let sessions = Sessions::new(MAX as usize);
    for number in 0..1000 {
        assert!(sessions.put(name(number), vec![7; 3]));
        if number % 3 == 0 {
            assert!(sessions.take(&name(number)).is_some(), "the newest is there");
        }
        let kept = sessions.kept();
        assert!(kept.order.len() <= MAX as usize && kept.by_name.len() <= kept.order.len());
    }
    for number in 0..1000 {
        let newest = number >= 1000 - MAX;
        assert_eq!(sessions.get(&name(number)).is_some(), newest && number % 3 != 0, "{number}");
    }
}

#[test]
fn where_none_may_be_kept_none_is() {
    let sessions = Sessions::new(0);
    assert!(!sessions.can_cache() && !sessions.put(name(1), vec![1]));
    assert_eq!(sessions.get(&name(1)), None);
}
