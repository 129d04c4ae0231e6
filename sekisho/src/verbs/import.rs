//! `device import`: the city's loan list, line by line. Each line is taken whole or refused with a reason; what stands already
//! is left as it is, so that the same list can be given again after an interruption.

use std::collections::BTreeMap;

use model::{DeviceId, FacilityId, UserKey};
use registry::{Command, Device, EnrolmentKind, RegistryError};
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
    let text = decoded(folder::read_up_to(&import.file, OCTETS_MAX)?)?;
    let lines = lines(&text)?;
    if lines.is_empty() {
        let value = json!({ "lines": 0 });
        return desk.say("the list has a heading and no lines: nothing was taken over", &value);
    }
    let mut slips = Slips::open(import)?;
    let (mut refused, all) = (0_usize, lines.len());
    let mut seen = Seen::default();
    for (number, named, line) in lines {
        let done = line.and_then(|line| {
            seen.first(&line)?;
            let outcome = take(desk, &line, import.dry_run)?;
            Ok((line, outcome))
        });
        let (outcome, why) = match &done {
            Ok((_, outcome)) => (*outcome, None),
            Err(why) => ("refused", Some(why.clone())),
        };
        refused += usize::from(why.is_some());
        told(desk, number, &named, outcome, why.as_deref())?;
        // Whatever is on loan and has neither a certificate nor a slip gets one, also when the list is given again.
        if let (Ok((line, _)), Some(slips)) = (&done, &mut slips)
            && let Err(error) = slips.add(desk, &line.device)
        {
            refused += 1;
            told(desk, number, &named, "no slip", Some(&error.to_string()))?;
        }
    }
    slips.map_or(Ok(()), |slips| slips.end(desk))?;
    if refused == 0 {
        return Ok(());
    }
    Err(Error::usage(format_args!("{refused} of {all} lines were refused; the others stand as the report says")))
}

/// One line of the report. A line that names no device is told by its number alone.
fn told(desk: &Desk, number: u64, named: &str, outcome: &str, why: Option<&str>) -> Result<(), Error> {
    let reason = why.map_or(String::new(), |why| format!(": {why}"));
    let device = Some(named).filter(|named| !named.is_empty());
    let value = json!({ "line": number, "device": device, "outcome": outcome, "why": why });
    desk.say(format_args!("{number}: {} {outcome}{reason}", device.unwrap_or("-")), &value)
}

/// The slips of a list, in a file of their own.
struct Slips<'a> {
    file: NewFile,
    import: &'a DeviceImport,
    printed: usize,
    /// Devices with a code and no certificate, whose slip is not in this file.
    waiting: usize,
}

impl<'a> Slips<'a> {
    fn open(import: &'a DeviceImport) -> Result<Option<Self>, Error> {
        // What a rehearsal would print has no code.
        let path = import.slips.as_ref().filter(|_| !import.dry_run);
        path.map(|path| Ok(Self { file: NewFile::create(path)?, import, printed: 0, waiting: 0 })).transpose()
    }

    /// Adds the slip of a device that needs one. The paper comes before the code: whoever is interrupted in between has a slip too
    /// many, which opens nothing, and never a code that nobody can read.
    fn add(&mut self, desk: &Desk, device: &DeviceId) -> Result<(), Error> {
        match needs(desk, device, self.import.again) {
            Needs::Nothing => return Ok(()),
            Needs::Waiting => {
                self.waiting += 1;
                return Ok(());
            }
            Needs::Slip => {}
        }
        let slip = code::printed(desk, device, self.import.hours)?;
        let added = self.file.append(format!("{}\n\u{c}", slip.sheet).as_bytes())?;
        match slip.offer(desk) {
            Ok(()) => {}
            Err(error @ Error::Registry(RegistryError::Refused(_))) => {
                self.file.cut_back(&added)?;
                return Err(error);
            }
            // Whether the code is good is not known then; a slip that opens nothing does less harm than a code without one.
            Err(error) => {
                self.file.stays();
                return Err(error);
            }
        }
        self.file.stays();
        self.printed += 1;
        Ok(())
    }

    /// Keeps what there is, and says what is not there.
    fn end(self, desk: &Desk) -> Result<(), Error> {
        let Self { file, import, printed, waiting } = self;
        let path = file.path().display().to_string();
        // Dropped without a slip in it, it is taken away.
        drop(file);
        let said = match printed {
            0 => "no slip was printed".to_owned(),
            _ => format!("{printed} slips are in {path}"),
        };
        let lost = match (waiting, import.again) {
            (0, _) => String::new(),
            (_, false) => format!(
                "; {waiting} more devices have a code already, whose slip may be lost: where it is, give the list again \
                 with --again and another file, which ends those codes"
            ),
            (_, true) => format!(
                "; {waiting} more devices have a code for a container or a key in hardware: see `device list`, and print \
                 theirs one by one"
            ),
        };
        let value = json!({ "slips": printed, "waiting": waiting, "file": (printed > 0).then_some(path) });
        desk.say(format_args!("{said}{lost}"), &value)
    }
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

/// What a device needs of a list of slips.
enum Needs {
    /// It has a certificate.
    Nothing,
    /// It has a code, whose slip was handed out or is lost.
    Waiting,
    /// A slip.
    Slip,
}

/// A slip that was handed out must not be ended by another unless that is asked for; nor one for an attested key or a container ever
/// be followed by one for any key.
fn needs(desk: &Desk, device: &DeviceId, again: bool) -> Needs {
    let (snapshot, now) = (desk.snapshot(), desk.now());
    if snapshot.certificates_of(device).any(|one| one.is_live() && one.in_validity(now)) {
        return Needs::Nothing;
    }
    match snapshot.enrolment(device).filter(|code| now < code.until) {
        Some(code) if !again || code.kind != EnrolmentKind::Csr => Needs::Waiting,
        _ => Needs::Slip,
    }
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

/// Number of the line, the device that it names as it stands there, and what was read.
type Numbered = (u64, String, Result<Line, String>);

fn lines(text: &str) -> Result<Vec<Numbered>, Error> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(Error::usage)?.clone();
    let places = places(&headers).map_err(|error| separated_otherwise(&headers).unwrap_or(error))?;
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
        let named = places.get("device").and_then(|place| record.get(*place)).unwrap_or_default();
        lines.push((number, named.to_owned(), line));
    }
    Ok(lines)
}

/// A heading that holds the names, and not between commas.
fn separated_otherwise(headers: &csv::StringRecord) -> Option<Error> {
    let one = headers.get(0).filter(|_| headers.len() == 1)?;
    let (_, name) = [('\t', "tabs"), (';', "semicolons"), ('、', "the sign 、"), ('，', "full-width commas")]
        .into_iter()
        .find(|(sign, _)| one.contains(*sign))?;
    Some(Error::usage(format_args!(
        "the columns are separated by {name}; save the list with commas between them (CSV)"
    )))
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
    for (column, names) in COLUMNS {
        if column != "hardware" && field(column).is_empty() {
            return Err(format!("its column `{}` is empty", names.join("` / `")));
        }
    }
    Ok(Line {
        number,
        device: id("device", field("device"))?,
        facility: id("facility", field("facility"))?,
        holder: id("holder", field("holder"))?,
        label: field("label").to_owned(),
        hardware: Some(field("hardware").to_owned()).filter(|name| !name.is_empty()),
    })
}

fn id<T: std::str::FromStr<Err = model::IdError>>(column: &str, text: &str) -> Result<T, String> {
    ids::parse(text).map_err(|error: Error| format!("{column} {error}"))
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
