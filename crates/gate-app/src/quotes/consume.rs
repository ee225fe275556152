//! Redeem a signed quote: by a rail payment, or by a payment on the hosted page of a session that
//! was made for it. Whoever is first has it.

use gate_domain::event::EventType;
use gate_domain::ids::{EventId, QuoteId, SessionId, Tenant, TransactionId};
use gate_domain::quote::Quote;
use gate_domain::session::Session;
use gate_domain::signed_quote::{SignedQuote, Status};
use gate_domain::time::Millis;
use gate_store::{Locked, NewEvent, StoreError, Tx};
use gate_wire::instant::to_rfc3339;
use gate_wire::quote::SignedQuoteBody;
use serde_json::json;

use crate::advance::announce;
use crate::app::Scope;
use crate::vault::Vault;

/// The signature of a quote: over every field that decides who pays and gets what, until when.
/// The text is JSON without spaces, its names sorted.
pub(super) fn signature_of(vault: &Vault, tenant: &Tenant, quote: &Quote) -> String {
    let fees = quote.fees.iter().map(|fee| {
        json!({ "kind": fee.kind, "amount": fee.amount.to_decimal(),
            "currency": fee.amount.asset.code })
    });
    let fields = json!({
        "version": 1,
        "id": quote.id,
        "partner_id": tenant.partner,
        "mode": tenant.mode,
        "side": quote.side,
        "payment_method": quote.payment_method,
        "currency": quote.fiat.asset.code,
        "fiat_amount": quote.fiat.to_decimal(),
        "asset": quote.crypto.asset.code,
        "network": quote.crypto.asset.network,
        "crypto_amount": quote.crypto.to_decimal(),
        "exchange_rate": quote.rate.to_decimal(),
        "fees": fees.collect::<Vec<_>>(),
        "source": { "name": quote.source, "at": to_rfc3339(quote.priced_at()) },
        "on_lapse": quote.on_lapse.words(),
        "created_at": to_rfc3339(quote.created_at),
        "expires_at": to_rfc3339(quote.expires_at),
    });
    vault.sign_quote(&fields.to_string())
}

/// Whether a stored quote is still what was signed.
pub fn signature_holds(vault: &Vault, signed: &SignedQuote) -> bool {
    signature_of(vault, &signed.tenant, &signed.quote) == signed.signature
}

/// Lock a signed quote to redeem it. A stored one that is not what was signed is corrupt: nobody is
/// paid by it.
pub(crate) fn lock_quote_to_redeem(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    id: &QuoteId,
) -> Result<Option<Locked<SignedQuote>>, StoreError> {
    let signed = tx.lock_signed_quote(tenant, id)?;
    match &signed {
        Some(signed) if !signature_holds(scope.vault, signed) => Err(StoreError::Corrupt {
            table: "quotes",
            id: id.to_string(),
            why: "it is not what was signed".into(),
        }),
        _ => Ok(signed),
    }
}

/// Announce that a quote was redeemed.
pub(crate) fn announce_consumed(
    tx: &mut Tx,
    scope: &Scope<'_>,
    signed: &SignedQuote,
    session: &SessionId,
) -> Result<(), StoreError> {
    let event = NewEvent {
        id: EventId::new(signed.tenant.mode, scope.seed()),
        tenant: signed.tenant.clone(),
        event_type: EventType::QuoteConsumed,
        session_id: Some(session.clone()),
        subject: None,
        created_at: scope.now,
    };
    announce(tx, scope, &event, &SignedQuoteBody::new(signed, scope.now))?;
    Ok(())
}

/// The signed quote that a session was made for, while nobody has redeemed it or let it lapse. Later the
/// page offers the market's price.
pub(crate) fn page_quote(
    tx: &mut Tx,
    session: &Session,
    now: Millis,
) -> Result<Option<Quote>, StoreError> {
    let Some(id) = &session.terms.quote_id else { return Ok(None) };
    let signed = tx.find_signed_quote(&session.tenant, id)?;
    let active = signed.filter(|signed| signed.status(now) == Status::Active);
    Ok(active.map(|signed| signed.quote))
}

/// Redeem the signed quote that a payment on the hosted page was agreed at; none when somebody was
/// quicker, or it lapsed.
pub(crate) fn redeem_on_page(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: &Session,
    quote: &QuoteId,
    transaction: &TransactionId,
) -> Result<Option<SignedQuote>, StoreError> {
    let Some(signed) = lock_quote_to_redeem(tx, scope, &session.tenant, quote)? else {
        return Ok(None);
    };
    if signed.status(scope.now) != Status::Active {
        return Ok(None);
    }
    tx.consume_quote(signed, &session.id, transaction, scope.now).map(Some)
}
