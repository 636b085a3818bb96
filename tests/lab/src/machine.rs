//! A diskless machine: QEMU, its firmware and iPXE, and what its console tells.

use crate::bench::Instance;
use crate::process::{GLANCE, Running, uninterrupted};
use anyhow::{Context, Result, ensure};
use isctpl_lab::console::{Console, Stage};
use isctpl_lab::scenario::Firmware;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The NIC with iPXE in it: QEMU's own ROM, whose device id it makes the NIC's. SeaBIOS runs no other.
const IPXE: &str = "bootindex=1";
/// The NIC without.
const NO_ROM: &str = "romfile=";
/// How long a lost console is still watched: what follows explains the loss.
const AFTERMATH: Duration = Duration::from_secs(3);

/// What a machine is made of.
#[derive(Debug)]
pub(crate) struct Machine<'a> {
    /// What starts it.
    pub(crate) start: Start<'a>,
    /// Whose NICs it has.
    pub(crate) instance: Instance,
    /// How many processors it has.
    pub(crate) processors: usize,
    /// The folder that it sees at /run/lab.
    pub(crate) share: &'a Path,
    /// Where its console is written to.
    pub(crate) console: &'a Path,
    /// An ACPI table that the firmware has, besides its own.
    pub(crate) acpi_table: Option<PathBuf>,
    /// How long it may take to come up.
    pub(crate) patience: Duration,
    /// How long it may take to do its task, once it is up.
    pub(crate) working: Duration,
    /// How long it may take to shut down, once that is done.
    pub(crate) shutdown: Duration,
}

/// What starts a machine.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Start<'a> {
    /// Nothing local: its firmware, and iPXE from the SAN.
    San(Firmware),
    /// UEFI, and a disk of its own, whose changes are forgotten; QEMU loads the kernel that lies beside it.
    Disk(&'a Path),
}

/// What a machine was seen to do.
#[derive(Debug)]
pub(crate) struct Life {
    /// How far it came.
    pub(crate) stage: Stage,
    /// Whether the lab's task ran in it.
    pub(crate) came_up: bool,
    /// Whether it judged itself to the end.
    pub(crate) judged: bool,
    /// Whether it ended by itself.
    pub(crate) ended: bool,
    /// Whether it went off by itself, when told to.
    pub(crate) went_off: bool,
    /// The console's line that showed it to be lost.
    pub(crate) lost: Option<String>,
    /// The console's line that showed the lab at fault.
    pub(crate) bench: Option<String>,
    /// The console's line that showed the disk gone, or a stop that hung.
    pub(crate) trouble: Option<String>,
}

impl Machine<'_> {
    /// Starts the machine and watches it to its end.
    ///
    /// # Errors
    /// When QEMU cannot be started, or the lab is interrupted.
    pub(crate) fn live(&self, stay: bool) -> Result<Life> {
        let begun = Instant::now();
        let mut qemu = self.command();
        let mut machine = Running::start(qemu.stdout(Stdio::piped()).stderr(Stdio::null()))?;
        let mut pipe = machine.0.stdout.take().context("QEMU has no console")?;
        let mut file = File::create(self.console)?;
        let console = Arc::new(Mutex::new(Console::default()));
        let shared = Arc::clone(&console);
        let reader = thread::spawn(move || -> std::io::Result<()> {
            let mut buffer = [0; 4096];
            loop {
                let count = pipe.read(&mut buffer)?;
                if count == 0 {
                    return Ok(());
                }
                file.write_all(&buffer[..count])?;
                shared.lock().unwrap_or_else(PoisonError::into_inner).take(&buffer[..count]);
            }
        });
        let up = self.share.join("up");
        let judged = self.share.join("judged");
        let (mut up_at, mut judged_at, mut lost_at) = (None, None, None);
        let ended = loop {
            if let Some(status) = machine.0.try_wait()? {
                uninterrupted()?;
                // One that something else ended did not go off by itself, and its stage says nothing.
                ensure!(status.success(), "QEMU ended with {status}");
                break true;
            }
            uninterrupted()?;
            thread::sleep(GLANCE);
            if up_at.is_none() && up.exists() {
                up_at = Some(Instant::now());
            }
            if judged_at.is_none() && judged.exists() {
                judged_at = Some(Instant::now());
            }
            if lost_at.is_none() && console.lock().unwrap_or_else(PoisonError::into_inner).lost.is_some() {
                lost_at = Some(Instant::now());
            }
            let over = match (up_at, judged_at) {
                (None, _) => lost_at.is_some_and(|at| at.elapsed() > AFTERMATH) || begun.elapsed() > self.patience,
                (Some(up), None) => up.elapsed() > self.working,
                (Some(_), Some(judged)) => stay || judged.elapsed() > self.shutdown,
            };
            if over {
                break false;
            }
        };
        drop(machine);
        // The pipe ends with QEMU, and the thread with the pipe.
        let _ = reader.join();
        let console = Arc::into_inner(console).context("the console is still read")?;
        let console = console.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Life {
            stage: console.stage.unwrap_or(Stage::Firmware),
            came_up: up_at.is_some(),
            judged: judged_at.is_some(),
            ended,
            went_off: ended && judged_at.is_some(),
            lost: console.lost,
            bench: console.bench,
            trouble: console.stop_hangs.or(console.disk_lost),
        })
    }

    fn command(&self) -> Command {
        let mut command = Command::new("qemu-system-x86_64");
        // No hardware virtualisation: it is not to be had on most machines that run this.
        command.args(["-accel", "tcg,thread=multi", "-machine", "q35", "-m", "2048", "-nographic", "-no-reboot"]);
        command.args(["-smp", &self.processors.to_string()]);
        if !matches!(self.start, Start::San(Firmware::Bios)) {
            // Nobody sees the screen. Drawn by an emulated processor it costs up to minutes (`soft lockup` in bochs_drm).
            command.args(["-vga", "none"]);
            let code = "if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd";
            let variables = "if=pflash,format=raw,snapshot=on,file=/usr/share/OVMF/OVMF_VARS_4M.fd";
            command.args(["-drive", code, "-drive", variables]);
        }
        let mut rom = NO_ROM;
        match self.start {
            Start::San(_) => rom = IPXE,
            Start::Disk(disk) => {
                let disk = disk.display();
                command.args(["-kernel", &format!("{disk}.kernel"), "-initrd", &format!("{disk}.initrd")]);
                command.args(["-append", "root=/dev/vda rw console=ttyS0"]);
                command.args(["-drive", &format!("file={disk},format=raw,if=virtio,snapshot=on")]);
            }
        }
        let share = format!("local,path={},mount_tag=lab,security_model=none", self.share.display());
        command.args(["-virtfs", &share]);
        // The slots give the NICs the names enp0s3 and enp0s4.
        let san = format!("virtio-net-pci,netdev=san,addr=3,mac={},{rom}", self.instance.san);
        command.args(["-netdev", "tap,id=san,ifname=tap-san,script=no,downscript=no", "-device", &san]);
        command.args(["-netdev", "tap,id=wan,ifname=tap-wan,script=no,downscript=no"]);
        let wan = format!("virtio-net-pci,netdev=wan,addr=4,mac={},{NO_ROM}", self.instance.wan);
        command.args(["-device", &wan]);
        if let Some(table) = &self.acpi_table {
            command.args(["-acpitable", &format!("file={}", table.display())]);
        }
        command
    }
}
