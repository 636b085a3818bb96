//! Clears what was planned.

use super::plan::{Item, Plan, edited, extent};
use super::table::How;
use crate::formats::text::names;
use crate::system::Root;
use crate::system::removal::{Eraser, Size};
use isctpl_checks::facts::Problem;

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Cleared {
    /// How many places are cleared.
    pub(crate) places: usize,
    /// Bytes that went.
    pub(crate) bytes: u64,
    /// What is still there, and why.
    pub(crate) left: Vec<Problem>,
}

/// Clears one place after the other; what cannot be cleared does not keep the rest. `beat` hears where it is. In the
/// end all of it stands on the disk: the power may go.
pub(crate) fn clear(root: &Root, eraser: &Eraser, plan: &Plan, beat: &mut dyn FnMut(&str)) -> Cleared {
    let mut cleared = Cleared::default();
    for item in &plan.items {
        beat(&item.path);
        match clear_one(root, eraser, item, beat) {
            Ok(()) => {
                let Size { bytes, .. } = item.size;
                cleared.places += 1;
                cleared.bytes = cleared.bytes.saturating_add(if matches!(item.how, How::Edit(_)) { 0 } else { bytes });
            }
            Err(problems) => cleared.left.extend(problems),
        }
    }
    beat("the disk");
    rustix::fs::sync();
    cleared
}

fn clear_one(root: &Root, eraser: &Eraser, item: &Item, beat: &mut dyn FnMut(&str)) -> Result<(), Vec<Problem>> {
    let one = |problem| vec![problem];
    match item.how {
        How::Empty => eraser.empty(&item.path).map_err(one),
        How::Remove | How::RemoveContents => eraser.remove(&item.path, extent(item.how, item.stays), beat),
        How::Edit(edit) => match edited(root, &item.path, edit).map_err(one)? {
            Some(text) => eraser.rewrite(&item.path, &names::encode(&text)).map_err(one),
            None => Ok(()),
        },
    }
}
