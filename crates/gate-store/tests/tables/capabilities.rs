//! Capabilities: what operators decide is read back as a whole, and each decision leaves a row.

use gate_domain::catalogue::{Entitlement, Kind, PartnerTerms, Subject, Switch};
use gate_domain::ids::{Mode, PartnerId};
use gate_store::{CapabilityAct, CapabilityChange, Store, both_engines};

use crate::{NOW, partner, strangers};

fn change(act: CapabilityAct, subject: &str) -> CapabilityChange {
    CapabilityChange {
        partner: None,
        mode: None,
        act,
        subject: subject.into(),
        reason: "maintenance".into(),
        actor: "jo".into(),
        at: NOW,
    }
}

fn switch(partner: Option<&PartnerId>, mode: Option<Mode>, reason: &str) -> Switch {
    Switch {
        subject: Subject::new(Kind::Currency, "EUR"),
        partner: partner.cloned(),
        mode,
        reason: reason.into(),
        actor: "jo".into(),
        since: NOW,
    }
}

async fn save(store: &Store, switch: &Switch) {
    let switch = switch.clone();
    store.write(move |tx| tx.save_switch(&switch)).await.unwrap();
}

both_engines! {
    async fn a_switch_per_partner_and_mode(store) {
        let ours = partner(store).await.partner;
        let everybody = switch(None, None, "the bank is closed");
        let one_mode = switch(None, Some(Mode::Live), "not yet");
        let one_partner = switch(Some(&ours), Some(Mode::Test), "asked for it");
        for switch in [&everybody, &one_mode, &one_partner] {
            save(store, switch).await;
        }
        let again = switch(None, None, "the bank is still closed");
        save(store, &again).await;
        let rules = store.read(gate_store::Tx::read_rules).await.unwrap();
        assert_eq!(rules.switches, [again, one_mode.clone(), one_partner.clone()]);

        let subject = everybody.subject.clone();
        let partner = ours.clone();
        let deleted = store.write(move |tx| {
            Ok::<_, gate_store::StoreError>([
                tx.delete_switch(&subject, None, None)?,
                tx.delete_switch(&subject, None, None)?,
                tx.delete_switch(&subject, Some(&partner), None)?,
                tx.delete_switch(&subject, Some(&partner), Some(Mode::Test))?,
            ])
        });
        assert_eq!(deleted.await.unwrap(), [true, false, false, true]);
        let left = store.read(gate_store::Tx::list_switches).await.unwrap();
        assert_eq!(left, [one_mode]);
    }

    async fn terms_are_one_partners_in_one_mode(store) {
        let tenant = partner(store).await;
        let mut terms = PartnerTerms::default();
        terms.entitlements.insert(Entitlement::Rails);
        terms.only.insert(Kind::Currency, ["EUR".to_owned()].into_iter().collect());
        terms.maximum_units.insert("EUR".into(), 500_00);
        for held in [PartnerTerms::default(), terms.clone()] {
            let whose = tenant.clone();
            let save = move |tx: &mut gate_store::Tx| {
                tx.save_partner_terms(&whose, &held, "jo", NOW)
            };
            store.write(save).await.unwrap();
        }
        let whose = tenant.clone();
        let found = store.read(move |tx| tx.find_partner_terms(&whose)).await.unwrap();
        assert_eq!(found, Some(terms.clone()));
        for stranger in strangers(store, &tenant).await {
            let found = store.read(move |tx| tx.find_partner_terms(&stranger)).await.unwrap();
            assert_eq!(found, None);
        }
        let rules = store.read(gate_store::Tx::read_rules).await.unwrap();
        assert_eq!(rules.partners, [(tenant, terms)].into_iter().collect());
    }

    async fn each_change_takes_the_next_revision(store) {
        assert_eq!(store.read(gate_store::Tx::read_capability_revision).await.unwrap(), 0);
        let acts = [CapabilityAct::SwitchedOff, CapabilityAct::SwitchedOn, CapabilityAct::TermsSet];
        for act in acts {
            let change = change(act, act.as_str());
            store.write(move |tx| tx.note_capability_change(&change)).await.unwrap();
        }
        assert_eq!(store.read(gate_store::Tx::read_capability_revision).await.unwrap(), 3);
        assert_eq!(store.read(gate_store::Tx::read_rules).await.unwrap().revision, 3);
        let all = store.read(|tx| tx.list_capability_changes(None, 10)).await.unwrap();
        let newest_first: Vec<_> = all.iter().map(|(revision, change)| (*revision, change.act)).collect();
        assert_eq!(newest_first, [(3, acts[2]), (2, acts[1]), (1, acts[0])]);
        assert_eq!(all[2].1, change(CapabilityAct::SwitchedOff, "switched_off"));
        let earlier = store.read(|tx| tx.list_capability_changes(Some(3), 1)).await.unwrap();
        assert_eq!(earlier.len(), 1);
        assert_eq!(earlier[0].0, 2);
    }

    async fn a_change_that_is_rolled_back_takes_no_revision(store) {
        let failed = store.write(|tx| {
            tx.note_capability_change(&change(CapabilityAct::SwitchedOff, "currency:EUR"))?;
            Err::<(), _>(gate_store::StoreError::Misuse("changed my mind".into()))
        });
        assert!(failed.await.is_err());
        assert_eq!(store.read(gate_store::Tx::read_capability_revision).await.unwrap(), 0);
        assert_eq!(store.read(|tx| tx.list_capability_changes(None, 10)).await.unwrap(), []);
    }
}
