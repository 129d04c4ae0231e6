//! Doors for the office: certificate status now, pages for officers, clerks and facility administrators later.
