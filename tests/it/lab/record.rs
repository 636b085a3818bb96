use isctpl_lab::record::kept_rows;

#[test]
fn a_row_is_kept_with_its_last_cells() {
    let record = "# t\n\n| scenario | made from | said | agrees | when |\n|---|---|---|---|---|\n\
                  | `a`: one \\| two | base | boots | yes | 2026-11-24T23:57:42Z |\n| `b`: not tried | base | - | - | - |\n";
    let kept = kept_rows(record, 3);
    assert_eq!(kept.len(), 1);
    assert_eq!(kept.get("a").map(String::as_str), Some("boots | yes | 2026-11-24T23:57:42Z"));
}

#[test]
fn every_row_of_the_record_is_kept() {
    let record = include_str!("../../lab/results.md");
    let rows = record.lines().filter(|line| line.starts_with("| `") && !line.ends_with("| - |")).count();
    assert_eq!(kept_rows(record, 5).len(), rows);
    assert!(rows > 90, "{rows}");
}
