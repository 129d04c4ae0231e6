//! What may be shown, and that nothing worse ever takes the place of what is.

use std::path::Path;
use std::sync::Arc;

use model::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;

use super::fitness::{Fit, Unfit};
use super::places::Places;
use super::{ServerCertificate, clock};
use gateway::ServerKey;

const HOSTS: [&str; 2] = ["care.example.jp", "www.example.jp"];

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A leaf's certificate: these names, from year to year, for servers.
fn leaf(names: &[&str], (from, to): (i32, i32)) -> CertificateParams {
    let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
    params
}

/// Key and chain in PEM.
fn signed(params: &CertificateParams, by: &Authority, shown: &Authority) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, by).unwrap();
    (key.serialize_pem(), format!("{}{}", certificate.pem(), shown.pem()))
}

fn pair(params: &CertificateParams, by: &Authority, shown: &[&Authority]) -> Arc<CertifiedKey> {
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, by).unwrap();
    let chain = std::iter::once(certificate.der().clone()).chain(shown.iter().map(|one| one.der().clone())).collect();
    of(chain, &key)
}

fn of(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Arc<CertifiedKey> {
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let signing = rustls::crypto::aws_lc_rs::sign::any_supported_type(&private).unwrap();
    Arc::new(CertifiedKey::new(chain, signing))
}

#[test]
fn only_a_pair_that_clients_will_take_is_fit() {
    let now = Timestamp::parse("2030-06-01T00:00:00Z").unwrap();
    let (ours, others) = (authority("Servers"), authority("Servers"));
    let check = |pair| Fit::check(pair, &HOSTS, now).map(|_| ());
    let years = (2030, 2031);
    let usual = leaf(&HOSTS, years);
    assert_eq!(check(pair(&usual, &ours, &[&ours])), Ok(()));
    assert_eq!(check(pair(&usual, &ours, &[])), Ok(()), "its issuer is one that clients have");
    assert_eq!(check(pair(&leaf(&["*.example.jp"], years), &ours, &[&ours])), Ok(()), "a wildcard names both");
    let mut without_purpose = leaf(&HOSTS, years);
    without_purpose.extended_key_usages.clear();
    assert_eq!(check(pair(&without_purpose, &ours, &[&ours])), Ok(()));

    let alone = leaf(&HOSTS[..1], years);
    assert_eq!(check(pair(&alone, &ours, &[&ours])), Err(Unfit::Name(HOSTS[1].to_owned())));
    for years in [(2029, 2030), (2031, 2032)] {
        let unfit = check(pair(&leaf(&HOSTS, years), &ours, &[&ours]));
        assert!(matches!(unfit, Err(Unfit::Validity(1, _, _))), "{unfit:?}");
    }
    let mut of_a_client = leaf(&HOSTS, years);
    of_a_client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    assert_eq!(check(pair(&of_a_client, &ours, &[&ours])), Err(Unfit::Usage));
    assert_eq!(check(pair(&usual, &ours, &[&others])), Err(Unfit::Chain(1)), "another of the same name");
    assert_eq!(check(pair(&usual, &ours, &[&ours, &others])), Err(Unfit::Chain(2)));
    let broken = CertificateDer::from(vec![0x30, 0x03, 0x02, 0x01]);
    let good = pair(&usual, &ours, &[&ours]);
    let chain = vec![good.cert[0].clone(), broken];
    assert_eq!(check(Arc::new(CertifiedKey::new(chain, Arc::clone(&good.key)))), Err(Unfit::Unreadable(2)));
    assert_eq!(check(Arc::new(CertifiedKey::new(Vec::new(), Arc::clone(&good.key)))), Err(Unfit::Unreadable(1)));
}

#[test]
fn the_next_is_due_when_two_thirds_are_over() {
    let now = Timestamp::parse("2030-06-01T00:00:00Z").unwrap();
    let ours = authority("Servers");
    let mut params = leaf(&HOSTS, (2030, 2031));
    params.not_after = date_time_ymd(2030, 12, 27);
    // 360 days: 240 from the first of January is the 29th of August.
    let fit = Fit::check(pair(&params, &ours, &[&ours]), &HOSTS, now).unwrap();
    assert_eq!(fit.renew_at(), Timestamp::parse("2030-08-29T00:00:00Z").unwrap());
}

/// What is shown over a folder with these files, as a server shows it that has been running.
struct Shown {
    folder: tempfile::TempDir,
    server: ServerCertificate,
}

impl Shown {
    fn over(certificate: &str, key: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "server.pem", certificate);
        write(folder.path(), "server.key.pem", key);
        let at = |name: &str| folder.path().join(name);
        let places = Places {
            certificate: at("server.pem"),
            key: at("server.key.pem"),
            acme: Some(at("acme.pem")),
            hosts: HOSTS.map(str::to_owned),
        };
        let (seen, key) = (Some(places.stamp()), ServerKey::new(places.first(clock::now()).unwrap()));
        Self { folder, server: ServerCertificate { key, places, client: None, seen, said: None } }
    }

    /// The first certificate that is shown once these files have been written and looked at.
    fn after(&mut self, files: &[(&str, &str)]) -> CertificateDer<'static> {
        for (name, content) in files {
            write(self.folder.path(), name, content);
        }
        self.server.look();
        self.server.key.current().cert[0].clone()
    }
}

fn write(folder: &Path, name: &str, content: &str) {
    // As every renewal does it, so that no look finds half a file.
    let path = folder.join(name);
    let _ = std::fs::remove_file(&path);
    crate::folder::write_new(&path, content.as_bytes()).unwrap();
}

fn first(pem: &str) -> CertificateDer<'static> {
    use rustls::pki_types::pem::PemObject as _;
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

#[test]
fn nothing_worse_takes_the_place_of_what_is_shown() {
    let ours = authority("Servers");
    let usual = leaf(&HOSTS, (2020, 4000));
    let (old_key, old) = signed(&usual, &ours, &ours);
    let (new_key, new) = signed(&usual, &ours, &ours);
    let mut shown = Shown::over(&old, &old_key);
    let (before, after) = (first(&old), first(&new));
    assert_eq!(shown.after(&[]), before);

    let (nameless_key, nameless) = signed(&leaf(&HOSTS[..1], (2020, 4000)), &ours, &ours);
    let (over_key, over) = signed(&leaf(&HOSTS, (2019, 2020)), &ours, &ours);
    let (key, certificate) = ("server.key.pem", "server.pem");
    for (what, bad) in [
        ("half a renewal by hand", &[(certificate, new.as_str())][..]),
        ("the other half", &[(certificate, old.as_str()), (key, new_key.as_str())]),
        ("another host's", &[(certificate, &nameless), (key, &nameless_key)]),
        ("one that is over", &[(certificate, &over), (key, &over_key)]),
        ("nothing", &[(certificate, ""), (key, "")]),
        ("half a file", &[(certificate, &new[..new.len() / 3]), (key, &new_key)]),
    ] {
        assert_eq!(shown.after(bad), before, "{what}");
        assert!(shown.server.said.is_some(), "{what}: nobody was told");
    }
    std::fs::remove_file(shown.folder.path().join(certificate)).unwrap();
    assert_eq!(shown.after(&[]), before, "no file at all");

    // And what is good is taken, whenever it comes; both keys in one file are what a renewal leaves for a moment.
    let both = format!("{old_key}{new_key}");
    assert_eq!(shown.after(&[(certificate, &new), (key, &both)]), after);
    assert_eq!(shown.server.said, None);
    assert_eq!(shown.after(&[(key, &new_key)]), after);
}

#[test]
fn what_acme_brought_goes_before_the_files_for_as_long_as_it_is_fit() {
    let ours = authority("Servers");
    let usual = leaf(&HOSTS, (2020, 4000));
    let ((key, certificate), (other_key, other)) = (signed(&usual, &ours, &ours), signed(&usual, &ours, &ours));
    let mut shown = Shown::over(&certificate, &key);
    let brought = format!("{other_key}{other}");
    assert_eq!(shown.after(&[("acme.pem", &brought)]), first(&other));
    let (late_key, late) = signed(&leaf(&HOSTS, (2019, 2020)), &ours, &ours);
    assert_eq!(
        shown.after(&[("acme.pem", &format!("{late_key}{late}"))]),
        first(&certificate),
        "the files still serve"
    );
    assert_eq!(shown.after(&[("acme.pem", &brought)]), first(&other));
    std::fs::remove_file(shown.folder.path().join("acme.pem")).unwrap();
    assert_eq!(shown.after(&[]), first(&certificate));
}
