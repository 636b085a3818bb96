//! isctpl's reader over the same case.

use super::{Answer, Boot, Case};
use isctpl::formats::loader::bls;
use isctpl::formats::loader::grub_cfg::{Choice, Named, Presence, World, choose, evaluate};
use isctpl_checks::facts::Problem;
use std::collections::BTreeMap;

impl World for Case {
    fn presence(&self, path: &str) -> Option<Presence> {
        Some(match path {
            "(prefix)/s1.cfg" => Presence::File(self.sourced.len() as u64),
            "(prefix)/grubenv" => Presence::File(1024),
            "(prefix)" | "(prefix)/" => Presence::Directory,
            path if path.starts_with("(prefix)/") => Presence::Absent,
            _ => return None,
        })
    }

    fn names(&self, directory: &str) -> Option<Vec<String>> {
        let in_prefix = directory.strip_prefix("(prefix)")?.trim_matches('/');
        // Those that the emulator is given, and `case.cfg` and `grub.cfg` beside them.
        let names = ["s1.cfg", "grubenv", "case.cfg", "grub.cfg"].map(str::to_owned);
        Some(if in_prefix.is_empty() { names.to_vec() } else { Vec::new() })
    }

    fn environment(&self, path: &str) -> Result<Option<BTreeMap<String, String>>, Problem> {
        Ok((path == "(prefix)/grubenv").then(|| self.block.iter().cloned().collect()))
    }

    fn source(&self, path: &str) -> Result<Option<(String, String)>, Problem> {
        Ok((path == "(prefix)/s1.cfg").then(|| (self.sourced.clone(), path.to_owned())))
    }

    fn bls(&self, _: Option<&str>) -> Result<Vec<(String, bls::Entry)>, Problem> {
        Ok(Vec::new())
    }
}

/// What isctpl says that boots; `Err` where it does not know.
pub(super) fn read(case: &Case) -> Answer {
    let menu = evaluate(&case.config, "/case.cfg", case);
    // A submenu without entries is a menu still.
    if menu.entries.is_empty() && menu.left_out.is_none() && !case.config.contains("submenu") {
        return Ok(None);
    }
    let entry = match choose(&menu) {
        Choice::Entry { index, .. } => &menu.entries[index],
        Choice::Unknown { what, .. } => return Err(what),
    };
    if let Some(problem) = &entry.left_out {
        return Err(problem.to_string());
    }
    if let Some(variable) = entry.unresolved.first() {
        return Err(format!("{variable} is not known"));
    }
    let linux = entry.kernel.as_ref().map(|kernel| match entry.options.is_empty() {
        true => kernel.path.clone(),
        false => format!("{} {}", kernel.path, entry.options),
    });
    let initrds = entry.initrds.iter().map(|file: &Named| file.path.clone()).collect();
    Ok(Some(Boot { title: entry.title.clone(), linux, initrds }))
}
