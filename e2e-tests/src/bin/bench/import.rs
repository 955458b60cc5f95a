//! A large clean file, from its upload to the last row committed: sealed, indexed, published.

use crate::report::{Report, Row, to_float};
use crate::{Bench, ceiling, machine};
use e2e_tests::platform::send;
use reqwest::Method;
use std::fmt::Write as _;
use std::time::Instant;

/// Rows of a made-up file: everybody another, nobody real.
fn file(rows: u64) -> String {
    let mut text = String::from("email,first_name,last_name,company,phone,company_address,employees,website,language,time_zone,notes\n");
    for row in 0..rows {
        writeln!(
            text,
            "person{row}@example.org,Given{row},Family{row},Company {row},+4930{:07},\"Street {row}, 10115 Berlin\",,,de,Europe/Berlin,Met at the fair {row}",
            1_000_000 + row
        )
        .unwrap();
    }
    text
}

pub async fn measure(bench: &Bench, report: &mut Report) {
    let rows = bench.size.of(100_000);
    eprintln!("import_100k: {rows} rows …");
    let (_, key) = bench.platform.tenant("import").await;
    // While nothing else runs: what was imported is still being told to others when the import is done.
    let ceiling = ceiling::bare_import(bench, rows).await;
    let body = file(rows);
    let (cpu, began) = (machine::cpu_us(bench), Instant::now());
    let request = bench.platform.request(Method::POST, "/v1/imports?source=client&basis=contract", &key).header("content-type", "text/csv");
    let staged = send(request.body(body)).await;
    assert_eq!(staged.status, 201, "{}", staged.text);
    let id = staged.json()["id"].as_str().unwrap().to_owned();
    eprintln!("  staged after {:.1} s", began.elapsed().as_secs_f64());
    let let_go = send(bench.platform.request(Method::POST, &format!("/v1/imports/{id}/commit"), &key)).await;
    assert_eq!(let_go.status, 202, "{}", let_go.text);
    let done = bench.platform.done(&id, &key).await;
    let seconds = began.elapsed().as_secs_f64();
    assert_eq!(done["counts"]["created"].as_u64(), Some(rows), "{done}");
    let count = to_float(usize::try_from(rows).unwrap_or_default());
    let cpu_us = Some((machine::cpu_us(bench) - cpu) / count);
    let ours = count / seconds;
    let reached = Some(ours / ceiling >= 0.30 && ours >= 11_600.0);
    let target = "ratio ≥ 0.30, ≥ 11,600/s";
    report.put(Row {
        name: "import_100k",
        unit: "rows/s",
        ours,
        ceiling: Some(ceiling),
        cpu_us,
        n: rows,
        target,
        reached,
        ..Row::default()
    });
}
