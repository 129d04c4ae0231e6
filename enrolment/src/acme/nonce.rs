//! Nonces (RFC 8555 6.5): each is taken once, within five minutes. None is kept before it is used, so that asking for them
//! costs us nothing; what is kept are those that were used, until they could not be used any more.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ca::{Random, Refused, SystemRandom};
use model::Timestamp;

/// A nonce can be used for so long, in milliseconds.
const LASTS_MS: i64 = 5 * 60 * 1000;
/// Most that are remembered; beyond, nothing is taken until some are over.
const USED_MAX: usize = 65_536;
const TIME: usize = 8;
const RANDOM: usize = 8;
const TAG: usize = 16;

/// Makes and takes nonces. The key lasts as long as the process.
pub(super) struct Nonces {
    key: hmac::Key,
    /// By the time they were made, so that the oldest go first.
    used: BTreeMap<[u8; TIME + RANDOM], ()>,
}

impl Nonces {
    pub(super) fn new() -> Result<Self, Refused> {
        let mut key = [0_u8; 32];
        SystemRandom::new().fill(&mut key)?;
        Ok(Self { key: hmac::Key::new(hmac::HMAC_SHA256, &key), used: BTreeMap::new() })
    }

    pub(super) fn make(&self, now: Timestamp) -> Result<String, Refused> {
        let mut octets = [0_u8; TIME + RANDOM];
        let (time, random) = octets.split_at_mut(TIME);
        time.copy_from_slice(&now.as_millis().to_be_bytes());
        SystemRandom::new().fill(random)?;
        let tag = hmac::sign(&self.key, &octets);
        let tag = tag.as_ref().get(..TAG).unwrap_or_default();
        Ok(URL_SAFE_NO_PAD.encode([&octets, tag].concat()))
    }

    /// Whether this is one of ours, made lately and not used before. It is used now.
    pub(super) fn take(&mut self, nonce: &str, now: Timestamp) -> bool {
        let Ok(octets) = URL_SAFE_NO_PAD.decode(nonce) else { return false };
        let Some((body, tag)) = octets.split_at_checked(TIME + RANDOM) else { return false };
        let Ok(body) = <[u8; TIME + RANDOM]>::try_from(body) else { return false };
        let ours = hmac::sign(&self.key, &body);
        let ours = ours.as_ref().get(..TAG).unwrap_or_default();
        if aws_lc_rs::constant_time::verify_slices_are_equal(ours, tag).is_err() {
            return false;
        }
        let oldest = now.as_millis().saturating_sub(LASTS_MS);
        let made = body.first_chunk::<TIME>().map_or(i64::MIN, |time| i64::from_be_bytes(*time));
        if made < oldest {
            return false;
        }
        while self.used.first_key_value().is_some_and(|(first, ())| {
            first.first_chunk::<TIME>().is_none_or(|time| i64::from_be_bytes(*time) < oldest)
        }) {
            self.used.pop_first();
        }
        self.used.len() < USED_MAX && self.used.insert(body, ()).is_none()
    }
}
