//! The simulator on the command line: `citysim score` and `citysim events`.

use std::error::Error;
use std::io::{BufWriter, Write, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

use anomaly::{Event, Guard};
use citysim::score::Details;
use citysim::{Court, MIXES, Mix, Report, Run, Score, Silent, Size, lines};
use clap::{Args, Parser, Subcommand};

/// A city's care network at work, from a seed.
///
/// What people do in it, honest and not, is in a mix file (docs/citysim.md).
#[derive(Debug, Parser)]
#[command(name = "citysim", version, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lets a city run before the detectors, and prints how well they did.
    Score {
        #[command(flatten)]
        run: RunArguments,
        /// Prints JSON instead of a table.
        #[arg(long)]
        json: bool,
        /// Prints each attack and each finding as well, to standard error.
        #[arg(long)]
        details: bool,
        /// Before nobody: what a city is like when nothing is found.
        #[arg(long)]
        without_detectors: bool,
    },
    /// Writes all events of a city in which nobody is held, one JSON object a line.
    Events {
        #[command(flatten)]
        run: RunArguments,
    },
}

#[derive(Debug, Args)]
struct RunArguments {
    /// A mix file, or the name of one that comes with it: shipped, other-city, hospital-days.
    #[arg(long, value_name = "FILE", default_value = "shipped")]
    mix: String,
    /// The seed; several: each is a run, and they are scored together.
    #[arg(long, value_name = "N", default_value = "1")]
    seed: Vec<u64>,
    /// Weeks of a run.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=80))]
    weeks: u32,
    /// Users of the city.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    users: u32,
}

fn main() -> ExitCode {
    match go(&Cli::parse().verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("citysim: {}", with_causes(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn go(verb: &Verb) -> Result<(), Box<dyn Error>> {
    match verb {
        Verb::Score { run, json, details, without_detectors } => {
            let mix = read(&run.mix)?;
            let mut whole: Option<Score> = None;
            for size in sizes(run) {
                let score = if *without_detectors {
                    Run::new(&mix, size, Court::new(Silent, |_: &Event| {}))?.go().0
                } else {
                    Run::new(&mix, size, Court::new(Guard::default(), |_: &Event| {}))?.go().0
                };
                whole = Some(whole.take().map_or(score.clone(), |whole| whole.with(score)));
            }
            if let Some(whole) = whole.as_ref().filter(|_| *details) {
                eprint!("{}", Details(whole));
            }
            let report = whole.as_ref().map(Report::of);
            let mut out = stdout().lock();
            match report {
                Some(report) if *json => writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?,
                Some(report) => write!(out, "{report}")?,
                None => {}
            }
            Ok(())
        }
        Verb::Events { run } => {
            let mix = read(&run.mix)?;
            let mut out = BufWriter::new(stdout().lock());
            for size in sizes(run) {
                let mut failed = None;
                let write = |event: &Event| {
                    if failed.is_none() {
                        failed = writeln!(out, "{}", lines::line(event)).err();
                    }
                };
                Run::new(&mix, size, Court::new(Silent, write))?.go();
                failed.map_or(Ok(()), Err)?;
            }
            out.flush()?;
            Ok(())
        }
    }
}

fn sizes(run: &RunArguments) -> impl Iterator<Item = Size> + '_ {
    run.seed.iter().map(|seed| Size { users: run.users, weeks: run.weeks, seed: *seed })
}

/// A file, or one of those that come with it.
fn read(name: &str) -> Result<Mix, Box<dyn Error>> {
    let path = PathBuf::from(name);
    let text = match MIXES.iter().find(|(known, _)| *known == name) {
        Some((_, text)) if !path.exists() => (*text).to_owned(),
        _ => std::fs::read_to_string(&path).map_err(|error| format!("cannot read `{name}`: {error}"))?,
    };
    Ok(Mix::read(&text).map_err(|error| format!("{name}: {}", with_causes(&error)))?)
}

fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
