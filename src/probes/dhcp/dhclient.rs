//! ISC dhclient's configuration.

use crate::formats::network::dhclient_conf::{self, BUILT_IN_CLASSLESS, CLASSLESS_CODE, Parsed};
use crate::probes::files::Reader;
use isctpl_checks::facts::{DhclientConf, DhclientInterface, Problem};
use std::collections::HashMap;

/// Where the configuration lies, as dhclient's packages build it.
const CONFIGURATIONS: [&str; 3] = ["/etc/dhcp/dhclient.conf", "/etc/dhclient.conf", "/etc/dhcp3/dhclient.conf"];

/// Directories that hold configurations of single interfaces, `dhclient-IF.conf`.
const PER_INTERFACE: [&str; 2] = ["/etc/dhcp", "/etc"];

/// How deep `include` is followed.
const INCLUDE_DEPTH: usize = 4;

/// The most files that are read for one configuration: files may include each other again and again.
const FILE_LIMIT: usize = 256;

/// The configuration of a root, those of single interfaces included. `built_in` says that the program knows option
/// 121 without a declaration.
pub(super) fn read(files: &Reader<'_>, built_in: bool) -> Option<DhclientConf> {
    let mut conf = configuration(files, &CONFIGURATIONS, built_in).map(|parsed| parsed.conf);
    for directory in PER_INTERFACE {
        for file_name in files.names(directory) {
            let name = file_name.strip_prefix("dhclient-").and_then(|name| name.strip_suffix(".conf"));
            let path = format!("{directory}/{file_name}");
            let Some(name) = name.filter(|_| files.is_file(&path)) else { continue };
            if let Some(own) = file(files, &path, INCLUDE_DEPTH, &mut 0) {
                let own = DhclientInterface { at: Some(files.location(&path)), ..of_interface(name, own.conf) };
                conf.get_or_insert_default().interfaces.push(own);
            }
        }
    }
    conf
}

/// A file of one interface's own stands in the place of the general one.
fn of_interface(name: &str, own: DhclientConf) -> DhclientInterface {
    DhclientInterface {
        name: name.to_owned(),
        at: None,
        timeout: own.timeout,
        requested: own.requested,
        asks_classless: own.asks_classless,
    }
}

/// The first of some files that is there, with those that it includes.
pub(in crate::probes) fn configuration(files: &Reader<'_>, paths: &[&str], built_in: bool) -> Option<Parsed> {
    let mut parsed = paths.iter().find_map(|path| file(files, path, INCLUDE_DEPTH, &mut 0))?;
    if built_in {
        parsed.declared.entry(BUILT_IN_CLASSLESS.to_owned()).or_insert(CLASSLESS_CODE);
        settle_built_in(&mut parsed.conf, &parsed.declared);
    }
    Some(parsed)
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
fn file(files: &Reader<'_>, path: &str, depth: usize, read: &mut usize) -> Option<Parsed> {
    *read += 1;
    let mut parsed = dhclient_conf::parse(&files.text(path)?, &files.name(path));
    files.problems().append(&mut parsed.problems);
    for include in std::mem::take(&mut parsed.includes) {
        if depth == 0 {
            files.note(Problem::new(include.at.to_string(), "is included too deep; not read"));
            continue;
        }
        if *read >= FILE_LIMIT {
            let what = format!("is not read in: more than {FILE_LIMIT} files are included");
            files.note(Problem::new(include.at.to_string(), what));
            break;
        }
        let Some(included) = file(files, &include.value, depth - 1, read) else { continue };
        parsed.declared.extend(included.declared);
        parsed.conf.timeout = included.conf.timeout.or(parsed.conf.timeout);
        parsed.conf.requested = included.conf.requested.or(parsed.conf.requested);
        parsed.conf.interfaces.extend(included.conf.interfaces);
        parsed.conf.asks_classless =
            parsed.conf.requested.as_ref().is_some_and(|list| dhclient_conf::asks(&list.value, &parsed.declared));
    }
    Some(parsed)
}
