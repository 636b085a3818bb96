//! Files that are written whole, or through.

use super::*;

fn holds_a_snapshot(file: &Path) {
    let judged = isctpl(["doctor", "--snapshot", text(file)]);
    assert!(judged.out.starts_with("BOOTS"), "{}: {}{}", file.display(), judged.out, judged.err);
}

/// What a directory holds, by name.
pub(crate) fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_is_replaced_and_a_link_is_followed() {
    let root = machine("");
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    fs::create_dir(at("kept")).unwrap();
    fs::write(at("kept/old"), "old").unwrap();
    fs::set_permissions(at("kept/old"), fs::Permissions::from_mode(0o644)).unwrap();
    symlink("kept/old", at("link")).unwrap();
    symlink("link", at("link-to-link")).unwrap();
    symlink("kept/new", at("dangling")).unwrap();
    for name in ["fresh", "link-to-link", "dangling"] {
        let answer = snapshot(root.path(), &at(name));
        assert_eq!(answer.code, 0, "{name}: {}", answer.err);
        holds_a_snapshot(&at(name));
    }
    assert!(at("link-to-link").is_symlink() && at("link").is_symlink() && at("dangling").is_symlink());
    for name in ["fresh", "kept/old", "kept/new"] {
        let found = fs::symlink_metadata(at(name)).unwrap();
        assert!(found.is_file(), "{name}");
        assert_eq!(found.mode() & 0o7777, 0o600, "facts are for the owner of {name} alone");
    }
    assert_eq!(names(place.path()), ["dangling", "fresh", "kept", "link", "link-to-link"]);
    assert_eq!(names(&at("kept")), ["new", "old"]);
}

#[test]
fn what_no_file_can_stand_in_for_is_refused_and_left() {
    let root = machine("");
    let place = tempfile::tempdir().unwrap();
    fs::create_dir(place.path().join("directory")).unwrap();
    symlink("loop", place.path().join("loop")).unwrap();
    for name in ["directory", "loop", "nowhere/file"] {
        let answer = snapshot(root.path(), &place.path().join(name));
        assert_eq!(answer.code, 3, "{name}");
        assert!(answer.err.contains(name), "{name}: {}", answer.err);
    }
    assert_eq!(names(place.path()), ["directory", "loop"]);
}

#[test]
fn a_fifo_is_written_through() {
    let root = machine("");
    let place = tempfile::tempdir().unwrap();
    let fifo = place.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    symlink("fifo", place.path().join("link")).unwrap();
    for name in ["fifo", "link"] {
        let reader = std::thread::spawn({
            let fifo = fifo.clone();
            move || fs::read(fifo).unwrap()
        });
        assert_eq!(snapshot(root.path(), &place.path().join(name)).code, 0);
        let file = place.path().join("got");
        fs::write(&file, reader.join().unwrap()).unwrap();
        holds_a_snapshot(&file);
    }
    assert!(fs::symlink_metadata(&fifo).unwrap().file_type().is_fifo());
    assert_eq!(names(place.path()), ["fifo", "got", "link"]);
}

#[test]
fn standard_output_by_its_path_is_written_through() {
    let root = machine("");
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("got");
    for path in ["/dev/stdout", "/proc/self/fd/1"] {
        let output = command(["-q", "snapshot", "--root", text(root.path()), "-o", path]).output().unwrap();
        assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
        fs::write(&file, output.stdout).unwrap();
        holds_a_snapshot(&file);
    }
}

/// As root, in a mount namespace of its own: a device of its own on a tmpfs, and a tmpfs that is full.
#[test]
fn devices_stay_devices_and_a_full_disk_keeps_the_old_file() {
    const TEST: &str = "devices_stay_devices_and_a_full_disk_keeps_the_old_file";
    if !crate::support::is_root() || !["unshare", "mknod", "mount"].into_iter().all(crate::support::has) {
        return crate::support::skip(TEST, "it takes root, unshare, mknod and mount");
    }
    let root = machine("");
    let place = tempfile::tempdir().unwrap();
    let script = r#"
        set -eu
        mount -t tmpfs -o size=64k,mode=0755 tmpfs "$PLACE"
        cd "$PLACE"
        mknod null c 1 3
        mknod full c 1 7
        ln -s null link
        "$ISCTPL" snapshot --root "$JUDGED" -o null
        "$ISCTPL" snapshot --root "$JUDGED" -o link
        "$ISCTPL" snapshot --root "$JUDGED" -o full && exit 11
        [ -c null ] && [ -c full ] && [ -L link ] || exit 12
        echo old > file
        ln -s file to-file
        # What is left has no room for a snapshot.
        dd if=/dev/zero of=filler bs=1k count=60 2>dd.log || true
        for name in file to-file fresh; do
            "$ISCTPL" snapshot --root "$JUDGED" -o $name && exit 13
        done
        [ "$(cat file)" = old ] || exit 14
        [ "$(ls -A | tr '\n' ' ')" = "dd.log file filler full link null to-file " ] || { ls -lA; exit 15; }
    "#;
    let output = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "sh", "-c", script])
        .env("PLACE", place.path())
        .env("JUDGED", root.path())
        .env("ISCTPL", env!("CARGO_BIN_EXE_isctpl"))
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("No space left on device"), "{said}");
}
