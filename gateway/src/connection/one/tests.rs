//! What hyper holds is given back while nothing goes on, and nothing is lost by it.

use std::cell::RefCell;
use std::rc::Rc;

use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Bytes, Frame};
use hyper::service::service_fn;
use tokio::io::{AsyncReadExt as _, DuplexStream, duplex};
use tokio::sync::watch;
use tokio::task::{JoinHandle, LocalSet, spawn_local, yield_now};
use tokio::time::timeout;

use super::super::answering::Answering;
use super::*;
use crate::store::pool::BodyError;
use crate::strict::guard::Guard;

const LOOK_EVERY: Duration = Duration::from_millis(10);
const IDLE_MAX: Duration = Duration::from_millis(500);
/// For what comes by itself, on a machine that is not busy in a moment.
const SOON: Duration = Duration::from_secs(20);

/// A connection, and how its paths are answered: `/late` when it is told to, `/piece/by/piece` begun and ended when it is told to,
/// and everything else at once.
struct Side {
    client: DuplexStream,
    holders: Box<dyn Fn() -> usize>,
    go_on: watch::Sender<bool>,
    drain: watch::Sender<bool>,
    asked: Rc<RefCell<Vec<String>>>,
    served: JoinHandle<hyper::Result<()>>,
}

async fn answer(path: String, busy: Arc<()>, mut go_on: watch::Receiver<bool>) -> Response<Answering> {
    let told = async move {
        // Whoever tells is gone: the test is over.
        let _ = go_on.wait_for(|go_on| *go_on).await;
    };
    let body = if path == "/piece/by/piece" {
        let (first, last) = (Bytes::from_static(b"first,"), Bytes::from_static(b"last"));
        let end = futures_util::stream::once(async move {
            told.await;
            Ok::<_, BodyError>(Frame::data(last))
        });
        let pieces = futures_util::stream::iter([Ok(Frame::data(first))]);
        StreamBody::new(futures_util::StreamExt::chain(pieces, end)).boxed_unsync()
    } else {
        if path == "/late" {
            told.await;
        }
        Full::new(Bytes::from(path)).map_err(|never| match never {}).boxed_unsync()
    };
    Response::new(Answering::new(body, Some(busy)))
}

impl Side {
    /// One that is not let go of while the test lasts.
    fn new() -> Self {
        Self::at(Pace { look_every: LOOK_EVERY, idle_max: H1_IDLE_MAX })
    }

    fn at(pace: Pace) -> Self {
        let (client, server) = duplex(64 * 1024);
        let (signs, busy, asked) = (Arc::new(Signs::default()), Arc::new(()), Rc::<RefCell<Vec<String>>>::default());
        // Counted: whoever answers has it only while he does.
        let busy = Rc::new(busy);
        let lent = Lent::new(Guard::new(server, Arc::clone(&signs)));
        let ((go_on, told), (drain, draining)) = (watch::channel(false), watch::channel(false));
        let (observed, noted) = (lent.observed(), Rc::clone(&asked));
        let served = spawn_local(async move {
            let service = {
                let (signs, busy) = (Arc::clone(&signs), Rc::clone(&busy));
                service_fn(move |request: Request<Incoming>| {
                    signs.taken();
                    let path = request.uri().path().to_owned();
                    noted.borrow_mut().push(path.clone());
                    let answer = answer(path.clone(), Arc::clone(&busy), told.clone());
                    async move {
                        if path != "/half" {
                            request.into_body().collect().await.unwrap();
                        }
                        Ok::<_, Infallible>(answer.await)
                    }
                })
            };
            serve(lent, Going { signs: &signs, busy: &busy, pace }, service, Draining::of(draining)).await
        });
        Self { client, holders: Box::new(move || observed.strong_count()), go_on, drain, asked, served }
    }

    /// Whoever serves has it, and hyper is the second.
    fn is_lent(&self) -> bool {
        (self.holders)() == 2
    }

    async fn rests(&self) {
        let rests = async {
            while !self.is_lent() {
                yield_now().await;
            }
            while self.is_lent() {
                sleep(LOOK_EVERY).await;
            }
        };
        timeout(SOON, rests).await.expect("it does not rest");
    }

    /// It would rest, if it could.
    async fn keeps_on(&self) {
        sleep(20 * LOOK_EVERY).await;
        assert!(self.is_lent());
    }

    async fn send(&mut self, octets: &str) {
        self.client.write_all(octets.as_bytes()).await.unwrap();
    }

    async fn ask(&mut self, path: &str) {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: here\r\n\r\n")).await;
    }

    /// Reads until the answer ends so.
    async fn hears(&mut self, end: &str) {
        let mut heard = Vec::new();
        while !heard.ends_with(end.as_bytes()) {
            assert!(self.client.read_buf(&mut heard).await.unwrap() > 0, "{}", String::from_utf8_lossy(&heard));
        }
    }

    async fn hears_the_end(&mut self) {
        let mut heard = Vec::new();
        self.client.read_to_end(&mut heard).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&heard), "");
    }
}

fn check<F: Future>(case: impl FnOnce() -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    LocalSet::new().block_on(&runtime, async { timeout(2 * SOON, case()).await.unwrap() });
}

#[test]
fn an_idle_connection_is_at_rest_and_serves_again() {
    check(|| async move {
        let mut side = Side::new();
        for round in ["/1", "/2", "/3"] {
            side.ask(round).await;
            side.hears(round).await;
            side.rests().await;
        }
        assert_eq!(*side.asked.borrow(), ["/1", "/2", "/3"]);
        drop(side.client);
        assert!(side.served.await.unwrap().is_ok());
    });
}

#[test]
fn one_that_was_opened_and_not_used_rests_too() {
    check(|| async move {
        let mut side = Side::new();
        side.rests().await;
        side.ask("/at/last").await;
        side.hears("/at/last").await;
    });
}

#[test]
fn whatever_comes_while_it_rests_is_served_in_its_order() {
    check(|| async move {
        let mut side = Side::new();
        side.rests().await;
        side.send("GET /1 HTTP/1.1\r\nhost: here\r\n\r\nPOST /2 HTTP/1.1\r\nhost: here\r\ncontent-length: 4\r\n\r\nbodyGET /3 HT").await;
        side.hears("/2").await;
        // Half a head is nothing that has ended.
        side.keeps_on().await;
        side.send("TP/1.1\r\nhost: here\r\n\r\n").await;
        side.hears("/3").await;
        side.rests().await;
        assert_eq!(*side.asked.borrow(), ["/1", "/2", "/3"]);
    });
}

#[test]
fn what_goes_on_keeps_it() {
    for (path, begins) in [("/late", None), ("/piece/by/piece", Some("first,\r\n"))] {
        check(|| async move {
            let mut side = Side::new();
            side.ask(path).await;
            if let Some(begins) = begins {
                side.hears(begins).await;
            }
            // The next request is sent ahead, and hyper may have read it already.
            side.ask("/next").await;
            side.keeps_on().await;
            side.go_on.send(true).unwrap();
            side.hears("/next").await;
            assert_eq!(*side.asked.borrow(), [path, "/next"]);
            side.rests().await;
        });
    }
}

/// A body that has not come whole is not over, though its answer is: what hyper knows of it is not thrown away.
#[test]
fn half_a_body_keeps_it() {
    check(|| async move {
        let mut side = Side::new();
        side.send("POST /half HTTP/1.1\r\nhost: here\r\ncontent-length: 10\r\n\r\nhalf").await;
        side.hears("/half").await;
        side.hears_the_end().await;
        assert!(side.served.await.unwrap().is_ok());
    });
}

#[test]
fn who_says_nothing_is_let_go_of() {
    check(|| async move {
        let mut side = Side::at(Pace { look_every: LOOK_EVERY, idle_max: IDLE_MAX });
        side.ask("/once").await;
        side.hears("/once").await;
        let begun = Instant::now();
        side.rests().await;
        side.hears_the_end().await;
        assert!(begun.elapsed() >= IDLE_MAX, "{:?}", begun.elapsed());
        assert!(side.served.await.unwrap().is_ok());
    });
}

#[test]
fn a_drain_ends_it_at_rest() {
    check(|| async move {
        let mut side = Side::new();
        side.rests().await;
        side.drain.send(true).unwrap();
        side.hears_the_end().await;
        assert!(side.served.await.unwrap().is_ok());
    });
}
