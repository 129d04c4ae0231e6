//! The score as a table for people.

use std::fmt::{self, Display, Formatter};

use super::report::{KindReport, Report};

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let seeds: Vec<String> = self.seeds.iter().map(u64::to_string).collect();
        writeln!(f, "{} users, {} weeks, seed {}; {} deeds", self.users, self.weeks, seeds.join(", "), self.deeds)?;
        writeln!(f)?;
        writeln!(
            f,
            "{:<34} {:<5} {:>3} {:>7} {:>6} {:>11} {:>7} {:>9} {:>9} {:>9} {:>9} {:>9}",
            "attack",
            "class",
            "n",
            "recall",
            "held",
            "records",
            "in all",
            "refused",
            "edits",
            "strange",
            "detect",
            "hold"
        )?;
        for kind in &self.kinds {
            row(f, kind)?;
        }
        writeln!(f)?;
        for (class, recall) in &self.recall {
            let held = self.held.get(class).copied();
            writeln!(f, "recall of {} kinds: {}, held {}", word(*class), percent(Some(*recall)), percent(held))?;
        }
        writeln!(f, "false alerts: {:.2} for 1000 users in a week (of {:.2} alerts)", self.false_alerts, self.alerts)?;
        for (detector, count) in &self.false_alerts_by {
            writeln!(f, "  {detector}: {count:.2}")?;
        }
        writeln!(f, "alerts about faults of the service: {}", self.incident_alerts)?;
        let [suspensions, wrong] = self.suspensions;
        writeln!(
            f,
            "false suspensions: {:.2} for 10,000 users in a month ({wrong} of {suspensions})",
            self.false_suspensions
        )?;
        writeln!(
            f,
            "precision: alerts {}, suspensions {}",
            percent(self.alert_precision),
            percent(self.suspension_precision)
        )?;
        writeln!(
            f,
            "explained accesses refused: {:.4} %, worst week {:.4} %, of people whom no attack touched {:.4} %",
            self.care_lost * 100.0,
            self.care_lost_worst_week * 100.0,
            self.care_lost_untouched * 100.0
        )?;
        writeln!(f, "honest step-ups: {:.2} for 1000 users in a week", self.step_ups)?;
        let [half, most] = self
            .recovery_minutes
            .map(|minutes| minutes.map_or_else(|| "-".to_owned(), |minutes| format!("{minutes:.1}")));
        writeln!(f, "recovery of falsely held users: {} of them, p50 {half} min, p95 {most} min", self.recoveries)?;
        write!(f, "honest deeds a user and day:")?;
        for (name, rate) in self.honest_deeds.iter().filter(|(_, rate)| **rate > 0.0) {
            write!(f, " {name} {rate:.3}")?;
        }
        writeln!(f)
    }
}

fn row(f: &mut Formatter<'_>, kind: &KindReport) -> fmt::Result {
    let [name, class] = [kind.name.chars().take(34).collect::<String>(), word(kind.class)];
    writeln!(
        f,
        "{name:<34} {class:<5} {:>3} {:>7} {:>6} {:>11} {:>7} {:>9} {:>9} {:>9} {:>9} {:>9}",
        kind.instances,
        percent(kind.recall),
        percent(kind.held),
        both(kind.records),
        kind.records_in_all.map_or_else(|| "-".to_owned(), |value| value.to_string()),
        both(kind.refused),
        both(kind.edits),
        both(kind.strange),
        time(kind.detect_minutes),
        time(kind.hold_minutes),
    )
}

fn word(class: crate::mix::Class) -> String {
    format!("{class:?}").to_lowercase()
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.1}%", share * 100.0))
}

/// Half of them, and most.
fn both([half, most]: [Option<u32>; 2]) -> String {
    match (half, most) {
        (Some(half), Some(most)) => format!("{half}/{most}"),
        _ => "-".to_owned(),
    }
}

fn time(minutes: Option<f64>) -> String {
    match minutes {
        None => "-".to_owned(),
        Some(minutes) if minutes < 2.0 => format!("{:.0} s", minutes * 60.0),
        Some(minutes) if minutes < 120.0 => format!("{minutes:.0} min"),
        Some(minutes) if minutes < 2880.0 => format!("{:.1} h", minutes / 60.0),
        Some(minutes) => format!("{:.1} d", minutes / 1440.0),
    }
}
