//! wicked, the manager of SUSE.

use super::{generated, ifcfg_files};
use crate::formats::network::wicked;
use crate::probes::files::Reader;
use isctpl_checks::facts::{NetConfig, Problem};

const DIRECTORY: &str = "/etc/sysconfig/network";

/// Endings that wicked skips (__ni_suse_ifcfg_valid_suffix()).
const LEFT_OVERS: [&str; 8] = ["~", ".old", ".bak", ".orig", ".scpmbackup", ".rpmnew", ".rpmsave", ".rpmorig"];

/// wicked's own format, beside SUSE's.
const OWN: &str = "/etc/wicked/ifconfig";

/// The script by which wicked takes over what the iBFT describes.
const IBFT: [&str; 4] = [
    "/etc/wicked/extensions/ibft",
    "/usr/libexec/wicked/extensions/ibft",
    "/usr/lib/wicked/extensions/ibft",
    "/usr/lib64/wicked/extensions/ibft",
];

/// Adds the interfaces of ifcfg files to the facts.
pub(super) fn read(files: &Reader<'_>, facts: &mut NetConfig) {
    // Red Hat's initscripts have a file of that name.
    let has_directory = files.first_directory([DIRECTORY]).is_some();
    let listed = has_directory.then(|| ifcfg_files::list(files, DIRECTORY, &LEFT_OVERS));
    for (name, path) in listed.into_iter().flatten() {
        let Some(text) = files.text(&path) else { continue };
        let mut config = wicked::read(&text, &files.name(&path), &name, &mut files.problems());
        config.generated_by = generated::by(&text);
        facts.interfaces.push(config);
    }
    for name in files.names(OWN).into_iter().filter(|name| name.ends_with(".xml")) {
        files.note(Problem::new(files.name(&format!("{OWN}/{name}")), "wicked's own format is not read"));
    }
    facts.wicked_ibft = files.first_file(IBFT).map(|path| files.location(path));
}
