//! How pages look.

use gate_domain::branding::{BrandName, Branding, BrandingChange, Colour};
use gate_domain::change::Change;
use gate_domain::ids::Tenant;
use gate_store::{Store, StoreError, Tx, both_engines};

use crate::{NOW, partner, strangers};

async fn change(store: &Store, tenant: &Tenant, change: BrandingChange) -> Branding {
    let tenant = tenant.clone();
    let save = move |tx: &mut Tx| {
        tx.change_branding(&tenant, NOW, |branding| branding.changed(change.clone()))
    };
    store.write(save).await.unwrap()
}

async fn find(store: &Store, tenant: &Tenant) -> Branding {
    let tenant = tenant.clone();
    store.read(move |tx| tx.find_branding(&tenant)).await.unwrap()
}

both_engines! {
    async fn a_look_is_merged_and_comes_back_to_its_owner_alone(store) {
        let tenant = partner(store).await;
        assert_eq!(find(store, &tenant).await, Branding::default());
        let full = BrandingChange {
            brand_name: Change::Set(BrandName::parse("Grüße, 猫").unwrap()),
            logo_url: Change::Set("https://shop.example/logo.svg".into()),
            primary_color: Change::Set(Colour::parse("#112233").unwrap()),
            secondary_color: Change::Set(Colour::parse("#445566").unwrap()),
            accent_color: Change::Set(Colour::parse("#778899").unwrap()),
        };
        let saved = change(store, &tenant, full).await;
        assert_eq!(find(store, &tenant).await, saved);
        let less = BrandingChange { logo_url: Change::Clear, ..BrandingChange::default() };
        let expected = Branding { logo_url: None, ..saved };
        assert_eq!(change(store, &tenant, less).await, expected);
        assert_eq!(find(store, &tenant).await, expected);
        for stranger in strangers(store, &tenant).await {
            assert_eq!(find(store, &stranger).await, Branding::default());
        }
    }

    async fn two_changes_at_once_are_both_kept(store) {
        let tenant = partner(store).await;
        let names = ["#000001", "#000002", "#000003"].map(|text| Colour::parse(text).unwrap());
        let set = |colour: &Colour| Change::Set(colour.clone());
        let changes = [
            BrandingChange { primary_color: set(&names[0]), ..BrandingChange::default() },
            BrandingChange { secondary_color: set(&names[1]), ..BrandingChange::default() },
            BrandingChange { accent_color: set(&names[2]), ..BrandingChange::default() },
        ];
        let [one, two, three] = changes.map(|c| change(store, &tenant, c));
        tokio::join!(one, two, three);
        let [primary, secondary, accent] = names.map(Some);
        let Branding { primary_color, secondary_color, accent_color, .. } =
            find(store, &tenant).await;
        assert_eq!([primary_color, secondary_color, accent_color], [primary, secondary, accent]);
    }

    async fn a_stored_look_that_is_no_longer_right_is_corrupt(store) {
        const BREAK: gate_store::Sql =
            gate_store::sql("update brandings set accent_color = 'red' where partner_id = $1");
        let tenant = partner(store).await;
        change(store, &tenant, BrandingChange::default()).await;
        let owner = tenant.partner.clone();
        store.write(move |tx| tx.execute(BREAK, &[&owner.as_str()])).await.unwrap();
        let found = store.read(move |tx| tx.find_branding(&tenant)).await.unwrap_err();
        assert!(matches!(found, StoreError::Corrupt { table: "brandings", .. }), "{found}");
    }
}
