//! The binary. What can be asked is in `cli.rs`, what comes of it in `lib.rs`.

use std::process::ExitCode;

use clap::Parser;
use sekisho::cli::Cli;
use sekisho::error::with_causes;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    sekisho::start_log(&cli.verb);
    match sekisho::run(&cli) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("sekisho: {}", with_causes(&error));
            ExitCode::FAILURE
        }
    }
}
