//! `initramfs-requested-module-missing`: what a module asks for while it runs is not in the image.

use super::need::{Answer, Need, answer};
use super::needs::needs;
use crate::facts::{Fact, Initramfs, Kernel};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-requested-module-missing",
    link: Link::Initramfs,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the initramfs lacks a module that another one asks for while it runs",
    doc: Doc {
        finds: "A module on the way from the NIC to the root asks for something while it runs (request_module), and \
                what answers is neither built into the kernel nor in the initramfs; or it is in the initramfs, and the \
                modules.alias there does not list it, so that modprobe does not find it. Such needs are not in \
                modules.dep. Whether a module asks is read from its file: iscsi_tcp that imports crypto_alloc_ahash, \
                or libcrc32c that imports crypto_alloc_shash, needs the algorithm crc32c of the crypto API; Linux 6.15 \
                and later call a library instead, and need none. ext4, jbd2 and f2fs are looked at likewise, btrfs for \
                the checksum in its superblock, and r8169, which gives up its NIC without realtek; mlx4_core needs \
                mlx4_en, and virtio_net on PCI virtio_pci; a LUKS device its cipher and mode, a cached volume \
                dm_cache_smq; a DHCP client needs AF_PACKET, and a portal with an IPv6 address IPv6. A line of \
                modules.softdep alone is no need: modprobe goes on without, and lines outlive what they were for.",
        breaks: "The request fails. Without crc32c no iSCSI connection is made, whether or not digests are used: the \
                 login fails with an internal error, or the root is not mounted.",
        fix: "Add the module to the initramfs (/etc/initramfs-tools/modules, or add_drivers in dracut.conf), and \
              rebuild it.",
        references: &[
            "Linux: drivers/scsi/iscsi_tcp.c (iscsi_sw_tcp_conn_create), lib/libcrc32c.c, crypto/api.c",
            "Linux: drivers/net/ethernet/realtek/r8169_main.c (r8169_mdio_register)",
            "Linux: fs/ext4/super.c, fs/btrfs/disk-io.c, drivers/md/dm-crypt.c, drivers/md/dm-cache-policy.c",
            "modprobe(8), modules.softdep, modules.alias",
            "initramfs-tools(7), /etc/initramfs-tools/modules",
            "dracut.conf(5), add_drivers",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let (image, kernel) = facts.image_and_kernel()?;
    if kernel.modules_dir.is_none() {
        let reason = "not checked: the kernel has no modules directory (see kernel-modules-missing)";
        return Err(Outcome::not_applicable(reason));
    }
    if matches!(kernel.requests, Fact::NotApplicable(_)) {
        kernel.requests.needed()?;
    }
    let mut held: Vec<String> = Vec::new();
    let mut failed: Vec<(Need, Answer<'_>)> = Vec::new();
    let mut unclear: Option<Outcome> = None;
    for need in needs(facts, image, kernel) {
        match answer(image, kernel, &need) {
            Ok(Answer::Held(by)) => {
                if !held.contains(&by) {
                    held.push(by);
                }
            }
            Ok(answer) => match &need.doubt {
                None => failed.push((need, answer)),
                Some(doubt) => {
                    let reason = format!("{}, and {doubt}", lack(image, &need, &answer));
                    unclear.get_or_insert(Outcome::Unknown { reason, evidence: need.evidence });
                }
            },
            Err(outcome) => {
                unclear.get_or_insert(outcome);
            }
        }
    }
    if !failed.is_empty() {
        return Ok(Outcome::Fail(findings(facts, image, kernel, &failed)));
    }
    if let Some(outcome) = unclear {
        return Err(outcome);
    }
    Ok(Outcome::pass(if held.is_empty() {
        "no module on the way to the root asks for another one while it runs".to_owned()
    } else {
        format!("what modules on the way to the root ask for is there: {}", held.join(", "))
    }))
}

/// What is not there, in words.
fn lack(image: &Initramfs, need: &Need, answer: &Answer<'_>) -> String {
    match answer {
        Answer::Unfound(module, _) => {
            format!("modprobe in {} does not find {module} by {}, which {} asks for", image.path, need.request, need.by)
        }
        Answer::Lacks(modules) => format!("{} lacks {}, which {} asks for", image.path, modules.join(", "), need.by),
        Answer::Held(by) => format!("{} has {by}", image.path),
    }
}

/// One finding for each thing that is asked for, whoever asks.
fn findings(facts: &Analysis<'_>, image: &Initramfs, kernel: &Kernel, failed: &[(Need, Answer<'_>)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for (need, answer) in failed {
        if seen.contains(&need.request.as_str()) {
            continue;
        }
        seen.push(&need.request);
        let askers = failed.iter().map(|(other, _)| other).filter(|other| other.request == need.request);
        let (what, remedy) = match answer {
            Answer::Unfound(module, at) => {
                (Evidence::new(at, format!("does not list {module} for {}", need.request)), unfound(facts))
            }
            Answer::Lacks(modules) => (
                Evidence::new(&image.path, format!("no module {}", modules.join(", "))),
                facts.rebuild_with(image, modules, "Add the modules to the initramfs, and rebuild it."),
            ),
            Answer::Held(_) => continue,
        };
        let omits = match answer {
            Answer::Lacks(modules) => facts.omitting(modules),
            _ => Vec::new(),
        };
        let directory = kernel.modules_dir.as_deref().unwrap_or_default();
        let answered = kernel.requests.known().and_then(|requests| requests.get(&need.request));
        let by_alias = answered.filter(|modules| !modules.contains(&need.request)).map(|modules| {
            Evidence::new(format!("{directory}/modules.alias"), format!("{}: {}", need.request, modules.join(", ")))
        });
        findings.push(
            Finding::critical(format!("{}: {}", lack(image, need, answer), need.breaks))
                .evidence(what)
                .evidences(askers.flat_map(|other| other.evidence.clone()))
                .evidences(by_alias)
                .evidences(omits)
                .remedy(remedy),
        );
    }
    findings
}

/// The index is written when an image is built.
fn unfound(facts: &Analysis<'_>) -> Remedy {
    facts.rebuild("Rebuild the initramfs: its generator runs depmod, by which modprobe finds the module.")
}
