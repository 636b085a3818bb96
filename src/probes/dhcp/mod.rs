//! DHCP clients: configuration, hooks, leases.

pub(super) mod dhclient;
mod hooks;
mod leases;
#[cfg(test)]
mod tests;

pub(crate) use leases::directories as lease_directories;

use super::files::Reader;
use crate::formats::network::dhclient_conf::BUILT_IN_CLASSLESS;
use crate::system::Root;
use isctpl_checks::facts::{Dhcp, Problem, Source};

const PROGRAMS: [&str; 4] = ["/usr/sbin/dhclient", "/sbin/dhclient", "/usr/bin/dhclient", "/usr/local/sbin/dhclient"];

/// The most bytes of the program that are searched.
const PROGRAM_LIMIT: u64 = 32 << 20;

/// Reads what is known of DHCP clients. `live` says that `/run` is the instance's own; on a mounted root
/// it may be the rescue host's.
pub(crate) fn read(root: &Root, live: bool) -> Dhcp {
    let mut facts = Dhcp::default();
    let files = Reader::new(root);
    let program = files.first_file(PROGRAMS);
    facts.dhclient_installed = program.is_some();
    let built_in = program.is_some_and(|path| knows_classless(root, path, &mut files.problems()));
    Source::Dhclient.name(&mut files.problems());
    facts.dhclient = dhclient::read(&files, built_in);
    facts.problems = files.into_problems();
    facts.hooks = hooks::read(root, &mut facts.problems);
    Source::DhclientHooks.name(&mut facts.problems);
    facts.leases = leases::read(root, live, &mut facts.problems);
    Source::Leases.name(&mut facts.problems);
    facts
}

/// Reads the leases that this host's clients hold, for a root that is its own.
pub(crate) fn leases_of_host(host: &Root, facts: &mut Dhcp) {
    let mut problems = Vec::new();
    facts.leases.extend(leases::read(host, true, &mut problems));
    Source::Leases.name(&mut problems);
    facts.problems.extend(problems);
}

/// Whether this build of dhclient knows option 121 without a declaration: its table of options names it.
fn knows_classless(root: &Root, path: &str, problems: &mut Vec<Problem>) -> bool {
    let name = format!("\0{BUILT_IN_CLASSLESS}\0");
    match root.read(path, PROGRAM_LIMIT) {
        Ok(Some(bytes)) => bytes.windows(name.len()).any(|window| window == name.as_bytes()),
        Ok(None) => false,
        Err(problem) => {
            problems.push(problem);
            false
        }
    }
}
