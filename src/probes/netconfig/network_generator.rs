//! The `.network` files that systemd-network-generator will make of the command line when the real root starts: on a
//! mounted root they are not there yet.

use super::networkd;
use crate::formats::network::network_generator::{Numbers, networks};
use crate::formats::network::networkd::read as read_network;
use crate::formats::systemd;
use crate::probes::files::Reader;
use crate::probes::units::startup::Startup;
use isctpl_checks::facts::{Cmdline, InterfaceConfig, Manager, NetConfig, Problem, Source};

const UNIT: &str = "systemd-network-generator.service";
const PROGRAMS: [&str; 2] = ["/usr/lib/systemd/systemd-network-generator", "/lib/systemd/systemd-network-generator"];

/// Where it writes.
const DIRECTORY: &str = "/run/systemd/network";

/// Adds to the facts what it will make of these words, where it and networkd start.
pub(super) fn read(files: &Reader<'_>, startup: &Startup<'_>, words: &Cmdline, facts: &mut NetConfig) {
    let networkd_starts = || facts.managers.iter().any(|state| state.manager == Manager::Networkd && state.enabled);
    if !words.has("ip") || !networkd_starts() || !startup.service(UNIT).is_some_and(|unit| unit.enabled) {
        return;
    }
    let program = PROGRAMS.iter().find_map(|path| files.text(path));
    let Some(numbers) = program.as_deref().and_then(Numbers::of) else {
        let what = "how it names the files that it makes of ip= is not known";
        files.problems().push(Problem::new(PROGRAMS[0], what).of(Source::Manager(Manager::Networkd)));
        return;
    };
    let made = networks(words, numbers).unwrap_or_else(|why| {
        let problem = Problem::new(PROGRAMS[0], format!("what it makes of ip= is not known: {why}"));
        files.problems().push(problem.of(Source::Manager(Manager::Networkd)));
        Vec::new()
    });
    for made in made {
        // A file of the same name in /etc goes before it.
        let is_hidden = facts.interfaces.iter().any(|config| is_named(config, &made.name));
        let path = format!("{DIRECTORY}/{}", made.name);
        if is_hidden || files.is_masked(&format!("/etc/systemd/network/{}", made.name)) {
            continue;
        }
        let mut file = systemd::parse(&made.text, &path);
        let drop_ins = files.add_drop_ins(&mut file, &made.name, &networkd::DIRECTORIES);
        let Some(mut config) = read_network(&file, &path, &mut files.problems()) else { continue };
        config.also = words.at.clone().into_iter().chain(drop_ins.iter().map(|path| files.location(path))).collect();
        config.generated_by = Some("systemd-network-generator".to_owned());
        insert(facts, config, &made.name);
    }
}

/// Puts it where networkd looks at it: its files are in the order of their names.
fn insert(facts: &mut NetConfig, config: InterfaceConfig, name: &str) {
    let of_networkd = |config: &InterfaceConfig| config.manager == Manager::Networkd;
    let later = |other: &InterfaceConfig| of_networkd(other) && base_name(&other.at.path) > name;
    let at = facts.interfaces.iter().position(later);
    let after_last = || facts.interfaces.iter().rposition(of_networkd).map(|last| last + 1);
    let at = at.or_else(after_last).unwrap_or(facts.interfaces.len());
    facts.interfaces.insert(at, config);
}

fn is_named(config: &InterfaceConfig, name: &str) -> bool {
    config.manager == Manager::Networkd && base_name(&config.at.path) == name
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::probes::netconfig::read as netconfig;
    use crate::probes::sample::SampleRoot;
    use isctpl_checks::facts::{Location, Method, Word};

    const UNITS: [(&str, &str); 7] = [
        ("/usr/lib/systemd/system/default.target", "-> multi-user.target"),
        ("/usr/lib/systemd/system/multi-user.target", "[Unit]\nRequires=sysinit.target\n"),
        ("/usr/lib/systemd/system/sysinit.target", "[Unit]\n"),
        ("/usr/lib/systemd/system/systemd-networkd.service", "[Unit]\n[Install]\nWantedBy=multi-user.target\n"),
        ("/usr/lib/systemd/system/systemd-network-generator.service", "[Unit]\n[Install]\nWantedBy=sysinit.target\n"),
        (
            "/etc/systemd/system/multi-user.target.wants/systemd-networkd.service",
            "-> /usr/lib/systemd/system/systemd-networkd.service",
        ),
        (
            "/etc/systemd/system/sysinit.target.wants/systemd-network-generator.service",
            "-> /usr/lib/systemd/system/systemd-network-generator.service",
        ),
    ];

    fn made(more: &[(&str, &str)]) -> NetConfig {
        let files: Vec<(&str, &str)> = UNITS.into_iter().chain(more.iter().copied()).collect();
        let root = SampleRoot::of(&files);
        let root = root.open();
        let word = Word { key: "ip".to_owned(), value: Some("dhcp".to_owned()), ..Word::default() };
        let words = Cmdline { at: Some(Location::line("/boot/grub/grub.cfg", 7)), words: vec![word] };
        netconfig(&root, &Startup::read(&root), &[], Some(&words))
    }

    const PROGRAM: (&str, &str) = ("/usr/lib/systemd/systemd-network-generator", "\0%s/70-%s.netdev\0");

    #[test]
    fn what_will_be_made_stands_where_networkd_looks_at_it() {
        let network = |name: &str| format!("[Match]\nName={name}\n");
        let (first, last) = (network("a"), network("b"));
        let facts = made(&[
            PROGRAM,
            ("/etc/systemd/network/10-a.network", &first),
            ("/etc/systemd/network/99-b.network", &last),
            ("/etc/systemd/network/71-default.network.d/99-isctpl.conf", "[Network]\nKeepConfiguration=yes\n"),
        ]);
        let names: Vec<_> = facts.interfaces.iter().map(|config| base_name(&config.at.path)).collect();
        assert_eq!(names, ["10-a.network", "71-default.network", "99-b.network"]);
        let made = &facts.interfaces[1];
        assert_eq!((made.method, made.keep.as_ref().unwrap().value.as_str()), (Method::Dhcp, "yes"));
        assert_eq!(made.also[0], Location::line("/boot/grub/grub.cfg", 7));
    }

    #[test]
    fn a_file_of_its_name_goes_before_it_and_an_unknown_program_is_told() {
        let hidden = made(&[PROGRAM, ("/etc/systemd/network/71-default.network", "[Match]\nName=x\n")]);
        assert_eq!(hidden.interfaces.len(), 1);
        let unknown = made(&[("/usr/lib/systemd/systemd-network-generator", "another program")]);
        assert!(unknown.interfaces.is_empty());
        assert!(unknown.problems.iter().any(|problem| problem.source == Source::Manager(Manager::Networkd)));
    }
}
