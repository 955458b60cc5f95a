//! A person's rights, from the outside: a copy of everything, erasure with its certificate, and requests without an account.

use e2e_tests::platform::{Platform, send, until};
use reqwest::Method;
use serde_json::{Value, json};
use std::io::{Cursor, Read as _};

/// Opens a case, and waits for its end.
pub async fn case(platform: &Platform, key: &str, wanted: &Value) -> Value {
    let opened = platform.post("/v1/cases", key, wanted).await;
    assert_eq!(opened.status, 201, "{}", opened.text);
    ended(platform, key, opened.json()["id"].as_str().unwrap()).await
}

/// A case when it has come to its end.
pub async fn ended(platform: &Platform, key: &str, id: &str) -> Value {
    let path = format!("/v1/cases/{id}");
    until("the case is closed", || async { platform.get(&path, key).await.json()["closed_at"].is_string() }).await;
    platform.get(&path, key).await.json()
}

/// The files of a package.
pub async fn package(platform: &Platform, key: &str, path: &str) -> Vec<(String, String)> {
    let answer = platform.request(Method::GET, path, key).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200, "{}", answer.text().await.unwrap());
    assert_eq!(answer.headers()["content-type"], "application/zip");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let mut zip = zip::ZipArchive::new(Cursor::new(answer.bytes().await.unwrap())).unwrap();
    (0..zip.len())
        .map(|at| {
            let mut file = zip.by_index(at).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            (file.name().unwrap().into_owned(), text)
        })
        .collect()
}

/// Access, then erasure, of a contact of the Mailchimp file who gave and withdrew consent.
pub async fn are_answered(platform: &Platform, key: &str, subject: &str, email: &str) {
    let access = case(platform, key, &json!({"kind": "access", "subject_id": subject})).await;
    assert_eq!(access["state"], "done", "{access}");
    let files = package(platform, key, &format!("/v1/cases/{}/package", access["id"].as_str().unwrap())).await;
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["README.txt", "index.html", "package.json", "package.schema.json"]);
    let document: Value = serde_json::from_str(&files[2].1).unwrap();
    assert_eq!(document["contact"]["personal"]["email"], json!(email));
    assert_eq!(document["consents"].as_array().map(Vec::len), Some(2), "given and withdrawn: {document}");
    assert!(files[1].1.contains("client_service:newsletter"), "the page tells the same");

    asked_without_an_account(platform, key, subject, email).await;

    let keys = platform.write("keys.json", &platform.get("/.well-known/evidence-keys.json", key).await.text);
    let erasure = case(platform, key, &json!({"kind": "erasure", "subject_id": subject})).await;
    assert_eq!((&erasure["state"], &erasure["subject_id"]), (&json!("done"), &Value::Null), "{erasure}");
    let certificate = platform.get(&format!("/v1/cases/{}/certificate", erasure["id"].as_str().unwrap()), key).await;
    assert!(!certificate.text.contains(subject), "the certificate names nobody");
    let file = platform.write("certificate.json", &certificate.text);
    let (code, said) = platform.run(&["verify", "certificate", &file, "--keys", &keys]);
    assert_eq!(code, Some(0), "{said}");
    let jws = certificate.json()["jws"].as_str().unwrap().to_owned();
    let middle = jws.len() / 2;
    let changed = format!("{}{}{}", &jws[..middle], if jws[middle..].starts_with('A') { "B" } else { "A" }, &jws[middle + 1..]);
    let file = platform.write("certificate-forged.json", &json!({"jws": changed}).to_string());
    assert_eq!(platform.run(&["verify", "certificate", &file, "--keys", &keys]).0, Some(4), "a changed certificate does not hold");

    assert_eq!(platform.read(&format!("/v1/contacts/{subject}"), key, "client_service:support").await.status, 404);
    let search = platform.request(Method::POST, "/v1/contacts/search", key).header("mxtr-purpose", "client_service:support");
    assert_eq!(send(search.json(&json!({"email": email}))).await.json()["data"], json!([]));
    let gone = platform.get(&format!("/v1/cases/{}/package", access["id"].as_str().unwrap()), key).await;
    assert_eq!(gone.status, 404, "the package went with the person: {}", gone.text);
    until("the log answers no longer for the person", || async {
        platform.post("/v1/reads/search", key, &json!({"subject_id": subject})).await.status == 404
    })
    .await;
    let nothing = case(platform, key, &json!({"kind": "access", "email": email})).await;
    assert_eq!(nothing["state"], "nothing-found");

    let again = platform.commit("contacts-mailchimp.csv", key).await;
    let again = platform.done(&again, key).await;
    assert_eq!(again["counts"]["created"], json!(0), "nobody comes back: {again}");
    // The same person may stand in several rows of the file.
    let (merged, suppressed) = (again["counts"]["merged"].as_u64().unwrap(), again["counts"]["suppressed"].as_u64().unwrap());
    assert!(suppressed >= 1 && merged + suppressed == 1936, "{again}");
    let refused = platform.post("/v1/contacts", key, &json!({"email": email})).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
}

/// The same answer for a person who is known and one who is not; nothing is handed out before the tenant has confirmed.
async fn asked_without_an_account(platform: &Platform, key: &str, subject: &str, email: &str) {
    let tenant = platform.get("/v1/me", key).await.json()["tenant_id"].as_str().unwrap().to_owned();
    let ask = |email: &str, kind: &str| {
        let body = json!({"tenant": tenant, "kind": kind, "email": email, "message": "What do you know of me?"});
        let request = platform.http.request(Method::POST, format!("{}/v1/contact-us", platform.base)).json(&body);
        async move { send(request).await }
    };
    let (known, unknown) = (ask(email, "access").await, ask("nobody@nowhere.example", "access").await);
    assert_eq!((known.status, unknown.status), (202, 202), "{} {}", known.text, unknown.text);
    let fields = |answer: &Value| answer.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(fields(&known.json()), fields(&unknown.json()));
    assert_eq!(known.text.len(), unknown.text.len());
    let link = known.json()["status_path"].as_str().unwrap().to_owned();
    let page = |path: String| async move { send(platform.http.get(format!("{}{path}", platform.base))).await };
    assert!(page(link.clone()).await.text.contains("Your request has arrived"));
    assert_eq!(page(format!("{link}/package")).await.status, 409, "nobody has confirmed who asks");
    let mut forged = link.clone();
    forged.truncate(link.len() - 4);
    forged.push_str("AAAA");
    assert_eq!(page(forged).await.status, 404);

    let cases = platform.get("/v1/cases", key).await.json();
    let waiting: Vec<&Value> = cases["data"].as_array().unwrap().iter().filter(|case| case["state"] == "awaiting-confirmation").collect();
    assert_eq!(waiting.len(), 2, "{cases}");
    // Newest first: the unknown person wrote last.
    let (stranger, person) = (waiting[0]["id"].as_str().unwrap(), waiting[1]["id"].as_str().unwrap());
    let wrote = platform.get(&format!("/v1/cases/{person}/request"), key).await;
    assert_eq!((&wrote.json()["email"], &wrote.json()["message"]), (&json!(email), &json!("What do you know of me?")), "{}", wrote.text);
    let refused = platform.post(&format!("/v1/cases/{stranger}/refuse"), key, &json!({"reason": "identity-not-confirmed"})).await;
    assert_eq!(refused.status, 200, "{}", refused.text);
    let confirmed = platform.post(&format!("/v1/cases/{person}/confirm"), key, &json!({})).await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.text);
    let done = ended(platform, key, person).await;
    assert_eq!((&done["state"], &done["subject_id"]), (&json!("done"), &json!(subject)), "{done}");
    assert!(page(link.clone()).await.text.contains("The answer is ready"));
    let files = package(platform, "", &format!("{link}/package")).await;
    let document: Value = serde_json::from_str(&files[2].1).unwrap();
    assert_eq!(document["contact"]["personal"]["email"], json!(email));
    assert!(document["cases"].as_array().is_some_and(|cases| !cases.is_empty()), "earlier requests are about the person too");
}
