//! What systemd and udev read.

use super::target::{Target, text, two};
use crate::formats::systemd::{self, exec, interface_commands, sysctl, udev_rules};
use std::hint::black_box;

pub(super) const TARGETS: &[Target] = &[
    Target::new(
        "unit",
        &["systemd/mod.rs", "systemd/exec.rs", "systemd/words.rs", "systemd/interface_commands.rs"],
        unit,
    ),
    Target::new("sysctl", &["systemd/sysctl.rs"], |input| {
        sysctl::parse(&text(input), "/s").for_each(|setting| drop(black_box(sysctl::rp_filter(&setting))));
    }),
    Target::new("udev-rules", &["systemd/udev_rules/"], udev),
];

fn unit(input: &[u8]) {
    let (first, second) = two(input);
    let mut unit = systemd::parse(&first, "/u");
    unit.merge(systemd::parse(&second, "/d"));
    for entry in unit.entries("Service", "ExecStart") {
        for command in exec::commands(&entry.value) {
            black_box(command.program());
        }
    }
    black_box((
        unit.words("Unit", "After"),
        unit.boolean("Unit", "DefaultDependencies"),
        unit.number("Service", "MTUBytes"),
    ));
    black_box(interface_commands::leave_interfaces_alone(&unit));
    black_box(systemd::split_words(&first));
}

fn udev(input: &[u8]) {
    let (first, second) = two(input);
    let mut names = udev_rules::Names::default();
    for (text, path) in [(&first, "/a.rules"), (&second, "/b.rules")] {
        names.read(text, path, &mut |rule| {
            black_box(rule.programs().count());
        });
    }
    black_box(names.finish());
    black_box(udev_rules::parse(&first, "/r"));
}
