//! The metrics before Prometheus itself: promtool, node_exporter's textfile collector, and an alert that fires.

use super::broken_root;
use crate::oracles::packages::unpacked;
use crate::support::netns::{Namespace, PORTAL, instance};
use crate::support::run::doctor;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/dist/prometheus-rules.yml");

fn programs(test: &str) -> Option<PathBuf> {
    unpacked(test, &["prometheus", "prometheus-node-exporter"]).map(|root| root.join("usr/bin"))
}

fn promtool(programs: &Path, arguments: &[&str], input: &str) -> (bool, String) {
    let mut command = Command::new(programs.join("promtool"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[test]
fn promtool_takes_the_metrics_and_the_rules() {
    let Some(programs) = programs("promtool") else { return };
    let root = broken_root();
    for more in [&[][..], &["--only", "login"]] {
        let metrics = doctor(root.path(), &[&["--format", "prometheus"], more].concat()).out;
        let (sound, said) = promtool(&programs, &["check", "metrics"], &metrics);
        assert!(sound && said.is_empty(), "{said}");
    }
    let (sound, said) = promtool(&programs, &["check", "rules", RULES], "");
    assert!(sound, "{said}");
}

/// Whatever is asked for, the same series are there.
#[test]
fn every_series_is_always_there() {
    let root = broken_root();
    let series = |more: &[&str]| -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("isctpl.prom");
        doctor(root.path(), &[&["--textfile", file.to_str().unwrap()], more].concat());
        let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o644);
        let text = std::fs::read_to_string(&file).unwrap();
        let names = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
        let mut names: Vec<String> = names.map(|(name, _)| name.to_owned()).collect();
        names.sort();
        names
    };
    let all = series(&[]);
    assert!(all.iter().any(|name| name == "isctpl_run_duration_seconds"), "{all:?}");
    assert_eq!(series(&["--only", "login"]), all);
    assert_eq!(series(&["--skip", "template,loader"]), all);
    assert_eq!(series(&["--only", "template-logs-left"]), all);
}

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run(namespace: &Namespace, program: &Path, arguments: &[String]) -> Running {
    let mut command = namespace.command(program.to_str().unwrap());
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Running(command.spawn().unwrap())
}

/// What Prometheus answers; null where it does not yet.
fn asked(namespace: &Namespace, path: &str) -> Value {
    namespace.run(|| {
        let Ok(mut stream) = TcpStream::connect("127.0.0.1:9090") else { return Value::Null };
        let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
        let mut answer = String::new();
        if stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut answer)).is_err() {
            return Value::Null;
        }
        answer.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok()).unwrap_or_default()
    })
}

fn until(namespace: &Namespace, path: &str, what: &str, wanted: impl Fn(&Value) -> bool) {
    let mut last = Value::Null;
    for _ in 0..300 {
        last = asked(namespace, path);
        if wanted(&last) {
            return;
        }
        sleep(Duration::from_millis(200));
    }
    panic!("{what} never came: {last:#}");
}

/// The whole way: the kernel's message, the watch, its file, node_exporter, Prometheus, the alert; and back.
#[test]
fn the_alert_fires_when_the_route_goes() {
    let Some(programs) = programs("prometheus") else { return };
    let Some(namespace) = instance("prometheus") else { return };
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let metrics = at("isctpl_watch.prom");
    let configuration = format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [{RULES}]\nscrape_configs:\n- job_name: \
         node\n  static_configs: [{{targets: ['127.0.0.1:9100']}}]\n"
    );
    std::fs::write(at("prometheus.yml"), configuration).unwrap();
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let isctpl = Path::new(env!("CARGO_BIN_EXE_isctpl"));
    let mut watching = words(&["watch", "--portal", PORTAL, "--san-nic", "san", "--textfile"]);
    watching.push(metrics.display().to_string());
    let _watch = run(&namespace, isctpl, &watching);
    let collected = format!("--collector.textfile.directory={}", directory.path().display());
    let exporter = words(&[
        "--collector.disable-defaults",
        "--collector.textfile",
        &collected,
        "--web.listen-address=127.0.0.1:9100",
    ]);
    let _exporter = run(&namespace, &programs.join("prometheus-node-exporter"), &exporter);
    let (file, data) = (at("prometheus.yml").display().to_string(), at("data").display().to_string());
    let server = words(&[
        &format!("--config.file={file}"),
        &format!("--storage.tsdb.path={data}"),
        "--web.listen-address=127.0.0.1:9090",
    ]);
    let _server = run(&namespace, &programs.join("prometheus"), &server);

    let present = "/api/v1/query?query=isctpl_watch_route_present";
    let value = |answer: &Value, wanted: &str| answer.pointer("/data/result/0/value/1") == Some(&Value::from(wanted));
    until(&namespace, present, "the metric", |answer| value(answer, "1"));
    let fires = |answer: &Value| {
        let alerts = answer.pointer("/data/alerts").and_then(Value::as_array).into_iter().flatten();
        alerts.filter(|alert| alert["state"] == "firing").any(|alert| alert["labels"]["alertname"] == "SanRouteMissing")
    };
    assert!(!fires(&asked(&namespace, "/api/v1/alerts")));
    namespace.ip("route del 100.97.0.0/16");
    until(&namespace, "/api/v1/alerts", "the alert", fires);
    namespace.ip("route add 100.97.0.0/16 via 100.64.16.49 dev san");
    until(&namespace, "/api/v1/alerts", "the end of the alert", |answer| answer.is_object() && !fires(answer));
}
