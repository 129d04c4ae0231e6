//! A token behind its module: found by its name, with a session that is logged in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ca::Passphrase;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;

use crate::fault::Fault;
use crate::place::Place;

/// Modules of this process: one is initialised once, whoever uses it (PKCS #11 5.4).
static MODULES: Mutex<BTreeMap<PathBuf, Pkcs11>> = Mutex::new(BTreeMap::new());

/// A token that can be logged in to.
pub(crate) struct Token {
    module: Pkcs11,
    label: String,
    pin: AuthPin,
}

impl Token {
    /// Finds the token. Logs in to nothing yet.
    pub(crate) fn at(place: &Place, pin: &Passphrase) -> Result<Self, Fault> {
        let token = Self { module: module(place.module())?, label: place.token().to_owned(), pin: pin.reveal().into() };
        token.slot()?;
        Ok(token)
    }

    /// Looked for each time: a token that was pulled out may come back in another slot.
    fn slot(&self) -> Result<Slot, Fault> {
        let failed = "listing tokens";
        let mut found = Vec::new();
        for slot in self.module.get_slots_with_token().map_err(Fault::token(failed))? {
            let info = self.module.get_token_info(slot).map_err(Fault::token(failed))?;
            if info.label() == self.label {
                found.push(slot);
            }
        }
        match found.as_slice() {
            [slot] => Ok(*slot),
            several => Err(Fault::Tokens { label: self.label.clone(), found: several.len() }),
        }
    }

    /// A session, logged in. Reads and writes only where something is made.
    pub(crate) fn session(&self, writes: bool) -> Result<Session, Fault> {
        let slot = self.slot()?;
        let opened = if writes { self.module.open_rw_session(slot) } else { self.module.open_ro_session(slot) };
        let session = opened.map_err(Fault::token("opening a session"))?;
        match session.login(UserType::User, Some(&self.pin)) {
            // Logging in is the process's, not the session's.
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
            Err(error @ Error::Pkcs11(RvError::PinIncorrect | RvError::PinLocked | RvError::PinLenRange, _)) => {
                Err(Fault::Pin(error))
            }
            Err(error) => Err(Fault::token("logging in")(error)),
        }
    }
}

fn module(path: &Path) -> Result<Pkcs11, Fault> {
    let mut modules = MODULES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(module) = modules.get(path) {
        return Ok(module.clone());
    }
    let failed = |source| Fault::Module { path: path.to_owned(), source };
    let module = Pkcs11::new(path).map_err(failed)?;
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(error) => return Err(failed(error)),
    }
    modules.insert(path.to_owned(), module.clone());
    Ok(module)
}
