//! ifupdown, ifupdown2 and ifupdown-ng: the SAN NIC is `manual` and `no-auto-down`, or left out where that word is not
//! known.

use super::configuration::refusal;
use crate::formats::network::ifupdown::edit;
use crate::procedures::prepare::draft::{Draft, Refusal};
use isctpl_checks::SanNicNeed;
use isctpl_checks::facts::{Facts, InterfaceConfig, Manager};
use std::collections::BTreeSet;

const MAIN: &str = "/etc/network/interfaces";

/// The program that brings interfaces up and down, by the paths that it has had.
const PROGRAMS: [&str; 2] = ["/usr/sbin/ifup", "/sbin/ifup"];

/// More than any of these programs has.
const PROGRAM_LIMIT: u64 = 16 << 20;

const KEYWORD: &[u8] = b"no-auto-down";

pub(super) fn repair(
    draft: &mut Draft<'_>,
    facts: &Facts,
    config: &InterfaceConfig,
    need: &SanNicNeed,
) -> Result<(), Refusal> {
    let [name] = config.matches.names.as_slice() else {
        return Err(refusal(config, "stands for several interfaces", BY_HAND));
    };
    if !config.matches.other.is_empty() || name.contains(['*', '?', '[', '/']) {
        return Err(refusal(config, "does not name its interface itself", BY_HAND));
    }
    let knows_no_auto_down = knows_no_auto_down(draft, config)?;
    if is_of_cloud_init(config) && (!knows_no_auto_down || config.at.path == MAIN) {
        let what = "is written by cloud-init, which replaces it on every new instance";
        return Err(refusal(config, what, "Have cloud-init's data source leave the SAN NIC out"));
    }
    if !knows_no_auto_down {
        for path in files(facts, config) {
            draft.edit(&path, BY_HAND, |text| edit::left_out(text, name))?;
        }
        return Ok(());
    }
    let text = draft.text(&config.at.path).map_err(|problem| Refusal::unread(problem, BY_HAND))?;
    if !edit::has_stanza(&text.unwrap_or_default(), name) {
        return Err(refusal(config, format!("has another name for {name}"), BY_HAND));
    }
    if *need != SanNicNeed::StayUp {
        draft.edit(&config.at.path, BY_HAND, |text| edit::manual(text, name))?;
    }
    if config.left_up {
        return Ok(());
    }
    // cloud-init writes its own file anew, and no other.
    let path = if is_of_cloud_init(config) { MAIN } else { config.at.path.as_str() };
    draft.edit(path, BY_HAND, |text| edit::no_auto_down(text, name))
}

fn is_of_cloud_init(config: &InterfaceConfig) -> bool {
    config.generated_by.as_deref() == Some("cloud-init")
}

const BY_HAND: &str = "Set the SAN NIC to `manual` and `no-auto-down` in /etc/network/interfaces, or remove it there";

/// Whether the root's ifupdown has the keyword `no-auto-down`. ifupdown2 and old versions refuse the
/// line.
fn knows_no_auto_down(draft: &Draft<'_>, config: &InterfaceConfig) -> Result<bool, Refusal> {
    for path in PROGRAMS {
        let program = draft.root().beginning(path, PROGRAM_LIMIT);
        if let Some(program) = program.map_err(|problem| refusal(config, problem.to_string(), BY_HAND))? {
            return Ok(program.windows(KEYWORD.len()).any(|bytes| bytes == KEYWORD));
        }
    }
    Ok(true)
}

/// The files with stanzas; any of them may list the interface.
fn files(facts: &Facts, config: &InterfaceConfig) -> BTreeSet<String> {
    let configs = facts.netconfig.interfaces.iter().filter(|config| config.manager == Manager::Ifupdown);
    let paths = configs.map(|config| config.at.path.as_str()).chain([MAIN, config.at.path.as_str()]);
    paths.map(str::to_owned).collect()
}
