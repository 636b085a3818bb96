//! `login-awk-without-and`: dracut's reader of the iBFT calls a function that the image's awk lacks.

use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Repair, Scope, Severity, ShellCommand, analysis};

pub(crate) static CHECK: Check = Check {
    id: "login-awk-without-and",
    link: Link::Login,
    severity: Severity::Warning,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "a script in the initramfs calls awk's and(), which its awk lacks",
    doc: Doc {
        finds: "rd.iscsi.ibft or ip=ibft makes dracut take the SAN NIC from the iBFT; a script in the initramfs tests \
                flags with awk's function and(); and awk in the initramfs is mawk or another awk without that \
                function, which is not in POSIX. gawk and busybox have it. The check does not apply if nothing \
                requests the NIC of the iBFT.",
        breaks: "mawk rejects the whole program: `awk: line 2: function and never defined`, as seen in a boot of \
                 Debian 12 with dracut 059. The script takes the error for a flag that is not set: ibft_to_cmdline \
                 skips every NIC of the iBFT, and none of their addresses is used. Whether the boot fails depends on \
                 what else brings up the network.",
        fix: "Install gawk, make it the default awk (update-alternatives --display awk), and rebuild the initramfs.",
        references: &[
            "dracut 059, modules.d/40network/net-lib.sh (ibft_to_cmdline)",
            "gawk(1), bit manipulation functions; mawk(1)",
            "dracut.cmdline(7), rd.iscsi.ibft",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.image_that_logs_in()?;
    let Some(call) = &image.awk_without_and else {
        image.whole()?;
        return Ok(Outcome::pass("no script in the initramfs calls and() while its awk lacks it"));
    };
    let words = facts.boot_words();
    let Some(asked) = words.firmware_nic_words().last() else {
        return Err(Outcome::not_applicable("the command line does not request the NIC of the iBFT"));
    };
    let awk = call.value.rsplit('/').next().unwrap_or(&call.value);
    let place = call.at.to_string();
    let remedy = facts
        .rebuild("Install gawk, make it the default awk of the root, and rebuild the initramfs.")
        .first(ShellCommand::new(&["apt-get", "install", "gawk"]).or(ShellCommand::new(&["dnf", "install", "gawk"])))
        .without_repairs()
        // Another network module in this one's place is too much for a warning: it reads other words.
        .repairs_by(facts.request_login().into_iter().filter(|repair| matches!(repair, Repair::RequestLogin)));
    Finding::warning(format!("{} calls awk's and(), which {awk} in the initramfs lacks", analysis::path_inside(&place)))
        .evidence(Evidence::at(&call.at, "calls and()"))
        .evidence(Evidence::new(format!("{}!{}", image.path, call.value), "is the awk of the initramfs"))
        .evidence(words.evidence_of(asked))
        .remedy(remedy)
        .into()
}
