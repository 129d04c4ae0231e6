//! Fetching a certificate for both hosts by ACME (RFC 8555): an account, an order, the authority's question at our own door
//! (tls-alpn-01, RFC 8737), a request, a chain.
//!
//! No port is opened and nothing is spoken without TLS: the question comes to the port of clients. It fits an authority inside a
//! city's network as well as a public one; the city names its directory, and the root its server is trusted by. What is in the folder:
//!
//! ```text
//! account.json   the account's key and address, with the directory it is of
//! server.pem     the pair: key, then chain. One file, replaced in one step: a crash leaves the old pair or the new one
//! tries.json     failed tries, and when the next is made
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ca::{Host, LeafKey};
use gateway::ServerKey;
use gateway::tls::server_key::{Answering, Challenge};
use instant_acme::{
    AccountCredentials, AuthorizationHandle, AuthorizationStatus, ChallengeType, ExternalAccountKey, Identifier,
    NewAccount, NewOrder, Order, OrderStatus, RetryPolicy,
};
use model::Timestamp;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use serde::{Deserialize, Serialize};

use super::fitness::Fit;
use super::tries::Tries;
use crate::error::Error;
use crate::settings::{Acme, Hosts};
use crate::{folder, secrets};

/// A whole order, from the directory to the chain.
const ORDER_MAX: Duration = Duration::from_secs(180);
/// What an order is waited for: until every question is asked, and until the certificate is there.
const PATIENCE: RetryPolicy =
    RetryPolicy::new().initial_delay(Duration::from_millis(500)).backoff(1.5).timeout(Duration::from_secs(60));

/// Why none came of an order.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AcmeFault {
    /// A file, or a key.
    #[error(transparent)]
    Ours(#[from] Box<Error>),
    /// What the authority said, or that it was not reached.
    #[error("the ACME server")]
    Theirs(#[from] instant_acme::Error),
    /// A key could not be made, or used.
    #[error("a key for the order")]
    Key(#[from] ca::Refused),
    /// It asks in no way that we answer.
    #[error("the ACME server does not offer tls-alpn-01 for `{0}`")]
    NoQuestion(String),
    /// It asked for something that was not ordered.
    #[error("the ACME server asks for `{0}`, which is no host of ours")]
    Other(String),
    /// It was not convinced.
    #[error("the ACME server did not accept our answer for `{host}`: {why}")]
    Refused {
        /// Which host.
        host: String,
        /// What it says.
        why: String,
    },
    /// It will not certify.
    #[error("the order ended as {0:?}")]
    Order(OrderStatus),
    /// What it certified cannot be shown.
    #[error("what the ACME server sent cannot be used: {0}")]
    Unfit(String),
    /// It took too long.
    #[error("the ACME server took longer than {} seconds", ORDER_MAX.as_secs())]
    Late,
}

impl From<Error> for AcmeFault {
    fn from(error: Error) -> Self {
        Self::Ours(Box::new(error))
    }
}

/// The file that holds the pair.
pub(super) fn pair_file(acme: &Acme) -> PathBuf {
    acme.folder.join("server.pem")
}

/// How things stand with the ACME server, for whoever checks.
pub(crate) struct Standing {
    /// Whether there is an account.
    pub(crate) account: Result<bool, Error>,
    /// How many tries failed in a row, and when the next is made; none where none failed.
    pub(crate) failed: Option<(u32, Timestamp)>,
}

impl Standing {
    /// As the folder says.
    pub(crate) fn read(acme: &Acme) -> Self {
        let account = Account::read(acme).map(|account| account.is_some());
        Self { account, failed: Tries::read(&acme.folder.join("tries.json")).failed() }
    }
}

/// An account as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    directory: String,
    credentials: AccountCredentials,
}

impl Account {
    /// The one in the folder; none before the first order.
    fn read(acme: &Acme) -> Result<Option<Self>, Error> {
        let path = acme.folder.join("account.json");
        if !path.exists() {
            return Ok(None);
        }
        let text = folder::read_secret(&path)?;
        let account: Self =
            serde_json::from_slice(&text).map_err(|_| Error::NotA { path: path.clone(), what: "ACME account" })?;
        if account.directory == acme.directory {
            return Ok(Some(account));
        }
        Err(Error::usage(format_args!(
            "`{}` is of another directory, {}; move it away",
            path.display(),
            account.directory
        )))
    }
}

/// Asks one ACME server for certificates.
pub(super) struct Client {
    acme: Acme,
    hosts: [String; 2],
}

impl Client {
    pub(super) fn new(acme: &Acme, hosts: &Hosts) -> Self {
        Self { acme: acme.clone(), hosts: [hosts.care.clone(), hosts.public.clone()] }
    }

    /// Fetches the next pair if it is time, and puts it in its file if it is accepted; none where it is not time.
    pub(super) async fn renew(
        &self,
        brought: Option<&Fit>,
        key: &ServerKey,
        now: Timestamp,
        accept: impl Fn(Arc<CertifiedKey>) -> Result<Fit, String>,
    ) -> Result<Option<Fit>, AcmeFault> {
        if brought.is_some_and(|fit| now < fit.renew_at()) {
            return Ok(None);
        }
        let record = self.acme.folder.join("tries.json");
        let tries = Tries::read(&record);
        if !tries.may_try(now) {
            return Ok(None);
        }
        if !self.acme.folder.exists() {
            folder::make(&self.acme.folder)?;
        }
        // Two that share a folder would each bring a pair, and count each other's tries.
        let _alone = folder::lock_folder(&self.acme.folder)?;
        tries.begin(&record, now)?;
        let (private, chain) =
            tokio::time::timeout(ORDER_MAX, self.order(key)).await.map_err(|_| AcmeFault::Late)??;
        let (path, file) = (pair_file(&self.acme), ca::pair_file(&private, &chain)?);
        // Held to be fit before it takes the place of one that is.
        let beside = path.with_added_extension("received");
        folder::replace(&beside, file.as_bytes())?;
        let fit = accept(secrets::server_key(&beside, &beside)?).map_err(AcmeFault::Unfit)?;
        std::fs::rename(&beside, &path).map_err(Error::file("replacing", &path))?;
        Tries::succeeded(&record)?;
        Ok(Some(fit))
    }

    async fn order(&self, key: &ServerKey) -> Result<(LeafKey, String), AcmeFault> {
        let account = self.account().await?;
        let wanted = self.hosts.each_ref().map(|host| Identifier::Dns(host.clone()));
        let mut order = account.new_order(&NewOrder::new(&wanted)).await?;
        {
            let answering = key.answering();
            let mut authorizations = order.authorizations();
            while let Some(authorization) = authorizations.next().await {
                self.prove(authorization?, &answering).await?;
            }
            let ended = order.poll_ready(&PATIENCE).await?;
            if ended != OrderStatus::Ready {
                return Err(refused(&mut order, ended).await);
            }
        }
        let hosts = self.hosts.iter().map(|host| Host::new(host)).collect::<Result<Vec<_>, _>>()?;
        let private = LeafKey::generate()?;
        order.finalize_csr(&ca::write_server_request(&private, &hosts)?).await?;
        Ok((private, order.poll_certificate(&PATIENCE).await?))
    }

    /// Has the answer to one question ready, and says so.
    async fn prove(&self, mut authorization: AuthorizationHandle<'_>, answering: &Answering) -> Result<(), AcmeFault> {
        if authorization.status == AuthorizationStatus::Valid {
            // Proved by an earlier order.
            return Ok(());
        }
        let host = authorization.identifier().to_string();
        if !self.hosts.contains(&host) {
            return Err(AcmeFault::Other(host));
        }
        let challenge = authorization.challenge(ChallengeType::TlsAlpn01);
        let mut challenge = challenge.ok_or_else(|| AcmeFault::NoQuestion(host.clone()))?;
        answering.also(answer(&host, challenge.key_authorization().digest().as_ref())?);
        Ok(challenge.set_ready().await?)
    }

    /// The account in the folder, or a new one, which is on disk before anything is ordered.
    async fn account(&self) -> Result<instant_acme::Account, AcmeFault> {
        let builder = match &self.acme.root {
            Some(root) => instant_acme::Account::builder_with_root(root)?,
            None => instant_acme::Account::builder()?,
        };
        if let Some(kept) = Account::read(&self.acme)? {
            return Ok(builder.from_credentials(kept.credentials).await?);
        }
        let contact: Vec<&str> = self.acme.contact.iter().map(String::as_str).collect();
        let wanted = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
        let binding = self.acme.external_account.as_deref().map(binding).transpose()?;
        let directory = self.acme.directory.clone();
        let (account, credentials) = builder.create(&wanted, directory.clone(), binding.as_ref()).await?;
        let kept = serde_json::to_vec_pretty(&Account { directory, credentials }).map_err(Error::usage)?;
        folder::write_new(&self.acme.folder.join("account.json"), &kept)?;
        Ok(account)
    }
}

/// Why an order came to nothing, in the authority's words if it has any.
async fn refused(order: &mut Order, ended: OrderStatus) -> AcmeFault {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let host = authorization.identifier().to_string();
        let Ok(state) = authorization.refresh().await else { continue };
        if let Some(why) = state.challenges.iter().find_map(|challenge| challenge.error.as_ref()) {
            return AcmeFault::Refused { host, why: why.to_string() };
        }
    }
    AcmeFault::Order(ended)
}

/// What an authority is shown that asks for a host.
fn answer(host: &str, digest: &[u8]) -> Result<Challenge, AcmeFault> {
    let digest = digest.try_into().map_err(|_| AcmeFault::Theirs(instant_acme::Error::Crypto))?;
    let key = LeafKey::generate()?;
    let certificate = CertificateDer::from(ca::answer_challenge(&key, &Host::new(host)?, digest)?);
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.pkcs8_der().to_vec()));
    let signing = rustls::crypto::aws_lc_rs::sign::any_supported_type(&private);
    let signing = signing.map_err(|error| Error::usage(format_args!("an answer's key: {error}")))?;
    Ok(Challenge { host: host.to_owned(), answer: Arc::new(CertifiedKey::new(vec![certificate], signing)) })
}

/// What binds a new account to one that the authority's office knows (RFC 8555 7.3.4): its name and a key in base64url, on one line.
fn binding(path: &Path) -> Result<ExternalAccountKey, Error> {
    let text = folder::read_secret(path)?;
    let what = "line with an account's name and its key in base64url";
    let wrong = || Error::NotA { path: path.to_owned(), what };
    let text = std::str::from_utf8(&text).map_err(|_| wrong())?;
    let (name, key) = text.trim().split_once(' ').ok_or_else(wrong)?;
    let key = URL_SAFE_NO_PAD.decode(key.trim().trim_end_matches('=')).map_err(|_| wrong())?;
    Ok(ExternalAccountKey::new(name.to_owned(), &key))
}
