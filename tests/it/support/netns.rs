//! Network namespaces for tests: real links and routes, thrown away at the end.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A network namespace, deleted when it is dropped.
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// Makes a namespace with `lo` up. `purpose` must be unique among the tests of a binary and short.
    ///
    /// `None`, said loudly, when namespaces cannot be made here: not root, no `ip`, or not allowed.
    pub fn new(purpose: &str) -> Option<Self> {
        let name = format!("isctpl-{}-{purpose}", std::process::id());
        let made = Command::new("ip").args(["netns", "add", &name]).stdin(Stdio::null()).output();
        let why = match made {
            Ok(output) if output.status.success() => None,
            Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => Some(format!("ip(8): {error}")),
        };
        if let Some(why) = why {
            super::skip(purpose, &format!("no network namespace can be made ({why}); run as root with iproute2"));
            return None;
        }
        let namespace = Self { name };
        namespace.ip("link set lo up");
        Some(namespace)
    }

    /// Its name, for `ip -n` and `ip netns exec`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs `ip ARGUMENTS` in the namespace; it must succeed. Gives its standard output.
    pub fn ip(&self, arguments: &str) -> String {
        let output = self.try_ip(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "ip {arguments}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs `ip ARGUMENTS` in the namespace, whatever comes of it.
    pub fn try_ip(&self, arguments: &str) -> Output {
        let words = arguments.split_ascii_whitespace();
        Command::new("ip").args(["-n", &self.name]).args(words).stdin(Stdio::null()).output().unwrap()
    }

    /// A command that runs a program in the namespace, with `/sys` mounted for it.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command
    }

    /// Calls a function on a thread that is in the namespace. `/proc/sys/net` is the namespace's there;
    /// `/sys/class/net` is not.
    pub fn run<T: Send>(&self, inside: impl FnOnce() -> T + Send) -> T {
        let namespace = File::open(self.path()).unwrap();
        std::thread::scope(|scope| {
            let thread = scope.spawn(move || {
                nix::sched::setns(namespace, nix::sched::CloneFlags::CLONE_NEWNET).unwrap();
                inside()
            });
            match thread.join() {
                Ok(value) => value,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    fn path(&self) -> PathBuf {
        PathBuf::from("/run/netns").join(&self.name)
    }

    /// Adds a NIC: one end of a veth pair, whose other end `NAME-peer` stands for the switch. Both
    /// are up.
    pub fn nic(&self, name: &str, mac: &str) {
        self.ip(&format!("link add {name} address {mac} type veth peer name {name}-peer"));
        self.ip(&format!("link set {name}-peer up"));
        self.ip(&format!("link set {name} up"));
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", &self.name]).stdin(Stdio::null()).output();
    }
}

/// The MAC address of the SAN NIC of [`instance`].
pub const SAN_MAC: &str = "52:54:00:00:00:01";

/// A portal that is reached through the SAN NIC of [`instance`].
pub const PORTAL: &str = "100.97.0.10";

/// An instance with the routes that it should have: the default route through `wan`, the SAN's own
/// subnet on `san`, and the targets' subnet through the SAN's gateway.
pub fn instance(purpose: &str) -> Option<Namespace> {
    let namespace = Namespace::new(purpose)?;
    namespace.nic("san", SAN_MAC);
    namespace.nic("wan", "52:54:00:00:00:02");
    namespace.ip("addr add 100.64.16.54/29 dev san valid_lft 3600 preferred_lft 3600");
    namespace.ip("addr add 192.0.2.10/24 dev wan");
    namespace.ip("route add default via 192.0.2.1 dev wan");
    namespace.ip("route add 100.97.0.0/16 via 100.64.16.49 dev san");
    Some(namespace)
}
