//! A store that says what a test wants said, to the octet.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What is said to a request.
pub(crate) struct Answer {
    pub(crate) octets: Vec<u8>,
    /// The connection ends behind it. Else that is for whoever asked.
    pub(crate) hangs_up: bool,
}

/// A store that answers the head of each request with what this makes of it; bodies are read as if they were heads.
pub(crate) async fn scripted(answer: impl Fn(&str) -> Answer + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, answer.clone()));
        }
    });
    address
}

async fn serve(mut stream: TcpStream, answer: impl Fn(&str) -> Answer) {
    let mut asked = Vec::new();
    while let Ok(octet) = stream.read_u8().await {
        asked.push(octet);
        if !asked.ends_with(b"\r\n\r\n") {
            continue;
        }
        let Answer { octets, hangs_up } = answer(&String::from_utf8_lossy(&asked));
        asked.clear();
        if stream.write_all(&octets).await.is_err() || hangs_up {
            return;
        }
    }
}
