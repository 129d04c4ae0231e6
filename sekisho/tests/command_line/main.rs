//! The command line through the real binary: what is typed, what is printed, what lies in the folder afterwards.

#[cfg(test)]
mod acme;
#[cfg(test)]
mod certificates;
#[cfg(test)]
mod containers;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod enrolment;
#[cfg(test)]
mod evidence;
#[cfg(test)]
mod external;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod maps;
#[cfg(test)]
mod newcomers;
#[cfg(test)]
mod nothing_found;
#[cfg(test)]
mod office;
mod offices;
#[cfg(test)]
mod orders;
#[cfg(test)]
#[path = "../../../tests/src/world/ports.rs"]
mod ports;
#[cfg(test)]
mod renewal;
#[cfg(test)]
mod rollover;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod scep;
#[cfg(test)]
mod serving;
#[cfg(test)]
mod support;
#[cfg(test)]
mod suspensions;
#[cfg(test)]
mod verbs;
