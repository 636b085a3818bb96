//! netplan: a file of isctpl's own, which is laid over the definition of the SAN NIC.

use super::configuration::{is_decided_later, is_static, refusal};
use crate::formats::network::netplan::edit::{Addition, add, definition_at};
use crate::procedures::prepare::draft::{Draft, Refusal};
use isctpl_checks::SanNicNeed;
use isctpl_checks::facts::InterfaceConfig;

const PATH: &str = "/etc/netplan/99-isctpl.yaml";

const BY_HAND: &str = "Set `critical: true` for the SAN NIC in netplan, with a route to the target's subnet";

pub(super) fn repair(draft: &mut Draft<'_>, config: &InterfaceConfig, need: &SanNicNeed) -> Result<(), Refusal> {
    let addition = addition(config, need)?;
    let deciding = match addition {
        Addition::Critical => config.keep.as_ref().map(|keep| &keep.at),
        Addition::UseRoutes => config.use_dhcp_routes.as_ref().map(|routes| &routes.at),
        Addition::Route(_) => None,
    };
    if is_decided_later(PATH, deciding) {
        return Err(refusal(config, "is amended by a later file that says otherwise", BY_HAND));
    }
    if config.at.path.starts_with("/run/") {
        return Err(refusal(config, "was written at boot, and is not there at the next one", BY_HAND));
    }
    let text = draft.text(&config.at.path).map_err(|problem| Refusal::unread(problem, BY_HAND))?;
    let definition = definition_at(text.as_deref().unwrap_or_default(), config.at.line)
        .ok_or_else(|| refusal(config, "has several definitions in one line", BY_HAND))?;
    draft.edit(PATH, BY_HAND, |text| add(text, &definition, &addition))?;
    // netplan complains of files that others may read, for passwords stand in some.
    draft.set_mode(PATH, 0o600);
    Ok(())
}

fn addition(config: &InterfaceConfig, need: &SanNicNeed) -> Result<Addition, Refusal> {
    let by_networkd = config.renderer.as_deref() != Some("NetworkManager");
    match need {
        SanNicNeed::LeaseRoutes => Ok(Addition::UseRoutes),
        SanNicNeed::Route(route) if config.matches.is_for_one() && is_static(config) => {
            Ok(Addition::Route(route.clone()))
        }
        _ if by_networkd => Ok(Addition::Critical),
        _ => Err(refusal(config, "is for NetworkManager, which ignores `critical`", BY_HAND)),
    }
}
