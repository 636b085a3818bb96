//! What a console tells of a boot.

use isctpl_lab::console::{Console, Stage};

fn after(text: &str) -> Console {
    let mut console = Console::default();
    // In small pieces, as a pipe hands them over.
    for piece in text.as_bytes().chunks(7) {
        console.take(piece);
    }
    console
}

#[test]
fn a_healthy_boot_reaches_the_real_root() {
    let console = after(
        "Booting from SAN device 0x80\r\nLoading Linux 6.1.0 ...\r\n[    0.000000] Linux version 6.1.0\r\n\
         Begin: Running /scripts/init-bottom ... done.\r\n",
    );
    assert_eq!(console.stage, Some(Stage::RealRoot));
    assert_eq!(console.lost, None);
}

#[test]
fn a_prompt_without_a_line_end_is_seen() {
    assert_eq!(after("\u{1b}[0;37;40mgrub> ").lost.as_deref(), Some("grub>"));
}

#[test]
fn an_initramfs_that_finds_no_root_is_lost() {
    let console = after(
        "[    0.000000] Linux version 6.1.0\nALERT!  /dev/mapper/ubuntu--vg-ubuntu--lv does not exist.  \
         Dropping to a shell!\n",
    );
    assert_eq!(console.stage, Some(Stage::Initramfs));
    assert!(console.lost.is_some());
}

#[test]
fn a_target_that_resets_is_the_benchs_fault() {
    let console = after("Could not open SAN device: Connection reset (ipxe.org/0f0a6039)\n");
    assert!(console.bench.is_some());
}

#[test]
fn control_sequences_do_not_hide_a_text() {
    let console = after("[\u{1b}[0m\u{1b}[31m*\u{1b}[0m] Job dev-sda.device/\u{1b}[1mstop running (1min)\n");
    assert!(console.stop_hangs.is_some());
    let console = after("\u{1b}M\r\u{1b}[K[  *** ] Job a.service/stop running (1min)\n");
    assert_eq!(console.stop_hangs.as_deref(), Some("[  *** ] Job a.service/stop running (1min)"));
}

#[test]
fn an_endless_line_is_bounded() {
    let mut console = Console::default();
    for _ in 0..1000 {
        console.take(b"xxxxxxxxxx");
    }
    assert!(console.line.len() <= 4096);
}

#[test]
fn a_question_of_an_installer_ends_its_run() {
    assert!(after("1: yes, 2: no\r\n\u{1b}[mPrompt: '?' for help> ").lost.is_some());
    let failed = "!! ERROR: Failed to load installer component\r\n\r\n[Press enter to continue] ";
    assert!(after(failed).lost.is_some_and(|lost| lost.starts_with("!! ERROR: ")));
    assert_eq!(after("Loading additional components  ... 36%... 40%\r\n").lost, None);
}
