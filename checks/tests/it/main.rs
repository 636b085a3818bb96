//! Tests of the checks over facts: fixtures, captured machines, and what was seen in the lab.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod boot_path;
mod edits;
mod fixtures;
mod flat_network;
mod handover;
mod layers;
mod login;
mod login_words;
mod machine;
mod managers;
mod other_entries;
mod own_target;
mod ports;
mod readers;
mod reboot;
mod relogin;
mod repairs;
mod requested_modules;
mod root_and_shutdown;
mod san_nic;
mod seen_in_lab;
mod sources;
mod start;
mod template;
mod timeline;
mod unified_image;
mod unread;
mod uptime;
