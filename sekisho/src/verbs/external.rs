//! `device register-certificate`: a certificate of another authority comes onto record (art. 38-1).

use gateway::{ExternalAuthority, Externals};
use model::{DeviceId, SerialDraw, Timestamp};
use registry::{Command, External};
use serde_json::json;

use super::Desk;
use crate::cli::device::DeviceRegisterCertificate;
use crate::error::Error;
use crate::settings::Settings;
use crate::{ids, secrets};

/// Other authorities as the settings have them, with their lists read. One whose lists cannot be read lets nobody in, and says why.
pub(crate) fn authorities(settings: &Settings, now: Timestamp) -> Result<(Externals, Vec<String>), Error> {
    let (mut ours, mut faults) = (Vec::new(), Vec::new());
    for path in &settings.tls.device_issuers {
        ours.extend(secrets::read_certificates(path)?);
    }
    let mut all = Vec::new();
    for given in secrets::external(settings)? {
        let name = given.name.clone();
        let authority = ExternalAuthority::new(given, &ours)
            .map_err(|fault| Error::usage(format_args!("the external authority `{name}` cannot be used: {fault}")))?;
        if let Err(fault) = authority.refresh(seconds(now)) {
            faults.push(format!("{name}: {fault}"));
        }
        all.push(authority);
    }
    Ok((Externals::new(all), faults))
}

fn seconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_seconds()).unwrap_or(0)
}

fn time(seconds: u64) -> Timestamp {
    Timestamp::from_millis(i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX))
}

/// Looked at as a handshake would, and then entered.
pub(super) fn register(desk: &Desk, given: &DeviceRegisterCertificate) -> Result<(), Error> {
    let device: DeviceId = ids::parse(&given.device)?;
    let chain = secrets::read_certificates(&given.file)?;
    let now = desk.now();
    let (externals, faults) = authorities(&desk.settings, now)?;
    let found = externals.identify(&chain, seconds(now)).map_err(|error| {
        let lists = faults.iter().map(|fault| format!("; {fault}")).collect::<String>();
        let file = given.file.display();
        Error::usage(format_args!("`{file}` is no certificate that opens by any [[external_ca]]: {error}{lists}"))
    })?;
    let (not_before, not_after) = (time(found.not_before_seconds), time(found.not_after_seconds).plus_seconds(1));
    let external = External { authority: found.authority.clone(), issuer: found.issuer, number: found.number };
    let fingerprint = found.fingerprint;
    let of = device.clone();
    let command = move |serial| Command::RegisterCertificate {
        serial,
        device: of.clone(),
        external: external.clone(),
        fingerprint,
        not_before,
        not_after,
    };
    // No certificate of ours has this number: it is of no issuing certificate's generation.
    let mut random = [0; SerialDraw::RANDOM_OCTETS];
    let system = ca::SystemRandom::new();
    ca::Random::fill(&system, &mut random).map_err(Error::authority("drawing a serial number"))?;
    let draw = SerialDraw::new(1, random);
    let (serial, _) = desk.registry.execute_numbered(draw, command, desk.author()?.clone(), now)?;
    desk.say(
        format_args!(
            "device {device} has certificate {} of {}, valid until {}; our number for it is {serial}",
            found.number,
            found.authority,
            not_after.plus_seconds(-1).to_jst_minutes()
        ),
        &json!({
            "device": device.as_str(), "serial": serial.to_string(), "authority": found.authority,
            "number": found.number.to_string(), "not_before": not_before.to_string(), "not_after": not_after.to_string(),
        }),
    )
}
