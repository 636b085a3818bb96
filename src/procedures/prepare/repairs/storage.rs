//! Files about storage and open-iscsi in which one value changes.

use crate::formats::iscsi::open_iscsi;
use crate::formats::storage::{fstab_edit, lvm};
use crate::procedures::prepare::draft::{Draft, Refusal};

/// Sets a value in `iscsid.conf` or a node record.
pub(crate) fn set_iscsi(draft: &mut Draft<'_>, path: &str, key: &str, value: &str) -> Result<(), Refusal> {
    let by_hand = format!("Set {key} to {value} in {path} by hand.");
    draft.edit(path, &by_hand, |text| open_iscsi::edit::edited(text, key, value))
}

/// Adds an option to a mount of fstab.
pub(crate) fn mount_option(draft: &mut Draft<'_>, mount_point: &str, option: &str) -> Result<(), Refusal> {
    let by_hand = format!("Add {option} to the options of {mount_point} in /etc/fstab by hand.");
    draft.edit("/etc/fstab", &by_hand, |text| fstab_edit::with_option(text, mount_point, option))
}

/// Lets LVM see or activate what the root lies on.
pub(crate) fn accept_volume(draft: &mut Draft<'_>, path: &str, setting: &str, add: &str) -> Result<(), Refusal> {
    let by_hand = format!("Put {add} first into {setting} of {path} by hand.");
    draft.edit(path, &by_hand, |text| lvm::edit::accepting(text, setting, add))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::sample::Tree;
    use super::*;

    #[test]
    fn one_value_of_each_file_changes() {
        let tree = Tree::of(&[
            ("/etc/iscsi/iscsid.conf", "node.startup = automatic\n"),
            ("/etc/fstab", "/dev/vg/root / ext4 defaults 0 1\n"),
            ("/etc/lvm/lvm.conf", "devices {\n filter = [ \"r|.*|\" ]\n}\n"),
        ]);
        let texts = tree.texts(|draft| {
            set_iscsi(draft, "/etc/iscsi/iscsid.conf", "node.startup", "manual")?;
            mount_option(draft, "/", "_netdev")?;
            accept_volume(draft, "/etc/lvm/lvm.conf", "devices/filter", "a|^/dev/sd|")
        });
        assert_eq!(texts["/etc/iscsi/iscsid.conf"], "node.startup = manual\n");
        assert_eq!(texts["/etc/fstab"], "/dev/vg/root / ext4 defaults,_netdev 0 1\n");
        assert_eq!(texts["/etc/lvm/lvm.conf"], "devices {\n filter = [ \"a|^/dev/sd|\", \"r|.*|\" ]\n}\n");
    }

    #[test]
    fn what_is_not_there_is_refused() {
        let tree =
            Tree::of(&[("/etc/fstab", "UUID=1 /home ext4\n"), ("/etc/lvm/lvm.conf", "devices {\n filter = [\n")]);
        assert_eq!(tree.changes(|draft| mount_option(draft, "/", "_netdev")).unwrap_err().place, "/etc/fstab");
        let refused = tree.changes(|draft| accept_volume(draft, "/etc/lvm/lvm.conf", "devices/filter", "a|x|"));
        assert_eq!(refused.unwrap_err().place, "/etc/lvm/lvm.conf:3");
    }
}
