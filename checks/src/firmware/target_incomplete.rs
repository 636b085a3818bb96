//! `ibft-target-incomplete`: the iBFT lacks something that a login needs.

use crate::facts::{Ibft, IbftTarget, Lun};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "ibft-target-incomplete",
    link: Link::Firmware,
    severity: Severity::Critical,
    scope: Scope::Machine,
    decided_by: &[],
    title: "the iBFT names no complete target",
    doc: Doc {
        finds: "The iBFT has no valid target structure, or the target it boots from lacks its address, its port, its \
                name or its LUN, or refers to a NIC that the table does not have. A missing initiator name is a \
                warning. Of CHAP secrets isctpl reads only whether they are present.",
        breaks: "The login uses these values as they are: without a portal address or a target name there is \
                 nothing to log in to, and the root disk never appears. A wrong NIC index leaves the \
                 login without an interface.",
        fix: "Fix the boot firmware's settings. In iPXE the root path (or the argument of sanboot) has the form \
               iscsi:SERVER:PROTOCOL:PORT:LUN:TARGET, the LUN in hexadecimal; the initiator is set by initiator-iqn.",
        references: &[
            "https://ipxe.org/sanuri",
            "RFC 4173, section 5",
            "iSCSI Boot Firmware Table (iBFT), version 1.03",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let ibft = super::table::ibft(facts)?;
    let remedy = || {
        Remedy::new(
            "Set the missing values in the boot firmware. With iPXE: set initiator-iqn, and give sanboot the whole path \
             iscsi:SERVER::PORT:LUN:TARGET.",
        )
    };
    let valid: Vec<&IbftTarget> = ibft.targets.iter().filter(|target| target.is_valid()).collect();
    let complete = valid.iter().find(|target| lacks(ibft, target).is_empty());
    let mut findings = Vec::new();
    if valid.is_empty() {
        findings.push(
            Finding::critical("the iBFT names no target")
                .evidence(Evidence::new(&ibft.source, format!("{} target structures, none valid", ibft.targets.len())))
                .remedy(remedy()),
        );
    }
    for target in &valid {
        let lacks = lacks(ibft, target);
        if lacks.is_empty() {
            continue;
        }
        let summary = format!("target{} of the iBFT has no {}", target.index, lacks.join(" and no "));
        // A second path that is incomplete does not keep the first one from logging in.
        let finding = if complete.is_some() { Finding::warning(summary) } else { Finding::critical(summary) };
        findings.push(finding.evidence(Evidence::new(&ibft.source, in_words(target))).remedy(remedy()));
    }
    if ibft.initiator.as_ref().and_then(|initiator| initiator.name.as_ref()).is_none() {
        findings.push(
            Finding::warning("the iBFT names no initiator, so the login uses the initiator name in the initramfs")
                .evidence(Evidence::new(&ibft.source, "initiator: no name"))
                .remedy(remedy()),
        );
    }
    Ok(Outcome::from_findings(findings, || match complete {
        Some(target) => format!(
            "the iBFT names {}, by {}",
            in_words(target),
            super::table::boot_nic(facts, ibft).map_or("no NIC", |nic| nic.mac.as_str())
        ),
        None => format!("{} names a target", ibft.source),
    }))
}

/// What a target lacks, in words.
fn lacks(ibft: &Ibft, target: &IbftTarget) -> Vec<String> {
    let mut lacks = Vec::new();
    if target.ip.is_none_or(|ip| ip.is_unspecified()) {
        lacks.push("address".to_owned());
    }
    if target.port == 0 {
        lacks.push("port".to_owned());
    }
    if target.name.is_none() {
        lacks.push("name".to_owned());
    }
    if matches!(target.lun, Lun::Invalid(_)) {
        lacks.push("readable LUN".to_owned());
    }
    let nics = || ibft.nics.iter().filter(|nic| nic.is_valid());
    if nics().next().is_none() {
        lacks.push("valid NIC in the table".to_owned());
    } else if !nics().any(|nic| nic.index == target.nic_assoc) {
        lacks.push(format!("NIC: ethernet{} is not in the table", target.nic_assoc));
    }
    lacks
}

fn in_words(target: &IbftTarget) -> String {
    let name = target.name.as_deref().unwrap_or("(no name)");
    let portal = target.ip.map_or_else(|| "(no address)".to_owned(), |ip| super::table::portal(ip, target.port));
    let lun = match &target.lun {
        Lun::Number(number) => format!("LUN {number}"),
        Lun::Ambiguous { candidates, .. } => {
            let candidates: Vec<_> = candidates.iter().map(u64::to_string).collect();
            format!("LUN {}", candidates.join(" or "))
        }
        Lun::Invalid(text) => format!("LUN {text:?}"),
    };
    format!("{name}, {lun} at {portal}")
}
