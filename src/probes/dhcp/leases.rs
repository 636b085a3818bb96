//! Leases, wherever a client keeps them.

use crate::formats::network::leases::{dhclient, dhcpcd, klibc, networkd, networkmanager};
use crate::system::{FileKind, Root};
use isctpl_checks::facts::{Lease, Problem};

/// The most bytes of a file of leases; dhclient's grows until it is written anew.
const LIMIT: u64 = 8 << 20;

/// The most leases that are kept.
const LEASE_LIMIT: usize = 1024;

/// A client's way of writing.
#[derive(Debug, Clone, Copy)]
enum Client {
    Dhclient,
    Dhcpcd,
    Networkd,
    /// `/run/NetworkManager/devices/INDEX`.
    NetworkManagerDevice,
    /// `internal-UUID-IF.lease`.
    NetworkManagerInternal,
    Klibc,
}

/// A directory and the names in it that are a client's leases.
struct Source {
    directory: &'static str,
    prefix: &'static str,
    suffix: &'static str,
    client: Client,
}

const fn source(directory: &'static str, prefix: &'static str, suffix: &'static str, client: Client) -> Source {
    Source { directory, prefix, suffix, client }
}

const SOURCES: [Source; 16] = [
    source("/run/systemd/netif/leases", "", "", Client::Networkd),
    source("/run/NetworkManager/devices", "", "", Client::NetworkManagerDevice),
    source("/run/NetworkManager", "internal-", ".lease", Client::NetworkManagerInternal),
    source("/run", "dhclient", ".leases", Client::Dhclient),
    source("/run", "dhclient", ".lease", Client::Dhclient),
    source("/run", "net-", ".conf", Client::Klibc),
    source("/run/dhcpcd", "", ".lease", Client::Dhcpcd),
    source("/var/lib/dhcp", "", ".leases", Client::Dhclient),
    source("/var/lib/dhcp", "dhclient", ".lease", Client::Dhclient),
    source("/var/lib/dhclient", "", ".leases", Client::Dhclient),
    source("/var/lib/dhclient", "", ".lease", Client::Dhclient),
    source("/var/lib/dhcp3", "", ".leases", Client::Dhclient),
    source("/var/lib/NetworkManager", "dhclient-", ".lease", Client::Dhclient),
    source("/var/lib/NetworkManager", "internal-", ".lease", Client::NetworkManagerInternal),
    source("/var/lib/dhcpcd", "", ".lease", Client::Dhcpcd),
    source("/var/lib/dhcpcd5", "", ".lease", Client::Dhcpcd),
];

/// Where leases are looked for.
pub(crate) fn directories() -> impl Iterator<Item = &'static str> {
    SOURCES.iter().map(|source| source.directory)
}

/// Every lease that lies on the root. `live` says that `/run` is the instance's own.
pub(super) fn read(root: &Root, live: bool, problems: &mut Vec<Problem>) -> Vec<Lease> {
    let mut leases = Vec::new();
    for source in SOURCES.iter().filter(|source| live || !source.directory.starts_with("/run")) {
        let entries = match root.list(source.directory) {
            Ok(entries) => entries.unwrap_or_default(),
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        for (name, kind) in entries {
            let Some(middle) = name.strip_prefix(source.prefix).and_then(|rest| rest.strip_suffix(source.suffix))
            else {
                continue;
            };
            // The server's own leases lie beside the clients'.
            if kind == FileKind::Directory || name.starts_with("dhcpd") {
                continue;
            }
            let path = format!("{}/{name}", source.directory);
            match file(root, source.client, &path, middle) {
                Ok((found, mut told)) => {
                    leases.extend(found);
                    problems.append(&mut told);
                }
                Err(problem) => problems.push(problem),
            }
            if leases.len() > LEASE_LIMIT {
                let what = format!("there are more than {LEASE_LIMIT} leases; the rest is not read");
                problems.push(Problem::new(path, what));
                leases.truncate(LEASE_LIMIT);
                return leases;
            }
        }
    }
    leases
}

fn file(root: &Root, client: Client, path: &str, middle: &str) -> Result<(Vec<Lease>, Vec<Problem>), Problem> {
    let Some(bytes) = root.read(path, LIMIT)? else { return Ok((Vec::new(), Vec::new())) };
    let text = String::from_utf8_lossy(&bytes);
    let index = middle.parse().ok();
    Ok(match client {
        Client::Dhclient => dhclient::parse(&text, path),
        Client::Dhcpcd => {
            let (mut leases, problems) = dhcpcd::parse(&bytes, path, Some(middle));
            // dhcpcd itself counts from the file's last change.
            let written = root.stat(path)?.map(|meta| meta.mtime);
            for lease in &mut leases {
                let seconds = lease.lease_seconds.and_then(|seconds| i64::try_from(seconds).ok());
                lease.expires = written.zip(seconds).and_then(|(written, seconds)| written.checked_add(seconds));
            }
            (leases, problems)
        }
        Client::Networkd => networkd::parse(&text, path, index),
        Client::NetworkManagerDevice => networkmanager::parse_device(&text, path, index),
        Client::NetworkManagerInternal => networkmanager::parse_internal(&text, path),
        Client::Klibc => klibc::parse(&text, path),
    })
}
