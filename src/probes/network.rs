//! The running kernel's network.

use super::timeline;
use crate::system::Root;
use crate::system::netlink::{self, Runtime, Snapshot};
use isctpl_checks::facts::{Flow, Network, Problem, RpFilter};

const CONF: &str = "/proc/sys/net/ipv4/conf";

/// Reads the network of the running kernel, and its way for each flow. `root` is `/` of the running
/// system, for `/proc/sys`.
///
/// This is never the network of a mounted root: the caller asks only for the running system.
pub fn read(root: &Root, flows: &[Flow]) -> Network {
    of(root, netlink::snapshot(flows))
}

/// The same behind a fence, on what was made for it before; or why that could not be made.
pub(super) fn read_on(runtime: Result<&Runtime, &Problem>, root: &Root, flows: &[Flow]) -> Network {
    let snapshot = runtime.map_or_else(Snapshot::unknown, |runtime| netlink::snapshot_on(runtime, flows));
    of(root, snapshot)
}

fn of(root: &Root, snapshot: Snapshot) -> Network {
    let mut network = Network {
        links: snapshot.links,
        addresses: snapshot.addresses,
        routes: snapshot.routes,
        default_routes: snapshot.default_routes,
        rules: snapshot.rules,
        lookups: snapshot.lookups,
        timeline: timeline::read(root).into(),
        rp_filter: Vec::new(),
        problems: snapshot.problems,
    };
    read_rp_filter(root, &mut network);
    network
}

fn read_rp_filter(root: &Root, network: &mut Network) {
    let all = value(root, "all", network).unwrap_or_default();
    let names = root.names(CONF).unwrap_or_else(|problem| {
        network.problems.push(problem);
        Vec::new()
    });
    for interface in names.into_iter().filter(|name| name != "all" && name != "default") {
        if let Some(own) = value(root, &interface, network) {
            network.rp_filter.push(RpFilter { interface, all, own });
        }
    }
}

/// `None` when it does not exist or, with a problem told, cannot be read. An interface may go away
/// between the listing and the reading.
fn value(root: &Root, interface: &str, network: &mut Network) -> Option<u8> {
    let path = format!("{CONF}/{interface}/rp_filter");
    let text = root.line(&path).unwrap_or_else(|problem| {
        network.problems.push(problem);
        None
    })?;
    let value = text.trim().parse().ok();
    if value.is_none() {
        let what = "does not contain a number";
        network.problems.push(Problem::new(root.name(&path), what));
    }
    value
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use std::fs;

    fn rp_filter(files: &[(&str, &str)]) -> Network {
        let dir = tempfile::tempdir().unwrap();
        for (interface, text) in files {
            let path = dir.path().join("proc/sys/net/ipv4/conf").join(interface);
            fs::create_dir_all(&path).unwrap();
            fs::write(path.join("rp_filter"), text).unwrap();
        }
        let mut network = Network::default();
        read_rp_filter(&Root::open(dir.path()).unwrap(), &mut network);
        network
    }

    #[test]
    fn the_larger_value_is_in_force() {
        let network = rp_filter(&[("all", "1\n"), ("default", "2\n"), ("eth0", "0\n"), ("eth1", "2\n")]);
        let effective: Vec<_> =
            network.rp_filter.iter().map(|filter| (filter.interface.as_str(), filter.effective())).collect();
        assert_eq!(effective, [("eth0", 1), ("eth1", 2)]);
        assert_eq!(network.problems, []);
    }

    #[test]
    fn a_kernel_without_ipv4_has_no_filter() {
        let network = rp_filter(&[]);
        assert!(network.rp_filter.is_empty() && network.problems.is_empty());
    }

    #[test]
    fn what_is_no_number_is_told() {
        let network = rp_filter(&[("all", "0\n"), ("eth0", "strict\n")]);
        assert!(network.rp_filter.is_empty());
        assert_eq!(network.problems[0].place, "/proc/sys/net/ipv4/conf/eth0/rp_filter");
    }

    #[test]
    fn reads_this_machine() {
        let root = Root::running().unwrap();
        let network = read(&root, &[Flow::to("127.0.0.1".parse().unwrap())]);
        let links = network.links.known().unwrap();
        assert!(links.iter().any(|link| link.name == "lo"), "{links:?}");
        let lookups = network.lookups.known().unwrap();
        assert_eq!(lookups.len(), 1);
    }
}
