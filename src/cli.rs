//! The command line.

mod credentials;
mod disk;
mod examples;
mod gate;
mod ipxe;
mod prepare;
mod seal;
mod snmp;
mod source;
mod watch;

pub use credentials::CredentialArgs;
pub use disk::DiskArgs;
pub use gate::{GateAction, GateArgs};
pub use ipxe::{Installer, IpxeArgs};
pub use prepare::PrepareArgs;
pub use seal::SealArgs;
pub use snmp::SnmpArgs;
pub use source::Source;
use source::selector;
pub use watch::{AlsoTo, WatchArgs, WatchFormat};

use crate::names;
use crate::report::{FailOn, What};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use clap_complete::engine::ArgValueCandidates;
use ipnet::IpNet;
use isctpl_checks::Selection;
use std::net::IpAddr;
use std::path::PathBuf;

/// Tell whether this iSCSI-rooted server boots, stays up and shuts down cleanly; if not, what breaks, and the fix
#[derive(Debug, Parser)]
#[command(name = "isctpl", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = examples::ISCTPL)]
pub struct Cli {
    /// The command
    #[command(subcommand)]
    pub command: Command,

    /// When to use colour; NO_COLOR, FORCE_COLOR and CLICOLOR_FORCE count
    #[arg(long, global = true, help_heading = COMMON, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,

    /// Print nothing: the exit code is the answer
    #[arg(short, long, global = true, help_heading = COMMON, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Print more: all evidence, checks that passed, checks that were not made and why, the time it
    /// took, and what was given up before anything was read
    #[arg(short, long, global = true, help_heading = COMMON)]
    pub verbose: bool,
}

/// The heading of the options that every command takes.
const COMMON: &str = "Common options";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check the whole boot chain of this machine, a mounted root, a disk, or a snapshot
    #[command(after_help = examples::DOCTOR)]
    Doctor(DoctorArgs),
    /// Print what was found in one place, without judging it
    #[command(after_help = examples::SHOW)]
    Show(ShowArgs),
    /// List every check
    #[command(after_help = examples::CHECKS)]
    Checks(ChecksArgs),
    /// Explain a check, or a link of the boot chain
    #[command(after_help = examples::EXPLAIN)]
    Explain(ExplainArgs),
    /// Write everything that was found, without secrets, to one file that `doctor --snapshot` checks
    #[command(after_help = examples::SNAPSHOT)]
    Snapshot(SnapshotArgs),
    /// Mount an instance's root from its LUN in a rescue system, and take it down again
    #[command(after_help = examples::RESCUE)]
    Rescue {
        /// The action
        #[command(subcommand)]
        action: Rescue,
    },
    /// Fix what doctor finds in the files of a root, and rebuild its initramfs and GRUB's configuration
    #[command(after_help = examples::PREPARE)]
    Prepare(PrepareArgs),
    /// Write the iPXE script that boots from a LUN, or explain one that exists
    #[command(after_help = examples::IPXE)]
    Ipxe(IpxeArgs),
    /// Follow the route to the SAN, and tell of each moment without it: how long, and what made it
    #[command(after_help = examples::WATCH)]
    Watch(WatchArgs),
    /// Hold reboots that this machine would not come back from, where isctpl-gate.path is enabled
    #[command(after_help = examples::GATE)]
    Gate(GateArgs),
    /// Answer snmpd's pass_persist with the last report: the verdict, and a table of the chain
    #[command(after_help = examples::SNMP)]
    Snmp(SnmpArgs),
    /// Clear a root of what a template must not carry: histories, logs, credentials, identifiers, caches
    #[command(after_help = examples::SEAL)]
    Seal(SealArgs),
    /// Print the script that makes a shell complete isctpl's commands, checks and NICs
    #[command(after_help = examples::COMPLETIONS)]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// `isctpl doctor`
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Whose facts
    #[command(flatten)]
    pub source: Source,

    /// A disk in place of a root directory
    #[command(flatten)]
    pub disk: DiskArgs,

    /// Check files that `isctpl snapshot` wrote, - for standard input; several give a line each, and the worst
    /// one's exit code
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["root", "disk", "same_machine", "ibft_table", "sysfs"])]
    pub snapshot: Vec<PathBuf>,

    /// How to print the report
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    pub format: ReportFormat,

    /// From what on the exit code is not 0; a run that comes to no verdict fails in any case
    #[arg(long, value_enum, default_value_t = FailOn::Warning, value_name = "LEVEL")]
    pub fail_on: FailOn,

    /// Write the report to this file, whole or not at all, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Write metrics to this file besides, whole or not at all, for node_exporter's textfile collector
    #[arg(long, value_name = "FILE")]
    pub textfile: Option<PathBuf>,

    /// Read what does not count from this file; on the booted instance /etc/isctpl.toml is read without it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Answer within this time: what could not be read by then is unknown
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub timeout: Option<u64>,

    /// Make only these checks or links, comma-separated; `template` is checked only when named here
    #[arg(long, value_name = "ID,...", value_delimiter = ',', value_parser = selector)]
    #[arg(add = ArgValueCandidates::new(names::checks_and_links))]
    pub only: Vec<String>,

    /// Leave these checks or links out, comma-separated
    #[arg(long, value_name = "ID,...", value_delimiter = ',', value_parser = selector)]
    #[arg(add = ArgValueCandidates::new(names::checks_and_links))]
    pub skip: Vec<String>,
}

impl DoctorArgs {
    /// Which checks were asked for.
    pub fn selection(&self) -> Selection {
        Selection { only: self.only.clone(), skip: self.skip.clone(), ignore: Vec::new() }
    }
}

/// `isctpl show`
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Which facts
    #[arg(value_enum)]
    pub what: What,

    /// With `initramfs`: list this image
    #[arg(conflicts_with = "snapshot")]
    pub image: Option<PathBuf>,

    /// Print the facts of a file that `isctpl snapshot` wrote, - for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["root", "disk", "same_machine", "ibft_table", "sysfs"])]
    pub snapshot: Option<PathBuf>,

    /// Whose facts
    #[command(flatten)]
    pub source: Source,

    /// A disk in place of a root directory
    #[command(flatten)]
    pub disk: DiskArgs,

    /// How to print them
    #[arg(long, value_enum, default_value_t = DataFormat::Table)]
    pub format: DataFormat,
}

/// `isctpl checks`
#[derive(Debug, Args)]
pub struct ChecksArgs {
    /// How to print them
    #[arg(long, value_enum, default_value_t = DataFormat::Table)]
    pub format: DataFormat,
}

/// `isctpl explain`
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A check's id or a link's name
    #[arg(value_name = "CHECK", add = ArgValueCandidates::new(names::checks_and_links))]
    pub check: String,

    /// How to print it
    #[arg(long, value_enum, default_value_t = DataFormat::Table)]
    pub format: DataFormat,
}

/// `isctpl snapshot`
#[derive(Debug, Args)]
pub struct SnapshotArgs {
    /// The file to write, - for standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,

    /// Whose facts
    #[command(flatten)]
    pub source: Source,

    /// A disk in place of a root directory
    #[command(flatten)]
    pub disk: DiskArgs,
}

/// `isctpl rescue`
#[derive(Debug, Subcommand)]
pub enum Rescue {
    /// Print the commands that `up` would run; changes nothing
    #[command(after_help = examples::PLAN)]
    Plan(RescueArgs),
    /// Log in to the target and mount the instance's root with its other filesystems; continues an interrupted `up`
    #[command(after_help = examples::UP)]
    Up(UpArgs),
    /// Open a shell in the mounted root, or run a command there
    #[command(after_help = examples::ENTER)]
    Enter {
        /// Another root that is mounted at DIR, in place of the one of `up`. The command gets this system's /dev,
        /// /proc and /sys there, and a /run of its own, which end with it
        #[arg(long, value_name = "DIR")]
        root: Option<PathBuf>,

        /// The command and its arguments [default: a shell]
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
        command: Vec<String>,
    },
    /// Undo everything that `up` did, in reverse order
    #[command(after_help = examples::DOWN)]
    Down,
    /// Show what is mounted, and through which session
    #[command(after_help = examples::STATUS)]
    Status,
}

/// `isctpl rescue up`
#[derive(Debug, Args)]
pub struct UpArgs {
    /// Where the LUN is and how it is mounted
    #[command(flatten)]
    pub rescue: RescueArgs,

    /// Ask before each step; any answer but yes undoes the steps before
    #[arg(long)]
    pub step: bool,
}

/// Where the LUN is, and how it is mounted.
#[derive(Debug, Clone, Default, PartialEq, Args)]
#[command(next_line_help = true)]
pub struct RescueArgs {
    /// Where the LUN is, and who logs in
    #[command(flatten)]
    pub credentials: CredentialArgs,

    /// Refuse the LUN if its world-wide id (/sys/block/DISK/device/wwid) is another one
    #[arg(long, value_name = "ID", help_heading = "Credentials")]
    pub wwid: Option<String>,

    /// The SAN NIC, by name or MAC address: the route to the portal must go through it
    #[arg(long, value_name = "NAME|MAC", help_heading = "Network")]
    #[arg(add = ArgValueCandidates::new(names::interfaces))]
    pub san_nic: Option<String>,

    /// Give the SAN NIC this address if it has none
    #[arg(long, value_name = "ADDR/LEN", requires = "san_nic", help_heading = "Network")]
    pub san_address: Option<IpNet>,

    /// Reach the portal through this gateway if the SAN NIC has no route to it
    #[arg(long, value_name = "ADDR", requires = "san_nic", help_heading = "Network")]
    pub san_gateway: Option<IpAddr>,

    /// Where the root appears: a link to where it is mounted, which root alone can enter
    #[arg(long, value_name = "DIR", default_value = "/target", help_heading = "Mounting")]
    pub at: PathBuf,

    /// Log in and find the disk, and mount nothing: for an installer that is to write on it
    #[arg(long, help_heading = "Mounting", conflicts_with_all = ["at", "read_only", "root_device"])]
    pub login_only: bool,

    /// Mount read-only and write nothing to the LUN, not even to replay a journal
    #[arg(long, help_heading = "Mounting")]
    pub read_only: bool,

    /// The root, if the LUN has several: a device, VG/LV, or UUID=
    #[arg(long, value_name = "DEVICE", help_heading = "Mounting")]
    pub root_device: Option<String>,

    /// The root's btrfs subvolume
    #[arg(long, value_name = "PATH", requires = "root_device", help_heading = "Mounting")]
    pub subvolume: Option<String>,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people
    Table,
    /// For programs: schema isctpl.doctor/v1
    Json,
    /// For node_exporter's textfile collector
    Prometheus,
    /// For Nagios and Icinga: a plugin's output
    Nagios,
    /// For Checkmk: a local check's output, with a service for each link
    Checkmk,
    /// For a browser: one page that needs no other file and no script
    Html,
    /// For a pipeline: JUnit's XML, a suite a machine and a case a check
    Junit,
}

/// How facts are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DataFormat {
    /// For people
    Table,
    /// For programs
    Json,
}
