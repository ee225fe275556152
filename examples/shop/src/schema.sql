-- An order is what the user asked for; an attempt is one session that tries to sell it.
create table orders (
    order_id    text primary key,
    purchase_id text not null unique, -- one click on Buy, one order
    product     text not null,
    amount      text not null,        -- a decimal string, never a float
    currency    text not null,
    status      text not null check (status in ('pending', 'completed', 'failed', 'cancelled', 'expired')),
    attempt     integer not null,     -- the current one
    problem     text,                 -- for a person to look at
    created_at  integer not null,
    updated_at  integer not null
) strict;

create table attempts (
    order_id           text not null references orders,
    attempt            integer not null,
    idempotency_key    text not null unique, -- stored before the call, repeated with every retry
    request_body       text not null,        -- as sent, so that a repeat is the same request
    gate_session_id    text unique,
    client_secret_hash text,                 -- SHA-256; the secret itself is never stored
    status             text not null check (status in ('pending', 'completed', 'failed', 'cancelled', 'expired')),
    phase              text not null default 'created',
    reason             text,
    tx_refid           text,
    event_id           text,                 -- the last event that was applied
    event_type         text,
    last_request_id    text,
    environment        text not null check (environment in ('test', 'live')),
    as_of              integer not null default 0, -- how new the facts are
    checked_at         integer not null,     -- when there was last news, or a read
    created_at         integer not null,
    updated_at         integer not null,
    primary key (order_id, attempt)
) strict, without rowid;

create index attempts_open on attempts (checked_at)
    where gate_session_id is not null and status in ('pending', 'failed');

-- The event log. An event id stays for good.
create table inbox (
    place             integer primary key, -- the order of arrival
    event_id          text not null unique,
    event_type        text not null,
    received_at       integer not null,
    processed_at      integer,
    -- `processing` is never at rest here: an event is processed in one transaction.
    processing_state  text not null check (processing_state in ('pending', 'processing', 'succeeded', 'ignored', 'failed')),
    related_reference text, -- the session
    note              text,
    body              text not null
) strict;

create index inbox_waiting on inbox (place) where processing_state in ('pending', 'processing');
create index inbox_sessions on inbox (related_reference);

-- At most one row for an order: the database is what makes fulfilment happen once.
create table fulfilments (
    order_id        text primary key references orders,
    gate_session_id text not null,
    tx_refid        text,
    cause           text not null, -- the event, or the request id of the read
    fulfilled_at    integer not null
) strict;
