//! CHAP for the login: `node.session.auth.*` of `/etc/iscsi/iscsid.conf`, from where iscsiadm copies it into
//! the record of the target. The password goes there and nowhere else: no argument, no journal, no plan.

use crate::procedures::replaced_file::{self, Replaced};
use crate::procedures::rescue::context::{Context, Earlier};
use crate::procedures::{Failure, Log, Planned, Step};
use crate::system::command::quoted;
use std::path::PathBuf;
use zeroize::Zeroizing;

pub(crate) const FILE: &str = "iscsid.conf";

/// Keys that are set anew. Those of the other direction go: a password of somebody else's would make this
/// initiator ask the target for mutual CHAP.
const KEYS: [&str; 5] = [
    "node.session.auth.authmethod",
    "node.session.auth.username",
    "node.session.auth.password",
    "node.session.auth.username_in",
    "node.session.auth.password_in",
];

/// Sets user name and password.
pub(crate) struct Chap;

fn path(cx: &Context) -> PathBuf {
    cx.settings.join(FILE)
}

/// The settings with CHAP in them, all other lines as they stand. The text holds the password and is wiped like one;
/// it never grows, for that would leave a copy behind that nobody wipes.
fn with_chap(text: &str, username: Option<&str>, password: &str) -> Zeroizing<String> {
    let is_ours = |line: &&str| {
        let key = line.split_once('=').map_or("", |(key, _)| key.trim());
        KEYS.contains(&key)
    };
    let kept = text.lines().filter(|line| !is_ours(line)).flat_map(|line| [line, "\n"]);
    let of_chap: &[&str] = match username {
        Some(username) => &[
            "node.session.auth.authmethod = CHAP\nnode.session.auth.username = ",
            username,
            "\nnode.session.auth.password = ",
            password,
            "\n",
        ],
        None => &["node.session.auth.authmethod = None\n"],
    };
    let parts = || kept.clone().chain(of_chap.iter().copied());
    let mut settings = Zeroizing::new(String::with_capacity(parts().map(str::len).sum()));
    parts().for_each(|part| settings.push_str(part));
    settings
}

impl Step for Chap {
    type Context = Context;
    type Change = Replaced;
    type Input = Earlier;
    type Output = ();

    fn id(&self) -> &'static str {
        "chap"
    }

    fn title(&self, cx: &Context) -> String {
        match cx.request.username {
            Some(_) => "Set the CHAP user name and password".to_owned(),
            None => "Set no CHAP credentials".to_owned(),
        }
    }

    fn plan(&self, cx: &Context) -> Vec<Planned> {
        let mut lines = vec![replaced_file::planned_copy(&path(cx))];
        let path = path(cx).display().to_string();
        match &cx.request.username {
            Some(username) => {
                lines.push(Planned::Command(format!("chmod 600 {}", quoted(&path))));
                lines.push(Planned::Command(format!(
                    "printf '%s\\n' 'node.session.auth.authmethod = CHAP' {} >> {}",
                    quoted(&format!("node.session.auth.username = {username}")),
                    quoted(&path)
                )));
                lines.push(Planned::remark(format!(
                    "then add with an editor, so that no shell history keeps it: node.session.auth.password = ... in {path}"
                )));
            }
            None => {
                lines.push(Planned::Command(format!("echo 'node.session.auth.authmethod = None' >> {}", quoted(&path))))
            }
        }
        lines
    }

    fn inspect(&self, _: &mut Context, session: &Earlier, changes: &[Replaced]) -> Result<Option<()>, Failure> {
        Ok((session.is_some() || !changes.is_empty()).then_some(()))
    }

    fn apply(&self, cx: &mut Context, _: &Earlier, log: &mut Log<'_, Replaced>) -> Result<(), Failure> {
        let path = path(cx);
        let text = replaced_file::read(&path)?.unwrap_or_default();
        let password = match (&cx.request.username, &cx.password) {
            (Some(_), None) => {
                return Err(Failure::refused("the CHAP password is not known any more")
                    .advise("give the credentials again, or --password-file FILE (- reads standard input)"));
            }
            (_, password) => password.as_ref().map(|password| password.expose()).unwrap_or_default(),
        };
        let text = with_chap(&text, cx.request.username.as_deref(), password);
        replaced_file::replace(log, &path, &text)?;
        log.say(format!("in {}, readable by root only; `rescue down` restores the file", path.display()));
        Ok(())
    }

    fn undo(&self, _: &mut Context, change: Replaced) -> Result<(), Failure> {
        replaced_file::restore(&change)
    }

    fn outlasts_restart(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_settings_stay_and_no_other_password() {
        let text = "# node.session.auth.password = example\nnode.startup = manual\nnode.session.auth.password=theirs\n\
                    node.session.auth.password_in = theirs2\nnode.session.auth.username = x\nlast = 1";
        let new = with_chap(text, Some("user"), "secret");
        assert_eq!(
            *new,
            "# node.session.auth.password = example\nnode.startup = manual\nlast = 1\n\
             node.session.auth.authmethod = CHAP\nnode.session.auth.username = user\n\
             node.session.auth.password = secret\n"
        );
        assert_eq!(new.len(), new.capacity(), "it did not grow");
        assert!(!with_chap(text, None, "").contains("theirs"));
    }
}
