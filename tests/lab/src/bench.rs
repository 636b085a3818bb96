//! The network of one machine: its SAN segment behind a gateway, a WAN segment, DHCP and the target.

use crate::process::{GLANCE, Running, finish, log, uninterrupted};
use crate::web::{self, Web};
use anyhow::{Context, Result, bail, ensure};
use nix::sched::{CloneFlags, setns, unshare};
use std::fs::{self, File};
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The address of the target, in another subnet than the SAN NIC.
const TARGET: &str = "100.97.0.10";
/// The target's name.
const TARGET_NAME: &str = "iqn.2013-01.com.bigstep:storage.pb429od.q6xjxws.6vykjr4";
/// The instance that a LUN is made for.
pub(crate) const INSTANCE: Instance = Instance {
    initiator: "iqn.2020-10.com.bigstep.storage:instance-59725",
    san: "52:54:00:00:00:01",
    wan: "52:54:00:00:00:02",
    alone: false,
};
/// Another that boots a copy of it.
pub(crate) const SECOND: Instance = Instance {
    initiator: "iqn.2020-10.com.bigstep.storage:instance-60112",
    san: "52:54:00:00:0a:01",
    wan: "52:54:00:00:0a:02",
    alone: true,
};
/// The CHAP account of the recipe that the lab follows.
const ACCOUNT: (&str, &str) = ("GMBYHg5keXknd", "WpccjYD9NgYhR");

/// Who boots a LUN: what differs between the instances of one template.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instance {
    /// The name that it logs in by.
    pub(crate) initiator: &'static str,
    /// The MAC of its SAN NIC.
    pub(crate) san: &'static str,
    /// The MAC of its WAN NIC.
    pub(crate) wan: &'static str,
    /// Whether the target lets no other name in.
    pub(crate) alone: bool,
}

/// How long a lease lasts where nothing else is said.
const LEASE: &str = "1h";

/// What sets up the network: bridges for the segments, with the gateways' and the target's addresses. Only
/// the SAN's gateway leads to the target: a rule drops what comes for it by the WAN, before the kernel finds
/// the address to be its own.
const NETWORK: &str = "
    ip link set lo up
    for bridge in br-san br-wan br-target; do ip link add $bridge type bridge; ip link set $bridge up; done
    ip address add 100.64.16.49/29 dev br-san
    ip address add 185.90.50.245/30 dev br-wan
    ip address add 100.97.0.10/16 dev br-target
    sysctl -qw net.ipv4.ip_forward=1
    ip rule add pref 1 lookup local
    ip rule del pref 0
    ip rule add pref 0 iif br-wan to 100.97.0.0/16 blackhole
    for segment in san wan; do
        ip tuntap add tap-$segment mode tap
        ip link set tap-$segment master br-$segment
        ip link set tap-$segment up
    done
";

/// The network namespace of the calling thread.
const OWN_NAMESPACE: &str = "/proc/thread-self/ns/net";

/// A network namespace with what an instance needs around it.
#[derive(Debug)]
pub(crate) struct Bench {
    /// tgtd's control port: distinct for benches that run side by side.
    control: String,
    /// The namespace, and the one of the host: LUNs are made there, from Debian's packages.
    namespace: File,
    host: File,
}

impl Bench {
    /// Makes the namespace and sets the segments up in it.
    ///
    /// # Errors
    /// When the kernel refuses a namespace, or a command fails.
    pub(crate) fn new(number: usize, logs: &Path) -> Result<Self> {
        let host = File::open(OWN_NAMESPACE)?;
        unshare(CloneFlags::CLONE_NEWNET).context("no network namespace: is this root?")?;
        let bench = Self { control: (number + 40).to_string(), namespace: File::open(OWN_NAMESPACE)?, host };
        // From here on the thread goes back to the host's namespace, whatever happens.
        let inside = Inside(&bench);
        finish(Command::new("sh").args(["-euc", NETWORK]), &logs.join("network.log"))?;
        drop(inside);
        Ok(bench)
    }

    /// Moves the calling thread, and with it what it starts, into the namespace.
    ///
    /// # Errors
    /// When the kernel refuses.
    fn enter(&self) -> Result<Inside<'_>> {
        setns(&self.namespace, CloneFlags::CLONE_NEWNET).context("the bench's namespace")?;
        Ok(Inside(self))
    }

    /// Serves the images as LUN 47 and on, and addresses, while `work` runs in the namespace; it begins when the
    /// target was seen to list the LUN. Afterwards the image is written whole.
    ///
    /// # Errors
    /// When a server does not start, the target does not answer within 20 s, or the work fails.
    pub(crate) fn around<T>(
        &self,
        logs: &Path,
        images: &[&Path],
        dhcp: &Dhcp<'_>,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let inside = self.enter()?;
        let target = self.target(logs, images, dhcp.instance)?;
        let mut server = dhcp.serve(logs)?;
        prove(logs, &mut server, dhcp.instance)?;
        let result = work();
        drop((server, target, inside));
        result
    }

    /// Has the namespace a web server that takes logs as well, at an address that both segments reach through their
    /// gateway.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub(crate) fn serve_web(&self, web: Web, logs: &Path) -> Result<()> {
        let inside = self.enter()?;
        let address = format!("{}/32", web::ADDRESS);
        let mut command = Command::new("ip");
        finish(command.args(["address", "replace", &address, "dev", "br-wan"]), &logs.join("network.log"))?;
        let listener = TcpListener::bind((web::ADDRESS, 80)).context("the bench's web server")?;
        let messages = UdpSocket::bind((web::ADDRESS, 514)).context("the bench's log server")?;
        drop(inside);
        web::keep(messages, logs.join(web::MESSAGES));
        web::serve(listener, web);
        Ok(())
    }

    fn target(&self, logs: &Path, images: &[&Path], instance: Instance) -> Result<Running> {
        let output = log(&logs.join("tgtd.log"))?;
        let mut command = Command::new("tgtd");
        command.args(["--foreground", "--control-port", &self.control]).stdout(output.try_clone()?).stderr(output);
        let target = Running::start(&mut command)?;
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.admin(logs, &["--op", "show", "--mode", "sys"]).is_err() {
            ensure!(Instant::now() < deadline, "tgtd does not answer: see {}/tgtd.log", logs.display());
            uninterrupted()?;
            std::thread::sleep(GLANCE);
        }
        let (user, password) = ACCOUNT;
        self.admin(logs, &["--op", "new", "--mode", "target", "--tid", "1", "--targetname", TARGET_NAME])?;
        for (lun, image) in (47..).zip(images) {
            let (lun, image) = (lun.to_string(), image.to_str().context("the image's path is not UTF-8")?);
            self.admin(
                logs,
                &["--op", "new", "--mode", "logicalunit", "--tid", "1", "--lun", &lun, "--backing-store", image],
            )?;
        }
        self.admin(logs, &["--op", "bind", "--mode", "target", "--tid", "1", "--initiator-address", "ALL"])?;
        if instance.alone {
            let name = instance.initiator;
            self.admin(logs, &["--op", "bind", "--mode", "target", "--tid", "1", "--initiator-name", name])?;
        }
        self.admin(logs, &["--op", "new", "--mode", "account", "--user", user, "--password", password])?;
        self.admin(logs, &["--op", "bind", "--mode", "account", "--tid", "1", "--user", user])?;
        Ok(target)
    }

    fn admin(&self, logs: &Path, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new("tgtadm");
        command.args(["--control-port", &self.control, "--lld", "iscsi"]).args(arguments);
        finish(&mut command, &logs.join("tgtadm.log"))
    }
}

/// What DHCP gives.
#[derive(Debug)]
pub(crate) struct Dhcp<'a> {
    /// To whom.
    pub(crate) instance: Instance,
    /// How long a lease lasts, where it is not the usual hour.
    pub(crate) lease: Option<&'a str>,
    /// Lines for dnsmasq that go before the usual ones.
    pub(crate) lines: &'a [String],
    /// Whether the WAN has names: those of the mirrors that the bench's web server stands for.
    pub(crate) names: bool,
    /// The directory whose `boot.ipxe` tells iPXE what to boot, in place of DHCP itself.
    pub(crate) script: Option<&'a Path>,
}

impl Dhcp<'_> {
    /// What tells iPXE where the LUN is and who logs in.
    fn boots(&self) -> String {
        let (user, password) = ACCOUNT;
        match self.script {
            // The script holds the password: whoever serves it must be root.
            Some(folder) => {
                format!("enable-tftp\ntftp-root={}\nuser=root\ndhcp-boot=tag:san,tag:ipxe,{SCRIPT}", folder.display())
            }
            None => format!(
                "dhcp-option=tag:san,tag:ipxe,17,\"iscsi:{TARGET}:::2f:{TARGET_NAME}\"
dhcp-option-force=tag:san,tag:ipxe,203,{}
dhcp-option-force=tag:san,tag:ipxe,encap:175,190,{user}
dhcp-option-force=tag:san,tag:ipxe,encap:175,191,{password}",
                self.instance.initiator
            ),
        }
    }

    /// What tells the WAN of names, where it has some.
    fn names(&self) -> String {
        if !self.names {
            return "port=0".to_owned();
        }
        let names = web::MIRRORS.map(|name| format!("\naddress=/{name}/{}", web::ADDRESS));
        format!("no-resolv\nno-hosts{}", names.concat())
    }

    /// Starts dnsmasq.
    fn serve(&self, logs: &Path) -> Result<Running> {
        let (lease, more) = (self.lease.unwrap_or(LEASE), self.lines.join("\n"));
        let (names, boots) = (self.names(), self.boots());
        let leases = logs.join("leases");
        if leases.exists() {
            fs::remove_file(&leases)?;
        }
        // iPXE of 2019 knows no option 121: a router is sent to it alone (options that iPXE's request
        // names: 175 is its own). The instance gets the SAN route by option 121 and no router.
        let text = format!(
            "{names}
bind-dynamic
interface=br-san
interface=br-wan
{more}
dhcp-range=set:san,100.64.16.50,100.64.16.54,255.255.255.248,{lease}
dhcp-range=set:wan,185.90.50.246,185.90.50.246,255.255.255.252,{lease}
dhcp-host={},100.64.16.54
dhcp-match=set:ipxe,175
dhcp-option=tag:san,tag:!ipxe,3
dhcp-option=tag:san,tag:ipxe,3,100.64.16.49
dhcp-option=tag:san,121,100.97.0.0/16,100.64.16.49
dhcp-option=tag:wan,3,185.90.50.245
dhcp-option=tag:wan,6,185.90.50.245
{boots}
dhcp-leasefile={}
log-dhcp
",
            self.instance.san,
            leases.display()
        );
        let configuration = logs.join("dnsmasq.conf");
        fs::write(&configuration, text)?;
        let log_path = logs.join("dnsmasq.log");
        fs::write(&log_path, "")?;
        let output = log(&log_path)?;
        let mut command = Command::new("dnsmasq");
        command.args(["--keep-in-foreground", "--pid-file=", "--log-facility=-"]);
        command.arg(format!("--conf-file={}", configuration.display()));
        command.stdout(output.try_clone()?).stderr(output);
        Running::start(&mut command)
    }
}

/// Logs in as an initiator in user space would, and sees LUN 47: a boot that then fails is the instance's.
fn prove(logs: &Path, dhcp: &mut Running, instance: Instance) -> Result<()> {
    let (user, password) = ACCOUNT;
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let output = Command::new("iscsi-ls")
            .args(["--show-luns", "--initiator-name", instance.initiator])
            .arg(format!("iscsi://{user}%{password}@{TARGET}/"))
            .stdin(Stdio::null())
            .output()
            .context("iscsi-ls: cannot be started")?;
        if String::from_utf8_lossy(&output.stdout).contains("Lun:47") {
            break;
        }
        if Instant::now() > deadline {
            bail!("the target does not list LUN 47: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        uninterrupted()?;
        std::thread::sleep(GLANCE);
    }
    let dhcp_log = logs.join("dnsmasq.log");
    while !fs::read_to_string(&dhcp_log)?.contains("DHCP, IP range") {
        ensure!(dhcp.lives()? && Instant::now() < deadline, "dnsmasq does not serve: see {}", dhcp_log.display());
        uninterrupted()?;
        std::thread::sleep(GLANCE);
    }
    Ok(())
}
/// A thread's stay in a bench's namespace.
#[derive(Debug)]
struct Inside<'a>(&'a Bench);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        // A thread that cannot go back fails at the next thing that needs the host's network, and says so.
        let _ = setns(&self.0.host, CloneFlags::CLONE_NEWNET);
    }
}

/// The script's name, in DHCP and in its directory.
pub(crate) const SCRIPT: &str = "boot.ipxe";

/// The LUN's name below `/dev/disk/by-path`, where Linux is logged in to it.
pub(crate) fn by_path() -> String {
    format!("ip-{TARGET}:3260-iscsi-{TARGET_NAME}-lun-47")
}

/// What the platform's command line prints of the instance, as the recipe shows it: the initiator's account.
pub(crate) fn instance_yaml() -> String {
    let (user, password) = ACCOUNT;
    let initiator = INSTANCE.initiator;
    format!(
        "- details: 'M.8.32.v2 (#9095) '\nid: 59725\niscsi: 'Initiator IQN: {initiator} Username:\n    {user} Password: \
         {password} '\nstatus: active\nsubdomain: instance-59725.bigstep.io\nwanIp: 185.90.50.246\n"
    )
}

/// The same of the drive: the target.
pub(crate) fn drive_yaml() -> String {
    format!(
        "- attachedTo: instance-59725\ncredentials: 'Target: {TARGET} Port:3260 IQN:{TARGET_NAME}\n    LUN \
         ID:47'\ndetails: none  none\nid: 75618\nlabel: drive-75618\nsizemb: 40960\nstatus: active\ntemplate: \"\"\ntype: \
         iscsi_ssd\n"
    )
}
