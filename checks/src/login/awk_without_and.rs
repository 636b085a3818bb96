//! `login-awk-without-and`: dracut's reader of the iBFT calls a function that the image's awk lacks.

use crate::facts::Facts;
use crate::{Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity, ShellCommand, view};

pub(crate) static CHECK: Check = Check {
    id: "login-awk-without-and",
    link: Link::Login,
    severity: Severity::Warning,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "a script in the initramfs calls awk's and(), which the awk there lacks",
    doc: Doc {
        finds: "rd.iscsi.ibft or ip=ibft has dracut take the SAN NIC from the iBFT; a script in the image tests \
                flags with awk's function and(); and awk in the image is mawk or another one without that \
                function, which POSIX does not know. gawk and busybox have it. Where nothing asks for the NIC of \
                the iBFT it does not apply.",
        breaks: "mawk refuses the whole program: `awk: line 2: function and never defined`, as seen in a boot of \
                 Debian 12 with dracut 059. The script takes that for a flag that is not set: ibft_to_cmdline \
                 leaves out every NIC of the iBFT, and none of their addresses is used. Whether the boot fails by \
                 it depends on what else brings up the network.",
        fix: "Install gawk, make it awk (update-alternatives --display awk), and build the image anew.",
        references: &[
            "dracut 059, modules.d/40network/net-lib.sh (ibft_to_cmdline)",
            "gawk(1), bit manipulation functions; mawk(1)",
            "dracut.cmdline(7), rd.iscsi.ibft",
        ],
    },
    judge,
};

fn judge(facts: &Facts) -> Outcome {
    let image = match super::image_that_logs_in(facts) {
        Ok(image) => image,
        Err(outcome) => return outcome,
    };
    let Some(call) = &image.awk_without_and else {
        return match view::incomplete(image) {
            Some(outcome) => outcome,
            None => Outcome::pass("no script in the image calls a function and() that its awk lacks"),
        };
    };
    let words = view::boot_words(facts);
    let asked = words.words.iter().rev().find(|word| match word.key.as_str() {
        "rd.iscsi.ibft" => words.is_on("rd.iscsi.ibft"),
        "ip" => word.value.as_deref() == Some("ibft"),
        _ => false,
    });
    let Some(asked) = asked else { return Outcome::not_applicable("nothing asks for the NIC of the iBFT") };
    let awk = call.value.rsplit('/').next().unwrap_or(&call.value);
    let place = call.at.to_string();
    let remedy = view::rebuild(facts, "Install gawk, make it the awk of the root, and build the image anew.")
        .first(ShellCommand::new(&["apt-get", "install", "gawk"]).or(ShellCommand::new(&["dnf", "install", "gawk"])));
    Finding::warning(format!("{} calls awk's and(), which {awk} in the image lacks", super::inside(&place)))
        .evidence(Evidence::at(&call.at, "calls and()"))
        .evidence(Evidence::new(format!("{}!{}", image.path, call.value), "is the awk of the image"))
        .evidence(view::word_evidence(&words, asked))
        .remedy(remedy)
        .into()
}
