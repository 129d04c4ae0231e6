//! The stand-in store as a process of its own: it is no part of us, and knows us only by our keys.

use std::io::{BufRead, BufReader, ErrorKind};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::folder::Folder;
use crate::settings::Settings;

/// Name of the program.
const PROGRAM: &str = "backend-stub";
/// How long it may take to stop by itself.
const STOP_MAX: Duration = Duration::from_secs(3);

/// The running store. Dropped without [`Store::stop`], it is killed; where we are killed ourselves, it stops at the end of
/// its input.
pub(super) struct Store {
    child: Child,
    /// Kept open: a program that writes into a closed pipe dies of it.
    _said: BufReader<ChildStdout>,
}

/// The program, beside our own. In a Cargo workspace it is built first: one that is there may be of older sources.
pub(super) fn find() -> Result<PathBuf, Error> {
    let own = std::env::current_exe().map_err(Error::file("finding", Path::new("sekisho")))?;
    let folder = own.parent().unwrap_or(Path::new("."));
    let program = folder.join(PROGRAM);
    // `cargo run` says where our manifest is; without it, `target/release` lies two levels below the workspace.
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let workspace = manifest.as_deref().and_then(Path::parent).or_else(|| folder.ancestors().nth(2));
    if let Some(workspace) = workspace.filter(|root| root.join(PROGRAM).join("Cargo.toml").is_file()) {
        let release = folder.file_name().is_some_and(|name| name == "release");
        build(workspace, release, program.is_file())?;
    }
    if program.is_file() {
        Ok(program)
    } else {
        Err(Error::usage(format_args!("the stand-in store `{}` is not there", program.display())))
    }
}

/// `cargo run` builds the program it runs and no other. Cargo says what it is doing: the first time it takes minutes.
fn build(workspace: &Path, release: bool, there: bool) -> Result<(), Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let how_long = if there { "if it has changed" } else { "which takes some minutes the first time" };
    eprintln!("sekisho demo: building the stand-in store, {how_long} ...");
    let mut command = Command::new(cargo);
    command.args(["build", "--package", PROGRAM]).current_dir(workspace);
    if release {
        command.arg("--release");
    }
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        // A machine without Cargo, with what was built elsewhere.
        Err(error) if error.kind() == ErrorKind::NotFound && there => Ok(()),
        Ok(_) => Err(Error::usage("the stand-in store could not be built; see above")),
        Err(source) => Err(Error::File { doing: "starting", path: PathBuf::from("cargo"), source }),
    }
}

/// Where the stand-in store listens.
///
/// # Errors
/// The settings were changed to something that it does not speak.
pub(super) fn address(settings: &Settings) -> Result<SocketAddr, Error> {
    settings.store.plain().ok_or_else(|| {
        Error::usage("the demo's stand-in store is one server over plain HTTP/1.1; in [store], give it an address such as 127.0.0.1:8446")
    })
}

impl Store {
    /// Starts it and waits until it listens.
    pub(super) fn start(program: &Path, settings: &Settings, folder: &Folder) -> Result<Self, Error> {
        let keys = format!("http://{}/.well-known/jwks.json", settings.listen.store_door);
        let address = address(settings)?;
        let child = Command::new(program)
            .arg("--listen")
            .arg(address.to_string())
            .arg("--jwks-url")
            .arg(keys)
            .arg("--data-file")
            .arg(folder.data().join("store.db"))
            // Ours until we end, however that comes: the store notices, and does not keep the port.
            .arg("--stop-at-eof")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Error::file("starting", program));
        let mut child = child?;
        let said = child.stdout.take().map(BufReader::new);
        let Some(mut said) = said else {
            return Err(Error::usage("the stand-in store says nothing"));
        };
        let mut line = String::new();
        let heard = said.read_line(&mut line);
        let store = Self { child, _said: said };
        match heard {
            Ok(_) if line.starts_with("listening on ") => Ok(store),
            _ => {
                let why = format_args!("the stand-in store did not start on {address}; it says why above");
                Err(Error::usage(why))
            }
        }
    }

    /// Waits for it; Ctrl-C reached it too. What does not stop is killed.
    pub(super) fn stop(mut self) {
        if let Some(id) = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap_or(0)) {
            // It may have gone already.
            let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        }
        let begun = Instant::now();
        while begun.elapsed() < STOP_MAX {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
