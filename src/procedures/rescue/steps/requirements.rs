//! Whether all is there that the later steps need; nothing is changed.

use crate::procedures::rescue::context::Context;
use crate::procedures::{Failure, Log, NoChange, Planned, Step};
use crate::system::command::is_installed;

/// Looks before anything is changed.
pub(crate) struct Requirements;

impl Step for Requirements {
    type Context = Context;
    type Change = NoChange;
    type Input = ();
    type Output = ();

    fn id(&self) -> &'static str {
        "requirements"
    }

    fn title(&self, _: &Context) -> String {
        "Check the requirements".to_owned()
    }

    fn plan(&self, cx: &Context) -> Vec<Planned> {
        let place = match cx.request.login_only {
            true => String::new(),
            false => format!("; {} absent or an empty directory", cx.request.at.display()),
        };
        vec![Planned::remark(format!("run as root; iscsiadm, iscsid, mount and umount installed{place}"))]
    }

    fn inspect(&self, cx: &mut Context, (): &(), _: &[NoChange]) -> Result<Option<()>, Failure> {
        if !cx.privileged {
            return Err(Failure::refused("must run as root").advise("run it with sudo"));
        }
        let missing: Vec<&str> =
            ["iscsiadm", "iscsid", "mount", "umount"].into_iter().filter(|program| !is_installed(program)).collect();
        if !missing.is_empty() {
            return Err(Failure::refused(format!("not installed here: {}", missing.join(", ")))
                .advise("iscsiadm and iscsid are in the package open-iscsi (Debian, Ubuntu, SUSE) or iscsi-initiator-utils (Red Hat)"));
        }
        match &cx.password {
            Some(password) if !fits_a_setting(password.expose()) => {
                return Err(Failure::refused(
                    "the CHAP password cannot be written to iscsid.conf: it is longer than 255 bytes, begins or ends \
                     with a space, or contains a control character",
                ));
            }
            _ => {}
        }
        for (what, name) in [
            ("the initiator name", Some(&cx.request.initiator)),
            ("the target name", Some(&cx.request.target)),
            ("the CHAP user name", cx.request.username.as_ref()),
        ] {
            if name.is_some_and(|name| !fits_a_setting(name) || name.is_empty() || name.starts_with('-')) {
                return Err(Failure::refused(format!(
                    "{what} cannot be written to open-iscsi's settings: it is empty, longer than 255 bytes, begins with '-' or has spaces or control characters around it"
                )));
            }
        }
        Ok(Some(()))
    }

    fn apply(&self, _: &mut Context, (): &(), _: &mut Log<'_, NoChange>) -> Result<(), Failure> {
        Ok(())
    }

    fn undo(&self, _: &mut Context, change: NoChange) -> Result<(), Failure> {
        match change {}
    }
}

/// Whether a value can stand in a line of iscsid.conf: it ends with the line, spaces around it are cut
/// (`idbm_recinfo_config` in `usr/idbm.c`), and 256 bytes are kept with the NUL (`AUTH_STR_MAX_LEN`).
fn fits_a_setting(value: &str) -> bool {
    value.len() < 256 && value.trim() == value && !value.chars().any(char::is_control)
}
