//! Octets to the gateway, and its answers read by the letter.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::world::Terminal;

/// What came back on one connection.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// Status and body of each answer, in order.
    pub(crate) answers: Vec<(u16, String)>,
    /// The connection was ended.
    pub(crate) closed: bool,
}

impl Said {
    pub(crate) fn statuses(&self) -> Vec<u16> {
        self.answers.iter().map(|(status, _)| *status).collect()
    }
}

/// Sends octets on a connection of their own, and reads until it ends, or nothing more has come for a while.
pub(crate) async fn say(terminal: &Terminal, octets: &[u8]) -> Said {
    say_in_pieces(terminal, &[octets]).await
}

/// The same, with a pause between pieces.
pub(crate) async fn say_in_pieces(terminal: &Terminal, pieces: &[&[u8]]) -> Said {
    let mut connection = terminal.raw().await.unwrap();
    for (number, piece) in pieces.iter().enumerate() {
        if number > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // Refused before all of it was sent is an answer too.
        if connection.write_all(piece).await.is_err() || connection.flush().await.is_err() {
            break;
        }
    }
    let (mut octets, mut closed) = (Vec::new(), false);
    loop {
        // Mostly two messages are sent; behind the answer to the second there is no use in waiting long.
        let patience = if whole(&octets) >= 2 { 400 } else { 5000 };
        let mut room = [0; 8192];
        match timeout(Duration::from_millis(patience), connection.read(&mut room)).await {
            Ok(Ok(0) | Err(_)) => {
                closed = true;
                break;
            }
            Ok(Ok(count)) => octets.extend_from_slice(&room[..count]),
            Err(_) => break,
        }
    }
    Said {
        answers: answers(&octets).unwrap_or_else(|| panic!("no answers: {}", String::from_utf8_lossy(&octets))),
        closed,
    }
}

/// How many answers are there, interim ones aside; none while one is cut off.
fn whole(octets: &[u8]) -> usize {
    answers(octets).map_or(0, |answers| answers.iter().filter(|(status, _)| *status >= 200).count())
}

/// The answers in these octets, which must be nothing else; none if the last is cut off.
fn answers(mut octets: &[u8]) -> Option<Vec<(u16, String)>> {
    let mut answers = Vec::new();
    while !octets.is_empty() {
        let end = octets.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&octets[..end]).expect("a head in ASCII");
        let mut lines = head.split("\r\n");
        let status = lines.next()?.strip_prefix("HTTP/1.1 ").expect("an answer where one begins").get(..3)?;
        let status: u16 = status.parse().expect("a status");
        octets = &octets[end + 4..];
        let field = |sought: &str| {
            let fields = head.split("\r\n").skip(1).filter_map(|line| line.split_once(": "));
            fields.filter(|(name, _)| name.eq_ignore_ascii_case(sought)).map(|(_, value)| value).next()
        };
        let mut body = Vec::new();
        if let Some(length) = field("content-length") {
            let length: usize = length.parse().unwrap();
            body = octets.get(..length)?.to_vec();
            octets = &octets[length..];
        } else if field("transfer-encoding").is_some() {
            loop {
                let end = octets.windows(2).position(|two| two == b"\r\n")?;
                let size = usize::from_str_radix(std::str::from_utf8(&octets[..end]).unwrap(), 16).expect("a chunk");
                body.extend_from_slice(octets.get(end + 2..end + 2 + size)?);
                octets = octets.get(end + 4 + size..)?;
                if size == 0 {
                    break;
                }
            }
        }
        answers.push((status, String::from_utf8_lossy(&body).into_owned()));
    }
    Some(answers)
}
