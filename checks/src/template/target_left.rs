//! `template-target-left`

use crate::analysis::describe;
use crate::facts::{InitramfsConf, RequestKind, Source};
use crate::{Analysis, Check, Doc, Evidence, Finding, ImageContents, Link, Outcome, Remedy, Repair, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "template-target-left",
    link: Link::Template,
    severity: Severity::Warning,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the name of one target is left in the template",
    doc: Doc {
        finds: "/etc/iscsi/iscsi.initramfs, the initramfs or the kernel command line names a target. It is a warning \
                if the iBFT names the same target, for then the name is needless, and else information. Debian's \
                installer leaves the target that it has installed to in iscsi.initramfs; dracut with \
                hostonly_cmdline=yes leaves it in the image.",
        breaks: "Every machine made from the template logs in to this target, whatever target its own firmware hands \
                 over. Where each machine has a target of its own, it boots from the disk of the machine that the \
                 template was built on, or from none.",
        fix: "Remove the target and request the login by the iBFT: ISCSI_AUTO=true in /etc/iscsi/iscsi.initramfs; \
              hostonly_cmdline=no in /etc/dracut.conf.d, and rd.iscsi.firmware=1 on the command line. Then rebuild \
              the initramfs. Nothing is wrong where all machines share the target and it tells them by their \
              initiator names.",
        references: &[
            "Debian partman-iscsi, finish.d/iscsi_settings",
            "Debian open-iscsi, README.Debian",
            "dracut.conf(5), hostonly_cmdline",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let conf = facts.iscsi.initramfs_conf.as_ref().filter(|conf| logs_in(conf));
    let mut names: Vec<&str> = Vec::new();
    let mut evidence = Vec::new();
    let mut in_image = false;
    if let Some(target) = conf.and_then(|conf| conf.target_name.as_ref()) {
        names.push(&target.value);
        evidence.push(Evidence::at(&target.at, target.value.clone()));
        in_image = true;
    }
    for request in facts.effective_requests() {
        let RequestKind::Target { name: Some(name), .. } = &request.kind else { continue };
        // What stands in a file of the image is named by the image's path and a `!`.
        in_image |= request.evidence.source.contains('!');
        names.push(name);
        evidence.push(match request.evidence.source.contains('!') {
            true => Evidence::new(request.evidence.source.clone(), describe(&request.kind)),
            false => request.evidence.clone(),
        });
    }
    let Some(name) = names.first() else {
        if facts.iscsi.initramfs_conf.is_none() {
            facts.was_read(Source::IscsiInitramfs)?;
        }
        facts.image_that_logs_in()?.whole()?;
        return Ok(Outcome::pass("neither the initramfs nor the command line names a target"));
    };
    let handed_over = facts.handoff().is_some_and(|handoff| {
        let of_firmware = |name: &str| {
            handoff.targets.iter().any(|target| target.name.is_some_and(|other| other.eq_ignore_ascii_case(name)))
        };
        names.iter().all(|name| of_firmware(name))
    });
    let summary = format!("every machine made from this disk logs in to {name}");
    let finding = if handed_over { Finding::warning(summary) } else { Finding::info(summary) };
    finding.evidences(evidence).remedy(remedy(facts, handed_over, in_image)).into()
}

/// Whether open-iscsi's script logs in to the target that this file names: it wants a name and an address.
fn logs_in(conf: &InitramfsConf) -> bool {
    conf.target_name.is_some() && !conf.target_ips.is_empty()
}

/// The login by the firmware is known to lead to the same disk only where it names the same target.
fn remedy(facts: &Analysis<'_>, handed_over: bool, in_image: bool) -> Remedy {
    let build = (handed_over && in_image).then(|| facts.build_image(no_target(), &[])).flatten();
    // Without a target of its own the image must be asked for the firmware's: on the command line, unless that stands
    // there, or initramfs-tools puts it into the file.
    let asks_itself = facts.iscsi.initramfs_conf.as_ref().is_some_and(logs_in);
    let login = match &build {
        Some(_) if !asks_itself && !facts.wants_firmware() => facts.request_login(),
        _ => Vec::new(),
    };
    let is_asked = asks_itself || facts.wants_firmware() || !login.is_empty();
    let repairs: Vec<Repair> = build.filter(|_| is_asked).into_iter().chain(login).collect();
    let text = match in_image {
        true => "Remove the target, request the login by the iBFT, and rebuild the initramfs",
        false => "Replace the words that name the target by those that request the login by the iBFT",
    };
    Remedy::new(format!("{text}, unless all machines share this target.")).repairs_by(repairs)
}

fn no_target() -> ImageContents {
    ImageContents { no_target: true, ..ImageContents::default() }
}
