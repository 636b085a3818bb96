//! ifupdown, ifupdown2 and ifupdown-ng: the SAN NIC is `manual` and `no-auto-down`, or left out where that word is not
//! known.

use super::{of_cloud_init, refusal};
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
    if !knows_no_auto_down(draft, config)? {
        of_cloud_init(config)?;
        for path in files(facts, config) {
            draft.edit(&path, BY_HAND, |text| edit::left_out(text, name))?;
        }
        return Ok(());
    }
    if *need != SanNicNeed::StayUp {
        of_cloud_init(config)?;
        draft.edit(&config.at.path, BY_HAND, |text| edit::manual(text, name))?;
    }
    if config.left_up {
        return Ok(());
    }
    let path = if config.generated_by.is_some() { MAIN } else { config.at.path.as_str() };
    if config.at.path == path {
        of_cloud_init(config)?;
    }
    draft.edit(path, BY_HAND, |text| edit::no_auto_down(text, name))
}

const BY_HAND: &str = "Set the SAN NIC to `manual` and `no-auto-down` in /etc/network/interfaces, or remove it there";

/// Whether the root's ifupdown has the keyword `no-auto-down`. ifupdown2, and ifupdown before 0.8.13, refuse the line.
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
