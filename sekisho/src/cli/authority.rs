//! `authority`: the city's certificate authorities: the next one that issues, and what the root has signed.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::PassphraseFile;

/// `authority …`.
#[derive(Debug, Subcommand)]
pub enum Authority {
    /// Root and issuing authorities, the servers' too: validity, where their keys are, where their lists are told
    List,
    /// Make the key of the next issuing authority, in a file or in a PKCS#11 token, and a request for the root
    ///
    /// The first of three steps; `sign` and `adopt` follow. Terminals notice nothing: what the authority before has issued stays
    /// valid, its lists are signed as before, and each terminal gets a certificate of the new one when it renews.
    NewKey(AuthorityNewKey),
    /// Have the root certify the key of a request. Needs no settings: the machine with the root's key need have no network
    ///
    /// Whatever key the root signs here may issue for every terminal, so say whose is meant: --expect-key, as `new-key` has printed
    /// it and as it was read out over the telephone. Reads root.pem and, unless --root-key says otherwise, root.key.pem in the
    /// folder keys of --data; writes every step into ceremony.txt beside the root's key, each line with a hash over all before
    /// it. Two persons can each hold a part of the passphrase.
    Sign(AuthoritySign),
    /// Have the root revoke an issuing authority, for good: its list then tells everybody
    ///
    /// Where the root's key is, as `sign`. The list goes to every node (tls.root_list in the settings), where nothing starts that
    /// trusts or uses what is on it, and is served at /crl/root.crl. What was revoked before stays on it: it is made of the transcript.
    Revoke(AuthorityRevoke),
    /// Have the root sign its list anew as it stands: it is good for 397 days
    RootList(AuthorityRootList),
    /// Hold the certificate that the root has signed against root and key, and say what belongs into the settings
    Adopt(AuthorityAdopt),
    /// Check the transcript of what the root has signed, and print its last hash, to be compared with what witnesses wrote down
    ///
    /// Of two files, the second must be a copy of the first, or a beginning of it: two that go on differently say that the root
    /// was used in two places.
    Transcript(AuthorityTranscript),
}

/// `authority new-key`.
#[derive(Debug, Args)]
pub struct AuthorityNewKey {
    /// Where the key is to be: a new file, or pkcs11:token=NAME;object=NAME?module-path=/path/to/module.so
    #[arg(long, value_name = "FILE|URI")]
    pub key: String,
    /// Where the request goes: a new file, which holds no secret
    #[arg(long, value_name = "FILE")]
    pub request: PathBuf,
    /// The passphrase that seals the key, or the token's PIN.
    #[command(flatten)]
    pub passphrase: PassphraseFile,
}

/// `authority sign`.
#[derive(Debug, Args)]
pub struct AuthoritySign {
    /// What `new-key` has written
    #[arg(value_name = "REQUEST")]
    pub request: PathBuf,
    /// The SHA-256 of the key that is meant, as `new-key` has printed it; nothing else is signed
    #[arg(long, value_name = "SHA256")]
    pub expect_key: String,
    /// Where the certificate goes: a new file
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// The root's key, encrypted, wherever it is kept [default: keys/root.key.pem in the data folder]
    #[arg(long, value_name = "FILE")]
    pub root_key: Option<PathBuf>,
    /// The root's passphrase.
    #[command(flatten)]
    pub passphrase: RootPassphrase,
    /// Who watches.
    #[command(flatten)]
    pub witnesses: Witnesses,
}

/// `authority revoke`.
#[derive(Debug, Args)]
pub struct AuthorityRevoke {
    /// The authority's certificate, or its serial number (hexadecimal), as the transcript has it
    #[arg(value_name = "FILE|SERIAL")]
    pub what: String,
    /// Why: compromised (its key is, or may be, in other hands), superseded or ceased
    #[arg(long, value_name = "CAUSE")]
    pub because: String,
    /// Where and how the list is signed.
    #[command(flatten)]
    pub signing: AuthorityRootList,
}

/// `authority root-list`.
#[derive(Debug, Args)]
pub struct AuthorityRootList {
    /// Where the list goes: a new file
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// The root's key, encrypted, wherever it is kept [default: keys/root.key.pem in the data folder]
    #[arg(long, value_name = "FILE")]
    pub root_key: Option<PathBuf>,
    /// The root's passphrase.
    #[command(flatten)]
    pub passphrase: RootPassphrase,
    /// Who watches.
    #[command(flatten)]
    pub witnesses: Witnesses,
}

/// Who watches what the root does.
#[derive(Clone, Debug, Args)]
pub struct Witnesses {
    /// Somebody who watches, as the transcript shall name him; can be given several times
    #[arg(long, value_name = "NAME")]
    pub witness: Vec<String>,
}

/// Where the passphrase of the root's key is.
#[derive(Clone, Debug, Args)]
pub struct RootPassphrase {
    /// File with the passphrase of the root's key (mode 600); given twice: with a part of it each, so that it takes two
    /// persons [default: as the authority's keys]
    #[arg(long, value_name = "FILE")]
    pub root_passphrase_file: Vec<PathBuf>,
    /// Where the other keys have it.
    #[command(flatten)]
    pub passphrase: PassphraseFile,
}

/// `authority adopt`.
#[derive(Debug, Args)]
pub struct AuthorityAdopt {
    /// What `sign` has written
    #[arg(value_name = "CERTIFICATE")]
    pub certificate: PathBuf,
    /// Where its key is, as given to `new-key`
    #[arg(long, value_name = "FILE|URI")]
    pub key: String,
    /// The key's passphrase or PIN.
    #[command(flatten)]
    pub passphrase: PassphraseFile,
}

/// `authority transcript`.
#[derive(Debug, Args)]
pub struct AuthorityTranscript {
    /// The transcript [default: keys/ceremony.txt in the data folder], and a copy that is held against it
    #[arg(value_name = "FILE", num_args = 0..=2)]
    pub files: Vec<PathBuf>,
    /// A hash that somebody wrote down: it must still be on a line, and how many follow is told
    #[arg(long, value_name = "HASH")]
    pub expect: Option<String>,
}
