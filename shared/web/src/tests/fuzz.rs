//! Anything at all, where a caller's text is read.

use crate::apikey::{ApiKey, mint};
use crate::json::parse;
use crate::tests::api::CreateThing;
use kernel::PrincipalId;
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_key_that_was_made_is_read_and_proves_itself(id in any::<[u8; 16]>()) {
        let id = PrincipalId::from_slice(&id).unwrap();
        let minted = mint(id);
        let key = ApiKey::parse(minted.text.expose()).unwrap();
        prop_assert_eq!(key.id, id);
        prop_assert!(key.proves(&minted.secret_sha256));
        prop_assert!(!key.proves(&[0; 32]) && !key.proves(&[]));
        prop_assert_eq!(minted.text.expose().len(), 10 + 22 + 1 + 43 + 1 + 6);
    }

    #[test]
    fn a_key_with_one_other_character_is_none(place in 0_usize..83, other in "[0-9A-Za-z_]") {
        let text = mint(PrincipalId::from_slice(&[7; 16]).unwrap()).text.expose().to_owned();
        let mut changed = text.clone();
        changed.replace_range(place..=place, &other);
        prop_assert_eq!(ApiKey::parse(&changed).is_some(), changed == text);
    }

    #[test]
    fn no_text_makes_the_parser_of_keys_stumble(text in any::<String>(), tail in "[0-9A-Za-z_]{0,90}") {
        prop_assert!(ApiKey::parse(&text).is_none());
        let like_a_key = format!("mxtr_live_{tail}");
        prop_assert!(ApiKey::parse(&like_a_key).is_none());
    }

    #[test]
    fn no_body_comes_back_in_its_problem(canary in "[A-Z]{12}", before in any::<Vec<u8>>()) {
        let in_a_key = format!("{{\"name\": 1, \"{canary}\": \"{canary}\"}}");
        let in_a_value = format!("{{\"kind\": \"{canary}\"}}");
        for body in [in_a_key, in_a_value, format!("[\"{canary}\"]"), canary.clone()] {
            let raw = [before.as_slice(), body.as_bytes()].concat();
            let problem = parse::<CreateThing>(&raw).unwrap_err();
            prop_assert!(problem.status().is_client_error());
            prop_assert!(!serde_json::to_string(&problem).unwrap().contains(&canary));
            let problem = parse::<CreateThing>(body.as_bytes()).unwrap_err();
            prop_assert!(!serde_json::to_string(&problem).unwrap().contains(&canary));
        }
    }
}
