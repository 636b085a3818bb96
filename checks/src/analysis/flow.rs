//! The packets of the sessions, for which the kernel is asked the way.

use super::Analysis;
use crate::facts::{Flow, NodeRecord, Session};
use std::net::IpAddr;

impl Analysis<'_> {
    /// The packets to each portal: of its session, the one below the root first, or of one that is to be set up. A rule
    /// may send a session elsewhere than the rest of what goes to the same address.
    pub fn session_flows(&self) -> Vec<Flow> {
        let mut flows: Vec<Flow> = Vec::new();
        for portal in self.portals() {
            if !flows.iter().any(|flow| flow.destination == portal.ip) {
                flows.push(self.flow_to(portal.ip, portal.port));
            }
        }
        flows
    }

    fn flow_to(&self, ip: IpAddr, port: u16) -> Flow {
        let sessions =
            || self.iscsi.sessions.known().into_iter().flatten().filter(|session| session.address == Some(ip));
        let session = sessions().find(|session| session.holds_root == Some(true)).or_else(|| sessions().next());
        Flow {
            destination: ip,
            port: Some(session.and_then(|session| session.port).unwrap_or(port)),
            source: session.and_then(|session| session.local_address),
            source_port: session.and_then(|session| session.local_port),
            bound_to: session.and_then(|session| self.interface_bound(session)),
        }
    }

    /// The interface that a session's socket is bound to: its node record's, through the interface record it names.
    fn interface_bound(&self, session: &Session) -> Option<String> {
        let of_session = |record: &&NodeRecord| {
            record.target == session.target && Some(&record.iface) == session.iface_name.as_ref()
        };
        self.iscsi.nodes.iter().find(of_session)?.net_interface.clone()
    }
}
