//! The verbs: one file a noun. Each opens the desk, gives the registry a command in somebody's name, and says what came
//! of it. A server that runs beside follows within milliseconds.

pub(crate) mod audit;
mod authority;
mod break_glass;
mod certificate;
mod code;
mod contract;
mod deletion;
mod desk;
mod device;
mod duty;
pub(crate) mod enrol;
mod expiring;
mod explain;
pub(crate) mod external;
mod facility;
mod facility_revocation;
mod import;
mod issue;
pub(crate) mod journal;
mod log;
pub(crate) mod map;
mod person;
mod policies;
pub(crate) mod policy;
mod report;
mod revocation;
mod root;
mod root_list;
mod server;
mod service;
mod sought;
mod suspension;
mod team;
mod user;

use crate::cli::{Common, Verb};
use crate::error::Error;

pub(crate) use desk::{Desk, open_registry};
pub(crate) use issue::{Order, issue, profile, term};
pub(crate) use policy::in_force;

/// Carries out a verb about the registry.
pub(crate) fn run(common: &Common, verb: &Verb) -> Result<(), Error> {
    match verb {
        Verb::Facility(verb) => facility::run(&Desk::open(common)?, verb),
        Verb::User(verb) => user::run(&Desk::open(common)?, verb),
        Verb::Device(verb) => device::run(&Desk::open(common)?, verb),
        Verb::Person(verb) => person::run(&Desk::open(common)?, verb),
        Verb::Consent(verb) => person::consent(&Desk::open(common)?, verb),
        Verb::Team(verb) => team::run(&Desk::open(common)?, verb),
        Verb::Duty(verb) => duty::run(&Desk::open(common)?, verb),
        Verb::Deletion(verb) => deletion::run(&Desk::open(common)?, verb),
        Verb::Contract(verb) => contract::run(&Desk::open(common)?, verb),
        Verb::BreakGlass(verb) => break_glass::run(&Desk::open(common)?, verb),
        Verb::Suspend(verb) => suspension::suspend(&Desk::open(common)?, verb),
        Verb::Resume(verb) => suspension::resume(&Desk::open(common)?, verb),
        Verb::Suspension(verb) => suspension::run(&Desk::open(common)?, verb),
        Verb::Report(verb) => report::run(&Desk::open(common)?, verb),
        Verb::Revoke(verb) => revocation::revoke(&Desk::open(common)?, verb),
        Verb::Confirm(verb) => revocation::confirm(&Desk::open(common)?, verb),
        Verb::Revocation(verb) => revocation::run(&Desk::open(common)?, verb),
        Verb::Service(verb) => service::run(&Desk::open(common)?, verb),
        Verb::Disaster(verb) => service::disaster(&Desk::open(common)?, verb),
        Verb::Explain(verb) => explain::run(&Desk::open(common)?, verb),
        Verb::Registry(verb) => log::run(&Desk::open(common)?, verb),
        Verb::Certificate(verb) => certificate::run(common, verb),
        Verb::Authority(verb) => authority::run(common, verb),
        Verb::Init(_)
        | Verb::Serve(_)
        | Verb::Check(_)
        | Verb::Demo(_)
        | Verb::Enrol(_)
        | Verb::Policy(_)
        | Verb::Map(_)
        | Verb::Audit(_)
        | Verb::Journal(_) => Err(Error::usage("this verb is not one about the registry")),
    }
}
