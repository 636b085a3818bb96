//! The session to the target, whose it is, and the disk that it shows the LUN as.

use crate::probes::iscsi::sessions;
use crate::probes::lun::{self, LunError, LunPath, Wanted};
use crate::procedures::Failure;
use crate::procedures::rescue::context::{Context, TargetSession};
use crate::procedures::rescue::host::open_iscsi::RECORD_NAME;
use isctpl_checks::facts::{BlockDevice, Session};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// What is asked of open-iscsi, and who was logged in before.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LoginRequest {
    pub(crate) target: String,
    pub(crate) portal: SocketAddr,
    /// Sessions that were there before: not ours.
    pub(crate) before: Vec<String>,
}

impl LoginRequest {
    /// The sessions that came of it: not there before, and by our interface record.
    ///
    /// # Errors
    /// When sysfs cannot be read.
    pub(crate) fn sessions(&self, cx: &Context) -> Result<Vec<Session>, Failure> {
        Ok(to(cx, &self.target, self.portal)?.into_iter().filter(|session| self.opened(session)).collect())
    }

    fn opened(&self, session: &Session) -> bool {
        !self.before.contains(&session.name) && session.iface_name.as_deref().is_none_or(|name| name == RECORD_NAME)
    }
}

/// Sessions to a target through a portal.
fn to(cx: &Context, target: &str, portal: SocketAddr) -> Result<Vec<Session>, Failure> {
    let fits = |session: &Session| {
        session.target.eq_ignore_ascii_case(target)
            && (session.address, session.port) == (Some(portal.ip()), Some(portal.port()))
    };
    Ok(sessions::list(&cx.sysfs, &mut Vec::new())?.into_iter().filter(fits).collect())
}

/// Looks whether there is a session to the target, and whether it came of one of these logins.
///
/// # Errors
/// When sysfs cannot be read.
pub(crate) fn find(cx: &Context, logins: &[LoginRequest]) -> Result<Option<TargetSession>, Failure> {
    let found = to(cx, &cx.request.target, cx.request.portal)?.into_iter();
    let found =
        found.map(|session| TargetSession { is_ours: logins.iter().any(|login| login.opened(&session)), session });
    Ok(found.max_by_key(|one| one.is_ours))
}

/// Looks for the LUN by its session and number.
///
/// # Errors
/// When it is not there.
pub(crate) fn find_lun(cx: &Context) -> Result<lun::Lun, LunError> {
    let portal = cx.request.portal;
    let portal = Some((portal.ip(), portal.port()));
    lun::find(&cx.sysfs, &Wanted { target: &cx.request.target, portal, lun: cx.request.lun })
}

/// The path to the LUN that a session shows; of another session, where this one shows none.
pub(crate) fn path_of<'a>(found: &'a lun::Lun, session: Option<&Session>) -> Option<&'a LunPath> {
    let shows = |path: &&LunPath| session.is_some_and(|session| path.session.name == session.name);
    found.paths.iter().find(shows).or_else(|| found.paths.first())
}

/// The LUN's disk, where it is there, as a session shows it.
pub(crate) fn disk(cx: &Context, session: Option<&Session>) -> Option<BlockDevice> {
    Some(path_of(&find_lun(cx).ok()?, session)?.disk.clone())
}
