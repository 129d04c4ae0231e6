//! The binary: settings, composition, command line.
//!
//! Reading order: [`cli`] (what can be asked), [`settings`] and [`folder`] (what it runs on), [`init`] (how that comes to
//! be), `compose` and `serve` (the crates put together), `verbs` (everything the city decides), `demo`.
//! Only here and in the gateway is there a clock; only here are `ca` and `gateway` both known, and an edge loads no key
//! of the authority (promise P6).

mod authority;
mod ceremony;
mod check;
pub mod cli;
mod clock;
mod compose;
mod demo;
pub mod error;
pub mod folder;
mod ids;
pub mod init;
mod maps;
mod output;
pub mod secrets;
mod serve;
mod server_certificate;
pub mod settings;
mod standing;
mod transcript;
mod verbs;

use std::io::IsTerminal;

use serde_json::json;
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Common, Init, Verb};
use crate::error::Error;
use crate::output::Output;

/// Carries out what was asked. False: it was carried out, and what it found is not in order.
///
/// # Errors
/// Why it could not be carried out.
pub fn run(cli: &Cli) -> Result<bool, Error> {
    match &cli.verb {
        Verb::Init(verb) => make_folder(&cli.common, verb)?,
        Verb::Serve(verb) => serve::run(&cli.common, verb)?,
        Verb::Check(verb) => return check::run(&cli.common, verb),
        Verb::Map(verb) => return verbs::map::run(&cli.common, verb),
        Verb::Audit(verb) => return verbs::audit::run(&cli.common, verb),
        Verb::Journal(verb) => return verbs::journal::run(&cli.common, verb),
        Verb::Policy(verb) => return verbs::policy::run(&cli.common, verb),
        Verb::Demo(verb) => demo::run(&cli.common, verb)?,
        Verb::Enrol(verb) => verbs::enrol::run(&cli.common, verb)?,
        verb => verbs::run(&cli.common, verb)?,
    }
    Ok(true)
}

/// Telemetry to standard error; `SEKISHO_LOG` says how much. A server tells of its doings, a command of trouble only.
pub fn start_log(verb: &Verb) {
    let usual = if matches!(verb, Verb::Serve(_)) { "info" } else { "warn" };
    let filter = EnvFilter::try_from_env("SEKISHO_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
}

fn make_folder(common: &Common, verb: &Init) -> Result<(), Error> {
    let Some(folder) = &common.data else {
        return Err(Error::usage("say where: sekisho init --data DIR"));
    };
    let plan = init::Plan {
        city: verb.city.clone(),
        care_host: verb.care_host.clone(),
        public_host: verb.public_host.clone(),
        port_base: verb.port_base,
        list_url: verb.list_url.clone(),
        postgres: verb.postgres.clone(),
        witnesses: verb.witnesses.witness.clone(),
    };
    let passphrase = secrets::passphrase(verb.passphrase.passphrase.passphrase_file.as_deref())?;
    let of_root = secrets::root_passphrase(&verb.passphrase)?;
    let made = init::init(folder, &plan, (&passphrase, &of_root), clock::now())?;
    Output::new(common.json).say(
        format_args!(
            "made {}; fingerprint of the root (SHA-256): {}; server certificate valid until {}; next: sekisho check \
             --data {}",
            made.settings.display(),
            made.root_fingerprint,
            made.server_until.to_jst_minutes(),
            folder.display()
        ),
        &json!({
            "settings": made.settings.display().to_string(), "root_sha256": made.root_fingerprint,
            "issuing_until": made.issuing_until.to_string(), "server_until": made.server_until.to_string(),
        }),
    )
}
