//! Profiles of NetworkManager, ifcfg files of Red Hat, and dhcpcd: they leave a NIC alone that is up, and bring no
//! route that they were not told.

use super::configuration::{is_static, refusal};
use crate::formats::network::dhcpcd_conf::edit as dhcpcd_conf;
use crate::formats::network::keyfile::edit as keyfile;
use crate::formats::shell::edit::with_value;
use crate::procedures::prepare::draft::{Draft, Refusal};
use isctpl_checks::SanNicNeed;
use isctpl_checks::facts::InterfaceConfig;

const BY_HAND: &str = "Add a route to the target's subnet to the profile of the SAN NIC, or use DHCP with the routes of \
                       the lease";

const PROFILES: &str = "/etc/NetworkManager/system-connections/";

pub(super) fn network_manager(
    draft: &mut Draft<'_>,
    config: &InterfaceConfig,
    need: &SanNicNeed,
) -> Result<(), Refusal> {
    let path = &config.at.path;
    if !path.starts_with(PROFILES) {
        return Err(refusal(config, "is no profile of /etc, and a copy of it would be another profile", BY_HAND));
    }
    match need {
        SanNicNeed::Route(route) if is_static(config) => {
            draft.edit(path, BY_HAND, |text| keyfile::add_route(text, route))
        }
        SanNicNeed::LeaseRoutes => {
            draft.edit(path, BY_HAND, |text| keyfile::set(text, "ipv4", "ignore-auto-routes", "false"))
        }
        _ => Err(no_route_known(config)),
    }
}

pub(super) fn ifcfg(draft: &mut Draft<'_>, config: &InterfaceConfig, need: &SanNicNeed) -> Result<(), Refusal> {
    let path = &config.at.path;
    match need {
        SanNicNeed::Route(route) if is_static(config) => {
            let path = path.replacen("/ifcfg-", "/route-", 1);
            draft.edit(&path, BY_HAND, |text| keyfile::add_peer_route(text, route))
        }
        SanNicNeed::LeaseRoutes => draft.edit(path, BY_HAND, |text| with_value(text, "PEERROUTES", "yes")),
        _ => Err(no_route_known(config)),
    }
}

pub(super) fn dhcpcd(draft: &mut Draft<'_>, config: &InterfaceConfig, need: &SanNicNeed) -> Result<(), Refusal> {
    match need {
        SanNicNeed::LeaseRoutes => draft.edit(&config.at.path, BY_HAND, |text| Ok(dhcpcd_conf::accept_classless(text))),
        _ => Err(no_route_known(config)),
    }
}

fn no_route_known(config: &InterfaceConfig) -> Refusal {
    refusal(
        config,
        "cannot be given a route to the target: the NIC has no address there, or no route is known",
        BY_HAND,
    )
}
