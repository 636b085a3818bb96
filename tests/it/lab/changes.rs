//! What a diff tells of the files that it changes.

use isctpl_lab::changes::changed_files;

#[test]
fn a_file_is_named_by_its_path_in_the_root() {
    let text = "what is done\n--- a/etc/default/grub\n+++ b/etc/default/grub\n@@ -1 +1 @@\n-a\n+b\n";
    assert_eq!(changed_files(text), ["/etc/default/grub"]);
}

#[test]
fn a_file_that_comes_or_goes_is_changed() {
    let text =
        "--- /dev/null\n+++ b/etc/new\n@@ -0,0 +1 @@\n+a\n--- /etc/old\t2026\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n";
    assert_eq!(changed_files(text), ["/etc/new", "/etc/old"]);
}

#[test]
fn a_line_of_dashes_is_no_file() {
    assert_eq!(changed_files("--- begin\ntext\n---\n+++ end\n"), [""; 0]);
}

#[test]
fn a_file_changed_twice_is_told_once() {
    let text = "--- a/etc/x\n+++ b/etc/x\n@@ -1 +1 @@\n-a\n+b\n".repeat(2);
    assert_eq!(changed_files(&text), ["/etc/x"]);
}
