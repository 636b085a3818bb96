//! What a thread, and every program that it starts, is allowed to do (capabilities(7)).

use super::errno::in_words;
use isctpl_checks::facts::Problem;
use nix::errno::Errno;
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, capability_is_in_bounding_set, remove_capability_from_bounding_set,
    set_capabilities,
};

/// What acts on the machine and its kernel, and is needed neither to build an image or a boot loader's configuration
/// nor to install a package. Kept are: CAP_SYS_ADMIN, without which the device mapper answers nobody (grub-probe and
/// os-prober ask it, and mount); CAP_MKNOD, for the nodes of an image; and what files and their owners take.
///
/// A process that lacks any of these reaches no process that has it, by ptrace(2) or by `/proc/PID/root`.
pub(super) const OF_MACHINE: CapabilitySet = CapabilitySet::SYS_MODULE
    .union(CapabilitySet::SYS_RAWIO)
    .union(CapabilitySet::SYS_BOOT)
    .union(CapabilitySet::SYS_PTRACE)
    .union(CapabilitySet::SYS_TIME)
    .union(CapabilitySet::SYS_PACCT)
    .union(CapabilitySet::NET_ADMIN)
    .union(CapabilitySet::NET_RAW)
    .union(CapabilitySet::AUDIT_CONTROL)
    .union(CapabilitySet::AUDIT_READ)
    .union(CapabilitySet::SYSLOG)
    .union(CapabilitySet::WAKE_ALARM)
    .union(CapabilitySet::BLOCK_SUSPEND)
    .union(CapabilitySet::PERFMON)
    .union(CapabilitySet::BPF)
    .union(CapabilitySet::CHECKPOINT_RESTORE);

/// The rules of SELinux, Smack and AppArmor. A package manager gives files labels that this system's rules may not
/// know, which takes this one; a generator does not.
pub(super) const OF_LABELS: CapabilitySet = CapabilitySet::MAC_ADMIN;

/// Takes capabilities from the calling thread for good: no program that it starts has them, or can get them. The
/// other threads of the process keep theirs.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn give_up(unwanted: CapabilitySet) -> Result<(), Problem> {
    take(unwanted).map_err(|errno| {
        let why = words_of(errno);
        Problem::new("capabilities(7)", format!("those that no program below the root needs cannot be given up: {why}"))
    })
}

fn words_of(errno: rustix::io::Errno) -> String {
    in_words(Errno::from_raw(errno.raw_os_error()))
}

fn take(unwanted: CapabilitySet) -> rustix::io::Result<()> {
    for capability in unwanted.iter() {
        match capability_is_in_bounding_set(capability) {
            Ok(true) => remove_capability_from_bounding_set(capability)?,
            // An older kernel does not know it.
            Ok(false) | Err(rustix::io::Errno::INVAL) => {}
            Err(errno) => return Err(errno),
        }
    }
    // What is inheritable outlives the bounding set.
    let mut sets = capabilities(None)?;
    for set in [&mut sets.effective, &mut sets.permitted, &mut sets.inheritable] {
        set.remove(unwanted);
    }
    set_capabilities(None, sets)
}

/// Leaves the calling thread these capabilities, as far as it has them, for good; says of them in words which.
///
/// # Errors
/// When the kernel refuses: why, in the same words.
pub(super) fn keep_only(wanted: CapabilitySet) -> Result<String, String> {
    let lacking = |errno| format!("capabilities ({})", words_of(errno));
    let has = capabilities(None).map_err(lacking)?.permitted;
    let kept = has & wanted;
    if has.contains(CapabilitySet::SETPCAP) {
        take(!kept).map_err(lacking)?;
    }
    // The same for who may not lower the bounding set. What a program would gain by it, it is not given.
    let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() };
    set_capabilities(None, sets).map_err(lacking)?;
    let names: Vec<String> = kept.iter_names().map(|(name, _)| format!("CAP_{name}")).collect();
    Ok(format!("capabilities ({})", if names.is_empty() { "none".to_owned() } else { names.join(", ") }))
}
