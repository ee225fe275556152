//! The fields of what the money of a sale goes to. Which are there says what kind it is of; whether that
//! is the kind that the sale asks for is for the journey to say.

use std::fmt::Display;

use gate_domain::bank::{
    Account, AccountType, BankAccount, PayoutCard, PixKey, RoutingNumber, SortCode, UkAccount,
    UkAccountNumber, UsAccount, UsAccountNumber,
};

use crate::fields::Fields;

/// Every field that an account of some kind has.
const OF_ALL_KINDS: [&str; 7] =
    ["iban", "sort_code", "account_number", "routing_number", "account_type", "pix_key", "card"];

/// Read an account of any kind; every field of it that is wrong is noted.
pub(super) fn read_account(fields: &mut Fields) -> Option<Account> {
    let has = |fields: &mut Fields, names: &[&str]| names.iter().any(|name| fields.holds(name));
    let account = if has(fields, &["iban"]) {
        read_iban(fields)
    } else if has(fields, &["card"]) {
        fields.inside("card", read_card)
    } else if has(fields, &["pix_key"]) {
        checked(fields, "pix_key", 100, PixKey::parse).map(Account::Pix)
    } else if has(fields, &["routing_number", "account_type"]) {
        read_us(fields)
    } else if has(fields, &["sort_code", "account_number"]) {
        read_uk(fields)
    } else {
        read_iban(fields)
    };
    for name in OF_ALL_KINDS {
        let message = format!("{name} belongs to another kind of account. Send one account.");
        fields.refuse(name, "field_not_accepted", message);
    }
    account
}

fn read_iban(fields: &mut Fields) -> Option<Account> {
    let iban = checked(fields, "iban", 50, |text| BankAccount::parse(text, None));
    iban.map(Account::Iban)
}

fn read_uk(fields: &mut Fields) -> Option<Account> {
    let sort_code = checked(fields, "sort_code", 20, SortCode::parse);
    let number = checked(fields, "account_number", 40, UkAccountNumber::parse);
    Some(Account::Uk(UkAccount { sort_code: sort_code?, number: number? }))
}

fn read_us(fields: &mut Fields) -> Option<Account> {
    let routing_number = checked(fields, "routing_number", 20, RoutingNumber::parse);
    let number = checked(fields, "account_number", 40, UsAccountNumber::parse);
    let account_type = fields.text("account_type", 20).and_then(|word| {
        let known = AccountType::parse(&word);
        if known.is_none() {
            let message = "account_type must be checking or savings.";
            fields.problem("account_type", "field_range", message);
        }
        known
    });
    let (routing_number, number) = (routing_number?, number?);
    Some(Account::Us(UsAccount { routing_number, number, account_type: account_type? }))
}

fn read_card(card: &mut Fields) -> Option<Account> {
    let number = card.text("number", 40);
    let expiry = card.text("expiry", 10);
    Some(Account::Card(PayoutCard { number: number?, expiry: expiry? }))
}

/// A text that can be read as what it is to be. The code of one that cannot is its name's.
fn checked<T, E: Display>(
    fields: &mut Fields,
    name: &str,
    chars_max: usize,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Option<T> {
    match parse(&fields.text(name, chars_max)?) {
        Ok(value) => Some(value),
        Err(error) => {
            fields.problem(name, &format!("{name}_invalid"), error.to_string());
            None
        }
    }
}
