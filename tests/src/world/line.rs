//! A line to PostgreSQL that can go dead: it stays open, and nothing comes through, as when a cable is pulled.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use journal::Place;
use journal::testing::Postgres;

/// What PostgreSQL calls its socket.
const SOCKET: &str = ".s.PGSQL.5432";

/// Carries connections to a server until it is told to hold its breath. On threads of its own, because tests block.
pub(crate) struct Line {
    folder: tempfile::TempDir,
    dead: Arc<(Mutex<bool>, Condvar)>,
}

impl Line {
    /// A line to this server.
    pub(crate) fn to(server: &Postgres) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dead: Arc<(Mutex<bool>, Condvar)> = Arc::default();
        let listener = UnixListener::bind(folder.path().join(SOCKET)).unwrap();
        let (there, held) = (std::path::Path::new(&host(&server.url())).join(SOCKET), Arc::clone(&dead));
        thread::spawn(move || {
            for near in listener.incoming() {
                let (near, far) = (near.unwrap(), UnixStream::connect(&there));
                // Nobody there: the caller is told by the end of his connection.
                let Ok(far) = far else { continue };
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (from, to, held) = (from.try_clone().unwrap(), to.try_clone().unwrap(), Arc::clone(&held));
                    thread::spawn(move || carry(&from, &to, &held));
                }
            }
        });
        Self { folder, dead }
    }

    /// The same place, reached over this line.
    pub(crate) fn place(&self, place: Place) -> Place {
        let Place::Postgres { url, name } = place else { panic!("no PostgreSQL: {place}") };
        Place::Postgres { url: url.replacen(&host(&url), self.folder.path().to_str().unwrap(), 1), name }
    }

    /// Nothing comes through any more.
    pub(crate) fn cut(&self) {
        *self.dead.0.lock().unwrap() = true;
    }

    /// Everything comes through, late.
    pub(crate) fn mend(&self) {
        *self.dead.0.lock().unwrap() = false;
        self.dead.1.notify_all();
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.mend();
    }
}

/// `host` of a connection string.
fn host(url: &str) -> String {
    url.split(' ').find_map(|pair| pair.strip_prefix("host=")).unwrap().to_owned()
}

fn carry(mut from: &UnixStream, mut to: &UnixStream, (dead, mended): &(Mutex<bool>, Condvar)) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        drop(mended.wait_while(dead.lock().unwrap(), |dead| *dead).unwrap());
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    // Whoever is on either end learns of it.
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
