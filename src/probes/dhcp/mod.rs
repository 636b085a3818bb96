//! DHCP clients: configuration, hooks, leases.

mod hooks;
mod leases;
#[cfg(test)]
mod tests;

use crate::formats::network::dhclient_conf::{self, BUILT_IN_CLASSLESS, Parsed};
use crate::system::Root;
use isctpl_checks::facts::{DhclientConf, DhclientInterface, Dhcp, Location, Problem};
use std::collections::HashMap;

/// Where dhclient's configuration lies, as its packages build it.
const CONFIGURATIONS: [&str; 3] = ["/etc/dhcp/dhclient.conf", "/etc/dhclient.conf", "/etc/dhcp3/dhclient.conf"];

/// Directories that hold configurations of single interfaces, `dhclient-IF.conf`.
const PER_INTERFACE: [&str; 2] = ["/etc/dhcp", "/etc"];

const PROGRAMS: [&str; 4] = ["/usr/sbin/dhclient", "/sbin/dhclient", "/usr/bin/dhclient", "/usr/local/sbin/dhclient"];

/// The most bytes of the program that are searched.
const PROGRAM_LIMIT: u64 = 32 << 20;

/// How deep `include` is followed.
const INCLUDE_DEPTH: usize = 4;

/// The most files that are read for one configuration: files may include each other again and again.
const FILE_LIMIT: usize = 256;

/// Reads what is known of DHCP clients. `live` says that `/run` is the instance's own; on a mounted root
/// it may be the rescue host's.
pub fn read(root: &Root, live: bool) -> Dhcp {
    let mut facts = Dhcp::default();
    let program = PROGRAMS.iter().find(|path| root.is_file(path));
    facts.dhclient_installed = program.is_some();
    let built_in = program.is_some_and(|path| knows_classless(root, path, &mut facts.problems));
    facts.dhclient = configuration(root, built_in, &mut facts.problems);
    facts.hooks = hooks::read(root, &mut facts.problems);
    facts.leases = leases::read(root, live, &mut facts.problems);
    facts
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

fn configuration(root: &Root, built_in: bool, problems: &mut Vec<Problem>) -> Option<DhclientConf> {
    let mut parsed = CONFIGURATIONS.iter().find_map(|path| file(root, path, INCLUDE_DEPTH, &mut 0, problems));
    let mut declared: HashMap<String, u32> = parsed.as_ref().map(|parsed| parsed.declared.clone()).unwrap_or_default();
    if built_in {
        declared.entry(BUILT_IN_CLASSLESS.to_owned()).or_insert(121);
        if let Some(parsed) = &mut parsed {
            settle_built_in(&mut parsed.conf, &declared);
        }
    }
    let mut conf = parsed.map(|parsed| parsed.conf);
    for directory in PER_INTERFACE {
        let names = root.names(directory).unwrap_or_else(|problem| {
            problems.push(problem);
            Vec::new()
        });
        for file_name in names {
            let name = file_name.strip_prefix("dhclient-").and_then(|name| name.strip_suffix(".conf"));
            let path = format!("{directory}/{file_name}");
            let Some(name) = name.filter(|_| root.is_file(&path)) else { continue };
            if let Some(own) = file(root, &path, INCLUDE_DEPTH, &mut 0, problems) {
                let conf = conf.get_or_insert_with(DhclientConf::default);
                conf.interfaces.push(of_interface(name, &path, own.conf));
            }
        }
    }
    conf
}

/// A file of one interface's own stands in the place of the general one.
fn of_interface(name: &str, path: &str, own: DhclientConf) -> DhclientInterface {
    DhclientInterface {
        name: name.to_owned(),
        at: Some(Location::file(path)),
        timeout: own.timeout,
        requested: own.requested,
        asks_classless: own.asks_classless,
    }
}

/// A build that knows the option also asks for it where no list is given.
fn settle_built_in(conf: &mut DhclientConf, declared: &HashMap<String, u32>) {
    let asks = |list: &[String]| dhclient_conf::asks(list, declared);
    conf.asks_classless |= conf.requested.as_ref().is_none_or(|list| asks(&list.value));
    let general = conf.asks_classless;
    for interface in &mut conf.interfaces {
        interface.asks_classless |= interface.requested.as_ref().map_or(general, |list| asks(&list.value));
    }
}

/// A file with those that it includes. What an included file says goes before, since it is mostly there
/// to override; the order of statements is not kept.
fn file(root: &Root, path: &str, depth: usize, read: &mut usize, problems: &mut Vec<Problem>) -> Option<Parsed> {
    *read += 1;
    let text = match root.text(path) {
        Ok(text) => text?,
        Err(problem) => {
            problems.push(problem);
            return None;
        }
    };
    let mut parsed = dhclient_conf::parse(&text, path);
    problems.append(&mut parsed.problems);
    for include in std::mem::take(&mut parsed.includes) {
        if depth == 0 {
            problems.push(Problem::new(include.at.to_string(), "is included too deep; not read"));
            continue;
        }
        if *read >= FILE_LIMIT {
            let what = format!("is not read in: more than {FILE_LIMIT} files are included");
            problems.push(Problem::new(include.at.to_string(), what));
            break;
        }
        let Some(included) = file(root, &include.value, depth - 1, read, problems) else { continue };
        parsed.declared.extend(included.declared);
        parsed.conf.timeout = included.conf.timeout.or(parsed.conf.timeout);
        parsed.conf.requested = included.conf.requested.or(parsed.conf.requested);
        parsed.conf.interfaces.extend(included.conf.interfaces);
        parsed.conf.asks_classless =
            parsed.conf.requested.as_ref().is_some_and(|list| dhclient_conf::asks(&list.value, &parsed.declared));
    }
    Some(parsed)
}
