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
        tokio::time::sleep(Duration::from_millis(500)).await;
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
