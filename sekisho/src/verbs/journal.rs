//! `journal`: where both journals end, and cutting a torn end. The one verb that works when nothing else starts.

use journal::{Cut, End, Journal, JournalError, Position};
use model::Office;
use serde_json::json;

use crate::cli::journal::{CutTornTail, Which};
use crate::cli::{Common, Journal as Verb, nobody_named};
use crate::error::Error;
use crate::output::Output;
use crate::settings::Settings;
use crate::{clock, folder};

/// Characters of a row that are printed in a sentence; JSON has all of it.
const ROW_CHARACTERS_SHOWN: usize = 400;

/// The verb. True: both ends are in order, or are so now.
pub(crate) fn run(common: &Common, verb: &Verb) -> Result<bool, Error> {
    let settings = Settings::load(&common.settings_file()?)?;
    match verb {
        Verb::Status => status(&settings, Output::new(common.json)),
        Verb::CutTornTail(cut) => cut_torn_tail(common, &settings, cut).map(|()| true),
    }
}

fn status(settings: &Settings, output: Output) -> Result<bool, Error> {
    let mut in_order = true;
    for which in Which::ALL {
        let end = Journal::end_of(&settings.journal.place(which));
        if let Err(changed @ JournalError::Changed { .. }) = end {
            in_order = false;
            output.say(
                format_args!("{}: {changed}; nothing cuts that: what was there is in a backup only", which.as_str()),
                &json!({ "journal": which.as_str(), "changed": changed.to_string() }),
            )?;
            continue;
        }
        let End { intact, claimed, torn } = end.map_err(Error::journal(which.as_str()))?;
        let value = json!({
            "journal": which.as_str(), "intact": intact.to_string(), "claimed": claimed.to_string(), "torn": torn,
        });
        let Some(why) = torn else {
            output.say(format_args!("{}: the end is in order; head {intact}", which.as_str()), &value)?;
            continue;
        };
        in_order = false;
        output.say(
            format_args!(
                "{which}: the end is torn ({why}); the last head in order is {intact}, and the head record says \
                 {claimed}; read sekisho journal cut-torn-tail --help; then: sekisho journal cut-torn-tail --journal \
                 {which} --keep {intact} --as city-officer:NAME",
                which = which.as_str()
            ),
            &value,
        )?;
    }
    Ok(in_order)
}

fn cut_torn_tail(common: &Common, settings: &Settings, verb: &CutTornTail) -> Result<(), Error> {
    let author = common.author()?.ok_or_else(nobody_named)?;
    // Evidence gets shorter: that is no clerk's business, and nobody's by default.
    if !matches!(author.office, Office::CityOfficer | Office::Contractor) {
        return Err(Error::usage("only a city officer or the contractor cuts a journal; give --as city-officer:NAME"));
    }
    let (output, whose, place) =
        (Output::new(common.json), verb.journal.as_str(), settings.journal.place(verb.journal));
    let failed = Error::journal(whose);
    let end = Journal::end_of(&place).map_err(&failed)?;
    let Some(why) = &end.torn else {
        return output.say(
            format_args!("{whose}: the end is in order; nothing was cut; head {}", end.intact),
            &json!({ "journal": whose, "cut": false, "head": end.intact.to_string() }),
        );
    };
    // Before the cut, durably: a crash leaves a line without a cut, never a cut without a line. Neither journal can hold
    // it: the one is torn, the other is about something else.
    let transcript = common.settings_file()?.with_file_name("cuts.txt");
    let line = |what: &str| folder::add_line(&transcript, &format!("{} {author}: {whose}: {what}", clock::now()));
    if end.intact == verb.keep {
        line(&format!("cutting what follows {}; the head record says {}; {why}", end.intact, end.claimed))?;
    }
    let Some(cut) = Journal::cut_torn_tail(&place, &verb.keep).map_err(&failed)? else {
        return Err(Error::usage("somebody else cut it in this moment; see sekisho journal status"));
    };
    line(&format!("cut; {} rows were taken out", cut.rows.len()))?;
    report(output, whose, &cut)
}

/// What was cut, row by row: somebody has to find out what is missing now.
fn report(output: Output, whose: &str, cut: &Cut) -> Result<(), Error> {
    let Cut { intact, claimed, rows } = cut;
    output.say(
        format_args!(
            "{whose}: cut; the head is {intact}, the head record said {claimed}; rows taken out: {}; they stay in the \
             database; next: sekisho audit verify",
            rows.len()
        ),
        &json!({
            "journal": whose, "cut": true, "head": intact.to_string(), "claimed": claimed.to_string(),
            "rows": rows.len(),
        }),
    )?;
    rows.iter().try_for_each(|(first, body)| {
        let text = harmless(body);
        let shown: String = text.chars().take(ROW_CHARACTERS_SHOWN).collect();
        let more = if shown.len() < text.len() { " …" } else { "" };
        let first: &Position = first;
        output.say(
            format_args!("{whose}: cut row from position {first}, {} bytes: {shown}{more}", body.len()),
            &json!({ "journal": whose, "cut_row": first.get(), "bytes": body.len(), "text": text }),
        )
    })
}

/// Stored bytes for a terminal: lengths between the entries, and whatever else is no text, become spaces.
fn harmless(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.chars().map(|c| if c.is_control() || c == char::REPLACEMENT_CHARACTER { ' ' } else { c }).collect()
}
