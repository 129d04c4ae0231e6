//! `device import`: the city's loan list, line by line. Each line is taken whole or refused with a reason; what stands already
//! is left as it is, so that the same list can be given again after an interruption.

use std::collections::BTreeMap;

use model::{DeviceId, FacilityId, UserKey};
use registry::{Command, Device};
use serde_json::json;

use super::{Desk, code};
use crate::cli::device::DeviceImport;
use crate::error::Error;
use crate::folder::{self, NewFile};
use crate::ids;

/// Longest list, in octets.
const OCTETS_MAX: usize = 8 * 1024 * 1024;

/// The columns, each with the names that it may have; the last may be missing.
const COLUMNS: [(&str, &[&str]); 5] = [
    ("device", &["端末番号", "device"]),
    ("facility", &["利用施設番号", "facility"]),
    ("holder", &["管理者番号", "holder"]),
    ("label", &["名称", "label"]),
    ("hardware", &["製造番号", "hardware"]),
];

/// One line as it was written.
struct Line {
    number: u64,
    device: DeviceId,
    facility: FacilityId,
    holder: UserKey,
    label: String,
    hardware: Option<String>,
}

/// What a line comes to.
enum Comes {
    /// To these commands.
    Added(Vec<Command>),
    /// Only the name of its hardware is new.
    Named(Command),
    /// To nothing: it stands so already.
    Unchanged,
}

pub(super) fn run(desk: &Desk, import: &DeviceImport) -> Result<(), Error> {
    let text = decoded(folder::read(&import.file)?)?;
    let mut slips = import.slips.as_ref().map(|path| NewFile::create(path)).transpose()?;
    let (mut printed, mut refused, mut all) = (String::new(), 0_usize, 0_usize);
    let mut seen = Seen::default();
    for (number, line) in lines(&text)? {
        all += 1;
        let done = line.and_then(|line| {
            seen.first(&line)?;
            let outcome = take(desk, &line, import.dry_run)?;
            Ok((line, outcome))
        });
        let (device, outcome, why) = match &done {
            Ok((line, outcome)) => (Some(line.device.as_str()), *outcome, None),
            Err(why) => (None, "refused", Some(why.clone())),
        };
        refused += usize::from(why.is_some());
        let reason = why.as_deref().map_or(String::new(), |why| format!(": {why}"));
        let value = json!({ "line": number, "device": device, "outcome": outcome, "why": why });
        desk.say(format_args!("{number}: {} {outcome}{reason}", device.unwrap_or("-")), &value)?;
        // Whatever is on loan and has neither a certificate nor a slip gets one, also when the list is given again.
        if let (Ok((line, _)), true, false) = (&done, slips.is_some(), import.dry_run)
            && !is_provided(desk, &line.device)
        {
            match code::printed(desk, &line.device, import.hours) {
                Ok(slip) => printed.extend([slip.as_str(), "\n\u{c}"]),
                // The other slips are on record already, and must get onto paper.
                Err(error) => {
                    refused += 1;
                    let why = error.to_string();
                    let value =
                        json!({ "line": number, "device": line.device.as_str(), "outcome": "no slip", "why": why });
                    desk.say(format_args!("{number}: {} no slip: {why}", line.device), &value)?;
                }
            }
        }
    }
    if let Some(mut file) = slips.take().filter(|_| !import.dry_run) {
        file.write(printed.as_bytes())?;
        file.keep();
    }
    if refused == 0 {
        return Ok(());
    }
    Err(Error::usage(format_args!("{refused} of {all} lines were refused; the others stand as the report says")))
}

/// The lines so far, by what may stand in one only.
#[derive(Default)]
struct Seen {
    devices: BTreeMap<DeviceId, u64>,
    hardware: BTreeMap<String, u64>,
}

impl Seen {
    fn first(&mut self, line: &Line) -> Result<(), String> {
        if let Some(before) = self.devices.insert(line.device.clone(), line.number) {
            return Err(format!("device {} stands in line {before} already", line.device));
        }
        let Some(hardware) = &line.hardware else { return Ok(()) };
        match self.hardware.insert(hardware.clone(), line.number) {
            Some(before) => Err(format!("the hardware `{hardware}` stands in line {before} already")),
            None => Ok(()),
        }
    }
}

/// A slip that was handed out must not be ended by another; nor one for an attested key be followed by one for any.
fn is_provided(desk: &Desk, device: &DeviceId) -> bool {
    let (snapshot, now) = (desk.snapshot(), desk.now());
    snapshot.enrolment(device).is_some_and(|code| now < code.until)
        || snapshot.certificates_of(device).any(|one| one.is_live() && one.in_validity(now))
}

/// UTF-8, with or without a mark at its beginning, or Shift_JIS, as city offices export.
fn decoded(octets: Vec<u8>) -> Result<String, Error> {
    if octets.len() > OCTETS_MAX {
        return Err(Error::usage("the list is longer than 8 MB"));
    }
    match String::from_utf8(octets) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(error) => {
            let octets = error.into_bytes();
            let (text, faulty) = encoding_rs::SHIFT_JIS.decode_without_bom_handling(&octets);
            if faulty {
                return Err(Error::usage("the list is neither in UTF-8 nor in Shift_JIS"));
            }
            Ok(text.into_owned())
        }
    }
}

type Numbered = (u64, Result<Line, String>);

fn lines(text: &str) -> Result<Vec<Numbered>, Error> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(Error::usage)?.clone();
    let places = places(&headers)?;
    let (mut lines, mut number, mut counted) = (Vec::new(), 1_u64, 0_usize);
    for record in reader.records() {
        let record = record.map_err(Error::usage)?;
        // The library counts a line of CR LF before its LF: what stands before the line is counted here.
        let place = record.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(counted);
        let between = text.get(counted..place).unwrap_or_default();
        let blank = text.get(place..).unwrap_or_default();
        let blank = blank.len() - blank.trim_start_matches(['\r', '\n']).len();
        let skipped = text.get(place..place + blank).unwrap_or_default();
        number += [between, skipped].iter().map(|part| part.matches('\n').count() as u64).sum::<u64>();
        counted = place + blank;
        if record.iter().all(str::is_empty) {
            continue;
        }
        let line = if record.len() == headers.len() {
            read(number, &record, &places)
        } else {
            Err(format!("it has {} columns, and the first line {}", record.len(), headers.len()))
        };
        lines.push((number, line));
    }
    Ok(lines)
}

/// Where each column stands. Columns of other names are the city's own and are passed over.
fn places(headers: &csv::StringRecord) -> Result<BTreeMap<&'static str, usize>, Error> {
    let mut places = BTreeMap::new();
    for (column, names) in COLUMNS {
        let mut found = headers.iter().enumerate().filter(|(_, header)| names.contains(header));
        match (found.next(), found.next()) {
            (Some((place, _)), None) => drop(places.insert(column, place)),
            (None, _) if column == "hardware" => {}
            (None, _) => {
                let names = names.join("` / `");
                return Err(Error::usage(format_args!("the first line has no column `{names}`")));
            }
            (Some(_), Some(_)) => {
                let names = names.join("` / `");
                return Err(Error::usage(format_args!("the first line has a column `{names}` twice")));
            }
        }
    }
    Ok(places)
}

fn read(number: u64, record: &csv::StringRecord, places: &BTreeMap<&str, usize>) -> Result<Line, String> {
    let field = |column: &str| places.get(column).and_then(|place| record.get(*place)).unwrap_or_default();
    let label = field("label").to_owned();
    if label.is_empty() {
        return Err("it has no label".to_owned());
    }
    Ok(Line {
        number,
        device: id(field("device"))?,
        facility: id(field("facility"))?,
        holder: id(field("holder"))?,
        label,
        hardware: Some(field("hardware").to_owned()).filter(|name| !name.is_empty()),
    })
}

fn id<T: std::str::FromStr<Err = model::IdError>>(text: &str) -> Result<T, String> {
    ids::parse(text).map_err(|error: Error| error.to_string())
}

/// One word for what became of a line. All of it is tried before any of it is given; a crash between its two commands leaves
/// what the next run finds to be named.
fn take(desk: &Desk, line: &Line, dry_run: bool) -> Result<&'static str, String> {
    let told = |error: Error| crate::error::with_causes(&error).replace("\n  ", "; ");
    let (commands, outcome) = match comes(desk.snapshot().device(&line.device), line)? {
        Comes::Added(commands) => (commands, "added"),
        Comes::Named(command) => (vec![command], "changed"),
        Comes::Unchanged => return Ok("unchanged"),
    };
    desk.rehearse(&commands).map_err(told)?;
    if !dry_run {
        for command in commands {
            desk.execute(command).map_err(told)?;
        }
    }
    Ok(outcome)
}

fn comes(known: Option<&Device>, line: &Line) -> Result<Comes, String> {
    let device = line.device.clone();
    let named = || Command::NameHardware { device: device.clone(), hardware: line.hardware.clone() };
    let Some(known) = known else {
        let loan = Command::RegisterDevice {
            device: device.clone(),
            label: line.label.clone(),
            facility: line.facility.clone(),
            holder: line.holder.clone(),
        };
        let name = line.hardware.is_some().then(named);
        return Ok(Comes::Added([Some(loan), name].into_iter().flatten().collect()));
    };
    if known.returned_at.is_some() {
        return Err("the device came back; a number is not used twice".to_owned());
    }
    let other = [
        ("facility", known.facility.as_str(), line.facility.as_str()),
        ("holder", known.holder.as_str(), line.holder.as_str()),
        ("label", known.label.as_str(), line.label.as_str()),
    ];
    if let Some((what, stands, given)) = other.into_iter().find(|(_, stands, given)| stands != given) {
        return Err(format!("its {what} is `{stands}` on record and `{given}` here; a list moves no device"));
    }
    if line.hardware.is_none() || known.hardware == line.hardware {
        return Ok(Comes::Unchanged);
    }
    Ok(Comes::Named(named()))
}
