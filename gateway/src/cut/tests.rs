//! Tests of cutting, over real sockets.

use std::sync::Arc;
use std::time::Duration;

use model::{Category, DeviceId, FacilityId, PersonId, SerialNumber, SessionId, Timestamp, UserId, UserKey};
use policy::DecisionPoint;
use records::Claim;
use registry::{Affected, Snapshot};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::cutter::{Cutter, Ended, Known};
use super::live::{ExchangeBasis, Live, Switch};
use super::socket::{Scissors, Socket};
use crate::judge::Judge;

async fn pair() -> (Socket, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    (Socket::new(stream), client)
}

#[tokio::test]
async fn bytes_pass_until_the_cut_and_none_after() {
    let (mut socket, mut client) = pair().await;
    let scissors = socket.scissors();
    socket.write_all(b"hello").await.unwrap();
    let mut read = [0; 5];
    client.read_exact(&mut read).await.unwrap();
    client.write_all(b"there").await.unwrap();
    socket.read_exact(&mut read).await.unwrap();
    scissors.cut();
    scissors.cut();
    assert!(scissors.is_cut());
    assert!(socket.write_all(b"more").await.is_err());
    assert!(socket.read(&mut read).await.is_err());
    assert!(client.read(&mut read).await.is_err(), "the client sees a reset, not an end");
}

/// A stalled reader must not get what lies in the kernel's send queue.
#[tokio::test]
async fn what_waits_in_the_kernel_is_thrown_away() {
    let (mut socket, mut client) = pair().await;
    let scissors = socket.scissors();
    let chunk = vec![7_u8; 64 * 1024];
    let mut sent = 0_usize;
    while let Ok(written) = tokio::time::timeout(Duration::from_millis(200), socket.write(&chunk)).await {
        sent += written.unwrap();
    }
    scissors.cut();
    let mut received = 0_usize;
    let mut read = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = client.read(&mut read).await {
        received += count;
    }
    assert!(sent > 200_000, "the queue was not filled: {sent}");
    assert!(received < sent, "everything arrived: {received} of {sent}");
}

#[tokio::test]
async fn a_waiting_reader_wakes_when_it_is_cut_from_another_thread() {
    let (mut socket, _client) = pair().await;
    let scissors = socket.scissors();
    let reading = tokio::spawn(async move { socket.read(&mut [0; 8]).await });
    tokio::time::sleep(Duration::from_millis(20)).await;
    std::thread::spawn(move || scissors.cut());
    let ended = tokio::time::timeout(Duration::from_secs(1), reading).await.expect("the reader sleeps on").unwrap();
    assert!(ended.is_err());
}

fn basis(user: u32, person: u32) -> ExchangeBasis {
    ExchangeBasis {
        serial: serial(user),
        device: DeviceId::new(&format!("D-{user}")).unwrap(),
        user_id: UserId::new(&format!("U-{user}")).unwrap(),
        user: UserKey::new(&format!("K-{user}")).unwrap(),
        facility: FacilityId::new("F-1").unwrap(),
        session: SessionId::new("s").unwrap(),
        credential_epoch: 1,
        session_over: Timestamp::MAX,
        claims: vec![Claim::read(Category::Note, vec![PersonId::new(&format!("P-{person}")).unwrap()], false)],
    }
}

fn serial(number: u32) -> SerialNumber {
    SerialNumber::from_octets(&(number + 1).to_be_bytes()).unwrap()
}

async fn scissors() -> Scissors {
    pair().await.0.scissors()
}

#[tokio::test]
async fn the_living_are_found_by_what_they_rest_on_and_leave_no_trace() {
    let live = Arc::new(Live::new(2));
    let (device, facility) = (DeviceId::new("D-1").unwrap(), FacilityId::new("F-1").unwrap());
    let one = live.enter_connection(0, (serial(1), None), &device, &facility, scissors().await);
    let two = live.enter_connection(1, (serial(2), None), &DeviceId::new("D-2").unwrap(), &facility, scissors().await);
    let first = live.enter_exchange(&one, basis(1, 7), Arc::new(Switch::new(scissors().await, false)));
    let second = live.enter_exchange(&two, basis(2, 7), Arc::new(Switch::new(scissors().await, false)));

    let by = |affected: Affected| {
        let (connections, exchanges) = live.affected(&affected);
        (connections.len(), exchanges.len())
    };
    assert_eq!(by(Affected { serials: [serial(1)].into(), ..Affected::default() }), (1, 1));
    assert_eq!(by(Affected { devices: [device.clone()].into(), ..Affected::default() }), (1, 1));
    assert_eq!(by(Affected { user_ids: [UserId::new("U-2").unwrap()].into(), ..Affected::default() }), (1, 1));
    assert_eq!(by(Affected { users: [UserKey::new("K-2").unwrap()].into(), ..Affected::default() }), (1, 1));
    assert_eq!(by(Affected { facilities: [facility.clone()].into(), ..Affected::default() }), (2, 2));
    assert_eq!(by(Affected { persons: [PersonId::new("P-7").unwrap()].into(), ..Affected::default() }), (0, 2));
    assert_eq!(by(Affected { persons: [PersonId::new("P-8").unwrap()].into(), ..Affected::default() }), (0, 0));
    assert_eq!(by(Affected { service: true, ..Affected::default() }), (0, 2));
    assert_eq!(one.connection.users(), [UserId::new("U-1").unwrap()]);

    drop((first, second));
    assert_eq!(live.counts().1, 0);
    drop((one, two));
    assert_eq!(live.counts(), (0, 0, 0), "keys are left behind");
}

/// A tunnel, or a deletion that its client did not wait for.
#[tokio::test]
async fn an_exchange_that_outlives_its_connection_is_still_found() {
    let live = Arc::new(Live::new(1));
    let (device, facility) = (DeviceId::new("D-1").unwrap(), FacilityId::new("F-2").unwrap());
    let connection = live.enter_connection(0, (serial(1), None), &device, &facility, scissors().await);
    let exchange = live.enter_exchange(&connection, basis(1, 7), Arc::new(Switch::new(scissors().await, false)));
    drop(connection);
    let by = |affected: Affected| {
        let (connections, exchanges) = live.affected(&affected);
        (connections.len(), exchanges.len())
    };
    assert_eq!(by(Affected { serials: [serial(1)].into(), ..Affected::default() }), (0, 1));
    assert_eq!(by(Affected { user_ids: [UserId::new("U-1").unwrap()].into(), ..Affected::default() }), (0, 1));
    // Its user's facility, and the terminal's.
    assert_eq!(by(Affected { facilities: [FacilityId::new("F-1").unwrap()].into(), ..Affected::default() }), (0, 1));
    assert_eq!(by(Affected { facilities: [facility].into(), ..Affected::default() }), (0, 1));
    let both = Affected {
        serials: [serial(1)].into(),
        persons: [PersonId::new("P-7").unwrap()].into(),
        ..Affected::default()
    };
    assert_eq!(by(both), (0, 1), "told once");
    assert_eq!((live.connections().len(), live.exchanges().len()), (0, 1));
    assert_eq!((live.counts().0, live.counts().1), (0, 1));
    drop(exchange);
    assert_eq!(live.counts(), (0, 0, 0), "keys are left behind");
}

#[tokio::test]
async fn a_switch_wakes_its_waiter_and_takes_the_connection_along() {
    let (socket, _client) = pair().await;
    let switch = Arc::new(Switch::new(socket.scissors(), true));
    let waiting = tokio::spawn(switch.cut_off());
    tokio::task::yield_now().await;
    switch.cut();
    tokio::time::timeout(Duration::from_secs(1), waiting).await.expect("the waiter sleeps on").unwrap();
    assert!(switch.is_cut() && socket.scissors().is_cut());
    tokio::time::timeout(Duration::from_secs(1), switch.cut_off()).await.expect("late waiters are told at once");
}

/// A stream that was cut a moment ago may only not have been come to yet: its connection has others on it.
#[tokio::test]
async fn a_sweep_gives_a_cut_stream_time_to_let_go() {
    let (socket, _client) = pair().await;
    let switch = Switch::new(socket.scissors(), false);
    switch.cut_connection();
    switch.cut();
    switch.cut_connection();
    assert!(switch.is_cut() && !socket.scissors().is_cut());
    tokio::time::sleep(crate::bounds::LET_GO_MAX).await;
    switch.cut_connection();
    assert!(socket.scissors().is_cut());
}

/// Whoever comes in while a sweep begins, with a certificate issued a moment ago, is newer than what was listed: the facts
/// must not be older than the list.
#[tokio::test]
async fn a_sweep_ends_nobody_who_came_after_its_facts() {
    let live = Arc::new(Live::new(1));
    let judge = Judge::new(Arc::new(DecisionPoint::builtin().unwrap()));
    let cutter = Cutter::new(Arc::clone(&live), judge, Arc::default());
    let enter = |number, scissors: &Scissors| {
        let (device, facility) = (DeviceId::new("D-1").unwrap(), FacilityId::new("F-1").unwrap());
        let connection = live.enter_connection(0, (serial(number), None), &device, &facility, scissors.clone());
        let switch = Arc::new(Switch::new(scissors.clone(), true));
        let exchange = live.enter_exchange(&connection, basis(number, 7), switch);
        (connection, exchange)
    };
    // The facts know neither of the two certificates; the second comes while they are read.
    let (before, after) = (scissors().await, scissors().await);
    let _first = enter(1, &before);
    let mut second = None;
    let known = || {
        second = Some(enter(2, &after));
        Known { snapshot: Arc::new(Snapshot::default()), now: Timestamp::from_millis(0), silence: Duration::ZERO }
    };
    let ended = cutter.sweep(known, true);
    assert!(second.is_some());
    assert_eq!(ended, Ended { connections: 1, exchanges: 1, ..Ended::default() });
    assert!(before.is_cut() && !after.is_cut());
}
