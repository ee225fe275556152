-- Sales on the hosted page: the user's tokens come in by transfers of their own making.

-- A transaction takes in what the user gives by a card, by a rail payment, or by deposits.
create table transactions_anew (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    id text not null,
    session_id text not null,
    quote_id text not null,
    -- Where the tokens of a buy go.
    address text,
    card text,
    rail_payment_id text,
    -- How tokens come in and where everything goes that leaves, as JSON.
    deposit text,
    status text not null check (status in ('awaiting_payment', 'payment_received', 'settling',
        'completed', 'failed', 'refund_pending', 'refunded', 'review')),
    state text not null,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (partner_id, mode, id),
    check ((case when card is null then 0 else 1 end)
        + (case when rail_payment_id is null then 0 else 1 end)
        + (case when deposit is null then 0 else 1 end) = 1)
);
insert into transactions_anew (partner_id, mode, id, session_id, quote_id, address, card,
        rail_payment_id, status, state, created_at, updated_at)
    select partner_id, mode, id, session_id, quote_id, address, card, rail_payment_id, status,
        state, created_at, updated_at from transactions;
drop table transactions;
alter table transactions_anew rename to transactions;
create index transactions_by_status on transactions (partner_id, mode, status, id);
create index transactions_by_session on transactions (partner_id, mode, session_id, id);
-- A session is settled once, whatever the code above believes.
create unique index transactions_settled_once on transactions (partner_id, mode, session_id)
    where status = 'completed';

-- Where tokens are to come. An address is given out once, whoever it is given to.
create table deposit_addresses (
    address text not null primary key,
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    transaction_id text not null,
    session_id text not null,
    -- When the price lapses that the tokens are sent at. A test helper may bring it closer.
    lapses_at bigint not null,
    -- When somebody has to look whether the rest has come, or the user has said yes.
    due_at bigint,
    created_at bigint not null
);
create unique index deposit_addresses_by_transaction on deposit_addresses
    (partner_id, mode, transaction_id);
create index deposit_addresses_due on deposit_addresses (due_at) where due_at is not null;

-- What has come, transfer by transfer.
create table deposits (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    id text not null,
    transaction_id text not null,
    session_id text not null,
    -- How much of what, as JSON.
    amount text not null,
    network text not null,
    transfer text not null,
    -- How much of it is not taken in, in smallest units.
    back_units text not null,
    status text not null check (status in ('counted', 'taken', 'held', 'returning', 'returned')),
    state text not null,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (partner_id, mode, id)
);
-- A transfer is taken in once, however often it is told.
create unique index deposits_once on deposits (partner_id, mode, transaction_id, network, transfer);
create index deposits_held on deposits (partner_id, mode, id) where status = 'held';
