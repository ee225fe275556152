//! What is on offer changes while people are buying.

use std::sync::Arc;

use gate_app::App;
use gate_app::admin;
use gate_app::admin::Whose;
use gate_app::admin::capabilities::{Command, Whom};
use gate_app::capabilities::{CapabilityError, Scoped, change_terms, switch_on, world_wide};
use gate_app::choose::{Wanted, accept_quote, give_address, give_up, request_quote, step_back};
use gate_app::journey::{JourneyError, find_journey};
use gate_app::pay::pay;
use gate_app::test_helpers::{Force, force};
use gate_app::testing::{ADDRESS, World, card, partner, tenant_of, typed};
use gate_domain::catalogue::{Catalogue, Entitlement, Kind, Method, RefusalCode, Subject};
use gate_domain::ids::{Mode, QuoteId, SessionId};
use gate_domain::session::{BackTo, Flow};
use gate_store::both_engines;
use gate_wire::journey::{Journey, JourneyStep};
use gate_wire::words::Notice;
use serde_json::{Value, json};

const CLOSED: &str = "Our partner is working on its systems.";

fn kind(journey: &Journey) -> String {
    let step = serde_json::to_value(&journey.step).unwrap();
    let code = step["reason"]["code"].as_str().map(|code| format!(" {code}"));
    format!("{}{}", step["kind"].as_str().unwrap(), code.unwrap_or_default())
}

async fn shown(world: &World, session: &SessionId) -> String {
    kind(&find_journey(&world.app, &world.tenant(), session).await.unwrap())
}

async fn command(world: &World, command: Command) -> Result<Value, String> {
    let answer = admin::run(&world.app, admin::Command::Capabilities(command)).await;
    answer.map_err(|error| format!("{}: {}", error.code, error.message))
}

fn whose(world: &World) -> Whose {
    Whose { partner: Some(world.partner.partner_id.to_string()), mode: Mode::Test }
}

/// Everything that ships, where every way of being paid out is for rails alone.
fn for_rails_alone() -> Arc<Catalogue> {
    let world = world_wide();
    let methods = world.methods().iter().cloned();
    let methods = methods.map(|method| Method { account: None, ..method }).collect();
    let (flows, countries) = (world.flows().to_vec(), world.countries().to_vec());
    let (currencies, networks) = (world.currencies().to_vec(), world.networks().to_vec());
    let assets = world.assets().to_vec();
    let rails = Catalogue::new(flows, countries, currencies, networks, assets, methods);
    let (fees, identity) = (world.fees().to_vec(), world.identity().clone());
    Arc::new(rails.with_fees(fees).with_identity(identity))
}

both_engines! {
    async fn a_way_that_closes_shows_why_at_every_step_and_comes_back(store) {
        let world = World::over(store).await;
        let (app, tenant) = (&world.app, world.tenant());
        // One session at each step before the payment.
        let at_price = world.create().await;
        let quoted = world.quote(&at_price).await;
        let at_wallet = world.create().await;
        let accepted = world.quote(&at_wallet).await;
        accept_quote(app, &tenant, &at_wallet, accepted).await.unwrap();
        let at_payment = world.create().await;
        let agreed = world.choose(&at_payment, ADDRESS).await;
        let before = [(&at_price, "amount"), (&at_wallet, "wallet"), (&at_payment, "payment")];
        for (session, step) in before {
            assert_eq!(shown(&world, session).await, step);
        }

        for (subject, code) in [
            ("flow:on_ramp", "flow_not_available"),
            ("currency:EUR", "currency_not_supported"),
            ("payment_method:card", "method_not_available"),
        ] {
            world.switch_off(subject, CLOSED).await;
            let closed = format!("unavailable {code}");
            for (session, _) in before {
                assert_eq!(shown(&world, session).await, closed, "{subject}");
            }
            // Nothing can be forced, and nothing is lost by trying.
            let usdc = ("USDC".to_owned(), "base".to_owned());
            let tried = request_quote(app, &tenant, &at_price, Wanted::of(&usdc.0, &usdc.1)).await;
            assert_eq!(kind(&tried.unwrap()), closed);
            let tried = accept_quote(app, &tenant, &at_price, quoted.clone()).await;
            assert_eq!(kind(&tried.unwrap()), closed);
            let address = typed(ADDRESS);
            let tried = give_address(app, &tenant, &at_wallet, address).await;
            assert_eq!(kind(&tried.unwrap()), closed);
            let tried = pay(app, &tenant, &at_payment, agreed.clone(), card("succeeds")).await;
            assert_eq!(kind(&tried.unwrap()), closed);
            world.pass_seconds(2).await;
            assert!(world.session(&at_payment).await.transaction.is_none(), "nothing was charged");

            world.switch_on(subject).await;
            for (session, step) in before {
                assert_eq!(shown(&world, session).await, step, "{subject}");
            }
        }
        pay(app, &tenant, &at_payment, agreed, card("succeeds")).await.unwrap();
        world.pass_seconds(5).await;
        assert_eq!(shown(&world, &at_payment).await, "done");
        world.sound().await;
    }

    async fn the_reason_is_told_in_words_for_the_user(store) {
        let world = World::over(store).await;
        let session = world.create().await;
        world.switch_off("currency:EUR", "Our bank is closed until Monday").await;
        let journey = find_journey(&world.app, &world.tenant(), &session).await.unwrap();
        let JourneyStep::Unavailable { reason } = journey.step else { panic!("{journey:?}") };
        assert_eq!(reason.message, "Euro is not available now. Our bank is closed until Monday.");
        assert!(reason.retryable);
        let next = reason.next_step.unwrap();
        assert_eq!(next, "This page goes on by itself once it is back. You can also go back to the shop.");
        // Giving up is always possible.
        give_up(&world.app, &world.tenant(), &session).await.unwrap();
        assert_eq!(shown(&world, &session).await, "ended");
    }

    async fn a_token_that_goes_away_leaves_the_others(store) {
        let world = World::over(store).await;
        let (app, tenant) = (&world.app, world.tenant());
        let session = world.create().await;
        let agreed = world.choose(&session, ADDRESS).await;
        world.switch_off("network:base", CLOSED).await;
        let journey = find_journey(app, &tenant, &session).await.unwrap();
        let JourneyStep::Amount { options, selected, quote, notice, .. } = &journey.step else {
            panic!("{journey:?}")
        };
        assert_eq!(*notice, Some(Notice::AssetNotAvailable));
        assert_eq!(*quote, None);
        assert_eq!((selected.target_token.as_str(), selected.target_network.as_str()), ("USDC", "ethereum"));
        assert!(options.iter().all(|option| option.target_network != "base"));
        // The old price cannot be paid, and the closed token not be chosen again.
        let tried = pay(app, &tenant, &session, agreed, card("succeeds")).await.unwrap();
        assert_eq!(kind(&tried), "amount");
        assert!(world.session(&session).await.transaction.is_none());
        let base = request_quote(app, &tenant, &session, Wanted::of("USDC", "base")).await;
        assert!(matches!(base, Err(JourneyError::AssetNotAvailable)), "{base:?}");
        // Another one can, with a new price.
        let other = request_quote(app, &tenant, &session, Wanted::of("USDC", "ethereum")).await;
        let JourneyStep::Amount { quote: Some(quote), notice: None, .. } = other.unwrap().step else {
            panic!("a price")
        };
        let quote = QuoteId::parse(&quote.id).unwrap();
        let journey = accept_quote(app, &tenant, &session, quote.clone()).await.unwrap();
        assert_eq!(kind(&journey), "payment", "the wallet is still known");
        pay(app, &tenant, &session, quote, card("succeeds")).await.unwrap();
        world.pass_seconds(5).await;
        assert_eq!(shown(&world, &session).await, "done");
        world.sound().await;
    }

    async fn a_pinned_token_that_goes_away_leaves_nothing(store) {
        let world = World::over(store).await;
        let pinned = world.create_with(|terms| {
            terms.target_token = Some("USDT".into());
            terms.target_network = Some("polygon".into());
        });
        let session = pinned.await;
        assert_eq!(shown(&world, &session).await, "amount");
        world.switch_off("asset:USDT", CLOSED).await;
        assert_eq!(shown(&world, &session).await, "unavailable asset_not_available");
        world.switch_on("asset:USDT").await;
        world.switch_off("network:polygon", CLOSED).await;
        assert_eq!(shown(&world, &session).await, "unavailable network_not_available");
        world.switch_on("network:polygon").await;
        assert_eq!(shown(&world, &session).await, "amount");
    }

    async fn money_in_flight_is_not_touched(store) {
        let world = World::over(store).await;
        let paying = world.paying("slow").await;
        let challenged = world.paying("challenge").await;
        world.pass_seconds(1).await;
        assert_eq!(shown(&world, &challenged).await, "challenge");
        for subject in ["flow:on_ramp", "currency:EUR", "asset:USDC", "payment_method:card"] {
            world.switch_off(subject, CLOSED).await;
        }
        assert_eq!(shown(&world, &paying).await, "processing");
        assert_eq!(shown(&world, &challenged).await, "challenge", "the bank has its word already");
        world.pass_seconds(10).await;
        assert_eq!(shown(&world, &paying).await, "done");
        world.sound().await;
    }

    async fn after_a_failure_there_may_be_nothing_to_try_again_with(store) {
        let world = World::over(store).await;
        let session = world.paying("declined").await;
        world.pass_seconds(2).await;
        let can_retry = |journey: Journey| match journey.step {
            JourneyStep::Failed { can_retry, .. } => can_retry,
            step => panic!("{step:?}"),
        };
        let tenant = world.tenant();
        let find = || find_journey(&world.app, &tenant, &session);
        assert!(can_retry(find().await.unwrap()));
        world.switch_off("payment_method:card", CLOSED).await;
        assert!(!can_retry(find().await.unwrap()));
        world.switch_on("payment_method:card").await;
        assert!(can_retry(find().await.unwrap()));
    }

    async fn limits_may_move_while_somebody_is_on_their_way(store) {
        let world = World::over(store).await;
        let session = world.create().await;
        let lower = |maximum: Option<&str>| Command::Limit {
            whose: whose(&world),
            currency: "eur".into(),
            maximum: maximum.map(str::to_owned),
            actor: "jo".into(),
        };
        command(&world, lower(Some("99.99"))).await.unwrap();
        let journey = find_journey(&world.app, &world.tenant(), &session).await.unwrap();
        let JourneyStep::Unavailable { reason } = journey.step else { panic!("{journey:?}") };
        assert_eq!(reason.code, "amount_out_of_range");
        assert_eq!(reason.maximum.as_deref(), Some("99.99 EUR"));
        assert_eq!(reason.message, "A purchase can be from 10.00 EUR to 99.99 EUR at the moment.");
        command(&world, lower(None)).await.unwrap();
        assert_eq!(shown(&world, &session).await, "amount");
    }

    async fn a_flow_without_a_page_says_so(store) {
        let world = World::with_catalogue(store, for_rails_alone()).await;
        let dollars = world.app.catalogue().currency("USD").unwrap().asset();
        let session = world
            .create_with(|terms| {
                terms.flow = Some(Flow::OffRamp);
                terms.amount.asset = dollars;
            })
            .await;
        assert_eq!(shown(&world, &session).await, "unavailable flow_not_available_here");
        let back = step_back(&world.app, &world.tenant(), &session, BackTo::Amount).await;
        assert_eq!(kind(&back.unwrap()), "unavailable flow_not_available_here");
        let forced = force(&world.app, &world.tenant(), &session, Force::Complete).await;
        let Err(JourneyError::Unavailable(refusal)) = forced else { panic!("{forced:?}") };
        assert_eq!(refusal.code, RefusalCode::FlowNotAvailableHere);
    }

    async fn one_partners_terms_are_no_one_elses(store) {
        let world = World::over(store).await;
        let other = partner("Other Shop", Mode::Test, 0);
        world.provision(&other).await;
        world.entitle(&[Entitlement::Rails]).await;
        let (ours, theirs) = (world.app.offer(&world.tenant()), world.app.offer(&tenant_of(&other)));
        assert!(ours.entitled(Entitlement::Rails).is_ok());
        assert!(theirs.entitled(Entitlement::Rails).is_err());
        let restricted = Command::Restrict {
            whose: whose(&world),
            kind: Kind::Currency,
            only: Some(vec!["usd".into()]),
            actor: "jo".into(),
        };
        command(&world, restricted).await.unwrap();
        let codes = |tenant: &gate_domain::ids::Tenant| {
            let offer = world.app.offer(tenant);
            offer.currencies().map(|currency| currency.code.clone()).collect::<Vec<_>>()
        };
        assert_eq!(codes(&world.tenant()), ["USD"]);
        assert!(codes(&tenant_of(&other)).len() > 20);
    }

    async fn another_process_sees_it_with_its_next_look(store) {
        let world = World::over(store).await;
        let elsewhere = App::new(
            world.store().clone(),
            world.clock.clone(),
            gate_app::Vault::new(&[7; 32]),
            gate_rails::Rails::simulated(),
            gate_app::AppConfig::sandbox("https://pay.gate.example"),
        );
        world.switch_off("currency:EUR", CLOSED).await;
        assert!(elsewhere.offer(&world.tenant()).currency("EUR").is_ok(), "it has not looked yet");
        elsewhere.refresh_capabilities().await.unwrap();
        assert!(elsewhere.offer(&world.tenant()).currency("EUR").is_err());
        world.switch_on("currency:EUR").await;
        elsewhere.refresh_capabilities().await.unwrap();
        assert!(elsewhere.offer(&world.tenant()).currency("EUR").is_ok());
    }

    async fn operators_are_told_what_would_be_right(store) {
        let world = World::over(store).await;
        let everybody = Whom::default;
        let off = |subject: &str, reason: &str, whom: Whom| Command::Off {
            subject: subject.into(),
            whom,
            reason: reason.into(),
            actor: "jo".into(),
        };
        let somebody = |partner: &str| Whom { partner: Some(partner.into()), mode: None };
        let mut told = String::new();
        for command_line in [
            off("colour:red", CLOSED, everybody()),
            off("network:fantom", CLOSED, everybody()),
            off("currency:EUR", " ", everybody()),
            off("currency:EUR", &"x".repeat(201), everybody()),
            off("currency:EUR", CLOSED, somebody("ptr_1")),
            Command::On {
                subject: "currency:EUR".into(),
                whom: everybody(),
                reason: String::new(),
                actor: "jo".into(),
            },
            Command::Limit {
                whose: whose(&world),
                currency: "EUR".into(),
                maximum: Some("1.001".into()),
                actor: "jo".into(),
            },
            Command::Limit {
                whose: whose(&world),
                currency: "EUR".into(),
                maximum: Some("0.00".into()),
                actor: "jo".into(),
            },
            Command::Limit {
                whose: whose(&world),
                currency: "EUR".into(),
                maximum: Some("5.00".into()),
                actor: "jo".into(),
            },
            Command::Restrict {
                whose: whose(&world),
                kind: Kind::Network,
                only: Some(vec!["base".into(), "fantom".into()]),
                actor: "jo".into(),
            },
        ] {
            told += &command(&world, command_line).await.unwrap_err();
            told += "\n";
        }
        insta::allow_duplicates! {
            insta::assert_snapshot!(told, @r#"
            subject_invalid: "colour:red" names nothing. Write kind:id, such as currency:EUR; kinds are country, currency, asset, network, payment_method, payout_method, flow.
            subject_unknown: There is no network "fantom". There is: arbitrum, base, bitcoin, ethereum, polygon, solana, stellar, tron, xrpl.
            text_invalid: The reason must have 1 to 200 characters.
            text_invalid: The reason must have 1 to 200 characters.
            partner_not_found: There is no partner "ptr_1". `gate partner list` shows their ids.
            not_switched_off: currency:EUR is not switched off for exactly these partners and modes.
            maximum_invalid: The maximum must have at most 2 decimals.
            maximum_invalid: The maximum for EUR must be more than 0.
            maximum_invalid: The maximum 5.00 EUR is less than the smallest amount that is taken, 10.00 EUR. Give at least that, or switch currency:EUR off.
            subject_unknown: There is no network "fantom". There is: arbitrum, base, bitcoin, ethereum, polygon, solana, stellar, tron, xrpl.
            "#);
        }
        // Nothing of it left a trace.
        let log = command(&world, Command::Log { limit: 10 }).await.unwrap();
        assert_eq!(log, json!({ "changes": [] }));
    }

    async fn whoever_switches_something_on_hears_what_keeps_it_off(store) {
        let world = World::over(store).await;
        let off = |whom: Whom, reason: &str| Command::Off {
            subject: "currency:EUR".into(),
            whom,
            reason: reason.into(),
            actor: "jo".into(),
        };
        let in_mode = |mode| Whom { partner: None, mode: Some(mode) };
        let on = |whom| Command::On {
            subject: "currency:EUR".into(),
            whom,
            reason: String::new(),
            actor: "jo".into(),
        };
        for whom in [Whom::default(), in_mode(Mode::Test), in_mode(Mode::Live)] {
            command(&world, off(whom, CLOSED)).await.unwrap();
        }
        let still_off = async |whom| {
            let answer = command(&world, on(whom)).await.unwrap();
            let rows = answer["still_off"].as_array().unwrap().clone();
            rows.iter().map(|row| row["mode"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(still_off(in_mode(Mode::Live)).await, [Value::Null], "not what is off in test mode");
        assert_eq!(still_off(Whom::default()).await, [json!("test")]);
        assert!(still_off(in_mode(Mode::Test)).await.is_empty());
    }

    async fn every_decision_is_written_down(store) {
        let world = World::over(store).await;
        let mine = Whom { partner: Some(world.partner.partner_id.to_string()), mode: Some(Mode::Test) };
        let off = Command::Off {
            subject: "currency:eur".into(),
            whom: mine.clone(),
            reason: CLOSED.into(),
            actor: "jo".into(),
        };
        command(&world, off).await.unwrap();
        let switches = command(&world, Command::Switches {}).await.unwrap();
        assert_eq!(switches["switches"][0]["subject"], "currency:EUR");
        assert_eq!(switches["switches"][0]["reason"], CLOSED);
        assert_eq!(switches["switches"][0]["since"], "2026-11-23T12:00:00.000Z");
        let show = Command::Show { whose: whose(&world), kind: Some(Kind::Currency) };
        let answer = command(&world, show).await.unwrap();
        let rows = answer["rows"].as_array().unwrap();
        let euro = rows.iter().find(|row| row["subject"] == "currency:EUR").unwrap();
        assert_eq!(euro["on"], false);
        assert_eq!(euro["why"], format!("Euro is not available now. {CLOSED}"));
        assert!(rows.iter().filter(|row| row["on"] == true).count() > 20);
        let on = Command::On {
            subject: "currency:EUR".into(),
            whom: mine,
            reason: "It is over.".into(),
            actor: "kim".into(),
        };
        command(&world, on).await.unwrap();
        for held in [true, true, false] {
            let entitle = Command::Entitle {
                whose: whose(&world),
                entitlement: Entitlement::Rails,
                held,
                actor: "kim".into(),
            };
            command(&world, entitle).await.unwrap();
        }
        let log = command(&world, Command::Log { limit: 10 }).await.unwrap();
        let changes: Vec<_> = log["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                assert_eq!(row["partner"], world.partner.partner_id.as_str());
                assert_eq!(row["mode"], "test");
                let word = |name: &str| row[name].as_str().unwrap().to_owned();
                (row["revision"].as_i64().unwrap(), word("change"), word("actor"))
            })
            .collect();
        let entry = |revision, change: &str, actor: &str| (revision, change.to_owned(), actor.to_owned());
        assert_eq!(changes, [
            entry(4, "terms_set", "kim"),
            entry(3, "terms_set", "kim"),
            entry(2, "switched_on", "kim"),
            entry(1, "switched_off", "jo"),
        ], "what changed nothing is no change");
    }

    async fn a_decision_that_fails_half_way_changes_nothing(store) {
        let world = World::over(store).await;
        let subject = Subject::parse("currency:EUR").unwrap();
        let on = world.app.write(move |tx, scope| {
            switch_on(tx, scope, &subject, &Scoped::default(), "", "jo")
        });
        assert!(matches!(on.await, Err(CapabilityError::NotOff(_))));
        let tenant = world.tenant();
        let bad = world.app.write(move |tx, scope| {
            change_terms(tx, scope, &tenant, "jo", |terms| {
                terms.entitlements.insert(Entitlement::Swap);
                terms.maximum_units.insert("EUR".into(), 0);
            })
        });
        assert!(matches!(bad.await, Err(CapabilityError::Maximum(_))));
        assert!(world.app.offer(&world.tenant()).entitled(Entitlement::Swap).is_err());
        let revision = store.read(gate_store::Tx::read_capability_revision).await.unwrap();
        assert_eq!(revision, 0);
    }
}
