//! systemd-networkd: a drop-in beside the file that takes the NIC over, which may lie in /usr.

use super::configuration::{is_decided_later, is_static, refusal};
use crate::formats::network::networkd_edit;
use crate::procedures::prepare::draft::{Draft, Refusal};
use isctpl_checks::SanNicNeed;
use isctpl_checks::facts::InterfaceConfig;

const BY_HAND: &str =
    "Set KeepConfiguration=yes in the .network file of the SAN NIC, with a route to the target's subnet";

pub(super) fn repair(draft: &mut Draft<'_>, config: &InterfaceConfig, need: &SanNicNeed) -> Result<(), Refusal> {
    let name = config.at.path.rsplit('/').next().unwrap_or_default();
    let path = format!("/etc/systemd/network/{name}.d/99-isctpl.conf");
    let check = |at| match is_decided_later(&path, at)
        && config.also.iter().any(|also| Some(&also.path) == at.map(|at| &at.path))
    {
        true => Err(refusal(config, "has a drop-in that comes later and says otherwise", BY_HAND)),
        false => Ok(()),
    };
    match need {
        SanNicNeed::Route(route) if config.matches.is_for_one() && is_static(config) => {
            draft.edit(&path, BY_HAND, |text| networkd_edit::route(text, route))
        }
        SanNicNeed::Keep | SanNicNeed::StayUp | SanNicNeed::Route(_) => {
            check(config.keep.as_ref().map(|keep| &keep.at))?;
            draft.edit(&path, BY_HAND, networkd_edit::keep)
        }
        SanNicNeed::LeaseRoutes => {
            let routes = config.use_dhcp_routes.as_ref();
            check(routes.map(|routes| &routes.at))?;
            // Where UseGateway= is not set, the router of the lease was refused along with the routes.
            let without_gateway = routes.is_some() && config.use_dhcp_gateway.as_ref() == routes;
            draft.edit(&path, BY_HAND, |text| networkd_edit::use_routes(text, without_gateway))
        }
    }
}
