//! Orders (RFC 8555 7.4), their one authorization (7.5), the challenge `device-attest-01`, and the certificate.

use ca::{Assurance, PublicKey};
use model::Timestamp;
use registry::EnrolmentKind;
use serde::Deserialize;
use serde_json::{Value, json};

use super::jws::decode;
use super::problem::{Kind, Problem};
use super::state::{Binding, ORDERS_MAX, Order, OrderStatus};
use super::{Acme, Asked, Body, Fault, Reply, Signed, fresh, time};
use crate::attest::Challenge;
use crate::desk::Turned;
use crate::issue::Taking;

/// An order is over after so long, in seconds.
const ORDER_SECONDS: i64 = 3600;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewOrder {
    identifiers: Vec<Identifier>,
    not_before: Option<Value>,
    not_after: Option<Value>,
}

#[derive(Deserialize)]
struct Identifier {
    #[serde(rename = "type")]
    kind: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    att_obj: Option<String>,
}

#[derive(Deserialize)]
struct Finalize {
    csr: String,
}

impl Acme {
    pub(super) fn new_order(&self, asked: &Asked<'_>, signed: &Signed, now: Timestamp) -> Result<Reply, Fault> {
        let wanted: NewOrder = signed.payload.read()?;
        if wanted.not_before.is_some() || wanted.not_after.is_some() {
            return Err(Problem::malformed("how long a certificate lasts is not the client's to say").into());
        }
        let [identifier] = wanted.identifiers.as_slice() else {
            return Err(Problem::malformed("an order is for one terminal").into());
        };
        let host = self.desk.host().to_owned();
        let order = self.with_account(&signed.account, |account| {
            let identifier = theirs(identifier, &account.binding, &host)?;
            account.orders.retain(|order| now < order.expires || matches!(order.status, OrderStatus::Valid { .. }));
            if account.orders.len() >= ORDERS_MAX {
                return Err(Problem::new(Kind::RateLimited, "there are too many orders of this account"));
            }
            // The code alone is enough for a key of the terminal's own; an attested key has to be shown.
            let attested = account.binding.kind == EnrolmentKind::Attested;
            let order = Order {
                id: fresh(16)?,
                identifier,
                expires: now.plus_seconds(ORDER_SECONDS),
                token: if attested { Some(fresh(32)?) } else { None },
                status: if attested { OrderStatus::Pending } else { OrderStatus::Ready(None) },
            };
            account.orders.push(order.clone());
            Ok(order)
        })?;
        let location = format!("{}/order/{}", asked.base, order.id);
        Ok(Reply::json(201, document(asked, &order, now)).at(location))
    }

    pub(super) fn order(&self, asked: &Asked<'_>, signed: &Signed, id: &str, now: Timestamp) -> Result<Reply, Fault> {
        let order = self.find(signed, id)?;
        Ok(Reply::json(200, document(asked, &order, now)).at(format!("{}/order/{id}", asked.base)))
    }

    fn find(&self, signed: &Signed, id: &str) -> Result<Order, Problem> {
        self.with_account(&signed.account, |account| account.order(id).cloned().ok_or_else(no_order))
    }

    pub(super) fn authorization(
        &self,
        asked: &Asked<'_>,
        signed: &Signed,
        id: &str,
        now: Timestamp,
    ) -> Result<Reply, Fault> {
        let order = self.find(signed, id)?;
        let challenges: Vec<Value> = challenge_document(asked, &order).into_iter().collect();
        Ok(Reply::json(
            200,
            json!({
                "identifier": { "type": order.identifier.0, "value": order.identifier.1 },
                "status": authorized(&order, now), "expires": time(order.expires), "challenges": challenges,
            }),
        ))
    }

    pub(super) fn challenge(
        &self,
        asked: &Asked<'_>,
        signed: &Signed,
        id: &str,
        now: Timestamp,
    ) -> Result<Reply, Fault> {
        let order = self.find(signed, id)?;
        let token = order.token.clone().ok_or_else(no_order)?;
        if !signed.payload.is_empty() && matches!(order.status, OrderStatus::Pending) {
            if order.expires <= now {
                return Err(Problem::malformed("the order is over").into());
            }
            let response: Response = signed.payload.read()?;
            let object = response.att_obj.ok_or(Problem::malformed("the attestation (`attObj`) is missing"))?;
            let status = match self.attested(signed, &token, &decode(&object)?, now) {
                Ok(key) => OrderStatus::Ready(Some(key)),
                Err(problem) => OrderStatus::Invalid(problem),
            };
            self.set(signed, id, status)?;
        }
        let order = self.find(signed, id)?;
        let document = challenge_document(asked, &order).ok_or_else(no_order)?;
        let up = Some(format!("{}/authz/{id}", asked.base));
        Ok(Reply { up, ..Reply::json(200, document) })
    }

    fn attested(&self, signed: &Signed, token: &str, object: &[u8], now: Timestamp) -> Result<Vec<u8>, Problem> {
        let device = self.with_account(&signed.account, |account| Ok(account.binding.device.clone()))?;
        let key_authorization = format!("{token}.{}", signed.account);
        let hardware = self.desk.hardware(&device);
        let challenge = Challenge {
            token,
            key_authorization: &key_authorization,
            hardware: hardware.as_deref().ok_or(Problem::unauthorized("nothing says which hardware this must be"))?,
            now,
        };
        self.anchors.attested_key(object, &challenge).map_err(|why| Problem::new(Kind::BadAttestationStatement, why.0))
    }

    fn set(&self, signed: &Signed, id: &str, status: OrderStatus) -> Result<(), Problem> {
        self.with_account(&signed.account, |account| {
            account.order_mut(id).ok_or_else(no_order)?.status = status;
            Ok(())
        })
    }

    pub(super) fn finalize(
        &self,
        asked: &Asked<'_>,
        signed: &Signed,
        id: &str,
        now: Timestamp,
    ) -> Result<Reply, Fault> {
        let wanted: Finalize = signed.payload.read()?;
        let request = decode(&wanted.csr)?;
        let key = ca::read_request(&request).map_err(|_| {
            Problem::new(Kind::BadCsr, "the request is unreadable, not signed by its key, or its key is not accepted")
        })?;
        let (binding, level) = self.begin(signed, id, &key, now)?;
        let taking = Taking::Code { kind: binding.kind, digest: binding.digest };
        // An account outlives its code. That the code is another by now is no try at the new one.
        let given = if self.desk.still_offered(&binding.device, binding.kind, &binding.digest, now) {
            self.desk.give(&binding.device, &key, (taking, level), now)
        } else {
            Err(Turned::NoCode)
        };
        let (status, failed) = match given {
            Ok(issued) => {
                let chain = format!("{}{}", issued.pem(), self.desk.issuing().pem());
                (OrderStatus::Valid { chain, der: issued.der().to_vec() }, None)
            }
            Err(turned) => {
                let problem = match turned {
                    Turned::NotAllowed | Turned::NoCode | Turned::Spent => {
                        Problem::unauthorized("the code was used meanwhile, or is over")
                    }
                    Turned::Request(_) => Problem::new(Kind::BadCsr, "the request cannot be used"),
                    Turned::Refused(_) => Problem::unauthorized("no certificate can be issued for this terminal now"),
                    Turned::Fault(_) => Problem::new(Kind::ServerInternal, "not possible at present"),
                };
                (OrderStatus::Invalid(problem.clone()), Some(problem))
            }
        };
        self.set(signed, id, status)?;
        if let Some(problem) = failed {
            return Err(problem.into());
        }
        self.order(asked, signed, id, now)
    }

    /// One at a time: whoever comes second finds the order in work.
    fn begin(
        &self,
        signed: &Signed,
        id: &str,
        key: &PublicKey,
        now: Timestamp,
    ) -> Result<(Binding, Assurance), Problem> {
        self.with_account(&signed.account, |account| {
            let binding = account.binding.clone();
            let order = account.order_mut(id).ok_or_else(no_order)?;
            let OrderStatus::Ready(attested) = &order.status else {
                return Err(Problem::new(Kind::OrderNotReady, "the order is not ready, or was used"));
            };
            if order.expires <= now {
                return Err(Problem::new(Kind::OrderNotReady, "the order is over"));
            }
            let level = match attested {
                None => Assurance::Software,
                Some(attested) if *attested == key.info_der() => Assurance::Attested,
                Some(_) => {
                    return Err(Problem::new(Kind::BadCsr, "the request is for another key than the attested one"));
                }
            };
            order.status = OrderStatus::Processing;
            Ok((binding, level))
        })
    }

    pub(super) fn certificate(&self, signed: &Signed, id: &str) -> Result<Reply, Fault> {
        match self.find(signed, id)?.status {
            OrderStatus::Valid { chain, .. } => {
                Ok(Reply { status: 200, location: None, up: None, body: Body::Chain(chain) })
            }
            _ => Err(Problem::new(Kind::NotFound, "there is no certificate here").into()),
        }
    }
}

fn no_order() -> Problem {
    Problem::new(Kind::NotFound, "there is no such order of this account")
}

/// The terminal's own number; or, for clients that know names of hosts only, that number under the care host's name.
fn theirs(asked: &Identifier, binding: &Binding, host: &str) -> Result<(&'static str, String), Problem> {
    let device = binding.device.as_str();
    let (kind, own) = match asked.kind.as_str() {
        "permanent-identifier" => ("permanent-identifier", device.to_owned()),
        "dns" if binding.kind == EnrolmentKind::Csr => ("dns", format!("{device}.{host}").to_ascii_lowercase()),
        _ => return Err(Problem::new(Kind::UnsupportedIdentifier, "a `permanent-identifier` is needed")),
    };
    if asked.value == own {
        Ok((kind, own))
    } else {
        Err(Problem::new(Kind::RejectedIdentifier, "the identifier is not that of the account's terminal"))
    }
}

fn authorized(order: &Order, now: Timestamp) -> &'static str {
    match &order.status {
        OrderStatus::Pending if order.expires <= now => "expired",
        OrderStatus::Pending => "pending",
        OrderStatus::Invalid(_) => "invalid",
        OrderStatus::Ready(_) | OrderStatus::Processing | OrderStatus::Valid { .. } => "valid",
    }
}

fn challenge_document(asked: &Asked<'_>, order: &Order) -> Option<Value> {
    let token = order.token.as_ref()?;
    let status = match &order.status {
        OrderStatus::Pending => "pending",
        OrderStatus::Invalid(_) => "invalid",
        OrderStatus::Ready(_) | OrderStatus::Processing | OrderStatus::Valid { .. } => "valid",
    };
    let url = format!("{}/challenge/{}", asked.base, order.id);
    let mut document = json!({ "type": "device-attest-01", "url": url, "status": status, "token": token });
    if let (OrderStatus::Invalid(problem), Some(fields)) = (&order.status, document.as_object_mut()) {
        fields.insert("error".to_owned(), problem.document());
    }
    Some(document)
}

fn document(asked: &Asked<'_>, order: &Order, now: Timestamp) -> Value {
    let at = |folder: &str| format!("{}/{folder}/{}", asked.base, order.id);
    let status = match &order.status {
        OrderStatus::Pending | OrderStatus::Ready(_) if order.expires <= now => "invalid",
        OrderStatus::Pending => "pending",
        OrderStatus::Ready(_) => "ready",
        OrderStatus::Processing => "processing",
        OrderStatus::Valid { .. } => "valid",
        OrderStatus::Invalid(_) => "invalid",
    };
    let mut document = json!({
        "status": status, "expires": time(order.expires),
        "identifiers": [{ "type": order.identifier.0, "value": order.identifier.1 }],
        "authorizations": [at("authz")], "finalize": format!("{}/finalize", at("order")),
    });
    if let Some(fields) = document.as_object_mut() {
        match &order.status {
            OrderStatus::Valid { .. } => drop(fields.insert("certificate".to_owned(), at("cert").into())),
            OrderStatus::Invalid(problem) => drop(fields.insert("error".to_owned(), problem.document())),
            _ => {}
        }
    }
    document
}
