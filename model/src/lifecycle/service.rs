//! The service as a whole. Regulation art. 26: the city may stop it without notice; art. 21: disaster use; art. 27: the end,
//! a month after notice. Public information (art. 22) stays open through all of it.

super::lifecycle! {
    "service";
    /// Where the service stands.
    states {
        /// As every day.
        Running = "running",
        /// Stopped (art. 26): no record is read or written.
        Stopped = "stopped",
        /// Disaster use (art. 21): wider reading for persons with prior disaster consent, until a set time.
        DisasterUse = "disaster-use",
        /// Ended (art. 27).
        Ended = "ended",
    }
    /// What happens to the service.
    events {
        /// Stop at once (26).
        Stop = "stop",
        /// Go on again.
        Resume = "resume",
        /// Two officers declare disaster use (21).
        DeclareDisaster = "declare-disaster",
        /// Disaster use ends: by the clock or by an officer.
        EndDisaster = "end-disaster",
        /// The service ends (27).
        End = "end",
    }
    table {
        Running + Stop => Stopped,
        DisasterUse + Stop => Stopped,
        Stopped + Resume => Running,
        Running + DeclareDisaster => DisasterUse,
        DisasterUse + EndDisaster => Running,
        Running + End => Ended,
        Stopped + End => Ended,
    }
}
