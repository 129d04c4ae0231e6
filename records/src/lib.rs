//! Which person's record does this message touch? Canonical targets, FHIR R4 grammar, checks on what comes back. Pure.
