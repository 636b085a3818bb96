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
    title: "a machine id is left in the template",
    doc: Doc {
        finds: "A machine id in /etc/machine-id or /var/lib/dbus/machine-id. An empty file, or the word \
                uninitialized, passes.",
        breaks: "Machines with the same id look like one machine. networkd makes its DHCP client identifier from \
                 it, so two clones on one segment may be given the same lease and take the address from each other: on \
                 the SAN segment that is the root.",
        fix: "Empty /etc/machine-id: systemd makes an id at the first boot. The copy of D-Bus should be a link to \
               it.",
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
    places: &["/etc/machine-id", "/var/lib/dbus"],
    what: "a machine id",
    clean: "no machine id is left",
    unit: "bytes",
    fix: "Empty the machine id; each machine makes its own at the first boot",
    command: empty,
};
