//! What a buyer is going to do, decided by the seed alone.

use crate::random::Random;

/// A purchase, before it begins.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) amount: &'static str,
    /// The card that is tried first.
    pub(super) card: &'static str,
    pub(super) ending: Ending,
    /// Buy is clicked twice.
    pub(super) double_click: bool,
    /// The page is reloaded whenever something goes wrong.
    pub(super) reloads: bool,
}

/// How the buyer means it to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With tokens in the wallet; after a decline with another card.
    Tokens,
    /// The tab is closed before paying.
    LeavesUnpaid,
    /// The tab is closed after the card was declined.
    LeavesDeclined,
    /// The tab is closed while the bank says nothing at all.
    LeavesUndecided,
    /// The purchase is cancelled.
    Cancels,
}

pub(super) const GOOD_CARD: &str = "4242 4242 4242 4242";
const DECLINED: &str = "4000 0000 0000 0002";
const NO_MONEY: &str = "4000 0000 0000 9995";
const CHALLENGE: &str = "4000 0000 0000 3220";
const SLOW: &str = "4000 0000 0000 3063";
const ANSWER_LOST: &str = "4000 0000 0000 0119";
const ANSWERS_TWICE: &str = "4000 0000 0000 0259";
const NEVER_ANSWERS: &str = "4000 0000 0000 6975";

/// One of these, each as likely.
const WAYS: [(&str, Ending); 16] = [
    (GOOD_CARD, Ending::Tokens),
    (GOOD_CARD, Ending::Tokens),
    (GOOD_CARD, Ending::Tokens),
    (GOOD_CARD, Ending::Tokens),
    (SLOW, Ending::Tokens),
    (ANSWER_LOST, Ending::Tokens),
    (ANSWER_LOST, Ending::Tokens),
    (ANSWERS_TWICE, Ending::Tokens),
    (ANSWERS_TWICE, Ending::Tokens),
    (CHALLENGE, Ending::Tokens),
    (DECLINED, Ending::Tokens),
    (NO_MONEY, Ending::Tokens),
    (GOOD_CARD, Ending::LeavesUnpaid),
    (DECLINED, Ending::LeavesDeclined),
    (NEVER_ANSWERS, Ending::LeavesUndecided),
    (GOOD_CARD, Ending::Cancels),
];
const AMOUNTS: [&str; 3] = ["25.00", "100.00", "250.00"];

impl Plan {
    pub(super) fn draw(random: &mut Random) -> Self {
        let (card, ending) = *one_of(&WAYS, random);
        let amount = one_of(&AMOUNTS, random);
        Self { amount, card, ending, double_click: random.one_in(4), reloads: random.one_in(2) }
    }
}

fn one_of<'a, T>(choices: &'a [T], random: &mut Random) -> &'a T {
    let last = u64::try_from(choices.len() - 1).expect("a short list");
    &choices[usize::try_from(random.within(0..=last)).expect("within the list")]
}
