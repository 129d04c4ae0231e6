//! Who did what to which record by which rule: one durable entry per request, search and verification.
