//! open-iscsi: identity, defaults, records; and the sessions of the running kernel.

pub(crate) mod records;
pub(crate) mod sessions;

use crate::formats::image::elf;
use crate::formats::iscsi::open_iscsi;
use crate::probes::files::first_of;
use crate::system::{FileKind, Root};
use isctpl_checks::facts::{Fact, Iscsi, Problem, Source};

/// The file that names the initiator.
pub(crate) const INITIATOR_NAME: &str = "/etc/iscsi/initiatorname.iscsi";
const ISCSID_CONF: &str = "/etc/iscsi/iscsid.conf";
const INITRAMFS_CONF: &str = "/etc/iscsi/iscsi.initramfs";
const DEFAULTS: &str = "/etc/default/open-iscsi";

/// The largest program that is read; that of Debian 12 has 400 KB.
const PROGRAM_LIMIT: u64 = 8 << 20;

const ISCSID: [&str; 4] = ["/usr/sbin/iscsid", "/sbin/iscsid", "/usr/bin/iscsid", "/bin/iscsid"];
const ISCSIADM: [&str; 4] = ["/usr/sbin/iscsiadm", "/sbin/iscsiadm", "/usr/bin/iscsiadm", "/bin/iscsiadm"];

/// Reads open-iscsi's files of a root, and the running kernel's sessions from `sysfs`, a root opened at `/sys`.
/// Without one the root is not the running system's, and sessions are no fact of it. `iscsid` is whether it runs, where
/// that was asked beforehand.
pub(crate) fn read(root: &Root, sysfs: Option<&Root>, iscsid: Option<&Fact<bool>>) -> Iscsi {
    let mut problems = Vec::new();
    let mut iscsi = Iscsi { nodes: records::nodes(root, &mut problems), ..Iscsi::default() };
    Source::NodeRecords.name(&mut problems);
    if let Some(text) = text(root, INITIATOR_NAME, &mut problems) {
        (iscsi.initiator_name, iscsi.initiator_generated) = open_iscsi::initiator_name(&text, INITIATOR_NAME);
    }
    Source::InitiatorName.name(&mut problems);
    if let Some(text) = text(root, ISCSID_CONF, &mut problems) {
        let (conf, trouble) = open_iscsi::iscsid_conf(&text, ISCSID_CONF);
        problems.extend(trouble);
        iscsi.iscsid_conf = Some(conf);
    }
    Source::IscsidConf.name(&mut problems);
    if let Some(text) = text(root, INITRAMFS_CONF, &mut problems) {
        let (mut conf, trouble) = open_iscsi::initramfs_conf(&text, INITRAMFS_CONF);
        problems.extend(trouble);
        // Another file says so, and it is heeded only where this one exists.
        let kept = self::text(root, DEFAULTS, &mut problems)
            .map_or(Ok(false), |text| open_iscsi::keeps_all_sessions(&text, DEFAULTS));
        conf.keep_all_sessions = kept.unwrap_or_else(|problem| {
            problems.push(problem.of(Source::Other));
            false
        });
        iscsi.initramfs_conf = Some(conf);
    }
    Source::IscsiInitramfs.name(&mut problems);
    match first_of(root, ISCSIADM, FileKind::File) {
        Ok(found) => iscsi.iscsiadm = found.map(str::to_owned),
        Err(problem) => problems.push(problem),
    }
    iscsi.iscsid_libraries = iscsid_libraries(root).into();
    match sysfs {
        Some(sysfs) => {
            let kernel = root.kernel();
            iscsi.sessions = sessions::read(&kernel, sysfs, &mut problems).into();
            iscsi.iscsid_running = iscsid.cloned().unwrap_or_else(|| iscsid_runs(&kernel).into());
        }
        None => {
            const WHY: &str = "the sessions of the running kernel do not belong to the mounted root";
            iscsi.sessions = Fact::NotApplicable(WHY.to_owned());
            iscsi.iscsid_running = Fact::NotApplicable(WHY.to_owned());
        }
    }
    Source::Other.name(&mut problems);
    iscsi.problems = problems;
    iscsi
}

/// What iscsid is linked with; `None` where there is none.
fn iscsid_libraries(root: &Root) -> Result<Option<Vec<String>>, Problem> {
    let Some(path) = first_of(root, ISCSID, FileKind::File)? else { return Ok(None) };
    let Some(bytes) = root.read(path, PROGRAM_LIMIT)? else { return Ok(None) };
    let problem = |what: String| Problem::new(root.name(path), what);
    let linkage = elf::linkage(&bytes).map_err(|error| problem(error.to_string()))?;
    Ok(Some(linkage.ok_or_else(|| problem("is no program".to_owned()))?.needed))
}

/// What the running kernel knows, without a file of the root: sessions, and whether iscsid runs.
pub(crate) fn read_kernel(root: &Root, sysfs: &Root, unread: &Problem) -> Iscsi {
    let mut problems = vec![unread.clone()];
    let sessions = sessions::read(root, sysfs, &mut problems).into();
    Iscsi { sessions, iscsid_running: iscsid_runs(root).into(), problems, ..Iscsi::default() }
}

/// Whether iscsid listens on its abstract socket (`usr/mgmt_ipc.h`). systemd may hold the socket for it and
/// start it at the first word, so a process of that name is asked for too.
///
/// # Errors
/// When the kernel does not tell the sockets, or not the processes.
pub(crate) fn iscsid_runs(root: &Root) -> Result<bool, Problem> {
    const SOCKETS: &str = "/proc/net/unix";
    const INIT: &str = "/proc/1/comm";
    let sockets = root.text(SOCKETS)?.ok_or_else(|| Problem::new(root.name(SOCKETS), "does not exist"))?;
    let listens = sockets.lines().any(|line| line.split_whitespace().nth(7) == Some("@ISCSIADM_ABSTRACT_NAMESPACE"));
    if !listens {
        return Ok(false);
    }
    for (name, _) in root.list("/proc")?.unwrap_or_default() {
        if !name.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        // A process may end between the listing and the look at it.
        if let Ok(Some(command)) = root.line(&format!("/proc/{name}/comm"))
            && command == "iscsid"
        {
            return Ok(true);
        }
    }
    // Mounted with hidepid=, /proc hides the processes of others (proc(5)): the first one, which always runs, tells.
    match root.line(INIT) {
        Ok(Some(_)) => Ok(false),
        Ok(None) => Err(Problem::new(root.name("/proc"), "hides the processes of others (hidepid=2)")),
        Err(why) => Err(Problem::new(why.place, format!("{}; /proc may be mounted with hidepid=1", why.what))),
    }
}

/// A file's text; what stands in the way of it is a problem, that there is none is not.
fn text(root: &Root, path: &str, problems: &mut Vec<Problem>) -> Option<String> {
    root.text(path).unwrap_or_else(|problem| {
        problems.push(problem);
        None
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
