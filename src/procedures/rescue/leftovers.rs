//! What an earlier rescue left where no journal tells of it any more: the machine was restarted, and its
//! `/run` with it. Only what goes by a name of isctpl's own is taken for that.

use super::context::Context;
use super::{chap, files, initiator, interface, place, record};
use crate::procedures::Failure;

/// Puts back what was left; tells what that was.
///
/// # Errors
/// When something cannot be put back.
pub fn leftovers(cx: &Context) -> Result<Vec<String>, Failure> {
    let mut done = Vec::new();
    if !record::files(cx).is_empty() {
        record::remove(cx)?;
        done.push(format!("the open-iscsi records named {} are removed", super::RECORD_NAME));
    }
    interface::remove(cx)?;
    done.extend(place::forget(cx)?);
    for name in [chap::FILE, initiator::FILE] {
        let path = cx.settings.join(name);
        if files::restore_waiting(&path)? {
            done.push(format!("{} is restored", path.display()));
        }
    }
    Ok(done)
}
