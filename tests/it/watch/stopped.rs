//! A watch that stands still sees what happened meanwhile, and not when.

use super::*;

#[test]
fn what_happened_while_the_watch_was_stopped_is_told_with_how_late_it_is() {
    let Some(namespace) = instance("watch-stopped") else { return };
    let mut watch = Watch::begin(&namespace, &[]);
    for _ in 0..2 {
        // It sleeps by now.
        sleep(Duration::from_millis(200));
        watch.signal(Signal::SIGSTOP);
        let status = format!("/proc/{}/status", watch.child.id());
        while !std::fs::read_to_string(&status).unwrap().contains("T (stopped)") {
            sleep(Duration::from_millis(10));
        }
        namespace.ip("route del 100.97.0.0/16");
        sleep(Duration::from_millis(700));
        namespace.ip("route add 100.97.0.0/16 via 100.64.16.49 dev san");
        watch.signal(Signal::SIGCONT);
        let still = watch.next_of_all();
        assert_eq!(still["event"], "stood-still", "{still}");
        assert!(still["at_most_us"].as_u64().unwrap() >= 700_000, "{still}");
        assert_eq!(watch.next()["event"], "gap");
        let end = watch.next();
        let (length, within) = (end["length_us"].as_u64().unwrap(), end["within_us"].as_u64().unwrap());
        assert_eq!((&end["event"], &end["exact"]), (&"gap-end".into(), &false.into()), "{end}");
        assert!(length + within >= 700_000, "{end}");
    }
    // What is read as it comes is not as late as the time since the line before.
    sleep(Duration::from_millis(1500));
    namespace.ip("route del 100.97.0.0/16");
    assert_eq!(watch.next()["event"], "gap");
    sleep(Duration::from_millis(1500));
    namespace.ip("route add 100.97.0.0/16 via 100.64.16.49 dev san");
    let end = watch.next();
    let (length, within) = (end["length_us"].as_u64().unwrap(), end["within_us"].as_u64().unwrap());
    assert!(within < length, "{end}");
    assert_eq!(end["exact"], within <= 1000, "{end}");
}
