//! Addresses and names on a list of sanctions: what is held, who decides, and what users see. Every
//! name and address of the list is invented.

use std::path::Path;

use gate_app::admin::screening::{
    CheckAnswer, Command as ScreeningCommand, ScreeningBody, ScreeningsAnswer, ShownScreening,
    Status,
};
use gate_app::admin::{self, AdminError, Command, Whose};
use gate_app::choose::{self, PaidWith, Wanted};
use gate_app::deposits::start_deposit;
use gate_app::journey::{JourneyError, open_journey};
use gate_app::metrics::render;
use gate_app::rails::RailError;
use gate_app::screening::{HeldAddress, SanctionsList, Screened, Verdict, hold};
use gate_app::testing::{ADDRESS, World, typed};
use gate_domain::bank::{Account, BankAccount};
use gate_domain::catalogue::{Entitlement, Side};
use gate_domain::destination::Destination;
use gate_domain::ids::{Mode, QuoteId, SessionId};
use gate_domain::screening::Subject;
use gate_domain::session::{BackTo, Flow};
use gate_store::testing::TestStore;
use gate_store::{StoreError, both_engines};
use gate_wire::journey::{Journey, JourneyStep};
use serde::de::DeserializeOwned;

use crate::rails::{command, lock, session_for, start};

/// Entry 1001 of the list.
const LISTED: &str = "0x5a11ed5a11ed5a11ed5a11ed5a11ed5a11ed5a11";

async fn screening(store: &TestStore) -> World {
    let list = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stories/sanctions"));
    World::screening(store, SanctionsList::open(list).unwrap()).await
}

/// A session whose user is asked where the tokens go.
async fn at_the_wallet(world: &World) -> SessionId {
    let session = world.create().await;
    let quote = world.quote(&session).await;
    choose::accept_quote(&world.app, &world.tenant(), &session, quote).await.unwrap();
    session
}

async fn give(world: &World, session: &SessionId, address: &str) -> Result<Journey, JourneyError> {
    let address = typed(address);
    choose::give_address(&world.app, &world.tenant(), session, address).await
}

/// A price, whatever the page shows.
async fn offered(world: &World, session: &SessionId) -> QuoteId {
    let wanted = Wanted::of("USDC", "base");
    choose::request_quote(&world.app, &world.tenant(), session, wanted).await.unwrap();
    world.session(session).await.choice().unwrap().quote.clone().unwrap()
}

async fn is_held(world: &World, session: &SessionId) -> bool {
    match give(world, session, LISTED).await {
        Err(JourneyError::AddressHeld(HeldAddress::Given)) => true,
        Ok(_) => false,
        Err(other) => panic!("{other}"),
    }
}

async fn ask<T: DeserializeOwned>(
    world: &World,
    command: ScreeningCommand,
) -> Result<T, AdminError> {
    let answer = admin::run(&world.app, Command::Screening(command)).await?;
    Ok(serde_json::from_value(answer).unwrap())
}

fn whose() -> Whose {
    Whose { partner: None, mode: Mode::Test }
}

async fn listed(world: &World, status: Status) -> Vec<ScreeningBody> {
    let list = ScreeningCommand::List { whose: whose(), status };
    ask::<ScreeningsAnswer>(world, list).await.unwrap().screenings
}

/// The id of the one that waits.
async fn waiting(world: &World) -> String {
    let rows = listed(world, Status::Waiting).await;
    let [row] = rows.as_slice() else { panic!("one waits: {rows:?}") };
    row.id.clone()
}

async fn decide(
    world: &World,
    id: &str,
    verdict: Verdict,
    actor: &str,
) -> Result<ShownScreening, AdminError> {
    let (id, reason, actor) = (id.to_owned(), "looked it up".to_owned(), actor.to_owned());
    ask(world, ScreeningCommand::Decide { whose: whose(), id, verdict, reason, actor }).await
}

both_engines! {
    async fn a_rail_payment_is_screened_as_a_card_is(store) {
        let world = screening(store).await;
        world.entitle(&[Entitlement::Rails]).await;
        let quote = lock(&world, Side::OnRamp, "sepa_bank_transfer").await;
        let session = session_for(&world, &quote, LISTED).await;
        let starting = command(&world, &quote, &session);
        for _ in 0..2 {
            let refused = start(&world, starting.clone()).await;
            assert!(matches!(refused, Err(RailError::AddressHeld)), "{refused:?}");
            assert_eq!(world.session(&session).await.transaction, None, "nothing has begun");
        }
        let id = waiting(&world).await;
        for actor in ["ada", "bob"] {
            decide(&world, &id, Verdict::Release, actor).await.unwrap();
        }
        let started = start(&world, starting.clone()).await.unwrap();
        // What has begun is answered for, whatever is decided afterwards.
        decide(&world, &id, Verdict::Block, "ada").await.unwrap();
        assert_eq!(start(&world, starting).await.unwrap(), started);
        // The money of a pay-out goes to nobody's address.
        let quote = lock(&world, Side::OffRamp, "sepa_payout").await;
        let session = session_for(&world, &quote, LISTED).await;
        start(&world, command(&world, &quote, &session)).await.unwrap();
        world.sound().await;
    }

    async fn a_listed_address_is_not_taken_until_two_people_let_it_go(store) {
        let world = screening(store).await;
        let session = at_the_wallet(&world).await;
        let before = world.session(&session).await;
        let refused = give(&world, &session, LISTED).await.unwrap_err();
        assert_eq!(refused.to_string(), "this address cannot be used here", "and not why");
        assert_eq!(world.session(&session).await, before);
        assert!(matches!(world.journey(&session).await.step, JourneyStep::Wallet { .. }));
        let id = waiting(&world).await;
        assert!(is_held(&world, &session).await);
        assert_eq!(waiting(&world).await, id, "it is held once");

        let proposed = decide(&world, &id, Verdict::Release, "ada").await.unwrap();
        assert_eq!(proposed.screening.status, "waiting");
        assert_eq!(proposed.screening.proposed_by.as_deref(), Some("ada"));
        assert!(is_held(&world, &session).await, "one person is not enough");
        for alone in ["ada", "Ada "] {
            let refused = decide(&world, &id, Verdict::Release, alone).await.unwrap_err();
            assert_eq!(refused.code, "second_person_needed");
        }
        let released = decide(&world, &id, Verdict::Release, "bob").await.unwrap();
        assert_eq!(released.screening.status, "released");
        assert_eq!(released.text, Destination::from_stored(LISTED).unwrap().address);
        assert_eq!(released.hits[0].entry, "1001");
        let actors: Vec<_> = released.actions.iter().map(|action| action.actor.as_str()).collect();
        assert_eq!(actors, ["ada", "bob"]);
        let again = decide(&world, &id, Verdict::Release, "cat").await.unwrap_err();
        assert_eq!(again.code, "decided_already");

        assert!(!is_held(&world, &session).await);
        assert!(matches!(world.journey(&session).await.step, JourneyStep::Payment { .. }));
        let other = at_the_wallet(&world).await;
        assert!(is_held(&world, &other).await, "it was released for one session");
        world.sound().await;
    }

    async fn a_blocked_address_stays_refused_and_another_one_is_taken(store) {
        let world = screening(store).await;
        let session = at_the_wallet(&world).await;
        assert!(is_held(&world, &session).await);
        let id = waiting(&world).await;
        decide(&world, &id, Verdict::Release, "ada").await.unwrap();
        decide(&world, &id, Verdict::Block, "ada").await.unwrap();
        let refused = decide(&world, &id, Verdict::Release, "bob").await.unwrap_err();
        assert_eq!(refused.code, "decided_already");
        assert_eq!(listed(&world, Status::Blocked).await[0].id, id);
        assert!(is_held(&world, &session).await);
        give(&world, &session, ADDRESS).await.unwrap();
        assert_eq!(listed(&world, Status::Waiting).await, [], "that one is on no list");
        let step = world.journey(&session).await.step;
        assert!(matches!(step, JourneyStep::Payment { .. }), "{step:?}");
    }

    async fn no_payment_begins_to_an_address_that_a_partner_named_or_that_was_blocked_since(store) {
        let world = screening(store).await;
        let named = Destination::from_stored(LISTED).unwrap();
        let session = world.create_with(|terms| terms.wallet_address = Some(named)).await;
        let (quote, tenant) = (offered(&world, &session).await, world.tenant());
        choose::accept_quote(&world.app, &tenant, &session, quote.clone()).await.unwrap();
        let pays = async || world.pay(&session, &quote, "succeeds").await;
        let refused = pays().await.unwrap_err();
        let JourneyError::AddressHeld(HeldAddress::Wallet) = refused else { panic!("{refused}") };
        assert_eq!(world.session(&session).await.transaction, None, "nothing is charged");
        let id = waiting(&world).await;
        for actor in ["ada", "bob"] {
            decide(&world, &id, Verdict::Release, actor).await.unwrap();
        }
        decide(&world, &id, Verdict::Block, "ada").await.unwrap();
        assert!(matches!(pays().await, Err(JourneyError::AddressHeld(HeldAddress::Wallet))));

        let session = at_the_wallet(&world).await;
        assert!(is_held(&world, &session).await);
        let id = waiting(&world).await;
        for actor in ["ada", "bob"] {
            decide(&world, &id, Verdict::Release, actor).await.unwrap();
        }
        assert!(!is_held(&world, &session).await);
        let quote = world.session(&session).await.choice().unwrap().quote.clone().unwrap();
        let pays = async || world.pay(&session, &quote, "succeeds").await;
        pays().await.unwrap();
        decide(&world, &id, Verdict::Block, "ada").await.unwrap();
        pays().await.expect("a payment that is under way goes on");
        world.sound().await;
    }

    async fn of_an_address_that_a_partner_fixed_the_user_hears_before_they_type_a_card(store) {
        let world = screening(store).await;
        let (app, tenant) = (&world.app, world.tenant());
        let fixed = Destination::from_stored(LISTED).unwrap();
        for flow in [Flow::OnRamp, Flow::OffRamp] {
            let session = world
                .create_with(|terms| {
                    terms.flow = Some(flow);
                    terms.wallet_address = Some(fixed.clone());
                })
                .await;
            let JourneyStep::Unavailable { reason } =
                open_journey(app, &tenant, &session).await.unwrap().step
            else {
                panic!("there is nothing to go on with")
            };
            assert_eq!(reason.next_step.as_deref(), Some("Go back to the shop."));
            assert!(!reason.retryable);
            let told = format!("{reason:?}").to_lowercase();
            assert!(!told.contains("sanction") && !told.contains("list"), "{told}");
            let unavailable = async || {
                let step = world.journey(&session).await.step;
                matches!(step, JourneyStep::Unavailable { .. })
            };
            assert!(unavailable().await, "whoever looks again reads the same");
            let id = waiting(&world).await;
            for actor in ["ada", "bob"] {
                decide(&world, &id, Verdict::Release, actor).await.unwrap();
            }
            assert!(!unavailable().await, "it goes on where it was");
            let quote = world.quote(&session).await;
            choose::accept_quote(app, &tenant, &session, quote.clone()).await.unwrap();
            decide(&world, &id, Verdict::Block, "ada").await.unwrap();
            assert!(unavailable().await);
            let paid = world.pay(&session, &quote, "succeeds").await;
            assert!(matches!(paid, Err(JourneyError::AddressHeld(_))), "{paid:?}");
        }
    }

    async fn nothing_is_sent_for_a_sale_or_a_swap_that_would_go_back_to_a_listed_address(store) {
        let world = screening(store).await;
        let (app, tenant) = (&world.app, world.tenant());
        let address = Destination::from_stored(LISTED).unwrap();
        let sale = world
            .create_with(|terms| {
                terms.flow = Some(Flow::OffRamp);
                terms.wallet_address = Some(address.clone());
            })
            .await;
        let quote = offered(&world, &sale).await;
        choose::accept_quote(app, &tenant, &sale, quote.clone()).await.unwrap();
        let account = BankAccount::parse("DE09000000000000000001", None).map(Account::Iban).unwrap();
        choose::give_account(app, &tenant, &sale, account).await.unwrap();
        let held = start_deposit(app, &tenant, &sale, quote).await;
        assert!(matches!(held, Err(JourneyError::AddressHeld(HeldAddress::Refund))));
        let swap = world.create_swap().await;
        let wanted = Wanted::of("USDC", "base");
        choose::request_quote(app, &tenant, &swap, wanted).await.unwrap();
        let held = choose::give_refund_address(app, &tenant, &swap, typed(LISTED)).await;
        assert!(matches!(held, Err(JourneyError::AddressHeld(HeldAddress::Given))));
        assert_eq!(world.session(&sale).await.transaction, None);
    }

    async fn a_refund_address_is_looked_up_again_before_anything_is_sent(store) {
        let world = screening(store).await;
        let (app, tenant) = (&world.app, world.tenant());
        world.entitle(&[Entitlement::Swap]).await;
        let swap = world.create().await;
        choose::choose_flow(app, &tenant, &swap, Flow::Swap).await.unwrap();
        let from = PaidWith { token: Some("ETH".into()), network: Some("base".into()) };
        let wanted = Wanted { from, ..Wanted::of("USDC", "base") };
        let journey = choose::request_quote(app, &tenant, &swap, wanted).await.unwrap();
        let JourneyStep::Amount { quote: Some(quote), .. } = journey.step else { panic!("a price") };
        let quote = QuoteId::parse(&quote.id).unwrap();
        choose::accept_quote(app, &tenant, &swap, quote.clone()).await.unwrap();
        choose::give_address(app, &tenant, &swap, typed(ADDRESS)).await.unwrap();
        let give = || choose::give_refund_address(app, &tenant, &swap, typed(LISTED));
        assert!(matches!(give().await, Err(JourneyError::AddressHeld(HeldAddress::Given))));
        let id = waiting(&world).await;
        for actor in ["ada", "bob"] {
            decide(&world, &id, Verdict::Release, actor).await.unwrap();
        }
        give().await.unwrap();
        decide(&world, &id, Verdict::Block, "cat").await.unwrap();
        let held = start_deposit(app, &tenant, &swap, quote).await;
        assert!(
            matches!(held, Err(JourneyError::AddressHeld(HeldAddress::Refund))),
            "{held:?}"
        );
        assert_eq!(world.session(&swap).await.transaction, None);
        // Nothing would come back to it from a purchase.
        choose::step_back(app, &tenant, &swap, BackTo::Amount).await.unwrap();
        choose::choose_flow(app, &tenant, &swap, Flow::OnRamp).await.unwrap();
        let quote = world.choose(&swap, ADDRESS).await;
        world.pay(&swap, &quote, "succeeds").await.unwrap();
        assert!(world.session(&swap).await.transaction.is_some());
    }

    async fn what_was_released_can_still_be_blocked(store) {
        let world = screening(store).await;
        let session = at_the_wallet(&world).await;
        assert!(is_held(&world, &session).await);
        let id = waiting(&world).await;
        for actor in ["ada", "bob"] {
            decide(&world, &id, Verdict::Release, actor).await.unwrap();
        }
        assert!(!is_held(&world, &session).await);
        let back = choose::step_back(&world.app, &world.tenant(), &session, BackTo::Wallet).await;
        back.unwrap();
        decide(&world, &id, Verdict::Block, "cat").await.unwrap();
        assert!(is_held(&world, &session).await);
    }

    async fn a_name_is_held_whatever_its_spelling_and_rests_sealed(store) {
        let world = screening(store).await;
        let session = world.create().await;
        let list = world.app.config().sanctions.clone().unwrap();
        let screen = async |name: &str| {
            let (tenant, id) = (world.tenant(), session.clone());
            let subject = Subject::name(name);
            let hits = list.current().list.find(&subject);
            let screened = world.app.write(move |tx, scope| {
                let session = tx.lock_session(&tenant, &id)?.unwrap();
                hold(tx, scope, &session, subject.clone(), hits.clone())
            });
            screened.await.unwrap()
        };
        assert_eq!(screen("Ada Lovelace").await, Screened::Clear);
        assert_eq!(screen("Zebulon Quandary").await, Screened::Held);
        assert_eq!(screen("QUANDARY, Zebulon").await, Screened::Held);
        let id = waiting(&world).await;
        let show = ScreeningCommand::Show { whose: whose(), id: id.clone() };
        let shown: ShownScreening = ask(&world, show).await.unwrap();
        assert_eq!(shown.text, "Zebulon Quandary");
        for actor in ["ada", "bob"] {
            decide(&world, &id, Verdict::Release, actor).await.unwrap();
        }
        assert_eq!(screen("quandary zebulon").await, Screened::Clear);

        let tenant = world.tenant();
        let rows = world.app.store().read(move |tx| tx.list_screenings(&tenant, "released", 9));
        let rows: Result<_, StoreError> = rows.await;
        let sealed = rows.unwrap().remove(0).finding_sealed;
        assert!(!String::from_utf8_lossy(&sealed).to_lowercase().contains("quandary"));
    }

    async fn an_operator_asks_the_list_and_the_metrics_tell_its_age(store) {
        let world = screening(store).await;
        let check = |subject| ScreeningCommand::Check { subject };
        let answer: CheckAnswer = ask(&world, check(Subject::address(LISTED))).await.unwrap();
        assert_eq!((answer.list.entries, answer.hits.len()), (3, 1));
        let answer: CheckAnswer = ask(&world, check(Subject::name("Ada"))).await.unwrap();
        assert!(answer.hits.is_empty());
        let refused = ask::<CheckAnswer>(&world, check(Subject::name(" "))).await.unwrap_err();
        assert_eq!(refused.code, "text_invalid");
        assert_eq!(listed(&world, Status::Waiting).await, [], "asking writes nothing down");

        let session = at_the_wallet(&world).await;
        assert!(is_held(&world, &session).await);
        let shown = render(&world.app).await.unwrap();
        assert!(shown.contains("gate_sanctions_list_entries 3"), "{shown}");
        assert!(shown.contains("gate_sanctions_list_age_seconds "), "{shown}");
        assert!(shown.contains("gate_screenings_waiting 1"), "{shown}");
    }

    async fn without_a_list_nothing_is_screened_and_that_is_said(store) {
        let world = World::over(store).await;
        let session = at_the_wallet(&world).await;
        assert!(!is_held(&world, &session).await);
        let check = ScreeningCommand::Check { subject: Subject::address(LISTED) };
        let refused = ask::<CheckAnswer>(&world, check).await.unwrap_err();
        assert_eq!(refused.code, "no_sanctions_list");
        let shown = render(&world.app).await.unwrap();
        assert!(shown.contains("gate_sanctions_list_entries 0"), "{shown}");
        assert!(!shown.contains("gate_sanctions_list_age_seconds"), "{shown}");
    }

    async fn a_decision_needs_a_reason_and_something_that_is_held(store) {
        let world = screening(store).await;
        let decide_as = async |id: &str, reason: &str| {
            let command = ScreeningCommand::Decide {
                whose: whose(),
                id: id.into(),
                verdict: Verdict::Block,
                reason: reason.into(),
                actor: "ada".into(),
            };
            ask::<ShownScreening>(&world, command).await.unwrap_err().code
        };
        assert_eq!(decide_as("scr_test_01hf7yat00fentqaxbnentqaxb", " ").await, "reason_needed");
        for id in ["scr_test_01hf7yat00fentqaxbnentqaxb", "tx_1"] {
            assert_eq!(decide_as(id, "because").await, "not_found");
        }
    }
}
