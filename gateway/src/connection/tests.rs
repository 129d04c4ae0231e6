//! How much room an idle connection takes: counted, so that it does not grow unseen.

use super::*;

fn size_of_future<A, B, C, F: Future>(_: impl Fn(A, B, C) -> F) -> usize {
    size_of::<F>()
}

fn size_of_answering<S: Service<Request<Incoming>>>(_: impl Fn(&Rc<Worker>, &Rc<Client>) -> S) -> usize {
    size_of::<S::Future>()
}

/// Thousands of connections are idle, and each has its task for all that time: what it may need once must not lie in it.
#[test]
fn an_idle_connection_is_small() {
    let task = size_of_future(serve);
    assert!(task <= 1280, "{task} octets");
    assert_eq!(
        size_of_answering(service),
        size_of::<usize>(),
        "hyper keeps room for the way of a request in every connection"
    );
}
