//! What a person gets, and what their link is worth.

use kernel::TenantId;
use rights::domain::package::{About, document, zip};
use rights::domain::page::escaped;
use rights::domain::secret::{Secret, mint};
use serde_json::json;
use std::io::{Cursor, Read as _};
use uuid::Uuid;

#[test]
fn a_package_shows_everything_and_runs_nothing() {
    let about =
        About { case: Uuid::nil(), made_at: testkit::clock().now(), policy_url: "https://tenant.example/privacy", jurisdiction: "DE" };
    let part = json!({"contact": {"id": Uuid::nil(), "personal": {"first_name": "<script>alert(1)</script>"}}});
    let whole = document(&about, vec![part, json!({"consents": []})]);
    assert!(whole["about"]["purposes"].as_array().is_some_and(|purposes| purposes.len() > 5), "purposes with their basis (GDPR 15(1)(a))");
    assert!(whole["about"]["retention"].as_array().is_some_and(|rules| rules.len() > 5), "how long (GDPR 15(1)(d))");
    let mut file = zip::ZipArchive::new(Cursor::new(zip(&whole).unwrap())).unwrap();
    let mut page = String::new();
    file.by_name("index.html").unwrap().read_to_string(&mut page).unwrap();
    assert!(page.contains("<dt>first name</dt>"), "names are words: {page}");
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !page.contains("<script"));
    assert_eq!(escaped("<a href='x'>&\""), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
}

#[test]
fn a_links_secret_leads_to_its_case_and_only_the_whole_of_it_proves_anything() {
    let (tenant, case) = (TenantId::new(&testkit::clock()), kernel::CaseId::new(&testkit::clock()).uuid());
    let (text, kept) = mint(tenant, case).unwrap();
    let secret = Secret::parse(&text).unwrap();
    assert_eq!((secret.tenant, secret.case), (tenant, case));
    assert!(secret.proves(Some(&kept)) && !secret.proves(None));
    let (other, _) = mint(tenant, case).unwrap();
    assert!(!Secret::parse(&other).unwrap().proves(Some(&kept)), "another link to the same case");
    for text in ["", "AAAA", &text[1..], &format!("{text}A"), "%%%"] {
        assert!(Secret::parse(text).is_none_or(|secret| !secret.proves(Some(&kept))));
    }
}
