//! Passwords: which may be set, how they are kept, what a check says.

use model::UserId;

use crate::bounds::PASSWORD_CHARACTERS_MIN;
use crate::credential::{PasswordCheck, Sealed, Vault, VaultError, VerifiedPassword, first_password};
use crate::password::{PasswordFault, check_password};
use crate::{Command, Registry};

use super::journals::{found, must, open};
use super::world::{PASSWORD, begin, himself, secret, user_id};

fn check(password: &str) -> Result<(), PasswordFault> {
    check_password(password, &["U-0001", "佐藤 花子", "hanako-sato"])
}

#[test]
fn long_ones_of_any_make_are_taken() {
    for good in [
        "kumo-tori-umi-7",
        "ふじさんのうえにくもがある",
        "no capitals, no digits at all",
        "tsuki wa higashi ni",
        "N7#kd92!xQpm4",
        "my nurse drinks green tea",
        "  spaces  count  as  well ",
        "seven small boats leave the harbour, and nobody on the pier waves to them, because it rains and the tea is getting cold at home!",
    ] {
        assert_eq!(check(good), Ok(()), "{good:?}");
    }
}

#[test]
fn short_known_and_lazy_ones_are_not() {
    use PasswordFault::{AboutUser, Character, Guessable, TooLong, TooShort};
    for (bad, fault) in [
        ("", TooShort),
        ("kumo-tori-um", TooShort),
        ("ふじさんのうえにくもが", TooShort),
        (&*"x y z u v w ".repeat(11), TooLong),
        ("kumo-tori\u{0000}umi-7", Character),
        ("password12345", Guessable),
        ("P@ssw0rd!!!!!!", Guessable),
        ("passwordpassword", Guessable),
        ("1234567890123", Guessable),
        ("9876543210987", Guessable),
        ("abcdefghijklm", Guessable),
        ("qwertyuiopasdf", Guessable),
        ("1qaz2wsx3edc4rfv", Guessable),
        ("aaaaaaaaaaaaaaa", Guessable),
        ("ababababababab", Guessable),
        ("kangokangokango", Guessable),
        ("sekisho-sekisho-2026", Guessable),
        ("correct horse battery staple", Guessable),
        ("20261123-20261123", Guessable),
        ("パスワード123456789", Guessable),
        ("U-0001-U-0001-xyz", AboutUser),
        ("hanako-sato-2026", AboutUser),
        ("佐藤花子佐藤花子あ佐藤花子", AboutUser),
    ] {
        assert_eq!(check(bad), Err(fault), "{bad:?}");
    }
}

#[test]
fn a_password_that_grows_is_not_refused_for_it() {
    // What somebody types is judged whole: a good beginning is not spoilt by a year at the end.
    assert_eq!(check("kumo-tori-umi-7-2026"), Ok(()));
    assert_eq!(check("kumo-tori-umi-7-password"), Ok(()));
}

#[test]
fn first_passwords_are_random_and_readable() {
    let mut seen = std::collections::HashSet::new();
    for _ in 0..2000 {
        let password = first_password().unwrap();
        assert!(password.chars().all(|c| c == '-' || (c.is_ascii_alphanumeric() && !"0o1liIO".contains(c))));
        assert_eq!(password.len(), 19, "{}", *password);
        assert!(password.chars().filter(|c| *c != '-').count() >= PASSWORD_CHARACTERS_MIN);
        assert!(seen.insert(password.to_string()));
    }
    let letters: std::collections::HashSet<char> = seen.iter().flat_map(|password| password.chars()).collect();
    assert_eq!(letters.len(), 32, "31 characters and the hyphen");
}

#[test]
fn a_credential_opens_with_its_key_and_for_its_user_id_only() {
    let vault = Vault::new(&[1; 32]).unwrap();
    let id = user_id("U-1");
    let sealed = vault.credential(&id, "kumo-tori-umi-7").unwrap();
    let hash = vault.open(&id, &sealed).unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", *hash);
    assert_eq!(hash.rsplit('$').next().unwrap().len(), 43, "32 octets");
    assert!(!sealed.as_str().contains("argon2"));
    assert_ne!(vault.credential(&id, "kumo-tori-umi-7").unwrap(), sealed, "a salt and a nonce of its own");

    let open = |vault: &Vault, id: &UserId, sealed: &Sealed| vault.open(id, sealed).map(|_| ());
    assert_eq!(open(&vault, &user_id("U-2"), &sealed), Err(VaultError::Opening));
    assert_eq!(open(&Vault::new(&[2; 32]).unwrap(), &id, &sealed), Err(VaultError::Opening));
    let mut changed = sealed.as_str().to_owned().into_bytes();
    changed[30] ^= 1;
    for bad in [String::from_utf8(changed).unwrap(), String::new(), "AAAA".to_owned(), "not base64".to_owned()] {
        assert_eq!(open(&vault, &id, &Sealed::new(&bad)), Err(VaultError::Opening), "{bad}");
    }
    assert_eq!(Vault::new(&[1; 31]).err(), Some(VaultError::Key));
}

fn verified(registry: &Registry, password: &str) -> VerifiedPassword {
    match registry.verify_password(&user_id("U-1"), password) {
        PasswordCheck::Right { verified, .. } => verified,
        PasswordCheck::Wrong => panic!("`{password}` is wrong"),
    }
}

/// A password is checked once, and the proof of it is held against the state that the change is written on.
#[test]
fn a_proof_holds_only_for_what_was_checked() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let registry = open(folders[0].path());
    let first = found(&registry);
    let change = |registry: &Registry, current: &VerifiedPassword, new: &str| {
        let command = Command::ChangePassword { current: current.clone(), new: secret(new) };
        registry.execute(command, himself("U-1"), begin()).map(drop).map_err(|error| error.password())
    };
    let stale = Err(Some(PasswordFault::WrongCurrent));

    // Every session was ended since.
    let before = verified(&registry, &first);
    must(&registry, himself("U-1"), Command::EndSessions { user_id: user_id("U-1") });
    assert_eq!(change(&registry, &before, PASSWORD), stale);
    // Another process changed the password since; this one may not even have heard.
    let (beside, early) = (open(folders[0].path()), verified(&registry, &first));
    assert_eq!(change(&beside, &verified(&beside, &first), PASSWORD), Ok(()));
    assert_eq!(change(&registry, &early, "another long one"), stale);
    // The same user ID, password and epoch, somewhere else: not the credential that is kept here.
    let elsewhere = open(folders[1].path());
    let other_first = found(&elsewhere);
    assert_eq!(change(&elsewhere, &verified(&elsewhere, &other_first), PASSWORD), Ok(()));
    must(&elsewhere, himself("U-1"), Command::EndSessions { user_id: user_id("U-1") });
    let foreign = verified(&elsewhere, PASSWORD);
    let epoch = |registry: &Registry| registry.snapshot().user_id(&user_id("U-1")).unwrap().credential_epoch;
    assert_eq!(epoch(&elsewhere), epoch(&beside));
    assert_eq!(change(&beside, &foreign, "another long one"), stale);
    // And nobody else's.
    let own = verified(&beside, PASSWORD);
    let by_another = Command::ChangePassword { current: own.clone(), new: secret("another long one") };
    assert!(beside.execute(by_another, himself("U-2"), begin()).is_err());
    assert_eq!(change(&beside, &own, "another long one"), Ok(()));
}
