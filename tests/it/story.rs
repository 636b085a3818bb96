//! The README's story, from an installer's shell to a sealed template: every command is run, and prints what stands
//! there.
//!
//! The LUN is a loop device behind a fake target; what is installed on it is a small root with generators of its own.

use crate::generated::{README, project, settle_all};
use crate::prepare::bench::Bench;
use crate::rescue::{fake_target, listener};
use crate::support::netns::{Namespace, PORTAL, SAN_MAC};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::PoisonError;

/// Where the README tells it.
const SECTION: &str = "## From an installer's shell to a sealed template\n";

/// How a command of it begins: typed by root, so that no other test takes it for a sample.
const PROMPT: &str = "# ";

/// The filesystem that the installer makes.
const UUID: &str = "11111111-2222-3333-4444-555555555501";

/// A Debian as its installer leaves it.
const INSTALLED: &str = r#"
f 0644 /etc/os-release
| ID=debian
| NAME="Debian GNU/Linux"
| VERSION_ID="12"
| PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
f 0644 /etc/fstab
| UUID=11111111-2222-3333-4444-555555555501 / ext4 errors=remount-ro,_netdev 0 1
f 0644 /etc/default/grub
| # Run update-grub afterwards to update /boot/grub/grub.cfg.
| GRUB_DEFAULT=0
| GRUB_TIMEOUT=5
| GRUB_CMDLINE_LINUX_DEFAULT="quiet"
| GRUB_CMDLINE_LINUX=""
f 0600 /boot/grub/grub.cfg
| set default="0"
| menuentry 'Debian GNU/Linux' {
| 	search --no-floppy --fs-uuid --set=root 11111111-2222-3333-4444-555555555501
| 	linux /boot/vmlinuz-6.1.0-50-amd64 root=UUID=11111111-2222-3333-4444-555555555501 ro  quiet
| 	initrd /boot/initrd.img-6.1.0-50-amd64
| }
f 0755 /usr/sbin/grub-mkconfig
| #!/bin/sh
| # grub-mkconfig -o OUTPUT
| . /etc/default/grub
| uuid=11111111-2222-3333-4444-555555555501
| printf '%s\n' 'set default="0"' "menuentry 'Debian GNU/Linux' {" \
|     "search --no-floppy --fs-uuid --set=root $uuid" \
|     "linux /boot/vmlinuz-6.1.0-50-amd64 root=UUID=$uuid ro $GRUB_CMDLINE_LINUX $GRUB_CMDLINE_LINUX_DEFAULT" \
|     'initrd /boot/initrd.img-6.1.0-50-amd64' '}' > "$2"
- /etc/iscsi/iscsi.initramfs
i 0644 /boot/initrd.img-6.1.0-50-amd64 zstd images/asks-for-nothing.tree
f 0644 /etc/machine-id
| 0123456789abcdef0123456789abcdef
f 0640 /var/log/installer/syslog
| installed
e 0755 /usr/sbin/init
f 0755 /usr/bin/python3
f 0755 /usr/share/initramfs-tools/scripts/local-top/iscsi
f 0755 /usr/sbin/snmpd
f 0600 /etc/snmp/snmpd.conf
| agentaddress 127.0.0.1
f 0644 /usr/lib/systemd/system/snmpd.service
| [Service]
| ExecStart=/usr/sbin/snmpd -f
| [Install]
| WantedBy=multi-user.target
l /etc/systemd/system/multi-user.target.wants/snmpd.service /usr/lib/systemd/system/snmpd.service
"#;

/// How each command ends.
const CODES: [i32; 6] = [0, 2, 0, 1, 0, 0];

/// The story, and what stands before and after it.
fn parts(readme: &str) -> (&str, &str, &str) {
    let (before, rest) = readme.split_once(SECTION).expect("the README tells no story");
    let end = rest.find("\n## ").unwrap_or(rest.len());
    (before, &rest[..end], &rest[end..])
}

fn commands(readme: &str) -> Vec<&str> {
    parts(readme).1.lines().filter_map(|line| line.strip_prefix(PROMPT)).collect()
}

/// The README with what the commands print in place of what stands there.
fn filled(readme: &str, printed: &[String]) -> String {
    let (before, story, after) = parts(readme);
    let mut text = format!("{before}{SECTION}");
    let mut printed = printed.iter();
    let mut lines = story.lines();
    while let Some(line) = lines.next() {
        let _ = writeln!(text, "{line}");
        if line.starts_with(PROMPT) {
            let _ = writeln!(text, "{}\n```", printed.next().unwrap().trim_end());
            lines.by_ref().take_while(|line| *line != "```").for_each(drop);
        }
    }
    text + after
}

/// Runs the commands one after the other, and gives what each of them prints.
fn run(commands: &[&str]) -> Option<Vec<String>> {
    let root = Bench::new("the_story_of_the_readme_is_real", &[INSTALLED])?;
    let (here, san) = (Namespace::new("story")?, Namespace::new("story-san")?);
    here.nic("enp0s3", SAN_MAC);
    here.ip("address add 100.64.16.54/29 dev enp0s3");
    here.ip(&format!("link set enp0s3-peer netns {}", san.name()));
    here.ip(&format!("route add {PORTAL} via 100.64.16.49"));
    san.ip("address add 100.64.16.49/29 dev enp0s3-peer");
    san.ip(&format!("address add {PORTAL} dev lo"));
    san.ip("link set enp0s3-peer up");
    let portal = san.run(|| listener(PORTAL, 3260));
    let sandbox = fake_target("the_story_of_the_readme_is_real", &portal)?;
    let directory = tempfile::tempdir().unwrap();
    let story = directory.path().join("story");
    fs::create_dir(&story).unwrap();
    fs::write(story.join("commands"), commands.join("\n")).unwrap();
    fs::rename(root.root(), story.join("root")).unwrap();
    let output = here
        .command(sandbox.get_program().to_str().unwrap())
        .envs(sandbox.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("FAKE_ADDRESS", PORTAL)
        .env("FAKE_DISK", "sda")
        .env("STORY", &story)
        .env("STORY_UUID", UUID)
        .arg(directory.path())
        .arg(project().join("tests/rescue/fake-target"))
        .arg(project().join("tests/rescue/story"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.is_empty(), "{said}");
    let codes = fs::read_to_string(story.join("codes")).unwrap();
    let codes: Vec<i32> = codes.lines().map(|code| code.parse().unwrap()).collect();
    assert_eq!(codes, CODES, "{:?}", (1..=commands.len()).map(|number| printed(&story, number)).collect::<Vec<_>>());
    Some((1..=commands.len()).map(|number| printed(&story, number)).collect())
}

fn printed(story: &Path, number: usize) -> String {
    let text = fs::read_to_string(story.join(number.to_string())).unwrap();
    // The root has this machine's own shell.
    text.replace(&format!("--os-architecture {}", std::env::consts::ARCH), "--os-architecture x86_64")
}

/// Without what is not the same in every run: the size of what prepare kept, in which its journal counts.
fn without_sizes(text: &str) -> String {
    let without = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_size = |at: usize| words.get(at + 1).is_some_and(|unit| unit.starts_with("KiB"));
        words.iter().enumerate().filter(|(at, _)| !is_size(*at)).map(|(_, word)| format!("{word} ")).collect::<String>()
    };
    text.lines().map(|line| if line.contains(" KiB") { without(line) } else { line.to_owned() } + "\n").collect()
}

#[test]
fn the_story_of_the_readme_is_real() {
    let path = project().join("README.md");
    let read = || fs::read_to_string(&path).unwrap();
    let told = read();
    let commands = commands(&told);
    assert_eq!(commands.len(), CODES.len(), "{commands:?}");
    let Some(printed) = run(&commands) else { return };
    // Other tests may have written their samples meanwhile.
    let _own = README.lock().unwrap_or_else(PoisonError::into_inner);
    let readme = read();
    let wanted = filled(&readme, &printed);
    if without_sizes(&wanted) != without_sizes(&readme) {
        settle_all(vec![(path, wanted)]);
    }
}
