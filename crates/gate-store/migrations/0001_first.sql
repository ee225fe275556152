-- The first schema, one text for SQLite and PostgreSQL. Ids, JSON and large amounts are text,
-- instants are milliseconds since 1970, and every table leads its key with the partner.

create table partners (
    id text not null primary key,
    name text not null,
    created_at bigint not null
);

create table api_keys (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    id text not null,
    kind text not null check (kind in ('secret', 'publishable')),
    key_hash bytea not null,
    last4 text not null,
    created_at bigint not null,
    expires_at bigint,
    primary key (partner_id, mode, id)
);
create unique index api_keys_by_hash on api_keys (key_hash);

create table origins (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    origin text not null,
    created_at bigint not null,
    primary key (partner_id, mode, origin)
);

create table endpoints (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    id text not null,
    url text not null,
    secret_sealed bytea not null,
    status text not null check (status in ('enabled', 'disabled')),
    created_at bigint not null,
    primary key (partner_id, mode, id)
);

-- The end of each partner's feed of events. The row is locked last in every transaction that
-- announces something, so the places in a feed have no gaps and are taken in commit order.
create table feeds (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    last_sequence bigint not null,
    primary key (partner_id, mode)
);

create table sessions (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    id text not null,
    status text not null check (status in ('open', 'completed', 'expired', 'cancelled')),
    terms text not null,
    state text not null,
    transaction_id text,
    revision bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    -- When to expire it; null while money is moving and after the end.
    expiry_due_at bigint,
    primary key (partner_id, mode, id)
);
create index sessions_by_status on sessions (partner_id, mode, status, id);
create index sessions_expiring on sessions (expiry_due_at) where expiry_due_at is not null;

create table quotes (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    id text not null,
    session_id text not null,
    body text not null,
    created_at bigint not null,
    primary key (partner_id, mode, id)
);

create table transactions (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    id text not null,
    session_id text not null,
    quote_id text not null,
    address text not null,
    card text not null,
    status text not null check (status in ('awaiting_payment', 'payment_received', 'settling',
        'completed', 'failed', 'refund_pending', 'refunded', 'review')),
    state text not null,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (partner_id, mode, id)
);

create table commands (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    id text not null,
    session_id text not null,
    transaction_id text not null,
    kind text not null check (kind in ('charge', 'confirm', 'void', 'payout', 'refund')),
    body text not null,
    -- Whether the other side may have seen it: a second sending asks first.
    sent bigint not null check (sent in (0, 1)),
    attempts bigint not null,
    -- When to send it or to ask about it; null once it is answered for good.
    due_at bigint,
    lease_token text,
    created_at bigint not null,
    primary key (partner_id, mode, id)
);
create index commands_due on commands (due_at) where due_at is not null;

create table postings (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    id text not null,
    transaction_id text not null,
    booking text not null check (booking in
        ('payment_captured', 'tokens_delivered', 'payment_refunded')),
    created_at bigint not null,
    primary key (partner_id, mode, id)
);
-- A fact about a transaction is booked once, whatever the code above believes.
create unique index postings_once on postings (partner_id, mode, transaction_id, booking);

create table entries (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    posting_id text not null,
    line bigint not null,
    account text not null,
    asset text not null,
    units text not null,
    primary key (partner_id, mode, posting_id, line)
);

create table events (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    id text not null,
    sequence bigint not null,
    type text not null,
    session_id text,
    body text not null,
    created_at bigint not null,
    primary key (partner_id, mode, id)
);
create unique index events_in_feed on events (partner_id, mode, sequence);

create table deliveries (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    id text not null,
    endpoint_id text not null,
    event_id text not null,
    event_type text not null,
    -- What must stay in order: the session, or the event itself.
    order_key text not null,
    sequence bigint not null,
    status text not null check (status in ('pending', 'in_flight', 'succeeded', 'dead_lettered')),
    attempts bigint not null,
    -- Failures since the schedule began: a replay begins it again.
    failures bigint not null,
    next_attempt_at bigint,
    lease_token text,
    lease_until bigint,
    last_response_status bigint,
    last_error text,
    delivered_at bigint,
    created_at bigint not null,
    primary key (partner_id, mode, id)
);
create index deliveries_due on deliveries (endpoint_id, next_attempt_at) where status = 'pending';
create index deliveries_in_order on deliveries (endpoint_id, order_key, sequence)
    where status in ('pending', 'in_flight');
create index deliveries_leased on deliveries (lease_until) where status = 'in_flight';
create index deliveries_unfinished on deliveries (partner_id, mode, status, id)
    where status <> 'succeeded';

create table attempts (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    delivery_id text not null,
    number bigint not null,
    started_at bigint not null,
    ended_at bigint,
    response_status bigint,
    error text,
    response_excerpt text,
    primary key (partner_id, mode, delivery_id, number)
);

create table idempotency_keys (
    partner_id text not null,
    mode text not null check (mode in ('test', 'live')),
    -- The first half of the SHA-256 of method, path and key.
    key_hash bytea not null,
    fingerprint bytea not null,
    status bigint not null,
    response text not null,
    created_at bigint not null,
    primary key (partner_id, mode, key_hash)
);
create index idempotency_keys_by_age on idempotency_keys (created_at);
