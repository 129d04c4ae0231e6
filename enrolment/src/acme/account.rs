//! Accounts: made by whoever has a terminal's code (RFC 8555 7.3, 7.3.4).

use model::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::jws::{Envelope, Jwk, Signer, Unchecked};
use super::problem::{Kind, Problem};
use super::state::{Account, Binding};
use super::{Acme, Asked, Fault, Reply, Signed};
use crate::code::Code;
use crate::desk::Turned;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewAccount {
    #[serde(default)]
    only_return_existing: bool,
    external_account_binding: Option<Envelope>,
}

#[derive(Deserialize)]
struct Change {
    status: Option<String>,
}

impl Acme {
    pub(super) fn new_account(&self, asked: &Asked<'_>, now: Timestamp) -> Result<Reply, Fault> {
        let request = Self::addressed(asked)?;
        let Signer::Key(key) = &request.signer else {
            return Err(Problem::malformed("a new account is signed by its key, by `jwk`").into());
        };
        let key = key.clone();
        let payload = self.fresh(request, &key, now)?;
        let wanted: NewAccount = payload.read()?;
        let id = key.thumbprint();
        let location = format!("{}/account/{id}", asked.base);
        let known = self.state().accounts.get(&id).map(|account| account.active);
        match known {
            Some(true) => return Ok(Reply::json(200, document(asked, &id, true)).at(location)),
            Some(false) => return Err(Problem::unauthorized("this account was given up").into()),
            None if wanted.only_return_existing => {
                return Err(Problem::new(Kind::AccountDoesNotExist, "there is no account of this key").into());
            }
            None => {}
        }
        let binding = match (asked.bound, &wanted.external_account_binding) {
            (Some((device, code)), _) => self.binding(device, code, now)?,
            (None, Some(binding)) => self.external(asked, binding, &key, now)?,
            (None, None) => {
                let detail = "an account needs the binding that stands on the slip (RFC 8555 7.3.4)";
                return Err(Problem::new(Kind::ExternalAccountRequired, detail).into());
            }
        };
        let account = Account { key, binding, made_at: now, active: true, orders: Vec::new() };
        self.state().accounts.put(id.clone(), account, now);
        Ok(Reply::json(201, document(asked, &id, true)).at(location))
    }

    /// `kid` is the terminal's number and its code; the MAC, under a key that comes from both, binds the account's key to
    /// them. The registry knows a digest of the code only, so whoever reads it can bind nothing.
    fn external(&self, asked: &Asked<'_>, binding: &Envelope, key: &Jwk, now: Timestamp) -> Result<Binding, Fault> {
        let inner = Unchecked::inner(binding)?;
        let Signer::Account(kid) = &inner.signer else {
            return Err(Problem::malformed("an external account binding names its key by `kid`").into());
        };
        if inner.nonce.is_some() || inner.url != format!("{}{}", asked.base, asked.path) {
            return Err(Problem::malformed("an external account binding has the same address and no nonce").into());
        }
        let wrong = || Problem::unauthorized("the external account binding does not hold");
        let (device, code) = kid.split_once(':').ok_or_else(wrong)?;
        let (device, code) = (device.to_owned(), code.to_owned());
        let read = Code::read(&code).map_err(|_| wrong())?;
        let id = device.parse().map_err(|_| wrong())?;
        if inner.bound_by(&read.mac_key(&id))? != *key {
            return Err(Problem::malformed("the external account binding is for another key").into());
        }
        self.binding(&device, &code, now)
    }

    fn binding(&self, device: &str, code: &str, now: Timestamp) -> Result<Binding, Fault> {
        match self.desk.offered(device, code, now) {
            Ok((device, kind, digest)) => Ok(Binding { device, kind, digest }),
            Err(Turned::NotAllowed | Turned::NoCode) => {
                let problem = Problem::unauthorized("the terminal's number or its code is wrong, or the code is over");
                Err(Fault { problem, slowly: true })
            }
            Err(Turned::Spent) => {
                Err(Problem::unauthorized("the terminal's number or its code is wrong, or the code is over").into())
            }
            Err(_) => Err(Problem::new(Kind::ServerInternal, "not possible at present").into()),
        }
    }

    pub(super) fn account(&self, asked: &Asked<'_>, signed: &Signed, id: &str) -> Result<Reply, Fault> {
        own(signed, id)?;
        let given_up = if signed.payload.is_empty() {
            false
        } else {
            match signed.payload.read::<Change>()?.status.as_deref() {
                None => false,
                Some("deactivated") => true,
                Some(_) => return Err(Problem::malformed("an account can be deactivated only").into()),
            }
        };
        if given_up {
            self.with_account(id, |account| {
                account.active = false;
                Ok(())
            })?;
        }
        Ok(Reply::json(200, document(asked, id, !given_up)))
    }

    pub(super) fn orders(&self, asked: &Asked<'_>, signed: &Signed, id: &str) -> Result<Reply, Fault> {
        own(signed, id)?;
        let at = |order: &super::state::Order| format!("{}/order/{}", asked.base, order.id);
        let orders: Vec<String> = self.with_account(id, |account| Ok(account.orders.iter().map(at).collect()))?;
        Ok(Reply::json(200, json!({ "orders": orders })))
    }
}

fn own(signed: &Signed, id: &str) -> Result<(), Problem> {
    if signed.account == id { Ok(()) } else { Err(Problem::unauthorized("this is another account")) }
}

fn document(asked: &Asked<'_>, id: &str, active: bool) -> serde_json::Value {
    let status = if active { "valid" } else { "deactivated" };
    json!({ "status": status, "orders": format!("{}/account/{id}/orders", asked.base) })
}
