//! Revocation (RFC 8555 7.6): by the account that had the certificate issued, or by the certificate's own key. It only ever
//! closes.

use model::{Cause, Timestamp};
use serde::Deserialize;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::jws::{Signer, decode};
use super::problem::{Kind, Problem};
use super::{Acme, Asked, Body, Fault, Reply};
use crate::desk::Revoked;

#[derive(Deserialize)]
struct Wanted {
    certificate: String,
    reason: Option<u8>,
}

impl Acme {
    pub(super) fn revoke(&self, asked: &Asked<'_>, now: Timestamp) -> Result<Reply, Fault> {
        let request = Self::addressed(asked)?;
        let (key, account) = match &request.signer {
            Signer::Key(key) => (key.clone(), None),
            Signer::Account(kid) => {
                let id = kid.strip_prefix(asked.base).and_then(|rest| rest.strip_prefix("/account/"));
                let unknown = || Problem::new(Kind::AccountDoesNotExist, "there is no such account");
                let id = id.map(str::to_owned).ok_or_else(unknown)?;
                (self.key_of(&id).ok_or_else(unknown)?, Some(id))
            }
        };
        let wanted: Wanted = self.fresh(request, &key, now)?.read()?;
        let der = decode(&wanted.certificate)?;
        let (_, certificate) =
            X509Certificate::from_der(&der).map_err(|_| Problem::malformed("this is no certificate in DER"))?;
        let theirs = match account {
            Some(id) => self.state().accounts.owns(&id, &der),
            None => key.is_key_of(&certificate.public_key().subject_public_key.data),
        };
        if !theirs {
            return Err(Problem::unauthorized("neither its account nor its key asks").into());
        }
        match self.desk.revoke(&der, because(wanted.reason)?, now) {
            Revoked::Done => Ok(Reply { status: 200, location: None, up: None, body: Body::Nothing }),
            Revoked::Already => Err(Problem::new(Kind::AlreadyRevoked, "it is revoked already").into()),
            Revoked::Unknown => Err(Problem::unauthorized("it is none of ours").into()),
            Revoked::Failed => Err(Problem::new(Kind::ServerInternal, "not possible at present").into()),
        }
    }
}

/// CRLReason (RFC 5280 5.3.1), those that a terminal can give of itself: it is out of use (also where nothing is said), its key
/// may be in other hands, another certificate took the place.
fn because(number: Option<u8>) -> Result<Cause, Problem> {
    match number {
        None | Some(0 | 5) => Ok(Cause::Retired),
        Some(1) => Ok(Cause::Compromised),
        Some(4) => Ok(Cause::Replaced),
        Some(_) => Err(Problem::new(Kind::BadRevocationReason, "this reason cannot be given here")),
    }
}
