//! `sekisho serve`: one process, in its role, until it is told to stop.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use crate::authority::{self, Authority};
use crate::cli::{Common, Role, Serve};
use crate::clock;
use crate::compose::{self, OfficeDoor, Ticking};
use crate::error::Error;
use crate::secrets::Secret;
use crate::server_certificate::{Keeper, ServerCertificate};
use crate::settings::Settings;
use crate::standing::Standing;
use crate::verbs::open_registry;

/// Everything that runs in this process.
pub(crate) struct Server {
    gateway: Option<gateway::Running>,
    office: Option<OfficeDoor>,
    enrolment: Option<OfficeDoor>,
    ticking: Option<Ticking>,
    certificate: Option<Keeper>,
}

impl Server {
    /// Starts what the role asks for. What opens the keys is asked for only where something is signed: an edge
    /// never has it.
    pub(crate) fn start(
        settings: &Settings,
        role: Role,
        common: impl FnOnce() -> Result<Secret, Error>,
    ) -> Result<Self, Error> {
        let (registry, vault) = open_registry(settings)?;
        let mut server = Self { gateway: None, office: None, enrolment: None, ticking: None, certificate: None };
        let enrolment = settings.listen.enrolment.filter(|_| role.signs());
        // One certificate for all doors where TLS is spoken.
        let shown =
            (role.serves_clients() || enrolment.is_some()).then(|| ServerCertificate::load(settings)).transpose()?;
        if role.signs() {
            let ca = authority::settings(settings)?;
            let (authority, former) = Authority::load_all(ca, common)?;
            open_keys(&authority, &former)?;
            let authority = Arc::new(authority);
            let trusted = former.iter().map(|one| one.issuing.clone()).collect();
            let office = settings.listen.office;
            let (read, root) = (settings.clone(), authority.root.clone());
            let servers: console::Servers = Arc::new(move || authority::servers(&read, &root));
            let also = (Standing::read(ca)?.into_list(), servers);
            server.office = Some(OfficeDoor::open(office, registry.clone(), Arc::clone(&authority), former, also)?);
            if let (Some(at), Some(shown)) = (enrolment, &shown) {
                let who = (authority, trusted);
                let door = OfficeDoor::open_enrolment(at, settings, registry.clone(), who, shown.key())?;
                server.enrolment = Some(door);
            }
            server.ticking = Some(Ticking::start(registry.clone())?);
        }
        if let Some(shown) = shown {
            if role.serves_clients() {
                server.gateway = Some(compose::gateway(settings, registry, vault, shown.key())?);
            }
            server.certificate = Some(shown.keep(settings, role.serves_clients())?);
        }
        Ok(server)
    }

    /// Looks for a new server certificate at once.
    pub(crate) fn reload(&self) {
        tracing::info!("told to reload; settings are read at the start only");
        if let Some(certificate) = &self.certificate {
            tracing::info!("the server's certificate is looked at");
            certificate.look();
        }
    }

    /// One line for each door.
    pub(crate) fn doors(&self, settings: &Settings) -> Vec<String> {
        let mut doors = Vec::new();
        if let Some(gateway) = &self.gateway {
            let port = gateway.address().port();
            let crate::settings::Hosts { care, public } = &settings.hosts;
            doors.push(format!("sekisho: clients on https://{care}:{port} and https://{public}:{port}"));
            for also in gateway.addresses().iter().skip(1) {
                doors.push(format!("sekisho: and at {also}"));
            }
            let door: SocketAddr = gateway.store_door();
            doors.push(format!("sekisho: keys for the store on http://{door}/.well-known/jwks.json"));
        }
        if let Some(office) = &self.office {
            doors.push(format!("sekisho: office on http://{}", office.address()));
        }
        if let Some(enrolment) = &self.enrolment {
            let (care, port) = (&settings.hosts.care, enrolment.address().port());
            doors.push(format!("sekisho: terminals come for certificates to https://{care}:{port}"));
        }
        doors
    }

    /// Tells everybody, waits for everybody, then stops.
    pub(crate) fn drain(self) {
        // Nothing is fetched any more that nobody would be shown.
        drop(self.certificate);
        if let Some(gateway) = self.gateway {
            gateway.drain();
        }
        drop((self.ticking, self.enrolment, self.office));
    }
}

/// Every key that has something to sign, before any door opens: one that does not open would be found out when lists run out,
/// and whoever checks them refuses everybody.
fn open_keys(authority: &Authority, former: &[Authority]) -> Result<(), Error> {
    let now = clock::now();
    let over = |one: &&Authority| one.issuing.not_after() < now;
    authority.key()?;
    former.iter().filter(|one| !over(one)).try_for_each(|one| one.key().map(drop))
}

/// The verb.
pub(crate) fn run(common: &Common, verb: &Serve) -> Result<(), Error> {
    let settings = Settings::load(&common.settings_file()?)?;
    let file = verb.passphrase.passphrase_file.as_deref();
    let start = || {
        let server = Server::start(&settings, verb.role, || Secret::common(file))?;
        for door in server.doors(&settings) {
            println!("{door}");
        }
        Ok(server)
    };
    until_told_to_stop(start, Server::reload, Server::drain)
}

/// Starts, waits for SIGTERM or Ctrl-C, drains; SIGHUP reloads meanwhile. Signals are listened to before anything starts, so that none is missed.
pub(crate) fn until_told_to_stop<T>(
    start: impl FnOnce() -> Result<T, Error>,
    reload: impl Fn(&T),
    drain: impl FnOnce(T),
) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Thread)?;
    let _inside = runtime.enter();
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Thread)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Thread)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(Error::Thread)?;
    let running = start()?;
    runtime.block_on(async {
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = hangup.recv() => reload(&running),
            }
        }
    });
    tracing::info!("told to stop; waiting for what is open");
    drain(running);
    Ok(())
}
