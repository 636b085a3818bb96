//! `template-machine-id-left`

use super::left::{Left, empty, judge_left};
use crate::facts::LeftoverKind;
use crate::{Check, Doc, Link, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "template-machine-id-left",
    link: Link::Template,
    severity: LEFT.severity,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "a machine ID is left in the template",
    doc: Doc {
        finds: "A machine ID in /etc/machine-id or /var/lib/dbus/machine-id. An empty file passes, and so does one \
                with the word uninitialized.",
        breaks: "Machines with the same ID look like one machine. networkd derives its DHCP client identifier from \
                 it, so two clones on one segment may get the same lease and use the same address. On the SAN \
                 segment, both then lose their root.",
        fix: "Empty /etc/machine-id: systemd generates an ID at the first boot. D-Bus's copy should be a symbolic \
              link to it.",
        references: &[
            "machine-id(5)",
            "systemd.network(5), [DHCPv4] ClientIdentifier= and DUIDType=",
            "sd_id128_get_machine(3)",
        ],
    },
    judge: |facts| judge_left(facts, &LEFT),
};

const LEFT: Left = Left {
    kind: LeftoverKind::MachineId,
    severity: Severity::Warning,
    what: "a machine ID",
    clean: "no machine ID is left",
    unit: "bytes",
    fix: "Empty the machine ID; each machine generates its own at the first boot",
    command: empty,
};
