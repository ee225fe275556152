-- Signed quotes, rail payments, and lists of transactions. Three tables are made anew, because
-- neither engine loosens a column in the same words as the other.

-- A quote was made for a session, or is signed and waits to be redeemed.
create table quotes_anew (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    id text not null,
    -- None while a signed quote has not been redeemed.
    session_id text,
    body text not null,
    -- None for a quote that was made for a session: it is no answer to anybody outside.
    signature text,
    -- When it lapses. What was agreed is in the body; a test helper may bring this closer.
    expires_at bigint not null,
    consumed_at bigint,
    consumed_by text,
    created_at bigint not null,
    primary key (partner_id, mode, id),
    check ((consumed_at is null) = (consumed_by is null))
);
insert into quotes_anew (partner_id, mode, id, session_id, body, expires_at, created_at)
    select partner_id, mode, id, session_id, body, created_at + 120000, created_at from quotes;
drop table quotes;
alter table quotes_anew rename to quotes;

-- A transaction takes in what the user gives by a card or by a rail payment.
create table transactions_anew (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    id text not null,
    session_id text not null,
    quote_id text not null,
    -- None for a sale: its money goes to the verified user's account.
    address text,
    card text,
    rail_payment_id text,
    status text not null check (status in ('awaiting_payment', 'payment_received', 'settling',
        'completed', 'failed', 'refund_pending', 'refunded', 'review')),
    state text not null,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (partner_id, mode, id),
    check ((card is null) <> (rail_payment_id is null))
);
insert into transactions_anew (partner_id, mode, id, session_id, quote_id, address, card, status,
        state, created_at, updated_at)
    select partner_id, mode, id, session_id, quote_id, address, card, status, state, created_at,
        updated_at from transactions;
drop table transactions;
alter table transactions_anew rename to transactions;
create index transactions_by_status on transactions (partner_id, mode, status, id);
create index transactions_by_session on transactions (partner_id, mode, session_id, id);

-- A sale has words of its own for the same three facts.
create table postings_anew (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    id text not null,
    transaction_id text not null,
    booking text not null check (booking in
        ('payment_captured', 'tokens_delivered', 'payment_refunded',
        'tokens_received', 'money_paid_out', 'tokens_returned')),
    created_at bigint not null,
    primary key (partner_id, mode, id)
);
insert into postings_anew (partner_id, mode, id, transaction_id, booking, created_at)
    select partner_id, mode, id, transaction_id, booking, created_at from postings;
drop table postings;
alter table postings_anew rename to postings;
-- A fact about a transaction is booked once, whatever the code above believes.
create unique index postings_once on postings (partner_id, mode, transaction_id, booking);

-- What a partner started over the API. Every economic fact is in its quote.
create table rail_payments (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    id text not null,
    session_id text not null,
    transaction_id text not null,
    quote_id text not null,
    status text not null check (status in ('processing', 'settled', 'failed', 'cancelled')),
    state text not null,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (partner_id, mode, id)
);
-- A quote is redeemed once, whatever the code above believes.
create unique index rail_payments_once on rail_payments (partner_id, mode, quote_id);
