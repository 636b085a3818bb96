//! Whether the machine has a device that fstab or crypttab names, by all that was seen of its disks.

use crate::Analysis;
use crate::analysis::{DeviceSpec, inactive_volumes};
use crate::facts::{BlockDevice, Mode, Signature};

/// Whether a device is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sight {
    /// It is, as this device where its name is known.
    There(Option<String>),
    /// It is not; what was looked at.
    Gone(String),
    /// It cannot be told, and why.
    Unclear(String),
}

impl Analysis<'_> {
    /// Every device that was seen.
    pub(super) fn seen_devices(&self) -> Vec<&BlockDevice> {
        let storage = &self.storage;
        storage.devices.known().into_iter().chain(storage.beside.known()).flatten().collect()
    }

    /// Whether all disks of the instance were looked at: on itself, or in a rescue system on its machine.
    fn sees_every_disk(&self) -> bool {
        match self.scope.mode {
            Mode::Live => self.storage.devices.known().is_some_and(|devices| !devices.is_empty()),
            Mode::Root => self.scope.same_machine && self.storage.beside.known().is_some(),
        }
    }
}

/// Looks for a device. `node` says whether the running system has the node that systemd waits for.
pub(super) fn sight(facts: &Analysis<'_>, text: &str, node: Option<bool>) -> Sight {
    if node == Some(true) {
        return Sight::There(None);
    }
    let spec = DeviceSpec::parse(text);
    let devices = facts.seen_devices();
    if let Some(device) = devices.iter().find(|device| is_linked(facts.scope.mode, &spec, device)) {
        return Sight::There(Some(device.name.clone()));
    }
    if let Some(device) = devices.iter().find(|device| spec.names(device) == Some(true)) {
        // udev's link has the letters as blkid prints them, and systemd waits for the link.
        return Sight::Gone(format!("udev writes the id of {} in other letters (upper or lower case)", device.name));
    }
    if let DeviceSpec::Volume { vg, lv } = &spec
        && let Some(sight) = volume(&devices, vg, lv)
    {
        return sight;
    }
    if node == Some(false) {
        return Sight::Gone("the running system has no such device".to_owned());
    }
    if !facts.sees_every_disk() {
        return match &spec {
            DeviceSpec::Volume { vg, lv } => beside_the_root(facts, vg, lv),
            _ => None,
        }
        .unwrap_or_else(|| {
            Sight::Unclear("it is not known which disks the machine has besides the root's".to_owned())
        });
    }
    match doubt(facts, &spec, &devices) {
        Some(why) => Sight::Unclear(why),
        None => Sight::Gone(format!("{} block devices read, none of them is {text}", devices.len())),
    }
}

/// Whether udev's link of that name leads to the device.
fn is_linked(mode: Mode, spec: &DeviceSpec, device: &BlockDevice) -> bool {
    let exactly = match (spec, device.signature.known()) {
        (DeviceSpec::Uuid(wanted), Some(Some(Signature::Filesystem { uuid, .. } | Signature::Luks { uuid }))) => {
            return uuid.as_ref() == Some(wanted);
        }
        (DeviceSpec::PartUuid(wanted), _) => device.part_uuid.as_ref() == Some(wanted),
        (DeviceSpec::Kernel(name), _) if mode == Mode::Live => return device.name == *name,
        // The only disk of the instance is its first one, whatever this host calls it.
        (DeviceSpec::Kernel(name), _) => {
            let of_first = name.strip_prefix("sda").filter(|number| !number.is_empty());
            let number = |number: &str| {
                device.parent.as_ref().and_then(|disk| device.name.strip_prefix(disk.as_str())) == Some(number)
            };
            return of_first.is_some_and(number);
        }
        _ => true,
    };
    exactly && spec.names(device) == Some(true)
}

/// What the physical volumes say of a logical volume; `None` where none of its group was seen.
fn volume(devices: &[&BlockDevice], vg: &str, lv: &str) -> Option<Sight> {
    devices.iter().find_map(|device| match device.signature.known() {
        Some(Some(Signature::LvmPv { vg: Some(name), lvs, .. })) if name == vg && !lvs.is_empty() => {
            Some(match lvs.iter().any(|known| known == lv) {
                true => Sight::There(Some(device.name.clone())),
                false => Sight::Gone(format!("the volume group {vg} on {} has: {}", device.name, lvs.join(", "))),
            })
        }
        _ => None,
    })
}

/// What LVM's own backup in the root says of a volume of the root's group, which is active where the root is; `None` of
/// another group. LVM writes it at every change, but on whichever system makes the change.
fn beside_the_root(facts: &Analysis<'_>, vg: &str, lv: &str) -> Option<Sight> {
    facts.root_volume().filter(|(group, _)| group == vg)?;
    let backup = facts.storage.volume_groups.get(vg);
    Some(match backup {
        Some(backup) if backup.value.contains_key(lv) => Sight::There(None),
        Some(backup) => Sight::Unclear(format!("{} does not know it, and may be older than the volume", backup.at)),
        None => Sight::Unclear(format!("it is not known which volumes {vg}, the root's volume group, has")),
    })
}

/// Why a device that was not seen may be there all the same.
fn doubt(facts: &Analysis<'_>, spec: &DeviceSpec, devices: &[&BlockDevice]) -> Option<String> {
    if facts.handoff().is_some_and(|handoff| handoff.boot_targets().len() > 1) {
        return Some("the firmware names more than one target, and their disks are not all known".to_owned());
    }
    if let Some((above, gone)) = facts.gone_below_root() {
        return Some(format!("{gone}, below {above}, is gone"));
    }
    if let DeviceSpec::Kernel(name) = spec {
        return renamed(name, devices);
    }
    if matches!(spec, DeviceSpec::Other(_)) {
        return Some("udev's links of that kind are not known here".to_owned());
    }
    if let Some(problem) = devices.iter().find_map(|device| device.signature.problem()) {
        return Some(problem.to_string());
    }
    if matches!(spec, DeviceSpec::PartUuid(_) | DeviceSpec::PartLabel(_)) {
        let unnamed = devices.iter().find(|device| device.parent.is_some() && device.part_uuid.is_none());
        return unnamed.map(|device| format!("the partition id of {} is not known", device.name));
    }
    if let Some((_, vg, lv)) = inactive_volumes(devices).first().filter(|_| is_tag(spec)) {
        return Some(format!("{vg}/{lv} is not active, so its contents are not known"));
    }
    let closed = devices.iter().find(|device| {
        let is_closed = match device.signature.known() {
            Some(Some(Signature::Luks { .. })) => true,
            Some(Some(Signature::Other(kind))) => kind.ends_with("_member"),
            _ => false,
        };
        is_closed && !devices.iter().any(|above| above.slaves.contains(&device.name))
    });
    closed.map(|device| format!("what is on {} is not open here, so its contents are not known", device.name))
}

fn is_tag(spec: &DeviceSpec) -> bool {
    matches!(spec, DeviceSpec::Uuid(_) | DeviceSpec::Label(_))
}

/// Why a kernel name that no device bears may be borne at the next boot: names are given anew each time, in the
/// order in which devices are found. A second disk can be `sdb` only where there are two.
fn renamed(name: &str, devices: &[&BlockDevice]) -> Option<String> {
    let kind: String = name.chars().take_while(char::is_ascii_lowercase).collect();
    if let Some(letter) =
        kind.strip_prefix("sd").or_else(|| kind.strip_prefix("vd")).filter(|letters| letters.len() == 1)
    {
        let of_kind = devices
            .iter()
            .filter(|device| device.parent.is_none() && device.name.len() == 3 && device.name.starts_with(&kind[..2]));
        let place = letter.bytes().next().map_or(0, |letter| usize::from(letter.saturating_sub(b'a')));
        return (place < of_kind.count()).then(|| format!("the kernel may give the name {name} at the next boot"));
    }
    let same =
        devices.iter().any(|device| device.name.trim_end_matches(|c: char| !c.is_ascii_lowercase()).starts_with(&kind));
    same.then(|| format!("the kernel may give the name {name} at the next boot"))
}
