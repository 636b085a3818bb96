//! ISC dhclient's configuration.

use crate::formats::network::dhclient_conf::{self, Included, Parsed};
use crate::probes::files::Reader;
use isctpl_checks::facts::{DhclientConf, DhclientInterface, Located, Problem, Source};

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
            if let Some(own) = file(files, &path, built_in) {
                let own = DhclientInterface { at: Some(files.location(&path)), ..of_interface(name, own.conf) };
                conf.get_or_insert_default().interfaces.push(own);
            }
        }
    }
    Source::DhclientConf.name(&mut files.problems());
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
    paths.iter().find_map(|path| file(files, path, built_in))
}

/// A file with those that it includes.
fn file(files: &Reader<'_>, path: &str, built_in: bool) -> Option<Parsed> {
    let text = files.text(path)?;
    let mut read = 1;
    let mut include = |include: &Located<String>, depth: usize| {
        let place = include.at.to_string();
        if depth > INCLUDE_DEPTH {
            files.note(Problem::new(place, "is included too deep; not read"));
            return None;
        }
        if read >= FILE_LIMIT {
            if read == FILE_LIMIT {
                let what = format!("is not read in: more than {FILE_LIMIT} files are included");
                files.note(Problem::new(place, what));
            }
            read = FILE_LIMIT + 1;
            return None;
        }
        read += 1;
        Some(Included { text: files.text(&include.value)?.into_owned(), path: files.name(&include.value) })
    };
    let mut parsed = dhclient_conf::parse_with(&text, &files.name(path), built_in, &mut include);
    // The doubt stands first: of many alike, only some are told.
    files.problems().extend(parsed.left_out.take());
    // What dhclient refuses is no doubt: it goes by the rest.
    Source::Other.name(&mut parsed.problems);
    files.problems().append(&mut parsed.problems);
    Some(parsed)
}
