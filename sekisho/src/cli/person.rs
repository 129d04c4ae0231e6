//! `person` and `consent`: who is supported, and what may be done with the records (art. 3, 17, 21-2).

use clap::{Args, Subcommand};
use model::Timestamp;

use super::time;

/// `person …`.
#[derive(Debug, Subcommand)]
pub enum Person {
    /// Register a supported person; the ID is that of the Patient in the store
    Add(PersonAdd),
    /// A person's name or district changed (art. 3); what is not named stays as it is
    Change(PersonChange),
    /// A person is not eligible any more, or from a day on (art. 3): nobody reads or writes the records from then on
    EndEligibility(PersonEndEligibility),
    /// A person is eligible again, or on another ground (art. 3)
    RenewEligibility(PersonRenewEligibility),
    /// List the persons with eligibility, consent and team size
    List,
}

/// `person add`.
#[derive(Debug, Args)]
pub struct PersonAdd {
    /// ID of the person, equal to the Patient's in the store
    #[arg(long, value_name = "PERSON")]
    pub id: String,
    /// Name
    #[arg(long, value_name = "TEXT")]
    pub name: String,
    /// District of residence, as disaster use names districts
    #[arg(long, value_name = "AREA", default_value = "", hide_default_value = true)]
    pub area: String,
    /// Municipality that insures the person (art. 3)
    #[arg(long, value_name = "TEXT")]
    pub municipality: String,
    /// On which ground the person is eligible (art. 3): insured or address-exception
    #[arg(long, value_name = "KIND", default_value = "insured")]
    pub eligibility: String,
    /// Eligible from this time on (RFC 3339) [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<Timestamp>,
    /// Eligible until this time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub until: Option<Timestamp>,
}

/// `person change`.
#[derive(Debug, Args)]
pub struct PersonChange {
    /// The person
    #[arg(value_name = "PERSON")]
    pub person: String,
    /// What is different.
    #[command(flatten)]
    pub different: PersonDifferences,
}

/// What of a person is different now. What is not named stays as it is.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub struct PersonDifferences {
    /// Name now
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// District of residence now, as disaster use names districts; empty for none
    #[arg(long, value_name = "AREA")]
    pub area: Option<String>,
}

/// `person end-eligibility`.
#[derive(Debug, Args)]
pub struct PersonEndEligibility {
    /// The person
    #[arg(value_name = "PERSON")]
    pub person: String,
    /// Not eligible from this time on (RFC 3339) [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub until: Option<Timestamp>,
}

/// `person renew-eligibility`.
#[derive(Debug, Args)]
pub struct PersonRenewEligibility {
    /// The person
    #[arg(value_name = "PERSON")]
    pub person: String,
    /// Municipality that insures the person now [default: as before]
    #[arg(long, value_name = "TEXT")]
    pub municipality: Option<String>,
    /// On which ground the person is eligible now: insured or address-exception [default: as before]
    #[arg(long, value_name = "KIND")]
    pub eligibility: Option<String>,
    /// Eligible from this time on (RFC 3339) [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<Timestamp>,
    /// Eligible until this time (RFC 3339) [default: not foreseen]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub until: Option<Timestamp>,
}

/// `consent …`.
#[derive(Debug, Subcommand)]
pub enum Consent {
    /// A form was received, or a new one with other scopes (art. 17-1)
    Give(ConsentGive),
    /// Withdrawn on request: support stopped, nobody reads or writes (art. 17-2, 17-3)
    Withdraw(ConsentWithdraw),
    /// List what is on record of each person's consent, or of one person's: form, scopes, since when
    List(ConsentList),
}

/// `consent give`.
#[derive(Debug, Args)]
pub struct ConsentGive {
    /// The person
    #[arg(value_name = "PERSON")]
    pub person: String,
    /// Who signed: person, family or relative
    #[arg(long, value_name = "WHO", default_value = "person")]
    pub given_by: String,
    /// Why family or a relative signed
    #[arg(long, value_name = "TEXT")]
    pub because: Option<String>,
    /// The form does not allow storing
    #[arg(long)]
    pub no_store: bool,
    /// The form does not allow sharing
    #[arg(long)]
    pub no_share: bool,
    /// The form allows disaster use (art. 21-2)
    #[arg(long)]
    pub disaster: bool,
    /// Date on the form (RFC 3339) [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub form_date: Option<Timestamp>,
    /// SHA-256 of the scanned form, in hexadecimal
    #[arg(long, value_name = "HEX")]
    pub form_hash: Option<String>,
}

/// `consent withdraw`.
#[derive(Debug, Args)]
pub struct ConsentWithdraw {
    /// The person
    #[arg(value_name = "PERSON")]
    pub person: String,
    /// What was asked for
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// `consent list`.
#[derive(Debug, Args)]
pub struct ConsentList {
    /// Of this person only
    #[arg(value_name = "PERSON")]
    pub person: Option<String>,
}
