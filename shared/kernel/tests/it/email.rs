//! E-mail addresses.

use kernel::{Email, InvalidEmail};

fn parse(text: &str) -> Result<Email, InvalidEmail> {
    text.parse()
}

#[test]
fn an_address_is_kept_as_given_and_matched_in_lower_case() {
    let email = parse(" \t Ada.Lovelace+News@Example.COM \n").unwrap();
    assert_eq!(email.as_given(), "Ada.Lovelace+News@Example.COM");
    assert_eq!(email.matching(), "ada.lovelace+news@example.com");
}

#[test]
fn what_rfc_5321_allows_is_allowed() {
    for address in [
        "user@localhost", // a host name without a dot
        "a@b.c",
        "!#$%&'*+/=?^_`{|}~-@example.com",
        "\"quoted string\"@example.com",
        "\"two@at\"@example.com",
        "user@[192.0.2.1]",
        "user@[IPv6:2001:db8::1]",
        "用户@例子.广告", // RFC 6531
        "user@xn--bcher-kva.example",
        "user@123.example",
        "user@bücher.example",
    ] {
        assert!(parse(address).is_ok(), "{address}");
    }
}

#[test]
fn what_rfc_5321_does_not_allow_is_refused() {
    for address in [
        "",
        " ",
        "@",
        "user",
        "user@",
        "@example.com",
        "user@exa mple.com",
        "us er@example.com",
        "two@@example.com",
        "a@b@example.com",
        ".dot@example.com",
        "dot.@example.com",
        "d..t@example.com",
        "user@.example.com",
        "user@example.com.",
        "user@exam..ple.com",
        "user@-example.com",
        "user@example-.com",
        "user@exa_mple.com",
        "user@exam!ple.com",
        "user@example.com,other@example.com",
        "Ada <ada@example.com>",
        "<ada@example.com>",
        "mailto:ada@example.com@",
        "user@[192.0.2.256]",
        "user@[not an address]",
        "user@[]",
        "user@[IPv6:192.0.2.1:]",
        "\"unclosed@example.com",
        "\"\"@example.com",
        "user@example.com\nBcc: other@example.com",
        "us\u{0}er@example.com",
        "user@exam\u{7f}ple.com",
        "user(comment)@example.com",
    ] {
        assert_eq!(parse(address).err(), Some(InvalidEmail), "{address:?}");
    }
}

#[test]
fn the_limits_of_length_are_those_of_rfc_5321() {
    let local = "l".repeat(64);
    let host = |length: usize| {
        let labels = format!("{}.", "h".repeat(60)).repeat(4);
        labels[..length].trim_end_matches('.').to_owned()
    };
    let longest = format!("{local}@{}", host(189));
    assert_eq!(longest.len(), 254);
    assert!(parse(&longest).is_ok());
    assert!(parse(&format!("{local}@{}", host(190))).is_err());
    assert!(parse(&format!("l{local}@example.com")).is_err());
    assert!(parse(&format!("user@{}.example", "h".repeat(63))).is_ok());
    assert!(parse(&format!("user@{}.example", "h".repeat(64))).is_err());
}

#[test]
fn neither_debug_nor_an_error_says_the_address() {
    let email = parse("cnry-email-7f3a@example.com").unwrap();
    assert_eq!(format!("{email:?} {:?}", Some(&email)), "Email(…) Some(Email(…))");
    let fault = serde_json::from_str::<Email>("\"cnry-email-7f3a@\"").unwrap_err();
    assert_eq!(fault.to_string().split(" at ").next(), Some("not an e-mail address that RFC 5321 allows"));
}

#[test]
fn an_address_is_parsed_out_of_json() {
    let email: Email = serde_json::from_str("\" Ada@Example.com\"").unwrap();
    assert_eq!(email.matching(), "ada@example.com");
    let schema = serde_json::to_value(<Email as utoipa::PartialSchema>::schema()).unwrap();
    assert_eq!(schema, serde_json::json!({"type": "string", "format": "email", "maxLength": 254}));
}
