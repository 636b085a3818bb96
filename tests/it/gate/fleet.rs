//! Many snapshots at once.

use super::*;

/// Snapshots of a sound, a broken and a warned machine, and two that cannot be read.
fn fleet() -> (tempfile::TempDir, Vec<String>) {
    let place = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (name, changes) in [
        ("sound", ""),
        ("broken", "- /boot/vmlinuz-6.1.0-50-amd64\n"),
        ("warned", "- /usr/lib/modules/6.1.0-50-amd64\n"),
    ] {
        let file = place.path().join(name);
        assert_eq!(snapshot(machine(changes).path(), &file).code, 0);
        files.push(text(&file).to_owned());
    }
    let cut = place.path().join("cut");
    let whole = fs::read(&files[0]).unwrap();
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    files.push(text(&cut).to_owned());
    files.push(text(&place.path().join("absent")).to_owned());
    (place, files)
}

#[test]
fn many_snapshots_are_a_line_each_and_a_table() {
    let (place, files) = fleet();
    let args = ["doctor", "--snapshot", &files[0], &files[1], "--snapshot", &files[3], &files[2], &files[4]];
    let answer = isctpl(args);
    assert_eq!(answer.code, 2, "{}{}", answer.out, answer.err);
    insta::assert_snapshot!(answer.out.replace(text(place.path()), "FLEET"));
    assert_eq!(answer.err, "");
}

#[test]
fn the_worst_of_many_snapshots_is_the_exit_code() {
    let (_place, files) = fleet();
    let [sound, broken, warned, cut, _] = files.as_slice() else { panic!() };
    for (files, code) in
        [(&[sound, sound][..], 0), (&[sound, warned], 1), (&[warned, cut, sound], 3), (&[cut, broken, warned], 2)]
    {
        for format in ["table", "json", "prometheus", "nagios", "junit"] {
            let args = ["doctor", "--format", format, "--snapshot"];
            let args: Vec<&str> = args.into_iter().chain(files.iter().map(|file| file.as_str())).collect();
            assert_eq!(isctpl(&args).code, code, "{args:?}");
            assert_eq!(unread(&args).0, Some(code), "{args:?} whose output nobody reads");
        }
    }
    let first = monitor::plugin(&["doctor", "--snapshot", sound, cut, broken], 2).remove(0);
    assert!(first.contains("3 snapshots: 1 fails, 1 unreadable, 1 boots; first: "), "{first}");
    assert!(first.contains("fails=1;;0 at_risk=0;;0 unknown=0 unreadable=1 boots=1"), "{first}");
}

#[test]
fn many_snapshots_are_json_lines() {
    let (_place, files) = fleet();
    let args: Vec<&str> =
        ["doctor", "--format", "json", "--snapshot"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let answer = isctpl(&args);
    let lines: Vec<serde_json::Value> = answer.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), files.len());
    for (line, file) in lines.iter().zip(&files) {
        monitor::doctor_schema(line);
        assert_eq!(line["snapshot"], file.as_str());
        assert_eq!(line["mode"], "snapshot");
    }
    let boots: Vec<_> = lines.iter().map(|line| line["verdict"]["boot"].as_str().unwrap()).collect();
    assert_eq!(boots, ["boots", "fails", "boots", "unknown", "unknown"]);
    assert!(lines[4]["unreadable"].as_str().unwrap().contains("cannot be opened"), "{}", lines[4]);
    assert!(lines[0].get("unreadable").is_none());
}

/// More than may be judged ahead of the next line, of which the first takes longest to come.
#[test]
fn thousands_of_snapshots_come_in_their_order() {
    let (place, files) = fleet();
    let mut args = vec!["doctor".to_owned(), "--snapshot".to_owned()];
    let mut wanted = vec![place.path().join("fifo")];
    nix::unistd::mkfifo(&wanted[0], nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    for number in 0..2000 {
        wanted.push(match number % 100 {
            7 => files[0].clone().into(),
            _ => place.path().join(format!("absent-{number}")),
        });
    }
    args.extend(wanted.iter().map(|file| text(file).to_owned()));
    let late = std::thread::spawn({
        let (fifo, whole) = (wanted[0].clone(), fs::read(&files[1]).unwrap());
        move || {
            std::thread::sleep(Duration::from_secs(1));
            fs::write(fifo, whole).unwrap();
        }
    });
    let answer = isctpl(&args);
    late.join().unwrap();
    assert_eq!(answer.code, 2);
    let lines = answer.out.lines().take(wanted.len());
    for (line, file) in lines.zip(&wanted) {
        let name = line[20..].split([' ', ':']).next();
        assert_eq!(name, file.to_str(), "{line}");
    }
    assert!(answer.out.contains("\n2001 snapshots\n"), "{}", &answer.out[answer.out.len() - 500..]);
}

#[test]
fn many_snapshots_end_in_time() {
    let (place, files) = fleet();
    let fifo = place.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    let args = ["doctor", "--timeout", "3", "--snapshot", &files[0], text(&fifo), "/absent"];
    let answer = monitor::in_time(command(args), Duration::from_secs(40));
    assert_eq!(answer.code, 3, "{}{}", answer.out, answer.err);
    assert!(answer.out.starts_with("BOOTS "), "{}", answer.out);
    assert!(answer.out.contains("fifo: not judged within the 3 s of --timeout"), "{}", answer.out);
}
