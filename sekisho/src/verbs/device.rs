//! `device`: loan a device, issue its certificates, take it back (art. 37, 38).

use std::path::Path;

use ca::{
    Assurance, Issued, LeafKey, Passphrase, PublicKey, SystemRandom, Zeroizing, fresh_password, fresh_serial,
    pem_bundle, pkcs12, read_request,
};
use model::{Cause, DeviceId};
use registry::Command;
use serde_json::{Value, json};

use super::{Desk, Order, issue, term};
use crate::authority::{self, Authority};
use crate::cli::Device;
use crate::cli::device::{DeviceAdd, DeviceHardware, DeviceReturn, IssueTo};
use crate::error::Error;
use crate::folder::{self, NewFile};
use crate::ids;
use crate::secrets::Secret;

pub(super) fn run(desk: &Desk, verb: &Device) -> Result<(), Error> {
    match verb {
        Device::Add(add) => register(desk, add),
        Device::Certificate(certificate) => {
            let device: DeviceId = ids::parse(&certificate.device)?;
            let desired = Desired::prepare(desk, &device, &certificate.issue)?;
            desired.hand_out(desk, &device, &certificate.issue)
        }
        Device::RegisterCertificate(given) => super::external::register(desk, given),
        Device::Code(offer) => super::code::offer(desk, offer),
        Device::Container(offer) => super::code::container(desk, offer),
        Device::Import(import) => super::import::run(desk, import),
        Device::Hardware(named) => name_hardware(desk, named),
        Device::Return(back) => take_back(desk, back),
        Device::Policies(verb) => super::policies::write(desk, verb),
        Device::Expiring(asked) => super::expiring::list(desk, asked),
        Device::List => list(desk),
    }
}

/// Loan and certificate are two acts. Whatever is wrong with either is found before the loan is entered; should the second
/// fail all the same, the device is on loan, and `device certificate` goes on.
fn register(desk: &Desk, add: &DeviceAdd) -> Result<(), Error> {
    let device: DeviceId = ids::given_or_drawn(add.id.as_deref(), "D")?;
    let loan = Command::RegisterDevice {
        device: device.clone(),
        label: add.label.clone(),
        facility: ids::parse(&add.facility)?,
        holder: ids::parse(&add.holder)?,
    };
    if add.without_certificate {
        desk.execute(loan)?;
        let next = format!("sekisho device code {device}");
        return desk.say(
            format_args!("device {device} is on loan; it has no certificate yet, go on with: {next}"),
            &json!({ "device": device.as_str(), "next": next }),
        );
    }
    let desired = Desired::prepare(desk, &device, &add.issue)?;
    let (assurance, days) = (desired.assurance(), add.issue.days);
    let term = term(&desk.settings, &desired.authority, assurance, days, desk.now())?;
    let enrolment::Term { not_before, not_after, .. } = term;
    // To rehearse with; the number that is taken is drawn later.
    let serial = fresh_serial(&SystemRandom::new()).map_err(Error::authority("drawing a serial number"))?;
    let key = desired.public_key().digest();
    let reserving =
        Command::ReserveCertificate { serial, device: device.clone(), not_before, not_after, assurance, key };
    desk.rehearse(&[loan.clone(), reserving])?;
    desk.execute(loan)?;
    desired.hand_out(desk, &device, &add.issue).map_err(|error| Error::Halfway {
        done: format!("device {device} is on loan"),
        next: format!("sekisho device certificate {device} --out {}", add.issue.out.display()),
        source: Box::new(error),
    })
}

/// A certificate about to be issued: authority opened, key at hand, files there and empty. Dropped, it takes them away.
struct Desired {
    authority: Authority,
    key: Key,
    pem: NewFile,
    /// Only for a key that was made here.
    p12: Option<NewFile>,
}

enum Key {
    /// Made here; goes into the files.
    Ours(LeafKey),
    /// The device's own, which never leaves it.
    Theirs(PublicKey),
}

impl Desired {
    fn prepare(desk: &Desk, device: &DeviceId, to: &IssueTo) -> Result<Self, Error> {
        let common = || Secret::common(to.passphrase.passphrase_file.as_deref());
        let authority = Authority::load(authority::settings(&desk.settings)?, common)?;
        authority.key()?;
        let key = match &to.csr {
            Some(path) => {
                let request = read_request(&folder::read(path)?);
                Key::Theirs(request.map_err(Error::authority("the certification request"))?)
            }
            None => Key::Ours(LeafKey::generate().map_err(Error::authority("making a key"))?),
        };
        if !to.out.is_dir() {
            return Err(Error::usage(format_args!("there is no folder `{}`", to.out.display())));
        }
        // A disk that takes no files says so here, before a number is taken.
        let pem = NewFile::create(&to.out.join(format!("{device}.pem")))?;
        let p12 = match key {
            Key::Ours(_) => Some(NewFile::create(&to.out.join(format!("{device}.p12")))?),
            Key::Theirs(_) => None,
        };
        Ok(Self { authority, key, pem, p12 })
    }

    /// A key that was made here is carried to the device, by whatever way; of another, nobody says where it was made.
    fn assurance(&self) -> Assurance {
        match self.key {
            Key::Ours(_) => Assurance::Container,
            Key::Theirs(_) => Assurance::Software,
        }
    }

    fn public_key(&self) -> &PublicKey {
        match &self.key {
            Key::Ours(key) => key.public(),
            Key::Theirs(key) => key,
        }
    }

    fn hand_out(mut self, desk: &Desk, device: &DeviceId, to: &IssueTo) -> Result<(), Error> {
        let key = &self.public_key().clone();
        let assurance = self.assurance();
        let order = Order { device, key, days: to.days, assurance, author: desk.author()?, now: desk.now() };
        let (authority, pem, p12) = (&self.authority, &mut self.pem, &mut self.p12);
        let written = |issued: &Issued| match (&self.key, p12) {
            (Key::Ours(key), Some(p12)) => with_key(authority, device, issued, key, pem, p12).map(Some),
            _ => pem.write(format!("{}{}", issued.pem(), authority.issuing.pem()).as_bytes()).map(|()| None),
        };
        let issued = issue(&desk.settings, &desk.registry, authority, &order, written);
        // Whether it is on record is not known then: the key must not go.
        let lost = matches!(issued, Err(Error::NotRecorded { .. }));
        let (pem, p12) = (self.pem.path().to_owned(), self.p12.as_ref().map(|file| file.path().to_owned()));
        if issued.is_ok() || lost {
            self.pem.keep();
            self.p12.into_iter().for_each(NewFile::keep);
        }
        let (issued, password) = issued?;
        let sentence = sentence(device, &issued);
        let (Some(p12), Some(password)) = (p12, password) else {
            let value = certificate_value(device, &issued, &[("pem", &pem)]);
            return desk.say(format_args!("{sentence}; it is in {}", pem.display()), &value);
        };
        let mut value = certificate_value(device, &issued, &[("pem", &pem), ("p12", &p12)]);
        if let Some(object) = value.as_object_mut() {
            object.insert("p12_password".to_owned(), Value::String(password.to_string()));
        }
        desk.say(
            format_args!(
                "{sentence}; key and certificate are in {} and {}; password of the latter, shown this once: {}",
                pem.display(),
                p12.display(),
                password.as_str()
            ),
            &value,
        )
    }
}

/// Files with the key in them, readable by us alone. Gives the container's password, which is printed once.
fn with_key(
    authority: &Authority,
    device: &DeviceId,
    issued: &Issued,
    key: &LeafKey,
    pem: &mut NewFile,
    p12: &mut NewFile,
) -> Result<Zeroizing<String>, Error> {
    let refused = || Error::authority("writing the device's files");
    let password = fresh_password(&SystemRandom::new()).map_err(refused())?;
    let sealed_by = Passphrase::new(&password).map_err(refused())?;
    let (issuing, root) = (&authority.issuing, &authority.root);
    let container = pkcs12(issued, key, issuing, root, device.as_str(), &sealed_by).map_err(refused())?;
    let bundle = pem_bundle(issued, key, issuing).map_err(refused())?;
    pem.write(bundle.as_bytes())?;
    p12.write(&container)?;
    Ok(password)
}

fn sentence(device: &DeviceId, issued: &Issued) -> String {
    let until = issued.not_after().to_jst_minutes();
    format!("device {device} has the certificate with serial number {}, valid until {until}", issued.serial())
}

fn certificate_value(device: &DeviceId, issued: &Issued, files: &[(&str, &Path)]) -> Value {
    let mut value = json!({
        "device": device.as_str(), "serial": issued.serial().to_string(),
        "not_before": issued.not_before().to_string(), "not_after": issued.not_after().to_string(),
        "fingerprint_sha256": issued.fingerprint_sha256(),
    });
    if let Some(object) = value.as_object_mut() {
        for (name, path) in files {
            object.insert((*name).to_owned(), Value::String(path.display().to_string()));
        }
    }
    value
}

fn name_hardware(desk: &Desk, named: &DeviceHardware) -> Result<(), Error> {
    let device: DeviceId = ids::parse(&named.device)?;
    let hardware = named.name.clone();
    desk.execute(Command::NameHardware { device: device.clone(), hardware: hardware.clone() })?;
    let said = hardware.as_deref().map_or("has no name any more".to_owned(), |name| format!("is called `{name}`"));
    desk.say(
        format_args!("the hardware of device {device} {said}"),
        &json!({ "device": device.as_str(), "hardware": hardware }),
    )
}

fn take_back(desk: &Desk, back: &DeviceReturn) -> Result<(), Error> {
    let device: DeviceId = ids::parse(&back.device)?;
    let because: Cause = back.because.parse().map_err(Error::usage)?;
    let executed = desk.execute(Command::ReturnDevice { device: device.clone(), because })?;
    let revoked = super::revocation::revoked_in(&executed.changes);
    // Who says stolen or lost has nothing in hand.
    let now = match because {
        Cause::Returned => format!("device {device} is back"),
        because => format!("the loan of device {device} has ended ({because})"),
    };
    desk.say(
        format_args!("{now}; certificates revoked: {}", crate::output::listed(&revoked)),
        &json!({
            "device": device.as_str(), "because": because.as_str(), "revoked": super::revocation::texts(&revoked),
        }),
    )
}

fn list(desk: &Desk) -> Result<(), Error> {
    let (snapshot, now) = (desk.snapshot(), desk.now());
    let mut devices: Vec<_> = snapshot.devices().collect();
    devices.sort_by(|a, b| a.id.cmp(&b.id));
    crate::output::each(devices, "no device is on record", |device| {
        let live: Vec<_> = snapshot
            .certificates_of(&device.id)
            .filter(|certificate| certificate.is_live() && certificate.in_validity(now))
            .map(|certificate| certificate.serial)
            .collect();
        let code = snapshot.enrolment(&device.id).filter(|code| now < code.until);
        let open = code.map_or_else(String::new, |code| {
            let tries = if code.tries == 0 { String::new() } else { format!(", wrong tries: {}", code.tries) };
            format!("  code ({}) until {}{tries}", code.kind, code.until.to_jst_minutes())
        });
        let standing = if device.returned_at.is_some() { "returned" } else { "on loan" };
        desk.say(
            format_args!(
                "{}  {standing}  {}  at {}  held by {}  certificates: {}{open}",
                device.id,
                device.label,
                device.facility,
                device.holder,
                crate::output::listed(&live)
            ),
            &json!({
                "device": device.id.as_str(), "label": device.label, "facility": device.facility.as_str(),
                "holder": device.holder.as_str(), "returned": device.returned_at.map(|at| at.to_string()),
                "serials": super::revocation::texts(&live),
                "code": code.map(|code| json!({
                    "kind": code.kind.as_str(), "until": code.until.to_string(), "wrong_tries": code.tries,
                    "offered_by": code.offered_by.to_string(),
                })),
            }),
        )
    })
}
