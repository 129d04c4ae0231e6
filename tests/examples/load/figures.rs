//! What was seen.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::statistics::quantile;

/// An answer read to its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) octets: u64,
    /// It says when to come again (`Retry-After`).
    pub(crate) again: bool,
}

pub(crate) struct Figures {
    pub(crate) begun: Instant,
    /// Answers with 2xx.
    done: u64,
    /// Whatever else came, or did not.
    failed: u64,
    pub(crate) resumed: u64,
    octets: u64,
    by_status: BTreeMap<u16, u64>,
    /// Refusals that say when to come again.
    again: u64,
    micros: Vec<u32>,
    /// Of what was refused with 429 or 503.
    refused_micros: Vec<u32>,
    /// The first thing that went wrong.
    wrong: Option<String>,
}

impl Default for Figures {
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            done: 0,
            failed: 0,
            resumed: 0,
            octets: 0,
            by_status: BTreeMap::new(),
            again: 0,
            micros: Vec::new(),
            refused_micros: Vec::new(),
            wrong: None,
        }
    }
}

impl Figures {
    /// One more, which was begun (or due) then.
    pub(crate) fn note(&mut self, begun: Instant, answer: Result<Answer, String>) {
        let micros = u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX);
        match answer {
            Ok(answer) => {
                *self.by_status.entry(answer.status).or_default() += 1;
                self.octets += answer.octets;
                if (200..300).contains(&answer.status) {
                    self.done += 1;
                    self.micros.push(micros);
                    return;
                }
                self.failed += 1;
                self.again += u64::from(answer.again);
                if matches!(answer.status, 429 | 503) {
                    self.refused_micros.push(micros);
                }
                self.wrong.get_or_insert_with(|| format!("status {}", answer.status));
            }
            Err(error) => {
                self.failed += 1;
                self.wrong.get_or_insert(error);
            }
        }
    }

    /// So many were asked for: what was not answered failed.
    pub(crate) fn unanswered(&mut self, asked: u64) {
        let missing = asked.saturating_sub(self.done + self.failed);
        if missing > 0 {
            self.failed += missing;
            self.wrong.get_or_insert_with(|| "no answer".to_owned());
        }
    }

    /// Octets that were sent.
    pub(crate) const fn sent(&mut self, octets: u64) {
        self.octets += octets;
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.begun = self.begun.min(other.begun);
        self.done += other.done;
        self.failed += other.failed;
        self.resumed += other.resumed;
        self.octets += other.octets;
        self.again += other.again;
        for (status, count) in other.by_status {
            *self.by_status.entry(status).or_default() += count;
        }
        self.micros.extend(other.micros);
        self.refused_micros.extend(other.refused_micros);
        if let Some(wrong) = other.wrong {
            self.wrong.get_or_insert(wrong);
        }
    }

    pub(crate) fn json(mut self) -> String {
        let seconds = self.begun.elapsed().as_secs_f64();
        self.micros.sort_unstable();
        self.refused_micros.sort_unstable();
        serde_json::json!({
            "done": self.done,
            "failed": self.failed,
            "resumed": self.resumed,
            "octets": self.octets,
            "seconds": seconds,
            "per_second": self.done as f64 / seconds,
            "p50_us": quantile(&self.micros, 0.5),
            "p99_us": quantile(&self.micros, 0.99),
            "p999_us": quantile(&self.micros, 0.999),
            "max_us": self.micros.last(),
            "statuses": self.by_status,
            "again": self.again,
            "refused_p50_us": quantile(&self.refused_micros, 0.5),
            "refused_p99_us": quantile(&self.refused_micros, 0.99),
            "wrong": self.wrong,
        })
        .to_string()
    }
}
