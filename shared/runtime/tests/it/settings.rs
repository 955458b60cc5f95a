use kernel::Service;
use runtime::{ConfigError, Environment, Secret, load};
use serde::Deserialize;
use std::net::SocketAddr;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Common {
    listen: SocketAddr,
    database_url: Secret,
    #[serde(default = "ten")]
    lease_seconds: u64,
    #[serde(default)]
    otlp_endpoint: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    common: Common,
    #[serde(default)]
    strict: bool,
    #[serde(default)]
    kind: Kind,
    #[serde(default)]
    names: Vec<String>,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Small,
    Large,
}

fn ten() -> u64 {
    10
}

fn variables(more: &[(&str, &str)]) -> Environment {
    let needed = [("MXTR_CONTACTS_LISTEN", "127.0.0.1:0"), ("MXTR_DATABASE_URL", "postgres://nobody:hunter2@localhost/none")];
    needed.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn loaded(more: &[(&str, &str)]) -> Result<Config, ConfigError> {
    load(Service::Contacts, &variables(more))
}

#[test]
fn fields_are_filled_with_defaults_for_what_is_not_said() {
    let config = loaded(&[]).unwrap();
    assert_eq!(config.common.listen, "127.0.0.1:0".parse().unwrap());
    assert_eq!(config.common.lease_seconds, 10);
    assert_eq!(config.common.otlp_endpoint, None);
    assert_eq!((config.strict, config.kind, config.names.len()), (false, Kind::Small, 0));
}

#[test]
fn values_are_read_as_the_types_that_the_fields_have() {
    let more = [
        ("MXTR_LEASE_SECONDS", "3"),
        ("MXTR_CONTACTS_STRICT", "true"),
        ("MXTR_CONTACTS_KIND", "large"),
        ("MXTR_CONTACTS_NAMES", "a, b,,c"),
        ("MXTR_OTLP_ENDPOINT", "http://127.0.0.1:4317"),
    ];
    let config = loaded(&more).unwrap();
    assert_eq!((config.common.lease_seconds, config.strict, config.kind), (3, true, Kind::Large));
    assert_eq!(config.names, ["a", "b", "c"]);
    assert_eq!(config.common.otlp_endpoint.as_deref(), Some("http://127.0.0.1:4317"));
}

#[test]
fn a_services_own_variable_stands_before_the_common_one() {
    let config = loaded(&[("MXTR_LEASE_SECONDS", "3"), ("MXTR_CONTACTS_LEASE_SECONDS", "4")]).unwrap();
    assert_eq!(config.common.lease_seconds, 4);
}

#[test]
fn a_file_holds_what_no_variable_should() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("url");
    std::fs::write(&file, "postgres://from-a-file\n").unwrap();
    let config = loaded(&[("MXTR_CONTACTS_DATABASE_URL_FILE", file.to_str().unwrap())]).unwrap();
    assert_eq!(config.common.database_url.expose(), "postgres://from-a-file");
}

#[test]
fn a_file_that_is_not_there_and_a_value_given_twice_are_errors() {
    let missing = loaded(&[("MXTR_CONTACTS_DATABASE_URL_FILE", "/nowhere/at/all")]).unwrap_err();
    assert!(matches!(missing, ConfigError::File(name, _) if name == "MXTR_CONTACTS_DATABASE_URL_FILE"));
    let twice = loaded(&[("MXTR_DATABASE_URL_FILE", "/nowhere/at/all")]).unwrap_err();
    assert!(matches!(twice, ConfigError::Twice(name) if name == "MXTR_DATABASE_URL"));
}

#[test]
fn a_mistyped_variable_is_refused_and_anothers_is_passed_over() {
    for mistyped in ["MXTR_CONTACTS_LISTNE", "MXTR_LEASE_SECOND"] {
        let error = loaded(&[(mistyped, "1")]).unwrap_err();
        assert!(matches!(&error, ConfigError::Unknown(name) if name == mistyped), "{error}");
    }
    assert!(loaded(&[("MXTR_AUDIT_LISTNE", "1")]).is_ok(), "that is for audit to refuse");
}

#[test]
fn a_missing_setting_is_named() {
    let nothing = Environment::default();
    let error = load::<Config>(Service::Contacts, &nothing).unwrap_err();
    assert_eq!(error.to_string(), "the variable MXTR_LISTEN is needed");
}

#[test]
fn an_error_names_the_variable_and_repeats_no_value() {
    let wrong = [("MXTR_LEASE_SECONDS", "hunter2"), ("MXTR_CONTACTS_STRICT", "hunter2"), ("MXTR_CONTACTS_KIND", "hunter2")];
    for (name, value) in wrong {
        let text = loaded(&[(name, value)]).unwrap_err().to_string();
        assert!(text.contains(name) && !text.contains(value), "{text}");
    }
}

#[test]
fn a_secret_cannot_be_printed() {
    let text = format!("{:?}", loaded(&[]).unwrap());
    assert!(text.contains("Secret(…)") && !text.contains("hunter2"), "{text}");
}
