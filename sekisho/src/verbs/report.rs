//! `report`: whoever acted in the city's place owes it a report; the city says that it has received it (art. 10-5, 29-2,
//! 39-3). Each is made in the same entry as the act itself, so there is no verb that makes one.

use registry::{Command, Report as Due, ReportId, ReportSubject};
use serde_json::json;

use super::Desk;
use crate::cli::Report;
use crate::error::Error;
use crate::output;

pub(super) fn run(desk: &Desk, verb: &Report) -> Result<(), Error> {
    match verb {
        Report::List => output::each(desk.snapshot().reports(), "no report waits for the city", |due| say(desk, due)),
        Report::Acknowledge(acknowledge) => {
            let report = ReportId::new(acknowledge.report);
            desk.execute(Command::AcknowledgeReport { report })?;
            let by = desk.author()?;
            desk.say(
                format_args!("report {report} is acknowledged by {by}"),
                &json!({ "report": report.get(), "acknowledged": true, "by": by.to_string() }),
            )
        }
    }
}

fn say(desk: &Desk, due: &Due) -> Result<(), Error> {
    let Due { id, about, article, author, since } = due;
    let (act, what) = match about {
        ReportSubject::Suspension(target) => ("suspension", target.to_string()),
        ReportSubject::Revocation(serial) => ("revocation", serial.to_string()),
        ReportSubject::Device(device) => ("revocation", format!("device:{device}")),
        ReportSubject::Return(device) => ("return", format!("device:{device}")),
    };
    desk.say(
        format_args!("{id}  {act} of {what}  {}  by {author}  due by art. {article}", since.to_jst_minutes()),
        &json!({
            "report": id.get(), "about": act, "of": what, "since": since.to_string(),
            "by": author.to_string(), "article": article.to_string(),
        }),
    )
}
