//! Rows: accepted with warnings, or rejected with one reason.

use super::cell;
use super::layout::{Column, Mapping};
use crate::domain::fields::{EmployeeBand, Field, LONGEST_TEXT, Values, language, time_zone, website};
use kernel::Phone;
use serde::{Deserialize, Serialize};

/// Why a row is rejected. None of these stops an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// A payment card's number stands in a cell: nothing of that cell is kept anywhere.
    CardNumber,
    /// Fewer or more cells than the header: never guessed.
    RaggedRow,
    /// Neither an e-mail address nor a telephone number.
    MissingIdentifier,
    /// An address that RFC 5321 does not allow.
    InvalidEmail,
    /// A cell of more than 32 KiB.
    CellTooLong,
    /// The bytes are no UTF-8.
    NotUtf8,
}

impl Fault {
    pub const ALL: [Self; 6] =
        [Self::CardNumber, Self::RaggedRow, Self::MissingIdentifier, Self::InvalidEmail, Self::CellTooLong, Self::NotUtf8];

    pub fn name(self) -> &'static str {
        match self {
            Self::CardNumber => "card-number",
            Self::RaggedRow => "ragged-row",
            Self::MissingIdentifier => "missing-identifier",
            Self::InvalidEmail => "invalid-email",
            Self::CellTooLong => "cell-too-long",
            Self::NotUtf8 => "not-utf-8",
        }
    }
}

/// What is odd about a row that is accepted: the field is left blank, or nothing of the row is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Warning {
    /// A telephone cell without digits.
    InvalidTelephone,
    /// Neither a number nor a band.
    InvalidEmployeeCount,
    InvalidLanguage,
    InvalidTimeZone,
    InvalidWebsite,
    /// A provider's row, without an assurance, about somebody who is there with better right: nothing of it is taken.
    NoAssurance,
}

/// What is seen before anything of a row is stored: card numbers, its shape, its length. Some telephone numbers look like a card's: a cell that is one by its
/// column, or by its column and what it holds, is not looked at for cards.
pub fn screen(cells: &[String], columns: usize, telephone: impl Fn(usize, &str) -> bool) -> Result<(), Fault> {
    if cells.iter().enumerate().any(|(at, cell)| kernel::holds_card_number(cell) && !telephone(at, cell)) {
        return Err(Fault::CardNumber);
    }
    if cells.len() != columns {
        return Err(Fault::RaggedRow);
    }
    if cells.iter().any(|cell| cell.len() > LONGEST_TEXT) { Err(Fault::CellTooLong) } else { Ok(()) }
}

/// A row of a file as it may be kept among the rejects: cells that hold a card number are blank.
pub fn blanked(cells: Vec<String>) -> Vec<String> {
    cells.into_iter().map(|cell| if kernel::holds_card_number(&cell) { String::new() } else { cell }).collect()
}

/// What becomes of a row: values with warnings, or one fault.
pub fn read(cells: &[String], mapping: &Mapping, country: Option<&str>) -> Result<(Values, Vec<Warning>), Fault> {
    let telephone = mapping.position(Field::Telephone);
    screen(cells, mapping.0.len(), |at, _| Some(at) == telephone)?;
    let mut values = Values::default();
    let mut warnings = Vec::new();
    for (cell, column) in cells.iter().zip(&mapping.0) {
        let cell = cell::incoming(cell);
        if cell.trim().is_empty() {
            continue;
        }
        match column {
            Column::Ignored => {}
            Column::Custom(name) => drop(values.custom.insert(name.clone(), cell.to_owned())),
            Column::Field(field) => fill(&mut values, &mut warnings, *field, cell, country)?,
        }
    }
    if values.email.is_none() && values.telephone.is_none() {
        return Err(Fault::MissingIdentifier);
    }
    Ok((values, warnings))
}

fn fill(values: &mut Values, warnings: &mut Vec<Warning>, field: Field, cell: &str, country: Option<&str>) -> Result<(), Fault> {
    let text = || Some(cell.to_owned());
    let mut or_warn = |value: Option<String>, warning: Warning| {
        if value.is_none() {
            warnings.push(warning);
        }
        value
    };
    match field {
        Field::Email => values.email = Some(cell.parse().map_err(|_| Fault::InvalidEmail)?),
        Field::FirstName => values.first_name = text(),
        Field::LastName => values.last_name = text(),
        Field::CompanyName => values.company_name = text(),
        Field::CompanyAddress => values.company_address = text(),
        Field::Notes => values.notes = text(),
        Field::Language => values.language = or_warn(language(cell), Warning::InvalidLanguage),
        Field::TimeZone => values.time_zone = or_warn(time_zone(cell), Warning::InvalidTimeZone),
        Field::WebsiteUrl => values.website_url = or_warn(website(cell), Warning::InvalidWebsite),
        Field::Telephone => match Phone::parse(cell, country) {
            Ok(phone) => values.telephone = Some(phone),
            Err(_) => warnings.push(Warning::InvalidTelephone),
        },
        Field::EmployeeCount => match EmployeeBand::parse(cell) {
            Some(band) => values.employee_band = Some(band),
            None => warnings.push(Warning::InvalidEmployeeCount),
        },
    }
    Ok(())
}
