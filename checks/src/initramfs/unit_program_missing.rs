//! `initramfs-unit-program-missing`: a unit in the image runs a program that the image lacks.

use crate::facts::MissingUnitProgram;
use crate::{
    Analysis, Check, Doc, Evidence, Finding, ImageContents, Link, Outcome, Scope, Severity, ShellCommand, analysis,
};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-unit-program-missing",
    link: Link::Initramfs,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "a unit in the initramfs runs a program that the initramfs lacks",
    doc: Doc {
        finds: "A systemd unit that takes part in the login (iscsid and the units that it requires) has an Exec line \
                with a program that is not in the initramfs. A unit that does not take part in the login is a \
                warning. A line that systemd may ignore (`-` before the path) is not reported.",
        breaks: "If a program is missing, systemd fails the unit. Debian's iscsid.service has \
                 ExecStartPre=/lib/open-iscsi/startup-checks.sh, and dracut copied the unit but not the script: \
                 iscsid fails six times, systemd stops restarting it, and the initramfs never logs in.",
        fix: "Add the program to the initramfs (install_items in a file of /etc/dracut.conf.d), or use a dracut that \
              copies it, and rebuild the initramfs.",
        references: &[
            "systemd.service(5), ExecStartPre=",
            "https://bugs.launchpad.net/bugs/2081172",
            "dracut-ng commit 7fe7fa94",
            "dracut.conf(5), install_items",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.judged_image()?;
    let missing: Vec<_> = image.missing_unit_programs.iter().filter(|missing| !missing.ignored_failure).collect();
    image.whole()?;
    let findings = missing
        .iter()
        .map(|missing| {
            let summary =
                format!("{} in the initramfs runs {}, which is not in the initramfs", missing.unit, missing.program);
            let finding = if missing.on_login_path { Finding::critical(summary) } else { Finding::warning(summary) };
            let contents = ImageContents { programs: vec![missing.program.clone()], ..ImageContents::default() };
            let mut remedy = facts.rebuild_holding(contents, "Add the program to the initramfs, and rebuild it.");
            if image.family() == analysis::Family::Dracut {
                let file = "/etc/dracut.conf.d/50-iscsi-programs.conf";
                let line = "install_items+=\" {} \"";
                remedy = remedy.first(ShellCommand::append_line(file, line, &[&missing.program]));
            }
            finding.evidence(evidence(&image.path, missing)).remedy(remedy)
        })
        .collect();
    Ok(Outcome::from_findings(findings, || {
        let units = image.files.keys().filter(|path| path.ends_with(".service")).count();
        match units {
            0 => format!("{} has no units", image.name()),
            units => format!("all programs of {} are in {}", super::count::count(units, "unit"), image.name()),
        }
    }))
}

fn evidence(image: &str, missing: &MissingUnitProgram) -> Evidence {
    let says = format!("{}={}", missing.directive, missing.program);
    match &missing.at {
        Some(at) => Evidence::at(at, says),
        None => Evidence::new(format!("{image}!{}", missing.unit), says),
    }
}
