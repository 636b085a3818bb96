//! What prepare's words tell of the files that it changes.

use isctpl_lab::changes::changed_files;

#[test]
fn a_file_is_named_by_its_path_in_the_root() {
    let text = "what is done\n--- a/etc/default/grub\n+++ b/etc/default/grub\n@@ -1 +1 @@\n-a\n+b\n";
    assert_eq!(changed_files(text), ["/etc/default/grub"]);
}

#[test]
fn a_file_that_comes_or_goes_is_changed() {
    let text = "--- /dev/null\n+++ b/etc/new\n@@ -0,0 +1 @@\n+a\n--- a/etc/old\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n";
    assert_eq!(changed_files(text), ["/etc/new", "/etc/old"]);
}

#[test]
fn links_copies_and_what_is_built_are_changed() {
    let text = "- link /etc/rc0.d/K01x -> ../init.d/x\n+ link /etc/systemd/system/y.service -> /dev/null\n\
                + /boot/efi/EFI/BOOT/BOOTX64.EFI: a copy of /boot/efi/EFI/debian/grubx64.efi\n\
                  \x20 rebuild /boot/initrd.img-6.1, by update-initramfs\n";
    let wanted =
        ["/etc/rc0.d/K01x", "/etc/systemd/system/y.service", "/boot/efi/EFI/BOOT/BOOTX64.EFI", "/boot/initrd.img-6.1"];
    assert_eq!(changed_files(text), wanted);
}

#[test]
fn a_line_of_dashes_is_no_file() {
    assert_eq!(changed_files("--- begin\ntext\n---\n+++ end\n+ text\n"), [""; 0]);
}

#[test]
fn a_file_changed_twice_is_told_once() {
    let text = "--- a/etc/x\n+++ b/etc/x\n@@ -1 +1 @@\n-a\n+b\n".repeat(2);
    assert_eq!(changed_files(&text), ["/etc/x"]);
}
