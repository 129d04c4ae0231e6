//! Both directions at once, over pipes, with little patience.

use tokio::io::{DuplexStream, duplex};

use super::*;

/// A client, a store, and the tunnel between them.
struct Ends {
    client: DuplexStream,
    store: DuplexStream,
    tunnel: tokio::task::JoinHandle<(End, u64)>,
    drain: tokio::sync::oneshot::Sender<()>,
}

const LITTLE: Patience = Patience {
    silence: Duration::from_secs(1),
    close: Duration::from_millis(2000),
    untaken: Duration::from_millis(300),
};

fn joined_ends(speaks: bool) -> Ends {
    let ((client, near), (far, store)) = (duplex(1 << 16), duplex(1 << 16));
    let (drain, drained) = tokio::sync::oneshot::channel();
    let tunnel = tokio::spawn(async move {
        let carried = AtomicU64::new(0);
        let rules = Rules { speaks, message_bytes_max: 1000, patience: LITTLE };
        let drain = async move {
            // A sender that is let go of drains nothing.
            if drained.await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let end = carry(near, far, rules, &carried, drain).await;
        (end, carried.into_inner())
    });
    Ends { client, store, tunnel, drain }
}

/// A frame of a client, under a mask that changes nothing.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    [&[first, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0], payload].concat()
}

fn plain(first: u8, payload: &[u8]) -> Vec<u8> {
    [&[first, u8::try_from(payload.len()).unwrap()], payload].concat()
}

/// The next frame from there, its mask taken off; none at the end.
async fn next(from: &mut DuplexStream) -> Option<(u8, Vec<u8>)> {
    let mut head = [0; 2];
    from.read_exact(&mut head).await.ok()?;
    let mut key = [0; 4];
    if head[1] & 0x80 != 0 {
        from.read_exact(&mut key).await.unwrap();
    }
    let mut payload = vec![0; usize::from(head[1] & 0x7f)];
    from.read_exact(&mut payload).await.unwrap();
    payload.iter_mut().zip(key.into_iter().cycle()).for_each(|(octet, key)| *octet ^= key);
    Some((head[0], payload))
}

fn ended(ended: Ended) -> End {
    End { ended, store: None }
}

#[tokio::test]
async fn both_sides_talk_and_close_with_their_codes() {
    let Ends { mut client, mut store, tunnel, drain: _drain } = joined_ends(true);
    client.write_all(&masked(0x81, b"hello")).await.unwrap();
    assert_eq!(next(&mut store).await, Some((0x81, b"hello".to_vec())));
    store.write_all(&plain(0x82, b"good day")).await.unwrap();
    assert_eq!(next(&mut client).await, Some((0x82, b"good day".to_vec())));
    client.write_all(&masked(0x88, b"\x0f\xa1enough")).await.unwrap();
    assert_eq!(next(&mut store).await, Some((0x88, b"\x0f\xa1enough".to_vec())));
    store.write_all(&plain(0x88, b"\x0f\xa1")).await.unwrap();
    assert_eq!(next(&mut client).await, Some((0x88, b"\x0f\xa1".to_vec())));
    assert_eq!((next(&mut client).await, next(&mut store).await), (None, None));
    assert_eq!(tunnel.await.unwrap(), (ended(Ended::Completed), 5 + 8 + 8 + 2));
}

/// A side that does not answer a close is not waited for, and one that answers by leaving has answered.
#[tokio::test]
async fn a_close_that_is_not_answered_ends_it_too() {
    for leaves in [false, true] {
        let Ends { mut client, mut store, tunnel, drain: _drain } = joined_ends(true);
        store.write_all(&plain(0x88, b"\x03\xe8")).await.unwrap();
        assert_eq!(next(&mut client).await, Some((0x88, b"\x03\xe8".to_vec())));
        if leaves {
            drop(client);
        }
        assert_eq!(tunnel.await.unwrap().0, ended(Ended::Completed), "{leaves}");
    }
}

#[tokio::test]
async fn whoever_breaks_the_rules_is_told_which() {
    for (first, payload, code) in
        [(0x83, &b"x"[..], 1002_u16), (0xc1, b"x", 1002), (0x81, b"\xff", 1007), (0x88, b"\x03\xed", 1002)]
    {
        let Ends { mut client, mut store, tunnel, drain: _drain } = joined_ends(true);
        client.write_all(&masked(0x81, b"fine")).await.unwrap();
        client.write_all(&masked(first, payload)).await.unwrap();
        assert_eq!(next(&mut client).await, Some((0x88, code.to_be_bytes().to_vec())), "{first:x}");
        assert_eq!(next(&mut client).await, None);
        assert_eq!(next(&mut store).await, Some((0x81, b"fine".to_vec())));
        // In the middle of a frame nothing can be said.
        let goodbye = if code == 1007 { b"\x81".to_vec() } else { b"\x88".to_vec() };
        let mut rest = Vec::new();
        let _ = store.read_to_end(&mut rest).await;
        assert_eq!(rest.first(), goodbye.first(), "{rest:x?}");
        drop((client, store));
        assert_eq!(tunnel.await.unwrap().0, ended(Ended::Refused));
    }
}

#[tokio::test]
async fn a_store_that_breaks_the_rules_is_told_and_its_client_hears_of_no_fault_of_its_own() {
    let Ends { mut client, mut store, tunnel, drain: _drain } = joined_ends(true);
    store.write_all(&masked(0x81, b"masked")).await.unwrap();
    assert_eq!(next(&mut store).await, Some((0x88, 1002_u16.to_be_bytes().to_vec())));
    assert_eq!(next(&mut client).await, Some((0x88, 1011_u16.to_be_bytes().to_vec())));
    drop((client, store));
    let (end, _) = tunnel.await.unwrap();
    assert!(matches!(end, End { ended: Ended::StoreFailed, store: Some(Breach::Protocol(_)) }), "{end:?}");
}

#[tokio::test]
async fn whoever_may_only_listen_is_told_so() {
    let Ends { mut client, mut store, tunnel, drain: _drain } = joined_ends(false);
    client.write_all(&masked(0x89, b"there?")).await.unwrap();
    assert_eq!(next(&mut store).await, Some((0x89, b"there?".to_vec())));
    client.write_all(&masked(0x81, b"write this")).await.unwrap();
    assert_eq!(next(&mut client).await, Some((0x88, 1008_u16.to_be_bytes().to_vec())));
    assert_eq!(next(&mut store).await, Some((0x88, 1001_u16.to_be_bytes().to_vec())));
    drop((client, store));
    assert_eq!(tunnel.await.unwrap(), (ended(Ended::Refused), 6));
}

#[tokio::test]
async fn whoever_leaves_ends_it_for_the_other() {
    let Ends { client, mut store, tunnel, drain: _drain } = joined_ends(true);
    drop(client);
    assert_eq!(next(&mut store).await, None);
    assert_eq!(tunnel.await.unwrap().0, ended(Ended::ClientLeft));
    let Ends { mut client, store, tunnel, drain: _drain } = joined_ends(true);
    drop(store);
    assert_eq!(next(&mut client).await, None);
    assert_eq!(tunnel.await.unwrap().0, ended(Ended::StoreFailed));
}

#[tokio::test]
async fn a_drain_says_goodbye_to_both() {
    let Ends { mut client, mut store, tunnel, drain } = joined_ends(true);
    drain.send(()).unwrap();
    assert_eq!(next(&mut client).await, Some((0x88, 1001_u16.to_be_bytes().to_vec())));
    assert_eq!(next(&mut store).await, Some((0x88, 1001_u16.to_be_bytes().to_vec())));
    assert_eq!(tunnel.await.unwrap().0, ended(Ended::Drained));
}

/// A side that says nothing is asked whether it is there; the answer goes on like any other frame.
#[tokio::test]
async fn a_silent_side_is_pinged_and_then_let_go_of() {
    let Ends { mut client, mut store, tunnel, drain: _drain } = joined_ends(true);
    let begun = Instant::now();
    assert_eq!(next(&mut client).await, Some((0x89, Vec::new())));
    assert_eq!(next(&mut store).await, Some((0x89, Vec::new())));
    assert!(begun.elapsed() >= LITTLE.silence);
    // The store answers, the client does not.
    store.write_all(&plain(0x8a, b"")).await.unwrap();
    assert_eq!(next(&mut client).await, Some((0x8a, Vec::new())));
    assert_eq!(tunnel.await.unwrap().0, ended(Ended::ClientLeft));
    assert!(begun.elapsed() >= LITTLE.silence * 2);
}

/// A client that takes nothing does not hold the store for ever.
#[tokio::test]
async fn whoever_takes_nothing_is_not_waited_for() {
    let Ends { client, mut store, tunnel, drain: _drain } = joined_ends(true);
    let said = plain(0x82, &[0; 100]).repeat(1000);
    while timeout(Duration::from_secs(1), store.write_all(&said)).await.is_ok_and(|sent| sent.is_ok()) {}
    let (end, _) = tunnel.await.unwrap();
    assert_eq!(end, ended(Ended::ClientLeft));
    drop(client);
}
