//! A certificate that has ended leads to the isolated page and nowhere else: the proof of it is no client, the proof that one
//! stands cannot be made from it, and neither can be made by hand.
use gateway::connection::Client;
use gateway::tls::arrival::{Lapsed, Standing};

pub fn client(lapsed: Lapsed, client: Client) -> Client {
    Client { certificate: Some(lapsed), ..client }
}

pub fn standing(lapsed: Lapsed) -> Standing {
    lapsed.into()
}

pub fn by_hand(presented: gateway::tls::device::Presented) -> Standing {
    Standing(presented)
}
