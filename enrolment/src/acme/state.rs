//! Accounts and orders. They live in memory, bounded: what must not be lost, that a code was used up and which number it
//! gave, is the registry's. After a restart a client begins anew, with the code if it was not used.

use std::collections::BTreeMap;

use model::{DeviceId, Timestamp};
use registry::EnrolmentKind;

use super::jws::Jwk;

/// Most accounts; the eldest goes. Only whoever has a code gets one.
const ACCOUNTS_MAX: usize = 4096;
/// Most accounts of one code; the eldest goes. Clients that lost their key begin anew, and nobody pushes others' out.
const ACCOUNTS_OF_A_CODE_MAX: usize = 4;
/// Most orders of an account.
pub(super) const ORDERS_MAX: usize = 8;
/// An account is forgotten so long after it was made, in seconds: a code lasts for 72 hours.
const ACCOUNT_SECONDS: i64 = 80 * 3600;

/// What was shown when an account was made.
#[derive(Clone)]
pub(super) struct Binding {
    pub(super) device: DeviceId,
    pub(super) kind: EnrolmentKind,
    pub(super) digest: [u8; 32],
}

/// An account: a key that is bound to a terminal's code.
#[derive(Clone)]
pub(super) struct Account {
    pub(super) key: Jwk,
    pub(super) binding: Binding,
    pub(super) made_at: Timestamp,
    pub(super) active: bool,
    pub(super) orders: Vec<Order>,
}

/// An order with its one authorization, which has the same number.
#[derive(Clone)]
pub(super) struct Order {
    pub(super) id: String,
    pub(super) identifier: (&'static str, String),
    pub(super) expires: Timestamp,
    /// The challenge's token, where there is one.
    pub(super) token: Option<String>,
    pub(super) status: OrderStatus,
}

/// Where an order is.
#[derive(Clone)]
pub(super) enum OrderStatus {
    /// An attestation is awaited.
    Pending,
    /// A certificate may be had: for this key alone (SubjectPublicKeyInfo), where one was attested.
    Ready(Option<Vec<u8>>),
    /// It is being issued.
    Processing,
    /// It was issued: the chain in PEM, and the certificate in DER.
    Valid { chain: String, der: Vec<u8> },
    /// It came to nothing.
    Invalid(super::problem::Problem),
}

/// All of them, by the thumbprint of the key, which is the account's name.
#[derive(Default)]
pub(super) struct Accounts(BTreeMap<String, Account>);

impl Accounts {
    pub(super) fn get(&self, id: &str) -> Option<&Account> {
        self.0.get(id)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Account> {
        self.0.get_mut(id)
    }

    /// Keeps an account, and forgets what is over.
    pub(super) fn put(&mut self, id: String, account: Account, now: Timestamp) {
        self.0.retain(|_, known| now < known.made_at.plus_seconds(ACCOUNT_SECONDS));
        let digest = account.binding.digest;
        self.make_room(ACCOUNTS_OF_A_CODE_MAX, |known| known.binding.digest == digest);
        self.make_room(ACCOUNTS_MAX, |_| true);
        self.0.insert(id, account);
    }

    /// The eldest of these goes where there are so many.
    fn make_room(&mut self, max: usize, of: impl Fn(&Account) -> bool) {
        let these = || self.0.iter().filter(|(_, known)| of(known));
        if these().count() < max {
            return;
        }
        if let Some(eldest) = these().min_by_key(|(_, known)| known.made_at).map(|(id, _)| id.clone()) {
            self.0.remove(&eldest);
        }
    }

    /// Whose certificate this is, if it was issued here.
    pub(super) fn owns(&self, id: &str, certificate: &[u8]) -> bool {
        self.get(id).is_some_and(|account| {
            account
                .orders
                .iter()
                .any(|order| matches!(&order.status, OrderStatus::Valid { der, .. } if der == certificate))
        })
    }
}

impl Account {
    pub(super) fn order(&self, id: &str) -> Option<&Order> {
        self.orders.iter().find(|order| order.id == id)
    }

    pub(super) fn order_mut(&mut self, id: &str) -> Option<&mut Order> {
        self.orders.iter_mut().find(|order| order.id == id)
    }
}
