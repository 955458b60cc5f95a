//! Rows of real layouts: each ends as the file's list of expectations says.

use contacts::domain::blobs::Blobs;
use contacts::domain::fields::{EmployeeBand, Field, language, time_zone, website};
use contacts::domain::import::cell::{begins_like_a_formula, incoming, is_telephone_number, may_be_dialled, outgoing};
use contacts::domain::import::layout::{Column, InvalidMapping, Mapping, is_called_telephone, recognise};
use contacts::domain::import::row::{Fault, Warning, blanked, read, screen};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn file(layout: &str) -> (Vec<String>, Vec<Vec<String>>, serde_json::Value) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../e2e-tests/data");
    let bytes = std::fs::read(format!("{folder}/contacts-{layout}.csv")).unwrap();
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text);
    let header = reader.headers().unwrap().iter().map(ToOwned::to_owned).collect();
    let rows = reader.records().map(|record| record.unwrap().iter().map(ToOwned::to_owned).collect()).collect();
    let expected = serde_json::from_slice(&std::fs::read(format!("{folder}/contacts-{layout}.expected.json")).unwrap()).unwrap();
    (header, rows, expected)
}

#[test]
fn the_known_layouts_are_mapped_by_themselves() {
    for layout in ["plain", "mailchimp", "google"] {
        let (header, _, expected) = file(layout);
        let (name, mapping) = recognise(&header).unwrap();
        assert_eq!(name, layout);
        for (cell, column) in header.iter().zip(mapping.0) {
            let wanted = expected["columns"][cell].as_str().map_or(Column::Ignored, |name| Column::Field(Field::from_name(name).unwrap()));
            assert_eq!(column, wanted, "{cell}");
        }
    }
    assert_eq!(recognise(&["e-mail".to_owned(), "name".to_owned()]), None);
}

#[test]
fn every_row_of_the_three_files_ends_as_expected() {
    for layout in ["plain", "mailchimp", "google"] {
        let (header, rows, expected) = file(layout);
        let (_, mapping) = recognise(&header).unwrap();
        let (mut counts, mut seen, mut faults) = (BTreeMap::<String, u64>::new(), BTreeSet::new(), BTreeMap::new());
        for (number, cells) in (1_u64..).zip(&rows) {
            let verdict = match read(cells, &mapping, None) {
                Err(fault) => format!("rejected:{}", fault.name()),
                Ok((values, warnings)) => {
                    if warnings.contains(&Warning::InvalidTelephone) {
                        faults.insert(number, "invalid-telephone".to_owned());
                    }
                    let key = values.email.map(|email| email.matching().to_owned());
                    if key.is_none_or(|key| seen.insert(key)) { "created".to_owned() } else { "merged".to_owned() }
                }
            };
            if let Some(why) = verdict.strip_prefix("rejected:") {
                faults.insert(number, why.to_owned());
            }
            *counts.entry(verdict).or_default() += 1;
        }
        assert_eq!(serde_json::to_value(&counts).unwrap(), expected["counts"], "{layout}");
        for fault in expected["faults"].as_array().unwrap() {
            let (row, why) = (fault["row"].as_u64().unwrap(), fault["why"].as_str().unwrap());
            if fault["verdict"] == "rejected" || why == "invalid-telephone" {
                assert_eq!(faults.remove(&row).as_deref(), Some(why), "{layout} row {row}");
            }
        }
        assert_eq!(faults, BTreeMap::new(), "{layout}: nothing else was found");
    }
}

fn mapping() -> Mapping {
    Mapping(vec![
        Column::Field(Field::Email),
        Column::Field(Field::Telephone),
        Column::Field(Field::EmployeeCount),
        Column::Custom("tier".to_owned()),
    ])
}

fn cells(row: [&str; 4]) -> Vec<String> {
    row.iter().map(|cell| (*cell).to_owned()).collect()
}

#[test]
fn a_row_has_one_fault_and_it_is_the_right_one() {
    let long = "x".repeat(40_000);
    let cases = [
        (["", "", "", ""], Fault::MissingIdentifier),
        (["  ", "ask Bob", "", ""], Fault::MissingIdentifier),
        (["two@@example.com", "+49301234567", "", ""], Fault::InvalidEmail),
        (["a@example.com", "", "", "4242-4242 4242 4242"], Fault::CardNumber),
        (["a@example.com", "", "", &long], Fault::CellTooLong),
    ];
    for (row, fault) in cases {
        assert_eq!(read(&cells(row), &mapping(), None).unwrap_err(), fault);
    }
    assert_eq!(read(&cells(["a@example.com", "", "", ""])[..3], &mapping(), None).unwrap_err(), Fault::RaggedRow);
    let luhn_valid = ["a@example.com", "4242424242424242", "", ""];
    assert!(read(&cells(luhn_valid), &mapping(), None).is_ok(), "a telephone may be Luhn-valid");
    assert_eq!(screen(&cells(luhn_valid), 4, |_, _| false), Err(Fault::CardNumber), "in no other column");
}

#[test]
fn odd_cells_leave_the_field_blank_and_say_so() {
    let (values, warnings) = read(&cells(["A@Example.com ", "ask Bob", "Ada, Grace and Edsger", "gold"]), &mapping(), None).unwrap();
    assert_eq!(values.email.unwrap().matching(), "a@example.com");
    assert!(values.telephone.is_none() && values.employee_band.is_none());
    assert_eq!(values.custom["tier"], "gold");
    assert_eq!(warnings, [Warning::InvalidTelephone, Warning::InvalidEmployeeCount]);
}

#[test]
fn closed_vocabularies_are_closed() {
    assert_eq!(EmployeeBand::parse(" 42 ").map(EmployeeBand::name), Some("11-50"));
    assert_eq!(EmployeeBand::parse("501-1000").map(EmployeeBand::name), Some("501-1000"));
    assert_eq!(EmployeeBand::parse("9000").map(EmployeeBand::name), Some("5001+"));
    for wrong in ["0", "-3", "a few", "Ada Lovelace", ""] {
        assert_eq!(EmployeeBand::parse(wrong), None, "{wrong}");
    }
    assert_eq!(language("pl-PL").as_deref(), Some("pl-PL"));
    for wrong in ["", "p", "pl_PL", "pl--PL", "12", "português"] {
        assert_eq!(language(wrong), None, "{wrong}");
    }
    assert_eq!(time_zone("europe/berlin").as_deref(), Some("Europe/Berlin"));
    assert_eq!(time_zone("Europe/Atlantis"), None);
    assert_eq!(website("https://example.com/x").as_deref(), Some("https://example.com/x"));
    for wrong in ["example.com", "javascript:alert(1)", "https://", "https://a b.example", "https://user:pw@example.com/"] {
        assert_eq!(website(wrong), None, "{wrong}");
    }
}

#[test]
fn a_mapping_names_every_column_once_and_something_to_know_people_by() {
    let header: Vec<String> = ["a", "b"].map(ToOwned::to_owned).into();
    let given = |a: Column, b: Column| BTreeMap::from([("a".to_owned(), a), ("b".to_owned(), b)]);
    let email = || Column::Field(Field::Email);
    assert!(Mapping::new(&header, &given(email(), Column::Custom("tier".to_owned()))).is_ok());
    let cases = [
        (BTreeMap::from([("a".to_owned(), email())]), InvalidMapping::Columns),
        (BTreeMap::from([("a".to_owned(), email()), ("c".to_owned(), Column::Ignored)]), InvalidMapping::Columns),
        (given(email(), email()), InvalidMapping::Twice),
        (given(Column::Field(Field::Notes), Column::Ignored), InvalidMapping::NoIdentifier),
        (given(email(), Column::Custom(" ".to_owned())), InvalidMapping::CustomName),
        (given(email(), Column::Custom("Health_Notes".to_owned())), InvalidMapping::SpecialCategory),
    ];
    for (given, why) in cases {
        assert_eq!(Mapping::new(&header, &given).unwrap_err(), why);
    }
}

#[test]
fn formulas_are_guarded_on_the_way_out_and_telephone_numbers_are_not() {
    for formula in ["=1+1", "+1+1", "-2+3", "@SUM(A1:A9)", "\t=1+1", "\r=1", "=HYPERLINK(\"http://evil.example\",\"x\")"] {
        assert_eq!(outgoing(formula), format!("'{formula}"));
    }
    for plain in ["+49 (30) 1234-567", "+44(0)1314960153", "501 484 442", "Ada", "'quoted'", ""] {
        assert_eq!(outgoing(plain), plain);
    }
}

#[test]
fn a_telephone_number_has_a_digit_and_begins_like_one() {
    for number in ["0", "+49 30 1234567", "(030) 123.45-67", "501 484 442"] {
        assert!(is_telephone_number(number), "{number}");
    }
    for other in ["", "+", "()", "-1", ".1", "12+3", "12a", "ext. 12"] {
        assert!(!is_telephone_number(other), "{other}");
    }
    assert!(may_be_dialled("+49 3012 3456 7890 1") && !may_be_dialled("4242 4242 4242 4242"), "E.164 has 15 digits at most");
}

#[test]
fn a_column_is_called_a_telephones_by_a_whole_word() {
    for name in ["Phone", "Home Phone", "tel", "tel_work", "MOBILE", "telephone (private)"] {
        assert!(is_called_telephone(name), "{name}");
    }
    for name in ["", "Hotel", "Telegram", "mail", "phonetic name"] {
        assert!(!is_called_telephone(name), "{name}");
    }
}

#[test]
fn only_the_column_that_is_the_telephones_may_look_like_a_card() {
    let mapping = Mapping(vec![Column::Field(Field::Email), Column::Ignored, Column::Field(Field::Telephone)]);
    assert_eq!(
        (mapping.position(Field::Email), mapping.position(Field::Telephone), mapping.position(Field::Notes)),
        (Some(0), Some(2), None)
    );
    let row = |cells: [&str; 3]| cells.map(ToOwned::to_owned);
    assert!(read(&row(["a@example.com", "", "4242424242424242"]), &mapping, None).is_ok());
    assert_eq!(read(&row(["a@example.com", "4242424242424242", ""]), &mapping, None).unwrap_err(), Fault::CardNumber);
}

#[test]
fn what_is_blank_is_filled_once_and_what_is_there_stays() {
    let of = |tier: &str, name: &str| {
        let mut mapping = mapping();
        mapping.0[2] = Column::Field(Field::FirstName);
        Blobs::new(&read(&cells(["a@example.com", "", name, tier]), &mapping, None).unwrap().0)
    };
    let mut blobs = of("", "");
    assert!(!blobs.fill_blanks(&of("", "")), "nothing to fill it with");
    assert!(blobs.fill_blanks(&of("gold", "")), "a custom field alone");
    assert!(!blobs.fill_blanks(&of("lead", "")), "it is there");
    assert!(blobs.fill_blanks(&of("lead", "Ada")), "a name alone");
    assert!(!blobs.fill_blanks(&of("lead", "Grace")));
    assert_eq!((blobs.imported.custom["tier"].as_str(), blobs.personal.first_name.as_deref()), ("gold", Some("Ada")));
}

#[test]
fn a_rejected_row_keeps_no_card_number() {
    let kept = blanked(cells(["a@example.com", "", "", "paid with 4242 4242 4242 4242 last week"]));
    assert_eq!(kept, cells(["a@example.com", "", "", ""]));
}

proptest! {
    #[test]
    fn export_and_import_lose_nothing(cell in "['=+\\-@\\t\\r0-9a-z ()]{0,12}") {
        let out = outgoing(&cell);
        prop_assert_eq!(incoming(&out), cell.as_str());
        prop_assert!(!begins_like_a_formula(&out) || out == cell);
    }
}
