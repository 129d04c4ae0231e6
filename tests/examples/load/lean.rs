//! HTTP/1.1 with as little work as it takes: the load shares a core with the store, and whatever it costs is missing when a
//! fast proxy is to be kept busy. Requests are octets that were written once; of an answer the status, the length and
//! the chunks are read. Anything unexpected is an error.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::figures::Answer;
use crate::plan::{Plan, Request};

/// What is read at a time, and the longest head.
const BUFFER: usize = 64 * 1024;
/// What is sent at a time of a body.
const PIECE: usize = 64 * 1024;

pub(crate) struct Connection {
    tls: TlsStream<TcpStream>,
    buffer: Vec<u8>,
    /// Of the buffer: what is not read yet.
    begin: usize,
    end: usize,
}

/// How long an answer's body is.
enum Length {
    Octets(usize),
    Chunks,
}

impl Connection {
    /// As the plan says of the connection of this number.
    pub(crate) async fn open(plan: &Plan, number: usize) -> Result<Self, String> {
        let to: SocketAddr = plan.to;
        Ok(Self::over(plan.terminal(number).connect(to, plan.source(number)).await?))
    }

    pub(crate) fn over(tls: TlsStream<TcpStream>) -> Self {
        Self { tls, buffer: Vec::new(), begin: 0, end: 0 }
    }

    /// Sends a request and reads the answer to its end.
    pub(crate) async fn ask(&mut self, request: &Request) -> Result<Answer, String> {
        self.tls.write_all(&request.head).await.map_err(|error| error.to_string())?;
        let mut left = request.body;
        static ZEROS: [u8; PIECE] = [0; PIECE];
        while left > 0 {
            let piece = &ZEROS[..left.min(PIECE)];
            self.tls.write_all(piece).await.map_err(|error| error.to_string())?;
            left -= piece.len();
        }
        self.tls.flush().await.map_err(|error| error.to_string())?;
        // Held only while something is on its way: ten thousand idle connections must not need a buffer each.
        self.buffer.resize(BUFFER, 0);
        let answer = self.answer().await;
        if self.begin == self.end {
            (self.begin, self.end) = (0, 0);
            if self.buffer.capacity() > BUFFER {
                self.buffer = Vec::new();
            }
        }
        answer
    }

    /// Gives the buffer back, for who will not ask for long.
    pub(crate) fn rest(&mut self) {
        if self.begin == self.end {
            self.buffer = Vec::new();
        }
    }

    async fn answer(&mut self) -> Result<Answer, String> {
        let head = loop {
            let here = &self.buffer[self.begin..self.end];
            if let Some(end) = find(here, b"\r\n\r\n") {
                break self.begin..self.begin + end + 4;
            }
            self.more().await?;
        };
        let (status, length, again) = read_head(&self.buffer[head.clone()])?;
        self.begin = head.end;
        let octets = match length {
            Length::Octets(octets) => {
                self.skip(octets).await?;
                octets
            }
            Length::Chunks => self.skip_chunks().await?,
        };
        Ok(Answer { status, octets: octets as u64, again })
    }

    /// Reads more; what is not read yet moves to the front when there is no room behind it.
    async fn more(&mut self) -> Result<(), String> {
        if self.begin == self.end {
            (self.begin, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            if self.begin == 0 {
                return Err("a head longer than the buffer".to_owned());
            }
            self.buffer.copy_within(self.begin..self.end, 0);
            (self.begin, self.end) = (0, self.end - self.begin);
        }
        match self.tls.read(&mut self.buffer[self.end..]).await {
            Ok(0) => Err("the connection was closed".to_owned()),
            Ok(read) => {
                self.end += read;
                Ok(())
            }
            Err(error) => Err(error.to_string()),
        }
    }

    async fn skip(&mut self, mut octets: usize) -> Result<(), String> {
        while octets > self.end - self.begin {
            octets -= self.end - self.begin;
            self.begin = self.end;
            self.more().await?;
        }
        self.begin += octets;
        Ok(())
    }

    /// RFC 9112 7.1, without trailers.
    async fn skip_chunks(&mut self) -> Result<usize, String> {
        let mut all = 0;
        loop {
            let line = loop {
                if let Some(end) = find(&self.buffer[self.begin..self.end], b"\r\n") {
                    break self.begin..self.begin + end;
                }
                self.more().await?;
            };
            let text = std::str::from_utf8(&self.buffer[line.clone()]).map_err(|error| error.to_string())?;
            let octets = usize::from_str_radix(text, 16).map_err(|_| format!("no size of a chunk: {text}"))?;
            self.begin = line.end + 2;
            self.skip(octets + 2).await?;
            if octets == 0 {
                return Ok(all);
            }
            all += octets;
        }
    }
}

fn find(within: &[u8], what: &[u8]) -> Option<usize> {
    within.windows(what.len()).position(|here| here == what)
}

fn read_head(head: &[u8]) -> Result<(u16, Length, bool), String> {
    let head = std::str::from_utf8(head).map_err(|error| error.to_string())?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
    let status: u16 = status.ok_or_else(|| format!("no status: {head}"))?;
    let (mut length, mut again) = (None, false);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(Length::Octets(value.parse().map_err(|_| format!("no length: {value}"))?));
        } else if name.eq_ignore_ascii_case("transfer-encoding") && value.eq_ignore_ascii_case("chunked") {
            length = Some(Length::Chunks);
        } else if name.eq_ignore_ascii_case("retry-after") {
            again = true;
        }
    }
    let length = if matches!(status, 204 | 304) { Some(Length::Octets(0)) } else { length };
    Ok((status, length.ok_or_else(|| format!("an answer without end: {head}"))?, again))
}
