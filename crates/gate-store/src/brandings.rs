//! How a partner's pages look: one row per partner and mode, or none.

use gate_domain::branding::{BrandName, Branding, Colour};
use gate_domain::ids::Tenant;
use gate_domain::time::Millis;

use crate::read::Reader;
use crate::{Row, Sql, StoreError, Tx, sql};

const FIND: Sql = sql("select partner_id, mode, brand_name, logo_url, primary_color,
        secondary_color, accent_color
    from brandings where partner_id = $1 and mode = $2");
const LOCK: Sql = FIND.for_update();
const INSERT: Sql = sql("insert into brandings (partner_id, mode, updated_at) values ($1, $2, $3)
    on conflict do nothing");
const SAVE: Sql = sql("update brandings set brand_name = $3, logo_url = $4, primary_color = $5,
        secondary_color = $6, accent_color = $7, updated_at = $8
    where partner_id = $1 and mode = $2");

pub(crate) const STATEMENTS: &[Sql] = &[FIND, LOCK, INSERT, SAVE];

impl Tx {
    /// A partner's look; all empty when it never chose one.
    pub fn find_branding(&mut self, tenant: &Tenant) -> Result<Branding, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        Ok(self.query_opt(FIND, &[&partner, &mode], read)?.unwrap_or_default())
    }

    /// Change a partner's look; whoever changes it at the same time waits, so that both changes
    /// are merged.
    pub fn change_branding(
        &mut self,
        tenant: &Tenant,
        now: Millis,
        change: impl FnOnce(Branding) -> Branding,
    ) -> Result<Branding, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.write(INSERT, &[&partner, &mode, &now.0])?;
        let next = change(self.query_one(LOCK, &[&partner, &mode], read)?);
        let colour = |colour: &Option<Colour>| colour.as_ref().map(|c| c.as_str().to_owned());
        self.write(
            SAVE,
            &[
                &partner,
                &mode,
                &next.brand_name.as_ref().map(|name| name.as_str().to_owned()),
                &next.logo_url,
                &colour(&next.primary_color),
                &colour(&next.secondary_color),
                &colour(&next.accent_color),
                &now.0,
            ],
        )?;
        Ok(next)
    }
}

fn read(row: &Row<'_>) -> Result<Branding, StoreError> {
    let reader = Reader::new(row, "brandings", 0);
    let colour = |column| match row.get::<Option<String>>(column)? {
        None => Ok(None),
        Some(_) => reader.word(column, Colour::parse).map(Some),
    };
    let brand_name = match row.get::<Option<String>>(2)? {
        None => None,
        Some(_) => Some(reader.word(2, |text| BrandName::parse(text).ok())?),
    };
    Ok(Branding {
        brand_name,
        logo_url: row.get(3)?,
        primary_color: colour(4)?,
        secondary_color: colour(5)?,
        accent_color: colour(6)?,
    })
}
