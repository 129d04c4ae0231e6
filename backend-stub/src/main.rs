//! The stand-in care-record store as a program. Prints where it listens, serves, and drains on SIGTERM.

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use backend_stub::{Options, Paging, Seed, Trust};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// A stand-in care-record store (FHIR R4, feeds, documents) with synthetic data.
#[derive(Parser)]
#[command(name = "backend-stub", version)]
struct Arguments {
    /// Where care records are served; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where `/stub/...` is served, for tests; loopback only.
    #[arg(long, default_value = "127.0.0.1:0")]
    admin_listen: SocketAddr,
    /// SQLite file; without it everything is kept in memory.
    #[arg(long)]
    data_file: Option<PathBuf>,
    /// What an empty store is filled with, one resource per line; without it the built-in set.
    #[arg(long)]
    seed_file: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArguments,
    /// How many of the last requests `/stub/requests` keeps; 0 keeps none.
    #[arg(long, default_value_t = 2_000)]
    requests_kept: usize,
    /// Milliseconds between two signs of life on a quiet feed.
    #[arg(long, default_value_t = 15_000)]
    heartbeat_ms: u64,
    /// How links to further pages of a search look: they name the search, or a token of it in the store's memory.
    #[arg(long, value_enum, default_value_t = PagingArgument::Offset)]
    paging: PagingArgument,
    /// Stops when standard input ends: whoever started the store and holds the other end is gone, however it went.
    #[arg(long)]
    stop_at_eof: bool,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct TrustArguments {
    /// Where the gateway's public keys are fetched: `http://host:port/.well-known/jwks.json`.
    #[arg(long)]
    jwks_url: Option<String>,
    /// The gateway's public keys in a file (RFC 7517).
    #[arg(long)]
    jwks_file: Option<PathBuf>,
    /// Asks nobody who they are: benchmarks on loopback only.
    #[arg(long)]
    without_identity: bool,
}

/// [`Paging`] on the command line.
#[derive(Clone, Copy, clap::ValueEnum)]
enum PagingArgument {
    Offset,
    Token,
}

impl From<PagingArgument> for Paging {
    fn from(argument: PagingArgument) -> Self {
        match argument {
            PagingArgument::Offset => Self::Offset,
            PagingArgument::Token => Self::Token,
        }
    }
}

impl From<TrustArguments> for Trust {
    fn from(arguments: TrustArguments) -> Self {
        match (arguments.jwks_url, arguments.jwks_file) {
            (Some(url), _) => Self::Url(url),
            (_, Some(file)) => Self::File(file),
            _ => Self::Anyone,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into()))
        .with_writer(std::io::stderr)
        .init();
    match serve(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("backend-stub: {}", with_causes(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let options = Options {
        listen: arguments.listen,
        admin_listen: arguments.admin_listen,
        data_file: arguments.data_file,
        seed: arguments.seed_file.map_or(Seed::BuiltIn, Seed::File),
        requests_kept: arguments.requests_kept,
        heartbeat: Duration::from_millis(arguments.heartbeat_ms.max(1)),
        paging: arguments.paging.into(),
        ..Options::new(arguments.trust.into())
    };
    let mut terminate = signal(SignalKind::terminate())?;
    let store = backend_stub::run(options).await?;
    println!("listening on {}", store.address());
    println!("admin on {}", store.admin());
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
        () = input_ended(), if arguments.stop_at_eof => {}
    }
    store.stop().await;
    Ok(())
}

/// Waits for the end of standard input. The thread that reads is not waited for: it ends with the program.
async fn input_ended() {
    let (ended, heard) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        // An input that cannot be read has ended too.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        drop(ended);
    });
    let _ = heard.await;
}

/// An error with its causes, each on a line of its own.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(because) = cause {
        text.push_str("\n  because ");
        text.push_str(&because.to_string());
        cause = because.source();
    }
    text
}
