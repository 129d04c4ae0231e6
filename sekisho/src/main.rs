//! The binary. What can be asked is in `cli.rs`, what comes of it in `lib.rs`.

use std::process::ExitCode;

use clap::Parser;
use sekisho::cli::Cli;
use sekisho::error::with_causes;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exit status for a PIN that a token does not take; the service file knows it.
const WRONG_PIN: u8 = 3;

fn main() -> ExitCode {
    let cli = Cli::parse();
    sekisho::start_log(&cli.verb);
    match sekisho::run(&cli) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("sekisho: {}", with_causes(&error));
            // Whoever starts us again and again must not try a wrong PIN again and again: tokens lock.
            if error.is_wrong_pin() { ExitCode::from(WRONG_PIN) } else { ExitCode::FAILURE }
        }
    }
}
