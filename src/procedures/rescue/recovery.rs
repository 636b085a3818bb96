//! What an earlier rescue left where no journal tells of it any more: the machine was restarted, and its
//! `/run` with it. Only what goes by a name of isctpl's own is taken for that.

use crate::procedures::Failure;
use crate::procedures::replaced_file;
use crate::procedures::rescue::context::Context;
use crate::procedures::rescue::host::mount_point;
use crate::procedures::rescue::steps::chap;
use crate::procedures::rescue::steps::initiator_name;
use crate::procedures::rescue::steps::interface_record;
use crate::procedures::rescue::steps::node_record;

/// Puts back what was left; tells what that was.
///
/// # Errors
/// When something cannot be put back.
pub fn leftovers(cx: &Context) -> Result<Vec<String>, Failure> {
    let mut done = Vec::new();
    if !node_record::files(cx).is_empty() {
        node_record::remove(cx)?;
        done.push(format!("the open-iscsi records named {} are removed", crate::procedures::rescue::RECORD_NAME));
    }
    interface_record::remove(cx)?;
    done.extend(mount_point::forget(cx)?);
    for name in [chap::FILE, initiator_name::FILE] {
        let path = cx.settings.join(name);
        if replaced_file::restore_waiting(&path)? {
            done.push(format!("{} is restored", path.display()));
        }
    }
    Ok(done)
}
