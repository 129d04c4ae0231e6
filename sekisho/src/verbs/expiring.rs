//! `device expiring`: terminals that are about to be without a certificate (art. 38).

use model::{FacilityId, Target};
use registry::{Device, Expiring, ExpiryStage, days_left};
use serde_json::json;

use super::{Desk, sought};
use crate::cli::device::DeviceExpiring;
use crate::error::Error;
use crate::{ids, output};

pub(super) fn list(desk: &Desk, asked: &DeviceExpiring) -> Result<(), Error> {
    let snapshot = desk.snapshot();
    let facility: Option<FacilityId> = asked.facility.as_deref().map(ids::parse).transpose()?;
    let wanted = |device: &Device| facility.as_ref().is_none_or(|facility| device.facility == *facility);
    let found = snapshot.expiring(desk.now(), asked.within, wanted);
    let unknown = sought::unknown(&snapshot, facility.clone().map(Target::Facility));
    let what = format!("no device's last certificate ends within {} days{unknown}", asked.within);
    output::each(found, what, |one| say(desk, &one))
}

fn say(desk: &Desk, one: &Expiring<'_>) -> Result<(), Error> {
    let Expiring { device, certificate, stage, code_until, begun } = one;
    let snapshot = desk.snapshot();
    let holder = snapshot.user(&device.holder).map_or("", |user| user.name.as_str());
    let left = match (days_left(certificate.not_after, desk.now()), stage) {
        (Some(1), _) => "1 day left".to_owned(),
        (Some(days), _) => format!("{days} days left"),
        (None, _) => "over".to_owned(),
    };
    let next = match (code_until, begun) {
        (Some(until), _) => format!("; a code waits until {}", until.to_jst_minutes()),
        (None, true) => "; the next one is being issued".to_owned(),
        (None, false) => String::new(),
    };
    let (id, end) = (&device.id, certificate.not_after);
    desk.say(
        format_args!(
            "{id}  {left}, {}  {}  at {}  held by {} {holder}  certificate {}{next}",
            end.to_jst_minutes(),
            device.label,
            device.facility,
            device.holder,
            certificate.serial
        ),
        &json!({
            "device": id.as_str(), "label": device.label, "facility": device.facility.as_str(),
            "holder": device.holder.as_str(), "serial": certificate.serial.to_string(), "not_after": end.to_string(),
            "days_left": days_left(end, desk.now()), "stage": stage.map(ExpiryStage::as_str),
            "code_until": code_until.map(|until| until.to_string()), "being_issued": begun,
        }),
    )
}
