//! An interface record of open-iscsi with the initiator's name in it.
//!
//! iscsid reads initiatorname.iscsi when it starts, and must not be restarted while it has sessions: it would
//! reset every one of them. A record with a name of its own gives this session the right initiator whatever
//! iscsid has read; and whatever is bound to it lies beside the records of others, so that none is changed.

use crate::procedures::rescue::RECORD_NAME;
use crate::procedures::rescue::context::{Context, deed, iscsiadm};
use crate::procedures::rescue::host::open_iscsi;
use crate::procedures::{Failure, Log, Planned, Step};
use crate::system::command::Invocation;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// Adds the record.
pub(crate) struct Interface;

#[derive(Debug, Serialize, Deserialize)]
struct Added {
    /// Directories that were not there before.
    missing: Vec<PathBuf>,
}

fn calls(cx: &Context) -> [Invocation; 2] {
    [
        iscsiadm(20, ["-m", "iface", "-I", RECORD_NAME, "-o", "new"]),
        iscsiadm(
            20,
            [
                "-m",
                "iface",
                "-I",
                RECORD_NAME,
                "-o",
                "update",
                "-n",
                "iface.initiatorname",
                "-v",
                &cx.request.initiator,
            ],
        ),
    ]
}

fn files(cx: &Context) -> Vec<PathBuf> {
    cx.databases.iter().map(|database| database.join("ifaces").join(RECORD_NAME)).collect()
}

/// Directories of the database that are not there, the deepest first.
pub(crate) fn missing_directories(cx: &Context) -> Vec<PathBuf> {
    let below = ["ifaces", "nodes", "send_targets", "static", "isns", "slp", "fw"];
    let all = cx
        .databases
        .iter()
        .flat_map(|database| below.iter().map(|name| database.join(name)).chain(std::iter::once(database.clone())));
    all.filter(|path| fs::symlink_metadata(path).is_err()).collect()
}

/// Takes directories away that were not there before, where nobody has put anything into them.
pub(crate) fn remove_empty(directories: &[PathBuf]) {
    for directory in directories {
        // One that holds something is in use by then, and stays.
        let _ = fs::remove_dir(directory);
    }
}

/// Takes the record away, and the lock of an iscsiadm that was killed while it made it.
pub(crate) fn remove(cx: &Context) -> Result<(), Failure> {
    open_iscsi::free(cx);
    let there = || files(cx).iter().any(|path| path.exists());
    if there() {
        let outcome = cx.iscsiadm(&iscsiadm(20, ["-m", "iface", "-I", RECORD_NAME, "-o", "delete"]));
        for path in files(cx).iter().filter(|path| path.exists()) {
            // It is a plain file; a program that refuses must not leave it.
            fs::remove_file(path).map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
        }
        if there() {
            outcome?;
        }
    }
    Ok(())
}

impl Step<Context> for Interface {
    fn id(&self) -> &'static str {
        "interface"
    }

    fn title(&self, _: &Context) -> String {
        format!("Add the interface record {RECORD_NAME}")
    }

    fn plan(&self, cx: &Context) -> Vec<Planned> {
        calls(cx).iter().map(Planned::command).collect()
    }

    fn is_done(&self, cx: &mut Context, deeds: &[Value]) -> Result<bool, Failure> {
        Ok(cx.session.is_some() || !deeds.is_empty())
    }

    fn perform(&self, cx: &mut Context, log: &mut Log<'_>) -> Result<String, Failure> {
        if let Some(path) = files(cx).iter().find(|path| path.exists()) {
            return Err(Failure::refused(format!("{} is left from an earlier rescue", path.display()))
                .advise("isctpl rescue down"));
        }
        log.record(&Added { missing: missing_directories(cx) }, || {
            calls(cx).iter().try_for_each(|call| cx.iscsiadm(call).map(drop).map_err(Failure::from))
        })?;
        Ok("this session uses the initiator name above, whatever name iscsid has read".to_owned())
    }

    fn undo(&self, cx: &mut Context, value: &Value) -> Result<(), Failure> {
        let added: Added = deed(value)?;
        remove(cx)?;
        remove_empty(&added.missing);
        Ok(())
    }

    fn outlasts_restart(&self) -> bool {
        true
    }
}
