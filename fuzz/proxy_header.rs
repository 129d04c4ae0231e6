//! What the target of a balancer's header does with its bytes; `gateway/src/balancer/fuzz.rs` runs it over the seeds.

use gateway::balancer::header::{Origin, Progress, read};
use gateway::bounds::PROXY_HEADER_BYTES_MAX;

/// Read octet by octet, or as a whole, it comes to the same; never is more asked for than belongs to it; and what is whole is so
/// at its last octet and nowhere else. Gives whom it names.
pub(crate) fn proxy_header(data: &[u8]) -> Option<Origin> {
    let mut have = 0;
    let verdict = loop {
        match read(&data[..have]) {
            Err(fault) => break Err(fault),
            Ok(Progress::Whole(origin)) => break Ok(origin),
            Ok(Progress::More(wanted)) => {
                assert!(wanted > 0 && have + wanted <= PROXY_HEADER_BYTES_MAX);
                if have == data.len() {
                    return None;
                }
                have += 1;
            }
        }
    };
    let Ok(origin) = verdict else {
        assert!(read(data).is_err(), "what is refused early is refused");
        return None;
    };
    assert!(have >= 16 && read(&data[..have]) == Ok(Progress::Whole(origin)));
    assert!(have == data.len() || read(data).is_err(), "nothing of what follows is taken for it");
    if let Origin::Client(client) = origin {
        assert!(
            client.ip() == client.ip().to_canonical() && !client.ip().is_unspecified() && !client.ip().is_multicast()
        );
    }
    Some(origin)
}
