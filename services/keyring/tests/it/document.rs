#[test]
fn the_public_api_is_empty() {
    let document = serde_json::to_value(keyring::openapi()).unwrap();
    assert_eq!(document["info"]["title"], "mxtr keyring");
    assert_eq!(document["paths"], serde_json::json!({}));
}

#[test]
fn the_register_names_what_is_kept_of_whom() {
    let stores: Vec<&str> = keyring::inventory().iter().map(|record| record.store).collect();
    assert_eq!(stores, ["keyring.holders", "keyring.ledger"]);
}
