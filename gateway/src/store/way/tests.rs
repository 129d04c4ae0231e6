//! The way to real sockets: servers that answer, refuse, fall silent, break off and come back.

mod house;

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::{BodyExt as _, Full};

use self::house::{House, Mood};
use super::*;
use crate::bounds::{STORE_FAILURES_IN_A_ROW_MAX, STORE_IDLE_DOUBTED, STORE_REST_MILLIS};
use crate::pipeline::extract::whole;
use crate::store::errand::Class;
use crate::store::lanes::Lane;
use crate::store::settings::{HealthSettings, Protocol, Server, StoreSettings};
use crate::store::station::Standing;

const READ: Errand = Errand { lane: Lane::Care, class: Class::Read, within: None };
const SEARCH: Errand = Errand { lane: Lane::Search, class: Class::Search, within: None };
const WRITE: Errand = Errand { lane: Lane::Care, class: Class::Write, within: None };

fn settings(houses: &[&House]) -> StoreSettings {
    let mut settings = StoreSettings::of(houses.iter().map(|house| Server::plain(house.address)).collect());
    settings.timeouts.read.head = Duration::from_millis(300);
    settings
}

fn way(settings: StoreSettings) -> Way {
    Way::new(&Arc::new(Stores::new(settings).unwrap()))
}

fn get() -> Request<Body> {
    Request::get("/fhir/Patient/P-0001").header("host", "store").body(whole(Bytes::new())).unwrap()
}

fn post() -> Request<Body> {
    let body = Full::new(Bytes::from_static(b"{}")).map_err(|never| match never {}).boxed_unsync();
    Request::builder().method(Method::POST).uri("/fhir/Observation").header("host", "store").body(body).unwrap()
}

/// Asks and reads to the end.
async fn read(way: &Way) -> Result<String, StoreError> {
    let answer = way.send(get(), READ).await?;
    let body = answer.into_body().collect().await.map_err(StoreError::Broken)?;
    Ok(String::from_utf8(body.to_bytes().to_vec()).unwrap())
}

/// Waits for a condition.
async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..2000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("in vain: {what}");
}

#[tokio::test]
async fn the_less_busy_of_two_is_asked() {
    let (one, other) = (House::build(Protocol::Http1).await, House::build(Protocol::Http1).await);
    let way = way(settings(&[&one, &other]));
    for _ in 0..40 {
        read(&way).await.unwrap();
    }
    assert!(one.asked() > 5 && other.asked() > 5, "{} and {}", one.asked(), other.asked());
    // One of them is slow: what comes meanwhile goes to the other. Whatever is answered is taken, or it would count as going on.
    one.is(Mood::Hangs);
    let asked = one.asked();
    let _slow = loop {
        let mut sent = Box::pin(way.send(get(), READ));
        match tokio::time::timeout(Duration::from_millis(100), &mut sent).await {
            Ok(answer) => drop(answer.unwrap().into_body().collect().await.unwrap()),
            Err(_) => break sent,
        }
    };
    let others = other.asked();
    for _ in 0..20 {
        read(&way).await.unwrap();
    }
    assert_eq!((one.asked() - asked, other.asked() - others), (1, 20));
}

/// What was never sent goes to another store, whatever it is; and the one that cannot be reached is left alone.
#[tokio::test]
async fn a_store_that_is_down_is_not_noticed() {
    let there = House::build(Protocol::Http1).await;
    let gone = there.said_to_be_at(unused());
    let way = way(settings(&[&gone, &there]));
    for number in 0..60 {
        let answer = if number % 2 == 0 { way.send(get(), READ).await } else { way.send(post(), WRITE).await };
        assert_eq!(answer.unwrap().status(), StatusCode::OK, "request {number}");
    }
    assert_eq!(there.asked(), 60);
    assert_eq!(way.stores.status()[0].standing, Standing::Resting);
    assert_eq!(way.stores.status()[1].standing, Standing::Asked);
}

/// An address where nobody listens.
fn unused() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// What broke off before an answer is asked again where it changes nothing, and never where it may have been done.
#[tokio::test]
async fn only_what_changes_nothing_is_asked_twice() {
    let (bad, good) = (House::build(Protocol::Http1).await, House::build(Protocol::Http1).await);
    let way = way(settings(&[&bad, &good]));
    for _ in 0..60 {
        // So many requests earn the retries that follow.
        read(&way).await.unwrap();
    }
    bad.is(Mood::Closes);
    let (asked, answered) = (bad.asked(), good.asked());
    let mut broken = 0;
    for _ in 0..20 {
        broken += usize::from(matches!(way.send(post(), WRITE).await, Err(StoreError::Broken(_))));
    }
    assert_eq!(broken, bad.asked() - asked, "each that reached it was told to be broken");
    assert_eq!(good.asked() - answered, 20 - broken, "and none was sent to the other");
    assert!(broken > 0, "none reached it");
    // By now it rests; then one goes on trial, and is asked of the other.
    tokio::time::sleep(Duration::from_millis(STORE_REST_MILLIS + 100)).await;
    let asked = bad.asked();
    for _ in 0..20 {
        assert_eq!(read(&way).await.unwrap(), "here");
    }
    assert_eq!(bad.asked(), asked + 1);
}

/// Ten in a hundred, and one a second: two stores that both break off are not asked twice as much.
#[tokio::test]
async fn retries_have_a_budget() {
    let (one, other) = (House::build(Protocol::Http1).await, House::build(Protocol::Http1).await);
    let way = way(settings(&[&one, &other]));
    let begun = Instant::now();
    for number in 0..100 {
        // Never so many in a row that one of them rests.
        let mood = if number % 2 == 0 { Mood::Closes } else { Mood::Answers(StatusCode::OK) };
        one.is(mood);
        other.is(mood);
        let _ = read(&way).await;
    }
    let again = one.asked() + other.asked() - 100;
    let free = usize::try_from(begun.elapsed().as_secs()).unwrap() + 1;
    assert!(again > 0 && again <= 10 + free, "{again}");
}

/// A lone store that keeps silent is let rest: an answer at once in place of one after a long wait. And it is tried again.
#[tokio::test]
async fn a_lone_store_that_keeps_silent_rests() {
    let house = House::build(Protocol::Http1).await;
    let way = way(settings(&[&house]));
    read(&way).await.unwrap();
    house.is(Mood::Hangs);
    for _ in 0..STORE_FAILURES_IN_A_ROW_MAX {
        assert!(matches!(read(&way).await, Err(StoreError::Timeout)));
    }
    let (begun, asked) = (Instant::now(), house.asked());
    for _ in 0..50 {
        assert!(matches!(read(&way).await, Err(StoreError::Resting { seconds: 1 })));
    }
    assert!(begun.elapsed() < Duration::from_millis(300), "{:?}", begun.elapsed());
    assert_eq!(house.asked(), asked, "it is left alone");
    house.is(Mood::Answers(StatusCode::OK));
    let mut back = Err(StoreError::Timeout);
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        back = read(&way).await;
        if back.is_ok() {
            break;
        }
    }
    assert_eq!(back.unwrap(), "here");
    assert_eq!(way.stores.status()[0].standing, Standing::Asked);
}

/// An answer may take as long as its route says, and says nothing of the store when it takes longer.
#[tokio::test]
async fn a_route_has_a_time_of_its_own() {
    let house = House::build(Protocol::Http1).await;
    let mut settings = settings(&[&house]);
    settings.timeouts.read.head = Duration::from_secs(60);
    let way = way(settings);
    house.is(Mood::Hangs);
    let short = Errand { within: Some(Duration::from_millis(30)), ..READ };
    for _ in 0..2 * STORE_FAILURES_IN_A_ROW_MAX {
        assert!(matches!(way.send(get(), short).await, Err(StoreError::Timeout)));
    }
    house.is(Mood::Answers(StatusCode::OK));
    assert_eq!(read(&way).await.unwrap(), "here");
}

/// Whoever knows of a search that takes for ever cannot have the store left alone by others; nor by reads that take so long while
/// others are answered.
#[tokio::test]
async fn nobody_shuts_a_store_for_others_by_what_he_asks() {
    let house = House::build(Protocol::Http1).await;
    let mut settings = settings(&[&house]);
    settings.timeouts.search.head = Duration::from_millis(50);
    let way = Arc::new(way(settings));
    house.is(Mood::Hangs);
    let search = Errand { lane: Lane::Search, class: Class::Search, within: None };
    for _ in 0..2 * STORE_FAILURES_IN_A_ROW_MAX {
        assert!(matches!(way.send(get(), search).await, Err(StoreError::Timeout)));
    }
    let slow: Vec<_> = (0..2 * STORE_FAILURES_IN_A_ROW_MAX)
        .map(|_| {
            let way = Arc::clone(&way);
            tokio::spawn(async move { read(&way).await })
        })
        .collect();
    until("all of them are there", || house.asked() == 4 * usize::from(STORE_FAILURES_IN_A_ROW_MAX)).await;
    house.is(Mood::Answers(StatusCode::OK));
    assert_eq!(read(&way).await.unwrap(), "here");
    for one in slow {
        assert!(matches!(one.await.unwrap(), Err(StoreError::Timeout)));
    }
    assert_eq!(way.stores.status()[0].standing, Standing::Asked);
    assert_eq!(read(&way).await.unwrap(), "here");
}

/// One that answers, if only that it cannot, is asked all the same: nothing is better than its answer.
#[tokio::test]
async fn a_lone_store_that_says_no_is_asked_on() {
    let house = House::build(Protocol::Http1).await;
    let way = way(settings(&[&house]));
    house.is(Mood::Answers(StatusCode::SERVICE_UNAVAILABLE));
    for _ in 0..20 {
        assert_eq!(way.send(get(), READ).await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    }
    assert_eq!(house.asked(), 20);
    house.is(Mood::Answers(StatusCode::OK));
    assert_eq!(read(&way).await.unwrap(), "here");
}

/// One of two that answers that it cannot, or breaks off in the middle: left out.
#[tokio::test]
async fn a_store_that_fails_in_its_answers_is_left_out() {
    for mood in [Mood::Answers(StatusCode::BAD_GATEWAY), Mood::BreaksOff] {
        let (bad, good) = (House::build(Protocol::Http1).await, House::build(Protocol::Http1).await);
        bad.is(mood);
        let way = way(settings(&[&bad, &good]));
        for _ in 0..100 {
            let _ = read(&way).await;
        }
        assert_eq!(bad.asked(), usize::from(STORE_FAILURES_IN_A_ROW_MAX), "{mood:?}");
        assert_eq!(way.stores.status()[0].standing, Standing::Resting);
    }
}

/// An idle connection that the store has closed, or closes while we send: a read is asked on another.
#[tokio::test]
async fn a_store_that_comes_back_is_read_at_once() {
    let house = House::build(Protocol::Http1).await;
    let way = way(settings(&[&house]));
    read(&way).await.unwrap();
    tokio::time::sleep(STORE_IDLE_DOUBTED + Duration::from_millis(50)).await;
    house.is(Mood::ClosesOnce);
    assert_eq!(read(&way).await.unwrap(), "here");
    assert_eq!(house.asked(), 3, "asked on another connection");
}

/// More than may be at once: those beyond wait for a blink, and are told so.
#[tokio::test]
async fn what_is_too_much_is_refused_within_a_blink() {
    let house = House::build(Protocol::Http1).await;
    let mut settings = settings(&[&house]);
    (settings.at_once, settings.timeouts.read.head) = (8, Duration::from_secs(5));
    let way = Arc::new(way(settings));
    house.is(Mood::Hangs);
    let asking: Vec<_> = (0..20)
        .map(|_| {
            let way = Arc::clone(&way);
            tokio::spawn(async move {
                let begun = Instant::now();
                (read(&way).await, begun.elapsed())
            })
        })
        .collect();
    // Two of the eight are kept for searches and exports.
    until("those beyond are told so", || {
        house.asked() == 6 && asking.iter().filter(|asked| asked.is_finished()).count() == 14
    })
    .await;
    house.told.notify_waiters();
    let mut served = 0;
    for asked in asking {
        match asked.await.unwrap() {
            (Ok(_), _) => served += 1,
            (Err(error), waited) => {
                assert!(matches!(error, StoreError::Busy), "{error}");
                assert!(waited < Duration::from_millis(150), "{waited:?}");
            }
        }
    }
    assert_eq!(served, 6);
}

/// What goes at the client's pace holds no place: slow uploads do not keep anybody from reading.
#[tokio::test]
async fn slow_uploads_keep_nobody_out() {
    let house = House::build(Protocol::Http1).await;
    let mut settings = settings(&[&house]);
    settings.at_once = 4;
    let way = Arc::new(way(settings));
    let mut uploads = Vec::new();
    for _ in 0..20 {
        let body = http_body_util::StreamBody::new(futures_util::stream::pending::<
            Result<_, super::super::pool::BodyError>,
        >());
        let request = Request::post("/fhir/Binary").body(body.boxed_unsync()).unwrap();
        let way = Arc::clone(&way);
        uploads.push(tokio::spawn(async move {
            way.send(request, Errand { lane: Lane::Care, class: Class::Upload, within: None })
                .await
                .map(|answer| answer.status())
        }));
    }
    until("all are on their way", || house.asked() == 20).await;
    assert_eq!(read(&way).await.unwrap(), "here");
    assert_eq!(way.stores.status()[0].asked, 20);
    uploads.iter().for_each(tokio::task::JoinHandle::abort);
}

/// A request that is let go of gives everything back.
#[tokio::test]
async fn whoever_lets_go_leaves_nothing_behind() {
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let house = House::build(protocol).await;
        let way = way(StoreSettings { protocol, ..settings(&[&house]) });
        house.is(Mood::Hangs);
        for _ in 0..10 {
            let sent = tokio::time::timeout(Duration::from_millis(30), way.send(get(), READ)).await;
            assert!(sent.is_err());
        }
        assert_eq!(way.stores.lanes.counts(), crate::store::lanes::Counts::default());
        assert_eq!((way.stores.status()[0].asked, way.pools[0].going()), (0, 0), "{protocol:?}");
        house.is(Mood::Answers(StatusCode::OK));
        assert_eq!(read(&way).await.unwrap(), "here");
    }
}

/// Many at once over one connection; one that is let go of takes nobody along.
#[tokio::test]
async fn streams_share_a_connection_and_end_alone() {
    let house = House::build(Protocol::Http2).await;
    let way = Arc::new(way(StoreSettings { protocol: Protocol::Http2, ..settings(&[&house]) }));
    house.is(Mood::Hangs);
    let mut asking: Vec<_> = (0..50)
        .map(|_| {
            let way = Arc::clone(&way);
            tokio::spawn(async move { read(&way).await })
        })
        .collect();
    until("all are asked", || house.asked() == 50).await;
    assert_eq!(way.stores.status()[0].connections, 1);
    let gone = asking.remove(0);
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    house.told.notify_waiters();
    for asked in asking {
        assert_eq!(asked.await.unwrap().unwrap(), "late");
    }
    assert_eq!(way.stores.status()[0].connections, 1);
}

/// Whoever looks after the stores sees what no request has met yet.
#[tokio::test]
async fn an_unwell_store_is_left_out_and_comes_back() {
    let (one, other) = (House::build(Protocol::Http1).await, House::build(Protocol::Http1).await);
    let mut settings = settings(&[&one, &other]);
    let every = Duration::from_millis(20);
    settings.health = Some(HealthSettings { path: "/healthz".to_owned(), every, ..HealthSettings::default() });
    let way = way(settings);
    let looking = LookedAfter::of(&way);
    one.is(Mood::Answers(StatusCode::INTERNAL_SERVER_ERROR));
    until("it is unwell", || way.stores.status()[0].standing == Standing::Unwell).await;
    let others = other.asked();
    for _ in 0..30 {
        assert_eq!(way.send(get(), READ).await.unwrap().status(), StatusCode::OK);
    }
    assert!(other.asked() - others >= 30);
    // With none that is well, the unwell are better than nothing.
    other.is(Mood::Answers(StatusCode::INTERNAL_SERVER_ERROR));
    until("both are unwell", || way.stores.status().iter().all(|store| store.standing == Standing::Unwell)).await;
    assert_eq!(way.send(get(), READ).await.unwrap().status(), StatusCode::INTERNAL_SERVER_ERROR);
    one.is(Mood::Answers(StatusCode::OK));
    until("it is asked", || way.stores.status()[0].standing == Standing::Asked).await;
    assert_eq!(way.send(get(), READ).await.unwrap().status(), StatusCode::OK);
    looking.end().await;
}

/// Whether a store is back does not depend on what people ask for.
#[tokio::test]
async fn a_store_that_rests_is_looked_at_though_nobody_asks_for_a_record() {
    let house = House::build(Protocol::Http1).await;
    let way = way(settings(&[&house]));
    let looking = LookedAfter::of(&way);
    house.is(Mood::Answers(StatusCode::SERVICE_UNAVAILABLE));
    for _ in 0..STORE_FAILURES_IN_A_ROW_MAX {
        assert_eq!(way.send(get(), SEARCH).await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    }
    stands(&way, Standing::Resting).await;
    house.is(Mood::Answers(StatusCode::OK));
    stands(&way, Standing::Asked).await;
    assert_eq!(way.send(get(), SEARCH).await.unwrap().status(), StatusCode::OK);
    looking.end().await;
}

/// A search that nobody answers says nothing of the store, but has it looked at.
#[tokio::test]
async fn a_store_that_hangs_is_left_out_and_one_with_a_slow_search_is_not() {
    let house = House::build(Protocol::Http1).await;
    let mut settings = settings(&[&house]);
    settings.timeouts.search.head = Duration::from_millis(100);
    let way = way(settings);
    let looking = LookedAfter::of(&way);
    // The search hangs, and the look that follows is answered.
    house.is(Mood::Hangs);
    assert!(matches!(way.send(get(), SEARCH).await, Err(StoreError::Timeout)));
    house.is(Mood::Answers(StatusCode::OK));
    let asked = house.asked();
    while house.asked() == asked {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(way.send(get(), SEARCH).await.unwrap().status(), StatusCode::OK);
    // Nobody is answered any more.
    house.is(Mood::Hangs);
    assert!(matches!(way.send(get(), SEARCH).await, Err(StoreError::Timeout)));
    for _ in 0..100 {
        if way.stores.status()[0].standing == Standing::Resting {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(matches!(way.send(get(), SEARCH).await, Err(StoreError::Resting { .. })));
    house.is(Mood::Answers(StatusCode::OK));
    stands(&way, Standing::Asked).await;
    looking.end().await;
}

/// Stores that are looked after, until that ends.
struct LookedAfter(tokio::sync::watch::Sender<bool>, tokio::task::JoinHandle<()>);

impl LookedAfter {
    fn of(way: &Way) -> Self {
        let (stop, draining) = tokio::sync::watch::channel(false);
        Self(stop, tokio::spawn(crate::store::watch::look_after(Arc::clone(&way.stores), draining)))
    }

    async fn end(self) {
        self.0.send(true).unwrap();
        self.1.await.unwrap();
    }
}

/// Waits until the first stands so.
async fn stands(way: &Way, standing: Standing) {
    for _ in 0..1000 {
        if way.stores.status()[0].standing == standing {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?}", way.stores.status());
}

#[test]
fn two_different_ones_are_drawn() {
    let dice = Dice::new();
    for count in 2..17 {
        let drawn: Vec<_> = (0..500).map(|_| dice.two_below(count)).collect();
        assert!(drawn.iter().all(|(one, other)| one != other && *one < count && *other < count));
        assert!((0..count).all(|number| drawn.iter().any(|(one, _)| *one == number)), "{count}");
    }
}
