//! For tests: dice, and a PostgreSQL of one's own.
//!
//! The PostgreSQL is a fresh cluster in a folder under /tmp, on a Unix socket, no TCP.
//!
//! The server hangs on a pipe held by the test's process: however that ends, even by SIGKILL, the pipe closes, the server
//! stops and its folder goes. As root, the server runs as `nobody` (PostgreSQL refuses to run as root).

mod dice;

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};

pub use self::dice::Dice;
use crate::Place;

/// `nobody` and `nogroup` on Debian.
const NOBODY: u32 = 65_534;
const START_WAIT: Duration = Duration::from_secs(60);

/// The shell that keeps the server: started in the folder, ends it when its input ends.
const KEEPER: &str = r#"
    "$1/initdb" -D data -U sekisho -A trust -E UTF8 --locale=C --no-sync >initdb.log 2>&1 || exit 1
    start() { "$1/postgres" -D data -c listen_addresses= -c unix_socket_directories="$2" -c max_connections=200 \
              -c shared_buffers=16MB >>server.log 2>&1 & server=$!; }
    start "$1" "$2"
    while read -r word; do
        case "$word" in
            stop) kill -INT "$server"; wait "$server" ;;
            crash) kill -QUIT "$server"; wait "$server" ;;
            start) start "$1" "$2" ;;
        esac
        echo "$word" >>done.log
    done
    # Nobody needs the data any more. A server that is just recovering from killed backends has been seen to sit out a
    # polite request for good, so it gets three seconds.
    kill -INT "$server" 2>/dev/null
    ( sleep 3; kill -QUIT "$server"; sleep 2; kill -KILL "$server" ) 2>/dev/null &
    mercy=$!
    wait "$server"
    kill "$mercy" 2>/dev/null
    cd / && rm -rf "$2"
"#;

/// A running PostgreSQL; stops and vanishes when dropped.
#[derive(Debug)]
pub struct Postgres {
    folder: PathBuf,
    keeper: Mutex<Child>,
    words: AtomicU32,
    names: AtomicU32,
}

impl Postgres {
    /// One shared by all tests of this process that hold it at the same time.
    ///
    /// # Errors
    /// See [`Self::start`].
    pub fn shared() -> io::Result<Arc<Self>> {
        static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = shared.upgrade() {
            return Ok(running);
        }
        let started = Arc::new(Self::start()?);
        *shared = Arc::downgrade(&started);
        Ok(started)
    }

    /// A new one.
    ///
    /// # Errors
    /// PostgreSQL is not installed (Debian: `postgresql`), or does not start within a minute.
    pub fn start() -> io::Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = PathBuf::from(format!("/tmp/sekisho-pg-{}-{number}", std::process::id()));
        fs::create_dir(&folder)?;
        let mut keeper = Command::new("sh");
        if fs::metadata(&folder)?.uid() == 0 {
            chown(&folder, Some(NOBODY), Some(NOBODY))?;
            keeper.uid(NOBODY).gid(NOBODY);
        }
        keeper.args(["-c", KEEPER, "keeper"]).arg(programs()?).arg(&folder).current_dir(&folder);
        // A group of its own: a Ctrl-C at the tests must end it by the pipe, in order.
        keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let keeper = Mutex::new(keeper.spawn()?);
        let this = Self { folder, keeper, words: AtomicU32::new(0), names: AtomicU32::new(0) };
        this.wait_until_it_answers()?;
        Ok(this)
    }

    /// A place for a new journal.
    #[must_use]
    pub fn place(&self) -> Place {
        let number = self.names.fetch_add(1, Ordering::Relaxed);
        // Names are of a-z and _, so the number is spelt in letters.
        let name: String = format!("{number}").bytes().map(|digit| char::from(b'a' + (digit - b'0'))).collect();
        Place::Postgres { url: self.url(), name: format!("test_{name}") }
    }

    /// Its connection string.
    #[must_use]
    pub fn url(&self) -> String {
        format!("host={} user=sekisho dbname=postgres", self.folder.display())
    }

    /// Stops the server in order: sessions are ended, the next connection fails.
    ///
    /// # Errors
    /// The keeper is gone.
    pub fn stop_server(&self) -> io::Result<()> {
        self.tell("stop")
    }

    /// Ends the server at once, as a crash would: no checkpoint, recovery at the next start.
    ///
    /// # Errors
    /// The keeper is gone.
    pub fn crash_server(&self) -> io::Result<()> {
        self.tell("crash")
    }

    /// Starts a stopped server again and waits until it answers.
    ///
    /// # Errors
    /// It does not start.
    pub fn start_server(&self) -> io::Result<()> {
        self.tell("start")?;
        self.wait_until_it_answers()
    }

    /// Kills every other session's backend with SIGKILL. PostgreSQL then restarts itself and recovers.
    ///
    /// # Errors
    /// The server cannot be asked, or `kill` not be run.
    pub fn kill_backends(&self) -> io::Result<()> {
        let mut client = Client::connect(&self.url(), NoTls).map_err(io::Error::other)?;
        let found = client.query(
            "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
            &[],
        );
        for row in found.map_err(io::Error::other)? {
            let pid: i32 = row.try_get(0).map_err(io::Error::other)?;
            Command::new("kill").args(["-KILL", &pid.to_string()]).stderr(Stdio::null()).status()?;
        }
        Ok(())
    }

    /// Waits until the server answers.
    ///
    /// # Errors
    /// Not within a minute.
    pub fn wait_until_it_answers(&self) -> io::Result<()> {
        let begun = Instant::now();
        loop {
            match Client::connect(&self.url(), NoTls) {
                Ok(_) => return Ok(()),
                Err(error) if begun.elapsed() > START_WAIT => return Err(io::Error::other(error)),
                Err(_) => thread::sleep(Duration::from_millis(20)),
            }
            let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
            if keeper.try_wait()?.is_some() {
                let log = fs::read_to_string(self.folder.join("initdb.log")).unwrap_or_default();
                return Err(io::Error::other(format!("initdb failed: {log}")));
            }
        }
    }

    /// Tells the keeper a word and waits until it has done it.
    fn tell(&self, word: &str) -> io::Result<()> {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        let input = keeper.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        writeln!(input, "{word}")?;
        let wanted = self.words.fetch_add(1, Ordering::Relaxed) + 1;
        let begun = Instant::now();
        let done = self.folder.join("done.log");
        while fs::read_to_string(&done).unwrap_or_default().lines().count() < usize::try_from(wanted).unwrap_or(0) {
            if begun.elapsed() > START_WAIT {
                return Err(io::ErrorKind::TimedOut.into());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let keeper = self.keeper.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop(keeper.stdin.take());
        // Nothing to be done in a test's end if this fails: the keeper cleans up by itself.
        drop(keeper.wait());
    }
}

/// The folder of the newest installed PostgreSQL's programs.
fn programs() -> io::Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path());
    let with_server = versions.map(|version| version.join("bin")).filter(|bin| bin.join("postgres").exists());
    let newest = with_server
        .max_by_key(|bin| bin.parent().and_then(Path::file_name).and_then(|n| n.to_str()?.parse::<u32>().ok()));
    newest.ok_or_else(|| {
        io::Error::new(io::ErrorKind::NotFound, "no PostgreSQL in /usr/lib/postgresql; install `postgresql`")
    })
}
