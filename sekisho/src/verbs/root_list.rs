//! `authority revoke` and `root-list`: the root says which issuing authorities nobody may rely on any more, where its key is.
//!
//! What is revoked stands in the transcript first, and the list is made of the transcript: a list that is lost takes nothing
//! back, and a crash between the two leaves a revocation that the next list tells of.

use std::path::Path;

use ca::{AuthorityCause, Issuing, RecordedNumber, RevokedAuthority, Root, RootKey, RootList};
use model::{Author, SerialNumber, Timestamp};
use serde_json::json;

use super::authority::data_folder;
use super::root::{read_root, root_key};
use crate::ceremony::{Ceremony, check_witnesses, open_root_key};
use crate::cli::authority::{AuthorityRevoke, AuthorityRootList};
use crate::cli::{Common, nobody_named};
use crate::clock;
use crate::error::Error;
use crate::folder::{self, NewFile};
use crate::output::Output;
use crate::transcript::Transcript;

/// What lines of the transcript say; behind it serial number, cause and who.
const REVOKES: &str = "the root revokes ";
/// Behind it the number.
const NUMBERS: &str = "the root's list has the number ";
/// Between a serial number and what it is for, when it was drawn for an authority.
const OF_AUTHORITY: &str = " for issuing authority of ";

pub(super) fn revoke(common: &Common, verb: &AuthorityRevoke) -> Result<(), Error> {
    let cause = AuthorityCause::parse(&verb.because).map_err(Error::usage)?;
    let act = Act::begin(common, &verb.signing)?;
    let transcript = act.ceremony.read()?;
    let serial = meant(&verb.what, &act.root, &transcript)?;
    if revoked(&transcript)?.iter().any(|one| one.serial == serial) {
        return Err(Error::usage(format_args!(
            "{serial} is revoked already; sign the list anew with: authority root-list"
        )));
    }
    act.ceremony.log(&format!("{REVOKES}{serial} {cause} by {}", act.by))?;
    act.sign(common, &format!("the authority {serial} is revoked ({cause})"))
}

pub(super) fn renew(common: &Common, verb: &AuthorityRootList) -> Result<(), Error> {
    Act::begin(common, verb)?.sign(common, "the list is signed anew")
}

/// A list about to be signed: key opened, file there and empty.
struct Act {
    by: Author,
    ceremony: Ceremony,
    root: Root,
    key: RootKey,
    out: NewFile,
    now: Timestamp,
    witnesses: Vec<String>,
}

impl Act {
    fn begin(common: &Common, verb: &AuthorityRootList) -> Result<Self, Error> {
        let by = common.author()?.ok_or_else(nobody_named)?;
        check_witnesses(&verb.witnesses.witness)?;
        let (folder, now) = (data_folder(common)?, clock::now());
        let root = read_root(&folder)?;
        let path = root_key(verb.root_key.as_ref(), &folder);
        let ceremony = Ceremony::beside(&path, now)?;
        let key = open_root_key(&path, &verb.passphrase, &root)?;
        let out = NewFile::create(&verb.out)?;
        Ok(Self { by, ceremony, root, key, out, now, witnesses: verb.witnesses.witness.clone() })
    }

    fn sign(mut self, common: &Common, done: &str) -> Result<(), Error> {
        let refused = || Error::authority("signing the root's list");
        self.ceremony.witnessed(&self.witnesses)?;
        let before = self.ceremony.read()?;
        let next = last_number(&before).saturating_add(1);
        let book = || self.ceremony.log(&format!("{NUMBERS}{next}, by {}", self.by)).map(|()| next);
        let number = RecordedNumber::next(book).map_err(refused())?;
        let list = RootList::build(&self.root, &self.key, &revoked(&before)?, &number, self.now).map_err(refused())?;
        self.out.write(list.pem().map_err(refused())?.as_bytes())?;
        let file = self.out.path().display().to_string();
        self.out.keep();
        let transcript = self.ceremony.read()?;
        let (head, until) = (transcript.head().unwrap_or_default(), list.next_update());
        Output::new(common.json).say(
            format_args!(
                "{done}; {file} is the root's list number {next}, {} authorities are on it, good until {}; next: lay it on every \
                 node, name it in the settings (root_list in [tls]), take what is on it out of device_issuers and [ca], restart; \
                 the transcript ends with {head}: have the witnesses write it down",
                list.entries(),
                until.to_jst_minutes()
            ),
            &json!({
                "list": file, "number": next, "entries": list.entries(), "next_update": until.to_string(), "transcript": head,
                "by": self.by.to_string(),
            }),
        )
    }
}

/// An authority's certificate, or a serial number that the root has given to one.
fn meant(what: &str, root: &Root, transcript: &Transcript) -> Result<SerialNumber, Error> {
    let path = Path::new(what);
    if path.exists() {
        let issuing = Issuing::read(&folder::read(path)?, root).map_err(Error::authority("the issuing certificate"))?;
        return Ok(issuing.serial());
    }
    let unknown = || {
        Error::usage(format_args!(
            "`{what}` is no file, and no serial number that the transcript has for an issuing authority"
        ))
    };
    let serial = SerialNumber::parse(what).map_err(|_| unknown())?;
    let drawn = format!("serial {serial}{OF_AUTHORITY}");
    transcript.lines().any(|line| line.contains(&drawn)).then_some(serial).ok_or_else(unknown)
}

/// Everything that the root has ever revoked. A line that says so and cannot be read must not be passed over.
fn revoked(transcript: &Transcript) -> Result<Vec<RevokedAuthority>, Error> {
    let said = transcript.lines().filter_map(|line| line.split_once(' '));
    let said = said.filter_map(|(at, words)| Some((at, words.strip_prefix(REVOKES)?)));
    said.map(|(at, words)| read_line(at, words)).collect()
}

fn read_line(at: &str, words: &str) -> Result<RevokedAuthority, Error> {
    let mut words = words.split(' ');
    let mut next = || words.next().unwrap_or_default();
    Ok(RevokedAuthority {
        serial: SerialNumber::parse(next()).map_err(Error::usage)?,
        cause: AuthorityCause::parse(next()).map_err(Error::usage)?,
        at: Timestamp::parse(at).map_err(Error::usage)?,
    })
}

fn last_number(transcript: &Transcript) -> u64 {
    let said = transcript.lines().filter_map(|line| line.split_once(' ')?.1.strip_prefix(NUMBERS));
    said.filter_map(|words| words.split(',').next()?.parse().ok()).max().unwrap_or(0)
}
