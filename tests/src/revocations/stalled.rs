//! A reader that stops reading in the middle of a large download, with a small receive window: whatever lies in the kernel's
//! send queue when the revocation comes must not reach it.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use crate::world::{CARE, Terminal, World};

const DOWNLOAD: &str = "/fhir/Binary/slow-100mb";
/// What the kernel is asked to hold for it.
const WINDOW: u32 = 64 * 1024;

/// See the module.
pub(crate) struct Reader {
    tls: TlsStream<TcpStream>,
    /// What the kernel holds for it at most: Linux doubles what it is asked for.
    window: usize,
}

impl Reader {
    /// Asks, reads a little and stops, until everything on the way is full.
    pub(crate) async fn begin(world: &World, terminal: &Terminal, cookie: &str) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(WINDOW).unwrap();
        let window = usize::try_from(socket.recv_buffer_size().unwrap()).unwrap();
        let stream = socket.connect(world.address).await.unwrap();
        let name = rustls::pki_types::ServerName::try_from(CARE).unwrap();
        let connector = tokio_rustls::TlsConnector::from(Arc::clone(terminal.config()));
        let mut tls = connector.connect(name, stream).await.unwrap();
        let ask = format!("GET {DOWNLOAD} HTTP/1.1\r\nhost: {CARE}\r\ncookie: {cookie}\r\naccept: */*\r\n\r\n");
        tls.write_all(ask.as_bytes()).await.unwrap();
        let mut head = [0; 1024];
        tls.read_exact(&mut head).await.unwrap();
        assert!(head.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head));
        let client = tls.get_ref().0.local_addr().unwrap();
        full(world.address.port(), client.port()).await;
        Self { tls, window }
    }

    /// Reads on, now that it is revoked: how much still came, and how much the kernel holds for it at most.
    pub(crate) async fn rest(mut self) -> (usize, usize) {
        let mut octets = 0;
        let mut piece = vec![0; 65_536];
        let reading = async {
            while let Ok(count @ 1..) = self.tls.read(&mut piece).await {
                octets += count;
            }
        };
        timeout(Duration::from_secs(5), reading).await.expect("the download goes on");
        (octets, self.window)
    }
}

/// What a socket has to send that was not taken yet, in octets, and whether it waits for its peer to have room again.
fn sending(from: u16, to: u16) -> Option<(u64, bool)> {
    let port = |address: &str| u16::from_str_radix(address.rsplit(':').next()?, 16).ok();
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    table.lines().skip(1).find_map(|line| {
        // Number, local and remote address, state, the two queues, which timer runs (4: asking a closed window).
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (queued, _) = fields[4].split_once(':')?;
        let asks = fields[5].starts_with("04:");
        let ours = (port(fields[1]), port(fields[2])) == (Some(from), Some(to));
        ours.then(|| (u64::from_str_radix(queued, 16).unwrap(), asks))
    })
}

/// Waits until the reader's window is closed and the sender's own queue grows no more.
async fn full(sender: u16, reader: u16) {
    let mut before = None;
    for _ in 0..500 {
        let now = sending(sender, reader).filter(|(queued, asks)| *queued > 0 && *asks);
        if now.is_some() && now == before {
            return;
        }
        before = now;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the connection from {sender} to {reader} does not fill: {:?}", sending(sender, reader));
}
