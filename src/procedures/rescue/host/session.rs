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

/// Looks for the LUN by target, portal and number, on whatever session.
///
/// # Errors
/// When it is not there.
fn find_lun(cx: &Context) -> Result<lun::Lun, LunError> {
    let portal = cx.request.portal;
    let portal = Some((portal.ip(), portal.port()));
    lun::find(&cx.sysfs, &Wanted { target: &cx.request.target, portal, lun: cx.request.lun })
}

/// Looks for the LUN as this session shows it: another session's disk goes when somebody else logs out.
///
/// # Errors
/// When it is not there, or only other sessions show it so far.
pub(crate) fn find_lun_on(cx: &Context, session: &Session) -> Result<(lun::Lun, LunPath), Failure> {
    let found = find_lun(cx).map_err(|error| Failure::failed(error.to_string()))?;
    match found.paths.iter().find(|path| path.session.name == session.name).cloned() {
        Some(path) => Ok((found, path)),
        None => Err(Failure::failed(format!("{} does not show LUN {}", session.name, cx.request.lun))),
    }
}

/// The LUN's disk, where it is there, as this session shows it; where none is given, as any does.
pub(crate) fn disk(cx: &Context, session: Option<&Session>) -> Option<BlockDevice> {
    let path = match session {
        Some(session) => find_lun_on(cx, session).ok()?.1,
        None => find_lun(cx).ok()?.paths.into_iter().next()?,
    };
    Some(path.disk)
}
