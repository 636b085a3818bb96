//! DHCP clients, and the network configuration of the installed system.

use super::page::{Page, list, located};
use isctpl_checks::facts::{DhclientConf, Dhcp, Firewall, InterfaceConfig, Lease, Method, NetConfig, NicMatch};

/// DHCP clients: settings, hooks, leases.
pub(super) fn dhcp(dhcp: &Dhcp, page: &mut Page<'_>) {
    page.heading("dhclient");
    page.line(if dhcp.dhclient_installed { "installed" } else { "not installed" });
    dhcp.dhclient.iter().for_each(|conf| dhclient(conf, page));
    if !dhcp.hooks.is_empty() {
        page.heading("Hooks of dhclient");
        let rows = dhcp.hooks.iter().map(|hook| {
            let mut words = vec![if hook.active { "runs" } else { "does not run" }.to_owned()];
            words
                .push(format!("{} routes of option 121", if hook.installs_classless { "installs" } else { "ignores" }));
            words.extend((!hook.reasons.is_empty()).then(|| format!("at {}", list(&hook.reasons))));
            vec![hook.at.to_string(), words.join(", ")]
        });
        page.rows(rows.collect());
    }
    page.heading("Leases");
    if dhcp.leases.is_empty() {
        page.line("none");
    }
    dhcp.leases.iter().for_each(|one| lease(one, page));
    page.problems(&dhcp.problems);
}

fn dhclient(conf: &DhclientConf, page: &mut Page<'_>) {
    page.heading(&format!("Settings of dhclient ({})", conf.path));
    let asks = |yes: bool| if yes { "asked for" } else { "not asked for" }.to_owned();
    page.fields([
        (
            "timeout",
            conf.timeout.as_ref().map_or_else(
                || "60 s, the default".to_owned(),
                |timeout| format!("{} s ({})", timeout.value, timeout.at),
            ),
        ),
        ("option 121", asks(conf.asks_classless)),
        (
            "requested",
            conf.requested.as_ref().map(|asked| format!("{} ({})", list(&asked.value), asked.at)).unwrap_or_default(),
        ),
    ]);
    for interface in &conf.interfaces {
        let timeout =
            interface.timeout.as_ref().map(|timeout| format!(", timeout {} s", timeout.value)).unwrap_or_default();
        page.line(&format!("interface {}: option 121 {}{timeout}", interface.name, asks(interface.asks_classless)));
    }
}

fn lease(lease: &Lease, page: &mut Page<'_>) {
    let interface = lease
        .interface
        .clone()
        .or_else(|| lease.mac.clone())
        .or_else(|| lease.index.map(|index| format!("interface {index}")));
    page.line(&format!(
        "{}: {}",
        interface.unwrap_or_else(|| "unknown interface".to_owned()),
        lease.address.map_or_else(|| "no address".to_owned(), |net| net.to_string())
    ));
    let routes = lease.classless.as_ref().map(|routes| match routes.is_empty() {
        true => "empty".to_owned(),
        false => list(routes.iter().map(|route| format!("{} via {}", route.destination, route.gateway))),
    });
    page.fields([
        ("  from", format!("{}{}", lease.client, lease.at.as_ref().map(|at| format!(" ({at})")).unwrap_or_default())),
        ("  option 121", routes.unwrap_or_else(|| "none".to_owned())),
        ("  gateway", list(&lease.routers)),
        ("  DHCP server", lease.server.map(|server| server.to_string()).unwrap_or_default()),
        ("  MTU", lease.mtu.map(|mtu| mtu.to_string()).unwrap_or_default()),
        ("  lease time", lease.lease_seconds.map(|seconds| format!("{seconds} s")).unwrap_or_default()),
    ]);
}

/// Who configures the network of the installed system, and how.
pub(super) fn netconfig(config: &NetConfig, page: &mut Page<'_>) {
    page.heading("Network managers");
    if config.managers.is_empty() {
        page.line("none is installed");
    }
    let rows = config.managers.iter().map(|state| {
        let at = state.at.as_ref().map(|at| format!(" ({at})")).unwrap_or_default();
        let starts = if state.enabled { "starts at boot" } else { "does not start" };
        vec![state.manager.name().to_owned(), format!("{starts}{at}")]
    });
    page.rows(rows.collect());
    page.heading("Interface configurations, in the order in which they are read");
    if config.interfaces.is_empty() {
        page.line("none");
    }
    for one in &config.interfaces {
        let state = config.managers.iter().find(|state| state.manager == one.manager);
        interface(one, state.is_none_or(|state| state.enabled), page);
    }
    if !config.renames.is_empty() {
        page.heading("What gives interfaces their names");
        let rows = config
            .renames
            .iter()
            .map(|rename| vec![rename.at.to_string(), format!("{} becomes {}", matches(&rename.matches), rename.name)]);
        page.rows(rows.collect());
    }
    page.heading("Other settings");
    page.fields([
        (
            "boot NIC guard",
            config
                .iscsi_nic_guard
                .as_ref()
                .map(|at| format!("open-iscsi keeps ifupdown off the boot NIC ({at})"))
                .unwrap_or_default(),
        ),
        (
            "ManageForeignRoutes",
            config
                .manage_foreign_routes
                .as_ref()
                .map(|set| format!("{} ({})", yes(set.value), set.at))
                .unwrap_or_default(),
        ),
        ("systemd", config.systemd_version.map(|version| version.to_string()).unwrap_or_default()),
        ("rp_filter", list(config.rp_filter.iter().map(|set| format!("{}={} ({})", set.value.0, set.value.1, set.at)))),
        ("firewalls", if config.firewalls.is_empty() { "none starts".to_owned() } else { String::new() }),
    ]);
    config.firewalls.iter().for_each(|one| firewall(one, page));
    page.problems(&config.problems);
}

fn interface(config: &InterfaceConfig, read: bool, page: &mut Page<'_>) {
    page.line(&format!("{} ({}, {})", matches(&config.matches), config.manager.name(), config.at));
    let start = match (read, config.unmanaged, config.at_boot) {
        _ if config.given_up.is_some() => "never: its manager gives up on it",
        (false, ..) => "never: its manager does not start",
        (true, true, _) => "left alone",
        (true, false, true) => "brought up at boot",
        (true, false, false) => "not brought up at boot",
    };
    let option = |set: &Option<isctpl_checks::facts::Located<bool>>, what: &str| {
        set.as_ref().map(|set| format!("{what} {} ({})", if set.value { "taken" } else { "not taken" }, set.at))
    };
    let taken =
        [option(&config.use_dhcp_routes, "routes of option 121"), option(&config.use_dhcp_gateway, "default route")];
    let routes = config.routes.iter().map(|route| {
        let via = route.value.gateway.map(|gateway| format!(" via {gateway}")).unwrap_or_default();
        format!("{}{via} ({})", route.value.destination, route.at)
    });
    page.fields([
        ("  address", address(config)),
        ("  start", start.to_owned()),
        ("  given up", located(config.given_up.as_ref())),
        ("  routes", list(routes)),
        ("  from DHCP", list(taken.into_iter().flatten())),
        ("  kept", located(config.keep.as_ref())),
        ("  metric", located(config.metric.as_ref())),
        ("  MTU", located(config.mtu.as_ref())),
        ("  commands", list(config.commands.iter().map(|command| located(Some(command))))),
        ("  new name", located(config.set_name.as_ref())),
        ("  below it", list(&config.lower)),
        ("  VLAN", config.vlan.map(|id| id.to_string()).unwrap_or_default()),
        ("  renderer", config.renderer.clone().unwrap_or_default()),
        ("  written by", config.generated_by.clone().unwrap_or_default()),
        ("  also", list(&config.also)),
    ]);
}

fn address(config: &InterfaceConfig) -> String {
    let method = match config.method {
        Method::Dhcp => "DHCP",
        Method::Static => "static",
        Method::Manual => "none",
        Method::Disabled => "switched off",
        Method::Loopback => "loopback",
        Method::Unset => "not stated",
    };
    let addresses = list(&config.addresses);
    let gateway = config.gateway.map(|gateway| format!(", gateway {gateway}")).unwrap_or_default();
    if addresses.is_empty() { format!("{method}{gateway}") } else { format!("{method} {addresses}{gateway}") }
}

fn matches(matches: &NicMatch) -> String {
    let mut words = Vec::new();
    words.extend((!matches.names.is_empty()).then(|| list(&matches.names)));
    words.extend((!matches.macs.is_empty()).then(|| list(&matches.macs)));
    words.extend((!matches.drivers.is_empty()).then(|| format!("driver {}", list(&matches.drivers))));
    words.extend((!matches.types.is_empty()).then(|| format!("type {}", list(&matches.types))));
    words.extend((!matches.other.is_empty()).then(|| list(&matches.other)));
    if words.is_empty() { "every interface".to_owned() } else { words.join(" and ") }
}

fn firewall(firewall: &Firewall, page: &mut Page<'_>) {
    page.line(&format!("{} starts ({})", firewall.kind, firewall.at));
    let portal = if firewall.portal_out { "let out" } else { "blocked" };
    let replies = if firewall.established_in { "let in" } else { "blocked" };
    page.fields([
        ("  policy", format!("out {}, in {}", firewall.output_policy, firewall.input_policy)),
        ("  to the portal", portal.to_owned()),
        ("  replies", replies.to_owned()),
        ("  decided by", located(firewall.deciding.as_ref())),
        ("  unclear", list(&firewall.unclear)),
    ]);
}

fn yes(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}
