//! `prepare` over whole roots: what it shows, what it changes, and that all of it comes back.
//!
//! The roots have a shell of their own, and generators that make what the test gave them: the real ones run in the
//! lab.

#[path = "prepare/bench.rs"]
pub(crate) mod bench;
#[path = "prepare/killed.rs"]
mod killed;
#[path = "prepare/refused.rs"]
mod refused;

use crate::support::run::verdict;
use bench::{Bench, CUT_IMAGE, LOGS_OUT, SEED_WORDS};

/// What was seen with the root's name taken out.
fn shown(bench: &Bench, text: &str) -> String {
    text.replace(bench.root().to_str().unwrap(), "ROOT")
}

#[test]
fn a_dry_run_shows_the_diff_and_changes_nothing() {
    let Some(bench) = Bench::new("prepare::dry_run", &[SEED_WORDS, LOGS_OUT]) else { return };
    let before = bench.seen();
    let answer = bench.prepare(&["--dry-run"]);
    assert_eq!(answer.code, 0, "{}{}", answer.out, answer.err);
    insta::assert_snapshot!("dry_run", shown(&bench, &answer.out));
    bench.assert_as(&before, "");
}

#[test]
fn what_doctor_finds_is_fixed_and_comes_back() {
    let Some(bench) = Bench::new("prepare::fixed", &[SEED_WORDS, LOGS_OUT, CUT_IMAGE]) else { return };
    let before = bench.seen();
    assert!(verdict(bench.root(), &[]).starts_with("fails at initramfs"));
    let answer = bench.prepare(&["--yes"]);
    assert_eq!(answer.code, 0, "{}{}", answer.out, answer.err);
    assert_eq!(verdict(bench.root(), &[]), "boots");
    insta::assert_snapshot!("fixed", shown(&bench, &answer.out));

    let prepared = bench.seen();
    let again = bench.prepare(&["--yes"]);
    assert_eq!((again.code, again.out.contains("UNCHANGED")), (0, true), "{}{}", again.out, again.err);
    bench.assert_as(&prepared, "twice in a row changes nothing");

    let undone = bench.prepare(&["--undo"]);
    assert_eq!(undone.code, 0, "{}{}", undone.out, undone.err);
    bench.assert_as(&before, "");
    let nothing = bench.prepare(&["--undo"]);
    assert_eq!((nothing.code, nothing.out.contains("Nothing to undo")), (0, true), "{}{}", nothing.out, nothing.err);
}

#[test]
fn a_healthy_root_stays_as_it_is() {
    let Some(bench) = Bench::new("prepare::healthy", &[]) else { return };
    let before = bench.seen();
    let answer = bench.prepare(&["--yes"]);
    assert_eq!((answer.code, answer.out.contains("UNCHANGED")), (0, true), "{}{}", answer.out, answer.err);
    bench.assert_as(&before, "");
}

#[test]
fn only_what_is_asked_for_is_fixed() {
    let Some(bench) = Bench::new("prepare::only", &[SEED_WORDS, LOGS_OUT]) else { return };
    let answer = bench.prepare(&["--yes", "--only", "shutdown"]);
    assert_eq!(answer.code, 0, "{}{}", answer.out, answer.err);
    assert_eq!(verdict(bench.root(), &[]), "fails at login: login-interface-named-ibft");
    assert!(answer.out.contains("still   critical login-interface-named-ibft"), "{}", answer.out);
    let rest = bench.prepare(&["--yes", "--only", "login-interface-named-ibft"]);
    assert_eq!((rest.code, verdict(bench.root(), &[])), (0, "boots".to_owned()), "{}{}", rest.out, rest.err);
}

/// What no rebuild brings into the image is said, and is not tried again and again.
#[test]
fn what_a_rebuild_does_not_fix_is_left_to_the_person() {
    let Some(bench) = Bench::new("prepare::no_help", &[CUT_IMAGE]) else { return };
    // The generator gives the image that is cut.
    bench.write("usr/share/image", b"cut\n");
    let answer = bench.prepare(&["--yes"]);
    assert_eq!(answer.code, 3, "{}{}", answer.out, answer.err);
    assert!(answer.out.contains("CHANGED") && answer.out.contains("by hand initramfs-unreadable"), "{}", answer.out);
    let tried = bench.seen();
    let again = bench.prepare(&["--yes"]);
    assert_eq!(again.code, 3, "{}{}", again.out, again.err);
    bench.assert_as(&tried, "twice in a row changes nothing");
    // What it is built of has changed: it is built once more, because it may help now.
    assert_eq!(bench.prepare(&["--undo"]).code, 0);
}

/// A loader that no program of the root writes is not said to be fixed.
#[test]
fn words_that_nothing_writes_are_left_to_the_person() {
    let Some(bench) = Bench::new("prepare::no_writer", &[SEED_WORDS, LOGS_OUT, "- /usr/sbin/grub-mkconfig\n"]) else {
        return;
    };
    let answer = bench.prepare(&["--yes"]);
    assert_eq!(answer.code, 3, "{}{}", answer.out, answer.err);
    let defaults = std::fs::read_to_string(bench.root().join("etc/default/grub")).unwrap();
    assert!(defaults.contains("ip=ibft"), "{defaults}");
    assert!(!bench.root().join("etc/systemd/system/multi-user.target.wants/san-logout.service").is_symlink());
}

/// networkd of the real root gets a file for every NIC out of ip=dhcp, which the initramfs has read before.
#[test]
fn what_the_command_line_makes_of_networkd_is_kept() {
    const NETWORKD: &str = "
f 0644 /etc/default/grub
| GRUB_CMDLINE_LINUX=\"iscsi_auto ip=dhcp edd=off console=ttyS0\"
f 0600 /boot/grub/grub.cfg
| menuentry 'Fixture Linux' {
| 	search --no-floppy --fs-uuid --set=root 11111111-2222-3333-4444-555555555502
| 	linux	/vmlinuz-6.1.0-50-amd64 root=/dev/mapper/ubuntu--vg-ubuntu--lv ro iscsi_auto ip=dhcp edd=off console=ttyS0
| 	initrd	/initrd.img-6.1.0-50-amd64
| }
f 0755 /usr/lib/systemd/systemd-network-generator
| /run/systemd/network/90-%s.netdev
f 0644 /usr/lib/systemd/system/systemd-networkd.service
| [Unit]
f 0644 /usr/lib/systemd/system/systemd-network-generator.service
| [Unit]
f 0644 /usr/lib/systemd/system/sysinit.target
| [Unit]
f 0644 /usr/lib/systemd/system/multi-user.target
| [Unit]
| Requires=sysinit.target
l /etc/systemd/system/multi-user.target.wants/systemd-networkd.service /usr/lib/systemd/system/systemd-networkd.service
l /etc/systemd/system/sysinit.target.wants/systemd-network-generator.service /usr/lib/systemd/system/systemd-network-generator.service
";
    let Some(bench) = Bench::new("prepare::network_generator", &[NETWORKD]) else { return };
    assert_eq!(verdict(bench.root(), &[]), "at-risk at handover: handover-san-nic-reconfigured");
    let answer = bench.prepare(&["--yes"]);
    assert_eq!(answer.code, 0, "{}{}", answer.out, answer.err);
    let path = "etc/systemd/network/91-default.network.d/99-isctpl.conf";
    assert!(std::fs::read_to_string(bench.root().join(path)).unwrap().contains("KeepConfiguration=yes"));
}

/// Both runs are undone, the later one first.
#[test]
fn several_runs_are_undone_together() {
    let Some(bench) = Bench::new("prepare::several", &[SEED_WORDS, LOGS_OUT]) else { return };
    let before = bench.seen();
    for only in ["shutdown", "login"] {
        assert_eq!(bench.prepare(&["--yes", "--only", only]).code, 0);
    }
    let undone = bench.prepare(&["--undo"]);
    assert_eq!(undone.code, 0, "{}{}", undone.out, undone.err);
    bench.assert_as(&before, "");
}

#[test]
fn what_somebody_has_changed_since_is_not_overwritten_without_a_word() {
    let Some(bench) = Bench::new("prepare::changed_since", &[SEED_WORDS]) else { return };
    let before = bench.seen();
    assert_eq!(bench.prepare(&["--yes"]).code, 0);
    let place = bench.root().join("etc/default/grub");
    let text = std::fs::read_to_string(&place).unwrap() + "# mine\n";
    std::fs::write(&place, &text).unwrap();
    bench.age(&place);
    let refused = bench.prepare(&["--undo"]);
    assert_eq!(refused.code, 3, "{}{}", refused.out, refused.err);
    assert!(refused.err.contains("/etc/default/grub"), "{}", refused.err);
    assert_eq!(std::fs::read_to_string(&place).unwrap(), text);
    assert_eq!(bench.prepare(&["--undo", "--yes"]).code, 0);
    bench.assert_as(&before, "");
}
