//! `initramfs-hooks-not-run`: the image has the scripts that log in, and its first program runs none of them.

use super::first_program::first;
use crate::facts::HooksRun;
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-hooks-not-run",
    link: Link::Initramfs,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "nothing in the initramfs runs the scripts that log in",
    doc: Doc {
        finds: "The initramfs has dracut's scripts, systemd is its first program, and systemd starts neither \
                dracut-cmdline.service nor dracut-initqueue.service, by which these scripts are run: initrd.target or \
                one of the units is missing, or etc/initrd-release, without which systemd does not know that it runs in \
                an initramfs. The check cannot be made where the first program is none that isctpl follows.",
        breaks: "systemd comes up in the initramfs and waits for a root device that nothing logs in to.",
        fix: "Build the initramfs with dracut's modules systemd-initrd and dracut-systemd, which omit_dracutmodules must \
              not name.",
        references: &[
            "bootup(7), systemd(1)",
            "systemd src/core/main.c (do_queue_default_job)",
            "dracut modules.d/01systemd-initrd, modules.d/98dracut-systemd",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.image_that_logs_in()?;
    let found = first(facts, image)?;
    let Some(runs) = found.runs else {
        return Err(Outcome::not_applicable("not checked: nothing is started (see initramfs-init-refused)"));
    };
    if let Some(unit) = facts.boot_words().last("rd.systemd.unit").filter(|unit| *unit != "initrd.target") {
        return Err(Outcome::unknown(format!("rd.systemd.unit={unit} starts that unit alone, which is not followed")));
    }
    let why = match &runs.hooks {
        HooksRun::By(at) => return Ok(Outcome::pass(format!("{at} runs the scripts of the initramfs"))),
        HooksRun::Unclear(why) => return Err(Outcome::unknown(why)),
        HooksRun::ByNothing(why) => why,
    };
    image.whole()?;
    let file = "/etc/dracut.conf.d/50-iscsi-systemd.conf";
    let add = ShellCommand::append_line(file, "add_dracutmodules+=\" {} \"", &["systemd-initrd dracut-systemd"]);
    let text = "Build the initramfs with dracut's modules systemd-initrd and dracut-systemd.";
    Finding::critical(format!("{} logs in to nothing: {why}", image.path))
        .evidence(Evidence::new(
            &image.path,
            format!("{} is started first", runs.program.as_deref().unwrap_or(&runs.path)),
        ))
        .evidences(image.login.iter().take(1).map(|login| Evidence::at(&login.at, "would log in")))
        .remedy(facts.rebuild(text).without_repairs().first(add))
        .into()
}
