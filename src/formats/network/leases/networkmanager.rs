//! Leases of NetworkManager: `/run/NetworkManager/devices/IFINDEX`, and what its DHCP clients keep
//! in `internal-UUID-IF.lease`.

use super::{Builder, networkd};
use isctpl_checks::facts::{Lease, LeaseClient, Location, Problem};

/// Reads the state file of a device, a keyfile: the DHCP options stand in its `[dhcp4]` group. Older
/// releases write no such group; then there is no lease to be read. `index` is the interface's, which
/// the file's name gives.
///
/// NetworkManager prefers option 121 to 249.
pub fn parse_device(text: &str, path: &str, index: Option<u32>) -> (Vec<Lease>, Vec<Problem>) {
    let mut group = "";
    let mut builder = Builder::new(LeaseClient::NetworkManager, Location::file(path));
    builder.lease.index = index;
    let (mut classless, mut ms_classless) = (None, None);
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            group = name;
            continue;
        }
        let Some((key, value)) = line.split_once('=').filter(|_| group == "dhcp4" && !line.starts_with('#')) else {
            continue;
        };
        let value = unescape(value.trim());
        let value = value.as_str();
        let key = key.trim();
        let option = key.strip_prefix("dhcp4.").unwrap_or(key);
        match option {
            _ if value.is_empty() => {}
            "ip_address" => builder.ip(option, value),
            "subnet_mask" => builder.mask(option, value),
            "routers" => builder.routers(option, value),
            "dhcp_server_identifier" => builder.server(option, value),
            "interface_mtu" => builder.mtu(option, value),
            "dhcp_lease_time" => builder.lease_seconds(option, value),
            "expiry" => builder.lease.expires = builder.misread(option, value.parse().ok()),
            "rfc3442_classless_static_routes" => classless = Some(value.to_owned()),
            "ms_classless_static_routes" => ms_classless = Some(value.to_owned()),
            _ => {}
        }
    }
    match (classless, ms_classless) {
        (Some(routes), _) => builder.classless_text("rfc3442_classless_static_routes", &routes),
        (None, Some(routes)) => builder.classless_text("ms_classless_static_routes", &routes),
        (None, None) => {}
    }
    let (lease, problems) = builder.finish();
    (lease.into_iter().collect(), problems)
}

/// Reads `internal-UUID-IF.lease`, the private file of NetworkManager's own DHCP client. Newer
/// releases keep only the address in it, so that nothing can be said of routes then.
pub fn parse_internal(text: &str, path: &str) -> (Vec<Lease>, Vec<Problem>) {
    let mut builder = Builder::new(LeaseClient::NetworkManager, Location::file(path));
    builder.lease.interface = interface_of(path);
    networkd::fill_from_assignments(&mut builder, text);
    let (lease, problems) = builder.finish();
    (lease.into_iter().collect(), problems)
}

/// The interface that stands in a name such as
/// `internal-6c3b1a52-7d0c-4c5e-9b0f-2f3f5f1f7c11-eth0.lease`, after the UUID.
fn interface_of(path: &str) -> Option<String> {
    const UUID: usize = 36;
    let name = path.rsplit('/').next()?.strip_suffix(".lease")?;
    let (_client, rest) = name.split_once('-')?;
    let interface = rest.get(UUID..)?.strip_prefix('-')?;
    (!interface.is_empty()).then(|| interface.to_owned())
}

/// Undoes the escapes of a keyfile's value (GLib, `g_key_file_get_string`).
fn unescape(value: &str) -> String {
    let mut plain = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('s') => plain.push(' '),
                Some('t') => plain.push('\t'),
                Some('n') => plain.push('\n'),
                Some('r') => plain.push('\r'),
                Some(other) => plain.push(other),
                None => {}
            },
            c => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PATH: &str = "/run/NetworkManager/devices/2";
    const DEVICE: &str = "[device]
managed=true
connection-uuid=6c3b1a52-7d0c-4c5e-9b0f-2f3f5f1f7c11
nm-owned=false
route-metric-default-aspired=100
route-metric-default-effective=100

[dhcp4]
dhcp4.broadcast_address=100.64.16.55
dhcp4.dhcp_lease_time=3600
dhcp4.dhcp_server_identifier=100.64.16.49
dhcp4.expiry=1763820483
dhcp4.interface_mtu=9000
dhcp4.ip_address=100.64.16.54
dhcp4.ms_classless_static_routes=10.0.0.0/8 100.64.16.50
dhcp4.requested_routers=1
dhcp4.rfc3442_classless_static_routes=100.97.0.0/16 100.64.16.49 0.0.0.0/0 100.64.16.49
dhcp4.routers=100.64.16.49
dhcp4.subnet_mask=255.255.255.248

[dhcp6]
dhcp6.ip_address=fd00::1
";

    #[test]
    fn reads_the_options_of_a_device() {
        for text in [DEVICE.to_owned(), DEVICE.replace("dhcp4.", "")] {
            let (leases, problems) = parse_device(&text, PATH, Some(2));
            assert_eq!(problems, []);
            let lease = &leases[0];
            assert_eq!((&lease.client, lease.index), (&LeaseClient::NetworkManager, Some(2)));
            assert_eq!(lease.address, Some("100.64.16.54/29".parse().unwrap()));
            assert_eq!((lease.mtu, lease.lease_seconds, lease.expires), (Some(9000), Some(3600), Some(1_763_820_483)));
            assert_eq!(lease.server, Some("100.64.16.49".parse().unwrap()));
            let routes = lease.classless.as_ref().unwrap();
            assert_eq!(routes.len(), 2);
            assert_eq!(routes[0].destination, "100.97.0.0/16".parse().unwrap());
        }
    }

    #[test]
    fn takes_option_249_where_121_is_missing() {
        let text = DEVICE.replace("rfc3442_classless", "requested_rfc3442_classless");
        let (leases, _) = parse_device(&text, PATH, Some(2));
        assert_eq!(leases[0].classless.as_ref().unwrap()[0].destination, "10.0.0.0/8".parse().unwrap());
    }

    #[test]
    fn a_device_without_options_has_no_lease() {
        let text = DEVICE.split("[dhcp4]").next().unwrap();
        assert_eq!(parse_device(text, PATH, Some(2)), (Vec::new(), Vec::new()));
    }

    #[test]
    fn reads_the_internal_file() {
        let path = "/var/lib/NetworkManager/internal-6c3b1a52-7d0c-4c5e-9b0f-2f3f5f1f7c11-bond0.7.lease";
        let (leases, problems) = parse_internal("# This is private data. Do not parse.\nADDRESS=100.64.16.54\n", path);
        assert_eq!(problems, []);
        assert_eq!(leases[0].interface.as_deref(), Some("bond0.7"));
        assert_eq!(leases[0].classless, None);
    }

    #[test]
    fn a_name_without_an_interface_gives_none() {
        for path in ["/x/internal.lease", "/x/internal-abc-eth0.lease", "/x/y", "", "/x/internal-é.lease"] {
            assert_eq!(interface_of(path), None, "{path}");
        }
    }

    #[test]
    fn survives_a_cut_at_every_offset() {
        for cut in 0..DEVICE.len() {
            parse_device(&DEVICE[..cut], PATH, None);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2048), path in "\\PC{0,80}") {
            let text = String::from_utf8_lossy(&bytes);
            parse_device(&format!("[dhcp4]\n{text}"), &path, None);
            parse_internal(&text, &path);
        }
    }
}
