//! `authority sign` and `authority transcript`: what the root does, where its key is, and the record of it. No settings and no
//! network are needed there.

use std::path::{Path, PathBuf};

use ca::{Issuing, Purpose, Root, read_request};
use model::Timestamp;
use serde_json::json;

use super::authority::data_folder;
use crate::ceremony::{Ceremony, authority_name, check_witnesses, city, open_root_key};
use crate::cli::authority::{AuthoritySign, AuthorityTranscript};
use crate::cli::{Common, nobody_named};
use crate::clock;
use crate::error::Error;
use crate::folder::{self, Folder, NewFile};
use crate::output::Output;
use crate::transcript::Transcript;

/// What a line of the transcript says before an authority of devices is certified; how many there are gives it its name.
const CERTIFIES: &str = "the root is to certify an issuing authority of devices";
/// Characters of a SHA-256.
const HASH_CHARACTERS: usize = 64;

pub(super) fn sign(common: &Common, verb: &AuthoritySign) -> Result<(), Error> {
    let by = common.author()?.ok_or_else(nobody_named)?;
    check_witnesses(&verb.witnesses.witness)?;
    let folder = data_folder(common)?;
    let public = read_request(&folder::read(&verb.request)?).map_err(Error::authority("the request"))?;
    let fingerprint = public.fingerprint();
    expected(&verb.expect_key, &fingerprint)?;
    let root = read_root(&folder)?;
    let path = root_key(verb.root_key.as_ref(), &folder);
    let now = clock::now();
    let ceremony = Ceremony::beside(&path, now)?;
    let root_key = open_root_key(&path, &verb.passphrase, &root)?;
    let name = authority_name(&city(&root)?, &in_its_year(now, &ceremony.read()?))?;
    let mut out = NewFile::create(&verb.out)?;
    ceremony.log(&format!("{CERTIFIES}, by {by}, for the key {fingerprint}"))?;
    ceremony.witnessed(&verb.witnesses.witness)?;
    let serial = ceremony.reserve("issuing authority of devices")?;
    let refused = || Error::authority("certifying the issuing authority");
    let issuing =
        Issuing::certify(Purpose::Devices, &name, &public, serial, now, &root, &root_key).map_err(refused())?;
    ceremony.log(&format!("issuing certificate SHA-256 {}", issuing.fingerprint_sha256()))?;
    out.write(issuing.pem().as_bytes())?;
    out.keep();
    let transcript = ceremony.read()?;
    let head = transcript.head().unwrap_or_default();
    Output::new(common.json).say(
        format_args!(
            "{} is the certificate of {} (SHA-256 {}), for the key {fingerprint}, valid until {}; the transcript ends with \
             {head}: have the witnesses write it down",
            verb.out.display(),
            issuing.common_name(),
            issuing.fingerprint_sha256(),
            issuing.not_after().to_jst_minutes()
        ),
        &json!({
            "certificate": verb.out.display().to_string(), "name": issuing.common_name(),
            "fingerprint_sha256": issuing.fingerprint_sha256(), "public_sha256": fingerprint,
            "not_after": issuing.not_after().to_string(), "transcript": head, "by": by.to_string(),
        }),
    )
}

/// Anybody's request looks like any other's, and what the root signs here may issue for every terminal: so whoever signs says
/// whose key he means, as it was read out to him, before the root's key is opened.
fn expected(told: &str, found: &str) -> Result<(), Error> {
    let told: String = told.chars().filter(|c| !c.is_whitespace() && *c != ':').collect();
    if told.len() != HASH_CHARACTERS || !told.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err(Error::usage(
            "--expect-key takes the SHA-256 that `authority new-key` has printed: 64 hexadecimal digits",
        ));
    }
    if told.eq_ignore_ascii_case(found) {
        return Ok(());
    }
    Err(Error::usage(format_args!(
        "the request is for the key with the SHA-256 {found}, and {} was expected; nothing was signed",
        told.to_ascii_lowercase()
    )))
}

/// `Devices 2026`; the second of a year is `Devices 2026-2`, so that no two authorities have one name.
fn in_its_year(now: Timestamp, before: &Transcript) -> String {
    let year = |at: Timestamp| at.to_jst_minutes().chars().take(4).collect::<String>();
    let this = year(now);
    let of_this = |line: &&str| {
        let (at, words) = line.split_once(' ').unwrap_or_default();
        words.starts_with(CERTIFIES) && Timestamp::parse(at).is_ok_and(|at| year(at) == this)
    };
    match before.lines().filter(of_this).count() {
        0 => format!("Devices {this}"),
        earlier => format!("Devices {this}-{}", earlier.saturating_add(1)),
    }
}

pub(super) fn read_root(folder: &Folder) -> Result<Root, Error> {
    Root::read(&folder::read(&folder.key("root.pem"))?).map_err(Error::authority("the root's certificate"))
}

/// Where the root's key is; its transcript is beside it.
pub(super) fn root_key(given: Option<&PathBuf>, folder: &Folder) -> PathBuf {
    given.cloned().unwrap_or_else(|| folder.key("root.key.pem"))
}

pub(super) fn check_transcript(common: &Common, verb: &AuthorityTranscript) -> Result<(), Error> {
    let path = match verb.files.first() {
        Some(path) => path.clone(),
        None => data_folder(common)?.key("ceremony.txt"),
    };
    let transcript = Transcript::read_begun(&path)?;
    let output = Output::new(common.json);
    let (lines, head) = (transcript.count(), transcript.head());
    let said = head.unwrap_or("no hash: it was written before there were any");
    let since = verb.expect.as_deref().map(|hash| since(&transcript, hash)).transpose()?;
    let behind = verb.files.get(1).map(|copy| behind(&transcript, copy)).transpose()?;
    let mut more = String::new();
    if let Some(since) = since {
        more.push_str(&format!("; the expected hash is there, {since} lines follow it"));
    }
    if let Some((copy, missing)) = &behind {
        more.push_str(&match missing {
            0 => format!("; `{}` says the same", copy.display()),
            missing => format!("; `{}` lacks the last {missing}: copy the first file over it", copy.display()),
        });
    }
    output.say(
        format_args!("{lines} lines follow from each other; the last is {said}{more}"),
        &json!({ "lines": lines, "head": head, "since": since, "copy_lacks": behind.map(|(_, missing)| missing) }),
    )
}

/// How many lines follow the one that somebody wrote down.
fn since(transcript: &Transcript, hash: &str) -> Result<usize, Error> {
    let lower = hash.trim().to_ascii_lowercase();
    transcript.after(&lower).ok_or_else(|| {
        Error::usage(format_args!(
            "no line has the hash `{lower}`: lines were taken away or changed since it was written down"
        ))
    })
}

/// What a copy lacks; one that goes on differently is refused.
fn behind<'a>(transcript: &Transcript, copy: &'a Path) -> Result<(&'a Path, usize), Error> {
    Ok((copy, transcript.continues(&Transcript::read(copy)?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_expected_as_it_is_read_out() {
        let found = "0123456789abcdef".repeat(4);
        for told in [found.clone(), found.to_uppercase(), format!(" {}:{} ", &found[..8], &found[8..])] {
            expected(&told, &found).unwrap();
        }
        for told in ["", &found[..62], &found.replace('0', "x"), &found.replace('0', "1"), &format!("{found}00")] {
            assert!(expected(told, &found).is_err(), "{told}");
        }
    }

    #[test]
    fn the_second_authority_of_a_year_has_a_name_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ceremony.txt");
        drop(folder::lock(&path).unwrap());
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let named = |now: &str| in_its_year(at(now), &Transcript::read(&path).unwrap());
        assert_eq!(named("2026-11-28T00:00:00Z"), "Devices 2026");
        for (when, words) in [
            // The first of 2027 in Japan.
            ("2026-12-31T15:00:00Z", CERTIFIES),
            ("2027-01-05T00:00:00Z", "serial 12 for issuing authority of devices"),
            ("2027-01-05T00:00:00Z", CERTIFIES),
        ] {
            crate::transcript::add(&path, &format!("{} {words}, by somebody", at(when))).unwrap();
        }
        assert_eq!(named("2026-12-31T14:59:00Z"), "Devices 2026");
        assert_eq!(named("2027-11-28T00:00:00Z"), "Devices 2027-3");
    }
}
